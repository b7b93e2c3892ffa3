"""Building the PuLP model beside PuLP's own naive expressions, in one run: `python bench/build_model.py`.

Both sides write the same objective and rules over the same generated portfolio. "sum" adds expressions with Python's
sum(c * x); "lpSum" is PuLP's faster adder. Ratios above 1 say how many times longer the naive way takes.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

import pulp

from engine.formulate import formulate
from engine.notes import Notes
from engine.problem import Problem, Solution
from engine.reading import read_problem
from engine.scales import scales_of
from engine.search import tiebreaks
from engine.settling import settle
from engine.wanted import Wanted

COUNTRIES = ("UK", "DE", "FR", "ES", "IT", "PL", "NL", "SE")
ROUNDS = 3


def portfolio(count: int) -> dict[str, Any]:
    """A generated problem: one KPI, a capacity, eight caps, eight floors, a target floor, chains of prerequisites."""
    r = random.Random(count)
    keys = [f"INIT-{i:06d}" for i in range(count)]
    candidates = [
        {
            "initiative_key": key,
            "engineering_tokens": r.randint(90, 260),
            "country": COUNTRIES[i % 8],
            "kpi_contributions": {"revenue": r.randint(0, 50_000)},
        }
        for i, key in enumerate(keys)
    ]
    return {
        "capacity_total_tokens": 120 * count,
        "objective": {"mode": "north_star"},
        "kpis": [{"kpi_key": "revenue", "kpi_level": "north_star"}],
        "candidates": candidates,
        "constraint_set": {
            "caps": {"country": dict.fromkeys(COUNTRIES, 16 * count)},
            "floors": {"country": dict.fromkeys(COUNTRIES, 8 * count)},
            "targets": {"all": {"all": {"revenue": {"floor": {"value": 10_000 * count}}}}},
            "prerequisites": {keys[i]: [keys[i - 1]] for i in range(1, count, 25)},
        },
    }


def naive(problem: dict[str, Any], add: Callable[[Iterable[Any]], Any]) -> pulp.LpProblem:
    """The same model as a first look into PuLP's manual would write it."""
    rows = problem["candidates"]
    rules = problem["constraint_set"]
    model = pulp.LpProblem("naive", pulp.LpMaximize)
    x = {c["initiative_key"]: model.add_variable(f"x_{i}", 0, 1, pulp.LpInteger) for i, c in enumerate(rows)}
    revenue = add(c["kpi_contributions"]["revenue"] * x[c["initiative_key"]] for c in rows)
    model += revenue
    model += add(c["engineering_tokens"] * x[c["initiative_key"]] for c in rows) <= problem["capacity_total_tokens"]
    for country in COUNTRIES:
        for field in ("caps", "floors"):
            spent = add(c["engineering_tokens"] * x[c["initiative_key"]] for c in rows if c["country"] == country)
            bound = rules[field]["country"][country]
            model += (spent <= bound) if field == "caps" else (spent >= bound)
    needed = rules["targets"]["all"]["all"]["revenue"]["floor"]["value"]
    model += add(c["kpi_contributions"]["revenue"] * x[c["initiative_key"]] for c in rows) >= needed
    for who, required in rules["prerequisites"].items():
        model += x[who] <= x[required[0]]
    return model


def seconds(work: Callable[[], object]) -> float:
    """The median time of a few rounds."""
    taken: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    """Prints one line per size."""
    for count in (1_000, 10_000):
        plain = portfolio(count)
        read = read_problem(json.dumps(plain))
        assert isinstance(read, Problem), read.errors if isinstance(read, Solution) else read
        settled = settle(read, Notes())
        scales, digests = scales_of(settled.problem, Notes()), tiebreaks(settled)
        ours = seconds(lambda p=settled.problem, s=scales, d=digests: formulate(p, s, d, Wanted("objective")))
        adders = {"lpSum": pulp.lpSum, "sum": sum} if count <= 1_000 else {"lpSum": pulp.lpSum}
        peers = {name: seconds(lambda p=plain, a=add: naive(p, a)) for name, add in adders.items()}
        told = ", ".join(f"naive {name} {taken:.3f} s ({taken / ours:.1f} x)" for name, taken in peers.items())
        print(f"build {count:>6,} candidates: formulate {ours:.3f} s; {told}")


if __name__ == "__main__":
    main()
