"""What is deleted once it is old: runs that nothing refers to, requests that have ended, jobs and slots that are over.

A run is kept, however old, while it is under way or awaited, where its portfolio was published (or a published entry
comes from it), and where it is the last of its scenario and set: the last of all, the last with a plan, and the last
with a plan that a person asked for, which are what the sheet shows.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from db.store_runs import AWAITED, UNDER_WAY

Delete = Callable[[Session, int, int], int]
"""(session, days, limit) -> how many were deleted: at most ``limit`` of those older than ``days``."""


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


_OLD_RUNS = text(f"""
    WITH ranked AS (
        SELECT run.id, run.status, coalesce(run.finished_at, run.started_at) AS ended_at,
            row_number() OVER by_set AS last_of_all,
            row_number() OVER (PARTITION BY run.workspace_id, run.scenario_id, run.constraint_set_id,
                portfolio.id IS NULL ORDER BY run.id DESC) AS last_of_kind,
            row_number() OVER (PARTITION BY run.workspace_id, run.scenario_id, run.constraint_set_id,
                portfolio.id IS NULL, run.trigger = 'schedule' ORDER BY run.id DESC) AS last_of_asked,
            portfolio.id AS portfolio_id
        FROM optimization_runs run LEFT JOIN portfolios portfolio ON portfolio.run_id = run.id
        WINDOW by_set AS (PARTITION BY run.workspace_id, run.scenario_id, run.constraint_set_id ORDER BY run.id DESC)
    )
    SELECT id FROM ranked
    WHERE ended_at < clock_timestamp() - make_interval(days => :days)
        AND status NOT IN ({_listed(UNDER_WAY)})
        AND last_of_all > 1
        AND (portfolio_id IS NULL OR (last_of_kind > 1 AND last_of_asked > 1))
        AND NOT EXISTS (SELECT FROM requests WHERE requests.run_id = ranked.id)
        AND NOT EXISTS (SELECT FROM roadmaps WHERE roadmaps.portfolio_id = ranked.portfolio_id)
        AND NOT EXISTS (
            SELECT FROM portfolio_items item JOIN roadmap_entries entry ON entry.portfolio_item_id = item.id
            WHERE item.portfolio_id = ranked.portfolio_id
        )
    ORDER BY id LIMIT :limit
""")  # noqa: S608 - closed vocabularies of ours


def delete_old_runs(session: Session, days: int, limit: int) -> int:
    """Deletes old runs, with their snapshots, results and portfolios, that nothing needs; how many."""
    ids = list(session.scalars(_OLD_RUNS, {"days": days, "limit": limit}))
    if ids:
        portfolios = "SELECT id FROM portfolios WHERE run_id = ANY(:ids)"
        session.execute(text(f"DELETE FROM portfolio_items WHERE portfolio_id IN ({portfolios})"), {"ids": ids})  # noqa: S608
        session.execute(text("DELETE FROM portfolios WHERE run_id = ANY(:ids)"), {"ids": ids})
        session.execute(text("DELETE FROM optimization_runs WHERE id = ANY(:ids)"), {"ids": ids})
    return len(ids)


def _old(table: str, since: str, only: str = "true") -> TextClause:
    """Deletes up to ``:limit`` rows of ``table`` that satisfy ``only`` and whose ``since`` is longer ago than
    ``:days``; how many. All three are words of ours."""
    return text(f"""
        WITH old AS (
            SELECT id FROM {table} WHERE {only} AND {since} < clock_timestamp() - make_interval(days => :days)
            ORDER BY id LIMIT :limit
        ), deleted AS (DELETE FROM {table} USING old WHERE {table}.id = old.id RETURNING 1)
        SELECT count(*) FROM deleted
    """)  # noqa: S608 - closed vocabularies of ours


_OLD_AUDITS = _old("request_audits", "created_at")
_OLD_REQUESTS = _old("requests", "coalesce(finished_at, requested_at)", only=f"status NOT IN ({_listed(AWAITED)})")
_OLD_SLOTS = _old("schedule_slots", "slot_at")


def delete_old_audits(session: Session, days: int, limit: int) -> int:
    """Deletes old lines of the audit; how many."""
    return session.scalar(_OLD_AUDITS, {"days": days, "limit": limit}) or 0


def delete_old_requests(session: Session, days: int, limit: int) -> int:
    """Deletes old requests that have ended; how many."""
    return session.scalar(_OLD_REQUESTS, {"days": days, "limit": limit}) or 0


_OLD_JOBS = text("""
    WITH old AS (
        SELECT job.id FROM procrastinate_jobs job WHERE job.status NOT IN ('todo', 'doing') AND NOT EXISTS (
            SELECT FROM procrastinate_events event
            WHERE event.job_id = job.id AND event.at >= clock_timestamp() - make_interval(days => :days)
        )
        ORDER BY job.id LIMIT :limit
    ), deleted AS (DELETE FROM procrastinate_jobs job USING old WHERE job.id = old.id RETURNING 1)
    SELECT count(*) FROM deleted
""")


def delete_old_jobs(session: Session, days: int, limit: int) -> int:
    """Deletes the jobs that ended (failed) and their events, nothing of which happened lately; how many."""
    return session.scalar(_OLD_JOBS, {"days": days, "limit": limit}) or 0


def delete_old_slots(session: Session, days: int, limit: int) -> int:
    """Deletes slots of schedules that were taken long ago; how many."""
    return session.scalar(_OLD_SLOTS, {"days": days, "limit": limit}) or 0


_DEAD_RUNS = text(f"""
    WITH ended AS (
        UPDATE optimization_runs run
        SET status = 'failed', message = :sentence, finished_at = clock_timestamp()
        FROM workspaces workspace
        WHERE workspace.id = run.workspace_id AND run.status IN ({_listed(UNDER_WAY)})
            AND run.started_at < clock_timestamp() - make_interval(secs => :silent_s)
            AND NOT EXISTS (
                SELECT FROM requests WHERE requests.run_id = run.id AND requests.status IN ({_listed(AWAITED)}))
            AND (run.fence < workspace.fence OR NOT EXISTS (
                SELECT FROM workspace_leases lease WHERE lease.workspace_id = run.workspace_id
                    AND lease.held_until > clock_timestamp() - make_interval(secs => :silent_s)))
        RETURNING run.workspace_id
    ), told AS (
        UPDATE workspace_watches SET changed_at = clock_timestamp()
        WHERE workspace_id IN (SELECT workspace_id FROM ended)
    )
    SELECT count(*) FROM ended
""")  # noqa: S608 - closed vocabularies of ours


def end_dead_runs(session: Session, silent_s: float, sentence: str) -> int:
    """Ends as failed the runs under way that no request waits for and whose command gave no sign of life for
    ``silent_s`` (its workspace's lease has run out, or is another's by now); how many. Their workbooks are read next,
    which tells the sheet."""
    return session.scalar(_DEAD_RUNS, {"silent_s": silent_s, "sentence": sentence}) or 0
