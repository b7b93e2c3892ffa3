"""Where candidates fit into the periods of a plan: each as early as it can, one after the other, nothing moved."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.exact import Tally
from engine.ledger import Ledger, Rule


class Placing:
    """Puts candidates into plans of one ledger so that what they wait for is finished before and no rule about a period
    breaks that held. With one period everything fits."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.times = ledger.times
        self.rules_on: dict[int, list[Rule]] = {}
        for rule in ledger.rules if self.times.is_needed else ():
            if rule.parts[0].startswith("period_"):
                self.rules_on.setdefault(rule.line, []).append(rule)

    def place(self, plan: Tally, added: Iterable[int], only: Collection[int] | None = None) -> bool:
        """Adds all of ``added``, or none and returns False. ``only`` are the starts allowed for the last of them (None:
        any)."""
        ordered = self.in_order(added)
        for number, i in enumerate(ordered):
            starts = only if only is not None and number == len(ordered) - 1 else None
            if not self._put(plan, i, starts):
                for j in ordered[:number]:
                    plan.remove(j)
                return False
        return True

    def in_order(self, added: Iterable[int]) -> list[int]:
        """Each after what it waits for, as far as that is possible."""
        left = set(added)
        ordered: list[int] = []
        while left:
            ready = [i for i in left if left.isdisjoint(self.times.waits[i])] or sorted(left)[:1]
            ordered.extend(sorted(ready))
            left.difference_update(ready)
        return ordered

    def _put(self, plan: Tally, i: int, only: Collection[int] | None) -> bool:
        if not self.times.is_needed:
            plan.add(i)
            return True
        waits = self.times.waits[i]
        if not plan.selection.issuperset(waits):  # they wait for each other
            return False
        earliest = max((self.times.finish(j, plan.starts[j]) + 1 for j in waits), default=0)
        locked = self.times.locked.get(i)
        for start in self.times.starts(i):
            if start < earliest or (locked is not None and start != locked) or (only is not None and start not in only):
                continue
            lines = [line for line, _ in self.ledger.touches[self.times.choice(i, start)]]
            held = [rule for line in lines for rule in self.rules_on.get(line, ()) if plan.is_sound(rule)]
            plan.add(i, start)
            if all(map(plan.is_sound, held)):
                return True
            plan.remove(i)
        return False
