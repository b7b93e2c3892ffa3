"""What the system's tables and the Roadmap page say of a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.inputs import MetricRow, PlanRow, WorkbookInputs
from engine.problem import Candidate, ConstraintSet, Item, Kpi, Objective, Problem, Solution, Target, TargetSet
from engine.provenance import RunFacts
from engine.roadmap import RoadmapEntry, RoadmapVersion
from sheets_sync.bounds import bounds
from sheets_sync.grids import Workbook
from sheets_sync.headline import kpi_lines, number, sentence
from sheets_sync.layout import MOST_CARDS, MOST_LEFT_OUT, roadmap_page
from sheets_sync.outputs import Ledger, alert_rows, plan_quality
from sheets_sync.page import Page
from sheets_sync.start_page import start_page
from sheets_sync.updates import SheetUpdate
from sheets_sync.workspace_mark import ID_CELL

NOW = datetime(2026, 1, 13, 14, 2, tzinfo=UTC)
BOOK = Workbook(spreadsheet_id="x", title="", url="", locale="en_US", time_zone="UTC", grids={})


def facts(
    tokens: list[int], chosen: int, rules: ConstraintSet | None = None, *, periods: tuple[str, ...] = ("2026-Q1",)
) -> RunFacts:
    """A run over candidates of these tokens, the first ``chosen`` of them in, spread over the periods."""
    candidates = tuple(
        Candidate(
            initiative_key=f"INIT-{place:06d}",
            title=f"Idea {place}",
            engineering_tokens=Decimal(size),
            country="UK" if place % 2 else "DE",
            program=f"Theme {place % 9}",
            kpi_contributions={"revenue": Decimal(1000)},
        )
        for place, size in enumerate(tokens, 1)
    )
    items = tuple(
        Item(
            initiative_key=each.initiative_key,
            selected=place <= chosen,
            allocated_tokens=each.engineering_tokens if place <= chosen else Decimal(0),
            rank=place if place <= chosen else None,
            start_period=periods[place % len(periods)] if place <= chosen else None,
            reason="best value" if place <= chosen else "no room",
        )
        for place, each in enumerate(candidates, 1)
    )
    problem = Problem(
        period_key=periods[0],
        periods=periods,
        capacity_total_tokens=Decimal(1000),
        objective=Objective(mode="north_star"),
        kpis=(Kpi(kpi_key="revenue", kpi_level="north_star", unit="EUR"),),
        candidates=candidates,
        constraint_set=rules or ConstraintSet(),
    )
    return RunFacts(
        run_id=1, scenario="Core", constraint_set="Baseline", rules_version=1, constraint_digest="d", inputs_as_of=NOW,
        solved_at=NOW, problem=problem, solution=Solution(status="optimal", items=items), portfolio_id=1,
    )  # fmt: skip


def published(run: RunFacts) -> RoadmapVersion:
    entries = tuple(
        RoadmapEntry(initiative_key=item.initiative_key, title="T" + item.initiative_key[-2:], decision="in",
                     planned_period=item.start_period, priority_rank=item.rank)
        for item in run.solution.items
        if item.selected
    )  # fmt: skip
    return RoadmapVersion(
        roadmap_name="Core", version=4, scenario="Core", portfolio_id=1, published_by="dana", published_at=NOW,
        entries=entries,
    )  # fmt: skip


def page_of(run: RunFacts, **more: Any) -> Page:
    inputs = WorkbookInputs(metrics=(MetricRow(tab="Metrics", row=2, kpi_key="revenue", kpi_name="Net revenue"),))
    update = SheetUpdate(inputs=inputs, now=NOW, run=run, version=published(run), published_run=run)
    page = roadmap_page(Ledger(BOOK, replace(update, **more)))
    assert page is not None
    return page


def texts(page: Page) -> list[str]:
    cells = [page.content(row, column) for row in range(len(page.rows)) for column in range(page.width)]
    return [getattr(cell, "text", None) or str(cell) for cell in cells if cell is not None]


@pytest.mark.parametrize(
    ("gap", "says"),
    [("0", "best possible"), ("0.004", "within 0.4 %"), ("0.00005", "within 0.005 %"), ("0.1234", "within 12.4 %")],
)
def test_plan_quality_never_promises_more_than_the_gap(gap: str, says: str) -> None:
    run = facts([1], 1)
    solution = run.solution.model_copy(update={"relative_gap": Decimal(gap)})
    assert plan_quality(replace(run, solution=solution)) == says


@pytest.mark.parametrize(
    ("value", "says"),
    [("48000", "48,000"), ("0.002", "0.002"), ("-3.3", "−3.3"), ("0.0000004", "0.0000004"), ("1234.5", "1,234"),
     ("11093500.5", "11,093,500"), ("0", "0"), ("12.34", "12.3")],
)  # fmt: skip
def test_numbers_are_shown_as_a_leader_reads_them(value: str, says: str) -> None:
    assert number(Decimal(value)) == says


def test_a_cap_under_which_nothing_more_fits_is_at_its_bound_and_one_with_room_is_not() -> None:
    rules = ConstraintSet(caps={"country": {"UK": Decimal(250), "DE": Decimal(900)}})
    run = facts([100, 100, 100, 100, 100], 3, rules)
    assert [bound.path for bound in bounds(run.problem, run.solution)] == ["caps.country.uk"]


def test_a_floor_that_no_initiative_can_leave_is_at_its_bound() -> None:
    rules = ConstraintSet(floors={"country": {"UK": Decimal(150), "DE": Decimal(10)}})
    run = facts([100, 100, 100, 100], 4, rules)
    assert [bound.path for bound in bounds(run.problem, run.solution)] == ["floors.country.uk"]


def test_without_a_plan_no_rule_is_at_its_bound() -> None:
    run = facts([100], 1)
    assert bounds(run.problem, Solution(status="infeasible")) == ()


def test_an_infeasible_run_tells_its_conflict_before_the_last_good_plans_alerts() -> None:
    run = facts([100], 1)
    failed = Solution(status="infeasible", conflict={"rules": [{"path": "p", "sources": [], "message": "A and B"}]})
    update = SheetUpdate(
        inputs=WorkbookInputs(),
        now=NOW,
        run=run,
        failure="No plan.",
        failed_run=replace(run, run_id=2, solution=failed),
    )
    rows = alert_rows(Ledger(BOOK, update))
    assert [row["problem"] for row in rows[:2]] == ["No plan.", "A and B"]
    assert rows[0]["run_id"] == 2


def test_the_sentence_names_the_first_kpi_and_what_it_is_short_of() -> None:
    goal = TargetSet(goal=Target(value=Decimal(5000)))
    run = facts([100] * 4, 3, ConstraintSet(targets={"all": {"all": {"revenue": goal}}}))
    lines = kpi_lines(published(run), run, {"revenue": "Net revenue"})
    assert sentence(published(run), run, lines) == (
        "Q1 2026 plan v4: 3 of 4 initiatives, Net revenue +3,000 EUR (2,000 EUR short)"
    )


def test_a_kpi_to_decrease_is_short_when_it_falls_too_little() -> None:
    floor = TargetSet(floor=Target(value=Decimal(30), baseline=Decimal(34)))
    run = facts([100], 1, ConstraintSet(targets={"all": {"all": {"time": floor}}}))
    kpi = Kpi(kpi_key="time", direction="decrease", unit="min")
    candidate = run.problem.candidates[0].model_copy(update={"kpi_contributions": {"time": Decimal("-3")}})
    run = replace(run, problem=run.problem.model_copy(update={"kpis": (kpi,), "candidates": (candidate,)}))
    (line,) = kpi_lines(published(run), run, {})
    assert (line.added, line.short_by, line.is_met) == (Decimal(-3), Decimal(1), False)


QUARTERS = ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4")


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_cell_of_the_page_holds_at_most_four_cards_and_says_what_more_there_is(count: int) -> None:
    periods = QUARTERS[:count]
    run = facts([100 + place for place in range(70)], 60, periods=periods)
    run = replace(
        run,
        problem=run.problem.model_copy(
            update={"candidates": tuple(each.model_copy(update={"program": "One"}) for each in run.problem.candidates)}
        ),
    )
    said = texts(page_of(run))
    cards = [text for text in said if text.startswith("T") and "\n" in text]
    assert len(cards) == MOST_CARDS * len(periods)
    rest = [text for text in said if text.startswith("+") and "smaller" in text]
    assert len(rest) == len(periods)
    assert sum(int(text[1:].split()[0]) for text in rest) == 60 - len(cards)
    assert f"Not doing: the {MOST_LEFT_OUT} largest of 10" in said


def test_the_page_shows_at_most_six_themes_and_no_keys() -> None:
    said = texts(page_of(facts([100] * 30, 30)))
    assert sum("initiative" in text and "\n" in text for text in said) == 6
    assert any(text.startswith("Other themes") for text in said)
    assert not any("INIT-" in text for text in said)


def test_what_a_pm_types_about_an_entry_shows_at_once_and_private_words_never() -> None:
    row = PlanRow(
        tab="Roadmap Plan", row=2, initiative_key="INIT-000001", owner="Dana", status="On track", public_note="Waits",
        notes="private", override_reason="hush",
    )  # fmt: skip
    run = facts([100, 100], 1)
    said = "\n".join(texts(page_of(run, inputs=WorkbookInputs(plan=(row,)))))
    assert "Dana · ● On track" in said
    assert "Waits" in said
    assert "private" not in said
    assert "hush" not in said


def test_before_the_first_publish_the_page_says_what_to_do() -> None:
    run = facts([100], 1)
    assert "No roadmap is published yet" in texts(page_of(run, version=None))


def test_an_older_longer_page_is_cleared_below_the_new_one() -> None:
    page = Page((100, 100))
    page.add({})
    update = next(each["updateCells"] for each in page.requests(7, 50, 26, old_rows=9) if "updateCells" in each)
    assert update["range"]["endRowIndex"] == 9
    assert update["rows"][8] == {"values": [{}, {}]}


def test_the_workbooks_id_on_start_stays_on_one_line() -> None:
    """It is technical: a second line would push it over the step below."""
    page = start_page(Ledger(BOOK, SheetUpdate(inputs=WorkbookInputs(), now=NOW)))
    row, column = ID_CELL
    assert page.content(row, column) == BOOK.spreadsheet_id
    assert page.rows[row][column].data()["userEnteredFormat"]["wrapStrategy"] == "CLIP"
    assert page.rows[row][0].data()["userEnteredFormat"]["wrapStrategy"] == "WRAP"
