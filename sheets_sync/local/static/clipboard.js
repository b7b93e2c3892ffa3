// Copying and pasting blocks as tab-separated text, which spreadsheets exchange.
import { shownText } from "sheets-page/cells.js";

/** Listens for copy and paste on `host`; the text boxes in it keep their own. */
export function listen(host, { copied, pasted }) {
  const isTextBox = (event) => event.target.closest("textarea, input:not([type=checkbox])");
  host.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    if (!isTextBox(event) && text && pasted(text)) event.preventDefault();
  });
  host.addEventListener("copy", (event) => {
    const rows = isTextBox(event) ? null : copied();
    if (!rows) return;
    event.clipboardData.setData("text/plain", rows.map((cells) => cells.map(quoted).join("\t")).join("\n"));
    event.preventDefault();
  });
}

/** The shown texts of whole rows. */
export function rowTexts(rows, columnCount) {
  return rows.map((row) => Array.from({ length: columnCount }, (_, column) => shownText(row, column)));
}

function quoted(text) {
  return /[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
