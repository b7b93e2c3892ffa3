"""The sample workbook: what it promises to a newcomer, read and solved as a real one would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from engine.compile import Compiled, compile_problem
from engine.findings import Finding, Severity
from engine.inputs import WorkbookInputs
from engine.keys import initiative_key
from engine.problem import Solution
from engine.rules import KINDS
from engine.solve import solve
from sheets_sync.grids import Grid, Workbook
from sheets_sync.rows import read_inputs
from sheets_sync.sample import SAMPLE_SIZE, sample_tables
from sheets_sync.tabs import CONSTRAINT_TYPES, TABS, tab

TODAY = date(2026, 11, 25)
KEYS = [initiative_key(number + 101) for number in range(SAMPLE_SIZE)]
SETS = ("Baseline", "Aggressive", "Everything at once")


def typed(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[WorkbookInputs, tuple[Finding, ...]]:
    """The tables as a spreadsheet holds them, read as the worker reads them."""
    grids: dict[str, Grid] = {}
    for number, declared in enumerate(TABS):
        rows = tables.get(declared.name, ())
        top = list(dict.fromkeys([*declared.names, *(column for row in rows for column in row)]))
        values = [top, *([row.get(column) for column in top] for row in rows)]
        grids[declared.name] = Grid(
            title=declared.name, sheet_id=number, row_count=len(values), column_count=len(top), values=values
        )
    return read_inputs(
        Workbook(spreadsheet_id="s", title="Sample", url="", locale="en_US", time_zone="Europe/London", grids=grids)
    )


@pytest.fixture(scope="module")
def inputs() -> WorkbookInputs:
    return typed(sample_tables(KEYS))[0]


def compiled(inputs: WorkbookInputs, name: str, scenario: str | None = None) -> Compiled:
    return compile_problem(inputs, scenario=scenario, constraint_set=name, today=TODAY)


@pytest.fixture(scope="module")
def solutions(inputs: WorkbookInputs) -> Mapping[str, Solution]:
    """The default scenario under each of the three sets."""
    found: dict[str, Solution] = {}
    for name in SETS:
        problem = compiled(inputs, name).problem
        assert problem is not None
        found[name] = solve(problem)
    return found


def test_the_sample_is_as_large_and_as_tight_as_it_promises(inputs: WorkbookInputs) -> None:
    problem = compiled(inputs, "Baseline").problem
    assert problem is not None
    assert len(inputs.initiatives) == SAMPLE_SIZE >= 40
    assert {
        90 <= row.engineering_tokens <= 260 for row in inputs.initiatives if row.engineering_tokens is not None
    } == {True}
    asked = sum(candidate.engineering_tokens for candidate in problem.candidates)
    assert 1.3 < float(asked / problem.capacity_total_tokens) < 1.5
    assert len({row.country for row in inputs.initiatives} - {None}) == 8
    assert len({row.department for row in inputs.initiatives}) == 8
    assert len(inputs.scenarios) == 3
    assert {row.objective_mode for row in inputs.scenarios} == {"north_star", "weighted_kpis"}


def test_the_sizes_of_its_contributions_run_from_two_thousandths_to_a_million(inputs: WorkbookInputs) -> None:
    sizes = [abs(amount) for row in inputs.contributions for amount in row.contributions.values()]
    assert (float(min(sizes)), float(max(sizes))) == (0.002, 1_000_000)
    assert [row.direction for row in inputs.metrics].count("decrease") == 1
    assert len(inputs.metrics) == 5


def test_it_uses_every_kind_of_rule_and_of_target(inputs: WorkbookInputs) -> None:
    assert {row.constraint_type for row in inputs.constraints} == set(CONSTRAINT_TYPES)
    assert {row.type for row in inputs.targets} == {"floor", "goal", "cap"}
    assert any(row.is_active is False for row in inputs.constraints)
    assert any(row.resource and row.period for row in inputs.constraints)


def test_the_compiler_and_the_tabs_agree_on_the_columns_of_each_kind_of_rule() -> None:
    assert {name: set(kind.columns) for name, kind in KINDS.items()} == {
        name: set(columns) for name, columns in CONSTRAINT_TYPES.items()
    }


@pytest.mark.parametrize("mistakes", [False, True])
def test_every_cell_stands_in_a_column_that_the_workbook_declares(mistakes: bool) -> None:
    for name, rows in sample_tables(KEYS, mistakes=mistakes).items():
        known = {*tab(name).names, *(("resource: design",) if name == "Initiatives" else ())}
        if name == "Contributions":
            known |= {str(row["kpi_key"]) for row in sample_tables(KEYS)["Metrics"]}
        assert {column for row in rows for column in row} <= known


def test_the_clean_sample_has_no_error_and_one_number_typed_as_text() -> None:
    inputs, findings = typed(sample_tables(KEYS))
    assert [(finding.severity, finding.tab, finding.column) for finding in findings] == [
        (Severity.WARN, "Contributions", "revenue")
    ]
    for scenario in inputs.scenarios:
        for name in SETS:
            found = compiled(inputs, name, scenario.scenario_name)
            assert {finding.severity for finding in found.findings} == {Severity.WARN}
            assert [left.reason for left in found.left_out] == ["no tokens"]


@pytest.mark.parametrize("name", ["Baseline", "Aggressive"])
def test_its_sets_give_a_proven_plan_that_misses_a_goal_by_a_little(
    solutions: Mapping[str, Solution], name: str
) -> None:
    solution = solutions[name]
    assert solution.status == "optimal"
    assert solution.warnings == ()
    assert "WARN" in {target.severity for target in solution.targets}
    assert "CRITICAL" not in {target.severity for target in solution.targets}
    assert solution.capacity is not None
    assert solution.capacity["used"] > solution.capacity["total"] * 95 / 100


def test_baseline_and_aggressive_are_different_plans(solutions: Mapping[str, Solution]) -> None:
    plans = [{item.initiative_key for item in solutions[name].items if item.selected} for name in SETS[:2]]
    assert len(plans[0] ^ plans[1]) >= 4


def test_everything_at_once_cannot_be_kept(solutions: Mapping[str, Solution]) -> None:
    assert solutions["Everything at once"].status == "infeasible"


@pytest.mark.parametrize("scenario", ["2027-Q1 Revenue first", "2027-Q1 Lean"])
def test_the_other_scenarios_have_a_plan_too(inputs: WorkbookInputs, scenario: str) -> None:
    problem = compiled(inputs, "Baseline", scenario).problem
    assert problem is not None
    assert solve(problem).status == "optimal"


def test_the_copy_with_mistakes_has_something_to_show_on_every_kind_of_row() -> None:
    inputs, findings = typed(sample_tables(KEYS, mistakes=True))
    told = compiled(inputs, "Baseline")
    assert told.problem is None
    errors = [finding for finding in (*findings, *told.findings) if finding.severity is Severity.ERROR]
    assert {finding.tab for finding in errors} == {"Initiatives", "Contributions", "Constraints", "Targets"}
    assert len({finding.where for finding in errors}) >= 10
    assert compiled(inputs, "Baseline", "2027-Q1 Lean").problem is None


def test_another_number_of_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="needs as many keys"):
        sample_tables(KEYS[1:])
