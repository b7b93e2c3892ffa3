"""What follows from what is forced in and out, with the rules behind each: no solver, no guess.

Followed are mandatory, locks, exclusions, excluded pairs, bundles, prerequisites, what is delivered already, what is no
candidate, and the periods in which an initiative can be worked on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.ledger import Ledger
from engine.settling import Settled
from engine.settling_rules import loops


@dataclass(frozen=True, slots=True)
class Step:
    """Why a key is in, or out: ``paths`` are the rules, ``says`` tells them; ``after`` is the key it follows from, None
    where the rules say it themselves."""

    paths: tuple[str, ...]
    says: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """Rules by which one initiative would be both in and out."""

    paths: tuple[str, ...]
    says: tuple[str, ...]


class Consequences:
    """``forced`` maps what every plan selects (or what is delivered) to the reason, ``barred`` what none does;
    ``clashes`` are the keys that would be both. A key stands in one of the two maps at most."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.forced: dict[str, Step] = {}
        self.barred: dict[str, Step] = {}
        self.clashes: list[Clash] = []
        self._work: deque[tuple[str, bool]] = deque()
        self._needs: dict[str, list[tuple[str, str, str]]] = {}
        self._needed_by: dict[str, list[tuple[str, str, str]]] = {}
        self._rivals: dict[str, list[tuple[str, str, str]]] = {}
        self._link()
        self._begin()
        self._spread()

    def named(self, key: str) -> str:
        """ "One-tap checkout (INIT-000001)", or the key where there is no title."""
        return named(self.ledger.settled, key)

    def numbers(self, keys: Iterable[str]) -> set[int]:
        """The numbers of those of the keys that are candidates."""
        return {self.ledger.number[key] for key in keys if key in self.ledger.number}

    def reason(self, key: str) -> tuple[list[str], list[str]]:
        """The paths and the sentences by which a forced or barred key is so, from the first cause on."""
        steps: list[Step] = []
        at: str | None = key
        while at is not None:
            step = self.forced.get(at) or self.barred[at]
            steps.append(step)
            at = step.after
        steps.reverse()
        return [path for step in steps for path in step.paths], [step.says for step in steps]

    # what is given ----------------------------------------------------------------------------------------------------

    def _link(self) -> None:
        """Who needs whom, and who excludes whom; what was delivered earlier has no prerequisites any more."""
        rules = self.ledger.settled.problem.constraint_set
        for who, needed in rules.prerequisites.items():
            for key in needed if who not in self.ledger.satisfied else ():
                self._need(f"prerequisites.{who}", who, key, f"{self.named(who)} needs {self.named(key)}")
        for bundle in rules.bundles:
            ring = zip(bundle.members, (*bundle.members[1:], *bundle.members[:1]), strict=True)
            for one, other in ring:  # in a ring each member reaches all the others
                says = f"{self.named(one)} and {self.named(other)} come only together"
                self._need(f"bundles.{bundle.bundle_key}", one, other, says)
        for one, other in rules.exclusions_pairs:
            says = f"{self.named(one)} and {self.named(other)} exclude each other"
            for first, second in ((one, other), (other, one)):
                self._rivals.setdefault(first, []).append((f"exclusions_pairs.{one}+{other}", second, says))

    def _need(self, path: str, who: str, key: str, says: str) -> None:
        self._needs.setdefault(who, []).append((path, key, says))
        self._needed_by.setdefault(key, []).append((path, who, says))

    def _begin(self) -> None:
        ledger, rules = self.ledger, self.ledger.settled.problem.constraint_set
        for key in sorted(ledger.satisfied):
            self._force(key, Step((), f"{self.named(key)} is delivered already"))
        for key in sorted(self._absent()):
            self._bar(key, Step((), f"{self.named(key)} is no candidate"))
        for key, step in unstartable(ledger):
            self._bar(key, step)
        for key in rules.exclusions_initiatives:
            if key in ledger.number:
                self._bar(key, Step((f"exclusions_initiatives.{key}",), f"{self.named(key)} has to be out"))
        for key in rules.mandatory_initiatives:
            self._force(key, Step((f"mandatory_initiatives.{key}",), f"{self.named(key)} has to be in"))
        for key, period in rules.locks.items():
            when = ledger.settled.period_names.get(period, period)
            self._force(key, Step((f"locks.{key}",), f"{self.named(key)} is locked{f' to {when}' if when else ''}"))

    def _absent(self) -> set[str]:
        """Keys that rules name and that are neither candidates nor delivered."""
        rules = self.ledger.settled.problem.constraint_set
        met = {*rules.mandatory_initiatives, *rules.locks, *self._needs, *self._needed_by, *self._rivals}
        met |= {key for group in rules.groups for key in group.members}
        return {key for key in met if key not in self.ledger.number and key not in self.ledger.satisfied}

    # what follows -----------------------------------------------------------------------------------------------------

    def _force(self, key: str, step: Step) -> None:
        if key in self.barred:
            self._clash(key, step)
        elif key not in self.forced:
            self.forced[key] = step
            self._work.append((key, True))

    def _bar(self, key: str, step: Step) -> None:
        if key in self.forced:
            self._clash(key, step)
        elif key not in self.barred:
            self.barred[key] = step
            self._work.append((key, False))

    def _clash(self, key: str, step: Step) -> None:
        """``step`` would make a key what it must not be."""
        before: tuple[list[str], list[str]] = self.reason(step.after) if step.after is not None else ([], [])
        other = self.reason(key)
        paths = dict.fromkeys((*before[0], *step.paths, *other[0]))
        self.clashes.append(Clash(tuple(paths), tuple(dict.fromkeys((*before[1], step.says, *other[1])))))

    def _spread(self) -> None:
        while self._work:
            key, is_in = self._work.popleft()
            for path, other, says in self._needs.get(key, ()) if is_in else ():
                self._force(other, Step((path,), says, key))
            for path, other, says in (self._rivals if is_in else self._needed_by).get(key, ()):
                self._bar(other, Step((path,), says, key))


def named(settled: Settled, key: str) -> str:
    """ "One-tap checkout (INIT-000001)", or the key where there is no title."""
    title = settled.titles.get(key, "").strip()
    return f"{title} ({settled.shown(key)})" if title else settled.shown(key)


def unstartable(ledger: Ledger) -> Iterator[tuple[str, Step]]:
    """Candidates that can start in no period: their own periods are too few, or what they wait for takes too long."""
    settled, times = ledger.settled, ledger.times
    for i in sorted(ledger.too_long):
        key = ledger.candidates[i].initiative_key
        yield key, Step(_own_numbers(ledger, i), f"{named(settled, key)} cannot be worked on within its periods")
    if not times.is_needed:
        return
    needs = settled.problem.constraint_set.prerequisites
    for loop in loops({who: needed for who, needed in needs.items() if who not in ledger.satisfied}):
        held = [key for key in loop if key not in ledger.satisfied]
        paths = tuple(f"prerequisites.{key}" for key in held)
        circle = " and ".join(named(settled, key) for key in held)
        for key in held:
            yield key, Step(paths, f"{circle} wait for each other, so none of them can start")
    yield from _too_late(ledger)


def _own_numbers(ledger: Ledger, i: int) -> tuple[str, ...]:
    """The numbers of a candidate that say when it can be worked on."""
    candidate = ledger.candidates[i]
    start = f"candidates.{candidate.initiative_key}"
    found = [f"{start}.duration_periods"] if candidate.duration_periods > 1 else []
    found += [f"{start}.earliest_period"] if candidate.earliest_period else []
    found += [f"{start}.latest_period"] if candidate.latest_period else []
    return tuple(found)


def _too_late(ledger: Ledger) -> Iterator[tuple[str, Step]]:
    """Candidates for which what comes before takes too long, each with the longest chain that leads to it."""
    times = ledger.times
    earliest: dict[int, int] = {}
    before: dict[int, int | None] = {}
    for i in _in_order(times.waits):
        first, last = times.windows[i]
        lock = times.locked.get(i)
        at, end = (first, last) if lock is None else (max(first, lock), min(last, lock))
        earliest[i], before[i] = at, None
        for needed in times.waits[i]:
            done = earliest[needed] + times.durations[needed]
            if done > earliest[i]:
                earliest[i], before[i] = done, needed
        if earliest[i] > end and i not in ledger.too_long:
            chain = [i]
            while (needed_by := before[chain[-1]]) is not None:
                chain.append(needed_by)
            yield ledger.candidates[i].initiative_key, _late_step(ledger, chain)


def _late_step(ledger: Ledger, chain: Sequence[int]) -> Step:
    """Why the first of a chain, each of which waits for the next, cannot start in time."""
    keys = [ledger.candidates[i].initiative_key for i in chain]
    names = [named(ledger.settled, key) for key in keys]
    paths = [path for i in chain for path in _own_numbers(ledger, i)]
    paths += [f"locks.{key}" for key, i in zip(keys, chain, strict=True) if i in ledger.times.locked]
    paths += [f"prerequisites.{key}" for key in keys[:-1]]
    if len(chain) == 1:
        return Step(tuple(paths), f"{names[0]} is locked to a period in which it cannot start")
    waits = ", which waits for ".join(names[1:])
    return Step(tuple(paths), f"{names[0]} waits for {waits}, and together they take longer than there is time")


def _in_order(waits: Sequence[Sequence[int]]) -> Iterator[int]:
    """The numbers, each after all it waits for; those in a circle, or waiting for one, are left out."""
    open_ = [len(needed) for needed in waits]
    needed_by: list[list[int]] = [[] for _ in waits]
    for who, needed in enumerate(waits):
        for i in needed:
            needed_by[i].append(who)
    ready = [i for i, count in enumerate(open_) if not count]
    while ready:
        i = ready.pop()
        yield i
        for who in needed_by[i]:
            open_[who] -= 1
            if not open_[who]:
                ready.append(who)
