"""Problem -> PuLP model, reading like the maths of ``model.md``; every constraint is named after its source.

Variables: x_i in {0, 1} (candidate i is selected); with several periods x_it in {0, 1} (it starts in period t; x_i is
their sum); y_s in [0, 1] (synergy s is earned, the product of its members' x) and u_g >= 0 (what goal g falls short
of). Coefficients are exact fractions until the last moment. A row is then written in whole numbers where it can be: a
plan can then not break it by less than 1, which no solver overlooks.
"""

# PuLP carries no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pulp

from engine.problem import Problem, TargetSet
from engine.reductions import fixed, ranked
from engine.scales import Scales
from engine.sums import Sum, combined, near, no_more_than, scaled, solver_bound, solver_scale, whole_numbers
from engine.terms import NONE, Terms
from engine.wanted import KPI, Measure, Wanted


@dataclass(slots=True)
class Formulation:
    """``model`` maximises ``scale * (measure - constant)``; ``x`` are the choices that make a plan, by
    number: the variables of the candidates in order and, with several periods, those of their starts."""

    model: pulp.LpProblem
    x: list[pulp.LpVariable]
    scale: Fraction
    constant: Fraction


def formulate(problem: Problem, scales: Scales, tiebreaks: Sequence[int], wanted: Wanted) -> Formulation:
    """The PuLP model of a settled problem. ``tiebreaks`` gives each candidate its digest for the last of the ties."""
    return _Formulating(problem, scales, tiebreaks).formulation(wanted)


class _Formulating:
    def __init__(self, problem: Problem, scales: Scales, tiebreaks: Sequence[int]) -> None:
        self.problem = problem
        self.rules = problem.constraint_set
        self.scales = scales
        self.tiebreaks = tiebreaks
        self.model = pulp.LpProblem("roadmap", pulp.LpMaximize)
        self.terms = Terms(problem)
        self.candidates = problem.candidates
        self.index = self.terms.index
        self.variables: list[pulp.LpVariable] = list(self._plan_variables())
        self.x = list(self.variables)
        self.fractional: set[int] = set()  # variables that need not be whole numbers in a plan
        self.names: set[str] = set()
        self.signs = {k.kpi_key: -1 if k.direction == "decrease" else 1 for k in problem.kpis}
        self.goal_costs: list[tuple[int, Fraction]] = []
        self.certain_cost = Fraction(0)  # of what goals fall short in any plan
        self.earned: list[tuple[str, Fraction, int, frozenset[int]]] = []
        self.y: dict[frozenset[int], int] = {}

    def _plan_variables(self) -> Iterator[pulp.LpVariable]:
        """x_i, then with several periods x_it: 0 where i cannot start in t."""
        for i in self.terms.everyone():
            yield self.model.add_variable(f"x_{i}", 0, 1, pulp.LpInteger)
        for i in self.terms.everyone() if self.terms.is_timed else ():
            for t in range(self.terms.periods):
                most = 1 if t in self.terms.starts[i] else 0
                yield self.model.add_variable(f"x_{i}_{t}", 0, most, pulp.LpInteger)

    def formulation(self, wanted: Wanted) -> Formulation:
        self._synergies()
        self._choices()
        self._times()
        self._amounts()
        self._counts_and_shares()
        self._targets()
        for measure, least in wanted.at_least.items():
            self.row(f"at_least.{measure}", self.measure(measure), least - self.constant(measure), None)
        for number, cut in enumerate(wanted.cuts):
            terms = {**dict.fromkeys(cut.selected, 1), **dict.fromkeys(cut.left_out, -1)}
            self.row(f"cut.{number}", Sum(terms), None, cut.most - len(cut.left_out))
        if wanted.is_reduced:
            self._reduce()
        scale = self._objective(self.measure(wanted.measure))
        return Formulation(self.model, self.x, scale, self.constant(wanted.measure))

    def _reduce(self) -> None:
        """Fixes who is in or out in any plan, and puts like candidates in the order in which the ties take them."""
        for i, value in fixed(self.problem, self.terms).items():
            self.x[i].lowBound = self.x[i].upBound = value
        for first, second in ranked(self.problem, self.terms, self.tiebreaks):
            self.row(f"alike.{self.candidates[second].initiative_key}", Sum({second: 1, first: -1}), None, 0)

    # rows -------------------------------------------------------------------------------------------------------------

    def row(
        self,
        name: str,
        total: Sum,
        low: Fraction | Decimal | int | None,
        high: Fraction | Decimal | int | None,
        spare: int | None = None,
    ) -> None:
        """low <= total <= high, scaled, as one constraint for each bound. ``spare``, a variable counted in the row's
        own scale, is added to the total."""
        if not total.terms:
            if (low is not None and low > 0) or (high is not None and high < 0):
                self._constraint(name, [], 1, None)  # no plan can keep it: 0 >= 1
            return
        scale, whole = solver_scale(total)
        variables = self.variables
        pairs = [(variables[v], amount) for v, amount in scaled(total, scale)]
        if spare is not None:
            pairs.append((variables[spare], 1.0))
        step = whole if spare is None and self.fractional.isdisjoint(total.terms) else None
        if low is not None:
            self._constraint(name, pairs, solver_bound(Fraction(low), scale, step, -1), None)
        if high is not None:
            self._constraint(name, pairs, None, solver_bound(Fraction(high), scale, step, 1))

    def _constraint(self, name: str, pairs: list[Any], low: Fraction | int | None, high: Fraction | int | None) -> None:
        sense = pulp.LpConstraintGE if low is not None else pulp.LpConstraintLE
        bound = near(
            low if low is not None else high or 0,
            lambda: sum(abs(amount) * (variable.upBound or 0) for variable, amount in pairs),
        )
        left = pulp.LpAffineExpression(pairs)
        self.model.addConstraint(pulp.LpConstraint(left, sense, self._free_name(name), bound))

    def _free_name(self, name: str) -> str:
        """PuLP writes some characters as "_", so two sources may come to one name."""
        plain = name.translate(_PULP_NAMES)
        number = 1
        while plain in self.names:
            number += 1
            plain = f"{name.translate(_PULP_NAMES)}#{number}"
        self.names.add(plain)
        return plain

    def _variable(self, name: str, most: float | None) -> int:
        self.variables.append(self.model.add_variable(name, 0, most))
        return len(self.variables) - 1

    # choices ----------------------------------------------------------------------------------------------------------

    def _chosen_row(self, name: str, keys: Sequence[str], low: int | None, high: int | None) -> None:
        terms, delivered = self.terms.chosen(keys)
        self.row(name, terms, None if low is None else low - delivered, None if high is None else high - delivered)

    def _choices(self) -> None:
        """Rules about single initiatives, and about how they go together."""
        rules = self.rules
        for i, candidate in enumerate(self.candidates):
            if not self.terms.starts[i]:
                self.row(f"candidates.{candidate.initiative_key}.duration_periods", Sum({i: 1}), None, 0)
        for key in rules.mandatory_initiatives:
            self._chosen_row(f"mandatory_initiatives.{key}", [key], 1, None)
        for key in rules.locks:  # with several periods, _times says which
            self._chosen_row(f"locks.{key}", [key], 1, None)
        for key in rules.exclusions_initiatives:
            if key in self.index:
                self._chosen_row(f"exclusions_initiatives.{key}", [key], None, 0)
        for pair in rules.exclusions_pairs:
            self._chosen_row(f"exclusions_pairs.{'+'.join(pair)}", pair, None, 1)
        for group in rules.groups:
            self._chosen_row(f"groups.{group.group_key}", group.members, group.min_selected, group.max_selected)
        for bundle in rules.bundles:  # x_a = x_b = x_c ...
            for first, second in zip(bundle.members, bundle.members[1:], strict=False):
                self._difference(f"bundles.{bundle.bundle_key}", first, second, 0)
        for dependent, required in rules.prerequisites.items():  # x_dependent <= x_required
            for key in required if dependent in self.index else ():
                if self.terms.is_timed and key in self.index:
                    continue  # _times says more
                self._difference(f"prerequisites.{dependent}", dependent, key, None)
        if rules.max_changes is not None and self.problem.previous_selection is not None:
            terms, constant = self.terms.changes()
            self.row("max_changes", terms, None, rules.max_changes - constant)

    def _difference(self, name: str, one: str, other: str, low: int | None) -> None:
        """low <= x_one - x_other <= 0."""
        left, delivered = self.terms.chosen([one])
        right, delivered_right = self.terms.chosen([other])
        shift = delivered_right - delivered
        terms = {**left.terms, **dict.fromkeys(right.terms, -1)}
        self.row(name, Sum(terms), None if low is None else low + shift, shift)

    # times ------------------------------------------------------------------------------------------------------------

    def _times(self) -> None:
        """With several periods: x_i = sum of x_it; locks; and what must be finished before another starts."""
        if not self.terms.is_timed:
            return
        for i in self.terms.everyone():
            begun = self.terms.begun(i, self.terms.periods)
            self.row(f"starts.{self.candidates[i].initiative_key}", Sum({i: -1, **begun}), 0, 0)
        for key, period in self.rules.locks.items():
            if key in self.index:
                at = self.terms.begins(self.index[key], self.terms.place[period])
                self.row(f"locks.{key}", Sum({at: 1}), 1, None)
        for dependent, required in self.rules.prerequisites.items():
            for key in required if dependent in self.index else ():
                if key in self.index:
                    self._finished_before(f"prerequisites.{dependent}", self.index[key], self.index[dependent])

    def _finished_before(self, name: str, first: int, second: int) -> None:
        """sum of x_second,s over s <= t  <=  sum of x_first,s over s + d_first <= t, for each t: by the time the second
        has begun, the first has ended. A row that a later one says as well is left out."""
        length = self.candidates[first].duration_periods
        starts = self.terms.starts[second]
        for t in starts:
            ended = self.terms.begun(first, t - length + 1)
            if t + 1 not in starts or len(ended) < len(self.terms.begun(first, t - length + 2)):
                terms = {**self.terms.begun(second, t + 1), **dict.fromkeys(ended, -1)}
                self.row(name, Sum(terms), None, 0)

    # amounts ----------------------------------------------------------------------------------------------------------

    def _bounds(
        self, field: str, slices: Mapping[str, Mapping[str, Any]], resource: str = "tokens", period: str | None = None
    ) -> None:
        is_floor = "floors" in field.partition(".")[0]
        for name, members, bound in self._each(field, slices):
            spent = (
                self.terms.spent(resource, members)
                if period is None
                else self.terms.spent_in(self.terms.place[period], resource, members)
            )
            self.row(name, spent, bound if is_floor else None, None if is_floor else bound)

    def _amounts(self) -> None:
        """Tokens and other resources over the horizon, and in each period."""
        rules = self.rules
        everything = self.terms.spent("tokens", self.terms.everyone())
        self.row("capacity_total_tokens", everything, None, self.problem.capacity_total_tokens)
        self._bounds("floors", rules.floors)
        self._bounds("caps", rules.caps)
        for resource, slices in rules.resource_floors.items():
            self._bounds(f"resource_floors.{resource}", slices, resource)
        for resource, slices in rules.resource_caps.items():
            self._bounds(f"resource_caps.{resource}", slices, resource)
        for period, slices in rules.period_floors.items():
            self._bounds(f"period_floors.{period}", slices, period=period)
        for period, slices in rules.period_caps.items():
            self._bounds(f"period_caps.{period}", slices, period=period)
        for period, resources in rules.period_resource_caps.items():
            for resource, slices in resources.items():
                self._bounds(f"period_resource_caps.{period}.{resource}", slices, resource, period)

    def _counts_and_shares(self) -> None:
        """Numbers selected; and tokens in a slice against its share of all selected tokens."""
        for name, members, n in self._each("count_floors", self.rules.count_floors):
            self.row(name, Sum(dict.fromkeys(members, 1)), n, None)
        for name, members, n in self._each("count_caps", self.rules.count_caps):
            self.row(name, Sum(dict.fromkeys(members, 1)), None, n)
        for name, members, share in self._each("share_floors", self.rules.share_floors):
            self.row(name, self._above_share(members, Fraction(share)), 0, None)
        for name, members, share in self._each("share_caps", self.rules.share_caps):
            self.row(name, self._above_share(members, Fraction(share)), None, 0)

    def _each(self, field: str, slices: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, list[int], Any]]:
        for dimension, keys in slices.items():
            for key, bound in keys.items():
                yield f"{field}.{dimension}.{key}", self.terms.slice(dimension, key), bound

    def _above_share(self, members: Iterable[int], share: Fraction) -> Sum:
        everything = self.terms.spent("tokens", self.terms.everyone())
        inside = set(members)
        part, whole = share.numerator, share.denominator
        above = {i: ((whole if i in inside else 0) - part) * amount for i, amount in everything.terms.items()}
        return Sum({i: amount for i, amount in above.items() if amount}, everything.unit * whole)

    # KPIs -------------------------------------------------------------------------------------------------------------

    def _synergies(self) -> None:
        """y_s = product of its members' x, by its convex hull: y <= x_i for each member, y >= sum x_i - (m - 1), y >=
        0."""
        for synergy in self.rules.synergy_bonuses:
            members = frozenset(self.index[key] for key in synergy.members if key in self.index)
            is_reachable = all(key in self.index or key in self.terms.delivered for key in synergy.members)
            if members and is_reachable:
                y = self._product(f"synergy_bonuses.{'+'.join(synergy.members)}", members)
                self.earned.append((synergy.kpi_key, Fraction(synergy.bonus), y, members))

    def _product(self, name: str, members: frozenset[int]) -> int:
        """The variable that is the product of the members' x; that of one member is its x."""
        if len(members) == 1:
            return min(members)
        if members not in self.y:
            y = self.y[members] = self._variable(f"y_{len(self.y)}", 1)
            for i in sorted(members):
                self.row(name, Sum({y: 1, i: -1}), None, 0)
            self.row(name, Sum({y: 1, **dict.fromkeys(sorted(members), -1)}), 1 - len(members), None)
        return self.y[members]

    def achieved(self, kpi_key: str, members: Sequence[int]) -> Sum:
        """sum of c_ik x_i over the members and of the bonuses of synergies that lie among them, in the improving
        sense."""
        sign = self.signs[kpi_key]
        given = [self.candidates[i].kpi_contributions.get(kpi_key, NONE) for i in members]
        amounts, unit = whole_numbers(given)
        base = Sum({i: sign * amount for i, amount in zip(members, amounts, strict=True) if amount}, unit)
        inside = set(members)
        bonuses = [
            (sign * bonus, Sum({y: 1})) for kpi, bonus, y, among in self.earned if kpi == kpi_key and among <= inside
        ]
        return combined([(Fraction(1), base), *bonuses]) if bonuses else base

    def _targets(self) -> None:
        for dimension, keys in self.rules.targets.items():
            for key, kpis in keys.items():
                for kpi_key, targets in kpis.items():
                    achieved = self.achieved(kpi_key, self.terms.slice(dimension, key))
                    self._target(f"targets.{dimension}.{key}.{kpi_key}", kpi_key, achieved, targets)

    def _target(self, name: str, kpi_key: str, achieved: Sum, targets: TargetSet) -> None:
        required = {
            kind: self.signs[kpi_key] * (Fraction(target.value) - Fraction(target.baseline or 0))
            for kind in ("floor", "goal", "cap")
            if (target := getattr(targets, kind)) is not None
        }
        if "floor" in required:
            self.row(f"{name}.floor", achieved, required["floor"], None)
        if "cap" in required:
            self.row(f"{name}.cap", achieved, None, required["cap"])
        if "goal" in required and targets.goal is not None:
            penalty = Fraction(1 if targets.goal.penalty is None else targets.goal.penalty)
            unit = abs(required["goal"]) or self.scales.of(kpi_key)
            self._goal(f"{name}.goal", achieved, required["goal"], self.scales.z * penalty / unit)

    def _goal(self, name: str, achieved: Sum, required: Fraction, price: Fraction) -> None:
        """achieved + u >= required, each unit of u costing ``price``; u is counted in the row's own scale.

        What is required beyond all that can be achieved is missing in any plan: u leaves it out. A member that meets
        the goal whatever else is chosen counts only for what that takes: no goal is a hair beside it.
        """
        lowest = Fraction(sum(amount for amount in achieved.terms.values() if amount < 0), achieved.unit)
        highest = Fraction(sum(amount for amount in achieved.terms.values() if amount > 0), achieved.unit)
        within_reach = min(required, highest)
        self.certain_cost += price * (required - within_reach)
        if price == 0 or within_reach <= lowest:
            return
        achieved = no_more_than(achieved, within_reach - lowest)
        scale, _ = solver_scale(achieved)
        u = self._variable(f"u_{len(self.goal_costs)}", float((within_reach - lowest) * scale))
        self.fractional.add(u)
        self.row(name, achieved, within_reach, None, spare=u)
        self.goal_costs.append((u, -price / scale))

    # what is maximised ------------------------------------------------------------------------------------------------

    def measure(self, measure: Measure) -> Sum:
        """The measure as a sum, to be maximised, without its constant part."""
        if measure == "objective":
            return combined([*self._value(), *((price, Sum({u: 1})) for u, price in self.goal_costs)])
        if measure.startswith(KPI):
            return self.achieved(measure.removeprefix(KPI), self.terms.everyone())
        if measure == "tiebreak":
            return Sum({i: -digest for i, digest in enumerate(self.tiebreaks) if digest})
        if measure == "changes":
            least = self.terms.changes()[0]
        elif measure == "tokens":
            least = self.terms.spent("tokens", self.terms.everyone())
        elif measure == "finish":
            least = self.terms.finish(combined(self._value()))
        else:
            least = self.terms.start(self.tiebreaks if measure == "startbreak" else None)
        return Sum({v: -amount for v, amount in least.terms.items()}, least.unit)

    def constant(self, measure: Measure) -> Fraction:
        """What the measure is beyond its terms."""
        if measure == "changes":
            return Fraction(-self.terms.changes()[1])
        return -self.certain_cost if measure == "objective" else Fraction(0)

    def _value(self) -> list[tuple[Fraction, Sum]]:
        """The table's line of section 2, as weighted sums."""
        everyone = self.terms.everyone()
        if self.problem.objective.mode == "score":
            scores, unit = whole_numbers([c.score for c in self.candidates])
            return [(Fraction(1), Sum({i: scores[i] for i in everyone if scores[i]}, unit))]
        # achieved is already in the improving sense, so the worth of a unit counts without its sign
        return [(abs(worth), self.achieved(kpi_key, everyone)) for kpi_key, worth in self.scales.worth.items()]

    def _objective(self, total: Sum) -> Fraction:
        scale, _ = solver_scale(total)
        amounts = dict(scaled(total, scale))
        pairs = [(variable, amounts.get(v, 0.0)) for v, variable in enumerate(self.variables)]
        self.model.setObjective(pulp.LpAffineExpression(pairs))  # of all: each is a column, whatever stands in the rows
        return scale


_PULP_NAMES = str.maketrans("-+[] ", "_____")
