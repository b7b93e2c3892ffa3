"""Google's quota, kept by counting: at most so many calls in any minute (and a little more, since calls take longer or
shorter to reach Google), for one account and for its whole project.

Each process counts its own calls. Where a ledger is given (Postgres, in ``db.turns``), all processes count together:
two workers on two machines share one quota as if they were one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

LATE_S = 2.0
"""How much sooner than another a call may reach Google after its turn. Google counts calls when they reach it."""
WINDOW_S = 60.0 + LATE_S
"""A minute, for calls that reach Google one sooner, one later after their turns."""


class Ledger(Protocol):
    """Where processes count their calls together."""

    def take(self, buckets: Mapping[str, int], window_s: float) -> float | None:
        """Takes a turn in each of ``buckets`` (name -> most turns in any ``window_s`` seconds) or in none of them.

        Returns 0 where it did, the seconds until it can be tried again where one is full, None where the ledger is out
        of reach: then the caller goes by its own count."""
        ...


class Quota:
    """At most so many turns in any ``window_s`` seconds, however they fall: stricter than a bucket that refills, since
    a full bucket and its refill together can pass twice the limit within one minute. ``buckets`` are the names that the
    ledger knows, each with its limit; the smallest one holds within this process, ledger or not. Safe for threads."""

    def __init__(
        self,
        buckets: Mapping[str, int],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        ledger: Ledger | None = None,
        window_s: float = WINDOW_S,
    ) -> None:
        self._buckets = dict(buckets)
        self._limit = min(buckets.values())
        self._clock = clock
        self._sleep = sleep
        self._ledger = ledger
        self._window_s = window_s
        self._turns: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self, until: float) -> bool:
        """Takes a turn, waiting for one; False, at once, where none comes free before ``until`` (by the clock)."""
        while True:
            wait = self._take()
            if wait <= 0:
                return True
            if self._clock() + wait > until:
                return False
            self._sleep(wait)

    def _take(self) -> float:
        """0 where a turn was taken, else the seconds until one may be free."""
        with self._lock:
            now = self._clock()
            if wait := self._wait_s(now):
                return wait
            self._turns.append(now)
        try:
            wait = self._ledger.take(self._buckets, self._window_s) if self._ledger else None
        except BaseException:
            self._give_back(now)
            raise
        if wait:
            self._give_back(now)
        return wait or 0.0

    def _give_back(self, turn: float) -> None:
        with self._lock:
            self._turns.remove(turn)

    def _wait_s(self, now: float) -> float:
        while self._turns and self._turns[0] <= now - self._window_s:
            self._turns.popleft()
        if len(self._turns) < self._limit:
            return 0.0
        return self._turns[0] + self._window_s - now
