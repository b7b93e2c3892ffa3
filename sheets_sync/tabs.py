"""Every tab and column of the workbook, declared once: template, reader, writer, dropdowns and docs follow it."""

from __future__ import annotations

from sheets_sync.columns import Column, ColumnType, Family, Kind, ListOf, Owner, Tab
from sheets_sync.initiative_tabs import CONTRIBUTIONS, INITIATIVES, METRICS
from sheets_sync.intake_tabs import INTAKE, START
from sheets_sync.output_tabs import OUTPUT_TABS, PROVENANCE, PUBLICATION
from sheets_sync.rule_tabs import CONSTRAINT_TYPES, CONSTRAINTS, SCENARIOS, TARGETS
from sheets_sync.setup_tab import SETUP

__all__ = [
    "CONSTRAINT_TYPES",
    "LIST_COLUMNS",
    "PROVENANCE",
    "PUBLICATION",
    "TABS",
    "Column",
    "ColumnType",
    "Family",
    "Kind",
    "ListOf",
    "Owner",
    "Tab",
    "tab",
]

TABS: tuple[Tab, ...] = (
    START,
    INTAKE,
    INITIATIVES,
    METRICS,
    CONTRIBUTIONS,
    SCENARIOS,
    CONSTRAINTS,
    TARGETS,
    SETUP,
    *OUTPUT_TABS,
)
"""All tabs of the workbook in sheet order."""

LIST_COLUMNS: dict[ListOf, tuple[str, str]] = {
    ListOf.INITIATIVES: ("Initiatives", "sys: label"),
    ListOf.KPIS: ("Metrics", "kpi_key"),
    ListOf.SCENARIOS: ("Scenarios", "scenario_name"),
    ListOf.SETS: ("Constraints", "constraint_set_name"),
    ListOf.COUNTRIES: ("Initiatives", "country"),
    ListOf.DEPARTMENTS: ("Initiatives", "department"),
    ListOf.CATEGORIES: ("Initiatives", "category"),
    ListOf.PROGRAMS: ("Initiatives", "program"),
    ListOf.PRODUCTS: ("Initiatives", "product"),
    ListOf.SEGMENTS: ("Initiatives", "segment"),
}
"""Where each list of the workbook's own stands: (tab, column). ``sys: label`` is written by the worker: key · title."""

_BY_NAME = {declared.name: declared for declared in TABS}


def tab(name: str) -> Tab:
    """The declared tab of that exact name; KeyError where there is none."""
    return _BY_NAME[name]
