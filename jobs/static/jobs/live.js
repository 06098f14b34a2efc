/* Pages follow what happens: they ask for themselves again and take over what has changed, in place.
   Told by server-sent events where there are any, else every few seconds. A page in the background rests. While there is
   news all the time, states and progress are taken from it at once, and the page is asked for as often as the server says. */
"use strict";

(() => {
  const { events, job, made, rest: first } = document.currentScript.dataset;
  const SOONEST = 1_000; // between two looks, when the job that the page is about has changed its state
  const POLL = 5_000;
  const SHARE = 20; // of its time a page may spend on looking

  let source = null;
  let timer = 0;
  let due = 0;
  let rests = first * 1_000; // between two looks while there is news all the time
  let looked = 0;
  let took = 0;
  let looking = false;
  let news = false;
  let hurry = false;
  const shown = new WeakMap(); // what of the server's is in its place

  const every = () => (hurry ? SOONEST : Math.max(events && source ? rests : POLL, took * SHARE));

  const soon = (wait) => {
    news = true;
    const now = performance.now();
    const at = Math.max(now + wait, looked + every());
    if (looking || document.hidden || (timer && due <= at)) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(look, at - now);
  };

  async function look() {
    timer = 0;
    looking = true;
    news = hurry = false;
    looked = performance.now();
    const answer = await fetch(location.href, { credentials: "same-origin", headers: { "X-Jobs-Live": "1" } }).catch(() => null);
    if (answer && answer.ok && !answer.redirected) {
      takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
    }
    took = performance.now() - looked;
    looking = false;
    if (news || !source) soon(0);
  }

  function takeOver(fresh) {
    rests = fresh.querySelector("script[data-rest]")?.dataset.rest * 1_000 || rests;
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.getElementById(part.id);
      if (other && differs(part, other)) replace(part, other);
    }
    const rows = new Map([...fresh.querySelectorAll("#result_list tbody tr")].map((row) => [key(row), row]));
    for (const row of document.querySelectorAll("#result_list tbody tr")) {
      const other = rows.get(key(row));
      if (other) replaceCells(row, other);
    }
    tick();
  }

  /* "3 min ago" is no news. */
  const text = (element) => element.innerHTML.replace(/(<time [^>]*>)[^<]*/g, "$1");

  function differs(element, other) {
    const newer = text(other);
    if (shown.get(element) === newer) return false;
    shown.set(element, newer);
    return true;
  }

  /* What is open stays open, what has the focus keeps it. */
  function replace(part, other) {
    const name = (one) => one.querySelector("summary")?.textContent;
    const opened = new Map([...part.querySelectorAll("details")].map((one) => [name(one), one.open]));
    const focusable = () => [...part.querySelectorAll("a, button, input, select, summary, [tabindex]")];
    const focus = focusable().indexOf(document.activeElement);
    part.replaceChildren(...other.childNodes);
    for (const one of part.querySelectorAll("details")) one.open = opened.get(name(one)) ?? one.open;
    if (focus >= 0) focusable()[focus]?.focus({ preventScroll: true });
  }

  /* All but the checkbox: the selection is the reader's. */
  function replaceCells(row, other) {
    [...row.cells].forEach((cell, at) => {
      const newer = other.cells[at];
      if (!newer || cell.classList.contains("action-checkbox") || cell.contains(document.activeElement)) return;
      if (differs(cell, newer)) cell.replaceChildren(...newer.childNodes);
    });
  }

  const key = (row) => row.querySelector("th a")?.getAttribute("href")?.split("?")[0] ?? "";

  /* The state of a job, and how far it is, at once; the rest of it comes with the next look. */
  function told(message) {
    const { job_id: id, status, progress } = JSON.parse(message.data);
    const row = id && document.querySelector(`#result_list th a[href*="${CSS.escape(id)}"]`)?.closest("tr");
    const badge = job ? document.querySelector("#job-title .jobs-badge") : row?.querySelector(".jobs-badge");
    if (badge && status && !badge.classList.contains(`jobs-${status}`)) {
      badge.className = `jobs-badge jobs-${status}`;
      badge.textContent = status.replace("_", " ");
      hurry = Boolean(job);
    }
    const bar = (job ? document.getElementById("content-main") : row)?.querySelector("progress");
    if (bar && progress != null) {
      bar.setAttribute("value", progress);
      if (bar.nextElementSibling) bar.nextElementSibling.textContent = `${progress} %`;
    }
    soon(0);
  }

  function listen() {
    if (!events || source) return;
    source = new EventSource(made && !job ? `${events}?since=${made}` : events);
    source.addEventListener("job", told);
    source.addEventListener("reset", () => soon(0));
    source.onopen = () => follow("events");
    source.onerror = () => {
      if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself
      source = null;
      poll();
    };
  }

  function poll() {
    follow("polling");
    soon(POLL);
  }

  const follow = (how) => { document.documentElement.dataset.jobsLive = how; };

  function rest() {
    clearTimeout(timer);
    timer = 0;
    source?.close();
    source = null;
  }

  /* "3 min ago" goes on without asking. */
  const UNITS = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
  function tick() {
    const now = Date.now();
    for (const time of document.querySelectorAll("time[title][datetime]")) {
      const seconds = (now - Date.parse(time.dateTime)) / 1_000;
      const size = Math.abs(seconds);
      const unit = UNITS.find(([length]) => size >= length);
      const about = unit && `${Math.floor(size / unit[0])} ${unit[1]}`;
      const text = !unit ? "now" : seconds > 0 ? `${about} ago` : `in ${about}`;
      if (time.textContent !== text) time.textContent = text;
    }
  }

  const start = () => (events && window.EventSource ? listen() : poll());

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return rest();
    start();
    soon(0);
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const element of document.querySelectorAll("[data-live], #result_list tbody td, #result_list tbody th")) {
      shown.set(element, text(element));
    }
    setInterval(tick, 1_000);
    if (!document.hidden) start();
  });
})();
