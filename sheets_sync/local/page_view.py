"""One tab as the page's grid wants it: the Spreadsheet JSON of the Sheets API made compact, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sheets_sync.local.page_cells import Row, Surroundings, is_hidden

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TabView:
    """A tab at one revision. ``raw`` are the rows as read (to see which changed), ``rows`` as the grid shows them,
    ``uids`` their names: a row keeps its uid when rows above it come and go. ``frame`` is the grid's shape."""

    sheet_id: int
    title: str
    revision: int
    frame: Json
    around: Surroundings
    raw: list[tuple[Any, Any]]
    rows: list[Row]
    uids: list[int]
    next_uid: int
    sheet: Json

    def index_of(self, uid: int) -> int | None:
        """Zero-based row of ``uid``; None where the row is gone."""
        try:
            return self.uids.index(uid)
        except ValueError:
            return None

    @property
    def column_count(self) -> int:
        """How many columns the tab has."""
        return len(self.frame["columns"])


def frame_of(sheet: Json) -> Json:
    """Columns as ``[width, is hidden]``, frozen counts, grid lines, merges as ``[top, bottom, left, right]``, ends
    exclusive."""
    properties = sheet["properties"]
    grid = properties.get("gridProperties") or {}
    metadata = _data(sheet).get("columnMetadata") or []
    columns: list[list[int]] = []
    for index in range(int(grid.get("columnCount", 26))):
        meta = metadata[index] if index < len(metadata) else {}
        columns.append([int(meta.get("pixelSize", 100)), 1 if is_hidden(meta) else 0])
    for group in sheet.get("columnGroups") or []:
        if group.get("collapsed"):
            span = group.get("range") or {}
            for index in range(int(span.get("startIndex", 0)), min(int(span.get("endIndex", 0)), len(columns))):
                columns[index][1] = 1
    merges = [_bounds(merge, int(grid.get("rowCount", 1000)), len(columns)) for merge in sheet.get("merges") or []]
    return {
        "columns": columns,
        "frozenRows": int(grid.get("frozenRowCount", 0)),
        "frozenColumns": int(grid.get("frozenColumnCount", 0)),
        "gridlines": not grid.get("hideGridlines", False),
        "merges": merges,
    }


def raw_rows(sheet: Json) -> list[tuple[Any, Any]]:
    """Each row as (its CellData list, its DimensionProperties), as many as the tab has rows."""
    data = _data(sheet)
    cells = data.get("rowData") or []
    metadata = data.get("rowMetadata") or []
    count = int((sheet["properties"].get("gridProperties") or {}).get("rowCount", 1000))
    return [
        (
            (cells[index].get("values") or ()) if index < len(cells) else (),
            metadata[index] if index < len(metadata) else None,
        )
        for index in range(count)
    ]


def _bounds(merge: Json, row_count: int, column_count: int) -> list[int]:
    return [
        int(merge.get("startRowIndex", 0)),
        int(merge.get("endRowIndex", row_count)),
        int(merge.get("startColumnIndex", 0)),
        int(merge.get("endColumnIndex", column_count)),
    ]


def _data(sheet: Json) -> Json:
    data = sheet.get("data") or [{}]
    return data[0]
