"""Which workbooks are due, as Postgres says; the same for one as for all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from db import store
from db.session import Database

FAR_ON = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _alone(database: Database) -> Iterator[None]:
    yield
    with database.transaction() as session:
        session.execute(text("DELETE FROM workspaces"))


def registered(database: Database, name: str, **columns: str) -> int:
    """A workbook that was read just now and is due in a far year, but for ``columns`` (SQL)."""
    values = {"read_at": "now()", "next_read_at": "'2100-01-01Z'", **columns}
    with database.transaction() as session:
        workspace = store.register_workspace(session, name, name, "").id
        assigned = ", ".join(f"{column} = {value}" for column, value in values.items())
        session.execute(text(f"UPDATE workspace_watches SET {assigned} WHERE workspace_id = {workspace}"))
    return workspace


def busy(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        assert store.take_lease(session, workspace, "another", 60)


def due(database: Database, *, is_heard: bool = True, others: int | None = None) -> dict[str, str | None]:
    with database.transaction() as session:
        found = store.due_watches(session, is_heard=is_heard, others=others)
        for one in found:  # the same rule for one workbook
            assert store.watch_of(session, one.workspace.id, is_heard=is_heard).reason == one.reason
    return {one.workspace.title: one.reason for one in found}


def test_a_workbook_is_due_when_it_changed_was_never_read_or_its_hour_has_come(database: Database) -> None:
    registered(database, "idle")
    registered(database, "news", changed_at="now()")
    registered(database, "hour", next_read_at="now() - interval '1 second'")
    with database.transaction() as session:
        store.register_workspace(session, "new", "new", "")
    assert due(database) == {"news": "changed", "new": "first", "hour": "hourly"}
    assert due(database, others=1) == {"news": "changed", "new": "first"}
    assert due(database, others=0) == {"news": "changed"}
    with database.transaction() as session:
        assert store.count_due(session) == {"": 4, "changed": 1, "first": 1, "hourly": 1}


def test_while_drive_tells_nothing_those_read_longest_ago_come_first(database: Database) -> None:
    registered(database, "just now")
    registered(database, "late", read_at="now() - interval '5 minutes'")
    registered(database, "later", read_at="now() - interval '9 minutes'")
    assert due(database) == {}
    assert list(due(database, is_heard=False)) == ["later", "late"]
    assert list(due(database, is_heard=False, others=1)) == ["later"]
    registered(database, "hour", read_at="now() - interval '1 hour'", next_read_at="now()")
    with database.transaction() as session:
        found = [one.workspace.title for one in store.due_watches(session, is_heard=False, others=None)]
    assert found == ["hour", "later", "late"]


def test_of_a_workbook_at_which_another_works_only_a_change_that_nobody_heard_of_counts(database: Database) -> None:
    for name, columns in {
        "heard": {"changed_at": "'2026-01-01Z'", "heard_at": "'2026-01-01Z'"},
        "unheard": {"changed_at": "'2026-01-02Z'", "heard_at": "'2026-01-01Z'"},
        "hour": {"next_read_at": "'2026-01-01Z'"},
    }.items():
        busy(database, registered(database, name, **columns))
    assert due(database) == {"unheard": "changed"}


def test_a_lost_list_of_changes_makes_every_workbook_due_and_a_reading_ends_that(database: Database) -> None:
    workspace = registered(database, "book")
    with database.transaction() as session:
        store.claim_watch(session, "account", 0)
        assert store.restart_watch(session, "account", "1")
    assert due(database) == {"book": "first"}
    with database.transaction() as session:
        store.note_read(session, workspace, seen=None, digest="d", next_read_at=FAR_ON)
    assert due(database) == {}


def test_a_change_of_a_spreadsheet_concerns_the_workbook_and_those_that_name_it_as_a_source(database: Database) -> None:
    registered(database, "book")
    registered(database, "reader", sources='\'["book", "other"]\'')
    registered(database, "stranger", sources="'[\"other\"]'")
    with database.transaction() as session:
        store.claim_watch(session, "listener", 0)
        store.restart_watch(session, "listener", "1")
        session.execute(text("UPDATE workspace_watches SET read_at = now(), next_read_at = '2100-01-01Z'"))
        assert store.record_changes(session, "listener", "1", "2", ["book", "unknown"]) == 2
    assert due(database) == {"book": "changed", "reader": "changed"}


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("changed_at IS NOT NULL ORDER BY changed_at LIMIT 1000", "changed_at"),
        (
            "next_read_at <= now() AND changed_at IS NULL ORDER BY next_read_at LIMIT 3",
            "next_read_at",
        ),
        (
            "next_slot_at <= now() AND schedule IS NOT NULL ORDER BY next_slot_at LIMIT 100",
            "next_slot_at",
        ),
        ("sources ?| array['a', 'b']", "sources"),
    ],
    ids=["news", "in turn", "slots", "sources"],
)
def test_among_many_workbooks_postgres_finds_the_due_ones_by_an_index(
    database: Database, query: str, column: str
) -> None:
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO workspaces (spreadsheet_id, title, url) SELECT 'many-' || n, '', '' "
                "FROM generate_series(1, 5000) n"
            )
        )
        session.execute(
            text(
                "INSERT INTO workspace_watches (workspace_id, read_at, next_read_at, next_slot_at, schedule) "
                "SELECT id, now(), now() + interval '1 hour', now() + interval '1 hour', 'daily 07:00' FROM workspaces"
            )
        )
        session.execute(text("ANALYZE workspace_watches"))
        plan = session.scalars(text(f"EXPLAIN SELECT * FROM workspace_watches WHERE {query}")).all()
    assert any(f"ix_workspace_watches_{column}" in line for line in plan), plan
    assert not any("Seq Scan" in line for line in plan), plan
