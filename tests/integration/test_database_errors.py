"""What Postgres may do to us: each is one error of the tree, with a sentence and without a password."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from db import embedded, migrations, store
from db.embedded_program import find_place
from db.errors import (
    DatabaseBug,
    DatabaseBusy,
    DatabaseRefused,
    DatabaseUnreachable,
    DatabaseWentAway,
    MigrationNeeded,
    OutOfConnections,
)
from db.session import Database
from engine.errors import RoadmapError, UsageError

SECRET = "hunter2"


def opened(url: str) -> contextlib.closing[Database]:
    return contextlib.closing(Database.open(url))


def with_parts(url: str, **parts: str) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]


def raised(action: Callable[[], object], kind: type[RoadmapError]) -> RoadmapError:
    """The error of ``kind`` that ``action`` ends with; it shows no password and keeps its cause."""
    with pytest.raises(kind) as caught:
        action()
    assert SECRET not in caught.value.sentence
    assert caught.value.sentence.endswith(".")
    return caught.value


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        yield held.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_nobody_there_is_unreachable_and_may_be_retried(closed_port: int, host: str) -> None:
    with opened(f"postgresql://pm:{SECRET}@{host}:{closed_port}/plans") as database:
        error = raised(database.now, DatabaseUnreachable)
    assert error.__cause__ is not None
    assert (error.exit_code, error.may_retry) == (4, True)


def test_a_wrong_password_or_database_is_refused_and_not_retried(db_url: str) -> None:
    strangers = (
        with_parts(db_url, username="stranger", password=SECRET),
        with_parts(db_url, database="no_such_database"),
    )
    for url in strangers:
        with opened(url) as database:
            error = raised(database.now, DatabaseRefused)
        assert (error.exit_code, error.may_retry) == (4, False)


@pytest.mark.parametrize(
    "url",
    [f"mysql://pm:{SECRET}@host/plans", f"pm:{SECRET}@host", "", f"postgresql://pm:{SECRET}@host:port/plans"],
)
def test_a_url_that_is_none_is_a_usage_error_that_does_not_repeat_it(url: str) -> None:
    assert raised(lambda: Database.open(url), UsageError).exit_code == 2


def test_a_full_server_is_out_of_connections_and_counts_as_running(db_url: str, db_home: Path) -> None:
    parts = make_url(db_url)
    options = {key: str(value) for key, value in parts.query.items()}
    with contextlib.ExitStack() as held:
        with pytest.raises(psycopg.OperationalError, match=r"too many clients|connection slots"):
            while True:
                held.enter_context(psycopg.connect(user=parts.username, dbname=parts.database, **options))
        with opened(db_url) as database:
            assert raised(database.now, OutOfConnections).may_retry
        assert not embedded.start(db_home).was_started
    with opened(db_url) as database:
        assert database.now().tzinfo is not None


def test_going_away_in_mid_transaction_undoes_it_and_the_next_one_works(database: Database) -> None:
    def broken() -> None:
        with database.transaction() as session:
            store.register_workspace(session, "half-written", "", "")
            pid = session.execute(text("SELECT pg_backend_pid()")).scalar()
            with database.transaction() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            store.register_workspace(session, "never", "", "")

    assert "undone" in raised(broken, DatabaseWentAway).sentence
    with database.transaction() as session:
        assert store.find_workspace(session, "half-written") is None


def test_a_server_that_stops_between_solve_and_write_is_told_and_found_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    import shutil
    import tempfile

    home = Path(tempfile.mkdtemp(prefix="roadmap-test-"))
    home.chmod(0o755)
    try:
        url = embedded.ensure_running(home)
        migrations.upgrade(url)
        with opened(url) as database:
            database.check()
            embedded.stop(home)
            raised(database.check, DatabaseUnreachable)
            embedded.ensure_running(home)
            database.check()

            def killed() -> None:
                with database.transaction() as session:
                    session.execute(text("SELECT 1"))
                    pid = int((find_place(home).data / "postmaster.pid").read_text().splitlines()[0])
                    os.kill(pid, signal.SIGKILL)
                    for _ in range(100):
                        session.execute(text("SELECT pg_sleep(0.05)"))

            raised(killed, DatabaseWentAway)
    finally:
        embedded.remove(home)
        shutil.rmtree(home)


def test_an_empty_database_needs_migrating_and_says_how(empty_database: Callable[[], str]) -> None:
    def listed() -> None:
        with database.transaction() as session:
            store.list_workspaces(session)

    with opened(empty_database()) as database:
        assert "roadmap db upgrade" in raised(database.check, MigrationNeeded).sentence
        assert "roadmap db upgrade" in raised(listed, MigrationNeeded).sentence


def test_a_database_of_a_newer_version_is_left_alone(new_database: Callable[[], str]) -> None:
    url = new_database()
    with opened(url) as database:
        with database.transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert "9999" in raised(lambda: migrations.upgrade(url), MigrationNeeded).sentence
        raised(database.check, MigrationNeeded)
    assert migrations.revision(url) == "9999"


def test_two_commands_that_migrate_at_once_both_succeed(empty_database: Callable[[], str]) -> None:
    url = empty_database()
    ended: list[str | None] = []

    def migrate() -> None:
        migrations.upgrade(url)
        ended.append(migrations.revision(url))

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [migrations.HEAD] * 3


def test_a_lock_that_is_not_given_is_busy(database: Database) -> None:
    def waits() -> None:
        with database.transaction() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            other.execute(text("LOCK TABLE workspaces"))

    with database.transaction() as session:
        session.execute(text("LOCK TABLE workspaces"))
        assert raised(waits, DatabaseBusy).may_retry


def test_what_only_our_own_fault_can_write_is_called_a_bug(database: Database) -> None:
    def wrong() -> None:
        with database.transaction() as session:
            session.execute(text("INSERT INTO workspaces (spreadsheet_id, title, url) VALUES ('a', NULL, '')"))

    assert raised(wrong, DatabaseBug).exit_code == 5
