"""Watching: what Drive tells is kept in Postgres, and Postgres says which workbooks are due. An idle workbook costs
nothing of its own but one reading an hour."""

from __future__ import annotations

import structlog

from db import store
from db.records import WatchRecord
from engine.errors import RoadmapError
from jobs import metrics
from jobs.connections import Connections
from jobs.logs import reason_of
from sheets_sync.errors import PageTokenLost
from sheets_sync.watch import changes_since

log = structlog.get_logger()

SPACING_S = 5.0
"""All workers of an account together ask Drive once in this time: at most twelve calls a minute."""
IN_TURN_A_TICK = 3
"""How many workbooks without news are read at one tick, at most."""
SHARE_IN_TURN = 0.6
"""Of the account's reads, so much goes to workbooks without news: a thousand within the hour, and the rest is left for
clicks."""
READS_OF_A_LOOK = 2


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

    def due(self, *, everything: bool = False) -> tuple[WatchRecord, ...]:
        """The workbooks to be read now, each with its reason: all with news, and of the others (the rest, those that
        wait longest first) as many as one tick may. ``everything``: all of them."""
        others = None if everything else self._others_now()
        with self._connections.database.transaction() as session:
            found = store.due_watches(session, is_heard=self.is_heard, others=others)
            counts = store.count_due(session)
        metrics.WORKBOOKS.set(counts.pop(""))
        for reason, number in counts.items():
            metrics.WAITING.labels(reason).set(number)
        return found

    def _others_now(self) -> int:
        """How many workbooks without news one tick may read, in view of what all workers of the account read in the
        last minute."""
        limit = self._connections.settings.google_calls_per_minute
        with self._connections.database.transaction() as session:
            bucket = self._connections.gateway.bucket_of("read")
            used = store.turns_taken(session, bucket).get(bucket, 0)
        return min(IN_TURN_A_TICK, max(0, int(SHARE_IN_TURN * limit) - used) // READS_OF_A_LOOK)
