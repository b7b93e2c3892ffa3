"""System cells that a PM typed over: the writer puts them back, and Checks says so for a day.

What stands in Checks is the memory of it, so that a line survives restarts and a quiet cycle writes nothing. Only what
the system cannot have written itself is told: a text that is merely out of date is brought up to date in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.findings import Finding, Severity
from sheets_sync.content import shown
from sheets_sync.grids import CellValue, Grid
from sheets_sync.headers import Header, column_letters, grid_of, header, is_blank, quoted
from sheets_sync.input_plan import InputPlan
from sheets_sync.outputs import Ledger
from sheets_sync.table_plan import TablePlan
from sheets_sync.tabs import tab
from sheets_sync.updates import SheetUpdate

STAYS = timedelta(days=1)

_TOLD = re.compile(r"was put back on (\d{4}-\d\d-\d\d \d\d:\d\d): ")
_STATUSES = frozenset(severity.value for severity in Severity)
_FREE = ("run", "source_rows", "gets_in_if", "sys: status", "sys: message")
"""Columns of Portfolio whose cells may change without a new run."""

_OURS: Mapping[str, Callable[[CellValue], bool]] = {
    "sys: status": lambda there: there in _STATUSES,
    "sys: label": lambda there: isinstance(there, str) and re.match(r"INIT-\d+", there) is not None,
}
"""Of input tabs: whether the system may have written what stands in a cell."""


def our_titles(ledger: Ledger) -> frozenset[str] | None:
    """The titles that may stand beside a key without anybody having typed them there: those of now, and those that the
    system wrote last, as the labels of Initiatives remember them. None without labels."""
    update = ledger.update
    grid = grid_of(ledger.workbook, tab("Initiatives"))
    column = header(grid, tab("Initiatives")).columns.get("sys: label") if grid else None
    if grid is None or column is None:
        return None
    labels = (str(cells[column]) for cells in grid.values[1:] if column < len(cells))
    now = [row.title for row in update.inputs.initiatives]
    planned = [each.title for each in update.run.problem.candidates] if update.run else []
    published = [entry.title for entry in update.version.entries] if update.version else []
    return frozenset(title for title in (*_titles_of(labels), *now, *planned, *published) if title)


def _titles_of(labels: Iterable[str]) -> Iterator[str]:
    """Of "INIT-000123 · One-tap checkout" what stands behind the key."""
    return (label.partition(" · ")[2] for label in labels)


def found_over(
    plan: InputPlan | TablePlan, now: datetime, titles: Callable[[], frozenset[str] | None]
) -> Iterator[Finding]:
    """The cells of a tab in which something stands that the system did not write. ``now`` is by the workspace's
    clock; ``titles`` are those that it may have written (None: nobody knows)."""
    found = _foreign_in_rows(plan) if isinstance(plan, InputPlan) else _foreign_in_table(plan)
    for row, column, there in (*found, *_foreign_titles(plan, titles)):
        yield Finding(
            severity=Severity.WARN,
            tab=plan.header.tab.name,
            row=row + 1,
            column=_names(plan.header).get(column, ""),
            cell=f"{column_letters(column)}{row + 1}",
            message=f"{quoted(str(there))} was put back on {now:%Y-%m-%d %H:%M}: this column is written by the system;"
            " write in a column of your own",
        )


def keys_found_over(plan: InputPlan | TablePlan, update: SheetUpdate) -> Iterator[Finding]:
    """The keys of Initiatives that were cleared or typed over and are put back."""
    column = plan.header.columns.get("initiative_key")
    if plan.header.tab.name != "Initiatives" or not isinstance(plan, InputPlan) or column is None:
        return
    now = update.now.astimezone(ZoneInfo(update.inputs.setup.time_zone))
    for row in sorted(update.keys_put_back):
        there = plan.there(row - 1, column)
        over = "it had been cleared" if is_blank(there) else f"{quoted(str(there))} had been typed over it"
        yield Finding(
            severity=Severity.WARN,
            tab="Initiatives",
            row=row,
            column="initiative_key",
            cell=f"{column_letters(column)}{row}",
            message=f"{update.new_keys[row]} was put back on {now:%Y-%m-%d %H:%M}: {over}; keys are given by the system"
            " and never change",
        )


def still_told(grid: Grid, header: Header, now: datetime) -> Iterator[Finding]:
    """The lines of Checks that say what was put back within the last day."""
    places = [header.columns.get(name) for name in ("tab", "row", "column", "problem", "go_to")]
    if None in places:
        return
    for cells in grid.values[1:]:
        tab, row, column, problem, go_to = (
            cells[place] if place < len(cells) else None for place in places if place is not None
        )
        when = _TOLD.search(str(problem))
        if when is None or not isinstance(row, int | float) or isinstance(row, bool):
            continue
        try:
            then = datetime.strptime(when[1], "%Y-%m-%d %H:%M").replace(tzinfo=now.tzinfo)
        except ValueError:  # somebody wrote this line themselves
            continue
        if timedelta(0) <= now - then + timedelta(minutes=1) <= STAYS:
            yield Finding(
                severity=Severity.WARN,
                tab=str(tab),
                row=int(row),
                column=None if is_blank(column) else str(column),
                cell=str(go_to).rpartition("!")[2] or None,
                message=str(problem),
            )


def _foreign_in_rows(plan: InputPlan) -> Iterator[tuple[int, int, CellValue]]:
    checks = {plan.header.columns[name]: ours for name, ours in _OURS.items() if name in plan.header.columns}
    for row, column, _, there in plan.differing:
        if column in checks and not is_blank(there) and not checks[column](there):
            yield row, column, there


def _foreign_in_table(plan: TablePlan) -> Iterator[tuple[int, int, CellValue]]:
    """Of Portfolio, while it shows the same run: what a run says of an initiative does not change."""
    if plan.header.tab.name != "Portfolio" or plan.sort:
        return
    free = {plan.header.columns.get(name) for name in _FREE}
    for row, column, _, there in plan.differing:
        if column not in free and not is_blank(there):
            yield row, column, there


def _foreign_titles(
    plan: InputPlan | TablePlan, titles: Callable[[], frozenset[str] | None]
) -> Iterator[tuple[int, int, CellValue]]:
    """Of the titles beside keys: those that nobody's initiative had when the system wrote last, or has now. Portfolio's
    are told with the rest of it."""
    column = plan.header.columns.get("title")
    if plan.header.tab.name not in ("Contributions", "Roadmap Plan") or column is None:
        return
    differing = [
        (row, there)
        for row, at, content, there in plan.differing
        if at == column and not is_blank(shown(content)) and not is_blank(there)
    ]
    ours = titles() if differing else None
    yield from ((row, column, there) for row, there in differing if ours is not None and there not in ours)


def _names(header: Header) -> dict[int, str]:
    """Column names by index, KPIs among them."""
    members = {index: name for family in header.families.values() for name, index in family.items()}
    return members | {index: name for name, index in header.columns.items()}
