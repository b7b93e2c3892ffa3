"""One quota for all processes: turns are taken in Postgres, in all buckets or in none."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from db.errors import DatabaseUnreachable
from db.session import Database
from db.turns import take_turn
from engine.errors import UsageError
from jobs.shared_turns import ALONE_S, SharedTurns
from sheets_sync.quota import Quota
from tests.clocks import Clock

NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_turns(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("TRUNCATE google_turns"))


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_full_minute_says_how_long_to_wait_and_frees_as_its_turns_pass(database: Database) -> None:
    for second in range(60):
        assert take_turn(database, {"read a": 60}, 60, moment=after(second / 2)) == 0
    assert take_turn(database, {"read a": 60}, 60, moment=after(30)) == pytest.approx(30)
    assert take_turn(database, {"read b": 60}, 60, moment=after(30)) == 0
    assert take_turn(database, {"read a": 60}, 60, moment=after(59.9)) == pytest.approx(0.1)
    assert take_turn(database, {"read a": 60}, 60, moment=after(60)) == 0
    assert take_turn(database, {"read a": 60}, 60, moment=after(60)) == pytest.approx(0.5)


def test_a_project_that_is_full_takes_no_turn_of_the_account_either(database: Database) -> None:
    assert take_turn(database, {"a": 5, "project": 1}, 60, moment=NOON) == 0
    assert take_turn(database, {"b": 1, "project": 1}, 60, moment=after(1)) == pytest.approx(59)
    assert take_turn(database, {"b": 1}, 60, moment=after(1)) == 0


def test_turns_that_have_passed_are_not_kept(database: Database) -> None:
    for second in range(5):
        take_turn(database, {"a": 5}, 1, moment=after(2 * second))
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM google_turns")).scalar() == 1


LIMIT, WINDOW_S = 6, 0.5


def _worker(url: str, number: int) -> None:
    """Takes turns as fast as the shared quota lets it."""
    import time

    database = Database.open(url)
    quota = Quota(
        {"shared": LIMIT},
        clock=time.monotonic,
        sleep=time.sleep,
        ledger=SharedTurns(lambda: database),
        window_s=WINDOW_S,
    )
    for _ in range(number):
        assert quota.take(time.monotonic() + 60)
    database.close()


def test_two_processes_together_never_pass_the_quota_in_any_window(database: Database, db_url: str) -> None:
    """Each alone would take its turns at once. (The turns are watched by a trigger, for they are not kept.)"""
    with database.transaction() as session:
        session.execute(text("CREATE TABLE taken (at timestamptz)"))
        session.execute(
            text(
                "CREATE FUNCTION note_turn() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN INSERT INTO taken VALUES (NEW.taken_at); RETURN NEW; END $$"
            )
        )
        session.execute(text("CREATE TRIGGER t AFTER INSERT ON google_turns FOR EACH ROW EXECUTE FUNCTION note_turn()"))
    processes = [multiprocessing.get_context("spawn").Process(target=_worker, args=(db_url, 2 * LIMIT)) for _ in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    with database.transaction() as session:
        taken = session.execute(text("SELECT at FROM taken ORDER BY at")).scalars().all()
        session.execute(text("DROP TRIGGER t ON google_turns"))
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(taken) == 4 * LIMIT
    window = timedelta(seconds=WINDOW_S)
    assert all(late - early >= window for early, late in zip(taken, taken[LIMIT:], strict=False))
    assert all(early <= late for early, late in pairwise(taken))


def test_while_postgres_is_away_a_process_counts_alone_and_asks_again_later(database: Database) -> None:
    time, asked = Clock(), []

    def opened() -> Database:
        asked.append(time())
        if len(asked) == 1:
            raise DatabaseUnreachable("away")
        return database

    quota = Quota(
        {"alone": 2}, clock=time, sleep=time.sleep, ledger=SharedTurns(opened, clock=time), window_s=ALONE_S / 3
    )
    taken = []
    for _ in range(8):
        assert quota.take(time() + 1000)
        taken.append(time())
    assert [moment - 1000 for moment in taken] == [0, 0, 10, 10, 20, 20, 30, 30]
    assert len(asked) == 3


def test_a_wrong_address_is_told_and_takes_no_turn() -> None:
    time = Clock()
    wrong: list[str] = ["mysql://x/y", "mysql://x/y"]

    def opened() -> Database:
        return Database.open(wrong.pop())

    quota = Quota({"a": 1}, clock=time, sleep=time.sleep, ledger=SharedTurns(opened, clock=time))
    for _ in "ab":
        with pytest.raises(UsageError):
            quota.take(time())


def test_a_process_that_is_stopped_in_the_middle_holds_nothing(database: Database, new_database: Callable) -> None:
    """The lock of the buckets ends with the statement: no open transaction of ours holds it."""
    assert take_turn(database, {"a": 5}, 60) == 0
    with database.transaction() as session:
        held = session.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar()
    assert held == 0
