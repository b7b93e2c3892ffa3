"""Google fails while several workers are at work: a line of the fault matrix."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterable, Sequence

from sheets_sync.local.faults import QuotaRule
from tests.faults.lines_killed import ACTIONS, Desk, Desks, asked, settled, spread
from tests.faults.site import Site
from tests.faults.storms import SHARE, orders
from tests.faults.verdict import Before, Tally

DEFAULT_QUOTA = {"GOOGLE_CALLS_PER_MINUTE": "60", "GOOGLE_PROJECT_CALLS_PER_MINUTE": "300"}
PATIENCE_S = 300.0
"""A request may be tried again several times, later and later."""
QUOTA_PATIENCE_S = 900.0
"""A hundred clicks take some 400 reads and more, of which a minute allows 60."""


def stormy(sites: Sequence[Site], numbers: Iterable[int], share: float = SHARE) -> Tally:
    """Of the calls of two workers, ``share`` are refused, cut, hung, or done and their answer lost: each request ends
    right, or is told why not; then the sky is clear."""
    tally, desks = Tally(f"Sheets 429, 500, reset, answer lost: {share:.0%} of the calls"), Desks()

    def one(site: Site, number: int) -> None:
        desk = desks.of(site)
        workspace, _ = desk.ready()
        _second_worker(desk)
        before = Before(site, workspace)
        site.faults.reseed(number)
        began = time.monotonic()
        wanted: dict[str, str] = {}
        for place in range(4):
            action = ACTIONS[(number + place) % len(ACTIONS)]
            wanted[asked(site, workspace, 4 * number + 1 + place, action)] = action
        site.faults.order(*orders(share))
        time.sleep(random.Random(number).uniform(2, 8))
        site.faults.clear()
        found = settled(before, wanted, PATIENCE_S)
        tally.add(f"{number}", found, time.monotonic() - began)
        ended = site.rows("SELECT status FROM requests WHERE request_id = ANY(:ids)", ids=list(wanted))
        tally.seen.update(row["status"] for row in ended)

    spread(sites, numbers, one)
    for site in sites:
        tally.seen.update({f"given {name}": count for name, count in site.faults.given.items()})
    return tally


def _second_worker(desk: Desk) -> None:
    alive = [child for child in desk.site.children if not child.has_ended()]
    if len(alive) < 2:
        desk.site.start()


def within_quota(sites: Sequence[Site], workers: int, clicks: int) -> Tally:
    """Several workers with Google's own quota and as much to do as they can: no minute sees more calls than it allows,
    and nobody is refused. ``sites`` were made with the default settings."""
    tally, site = Tally("Google's quota, several workers"), sites[0]
    books = [site.workbook(with_a_plan=True) for _ in range(4)]
    before = [Before(site, book) for book in books]
    site.faults.forget()
    site.faults.limit(QuotaRule())
    children = [site.start() for _ in range(workers)]
    wanted: list[dict[str, str]] = [{} for _ in books]
    for number in range(clicks):
        place = number % len(books)
        request_id = f"quota-{number}"
        wanted[place][request_id] = "check"
        site.ask(books[place], request_id, "check")
    for one, ids in zip(before, wanted, strict=True):
        tally.add(f"{workers} workers", settled(one, ids, QUOTA_PATIENCE_S))
    calls = [(record.at, record.kind) for record in site.faults.calls]
    for kind in ("read", "write"):
        most = most_in_a_minute([at for at, its in calls if its == kind])
        tally.seen[f"most {kind}s in a minute"] = most
        if most > 60:
            tally.wrong.append(f"{most} {kind}s in a minute")
    if site.faults.given["quota"]:
        tally.wrong.append(f"{site.faults.given['quota']} calls were refused by the quota")
    for child in children:
        child.kill()
    return tally


def most_in_a_minute(times: Sequence[float], window_s: float = 60.0) -> int:
    """The most of ``times`` (seconds, ascending) that fall into any window."""
    window: deque[float] = deque()
    most = 0
    for at in times:
        window.append(at)
        while window[0] <= at - window_s:
            window.popleft()
        most = max(most, len(window))
    return most
