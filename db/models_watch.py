"""The tables behind the gateway: which workbooks changed, when each was read, and the turns taken in Google's quota."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, Column, DateTime, Index, Table, Text, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Dated, Id, reference


class DriveWatchRow(Dated, Base):
    """How far one account's list of changes was read. ``page_token`` is null before the first look; ``asked_at`` is
    when some worker last took it upon itself to ask, ``restarted_at`` when everything was last set to be read because
    the token was lost."""

    __tablename__ = "drive_watches"
    __table_args__ = (UniqueConstraint("account"),)
    id: Mapped[Id]
    account: Mapped[str]
    page_token: Mapped[str | None]
    asked_at: Mapped[datetime | None]
    restarted_at: Mapped[datetime | None]


class WorkspaceWatchRow(Dated, Base):
    """What the worker knows of a workbook without reading it. ``changed_at`` is set where Drive told of a change that
    has not been served; ``read_at`` null says that it was never read (or must be anew), ``next_read_at`` when it
    is read whatever Drive tells. ``schedule`` and ``time_zone`` are Setup's as they were last read,
    ``next_slot_at`` is when they are due next, ``slots_until`` up to when slots were asked for. ``digest`` is of
    what was last told; ``sources`` are the other spreadsheets whose changes concern it; ``heard_at`` is the change
    up to which its Requests were read while another process was at work on it."""

    __tablename__ = "workspace_watches"
    __table_args__ = (
        UniqueConstraint("workspace_id"),
        Index(None, "changed_at", postgresql_where=text("changed_at IS NOT NULL")),
        Index(None, "next_slot_at", postgresql_where=text("next_slot_at IS NOT NULL")),
        Index(None, "next_read_at"),
        Index(None, "sources", postgresql_using="gin"),
    )
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", on_delete="CASCADE", indexed=False)
    changed_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    next_slot_at: Mapped[datetime | None]
    digest: Mapped[str | None]
    sources: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    heard_at: Mapped[datetime | None] = mapped_column(sort_order=2000)
    schedule: Mapped[str | None] = mapped_column(sort_order=2001)
    time_zone: Mapped[str] = mapped_column(server_default="UTC", sort_order=2002)
    slots_until: Mapped[datetime | None] = mapped_column(sort_order=2003)
    next_read_at: Mapped[datetime] = mapped_column(server_default="-infinity", sort_order=2004)


class ScheduleSlotRow(Dated, Base):
    """One slot of a schedule that was taken: one row, whoever makes it, so that it is asked for once.
    ``workspace_id`` null: a chore of all workspaces together."""

    __tablename__ = "schedule_slots"
    __table_args__ = (UniqueConstraint("workspace_id", "schedule", "slot_at", postgresql_nulls_not_distinct=True),)
    id: Mapped[Id]
    workspace_id: Mapped[int | None] = reference("workspaces.id", on_delete="CASCADE", indexed=False)
    schedule: Mapped[str]
    slot_at: Mapped[datetime]


GOOGLE_TURNS = Table(
    "google_turns",
    Base.metadata,
    Column("bucket", Text, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    Index(None, "bucket", "taken_at"),
    prefixes=["UNLOGGED"],  # a minute's memory: after a crash of Postgres it may begin anew
)

TAKE_TURN_FUNCTION = """
CREATE FUNCTION take_turn(buckets text[], limits integer[], window_s double precision, moment timestamptz)
RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz;
    hindering timestamptz;
    wait double precision := 0;
BEGIN
    PERFORM set_config('lock_timeout', '5s', true);
    FOR place IN 1 .. cardinality(buckets) LOOP
        PERFORM pg_advisory_xact_lock(7242, hashtext(buckets[place]));
    END LOOP;
    at := coalesce(moment, clock_timestamp());
    DELETE FROM google_turns WHERE bucket = ANY (buckets) AND taken_at <= at - make_interval(secs => window_s);
    FOR place IN 1 .. cardinality(buckets) LOOP
        SELECT taken_at INTO hindering FROM google_turns WHERE bucket = buckets[place]
            ORDER BY taken_at DESC OFFSET limits[place] - 1 LIMIT 1;
        IF FOUND THEN
            wait := greatest(wait, extract(epoch FROM hindering - at) + window_s);
        END IF;
    END LOOP;
    IF wait = 0 THEN
        INSERT INTO google_turns SELECT unnest(buckets), at;
    END IF;
    RETURN wait;
END
$$
"""
"""One statement, so that a process which is stopped in the middle of it holds no lock: the server ends it. Takes a turn
in all buckets or in none; returns the seconds until the fullest of them has room."""

event.listen(Base.metadata, "before_create", DDL(TAKE_TURN_FUNCTION))
