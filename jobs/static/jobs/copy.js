/* Buttons that copy the text before them. Where the browser gives no clipboard (plain http), there are none to see. */
"use strict";

if (navigator.clipboard) {
  document.documentElement.classList.add("jobs-may-copy");
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.closest("details").querySelector("pre").textContent);
    button.firstChild.textContent = "Copied";
  });
}
