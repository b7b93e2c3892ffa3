"""The quota's ledger: Postgres, as long as it answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import structlog

from db.session import Database
from db.turns import take_turn
from engine.errors import OutOfReach
from jobs import metrics
from jobs.logs import reason_of

log = structlog.get_logger()

ALONE_S = 30.0
"""How long a process counts alone before it asks Postgres again."""


class SharedTurns:
    """A ``sheets_sync.quota.Ledger`` on ``database``, which is opened at the first turn. ``clock`` is monotonic
    seconds."""

    def __init__(self, database: Callable[[], Database], clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._alone_until = -ALONE_S
        self._lock = threading.Lock()

    def take(self, buckets: Mapping[str, int], window_s: float) -> float | None:
        """As ``Ledger.take``; None for ``ALONE_S`` after Postgres was found away."""
        if self._clock() < self._alone_until:
            return None
        try:
            return take_turn(self._database(), buckets, window_s)
        except OutOfReach as error:
            with self._lock:
                self._alone_until = self._clock() + ALONE_S
            metrics.QUOTA_ALONE.inc()
            log.warning("quota counted alone", **reason_of(error))
            return None
