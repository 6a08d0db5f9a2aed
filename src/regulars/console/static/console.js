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

// The editor of a text: numbers beside its lines, those that are wrong marked; Enter keeps the indentation, Ctrl+S saves.
function number(form) {
  const [field, lines] = [form.querySelector("textarea"), form.querySelector("[data-lines]")];
  const wanted = field.value.split("\n").length;
  const wrong = new Set([...form.querySelectorAll("[data-line]")].map((link) => Number(link.dataset.line)));
  while (lines.children.length > wanted) lines.lastChild.remove();
  while (lines.children.length < wanted) lines.append(Object.assign(document.createElement("span"), { textContent: lines.children.length + 1 }));
  [...lines.children].forEach((line, place) => line.classList.toggle("is-flawed", wrong.has(place + 1)));
  lines.style.height = `${field.offsetHeight}px`;
  lines.scrollTop = field.scrollTop;
}

function goToLine(field, line) {
  const before = field.value.split("\n").slice(0, line - 1);
  const start = before.reduce((sum, text) => sum + text.length + 1, 0);
  const end = field.value.indexOf("\n", start);
  field.focus();
  field.setSelectionRange(start, end < 0 ? field.value.length : end);
  field.scrollTop = Math.max(0, (line - 4) * Number.parseFloat(getComputedStyle(field).lineHeight));
}

for (const form of document.querySelectorAll("[data-editing]")) {
  const field = form.querySelector("textarea");
  number(form);
  field.addEventListener("input", () => number(form));
  field.addEventListener("scroll", () => number(form));
  new ResizeObserver(() => number(form)).observe(field);
  new MutationObserver(() => number(form)).observe(form.querySelector("#flaws"), { childList: true });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-line]");
    if (!link) return;
    event.preventDefault();
    goToLine(field, Number(link.dataset.line));
  });
  form.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-save]"));
    }
    if (event.key === "Enter" && event.target === field && !event.ctrlKey && !event.metaKey && !event.isComposing) {
      const [indent] = field.value.slice(0, field.selectionStart).split("\n").pop().match(/^ */);
      if (!indent) return;
      event.preventDefault();
      field.setRangeText(`\n${indent}`, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
}

// Forms of the programme: what is wrong goes beside its field, fields are inserted into expressions, Ctrl+S saves.
function tell(form) {
  const said = new Map();
  for (const one of form.querySelectorAll("#flaws [data-for]")) {
    if (one.dataset.for) said.set(one.dataset.for, one.querySelector("[data-remedy]"));
  }
  for (const spot of form.querySelectorAll("[data-wrong]")) {
    const remedy = said.get(spot.dataset.wrong);
    spot.hidden = !remedy;
    spot.replaceChildren(...(remedy ? [remedy.cloneNode(true)] : []));
    const field = document.getElementById(spot.dataset.wrong);
    if (!field?.matches("input, select, textarea")) continue;
    if (remedy) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}

for (const form of document.querySelectorAll("[data-fields]")) {
  let last = null;
  new MutationObserver(() => tell(form)).observe(form.querySelector("#flaws"), { childList: true });
  for (const button of form.querySelectorAll("[data-insert]")) button.hidden = false;
  form.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-expression]")) last = event.target;
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    const shown = [...form.querySelectorAll("[data-expression]")].filter((each) => each.offsetParent !== null);
    const field = last?.offsetParent ? last : shown[0];
    if (!button || !field) return;
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
  form.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-save]"));
    }
  });
}
