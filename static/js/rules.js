// Shows the questions that the answers so far lead to and hides the others; without it all are there,
// each with a line that says for whom. The server drops the answers of what was hidden.

const form = document.querySelector("#questions");
const holders = [...form.querySelectorAll("[data-question]")];
const progress = document.querySelector(".s-prog");
const comparisons = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

function holds([code, sign, value], answers) {
  const chosen = answers.get(code) ?? [];
  if (chosen.length === 0) return false;
  if (sign === "=") return chosen.includes(value);
  if (sign === "!=") return !chosen.includes(value);
  const numbers = chosen.filter((each) => each !== "dk").map(Number);
  return numbers.some((each) => comparisons[sign](each, Number(value)));
}

function isAsked(holder, answers) {
  if (!holder.dataset.show) return true;
  const rule = JSON.parse(holder.dataset.show);
  const judged = rule.parts.map((part) => holds(part, answers));
  return rule.all ? judged.every(Boolean) : judged.some(Boolean);
}

function show() {
  const data = new FormData(form);
  const answers = new Map();
  let way = "on";
  for (const holder of holders) {
    const isLeft = way === "on" || (way === "short" && "kept" in holder.dataset);
    holder.hidden = !isLeft || !isAsked(holder, answers);
    if (holder.hidden) continue;
    const code = holder.dataset.question;
    answers.set(code, data.getAll(code).filter((each) => each !== ""));
    const ways = JSON.parse(holder.dataset.ways ?? "{}");
    for (const value of answers.get(code)) {
      if (way !== "end" && ways[value]) way = ways[value];
    }
  }
  hideHeadings();
  progress.max = holders.filter((holder) => !holder.hidden).length;
  document.querySelector("[data-total]").textContent = String(progress.max);
}

// A heading stands above the questions that share it; it goes when all of them do.
function hideHeadings() {
  for (const heading of form.querySelectorAll("h2")) {
    let next = heading.nextElementSibling;
    let isNeeded = false;
    while (next && next.tagName !== "H2" && !next.matches(".s-send")) {
      isNeeded ||= !next.hidden;
      next = next.nextElementSibling;
    }
    heading.hidden = !isNeeded;
  }
}

for (const note of form.querySelectorAll("[data-rule-note]")) note.hidden = true;
// Before the page's own script counts what is answered.
document.addEventListener("change", show, { capture: true });
show();
