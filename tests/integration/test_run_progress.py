"""How a run gets on and what is said of its plan, on a real Postgres: written by one process, read by another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from db import store
from db.errors import DatabaseUnreachable, RunTakenOver
from db.records import RunRecord, RunStatus
from db.session import Database
from engine.progress import Progress
from jobs.progress_notes import EVERY_S, ProgressNotes


@pytest.fixture
def workspace(database: Database, request: pytest.FixtureRequest) -> int:
    with database.transaction() as session:
        return store.register_workspace(session, request.node.name, "Plans", "").id


@pytest.fixture
def run(database: Database, workspace: int) -> RunRecord:
    with database.transaction() as session:
        return store.begin_run(session, workspace, scenario="Core")


@pytest.fixture
def elsewhere(db_url: str) -> Iterator[Database]:
    """The same database, opened as another process opens it."""
    opened = Database.open(db_url)
    yield opened
    opened.close()


def notes_of(database: Any, run: RunRecord, moments: list[float]) -> ProgressNotes:
    """Notes whose clock shows these moments one after the other, the first at the start."""
    ticks = itertools.chain(moments, itertools.repeat(moments[-1]))
    return ProgressNotes(SimpleNamespace(database=database, go_on=lambda: None), run, clock=lambda: next(ticks))  # type: ignore[arg-type]


def kept(database: Database, workspace: int, run: RunRecord | None = None) -> Any:
    with database.transaction() as session:
        state = store.run_state(session, workspace, run.id if run else None)
    assert state is not None
    return state


def told(seconds: float, **more: Any) -> Progress:
    return Progress(seconds, "searching", **more)


def test_another_process_reads_how_the_solve_gets_on(
    database: Database, elsewhere: Database, workspace: int, run: RunRecord
) -> None:
    assert kept(elsewhere, workspace).progress is None
    notes_of(database, run, [0.0])(told(0.25, incumbent=2134.5, bound=2140.0, gap=0.0026, solver="HiGHS"))
    state = kept(elsewhere, workspace)
    assert (state.run_id, state.scenario, state.status) == (run.id, "Core", RunStatus.PULLING)
    assert state.progress == {
        "seconds": Decimal("0.25"), "phase": "searching", "stage": 1, "incumbent": Decimal("2134.5"),
        "bound": 2140, "gap": Decimal("0.0026"), "solver": "HiGHS",
    }  # fmt: skip
    assert state.finished_at is None


def test_within_a_second_of_a_note_nothing_is_kept_but_the_end(
    database: Database, workspace: int, run: RunRecord
) -> None:
    now = [0.0]
    notes = ProgressNotes(SimpleNamespace(database=database, go_on=lambda: None), run, clock=lambda: now[0])  # type: ignore[arg-type]
    seen = []
    for moment in (0.0, EVERY_S / 2, EVERY_S, 1.5 * EVERY_S):
        now[0] = moment
        notes(told(moment))
        seen.append(kept(database, workspace).progress["seconds"])
    assert seen == [0, 0, EVERY_S, EVERY_S]
    notes(Progress(9.0, "done", incumbent=7.0))
    assert kept(database, workspace).progress["phase"] == "done"


def test_while_the_plan_is_explained_its_numbers_stay_and_the_end_is_told(
    database: Database, workspace: int, run: RunRecord
) -> None:
    notes = notes_of(database, run, [0.0, 0.0, 0.0, 5.0, 5.0, 5.0])
    notes(Progress(1.0, "searching", incumbent=7.0))
    notes.explaining()
    assert (kept(database, workspace).progress["phase"], kept(database, workspace).progress["incumbent"]) == (
        "explaining", 7,
    )  # fmt: skip
    notes.end()
    assert kept(database, workspace).progress["phase"] == "done"


def test_a_run_that_was_taken_over_notes_nothing_and_is_told_to_stop(
    database: Database, workspace: int, run: RunRecord
) -> None:
    notes = notes_of(database, run, [0.0])
    with database.transaction() as session:
        later = store.begin_run(session, workspace)
    with pytest.raises(RunTakenOver):
        notes(told(1.0))
    assert kept(database, workspace, run).progress is None
    assert kept(database, workspace).run_id == later.id


def test_a_note_that_postgres_does_not_take_does_not_end_the_solve(run: RunRecord) -> None:
    class Gone:
        def transaction(self) -> Any:
            raise DatabaseUnreachable("Nobody answers.")

    notes = notes_of(Gone(), run, [0.0])
    notes(told(1.0))
    assert notes.last == told(1.0)


def test_there_is_no_state_of_a_run_of_another_workbook(database: Database, workspace: int, run: RunRecord) -> None:
    with database.transaction() as session:
        assert store.run_state(session, workspace + 1, run.id) is None
        assert store.run_state(session, workspace, run.id + 1) is None


def test_a_run_that_ended_says_how(database: Database, workspace: int, run: RunRecord) -> None:
    with database.transaction() as session:
        store.fail_run(session, run, "The rows allow no run.")
    state = kept(database, workspace)
    assert (state.status, state.message) == (RunStatus.FAILED, "The rows allow no run.")
    assert state.finished_at >= state.started_at
