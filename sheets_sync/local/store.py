"""Spreadsheets on disk: one SQLite file, rows in blocks, so that a change writes only the blocks it touched.

A commit is one SQLite transaction in write-ahead mode: after ``kill -9`` the file holds all of a change or none of it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

from sheets_sync import json_text
from sheets_sync.local.grid import Book, Cell, CellError, Entered, Formula, Row, Sheet

Json = dict[str, Any]
BLOCK_ROWS = 64

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, file TEXT NOT NULL, revision INTEGER NOT NULL, head TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sheets (
    file_id TEXT NOT NULL, sheet_id INTEGER NOT NULL, position INTEGER NOT NULL, head TEXT NOT NULL,
    PRIMARY KEY (file_id, sheet_id));
CREATE TABLE IF NOT EXISTS blocks (
    file_id TEXT NOT NULL, sheet_id INTEGER NOT NULL, block INTEGER NOT NULL, cells TEXT NOT NULL,
    PRIMARY KEY (file_id, sheet_id, block)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, file_id TEXT NOT NULL UNIQUE, is_removed INTEGER NOT NULL,
    time TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """The SQLite file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    def files(self) -> dict[str, tuple[Json, int]]:
        """(file resource, revision) by file id."""
        with self._lock:
            rows = self._connection.execute("SELECT id, file, revision FROM files").fetchall()
        return {file_id: (json.loads(file), revision) for file_id, file, revision in rows}

    def load(self, file_id: str) -> Book | None:
        """The spreadsheet as last committed; None where there is none."""
        with self._lock:
            found = self._connection.execute("SELECT revision, head FROM files WHERE id = ?", (file_id,)).fetchone()
            if not found:
                return None
            sheets = self._connection.execute(
                "SELECT sheet_id, head FROM sheets WHERE file_id = ? ORDER BY position", (file_id,)
            ).fetchall()
            blocks = self._connection.execute(
                "SELECT sheet_id, block, cells FROM blocks WHERE file_id = ?", (file_id,)
            ).fetchall()
        head = json.loads(found[1])
        book = Book(file_id, head["properties"])
        book.named_ranges, book.metadata, book.revision = head["named_ranges"], head["metadata"], found[0]
        by_id: dict[int, Sheet] = {}
        for sheet_id, text in sheets:
            by_id[sheet_id] = sheet = _sheet(json.loads(text))
            book.sheets.append(sheet)
        for sheet_id, block, cells in blocks:
            if sheet_id in by_id:
                _unpack(by_id[sheet_id], block, json.loads(cells))
        return book

    def commit(self, old: Book | None, new: Book | None, file: Json, time: str) -> int:
        """Writes what differs from ``old``, and the file resource. ``new`` None removes the file.

        Returns the sequence number of the change.
        """
        file_id = file["id"]
        with self._lock:
            run = self._connection.execute
            run("BEGIN IMMEDIATE")
            try:
                if new is None:
                    for table in ("blocks", "sheets"):
                        run(f"DELETE FROM {table} WHERE file_id = ?", (file_id,))  # noqa: S608 - fixed names
                    run("DELETE FROM files WHERE id = ?", (file_id,))
                else:
                    self._write(old, new, file)
                self._note_change(file_id, new is None, time)
                sequence = run("SELECT last_insert_rowid()").fetchone()[0]
                run("COMMIT")
            except BaseException:
                run("ROLLBACK")
                raise
        return sequence

    def _write(self, old: Book | None, new: Book, file: Json) -> None:
        run = self._connection.execute
        head = {"properties": new.properties, "named_ranges": new.named_ranges, "metadata": new.metadata}
        run(
            "INSERT INTO files (id, file, revision, head) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " file = excluded.file, revision = excluded.revision, head = excluded.head",
            (new.id, json.dumps(file), new.revision, json.dumps(head)),
        )
        before = {sheet.id: (position, sheet) for position, sheet in enumerate(old.sheets)} if old else {}
        for sheet_id in before.keys() - {sheet.id for sheet in new.sheets}:
            run("DELETE FROM sheets WHERE file_id = ? AND sheet_id = ?", (new.id, sheet_id))
            run("DELETE FROM blocks WHERE file_id = ? AND sheet_id = ?", (new.id, sheet_id))
        for position, sheet in enumerate(new.sheets):
            place, was = before.get(sheet.id, (None, None))
            if was is sheet and place == position:
                continue
            run(
                "INSERT INTO sheets (file_id, sheet_id, position, head) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (file_id, sheet_id) DO UPDATE SET position = excluded.position, head = excluded.head",
                (new.id, sheet.id, position, json.dumps(_head(sheet))),
            )
            if was is not sheet:
                self._write_blocks(new.id, sheet, was.rows if was else [])

    def _write_blocks(self, file_id: str, sheet: Sheet, before: list[Row | None]) -> None:
        rows = sheet.rows
        for start in range(0, max(len(rows), len(before)), BLOCK_ROWS):
            one, two = rows[start : start + BLOCK_ROWS], before[start : start + BLOCK_ROWS]
            if len(one) == len(two) and all(a is b for a, b in zip(one, two, strict=True)):
                continue
            key = (file_id, sheet.id, start // BLOCK_ROWS)
            if any(one):
                self._connection.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?)", (*key, _packed(one)))
            else:
                self._connection.execute("DELETE FROM blocks WHERE file_id = ? AND sheet_id = ? AND block = ?", key)

    def update_file(self, file: Json, *, changed_at: str | None = None) -> None:
        """Writes the file resource alone (permissions); with ``changed_at`` it stands in the list of changes."""
        with self._lock:
            run = self._connection.execute
            run("BEGIN IMMEDIATE")
            try:
                run("UPDATE files SET file = ? WHERE id = ?", (json.dumps(file), file["id"]))
                if changed_at:
                    self._note_change(file["id"], False, changed_at)
                run("COMMIT")
            except BaseException:
                run("ROLLBACK")
                raise

    def _note_change(self, file_id: str, is_removed: bool, time: str) -> None:
        """A file stands once in the log, at its latest change, as Drive lists it."""
        run = self._connection.execute
        run("DELETE FROM changes WHERE file_id = ?", (file_id,))
        run("INSERT INTO changes (file_id, is_removed, time) VALUES (?, ?, ?)", (file_id, is_removed, time))

    def changes(self, after: int, limit: int) -> list[tuple[int, str, bool, str]]:
        """(sequence, file id, removed, time) of the changes after a sequence number, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT seq, file_id, is_removed, time FROM changes WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
            ).fetchall()
        return [(sequence, file_id, bool(removed), time) for sequence, file_id, removed, time in rows]

    def last_change(self) -> int:
        """The sequence number of the latest change."""
        with self._lock:
            found = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").fetchone()
        return found[0] if found else 0


def _head(sheet: Sheet) -> Json:
    return {
        "properties": sheet.properties,
        "row_sizes": list(sheet.row_sizes.items()),
        "column_sizes": list(sheet.column_sizes.items()),
        "parts": sheet.parts,
        "basic_filter": sheet.basic_filter,
    }


def _sheet(head: Json) -> Sheet:
    sheet = Sheet(head["properties"])
    sheet.row_sizes = dict(head["row_sizes"])
    sheet.column_sizes = dict(head["column_sizes"])
    sheet.parts = head["parts"]
    sheet.basic_filter = head["basic_filter"]
    return sheet


_AS_THEY_ARE = frozenset((str, int, float, bool, type(None)))


def _packed(rows: list[Row | None]) -> str:
    """The JSON of a block: equal formats and extras stand once."""
    shared: list[Json] = []
    places: dict[int, int] = {}
    texts: dict[bytes, int] = {}

    def place(value: Json | None) -> int | None:
        if not value:
            return None
        at = places.get(id(value))
        if at is None:
            text = json_text.written(value)
            at = texts.get(text)
            if at is None:
                at = texts[text] = len(shared)
                shared.append(value)
            places[id(value)] = at
        return at

    tails: dict[tuple[int, int], tuple[int | None, int | None]] = {}
    out: list[Any] = []
    repeated: tuple[Row, Any] | None = None  # a row that holds formats and the like, nothing entered; and its JSON
    for row in rows:
        if not row:
            out.append(0)
            continue
        if repeated and row == repeated[0]:
            out.append(repeated[1])
            continue
        cells: list[Any] = []
        repeated = row, cells
        for column, (entered, form, note, extras) in row.items():
            if entered is not None:
                repeated = None
            plain = entered if type(entered) in _AS_THEY_ARE else _plain(entered)
            if not (extras or note or form):
                cells.append((column, plain))
                continue
            key = id(form), id(extras)
            tail = tails.get(key)
            if tail is None:
                tail = tails[key] = place(form), place(extras)
            if tail[1] is not None:
                cells.append((column, plain, tail[0], note, tail[1]))
            else:
                cells.append((column, plain, tail[0], note) if note else (column, plain, tail[0]))
        out.append(cells)
    return json_text.written({"shared": shared, "rows": out}).decode()


def _unpack(sheet: Sheet, block: int, packed: Json) -> None:
    shared = packed["shared"]
    start = block * BLOCK_ROWS
    if len(sheet.rows) < start + len(packed["rows"]):
        sheet.rows.extend([None] * (start + len(packed["rows"]) - len(sheet.rows)))
    for offset, cells in enumerate(packed["rows"]):
        if not cells:
            continue
        row: Row = {}
        for column, *rest in cells:
            entered, form, note, extras = (*rest, None, None, None, None)[:4]
            row[column] = Cell(
                _entered(entered),
                shared[form] if form is not None else None,
                note,
                shared[extras] if extras is not None else None,
            )
        sheet.rows[start + offset] = row


def _plain(entered: Entered) -> Any:
    if isinstance(entered, Formula):
        return {"f": str(entered)}
    if isinstance(entered, CellError):
        return {"e": list(entered)}
    return entered


def _entered(plain: Any) -> Entered:
    if isinstance(plain, dict):
        return Formula(plain["f"]) if "f" in plain else CellError(*plain["e"])
    return plain
