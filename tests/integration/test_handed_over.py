"""Jobs of dead workers: others go on with them, in the order in which they were asked for."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from db import store
from db.session import Database


def _fetched(session: Session) -> tuple[str | None, int]:
    """What a new worker fetches (the request's id, or None), and the worker's number."""
    worker = session.execute(text("SELECT procrastinate_register_worker_v1()")).scalar_one()
    row = session.execute(text("SELECT * FROM procrastinate_fetch_job_v2(NULL, :worker)"), {"worker": worker}).one()
    return (row.args or {}).get("request_id"), worker


def test_a_request_that_a_dead_worker_had_begun_goes_before_those_of_its_workbook_that_wait(database: Database) -> None:
    with database.transaction() as session:
        workspace = store.register_workspace(session, "order", "Plan", "")
        store.ask(session, workspace.id, "order-1", "check")
        begun, worker = _fetched(session)
        store.ask(session, workspace.id, "order-2", "check")
        assert begun == "order-1"
        assert store.hand_over_jobs(session, 3600, [worker]) == 1
        assert _fetched(session)[0] == "order-1"
