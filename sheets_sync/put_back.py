"""System cells that a PM typed over: the writer puts them back, and Checks says so for a day.

What stands in Checks is the memory of it, so that a line survives restarts and a quiet cycle writes nothing. Only what
the system cannot have written itself is told: a text that is merely out of date is brought up to date in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from engine.findings import Finding, Severity
from sheets_sync.content import same
from sheets_sync.grids import CellValue, Grid
from sheets_sync.headers import Header, column_letters, is_blank, quoted
from sheets_sync.input_plan import InputPlan
from sheets_sync.table_plan import TablePlan

STAYS = timedelta(days=1)

_TOLD = re.compile(r"was put back on (\d{4}-\d\d-\d\d \d\d:\d\d): ")
_STATUSES = frozenset(severity.value for severity in Severity)
_FREE = ("title", "run", "source_rows", "gets_in_if", "sys: status", "sys: message")
"""Columns of Portfolio whose cells may change without a new run."""

_OURS: Mapping[str, Callable[[CellValue], bool]] = {
    "sys: status": lambda there: there in _STATUSES,
    "sys: label": lambda there: isinstance(there, str) and re.match(r"INIT-\d+", there) is not None,
}
"""Of input tabs: whether the system may have written what stands in a cell."""


def found_over(plan: InputPlan | TablePlan, now: datetime) -> Iterator[Finding]:
    """The cells of a tab in which something stands that the system did not write. ``now`` is by the workspace's
    clock."""
    for row, column, there in _foreign_in_rows(plan) if isinstance(plan, InputPlan) else _foreign_in_table(plan):
        yield Finding(
            severity=Severity.WARN,
            tab=plan.header.tab.name,
            row=row + 1,
            column=_names(plan.header).get(column, ""),
            cell=f"{column_letters(column)}{row + 1}",
            message=f"{quoted(str(there))} was put back on {now:%Y-%m-%d %H:%M}: this column is written by the system;"
            " write in a column of your own",
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
    for row, held in plan.wanted.items():
        for column, content in held.items():
            there = plan.there(row, column)
            if column in checks and not is_blank(there) and not same(content, there) and not checks[column](there):
                yield row, column, there


def _foreign_in_table(plan: TablePlan) -> Iterator[tuple[int, int, CellValue]]:
    """Of Portfolio, while it shows the same run: what a run says of an initiative does not change."""
    if plan.header.tab.name != "Portfolio" or plan.sort:
        return
    free = {plan.header.columns.get(name) for name in _FREE}
    for row, column, content, there in plan.differing():
        if column not in free and not is_blank(there) and not same(content, there):
            yield row, column, there


def _names(header: Header) -> dict[int, str]:
    """Column names by index, KPIs among them."""
    members = {index: name for family in header.families.values() for name, index in family.items()}
    return members | {index: name for name, index in header.columns.items()}
