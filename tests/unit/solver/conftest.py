"""The oracle by which solves are judged: fixture ``oracle``.

It reads the JSON text itself, counts in whole numbers (millionths) over all plans at once, and knows nothing of the
engine. With T periods a plan is a number of n digits of base T + 1: 0 where a candidate is out, else 1 + its start.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from fractions import Fraction
from math import lcm

import numpy as np
import pytest

UNIT = 10**6


@pytest.fixture(scope="session")
def oracle():
    """The class of oracles: ``oracle(text).judge()`` is the plan that must be found."""
    return Oracle


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
        self.periods = [fold(t) for t in self.p.get("periods") or [self.p.get("period_key", "")]]
        self.base = len(self.periods) + 1
        self.plans = self.base**self.n
        self.digit = [np.arange(self.plans) // self.base**i % self.base for i in range(self.n)]
        self.x = [(digit > 0).astype(np.int64) for digit in self.digit]
        self.duration = [int(c.get("duration_periods", 1)) for c in self.c]
        self.kpis = {fold(k["kpi_key"]): k for k in self.p["kpis"]}
        self.sign = {k: -1 if v.get("direction") == "decrease" else 1 for k, v in self.kpis.items()}
        self.tokens = [units(c["engineering_tokens"]) for c in self.c]
        self.allowed = np.ones(self.plans, dtype=bool)
        self.keep_rules()

    def sel(self, key):
        """1 where the initiative counts as selected, as rules about initiatives see it."""
        key = fold(key)
        if key in self.satisfied:
            return np.ones(self.plans, dtype=np.int64)
        return self.x[self.keys.index(key)] if key in self.keys else np.zeros(self.plans, dtype=np.int64)

    def total(self, amounts):
        out = np.zeros(self.plans, dtype=np.int64)
        for i, amount in enumerate(amounts):
            out += amount * self.x[i]
        return out

    def spent_in(self, period, amounts):
        """What is spent in one period, times ``parts``."""
        t = self.periods.index(fold(period))
        out = np.zeros(self.plans, dtype=np.int64)
        for i, amount in enumerate(amounts):
            start, length = self.digit[i] - 1, self.duration[i]
            is_at_work = (start >= 0) & (start <= t) & (t < start + length)
            out += is_at_work * amount * (self.parts // length)
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
        sums = [({"tokens": cs.get("floors")}, {"tokens": cs.get("caps")})]
        sums.append((cs.get("resource_floors") or {}, cs.get("resource_caps") or {}))
        for floors, caps in sums:
            for resource, field in floors.items():
                for inside, bound in self.slices(field):
                    ok &= self.total(self.amounts(resource, inside)) >= units(bound)
            for resource, field in caps.items():
                for inside, bound in self.slices(field):
                    ok &= self.total(self.amounts(resource, inside)) <= units(bound)
        self.parts = lcm(*self.duration)
        for period, field in (cs.get("period_floors") or {}).items():
            for inside, bound in self.slices(field):
                ok &= self.spent_in(period, self.amounts("tokens", inside)) >= units(bound) * self.parts
        caps = {period: {"tokens": field} for period, field in (cs.get("period_caps") or {}).items()}
        for period, fields in [*caps.items(), *(cs.get("period_resource_caps") or {}).items()]:
            for resource, field in fields.items():
                for inside, bound in self.slices(field):
                    ok &= self.spent_in(period, self.amounts(resource, inside)) <= units(bound) * self.parts
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
            first, last = 0, len(self.periods) - 1
            if c.get("earliest_period"):
                first = self.periods.index(fold(c["earliest_period"]))
            if c.get("latest_period"):
                last = self.periods.index(fold(c["latest_period"]))
            begin = self.digit[i] - 1
            ok &= (begin < 0) | ((begin >= first) & (begin + self.duration[i] - 1 <= last))
        for key in cs.get("mandatory_initiatives", []):
            ok &= self.sel(key) == 1
        for key, period in cs.get("locks", {}).items():
            ok &= self.sel(key) == 1
            if fold(key) in self.keys:
                ok &= self.digit[self.keys.index(fold(key))] - 1 == self.periods.index(fold(period))
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
                    if fold(key) in self.keys and len(self.periods) > 1 and fold(key) != fold(who):
                        i, j = self.keys.index(fold(who)), self.keys.index(fold(key))
                        ok &= (self.digit[i] == 0) | (self.digit[j] + self.duration[j] - 1 < self.digit[i])
        previous = self.p.get("previous_selection")
        self.changes = np.zeros(self.plans, dtype=np.int64)
        if previous is not None:
            was = {fold(k) for k in previous}
            self.changes = sum(self.x[i] if self.keys[i] not in was else 1 - self.x[i] for i in range(self.n))
            for key, period in (self.p.get("previous_starts") or {}).items():
                if fold(key) in was and fold(key) in self.keys:
                    digit = self.digit[self.keys.index(fold(key))]
                    self.changes = self.changes + ((digit > 0) & (digit - 1 != self.periods.index(fold(period))))
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
                earned = np.ones(self.plans, dtype=np.int64)
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
        """(objective, {key: start}, best of each stage) of the plan that must be found, or None. The stages are those
        of a lexicographic order, else one."""
        left = np.flatnonzero(self.allowed)
        if not len(left):
            return None
        value, z, later = self.value()
        whole = lcm(*(f.denominator for _, f in value), *((z * w).denominator for _, _, w in self.goals)) * UNIT

        def exact(parts):
            """Sums as whole numbers of 1 / whole."""
            return sum((v.astype(object) * int(f * whole / UNIT) for v, f in parts), np.zeros(self.plans, dtype=object))

        worth = exact(value)
        self.objective = worth - exact([(np.maximum(0, need - got), z * w) for got, need, w in self.goals])
        measures = [self.objective, *(v.astype(object) for v in later)]
        tolerance = Fraction(self.p["objective"].get("tolerance") or 0)
        bests = []
        for i, measure in enumerate(measures):
            best = max(measure[left])
            bests.append(Fraction(best, whole if i == 0 else UNIT))
            least = best - (tolerance * abs(best) if i < len(measures) - 1 else 0)
            left = left[[m >= least for m in measure[left]]]
        alone = [max(0, worth[self.base**i] - worth[0]) for i in range(self.n)]
        starts = [np.maximum(self.digit[i] - 1, 0) for i in range(self.n)]
        ends = [(s + d - 1) * x for s, d, x in zip(starts, self.duration, self.x, strict=True)]
        late = sum((e.astype(object) * a for e, a in zip(ends, alone, strict=True)), np.zeros(self.plans, dtype=object))
        digests = [int(hashlib.sha256(k.encode()).hexdigest()[:6], 16) for k in self.keys]
        digest = self.total(digests)
        mixed = sum((s * d for s, d in zip(starts, digests, strict=True)), np.zeros(self.plans, dtype=np.int64))
        ties = [-self.changes, -self.total(self.tokens)]
        ties += [-late, -sum(starts, np.zeros(self.plans, dtype=np.int64))] if len(self.periods) > 1 else []
        for measure in [*measures, *ties, -digest, -mixed]:
            left = left[measure[left] == max(measure[left])]
        plan = left[0]
        chosen = {self.keys[i]: self.periods[self.digit[i][plan] - 1] for i in range(self.n) if self.digit[i][plan]}
        return Fraction(self.objective[plan], whole), chosen, bests

    def value(self):
        """The parts of the value as (sums in millionths, factor), Z, and the later KPIs of a lexicographic order."""
        objective = self.p["objective"]
        everything = [True] * self.n
        if objective["mode"] == "score":
            z = sum((max(Fraction(0), Fraction(c.get("score") or 0)) for c in self.c), Fraction(0))
            return [(self.total([units(c.get("score") or 0) for c in self.c]), Fraction(1))], z or Fraction(1), []
        if objective["mode"] == "weighted_kpis":
            weights = {fold(k): Fraction(v) for k, v in objective["weights"].items()}
            value = [(self.sign[k] * self.achieved(k, everything), w / self.scale(k)) for k, w in weights.items()]
            return value, sum(weights.values(), Fraction(0)) or Fraction(1), []
        order = [next((k for k, v in self.kpis.items() if v.get("kpi_level") == "north_star"), None)]
        if objective["mode"] == "lexicographic":
            order = list(dict.fromkeys(fold(k) for k in objective["order"]))
        got = [self.sign[k] * self.achieved(k, everything) for k in order]
        return [(got[0], Fraction(1))], self.scale(order[0]), got[1:]
