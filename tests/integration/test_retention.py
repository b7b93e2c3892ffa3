"""What the nightly clean-up deletes, and what it keeps however old it is; runs whose command died."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from db import store
from db.records import RequestStatus, RunRecord, RunStatus
from db.session import Database
from engine.inputs import InitiativeRow, ScenarioRow, WorkbookInputs
from engine.roadmap import RoadmapVersion
from jobs.cleanup import clean_up, clean_up_nightly
from tests.integration.test_store_runs import KEYS, problem, solution


@pytest.fixture
def workspace(database: Database, request: pytest.FixtureRequest) -> Iterator[int]:
    rows = tuple(InitiativeRow(tab="Initiatives", row=2, initiative_key=key, title=key) for key in KEYS)
    scenario = ScenarioRow(tab="Scenarios", row=2, scenario_name="2026-Q1 Core")
    with database.transaction() as session:
        made = store.register_workspace(session, request.node.name, "Plans", "").id
        store.save_inputs(session, made, WorkbookInputs(initiatives=rows, scenarios=(scenario,)))
    yield made
    clean_up(database, 36_000)


def ran(
    database: Database, workspace: int, *, status: str = "optimal", constraint_set: str = "Baseline", **more: str
) -> int:
    """A run that is done; with a portfolio where ``status`` is a plan's."""
    asked = problem(constraint_set_name=constraint_set)
    with database.transaction() as session:
        run = store.begin_run(session, workspace, scenario="2026-Q1 Core", constraint_set=constraint_set, **more)
        kept = store.save_constraint_set(session, workspace, "2026-Q1 Core", constraint_set, asked.constraint_set)
        store.store_snapshot(session, run, asked, datetime(2026, 1, 5, tzinfo=UTC), kept)
        store.finish_run(session, run, solution(status))
        store.set_run_stage(session, run, RunStatus.DONE)
    return run.id


def aged(database: Database, days: int = 400) -> None:
    """All that there is becomes so much older."""
    with database.transaction() as session:
        for table, columns in {
            "optimization_runs": ("started_at", "finished_at"),
            "requests": ("requested_at", "finished_at"),
            "schedule_slots": ("slot_at",),
            "procrastinate_events": ("at",),
        }.items():
            moved = ", ".join(f"{column} = {column} - interval '{days} days'" for column in columns)
            session.execute(text(f"UPDATE {table} SET {moved}"))


def kept(database: Database, workspace: int) -> list[int]:
    with database.transaction() as session:
        found = session.scalars(
            text("SELECT id FROM optimization_runs WHERE workspace_id = :id ORDER BY id"), {"id": workspace}
        )
        return list(found)


def test_old_runs_go_and_the_last_ones_of_each_set_stay_with_what_the_sheet_shows(
    database: Database, workspace: int
) -> None:
    """Of each scenario and set: the last, the last with a plan, and the last with a plan that a person asked for."""
    ran(database, workspace)
    person = ran(database, workspace)
    ran(database, workspace, trigger="schedule")
    scheduled = ran(database, workspace, trigger="schedule")
    ran(database, workspace, status="infeasible")
    last = ran(database, workspace, status="infeasible")
    other = ran(database, workspace, constraint_set="Careful")
    aged(database)
    for _ in "ab":
        clean_up(database, 180)
        assert kept(database, workspace) == [person, scheduled, last, other]


def test_a_run_that_is_not_old_enough_stays(database: Database, workspace: int) -> None:
    runs = [ran(database, workspace) for _ in range(3)]
    aged(database, 179)
    clean_up(database, 180)
    assert kept(database, workspace) == runs
    aged(database, 2)
    clean_up(database, 180)
    assert kept(database, workspace) == runs[-1:]


def test_a_published_run_stays_for_ever(database: Database, workspace: int) -> None:
    published, _, last = (ran(database, workspace) for _ in range(3))
    with database.transaction() as session:
        facts = store.run_facts(session, published)
        assert facts is not None
        assert facts.portfolio_id is not None
        store.save_version(
            session,
            workspace,
            RoadmapVersion(
                roadmap_name="Roadmap",
                version=1,
                scenario="2026-Q1 Core",
                entries=(),
                portfolio_id=facts.portfolio_id,
                published_by="pm",
                published_at=datetime(2026, 1, 5, tzinfo=UTC),
            ),
        )
    aged(database, 4000)
    clean_up(database, 180)
    assert kept(database, workspace) == [published, last]


def test_requests_that_ended_go_with_their_runs_and_open_ones_keep_theirs(database: Database, workspace: int) -> None:
    ids = {}
    for name in ("done", "open"):
        with database.transaction() as session:
            store.ask(session, workspace, f"{workspace}-{name}", "optimize")
        ids[name] = ran(database, workspace)
        with database.transaction() as session:
            store.attach_run(session, f"{workspace}-{name}", ids[name])
    with database.transaction() as session:
        store.finish_request(session, f"{workspace}-done", RequestStatus.DONE, "")
    last = ran(database, workspace)
    aged(database)
    clean_up(database, 180)
    assert kept(database, workspace) == [ids["open"], last]
    with database.transaction() as session:
        assert store.find_request(session, f"{workspace}-open") is not None
        assert store.find_request(session, f"{workspace}-done") is None
        store.finish_request(session, f"{workspace}-open", RequestStatus.DONE, "")


def test_jobs_that_failed_and_slots_that_are_over_go_and_waiting_ones_stay(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        assert store.take_slot(session, workspace, "daily 07:00", datetime(2026, 1, 5, tzinfo=UTC))
        for name in ("failed", "waits"):
            store.ask(session, workspace, f"{workspace}-{name}", "check")
        session.execute(
            text("UPDATE procrastinate_jobs SET status = 'failed' WHERE args ->> 'request_id' = :id"),
            {"id": f"{workspace}-failed"},
        )
    aged(database, 31)
    clean_up(database, 180)
    with database.transaction() as session:
        left = session.scalars(text("SELECT args ->> 'request_id' FROM procrastinate_jobs")).all()
        slots = session.scalar(text("SELECT count(*) FROM schedule_slots WHERE workspace_id = :id"), {"id": workspace})
    assert f"{workspace}-waits" in left
    assert f"{workspace}-failed" not in left
    assert slots == 0


def test_lines_of_the_audit_go_when_they_are_old(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        for _ in range(2):
            store.note_audit(
                session, workspace, who="ana", is_verified=False, way="sheet", action="publish", outcome="done"
            )
        session.execute(
            text("UPDATE request_audits SET created_at = now() - interval '200 days' WHERE id = (:one)"),
            {"one": session.execute(text("SELECT min(id) FROM request_audits")).scalar()},
        )
    assert clean_up(database, 180)["audits"] == 1
    assert clean_up(database, 180)["audits"] == 0


def test_of_many_workers_one_cleans_up_a_night(database: Database) -> None:
    with ThreadPoolExecutor(4) as workers:
        done = list(workers.map(lambda _: clean_up_nightly(database, 180), range(8)))
    assert sum(one is not None for one in done) <= 1
    assert clean_up_nightly(database, 180) is None


SENTENCE = "Ended: its command died."


def dead(database: Database) -> int:
    with database.transaction() as session:
        return store.end_dead_runs(session, 60, SENTENCE)


def begun(database: Database, workspace: int, *, lease_s: float, age_s: float = 120) -> RunRecord:
    """A run of a command that took its turn and then fell silent: its lease runs out ``lease_s`` from now."""
    with database.transaction() as session:
        fence = store.take_lease(session, workspace, "command", 1)
        session.execute(
            text("UPDATE workspace_leases SET held_until = clock_timestamp() + make_interval(secs => :s)"),
            {"s": lease_s},
        )
        run = store.begin_run(session, workspace, fence=fence)
        session.execute(
            text("UPDATE optimization_runs SET started_at = now() - make_interval(secs => :s) WHERE id = :id"),
            {"s": age_s, "id": run.id},
        )
        session.execute(text("UPDATE workspace_watches SET read_at = now(), next_read_at = '2100-01-01Z'"))
    return run


def test_the_run_of_a_dead_command_is_ended_with_a_sentence_and_its_workbook_is_read_next(
    database: Database, workspace: int
) -> None:
    run = begun(database, workspace, lease_s=-61)
    assert dead(database) == 1
    with database.transaction() as session:
        state = store.run_state(session, workspace, run.id)
        assert state is not None
        assert (state.status, state.message) == (RunStatus.FAILED, SENTENCE)
        assert not store.holds_fence(session, run.id, run.fence)
        assert store.watch_of(session, workspace).reason == "changed"
    assert dead(database) == 0


@pytest.mark.parametrize(
    ("lease_s", "age_s"), [(10, 120), (-30, 120), (-61, 30)], ids=["its lease lasts", "silent for a short while", "new"]
)
def test_a_command_that_may_be_alive_keeps_its_run(
    database: Database, workspace: int, lease_s: float, age_s: float
) -> None:
    run = begun(database, workspace, lease_s=lease_s, age_s=age_s)
    assert dead(database) == 0
    with database.transaction() as session:
        store.fail_run(session, run, "over")


def test_a_run_that_a_request_waits_for_is_resumed_and_not_ended(database: Database, workspace: int) -> None:
    run = begun(database, workspace, lease_s=-61)
    with database.transaction() as session:
        store.ask(session, workspace, f"{workspace}-waits", "optimize")
        store.attach_run(session, f"{workspace}-waits", run.id)
    assert dead(database) == 0
    with database.transaction() as session:
        store.cancel_request(session, f"{workspace}-waits", "over")


def test_a_run_whose_turn_another_process_has_taken_is_ended_although_that_one_lives(
    database: Database, workspace: int
) -> None:
    begun(database, workspace, lease_s=-1)
    with database.transaction() as session:
        assert store.take_lease(session, workspace, "another", 60)
    assert dead(database) == 1
