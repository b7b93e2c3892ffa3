"""What a published roadmap brings into the next run: locks, and the selection that changes are counted against."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from engine.compile import Compiled, compile_problem
from engine.findings import Finding, Severity
from engine.inputs import ContributionRow, InitiativeRow, MetricRow, PlanRow, ScenarioRow, Setup, WorkbookInputs
from engine.roadmap import RoadmapEntry, RoadmapVersion


def key(number: int) -> str:
    return f"INIT-{number:06d}"


def initiative(number: int, **more: Any) -> InitiativeRow:
    fields: dict[str, Any] = {
        "title": f"Idea {number}",
        "engineering_tokens": Decimal(100),
        "is_candidate": True,
        **more,
    }
    return InitiativeRow(tab="Initiatives", row=number + 1, initiative_key=key(number), **fields)


def compiled(*rows: InitiativeRow, published: RoadmapVersion, plan: tuple[PlanRow, ...] = ()) -> Compiled:
    """The rows (or three candidates), planned for 2026-Q1."""
    initiatives = rows or (initiative(1), initiative(2), initiative(3))
    inputs = WorkbookInputs(
        initiatives=initiatives,
        metrics=(MetricRow(tab="Metrics", row=2, kpi_key="revenue", kpi_level="north_star"),),
        contributions=tuple(
            ContributionRow(
                tab="Contributions",
                row=row.row,
                initiative_key=row.initiative_key,
                contributions={"revenue": Decimal(1)},
            )
            for row in initiatives
        ),
        scenarios=(
            ScenarioRow(
                tab="Scenarios",
                row=2,
                scenario_name="Core",
                period_key="2026-Q1",
                capacity_total_tokens=Decimal(900),
                objective_mode="north_star",
            ),
        ),
        plan=plan,
        setup=Setup(default_scenario="Core"),
    )
    return compile_problem(inputs, scenario=None, constraint_set=None, today=date(2026, 1, 15), published=published)


def only(found: Compiled, severity: Severity) -> Finding:
    (finding,) = [finding for finding in found.findings if finding.severity is severity]
    return finding


def stopped_by(*rows: InitiativeRow, published: RoadmapVersion, plan: tuple[PlanRow, ...]) -> list[str]:
    """The sentences that stop the run."""
    found = compiled(*rows, published=published, plan=plan)
    assert found.problem is None
    return [str(finding) for finding in found.findings if finding.stops_run]


def published(*entries: RoadmapEntry, name: str = "core") -> RoadmapVersion:
    return RoadmapVersion(
        roadmap_name="Plan",
        version=3,
        scenario=name,
        portfolio_id=1,
        published_by="Dana",
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
        entries=entries,
    )


def entry(number: int, decision: str = "in", period: str | None = "2026-Q1", **more: Any) -> RoadmapEntry:
    return RoadmapEntry(
        initiative_key=key(number), title=f"Idea {number}", decision=decision, planned_period=period, **more
    )


def test_the_published_roadmap_gives_the_previous_selection_and_its_starts() -> None:
    version = published(entry(1), entry(2, period=None), entry(3, "out"), entry(4, period="2027-Q1"))
    problem = compiled(published=version).problem
    assert problem is not None
    assert problem.previous_selection == (key(1), key(2))
    assert problem.previous_starts == {key(1): "2026-Q1", key(2): "2026-Q1"}


def test_a_roadmap_of_another_scenario_gives_nothing() -> None:
    problem = compiled(published=published(entry(1, is_locked_in=True), name="Lean")).problem
    assert problem is not None
    assert problem.previous_selection is None
    assert problem.constraint_set.locks == {}


def test_locks_bind_inside_the_horizon_exclude_after_it_and_say_nothing_before_it() -> None:
    version = published(
        entry(1, is_locked_in=True),
        entry(2, period="2026-Q2", is_locked_in=True),
        entry(3, period="2025-Q4", is_locked_in=True),
    )
    found = compiled(published=version)
    assert found.constraint_set.locks == {key(1): "2026-Q1"}
    assert found.constraint_set.exclusions_initiatives == (key(2),)
    assert found.constraint_set.reasons[key(2)] == "locked to 2026-Q2"
    assert "is over" in only(found, Severity.WARN).message


def test_a_lock_out_is_an_exclusion_with_its_reason() -> None:
    version = published(entry(1, "out", is_locked_in=True, override_reason="The founder said no"))
    found = compiled(published=version)
    assert found.constraint_set.exclusions_initiatives == (key(1),)
    assert found.constraint_set.reasons == {key(1): "The founder said no"}


def test_a_locked_initiative_without_tokens_stops_the_run_at_its_plan_row() -> None:
    plan = PlanRow(tab="Roadmap Plan", row=5, cells={"is_locked_in": "K5"}, initiative_key=key(2), is_locked_in=True)
    rows = (initiative(1), initiative(2, engineering_tokens=None))
    told = stopped_by(*rows, plan=(plan,), published=published(entry(2, is_locked_in=True)))
    assert told[0].startswith("Roadmap Plan!K5")


def test_locking_a_delivered_initiative_says_nothing_with_a_warning() -> None:
    rows = (initiative(1), initiative(2, lifecycle_status="delivered"))
    found = compiled(*rows, published=published(entry(2, is_locked_in=True)))
    assert found.constraint_set.locks == {}
    assert "delivered" in only(found, Severity.WARN).message
