"""Two roles in Postgres that own nothing: one for the worker, one for the webhook, which sees one workbook at a time.

The worker may read and write all rows and change no table. The webhook may touch a few tables, and
there only the rows of the workbook that its transaction names (row level security): a query that forgets its WHERE
finds nothing of others. Every other table of a workspace shows it no row and gives it no right.

Both are made after each upgrade where the user may make roles; else ``script`` is what an administrator runs. Without
them everything runs under the user of DATABASE_URL.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from db.models import Base
from db.session import MAY_SET, usable

WORKER, WEB = "roadmap_worker", "roadmap_web"
SHARED = frozenset({"drive_watches", "google_turns", "webhook_signatures"})
"""Tables that are no workspace's."""

_MINE = "NULLIF(current_setting('roadmap.workspace', true), '')::integer"
_JOB = f"lock = 'workspace:' || {_MINE}"
WEB_ROWS = {
    "workspaces": "spreadsheet_id = current_setting('roadmap.spreadsheet', true)",
    "requests": f"workspace_id = {_MINE}",
    "optimization_runs": f"workspace_id = {_MINE}",
    "workspace_watches": f"workspace_id = {_MINE}",
    "workspace_roles": f"workspace_id = {_MINE}",
    "request_audits": f"workspace_id = {_MINE}",
    "procrastinate_jobs": _JOB,
}
"""Which rows the webhook sees and writes, by table."""
_WEB_NEW_JOBS = (
    f"{_JOB} AND task_name = 'roadmap.request' "
    "AND EXISTS (SELECT FROM requests WHERE requests.request_id = args->>'request_id')"
)
_WEB_RIGHTS = {
    "workspaces": "SELECT (id, spreadsheet_id, title, url)",
    "requests": "SELECT, INSERT, UPDATE (status, message, finished_at, verified_by)",
    "optimization_runs": (
        "SELECT (id, workspace_id, scenario_name, constraint_set_name, status, outcome, progress, message, started_at, "
        "finished_at), UPDATE (status, message, finished_at)"
    ),
    "workspace_watches": (
        "SELECT (id, workspace_id, changed_at), INSERT (workspace_id, changed_at), UPDATE (changed_at)"
    ),
    "workspace_roles": "SELECT",
    "request_audits": "INSERT",
    "procrastinate_jobs": "SELECT, INSERT",
    "procrastinate_events": "INSERT",
    "procrastinate_workers": "SELECT (last_heartbeat)",
    "alembic_version": "SELECT",
}


def is_usable(session: Any, role: str) -> bool:
    """Whether the user of ``session`` may take the role, and it has its rights in this database."""
    return session.execute(text(f"SELECT 1 {usable(role)}")).first() is not None


def arrange(connection: Connection) -> bool:
    """Makes the roles and gives them exactly their rights, in the transaction of ``connection``; False, with nothing
    changed, where the user may not."""
    try:
        with connection.begin_nested():
            for statement in (*_made(), *_granted(), *_rights()):
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _NOT_ALLOWED:
            raise
        return False
    return True


_NOT_ALLOWED = ("42501", "42704", "0LP01")
"""insufficient_privilege, undefined_object, invalid_grant_operation"""


def script(user: str) -> str:
    """The statements that an administrator runs in this database, where ``user`` (of DATABASE_URL) may not."""
    quoted = '"' + user.replace('"', '""') + '"'
    statements = [*_made(), f"GRANT {WORKER}, {WEB} TO {quoted}", *_rights()]
    return "".join(f"{statement.strip()};\n" for statement in statements)


def _made() -> list[str]:
    return [
        f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- made for another database at this very moment
END $$
"""
        for role in (WORKER, WEB)
    ]


def _granted() -> list[str]:
    return [
        f"""
DO $$ BEGIN
    IF NOT pg_has_role('{role}', {MAY_SET}) THEN
        GRANT {role} TO CURRENT_USER;
    END IF;
END $$
"""
        for role in (WORKER, WEB)
    ]


_IN_SCHEMA = (
    f"GRANT USAGE ON SCHEMA %s TO {WORKER}, {WEB}",
    f"REVOKE ALL ON ALL TABLES IN SCHEMA %s FROM {WORKER}, {WEB}",
    f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA %s FROM {WORKER}, {WEB}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO {WORKER}",
    f"GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA %s TO {WORKER}",
)
"""For the schema in which the tables are, whatever its name (``%s``)."""


def _rights() -> list[str]:
    found = [_in_schema(statement) for statement in _IN_SCHEMA]
    found += [f"GRANT USAGE ON SEQUENCE procrastinate_jobs_id_seq, procrastinate_events_id_seq TO {WEB}"]
    found += [f"GRANT {rights} ON {table} TO {WEB}" for table, rights in _WEB_RIGHTS.items()]
    for table in [*sorted(set(Base.metadata.tables) - SHARED), "procrastinate_jobs"]:
        found += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"DROP POLICY IF EXISTS {WORKER} ON {table}",
            f"DROP POLICY IF EXISTS {WEB} ON {table}",
            f"CREATE POLICY {WORKER} ON {table} TO {WORKER} USING (true)",
        ]
        if table in WEB_ROWS:
            check = _WEB_NEW_JOBS if table == "procrastinate_jobs" else WEB_ROWS[table]
            found.append(f"CREATE POLICY {WEB} ON {table} TO {WEB} USING ({WEB_ROWS[table]}) WITH CHECK ({check})")
    return found


def _in_schema(statement: str) -> str:
    before, after = statement.split("%s")
    return f"DO $$ BEGIN EXECUTE '{before}' || quote_ident(current_schema()) || '{after}'; END $$"
