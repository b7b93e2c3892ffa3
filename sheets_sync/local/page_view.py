"""One tab as the page's grid wants it: the Spreadsheet JSON of the Sheets API made compact, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sheets_sync.local.a1 import Box
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.grid import Formula, Sheet
from sheets_sync.local.page_cells import RawRow, Row, Surroundings, is_hidden
from sheets_sync.local.page_conditions import Painter
from sheets_sync.local.rendering import COLUMN_PIXELS, ROW_PIXELS, dimension_json, grid_data

Json = dict[str, Any]

MANY_ROWS = 20
"""From so many rows on that are not known by themselves, they are looked for by their cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TabView:
    """A tab at one revision. ``raw`` are the rows as read (to see which changed), ``rows`` as the grid shows them,
    ``uids`` their names: a row keeps its uid when rows above it come and go. ``frame`` is the grid's shape, ``charts``
    what floats over it, ``sheet`` the tab's own JSON without cells."""

    sheet_id: int
    title: str
    revision: int
    frame: Json
    around: Surroundings
    raw: list[RawRow]
    rows: list[Row]
    uids: list[int]
    next_uid: int
    sheet: Json
    charts: tuple[Json, ...] = ()

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


def frame_of(sheet: Json, sizes: Mapping[int, Json]) -> Json:
    """Columns as ``[width, is hidden]``, frozen counts, grid lines, merges as ``[top, bottom, left, right]``, ends
    exclusive. ``sizes`` are the DimensionProperties of columns that differ from the usual."""
    grid = sheet["properties"].get("gridProperties") or {}
    columns: list[list[int]] = []
    for index in range(int(grid.get("columnCount", 26))):
        meta = sizes.get(index) or {}
        columns.append([int(meta.get("pixelSize", COLUMN_PIXELS)), 1 if is_hidden(meta) else 0])
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


def read_rows(calculator: Calculator, sheet: Sheet, old: list[RawRow]) -> list[RawRow]:
    """Every row of the grid. One of ``old`` stands again where nothing that is seen of it has changed; the others are
    read in as few runs as they lie in. Rows are known by identity: a version shares them, or their cells, with the
    next."""
    painter = Painter(calculator, sheet)
    rows: list[RawRow] = []
    unread: list[int] = []
    for index, before in enumerate(_same_rows(sheet, old)):
        fresh = _unread(calculator, sheet, painter, index, before)
        if before is not None and before.looks_like(fresh):
            rows.append(before if before.source is fresh.source else replace(before, source=fresh.source))
            continue
        rows.append(fresh)
        if fresh.source is not None:
            unread.append(index)
    for run in _runs(unread):
        box = Box(run.start, run.stop, 0, sheet.column_count)
        data = grid_data(calculator, sheet, box, {"rowData": {}}).get("rowData") or []
        for index, row in zip(run, data, strict=False):
            rows[index] = rows[index].read(row.get("values") or ())
    return rows


def _same_rows(sheet: Sheet, old: list[RawRow]) -> list[RawRow | None]:
    """For each row of the grid the one of ``old`` that held the very same cells; None where there is none."""
    sources = [source or None for source in sheet.rows[: sheet.row_count]]
    sources += [None] * (sheet.row_count - len(sources))
    known = {id(row.source): row for row in old}
    found = [known.get(id(source)) if source is not None else None for source in sources]
    for index, source in enumerate(sources):
        if source is None and index < len(old) and old[index].source is None:
            found[index] = old[index]
    strangers = [index for index, source in enumerate(sources) if source is not None and found[index] is None]
    if len(strangers) >= MANY_ROWS:  # sorted, perhaps: the rows are new, their cells are not
        by_cells = {_cell_names(row.source): row for row in old if row.source is not None}
        for index in strangers:
            found[index] = by_cells.get(_cell_names(sources[index] or {}))
    return found


def _cell_names(source: Mapping[int, object]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(source), tuple(map(id, source.values()))


def _unread(calculator: Calculator, sheet: Sheet, painter: Painter, index: int, before: RawRow | None) -> RawRow:
    """The row without its cells: what tells whether they have to be read again."""
    source = (sheet.rows[index] if index < len(sheet.rows) else None) or None
    size = sheet.row_sizes.get(index)
    if before is None:
        formulas = tuple(column for column, cell in (source or {}).items() if isinstance(cell.entered, Formula))
    else:
        formulas = before.formulas
    values = [calculator.value(sheet, index, column) for column in formulas]
    links = [calculator.link(sheet, index, column) for column in formulas]
    covering = painter.covering(index)
    painted = before.paint if before is not None and before.covering == covering and not formulas else None
    return RawRow(
        source=source,
        size=dimension_json(size, ROW_PIXELS) if size else None,
        formulas=formulas,
        computed=tuple(zip(map(type, values), values, links, strict=True)),
        covering=covering,
        paint=painter.paint(index, covering, painted),
    )


def _runs(indices: list[int]) -> list[range]:
    """Ascending numbers as ranges of neighbours."""
    runs: list[range] = []
    for index in indices:
        if runs and runs[-1].stop == index:
            runs[-1] = range(runs[-1].start, index + 1)
        else:
            runs.append(range(index, index + 1))
    return runs


def _bounds(merge: Json, row_count: int, column_count: int) -> list[int]:
    return [
        int(merge.get("startRowIndex", 0)),
        int(merge.get("endRowIndex", row_count)),
        int(merge.get("startColumnIndex", 0)),
        int(merge.get("endColumnIndex", column_count)),
    ]
