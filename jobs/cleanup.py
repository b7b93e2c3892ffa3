"""Clean-up: once a night one of all workers deletes what nobody will ask for any more. Roadmaps are for ever."""

from __future__ import annotations

from datetime import timedelta

import structlog

from db import store
from db.session import Database
from jobs.clock import next_slot

log = structlog.get_logger()

NIGHTLY = "daily 03:00"
"""UTC. A night that was missed is made up for by whichever worker runs first after it."""
CHORE = "clean-up"
SLOT_DAYS = 30
"""Slots older than this prove nothing any more: no schedule goes back."""
AT_ONCE = 200
"""So many rows are deleted in one transaction; each is a night's work that a killed worker has done."""


def clean_up_nightly(database: Database, retention_days: int) -> dict[str, int] | None:
    """What was deleted, by kind, where this night's clean-up fell to the caller; else None."""
    now = database.now()
    slot = next_slot(NIGHTLY, "UTC", now - timedelta(days=1))
    assert slot is not None
    with database.transaction() as session:
        if not store.take_slot(session, None, CHORE, slot):
            return None
    return clean_up(database, retention_days)


def clean_up(database: Database, retention_days: int) -> dict[str, int]:
    """Deletes what is older than ``retention_days`` and not kept for good (``db.store_retention``); how many of each
    kind."""
    deleted = {
        "requests": _all(database, store.delete_old_requests, retention_days),
        "runs": _all(database, store.delete_old_runs, retention_days),
        "jobs": _all(database, store.delete_old_jobs, SLOT_DAYS),
        "audits": _all(database, store.delete_old_audits, retention_days),
        "slots": _all(database, store.delete_old_slots, SLOT_DAYS),
    }
    log.info("cleaned up", **deleted)
    return deleted


def _all(database: Database, delete: store.Delete, days: int) -> int:
    total, deleted = 0, AT_ONCE
    while deleted == AT_ONCE:
        with database.transaction() as session:
            deleted = delete(session, days, AT_ONCE)
        total += deleted
    return total
