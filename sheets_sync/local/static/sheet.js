// A tab of a workbook in AG Grid: rows by uid, patched in place; what people do goes out as events.
import * as AgGrid from "nicegui-aggrid";
import { Charts } from "sheets-page/charts.js";
import { CellRenderer, cellAt, enteredText, isCheckbox, letters, shownText } from "sheets-page/cells.js";
import { listen, rowTexts } from "sheets-page/clipboard.js";
import { CellEditor } from "sheets-page/editor.js";
import { formulaBar } from "sheets-page/formula_bar.js";
import { ROW, Shape } from "sheets-page/shape.js";

const THEME = AgGrid.themeQuartz.withParams({
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
});

const MOST_CHARACTERS = 4_000_000;

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
    this.shape = new Shape((column) => this.api.getColumn("c" + column)?.getActualWidth() ?? 0);
    this.charts = new Charts(
      () => this.host.querySelector(".ag-center-cols-container"),
      (row, column) => this.placeOf(row, column),
    );
    this.css = document.head.appendChild(document.createElement("style"));
    this.api = AgGrid.createGrid(this.host, this.options());
    listen(this.host, { copied: () => this.copied(), pasted: (text) => this.pasted(text) });
  }

  close() {
    this.charts.close();
    this.css.remove();
    this.api.destroy();
  }

  options() {
    return {
      theme: THEME,
      context: { sheet: this },
      columnDefs: [],
      rowData: [],
      getRowId: ({ data }) => String(data.u),
      getRowHeight: ({ data }) => this.shape.height(data),
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
      rowBuffer: 10,
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
    this.charts.close();
    this.api.destroy(); // AG Grid keeps rows and cells of the same name, with the looks that they had
    this.api = AgGrid.createGrid(this.host, this.options());
    this.waiting = [];
    this.rows = new Map();
    this.setRows(tab.rows);
    this.order = tab.order;
    this.lists = tab.lists;
    this.setCss(tab.css);
    this.setFrame(tab.frame);
    this.charts.show(tab.charts);
    if (tab.at) setTimeout(() => this.goTo(tab.at.row, tab.at.column));
    this.bar.show("", "");
    this.host.dataset.tab = tab.title;
    this.host.setAttribute("role", "region");
    this.host.setAttribute("aria-label", "Tab " + tab.title);
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
      const kept = new Set(change.order);
      for (const uid of [...this.rows.keys()]) if (!kept.has(uid)) this.rows.delete(uid);
    }
    if (change.frame && mergesDiffer(change.frame, this.frame)) this.rebuild(change.frame);
    else if (change.frame) this.setFrame(change.frame);
    else if (change.order || changed.some((row) => row.reshaped)) this.arrange();
    else this.redraw(changed);
    if (change.charts) this.charts.show(change.charts);
    this.showFocus();
  }

  /** Draws everything anew, at the same place. */
  rebuild(frame) {
    const at = this.api.getFocusedCell();
    const scroll = this.host.querySelector(".ag-body-viewport").scrollTop;
    this.api.destroy();
    this.api = AgGrid.createGrid(this.host, this.options());
    this.setFrame(frame);
    this.host.querySelector(".ag-body-viewport").scrollTop = scroll;
    this.charts.arrange();
    if (at) this.api.setFocusedCell(at.rowIndex, at.column.getColId(), at.rowPinned);
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
    this.shape.setCss(css);
  }

  setFrame(frame) {
    this.frame = frame;
    this.shape.setFrame(frame);
    this.host.classList.toggle("no-lines", !frame.gridlines);
    this.host.classList.toggle("has-frozen", frame.frozenRows > 0);
    for (const row of this.rows.values()) row.px = undefined;
    this.api.setGridOption("columnDefs", this.columns());
    this.arrange();
  }

  columns() {
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
    const defs = this.frame.columns
      .map(([width, isHidden], index) => (isHidden && !this.hiddenShown ? null : this.column(index, width)))
      .filter(Boolean);
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
      colSpan: this.frame.merges.length ? ({ data }) => this.shape.colSpan(data, index) : undefined,
      cellClassRules: { spill: ({ data }) => this.shape.spills(data, index) },
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
    this.charts.arrange();
  }

  /** Where a cell stands among the cells that scroll: {x, y} in pixels. */
  placeOf(row, column) {
    let x = 0;
    for (let index = this.frame.frozenColumns; index < column; index++) x += this.shape.visibleWidth(index);
    const isShown = (one) => one && (!one.x || this.hiddenShown);
    let y = 0;
    for (const uid of this.order.slice(this.frame.frozenRows, row)) {
      const above = this.rows.get(uid);
      if (isShown(above)) y += this.shape.height(above);
    }
    return { x, y };
  }

  redraw(rows) {
    if (!rows.length) return;
    const nodes = [];
    let isHigher = false;
    for (const row of rows) {
      const isPinned = row.i < this.frame.frozenRows;
      const node = isPinned ? this.pinnedNode(row.u) : this.api.getRowNode(String(row.u));
      if (!node) continue;
      const height = this.shape.height(row);
      isHigher ||= node.rowHeight !== height;
      node.updateData(row);
      nodes.push(node);
    }
    if (isHigher) {
      this.api.resetRowHeights();
      this.charts.arrange();
    }
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

  /** A cell merged over several rows is drawn as high as they are, over them. */
  mergedStyle(row, column) {
    if (!this.frame.merges.length) return null;
    const span = this.shape.rowsSpanned(row, column);
    if (span < 2) return { height: null, zIndex: null };
    const covered = this.order.slice(row.i, row.i + span).map((uid) => this.rows.get(uid));
    const height = covered.reduce((sum, under) => sum + (under.x && !this.hiddenShown ? 0 : this.shape.height(under)), 0);
    return { height: height + "px", zIndex: 2 };
  }

  resized(event) {
    if (event.source !== "uiColumnResized") return;
    for (const row of this.rows.values()) row.px = undefined;
    const { index } = event.column.getColDef().context;
    this.emit("width", { c: index, width: Math.round(event.column.getActualWidth()) });
    this.api.resetRowHeights();
    this.api.refreshCells({ force: true });
    this.charts.arrange();
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
    const row = this.rows.get(at.row.u) ?? at.row;
    this.bar.show(letters(at.column) + (at.row.i + 1), enteredText(row, at.column), cellAt(row, at.column).more.n);
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
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey) && !this.api.getEditingCells().length) {
      event.preventDefault();
      this.emit("undo", {});
    } else if (event.key === "Delete" && !this.api.getEditingCells().length && enteredText(data, index)) {
      event.preventDefault();
      this.edit(data.u, index, "");
    }
  }

  pasted(text) {
    const at = this.focusedRow();
    if (!at || at.column < 0) return false;
    if (text.length > MOST_CHARACTERS) {
      const size = Math.ceil(text.length / 1e6);
      this.emit("refused", { why: `The block is too large to paste at once (${size} million characters, at most ${MOST_CHARACTERS / 1e6} million): paste it in parts. Nothing was written.` });
      return true;
    }
    this.emit("paste", { u: at.row.u, c: at.column, text });
    return true;
  }

  /** Rows of texts: the rows picked by their numbers, else the cell under the cursor. */
  copied() {
    const picked = this.api.getSelectedNodes().map((node) => node.data);
    if (picked.length) return rowTexts(picked.sort((a, b) => a.i - b.i), this.frame.columns.length);
    const at = this.focusedRow();
    return at ? [[at.column < 0 ? String(at.row.i + 1) : shownText(at.row, at.column)]] : null;
  }
}

function mergesDiffer(one, other) {
  return JSON.stringify(one.merges) !== JSON.stringify(other.merges);
}
