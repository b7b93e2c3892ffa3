"""Plans judged in exact arithmetic: what a solver proposes is believed only when no rule is found broken here."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from engine.ledger import Goal, Ledger, Rule


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a plan breaks, and why: any plan breaks it that goes along with more than ``most`` of these choices,
    to select those of ``selected`` and to leave out those of ``left_out``."""

    path: str
    selected: frozenset[int]
    left_out: frozenset[int]
    most: int


class Tally:
    """A plan with its sums, which grow and shrink as candidates are added and removed."""

    def __init__(self, ledger: Ledger, selection: Iterable[int] = ()) -> None:
        self.ledger = ledger
        self.selection: set[int] = set()
        self.sums: list[int] = [0] * len(ledger.lines)
        self.missing: list[int] = [len(synergy.members) for synergy in ledger.synergies]
        self.value_sum = 0
        for i in sorted(set(selection)):
            self.add(i)

    def add(self, i: int) -> None:
        """Selects candidate i, which is not selected."""
        self._change(i, 1)
        self.selection.add(i)

    def remove(self, i: int) -> None:
        """Takes candidate i out again."""
        self._change(i, -1)
        self.selection.discard(i)

    def _change(self, i: int, step: int) -> None:
        ledger = self.ledger
        for line, amount in ledger.touches[i]:
            self.sums[line] += step * amount
        self.value_sum += step * ledger.value.terms.get(i, 0)
        for s in ledger.synergies_of[i]:
            was_earned = not self.missing[s]
            self.missing[s] -= step
            if was_earned or not self.missing[s]:
                for line, amount in ledger.synergy_touches[s]:
                    self.sums[line] += step * amount
                self.value_sum += step * ledger.value.synergies.get(s, 0)

    def total(self, line: int) -> Fraction:
        """What the line sums up to, in its own unit."""
        return Fraction(self.sums[line], self.ledger.lines[line].denominator)

    @property
    def value(self) -> Fraction:
        """The table's line of section 2."""
        return Fraction(self.value_sum, self.ledger.value.denominator)

    @property
    def goal_penalty(self) -> Fraction:
        """What missed goals cost."""
        return sum((goal.price * self._short(goal) for goal in self.ledger.goals if goal.price), Fraction(0))

    @property
    def objective(self) -> Fraction:
        """Value less goal penalty: what is maximised."""
        return self.value - self.goal_penalty

    def _short(self, goal: Goal) -> Fraction:
        return max(Fraction(0), goal.requirement - goal.sign * self.total(goal.line))

    def tokens(self) -> Fraction:
        """Tokens of all selected."""
        return self.total(self.ledger.token_line)

    def is_sound(self, rule: Rule) -> bool:
        """True where the plan keeps the rule."""
        held = self.sums[rule.line]
        return (rule.low is None or held >= rule.low) and (rule.high is None or held <= rule.high)


def breaches(tally: Tally) -> Iterator[Breach]:
    """Every rule that the plan breaks."""
    yield from _broken_logic(tally)
    for rule in tally.ledger.rules:
        if not tally.is_sound(rule):
            yield line_breach(tally, rule)


def _broken_logic(tally: Tally) -> Iterator[Breach]:
    """The broken rules about single initiatives and how they go together."""
    ledger, selection = tally.ledger, tally.selection
    rules = ledger.settled.problem.constraint_set

    def has(key: str) -> bool:
        return ledger.is_selected(key, selection)

    def breach(path: str, keys: Iterable[str]) -> Breach:
        numbers = {ledger.number[key] for key in keys if key in ledger.number}
        return Breach(path, frozenset(numbers & selection), frozenset(numbers - selection), len(numbers) - 1)

    for i in sorted(selection & ledger.too_long):
        yield breach(
            f"candidates.{ledger.candidates[i].initiative_key}.duration_periods", [ledger.candidates[i].initiative_key]
        )
    for key in rules.mandatory_initiatives:
        if not has(key):
            yield breach(f"mandatory_initiatives.{key}", [key])
    for key in rules.locks:
        if not has(key):
            yield breach(f"locks.{key}", [key])
    for key in rules.exclusions_initiatives:
        if key in ledger.number and ledger.number[key] in selection:
            yield breach(f"exclusions_initiatives.{key}", [key])
    for one, other in rules.exclusions_pairs:
        if has(one) and has(other):
            yield breach(f"exclusions_pairs.{one}+{other}", [one, other])
    for bundle in rules.bundles:
        if 0 < sum(map(has, bundle.members)) < len(bundle.members):
            yield breach(f"bundles.{bundle.bundle_key}", bundle.members)
    for group in rules.groups:
        held = sum(map(has, group.members))
        if held < (group.min_selected or 0) or (group.max_selected is not None and held > group.max_selected):
            yield breach(f"groups.{group.group_key}", group.members)
    for who, needed in rules.prerequisites.items():
        if who in ledger.number and ledger.number[who] in selection:
            for key in needed:
                if not has(key):
                    yield breach(f"prerequisites.{who}", [who, key])
    previous = ledger.previous
    if rules.max_changes is not None and previous is not None and len(selection ^ previous) > rules.max_changes:
        added, dropped = frozenset(selection - previous), frozenset(previous - selection)
        yield Breach("max_changes", added, dropped, len(added) + len(dropped) - 1)


def line_breach(tally: Tally, rule: Rule) -> Breach:
    """A broken bound with as few candidates as make it break, so that what is cut off is cut off in all its likes."""
    line = tally.ledger.lines[rule.line]
    if line.synergies:
        members = {i for s in line.synergies for i in tally.ledger.synergies[s].members}
        return whole_breach(tally, rule.path, members | line.terms.keys())
    if rule.high is not None and tally.sums[rule.line] > rule.high:
        return _least_breach(tally, rule.path, line.terms, tally.sums[rule.line] - rule.high)
    assert rule.low is not None
    turned = {i: -amount for i, amount in line.terms.items()}
    return _least_breach(tally, rule.path, turned, rule.low - tally.sums[rule.line])


def whole_breach(tally: Tally, path: str, concerned: Iterable[int]) -> Breach:
    """The breach that is certain only while all that are concerned stay as they are."""
    numbers = frozenset(concerned)
    return Breach(path, numbers & tally.selection, numbers - tally.selection, len(numbers) - 1)


def _least_breach(tally: Tally, path: str, terms: Mapping[int, int], excess: int) -> Breach:
    """Of a sum that is too high by ``excess``: the choices that make it so, as a cover inequality.

    With y = x for positive terms and y = 1 - x for negative ones, all terms are positive. A cover is a set of choices
    too heavy together: smallest first, whatever leaves it too heavy all the same is dropped from it (m are left). It
    is then extended by choices, heaviest first, as long as any m of the extension are too heavy (after Balas, 1975).
    """
    weight = {i: abs(amount) for i, amount in terms.items()}
    taken = {i for i, amount in terms.items() if (amount > 0) == (i in tally.selection)}
    room = sum(weight[i] for i in taken) - excess
    cover: set[int] = set()
    for i in sorted(taken, key=lambda i: (weight[i], i)):
        if weight[i] < excess:
            excess -= weight[i]
        else:
            cover.add(i)
    if not cover:  # no plan can keep it
        return Breach(path, frozenset(), frozenset(), -1)
    count, lightest = len(cover), sorted(weight[i] for i in cover)
    total = sum(lightest)
    for i in sorted(terms.keys() - cover, key=lambda i: (-weight[i], i)):
        if weight[i] < lightest[count - 1]:
            total += weight[i] - lightest[count - 1]
            if total <= room:
                break
        insort(lightest, weight[i])
        cover.add(i)
    ups = frozenset(i for i in cover if terms[i] > 0)
    return Breach(path, ups, frozenset(cover - ups), count - 1)


def short_breach(tally: Tally, least: Fraction) -> Breach:
    """Why the plan's objective falls short of ``least``."""
    ledger = tally.ledger
    path = "at_least.objective"
    if ledger.value.synergies or any(goal.price for goal in ledger.goals):
        return whole_breach(tally, path, range(len(ledger.candidates)))
    turned = {i: -amount for i, amount in ledger.value.terms.items()}
    return _least_breach(tally, path, turned, ceil(least * ledger.value.denominator) - tally.value_sum)


def contradiction(ledger: Ledger) -> str | None:
    """The path of a rule that provably no plan can keep, found without a solver; None where none was found.

    Follows what is forced in and out through bundles, prerequisites, pairs and locks, and then compares each bound
    with the most and the least its line can come to.
    """
    forced, barred, clash = _consequences(ledger)
    if clash is not None:
        return clash
    for rule in ledger.rules:
        line = ledger.lines[rule.line]
        lowest = highest = 0
        for i, amount in line.terms.items():
            lowest += amount if i in forced or (amount < 0 and i not in barred) else 0
            highest += amount if i in forced or (amount > 0 and i not in barred) else 0
        for s, amount in line.synergies.items():
            members = ledger.synergies[s].members
            lowest += amount if members <= forced or (amount < 0 and not members & barred) else 0
            highest += amount if members <= forced or (amount > 0 and not members & barred) else 0
        if (rule.low is not None and highest < rule.low) or (rule.high is not None and lowest > rule.high):
            return rule.path
    return None


def _consequences(ledger: Ledger) -> tuple[set[int], set[int], str | None]:
    """Candidates that every plan selects, those that none does, and the path of a rule by which one would be both."""
    rules = ledger.settled.problem.constraint_set
    forced: set[str] = set(ledger.satisfied)
    barred = {ledger.candidates[i].initiative_key for i in ledger.too_long}
    barred |= {key for key in rules.exclusions_initiatives if key not in ledger.satisfied}
    implied = [(path, one, other) for path, one, other in _implications(ledger)]
    named = {key for _, one, other in implied for key in (one, other)} | {
        k for pair in rules.exclusions_pairs for k in pair
    }
    named |= {*rules.mandatory_initiatives, *rules.locks}
    barred |= {key for key in named if key not in ledger.number and key not in ledger.satisfied}
    needed = [(f"mandatory_initiatives.{key}", key) for key in rules.mandatory_initiatives]
    needed += [(f"locks.{key}", key) for key in rules.locks]
    for path, key in needed:
        if key in barred:
            return set(), set(), path
        forced.add(key)
    follows = _Follows(implied, rules.exclusions_pairs)
    clash = follows.spread(forced, barred)
    numbers = ledger.number
    return {numbers[k] for k in forced if k in numbers}, {numbers[k] for k in barred if k in numbers}, clash


def _implications(ledger: Ledger) -> Iterator[tuple[str, str, str]]:
    """(path, a, b) for each "a selected needs b selected"; what was delivered earlier has no prerequisites."""
    rules = ledger.settled.problem.constraint_set
    for who, needed in rules.prerequisites.items():
        if who not in ledger.satisfied:
            yield from ((f"prerequisites.{who}", who, key) for key in needed)
    for bundle in rules.bundles:
        members = bundle.members
        yield from (
            (f"bundles.{bundle.bundle_key}", a, b) for a, b in zip(members, (*members[1:], members[0]), strict=True)
        )


class _Follows:
    """What follows from what is forced in or out, by implications and pairs."""

    def __init__(self, implied: Iterable[tuple[str, str, str]], pairs: Iterable[tuple[str, str]]) -> None:
        self.needs: dict[str, list[tuple[str, str]]] = {}
        self.needed_by: dict[str, list[tuple[str, str]]] = {}
        self.excludes: dict[str, list[tuple[str, str]]] = {}
        for path, one, other in implied:
            self.needs.setdefault(one, []).append((path, other))
            self.needed_by.setdefault(other, []).append((path, one))
        for one, other in pairs:
            path = f"exclusions_pairs.{one}+{other}"
            self.excludes.setdefault(one, []).append((path, other))
            self.excludes.setdefault(other, []).append((path, one))

    def spread(self, forced: set[str], barred: set[str]) -> str | None:
        """Adds all that follows to both sets; the path by which one key came into both, or None."""
        work = [(key, True) for key in sorted(forced)] + [(key, False) for key in sorted(barred)]
        while work:
            key, is_in = work.pop()
            inward = self.needs.get(key, []) if is_in else []
            outward = self.excludes.get(key, []) if is_in else self.needed_by.get(key, [])
            for path, other in inward:
                if other in barred:
                    return path
                if other not in forced:
                    forced.add(other)
                    work.append((other, True))
            for path, other in outward:
                if other in forced:
                    return path
                if other not in barred:
                    barred.add(other)
                    work.append((other, False))
        return None
