// The part of Apps Script's services that our scripts use, made of calls to the local server (script_host.py).
// `call(name, details)` is synchronous, as everything is in Apps Script; it gives the answer or throws what went wrong.

const HIDDEN = ["fetch", "XMLHttpRequest", "WebSocket", "importScripts", "postMessage", "self", "window", "globalThis", "process"];

/** Runs one function of a script's files, as one execution: everything is loaded anew. What it returns, as JSON. */
export function execute(call, files, name, args) {
  const execution = crypto.randomUUID();
  const globals = services(call, files, execution);
  const code = Object.keys(files).filter((file) => file.endsWith(".gs")).map((file) => files[file]).join("\n");
  const isPublic = /^[A-Za-z]\w*$/.test(name) && !name.endsWith("_"); // and declared there: eval is no function of a script
  if (!isPublic || !new RegExp(`\\bfunction\\s+${name}\\s*\\(`).test(code)) throw new Error("Script function not found: " + name);
  const names = [...Object.keys(globals), ...HIDDEN];
  const wanted = new Function(...names, `"use strict";${code}\nreturn ${name};`)(...Object.values(globals));
  try {
    const value = wanted(...args);
    return value === undefined ? null : JSON.parse(JSON.stringify(value));
  } finally {
    const lock = globals.LockService.getDocumentLock();
    if (lock.hasLock()) lock.releaseLock();
  }
}

function services(call, files, execution) {
  const workbook = new Spreadsheet(call);
  const lock = new Lock(call, execution);
  return {
    SpreadsheetApp: {
      getActiveSpreadsheet: () => workbook,
      getUi: () => new Ui(call),
      newRichTextValue: () => new RichTextValueBuilder(),
      flush: () => undefined, // each write is carried out when it is made
    },
    LockService: { getDocumentLock: () => lock },
    HtmlService: { createTemplateFromFile: (name) => template(files, name) },
    UrlFetchApp: { fetch: (url, options = {}) => fetched(call, url, options) },
    ScriptApp: { getIdentityToken: () => call("identity_token", {}) },
    Session: { getEffectiveUser: () => ({ getEmail: () => call("email", {}) }) },
    Utilities: { getUuid: () => crypto.randomUUID() },
  };
}

class Spreadsheet {
  constructor(call) {
    this.call = call;
  }

  getId() {
    return this.call("spreadsheet_id", {});
  }

  getSheets() {
    return this.call("cells", { do: "outline" }).map((tab) => new Sheet(this.call, tab));
  }

  getActiveRange() {
    const at = this.call("ui", { kind: "selection" });
    const sheet = at && this.getSheets().find((one) => one.tab.id === at.sheet);
    return sheet ? sheet.getRange(at.row + 1, at.column + 1) : null;
  }
}

class Sheet {
  constructor(call, tab) {
    this.call = call;
    this.tab = tab;
  }

  getName() {
    return this.tab.name;
  }

  getSheetId() {
    return this.tab.id;
  }

  getMaxRows() {
    return this.tab.rows;
  }

  getDataRange() {
    return new DataRange(this.call("cells", { do: "read", sheet: this.tab.id }));
  }

  getRange(row, column) {
    return new Cell(this, row, column);
  }

  insertRowsAfter(row, count) {
    if (row !== this.tab.rows) throw new Error("The local server's script adds rows at the end only.");
    this.call("cells", { do: "add_rows", sheet: this.tab.id, count });
    this.tab.rows += count;
    return this;
  }
}

/** All that a tab holds, as it was when it was asked for. */
class DataRange {
  constructor(rows) {
    this.rows = rows;
  }

  getValues() {
    return this.rows.map((row) => row.map(([value, , ms]) => (ms === null ? value : new Date(ms))));
  }

  getDisplayValues() {
    return this.rows.map((row) => row.map(([, text]) => text));
  }
}

class Cell {
  constructor(sheet, row, column) {
    this.sheet = sheet;
    this.at = { sheet: sheet.tab.id, row: row - 1, column: column - 1 };
  }

  getRow() {
    return this.at.row + 1;
  }

  getSheet() {
    return this.sheet;
  }

  setValue(value) {
    if (!(value instanceof Date)) throw new Error("The local server's script sets dates, and texts as rich text.");
    this.sheet.call("cells", { do: "write_date", ...this.at, ms: value.getTime() });
    return this;
  }

  setRichTextValue(value) {
    this.sheet.call("cells", { do: "write_text", ...this.at, text: value.getText() });
    return this;
  }
}

class RichTextValueBuilder {
  setText(text) {
    this.text = String(text);
    return this;
  }

  build() {
    const { text } = this;
    return { getText: () => text };
  }
}

class Lock {
  constructor(call, execution) {
    this.call = call;
    this.execution = execution;
    this.isHeld = false;
  }

  tryLock(milliseconds) {
    this.isHeld = this.call("lock", { execution: this.execution, wait_ms: milliseconds });
    return this.isHeld;
  }

  hasLock() {
    return this.isHeld;
  }

  releaseLock() {
    this.isHeld = false;
    this.call("unlock", { execution: this.execution });
  }
}

const BUTTONS = ["CLOSE", "OK", "CANCEL", "YES", "NO"];
const BUTTON_SETS = { OK: ["OK"], OK_CANCEL: ["CANCEL", "OK"], YES_NO: ["NO", "YES"], YES_NO_CANCEL: ["CANCEL", "NO", "YES"] };

class Ui {
  constructor(call) {
    this.call = call;
    this.Button = Object.fromEntries(BUTTONS.map((name) => [name, name]));
    this.ButtonSet = BUTTON_SETS;
  }

  createMenu(title) {
    return new Menu(this.call, title);
  }

  alert(title, text, buttons) {
    return this.call("ui", { kind: "alert", title, text, buttons }).button;
  }

  prompt(title, text, buttons) {
    const answer = this.call("ui", { kind: "prompt", title, text, buttons });
    return { getSelectedButton: () => answer.button, getResponseText: () => answer.text };
  }

  showSidebar(page) {
    this.call("ui", { kind: "sidebar", title: page.getTitle(), html: page.getContent() });
  }
}

class Menu {
  constructor(call, title) {
    this.call = call;
    this.title = title;
    this.items = [];
  }

  addItem(caption, name) {
    this.items.push({ caption, name });
    return this;
  }

  addSeparator() {
    this.items.push(null);
    return this;
  }

  addToUi() {
    this.call("ui", { kind: "menu", title: this.title, items: this.items });
  }
}

/** An HTML file whose <?= names ?> are filled in from the template's properties, escaped. */
function template(files, name) {
  const text = files[name + ".html"];
  if (text === undefined) throw new Error("No HTML file named " + name + " was found.");
  return {
    evaluate() {
      const content = text.replace(/<\?=\s*(\w+)\s*\?>/g, (_, property) => escaped(this[property]));
      return page(content);
    },
  };
}

function page(content, title = "") {
  return { setTitle: (text) => page(content, text), getTitle: () => title, getContent: () => content };
}

function escaped(value) {
  const codes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(value).replace(/[&<>"']/g, (letter) => codes[letter]);
}

function fetched(call, url, options) {
  if (options.followRedirects !== false) throw new Error("The local server follows no redirects: say followRedirects: false.");
  const headers = { ...options.headers };
  if (options.contentType) headers["Content-Type"] = options.contentType;
  const answer = call("fetch", { url, method: options.method ?? "get", headers, payload: options.payload ?? null });
  if (!options.muteHttpExceptions && answer.code >= 400) throw new Error("Request failed: returned code " + answer.code);
  return { getResponseCode: () => answer.code, getContentText: () => answer.text };
}
