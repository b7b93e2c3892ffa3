"""Google's quota, counted in one place for all processes that share the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models_watch import GOOGLE_TURNS
from db.session import Database

_TAKE = "SELECT take_turn(:names, :limits, :window_s, :moment)"


def take_turn(
    database: Database, buckets: Mapping[str, int], window_s: float, *, moment: datetime | None = None
) -> float:
    """Takes a turn in each of ``buckets`` (name -> most turns in any ``window_s`` seconds), or in none.

    Returns 0 where it did, else the seconds until the fullest bucket has room. ``moment`` is the time (aware; None: the
    database's clock). Nothing is held afterwards: a turn is a time that passes. Errors of ``db.errors``; a lock that is
    not had within 5 s is ``DatabaseBusy``."""
    names = sorted(buckets)  # one order for all, so that no two wait for each other
    return database.answer(
        _TAKE, names=names, limits=[buckets[name] for name in names], window_s=window_s, moment=moment
    )


def turns_taken(session: Session, bucket: str | None = None) -> dict[str, int]:
    """bucket -> how many turns were taken in the last minute (of ``bucket``, or of all there are)."""
    taken = (
        select(GOOGLE_TURNS.c.bucket, func.count())
        .where(GOOGLE_TURNS.c.taken_at > func.now() - timedelta(minutes=1))
        .group_by(GOOGLE_TURNS.c.bucket)
    )
    if bucket is not None:
        taken = taken.where(GOOGLE_TURNS.c.bucket == bucket)
    return {row[0]: row[1] for row in session.execute(taken)}
