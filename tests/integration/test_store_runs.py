"""Rules, runs, portfolios, roadmaps and requests, on a real Postgres."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from db import store
from db.errors import DatabaseBug, RunTakenOver, VersionConflict
from db.records import RequestStatus, RunRecord, RunStatus, StoredConstraintSet
from db.session import Database
from engine.errors import InputError
from engine.inputs import InitiativeRow, ScenarioRow, WorkbookInputs
from engine.problem import (
    Candidate,
    ConstraintSet,
    Item,
    Kpi,
    Objective,
    Problem,
    Solution,
    SourceCell,
)
from engine.roadmap import RoadmapEntry, RoadmapVersion

NOW = datetime(2026, 1, 5, 14, 2, tzinfo=UTC)
KEYS = ("INIT-000001", "INIT-000002", "INIT-000003")
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def workspace(database: Database, request: pytest.FixtureRequest) -> int:
    """A workspace with three initiatives and the scenario "2026-Q1 Core"."""
    rows = tuple(InitiativeRow(tab="Initiatives", row=2, initiative_key=key, title=f"Title {key}") for key in KEYS)
    scenario = ScenarioRow(tab="Scenarios", row=2, scenario_name="2026-Q1 Core")
    with database.transaction() as session:
        workspace_id = store.register_workspace(session, request.node.name, "Plans", "").id
        store.save_inputs(session, workspace_id, WorkbookInputs(initiatives=rows, scenarios=(scenario,)))
    return workspace_id


def problem(**more: object) -> Problem:
    candidates = tuple(
        Candidate(
            initiative_key=key,
            title=f"Title {key}",
            engineering_tokens=Decimal("90.1"),
            kpi_contributions={"revenue": Decimal("0.1")},
            score=Decimal("12.5"),
        )
        for key in KEYS
    )
    values: dict[str, object] = {
        "scenario_name": "2026-Q1 Core",
        "constraint_set_name": "Baseline",
        "period_key": "2026-Q1",
        "periods": ("2026-Q1",),
        "capacity_total_tokens": Decimal("200.3"),
        "objective": Objective(mode="north_star"),
        "kpis": (Kpi(kpi_key="revenue", kpi_level="north_star"),),
        "candidates": candidates,
        "constraint_set": ConstraintSet(mandatory_initiatives=(KEYS[0],), locks={KEYS[1]: "2026-Q1"}),
        **more,
    }
    return Problem.model_validate(values)


def solution(status: str = "optimal", gap: str = "0") -> Solution:
    has_plan = status in ("optimal", "feasible")
    items = tuple(
        Item(
            initiative_key=key,
            selected=rank < 3,
            allocated_tokens=Decimal("90.1") if rank < 3 else Decimal(0),
            rank=rank if rank < 3 else None,
            start_period="2026-Q1" if rank < 3 else None,
            reason=f"reason {rank}",
        )
        for rank, key in enumerate(KEYS, 1)
    )
    return Solution.model_validate(
        {
            "status": status,
            "objective": Decimal("0.2") if has_plan else None,
            "relative_gap": Decimal(gap) if has_plan else None,
            "items": items if has_plan else (),
            "solver": {
                "name": "HiGHS",
                "version": "1.13",
                "build_s": Decimal("0.01"),
                "solve_s": Decimal("0.8"),
                "nodes": 12,
            },
        }
    )


def begun(session: Session, workspace: int, **more: str) -> tuple[RunRecord, StoredConstraintSet]:
    run = store.begin_run(session, workspace, scenario="2026-Q1 Core", requested_by="pm@example.com", **more)
    return run, store.save_constraint_set(session, workspace, "2026-Q1 Core", "Baseline", problem().constraint_set)


def solved(session: Session, workspace: int, result: Solution | None = None) -> tuple[RunRecord, int | None]:
    run, rules = begun(session, workspace)
    store.store_snapshot(session, run, problem(), NOW, rules)
    return run, store.finish_run(session, run, result or solution())


def version(portfolio_id: int, number: int = 1, **more: object) -> RoadmapVersion:
    entries = (
        RoadmapEntry(
            initiative_key=KEYS[1],
            title="Title 2",
            decision="in",
            planned_period="2026-Q1",
            priority_rank=1,
            is_locked_in=True,
            owner="Ana",
            status="on track",
            confidence="high",
            public_note="soon",
            notes="private",
            is_period_overridden=True,
            override_reason="asked for",
            plan_wants="out",
            conflict="the plan leaves it out",
        ),
        RoadmapEntry(initiative_key=KEYS[0], title="Title 1", decision="out", planned_period="2026-H2"),
        RoadmapEntry(initiative_key=KEYS[2], title="Title 3", decision="in"),
    )
    values: dict[str, object] = {
        "roadmap_name": "Product roadmap",
        "version": number,
        "scenario": "2026-Q1 Core",
        "portfolio_id": portfolio_id,
        "published_by": "pm@example.com",
        "published_at": NOW,
        "version_note": "first",
        "entries": entries,
        **more,
    }
    return RoadmapVersion(**values)  # type: ignore[arg-type]


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).filter(str.strip)
amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**12, places=6)
slices = st.dictionaries(
    st.sampled_from(["country", "department"]), st.dictionaries(names, amounts, max_size=3), max_size=2
)


@quick
@given(
    caps=slices, floors=slices, keys=st.lists(st.sampled_from(KEYS), max_size=3), changes=st.none() | st.integers(0, 99)
)
def test_a_constraint_set_comes_back_with_its_digest(
    database: Database, caps: object, floors: object, keys: list[str], changes: int | None
) -> None:
    from engine.canonical import canonical_json, constraint_digest

    try:
        rules = ConstraintSet.model_validate(
            {
                "caps": caps,
                "floors": floors,
                "mandatory_initiatives": tuple(keys),
                "max_changes": changes,
                "sources": {"max_changes": [SourceCell(cell="Scenarios!F2", row="sha256:1")]},
            }
        )
        canonical = canonical_json(rules)
    except ValueError:
        return  # two spellings of one key that disagree: the compiler's to tell
    with database.transaction() as session:
        workspace = store.register_workspace(session, "rules", "", "").id
        scenarios = (ScenarioRow(tab="S", row=2, scenario_name="Core"),)
        store.save_inputs(session, workspace, WorkbookInputs(scenarios=scenarios))
        stored = store.save_constraint_set(session, workspace, "Core", "Baseline", rules)
        kept = store.load_constraint_set(session, workspace, "core", "BASELINE")
    assert kept is not None
    assert stored.digest == constraint_digest(rules) == constraint_digest(kept)
    assert canonical_json(kept) == canonical


def test_the_version_of_the_rules_counts_their_digests(database: Database, workspace: int) -> None:
    versions = []
    with database.transaction() as session:
        for cap in ("1", "1.0", "2", "2", "1"):
            rules = ConstraintSet(caps={"country": {"UK": Decimal(cap)}})
            versions.append(store.save_constraint_set(session, workspace, "2026-Q1 Core", "Baseline", rules).version)
    assert versions == [1, 1, 2, 2, 3]


def test_rules_of_an_unknown_scenario_are_our_fault_not_a_crash(database: Database, workspace: int) -> None:
    with pytest.raises(DatabaseBug, match="has not been stored"), database.transaction() as session:
        store.save_constraint_set(session, workspace, "nowhere", "Baseline", ConstraintSet())


def test_a_finished_run_comes_back_as_it_was(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        run, portfolio_id = solved(session, workspace)
    with database.transaction() as session:
        facts = store.run_facts(session, run.id)
    assert facts is not None
    assert facts.problem == problem()
    assert facts.solution == solution()
    assert (facts.scenario, facts.constraint_set, facts.rules_version) == ("2026-Q1 Core", "Baseline", 1)
    assert facts.inputs_as_of == NOW
    assert facts.solved_at.tzinfo is not None
    assert facts.portfolio_id == portfolio_id is not None
    assert (facts.trigger, facts.requested_by) == ("command line", "pm@example.com")


def test_a_portfolio_keeps_each_candidate_with_what_put_it_there(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        _, portfolio_id = solved(session, workspace)
        rows = session.execute(
            text(
                "SELECT i.initiative_key, p.selected, p.allocated_tokens, p.rank, p.source, p.score, p.start_period,"
                " p.contributions::text, p.reason FROM portfolio_items p JOIN initiatives i ON i.id = p.initiative_id"
                " WHERE p.portfolio_id = :id ORDER BY 1"
            ),
            {"id": portfolio_id},
        ).all()
    tokens, score, revenue = Decimal("90.1"), Decimal("12.5"), '{"revenue": 0.1}'
    assert [tuple(row) for row in rows] == [
        (KEYS[0], True, tokens, 1, "mandatory", score, "2026-Q1", revenue, "reason 1"),
        (KEYS[1], True, tokens, 2, "locked", score, "2026-Q1", revenue, "reason 2"),
        (KEYS[2], False, Decimal(0), None, "optimizer", score, None, revenue, "reason 3"),
    ]


def test_the_newest_good_run_is_the_last_with_a_plan_of_that_scenario_and_set(
    database: Database, workspace: int
) -> None:
    with database.transaction() as session:
        assert store.newest_good_run(session, workspace, "2026-Q1 Core") is None
        good, _ = solved(session, workspace)
        bad, portfolio_id = solved(session, workspace, solution("infeasible"))
        assert portfolio_id is None
        found = store.newest_good_run(session, workspace, " 2026-q1 CORE", "baseline")
        assert found is not None
        assert found.run_id == good.id
        assert store.newest_good_run(session, workspace, "2026-Q1 Core", "Aggressive") is None
        failed = store.run_facts(session, bad.id)
        assert failed is not None
        assert (failed.solution.status, failed.portfolio_id) == ("infeasible", None)


def test_a_run_without_a_result_has_no_facts(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        run, _ = begun(session, workspace)
        assert store.run_facts(session, run.id) is None


def test_only_the_run_that_began_last_holds_its_fence_and_may_write(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        first, rules = begun(session, workspace)
        assert store.holds_fence(session, first.id, first.fence)
        second, _ = begun(session, workspace)
        assert second.fence > first.fence
        assert not store.holds_fence(session, first.id, first.fence)
        assert store.holds_fence(session, second.id, second.fence)
        for write in (
            lambda: store.store_snapshot(session, first, problem(), NOW, rules),
            lambda: store.set_run_stage(session, first, RunStatus.WRITING),
            lambda: store.finish_run(session, first, solution()),
        ):
            with pytest.raises(RunTakenOver, match="a later run of this workbook has begun"):
                write()
        store.fail_run(session, first, "too late")
        said = session.execute(
            text("SELECT status, message FROM optimization_runs WHERE id = :id"), {"id": first.id}
        ).one()
        assert said[0] == "failed"
        assert "a later run" in said[1]


def test_a_write_in_flight_keeps_a_later_run_from_beginning_until_it_is_done(
    database: Database, workspace: int
) -> None:
    order: list[str] = []
    with database.transaction() as session:
        run, _ = begun(session, workspace)

    def begin() -> None:
        with database.transaction() as session:
            begun(session, workspace)
            order.append("begun")

    with database.transaction() as session:
        store.set_run_stage(session, run, RunStatus.WRITING)
        later = threading.Thread(target=begin)
        later.start()
        later.join(0.3)
        order.append("written")
    later.join()
    assert order == ["written", "begun"]


def test_a_write_that_waits_while_a_later_run_begins_is_refused(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        run, _ = begun(session, workspace)
    told: list[str] = []

    def write() -> None:
        try:
            with database.transaction() as session:
                store.set_run_stage(session, run, RunStatus.WRITING)
        except RunTakenOver:
            told.append("refused")

    with database.transaction() as session:
        later, _ = begun(session, workspace)
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(0.3)
        told.append("begun")
    writer.join()
    assert told == ["begun", "refused"]
    with database.transaction() as session:
        assert store.holds_fence(session, later.id, later.fence)


def test_right_before_a_sheet_write_a_run_that_was_taken_over_is_stopped(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        run, _ = begun(session, workspace)
        store.require_fence(session, run)
        begun(session, workspace)
        with pytest.raises(RunTakenOver):
            store.require_fence(session, run)


def test_the_newest_failure_is_told_until_a_later_run_makes_a_plan(database: Database, workspace: int) -> None:
    wanted = (workspace, "2026-Q1 Core", "Baseline")
    with database.transaction() as session:
        assert store.newest_failure(session, *wanted) is None
        run, _ = solved(session, workspace, solution("infeasible"))
        store.set_run_stage(session, run, RunStatus.DONE, message="The rules cannot all hold.")
        assert store.newest_failure(session, *wanted) == (
            "The rules cannot all hold.",
            store.run_facts(session, run.id),
        )
        solved(session, workspace)
        assert store.newest_failure(session, *wanted) is None


def test_the_run_behind_a_portfolio_is_found_and_only_by_its_own_workspace(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        run, portfolio_id = solved(session, workspace)
        assert portfolio_id is not None
        assert store.run_of_portfolio(session, portfolio_id) == store.run_facts(session, run.id)
        assert store.run_facts(session, run.id, workspace_id=workspace) is not None
        assert store.run_facts(session, run.id, workspace_id=workspace + 1) is None


def test_an_ended_run_is_not_moved_on(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        run, _ = solved(session, workspace)
        store.set_run_stage(session, run, RunStatus.DONE, rows_read=7, rows_written=8, api_calls=5)
        assert not store.holds_fence(session, run.id, run.fence)
        with pytest.raises(RunTakenOver):
            store.set_run_stage(session, run, RunStatus.WRITING)


def test_the_run_log_tells_runs_and_publications_newest_first(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        run, portfolio_id = solved(session, workspace, solution(gap="0.00412"))
        store.set_run_stage(session, run, RunStatus.DONE, rows_read=7, rows_written=8, api_calls=5)
    assert portfolio_id is not None
    with database.transaction() as session:
        lost, _ = begun(session, workspace, trigger="menu")
        store.fail_run(session, lost, "The sheet has no Scenarios tab.")
    with database.transaction() as session:
        none, _ = solved(session, workspace, solution("infeasible"))
        store.set_run_stage(session, none, RunStatus.DONE, message="No plan is possible.")
        store.save_version(session, workspace, version(portfolio_id, published_at=database.now()))
    with database.transaction() as session:
        published, infeasible, failed, done = store.run_log(session, workspace)
        assert store.run_log(session, workspace, limit=1) == (published,)
    assert (done.status, done.plan_quality, done.run) == ("done", "within 0.5 %", run.id)
    assert (done.rows_read, done.rows_written, done.api_calls) == (7, 8, 5)
    assert done.seconds is not None
    assert done.seconds >= 0
    assert (failed.status, failed.trigger, failed.message) == ("failed", "menu", "The sheet has no Scenarios tab.")
    assert (infeasible.status, infeasible.plan_quality, infeasible.message) == (
        "infeasible",
        "",
        "No plan is possible.",
    )
    assert (published.action, published.who, published.run) == ("publish", "pm@example.com", run.id)
    assert published.message == "Product roadmap v1: first"


def test_a_published_version_comes_back_as_it_was(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        _, portfolio_id = solved(session, workspace)
        assert portfolio_id is not None
        assert store.newest_version(session, workspace) is None
        first = store.save_version(session, workspace, version(portfolio_id))
        second = store.save_version(session, workspace, version(portfolio_id, 2, version_note="", entries=()))
        other = store.save_version(
            session, workspace, version(portfolio_id, roadmap_name="Leadership", entries=first.entries[:1])
        )
    with database.transaction() as session:
        assert store.newest_version(session, workspace, "product ROADMAP") == second
        assert store.newest_version(session, workspace, scenario="2026-q1 core") == other
        assert store.newest_version(session, workspace) == other
        assert store.newest_version(session, workspace, scenario="another") is None
    assert first.entries == version(portfolio_id).entries


def test_year_and_quarter_are_derived_from_the_planned_period(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        _, portfolio_id = solved(session, workspace)
        assert portfolio_id is not None
        store.save_version(session, workspace, version(portfolio_id))
        rows = session.execute(
            text(
                "SELECT e.planned_period, e.planned_year, e.planned_quarter FROM roadmap_entries e"
                " JOIN roadmaps r ON r.id = e.roadmap_id WHERE r.workspace_id = :id ORDER BY e.position"
            ),
            {"id": workspace},
        )
        assert [tuple(row) for row in rows] == [("2026-Q1", 2026, 1), ("2026-H2", 2026, None), (None, None, None)]


def test_a_version_whose_number_is_taken_or_leaves_a_gap_is_a_conflict(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        _, portfolio_id = solved(session, workspace)
        assert portfolio_id is not None
        store.save_version(session, workspace, version(portfolio_id))
        for number in (1, 3):
            with pytest.raises(VersionConflict, match="published meanwhile"):
                store.save_version(session, workspace, version(portfolio_id, number))


def test_of_two_who_publish_at_once_one_publishes_and_the_other_is_told(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        _, portfolio_id = solved(session, workspace)
    assert portfolio_id is not None
    told: list[str] = []

    def publish() -> None:
        try:
            with database.transaction() as session:
                store.save_version(session, workspace, version(portfolio_id))
                told.append("published")
        except VersionConflict:
            told.append("conflict")

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["conflict", "published"]


@pytest.mark.parametrize(
    "entry",
    [
        RoadmapEntry(initiative_key="INIT-009999", title="Nobody", decision="in"),
        RoadmapEntry(initiative_key=KEYS[0], title="One", decision="in", planned_period="soon"),
    ],
)
def test_an_entry_that_names_no_initiative_or_no_period_is_a_sentence(
    database: Database, workspace: int, entry: RoadmapEntry
) -> None:
    with pytest.raises(InputError, match=r"INIT-009999 stands in the plan|“soon”"), database.transaction() as session:
        _, portfolio_id = solved(session, workspace)
        assert portfolio_id is not None
        store.save_version(session, workspace, replace(version(portfolio_id), entries=(entry,)))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM initiatives WHERE workspace_id = :id",
        "DELETE FROM optimization_runs WHERE workspace_id = :id",
        "DELETE FROM portfolios p USING optimization_runs r WHERE r.id = p.run_id AND r.workspace_id = :id",
        "DELETE FROM portfolio_items",
        "DELETE FROM optimization_scenarios WHERE workspace_id = :id",
        "DELETE FROM workspaces WHERE id = :id",
        "DELETE FROM roadmaps WHERE workspace_id = :id",
        "UPDATE roadmaps SET version_note = 'changed' WHERE workspace_id = :id",
        "UPDATE roadmap_entries SET decision = 'out'",
    ],
)
def test_nothing_that_a_roadmap_hangs_on_can_be_deleted_nor_a_version_changed(
    database: Database, workspace: int, statement: str
) -> None:
    with database.transaction() as session:
        _, portfolio_id = solved(session, workspace)
        assert portfolio_id is not None
        published = store.save_version(session, workspace, version(portfolio_id))
    with pytest.raises(DatabaseBug), database.transaction() as session:
        session.execute(text(statement), {"id": workspace})
    with database.transaction() as session:
        assert store.newest_version(session, workspace) == published


def test_a_request_id_is_new_exactly_once_however_many_ask(database: Database, workspace: int) -> None:
    new: list[bool] = []

    def ask() -> None:
        with database.transaction() as session:
            new.append(store.ask(session, workspace, "click-1", "optimize", arguments={"n": 1})[1])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new) == [False, False, False, True]


def test_a_request_comes_back_with_its_answer(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        run, _ = begun(session, workspace)
        claimed, _ = store.ask(
            session, workspace, "click-2", "publish", arguments={"note": "ü", "n": Decimal("0.1")}, requested_at=NOW
        )
        assert claimed.status is RequestStatus.QUEUED
        store.finish_request(session, "click-2", RequestStatus.DONE, "Published v1.", run.id)
        answered = store.find_request(session, "click-2")
        assert store.find_request(session, "never") is None
    assert answered is not None
    assert answered.finished_at is not None
    assert answered == replace(
        claimed,
        status=RequestStatus.DONE,
        message="Published v1.",
        run_id=run.id,
        finished_at=answered.finished_at,
    )
    assert answered.arguments == {"note": "ü", "n": Decimal("0.1")}
    assert answered.requested_at == NOW


def test_a_thousand_candidates_are_stored_with_a_portfolio_item_each(database: Database) -> None:
    keys = [f"INIT-{number:06d}" for number in range(1, 1001)]
    rows = tuple(InitiativeRow(tab="I", row=2, initiative_key=key, title=key) for key in keys)
    scenarios = (ScenarioRow(tab="S", row=2, scenario_name="2026-Q1 Core"),)
    candidates = tuple(Candidate(initiative_key=key, engineering_tokens=Decimal(1)) for key in keys)
    items = tuple(
        Item(initiative_key=key, selected=False, allocated_tokens=Decimal(0), rank=None, start_period=None, reason="")
        for key in keys
    )
    with database.transaction() as session:
        workspace = store.register_workspace(session, "many", "", "").id
        store.save_inputs(session, workspace, WorkbookInputs(initiatives=rows, scenarios=scenarios))
        run, rules = begun(session, workspace)
        store.store_snapshot(session, run, problem(candidates=candidates), NOW, rules)
        portfolio_id = store.finish_run(session, run, solution().model_copy(update={"items": items}))
        count = text("SELECT count(*) FROM portfolio_items WHERE portfolio_id = :id")
        assert session.execute(count, {"id": portfolio_id}).scalar() == 1000


def test_remarks_come_back_with_the_run_to_the_last_digit(database: Database, workspace: int) -> None:
    told = {"kind": "row_price", "path": "caps.country.uk", "low": Decimal("0.1"), "high": Decimal(31000)}
    with database.transaction() as session:
        run, _ = solved(session, workspace)
        before = store.run_facts(session, run.id)
        store.save_remarks(session, run, [told])
        after = store.run_facts(session, run.id)
    assert before is not None
    assert after is not None
    assert (before.remarks, after.remarks) == ((), (told,))
    assert replace(after, remarks=()) == before


def test_a_run_that_was_taken_over_keeps_no_remarks(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        run, _ = solved(session, workspace)
        store.begin_run(session, workspace)
    with pytest.raises(RunTakenOver), database.transaction() as session:
        store.save_remarks(session, run, [])
