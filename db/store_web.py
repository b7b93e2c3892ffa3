"""What the webhook keeps in Postgres: turns of those who ask, signatures that counted, and what was asked and refused.
All by the database's clock, for all workers together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from db.models import RequestAuditRow, table

_TURN = text("SELECT take_web_turn(:names, :limits, :window_s)")
_SIGNATURE = text("SELECT use_signature(:signature, :signed_at, :window_s)")
_HEARD = text(
    "SELECT coalesce(max(last_heartbeat) > clock_timestamp() - make_interval(secs => :within_s), false) "
    "FROM procrastinate_workers"
)


def now(session: Session) -> datetime:
    """The database's clock, aware (UTC)."""
    return session.execute(text("SELECT clock_timestamp()")).scalar_one()


def take_web_turn(session: Session, buckets: Mapping[str, int], window_s: float) -> float:
    """Takes a turn in each of ``buckets`` (name -> most turns in any ``window_s`` seconds), or in none: 0, or the
    seconds until the fullest one has room. They are no buckets of Google's quota."""
    names = sorted(buckets)
    return session.execute(
        _TURN, {"names": names, "limits": [buckets[name] for name in names], "window_s": window_s}
    ).scalar_one()


def use_signature(session: Session, signature: str | None, signed_at: float, window_s: float) -> str:
    """'fresh' where a signature made at ``signed_at`` (seconds since 1970) counts now, 'old' where that is more than
    ``window_s`` away, 'used' where it has counted before. None: only the time is judged."""
    given = {"signature": signature, "signed_at": signed_at, "window_s": window_s}
    return session.execute(_SIGNATURE, given).scalar_one()


def note_audit(
    session: Session, workspace_id: int, *, who: str, is_verified: bool, way: str, action: str, outcome: str
) -> None:
    """One more line of what was asked for, and what was said to it."""
    session.execute(
        insert(table(RequestAuditRow))
        .inline()  # the webhook may not read what it has written
        .values(workspace_id=workspace_id, who=who, is_verified=is_verified, way=way, action=action, outcome=outcome)
    )


def is_queue_fetched(session: Session, within_s: float) -> bool:
    """Whether some worker has fetched from the queue within the last ``within_s`` seconds."""
    return session.execute(_HEARD, {"within_s": within_s}).scalar_one()
