// The shape of a tab: column widths, row heights, merges, and text that flows over its empty neighbours.
import { cellAt } from "sheets-page/cells.js";

export const ROW = 24;
const SIZE = 13.3;
const LEADING = 1.35;
const TALLEST = 400;
const PADDING = 10;
const FAMILY = "Arial, Roboto, sans-serif";

const canvas = document.createElement("canvas").getContext("2d");

function textWidth(text, font) {
  canvas.font = font;
  return canvas.measureText(text).width;
}

export class Shape {
  /** `visibleWidth(column)` is the width of a column as drawn, 0 where it is hidden. */
  constructor(visibleWidth) {
    this.visibleWidth = visibleWidth;
    this.fonts = [];
    this.setFrame({ columns: [], merges: [], frozenRows: 0, frozenColumns: 0, gridlines: true });
  }

  setFrame(frame) {
    this.frame = frame;
    this.merged = new Map();
    for (const [top, bottom, left, right] of frame.merges) this.merged.set(`${top},${left}`, [bottom - top, right - left]);
  }

  setCss(css) {
    this.fonts = css.map((text) => {
      const size = parseFloat(/font-size:([\d.]+)px/.exec(text)?.[1] ?? SIZE);
      return { size, font: `${/font-weight:700/.test(text) ? "bold " : ""}${size}px ${FAMILY}` };
    });
  }

  fontOf(style) {
    return this.fonts[style] ?? { size: SIZE, font: `${SIZE}px ${FAMILY}` };
  }

  height(row) {
    row.px ??= row.h ?? this.neededHeight(row);
    return row.px;
  }

  /** Rows without a height of their own grow with their wrapped cells, as in Sheets. */
  neededHeight(row) {
    let height = ROW;
    (row.c ?? []).forEach((cell, column) => {
      if (!Array.isArray(cell) || !cell[0]) return;
      const span = this.merged.get(`${row.i},${column}`);
      if ((span && span[0] > 1) || !this.visibleWidth(column)) return;
      const { font, size } = this.fontOf(cell[1]);
      let lines = 1;
      if (cell[2]?.p === "wrap") {
        const room = Math.max(20, this.widthFrom(column, span ? span[1] : 1) - PADDING);
        lines = cell[0].split("\n").reduce((sum, part) => sum + linesOf(part, room, font), 0);
      }
      height = Math.max(height, Math.min(Math.ceil(lines * size * LEADING + 6), TALLEST));
    });
    return height;
  }

  widthFrom(column, count) {
    let width = 0;
    const end = Math.min(column + count, this.frame.columns.length);
    for (let index = column; index < end; index++) width += this.visibleWidth(index);
    return width;
  }

  /** How many of the drawn columns a merged cell covers. */
  colSpan(row, column) {
    const span = this.merged.get(`${row.i},${column}`);
    if (!span) return 1;
    let count = 0;
    for (let index = column; index < column + span[1]; index++) if (this.visibleWidth(index)) count += 1;
    return Math.max(1, count);
  }

  /** How many rows a cell is merged over. */
  rowsSpanned(row, column) {
    return this.merged.get(`${row.i},${column}`)?.[0] ?? 1;
  }

  /** True where the text may flow over the cell on its right, as in Sheets. */
  spills(row, column) {
    const { text, more } = cellAt(row, column);
    if (!text || more.p || "b" in more || more.d !== undefined) return false;
    if (this.merged.has(`${row.i},${column}`)) return false;
    return column + 1 < this.frame.columns.length && isEmpty(row, column + 1);
  }

  /** Width in pixels that a flowing text may take; 0 where it has room enough in its own cell. */
  spillWidth(row, column) {
    if (!this.spills(row, column)) return 0;
    const { text, style } = cellAt(row, column);
    const wanted = textWidth(text, this.fontOf(style).font);
    let room = this.visibleWidth(column) - PADDING / 2;
    if (wanted <= room) return 0;
    for (let next = column + 1; next < this.frame.columns.length && room < wanted && isEmpty(row, next); next++)
      room += this.visibleWidth(next);
    return room;
  }
}

function isEmpty(row, column) {
  const { text, more } = cellAt(row, column);
  return !text && !("b" in more);
}

/** Lines that a paragraph takes in `room` pixels, broken between words where it can be. */
function linesOf(text, room, font) {
  if (text.length * 6 < room && textWidth(text, font) <= room) return 1;
  let lines = 1;
  let used = 0;
  for (const word of text.split(/(?<=[ _-])/)) {
    const width = textWidth(word, font);
    if (used && used + textWidth(word.trimEnd(), font) > room) {
      lines += 1;
      used = 0;
    }
    if (width > room) {
      lines += Math.floor(width / room);
      used = width % room;
    } else used += width;
  }
  return lines;
}
