"""Targets, and the laws of the compiler: what never changes the digest, what is traced, that no row can break it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.canonical import constraint_digest
from engine.compile import Compiled, compile_problem
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
from engine.problem import Problem
from engine.reading import read_problem

A, B, C, DONE = (f"INIT-{number:06d}" for number in (1, 2, 3, 4))
IN_UK: dict[str, Any] = {"dimension": "Country", "dimension_key": " uk"}
RULE_COLUMNS = (
    "scenario_name", "constraint_set_name", "constraint_type", "dimension", "dimension_key", "resource", "period",
    "min", "max", "members", "kpi_key", "bonus", "reason", "valid_until", "is_active",
)  # fmt: skip


CORE = ScenarioRow(
    tab="Scenarios",
    row=2,
    scenario_name="Core",
    period_key="2026-Q1",
    capacity_total_tokens=Decimal(900),
    objective_mode="north_star",
    objective_weights={"Revenue": Decimal("0.5"), "minutes": Decimal(1)},
    objective_order=("revenue", "MINUTES"),
)
CHANGES: list[tuple[str, Any]] = [
    *(("period_key", key) for key in ("2026-H1", "2026-03", "x", None)),
    *(("periods", count) for count in (4, 0, 10**6)),
    *(("capacity_total_tokens", amount) for amount in (Decimal(0), Decimal("1e-9"), Decimal(-1), None)),
    *(("capacity_per_period", amount) for amount in (Decimal("0.1"), Decimal(-1))),
    *(("objective_mode", mode) for mode in ("weighted_kpis", "lexicographic", "score", "x", None)),
    *(("objective_weights", weights) for weights in ({}, {"revenue": Decimal(0)}, {"x": Decimal(1)})),
    *(("objective_order", order) for order in ((), ("revenue", "REVENUE"))),
    *(("may_give_up", share) for share in (Decimal("0.1"), Decimal(2))),
    *(("good_enough_within", share) for share in (Decimal(0), Decimal(2))),
    *(("time_limit_s", seconds) for seconds in (Decimal(1), Decimal(0))),
    *(("max_changes", count) for count in (0, -1)),
    ("keep_in_progress", True),
    ("is_active", False),
]


def faults(problem: Problem) -> list[Any]:
    """What is wrong with the problem's JSON when it is read again, but for what the solver does not support yet."""
    again = read_problem(problem.to_json())
    if isinstance(again, Problem):
        return []
    return [error for error in again.errors if "not supported yet" not in str(error)]


def decimals(fields: dict[str, Any]) -> dict[str, Any]:
    numbers = ("min", "max", "bonus", "target_value", "baseline_value", "importance")
    return {name: Decimal(str(v)) if name in numbers and v is not None else v for name, v in fields.items()}


def rule(kind: str | None, row: int, **more: Any) -> ConstraintRow:
    cells = {column: f"{chr(65 + n)}{row}" for n, column in enumerate(RULE_COLUMNS)}
    return ConstraintRow(tab="Constraints", row=row, cells=cells, constraint_type=kind, **decimals(more))


def aim(kind: str | None, row: int, kpi: str | None = "revenue", value: Any = 5, **more: Any) -> TargetRow:
    fields = decimals({**more, "target_value": value})
    return TargetRow(tab="Targets", row=row, cells={"target_value": f"G{row}"}, type=kind, kpi_key=kpi, **fields)


def initiative(n: int, key: str, **more: Any) -> InitiativeRow:
    fields: dict[str, Any] = {"title": f"Idea {n}", "engineering_tokens": Decimal(100), "is_candidate": True, **more}
    return InitiativeRow(tab="Initiatives", row=n + 1, initiative_key=key, **fields)


def compiled(*rows: ConstraintRow | TargetRow, **more: Any) -> Compiled:
    """The rows under three candidates (one in the UK), a delivered initiative and two KPIs, or what ``more`` says."""
    base = WorkbookInputs(
        initiatives=(
            initiative(1, A, country="UK", resources={"Design": Decimal(2)}),
            initiative(2, B),
            initiative(3, C),
            initiative(4, DONE, lifecycle_status="delivered"),
        ),
        metrics=(
            MetricRow(tab="Metrics", row=2, kpi_key="revenue", kpi_level="north_star"),
            MetricRow(tab="Metrics", row=3, kpi_key="minutes", direction="decrease"),
        ),
        contributions=tuple(
            ContributionRow(tab="Contributions", row=n, initiative_key=key, contributions={"revenue": Decimal(1)})
            for n, key in enumerate((A, B, C), start=2)
        ),
        scenarios=(CORE,),
        constraints=tuple(row for row in rows if isinstance(row, ConstraintRow)),
        targets=tuple(row for row in rows if isinstance(row, TargetRow)),
        setup=Setup(default_scenario="Core", default_constraint_set="Baseline"),
    )
    return compile_problem(replace(base, **more), scenario=None, constraint_set=None, today=date(2026, 1, 15))


def test_a_target_compiles_with_its_baseline_importance_and_notes() -> None:
    row = aim("goal", 3, value=40, baseline_value=34, importance=3, **IN_UK, notes="Board")
    goal = compiled(row).constraint_set.targets["country"]["UK"]["revenue"].goal
    assert goal is not None
    assert (goal.value, goal.baseline, goal.penalty, goal.notes) == (Decimal(40), Decimal(34), Decimal(3), "Board")


def test_floor_goal_and_cap_of_one_kpi_stand_side_by_side() -> None:
    rules = compiled(aim("floor", 3, value=1), aim("goal", 4, value=5), aim("cap", 5, value=9)).constraint_set
    targets = rules.targets["all"]["all"]["revenue"]
    assert [held.value if held else None for held in (targets.floor, targets.goal, targets.cap)] == [1, 5, 9]
    assert rules.sources["targets.all.all.revenue.goal"][0].cell == "Targets!G4"


def test_a_kpi_that_is_to_decrease_takes_a_floor_with_a_baseline() -> None:
    assert (
        compiled(aim("floor", 3, kpi="minutes", value=30, baseline_value=34))
        .constraint_set.targets["all"]["all"]["minutes"]
        .floor
    )


@st.composite
def rule_rows(draw: st.DrawFn) -> list[ConstraintRow | TargetRow]:
    """Rows that never disagree: at most one for each element."""
    pool: list[ConstraintRow | TargetRow] = [
        rule("capacity_cap", 2, **IN_UK, max=draw(st.integers(0, 99))),
        rule("share_floor", 3, dimension="all", min="0.1"),
        rule("mandatory", 4, members=(A, B), reason="one"),
        rule("mandatory", 5, members=(A,), reason="two"),
        rule("bundle", 6, members=(A, C)),
        rule("group", 7, members=(A, B, C), max=draw(st.integers(0, 3))),
        rule("prerequisite", 8, dimension_key=A, members=(B,)),
        rule("prerequisite", 9, dimension_key=A, members=(C, B)),
        rule("synergy", 10, members=(B, C), kpi_key="revenue", bonus=draw(st.integers(-5, 5))),
        aim("goal", 2, value=draw(st.integers(0, 9)), importance=1),
        aim("floor", 3, kpi="minutes", value=30, baseline_value=34),
    ]
    return draw(st.lists(st.sampled_from(pool), unique_by=id))


def respelled(row: ConstraintRow | TargetRow, draw: st.DrawFn) -> ConstraintRow | TargetRow:
    """The row as another hand would write it: other case, blanks, zeros after the point, another order of members."""
    fields = {name: getattr(row, name) for name in row.__dataclass_fields__}
    for name in ("dimension", "dimension_key", "kpi_key", "constraint_type", "type"):
        if fields.get(name):
            text = fields[name]
            fields[name] = draw(st.sampled_from([text, text.upper(), text.lower(), f" {text} "]))
    for name in ("min", "max", "bonus", "target_value"):
        if fields.get(name) is not None:
            fields[name] = fields[name].quantize(Decimal("0.001"))
    if fields.get("members"):
        fields["members"] = tuple(draw(st.permutations([*fields["members"], fields["members"][0]])))
    return type(row)(**fields)


@given(rule_rows(), st.data())
def test_order_spelling_blanks_and_repeated_rows_never_change_the_digest(
    rows: list[ConstraintRow | TargetRow], data: st.DataObject
) -> None:
    first = compiled(*rows)
    again = data.draw(st.permutations(rows + rows[: data.draw(st.integers(0, len(rows)))]))
    second = compiled(*[respelled(row, data.draw) for row in again])
    assert constraint_digest(second.constraint_set) == constraint_digest(first.constraint_set)
    assert second.problem is not None


@given(rule_rows())
def test_every_element_of_the_set_names_a_cell(rows: list[ConstraintRow | TargetRow]) -> None:
    found = compiled(*rows)
    rules, sources = found.constraint_set, found.constraint_set.sources
    paths = [f"caps.{d}.{k}" for d, keys in rules.caps.items() for k in keys]
    paths += [f"mandatory_initiatives.{key}" for key in rules.mandatory_initiatives]
    paths += [f"bundles.{bundle.bundle_key}" for bundle in rules.bundles]
    paths += [f"groups.{group.group_key}" for group in rules.groups]
    paths += [f"prerequisites.{who}.{need}" for who, needs in rules.prerequisites.items() for need in needs]
    paths += [f"targets.{d}.{k}.{kpi}.{kind}" for d, keys in rules.targets.items() for k, kpis in keys.items()
              for kpi, held in kpis.items() for kind in ("floor", "goal", "cap") if getattr(held, kind)]  # fmt: skip
    assert all(sources[path.lower()] for path in paths)


KINDS = ["capacity_cap", "share_floor", "group", "bundle", "prerequisite", "synergy"]
hostile = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=6),
    st.sampled_from(["all", "country", "UK", "revenue", "country+product", "a|b"]),
)
periods = st.sampled_from([None, "2026-Q1", "2026-Q3", "2027-H1", "2026-03", "x"])
numbers = st.one_of(st.none(), st.decimals(-5, 5000, places=2))


@given(
    st.lists(
        st.builds(
            rule,
            st.one_of(hostile, st.sampled_from(KINDS)),
            st.integers(2, 20),
            dimension=hostile, dimension_key=hostile, resource=hostile, kpi_key=hostile,
            period=periods,
            min=numbers, max=numbers, bonus=numbers,
            members=st.lists(st.sampled_from([A, B, DONE, "INIT-000099"]), max_size=4).map(tuple),
            bad=st.sets(st.sampled_from(sorted(RULE_COLUMNS)), max_size=2).map(frozenset),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_whatever_stands_in_the_rows_there_is_a_problem_or_a_sentence_that_says_why_not(
    rows: list[ConstraintRow],
) -> None:
    found = compiled(*rows)
    assert (found.problem is None) is any(finding.stops_run for finding in found.findings)
    assert all(finding.message and finding.tab for finding in found.findings)
    if found.problem is not None:
        assert not faults(found.problem)
    assert constraint_digest(found.constraint_set).startswith("sha256:")


@given(
    st.lists(
        st.builds(
            InitiativeRow,
            tab=st.just("Initiatives"), row=st.integers(2, 9),
            initiative_key=st.sampled_from([None, A, B, C, DONE]), title=hostile,
            country=hostile, is_candidate=st.sampled_from([True, True, True, False, None]),
            lifecycle_status=st.sampled_from([None, "ready", "in_progress", "delivered", "rejected"]),
            engineering_tokens=numbers, remaining_tokens=numbers,
            resources=st.dictionaries(st.sampled_from(["Design", "design", "ml"]), st.decimals(0, 50, places=1)),
            duration_periods=st.sampled_from([None, None, 0, 1, 3]),
            earliest_period=periods, latest_period=periods,
            candidate_period=st.one_of(st.none(), periods),
            deadline_date=st.one_of(st.none(), st.dates(date(2025, 6, 1), date(2027, 6, 1))),
            deadline_is_hard=st.sampled_from([None, True, False]),
            bad=st.sets(st.sampled_from(["engineering_tokens", "resource: Design", "is_candidate"]), max_size=1).map(
                frozenset
            ),
        ),
        min_size=1, max_size=5, unique_by=lambda row: row.initiative_key,
    ),
    st.lists(st.sampled_from(CHANGES), max_size=3).map(dict),
)  # fmt: skip
def test_whatever_initiatives_and_scenario_say_there_is_a_sound_problem_or_a_sentence(
    initiatives: list[InitiativeRow], changes: dict[str, Any]
) -> None:
    found = compiled(initiatives=(initiative(9, "INIT-000009"), *initiatives), scenarios=(replace(CORE, **changes),))
    assert (found.problem is None) is any(finding.stops_run for finding in found.findings)
    if found.problem is not None:
        assert not faults(found.problem)
