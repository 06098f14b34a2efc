/* Suggestions for the search of jobs, from the API. Without this script the search works all the same. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("searchbar");
  const address = document.querySelector("[data-suggest]")?.dataset.suggest;
  if (!box || !address) return;

  const offers = document.createElement("datalist");
  offers.id = "jobs-suggestions";
  box.after(offers);
  box.setAttribute("list", offers.id);
  box.setAttribute("autocomplete", "off");
  box.setAttribute("aria-label", "Search jobs");

  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    const answer = await fetch(`${address}?q=${encodeURIComponent(box.value)}`, { credentials: "same-origin" }).catch(() => null);
    if (!answer || !answer.ok || mine !== asked) return;
    const { data } = await answer.json();
    offers.replaceChildren(...data.suggestions.map(({ text, help }) => {
      const option = document.createElement("option");
      option.value = text;
      option.label = help || text;
      return option;
    }));
  };

  let pause = 0;
  box.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(ask, 150);
  });
  box.addEventListener("focus", ask, { once: true });
});
