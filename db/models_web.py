"""The tables of who may do what: the role rows of each workbook as last read, what was asked and refused, and the
signatures that have counted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, Column, DateTime, Table, Text, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Dated, Id, one_of, reference
from db.models_watch import GOOGLE_TURNS

WAYS = ("identity token", "signature", "sheet", "command line", "schedule")
AUDIT_OUTCOMES = ("asked", "done", "refused")


class WorkspaceRolesRow(Dated, Base):
    """Who may do what in a workbook. ``editors`` are the addresses that ``init`` let into the protected range (null:
    ``init`` has made none); ``lists`` are role -> addresses as last read from there; ``trouble`` says why they do not
    count (null: they do)."""

    __tablename__ = "workspace_roles"
    __table_args__ = (UniqueConstraint("workspace_id"),)
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", on_delete="CASCADE", indexed=False)
    editors: Mapped[list[Any] | None]
    lists: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    trouble: Mapped[str | None]


class RequestAuditRow(Dated, Base):
    """One line of what somebody asked for and what was said to it. ``who`` is a proven address, or a word of ours;
    never the text of a cell. Rows are added, never changed."""

    __tablename__ = "request_audits"
    __table_args__ = (one_of("way", WAYS), one_of("outcome", AUDIT_OUTCOMES))
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", on_delete="CASCADE")
    who: Mapped[str]
    is_verified: Mapped[bool]
    way: Mapped[str]
    action: Mapped[str]
    outcome: Mapped[str]


WEBHOOK_SIGNATURES = Table(
    "webhook_signatures",
    Base.metadata,
    Column("signature", Text, primary_key=True),
    Column("used_at", DateTime(timezone=True), nullable=False, index=True),
)
"""The signatures that have counted within the last minutes: none counts twice."""

UNMAINTAINED = (GOOGLE_TURNS, WEBHOOK_SIGNATURES)
"""Tables whose rows never change."""

TAKE_WEB_TURN_FUNCTION = """
CREATE FUNCTION take_web_turn(buckets text[], limits integer[], window_s double precision)
RETURNS double precision LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN take_turn(ARRAY(SELECT 'web ' || bucket FROM unnest(buckets) AS bucket), limits, window_s, NULL);
END
$$
"""
"""``take_turn`` in buckets that are not Google's, for a role that may not touch the table of turns."""

USE_SIGNATURE_FUNCTION = """
CREATE FUNCTION use_signature(given text, signed_at double precision, window_s double precision)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    IF abs(extract(epoch FROM at) - signed_at) > window_s THEN
        RETURN 'old';
    END IF;
    IF given IS NULL THEN
        RETURN 'fresh';
    END IF;
    DELETE FROM webhook_signatures WHERE used_at < at - make_interval(secs => 3 * window_s);
    INSERT INTO webhook_signatures VALUES (given, at) ON CONFLICT DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'fresh' ELSE 'used' END;
END
$$
"""
"""'fresh' where a signature of the time ``signed_at`` (seconds since 1970) counts now, 'old' where it is outside of the
window, 'used' where it has counted before. Without a signature only the time is judged."""

for _function in (TAKE_WEB_TURN_FUNCTION, USE_SIGNATURE_FUNCTION):
    event.listen(Base.metadata, "before_create", DDL(_function))
