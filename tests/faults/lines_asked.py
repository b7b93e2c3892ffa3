"""Many clicks and many workers: lines of the fault matrix in which nothing breaks, and everything comes at once."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

from db.records import WorkspaceRecord
from tests.faults.lines_killed import Desks, settled, spread
from tests.faults.site import Site
from tests.faults.verdict import DOUBLED, LOST, Before, Tally

TOGETHER = 6
"""So many ids are asked for at once."""
FIRST, ASKED_BY_FIRST = 0, 12


def double_clicked(sites: Sequence[Site], numbers: Iterable[int]) -> Tally:
    """The same id by two rows, by a row and the webhook at the same moment, by the webhook from several processes, and
    once more after it has ended. Each number is ``TOGETHER`` ids on one workbook."""
    tally, desks = Tally("double click, retry, menu and webhook both"), Desks()

    def one(site: Site, number: int) -> None:
        workspace, _ = desks.of(site).ready()
        before, chance = Before(site, workspace), random.Random(number)
        actions = [chance.choice(("optimize", "publish", "check", "hello", "hello")) for _ in range(TOGETHER)]
        wanted = {f"twice-{number}-{place}": action for place, action in enumerate(actions)}
        for request_id, action in wanted.items():
            _asked_twice(site, workspace, request_id, action, chance)
        found = settled(before, wanted)
        for request_id, action in wanted.items():  # a retry of somebody who saw no answer
            _asked_twice(site, workspace, request_id, action, chance)
        found += settled(before, wanted)
        for _ in wanted:
            tally.add(f"{number}: {', '.join(actions)}", found)
            found = []

    spread(sites, numbers, one)
    return tally


def _asked_twice(site: Site, workspace: WorkspaceRecord, request_id: str, action: str, chance: random.Random) -> None:
    """Two or three of the ways at the same moment."""
    ways = chance.sample([site.click, site.click, site.ask, site.ask, site.ask], chance.randint(2, 3))
    with ThreadPoolExecutor(len(ways)) as pool:
        for done in [pool.submit(way, workspace, request_id, action) for way in ways]:
            done.result()


def many_workers(sites: Sequence[Site], workers: int, workbooks: int, each: int) -> Tally:
    """At one site, ``workers`` processes and ``workbooks`` whose people ask, one after the other, for ``each`` runs;
    the first workbook has asked for ``ASKED_BY_FIRST`` before. One run at a time on each workbook, in the order asked,
    and none waits for the tenth request of another."""
    tally, site = Tally("two to four workers, one workbook and fifty"), sites[0]
    books = [site.workbook() for _ in range(workbooks)]
    started = [site.start() for _ in range(workers)]
    assert site.wait(site.is_quiet, 240) is not None
    before = [Before(site, book) for book in books]
    wanted: list[dict[str, str]] = [{} for _ in books]
    for place, book in enumerate(books):
        for number in range(ASKED_BY_FIRST if place == FIRST else each):
            request_id = f"many-{workers}-{place}-{number}-{time.monotonic_ns()}"
            wanted[place][request_id] = "optimize"
            site.click(book, request_id, "optimize")
            if place % 2 == 0:
                site.ask(book, request_id, "optimize")
    for one, asked in zip(before, wanted, strict=True):
        found = settled(one, asked, 240)
        found += [(DOUBLED, sentence) for sentence in _at_once(site, one.workspace)]
        for _ in asked:
            tally.add(f"{workers} workers, {workbooks} workbooks, {one.workspace.id}", found)
            found = []
    tally.wrong += _unfair(site, books, [list(asked) for asked in wanted])
    for child in started:
        child.kill()
    return tally


def starved(sites: Sequence[Site]) -> Tally:
    """Two workbooks have asked for more than a worker can do in a minute; somebody clicks in a third one."""
    tally, site = Tally("two to four workers, one workbook and fifty"), sites[0]
    *busy, quiet = [site.workbook() for _ in range(3)]
    site.start()
    assert site.wait(site.is_quiet, 60) is not None
    asked = [f"busy-{number}" for number in range(80)]
    for number, request_id in enumerate(asked):
        site.ask(busy[number % 2], request_id, "optimize")
    site.click(quiet, "starved-1", "optimize")
    assert site.wait(lambda: site.has_ended(["starved-1"]), 120) is not None
    ended = sum(row["finished_at"] is not None for row in site.rows(_BUSY, ids=asked))
    tally.add("starved", [] if ended < len(asked) // 2 else [(LOST, f"a click waited for {ended} requests of others")])
    for child in site.children:
        child.kill()
    return tally


_BUSY = "SELECT finished_at FROM requests WHERE request_id = ANY(:ids)"


def _at_once(site: Site, workspace: WorkspaceRecord) -> list[str]:
    """Runs of a workbook that were under way at the same time."""
    runs = site.rows(_RUNS, id=workspace.id)
    return [
        f"run {later['id']} began before run {earlier['id']} had ended"
        for earlier, later in pairwise(runs)
        if later["started_at"] < earlier["finished_at"]
    ]


def _unfair(site: Site, books: Sequence[WorkspaceRecord], asked: Sequence[Sequence[str]]) -> list[str]:
    """Workbooks whose first request, from being queued to its start, waited for ten or more of the first workbook's."""
    kept: Mapping[str, Any] = {row["request_id"]: row for row in site.rows("SELECT * FROM requests")}
    told = []
    for book, ids in zip(books[1:], asked[1:], strict=True):
        mine = kept[ids[0]]
        meanwhile = [
            one for one in asked[FIRST] if mine["created_at"] <= kept[one]["finished_at"] <= mine["started_at"]
        ]
        if len(meanwhile) >= 10:
            told.append(f"{book.id} waited for {len(meanwhile)} requests of {books[FIRST].id}")
    return told


_RUNS = "SELECT id, started_at, finished_at FROM optimization_runs WHERE workspace_id = :id ORDER BY id"
