"""Clocks for tests, which are never judged by the time that passes."""

from __future__ import annotations

import time


class Clock:
    """Monotonic seconds that pass only when someone sleeps; ``slept`` is how long, each time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        time.sleep(0)
