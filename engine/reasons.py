"""One honest sentence for each candidate: why it is in the plan, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from engine.exact import Scoring, Tally
from engine.ledger import Ledger, Rule
from engine.links import Links
from engine.placing import Placing
from engine.wanted import KPI
from engine.wording import percent, rule_words, spoken, unit_words, with_unit


class Reasons:
    """Reasons read off one plan; ``losses`` maps each selected candidate to the objective lost without it, in the whole
    numbers of ``scoring``."""

    def __init__(self, ledger: Ledger, links: Links, plan: Tally, scoring: Scoring, losses: Mapping[int, int]) -> None:
        self.ledger = ledger
        self.settled = ledger.settled
        self.links = links
        self.plan = plan
        self.losses = losses
        self.rules = ledger.settled.problem.constraint_set
        self.scoring = scoring
        self.objective = scoring.of(plan)
        self.left = ""  # tokens of the capacity, in words
        worth = ledger.scales.worth
        self.worth_unit = unit_words(ledger.settled, next(iter(worth))) if worth else ""
        self.placing = Placing(ledger)
        objective = ledger.settled.problem.objective
        self.later = objective.order[1:] if objective.mode == "lexicographic" else ()
        self.is_simple = not (ledger.times.is_needed or self.later or self.rules.max_changes is not None)
        self.had = {kpi_key: self._improving(kpi_key) for kpi_key in self.later}
        self.titles = ledger.settled.titles
        self.excluded = set(self.rules.exclusions_initiatives)
        self.mandatory = set(self.rules.mandatory_initiatives)
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
        if key in self.mandatory:
            return self._because("mandatory", key)
        if i in self.links.forced:
            return self._forced_by(i)
        loss, tokens = self.losses[i], self.ledger.candidates[i].engineering_tokens
        if loss > 0:
            return f"worth {self._worth(loss)}, for {spoken(tokens)} tokens"
        with _without(self.plan, self.links.with_dependents(i) & self.plan.selection):
            lost = next(((k, -gain) for k, gain in self._later_gains() if gain < 0), None)
        if lost is not None:
            return f"worth {with_unit(self.settled, *lost)}, for {spoken(tokens)} tokens"
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
        with _without(self.plan, gone) as starts:
            broken = next(self._broken_amounts(starts), None)
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
        if self._is_alone(i, added):
            is_placed, first, given_up = True, 0, None
            gain, broken = self.scoring.gain(self.plan, i, 1), self._broken_by(i)
        else:
            is_placed, first, gain, broken, given_up = self._tried(i, added)
        if gain < 0:
            return f"would make the plan worse by {self._worth(-gain)}"
        if gain == 0 and (not self.later or broken is None):
            return "adds nothing to the objective"
        company = f" with {self._name(min(added - {i}))}, which it needs," if added - {i} else ""
        if isinstance(broken, Rule) and broken.parts == ("capacity_total_tokens",):
            self.left = self.left or spoken(broken.bound - self.plan.tokens())
            tokens = [self.ledger.candidates[j].engineering_tokens for j in added]
            wanted = tokens[0] if len(tokens) == 1 else sum(map(Fraction, tokens), Fraction(0))
            return f"no room: it takes{company} {spoken(wanted)} tokens and {self.left} are left"
        words = rule_words(self.settled, broken) if isinstance(broken, Rule) else broken
        if not is_placed:
            return self._no_time(company, first, words)
        if words is not None:
            return f"no room:{company} it would break {words}"
        if given_up is not None:
            return f"would fit and add {self._worth(gain)}, but cost {with_unit(self.settled, *given_up)}"
        return f"would fit and add {self._worth(gain)}; the search ended before a plan with it was found"

    def _is_alone(self, i: int, added: set[int]) -> bool:
        """True where nothing but its own amounts and value decides whether i can be added."""
        is_single = len(added) == 1 and not self.ledger.synergies_of[i]
        return self.is_simple and is_single and self.ledger.candidates[i].initiative_key not in self.groups_of

    def _broken_by(self, i: int) -> Rule | None:
        """The first rule about an amount that the plan breaks with i added alone; its lines are in order."""
        sums = self.plan.sums
        for line, amount in self.ledger.touches[i]:
            held = sums[line] + amount
            for rule in self.rules_on.get(line, ()):
                if (rule.low is not None and held < rule.low) or (rule.high is not None and held > rule.high):
                    return rule
        return None

    def _tried(self, i: int, added: set[int]) -> tuple[bool, int, int, Rule | str | None, tuple[str, Fraction] | None]:
        """What comes of adding these: whether there is time for them, the start of i, what is gained, what breaks, and
        what a later KPI loses."""
        is_placed = self.placing.place(self.plan, added)
        for j in () if is_placed else added:
            self.plan.add(j)
        gain = self.scoring.of(self.plan) - self.objective
        starts = {j: self.plan.starts[j] for j in added}
        broken = next(self._broken_amounts(starts), None) or self._broken_choice(added)
        given_up = next(((k, -later) for k, later in self._later_gains() if later < 0), None)
        for j in added:
            self.plan.remove(j)
        return is_placed, starts[i], gain, broken, given_up

    def _no_time(self, company: str, first: int, words: str | None) -> str:
        """Why nothing is left of the plan's time; ``first`` is the earliest start, ``words`` what would break then."""
        if words is None:
            return f"no room:{company} it would have to start before what it waits for is finished"
        period = self.settled.period_names[self.settled.problem.periods[first]]
        return f"no room in any period;{company} from {period} it would break {words}"

    def _barred(self, i: int) -> str | None:
        """Why no plan can hold i, whatever else it holds."""
        candidate = self.ledger.candidates[i]
        if candidate.initiative_key in self.excluded:
            return self._because("excluded", candidate.initiative_key)
        if i in self.ledger.too_long:
            count = candidate.duration_periods
            return f"does not fit into the plan's time: it takes {count} {'period' if count == 1 else 'periods'}"
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

    def _broken_amounts(self, changed: Mapping[int, int]) -> Iterator[Rule]:
        """Rules about amounts that the plan as it stands breaks, among those that the changed candidates (with their
        starts) touch."""
        times = self.ledger.times
        touched = {*changed, *(times.choice(j, start) for j, start in changed.items())}
        lines = {line for choice in touched for line, _ in self.ledger.touches[choice]}
        lines |= {
            line for j in changed for s in self.ledger.synergies_of[j] for line, _ in self.ledger.synergy_touches[s]
        }
        for line in sorted(lines):
            for rule in self.rules_on.get(line, ()):
                if not self.plan.is_sound(rule):
                    yield rule

    def _are_changes_many(self) -> bool:
        return self.rules.max_changes is not None and len(self.plan.changed()) > self.rules.max_changes

    def _improving(self, kpi_key: str) -> Fraction:
        return self.plan.sum_of(self.ledger.measure_line(KPI + kpi_key))

    def _later_gains(self) -> Iterator[tuple[str, Fraction]]:
        """What the plan as it stands has more than the plan itself of each later KPI of a lexicographic order."""
        for kpi_key in self.later:
            yield kpi_key, self._improving(kpi_key) - self.had[kpi_key]

    def _worth(self, whole: int) -> str:
        """An amount of the objective, in the whole numbers of ``scoring``, in words."""
        mode, amount = self.settled.problem.objective.mode, Fraction(whole, self.scoring.unit)
        if mode in ("north_star", "lexicographic"):
            return f"{spoken(amount)} {self.worth_unit}"
        if mode == "score":
            return f"{spoken(amount)} score"
        share = Fraction(whole, self.objective) if self.objective > 0 else None
        return f"{spoken(amount)} of weighted value" if share is None else f"{percent(share)} of the plan's value"

    def _name(self, i: int) -> str:
        key = self.ledger.candidates[i].initiative_key
        return self.titles.get(key) or self.settled.shown(key)


class _without:  # noqa: N801 — reads as a word in a with statement
    """The plan without these candidates, for the length of the block."""

    def __init__(self, plan: Tally, gone: set[int]) -> None:
        self.plan = plan
        self.gone = sorted(gone)
        self.starts: dict[int, int] = {}

    def __enter__(self) -> dict[int, int]:
        """The period in which each of them started."""
        self.starts = {i: self.plan.remove(i) for i in self.gone}
        return self.starts

    def __exit__(self, *_: object) -> None:
        for i, start in self.starts.items():
            self.plan.add(i, start)
