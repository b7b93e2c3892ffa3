"""``make faults``: the lines of the fault matrix as a table. ``N=20`` tries each line so often; without it the full
numbers are tried, which takes hours."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jobs.logs import configure
from tests.faults import lines_asked, lines_clock, lines_google, lines_killed, lines_pm, lines_postgres, lines_webhook
from tests.faults.nursery import Nursery
from tests.faults.site import Site, sites
from tests.faults.verdict import DOUBLED, LOST, TORN, Tally


@dataclass(frozen=True)
class Line:
    """One line: its name on the command line, the full number, what tries ``n`` times, and at how many sites it does so
    at most."""

    name: str
    full: int
    run: Callable[[Sequence[Site], int], Tally]
    disk_mb: int | None = None
    sites: int = 100


def _twice(made: Sequence[Site], n: int) -> Tally:
    return lines_asked.double_clicked(made, range(max(1, n // lines_asked.TOGETHER)))


def _many(made: Sequence[Site], n: int) -> Tally:
    return lines_asked.many_workers(made, 2 + n % 3, max(2, min(50, n // 3)), 3)


LINES = (
    Line("calls", 240, lambda made, n: lines_killed.killed_at_calls(made, range(n))),
    Line("random", 500, lambda made, n: lines_killed.killed_at_random(made, range(n))),
    Line("paused", 100, lambda made, n: lines_killed.paused_at_calls(made, range(n))),
    Line("postgres", 100, lambda made, n: lines_postgres.restarted(made, range(n))),
    Line("google", 500, lambda made, n: lines_google.stormy(made, range(n))),
    Line("twice", 1000, _twice),
    Line("many", 150, _many),
    Line("connections", 10, lambda made, n: lines_postgres.without_connections(made, range(n))),
    Line("disk", 10, lambda made, n: lines_postgres.full(made, range(n)), disk_mb=200),
    Line("clock", 500, lines_clock.each_slot_once, sites=1),
    Line("tokens", 1000, lines_webhook.refused, sites=1),
    Line("pm", 1000, lines_pm.interleaved, sites=1),
)


def main() -> int:
    """Prints the table; 1 where something did not hold."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("lines", nargs="*", help=f"of {', '.join(line.name for line in LINES)} (default: all)")
    asked.add_argument("-n", type=int, help="tries of each line (default: the full numbers)")
    asked.add_argument("--sites", type=int, default=5, help="beside each other")
    chosen = asked.parse_args()
    configure("ERROR")
    print("| line | tried | lost | doubled | torn | p50 s | p95 s |\n|---|---|---|---|---|---|---|", flush=True)
    wrong: list[str] = []
    nursery = Nursery()
    try:
        for line in LINES:
            if not chosen.lines or line.name in chosen.lines:
                n = min(chosen.n or line.full, line.full)
                with sites(nursery, min(chosen.sites, line.sites, n), disk_mb=line.disk_mb) as made:
                    wrong += _printed(line.run(made, n))
    finally:
        nursery.close()
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


def _printed(tally: Tally) -> list[str]:
    counts = " | ".join(str(tally.counts[kind]) for kind in (LOST, DOUBLED, TORN))
    times = [tally.percentile(share) for share in (0.5, 0.95)]
    shown = " | ".join("" if one is None else f"{one:.1f}" for one in times)
    print(f"| {tally.line} | {tally.tried} | {counts} | {shown} |", flush=True)
    return tally.wrong


if __name__ == "__main__":
    sys.exit(main())
