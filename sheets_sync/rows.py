"""The PMs' tabs as typed rows: every good row is read, every problem is a Finding on its cell."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from engine.findings import Finding, Severity
from engine.inputs import (
    ConstraintRow,
    ContributionRow,
    InitiativeRow,
    MetricRow,
    PlanRow,
    RequestRow,
    Row,
    ScenarioRow,
    Setup,
    TargetRow,
    WorkbookInputs,
)
from engine.keys import normalised
from sheets_sync import row_checks
from sheets_sync.grids import Workbook
from sheets_sync.headers import Header, grid_of, header, row_digest
from sheets_sync.intake_tabs import INTAKE
from sheets_sync.setup_rows import currency_of, is_time_zone, read_setup
from sheets_sync.table_rows import Context, Table, TableRow, read_table
from sheets_sync.tabs import TABS, tab

__all__ = ["Header", "grid_of", "header", "read_inputs", "row_digest", "with_keys"]

R = TypeVar("R", bound=Row)

_ALSO_READ = {
    "Initiatives": ("initiative_key",),
    "Roadmap Plan": ("initiative_key", "roadmap_version"),
    "Requests": ("status", "message"),
}
"""System columns that are read beside the PMs' own: by them the rows are known."""

_RENAMED = {"scenario_name": "scenario_names", "constraint_set_name": "constraint_set_names"}
"""Columns of rules that hold lists, and what engine.inputs calls them."""


def read_inputs(workbook: Workbook) -> tuple[WorkbookInputs, tuple[Finding, ...]]:
    """Everything people typed, and what is wrong with it: by tab, from top to bottom and from left to right.

    A cell in error stops nothing by itself: its row's ``bad`` names the column, and whoever uses the row decides what
    is lost by it. A missing tab or column stops the run, and so does a key of Roadmap Plan that stands twice.
    """
    tables, kpis = _tables(workbook)
    _check(workbook, tables)
    setup = read_setup(tables.get("Setup"), workbook.locale, workbook.time_zone, workbook.spreadsheet_id)
    findings = [
        finding
        for declared in TABS
        if declared is not INTAKE  # read with its sources, sheets_sync.intake_rows
        for finding in row_checks.tab_findings(workbook, declared, tables.get(declared.name), kpis)
    ]
    return _inputs(tables, setup), tuple(findings)


def with_keys(workbook: Workbook, keys: Mapping[int, str]) -> Workbook:
    """The workbook as if Initiatives had these keys, by sheet row."""
    declared = tab("Initiatives")
    grid = grid_of(workbook, declared)
    column = header(grid, declared).columns.get("initiative_key") if grid else None
    if grid is None or column is None:
        return workbook
    values = [*grid.values]
    for row, key in keys.items():
        cells = [*values[row - 1], *[None] * (column + 1 - len(values[row - 1]))]
        cells[column] = key
        values[row - 1] = cells
    mended = dataclasses.replace(grid, values=values)
    return dataclasses.replace(workbook, grids={**workbook.grids, grid.title: mended})


def _tables(workbook: Workbook) -> tuple[dict[str, Table], list[str]]:
    """The input tabs as read, in the order in which one needs the other, and the kpi_keys."""
    tables: dict[str, Table] = {}
    context = Context(
        locale=workbook.locale, time_zone=workbook.time_zone if is_time_zone(workbook.time_zone) else "UTC"
    )

    def read(names: Iterable[str], kpis: Iterable[str] = ()) -> None:
        for name in names:
            grid = grid_of(workbook, tab(name))
            if grid is not None:
                tables[name] = read_table(grid, header(grid, tab(name), kpis), context, _ALSO_READ.get(name, ()))

    read(("Setup",))
    context = dataclasses.replace(context, currency=currency_of(_rows(tables, "Setup")))
    read(("Metrics", "Initiatives", "Scenarios"))
    if "Metrics" in tables:
        row_checks.tell_reserved_kpis(tables["Metrics"])
    kpis: list[str] = _values(tables, "Metrics", "kpi_key")
    titles = {
        normalised(row.values["title"]): row.values["initiative_key"]
        for row in _rows(tables, "Initiatives")
        if row.values.keys() >= {"title", "initiative_key"}
    }
    context = dataclasses.replace(
        context, titles=titles, scenarios=tuple(_values(tables, "Scenarios", "scenario_name"))
    )
    read(("Contributions", "Constraints", "Targets", "Roadmap Plan", "Requests"), kpis)
    return tables, kpis


def _rows(tables: dict[str, Table], name: str) -> list[TableRow]:
    return tables[name].rows if name in tables else []


def _values(tables: dict[str, Table], name: str, column: str) -> list[Any]:
    return [row.values[column] for row in _rows(tables, name) if column in row.values]


def _check(workbook: Workbook, tables: dict[str, Table]) -> None:
    """Tells what is wrong with rows beside each other. Initiatives, KPIs and scenarios that stand twice are told by the
    compiler, which knows which of them are on."""
    for name, table in tables.items():
        grid = grid_of(workbook, tab(name))
        assert grid is not None
        row_checks.tell_merged(table, workbook, grid)
    for name, severity, mend in (
        # What two rows say of one KPI is compared by the compiler, too; rows that agree do no harm.
        ("Contributions", Severity.WARN, "keep one row for each initiative"),
        ("Roadmap Plan", Severity.ERROR, "delete the copied row"),
    ):
        if name in tables:
            row_checks.tell_twice(tables[name], "initiative_key", severity, mend)
    for name, column, severity, mend in (
        ("Initiatives", "title", Severity.WARN, "give it one"),
        ("Contributions", "initiative_key", Severity.ERROR, "choose the initiative, or clear the row"),
        ("Scenarios", "scenario_name", Severity.ERROR, "name the scenario, or clear the row"),
        ("Roadmap Plan", "initiative_key", Severity.ERROR, "undo the deletion, or clear the row"),
    ):
        if name in tables:
            row_checks.tell_blank(tables[name], column, severity, mend)
    if "Requests" in tables:
        row_checks.tell_nameless_requests(tables["Requests"])
    if "Initiatives" in tables:
        row_checks.tell_unknown_duplicates(tables["Initiatives"])
        row_checks.tell_same_titles(tables["Initiatives"])
    if "Contributions" in tables:
        grid = grid_of(workbook, tab("Contributions"))
        assert grid is not None
        row_checks.tell_kpi_columns(tables["Contributions"], _rows(tables, "Metrics"), grid)
    if "Constraints" in tables:
        grid = grid_of(workbook, tab("Constraints"))
        assert grid is not None
        row_checks.tell_shares(tables["Constraints"], grid)


def _inputs(tables: dict[str, Table], setup: Setup) -> WorkbookInputs:
    """The rows as engine.inputs has them."""
    return WorkbookInputs(
        initiatives=_typed(InitiativeRow, tables, "Initiatives", ("initiative_key", "title")),
        metrics=_typed(MetricRow, tables, "Metrics", ("kpi_key",)),
        contributions=_typed(ContributionRow, tables, "Contributions", ("initiative_key",)),
        scenarios=_typed(ScenarioRow, tables, "Scenarios", ("scenario_name",)),
        constraints=_typed(ConstraintRow, tables, "Constraints", renamed=_RENAMED),
        targets=_typed(TargetRow, tables, "Targets", renamed=_RENAMED),
        setup=setup,
        plan=_typed(PlanRow, tables, "Roadmap Plan", ("initiative_key",)),
        requests=_typed(RequestRow, tables, "Requests", ("request_id",)),
    )


_FAMILY_FIELDS = {"kpi": "contributions", "resource": "resources", "param": "params"}


def _typed(
    kind: type[R],
    tables: dict[str, Table],
    name: str,
    needed: tuple[str, ...] = (),
    renamed: dict[str, str] | None = None,
) -> tuple[R, ...]:
    """The rows of a tab as ``kind``: one field for each column, by its name; ``needed`` fields are None when blank."""
    blank: dict[str, Any] = dict.fromkeys(needed)
    typed: list[R] = []
    for row in _rows(tables, name):
        values = blank | {(renamed or {}).get(column, column): value for column, value in row.values.items()}
        families = {_FAMILY_FIELDS[family]: members for family, members in row.members.items()}
        typed.append(kind(tab=name, **row.place, **families, **values))
    return tuple(typed)
