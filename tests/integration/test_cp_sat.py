"""Problems of 50 to 200 candidates, too many to enumerate, held against CP-SAT, which works in whole numbers.

The oracle reads the JSON itself; the problems have whole numbers only, so that both are exact.
"""

from __future__ import annotations

import json
import random
from fractions import Fraction

import pytest

from engine.reading import read_problem
from engine.solve import solve

cp_model = pytest.importorskip("ortools.sat.python.cp_model")
SECONDS = 60


def portfolio(seed, count, mode="weighted_kpis"):
    """The JSON tree of a problem with rules of many kinds, its bounds about what a random plan comes to."""
    r = random.Random(seed)
    candidates = [
        {
            "initiative_key": f"C{i:03}",
            "engineering_tokens": r.randint(5, 60),
            "resources": {"design": r.randint(0, 20)},
            "country": r.choice(["UK", "DE", "FR"]),
            "product": r.choice(["Pay", "Shop", "Ads", "Data"]),
            "kpi_contributions": {"revenue": r.randint(0, 900), "minutes": -r.randint(0, 300)},
            "score": r.randint(1, 99),
        }
        for i in range(count)
    ]
    keys = [c["initiative_key"] for c in candidates]
    plan = set(r.sample(keys, count // 2))
    spent = sum(c["engineering_tokens"] for c in candidates if c["initiative_key"] in plan)

    def total(field, **where):
        chosen = [c for c in candidates if c["initiative_key"] in plan]
        chosen = [c for c in chosen if all(c[name] == value for name, value in where.items())]
        return sum(c["engineering_tokens"] if field == "tokens" else c["resources"][field] for c in chosen)

    apart = r.sample(keys, 30)
    rules = {
        "floors": {"country": {"UK": total("tokens", country="UK") * 9 // 10}},
        "caps": {"country": {"DE": total("tokens", country="DE")}, "product": {"Ads": total("tokens", product="Ads")}},
        "resource_caps": {"design": {"all": {"all": total("design")}}},
        "count_caps": {"product": {"Shop": count // 9}},
        "share_caps": {"country+product": {"FR|Pay": 0.1}},
        "mandatory_initiatives": [apart[0]],
        "exclusions_initiatives": [apart[1]],
        "exclusions_pairs": [[apart[i], apart[i + 1]] for i in range(2, 8, 2)],
        "bundles": [{"bundle_key": "b", "members": apart[8:11]}],
        "groups": [{"group_key": "g", "members": apart[11:17], "min_selected": 1, "max_selected": 3}],
        "prerequisites": {apart[i]: [apart[i + 1]] for i in range(17, 23, 2)},
        "synergy_bonuses": [
            {"members": apart[23:25], "kpi_key": "revenue", "bonus": 400},
            {"members": apart[25:28], "kpi_key": "minutes", "bonus": -200},
        ],
        "targets": {"country": {"UK": {"revenue": {"goal": {"value": 2000 * count // 10, "penalty": 2}}}}},
    }
    return {
        "capacity_total_tokens": spent,
        "objective": {"mode": mode, "weights": {"revenue": 2, "minutes": 1}, "scales": {"revenue": 1, "minutes": 1}},
        "kpis": [
            {"kpi_key": "revenue", "kpi_level": "north_star"},
            {"kpi_key": "minutes", "direction": "decrease"},
        ],
        "candidates": candidates,
        "constraint_set": rules,
        "solver": {"relative_gap": 0, "time_limit_s": SECONDS},
    }


class Judge:
    """CP-SAT's model of such a tree; ``best`` is its proven optimum, None where there is no plan."""

    def __init__(self, tree):
        self.tree, self.rules = tree, tree["constraint_set"]
        self.model = cp_model.CpModel()
        self.candidates = tree["candidates"]
        self.x = {c["initiative_key"]: self.model.new_bool_var(c["initiative_key"]) for c in self.candidates}
        self.bonuses = [(s, self.earned(s["members"])) for s in self.rules.get("synergy_bonuses", [])]
        self.keep_sums()
        self.keep_choices()

    def earned(self, members):
        y = self.model.new_bool_var("+".join(members))
        self.model.add_min_equality(y, [self.x[key] for key in members])
        return y

    def inside(self, dimension, key):
        parts, keys = dimension.split("+"), key.split("|")
        return [c for c in self.candidates if dimension == "all" or [c[part] for part in parts] == keys]

    def total(self, members, amount):
        return sum(amount(c) * self.x[c["initiative_key"]] for c in members)

    def each(self, field):
        for dimension, held in self.rules.get(field, {}).items():
            for key, bound in held.items():
                yield self.inside(dimension, key), bound

    def keep_sums(self):
        def tokens(c):
            return c["engineering_tokens"]

        everything = self.total(self.candidates, tokens)
        self.model.add(everything <= self.tree["capacity_total_tokens"])
        for members, bound in self.each("floors"):
            self.model.add(self.total(members, tokens) >= bound)
        for members, bound in self.each("caps"):
            self.model.add(self.total(members, tokens) <= bound)
        for members, bound in self.each("count_caps"):
            self.model.add(self.total(members, lambda c: 1) <= bound)
        for members, share in self.each("share_caps"):
            part = Fraction(str(share))
            self.model.add(part.denominator * self.total(members, tokens) <= part.numerator * everything)
        for resource, slices in self.rules.get("resource_caps", {}).items():
            for dimension, held in slices.items():
                for key, bound in held.items():
                    self.model.add(
                        self.total(self.inside(dimension, key), lambda c, name=resource: c["resources"][name]) <= bound
                    )

    def keep_choices(self):
        rules, x, model = self.rules, self.x, self.model
        for key in rules.get("mandatory_initiatives", []):
            model.add(x[key] == 1)
        for key in rules.get("exclusions_initiatives", []):
            model.add(x[key] == 0)
        for one, other in rules.get("exclusions_pairs", []):
            model.add_at_most_one([x[one], x[other]])
        for bundle in rules.get("bundles", []):
            for one, other in zip(bundle["members"], bundle["members"][1:], strict=False):
                model.add(x[one] == x[other])
        for group in rules.get("groups", []):
            model.add_linear_constraint(
                sum(x[key] for key in group["members"]), group["min_selected"], group["max_selected"]
            )
        for who, needed in rules.get("prerequisites", {}).items():
            for key in needed:
                model.add_implication(x[who], x[key])

    def kpi(self, name, members):
        keys = {c["initiative_key"] for c in members}
        bonuses = [s["bonus"] * y for s, y in self.bonuses if s["kpi_key"] == name and keys.issuperset(s["members"])]
        return self.total(members, lambda c: c["kpi_contributions"].get(name, 0)) + sum(bonuses)

    def best(self):
        mode = self.tree["objective"]["mode"]
        if mode == "score":
            value, z = self.total(self.candidates, lambda c: c["score"]), sum(c["score"] for c in self.candidates)
        elif mode == "north_star":
            value, z = self.kpi("revenue", self.candidates), 1
        else:
            value, z = 2 * self.kpi("revenue", self.candidates) - self.kpi("minutes", self.candidates), 3
        scale, cost = 1, 0
        for dimension, held in self.rules.get("targets", {}).items():
            for key, kpis in held.items():
                goal = kpis["revenue"]["goal"]
                scale, need = goal["value"], goal["value"]
                short = self.model.new_int_var(0, need, "short")
                self.model.add(short >= need - self.kpi("revenue", self.inside(dimension, key)))
                cost = z * goal["penalty"] * short
        self.model.maximize(scale * value - cost)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = SECONDS * 2
        solver.parameters.num_workers = 2
        status = solver.solve(self.model)
        if status == cp_model.INFEASIBLE:
            return None
        if status != cp_model.OPTIMAL:
            pytest.skip("CP-SAT proved nothing in its time")
        return Fraction(round(solver.objective_value), scale)


def check(tree):
    found = solve(read_problem(json.dumps(tree)))
    best = Judge(tree).best()
    if best is None:
        assert found.status == "infeasible"
        return
    assert found.status == "optimal", found.status
    assert abs(Fraction(found.objective) - best) < Fraction(1, 10**9), f"{found.objective} instead of {best}"


@pytest.mark.parametrize(("seed", "count", "mode"), [(1, 50, "weighted_kpis"), (2, 80, "north_star"), (3, 60, "score")])
def test_a_portfolio_is_solved_to_the_optimum_that_cp_sat_proves(seed, count, mode):
    check(portfolio(seed, count, mode))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["weighted_kpis", "north_star", "score"])
@pytest.mark.parametrize("count", [50, 100, 150, 200])
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_larger_portfolios_are_solved_to_the_optimum_that_cp_sat_proves(seed, count, mode):
    check(portfolio(seed, count, mode))
