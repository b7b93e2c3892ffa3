"""The most and the least that each sum can come to, given what is forced in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from engine.consequences import Consequences
from engine.ledger import Ledger, Rule
from engine.sentences import listed
from engine.wording import rule_words, spoken, with_unit

Found = tuple[tuple[str, ...], str]
"""Paths that cannot all hold, and the sentence that says why."""


class Reach:
    """Holds each bound against what its line can come to. All is read with a sign: 1 for a floor, -1 for a cap, so
    that a bound is always to be reached."""

    def __init__(self, ledger: Ledger, follows: Consequences) -> None:
        self.ledger = ledger
        self.follows = follows
        self.forced = follows.numbers(follows.forced)
        self.barred = follows.numbers(follows.barred)

    def exceeded(self, rule: Rule) -> Iterator[Found]:
        """A floor above the most, or a cap below the least, that the line can come to."""
        for bound, sign in ((rule.low, 1), (rule.high, -1)):
            if bound is None or self._is_within(rule.line, bound, sign):
                continue
            options = self._options(rule.line)
            free = {i: max(0, *(sign * amount for amount in held)) for i, held in options.items()}
            fixed = {i: self._fixed(rule.line, i, sign, held) for i, held in options.items()}
            short = sign * bound - sum(free.values()) - self._bonuses(rule.line, sign, known=False)
            needed: list[int] = []
            for i in sorted(options, key=lambda i: (fixed[i] - free[i], i)):
                if short > 0 or fixed[i] == free[i]:
                    break
                needed.append(i)
                short += free[i] - fixed[i]
            if short > 0:
                yield self._unreachable(rule, sign, needed)
                continue
            if self.ledger.lines[rule.line].synergies:
                short = sign * bound - sum(fixed.values()) - self._bonuses(rule.line, sign, known=True)
                if short > 0:
                    yield self._unreachable(
                        rule, sign, self._all_concerned(rule.line, options), self._losses(rule, sign)
                    )

    def most(self, line: int, sign: int) -> Fraction:
        """The most that ``sign`` times the sum of the line can come to, given what is forced in and out; capacity and
        other bounds left aside."""
        options = self._options(line)
        total = sum(self._fixed(line, i, sign, held) for i, held in options.items())
        return Fraction(total + self._bonuses(line, sign, known=True), self.ledger.lines[line].denominator)

    def _is_within(self, line: int, bound: int, sign: int) -> bool:
        """True where the bound is known to be in reach at a glance: most lines are, and are looked at no closer."""
        held = self.ledger.lines[line]
        if held.synergies or self._is_timed(line):
            return False
        most = sum(amount for amount in held.terms.values() if amount > 0) if sign > 0 else 0
        most -= sum(amount for amount in held.terms.values() if amount < 0) if sign < 0 else 0
        for i in self.barred & held.terms.keys():
            most -= max(0, sign * held.terms[i])
        for i in self.forced & held.terms.keys():
            most += min(0, sign * held.terms[i])
        return most >= sign * bound

    def _options(self, line: int) -> dict[int, list[int]]:
        """candidate -> what it may add to the line when it is selected: one amount, or one for each start."""
        terms, times = self.ledger.lines[line].terms, self.ledger.times
        options: dict[int, list[int]] = {}
        for choice, amount in terms.items():
            if choice < times.count:
                options.setdefault(choice, []).append(amount)
        for i in {times.start_of(choice)[0] for choice in terms if choice >= times.count}:
            options[i] = [terms.get(times.choice(i, start), 0) for start in times.starts(i)]
        return options

    def _fixed(self, line: int, i: int, sign: int, options: list[int]) -> int:
        """The most that a candidate can add, given what is forced."""
        if i in self.barred:
            return 0
        amounts = [sign * amount for amount in options]
        if i not in self.forced:
            return max(0, *amounts)
        lock = self.ledger.times.locked.get(i)
        if lock is not None and self.ledger.times.is_needed and self._is_timed(line):
            return sign * self.ledger.lines[line].terms.get(self.ledger.times.choice(i, lock), 0)
        return max(amounts)

    def _is_timed(self, line: int) -> bool:
        return any(choice >= self.ledger.times.count for choice in self.ledger.lines[line].terms)

    def _bonuses(self, line: int, sign: int, *, known: bool) -> int:
        """The most that synergies can add; with ``known``, given what is forced in and out."""
        most = 0
        for s, amount in self.ledger.lines[line].synergies.items():
            members = self.ledger.synergies[s].members
            may = not known or not members & self.barred
            must = known and members <= self.forced
            most += sign * amount if must or (sign * amount > 0 and may) else 0
        return most

    def _all_concerned(self, line: int, options: dict[int, list[int]]) -> list[int]:
        """Every candidate whose being forced in or out may matter to the line."""
        synergies = self.ledger.lines[line].synergies
        members = {i for s in synergies for i in self.ledger.synergies[s].members}
        return sorted((options.keys() | members) & (self.forced | self.barred))

    def _losses(self, rule: Rule, sign: int) -> list[str]:
        """The paths of synergies that are earned for certain, against the bound's interest."""
        earned = self.ledger.lines[rule.line].synergies.items()
        synergies = self.ledger.synergies
        return [synergies[s].path for s, a in earned if sign * a < 0 and synergies[s].members <= self.forced]

    # telling ----------------------------------------------------------------------------------------------------------

    def _unreachable(self, rule: Rule, sign: int, fixed: list[int], losses: Iterable[str] = ()) -> Found:
        words = rule_words(self.ledger.settled, rule)
        what = f"{words[:1].upper()}{words[1:]} cannot be {'reached' if sign > 0 else 'kept'}"
        if not fixed:
            total = self._amount(rule, sign)
            why = f": all there is comes to {total}" if sign > 0 else f": it is at least {total} whatever is chosen"
            return (rule.path,), what + why
        paths, says = [rule.path, *losses], list[str]()
        for i in fixed:
            key = self.ledger.candidates[i].initiative_key
            behind, why_so = self.follows.reason(key)
            paths += behind
            says += why_so
            if self._is_timed(rule.line) and i in self.ledger.times.locked and i in self.forced:
                paths.append(f"locks.{key}")
        return tuple(dict.fromkeys(paths)), f"{what}, since {listed(dict.fromkeys(says), 9)}"

    def _amount(self, rule: Rule, sign: int) -> str:
        options = self._options(rule.line)
        most = sum(max(0, *(sign * amount for amount in held)) for held in options.values())
        most += self._bonuses(rule.line, sign, known=False)
        total = Fraction(sign * most, self.ledger.lines[rule.line].denominator)
        if rule.parts[0] == "targets":
            return with_unit(self.ledger.settled, rule.parts[3], total)
        if rule.parts[0].startswith("count"):
            return f"{spoken(total)} initiatives"
        return f"{spoken(total)} {rule.parts[-3] if 'resource' in rule.parts[0] else 'tokens'}"
