// A tab of a workbook in AG Grid: rows by uid, patched in place; what people do goes out as events.
import * as AgGrid from "nicegui-aggrid";
import { CellRenderer, cellAt, enteredText, isCheckbox, textWidth } from "sheets-page/cells.js";
import { CellEditor } from "sheets-page/editor.js";

const FONT = "13.3px Arial, Roboto, sans-serif";
const LINE = 18;
const ROW = 24;

AgGrid.ModuleRegistry.registerModules([AgGrid.AllCommunityModule]);

export class Sheet {
  constructor(element, emit) {
    this.emit = emit;
    this.rows = new Map();
    this.order = [];
    this.lists = {};
    this.waiting = [];
    this.hiddenShown = false;
    this.jump = (to) => emit("jump", { to });
    this.bar = formulaBar(element, (text) => this.commitBar(text));
    this.host = element.appendChild(document.createElement("div"));
    this.host.className = "sheet-grid";
    this.css = document.head.appendChild(document.createElement("style"));
    this.api = AgGrid.createGrid(this.host, this.options());
    this.host.addEventListener("paste", (event) => this.pasted(event));
    this.host.addEventListener("copy", (event) => this.copied(event));
  }

  close() {
    this.css.remove();
    this.api.destroy();
  }

  options() {
    return {
      theme: AgGrid.themeQuartz.withParams({
        fontFamily: "Arial, Roboto, sans-serif",
        fontSize: 13.3,
        headerHeight: 24,
        rowHeight: ROW,
        cellHorizontalPadding: 0,
        borderColor: "#e2e3e3",
        columnBorder: true,
        headerColumnBorder: true,
        headerBackgroundColor: "#f8f9fa",
        headerTextColor: "#575b5f",
        headerFontWeight: 400,
        rowHoverColor: "transparent",
        selectedRowBackgroundColor: "#e8f0fe",
        wrapperBorder: false,
        wrapperBorderRadius: 0,
        accentColor: "#1a73e8",
        spacing: 4,
      }),
      context: { sheet: this },
      columnDefs: [],
      rowData: [],
      getRowId: ({ data }) => String(data.u),
      getRowHeight: ({ data }) => this.height(data),
      defaultColDef: {
        sortable: false,
        resizable: true,
        suppressHeaderMenuButton: true,
        suppressMovable: true,
        cellDataType: false,
        minWidth: 20,
      },
      animateRows: false,
      suppressRowTransform: true,
      rowBuffer: 20,
      readOnlyEdit: true,
      stopEditingWhenCellsLoseFocus: true,
      enterNavigatesVertically: true,
      enterNavigatesVerticallyAfterEdit: true,
      enableCellEditingOnBackspace: true,
      suppressNoRowsOverlay: true,
      rowSelection: { mode: "multiRow", checkboxes: false, headerCheckbox: false, enableClickSelection: false },
      tooltipShowDelay: 250,
      tooltipHideDelay: 60000,
      onCellEditRequest: (event) => this.edit(event.data.u, event.colDef.context.index, event.newValue),
      onCellFocused: (event) => this.focused(event),
      onCellClicked: (event) => this.clicked(event),
      onCellContextMenu: (event) => this.clickedRight(event),
      onCellKeyDown: (event) => this.keyed(event),
      onCellEditingStopped: () => setTimeout(() => this.flush()),
      onSelectionChanged: () => this.emit("picked", { uids: this.api.getSelectedNodes().map((node) => node.data.u) }),
      onColumnResized: (event) => event.finished && this.resized(event),
    };
  }

  // ---- what the server says

  load(tab) {
    this.api.stopEditing(true);
    this.waiting = [];
    this.rows = new Map();
    this.setRows(tab.rows);
    this.order = tab.order;
    this.lists = tab.lists;
    this.setCss(tab.css);
    this.setFrame(tab.frame);
    this.api.deselectAll();
    this.api.ensureIndexVisible(0, "top");
    if (tab.at) setTimeout(() => this.goTo(tab.at.row, tab.at.column));
    this.host.dataset.tab = tab.title;
  }

  patch(change) {
    const isEditing = this.api.getEditingCells().length > 0;
    if (isEditing && (change.frame || this.waiting.length)) {
      this.waiting.push(change);
      return;
    }
    if (change.css) this.setCss(change.css);
    if (change.lists) this.lists = change.lists;
    const changed = this.setRows(change.rows ?? {});
    if (change.order) {
      this.order = change.order;
      for (const uid of [...this.rows.keys()].filter((uid) => !new Set(change.order).has(uid))) this.rows.delete(uid);
    }
    if (change.frame) this.setFrame(change.frame);
    else if (change.order || changed.some((row) => row.reshaped)) this.arrange();
    else this.redraw(changed);
    this.showFocus();
  }

  flush() {
    if (this.api.isDestroyed() || this.api.getEditingCells().length) return;
    const waiting = this.waiting;
    this.waiting = [];
    waiting.forEach((change) => this.patch(change));
  }

  setRows(rows) {
    return Object.entries(rows).map(([uid, row]) => {
      const old = this.rows.get(Number(uid));
      const fresh = { ...row, u: Number(uid), i: old?.i };
      fresh.reshaped = !old || old.x !== row.x;
      this.rows.set(fresh.u, fresh);
      return fresh;
    });
  }

  setCss(css) {
    this.css.textContent = css.map((text, index) => (text ? `.sheet .f${index}{${text}}` : "")).join("\n");
    this.fonts = css.map((text) => {
      const size = /font-size:([\d.]+px)/.exec(text)?.[1] ?? "13.3px";
      return { font: `${/font-weight:700/.test(text) ? "bold " : ""}${size} Arial, Roboto, sans-serif`, size: parseFloat(size) };
    });
  }

  setFrame(frame) {
    this.frame = frame;
    this.host.classList.toggle("no-lines", !frame.gridlines);
    this.merged = new Map();
    for (const [top, bottom, left, right] of frame.merges) this.merged.set(`${top},${left}`, [bottom - top, right - left]);
    for (const row of this.rows.values()) row.px = undefined;
    this.api.setGridOption("columnDefs", this.columns());
    this.arrange();
  }

  columns() {
    const shown = this.frame.columns.map(([width, hidden], index) => ({ width, hidden, index }));
    const number = {
      colId: "#",
      headerName: "",
      width: 46,
      pinned: "left",
      lockPinned: true,
      resizable: false,
      cellClass: "row-number",
      valueGetter: ({ data }) => data.i + 1,
      context: { index: -1 },
    };
    const defs = shown
      .filter(({ hidden }) => !hidden || this.hiddenShown)
      .map(({ width, index }) => this.column(index, width));
    return [number, ...defs];
  }

  column(index, width) {
    return {
      colId: "c" + index,
      headerName: letters(index),
      headerClass: "letter",
      width: Math.max(20, width),
      pinned: index < this.frame.frozenColumns ? "left" : null,
      context: { index },
      valueGetter: ({ data }) => cellAt(data, index).text,
      cellRenderer: CellRenderer,
      cellEditor: CellEditor,
      editable: ({ data }) => !isCheckbox(data, index),
      tooltipValueGetter: ({ data }) => cellAt(data, index).more.n,
      cellStyle: ({ data }) => this.mergedStyle(data, index),
      colSpan: this.frame.merges.length ? ({ data }) => this.colSpan(data, index) : undefined,
      cellClassRules: { spill: ({ data }) => this.spills(data, index) },
      suppressKeyboardEvent: ({ event }) => event.key === " " && event.target.tagName !== "TEXTAREA",
    };
  }

  arrange() {
    const all = this.order.map((uid) => this.rows.get(uid));
    all.forEach((row, index) => {
      row.i = index;
      row.reshaped = false;
    });
    const shown = (row) => !row.x || this.hiddenShown;
    this.api.setGridOption("pinnedTopRowData", all.slice(0, this.frame.frozenRows).filter(shown));
    this.api.setGridOption("rowData", all.slice(this.frame.frozenRows).filter(shown));
    this.api.resetRowHeights();
    this.api.refreshCells({ force: true });
  }

  redraw(rows) {
    if (!rows.length) return;
    const nodes = [];
    let isHigher = false;
    for (const row of rows) {
      const isPinned = row.i < this.frame.frozenRows;
      const node = isPinned ? this.pinnedNode(row.u) : this.api.getRowNode(String(row.u));
      if (!node) continue;
      const height = this.height(row);
      isHigher ||= node.rowHeight !== height;
      node.updateData(row);
      nodes.push(node);
    }
    if (isHigher) this.api.resetRowHeights();
    this.api.refreshCells({ rowNodes: nodes, force: true });
  }

  pinnedNode(uid) {
    for (let index = 0; index < this.api.getPinnedTopRowCount(); index++) {
      const node = this.api.getPinnedTopRow(index);
      if (node.data.u === uid) return node;
    }
    return undefined;
  }

  showHidden(shown) {
    this.hiddenShown = shown;
    this.api.setGridOption("columnDefs", this.columns());
    this.arrange();
  }

  goTo(row, column) {
    const target = this.rows.get(this.order[row]);
    if (!target || !this.frame.columns[column]) return;
    if (target.x || this.frame.columns[column][1]) this.showHidden(true);
    const columnId = "c" + column;
    const isPinned = row < this.frame.frozenRows;
    this.api.ensureColumnVisible(columnId);
    const node = isPinned ? null : this.api.getRowNode(String(target.u));
    if (node) this.api.ensureIndexVisible(node.rowIndex, "middle");
    this.api.setFocusedCell(isPinned ? row : node.rowIndex, columnId, isPinned ? "top" : null);
  }

  takeFocus() {
    const cell = this.api.getFocusedCell();
    if (cell) this.api.setFocusedCell(cell.rowIndex, cell.column, cell.rowPinned);
  }

  // ---- shapes

  height(row) {
    if (row.px === undefined) row.px = row.h ?? this.neededHeight(row);
    return row.px;
  }

  /** Rows without a height of their own grow with their wrapped cells, as in Sheets. */
  neededHeight(row) {
    let height = ROW;
    (row.c ?? []).forEach((cell, column) => {
      if (!Array.isArray(cell) || !cell[0]) return;
      const { font, size } = this.fonts[cell[1]] ?? { font: FONT, size: 13.3 };
      const line = size === 13.3 ? LINE : size * 1.35;
      const isWrapped = cell[2]?.p === "wrap";
      const span = this.merged.get(`${row.i},${column}`);
      if (span && span[0] > 1) return;
      const room = this.widthFrom(column, span ? span[1] : 1) - 10;
      let lines = 0;
      for (const part of isWrapped ? cell[0].split("\n") : [""])
        lines += part.length < room / 12 ? 1 : Math.ceil((textWidth(part, font) * 1.06) / Math.max(room, 20)) || 1;
      height = Math.max(height, Math.min(Math.round(lines * line + 6), 400));
    });
    return height;
  }

  widthFrom(column, count) {
    let width = 0;
    for (let index = column; index < Math.min(column + count, this.frame.columns.length); index++) {
      const shown = this.api.getColumn("c" + index);
      width += shown ? shown.getActualWidth() : 0;
    }
    return width;
  }

  colSpan(row, column) {
    const span = this.merged.get(`${row.i},${column}`);
    if (!span) return 1;
    let count = 0;
    for (let index = column; index < column + span[1]; index++) if (this.api.getColumn("c" + index)) count += 1;
    return Math.max(1, count);
  }

  mergedStyle(row, column) {
    const span = this.merged?.get(`${row.i},${column}`);
    if (!span || span[0] < 2) return this.merged?.size ? { height: null, zIndex: null } : null;
    let height = 0;
    for (let index = row.i; index < row.i + span[0]; index++) {
      const covered = this.rows.get(this.order[index]);
      if (covered && (!covered.x || this.hiddenShown)) height += this.height(covered);
    }
    return { height: height + "px", zIndex: 2 };
  }

  /** Text flows over empty cells on its right, as in Sheets, unless it wraps, is clipped or stands right. */
  spills(row, column) {
    const { text, more } = cellAt(row, column);
    if (!text || more.p || "b" in more || more.d !== undefined) return false;
    const next = cellAt(row, column + 1);
    return !next.text && !("b" in next.more) && column + 1 < this.frame.columns.length;
  }

  fitOverflow(span, params, column, style) {
    if (!this.spills(params.data, column)) return;
    const { font } = this.fonts[style] ?? { font: FONT };
    const own = params.column.getActualWidth() - 6;
    const wanted = textWidth(params.data.c[column][0]?.length > 1 ? span.textContent : span.textContent, font);
    if (wanted <= own) return;
    let room = own;
    for (let next = column + 1; next < this.frame.columns.length && room < wanted; next++) {
      const cell = cellAt(params.data, next);
      if (cell.text || "b" in cell.more) break;
      room += this.widthFrom(next, 1);
    }
    span.style.flex = "none";
    span.style.maxWidth = room + "px";
  }

  resized(event) {
    for (const row of this.rows.values()) row.px = undefined;
    if (event.source === "uiColumnResized") {
      const index = event.column.getColDef().context.index;
      this.emit("width", { c: index, width: Math.round(event.column.getActualWidth()) });
      this.api.resetRowHeights();
      this.api.refreshCells({ force: true });
    }
  }

  // ---- what people do

  edit(uid, column, value) {
    const row = this.rows.get(uid);
    if (!row || column < 0) return;
    const { style, more } = cellAt(row, column);
    const cells = [...(row.c ?? [])];
    while (cells.length <= column) cells.push(null);
    const { e, r, u, ...kept } = more;
    const isBox = "b" in more;
    cells[column] = [isBox ? "" : value, style, isBox ? { ...kept, b: value === "TRUE" } : kept];
    const shown = { ...row, c: cells };
    this.rows.set(uid, shown);
    this.redraw([shown]);
    this.emit("edit", { u: uid, c: column, v: value });
  }

  startEditing(node, column) {
    this.api.startEditingCell({ rowIndex: node.rowIndex, colKey: column, rowPinned: node.rowPinned });
  }

  focusedRow() {
    const cell = this.api.getFocusedCell();
    if (!cell) return null;
    const node = cell.rowPinned ? this.api.getPinnedTopRow(cell.rowIndex) : this.api.getDisplayedRowAtIndex(cell.rowIndex);
    const column = cell.column.getColDef().context.index;
    return node?.data ? { row: node.data, column } : null;
  }

  focused() {
    this.showFocus();
    const at = this.focusedRow();
    if (at && at.column >= 0) this.emit("cell", { u: at.row.u, c: at.column });
  }

  showFocus() {
    const at = this.focusedRow();
    if (!at || at.column < 0) return;
    this.bar.show(letters(at.column) + (at.row.i + 1), enteredText(this.rows.get(at.row.u) ?? at.row, at.column));
  }

  commitBar(text) {
    const at = this.focusedRow();
    if (!at || at.column < 0) return;
    if (enteredText(at.row, at.column) !== text) this.edit(at.row.u, at.column, text);
    this.takeFocus();
  }

  clicked(event) {
    if (event.colDef.context.index >= 0) {
      if (this.api.getSelectedNodes().length) this.api.deselectAll();
      return;
    }
    const { node } = event;
    if (event.event.shiftKey && this.anchor !== undefined) {
      const [from, to] = [this.anchor, node.rowIndex].sort((a, b) => a - b);
      for (let index = from; index <= to; index++) this.api.getDisplayedRowAtIndex(index)?.setSelected(true);
    } else {
      node.setSelected(!node.isSelected(), !(event.event.ctrlKey || event.event.metaKey));
      this.anchor = node.rowIndex;
    }
  }

  clickedRight(event) {
    this.api.setFocusedCell(event.rowIndex, event.column, event.rowPinned);
    const { index } = event.colDef.context;
    this.emit("cell", { u: event.data.u, c: Math.max(0, index) });
  }

  keyed({ event, data, colDef }) {
    const { index } = colDef.context;
    if (index < 0 || !event) return;
    if (event.key === " " && isCheckbox(data, index)) {
      event.preventDefault();
      this.edit(data.u, index, cellAt(data, index).more.b ? "FALSE" : "TRUE");
    } else if (event.key === "Delete" && !this.api.getEditingCells().length && enteredText(data, index)) {
      event.preventDefault();
      this.edit(data.u, index, "");
    }
  }

  pasted(event) {
    if (event.target.closest("textarea, input:not([type=checkbox])")) return;
    const at = this.focusedRow();
    const text = event.clipboardData.getData("text/plain");
    if (!at || at.column < 0 || !text) return;
    event.preventDefault();
    this.emit("paste", { u: at.row.u, c: at.column, text });
  }

  copied(event) {
    if (event.target.closest("textarea, input:not([type=checkbox])")) return;
    const picked = this.api.getSelectedNodes();
    const at = this.focusedRow();
    if (!picked.length && !at) return;
    const count = this.frame.columns.length;
    const line = (row) => Array.from({ length: count }, (_, column) => quoted(shownText(row, column))).join("\t");
    const rows = picked.map((node) => node.data).sort((a, b) => a.i - b.i);
    const text = rows.length ? rows.map(line).join("\n") : quoted(shownText(at.row, at.column));
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
  }
}

function shownText(row, column) {
  const { text, more } = cellAt(row, column);
  return "b" in more ? (more.b ? "TRUE" : "FALSE") : text;
}

function quoted(text) {
  return /[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function letters(index) {
  let text = "";
  for (let rest = index + 1; rest; rest = Math.floor((rest - 1) / 26)) text = String.fromCharCode(65 + ((rest - 1) % 26)) + text;
  return text;
}

function formulaBar(element, commit) {
  const bar = element.appendChild(document.createElement("div"));
  bar.className = "formula-bar";
  const name = bar.appendChild(document.createElement("div"));
  name.className = "cell-name";
  const sign = bar.appendChild(document.createElement("i"));
  sign.textContent = "fx";
  const input = bar.appendChild(document.createElement("textarea"));
  input.className = "cell-text";
  input.rows = 1;
  input.spellcheck = false;
  input.setAttribute("aria-label", "Content of the cell");
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
    show(cell, text) {
      name.textContent = cell;
      if (document.activeElement === input) return;
      before = text;
      input.value = text;
    },
  };
}
