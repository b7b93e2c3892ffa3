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
from tests.faults.verdict import Before, Tally, traces

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
        wanted: dict[str, str] = {}
        while not worker.has_ended():
            if wanted:  # it took fewer calls this time
                assert not settled(before, wanted)
                before, at = Before(site, workspace), max(1, at // 2)
            site.order(worker, at, "kill")
            wanted = {asked(site, workspace, number, action): action}
            _until_struck(site, worker.has_ended, wanted)
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


def _until_struck(site: Site, is_struck: Callable[[], bool], wanted: dict[str, str]) -> None:
    """Until the worker was struck, or has done everything before."""
    site.wait(lambda: is_struck() or (site.has_ended(list(wanted)) and site.is_quiet()), PATIENCE_S)


def _another(desk: Desk, before: Before, wanted: dict[str, str], tally: Tally, where: str) -> None:
    """The worker is dead: another one is started, and does the rest."""
    began = time.monotonic()
    desk.worker = desk.site.start()
    found = settled(before, wanted)
    tally.add(where, found, time.monotonic() - began)
    tally.seen[_kind(where)] += 1


def _kind(where: str) -> str:
    return " ".join(where.partition("struck ")[2].split()[:2]) or "at random"


def paused_at_calls(sites: Sequence[Site], numbers: Iterable[int]) -> Tally:
    """SIGSTOP at a call for longer than the lease, another worker takes over, SIGCONT: half of the time when all is
    done, else while the other one is at work."""
    tally, desks = Tally("SIGSTOP beyond the lease, SIGCONT"), Desks()

    def one(site: Site, number: int) -> None:
        desk = desks.of(site)
        workspace, worker = desk.ready()
        action = ACTIONS[number % len(ACTIONS)]
        at, before = 1 + (number * 37) % CALLS[action], Before(site, workspace)
        site.order(worker, at, "stop")
        wanted = {asked(site, workspace, number, action): action}
        _until_struck(site, worker.is_paused, wanted)
        where = f"{action}, {struck(site, worker)}"
        began, fence = time.monotonic(), _fence(before)
        desk.worker = site.start()
        if number % 2:
            found = _woken_after(site, worker, before, wanted)
        else:
            site.wait(lambda: _fence(before) > fence or site.has_ended(list(wanted)), PATIENCE_S)
            time.sleep(random.Random(number).uniform(0, 0.4))
            worker.send(signal.SIGCONT)
            found = settled(before, wanted)
        tally.add(where, found + traces(site), time.monotonic() - began)
        tally.seen[_kind(where)] += 1
        worker.kill()

    spread(sites, numbers, one)
    return tally


def _fence(before: Before) -> int:
    fence = "SELECT fence FROM workspaces WHERE id = :id"
    return int(before.site.rows(fence, id=before.workspace.id)[0]["fence"])


def _woken_after(site: Site, worker: Child, before: Before, wanted: dict[str, str]) -> list[tuple[str, str]]:
    """The paused worker wakes when another one has done its work: nothing in Postgres or in a sheet becomes other
    than it is, and no change of a sheet is begun."""
    found = settled(before, wanted)
    kept, sheets = _kept(site), site.server.service.revision(before.workspace.spreadsheet_id)
    told = len(site.noted(worker))
    worker.send(signal.SIGCONT)
    is_over = site.wait(lambda: any(one["what"] == "job ended" for one in site.noted(worker)[told:]), 40)
    if is_over is None:
        found.append(("lost", "the paused worker did not end its job"))
    if (now := _kept(site)) != kept:
        found += [("doubled", f"the paused worker changed {one}") for one in kept if kept[one] != now[one]]
    begun = [one["what"] for one in site.noted(worker)[told:] if ":batchUpdate" in one["what"]]
    if begun or site.server.service.revision(before.workspace.spreadsheet_id) != sheets:
        found.append(("doubled", f"the paused worker began {begun or 'a change of the sheet'}"))
    return found


def _kept(site: Site) -> dict[str, Any]:
    """The rows of all tables that keep what was asked, found and published."""
    tables = ("requests", "optimization_runs", "portfolios", "portfolio_items", "roadmaps", "roadmap_entries")
    return {one: site.rows(f"SELECT count(*) AS n, max(updated_at) AS last FROM {one}") for one in tables}
