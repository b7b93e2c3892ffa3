"""What operators ask: which runs and requests there were, and how the queue, the workers and the watch get on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.records import RunLine, WorkerLine
from db.store_runs import UNDER_WAY

_STATUS = (
    f"CASE WHEN run.status IN ({', '.join(repr(str(one)) for one in UNDER_WAY)}) THEN 'running' ELSE run.status END"
)
_RUN_PARTS = """
    run.id AS run_id, run.scenario_name AS scenario, run.constraint_set_name AS constraint_set,
    run.status AS run_status, run.outcome,
    extract(epoch FROM coalesce(run.finished_at, clock_timestamp()) - run.started_at) AS seconds
"""
_RUNS = text(f"""
    WITH asked AS (
        SELECT request.request_id, request.requested_at AS asked_at, request.workspace_id,
            request.verified_by, request.requested_by, request.trigger, request.action, request.status,
            request.attempts, request.message, {_RUN_PARTS}
        FROM requests request LEFT JOIN optimization_runs run ON run.id = request.run_id
        WHERE CAST(:workspace_id AS integer) IS NULL OR request.workspace_id = :workspace_id
        ORDER BY request.id DESC LIMIT :limit
    ), commanded AS (
        SELECT NULL AS request_id, run.started_at AS asked_at, run.workspace_id,
            NULL AS verified_by, run.requested_by, run.trigger, run.action, {_STATUS} AS status,
            1 AS attempts, run.message, {_RUN_PARTS}
        FROM optimization_runs run
        WHERE (CAST(:workspace_id AS integer) IS NULL OR run.workspace_id = :workspace_id)
            AND NOT EXISTS (SELECT FROM requests WHERE requests.run_id = run.id)
        ORDER BY run.id DESC LIMIT :limit
    )
    SELECT lines.*, workspace.title AS workbook, workspace.spreadsheet_id
    FROM (SELECT * FROM asked UNION ALL SELECT * FROM commanded) lines
    JOIN workspaces workspace ON workspace.id = lines.workspace_id
    ORDER BY asked_at DESC, run_id DESC NULLS FIRST LIMIT :limit
""")  # noqa: S608 - a closed vocabulary of ours


def run_lines(session: Session, workspace_id: int | None = None, limit: int = 20) -> tuple[RunLine, ...]:
    """The newest requests and the runs of commands (of a workspace), newest first."""
    rows = session.execute(_RUNS, {"workspace_id": workspace_id, "limit": limit})
    return tuple(_line(**row._mapping) for row in rows)


def _line(*, run_status: str | None, seconds: Any, workspace_id: int, **known: Any) -> RunLine:
    del workspace_id
    return RunLine(
        stage=run_status if run_status in UNDER_WAY else None,
        seconds=None if seconds is None else round(float(seconds), 3),
        **known,
    )


_LAST_RUNS = text(f"""
    SELECT workspace.title AS workbook, workspace.spreadsheet_id, run.requested_by, NULL AS verified_by,
        NULL AS request_id, run.started_at AS asked_at, run.trigger, run.action, {_STATUS} AS status, 1 AS attempts,
        run.message, run.workspace_id, {_RUN_PARTS}
    FROM workspaces workspace CROSS JOIN LATERAL (
        SELECT * FROM optimization_runs WHERE workspace_id = workspace.id ORDER BY id DESC LIMIT 1) run
    ORDER BY run.id DESC LIMIT :limit
""")  # noqa: S608 - a closed vocabulary of ours


def last_runs(session: Session, limit: int) -> tuple[RunLine, ...]:
    """The last run of each workbook, those that ran last first."""
    return tuple(_line(**row._mapping) for row in session.execute(_LAST_RUNS, {"limit": limit}))


_QUEUE = text("""
    SELECT job.queue_name AS queue,
        count(*) FILTER (WHERE job.status = 'todo') AS waiting,
        count(*) FILTER (WHERE job.status = 'doing') AS running,
        count(*) FILTER (WHERE job.status = 'failed') AS failed,
        coalesce(max(extract(epoch FROM clock_timestamp() - event.at))
            FILTER (WHERE job.status = 'todo' AND coalesce(job.scheduled_at <= clock_timestamp(), true)), 0) AS oldest_s
    FROM procrastinate_jobs job
    LEFT JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'deferred'
    GROUP BY job.queue_name
""")


def queue_lines(session: Session) -> dict[str, dict[str, float]]:
    """queue -> jobs waiting, running and failed, and for how many seconds the oldest that could run has waited."""
    return {
        row.queue: {
            "waiting": row.waiting,
            "running": row.running,
            "failed": row.failed,
            "oldest_waiting_s": round(float(row.oldest_s), 1),
        }
        for row in session.execute(_QUEUE)
    }


def worker_lines(session: Session) -> tuple[WorkerLine, ...]:
    """The workers that are at work or were lately, those heard of last first."""
    rows = session.execute(
        text(
            "SELECT worker.id, extract(epoch FROM clock_timestamp() - worker.last_heartbeat) AS silent_s, "
            "(SELECT count(*) FROM procrastinate_jobs job WHERE job.worker_id = worker.id AND job.status = 'doing') "
            "AS jobs FROM procrastinate_workers worker ORDER BY worker.last_heartbeat DESC"
        )
    )
    return tuple(WorkerLine(id=row.id, silent_s=round(float(row.silent_s), 1), jobs=row.jobs) for row in rows)


def watch_ages(session: Session) -> dict[str, float | None]:
    """account -> seconds since Drive was last asked for it; None where it never was."""
    rows = session.execute(
        text("SELECT account, extract(epoch FROM clock_timestamp() - asked_at) AS age FROM drive_watches ORDER BY 1")
    )
    return {row.account: None if row.age is None else round(float(row.age), 1) for row in rows}


def workspace_of_run(session: Session, run_id: int) -> int | None:
    """The workspace of a run; None where there is no such run."""
    found = session.execute(text("SELECT workspace_id FROM optimization_runs WHERE id = :id"), {"id": run_id})
    return found.scalar_one_or_none()
