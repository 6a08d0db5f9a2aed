// What the pages do beyond links and forms: keys, hints, the theme at once, and a word when a request fails.
"use strict";

const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

// Keys: / finds, j and k (or the arrows) go through a list, Enter opens as on any link.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return hush(event);
  const rows = [...document.querySelectorAll("[data-rows] .row-link")];
  if (event.target.matches("[data-find]") && event.key === "ArrowDown" && rows.length) {
    event.preventDefault();
    return rows[0].focus();
  }
  if (typing(event.target)) return;
  if (event.key === "/") {
    const field = [...document.querySelectorAll("[data-find]")].find((each) => each.offsetParent !== null);
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
    return;
  }
  const step = { j: 1, k: -1 }[event.key] ?? (rows.includes(document.activeElement) ? { ArrowDown: 1, ArrowUp: -1 }[event.key] : undefined);
  if (step === undefined || !rows.length) return;
  event.preventDefault();
  const place = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, place < 0 ? 0 : place + step))].focus();
});

// A hint that is in the way goes with Escape, and comes back when it is asked for again.
function hush(event) {
  for (const tip of document.querySelectorAll(".tip")) tip.classList.add("tip-shut");
  if (event.target.matches("[data-find]") && event.target.value === "") event.target.blur();
}
for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => event.target.closest?.(".tip")?.classList.remove("tip-shut"));
}

// The theme changes at once; the cookie is written behind it by the same form.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-themes]") || !event.submitter) return;
  event.preventDefault();
  const theme = event.submitter.value;
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.querySelector('meta[name="color-scheme"]').content = theme === "auto" ? "light dark" : theme;
  for (const button of document.querySelectorAll("[data-themes] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
  document.dispatchEvent(new CustomEvent("regulars:theme"));
  await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)), redirect: "manual" });
});

// A fragment that could not be fetched: say so where it would have been, and leave what is there.
for (const kind of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(kind, () => {
    const note = document.querySelector("[data-failed]");
    if (note) note.hidden = false;
  });
}
document.addEventListener("htmx:before:request", () => {
  const note = document.querySelector("[data-failed]");
  if (note) note.hidden = true;
});
