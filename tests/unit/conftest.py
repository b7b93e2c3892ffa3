"""Random problems for tests of the engine: fixture ``random_problem``."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from sheets_sync.local.service import SheetsService
from tests.unit.local_book import Book

PERIODS = ["2026-Q1", "2026-Q2", "2026-Q3"]


@pytest.fixture(scope="session")
def random_problem():
    """``random_problem(seed)``: the JSON text of a problem with rules of every kind, of up to 9 candidates in one
    period or, with ``periods=3`` (or 2), of up to 6 in several."""
    return make


def fold(text):
    return text.strip().casefold()


def make(seed, periods=1):
    """A random problem; its bounds lie at, or 0.001 beside, what some random plan comes to."""
    r = random.Random(seed)
    n = r.randint(1, 9 if periods == 1 else 6)
    places = r.choice([0, 0, 1, 3])

    def number(low, high):
        return round(r.uniform(low, high), places) if places else r.randint(int(low), int(high))

    kpis = [
        {"kpi_key": f"k{i}", "direction": r.choice(["increase", "increase", "decrease"])}
        for i in range(r.randint(1, 3))
    ]
    kpis[0]["kpi_level"] = "north_star"
    sizes = {k["kpi_key"]: r.choice([2, 40, 1_000_000] if places == 0 else [0.05, 3, 900, 1_000_000]) for k in kpis}
    candidates = []
    alike = r.choice([0, 0, 0.15, 0.5])
    for i in range(n):
        c = {"initiative_key": f"C{i}", "engineering_tokens": number(0, 12) if r.random() < 0.9 else 5}
        for dimension, values in (("country", "UK DE FR"), ("product", "Pay Shop"), ("department", "Ops IT")):
            if r.random() < 0.85:
                c[dimension] = spelled(r, r.choice(values.split()))
        c["resources"] = {spelled(r, "design"): number(0, 9)} if r.random() < 0.6 else {}
        c["kpi_contributions"] = {
            spelled(r, k): number(-sizes[k] / 4, sizes[k]) if r.random() < 0.8 else number(0, sizes[k])
            for k in sizes
            if r.random() < 0.75
        }
        c["score"] = number(-3, 20)
        if periods == 1 and r.random() < 0.05:
            c["duration_periods"] = 2
        if periods > 1:
            add_times(r, c, PERIODS[:periods])
        if candidates and r.random() < alike:
            c = {**r.choice(candidates), "initiative_key": f"C{i}"}
        candidates.append(c)
    cs = {}
    problem = {
        "period_key": "2026-Q1",
        "periods": PERIODS[:periods],
        "capacity_total_tokens": max(0, r.choice([round(n * 3.0), round(n * 4.5), 1000])),
        "objective": objective(r, kpis),
        "kpis": kpis,
        "candidates": candidates,
        "constraint_set": cs,
        "solver": {"relative_gap": 0, "time_limit_s": 30, "seed": seed % 7},
    }
    if r.random() < 0.5:
        problem["previous_selection"] = [f"c{i}" for i in range(n) if r.random() < 0.5] + ["gone"]
        if r.random() < 0.5:
            cs["max_changes"] = r.randint(0, n)
        if r.random() < 0.7:
            problem["previous_starts"] = {f"c{i}": r.choice(PERIODS[:periods]) for i in range(n) if r.random() < 0.6}
    add_rules(r, problem, [spelled(r, f"C{i}") for i in range(n)], sizes)
    return json.dumps(problem)


def add_times(r, candidate, periods):
    candidate["duration_periods"] = r.choice([1, 1, 1, 2, 2, 3, 4] if r.random() < 0.5 else [1, 1, 2])
    if r.random() < 0.2:
        candidate["earliest_period"] = spelled(r, r.choice(periods))
    if r.random() < 0.2:
        candidate["latest_period"] = spelled(r, r.choice(periods))


def spelled(r, name):
    return r.choice([name, name, name.lower(), f" {name.upper()}"])


def objective(r, kpis):
    mode = r.choice(["north_star", "weighted_kpis", "weighted_kpis", "score", "lexicographic", "lexicographic"])
    made = {"mode": mode}
    if mode == "lexicographic":
        made["order"] = [spelled(r, k["kpi_key"]) for k in r.sample(kpis, r.randint(1, len(kpis)))]
        made["tolerance"] = r.choice([0, 0.02, 0.1, 0.3, 0.5, 1])
    if mode == "weighted_kpis":
        made["weights"] = {spelled(r, k["kpi_key"]): r.choice([0, 0.1, 0.4, 1, 3]) for k in kpis if r.random() < 0.9}
    if r.random() < 0.3:
        made["scales"] = {k["kpi_key"]: r.choice([0, 1, 7, 1000, 0.3]) for k in kpis if r.random() < 0.7}
    return made


def add_rules(r, problem, names, sizes):
    cs, candidates = problem["constraint_set"], problem["candidates"]
    witness = [c for c in candidates if r.random() < 0.5]  # bounds lie about what this plan comes to
    periods = problem["periods"]
    began = [r.randint(0, max(0, len(periods) - c.get("duration_periods", 1))) for c in witness]
    keys = [*names, "S1", "s2", "Z9"]
    cs["satisfied"] = ["S1", "S2"] if r.random() < 0.5 else []
    slices = [("all", "all"), ("country", "uk"), ("Country", "DE"), ("product", "pay"), ("country+product", "UK|pay")]
    slices += [("product+country", "shop| de"), ("department", "it"), ("country", "nowhere")]

    def lies_in(c, dimension, key):
        parts, wanted = dimension.split("+"), key.split("|")
        return dimension == "all" or all(
            fold(c.get(fold(d)) or "") == fold(k) for d, k in zip(parts, wanted, strict=True)
        )

    def near(values, side):
        total = sum((Decimal(str(v)) for v in values), Decimal(0))
        return float(max(Decimal(0), total + side * Decimal(r.choice(["0", "0", "0.001", "-0.001", "2", "5"]))))

    def bounds(side, values_of, low=None):
        made = {}
        for dimension, key in r.sample(slices, r.randint(1, 2)):
            bound = near([values_of(c) for c in witness if lies_in(c, dimension, key)], side)
            made.setdefault(dimension, {})[key] = bound if low is None else low(bound)
        return made

    def tokens(c):
        return c["engineering_tokens"]

    def design(c):
        return next((v for k, v in c["resources"].items() if fold(k) == "design"), 0)

    def bounds_in(t, side, values_of):
        """Bounds about what the witness spends in period t."""
        made = {}
        for dimension, key in r.sample(slices, r.randint(1, 2)):
            spent = [
                round(values_of(c) / c.get("duration_periods", 1), 3)
                for c, start in zip(witness, began, strict=True)
                if lies_in(c, dimension, key) and start <= t < start + c.get("duration_periods", 1)
            ]
            made.setdefault(dimension, {})[key] = near(spent, side)
        return made

    chance = r.choice([0.05, 0.12, 0.25])
    for field, side in (("floors", -1), ("caps", 1)):
        if r.random() < 2 * chance:
            cs[field] = bounds(side, tokens)
        if r.random() < chance:
            cs[f"resource_{field}"] = {r.choice(["design", "Design"]): bounds(side, design)}
        if r.random() < chance:
            cs[f"count_{field}"] = bounds(side, lambda c: 1, int)
        if r.random() < chance:
            cs[f"period_{field}"] = {"2026-q1": bounds_in(0, side, tokens)}
        if len(periods) > 1 and r.random() < (0.5 if side > 0 else chance):
            some = r.sample(range(len(periods)), r.randint(1, len(periods)))
            cs[f"period_{field}"] = {spelled(r, periods[t]): bounds_in(t, side, tokens) for t in some}
        if r.random() < chance:
            spent = sum(c["engineering_tokens"] for c in witness)
            dimension, key = r.choice(slices[1:])
            part = sum(c["engineering_tokens"] for c in witness if lies_in(c, dimension, key))
            share = round(part / spent, 3) if spent else 0.5
            cs[f"share_{field}"] = {dimension: {key: min(1, max(0, share + side * r.choice([0, 0.001, 0.05])))}}
            cs[f"share_{field}"][dimension][key] = round(cs[f"share_{field}"][dimension][key], 3)
    if r.random() < chance:
        t = r.randrange(len(periods))
        cs["period_resource_caps"] = {periods[t]: {"design": bounds_in(t, 1, design)}}
    if r.random() < chance:
        cs["mandatory_initiatives"] = r.sample(keys[:-1], 1)
    if r.random() < chance:
        cs["exclusions_initiatives"] = r.sample(keys, 1)
    if r.random() < chance:
        cs["locks"] = {r.choice(names): r.choice(periods)}
    if r.random() < 2 * chance and len(keys) > 3:
        cs["exclusions_pairs"] = [r.sample(keys, 2) for _ in range(r.randint(1, 3))]
    if r.random() < chance:
        cs["bundles"] = [{"bundle_key": "b", "members": r.sample(keys, min(len(keys), r.randint(1, 3)))}]
    if r.random() < chance:
        members = r.sample(keys, min(len(keys), r.randint(1, 5)))
        low = r.randint(0, 2)
        cs["groups"] = [
            {"group_key": "g", "members": members, "min_selected": low, "max_selected": low + r.randint(0, 2)}
        ]
    if r.random() < 2 * chance:
        cs["prerequisites"] = {w: r.sample(keys, r.randint(1, 2)) for w in r.sample(names, min(len(names), 2))}
    if r.random() < 2 * chance:
        cs["synergy_bonuses"] = [
            {
                "members": r.sample(keys[:-1] if r.random() < 0.8 else keys, r.randint(1, min(3, len(keys) - 1))),
                "kpi_key": (k := r.choice(list(sizes))),
                "bonus": round(r.uniform(-1, 1) * sizes[k], 3),
            }
            for _ in range(r.randint(1, 3))
        ]
    if r.random() < 2 * chance:
        cs["targets"] = targets(r, problem, slices, sizes, witness, lies_in)


def targets(r, problem, slices, sizes, witness, lies_in):
    made = {}
    for dimension, key in r.sample(slices, r.randint(1, 2)):
        kpi = r.choice(problem["kpis"])
        name, falls = kpi["kpi_key"], kpi["direction"] == "decrease"
        given = [c["kpi_contributions"] for c in witness if lies_in(c, dimension, key)]
        total = sum((Decimal(str(v)) for row in given for k, v in row.items() if fold(k) == name), Decimal(0))
        kind = r.choice(["floor", "goal", "goal"] if falls else ["floor", "cap", "goal", "goal"])
        target = {"value": float(total + Decimal(r.choice(["0", "0.001", "-0.001", "1", "-1"])))}
        if kind == "goal" and r.random() < 0.7:
            target["penalty"] = r.choice([0, 0.3, 1, 3])
            target["value"] = 0 if r.random() < 0.2 else target["value"]
        if r.random() < 0.3:
            target["baseline"] = 3
            target["value"] = float(Decimal(str(target["value"])) + 3)
        made.setdefault(dimension, {}).setdefault(key, {}).setdefault(name, {})[kind] = target
    return made


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    service = SheetsService(tmp_path)
    yield Book(service, title="T")
    service.close()
