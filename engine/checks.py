"""Contradictions that need no solver (``model.md`` section 5): cheap, exact, and never wrong.

What is forced in and out is followed first (``consequences``); then each bound is held against the most and the least
that its slice can come to, and floors against the caps that cover them. Slices that overlap are never added up: only
those of one dimension are, which share no candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from engine.bounds import amount_clashes
from engine.consequences import Consequences, named
from engine.ledger import Ledger
from engine.notes import Notes
from engine.problem import Group, Problem
from engine.reach import Reach
from engine.scales import scales_of
from engine.sentences import listed
from engine.settling import Settled, settle
from engine.settling_rules import loops

MOST = 200
"""Contradictions that are told at most; whoever has mended these is told the next."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """``paths`` (as ``sources`` writes them) cannot all hold, whatever else a plan does; ``message`` says why."""

    paths: tuple[str, ...]
    message: str


def contradictions(problem: Problem) -> tuple[Contradiction, ...]:
    """The contradictions found in a problem (the first ``MOST``), each named by the fewest rules met; () where none was
    found, which does not mean that there is a plan."""
    ledger = _ledger(problem)
    found = [] if ledger is None else list(islice(contradictions_in(ledger), MOST))
    held = [set(one.paths) for one in found]
    kept: dict[frozenset[str], Contradiction] = {}
    for one, paths in zip(found, held, strict=True):
        if not any(other < paths for other in held):
            kept.setdefault(frozenset(paths), one)
    return tuple(kept.values())


def circles(problem: Problem) -> tuple[Contradiction, ...]:
    """Prerequisites that go round in a circle. They are legal: with one period the initiatives come only together, with
    several none of them can start."""
    if not problem.constraint_set.prerequisites:
        return ()
    settled = settle(problem, Notes())
    rules = settled.problem.constraint_set
    needs = {who: needed for who, needed in rules.prerequisites.items() if who not in rules.satisfied}
    found: list[Contradiction] = []
    for loop in loops(needs):
        who = listed([named(settled, key) for key in loop])
        end = "none of them can ever start" if len(settled.problem.periods) > 1 else "they can only be chosen together"
        paths = tuple(f"prerequisites.{key}.{other}" for key in loop for other in needs[key] if other in loop)
        found.append(Contradiction(paths, f"{who} wait for each other in a circle, so {end}"))
    return tuple(found)


def contradiction(ledger: Ledger) -> str | None:
    """The path of a rule that provably no plan can keep; None where none was found."""
    first = next(contradictions_in(ledger), None)
    return None if first is None else first.paths[0] if first.paths else ""


def contradictions_in(ledger: Ledger) -> Iterator[Contradiction]:
    """The contradictions of a ledger, one after the other; some may contain others."""
    follows = Consequences(ledger)
    for clash in follows.clashes:
        yield Contradiction(clash.paths, f"{listed(clash.says, 9)}: these cannot all hold")
    for paths, message in amount_clashes(ledger):
        yield Contradiction(paths, message)
    reach = Reach(ledger, follows)
    for rule in ledger.rules:
        yield from (Contradiction(paths, message) for paths, message in reach.exceeded(rule))
    for group in ledger.settled.problem.constraint_set.groups:
        yield from _group(ledger, follows, group)
    yield from _changes(ledger, follows)


def _ledger(problem: Problem) -> Ledger | None:
    """None where something is wrong with the problem itself, so that its rules mean nothing yet."""
    notes = Notes()
    settled = settle(problem, notes)
    return None if notes.errors else Ledger(settled, scales_of(settled.problem, Notes()))


# counts of initiatives ------------------------------------------------------------------------------------------------


def _group(ledger: Ledger, follows: Consequences, group: Group) -> Iterator[Contradiction]:
    """A group that needs more than can be in, or may hold fewer than have to be."""
    path = f"groups.{group.group_key}"
    settled = ledger.settled
    least, most = group.min_selected or 0, group.max_selected
    who = _members(settled, group)
    out = [key for key in group.members if key in follows.barred]
    if most is not None and least > most:
        yield Contradiction((path,), f"A group cannot have at least {least} and at most {most} of {who}")
    elif len(group.members) - len(out) < least:
        needed = _easiest(follows, out)[: max(0, len(group.members) - least + 1)]
        yield _because(follows, path, f"At least {least} of {who} cannot be chosen", needed)
    held = [key for key in group.members if key in follows.forced]
    if most is not None and len(held) > most:
        needed = _easiest(follows, held)[: most + 1]
        yield _because(follows, path, f"At most {most} of {who} cannot be kept", needed)


def _members(settled: Settled, group: Group) -> str:
    return listed(named(settled, key) for key in group.members)


def _easiest(follows: Consequences, keys: Iterable[str]) -> list[str]:
    """The keys, those with the fewest rules behind them first."""
    return sorted(keys, key=lambda key: (len(follows.reason(key)[0]), key))


def _because(follows: Consequences, path: str, what: str, keys: Iterable[str]) -> Contradiction:
    reasons = [follows.reason(key) for key in keys]
    paths = dict.fromkeys([path, *(one for paths, _ in reasons for one in paths)])
    says = list(dict.fromkeys(why for _, whys in reasons for why in whys))
    return Contradiction(tuple(paths), f"{what}, since {listed(says, 9)}" if says else what)


def _changes(ledger: Ledger, follows: Consequences) -> Iterator[Contradiction]:
    """More changes forced than are allowed."""
    most, previous = ledger.settled.problem.constraint_set.max_changes, ledger.previous
    if most is None or previous is None:
        return
    changed = (follows.numbers(follows.forced) - previous) | (follows.numbers(follows.barred) & previous)
    if len(changed) > most:
        keys = _easiest(follows, (ledger.candidates[i].initiative_key for i in changed))[: most + 1]
        yield _because(follows, "max_changes", f"At most {most} changes to the last plan cannot be kept", keys)
