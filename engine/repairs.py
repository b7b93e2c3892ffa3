"""The cheapest repairs of a conflict: which single bounds, moved by how much, make a plan possible.

A single repair must lie in every conflict, so only the clauses of one need be tried. Each is moved to what the plan
that goes furthest comes to; that plan, judged exactly under the repaired rules, is the proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Any

from engine.clause_words import capital, clause_words, number_words, place_of
from engine.clauses import Clause, Parts, clauses, moved, without
from engine.exact import Tally, breaches
from engine.probe import Case, Prober, Probers, varied
from engine.settling import Settled
from engine.wording import decimal_of

MOST = 12
"""Repairs that are told at most."""
MOST_TOGETHER = 5
"""Rules that are moved together at most, where no single one suffices."""
MOST_STEPS = 30
SHARE_DIGITS = Decimal("0.0001")
"""A share is repaired to a hundredth of a percent, on the side that a plan keeps."""
CELL_FIGURES = 15
"""Figures of a number that a cell holds as it was typed."""
CELL_PLACES = 6
LEAST_FIGURES = 4
"""What a cell cannot hold is repaired to so many places, of a tiny number to as many as these figures take."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A clause moved to another number; ``number`` is None where a choice is dropped."""

    clause: Clause
    number: Decimal | None

    @property
    def cost(self) -> tuple[bool, Fraction]:
        """How much it gives up: bounds first, by how far they move relative to their size."""
        if self.number is None:
            return True, Fraction(0)
        old, new = Fraction(self.clause.number), Fraction(self.number)
        return False, abs(new - old) / max(abs(new), abs(old), Fraction(1, 10**9))


def repairs_of(case: Case, conflict: Sequence[Clause], probers: Probers) -> list[dict[str, Any]]:
    """``[{path, from, to, message}]``, the cheapest first; each was proven to make a plan possible. Where no single
    one does, one entry names several, its ``also`` the others."""
    tried = probers.each(lambda prober, clause: repair_of(case, clause, prober), conflict)
    single = sorted((repair for repair in tried if repair is not None), key=lambda repair: repair.cost)
    if single:
        return [_told(case.settled, [repair]) for repair in single[:MOST]]
    several = _several(case, conflict, probers.first)
    return [_told(case.settled, several)] if several else []


def repair_of(case: Case, clause: Clause, prober: Prober) -> Repair | None:
    """The least move of one clause that makes a plan possible, all others in force; None where none does."""
    problem = case.settled.problem
    if not clause.is_bound:
        outlook = prober.any_plan(varied(case, without(problem, [clause.parts])))
        return Repair(clause, None) if outlook.plan is not None else None
    number = _share(case, clause, prober) if clause.parts[0].startswith("share") else _moved(case, clause, prober)
    return None if number is None else Repair(clause, number)


def _moved(case: Case, clause: Clause, prober: Prober) -> Decimal | None:
    """The number nearest to the clause's own that a plan keeps."""
    outlook = prober.extreme(case, clause.path, 1 if clause.is_floor else -1)
    if outlook.plan is None and outlook.is_possible is None:
        return _stepped(case, clause, prober)
    number = None if outlook.plan is None else _reached(clause, outlook.plan)
    if number is None or outlook.plan is None or not _holds(case, {clause.parts: number}, outlook.plan):
        return None
    return number


def _stepped(case: Case, clause: Clause, prober: Prober) -> Decimal | None:
    """The same by halving, for a whole number that stands in two rows at once."""
    problem = case.settled.problem
    loose = prober.any_plan(varied(case, without(problem, [clause.parts])))
    if loose.plan is None or not isinstance(clause.value, int):
        return None
    bad, good = int(clause.number), 0 if clause.is_floor else len(problem.candidates) + 1
    for _ in range(MOST_STEPS):
        if abs(good - bad) <= 1:
            break
        middle = (good + bad) // 2
        outlook = prober.any_plan(varied(case, moved(problem, {clause.parts: Decimal(middle)})))
        if outlook.plan is None and outlook.is_possible is None:
            return None
        good, bad = (middle, bad) if outlook.plan is not None else (good, middle)
    return Decimal(good)


def _share(case: Case, clause: Clause, prober: Prober) -> Decimal | None:
    """The same for a share, whose sum is a ratio: from plan to better plan (Dinkelbach, 1967)."""
    number, best = clause.number, None
    for _ in range(MOST_STEPS):
        variant = varied(case, moved(case.settled.problem, {clause.parts: number}))
        outlook = prober.extreme(variant, clause.path, 1 if clause.is_floor else -1)
        if outlook.plan is None:
            break
        reached = _reached(clause, outlook.plan)
        if reached is None or reached == best:
            break
        best = number = reached
    if best is None:
        return None
    wide = best.quantize(SHARE_DIGITS, ROUND_FLOOR if clause.is_floor else ROUND_CEILING)
    return wide if 0 <= wide <= 1 and _is_possible(case, {clause.parts: wide}, prober) else None


def _is_possible(case: Case, numbers: Mapping[Parts, Decimal], prober: Prober) -> bool:
    return prober.any_plan(varied(case, moved(case.settled.problem, numbers))).plan is not None


def _holds(case: Case, numbers: Mapping[Parts, Decimal], plan: Tally) -> bool:
    """True where the plan keeps every rule once the bounds are moved."""
    repaired = varied(case, moved(case.settled.problem, numbers))
    return not any(breaches(Tally(repaired.ledger, plan.choices())))


def _reached(clause: Clause, plan: Tally) -> Decimal | None:
    """What the plan comes to in the clause, as a number for its cell, rounded to the side that the plan keeps."""
    if clause.parts == ("max_changes",):
        return Decimal(len(plan.changed()))
    if clause.parts[0] == "groups":
        group = next(g for g in plan.ledger.settled.problem.constraint_set.groups if g.group_key == clause.parts[1])
        return Decimal(sum(plan.ledger.is_selected(key, plan.selection) for key in group.members))
    rule = next((rule for rule in plan.ledger.rules if rule.parts == clause.parts), None)
    if rule is None:
        return None
    total = plan.total(rule.line)
    is_low = rule.low is not None
    if clause.parts[0].startswith("share"):
        if not plan.tokens():
            return None
        total = total / plan.tokens() + Fraction(_share_in(plan, clause))
        return -decimal_of(-total, up=True) if is_low else decimal_of(total, up=True)
    baseline: Decimal | None = getattr(clause.value, "baseline", None)
    total += Fraction(baseline or 0)
    return -typeable(-total) if is_low else typeable(total)


def typeable(number: Fraction) -> Decimal:
    """The number itself where a cell holds it, else the next above that one would type: a third of 20.6 tokens is
    6.866667."""
    above = decimal_of(number, up=True)
    if len(above.normalize().as_tuple().digits) <= CELL_FIGURES:
        return above
    largest = above.adjusted()
    place = max(min(-CELL_PLACES, largest - LEAST_FIGURES + 1), largest - CELL_FIGURES + 1)
    return decimal_of(Fraction(above.quantize(Decimal(1).scaleb(place), ROUND_CEILING)))


def _share_in(plan: Tally, clause: Clause) -> Decimal:
    """The share that the clause has in the problem of this plan."""
    rules = plan.ledger.settled.problem.constraint_set
    shares = rules.share_floors if clause.is_floor else rules.share_caps
    return shares[clause.parts[1]][clause.parts[2]]


def _several(case: Case, conflict: Sequence[Clause], prober: Prober) -> list[Repair]:
    """Rules to be moved together: one of each conflict that is left when those before are dropped."""
    from engine.conflict import conflicting  # which asks for repairs itself

    problem = case.settled.problem
    dropped: list[Clause] = []
    while conflict and len(dropped) < MOST_TOGETHER:
        dropped.append(max(conflict, key=_softness))
        rest = varied(case, without(problem, [clause.parts for clause in dropped]))
        if prober.any_plan(rest).plan is not None:
            return _together(case, dropped, prober)
        conflict = conflicting(rest, clauses(rest.settled.problem), prober)
    return []


def _softness(clause: Clause) -> tuple[bool, bool, str]:
    """Bounds are moved rather than choices dropped, and others rather than the capacity."""
    return clause.is_bound, clause.parts != ("capacity_total_tokens",), clause.path


def _together(case: Case, dropped: Sequence[Clause], prober: Prober) -> list[Repair]:
    """Each of the dropped put back as near as can be, one after the other."""
    repairs: list[Repair] = []
    for place, clause in enumerate(dropped):
        later = [other.parts for other in dropped[place + 1 :]]
        gone = [repair.clause.parts for repair in repairs if repair.number is None]
        numbers = {repair.clause.parts: repair.number for repair in repairs if repair.number is not None}
        eased = varied(case, moved(without(case.settled.problem, [*later, *gone]), numbers))
        if prober.any_plan(eased).plan is not None:
            continue  # it can stay as it is
        repair = repair_of(eased, clause, prober)
        if repair is None:
            return []
        repairs.append(repair)
    return repairs


def _told(settled: Settled, repairs: Sequence[Repair]) -> dict[str, Any]:
    entries = [
        {
            "path": repair.clause.path,
            "from": repair.clause.number if repair.clause.is_bound else None,
            "to": repair.number,
        }
        for repair in repairs
    ]
    message = capital(" and ".join(_words(settled, repair) for repair in repairs))
    together = {"also": entries[1:]} if len(entries) > 1 else {}
    return {**entries[0], "message": message, **together}


def _words(settled: Settled, repair: Repair) -> str:
    clause, says = repair.clause, clause_words(settled, repair.clause)
    place = place_of(settled, clause)
    if repair.number is None:
        return f"drop {place} ({says})"
    verb = "raise" if repair.number > clause.number else "lower"
    old, new = number_words(settled, clause, clause.number), number_words(settled, clause, repair.number)
    if old.rpartition(" ")[2] == new.rpartition(" ")[2]:
        old = old.partition(" ")[0]
    return f"{verb} {place} from {old} to {new} ({says})"
