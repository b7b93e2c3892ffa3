"""The declaration of the tabs says of each column whose it is, what it holds and what it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import inputs
from sheets_sync import cell_lists, rule_tabs
from sheets_sync.columns import Column, ColumnType, Kind, ListOf, Owner
from sheets_sync.headers import folded
from sheets_sync.reference import reference
from sheets_sync.tabs import LIST_COLUMNS, TABS, tab

COLUMNS = [
    pytest.param(declared.name, column, id=f"{declared.name}-{column.name}")
    for declared in TABS
    for column in declared.columns
]
ROWS = {
    "Intake": inputs.IntakeRow,
    "Initiatives": inputs.InitiativeRow,
    "Metrics": inputs.MetricRow,
    "Contributions": inputs.ContributionRow,
    "Scenarios": inputs.ScenarioRow,
    "Constraints": inputs.ConstraintRow,
    "Targets": inputs.TargetRow,
    "Setup": inputs.SetupRow,
    "Roadmap Plan": inputs.PlanRow,
    "Requests": inputs.RequestRow,
}


def test_the_tabs_are_those_of_this_issue_in_the_order_people_see() -> None:
    assert [declared.name for declared in TABS] == [
        "Start",
        "Intake",
        "Initiatives",
        "Metrics",
        "Contributions",
        "Scenarios",
        "Constraints",
        "Targets",
        "Setup",
        "Portfolio",
        "Alerts",
        "Roadmap Plan",
        "Roadmap",
        "Run Log",
        "Checks",
        "Requests",
    ]


def test_what_people_read_first_is_visible_and_the_rest_hidden() -> None:
    visible = [declared.name for declared in TABS if not declared.is_hidden]
    assert visible == [
        "Start",
        "Initiatives",
        "Scenarios",
        "Constraints",
        "Targets",
        "Portfolio",
        "Roadmap Plan",
        "Roadmap",
    ]


@pytest.mark.parametrize("declared", TABS, ids=lambda declared: declared.name)
def test_no_two_columns_of_a_tab_can_be_taken_for_each_other(declared) -> None:
    names = [folded(name) for name in declared.names]
    assert len(names) == len(set(names))
    aliases = [folded(alias) for column in declared.columns for alias in column.aliases]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(names)


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_every_column_says_what_it_means_in_plain_words(name: str, column: Column) -> None:
    assert column.meaning.endswith(".")
    assert column.example or column.type in (ColumnType.TEXT, ColumnType.LINK)
    assert not (column.choices and column.dropdown)
    assert "MILP" not in column.meaning


@pytest.mark.parametrize(
    "declared", [d for d in TABS if d.kind is Kind.INPUT or d.name == "Roadmap Plan"], ids=lambda d: d.name
)
def test_every_row_that_can_have_findings_can_be_told_them(declared) -> None:
    assert declared.has_findings
    assert declared.column("sys: message").owner is Owner.SYSTEM


@pytest.mark.parametrize("declared", TABS, ids=lambda declared: declared.name)
def test_the_title_stands_beside_each_initiative_key(declared) -> None:
    if declared.name not in ("Initiatives", "Intake") and "initiative_key" in declared.names:
        assert declared.names[declared.names.index("initiative_key") + 1] == "title"


@pytest.mark.parametrize("name", ["Portfolio", "Alerts", "Roadmap Plan"])
def test_provenance_ends_every_row_of_what_is_published(name: str) -> None:
    names = tab(name).names
    wanted = (
        *("run", "scenario", "constraint_set", "rules_version", "inputs_as_of", "solved_at", "plan_quality", "source"),
        *("source_rows", "run_id", "portfolio_id", "constraint_digest"),
        *(("roadmap_version", "published_by", "published_at") if name == "Roadmap Plan" else ()),
    )
    assert names[-len(wanted) :] == wanted
    assert {c.name for c in tab(name).columns if c.group} == {"run_id", "portfolio_id", "constraint_digest"}


@pytest.mark.parametrize("name", ROWS)
def test_every_column_a_pm_fills_has_a_field_that_is_read(name: str) -> None:
    rules = {"scenario_name": "scenario_names", "constraint_set_name": "constraint_set_names"}
    renamed = {"Constraints": rules, "Targets": rules, "Setup": {"tab": "source_tab"}}.get(name, {})
    fields = set(ROWS[name].__dataclass_fields__)
    assert {renamed.get(column.name, column.name) for column in tab(name).columns if column.is_pm} <= fields


def test_every_dropdown_of_the_workbooks_own_has_a_list_that_exists() -> None:
    assert set(LIST_COLUMNS) == set(ListOf)
    for name, column in LIST_COLUMNS.values():
        assert tab(name).column(column)


def test_every_rule_uses_columns_that_are_there() -> None:
    assert len(rule_tabs.CONSTRAINT_TYPES) == 13
    for used in rule_tabs.CONSTRAINT_TYPES.values():
        assert set(used) <= set(tab("Constraints").names)
    assert set(rule_tabs.IMPORTANCES) == set(cell_lists.IMPORTANCE)


def test_the_workbook_page_of_the_docs_is_made_from_the_declaration() -> None:
    page = Path(__file__).parents[2] / "docs" / "workbook.md"
    assert page.read_text(encoding="utf-8") == reference(), "run: python -m sheets_sync.reference > docs/workbook.md"
