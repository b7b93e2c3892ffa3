"""Solving beside the solvers themselves, in one run: `python bench/solve.py` (quick), `--full` for the whole grid.

Every portfolio is solved by this product, by PuLP and CBC built naively, by highspy directly, and by CP-SAT, from the
problem in memory to the plan in memory. Ours includes what the others leave out: the exact re-check, ranks, reasons and
the digest. Up to 200 candidates, where ties are always broken, all break them. ``gap`` is true: what the plan falls
short of the least bound that any of them proved. Medians over seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beside.peers import PEERS, Outcome, alone, objective_of, rows_of, watched, with_ties
from beside.portfolios import portfolio

from engine.problem import Problem
from engine.reading import read_problem
from engine.search import MANY
from engine.solve import solve

OURS = "roadmap"


@dataclass(frozen=True, slots=True)
class Grid:
    sizes: tuple[int, ...]
    gaps: tuple[float, ...]
    seeds: tuple[int, ...]
    limit_s: float


QUICK = Grid((100, 1_000, 10_000), (1e-2, 1e-3), (1, 4, 8), 4.0)
FULL = Grid((100, 1_000, 10_000, 50_000), (1e-2, 1e-3, 1e-4), (1, 4, 8), 60.0)


def ours(problem: dict[str, Any], gap: float, limit_s: float) -> Outcome:
    """This product."""
    read = read_problem(json.dumps(problem))
    assert isinstance(read, Problem), read.errors
    started = time.perf_counter()
    solution = solve(read, relative_gap=gap, time_limit_s=limit_s)
    total_s = time.perf_counter() - started
    chosen = [i for i, item in enumerate(solution.items) if item.selected] if solution.items else None
    bound = float("inf") if solution.bound is None else float(solution.bound)
    return Outcome(chosen, bound, float((solution.solver or {}).get("build_s", 0)), total_s)


def measured(size: int, gap: float, seed: int, limit_s: float) -> dict[str, dict[str, float | None]]:
    """Seconds, build seconds and the true gap of each solver on one portfolio."""
    problem = portfolio(size, seed)
    rows = rows_of(problem)
    outcomes = {OURS: ours(problem, gap, limit_s)}
    for name, peer in PEERS.items():
        outcomes[name] = watched(with_ties if size <= MANY else alone, peer, problem, gap, limit_s)
    bound = min(outcome.bound for outcome in outcomes.values())
    found: dict[str, dict[str, float | None]] = {}
    for name, outcome in outcomes.items():
        reached = None
        if outcome.chosen is not None:
            objective, holds = objective_of(rows, outcome.chosen)
            assert holds or name != OURS, "a plan of ours breaks a rule"
            reached = max(0.0, (bound - objective) / abs(objective)) if holds else None
        found[name] = {"total_s": outcome.total_s, "build_s": outcome.build_s, "gap": reached}
    return found


def medians(runs: list[dict[str, dict[str, float | None]]], gap: float) -> dict[str, dict[str, float | None]]:
    """By solver: the median seconds, the median share of building, the worst gap, and how many runs met the gap."""
    made: dict[str, dict[str, float | None]] = {}
    for name in runs[0]:
        totals = [float(run[name]["total_s"] or 0) for run in runs]
        shares = [float(run[name]["build_s"] or 0) / float(run[name]["total_s"] or 1) for run in runs]
        gaps = [run[name]["gap"] for run in runs]
        known = [reached for reached in gaps if reached is not None]
        made[name] = {
            "total_s": statistics.median(totals),
            "build_share": statistics.median(shares),
            "gap": max(known) if len(known) == len(gaps) else None,
            "met": sum(reached <= gap * 1.001 for reached in known) / len(gaps),
        }
    return made


def line(size: int, gap: float, found: dict[str, dict[str, float | None]]) -> str:
    """One line of the table; the ratio is to the best peer that met the gap in every run, else to the best of all."""
    peers = {name: one for name, one in found.items() if name != OURS}
    met = {name: one for name, one in peers.items() if one["met"] == 1} or peers
    best = min(met, key=lambda name: met[name]["total_s"] or 0)
    ratio = (found[OURS]["total_s"] or 0) / (met[best]["total_s"] or 1)
    told = [f"{size:>6,} | {gap:.0e}"]
    for one in found.values():
        reached = "no plan" if one["gap"] is None else f"{one['gap']:.1e}"
        told.append(f"{one['total_s']:7.2f} s ({reached})")
    return " | ".join([*told, f"{ratio:5.2f} x {best}", f"build {100 * (found[OURS]['build_share'] or 0):.0f} %"])


def machine() -> dict[str, Any]:
    """What it ran on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version(), "load": load}


def main() -> None:
    """Prints the table and, with --json, writes its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the whole grid: up to 50,000 candidates, an hour or more")
    parser.add_argument("--quick", action="store_true", help="the small grid, which is what is run without options")
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--gaps", type=float, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+")
    parser.add_argument("--limit", type=float, metavar="S")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    grid = FULL if asked.full else QUICK
    limit_s = asked.limit or grid.limit_s
    results: list[dict[str, Any]] = []
    before = machine()
    print(f"{'n':>6} | gap | " + " | ".join((OURS, *PEERS)) + " | ours / best peer | build", flush=True)
    ours(portfolio(100, 1), 0.0, 10.0)  # the children come up
    for size in asked.sizes or grid.sizes:
        for gap in asked.gaps or grid.gaps:
            runs = [measured(size, gap, seed, limit_s) for seed in asked.seeds or grid.seeds]
            found = medians(runs, gap)
            results.append({"size": size, "gap": gap, "limit_s": limit_s, "runs": runs, "medians": found})
            print(line(size, gap, found), flush=True)
            if asked.json:
                asked.json.write_text(json.dumps({"machine": before, "results": results}, indent=1))


if __name__ == "__main__":
    main()
