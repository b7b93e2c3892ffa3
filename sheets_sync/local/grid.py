"""Spreadsheets in memory: cells, sheets, books; copied on write so that a batch is all or nothing."""

from __future__ import annotations

import copy
from operator import itemgetter
from typing import Any, NamedTuple

from sheets_sync.local.a1 import Box

Json = dict[str, Any]


class Formula(str):
    """What stands in a cell that computes: the text with its leading ``=``."""

    __slots__ = ()


class CellError(NamedTuple):
    """An error value: ``kind`` is the API's type (REF, DIVIDE_BY_ZERO, …), ``message`` what is told about it."""

    kind: str
    message: str = ""


Entered = bool | int | float | str | Formula | CellError | None
"""What was typed; None is a blank cell. A Formula is a str, so test for it first."""

Value = bool | int | float | str | CellError | None
"""What a cell holds once formulas are computed."""


class Cell(NamedTuple):
    """One cell, never changed in place. ``format`` is userEnteredFormat, ``extras`` holds dataValidation and others."""

    entered: Entered = None
    format: Json | None = None
    note: str | None = None
    extras: Json | None = None

    def is_blank(self) -> bool:
        """Whether nothing at all is in it."""
        return self.entered is None and not self.format and not self.note and not self.extras


BLANK = Cell()
_ENTERED, _EXTRAS = itemgetter(0), itemgetter(3)
Row = dict[int, Cell]
"""The cells of a row that hold something, by zero-based column."""


def computes(row: Row) -> bool:
    """Whether a cell of the row holds a formula."""
    return Formula in map(type, map(_ENTERED, row.values()))


def has_extras(row: Row) -> bool:
    """Whether a cell of the row has a dropdown or the like."""
    return any(map(_EXTRAS, row.values()))


class Sheet:
    """One tab. ``rows`` may be shorter than the grid and holds None for an empty row.

    Rows may be shared with an earlier version of the sheet: change them only through ``put`` and ``writable_row``.
    """

    def __init__(self, properties: Json) -> None:
        self.properties = properties
        self.rows: list[Row | None] = []
        self.row_sizes: dict[int, Json] = {}
        self.column_sizes: dict[int, Json] = {}
        self.parts: dict[str, list[Json]] = {}
        self.basic_filter: Json | None = None
        self._owned: set[int] = set()

    @property
    def id(self) -> int:
        """The sheet id."""
        return self.properties["sheetId"]

    @property
    def title(self) -> str:
        """The name on the tab."""
        return self.properties["title"]

    @property
    def row_count(self) -> int:
        """Rows of the grid (0 where the sheet holds a chart only)."""
        return self.properties.get("gridProperties", {}).get("rowCount", 0)

    @property
    def column_count(self) -> int:
        """Columns of the grid."""
        return self.properties.get("gridProperties", {}).get("columnCount", 0)

    @property
    def box(self) -> Box:
        """The whole grid."""
        return Box(0, self.row_count, 0, self.column_count)

    def set_size(self, rows: int, columns: int) -> None:
        """Changes the grid's size; what stands outside is dropped."""
        grid = self.properties.setdefault("gridProperties", {})
        grid["rowCount"], grid["columnCount"] = rows, columns
        del self.rows[rows:]
        for index, row in enumerate(self.rows):
            if row and max(row) >= columns:
                kept = {column: cell for column, cell in row.items() if column < columns}
                self.replace_row(index, kept)
        self.row_sizes = {index: size for index, size in self.row_sizes.items() if index < rows}
        self.column_sizes = {index: size for index, size in self.column_sizes.items() if index < columns}

    def cell(self, row: int, column: int) -> Cell:
        """The cell, blank where nothing stands."""
        if row < len(self.rows):
            cells = self.rows[row]
            if cells:
                return cells.get(column, BLANK)
        return BLANK

    def row(self, index: int) -> Row:
        """The cells of a row, to read only."""
        if index < len(self.rows):
            return self.rows[index] or {}
        return {}

    def writable_row(self, index: int) -> Row:
        """The cells of a row, to change."""
        rows = self.rows
        if index >= len(rows):
            rows.extend([None] * (index + 1 - len(rows)))
        row = rows[index]
        if row is None:
            row = rows[index] = {}
            self._owned.add(id(row))
        elif id(row) not in self._owned:
            row = rows[index] = dict(row)
            self._owned.add(id(row))
        return row

    def replace_row(self, index: int, row: Row) -> None:
        """Puts another row of cells in place; ``row`` must be a fresh dict."""
        if index >= len(self.rows):
            self.rows.extend([None] * (index + 1 - len(self.rows)))
        self.rows[index] = row or None
        if row:
            self._owned.add(id(row))

    def put(self, row: int, column: int, cell: Cell) -> None:
        """Puts a cell; a blank one leaves nothing behind."""
        if cell.is_blank():
            if self.row(row).get(column) is not None:
                del self.writable_row(row)[column]
        else:
            self.writable_row(row)[column] = cell

    def part(self, name: str) -> list[Json]:
        """A list of the sheet's other parts (merges, protectedRanges, conditionalFormats, …), to change in place."""
        return self.parts.setdefault(name, [])

    def copy(self) -> Sheet:
        """A version of its own to change; rows stay shared until they are written."""
        other = Sheet(copy.deepcopy(self.properties))
        other.rows = list(self.rows)
        other.row_sizes = {index: dict(size) for index, size in self.row_sizes.items()}
        other.column_sizes = {index: dict(size) for index, size in self.column_sizes.items()}
        other.parts = copy.deepcopy(self.parts)
        other.basic_filter = copy.deepcopy(self.basic_filter)
        return other

    def seal(self) -> None:
        """Ends the change: from now on rows are copied before they are written."""
        self._owned.clear()


class Book:
    """One spreadsheet. ``sheets`` in the order of the tabs."""

    def __init__(self, spreadsheet_id: str, properties: Json) -> None:
        self.id = spreadsheet_id
        self.properties = properties
        self.sheets: list[Sheet] = []
        self.named_ranges: list[Json] = []
        self.metadata: list[Json] = []
        self.revision = 0
        self._own_sheets: set[int] = set()

    def copy(self) -> Book:
        """A version of its own to change; a sheet is copied when it is first asked for by ``writable``."""
        other = Book(self.id, copy.deepcopy(self.properties))
        other.sheets = list(self.sheets)
        other.named_ranges = copy.deepcopy(self.named_ranges)
        other.metadata = copy.deepcopy(self.metadata)
        other.revision = self.revision
        return other

    def find(self, sheet_id: int) -> Sheet | None:
        """The sheet to read, None where there is none of that id."""
        for sheet in self.sheets:
            if sheet.id == sheet_id:
                return sheet
        return None

    def titled(self, title: str) -> Sheet | None:
        """The sheet of that title; case matters only where two differ by it."""
        for sheet in self.sheets:
            if sheet.title == title:
                return sheet
        folded = title.casefold()
        for sheet in self.sheets:
            if sheet.title.casefold() == folded:
                return sheet
        return None

    def writable(self, sheet: Sheet) -> Sheet:
        """The version of ``sheet`` to change within this version of the book."""
        if id(sheet) in self._own_sheets:
            return sheet
        for index, one in enumerate(self.sheets):
            if one.id == sheet.id:
                if id(one) in self._own_sheets:
                    return one
                fresh = one.copy()
                self.sheets[index] = fresh
                self._own_sheets.add(id(fresh))
                return fresh
        raise KeyError(sheet.id)

    def add(self, sheet: Sheet, index: int | None = None) -> None:
        """Puts a fresh sheet among the tabs, at the end by default."""
        self.sheets.insert(len(self.sheets) if index is None else max(0, min(index, len(self.sheets))), sheet)
        self._own_sheets.add(id(sheet))

    def seal(self) -> None:
        """Ends the change."""
        for sheet in self.sheets:
            sheet.seal()
        self._own_sheets.clear()

    def cell_count(self) -> int:
        """Cells of all grids together."""
        return sum(sheet.row_count * sheet.column_count for sheet in self.sheets)


def range_box(sheet: Sheet, grid_range: Json) -> Box:
    """The rectangle of a GridRange on its sheet; open sides end at the grid."""
    return Box(
        grid_range.get("startRowIndex", 0),
        grid_range.get("endRowIndex", sheet.row_count),
        grid_range.get("startColumnIndex", 0),
        grid_range.get("endColumnIndex", sheet.column_count),
    )


def box_range(sheet_id: int, box: Box) -> Json:
    """The GridRange of a rectangle, all four sides told."""
    return {
        "sheetId": sheet_id,
        "startRowIndex": box.top,
        "endRowIndex": box.bottom,
        "startColumnIndex": box.left,
        "endColumnIndex": box.right,
    }
