// Cells as the server sends them, and how they are drawn. Texts from the workbook only ever become text nodes.

const SAFE_LINK = /^(https?:|mailto:)/i;

/** A row's cell as {text, style, more}. */
export function cellAt(row, column) {
  const cell = row?.c?.[column];
  if (cell == null) return { text: "", style: 0, more: {} };
  if (typeof cell === "string") return { text: cell, style: 0, more: {} };
  return { text: cell[0], style: cell[1], more: cell[2] ?? {} };
}

/** What the editor of the cell begins with. */
export function enteredText(row, column) {
  const { text, more } = cellAt(row, column);
  return more.e ?? text;
}

/** The text that stands in the cell; TRUE or FALSE for a checkbox. */
export function shownText(row, column) {
  const { text, more } = cellAt(row, column);
  return "b" in more ? (more.b ? "TRUE" : "FALSE") : text;
}

/** `AA` for 26. */
export function letters(index) {
  let text = "";
  for (let rest = index + 1; rest; rest = Math.floor((rest - 1) / 26))
    text = String.fromCharCode(65 + ((rest - 1) % 26)) + text;
  return text;
}

export function isCheckbox(row, column) {
  return "b" in cellAt(row, column).more;
}

/** The part after # where the link leads into this workbook; null where it leads elsewhere. */
export function internalTarget(uri) {
  if (uri.startsWith("#")) return uri.slice(1);
  const id = location.pathname.split("/").pop();
  const [path, hash] = uri.split("#");
  return hash && id && path.split(/[/?]/).includes(id) ? hash : null;
}

function link(uri, text, jump) {
  const target = internalTarget(uri);
  if (target === null && !SAFE_LINK.test(uri)) return document.createTextNode(text);
  const anchor = document.createElement("a");
  anchor.textContent = text;
  anchor.href = target === null ? uri : "#" + target;
  anchor.title = target === null ? uri : "Go to " + target.replace(/^.*range=/, "");
  anchor.rel = "noopener noreferrer";
  if (target === null) anchor.target = "_blank";
  anchor.addEventListener("click", (event) => {
    event.stopPropagation();
    if (target === null) return;
    event.preventDefault();
    jump(target);
  });
  return anchor;
}

/** Appends the text; a line may break after each underscore where it wraps, as between words. */
function appendText(element, text, isWrapped) {
  if (!isWrapped || !text.includes("_")) {
    element.append(text);
    return;
  }
  for (const part of text.split(/(?<=_)/)) element.append(part, document.createElement("wbr"));
}

function fillText(element, text, more, jump) {
  if (!more.r) {
    if (more.u) element.append(styled(more.l, link(more.u, text, jump)));
    else appendText(element, text, more.p === "wrap");
    return;
  }
  more.r.forEach(([start, style, uri], index) => {
    if (index === 0 && start > 0) element.append(text.slice(0, start));
    const piece = text.slice(start, more.r[index + 1]?.[0]);
    element.append(styled(style, uri ? link(uri, piece, jump) : piece));
  });
}

function styled(style, content) {
  const span = document.createElement("span");
  span.className = style ? "f" + style : "";
  span.append(content);
  return span;
}

/** AG Grid's cell renderer: a box that fills the cell and carries its whole look. */
export class CellRenderer {
  init(params) {
    this.box = document.createElement("div");
    this.refresh(params);
  }

  getGui() {
    return this.box;
  }

  refresh(params) {
    const column = params.colDef.context.index;
    const sheet = params.context.sheet;
    const { text, style, more } = cellAt(params.data, column);
    const box = this.box;
    box.className = `cell f${style}` + (more.p ? " " + more.p : "") + (more.r || more.u ? " linked" : "");
    box.dataset.cell = letters(column) + (params.data.i + 1);
    box.replaceChildren();
    if ("b" in more) box.append(this.checkbox(params, column, more.b));
    else if (text) {
      const span = document.createElement("span");
      span.className = "text";
      fillText(span, text, more, sheet.jump);
      box.append(span);
      const width = more.p ? 0 : sheet.shape.spillWidth(params.data, column);
      if (width) {
        span.style.flex = "none";
        span.style.maxWidth = width + "px";
      }
    }
    if (more.d !== undefined && !("b" in more)) box.append(this.arrow(params, text));
    if (more.n) box.append(corner("note"));
    if (more.w) box.append(corner("unknown"));
    return true;
  }

  checkbox(params, column, checked) {
    const input = document.createElement("input");
    input.type = "checkbox";
    input.checked = checked;
    input.tabIndex = -1;
    input.setAttribute("aria-label", letters(column) + (params.data.i + 1));
    input.addEventListener("click", (event) => {
      event.preventDefault();
      params.context.sheet.edit(params.data.u, column, checked ? "FALSE" : "TRUE");
    });
    return input;
  }

  arrow(params, text) {
    const button = document.createElement("span");
    button.className = text ? "arrow" : "arrow faint";
    button.textContent = "▾";
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      params.context.sheet.startEditing(params.node, params.column);
    });
    return button;
  }
}

function corner(name) {
  const mark = document.createElement("i");
  mark.className = "corner " + name;
  return mark;
}
