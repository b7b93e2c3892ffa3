"""Jobs in the queue: put there in the caller's transaction, by procrastinate's own function. What runs them is
``jobs.queue``.

Two kinds. A ``request`` job does what one request asks; those of one workbook run one after the other, in the order in
which they were asked, and those of different workbooks take turns. A ``look`` job reads a workbook in which something
may have changed; one waits at most for each.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.canonical import json_text

REQUESTS, LOOKS = QUEUES = ("requests", "looks")
REQUEST_TASK, LOOK_TASK = "roadmap.request", "roadmap.look"
FIRST, LAST = 0, -1_000_000
"""Priorities: of a workbook's only request, and of a look at one that may have changed because somebody clicked; of
looks that can wait until nothing else is to be done."""

_DEFER = text("""
    SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[
        ROW(:queue, :task, :priority, :lock, :queueing_lock, CAST(:args AS jsonb), NULL)
    ]::procrastinate_job_to_defer_v1[]))
""")


def lock_of(workspace_id: int) -> str:
    """The lock under which the request jobs of a workbook run one at a time."""
    return f"workspace:{workspace_id}"


def defer_request(session: Session, workspace_id: int, request_id: str) -> None:
    """Queues a request behind those of its own workbook that wait, and behind the first of every other workbook."""
    lock = lock_of(workspace_id)
    session.execute(text("SELECT pg_advisory_xact_lock(7243, :id)"), {"id": workspace_id})
    behind = session.execute(
        text("SELECT min(priority) FROM procrastinate_jobs WHERE lock = :lock AND status = 'todo'"), {"lock": lock}
    ).scalar()
    _defer(session, REQUESTS, REQUEST_TASK, lock, None, FIRST if behind is None else behind - 1, request_id=request_id)


def defer_look(session: Session, workspace_id: int, reason: str, *, is_urgent: bool) -> bool:
    """Queues a look at a workbook, unless one waits already; whether it did. An urgent one takes turns with the first
    requests of all workbooks, and so does one that waits already: a click may be found there."""
    queueing_lock, priority = f"look:{workspace_id}", FIRST if is_urgent else LAST
    waits = text(
        "SELECT id, priority FROM procrastinate_jobs WHERE queueing_lock = :lock AND status = 'todo' "
        "FOR UPDATE SKIP LOCKED"
    )
    if waiting := session.execute(waits, {"lock": queueing_lock}).first():
        if waiting.priority < priority:
            sooner = text("UPDATE procrastinate_jobs SET priority = :priority WHERE id = :id")
            session.execute(sooner, {"priority": priority, "id": waiting.id})
        return False
    try:
        with session.begin_nested():
            _defer(session, LOOKS, LOOK_TASK, None, queueing_lock, priority, workspace_id=workspace_id, reason=reason)
    except IntegrityError:  # another worker has queued one at this very moment
        return False
    return True


def _defer(
    session: Session, queue: str, task: str, lock: str | None, queueing_lock: str | None, priority: int, **args: Any
) -> None:
    session.execute(
        _DEFER,
        {
            "queue": queue,
            "task": task,
            "priority": priority,
            "lock": lock,
            "queueing_lock": queueing_lock,
            "args": json_text(args),
        },
    )


def hand_over_jobs(session: Session, silent_s: float, deserted: Collection[int] = ()) -> int:
    """Gives the jobs of workers that have been silent for ``silent_s`` (killed, stopped, cut off), and of those whose
    numbers are ``deserted``, to others; how many.

    The old job ends as failed and a new one takes its place in one statement: a worker that wakes up finds nothing of
    its own to end.
    """
    session.execute(text("SELECT procrastinate_prune_stalled_workers_v1(:silent_s)"), {"silent_s": silent_s})
    if deserted:
        session.execute(text("DELETE FROM procrastinate_workers WHERE id = ANY(:ids)"), {"ids": list(deserted)})
    stalled = session.execute(
        text(
            "SELECT id, queue_name, task_name, lock, queueing_lock, priority, args FROM procrastinate_jobs "
            "WHERE status = 'doing' AND worker_id IS NULL ORDER BY id FOR UPDATE SKIP LOCKED"
        )
    ).all()
    for job in stalled:
        session.execute(text("SELECT procrastinate_finish_job_v1(:id, 'failed', true)"), {"id": job.id})
        if job.task_name == REQUEST_TASK:  # a look is asked for again by whoever ticks next
            priority = max(job.priority, _before_all(session, job.lock))
            _defer(session, job.queue_name, job.task_name, job.lock, None, priority, **job.args)
    return len(stalled)


def _before_all(session: Session, lock: str) -> int:
    """The priority of a job that was begun, and comes before those of its workbook that wait; LAST where none does."""
    waiting = text("SELECT max(priority) FROM procrastinate_jobs WHERE lock = :lock AND status = 'todo'")
    first = session.execute(waiting, {"lock": lock}).scalar()
    return LAST if first is None else first + 1


def jobs_due(session: Session) -> int:
    """How many jobs could be done now."""
    due = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at <= now(), true)"
    return session.execute(text(due)).scalar_one()


def queue_state(session: Session) -> dict[str, dict[str, int]]:
    """queue -> status -> how many jobs."""
    found: dict[str, dict[str, int]] = {queue: {} for queue in QUEUES}
    counted = text("SELECT queue_name, status::text AS status, count(*) AS jobs FROM procrastinate_jobs GROUP BY 1, 2")
    for row in session.execute(counted):
        found.setdefault(row.queue_name, {})[row.status] = row.jobs
    return found
