// Moves questions without loading the page anew; without it the buttons send their forms. Alt and an
// arrow key move the question that has the focus, and what happened is said to screen readers.

const editor = document.querySelector("#editor");

async function move(form, way) {
  const rowId = form.closest("[data-row]").id;
  const data = new URLSearchParams(new FormData(form));
  data.set("way", way);
  const reply = await fetch(form.action, { method: "POST", body: data });
  if (!reply.ok) return location.reload();
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  editor.querySelector("[data-rows]").replaceWith(page.querySelector("[data-rows]"));
  focusRow(rowId, way);
}

function focusRow(rowId, way) {
  const row = document.getElementById(rowId);
  const button = row.querySelector(`button[name=way][value=${way}]`);
  (button ?? row.querySelector("button[name=way]") ?? row).focus();
  row.scrollIntoView({ block: "nearest" });
  const rows = [...editor.querySelectorAll("[data-row]")];
  const place = String(rows.indexOf(row) + 1);
  const words = editor.querySelector("[data-announce]");
  words.textContent = words.dataset[way].replace("{place}", place).replace("{total}", String(rows.length));
}

editor.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-move]")) return;
  event.preventDefault();
  move(event.target, event.submitter.value);
});
editor.addEventListener("keydown", (event) => {
  const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const row = event.target.closest?.("[data-row]");
  if (!event.altKey || !way || !row) return;
  event.preventDefault();
  row.querySelector(`button[name=way][value=${way}]`)?.form.requestSubmit(
    row.querySelector(`button[name=way][value=${way}]`),
  );
});
