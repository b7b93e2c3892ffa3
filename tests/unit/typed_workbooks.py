"""Workbooks in memory for tests of reading, with all their tabs and the rows that a test types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.findings import Finding
from engine.inputs import WorkbookInputs
from sheets_sync.grids import Grid, Workbook
from sheets_sync.rows import read_inputs
from sheets_sync.tabs import TABS, tab

Rows = Sequence[Mapping[str, Any]]


def grid_with(name: str, rows: Rows, headers: Sequence[str] | None = None) -> Grid:
    names = list(headers if headers is not None else (*tab(name).names, *_more(name, rows)))
    values = [names, *[[row.get(column) for column in names] for row in rows]]
    return Grid(title=name, sheet_id=1, row_count=1000, column_count=60, values=values)


def _more(name: str, rows: Rows) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row if column not in tab(name).names))


def workbook_with(*grids: Grid, locale: str = "en_US", without: Sequence[str] = (), **tables: Rows) -> Workbook:
    found = {declared.name: grid_with(declared.name, []) for declared in TABS if declared.name not in without}
    found |= {name.replace("_", " "): grid_with(name.replace("_", " "), rows) for name, rows in tables.items()}
    found |= {grid.title: grid for grid in grids}
    return Workbook(spreadsheet_id="s", title="t", url="u", locale=locale, time_zone="Europe/Berlin", grids=found)


def read(*grids: Grid, **more: Any) -> tuple[WorkbookInputs, list[Finding]]:
    inputs, findings = read_inputs(workbook_with(*grids, **more))
    return inputs, list(findings)
