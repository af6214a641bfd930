// The editor of a mail text: inserts placeholders where one writes, and shows the letter as one writes it. Without
// it, placeholders are typed, and a button shows the letter.

const form = document.getElementById("mail-text");
const frames = document.querySelector("[data-frames]");
const look = form.querySelector("[data-look]");
const fields = [form.elements.subject, form.elements.body];
const PAUSE_MS = 500;
let written = form.elements.body;
let timer;

for (const field of fields) {
  field.addEventListener("focus", () => { written = field; });
  field.addEventListener("input", later);
}
for (const button of document.querySelectorAll("[data-insert]")) {
  button.hidden = false;
  button.previousElementSibling.hidden = true;
  button.addEventListener("click", () => insert(button.dataset.insert));
}
for (const radio of document.querySelectorAll("[data-views] input")) radio.addEventListener("change", show);

form.addEventListener("submit", ({ submitter }) => {
  // This page stays, so no button of its frame stays busy.
  if (submitter?.formTarget) setTimeout(() => submitter.removeAttribute("aria-busy"));
});

function insert(text) {
  written.setRangeText(text, written.selectionStart, written.selectionEnd, "end");
  written.focus();
  later();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(show, PAUSE_MS);
}

// A new frame each time: what is loaded into an old one would be a step back in the browser's history. The old
// letter stays until the new one is there.
function show() {
  clearTimeout(timer);
  for (const waiting of frames.querySelectorAll("[data-next]")) waiting.remove();
  const shown = frames.querySelector("iframe");
  const next = shown.cloneNode();
  next.removeAttribute("src");
  next.name = `letter-${Date.now()}`;
  next.dataset.next = "";
  frames.append(next);
  look.formTarget = next.name;
  next.addEventListener("load", () => {
    if (!next.isConnected) return;
    shown.remove();
    delete next.dataset.next;
    next.name = look.formTarget = "letter";
  });
  form.requestSubmit(look);
}
