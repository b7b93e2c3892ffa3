"""Watching: what Drive tells is kept in Postgres, and Postgres says which workbooks are due. An idle workbook costs
nothing of its own but one reading an hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from db import store
from db.records import WatchRecord
from engine.errors import RoadmapError
from jobs import metrics
from jobs.connections import Connections
from jobs.logs import reason_of
from sheets_sync.errors import PageTokenLost
from sheets_sync.watch import changes_since, full_read_due

log = structlog.get_logger()

SPACING_S = 5.0
"""All workers of an account together ask Drive once in this time: at most twelve calls a minute."""
IN_TURN_A_TICK = 3
"""How many workbooks without news are read at one tick: a thousand within the hour, and half of the quota is left for
clicks."""
UNHEARD_AFTER = timedelta(seconds=10)

CHANGED, SLOT, FIRST, HOURLY, UNHEARD = REASONS = ("changed", "schedule", "first", "hourly", "unheard")
"""Why a workbook is due, the most urgent first."""
URGENT = (CHANGED, SLOT)
"""Reasons that wait for nothing; workbooks due for another one are read a few at a tick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A workbook to be served, and why: Drive told of a change, a slot of its schedule has come, it was never read (or
    not since the list of changes was lost), an hour has passed, or Drive tells nothing and it is its turn."""

    watch: WatchRecord
    reason: str


class Watching:
    """The watch of one process. ``is_heard`` is False while Drive does not tell what changed: then workbooks are read
    in turn, those read longest ago first."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.is_heard = True

    def look(self, *, spacing_s: float = SPACING_S) -> None:
        """Asks Drive what changed and keeps it, unless some worker asked less than ``spacing_s`` ago. Raises nothing
        that Google does; the errors of Postgres leave."""
        account = self._connections.gateway.account
        with self._connections.database.transaction() as session:
            claimed = store.claim_watch(session, account, spacing_s)
        if claimed is None:
            return
        try:
            self.is_heard = self._asked(account, *claimed)
        except RoadmapError as error:
            self.is_heard = False
            log.warning("Drive does not tell what changed", **reason_of(error))
        metrics.DRIVE_HEARD.set(self.is_heard)

    def _asked(self, account: str, page_token: str | None) -> bool:
        """Whether Drive's list could be followed."""
        gateway, database = self._connections.gateway, self._connections.database
        if page_token is not None:
            try:
                changes = changes_since(gateway, page_token)
            except PageTokenLost:
                log.warning("Drive has forgotten the page token")
            else:
                with database.transaction() as session:
                    told = store.record_changes(session, account, page_token, changes.page_token, changes.file_ids)
                if told:
                    log.info("changed", workbooks=told)
                return True
        token = gateway.start_page_token()  # first the token, then the readings: nothing falls between them
        with database.transaction() as session:
            restarted = store.restart_watch(session, account, token)
        log.info("watch begins anew", reads_all=restarted)
        return restarted

    def due(self) -> tuple[Due, ...]:
        """All workbooks that are due now: first those with news, the rest those read longest ago first."""
        now = self._connections.database.now()
        with self._connections.database.transaction() as session:
            known = store.watches(session)
        found = [Due(watch=watch, reason=reason) for watch in known if (reason := self.reason(watch, now))]
        metrics.WORKBOOKS.set(len(known))
        for reason in REASONS:
            metrics.WAITING.labels(reason).set(sum(due.reason == reason for due in found))
        return tuple(sorted(found, key=lambda due: REASONS.index(due.reason)))

    def reason(self, watch: WatchRecord, now: datetime) -> str | None:
        """Why a workbook is due at ``now`` (aware); None where it is not. While a process is at work on it, only a
        change that may be a click on Cancel run counts."""
        if watch.is_busy and (watch.changed_at is None or watch.changed_at == watch.heard_at):
            return None
        if watch.changed_at is not None:
            return CHANGED
        if watch.next_slot_at is not None and watch.next_slot_at <= now:
            return SLOT
        if watch.read_at is None:
            return FIRST
        if watch.read_at < full_read_due(watch.workspace.spreadsheet_id, now):
            return HOURLY
        if not self.is_heard and watch.read_at <= now - UNHEARD_AFTER:
            return UNHEARD
        return None


def at_a_tick(due: Sequence[Due]) -> tuple[Due, ...]:
    """Those of ``due`` that one tick serves: all with news, and a few of the others."""
    urgent = [one for one in due if one.reason in URGENT]
    others = [one for one in due if one.reason not in URGENT]
    return (*urgent, *others[:IN_TURN_A_TICK])
