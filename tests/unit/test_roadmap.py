"""The merge that makes the next version of a roadmap."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.findings import Finding, Severity
from engine.inputs import PlanRow
from engine.problem import Candidate, Item, Kpi, Objective, Problem, Solution
from engine.roadmap import PlannedItem, RoadmapEntry, RoadmapVersion, next_version, plan_items

NOW = datetime(2026, 1, 15, tzinfo=UTC)
HUMAN = ("decision", "planned_period", "priority_rank", "owner", "status", "confidence", "public_note", "notes")


def key(number: int) -> str:
    return f"INIT-{number:06d}"


def item(number: int, selected: bool = True, **more: Any) -> PlannedItem:
    given = {"start_period": "2026-Q1" if selected else None, "rank": number if selected else None, "reason": "no room"}
    return PlannedItem(
        initiative_key=key(number),
        title=f"Idea {number}",
        selected=selected,
        allocated_tokens=Decimal(100 if selected else 0),
        **{**given, **more},
    )


def row(number: int | None, **more: Any) -> PlanRow:
    at = 99 if number is None else number + 1
    return PlanRow(tab="Roadmap Plan", row=at, initiative_key=key(number) if number else None, **more)


def merged(
    last: RoadmapVersion | None, edits: list[PlanRow], items: list[PlannedItem]
) -> tuple[RoadmapVersion, tuple[Finding, ...]]:
    return next_version(
        last,
        edits,
        items,
        roadmap_name="Plan",
        scenario="Core",
        portfolio_id=7,
        version_note="first",
        published_by="Dana",
        published_at=NOW,
    )


def entries(last: RoadmapVersion | None, edits: list[PlanRow], items: list[PlannedItem]) -> dict[str, RoadmapEntry]:
    return {entry.initiative_key: entry for entry in merged(last, edits, items)[0].entries}


def first(*items: PlannedItem, **typed: Any) -> RoadmapVersion:
    """Version 1, in which ``typed`` was typed for the first initiative."""
    return merged(None, [row(1, **typed)], list(items))[0]


def test_the_first_version_is_the_portfolio() -> None:
    version, findings = merged(None, [], [item(2), item(1), item(3, selected=False)])
    assert findings == ()
    assert (version.version, version.roadmap_name, version.portfolio_id, version.published_at) == (1, "Plan", 7, NOW)
    facts = [(entry.title, entry.decision, entry.planned_period, entry.priority_rank) for entry in version.entries]
    assert facts == [("Idea 1", "in", "2026-Q1", 1), ("Idea 2", "in", "2026-Q1", 2)]
    assert not any(entry.is_decision_overridden or entry.conflict for entry in version.entries)


def test_versions_count_up() -> None:
    assert merged(first(item(1)), [], [item(1)])[0].version == 2


def test_what_was_typed_stays_and_the_conflict_says_what_the_plan_wants() -> None:
    found = entries(first(item(1)), [row(1, decision="in", planned_period="2026-Q2")], [item(1, selected=False)])[
        key(1)
    ]
    assert (found.decision, found.planned_period) == ("in", "2026-Q2")
    assert (found.is_decision_overridden, found.is_period_overridden, found.is_rank_overridden) == (True, True, False)
    assert found.plan_wants == "out: no room"
    assert found.conflict == "You put it in, and the plan leaves it out: no room"


def test_a_decision_out_against_the_plan_is_a_conflict() -> None:
    found = entries(None, [row(1, decision="out")], [item(1)])[key(1)]
    assert (found.decision, found.planned_period, found.priority_rank) == ("out", None, None)
    assert found.plan_wants == "in, 2026-Q1"
    assert found.conflict is not None


def test_another_period_or_rank_than_the_plans_is_a_conflict() -> None:
    found = entries(None, [row(1, planned_period="2026-Q2", priority_rank=9)], [item(1)])[key(1)]
    assert found.conflict == "The plan starts it in 2026-Q1, not 2026-Q2 and ranks it 1, not 9"


def test_what_agrees_with_the_plan_is_no_conflict() -> None:
    found = entries(None, [row(1, decision="in", planned_period="2026-Q1", priority_rank=1)], [item(1)])[key(1)]
    assert (found.conflict, found.plan_wants) == (None, None)


def test_what_was_cleared_is_handed_back_to_the_plan() -> None:
    last = first(item(1), decision="in", planned_period="2026-Q2", owner="Lee")
    found = entries(last, [row(1, roadmap_version=1)], [item(1)])[key(1)]
    assert (found.planned_period, found.owner, found.is_decision_overridden) == ("2026-Q1", None, False)


def test_a_locked_entry_stays_as_it_was_although_the_plan_dropped_it() -> None:
    last = first(item(1), is_locked_in=True)
    found = entries(last, [row(1, is_locked_in=True)], [item(1, selected=False)])[key(1)]
    assert (found.decision, found.planned_period, found.priority_rank) == ("in", "2026-Q1", 1)
    assert found.is_locked_in
    assert found.conflict == "You locked it in, and the plan leaves it out: no room"


def test_a_locked_entry_stays_although_it_is_no_candidate_any_more() -> None:
    last = first(item(1), is_locked_in=True)
    found = entries(last, [row(1, is_locked_in=True)], [])[key(1)]
    assert (found.decision, found.title) == ("in", "Idea 1")
    assert found.conflict is not None
    assert "not a candidate" in found.conflict


def test_a_locked_entry_that_was_out_stays_out() -> None:
    last = first(item(1, selected=False), is_locked_in=True, decision="out")
    found = entries(last, [row(1, is_locked_in=True)], [item(1)])[key(1)]
    assert (found.decision, found.is_decision_overridden) == ("out", False)
    assert found.conflict is not None


def test_typing_moves_a_locked_entry() -> None:
    last = first(item(1), is_locked_in=True)
    found = entries(last, [row(1, is_locked_in=True, planned_period="2026-Q3")], [item(1)])[key(1)]
    assert found.planned_period == "2026-Q3"


def test_an_unlocked_entry_follows_the_plan_again() -> None:
    last = first(item(1), is_locked_in=True)
    assert entries(last, [row(1)], [item(1, selected=False)]) == {}


def test_a_dropped_entry_with_notes_is_kept_out_with_the_reason() -> None:
    last = first(item(1), notes="Ask Lee first")
    found = entries(last, [row(1, notes="Ask Lee first")], [item(1, selected=False)])[key(1)]
    assert (found.decision, found.planned_period, found.notes) == ("out", None, "Ask Lee first")
    assert found.plan_wants == "out: no room"
    assert found.conflict is None


def test_a_dropped_entry_that_nobody_touched_goes() -> None:
    assert (
        entries(
            first(
                item(1),
            ),
            [row(1)],
            [item(1, selected=False)],
        )
        == {}
    )


def test_rows_older_than_the_last_version_are_never_merged_and_told() -> None:
    second = merged(first(item(1)), [row(1, owner="Lee")], [item(1)])[0]
    version, findings = merged(second, [row(1, roadmap_version=1, owner="Old", decision="out")], [item(1)])
    assert version.entries[0].owner == "Lee"
    assert version.entries[0].decision == "in"
    (finding,) = findings
    assert "This row shows v1; v2 is published" in finding.message
    assert finding.severity is Severity.WARN


def test_a_deleted_row_comes_back_with_what_was_typed_and_is_told() -> None:
    last = merged(None, [row(1, owner="Lee", decision="in"), row(2)], [item(1), item(2)])[0]
    version, findings = merged(last, [row(2)], [item(1, selected=False), item(2)])
    kept = {entry.initiative_key: entry for entry in version.entries}[key(1)]
    assert (kept.decision, kept.owner) == ("in", "Lee")
    (finding,) = findings
    assert finding.message.startswith("Idea 1 had no row any more")


def test_an_unreadable_cell_keeps_what_was_typed_before() -> None:
    last = first(item(1), planned_period="2026-Q2", is_locked_in=True)
    edit = row(1, bad=frozenset({"planned_period", "is_locked_in"}))
    found = entries(last, [edit], [item(1)])[key(1)]
    assert (found.planned_period, found.is_locked_in) == ("2026-Q2", True)


def test_one_initiative_in_two_rows_is_told_and_the_upper_row_is_used() -> None:
    version, findings = merged(None, [replace(row(1, owner="B"), row=9), row(1, owner="A")], [item(1)])
    assert version.entries[0].owner == "A"
    assert [finding.row for finding in findings] == [9]


def test_a_row_without_an_initiative_is_told_only_where_it_says_something() -> None:
    assert merged(None, [row(None)], [item(1)])[1] == ()
    (finding,) = merged(None, [row(None, owner="Lee")], [item(1)])[1]
    assert finding.severity is Severity.ERROR


def test_plan_items_say_what_the_solution_says_with_titles() -> None:
    problem = Problem(
        capacity_total_tokens=Decimal(9),
        objective=Objective(mode="north_star"),
        kpis=(Kpi(kpi_key="revenue", kpi_level="north_star"),),
        candidates=(Candidate(initiative_key=key(1), title="One", engineering_tokens=Decimal(9)),),
    )
    what = {"selected": True, "allocated_tokens": Decimal(9), "rank": 1, "start_period": "2026-Q1", "reason": "best"}
    solution = Solution(status="optimal", items=(Item(initiative_key=key(1), **what),))
    (found,) = plan_items(problem, solution)
    assert found == PlannedItem(initiative_key=key(1), title="One", **what)
    assert plan_items(problem, Solution(status="infeasible")) == ()


# Laws

periods = st.sampled_from(["2026-Q1", "2026-Q2"])
numbers = st.integers(1, 5)
texts = st.one_of(st.none(), st.sampled_from(["Lee", "=1+1"]))
rows = st.lists(
    st.builds(
        row,
        numbers,
        decision=st.sampled_from([None, "in", "out"]),
        planned_period=st.one_of(st.none(), periods),
        priority_rank=st.one_of(st.none(), numbers),
        is_locked_in=st.sampled_from([None, False, True]),
        owner=texts,
        status=texts,
        confidence=texts,
        public_note=texts,
        notes=texts,
        override_reason=texts,
    ),
    max_size=5,
    unique_by=lambda edit: edit.initiative_key,
)
portfolios = st.lists(st.tuples(numbers, st.booleans(), periods), max_size=5, unique_by=lambda planned: planned[0]).map(
    lambda plan: [item(n, selected, **({"start_period": start} if selected else {})) for n, selected, start in plan]
)


@st.composite
def versions(draw: st.DrawFn) -> RoadmapVersion | None:
    """No version, or one that some portfolio and some edits made."""
    return draw(st.one_of(st.none(), st.just(merged(None, draw(rows), draw(portfolios))[0])))


@given(versions(), rows, portfolios)
def test_nothing_that_stands_in_a_row_is_lost(
    last: RoadmapVersion | None, edits: list[PlanRow], items: list[PlannedItem]
) -> None:
    found = entries(last, edits, items)
    for edit in edits:
        typed = {name: getattr(edit, name) for name in HUMAN if getattr(edit, name) is not None}
        if typed:
            entry = found[edit.initiative_key or ""]
            assert typed == {name: getattr(entry, name) for name in typed}


@given(versions(), rows, portfolios)
def test_what_nobody_typed_or_locked_follows_the_plan(
    last: RoadmapVersion | None, edits: list[PlanRow], items: list[PlannedItem]
) -> None:
    blank = [row(number) for number in range(1, 6)]
    followed = {entry.initiative_key: entry for entry in entries(last, blank, items).values()}
    assert {name: (e.planned_period, e.priority_rank) for name, e in followed.items()} == {
        planned.initiative_key: (planned.start_period, planned.rank) for planned in items if planned.selected
    }
    assert all(entry.conflict is None for entry in followed.values())


@given(versions(), rows, portfolios, st.randoms())
def test_the_order_of_rows_and_items_does_not_matter(
    last: RoadmapVersion | None, edits: list[PlanRow], items: list[PlannedItem], random: Any
) -> None:
    version, findings = merged(last, edits, items)
    random.shuffle(edits)
    random.shuffle(items)
    assert merged(last, edits, items) == (version, findings)


def shown(version: RoadmapVersion) -> list[PlanRow]:
    """Roadmap Plan as it stands after that version: what was typed is typed, the rest is blank."""
    return [
        PlanRow(
            tab="Roadmap Plan",
            row=n,
            initiative_key=entry.initiative_key,
            roadmap_version=version.version,
            decision=entry.decision if entry.is_decision_overridden else None,
            planned_period=entry.planned_period if entry.is_period_overridden else None,
            priority_rank=entry.priority_rank if entry.is_rank_overridden else None,
            **{
                name: getattr(entry, name)
                for name in ("is_locked_in", "owner", "status", "confidence", "public_note", "notes", "override_reason")
            },
        )
        for n, entry in enumerate(version.entries, start=2)
    ]


@given(versions(), rows, portfolios)
def test_publishing_again_without_an_edit_changes_nothing(
    last: RoadmapVersion | None, edits: list[PlanRow], items: list[PlannedItem]
) -> None:
    version = merged(last, edits, items)[0]
    again, findings = merged(version, shown(version), items)
    assert again.entries == version.entries
    assert findings == ()


@given(versions(), rows, portfolios, portfolios)
def test_a_locked_entry_survives_every_portfolio(
    last: RoadmapVersion | None, edits: list[PlanRow], items: list[PlannedItem], later: list[PlannedItem]
) -> None:
    version = merged(last, edits, items)[0]
    found = entries(version, shown(version), later)
    for entry in version.entries:
        if entry.is_locked_in:
            kept = found[entry.initiative_key]
            facts = ("decision", "planned_period", "priority_rank", "is_locked_in", "notes")
            assert [getattr(kept, name) for name in facts] == [getattr(entry, name) for name in facts]


@given(versions(), rows, portfolios)
def test_old_rows_edit_nothing(last: RoadmapVersion | None, edits: list[PlanRow], items: list[PlannedItem]) -> None:
    version = merged(last, edits, items)[0]
    version = replace(version, version=version.version + 5)
    old = [replace(edit, roadmap_version=1) for edit in edits]
    with_old, findings = merged(version, old, items)
    assert with_old.entries == merged(version, [], items)[0].entries
    assert len(findings) >= len(old)
