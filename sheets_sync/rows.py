"""The PMs' tabs as typed rows: every good row is read, every problem is a Finding on its cell."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from engine.findings import Finding, Severity
from engine.inputs import (
    ConstraintRow,
    ContributionRow,
    InitiativeRow,
    MetricRow,
    PlanRow,
    RequestRow,
    ScenarioRow,
    TargetRow,
    WorkbookInputs,
)
from engine.keys import normalised
from sheets_sync.cells import read_percent, shown
from sheets_sync.columns import Kind, Tab
from sheets_sync.grids import CellValue, Grid, Workbook
from sheets_sync.headers import Header, folded, grid_of, header, row_digest
from sheets_sync.setup_rows import is_time_zone, read_setup
from sheets_sync.table_rows import Context, Table, TableRow, read_table
from sheets_sync.tabs import TABS, tab

__all__ = ["Header", "header", "kpi_keys", "read_inputs", "row_digest"]

_ALSO_READ = {
    "Initiatives": ("initiative_key",),
    "Roadmap Plan": ("initiative_key", "roadmap_version"),
    "Requests": ("status", "message"),
}
"""System columns that are read beside the PMs' own: by them the rows are known."""


def read_inputs(workbook: Workbook) -> tuple[WorkbookInputs, tuple[Finding, ...]]:
    """Everything people typed, and what is wrong with it, in sheet order.

    Findings of a cell stop nothing: ``row.bad`` names the column, and whoever uses the row decides what is lost by it.
    """
    zone = workbook.time_zone if is_time_zone(workbook.time_zone) else "UTC"
    context = Context(locale=workbook.locale, time_zone=zone)
    tables: dict[str, Table] = {}
    findings: list[Finding] = []

    def read(name: str, context: Context, kpis: Iterable[str] = ()) -> list[TableRow]:
        declared = tab(name)
        grid = grid_of(workbook, declared)
        if grid is None:
            return []
        top = header(grid, declared, kpis)
        tables[name] = read_table(grid, top, context, _ALSO_READ.get(name, ()))
        return tables[name].rows

    metrics = read("Metrics", context)
    _tell_reserved_kpis(tables.get("Metrics"))
    kpis = [row.values["kpi_key"] for row in metrics if "kpi_key" in row.values]
    initiatives = read("Initiatives", context)
    titles = _titles(initiatives)
    scenarios = read("Scenarios", context)
    names = tuple(row.values["scenario_name"] for row in scenarios if "scenario_name" in row.values)
    context = Context(locale=workbook.locale, time_zone=zone, titles=titles, scenarios=names)
    contributions = read("Contributions", context, kpis)
    constraints = read("Constraints", context)
    targets = read("Targets", context)
    read("Setup", context)
    plan = read("Roadmap Plan", context)
    requests = read("Requests", context)

    _tell_twice(tables.get("Initiatives"), "initiative_key", "clear the key of the newer row, and it is given its own")
    _tell_twice(tables.get("Contributions"), "initiative_key", "keep one row for each initiative")
    _tell_twice(tables.get("Roadmap Plan"), "initiative_key", "delete the copied row")
    _tell_blank(tables.get("Initiatives"), "title", Severity.WARN)
    for name, column in (("Contributions", "initiative_key"), ("Scenarios", "scenario_name"), ("Roadmap Plan", "initiative_key")):
        _tell_blank(tables.get(name), column, Severity.ERROR)
    _tell_kpi_columns(tables.get("Contributions"), metrics)
    _read_shares(tables.get("Constraints"), workbook)
    setup = read_setup(tables.get("Setup"), workbook.locale, workbook.time_zone)

    for declared in TABS:
        findings += _of_tab(workbook, declared, tables, kpis)
    inputs = WorkbookInputs(
        initiatives=tuple(_initiative(row) for row in initiatives),
        metrics=tuple(_typed(MetricRow, "Metrics", row, ("kpi_key",)) for row in metrics),
        contributions=tuple(
            ContributionRow(
                tab="Contributions",
                initiative_key=row.values.get("initiative_key"),
                contributions=row.members["kpi"],
                **row.place,
            )
            for row in contributions
        ),
        scenarios=tuple(_typed(ScenarioRow, "Scenarios", row, ("scenario_name",)) for row in scenarios),
        constraints=tuple(_rule(ConstraintRow, "Constraints", row) for row in constraints),
        targets=tuple(_rule(TargetRow, "Targets", row) for row in targets),
        setup=setup,
        plan=tuple(_typed(PlanRow, "Roadmap Plan", row, ("initiative_key",)) for row in plan),
        requests=tuple(_typed(RequestRow, "Requests", row, ("request_id",)) for row in requests),
    )
    return inputs, tuple(findings)
