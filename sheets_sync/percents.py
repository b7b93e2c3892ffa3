"""Percentages where tokens are counted: "50%" is kept as 0.5, and only the cell's format tells what was typed.

Formats are not read with every workbook: they would be most of what is sent. They are looked at where a number of
tokens is a fraction, or 1 or less, which hardly ever is what somebody means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sheets_sync.columns import ColumnType, Tab
from sheets_sync.frames import quoted
from sheets_sync.grids import CellValue, Grid, Workbook
from sheets_sync.headers import column_letters, grid_of, header
from sheets_sync.tabs import TABS

FIELDS = "sheets(properties(sheetId),data(startRow,startColumn,rowData(values(effectiveFormat(numberFormat(type))))))"
"""The field mask under which ``doubtful_ranges`` are read."""


def doubtful_ranges(workbook: Workbook) -> list[str]:
    """What has to be read under ``FIELDS``: of each column of tokens the rows from the first doubtful one to the
    last; [] where no number is in doubt."""
    return [
        f"{quoted(grid.title)}!{column_letters(column)}{rows[0]}:{column_letters(column)}{rows[-1]}"
        for grid, column, rows in _doubtful(workbook)
    ]


def with_percents(workbook: Workbook, answer: Mapping[str, Any]) -> Workbook:
    """The workbook with the doubtful cells that are formatted as percentages; ``answer`` is that for
    ``doubtful_ranges``."""
    formatted = set(_percents(answer))
    grids = dict(workbook.grids)
    for grid, column, rows in _doubtful(workbook):
        found = {(row, column + 1) for row in rows if (grid.sheet_id, row - 1, column) in formatted}
        grids[grid.title] = replace(grids[grid.title], percents=grids[grid.title].percents | found)
    return replace(workbook, grids=grids)


def _doubtful(workbook: Workbook) -> Iterator[tuple[Grid, int, list[int]]]:
    """(tab, column, sheet rows) where a number of tokens may be a percentage."""
    for declared in TABS:
        names = _counts_tokens(declared)
        grid = grid_of(workbook, declared) if names else None
        if grid is None:
            continue
        columns = header(grid, declared).columns
        for column in (columns[name] for name in names if name in columns):
            rows = [
                row
                for row, cells in enumerate(grid.values[1:], 2)
                if column < len(cells) and _is_doubtful(cells[column])
            ]
            if rows:
                yield grid, column, rows


def _counts_tokens(declared: Tab) -> list[str]:
    return [
        column.name
        for column in declared.columns
        if column.is_pm and column.type is ColumnType.NUMBER and column.unit == "tokens"
    ]


def _is_doubtful(value: CellValue) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value:
        return False
    return value != int(value) if abs(value) < 2**53 and abs(value) > 1 else abs(value) <= 1


def _percents(answer: Mapping[str, Any]) -> Iterator[tuple[int, int, int]]:
    """(sheet id, row, column), both 0-based, of the cells that are formatted as percentages."""
    for sheet in answer.get("sheets", ()):
        sheet_id = sheet.get("properties", {}).get("sheetId", 0)
        for block in sheet.get("data", ()):
            for row, data in enumerate(block.get("rowData", ()), block.get("startRow", 0)):
                for column, cell in enumerate(data.get("values", ()), block.get("startColumn", 0)):
                    if cell.get("effectiveFormat", {}).get("numberFormat", {}).get("type") == "PERCENT":
                        yield sheet_id, row, column
