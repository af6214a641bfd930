// Keys of the comments inbox. They work only while a comment, or something in it, has the focus, so that
// no letter is taken from speech input or from anybody who types elsewhere. Each key presses a button or
// follows a link that is there without a script, or sends the rating alone.

const RATINGS = { 1: "negative", 2: "mixed", 3: "neutral", 4: "positive" };
const list = document.querySelector(".inbox");

function rate(comment, label) {
  const form = document.createElement("form");
  const fields = { csrf_token: list.dataset.token, label, beside: comment.dataset.beside };
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  Object.assign(form, { method: "post", action: comment.dataset.verdict, hidden: true });
  document.body.append(form);
  form.requestSubmit();
}

function press(comment, key) {
  if (key === "j") return comment.nextElementSibling?.focus();
  if (key === "k") return comment.previousElementSibling?.focus();
  if (RATINGS[key] && comment.dataset.verdict) return rate(comment, RATINGS[key]);
  comment.querySelector(`[data-key="${CSS.escape(key)}"]`)?.click();
}

list?.addEventListener("keydown", (event) => {
  const { key, target } = event;
  const isTyping = target.matches("input, select, textarea") && key !== "Escape";
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping) return;
  if (!/^([jkefdu1-4]|Escape)$/.test(key)) return;
  event.preventDefault();
  press(target.closest(".cm"), key);
});
// A browser that scrolled to the comment of the address may not have put the focus there.
document.querySelector(".cm:target")?.focus({ preventScroll: true });
