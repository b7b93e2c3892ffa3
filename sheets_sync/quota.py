"""Google's quota, kept by counting: at most so many calls in any minute."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class Quota:
    """At most ``limit`` turns in any ``window_s`` seconds, however they fall: stricter than a bucket that refills,
    since a full bucket and its refill together can pass twice the limit within one minute. Safe for threads."""

    def __init__(
        self, limit: int, *, clock: Callable[[], float], sleep: Callable[[float], None], window_s: float = 60.0
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._sleep = sleep
        self._window_s = window_s
        self._turns: deque[float] = deque()
        self._lock = threading.Lock()

    def wait_s(self) -> float:
        """Seconds until a turn is free; 0 where one is free now."""
        with self._lock:
            return self._wait_s(self._clock())

    def _wait_s(self, now: float) -> float:
        while self._turns and self._turns[0] <= now - self._window_s:
            self._turns.popleft()
        if len(self._turns) < self._limit:
            return 0.0
        return self._turns[0] + self._window_s - now

    def take(self, until: float) -> bool:
        """Takes a turn, waiting for one; False, at once, where none comes free before ``until`` (by the clock)."""
        while True:
            with self._lock:
                now = self._clock()
                wait = self._wait_s(now)
                if wait <= 0:
                    self._turns.append(now)
                    return True
            if now + wait > until:
                return False
            self._sleep(wait)
