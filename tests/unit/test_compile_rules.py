"""Compiling Constraints and Targets: every kind of rule, its sources, and every way a row can be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.compile import Compiled, compile_problem
from engine.findings import Finding, Severity
from engine.inputs import (
    ConstraintRow,
    ContributionRow,
    InitiativeRow,
    MetricRow,
    ScenarioRow,
    Setup,
    TargetRow,
    WorkbookInputs,
)
from engine.problem import Bundle, ConstraintSet, Group, Synergy

TODAY = date(2026, 1, 15)
A, B, C, DONE = (f"INIT-{number:06d}" for number in (1, 2, 3, 4))
RULE_COLUMNS = dict(zip(
    ("scenario_name", "constraint_set_name", "constraint_type", "dimension", "dimension_key", "resource", "period",
     "min", "max", "members", "kpi_key", "bonus", "reason", "requested_by", "valid_until", "is_active", "notes"),
    "ABCDEFGHIJKLMNOPQ", strict=True,
))  # fmt: skip
TARGET_COLUMNS = dict(zip(
    ("scenario_name", "constraint_set_name", "dimension", "dimension_key", "kpi_key", "type", "target_value",
     "baseline_value", "importance", "is_active", "notes"),
    "ABCDEFGHIJK", strict=True,
))  # fmt: skip


def rule(kind: str | None, row: int = 7, **more: Any) -> ConstraintRow:
    numbers = {column: Decimal(str(more[column])) for column in ("min", "max", "bonus") if more.get(column) is not None}
    cells = {column: f"{letter}{row}" for column, letter in RULE_COLUMNS.items()}
    fields = {**more, **numbers}
    return ConstraintRow(
        tab="Constraints", row=row, cells=cells, digest=f"sha256:{row}", constraint_type=kind, **fields
    )


def aim(kind: str | None, row: int = 3, kpi: str | None = "revenue", value: Any = 5, **more: Any) -> TargetRow:
    numbers = {c: Decimal(str(more[c])) for c in ("baseline_value", "importance") if more.get(c) is not None}
    fields = {**more, **numbers}
    return TargetRow(
        tab="Targets",
        row=row,
        cells={column: f"{letter}{row}" for column, letter in TARGET_COLUMNS.items()},
        type=kind,
        kpi_key=kpi,
        target_value=None if value is None else Decimal(str(value)),
        **fields,
    )


def workbook(rules: Sequence[ConstraintRow] = (), targets: Sequence[TargetRow] = (), **scenario: Any) -> WorkbookInputs:
    """Three candidates and a delivered one; KPIs revenue and (to decrease) minutes; scenarios Core and Lean."""
    countries, tokens = ("UK", "FR", None), Decimal(100)
    initiatives = [
        InitiativeRow(
            tab="Initiatives", row=n + 2, initiative_key=key, title=f"Idea {n + 1}", country=countries[n],
            product="Payments", engineering_tokens=tokens, is_candidate=True, resources={"Design": Decimal(50)},
        )
        for n, key in enumerate((A, B, C))
    ]  # fmt: skip
    done = InitiativeRow(tab="Initiatives", row=5, initiative_key=DONE, title="Old", lifecycle_status="delivered")
    fields: dict[str, Any] = {
        "period_key": "2026-Q1",
        "capacity_total_tokens": Decimal(900),
        "objective_mode": "north_star",
    }
    return WorkbookInputs(
        initiatives=(*initiatives, done),
        metrics=(
            MetricRow(tab="Metrics", row=2, kpi_key="revenue", kpi_level="north_star", unit="EUR"),
            MetricRow(tab="Metrics", row=3, kpi_key="minutes", direction="decrease"),
            MetricRow(tab="Metrics", row=4, kpi_key="old", is_active=False),
        ),
        contributions=tuple(
            ContributionRow(tab="Contributions", row=n, initiative_key=key, contributions={"revenue": Decimal(9)})
            for n, key in enumerate((A, B, C), start=2)
        ),
        scenarios=(
            ScenarioRow(tab="Scenarios", row=2, scenario_name="Core", **{**fields, **scenario}),
            ScenarioRow(tab="Scenarios", row=3, scenario_name="Lean", **fields),
        ),
        constraints=tuple(rules),
        targets=tuple(targets),
        setup=Setup(default_scenario="Core", default_constraint_set="Baseline"),
    )


def compiled(
    *rows: ConstraintRow | TargetRow, scenario: str | None = None, name: str | None = None, **more: Any
) -> Compiled:
    rules = [row for row in rows if isinstance(row, ConstraintRow)]
    targets = [row for row in rows if isinstance(row, TargetRow)]
    return compile_problem(workbook(rules, targets, **more), scenario=scenario, constraint_set=name, today=TODAY)


def set_of(*rows: ConstraintRow | TargetRow, **more: Any) -> ConstraintSet:
    found = compiled(*rows, **more)
    assert found.findings == (), [str(finding) for finding in found.findings]
    assert found.problem is not None
    return found.constraint_set


def told(*rows: ConstraintRow | TargetRow, **more: Any) -> Finding:
    """The one finding; an ERROR of it has stopped the run, a WARN has not."""
    found = compiled(*rows, **more)
    (finding,) = found.findings
    assert (found.problem is None) is finding.stops_run is (finding.severity is Severity.ERROR)
    return finding


IN_UK: dict[str, Any] = {"dimension": "Country", "dimension_key": " uk"}
AMOUNT = Decimal(40)


@pytest.mark.parametrize(
    ("row", "field", "value", "path", "cell"),
    [
        (rule("capacity_floor", **IN_UK, min=40), "floors", {"country": {"UK": AMOUNT}}, "floors.country.uk", "H7"),
        (rule("capacity_cap", **IN_UK, max=40), "caps", {"country": {"UK": AMOUNT}}, "caps.country.uk", "I7"),
        (
            rule("capacity_floor", **IN_UK, min=40, resource="DESIGN"),
            "resource_floors", {"Design": {"country": {"UK": AMOUNT}}}, "resource_floors.design.country.uk", "H7",
        ),
        (
            rule("capacity_cap", **IN_UK, max=40, resource="design "),
            "resource_caps", {"Design": {"country": {"UK": AMOUNT}}}, "resource_caps.design.country.uk", "I7",
        ),
        (
            rule("capacity_floor", **IN_UK, min=40, period="2026-Q1"),
            "period_floors", {"2026-Q1": {"country": {"UK": AMOUNT}}}, "period_floors.2026-q1.country.uk", "H7",
        ),
        (
            rule("capacity_cap", **IN_UK, max=40, period="2026-Q1"),
            "period_caps", {"2026-Q1": {"country": {"UK": AMOUNT}}}, "period_caps.2026-q1.country.uk", "I7",
        ),
        (
            rule("capacity_cap", **IN_UK, max=40, period="2026-Q1", resource="Design"),
            "period_resource_caps", {"2026-Q1": {"Design": {"country": {"UK": AMOUNT}}}},
            "period_resource_caps.2026-q1.design.country.uk", "I7",
        ),
        (rule("count_floor", **IN_UK, min=1), "count_floors", {"country": {"UK": 1}}, "count_floors.country.uk", "H7"),
        (rule("count_cap", **IN_UK, max=4), "count_caps", {"country": {"UK": 4}}, "count_caps.country.uk", "I7"),
        (
            rule("share_floor", **IN_UK, min="0.4"),
            "share_floors", {"country": {"UK": Decimal("0.4")}}, "share_floors.country.uk", "H7",
        ),
        (
            rule("share_cap", **IN_UK, max="0.4"),
            "share_caps", {"country": {"UK": Decimal("0.4")}}, "share_caps.country.uk", "I7",
        ),
        (
            rule("capacity_cap", dimension="product+country", dimension_key="payments | UK", max=40),
            "caps", {"country+product": {"UK|Payments": AMOUNT}}, "caps.country+product.uk|payments", "I7",
        ),
        (
            rule("capacity_cap", dimension="all", max=40),
            "caps", {"all": {"all": AMOUNT}}, "caps.all.all", "I7",
        ),
        (rule("mandatory", members=(B, A)), "mandatory_initiatives", (A, B), "mandatory_initiatives.init-000002", "J7"),
        (
            rule("exclude_initiative", members=(A,)),
            "exclusions_initiatives", (A,), "exclusions_initiatives.init-000001", "J7",
        ),
        (
            rule("exclude_pair", members=(C, A)),
            "exclusions_pairs", ((A, C),), "exclusions_pairs.init-000001+init-000003", "J7",
        ),
        (
            rule("bundle", members=(C, A, B)),
            "bundles", (Bundle(bundle_key="init-000001+init-000002+init-000003", members=(A, B, C)),),
            "bundles.init-000001+init-000002+init-000003", "J7",
        ),
        (
            rule("group", members=(B, A), max=1),
            "groups", (Group(group_key="init-000001+init-000002", members=(A, B), max_selected=1),),
            "groups.init-000001+init-000002", "I7",
        ),
        (
            rule("group", members=(B, A), min=1, max=2),
            "groups", (Group(group_key="init-000001+init-000002", members=(A, B), min_selected=1, max_selected=2),),
            "groups.init-000001+init-000002", "H7",
        ),
        (
            rule("prerequisite", dimension_key="init-1 · Idea 1", members=(C, B)),
            "prerequisites", {A: (B, C)}, "prerequisites.init-000001.init-000002", "J7",
        ),
        (
            rule("synergy", members=(B, A), kpi_key="Revenue", bonus=-5),
            "synergy_bonuses", (Synergy(members=(A, B), kpi_key="revenue", bonus=Decimal(-5)),),
            "synergy_bonuses.init-000001+init-000002", "L7",
        ),
    ],
)  # fmt: skip
def test_each_kind_of_rule_compiles_to_its_field_and_names_its_cell(
    row: ConstraintRow, field: str, value: Any, path: str, cell: str
) -> None:
    rules = set_of(row)
    assert getattr(rules, field) == value
    filled = {name for name in ConstraintSet.model_fields if getattr(rules, name) not in ({}, (), None)}
    assert filled == {field, "satisfied", "sources"}
    assert rules.sources[path][0].cell == f"Constraints!{cell}"
    assert rules.sources[path][0].row == "sha256:7"


def test_the_reason_of_a_forced_initiative_is_kept() -> None:
    assert set_of(rule("mandatory", members=(A,), reason=" Signed ")).reasons == {A: "Signed"}


def test_the_reasons_of_several_rows_are_joined_in_one_order() -> None:
    rows = [rule("mandatory", n, members=(A,), reason=f"reason {n}") for n in (9, 7, 8, 6, 5)]
    joined = "reason 5; reason 6; reason 7; reason 8; reason 9"
    assert compiled(*rows).constraint_set.reasons == {A: joined}


def test_several_rows_for_one_dependent_add_up() -> None:
    rules = set_of(
        rule("prerequisite", 7, dimension_key=A, members=(B,)), rule("prerequisite", 8, dimension_key=A, members=(C,))
    )
    assert rules.prerequisites == {A: (B, C)}
    assert [source.cell for source in rules.sources["prerequisites.init-000001"]] == [
        "Constraints!J7",
        "Constraints!J8",
    ]


def test_a_slice_is_shown_as_initiatives_spell_it_whatever_the_rule_writes() -> None:
    assert set_of(rule("capacity_cap", dimension="COUNTRY", dimension_key="ＵＫ", max=1)).caps == {
        "country": {"UK": Decimal(1)}
    }


@pytest.mark.parametrize(
    ("row", "column", "part"),
    [
        (rule(None, **IN_UK), "constraint_type", "is missing"),
        (rule("capacity_capp", **IN_UK, max=1), "constraint_type", "did you mean capacity_cap?"),
        (rule("capacity_cap", **IN_UK), "max", "max is missing; write the most tokens allowed"),
        (rule("capacity_cap", **IN_UK, max=-1), "max", "below zero"),
        (rule("capacity_cap", dimension_key="UK", max=1), "dimension", "is missing"),
        (rule("capacity_cap", dimension="land", dimension_key="UK", max=1), "dimension", "is no dimension"),
        (rule("capacity_cap", dimension="countri", dimension_key="UK", max=1), "dimension", "did you mean 'country'?"),
        (rule("capacity_cap", dimension="country", max=1), "dimension_key", "Write which country"),
        (rule("capacity_cap", dimension="all", dimension_key="UK", max=1), "dimension_key", "clear 'UK'"),
        (rule("capacity_cap", dimension="country+product", dimension_key="UK", max=1), "dimension_key", "like A|B"),
        (rule("capacity_cap", dimension="country+country", dimension_key="A|A", max=1), "dimension", "is no dimension"),
        (rule("capacity_floor", **IN_UK, min=1, resource="Design", period="2026-Q1"), "period", "not both"),
        (rule("capacity_cap", **IN_UK, max=1, period="2026-03"), "period", "write 2026-Q1"),
        (rule("count_cap", **IN_UK, max="2.5"), "max", "no whole number"),
        (rule("share_cap", **IN_UK, max=30), "max", "write 30% or 0.3"),
        (rule("mandatory"), "members", "members is missing"),
        (rule("mandatory", members=("INIT-000099",)), "members", "INIT-000099 is not in Initiatives"),
        (rule("exclude_pair", members=(A,)), "members", "A pair needs two"),
        (rule("exclude_pair", members=(A, B, C)), "members", "choose constraint_type group with max 1"),
        (rule("bundle", members=(A, A)), "members", "A bundle needs two or more"),
        (rule("group", members=(A, B)), "min", "needs min, max or both"),
        (rule("group", members=(A, B), min=2, max=1), "min", "min 2 is more than max 1"),
        (rule("group", members=(A, B), min=3), "min", "more than the 2 initiatives"),
        (rule("prerequisite", members=(A,)), "dimension_key", "The initiative is missing"),
        (rule("prerequisite", dimension_key="Checkout", members=(A,)), "dimension_key", "write its key"),
        (rule("prerequisite", dimension_key="INIT-000099", members=(A,)), "dimension_key", "is not in Initiatives"),
        (rule("synergy", members=(A, B), bonus=1), "kpi_key", "The KPI is missing"),
        (rule("synergy", members=(A, B), kpi_key="revenu", bonus=1), "kpi_key", "did you mean 'revenue'?"),
        (rule("synergy", members=(A, B), kpi_key="old", bonus=1), "kpi_key", "is switched off in Metrics"),
        (rule("synergy", members=(A, B), kpi_key="revenue"), "bonus", "bonus is missing"),
        (aim(None), "type", "The type is missing"),
        (aim("ceiling"), "type", "is no type of target"),
        (aim("goal", kpi="revenu"), "kpi_key", "did you mean 'revenue'?"),
        (aim("goal", value=None), "target_value", "is missing"),
        (aim("goal", importance=-1), "importance", "below zero"),
        (aim("cap", kpi="minutes"), "type", "write floor"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_understood_stops_the_run_at_its_cell(
    row: ConstraintRow | TargetRow, column: str, part: str
) -> None:
    finding = told(row)
    assert (finding.severity, finding.column, finding.cell) == (Severity.ERROR, column, row.cells[column])
    assert part in finding.message


@pytest.mark.parametrize(
    ("row", "column", "part"),
    [
        (rule("capacity_cap", **IN_UK, max=1, min=2, bonus=3), "min", "does not use min and bonus"),
        (rule("mandatory", members=(A,), dimension="all"), "dimension", "does not use dimension"),
        (rule("capacity_cap", **IN_UK, max=1, reason="Because"), "reason", "does not use reason"),
        (rule("capacity_cap", dimension="country", dimension_key="U.K", max=1), "dimension_key", "did you mean 'UK'?"),
        (rule("capacity_cap", **IN_UK, max=1, resource="desing"), "resource", "did you mean 'Design'?"),
        (rule("prerequisite", dimension_key=A, members=(A, B)), "members", "cannot wait for itself"),
        (rule("exclude_initiative", members=(DONE,)), "members", "is delivered"),
        (
            rule("capacity_cap", **IN_UK, max=1, period="2026-Q3", scenario_names=("Core",)),
            "period", "this row says nothing there",
        ),
        (rule(None, is_active=True), "constraint_type", "says nothing yet"),
        (aim("floor", importance=1), "importance", "does not use importance"),
        (aim("floor", kpi="minutes", value=30), "target_value", "write where it stands today as baseline_value"),
        (aim(None, kpi=None, value=None, is_active=True), "kpi_key", "says nothing yet"),
    ],
)  # fmt: skip
def test_a_rule_that_is_odd_but_clear_is_a_warning(row: ConstraintRow | TargetRow, column: str, part: str) -> None:
    finding = told(row)
    assert (finding.severity, finding.column) == (Severity.WARN, column)
    assert part in finding.message


def test_all_that_is_wrong_with_a_row_is_told_at_once() -> None:
    found = compiled(rule("synergy", members=(A, "INIT-000099"), kpi_key="revenu", reason="x"))
    assert [finding.column for finding in found.findings] == ["reason", "members", "kpi_key", "bonus"]


@pytest.mark.parametrize("column", ["max", "dimension", "dimension_key", "resource", "period", "constraint_type"])
def test_a_rule_lost_by_an_unreadable_cell_stops_the_run(column: str) -> None:
    fields = {**IN_UK, "max": None if column == "max" else 5, "bad": frozenset({column})}
    found = compiled(rule("capacity_cap", 7, **fields), rule("capacity_cap", 8, dimension="all", max=3))
    assert found.problem is None
    assert any(finding.stops_run and finding.row == 7 for finding in found.findings)
    assert found.constraint_set.caps == {"all": {"all": Decimal(3)}}


def test_an_unreadable_note_loses_no_rule() -> None:
    assert set_of(rule("mandatory", members=(A,), bad=frozenset({"reason", "notes"}))).mandatory_initiatives == (A,)


@pytest.mark.parametrize("column", ["scenario_name", "constraint_set_name", "is_active", "valid_until"])
def test_a_row_whose_reach_cannot_be_read_stops_the_run(column: str) -> None:
    finding = told(rule("capacity_cap", **IN_UK, max=5, bad=frozenset({column})))
    assert "Whether this row holds is unknown" in finding.message


@pytest.mark.parametrize(
    "more",
    [
        {"scenario_names": ("Lean",)},
        {"constraint_set_names": ("Aggressive",)},
        {"is_active": False},
        {"valid_until": date(2026, 1, 14)},
    ],
)
def test_a_rule_of_another_scenario_or_set_or_that_is_off_does_not_hold(more: dict[str, Any]) -> None:
    assert set_of(rule("capacity_cap", **IN_UK, max=5, **more)).caps == {}


@pytest.mark.parametrize(
    "more",
    [
        {"scenario_names": ("lean", " CORE ")},
        {"constraint_set_names": ("Aggressive", "baseline")},
        {"is_active": True},
        {"valid_until": TODAY},
    ],
)
def test_a_rule_holds_where_its_lists_name_the_run_and_until_its_last_day(more: dict[str, Any]) -> None:
    assert set_of(rule("capacity_cap", **IN_UK, max=5, **more)).caps == {"country": {"UK": Decimal(5)}}


def test_a_wrong_rule_of_another_scenario_is_told_and_stops_nothing() -> None:
    found = compiled(rule("mandatory", members=("INIT-000099",), scenario_names=("Lean",)))
    (finding,) = found.findings
    assert finding.severity is Severity.ERROR
    assert found.problem is not None


def test_a_row_with_an_unknown_scenario_name_stops_the_run_it_may_have_been_meant_for() -> None:
    finding = told(rule("capacity_cap", **IN_UK, max=5, scenario_names=("Coer",)))
    assert "did you mean 'Core'?" in finding.message


def test_a_row_that_names_this_scenario_and_an_unknown_one_holds() -> None:
    found = compiled(rule("capacity_cap", **IN_UK, max=5, scenario_names=("Core", "Gone")))
    assert [finding.severity for finding in found.findings] == [Severity.ERROR]
    assert found.problem is not None
    assert found.constraint_set.caps == {"country": {"UK": Decimal(5)}}


def test_rows_that_disagree_are_both_errors_that_name_each_other() -> None:
    found = compiled(
        rule("capacity_cap", 7, **IN_UK, max=400),
        rule("capacity_cap", 9, dimension="country", dimension_key="UK", max=450),
    )
    assert found.problem is None
    assert [(f.cell, f.stops_run) for f in found.findings] == [("I7", True), ("I9", True)]
    assert "Constraints row 9 says UK: at most 450 tokens" in found.findings[0].message
    assert "Constraints row 7 says UK: at most 400 tokens" in found.findings[1].message


def test_a_capacity_per_period_and_a_rule_that_disagree_name_each_other_across_tabs() -> None:
    found = compiled(rule("capacity_cap", dimension="all", max=5, period="2026-Q1"), capacity_per_period=Decimal(9))
    assert {finding.tab for finding in found.findings} == {"Constraints", "Scenarios"}


def test_the_same_rule_twice_is_a_warning_and_one_rule() -> None:
    found = compiled(rule("capacity_cap", 7, **IN_UK, max=40), rule("capacity_cap", 9, **IN_UK, max="40.0"))
    (finding,) = found.findings
    assert (finding.severity, finding.row) == (Severity.WARN, 9)
    assert "Constraints row 7 says this already" in finding.message
    assert found.constraint_set.caps == {"country": {"UK": AMOUNT}}
    cells = [source.cell for source in found.constraint_set.sources["caps.country.uk"]]
    assert cells == ["Constraints!I7", "Constraints!I9"]


def test_two_targets_of_one_kind_that_disagree_are_both_errors() -> None:
    found = compiled(aim("goal", 3, value=5), aim("goal", 4, value=6), aim("floor", 5, value=1))
    assert [f.row for f in found.findings] == [3, 4]


def test_a_bundle_with_a_member_that_cannot_be_chosen_is_a_warning() -> None:
    inputs = workbook([rule("bundle", members=(A, B))])
    without = replace(inputs.initiatives[1], engineering_tokens=None)
    changed = replace(inputs, initiatives=(inputs.initiatives[0], without, *inputs.initiatives[2:]))
    found = compile_problem(changed, scenario=None, constraint_set=None, today=TODAY)
    assert found.problem is not None
    assert any("Idea 2 (INIT-000002) (no tokens) cannot be chosen" in finding.message for finding in found.findings)


def test_rows_that_contradict_each_other_are_errors_that_name_each_other_and_leave_the_run_to_say_infeasible() -> None:
    found = compiled(rule("mandatory", 7, members=(A,)), rule("exclude_initiative", 9, members=(A,)))
    assert found.problem is not None
    assert [(f.severity, f.cell, f.stops_run) for f in found.findings] == [
        (Severity.ERROR, "J7", False),
        (Severity.ERROR, "J9", False),
    ]
    assert found.findings[0].message == (
        "Idea 1 (INIT-000001) has to be in and Idea 1 (INIT-000001) has to be out: these cannot all hold; "
        "change this row or Constraints row 9"
    )
    assert found.findings[1].message.endswith("change this row or Constraints row 7")


def test_a_contradiction_across_tabs_names_the_row_of_the_other_tab() -> None:
    scenario = {"capacity_total_tokens": Decimal(90), "cells": {"capacity_total_tokens": "D2"}}
    floor, capacity = compiled(rule("capacity_floor", 7, **IN_UK, min=95), **scenario).findings
    assert (floor.tab, floor.cell, capacity.tab, capacity.cell) == ("Constraints", "H7", "Scenarios", "D2")
    assert floor.message.endswith("over the capacity of 90 tokens; change this row or Scenarios row 2")


def test_a_target_that_is_out_of_reach_is_told_with_the_most_that_can_be_had() -> None:
    (finding,) = compiled(aim("floor", value=28)).findings
    assert (finding.tab, finding.cell) == ("Targets", "G3")
    assert "cannot be reached: all there is comes to 27 EUR revenue" in finding.message


def test_prerequisites_in_a_circle_are_a_warning_on_each_of_their_rows() -> None:
    found = compiled(
        rule("prerequisite", 7, dimension_key=A, members=(B,)), rule("prerequisite", 8, dimension_key=B, members=(A,))
    )
    assert [(f.severity, f.cell) for f in found.findings] == [(Severity.WARN, "J7"), (Severity.WARN, "J8")]
