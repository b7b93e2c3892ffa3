"""Which workspace a spreadsheet belongs to: the named range ``roadmap_workspace``, whose cell holds a workbook's id.

A workbook carries its own id on its Start page. File ▸ Make a copy copies it too, so that a copy is known by carrying
the id of another spreadsheet. A spreadsheet of requests carries the id of the workbook that it agrees to serve.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sheets_sync.content import cell_data
from sheets_sync.errors import SpreadsheetNotFound, one_line
from sheets_sync.grids import Grid, Workbook
from sheets_sync.headers import WORKSPACE_RANGE, grid_of, workspace_ranges
from sheets_sync.marks import rgb
from sheets_sync.readings import spreadsheet_id_of
from sheets_sync.tabs import tab

Request = dict[str, Any]

ID_CELL = (1, 4)
"""(row, column) of the id on the Start page, both 0-based."""
COPY_TITLE = "This is a copy: make it its own workspace, or view only"


def carried_id(workbook: Workbook) -> str | None:
    """The spreadsheet id that ``workbook`` carries; None where it carries none, or something else."""
    found = _marked_cell(workbook)
    if found is None:
        return None
    grid, row, column = found
    cells = grid.values[row] if row < len(grid.values) else ()
    try:
        return spreadsheet_id_of(str(cells[column])) if column < len(cells) else None
    except SpreadsheetNotFound:
        return None


def is_copy(workbook: Workbook) -> bool:
    """True where the workbook carries the id of another spreadsheet."""
    return carried_id(workbook) not in (None, workbook.spreadsheet_id)


def copy_sentence(workbook: Workbook) -> str:
    """What whoever runs something in a copy is told."""
    return (
        f"“{one_line(workbook.title, 80)}” carries the id of another workbook ({carried_id(workbook)}), so nothing "
        f"runs in it. {COPY_TITLE}: roadmap init {workbook.spreadsheet_id} makes it its own workspace."
    )


def copy_notice(workbook: Workbook) -> list[Request]:
    """The requests that say on the Start page of a copy that it is one; [] where it says so, or has no such page."""
    grid = grid_of(workbook, tab("Start"))
    if grid is None or (grid.values and grid.values[0] and grid.values[0][0] == COPY_TITLE):
        return []
    cell = cell_data(COPY_TITLE)
    fill = {"backgroundColor": rgb("#B34700"), "backgroundColorStyle": {"rgbColor": rgb("#B34700")}}
    cell["userEnteredFormat"] = fill
    start = {"sheetId": grid.sheet_id, "rowIndex": 0, "columnIndex": 0}
    fields = "userEnteredValue,userEnteredFormat.backgroundColor,userEnteredFormat.backgroundColorStyle"
    return [{"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": fields}}]


def mark_requests(workbook: Workbook, start_sheet_id: int) -> list[Request]:
    """The requests that make the workbook carry its own id; [] where it does. ``start_sheet_id`` is the Start page's,
    which may be about to be made."""
    found = _marked_cell(workbook)
    if found is not None:
        if carried_id(workbook) == workbook.spreadsheet_id:
            return []
        grid, row, column = found
        return [_written(workbook, grid.sheet_id, row, column)]
    row, column = ID_CELL
    cells = {"sheetId": start_sheet_id, **_box(row, column)}
    stale = _named(workbook)
    if stale:  # its cell is not to be found: it names what is no sheet with cells
        update = {"namedRange": {**stale, "range": cells}, "fields": "range"}
        return [{"updateNamedRange": update}, _written(workbook, start_sheet_id, row, column)]
    named = {"addNamedRange": {"namedRange": {"name": WORKSPACE_RANGE, "range": cells}}}
    return [named, _written(workbook, start_sheet_id, row, column)]


def _named(workbook: Workbook) -> Mapping[str, Any] | None:
    return next(iter(workspace_ranges(workbook.metadata)), None)


def _marked_cell(workbook: Workbook) -> tuple[Grid, int, int] | None:
    named = _named(workbook)
    place = named.get("range", {}) if named else {}
    grid = next((each for each in workbook.grids.values() if each.sheet_id == place.get("sheetId", 0)), None)
    return (grid, place.get("startRowIndex", 0), place.get("startColumnIndex", 0)) if named and grid else None


def _written(workbook: Workbook, sheet_id: int, row: int, column: int) -> Request:
    cells = [{"values": [cell_data(workbook.spreadsheet_id)]}]
    start = {"sheetId": sheet_id, "rowIndex": row, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": cells, "fields": "userEnteredValue"}}


def _box(row: int, column: int) -> Request:
    return {"startRowIndex": row, "endRowIndex": row + 1, "startColumnIndex": column, "endColumnIndex": column + 1}
