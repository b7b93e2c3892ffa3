"""A tab as the narrow re-read, or the echo of a batch, shows it: only the ranges that were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sheets_sync.content import value_of
from sheets_sync.grids import CellValue, Grid
from sheets_sync.headers import column_letters, is_blank
from sheets_sync.marks import Look, look_of

_SHEET = "properties(sheetId,title,hidden,gridProperties(rowCount,columnCount))"
_LOOKS = "note,userEnteredFormat.backgroundColorStyle"
"""Google tells each colour twice, as backgroundColor too: one is enough."""
_CONTENTS = "userEnteredValue,textFormatRuns"

TITLES = f"sheets.{_SHEET}"
"""The field mask under which only the names and sizes of tabs are read."""

ROWS_TO_SPARE = 200
"""How far below the last row in use a re-read looks for rows that came since."""


def fields(*, looks: bool = False, contents: bool = False, numbers: bool = False) -> str:
    """The field mask under which frames are read; notes and fills (``looks``) only where marks come or go, formats of
    ``numbers`` only where some are written: formats reach far below the last row, and all of that would be sent.
    ``contents`` are cells as they were entered, formulas and links among them."""
    parts = ["effectiveValue", *([_CONTENTS] if contents else []), *([_LOOKS] if looks else [])]
    cell = ",".join([*parts, *(["userEnteredFormat.numberFormat"] if numbers else [])])
    return f"sheets({_SHEET},data(startRow,startColumn,rowData(values({cell}))))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Rows and columns are 0-based. ``cells`` holds the API's CellData of the cells that are not empty."""

    title: str
    sheet_id: int
    row_count: int
    column_count: int
    cells: Mapping[tuple[int, int], Mapping[str, Any]]
    _used: list[int] = field(init=False, repr=False, compare=False, default_factory=list[int])

    def value(self, row: int, column: int) -> CellValue:
        """The unformatted value; None for a blank."""
        cell = self.cells.get((row, column))
        return value_of(cell) if cell else None

    def look(self, row: int, column: int) -> Look:
        """Note and fill."""
        cell = self.cells.get((row, column))
        return look_of(cell) if cell else Look()

    def values(self, row: int, columns: Iterable[int]) -> tuple[CellValue, ...]:
        """The values of one row."""
        return tuple(self.value(row, column) for column in columns)

    def used_rows(self) -> int:
        """How many rows there are down to the last one with a value, header included."""
        if not self._used:
            filled = (place for place, cell in self.cells.items() if "effectiveValue" in cell)
            self._used.append(
                max((row + 1 for row, column in filled if not is_blank(self.value(row, column))), default=0)
            )
        return self._used[0]


def frames_of(answer: Mapping[str, Any]) -> dict[int, Frame]:
    """Sheet id -> frame, of an answer of ``spreadsheets.get`` or of a batch's ``updatedSpreadsheet``."""
    frames: dict[int, Frame] = {}
    for sheet in answer.get("sheets", ()):
        properties = sheet.get("properties", {})
        size = properties.get("gridProperties", {})
        sheet_id = properties.get("sheetId", 0)
        frames[sheet_id] = Frame(
            title=properties.get("title", ""),
            sheet_id=sheet_id,
            row_count=size.get("rowCount", 0),
            column_count=size.get("columnCount", 0),
            cells=dict(_cells(sheet.get("data", ()))),
        )
    return frames


def _cells(blocks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[tuple[int, int], Mapping[str, Any]]]:
    for block in blocks:
        top, left = block.get("startRow", 0), block.get("startColumn", 0)
        for row, data in enumerate(block.get("rowData", ()), top):
            for column, cell in enumerate(data.get("values", ()), left):
                if cell:
                    yield (row, column), cell


def quoted(title: str) -> str:
    """A tab's title as A1 notation wants it: 'Roadmap Plan', with quotes inside doubled."""
    return "'" + title.replace("'", "''") + "'"


def column_ranges(title: str, columns: Iterable[int], rows: int | None = None) -> list[str]:
    """Columns as A1 ranges, neighbours in one: 'Constraints'!A1:F250 of the first ``rows``, or all of them."""
    runs: list[list[int]] = []
    for column in sorted(set(columns)):
        if runs and column == runs[-1][1] + 1:
            runs[-1][1] = column
        else:
            runs.append([column, column])
    top, bottom = ("1", str(rows)) if rows else ("", "")
    return [f"{quoted(title)}!{column_letters(first)}{top}:{column_letters(last)}{bottom}" for first, last in runs]


def rows_to_read(grid: Grid) -> int:
    """How many rows of a tab a re-read looks at: those in use and some to spare, within the grid."""
    return min(len(grid.values) + ROWS_TO_SPARE, max(grid.row_count, 1))


def header_range(title: str) -> str:
    """Row 1 of a tab."""
    return f"{quoted(title)}!1:1"


def header_texts(row: Sequence[CellValue]) -> tuple[str, ...]:
    """Row 1 as texts, without blanks at its end."""
    texts = ["" if is_blank(value) else str(value) for value in row]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def header_texts_of(frame: Frame) -> tuple[str, ...]:
    """Row 1 of a frame as texts."""
    width = 1 + max((column for row, column in frame.cells if row == 0), default=-1)
    return header_texts(frame.values(0, range(width)))


def same_header(frame: Frame, grid: Grid) -> bool:
    """True where row 1 still is what it was when ``grid`` was read, so that columns stand where they stood."""
    before = header_texts(grid.values[0] if grid.values else ())
    width = max(len(before), 1 + max((column for row, column in frame.cells if row == 0), default=-1))
    return header_texts(frame.values(0, range(width))) == before
