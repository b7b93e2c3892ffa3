"""Replay (``model.md`` section 2): a stored problem solved again, and its stored plan judged again.

Where ties were broken and the gap is 0, the same plan must come out. Otherwise the solvers may stop at another plan
that is as good within the gap: then the stored one is held against the rules in exact arithmetic, and it is said which
of the two objectives is better."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.exact import breaches
from engine.explain import plan_of
from engine.notes import Notes
from engine.probe import case_of
from engine.problem import Problem, Solution
from engine.scales import scales_of
from engine.settling import settle
from engine.solve import solve


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """``again`` is what the problem came to now; ``differences`` are sentences, none where it is the same portfolio.
    ``must_be_same`` says that the model allows no other; ``broken`` names the rules that the stored plan breaks."""

    again: Solution
    differences: tuple[str, ...]
    must_be_same: bool
    broken: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        return not self.differences and not self.broken


def replayed(problem: Problem, stored: Solution) -> Replay:
    """The problem solved again, with its own limits, and what differs from the stored result."""
    again = solve(problem)
    broken: tuple[str, ...] = ()
    if stored.items:
        settled = settle(problem, Notes())
        plan = plan_of(case_of(settled, scales_of(settled.problem, Notes())), stored)
        broken = tuple(sorted({breach.path for breach in breaches(plan)}))
    return Replay(
        again=again,
        differences=tuple(_differences(problem, stored, again)),
        must_be_same=stored.ties == "broken" and stored.relative_gap == 0,
        broken=broken,
    )


def _differences(problem: Problem, stored: Solution, again: Solution) -> list[str]:
    told: list[str] = []
    if stored.status != again.status:
        told.append(f"The run was {_words(stored.status)}; solved again it is {_words(again.status)}.")
    if stored.objective != again.objective:
        told.append(
            f"The run's objective is {_shown(stored.objective)}; solved again it is {_shown(again.objective)}"
            f"{_better(stored.objective, again.objective)}."
        )
    titles = {one.initiative_key: one.title or one.initiative_key for one in problem.candidates}
    was, now = ({item.initiative_key: item for item in solution.items} for solution in (stored, again))
    for key in sorted(was.keys() | now.keys()):
        before, after = was.get(key), now.get(key)
        chosen = bool(before and before.selected), bool(after and after.selected)
        if chosen[0] != chosen[1]:
            places = ("in", "out") if chosen[0] else ("out", "in")
            told.append(f"{titles.get(key, key)} ({key}) is {places[0]} in the run and {places[1]} when solved again.")
        elif before and after and before.start_period != after.start_period:
            told.append(
                f"{titles.get(key, key)} ({key}) starts in {before.start_period} in the run and in "
                f"{after.start_period} when solved again."
            )
    return told


def _better(stored: Decimal | None, again: Decimal | None) -> str:
    if stored is None or again is None:
        return ""
    return f", better by {_shown(again - stored)}" if again > stored else f", worse by {_shown(stored - again)}"


def _shown(value: Decimal | None) -> str:
    return "none" if value is None else f"{value:,f}"


def _words(status: str) -> str:
    return status.replace("_", " ")
