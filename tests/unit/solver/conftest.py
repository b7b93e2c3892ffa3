"""The oracle by which solves are judged, and the random problems it judges: fixtures ``oracle`` and ``random_problem``.

The oracle reads the JSON text itself, counts in whole numbers (millionths) over all 2^n plans at once, and knows
nothing of the engine.
"""

from __future__ import annotations

import hashlib
import json
import random
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

UNIT = 10**6


@pytest.fixture(scope="session")
def oracle():
    """The class of oracles: ``oracle(text).judge()`` is the plan that must be found."""
    return Oracle


@pytest.fixture(scope="session")
def random_problem():
    """``random_problem(seed)``: the JSON text of a problem of up to 9 candidates with rules of every kind."""
    return make


# the oracle -----------------------------------------------------------------------------------------------------------


def fold(text):
    return text.strip().casefold()


def units(number):
    scaled = Decimal(number) * UNIT
    assert scaled == scaled.to_integral_value()
    return int(scaled)


class Oracle:
    """All plans of a problem: ``allowed`` says which keep every rule, ``best`` is the one that must be found."""

    def __init__(self, text):
        self.p = json.loads(text, parse_float=Decimal, parse_int=Decimal)
        self.c = self.p["candidates"]
        self.n = len(self.c)
        self.keys = [fold(c["initiative_key"]) for c in self.c]
        self.cs = self.p.get("constraint_set") or {}
        self.satisfied = {fold(k) for k in self.cs.get("satisfied", [])}
        self.mask = np.arange(2**self.n)
        self.x = [(self.mask >> i & 1).astype(np.int64) for i in range(self.n)]
        self.kpis = {fold(k["kpi_key"]): k for k in self.p["kpis"]}
        self.sign = {k: -1 if v.get("direction") == "decrease" else 1 for k, v in self.kpis.items()}
        self.tokens = [units(c["engineering_tokens"]) for c in self.c]
        self.allowed = np.ones(2**self.n, dtype=bool)
        self.keep_rules()

    def sel(self, key):
        """1 where the initiative counts as selected, as rules about initiatives see it."""
        key = fold(key)
        if key in self.satisfied:
            return np.ones(2**self.n, dtype=np.int64)
        return self.x[self.keys.index(key)] if key in self.keys else np.zeros(2**self.n, dtype=np.int64)

    def total(self, amounts):
        out = np.zeros(2**self.n, dtype=np.int64)
        for i, amount in enumerate(amounts):
            out += amount * self.x[i]
        return out

    def inside(self, dimension, key):
        parts = [fold(d) for d in dimension.split("+")]
        keys = [fold(k) for k in key.split("|")] if len(parts) == 2 else [fold(key)]
        if parts == ["all"]:
            return [keys == ["all"]] * self.n
        return [
            len(keys) == len(parts) and all(k and fold(c.get(d) or "") == k for d, k in zip(parts, keys, strict=True))
            for c in self.c
        ]

    def amounts(self, resource, inside):
        if resource == "tokens":
            return [t * is_in for t, is_in in zip(self.tokens, inside, strict=True)]
        held = [{fold(k): units(v) for k, v in (c.get("resources") or {}).items()} for c in self.c]
        return [h.get(fold(resource), 0) * is_in for h, is_in in zip(held, inside, strict=True)]

    def slices(self, field):
        for dimension, keys in (field or {}).items():
            for key, bound in keys.items():
                yield self.inside(dimension, key), bound

    def keep_rules(self):
        cs, ok = self.cs, self.allowed
        ok &= self.total(self.tokens) <= units(self.p["capacity_total_tokens"])
        sums = [("floors", "caps", {"tokens": cs.get("floors")}, {"tokens": cs.get("caps")})]
        sums.append(("", "", cs.get("resource_floors") or {}, cs.get("resource_caps") or {}))
        for period in cs.get("period_floors") or {}:
            sums.append(("", "", {"tokens": cs["period_floors"][period]}, {}))
        for period in cs.get("period_caps") or {}:
            sums.append(("", "", {}, {"tokens": cs["period_caps"][period]}))
        for period in cs.get("period_resource_caps") or {}:
            sums.append(("", "", {}, cs["period_resource_caps"][period]))
        for _, _, floors, caps in sums:
            for resource, field in floors.items():
                for inside, bound in self.slices(field):
                    ok &= self.total(self.amounts(resource, inside)) >= units(bound)
            for resource, field in caps.items():
                for inside, bound in self.slices(field):
                    ok &= self.total(self.amounts(resource, inside)) <= units(bound)
        for inside, n in self.slices(cs.get("count_floors")):
            ok &= self.total([int(i) for i in inside]) >= int(n)
        for inside, n in self.slices(cs.get("count_caps")):
            ok &= self.total([int(i) for i in inside]) <= int(n)
        everything = self.total(self.tokens)
        for inside, share in self.slices(cs.get("share_floors")):
            ok &= self.total(self.amounts("tokens", inside)) * UNIT >= units(share) * everything
        for inside, share in self.slices(cs.get("share_caps")):
            ok &= self.total(self.amounts("tokens", inside)) * UNIT <= units(share) * everything
        self.keep_choices()
        self.keep_targets()

    def keep_choices(self):
        cs, ok = self.cs, self.allowed
        for i, c in enumerate(self.c):
            if int(c.get("duration_periods", 1)) > 1:
                ok &= self.x[i] == 0
        for key in cs.get("mandatory_initiatives", []):
            ok &= self.sel(key) == 1
        for key in cs.get("locks", {}):
            ok &= self.sel(key) == 1
        for key in cs.get("exclusions_initiatives", []):
            if fold(key) in self.keys:
                ok &= self.sel(key) == 0
        for a, b in cs.get("exclusions_pairs", []):
            ok &= self.sel(a) + self.sel(b) <= 1
        for bundle in cs.get("bundles", []):
            held = sum(self.sel(k) for k in {fold(k) for k in bundle["members"]})
            ok &= (held == 0) | (held == len({fold(k) for k in bundle["members"]}))
        for group in cs.get("groups", []):
            held = sum(self.sel(k) for k in {fold(k) for k in group["members"]})
            if group.get("min_selected") is not None:
                ok &= held >= int(group["min_selected"])
            if group.get("max_selected") is not None:
                ok &= held <= int(group["max_selected"])
        for who, needed in cs.get("prerequisites", {}).items():
            if fold(who) in self.keys:
                for key in needed:
                    ok &= self.sel(who) <= self.sel(key)
        previous = self.p.get("previous_selection")
        self.changes = np.zeros(2**self.n, dtype=np.int64)
        if previous is not None:
            was = {fold(k) for k in previous}
            self.changes = sum(self.x[i] if self.keys[i] not in was else 1 - self.x[i] for i in range(self.n))
            if cs.get("max_changes") is not None:
                ok &= self.changes <= int(cs["max_changes"])

    def achieved(self, kpi, inside):
        """Raw contributions and bonuses of the selected in a slice."""
        given = [{fold(k): units(v) for k, v in (c.get("kpi_contributions") or {}).items()} for c in self.c]
        out = self.total([g.get(kpi, 0) * is_in for g, is_in in zip(given, inside, strict=True)])
        for synergy in self.cs.get("synergy_bonuses", []):
            members = {fold(k) for k in synergy["members"]}
            mine = [k for k in members if k in self.keys]
            if fold(synergy["kpi_key"]) == kpi and mine and all(inside[self.keys.index(k)] for k in mine):
                earned = np.ones(2**self.n, dtype=np.int64)
                for k in members:
                    earned *= self.sel(k)
                out += units(synergy["bonus"]) * earned
        return out

    def scale(self, kpi):
        given = {fold(k): v for k, v in (self.p["objective"].get("scales") or {}).items()}
        if kpi in given:
            return Fraction(given[kpi]) or Fraction(1)
        rows = [{fold(k): Fraction(v) for k, v in (c.get("kpi_contributions") or {}).items()} for c in self.c]
        return sum((max(Fraction(0), self.sign[kpi] * row.get(kpi, 0)) for row in rows), Fraction(0)) or Fraction(1)

    def keep_targets(self):
        self.goals = []
        for dimension, keys in (self.cs.get("targets") or {}).items():
            for key, kpis in keys.items():
                for kpi, targets in kpis.items():
                    kpi = fold(kpi)
                    got = self.sign[kpi] * self.achieved(kpi, self.inside(dimension, key))
                    for kind, target in targets.items():
                        need = self.sign[kpi] * (units(target["value"]) - units(target.get("baseline") or 0))
                        if kind == "floor":
                            self.allowed &= got >= need
                        elif kind == "cap":
                            self.allowed &= got <= need
                        else:
                            penalty = Fraction(target["penalty"]) if target.get("penalty") is not None else Fraction(1)
                            unit = abs(Fraction(need, UNIT)) or self.scale(kpi)
                            self.goals.append((got, need, penalty / unit))

    def judge(self):
        """(objective, selection) of the plan that must be found, or None."""
        objective = self.p["objective"]
        if objective["mode"] == "score":
            worth = [(self.total([units(c.get("score") or 0) for c in self.c]), Fraction(1))]
            z = sum((Fraction(c.get("score") or 0) for c in self.c if (c.get("score") or 0) > 0), Fraction(0))
        elif objective["mode"] == "north_star":
            star = next(k for k, v in self.kpis.items() if v.get("kpi_level") == "north_star")
            worth, z = [(self.sign[star] * self.achieved(star, [True] * self.n), Fraction(1))], self.scale(star)
        else:
            weights = {fold(k): Fraction(v) for k, v in objective["weights"].items()}
            worth = [(self.sign[k] * self.achieved(k, [True] * self.n), w / self.scale(k)) for k, w in weights.items()]
            z = sum(weights.values(), Fraction(0))
        z = z or Fraction(1)
        digest = self.total([int(hashlib.sha256(k.encode()).hexdigest()[:6], 16) for k in self.keys])
        tokens = self.total(self.tokens)
        best = None
        for m in np.flatnonzero(self.allowed):
            value = sum((int(v[m]) * f / UNIT for v, f in worth), Fraction(0))
            penalty = sum(
                (z * w * Fraction(max(0, need - int(got[m])), UNIT) for got, need, w in self.goals), Fraction(0)
            )
            rank = (value - penalty, -int(self.changes[m]), -int(tokens[m]), -int(digest[m]))
            if best is None or rank > best[0]:
                best = (rank, int(m))
        if best is None:
            return None
        return best[0][0], {self.keys[i] for i in range(self.n) if best[1] >> i & 1}


# random problems ------------------------------------------------------------------------------------------------------


def make(seed):
    """A random problem; its bounds lie at, or 0.001 beside, what some random plan comes to."""
    r = random.Random(seed)
    n = r.randint(1, 9)
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
        if r.random() < 0.05:
            c["duration_periods"] = 2
        candidates.append(c)
    cs = {}
    problem = {
        "period_key": "2026-Q1",
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
    add_rules(r, problem, [spelled(r, f"C{i}") for i in range(n)], sizes)
    return json.dumps(problem)


def spelled(r, name):
    return r.choice([name, name, name.lower(), f" {name.upper()}"])


def objective(r, kpis):
    mode = r.choice(["north_star", "north_star", "weighted_kpis", "weighted_kpis", "score"])
    made = {"mode": mode}
    if mode == "weighted_kpis":
        made["weights"] = {spelled(r, k["kpi_key"]): r.choice([0, 0.1, 0.4, 1, 3]) for k in kpis if r.random() < 0.9}
    if r.random() < 0.3:
        made["scales"] = {k["kpi_key"]: r.choice([0, 1, 7, 1000, 0.3]) for k in kpis if r.random() < 0.7}
    return made


def add_rules(r, problem, names, sizes):
    cs, candidates = problem["constraint_set"], problem["candidates"]
    witness = [c for c in candidates if r.random() < 0.5]  # bounds lie about what this plan comes to
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

    chance = r.choice([0.05, 0.12, 0.25])
    for field, side in (("floors", -1), ("caps", 1)):
        if r.random() < 2 * chance:
            cs[field] = bounds(side, tokens)
        if r.random() < chance:
            cs[f"resource_{field}"] = {r.choice(["design", "Design"]): bounds(side, design)}
        if r.random() < chance:
            cs[f"count_{field}"] = bounds(side, lambda c: 1, int)
        if r.random() < chance:
            cs[f"period_{field}"] = {"2026-q1": bounds(side, tokens)}
        if r.random() < chance:
            spent = sum(c["engineering_tokens"] for c in witness)
            dimension, key = r.choice(slices[1:])
            part = sum(c["engineering_tokens"] for c in witness if lies_in(c, dimension, key))
            share = round(part / spent, 3) if spent else 0.5
            cs[f"share_{field}"] = {dimension: {key: min(1, max(0, share + side * r.choice([0, 0.001, 0.05])))}}
            cs[f"share_{field}"][dimension][key] = round(cs[f"share_{field}"][dimension][key], 3)
    if r.random() < chance:
        cs["period_resource_caps"] = {"2026-Q1": {"design": bounds(1, design)}}
    if r.random() < chance:
        cs["mandatory_initiatives"] = r.sample(keys[:-1], 1)
    if r.random() < chance:
        cs["exclusions_initiatives"] = r.sample(keys, 1)
    if r.random() < chance:
        cs["locks"] = {r.choice(names): "2026-Q1"}
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
