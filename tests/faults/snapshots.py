"""A workbook seen whole, between two calls of the worker: what people own in it, and where it went."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sheets_sync import marks
from sheets_sync.columns import Owner
from sheets_sync.grids import Grid
from sheets_sync.headers import header
from sheets_sync.local.grid import Cell, Sheet
from sheets_sync.local.service import SheetsService
from sheets_sync.marks import Look
from sheets_sync.tabs import tab

INPUTS = ("Initiatives", "Contributions", "Constraints")
OUTPUTS = ("Portfolio", "Roadmap Plan")
KPIS = ["revenue"]

NO_LOOK = Look()


@dataclass(frozen=True)
class SeenCell:
    """What one cell holds: ``value`` as it was entered, "" for a blank; ``style`` without its fill, which is the
    look's."""

    value: str = ""
    style: str = "{}"
    look: Look = NO_LOOK

    @property
    def text(self) -> str:
        """The value as a person reads it."""
        return str(next(iter(json.loads(self.value).values()))) if self.value else ""


@dataclass(frozen=True)
class SeenTab:
    """One tab; ``rows[0]`` is its header. ``name`` is the declared one, whatever its title is now."""

    name: str
    title: str
    sheet_id: int
    rows: Sequence[Sequence[SeenCell]]

    @property
    def header(self) -> list[str]:
        return [cell.text for cell in self.rows[0]] if self.rows else []

    def system_columns(self) -> set[int]:
        head = header(
            Grid(title=self.title, sheet_id=0, row_count=0, column_count=0, values=[self.header]), tab(self.name), KPIS
        )
        own = {head.columns[one.name] for one in head.tab.columns if not one.is_pm and one.name in head.columns}
        for family in head.tab.families:
            if family.owner is Owner.SYSTEM:
                own |= set(head.families[family.name].values())
        return own

    def index(self, column: str) -> int | None:
        """Where a column stands; None where its header was renamed or lost."""
        return self.header.index(column) if column in self.header else None

    def cell(self, row: int, column: str | int | None) -> SeenCell:
        place = self.index(column) if isinstance(column, str) else column
        if place is None or row >= len(self.rows) or place >= len(self.rows[row]):
            return SeenCell()
        return self.rows[row][place]

    def used(self) -> list[int]:
        """The rows below the header in which something stands."""
        return [row for row, cells in enumerate(self.rows) if row and any(cell.value for cell in cells)]

    def own_cells(self, row: int, system: set[int]) -> tuple[tuple[int, SeenCell], ...]:
        """The cells of a row that people own, as far as they are not plain blanks; their looks without our marks, and
        without a fill of ours whose note somebody deleted."""
        found = []
        for column, cell in enumerate(self.rows[row] if row < len(self.rows) else ()):
            own = SeenCell(
                "" if column in system else cell.value,
                "{}" if column in system else cell.style,
                marks.cleared(cell.look),
            )
            if own.value or own.look.note or own.style != "{}" or own.look.fill != "none":
                found.append((column, own))
        return tuple(found)


Seen = dict[str, SeenTab]
"""Declared name -> tab."""


def seen(service: SheetsService, spreadsheet_id: str, sheet_ids: dict[str, int]) -> Seen:
    """The tabs of ``sheet_ids`` (declared name -> sheet id) as they stand now. A committed version of a sheet never
    changes, so what was seen of it once is not looked at again."""
    sheets = {sheet.id: sheet for sheet in service._book(spreadsheet_id).sheets}
    return {name: _tab(name, sheets[number]) for name, number in sheet_ids.items()}


_TABS: dict[int, tuple[Sheet, SeenTab]] = {}
_STYLES: dict[int, tuple[Any, str, str]] = {}


def _tab(name: str, sheet: Sheet) -> SeenTab:
    known = _TABS.get(id(sheet))
    if known is not None and known[0] is sheet:
        return known[1]
    rows = [[_cell(row.get(column)) for column in range(sheet.column_count)] if row else [] for row in sheet.rows]
    made = SeenTab(name, sheet.title, sheet.id, [*rows, *([] for _ in range(sheet.row_count - len(rows)))])
    if len(_TABS) > 500:
        _TABS.clear()
    _TABS[id(sheet)] = (sheet, made)
    return made


def _cell(cell: Cell | None) -> SeenCell:
    if cell is None:
        return _BLANK
    style, fill = _style(cell.format)
    held = cell.entered
    value = "" if held is None else json.dumps({_kind(held): held})
    return SeenCell(value, style, Look(cell.note or "", fill))


_BLANK = SeenCell()


def _kind(held: Any) -> str:
    return "boolValue" if isinstance(held, bool) else "stringValue" if isinstance(held, str) else "numberValue"


def _style(form: Any) -> tuple[str, str]:
    """The format without its fill, and the fill."""
    if not form:
        return "{}", "none"
    known = _STYLES.get(id(form))
    if known is None or known[0] is not form:
        rest = {key: value for key, value in form.items() if not key.startswith("background")}
        known = (form, json.dumps(rest, sort_keys=True), marks.look_of({"userEnteredFormat": form}).fill)
        _STYLES[id(form)] = known
    return known[1], known[2]


Places = Collection[tuple[str, int, int]]
"""Cells as (declared name of the tab, row, column)."""


def lost_values(before: Seen, after: Seen) -> list[str]:
    """What a write did to people's cells, as sentences; empty where it did nothing to them."""
    told: list[str] = []
    for name, tab_before in before.items():
        tab_after = after[name]
        if name in OUTPUTS:
            told += _moved_apart(tab_before, tab_after, with_looks=False)
        else:
            told += _changed(tab_before, tab_after, with_looks=False)
    return told


def lost_looks(before: Seen, after: Seen, but: Places = ()) -> list[str]:
    """What one whole write (with its repair) did to people's notes and fills, ``but`` for those cells."""
    told: list[str] = []
    for name, tab_before in before.items():
        if name in OUTPUTS:
            if not any(tab == name for tab, *_ in but):
                told += _moved_apart(tab_before, after[name], with_looks=True)
        else:
            told += _changed(tab_before, after[name], with_looks=True, but=but)
    return told


def _plain(cells: tuple[tuple[int, SeenCell], ...], with_looks: bool) -> tuple[tuple[int, SeenCell], ...]:
    if with_looks:
        return cells
    bare = tuple((column, SeenCell(cell.value, cell.style)) for column, cell in cells)
    return tuple((column, cell) for column, cell in bare if cell != SeenCell())


def _changed(before: SeenTab, after: SeenTab, *, with_looks: bool, but: Places = ()) -> Iterator[str]:
    """Input tabs: every cell that people own is where it was; whole rows that the worker inserts push others down."""
    system = before.system_columns()
    now_at = _rows_after(before, after)
    for row in range(len(before.rows)):
        excused = {column for name, at, column in but if (name, at) == (before.name, row)}
        was = _plain(before.own_cells(row, system), with_looks)
        now = _plain(after.own_cells(now_at(row), system), with_looks)
        gone = {pair for pair in set(was) - set(now) if pair[0] not in excused}
        came = {pair for pair in set(now) - set(was) if pair[0] not in excused}
        if gone or came:
            yield f"{before.name} row {row + 1}: {gone} became {came}"


def _rows_after(before: SeenTab, after: SeenTab) -> Callable[[int], int]:
    """Where a row stands after the worker has inserted rows: those of keys that were not there, with nothing but a
    title and system cells."""
    key = before.index("initiative_key")
    if before.name != "Contributions" or key is None:
        return lambda row: row
    keys = {before.cell(row, key).text for row in before.used()}
    own = {key, *after.system_columns()}
    added = {
        row
        for row in after.used()
        if (name := after.cell(row, key).text)
        and name not in keys
        and {c for c, one in enumerate(after.rows[row]) if one.value} <= own
    }
    kept = [row for row in range(len(after.rows)) if row not in added]
    return lambda row: kept[row] if row < len(kept) else len(after.rows)


def _moved_apart(before: SeenTab, after: SeenTab, *, with_looks: bool) -> Iterator[str]:
    """Output tabs: each row's own cells stay together, wherever a sort took the row."""
    system = before.system_columns()
    if before.header != after.header:
        yield f"{before.name}: header {before.header} became {after.header}"

    def rows(tab: SeenTab) -> Counter[Any]:
        own = [_plain(tab.own_cells(row, system), with_looks) for row in range(1, len(tab.rows))]
        return Counter(words for words in own if any(cell.value or cell.look.note for _, cell in words))

    gone, came = rows(before) - rows(after), rows(after) - rows(before)
    if gone or came:
        yield f"{before.name}: rows {list(gone)} became {list(came)}"
