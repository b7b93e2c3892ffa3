"""Why there is no plan: an irreducible conflict of rules, and the cheapest repairs (``model.md`` section 8).

The conflict is found by QuickXplain (Junker, 2004) over the rules as they stand in the sheet, not over rows of a
matrix: which of them cannot all hold, such that without any single one of them they could.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.checks import contradictions_in
from engine.clause_words import cells_of, clause_words, place_of
from engine.clauses import Clause, Parts, clauses, only
from engine.exact import Tally, breaches
from engine.probe import Case, Prober, Probers, varied
from engine.repairs import repairs_of
from engine.settling import Settled

Possible = Callable[[Sequence[Clause]], bool]


def conflict_of(case: Case, seconds: float, check: Callable[[], object] = bool) -> dict[str, Any]:
    """``{rules: [{path, sources, message}], repairs: [{path, from, to, message}]}`` of a problem that is known to have
    no plan. What cannot be proven within ``seconds`` is left out: both lists may be empty. ``check`` is called now and
    then, and raises to end it."""
    with Probers(seconds, check) as probers:
        found = conflicting(case, clauses(case.settled.problem), probers.first)
        repairs = repairs_of(case, found, probers) if found else []
    return {"rules": [_rule(case.settled, clause) for clause in found], "repairs": repairs}


def _rule(settled: Settled, clause: Clause) -> dict[str, Any]:
    cells = [cell.model_dump(exclude_none=True) for cell in cells_of(settled, clause)]
    says = clause_words(settled, clause)
    return {
        "path": clause.path,
        "sources": cells,
        "message": f"{place_of(settled, clause)}: {says}" if cells else says,
    }


def conflicting(
    case: Case, listed: Sequence[Clause], prober: Prober, held: Mapping[int, int] | None = None
) -> list[Clause]:
    """An irreducible conflict among the clauses, for plans that hold to ``held``; [] where none is proven in time."""
    checks = _Checks(case, prober, held or {})
    try:
        begun = _begun(case, listed) if not held else list(listed)
        if checks.is_possible(begun):
            begun = list(listed)
            if checks.is_possible(begun):
                return []
        return quickxplain(checks.is_possible, begun)
    except _Unknown:
        return []


def _begun(case: Case, listed: Sequence[Clause]) -> list[Clause]:
    """The fewest clauses that are known, without a solver, to contradict each other; else all."""
    known: list[list[Clause]] = []
    for contradiction in contradictions_in(case.ledger):
        concerned = [clause for clause in listed if _is_named(clause, contradiction.paths)]
        if concerned:
            known.append(concerned)
    return min(known, key=len) if known else list(listed)


def _is_named(clause: Clause, paths: Iterable[str]) -> bool:
    own = ".".join(clause.parts)
    return any(own == path or own.startswith(f"{path}.") for path in paths)


def quickxplain(is_possible: Possible, listed: Sequence[Clause]) -> list[Clause]:
    """The irreducible conflict within clauses that are impossible together."""
    if len(listed) < 2:
        return list(listed)

    def within(background: Sequence[Clause], has_new: bool, rest: Sequence[Clause]) -> list[Clause]:
        if has_new and not is_possible(background):
            return []
        if len(rest) == 1:
            return list(rest)
        middle = len(rest) // 2
        first, second = rest[:middle], rest[middle:]
        of_second = within([*background, *first], True, second)
        of_first = within([*background, *of_second], bool(of_second), first)
        return [*of_first, *of_second]

    return within([], True, list(listed))


class _Unknown(Exception):
    """Time ran out before it was known whether some clauses can hold together."""


class _Checks:
    """Whether clauses can hold together. What plans and conflicts showed before is remembered."""

    def __init__(self, case: Case, prober: Prober, held: Mapping[int, int]) -> None:
        self.case = case
        self.prober = prober
        self.held = held
        self.kept: list[set[Parts]] = []
        self.impossible: list[set[Parts]] = []
        self.all = clauses(case.settled.problem)

    def is_possible(self, asked: Sequence[Clause]) -> bool:
        """True where a plan keeps all that is asked; raises where time does not suffice to know."""
        parts = {clause.parts for clause in asked}
        if any(parts <= kept for kept in self.kept):
            return True
        if any(known <= parts for known in self.impossible):
            return False
        variant = varied(self.case, only(self.case.settled.problem, parts))
        outlook = self.prober.any_plan(variant, self.held)
        if outlook.plan is not None:
            self.kept.append(self._kept_by(outlook.plan) | parts)
            return True
        if outlook.is_possible is None:
            raise _Unknown
        self.impossible.append(parts)
        return False

    def _kept_by(self, plan: Tally) -> set[Parts]:
        """The clauses of the whole problem that the plan keeps."""
        broken = [breach.path for breach in breaches(Tally(self.case.ledger, plan.choices()))]
        return {clause.parts for clause in self.all if not _is_broken(clause, broken)}


def _is_broken(clause: Clause, broken: Iterable[str]) -> bool:
    own = ".".join(clause.parts)
    return any(own == path or own.startswith(f"{path}.") for path in broken)
