"""Where every tab and column of a workbook stands, or will stand once the template has added what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from engine.keys import normalised
from sheets_sync.columns import Column, Family, Kind, Tab
from sheets_sync.grids import CellValue, Grid, Workbook
from sheets_sync.headers import folded, grid_of, header, is_blank, moved_header
from sheets_sync.tabs import TABS, tab

Members = Mapping[str, Sequence[str]]
"""Tab name -> headers of family columns that it must have ("resource: design", or a kpi_key)."""

_ROWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One tab. ``columns`` maps header text to 0-based index, the ones to be added included; ``added`` are those:
    (header, what it is, index). ``is_new``: there is no such sheet; ``renames`` is the title of an empty sheet that
    becomes this tab, "" where none does. ``used_rows`` counts rows up to the last that holds anything. ``notes`` are
    those of the headers, by column, ``sheet`` what the metadata say of the sheet ({} of a new one)."""

    tab: Tab
    title: str
    sheet_id: int
    index: int
    row_count: int
    column_count: int
    columns: Mapping[str, int]
    added: tuple[tuple[str, Column | Family, int], ...] = ()
    is_new: bool = False
    renames: str = ""
    used_rows: int = 0
    notes: Mapping[int, str] = field(default_factory=dict[int, str])
    sheet: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_fresh(self) -> bool:
        """True where the tab is being made now."""
        return self.is_new or bool(self.renames)


def places(workbook: Workbook, members: Members) -> list[Place]:
    """Every declared tab in sheet order."""
    sheets = _sheets(workbook)
    taken = {sheet_id for sheet_id, _ in sheets}
    order = [sheet_id for sheet_id, _ in sheets]
    empty = _empty_default(workbook, sheets)
    found: list[Place] = []
    for declared in TABS:
        grid = grid_of(workbook, declared)
        if grid is not None:
            found.append(_existing(grid, declared, members.get(declared.name, ()), workbook))
            continue
        if empty is not None:
            found.append(_renamed(empty, declared, members.get(declared.name, ())))
            empty = None
            continue
        sheet_id = next(number for number in count(declared.sheet_id) if number not in taken)
        taken.add(sheet_id)
        index = _index(order, found, workbook)
        order.insert(index, sheet_id)
        found.append(_new(sheet_id, index, declared, members.get(declared.name, ())))
    return found


def kpi_members(workbook: Workbook, more: Iterable[str] = ()) -> list[str]:
    """The kpi_keys of Metrics that are not switched off, then ``more``; each once, in the first spelling."""
    declared = tab("Metrics")
    grid = grid_of(workbook, declared)
    keys: dict[str, str] = {}
    if grid is not None:
        columns = header(grid, declared).columns
        at, switch = columns.get("kpi_key", -1), columns.get("is_active", -1)
        for row in grid.values[1:] if at >= 0 else ():
            is_off = 0 <= switch < len(row) and row[switch] is False
            if at < len(row) and not is_blank(row[at]) and not is_off:
                keys.setdefault(folded(str(row[at])), str(row[at]).strip())
    for key in more:
        keys.setdefault(folded(key), key.strip())
    reserved = {folded(name) for name in (*tab("Contributions").names, *tab("Portfolio").names)}
    return [key for fold, key in keys.items() if fold not in reserved and ":" not in key and len(key) <= 60]


def _sheets(workbook: Workbook) -> list[tuple[int, str]]:
    """(sheetId, title) of every sheet, ours or not, in their order."""
    listed = [sheet.get("properties", {}) for sheet in workbook.metadata.get("sheets", ())]
    known = [(int(each.get("sheetId", 0)), str(each.get("title", ""))) for each in listed]
    return known or [(grid.sheet_id, grid.title) for grid in workbook.grids.values()]


def _empty_default(workbook: Workbook, sheets: Sequence[tuple[int, str]]) -> Grid | None:
    """The one sheet of a new spreadsheet, if it is known to hold nothing: it becomes the first tab."""
    if len(sheets) != 1 or sheets[0][1] not in workbook.grids:
        return None
    grid = workbook.grids[sheets[0][1]]
    is_ours = any(grid_of(workbook, declared) is grid for declared in TABS)
    return None if is_ours or any(not is_blank(cell) for row in grid.values for cell in row) else grid


def _index(order: Sequence[int], found: Sequence[Place], workbook: Workbook) -> int:
    """A new tab stands after the tab declared before it, the first one before the others or behind foreign sheets."""
    if found:
        return order.index(found[-1].sheet_id) + 1
    return 0 if any(grid_of(workbook, declared) for declared in TABS) else len(order)


def _existing(grid: Grid, declared: Tab, members: Sequence[str], workbook: Workbook) -> Place:
    columns, added = _columns(grid, declared, members)
    used = max(
        (number for number, row in enumerate(grid.values, start=1) if any(not is_blank(c) for c in row)), default=0
    )
    return Place(
        tab=declared,
        title=grid.title,
        sheet_id=grid.sheet_id,
        index=-1,
        row_count=grid.row_count,
        column_count=grid.column_count,
        columns=columns,
        added=added,
        used_rows=used,
        notes={column - 1: text for (row, column), text in grid.notes.items() if row == 1},
        sheet=next(
            (
                sheet
                for sheet in workbook.metadata.get("sheets", ())
                if sheet.get("properties", {}).get("sheetId", 0) == grid.sheet_id
            ),
            {},
        ),
    )


def _renamed(grid: Grid, declared: Tab, members: Sequence[str]) -> Place:
    blank = Grid(title=declared.name, sheet_id=grid.sheet_id, row_count=0, column_count=0)
    columns, added = _columns(blank, declared, members)
    return Place(
        tab=declared,
        title=declared.name,
        sheet_id=grid.sheet_id,
        index=0,
        row_count=grid.row_count,
        column_count=grid.column_count,
        columns=columns,
        added=added,
        renames=grid.title,
    )


def _new(sheet_id: int, index: int, declared: Tab, members: Sequence[str]) -> Place:
    columns, added = _columns(
        Grid(title=declared.name, sheet_id=sheet_id, row_count=0, column_count=0), declared, members
    )
    return Place(
        tab=declared,
        title=declared.name,
        sheet_id=sheet_id,
        index=index,
        row_count=200 if declared.kind is Kind.PAGE else _ROWS,
        column_count=max(len(columns), 26),
        columns=columns,
        added=added,
        is_new=True,
    )


def _columns(
    grid: Grid, declared: Tab, members: Sequence[str]
) -> tuple[dict[str, int], tuple[tuple[str, Column | Family, int], ...]]:
    """Header text -> index of all columns, and those to be added: in declared order on an empty tab, else behind the
    last header in use."""
    if declared.kind is Kind.PAGE:
        return {}, ()
    kpis = [member for member in members if ":" not in member]
    top = header(grid, declared, kpis)
    columns = dict(top.columns)
    if top.missing and moved_header(declared, grid):
        return columns, ()  # told: beside rows that stand above it, no column can be added
    # Columns in use without a header are somebody's, too.
    width = max([top.width, *(len(row) for row in grid.values)])
    for family in declared.families:
        columns |= {family.header(member): index for member, index in top.families[family.name].items()}
    have = {normalised(name) for name in columns}
    added: list[tuple[str, Column | Family, int]] = []
    for name, column in _wanted(declared, members):
        if normalised(name) not in have:
            added.append((name, column, width + len(added)))
    return columns | {name: index for name, _, index in added}, tuple(added)


def _wanted(declared: Tab, members: Sequence[str]) -> list[tuple[str, Column | Family]]:
    """Every header the tab must have, in the order of an empty tab."""
    wanted: list[tuple[str, Column | Family]] = []
    for column in declared.columns:
        wanted.append((column.name, column))
        if column.name == declared.families_after:
            wanted += [(member, _family(declared, member)) for member in members]
    return wanted


def _family(declared: Tab, member: str) -> Family:
    prefix = member.partition(":")[0].strip().casefold() if ":" in member else ""
    return next(family for family in declared.families if family.prefix == prefix)


def family_headers(declared: Tab, rows: Iterable[Mapping[str, CellValue]]) -> list[str]:
    """The family columns with a prefix ("resource: design") that rows name, each once."""
    prefixes = {family.prefix for family in declared.families if family.prefix}
    names = dict.fromkeys(name for row in rows for name in row if ":" in name)
    return [name for name in names if name.partition(":")[0].strip().casefold() in prefixes]
