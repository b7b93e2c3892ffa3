"""From a click to a run, beside the obvious loop: `python bench/clicks.py [CLICKS] [IDLE_SECONDS]`.

A click is a row in Requests. Ours is `roadmap worker`; the peer (`beside/polling.py`) is a loop that reads each
workbook's Requests by gspread every five seconds and does the same work. "By the webhook" is a click that is also told
to the database at once. Runs are those of a small workbook, so that what is measured is the way and not the solve.
Idle: seconds of a core in a minute, and calls to Google in a minute, with FEW workbooks. Ratios are peer / ours.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from db.records import WorkspaceRecord  # noqa: E402
from tests.faults.nursery import Nursery  # noqa: E402
from tests.faults.site import Site, sites  # noqa: E402

FEW, MANY, EACH = 4, 10, 4


def row(site: Site, book: WorkspaceRecord, request_id: str) -> dict[str, str]:
    """The request's row in the sheet."""
    return next(one for one in site.tab(book, "Requests") if one["request_id"] == request_id)


def until(site: Site, what: Callable[[], bool]) -> float:
    """The moment at which it is so (seconds since the epoch)."""
    assert site.wait(what, 120) is not None
    return time.time()


def clicks(site: Site, books: Sequence[WorkspaceRecord], count: int, *, webhook: bool = False) -> list[float]:
    """Medians, in seconds: from a click on Run to the first word of it in the sheet or the database, to its end in the
    sheet, and from a click on Publish to its end."""
    found: list[list[float]] = [[], [], []]
    for number in range(count):
        book = books[number % len(books)]
        name = f"{'w' if webhook else 'c'}{number}-{time.monotonic_ns()}"
        for action in ("optimize", "publish"):
            request_id = f"{action}-{name}"
            clicked = time.time()
            site.click(book, request_id, action)
            if webhook:
                site.ask(book, request_id, action)
            if action == "optimize":
                found[0].append(until(site, lambda: is_begun(site, book, request_id)) - clicked)  # noqa: B023
            ended = until(site, lambda: row(site, book, request_id)["status"] == "done")  # noqa: B023
            found[1 if action == "optimize" else 2].append(ended - clicked)
        time.sleep(number * 1.7 % 5)  # clicks come at any moment between two looks
    return [statistics.median(one) for one in found]


def is_begun(site: Site, book: WorkspaceRecord, request_id: str) -> bool:
    """Whether somebody has begun with it."""
    begun = "SELECT count(*) AS n FROM requests WHERE request_id = :id AND started_at IS NOT NULL"
    return row(site, book, request_id)["status"] in ("running", "done") or site.rows(begun, id=request_id)[0]["n"] > 0


def runs_a_minute(site: Site, books: Sequence[WorkspaceRecord], asks: Callable[..., None]) -> float:
    """Runs of all workbooks, asked for at once."""
    asked = [(book, f"many-{number}-{time.monotonic_ns()}") for number in range(EACH) for book in books]
    began = time.time()
    for book, request_id in asked:
        asks(book, request_id, "optimize")
    for book, request_id in asked:
        if asks == site.ask:
            until(site, lambda: site.has_ended([request_id]))  # noqa: B023
        else:
            until(site, lambda: row(site, book, request_id)["status"] == "done")  # noqa: B023
    return 60 * len(asked) / (time.time() - began)


def idle(site: Site, pid: int, seconds: float) -> tuple[float, float]:
    """Seconds of a core, and calls to Google, in a minute in which nobody asks for anything."""
    site.faults.forget()
    before = cpu_s(pid)
    time.sleep(seconds)
    return 60 * (cpu_s(pid) - before) / seconds, 60 * len(site.faults.calls) / seconds


def cpu_s(pid: int) -> float:
    """Seconds that the process kept a core busy."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ours(site: Site, few: Sequence[WorkspaceRecord], many: Sequence[WorkspaceRecord], count: int, idle_s: float):
    """What ours came to: name -> figure."""
    site.start()
    until(site, site.is_quiet)
    told = dict(zip(("running", "done", "published"), clicks(site, few, count), strict=True))
    told |= dict(zip(("running w", "done w", "published w"), clicks(site, few, count, webhook=True), strict=True))
    until(site, site.is_quiet)
    told["cpu"], told["calls"] = idle(site, site.children[-1].pid, idle_s)
    for workers in range(1, 5):
        if workers > 1:
            site.start()
        told[f"runs {workers}"] = runs_a_minute(site, many, site.ask)
    for child in site.children:
        child.kill()
    return told


def peer(site: Site, few: Sequence[WorkspaceRecord], many: Sequence[WorkspaceRecord], count: int, idle_s: float):
    """The same of the loop."""
    told: dict[str, float] = {}
    environment = {**os.environ, **site.environment(), "PYTHONPATH": str(ROOT)}
    for books in (few, many):
        words = [sys.executable, "-m", "bench.beside.polling", *(book.spreadsheet_id for book in books)]
        process = subprocess.Popen(words, env=environment, cwd=ROOT)
        try:
            if books is few:
                told = dict(zip(("running", "done", "published"), clicks(site, few, count), strict=True))
                told["cpu"], told["calls"] = idle(site, process.pid, idle_s)
            else:
                told["runs 1"] = runs_a_minute(site, many, site.click)
        finally:
            process.kill()
            process.wait()
    return told


def main() -> None:
    """Prints the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    idle_s = float(sys.argv[2]) if len(sys.argv) > 2 else 60
    nursery = Nursery()
    try:
        with sites(nursery, 1) as (site,):
            few = [site.workbook(with_a_plan=True) for _ in range(FEW)]
            many = [site.workbook() for _ in range(MANY)]
            mine = ours(site, few, many, count, idle_s)
            theirs = peer(site, few, many, count, idle_s)
    finally:
        nursery.close()
    print(f"{count} clicks, {FEW} workbooks; {MANY} workbooks for runs a minute; {os.cpu_count()} cores")
    print(f"{'':<42}{'ours':>10}{'peer':>10}{'ratio':>8}")
    for key, name in NAMES.items():
        other = theirs.get(key)
        ratio = f"{other / mine[key]:.1f}" if other and mine[key] else "-"
        print(f"{name:<42}{mine[key]:>10.2f}{'-' if other is None else f'{other:.2f}':>10}{ratio:>8}")


NAMES = {
    "running": "click to running, s",
    "done": "click to done, s",
    "published": "click to published, s",
    "running w": "the same by the webhook: running, s",
    "done w": "done, s",
    "published w": "published, s",
    **{f"runs {n}": f"runs a minute, {n} worker{'s' if n > 1 else ''}" for n in range(1, 5)},
    "cpu": "idle: seconds of a core a minute",
    "calls": "idle: calls to Google a minute",
}

if __name__ == "__main__":
    main()
