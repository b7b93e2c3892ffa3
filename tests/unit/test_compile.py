"""Compiling rows: scenario, candidates, left out, deadlines, and what stops a run."""

from __future__ import annotations

from collections.abc import Callable
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

TODAY = date(2026, 1, 15)
Build = Callable[..., WorkbookInputs]


def key(number: int) -> str:
    return f"INIT-{number:06d}"


def _cells(kind: type, row: int) -> dict[str, str]:
    names = [name for name in kind.__dataclass_fields__ if name not in ("tab", "row", "cells", "digest", "bad")]
    return {name: f"{chr(65 + n % 26)}{row}" for n, name in enumerate(names)}


def initiative(number: int, **more: Any) -> InitiativeRow:
    given = {"title": f"Idea {number}", "engineering_tokens": Decimal(100), "is_candidate": True, "country": "UK"}
    return InitiativeRow(
        tab="Initiatives",
        row=number + 1,
        cells=_cells(InitiativeRow, number + 1) | {"resource: design": f"Z{number + 1}"},
        digest=f"sha256:i{number}",
        initiative_key=key(number),
        **{**given, **more},
    )


def rule(row: int, kind: str | None, **more: Any) -> ConstraintRow:
    return ConstraintRow(
        tab="Constraints",
        row=row,
        cells=_cells(ConstraintRow, row),
        digest=f"sha256:c{row}",
        constraint_type=kind,
        **more,
    )


def target(row: int, kind: str | None, kpi: str | None = "revenue", value: int | None = 5, **more: Any) -> TargetRow:
    return TargetRow(
        tab="Targets",
        row=row,
        cells=_cells(TargetRow, row),
        type=kind,
        kpi_key=kpi,
        target_value=None if value is None else Decimal(value),
        **more,
    )


def scenario(name: str = "Core", row: int = 2, **more: Any) -> ScenarioRow:
    given = {"period_key": "2026-Q1", "capacity_total_tokens": Decimal(500), "objective_mode": "north_star"}
    return ScenarioRow(
        tab="Scenarios", row=row, cells=_cells(ScenarioRow, row), scenario_name=name, **{**given, **more}
    )


def gains(number: int, row: int | None = None, **amounts: int) -> ContributionRow:
    at = row or number + 1
    return ContributionRow(
        tab="Contributions",
        row=at,
        cells={
            "initiative_key": f"A{at}",
            **{kpi: f"{chr(67 + n)}{at}" for n, kpi in enumerate(("revenue", "orders"))},
        },
        initiative_key=key(number),
        contributions={kpi: Decimal(amount) for kpi, amount in amounts.items()},
    )


def metric(row: int, kpi: str, level: str | None = None, direction: str | None = None, **more: Any) -> MetricRow:
    return MetricRow(
        tab="Metrics", row=row, cells=_cells(MetricRow, row), kpi_key=kpi, kpi_level=level, direction=direction, **more
    )


def inputs(**more: Any) -> WorkbookInputs:
    """Three initiatives, each with a contribution, two KPIs, one scenario, no rules."""
    rows: tuple[InitiativeRow, ...] = more.pop("initiatives", (initiative(1), initiative(2), initiative(3)))
    base = WorkbookInputs(
        initiatives=rows,
        metrics=(metric(2, "revenue", "north_star"), metric(3, "delivery_time", direction="decrease")),
        contributions=tuple(gains(row.row - 1, revenue=10 * (row.row - 1)) for row in rows),
        scenarios=(scenario(),),
        setup=Setup(default_scenario="Core", default_constraint_set="Baseline"),
    )
    return replace(base, **more)


def compiled(given: WorkbookInputs, **more: Any) -> Compiled:
    return compile_problem(given, **{"scenario": None, "constraint_set": None, "today": TODAY, **more})


def only(found: Compiled, severity: Severity | None = None) -> Finding:
    findings = [f for f in found.findings if severity is None or f.severity is severity]
    assert len(findings) == 1, [str(f) for f in found.findings]
    return findings[0]


def stopped_by(given: WorkbookInputs, **more: Any) -> list[str]:
    """The sentences that stop the run."""
    found = compiled(given, **more)
    assert found.problem is None
    return [str(finding) for finding in found.findings if finding.stops_run]


def test_a_sound_workbook_compiles_to_a_problem_without_findings() -> None:
    found = compiled(inputs())
    assert found.findings == ()
    assert found.problem is not None
    assert found.problem.scenario_name == "Core"
    assert found.problem.constraint_set_name == "Baseline"
    assert found.problem.periods == ("2026-Q1",)
    assert [c.initiative_key for c in found.problem.candidates] == [key(1), key(2), key(3)]
    assert found.problem.candidates[1].kpi_contributions == {"revenue": Decimal(20)}
    assert found.problem.previous_selection is None


def test_an_unknown_scenario_stops_the_run_and_names_the_nearest() -> None:
    (told,) = stopped_by(inputs(), scenario="Coer")
    assert "did you mean 'Core'?" in told


def test_a_scenario_is_found_in_any_spelling() -> None:
    assert compiled(inputs(), scenario=" cORE ").scenario_name == "Core"


def test_without_a_default_the_only_active_scenario_is_planned() -> None:
    two = (scenario(), scenario("Lean", 3, is_active=False))
    found = compiled(inputs(scenarios=two, setup=Setup()))
    assert found.scenario_name == "Core"


def test_without_a_default_two_active_scenarios_stop_the_run() -> None:
    (told,) = stopped_by(inputs(scenarios=(scenario(), scenario("Lean", 3)), setup=Setup()))
    assert "write one of: Core, Lean" in told


def test_a_scenario_that_is_switched_off_is_not_planned() -> None:
    (told,) = stopped_by(inputs(scenarios=(scenario(is_active=False),)))
    assert "switched off" in told


def test_two_scenarios_of_one_name_are_both_told() -> None:
    told = stopped_by(inputs(scenarios=(scenario(), scenario(" core", 3))))
    assert [text.split(":")[0] for text in told] == ["Scenarios!A2", "Scenarios!A3"]


def test_an_unknown_set_stops_the_run_and_names_the_nearest() -> None:
    rules = (rule(2, "capacity_cap", dimension="all", max=Decimal(9), constraint_set_names=("Aggressive",)),)
    (told,) = stopped_by(inputs(constraints=rules), constraint_set="Agressive")
    assert "did you mean 'Aggressive'?" in told


@pytest.mark.parametrize(
    ("cell", "value", "part"),
    [
        ("capacity_total_tokens", None, "no capacity"),
        ("capacity_total_tokens", Decimal(-1), "below zero"),
        ("period_key", None, "no period"),
        ("periods", 0, "write 1 to 120"),
        ("periods", 10**9, "write 1 to 120"),
        ("objective_mode", None, "no objective_mode"),
        ("objective_mode", "north star!", "did you mean north_star?"),
        ("objective_mode", "score", "There are no scores yet"),
        ("objective_mode", "weighted_kpis", "needs a weight"),
        ("objective_mode", "lexicographic", "needs an order"),
        ("time_limit_s", Decimal(0), "no time to plan"),
        ("good_enough_within", Decimal(5), "more than 100 %"),
    ],
)
def test_a_scenario_that_cannot_be_planned_stops_the_run_and_says_why(cell: str, value: Any, part: str) -> None:
    (told,) = stopped_by(inputs(scenarios=(scenario(**{cell: value}),)))
    assert part in told
    assert told.startswith("Scenarios!")


def test_a_bad_cell_of_the_scenario_stops_the_run() -> None:
    (told,) = stopped_by(
        inputs(scenarios=(scenario(capacity_total_tokens=None, bad=frozenset({"capacity_total_tokens"})),))
    )
    assert "capacity_total_tokens cannot be read" in told


def test_weights_of_unknown_kpis_name_the_nearest() -> None:
    row = scenario(objective_mode="weighted_kpis", objective_weights={"revenu": Decimal(1)})
    (told,) = stopped_by(inputs(scenarios=(row,)))
    assert "did you mean 'revenue'?" in told


def test_weights_are_kept_under_the_name_that_metrics_gives() -> None:
    row = scenario(objective_mode="weighted_kpis", objective_weights={"REVENUE": Decimal("0.6")})
    problem = compiled(inputs(scenarios=(row,))).problem
    assert problem is not None
    assert problem.objective.weights == {"revenue": Decimal("0.6")}


def test_an_objective_in_order_compiles_faithfully() -> None:
    row = scenario(
        objective_mode="lexicographic", objective_order=("revenue", "delivery_time"), may_give_up=Decimal("0.05")
    )
    problem = compiled(inputs(scenarios=(row,))).problem
    assert problem is not None
    assert problem.objective.order == ("revenue", "delivery_time")
    assert problem.objective.tolerance == Decimal("0.05")


def test_several_periods_and_a_limit_for_each_compile_faithfully() -> None:
    found = compiled(inputs(scenarios=(scenario(periods=2, capacity_per_period=Decimal(300)),)))
    assert found.problem is not None
    assert found.problem.periods == ("2026-Q1", "2026-Q2")
    assert found.constraint_set.period_caps == {
        "2026-Q1": {"all": {"all": Decimal(300)}},
        "2026-Q2": {"all": {"all": Decimal(300)}},
    }
    assert found.constraint_set.sources["period_caps.2026-q2.all.all"][0].cell == "Scenarios!E2"


def test_no_north_star_or_two_of_them_stop_the_run() -> None:
    (told,) = stopped_by(inputs(metrics=(metric(2, "revenue"),)))
    assert "No active KPI is the north star" in told
    (told,) = stopped_by(inputs(metrics=(metric(2, "revenue", "north_star"), metric(3, "orders", "north_star"))))
    assert "revenue and orders" in told


def test_a_kpi_twice_is_told_on_both_rows() -> None:
    rows = (metric(2, "revenue", "north_star"), metric(3, "margin"), metric(4, " MARGIN"))
    found = compiled(inputs(metrics=rows))
    assert {finding.row for finding in found.findings} == {3, 4}
    assert found.problem is not None


# Candidates


def test_only_initiatives_with_is_candidate_on_are_candidates() -> None:
    rows = (initiative(1), initiative(2, is_candidate=False), initiative(3, is_candidate=None))
    problem = compiled(inputs(initiatives=rows)).problem
    assert problem is not None
    assert [c.initiative_key for c in problem.candidates] == [key(1)]


@pytest.mark.parametrize(("period", "is_in"), [(None, True), ("2026-Q1", True), ("2026-Q2", False), ("2026-H2", False)])
def test_a_candidate_period_is_the_scenarios_or_blank(period: str | None, is_in: bool) -> None:
    found = compiled(inputs(initiatives=(initiative(1), initiative(2, candidate_period=period))))
    assert found.problem is not None
    assert (len(found.problem.candidates) == 2) is is_in
    assert found.findings == ()


def test_a_candidate_period_of_another_kind_is_told() -> None:
    found = compiled(inputs(initiatives=(initiative(1), initiative(2, candidate_period="2026-02"))))
    assert "write 2026-Q1" in only(found).message


def test_a_candidate_without_tokens_is_left_out_and_named() -> None:
    found = compiled(inputs(initiatives=(initiative(1), initiative(2, engineering_tokens=None))))
    assert found.problem is not None
    assert [c.initiative_key for c in found.problem.candidates] == [key(1)]
    (left,) = found.left_out
    assert (left.initiative_key, left.title, left.reason) == (key(2), "Idea 2", "no tokens")
    assert only(found).column == "engineering_tokens"
    assert only(found).severity is Severity.WARN


def test_zero_tokens_are_zero_and_no_blank() -> None:
    found = compiled(inputs(initiatives=(initiative(1, engineering_tokens=Decimal(0)),)))
    assert found.problem is not None
    assert found.left_out == ()


def test_a_candidate_with_an_unreadable_number_is_left_out_rather_than_counted_as_zero() -> None:
    row = initiative(2, bad=frozenset({"resource: design"}))
    contribution = replace(gains(3), contributions={}, bad=frozenset({"revenue"}))
    found = compiled(
        inputs(
            initiatives=(initiative(1), row, initiative(3)),
            contributions=(gains(1, revenue=1), gains(2, revenue=1), contribution),
        )
    )
    assert found.problem is not None
    assert {left.initiative_key for left in found.left_out} == {key(2), key(3)}


@pytest.mark.parametrize("is_bad", [False, True])
def test_a_mandatory_initiative_without_tokens_stops_the_run_on_both_rows(is_bad: bool) -> None:
    bad = frozenset({"engineering_tokens"}) if is_bad else frozenset[str]()
    rows = (initiative(1), initiative(2, engineering_tokens=None, bad=bad))
    told = stopped_by(inputs(initiatives=rows, constraints=(rule(7, "mandatory", members=(key(2),)),)))
    assert [text.split(":")[0].split("!")[0] for text in told] == ["Constraints", "Initiatives row 3"]
    assert "Idea 2 (INIT-000002) has to be in" in told[0]
    assert "Constraints row 7" in told[1]


def test_a_mandatory_initiative_that_is_no_candidate_stops_the_run() -> None:
    rows = (initiative(1), initiative(2, is_candidate=False))
    told = stopped_by(inputs(initiatives=rows, constraints=(rule(7, "mandatory", members=(key(2),)),)))
    assert "is no candidate of this plan; tick its is_candidate" in told[0]


def test_a_delivered_initiative_is_satisfied_and_may_be_mandatory() -> None:
    rows = (initiative(1), initiative(2, lifecycle_status="delivered", is_candidate=True))
    found = compiled(inputs(initiatives=rows, constraints=(rule(7, "mandatory", members=(key(2),)),)))
    assert found.problem is not None
    assert found.constraint_set.satisfied == (key(2),)
    assert [c.initiative_key for c in found.problem.candidates] == [key(1)]


def test_excluding_a_delivered_initiative_says_nothing_with_a_warning() -> None:
    rows = (initiative(1), initiative(2, lifecycle_status="delivered"))
    found = compiled(inputs(initiatives=rows, constraints=(rule(7, "exclude_initiative", members=(key(2),)),)))
    assert found.constraint_set.exclusions_initiatives == ()
    assert "delivered" in only(found, Severity.WARN).message


def test_one_in_progress_counts_with_its_remaining_tokens_and_is_kept_where_asked() -> None:
    rows = (initiative(1), initiative(2, lifecycle_status="in_progress", remaining_tokens=Decimal(40)))
    kept = compiled(inputs(initiatives=rows, scenarios=(scenario(keep_in_progress=True),)))
    assert kept.problem is not None
    assert kept.problem.candidates[1].engineering_tokens == Decimal(40)
    assert kept.constraint_set.mandatory_initiatives == (key(2),)
    assert kept.constraint_set.reasons == {key(2): "already in progress"}
    free = compiled(inputs(initiatives=rows))
    assert free.constraint_set.mandatory_initiatives == ()


def test_a_candidate_without_contributions_to_the_objective_stays_in_with_a_warning() -> None:
    found = compiled(inputs(contributions=(gains(1, revenue=1), gains(2, delivery_time=-1), gains(3, revenue=0))))
    assert found.problem is not None
    assert len(found.problem.candidates) == 3
    assert [f.message[:29] for f in found.findings] == ["No contributions to revenue f"] * 2


def test_no_candidates_stop_the_run() -> None:
    (told,) = stopped_by(inputs(initiatives=()))
    assert "There are no initiatives" in told
    (told,) = stopped_by(inputs(initiatives=(initiative(1, is_candidate=False),)))
    assert "tick is_candidate" in told


def test_a_contribution_to_an_unknown_initiative_is_an_error_on_its_row_and_stops_nothing() -> None:
    found = compiled(inputs(contributions=(*inputs().contributions, gains(9, revenue=1))))
    assert only(found, Severity.ERROR).where == "Contributions!A10"
    assert found.problem is not None


def test_one_key_in_two_initiative_rows_stops_the_run() -> None:
    twice = (initiative(1), replace(initiative(2), initiative_key=key(1)))
    told = stopped_by(inputs(initiatives=twice, contributions=()))
    assert [text.split(":")[0] for text in told] == ["Initiatives!A2", "Initiatives!A3"]


def test_a_hard_deadline_before_the_horizon_excludes_with_its_reason() -> None:
    late = initiative(2, deadline_date=date(2025, 12, 31), deadline_is_hard=True)
    rules = compiled(inputs(initiatives=(initiative(1), late))).constraint_set
    assert rules.exclusions_initiatives == (key(2),)
    assert rules.reasons == {key(2): "its deadline was 2025-12-31"}
    assert rules.sources["exclusions_initiatives.init-000002"][0].row == "sha256:i2"


# Sources


def test_every_number_of_a_candidate_names_its_cell() -> None:
    rows = (initiative(1, resources={"design": Decimal(3)}),)
    sources = compiled(inputs(initiatives=rows)).constraint_set.sources
    assert sources["candidates.init-000001.engineering_tokens"][0].cell == "Initiatives!M2"
    assert sources["candidates.init-000001.engineering_tokens"][0].row == "sha256:i1"
    assert sources["candidates.init-000001.resources.design"][0].cell == "Initiatives!Z2"
    assert sources["candidates.init-000001.kpi_contributions.revenue"][0].cell == "Contributions!C2"
    assert sources["capacity_total_tokens"][0].cell == "Scenarios!D2"
    assert sources["objective"][0].cell == "Scenarios!F2"
