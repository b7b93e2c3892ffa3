"""What a planner without an optimiser would do: rank by worth per token, and take what fits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import inf

from engine.exact import Tally, breaches
from engine.ledger import Ledger, Rule
from engine.links import Links
from engine.placing import Placing


def greedy_plan(ledger: Ledger, links: Links) -> Tally | None:
    """The plan that ranking by score or value per token and cutting at capacity reaches under the same rules, or None
    where it ends with a rule broken.

    What is forced comes first, then the best for each floor that is still short, then all else. Each candidate comes
    with what it needs, as early as it can, and only if nothing that held breaks. Shares are looked at last: what
    oversteps them goes out again.
    """
    planner = _Planner(ledger, links)
    planner.fill_floors()
    for i in planner.ranking:
        if planner.worth[i] > 0:
            planner.take(i)
    planner.trim()
    return None if any(breaches(planner.tally)) else planner.tally


class _Planner:
    def __init__(self, ledger: Ledger, links: Links) -> None:
        self.ledger = ledger
        self.links = links
        self.tally = Tally(ledger)
        self.placing = Placing(ledger)
        for i in self.placing.in_order(links.forced):
            if not self.placing.place(self.tally, [i]):
                self.tally.add(i)
        rules = ledger.settled.problem.constraint_set
        excluded = {ledger.number[key] for key in rules.exclusions_initiatives if key in ledger.number}
        self.barred = excluded | ledger.too_long | links.lacks.keys() | links.ousted_by.keys()
        self.worth = self._worths()
        keys = [candidate.initiative_key for candidate in ledger.candidates]
        self.ranking = sorted(range(len(keys)), key=lambda i: (-self.worth[i], keys[i]))
        self.rules_on: dict[int, list[Rule]] = {}
        for rule in ledger.rules:
            if not _is_share(rule):
                self.rules_on.setdefault(rule.line, []).append(rule)
        self.groups_of: dict[int, list[int]] = {}
        self.groups = [
            ([ledger.number[key] for key in group.members if key in ledger.number], group) for group in rules.groups
        ]
        for number, (members, _) in enumerate(self.groups):
            for i in members:
                self.groups_of.setdefault(i, []).append(number)

    def _worths(self) -> list[float]:
        """Value per token, near enough to rank by; a candidate without tokens is worth all the more."""
        ledger = self.ledger
        values, tokens = ledger.value, ledger.lines[ledger.token_line]
        found: list[float] = []
        for i in range(len(ledger.candidates)):
            value, cost = values.terms.get(i, 0), tokens.terms.get(i, 0)
            top, bottom = (value * tokens.denominator, cost) if cost else (value * 10**9, 1)
            found.append(rough(top, bottom * values.denominator))
        return found

    def take(self, i: int, starts: Collection[int] | None = None) -> None:
        """Selects i with all it needs, if nothing that held breaks by it; to start in one of ``starts``, if given."""
        if i in self.tally.selection:
            return
        added = self.links.with_needs(i) - self.tally.selection
        rivals = {rival for j in added for rival in self.links.rivals[j]}
        if added & self.barred or rivals & self.tally.selection or rivals & added:
            return
        touched = {line for j in added for line, _ in self.ledger.touches[j]}
        held = [rule for line in touched for rule in self.rules_on.get(line, ()) if self.tally.is_sound(rule)]
        if not self.placing.place(self.tally, added, starts):
            return
        if not (all(map(self.tally.is_sound, held)) and self._are_groups_sound(added) and self._are_changes_few()):
            for j in sorted(added):
                self.tally.remove(j)

    def _are_groups_sound(self, added: Iterable[int]) -> bool:
        return all(
            group.max_selected is None or self._held(number) <= group.max_selected
            for number in {number for j in added for number in self.groups_of.get(j, ())}
            for _, group in (self.groups[number],)
        )

    def _held(self, number: int) -> int:
        return sum(self.ledger.is_selected(key, self.tally.selection) for key in self.groups[number][1].members)

    def _are_changes_few(self) -> bool:
        most, previous = self.ledger.settled.problem.constraint_set.max_changes, self.ledger.previous
        return most is None or previous is None or len(self.tally.selection - previous) <= most

    def fill_floors(self) -> None:
        """Takes the best for each floor and group that is short, and what the previous plan must keep."""
        times = self.ledger.times
        for rule in self.ledger.rules:
            if rule.low is None or _is_share(rule):
                continue
            terms = self.ledger.lines[rule.line].terms
            for i in self.ranking:
                if self.tally.sums[rule.line] >= rule.low:
                    break
                if terms.get(i, 0) > 0:
                    self.take(i)
                elif rule.parts[0].startswith("period_"):
                    starts = [t for t in times.starts(i) if terms.get(times.choice(i, t), 0) > 0]
                    if starts:
                        self.take(i, starts)
        for number, (members, group) in enumerate(self.groups):
            for i in sorted(members, key=lambda i: -self.worth[i]):
                if self._held(number) < (group.min_selected or 0):
                    self.take(i)
        if self.ledger.settled.problem.constraint_set.max_changes is not None:
            for i in self.ranking:
                if i in (self.ledger.previous or ()):
                    self.take(i)

    def trim(self) -> None:
        """Takes out, the least worth first, what oversteps a share."""
        for rule in self.ledger.rules:
            if not _is_share(rule):
                continue
            sign = 1 if rule.high is not None else -1
            terms = self.ledger.lines[rule.line].terms
            for i in reversed(self.ranking):
                if self.tally.is_sound(rule):
                    break
                gone = self.links.with_dependents(i) & self.tally.selection
                if i in self.tally.selection and sign * terms.get(i, 0) > 0 and not gone & self.links.forced:
                    for j in sorted(gone):
                        self.tally.remove(j)


def rough(top: int, bottom: int) -> float:
    """The ratio, near enough to rank by and quicker to compare."""
    try:
        return top / bottom
    except OverflowError:
        return inf if top > 0 else -inf


def _is_share(rule: Rule) -> bool:
    return rule.path.startswith("share_")
