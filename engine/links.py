"""How candidates hang together: what each needs, what needs it, and what it cannot stand beside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.ledger import Ledger


class Links:
    """By candidate number. ``needs``: prerequisites and bundle mates; ``lacks``: a needed key that nobody can select;
    ``rivals``: the other of an excluded pair; ``ousted_by``: one that is delivered already. ``forced``: what every
    plan holds (mandatory, locked, mates of what is delivered, and what those need)."""

    def __init__(self, ledger: Ledger) -> None:
        count = len(ledger.candidates)
        self.number = ledger.number
        self.satisfied = ledger.satisfied
        self.needs: list[set[int]] = [set() for _ in range(count)]
        self.needed_by: list[set[int]] = [set() for _ in range(count)]
        self.rivals: list[set[int]] = [set() for _ in range(count)]
        self.lacks: dict[int, str] = {}
        self.ousted_by: dict[int, str] = {}
        rules = ledger.settled.problem.constraint_set
        for who, needed in rules.prerequisites.items():
            for key in needed:
                self._need(who, key)
        begun = [*rules.mandatory_initiatives, *rules.locks]
        for bundle in rules.bundles:
            ring = zip(bundle.members, (*bundle.members[1:], *bundle.members[:1]), strict=True)
            for one, other in ring:  # in a ring each member reaches all the others
                self._need(one, other)
            if any(key in self.satisfied for key in bundle.members):
                begun.extend(bundle.members)
        for one, other in rules.exclusions_pairs:
            self._exclude(one, other)
            self._exclude(other, one)
        self.forced = reach([self.number[key] for key in begun if key in self.number], self.needs)

    def _need(self, who: str, key: str) -> None:
        if who not in self.number or key in self.satisfied or key == who:
            return
        if key in self.number:
            self.needs[self.number[who]].add(self.number[key])
            self.needed_by[self.number[key]].add(self.number[who])
        else:
            self.lacks.setdefault(self.number[who], key)

    def _exclude(self, one: str, other: str) -> None:
        if one in self.number and other in self.number:
            self.rivals[self.number[one]].add(self.number[other])
        elif one in self.number and other in self.satisfied:
            self.ousted_by.setdefault(self.number[one], other)

    def with_needs(self, i: int) -> set[int]:
        """Candidate i and all that must be selected with it."""
        return reach([i], self.needs)

    def with_dependents(self, i: int) -> set[int]:
        """Candidate i and all that cannot stay without it."""
        return reach([i], self.needed_by)


def reach(begun: Iterable[int], steps: Sequence[set[int]]) -> set[int]:
    """All that is reached from ``begun`` by the steps."""
    reached = set(begun)
    work = list(reached)
    while work:
        following = steps[work.pop()] - reached
        reached |= following
        work.extend(following)
    return reached
