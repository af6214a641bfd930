// Shows the fields for answers only where people choose from a list; without it they are always there.

const type = document.querySelector("#type");
const driver = document.querySelector("#driver");

function show() {
  const isListed = "listed" in type.selectedOptions[0].dataset;
  for (const area of document.querySelectorAll("textarea[name^='labels.']")) {
    area.closest(".field").hidden = !isListed;
  }
  driver.disabled = type.value !== "agree5";
}

type.addEventListener("change", show);
show();
