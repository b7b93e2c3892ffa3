"""What a solver need not be asked: who is in or out in any plan, and which of two like candidates comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from engine.problem import Candidate, Problem
from engine.terms import Terms


def fixed(problem: Problem, terms: Terms) -> Mapping[int, int]:
    """Candidate -> 1 where every plan selects it, 0 where none does: what is mandatory, locked, excluded or cannot be
    worked on, and what follows by prerequisites, bundles and pairs. Nothing where that contradicts itself: the rows
    then say so."""
    rules, delivered = problem.constraint_set, terms.delivered
    needs: dict[str, set[str]] = {}
    for who, needed in rules.prerequisites.items():
        if who not in delivered:
            needs.setdefault(who, set()).update(needed)
    for bundle in rules.bundles:
        for one, other in zip(bundle.members, (*bundle.members[1:], *bundle.members[:1]), strict=True):
            needs.setdefault(one, set()).add(other)
    needed_by: dict[str, set[str]] = {}
    for who, keys in needs.items():
        for key in keys:
            needed_by.setdefault(key, set()).add(who)
    rivals: dict[str, set[str]] = {}
    for one, other in rules.exclusions_pairs:
        rivals.setdefault(one, set()).add(other)
        rivals.setdefault(other, set()).add(one)
    inside = _reached([*rules.mandatory_initiatives, *rules.locks, *delivered], needs)
    outside = {key for key in needed_by if key not in terms.index and key not in delivered}
    outside |= {key for key in rules.exclusions_initiatives if key not in delivered}
    outside |= {terms.candidates[i].initiative_key for i in terms.everyone() if not terms.starts[i]}
    outside |= {rival for key in inside for rival in rivals.get(key, ())}
    outside = _reached(outside, needed_by)
    if inside & outside:
        return {}
    found = {terms.index[key]: 1 for key in inside if key in terms.index}
    return found | {terms.index[key]: 0 for key in outside if key in terms.index}


def _reached(begun: Iterable[str], steps: Mapping[str, set[str]]) -> set[str]:
    reached = set(begun)
    work = list(reached)
    while work:
        following = steps.get(work.pop(), set()) - reached
        reached |= following
        work.extend(following)
    return reached


def ranked(problem: Problem, terms: Terms, tiebreaks: Sequence[int]) -> list[tuple[int, int]]:
    """(first, second) for candidates that are alike in all but their keys: of two plans that differ only in which of
    the two they select, the ties prefer the first, so x_second <= x_first cuts off no plan that could win.

    Alike are those with the same tokens, resources, attributes, contributions, score, duration, periods and place in
    the previous plan, which no rule names.
    """
    rough: dict[object, list[int]] = {}  # most differ in these already
    for i, candidate in enumerate(terms.candidates):
        key = candidate.engineering_tokens, *candidate.kpi_contributions.values()
        rough.setdefault(key, []).append(i)
    named = _named(problem)
    previous, starts = set(problem.previous_selection or ()), problem.previous_starts or {}
    classes: dict[object, list[int]] = {}
    for i in (i for members in rough.values() if len(members) > 1 for i in members):
        key = terms.candidates[i].initiative_key
        if key not in named:
            before = (key in previous, starts.get(key))
            classes.setdefault((*_traits(terms.candidates[i]), *before), []).append(i)
    pairs: list[tuple[int, int]] = []
    for members in classes.values():
        members.sort(key=lambda i: (tiebreaks[i], i))
        pairs.extend(pairwise(members))
    return pairs


def _traits(candidate: Candidate) -> tuple[object, ...]:
    return (
        candidate.engineering_tokens,
        frozenset((name, amount) for name, amount in candidate.resources.items() if amount),
        candidate.country,
        candidate.department,
        candidate.category,
        candidate.program,
        candidate.product,
        candidate.segment,
        frozenset((name, amount) for name, amount in candidate.kpi_contributions.items() if amount),
        candidate.score,
        candidate.duration_periods,
        candidate.earliest_period,
        candidate.latest_period,
    )


def _named(problem: Problem) -> set[str]:
    """The initiatives that some rule names."""
    rules = problem.constraint_set
    named = {*rules.mandatory_initiatives, *rules.exclusions_initiatives, *rules.locks, *rules.prerequisites}
    named.update(key for pair in rules.exclusions_pairs for key in pair)
    named.update(key for needed in rules.prerequisites.values() for key in needed)
    for held in (rules.bundles, rules.groups, rules.synergy_bonuses):
        named.update(key for one in held for key in one.members)
    return named
