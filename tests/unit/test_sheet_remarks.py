"""What a run's remarks say beside rows of the workbook."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.inputs import MetricRow, TargetRow, WorkbookInputs
from engine.problem import Candidate, ConstraintSet, Item, Kpi, Objective, Problem, Solution, SourceCell, TargetOutcome
from engine.provenance import RunFacts
from sheets_sync.content import Figure, Linked, cell_data, same
from sheets_sync.grids import Grid, Workbook
from sheets_sync.headers import header
from sheets_sync.outputs import Ledger, alert_rows, portfolio_rows
from sheets_sync.remarks import Remarks, as_it_stands, repairs_of, required_uplift
from sheets_sync.sourcelinks import SourceLinks
from sheets_sync.tabs import tab
from sheets_sync.updates import SheetUpdate

NOW = datetime(2026, 1, 13, 14, 2, tzinfo=UTC)
HEADER = ["constraint_type", "dimension", "dimension_key", "max", "rule_cost"]
CAPS = [["capacity_cap", "country", country, cap, None] for country, cap in (("UK", 400), ("FR", 300))]


def book(rows: list[list[Any]]) -> Workbook:
    grid = Grid(title="Constraints", sheet_id=7, row_count=9, column_count=9, values=[HEADER, *rows])
    return Workbook(spreadsheet_id="x", title="", url="", locale="en_US", time_zone="UTC", grids={"Constraints": grid})


def cell(row: int, cells: list[Any]) -> SourceCell:
    """The max of a row of Constraints as it was read at ``row``."""
    grid = Grid(title="Constraints", sheet_id=7, row_count=9, column_count=9, values=[HEADER])
    return SourceCell(cell=f"Constraints!D{row}", row=header(grid, tab("Constraints"), []).digest(cells))


def run(*told: dict[str, Any], solution: Solution | None = None, sources: dict[str, Any] | None = None) -> RunFacts:
    candidates = tuple(
        Candidate(initiative_key=f"INIT-00000{n}", title=f"Idea {n}", engineering_tokens=Decimal(10)) for n in (1, 2)
    )
    items = tuple(
        Item(initiative_key=f"INIT-00000{n}", selected=n == 1, allocated_tokens=Decimal(0), rank=None,
             start_period=None, reason="")
        for n in (1, 2)
    )  # fmt: skip
    problem = Problem(
        capacity_total_tokens=Decimal(15),
        objective=Objective(mode="north_star"),
        kpis=(Kpi(kpi_key="revenue", kpi_level="north_star", unit="EUR"),),
        candidates=candidates,
        constraint_set=ConstraintSet(caps={"country": {"UK": Decimal(0)}}, sources=sources or {}),
    )
    return RunFacts(
        run_id=1, scenario="Core", constraint_set="Baseline", rules_version=1, constraint_digest="d", inputs_as_of=NOW,
        solved_at=NOW, problem=problem, solution=solution or Solution(status="optimal", items=items), portfolio_id=1,
        remarks=told,
    )  # fmt: skip


def ledger(workbook: Workbook, **more: Any) -> Ledger:
    return Ledger(workbook, SheetUpdate(inputs=WorkbookInputs(), now=NOW, **more))


def price(brief: str, *cells: SourceCell, high: Decimal | None = Decimal(5)) -> dict[str, Any]:
    held = [one.model_dump(exclude_none=True) for one in cells]
    return {"kind": "row_price", "path": "caps.country.uk", "low": Decimal(5), "high": high, "message": "m",
            "rules": ["caps.country.uk"], "brief": brief, "sources": held}  # fmt: skip


def test_only_what_is_left_out_says_what_would_get_it_in() -> None:
    told = [
        {"kind": "gets_in", "path": f"candidates.init-00000{n}.kpi_contributions.revenue", "brief": f"it brings {n}"}
        for n in (1, 2)
    ]
    facts = run(*told)
    rows = portfolio_rows(ledger(book(CAPS), run=facts), facts, is_stale=False)
    assert [row["gets_in_if"] for row in rows.values()] == [None, "it brings 2"]


def test_without_remarks_the_cells_are_blank() -> None:
    facts = run()
    rows = portfolio_rows(ledger(book(CAPS), run=facts), facts, is_stale=False)
    assert {row["gets_in_if"] for row in rows.values()} == {None}
    assert Remarks(None).beside_rows("row_price", SourceLinks(book(CAPS), [])) == {}


def test_what_a_row_costs_follows_the_row_through_a_sort_and_goes_when_it_is_changed() -> None:
    told = Remarks(run(price("costs 5 EUR", cell(2, CAPS[0])), price("costs nothing", cell(3, CAPS[1]))))
    links = SourceLinks(book([CAPS[1], CAPS[0]]), [])
    assert told.beside_rows("row_price", links) == {
        ("Constraints", 3): "costs 5 EUR",
        ("Constraints", 2): "costs nothing",
    }
    edited = SourceLinks(book([[*CAPS[0][:3], 410, None], CAPS[1]]), [])
    assert told.beside_rows("row_price", edited) == {("Constraints", 3): "costs nothing"}


def test_each_repair_stands_beside_the_rule_it_mends_and_the_others_have_none() -> None:
    rules = [{"path": path, "message": path, "sources": []} for path in ("caps.country.uk", "mandatory_initiatives.a")]
    conflict = {"rules": rules, "repairs": [{"path": "caps.country.uk", "message": "Raise it"}]}
    assert repairs_of(conflict) == ({0: "Raise it"}, [])


def test_a_repair_of_several_rules_stands_beside_each_and_one_of_no_rule_told_by_itself() -> None:
    rules = [{"path": path, "message": path} for path in ("a.x", "b.x")]
    both = {"path": "a.x", "message": "Raise both", "also": [{"path": "b.x"}]}
    other = {"path": "c.x", "message": "Raise c"}
    beside, alone = repairs_of({"rules": rules, "repairs": [both, other]})
    assert beside == {0: "Raise both", 1: "Raise both"}
    assert alone == ["Raise c"]


def test_of_a_group_each_end_has_its_own_repair() -> None:
    rules = [
        {"path": "groups.a", "message": f"Constraints!D2: {says}"} for says in ("At least 2 of A", "At most 1 of A")
    ]
    repairs = [{"path": "groups.a", "message": f"Change D2 ({says})"} for says in ("At least 2 of A", "At most 1 of A")]
    beside, _ = repairs_of({"rules": rules, "repairs": repairs})
    assert beside == {0: repairs[0]["message"], 1: repairs[1]["message"]}


def test_cells_named_in_a_sentence_are_called_by_where_they_stand_now() -> None:
    was = [cell(2, CAPS[0]), cell(3, CAPS[1])]
    links = SourceLinks(book([CAPS[1], CAPS[0]]), [])
    text = "Raise Constraints!D2 from 400 to 460; not Constraints!D3 or Constraints!D20"
    assert (
        as_it_stands(text, was, links) == "Raise Constraints!D3 from 400 to 460; not Constraints!D2 or Constraints!D20"
    )


def test_a_failed_run_tells_each_conflicting_row_with_its_repair_and_where_it_stands_now() -> None:
    rule = {"path": "caps.country.uk", "message": "Constraints!D2: UK: at most 400 tokens",
            "sources": [cell(2, CAPS[0]).model_dump()]}  # fmt: skip
    repair = {"path": "caps.country.uk", "message": "Raise Constraints!D2 from 400 to 460 tokens"}
    failed = replace(run(), solution=Solution(status="infeasible", conflict={"rules": [rule], "repairs": [repair]}))
    rows = alert_rows(ledger(book([CAPS[1], CAPS[0]]), failure="No plan.", failed_run=failed))
    assert [(row["problem"], row["repair"]) for row in rows] == [
        ("No plan.", None),
        ("Constraints!D3: UK: at most 400 tokens", "Raise Constraints!D3 from 400 to 460 tokens"),
    ]
    shown = rows[1]["go_to"]
    assert isinstance(shown, Linked)
    assert shown.text == "Constraints row 3"


@pytest.mark.parametrize(
    ("brief", "high", "says"),
    [
        ("costs 5 EUR revenue", Decimal(5), "Ease it or switch it off: it costs 5 EUR revenue."),
        ("costs nothing", 0, None),
    ],
)
def test_a_rule_at_its_bound_says_what_it_costs_where_it_costs_anything(
    brief: str, high: Any, says: str | None
) -> None:
    told = Remarks(run(price(brief, cell(2, CAPS[0]), high=Decimal(high))))
    assert told.of_bound("caps.country.uk") == says
    assert told.of_bound("caps.country.fr") is None


def test_a_missed_goal_says_how_far_plans_can_go_and_a_met_one_nothing() -> None:
    outcomes = tuple(
        TargetOutcome(dimension="all", key="all", kpi_key="revenue", type=kind, required=Decimal(5000),
                      achieved=Decimal(4000), gap=Decimal(1000), severity=severity)
        for kind, severity in (("goal", "CRITICAL"), ("floor", "OK"))
    )  # fmt: skip
    reach = {"kind": "target_reach", "path": "targets.all.all.revenue.goal", "brief": "no", "message": "At most 4,000."}
    floor = {**reach, "path": "targets.all.all.revenue.floor"}
    facts = run(reach, floor)
    facts = replace(facts, solution=facts.solution.model_copy(update={"targets": outcomes}))
    rows = alert_rows(ledger(book(CAPS), run=facts))
    assert [row["repair"] for row in rows[:2]] == ["At most 4,000.", None]
    assert rows[0]["required"] == Figure(Decimal(5000))


@pytest.mark.parametrize(
    ("amount", "pattern"),
    [
        ("4500", "#,##0"),
        ("-2.5", "#,##0.0"),
        ("0.140", "#,##0.00"),
        ("1e3", "#,##0"),
        ("0.1234567890123", "#,##0.0000000000"),
    ],
)
def test_a_figure_has_commas_and_the_decimals_it_has(amount: str, pattern: str) -> None:
    figure = Figure(Decimal(amount))
    assert figure.pattern == pattern
    assert cell_data(figure)["userEnteredValue"]["numberValue"] == float(amount)
    assert same(figure, float(amount))


@pytest.mark.parametrize(
    ("direction", "value", "baseline", "uplift"),
    [
        ("increase", "150", "100", "50"),
        ("increase", "150", None, "150"),
        ("decrease", "30", "34", "4"),
        (None, "5", "1", "4"),
    ],
)
def test_the_uplift_is_value_less_baseline_in_the_improving_sense(
    direction: str | None, value: str, baseline: str | None, uplift: str
) -> None:
    row = TargetRow(
        tab="Targets", row=2, kpi_key="Time", target_value=Decimal(value),
        baseline_value=Decimal(baseline) if baseline else None,
    )  # fmt: skip
    metrics = (MetricRow(tab="Metrics", row=2, kpi_key="time", direction=direction),)
    assert required_uplift(row, WorkbookInputs(metrics=metrics)) == Decimal(uplift)


def test_no_uplift_is_said_of_a_kpi_that_is_not_known_or_a_cell_that_is_not_read() -> None:
    row = TargetRow(tab="Targets", row=2, kpi_key="time", target_value=Decimal(5))
    assert required_uplift(row, WorkbookInputs()) is None
    metrics = (MetricRow(tab="Metrics", row=2, kpi_key="time"),)
    known = WorkbookInputs(metrics=metrics)
    assert required_uplift(row, known) == Decimal(5)
    assert required_uplift(replace(row, bad=frozenset({"baseline_value"})), known) is None
    assert required_uplift(replace(row, target_value=None), known) is None
