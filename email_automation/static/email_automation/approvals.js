/* Keys and countdowns of the approval inbox. Without this script the page works all the same. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const cards = [...document.querySelectorAll(".approvals-card")];
  const here = () => cards.indexOf(document.activeElement?.closest(".approvals-card"));
  const go = (to) => cards[Math.max(0, Math.min(to, cards.length - 1))]?.focus();

  const keys = {
    j: () => go(here() + 1),
    k: () => go(here() - 1),
    e: (card) => card.querySelector("textarea")?.focus(),
    r: (card) => card.querySelector("[name=reason]")?.focus(),
    a: (card) => card.querySelector("[data-key=a]")?.click(),
    u: (card) => card.querySelector("[data-key=u]")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, textarea, select");
    if (typing) {
      if (event.key === "Escape") typing.closest(".approvals-card")?.focus();
      return;
    }
    const act = keys[event.key];
    const card = cards[here()];
    if (!act || (!card && !"jk".includes(event.key))) return;
    event.preventDefault();
    act(card);
  });

  const left = [...document.querySelectorAll(".approvals-until")];
  const tell = () => {
    for (const time of left) {
      const seconds = Math.ceil((new Date(time.dateTime) - Date.now()) / 1000);
      const minutes = Math.floor(seconds / 60);
      time.textContent = seconds > 0 ? `goes in ${minutes}:${String(seconds % 60).padStart(2, "0")}` : "is on its way";
    }
  };
  if (left.length) {
    tell();
    setInterval(tell, 1000);
  }
});
