// The editor of a cell: a text box that grows, with the choices of its dropdown below where it has one.
import { cellAt, enteredText, letters } from "sheets-page/cells.js";

const SHOWN_CHOICES = 200;

export class CellEditor {
  init(params) {
    this.params = params;
    const column = params.colDef.context.index;
    const { more } = cellAt(params.data, column);
    this.before = enteredText(params.data, column);
    this.choices = more.d === undefined ? null : (params.context.sheet.lists[more.d] ?? []);
    const typed = params.eventKey?.length === 1 ? params.eventKey : null;
    const emptied = params.eventKey === "Backspace" || params.eventKey === "Delete";
    this.box = document.createElement("div");
    this.box.className = "editor";
    this.area = document.createElement("textarea");
    this.area.rows = 1;
    this.area.spellcheck = false;
    this.area.setAttribute("aria-label", "Content of " + letters(column) + (params.data.i + 1));
    this.area.value = typed ?? (emptied ? "" : this.before);
    this.area.style.width = Math.max(params.column.getActualWidth(), this.choices ? 140 : 60) + "px";
    this.area.style.minHeight = (params.node.rowHeight ?? 24) + "px";
    this.area.addEventListener("input", () => this.changed());
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.box.append(this.area);
    this.isTyped = typed !== null;
    this.isCancelled = false;
    if (this.choices) {
      this.list = document.createElement("div");
      this.list.className = "choices";
      this.list.setAttribute("role", "listbox");
      this.box.append(this.list);
      this.drawChoices(this.isTyped ? this.area.value : "");
    }
  }

  getGui() {
    return this.box;
  }

  isPopup() {
    return true;
  }

  getPopupPosition() {
    return "over";
  }

  afterGuiAttached() {
    this.area.focus();
    if (this.isTyped || !this.choices) this.area.setSelectionRange(this.area.value.length, this.area.value.length);
    else this.area.select();
    this.grow();
  }

  getValue() {
    return this.area.value;
  }

  isCancelAfterEnd() {
    return this.area.value === this.before;
  }

  changed() {
    this.grow();
    if (this.choices) this.drawChoices(this.area.value);
  }

  grow() {
    this.area.style.height = "auto";
    this.area.style.height = Math.min(this.area.scrollHeight + 2, 320) + "px";
  }

  key(event) {
    if (event.key === "Enter" && (event.altKey || event.ctrlKey || event.metaKey)) {
      this.area.setRangeText("\n", this.area.selectionStart, this.area.selectionEnd, "end");
      this.grow();
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Enter" && event.shiftKey) event.stopPropagation();
    else if (this.choices && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      this.move(event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
      event.stopPropagation();
    } else if (/^(Arrow|Home|End|Page)/.test(event.key)) event.stopPropagation();
    else if (event.key === "Enter" && this.chosen >= 0) this.area.value = this.matching[this.chosen];
  }

  move(step) {
    if (!this.matching.length) return;
    this.chosen = (this.chosen + step + this.matching.length) % this.matching.length;
    [...this.list.children].forEach((child, index) => child.classList.toggle("chosen", index === this.chosen));
    this.list.children[this.chosen]?.scrollIntoView({ block: "nearest" });
  }

  drawChoices(filter) {
    const wanted = filter.toLowerCase();
    this.matching = this.choices.filter((choice) => choice.toLowerCase().includes(wanted)).slice(0, SHOWN_CHOICES);
    this.chosen = -1;
    this.list.replaceChildren(
      ...this.matching.map((choice) => {
        const item = document.createElement("div");
        item.className = "choice" + (choice === this.before ? " current" : "");
        item.setAttribute("role", "option");
        item.textContent = choice;
        item.addEventListener("mousedown", (event) => {
          event.preventDefault();
          this.area.value = choice;
          this.params.stopEditing();
        });
        return item;
      }),
    );
  }
}
