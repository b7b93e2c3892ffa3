"""Roles in a real Postgres: the webhook sees one workbook and no more, whatever its queries forget."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

from db import migrations, roles, store
from db.base import Base
from db.errors import DatabaseRefused
from db.session import Database
from db.web_access import WebDatabase
from jobs.connections import Connections
from jobs.queue import Queue
from jobs.requests import ask
from jobs.settings import load_settings
from tests.integration.webhook_world import BOOK, site

OURS, THEIRS = "workbook-of-ours", "workbook-of-theirs"


@pytest.fixture(scope="module")
def spaces(database: Database) -> dict[str, int]:
    """Two workspaces, each with a request and its job, a run, roles and an audit."""
    found: dict[str, int] = {}
    with database.transaction() as session:
        for book in (OURS, THEIRS):
            found[book] = store.register_workspace(session, book, book, "").id
            ask(session, found[book], f"request-of-{book}", "optimize")
            store.begin_run(session, found[book])
            store.note_owed(session, found[book])
            session.execute(
                text("INSERT INTO workspace_roles (workspace_id, lists) VALUES (:id, '{}')"), {"id": found[book]}
            )
    return found


@pytest.fixture(scope="module")
def web(db_url: str) -> Iterator[WebDatabase]:
    opened = WebDatabase.open(db_url)
    yield opened
    opened.close()


def test_the_webhook_is_the_role_that_owns_nothing(web: WebDatabase, database: Database) -> None:
    with web.transaction() as session:
        assert session.execute(text("SELECT current_user")).scalar_one() == roles.WEB
    owned = text("SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = :role)")
    with database.transaction() as session:
        for role in (roles.WEB, roles.WORKER):
            assert session.execute(owned, {"role": role}).scalar_one() == 0
            login = text("SELECT rolcanlogin OR rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :role")
            assert session.execute(login, {"role": role}).scalar_one() is False


@pytest.mark.parametrize("table", sorted(set(roles.WEB_ROWS) - {"request_audits"}))
def test_a_query_without_where_shows_one_workbook_alone(web: WebDatabase, spaces: dict[str, int], table: str) -> None:
    column = "id" if table != "workspace_roles" else "workspace_id"
    everything = text(f"SELECT count({column}) FROM {table}")
    for book in (OURS, THEIRS):
        with web.of_workbook(book) as (session, _):
            assert session.execute(everything).scalar_one() == 1
    with web.of_workbook("no such workbook") as (session, workspace):
        assert workspace is None
        assert session.execute(everything).scalar_one() == 0
    with web.transaction() as session:
        assert session.execute(everything).scalar_one() == 0


def test_a_change_without_where_reaches_one_workbook_alone(
    web: WebDatabase, database: Database, spaces: dict[str, int]
) -> None:
    with web.of_workbook(OURS) as (session, _):
        session.execute(text("UPDATE requests SET message = 'hit'"))
        session.execute(text("UPDATE optimization_runs SET message = 'hit'"))
    with database.transaction() as session:
        for table in ("requests", "optimization_runs"):
            hit = text(f"SELECT workspace_id FROM {table} WHERE message = 'hit'")
            assert session.scalars(hit).all() == [spaces[OURS]]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO requests (request_id, workspace_id, action, requested_by, status) "
        "VALUES ('request-smuggled', :theirs, 'publish', '', 'queued')",
        "INSERT INTO request_audits (workspace_id, who, is_verified, way, action, outcome) "
        "VALUES (:theirs, '', true, 'sheet', '', 'done')",
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args) "
        "SELECT 'requests', 'roadmap.request', 'workspace:' || :theirs, jsonb_build_object('request_id', request_id) "
        "FROM requests",
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args) "
        "VALUES ('requests', 'roadmap.request', 'workspace:' || :ours, "
        "jsonb_build_object('request_id', 'request-of-workbook-of-theirs'))",
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args) "
        "SELECT 'looks', 'roadmap.look', 'workspace:' || :ours, '{}'",
        "UPDATE requests SET workspace_id = :theirs",
        "UPDATE workspaces SET title = ''",
        "DELETE FROM requests",
        "SELECT snapshot FROM optimization_runs",
        "SELECT fence FROM workspaces",
        "SELECT * FROM request_audits",
        "CREATE TABLE mine (id integer)",
    ],
)
def test_what_the_webhook_does_not_need_is_refused(web: WebDatabase, spaces: dict[str, int], statement: str) -> None:
    values = {"ours": str(spaces[OURS]), "theirs": str(spaces[THEIRS])}
    named = {name: value for name, value in values.items() if f":{name}" in statement}
    if "jobs" not in statement:
        named = {name: int(value) for name, value in named.items()}
    with pytest.raises(DatabaseRefused), web.of_workbook(OURS) as (session, _):
        session.execute(text(statement), named)


def test_tables_that_the_webhook_does_not_need_are_closed(web: WebDatabase) -> None:
    open_ones = set(roles.WEB_ROWS)
    for table in sorted(set(Base.metadata.tables) - open_ones):
        with pytest.raises(DatabaseRefused), web.of_workbook(OURS) as (session, _):
            session.execute(text(f"SELECT 1 FROM {table}"))


def test_every_table_is_guarded_row_by_row_or_named_as_shared(database: Database) -> None:
    guarded = text("SELECT relname FROM pg_class WHERE relrowsecurity")
    with database.transaction() as session:
        found = set(session.scalars(guarded))
    assert set(Base.metadata.tables) - found == roles.SHARED


def test_the_setting_of_one_transaction_is_gone_in_the_next(db_url: str, spaces: dict[str, int]) -> None:
    one_connection = WebDatabase(Database.open(db_url, pool_size=1))
    with one_connection.of_workbook(OURS):
        pass
    with one_connection.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM requests")).scalar_one() == 0
    one_connection.close()


def test_the_worker_is_the_role_that_may_change_no_table(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Connections(load_settings(database_url=new_database())) as connections:
        assert connections.database.answer("SELECT current_user") == roles.WORKER
        for statement in ("ALTER TABLE requests ADD COLUMN x integer", "DROP TABLE requests", "CREATE TABLE x ()"):
            with pytest.raises(DatabaseRefused), connections.database.transaction() as session:
                session.execute(text(statement))


def _roles_of_a_job(url: str) -> dict[str, str]:
    """Under which role each step of a job that failed was done, by the step's name."""
    database = Database.open(url)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE procrastinate_events ADD COLUMN done_by text NOT NULL DEFAULT current_user"))
        store.ask(session, store.register_workspace(session, "of-a-job", "", "").id, "of-a-job-1", "check")

    def task(request_id: str) -> None:
        raise ValueError(request_id)

    tasks = {store.REQUEST_TASK: task}
    Queue(url, tasks, queues=store.QUEUES, concurrency=1, now=database.now, abandon=lambda _: None).run(wait=False)
    with database.transaction() as session:
        found = session.execute(text("SELECT type::text, done_by FROM procrastinate_events")).all()
    database.close()
    return {step: role for step, role in found if step != "deferred"}


def test_jobs_are_fetched_and_ended_under_the_worker_s_role(new_database: Callable[[], str]) -> None:
    assert _roles_of_a_job(new_database()) == {"started": roles.WORKER, "failed": roles.WORKER}


@pytest.fixture
def plain_url(db_server: URL) -> Iterator[str]:
    """A database of a user who may make no roles."""
    engine = create_engine(db_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE ROLE plain LOGIN PASSWORD 'plain'"))
        connection.execute(text("GRANT plain TO CURRENT_USER"))
        connection.execute(text("CREATE DATABASE plain OWNER plain"))
    yield db_server.set(username="plain", password="plain", database="plain").render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE plain WITH (FORCE)"))
        connection.execute(text("DROP ROLE plain"))
    engine.dispose()


def test_where_roles_cannot_be_made_all_runs_without_until_an_administrator_makes_them(
    plain_url: str, db_server: URL
) -> None:
    migrations.upgrade(plain_url)
    assert _roles_of_a_job(plain_url) == {"started": "plain", "failed": "plain"}
    own = Database.open(plain_url, role=roles.WORKER)
    with own.transaction() as session:
        assert session.execute(text("SELECT current_user")).scalar_one() == "plain"
        store.register_workspace(session, BOOK, "", "")
    own.close()
    with site(plain_url) as one:
        assert one.ask("request-plain-1").status_code == 202
        assert not one.web_database.is_bounded
    administrator = create_engine(db_server.set(database="plain"))
    with administrator.begin() as connection:
        connection.exec_driver_sql(roles.script("plain"))
    administrator.dispose()
    with site(plain_url) as one:
        assert one.web_database.is_bounded
        assert one.ask("request-plain-2").status_code == 202
    own = Database.open(plain_url, role=roles.WORKER)
    with own.transaction() as session:
        assert session.execute(text("SELECT current_user")).scalar_one() == roles.WORKER
        assert len(store.requests_of(session)) == 3
    own.close()
