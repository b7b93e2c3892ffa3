"""Workers that die and workers that are paused: lines of the fault matrix.

Each try: somebody asks for something, by a row in Requests, by the webhook's way, or by both; the worker is struck in
the middle of it; another one takes over; and once all is quiet everything that must hold is looked at.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from db.records import WorkspaceRecord
from tests.faults.nursery import Child
from tests.faults.site import Site
from tests.faults.verdict import Before, Tally

CALLS = {"optimize": 290, "publish": 184, "check": 189}
"""About so many calls, before and after each, a request takes with the look that finds it."""
ACTIONS = ("optimize", "publish", "optimize", "check", "optimize")
PATIENCE_S = 90.0
WORKBOOKS = 12
"""Tries on one workbook before another one is made: Requests grows with each."""


def spread(sites: Sequence[Site], numbers: Iterable[int], one: Callable[[Site, int], None]) -> None:
    """``one(site, number)`` for each number, at each site one after the other. Raises the first error."""
    waiting: SimpleQueue[int] = SimpleQueue()
    for number in numbers:
        waiting.put(number)

    def all_of(site: Site) -> None:
        while not waiting.empty():
            one(site, waiting.get())

    with ThreadPoolExecutor(len(sites)) as pool:
        for done in [pool.submit(all_of, site) for site in sites]:
            done.result()


@dataclass
class Desk:
    """What one site is doing: its workbook, its idle worker, and the count of tries."""

    site: Site
    worker: Child | None = None
    workspace: WorkspaceRecord | None = None
    tries: int = 0

    def ready(self) -> tuple[WorkspaceRecord, Child]:
        """A quiet workbook with a plan, and an idle worker."""
        if self.worker is None or self.worker.has_ended():
            self.worker = self.site.start()
        if self.workspace is None or self.tries % WORKBOOKS == 0:
            self.workspace = self.site.workbook(with_a_plan=True)
        self.tries += 1
        assert self.site.wait(self.site.is_quiet, PATIENCE_S) is not None, "not quiet before a try"
        return self.workspace, self.worker


@dataclass
class Desks:
    """A desk for each site."""

    known: dict[int, Desk] = field(default_factory=dict)

    def of(self, site: Site) -> Desk:
        return self.known.setdefault(id(site), Desk(site))


def asked(site: Site, workspace: WorkspaceRecord, number: int, action: str) -> str:
    """Somebody asks: by a row alone, or by a row and the webhook both. The request's id."""
    request_id = f"{action}-{number}-{time.monotonic_ns()}"
    site.click(workspace, request_id, action)
    if number % 3:
        site.ask(workspace, request_id, action)
    return request_id


def settled(before: Before, wanted: dict[str, str], within_s: float = PATIENCE_S) -> list[tuple[str, str]]:
    """What does not hold once all is quiet, or when patience ends."""
    site = before.site

    def holds() -> bool:
        return site.has_ended(list(wanted)) and site.is_quiet() and not before.found(wanted)

    if site.wait(holds, within_s) is not None:
        return []
    found = before.found(wanted)
    return found if site.is_quiet() else [*found, ("lost", f"not quiet: {site.unquiet()}")]


def killed_at_calls(sites: Sequence[Site], numbers: Iterable[int], calls: Sequence[int] = ()) -> Tally:
    """kill -9 at a call: the ``number``-th of all, or of ``calls``."""
    tally, desks = Tally("kill -9 of the worker at a call"), Desks()

    def one(site: Site, number: int) -> None:
        workspace, worker = desks.of(site).ready()
        action = ACTIONS[number % len(ACTIONS)]
        at = calls[number % len(calls)] if calls else 1 + (number * 37) % CALLS[action]
        before = Before(site, workspace)
        while True:
            site.order(worker, at, "kill")
            wanted = {asked(site, workspace, number, action): action}
            site.wait(lambda: worker.has_ended() or site.has_ended(list(wanted)), PATIENCE_S)
            if worker.has_ended(2):
                break
            assert not settled(before, wanted)  # it took fewer calls this time
            before, at = Before(site, workspace), max(1, at // 2)
        _another(desks.of(site), before, wanted, tally, f"{action}, {struck(site, worker)}")

    spread(sites, numbers, one)
    return tally


def killed_at_random(sites: Sequence[Site], numbers: Iterable[int]) -> Tally:
    """kill -9 some time after the click."""
    tally, desks = Tally("kill -9 of the worker at random times"), Desks()

    def one(site: Site, number: int) -> None:
        chance = random.Random(number)
        workspace, worker = desks.of(site).ready()
        before = Before(site, workspace)
        wanted = {}
        for place in range(chance.randint(1, 2)):
            action = chance.choice(ACTIONS)
            wanted[asked(site, workspace, 3 * number + 1, action)] = action
            time.sleep(0.1 * place)
        time.sleep(chance.uniform(0, 1.2))
        worker.kill()
        _another(desks.of(site), before, wanted, tally, f"{number}: {', '.join(wanted.values())}")

    spread(sites, numbers, one)
    return tally


def struck(site: Site, worker: Child) -> str:
    """Where the tripwire struck."""
    return next((one["what"] for one in reversed(site.noted(worker)) if one["what"].startswith("struck")), "nowhere")


def _another(desk: Desk, before: Before, wanted: dict[str, str], tally: Tally, where: str) -> None:
    """The worker is dead: another one is started, and does the rest."""
    began = time.monotonic()
    desk.worker = desk.site.start()
    found = settled(before, wanted)
    tally.add(where, found, time.monotonic() - began)
    tally.seen[_kind(where)] += 1


def _kind(where: str) -> str:
    return " ".join(where.partition("struck ")[2].split()[:2]) or "at random"
