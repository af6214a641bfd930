// The board page: a button that opens the browser's print window. Without it, the browser's own print does.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
