"""One honest sentence for each candidate: why it is in the plan, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from engine.exact import Tally
from engine.ledger import Ledger, Rule
from engine.links import Links
from engine.wording import percent, rule_words, spoken, with_unit


class Reasons:
    """Reasons read off one plan; ``losses`` maps each selected candidate to the objective lost without it."""

    def __init__(self, ledger: Ledger, links: Links, plan: Tally, losses: dict[int, Fraction]) -> None:
        self.ledger = ledger
        self.settled = ledger.settled
        self.links = links
        self.plan = plan
        self.losses = losses
        self.rules = ledger.settled.problem.constraint_set
        self.objective = plan.objective
        self.titles = ledger.settled.titles
        self.excluded = set(self.rules.exclusions_initiatives)
        self.rules_on: dict[int, list[Rule]] = {}
        for rule in ledger.rules:
            self.rules_on.setdefault(rule.line, []).append(rule)
        self.groups_of: dict[str, list[int]] = {}
        for number, group in enumerate(self.rules.groups):
            for key in group.members:
                self.groups_of.setdefault(key, []).append(number)

    def of(self, i: int) -> str:
        """The sentence for candidate i."""
        return self._why_in(i) if i in self.plan.selection else self._why_out(i)

    # in ---------------------------------------------------------------------------------------------------------------

    def _why_in(self, i: int) -> str:
        key = self.ledger.candidates[i].initiative_key
        if key in self.rules.locks:
            period = self.settled.period_names.get(self.rules.locks[key], "")
            return self._because(f"locked to {period}" if period else "locked", key)
        if key in self.rules.mandatory_initiatives:
            return self._because("mandatory", key)
        if i in self.links.forced:
            return self._forced_by(i)
        loss = self.losses[i]
        if loss > 0:
            return f"worth {self._worth(loss)}, for {spoken(self.ledger.candidates[i].engineering_tokens)} tokens"
        kept = self._kept_by(i)
        if kept:
            return f"needed for {kept}"
        needing = [j for j in sorted(self.links.needed_by[i]) if j in self.plan.selection]
        if needing:
            return f"{self._name(needing[0])} needs it"
        if self.ledger.previous is not None and i in self.ledger.previous:
            return "makes no difference to the objective; kept from the previous plan"
        return "makes no difference to the objective"

    def _because(self, what: str, key: str) -> str:
        reason = self.rules.reasons.get(key, "").strip()
        return f"{what}: {reason}" if reason else what

    def _forced_by(self, i: int) -> str:
        for j in sorted(self.links.needed_by[i]):
            if j in self.links.forced and j != i:
                return f"needed by {self._name(j)}, which must be in the plan"
        return "belongs together with an initiative that is delivered already"

    def _kept_by(self, i: int) -> str | None:
        """A rule that would break without i and what needs it."""
        gone = self.links.with_dependents(i) & self.plan.selection
        with _changed(self.plan, gone):
            broken = next(self._broken_amounts(gone), None)
            if broken is not None:
                return rule_words(self.settled, broken)
            for number in sorted(
                {n for j in gone for n in self.groups_of.get(self.ledger.candidates[j].initiative_key, ())}
            ):
                group = self.rules.groups[number]
                held = sum(self.ledger.is_selected(key, self.plan.selection) for key in group.members)
                if held < (group.min_selected or 0):
                    return f"a group of which at least {group.min_selected} must be in"
            return "the limit on changes" if self._are_changes_many() else None

    # out --------------------------------------------------------------------------------------------------------------

    def _why_out(self, i: int) -> str:
        barred = self._barred(i)
        if barred:
            return barred
        added = self.links.with_needs(i) - self.plan.selection
        for j in sorted(added - {i}):
            if self._barred(j):
                return f"needs {self._name(j)}, which cannot be in: {self._barred(j)}"
        for j in (i, *sorted(added - {i})):
            rivals = sorted((self.links.rivals[j] & self.plan.selection) | (self.links.rivals[j] & added))
            if rivals:
                who = "" if j == i else f"needs {self._name(j)}, which "
                return f"{who}cannot go together with {self._name(rivals[0])}"
        with _changed(self.plan, added):
            gain = self.plan.objective - self.objective
            if gain < 0:
                return f"would make the plan worse by {self._worth(-gain)}"
            if gain == 0:
                return "adds nothing to the objective"
            broken = next(self._broken_amounts(added), None) or self._broken_choice(added)
        company = f" with {self._name(min(added - {i}))}, which it needs," if added - {i} else ""
        if isinstance(broken, Rule) and broken.parts == ("capacity_total_tokens",):
            left = broken.bound - self.plan.tokens()
            wanted = sum((Fraction(self.ledger.candidates[j].engineering_tokens) for j in added), Fraction(0))
            return f"no room: it takes{company} {spoken(wanted)} tokens and {spoken(left)} are left"
        if broken is not None:
            words = rule_words(self.settled, broken) if isinstance(broken, Rule) else broken
            return f"no room:{company} it would break {words}"
        return f"would fit and add {self._worth(gain)}; the search ended before a plan with it was found"

    def _barred(self, i: int) -> str | None:
        """Why no plan can hold i, whatever else it holds."""
        candidate = self.ledger.candidates[i]
        if candidate.initiative_key in self.excluded:
            return self._because("excluded", candidate.initiative_key)
        if i in self.ledger.too_long:
            return f"does not fit into the plan's time: it takes {candidate.duration_periods} periods"
        if i in self.links.lacks:
            return f"needs {self.settled.shown(self.links.lacks[i])}, which is neither a candidate nor delivered"
        if i in self.links.ousted_by:
            return f"cannot go together with {self.settled.shown(self.links.ousted_by[i])}, which is delivered"
        return None

    def _broken_choice(self, added: set[int]) -> str | None:
        for number in sorted(
            {n for j in added for n in self.groups_of.get(self.ledger.candidates[j].initiative_key, ())}
        ):
            group = self.rules.groups[number]
            held = sum(self.ledger.is_selected(key, self.plan.selection) for key in group.members)
            if group.max_selected is not None and held > group.max_selected:
                return f"a group of which at most {group.max_selected} may be in"
        return "the limit on changes" if self._are_changes_many() else None

    # both -------------------------------------------------------------------------------------------------------------

    def _broken_amounts(self, changed: set[int]) -> Iterator[Rule]:
        """Rules about amounts that the plan as it stands breaks, among those that the changed candidates touch."""
        lines = {line for j in changed for line, _ in self.ledger.touches[j]}
        lines |= {
            line for j in changed for s in self.ledger.synergies_of[j] for line, _ in self.ledger.synergy_touches[s]
        }
        for line in sorted(lines):
            for rule in self.rules_on.get(line, ()):
                if not self.plan.is_sound(rule):
                    yield rule

    def _are_changes_many(self) -> bool:
        most, previous = self.rules.max_changes, self.ledger.previous
        return most is not None and previous is not None and len(self.plan.selection ^ previous) > most

    def _worth(self, amount: Fraction) -> str:
        """An amount of the objective in words."""
        mode = self.settled.problem.objective.mode
        if mode == "north_star":
            return with_unit(self.settled, next(iter(self.ledger.scales.worth)), amount)
        if mode == "score":
            return f"{spoken(amount)} score"
        share = amount / self.objective if self.objective > 0 else None
        return f"{spoken(amount)} of weighted value" if share is None else f"{percent(share)} of the plan's value"

    def _name(self, i: int) -> str:
        key = self.ledger.candidates[i].initiative_key
        return self.titles.get(key) or self.settled.shown(key)


class _changed:  # noqa: N801 — reads as a word in a with statement
    """The plan with these candidates turned, for the length of the block."""

    def __init__(self, plan: Tally, turned: set[int]) -> None:
        self.plan = plan
        self.turned: Sequence[int] = sorted(turned)

    def __enter__(self) -> None:
        self._turn()

    def __exit__(self, *_: object) -> None:
        self._turn()

    def _turn(self) -> None:
        for i in self.turned:
            if i in self.plan.selection:
                self.plan.remove(i)
            else:
                self.plan.add(i)
