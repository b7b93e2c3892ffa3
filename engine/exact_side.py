"""The exact side of a problem, as it is made before and while solvers search: lines, links, checks, the greedy plan."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from engine.checks import contradiction
from engine.exact import Tally
from engine.greedy import greedy_plan
from engine.ledger import Ledger
from engine.links import Links
from engine.scales import Scales
from engine.settling import Settled
from engine.snapshot import settled_digest


@dataclass(frozen=True, slots=True)
class ExactSide:
    """What judges plans, and the problem's digest. ``greedy`` is None where there is none; ``took_s`` is how long all
    of it took to make."""

    ledger: Ledger
    links: Links
    is_possible: bool
    greedy: Tally | None
    digest: str
    took_s: float


def exact_side(settled: Settled, scales: Scales, check: Callable[[], object]) -> ExactSide:
    """The exact side of a settled problem. ``check`` is called now and then, and raises to end it."""
    started = time.monotonic()
    with garbage_left():
        ledger = Ledger(settled, scales)
        check()
        links = Links(ledger)
        is_possible = contradiction(ledger) is None
        check()
        greedy = greedy_plan(ledger, links) if is_possible else None
        check()
        digest = settled_digest(settled)
    return ExactSide(ledger, links, is_possible, greedy, digest, time.monotonic() - started)


@contextlib.contextmanager
def garbage_left() -> Generator[None]:
    """Leaves garbage lying for the while: a problem is a great many small objects and few cycles, and to look through
    all of them again and again takes as long as the work itself."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
