"""Plans judged in exact arithmetic: what a solver proposes is believed only when no rule is found broken here."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm

from engine.ledger import Goal, Ledger, Line, Rule


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a plan breaks, and why: any plan breaks it that goes along with more than ``most`` of these choices
    (numbered as in ``timetable``), to choose those of ``selected`` and to leave out those of ``left_out``."""

    path: str
    selected: frozenset[int]
    left_out: frozenset[int]
    most: int


class Tally:
    """A plan with its sums, which grow and shrink as candidates are added and removed. ``selection`` are the
    candidates, ``starts`` the period (by index) in which each starts."""

    def __init__(self, ledger: Ledger, choices: Iterable[int] = ()) -> None:
        """The plan of these choices, numbered as in ``timetable``; candidates alone start as early as they can."""
        self.ledger = ledger
        self.selection: set[int] = set()
        self.starts: dict[int, int] = {}
        self.sums: list[int] = [0] * len(ledger.lines)
        self.missing: list[int] = [len(synergy.members) for synergy in ledger.synergies]
        self.value_sum = 0
        for i, start in ledger.times.started(choices):
            if i not in self.selection:
                self.add(i, start)

    def add(self, i: int, start: int | None = None) -> None:
        """Selects candidate i, which is not selected, to start then (None: as early as it can)."""
        self.starts[i] = self.ledger.times.windows[i][0] if start is None else start
        self._change(i, 1)
        self.selection.add(i)

    def remove(self, i: int) -> int:
        """Takes candidate i out again; returns the period it would have started in."""
        self._change(i, -1)
        self.selection.discard(i)
        return self.starts.pop(i)

    def choices(self) -> set[int]:
        """The numbers of all that is chosen: candidates and, with several periods, their starts."""
        if not self.ledger.times.is_needed:
            return self.selection
        return self.selection | {self.ledger.times.choice(i, start) for i, start in self.starts.items()}

    def changed(self) -> set[int]:
        """Candidates in only one of the two selections, and those whose start is not the previous one."""
        previous = self.ledger.previous
        if previous is None:
            return set()
        moved = {
            i
            for i, start in self.ledger.times.previous.items()
            if i in previous and i in self.selection and self.starts[i] != start
        }
        return (self.selection ^ previous) | moved

    def sum_of(self, line: Line) -> Fraction:
        """What a line that is not among the ledger's comes to."""
        total = sum(line.terms.get(choice, 0) for choice in self.choices())
        total += sum(amount for s, amount in line.synergies.items() if not self.missing[s])
        return Fraction(total, line.denominator)

    def _change(self, i: int, step: int) -> None:
        ledger = self.ledger
        for line, amount in ledger.touches[i]:
            self.sums[line] += step * amount
        if ledger.times.is_needed:
            for line, amount in ledger.touches[ledger.times.choice(i, self.starts[i])]:
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


class Scoring:
    """The objective of plans in whole numbers over ``unit``: what many are compared by."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        priced = [goal for goal in ledger.goals if goal.price]
        falls = [goal.price / ledger.lines[goal.line].denominator for goal in priced]
        wanted = [goal.price * goal.requirement for goal in priced]
        self.unit = lcm(ledger.value.denominator, *{amount.denominator for amount in (*falls, *wanted)})
        self.times = self.unit // ledger.value.denominator
        self.goals = [
            (goal.line, ledger.lines[goal.line].terms, int(need * self.unit), int(fall * self.unit) * goal.sign)
            for goal, need, fall in zip(priced, wanted, falls, strict=True)
        ]

    def of(self, tally: Tally) -> int:
        """The objective of a plan."""
        missed = sum(max(0, need - fall * tally.sums[line]) for line, _, need, fall in self.goals)
        return tally.value_sum * self.times - missed

    def gain(self, tally: Tally, i: int, step: int) -> int:
        """What a plan gains when candidate i, which no synergy names, is added alone (``step`` 1) or taken out (-1)."""
        gain = step * self.ledger.value.terms.get(i, 0) * self.times
        for line, terms, need, fall in self.goals:
            amount = terms.get(i)
            if amount:
                held = need - fall * tally.sums[line]
                gain += max(0, held) - max(0, held - step * fall * amount)
        return gain


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
    for key, period in rules.locks.items():
        i = ledger.number.get(key)
        if not has(key) or (i is not None and tally.starts[i] != ledger.times.place[period]):
            choices = [] if i is None else [ledger.times.choice(i, ledger.times.place[period])]
            yield Breach(f"locks.{key}", frozenset(), frozenset(choices), len(choices) - 1)
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
    yield from _broken_times(tally)
    if rules.max_changes is not None and len(tally.changed()) > rules.max_changes:
        yield _too_many_changes(tally)


def _broken_times(tally: Tally) -> Iterator[Breach]:
    """Work outside a candidate's periods, and what starts before all that it needs is finished."""
    times = tally.ledger.times
    keys = [candidate.initiative_key for candidate in tally.ledger.candidates]
    for i, start in sorted(tally.starts.items()) if times.is_needed else ():
        chosen = times.choice(i, start)
        if start not in times.starts(i) and times.fits(i):
            yield Breach(f"candidates.{keys[i]}.duration_periods", frozenset([chosen]), frozenset(), 0)
        for first in times.waits[i]:
            if first in tally.starts and times.finish(first, tally.starts[first]) >= start:
                both = frozenset([chosen, times.choice(first, tally.starts[first])])
                yield Breach(f"prerequisites.{keys[i]}", both, frozenset(), 1)


def _too_many_changes(tally: Tally) -> Breach:
    """The changes of a plan, less those that any plan makes."""
    ledger = tally.ledger
    times, previous = ledger.times, ledger.previous or set[int]()
    added: set[int] = set()
    dropped: set[int] = set()
    for i in tally.changed():
        if i not in previous:
            added.add(i)
        elif i not in times.previous:
            dropped.add(i)
        elif times.previous[i] in times.starts(i):
            dropped.add(times.choice(i, times.previous[i]))
    return Breach("max_changes", frozenset(added), frozenset(dropped), len(added) + len(dropped) - 1)


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
    numbers, choices = frozenset(concerned), tally.choices()
    return Breach(path, numbers & choices, numbers - choices, len(numbers) - 1)


def exact_breach(tally: Tally, path: str) -> Breach:
    """The breach that is certain only of this very plan."""
    times = tally.ledger.times
    left_out = frozenset(range(times.count)) - tally.selection
    begun = {times.choice(i, start) for i, start in tally.starts.items()}
    return Breach(path, frozenset(begun), left_out, len(begun) + len(left_out) - 1)


def _least_breach(tally: Tally, path: str, terms: Mapping[int, int], excess: int) -> Breach:
    """Of a sum that is too high by ``excess``: the choices that make it so, as a cover inequality.

    With y = x for positive terms and y = 1 - x for negative ones, all terms are positive. A cover is a set of choices
    too heavy together: smallest first, whatever leaves it too heavy all the same is dropped from it (m are left). It
    is then extended by choices, heaviest first, as long as any m of the extension are too heavy (after Balas, 1975).
    """
    weight = {i: abs(amount) for i, amount in terms.items()}
    choices = tally.choices()
    taken = {i for i, amount in terms.items() if (amount > 0) == (i in choices)}
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
    if any(goal.price for goal in ledger.goals):
        return whole_breach(tally, path, range(len(ledger.candidates)))
    return short_line_breach(tally, path, ledger.value, least)


def short_line_breach(tally: Tally, path: str, line: Line, least: Fraction) -> Breach:
    """Why a line comes to less than ``least``."""
    if line.synergies:
        return whole_breach(tally, path, range(len(tally.ledger.candidates)))
    turned = {i: -amount for i, amount in line.terms.items()}
    missing = ceil(least * line.denominator) - int(tally.sum_of(line) * line.denominator)
    return _least_breach(tally, path, turned, missing)
