// The bar above the grid: the name of the cell, its content as it was typed, and its note.

/** Adds the bar to `element`; `commit(text)` is called on Enter. Its `show(name, text, note)` follows the cursor. */
export function formulaBar(element, commit) {
  const bar = element.appendChild(document.createElement("div"));
  bar.className = "formula-bar";
  const name = bar.appendChild(document.createElement("div"));
  name.className = "cell-name";
  bar.appendChild(document.createElement("i")).textContent = "fx";
  const input = bar.appendChild(document.createElement("textarea"));
  input.className = "cell-text";
  input.rows = 1;
  input.spellcheck = false;
  input.setAttribute("aria-label", "Content of the cell");
  const noted = bar.appendChild(document.createElement("div"));
  noted.className = "cell-note";
  noted.setAttribute("role", "status");
  let before = "";
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      input.value = before;
      input.blur();
    } else if (event.key === "Enter" && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      commit(input.value);
    }
  });
  return {
    show(cell, text, note = "") {
      name.textContent = cell;
      noted.textContent = noted.title = note;
      if (document.activeElement === input) return;
      before = text;
      input.value = text;
    },
  };
}
