// Makes the survey page pleasanter; without it the page works as it is. Each answer is saved as it is
// given, the progress is counted, a chosen answer can be taken back, and a comment's prompt follows the
// rating. What could not be saved waits in memory and is tried again while the server is away.

const form = document.querySelector("#questions");
const state = form.querySelector("[data-state]");
const progress = document.querySelector(".s-prog");
const address = (path) => `/s/${form.dataset.token}/${path}?lang=${form.dataset.locale}`;
const unsaved = new Set();
let isSaving = false;
let isSending = false;
let wasOpened = false;
let retryTimer = 0;

function fieldData(names) {
  const data = new URLSearchParams();
  for (const name of names) {
    const values = new FormData(form).getAll(name);
    if (values.length === 0) data.append(name, "");
    for (const value of values) data.append(name, value);
  }
  data.append("via", form.elements.via.value);
  return data;
}

async function save() {
  if (isSaving || unsaved.size === 0) return;
  isSaving = true;
  const names = [...unsaved];
  unsaved.clear();
  try {
    const reply = await fetch(address("draft"), { method: "POST", body: fieldData(names) });
    if (reply.status >= 500) throw new Error(String(reply.status));
    if (!reply.ok) state.textContent = form.dataset.unsaved;
    else if (unsaved.size === 0) state.textContent = form.dataset.saved;
  } catch {
    for (const name of names) unsaved.add(name);
    state.textContent = form.dataset.unsaved;
    clearTimeout(retryTimer);
    retryTimer = setTimeout(save, 5000);
    isSaving = false;
    return;
  }
  isSaving = false;
  save();
}

function changed(name) {
  count();
  if (!("autosave" in form.dataset)) return;
  unsaved.add(name);
  save();
}

function count() {
  const data = new FormData(form);
  const questions = form.querySelectorAll(".q");
  let answered = 0;
  for (const question of questions) {
    const name = question.id.slice(2);
    if (question.closest("[hidden]")) continue;
    const own = [...data].filter(([key]) => key === name || key.startsWith(`${name}__`));
    if (own.some(([, value]) => String(value).trim() !== "")) answered += 1;
  }
  progress.value = answered;
  document.querySelector("[data-answered]").textContent = String(answered);
}

function takeBack(radio) {
  radio.checked = false;
  radio.dataset.wasChecked = "";
  document.dispatchEvent(new Event("change"));
  changed(radio.name);
}

function rememberChecked() {
  for (const radio of form.querySelectorAll("input[type=radio]")) {
    radio.dataset.wasChecked = radio.checked ? "yes" : "";
  }
}

function setPrompt(radio) {
  const prompt = form.querySelector(`[data-prompt][data-for="${radio.name}"]`);
  if (!prompt) return;
  const value = Number(radio.value);
  let kind = "middle";
  if (value <= Number(prompt.dataset.lowTo)) kind = "low";
  if (value >= Number(prompt.dataset.highFrom)) kind = "high";
  prompt.textContent = prompt.dataset[kind];
}

function countCharacters(area) {
  const counter = form.querySelector(`[data-counter="${area.name}"]`);
  if (!counter) return;
  counter.textContent = String(area.value.length);
  const left = 2000 - area.value.length;
  const status = form.querySelector(`[data-counter-status="${area.name}"]`);
  if (left <= 100 && left % 20 === 0) {
    status.textContent = form.dataset.left.replace("{count}", String(left));
  }
}

function markOpened() {
  if (wasOpened || !("autosave" in form.dataset)) return;
  wasOpened = true;
  fetch(address("opened"), { method: "POST" }).catch(() => {
    wasOpened = false;
  });
}

form.addEventListener("change", (event) => {
  if (event.target.type === "radio") setPrompt(event.target);
  changed(event.target.name);
  rememberChecked();
});
form.addEventListener("click", (event) => {
  if (event.target.type === "radio" && event.target.dataset.wasChecked === "yes") {
    takeBack(event.target);
  }
});
form.addEventListener("keydown", (event) => {
  const isTakeBack = event.key === "Delete" || event.key === "Backspace";
  if (event.target.type === "radio" && isTakeBack) takeBack(event.target);
});
form.addEventListener("input", (event) => {
  if (event.target.tagName === "TEXTAREA") countCharacters(event.target);
});
form.addEventListener("submit", (event) => {
  event.submitter?.setAttribute("aria-busy", "true");
  clearTimeout(retryTimer);
  // Another language: the page is sent and comes back as it is; the draft gets it at the same time.
  if (event.submitter?.name === "switch") return saveTyped();
  isSending = true;
  unsaved.clear();
});
// Leaving the page: what is being typed has not changed yet for the browser, and no reply is awaited.
function saveTyped() {
  const area = document.activeElement;
  if (isSending || !("autosave" in form.dataset)) return;
  if (area?.form === form && area.tagName === "TEXTAREA") unsaved.add(area.name);
  if (unsaved.size === 0) return;
  fetch(address("draft"), { method: "POST", body: fieldData(unsaved), keepalive: true }).catch(() => {});
}
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, markOpened, { once: true, passive: true });
}
addEventListener("online", save);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") saveTyped();
});
addEventListener("pageshow", (event) => {
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  isSending = false;
  if (event.persisted) count();
});
document.querySelector("[data-focus]")?.focus();
for (const radio of form.querySelectorAll("input[type=radio]:checked")) setPrompt(radio);
rememberChecked();
count();
