"""Leases and fences: one process at a time works on a workbook, and who was taken over writes nothing any more."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from db import store
from db.errors import RunTakenOver
from db.session import Database


@pytest.fixture
def workspace(database: Database, request: pytest.FixtureRequest) -> int:
    with database.transaction() as session:
        return store.register_workspace(session, request.node.name, "Plans", "").id


def taken(database: Database, workspace: int, holder: str, seconds: float = 60.0) -> int | None:
    with database.transaction() as session:
        return store.take_lease(session, workspace, holder, seconds)


def test_one_process_at_a_time_holds_a_workspace_and_the_next_takes_a_later_fence(
    database: Database, workspace: int
) -> None:
    first = taken(database, workspace, "a")
    assert first is not None
    assert taken(database, workspace, "b") is None
    with database.transaction() as session:
        store.give_back_lease(session, workspace, "a")
    second = taken(database, workspace, "b")
    assert second is not None
    assert second > first


def test_a_lease_that_ran_out_is_taken_by_whoever_comes_and_its_old_holder_cannot_renew_it(
    database: Database, workspace: int
) -> None:
    assert taken(database, workspace, "a", seconds=-1) is not None
    assert taken(database, workspace, "b") is not None
    with database.transaction() as session:
        assert not store.renew_lease(session, workspace, "a", 60)
        store.give_back_lease(session, workspace, "a")  # not his to give
    assert taken(database, workspace, "c") is None


def test_a_lease_that_ran_out_and_that_nobody_took_is_renewed(database: Database, workspace: int) -> None:
    taken(database, workspace, "a", seconds=-1)
    with database.transaction() as session:
        assert store.renew_lease(session, workspace, "a", 60)
    assert taken(database, workspace, "b") is None


def test_of_many_at_once_exactly_one_takes_the_lease(database: Database, workspace: int) -> None:
    fences: list[int | None] = []
    threads = [
        threading.Thread(target=lambda name=name: fences.append(taken(database, workspace, name))) for name in "abcdef"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(fence is not None for fence in fences) == 1


def test_a_transaction_of_who_was_taken_over_is_refused_and_leaves_nothing(database: Database, workspace: int) -> None:
    fence = taken(database, workspace, "a", seconds=-1)
    assert fence is not None
    held = database.guarded(lambda session: store.require_turn(session, workspace, fence))
    with held.transaction() as session:
        session.execute(text("UPDATE workspaces SET title = 'mine' WHERE id = :id"), {"id": workspace})
    taken(database, workspace, "b")
    with pytest.raises(RunTakenOver), held.transaction() as session:
        session.execute(text("UPDATE workspaces SET title = 'too late' WHERE id = :id"), {"id": workspace})
    with database.transaction() as session:
        title = session.execute(text("SELECT title FROM workspaces WHERE id = :id"), {"id": workspace}).scalar()
    assert title == "mine"


def test_a_takeover_waits_for_the_transaction_that_is_being_written(database: Database, workspace: int) -> None:
    """So no write of the old holder can follow the first look of the new one."""
    fence = taken(database, workspace, "a", seconds=-1)
    assert fence is not None
    order: list[str] = []

    def take() -> None:
        taken(database, workspace, "b")
        order.append("taken")

    held = database.guarded(lambda session: store.require_turn(session, workspace, fence))
    with held.transaction():
        other = threading.Thread(target=take)
        other.start()
        other.join(0.3)
        order.append("written")
    other.join()
    assert order == ["written", "taken"]
