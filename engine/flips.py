"""Why in, why out: the objective lost by forcing the other choice, or the rules that leave none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from engine.clause_words import cells_of, clause_words, title_of
from engine.clauses import Clause, clauses, sources_of
from engine.conflict import conflicting
from engine.consequences import Consequences
from engine.probe import Outlook, Prober, Probers
from engine.sentences import listed
from engine.statements import Base, Statement, closest

_OWN = {
    "mandatory_initiatives": "it is mandatory",
    "exclusions_initiatives": "it is excluded",
    "locks": "it is locked",
}
SHARE = 0.4
"""Of the time, what the other choices may take; the rest is for prices and what would get somebody in."""
MOST_FORCED = 30
"""Candidates without a choice for which the rules behind it are sought out by solving."""


@dataclass(frozen=True, slots=True)
class Flip:
    """Candidate ``i`` with the other choice: what the objective could then be, or the rules that allow no such plan."""

    i: int
    is_in: bool
    outlook: Outlook
    rules: tuple[str, ...] = ()
    says: str = ""

    @property
    def is_open(self) -> bool:
        """True where the rules leave the choice, as far as is known."""
        return self.outlook.is_possible is not False


def flips(
    base: Base,
    probers: Probers,
    asked: Collection[int],
    most_exact: int | None,
    gap: float,
    among: Collection[int] | None = None,
) -> list[Flip]:
    """The other choice of each candidate. ``most_exact`` None: all are solved; else those ``asked`` for and that many
    of the closest calls, the closest first, and the others are bounded. ``among``: of these alone."""
    numbers = list(range(len(base.case.ledger.candidates))) if among is None else sorted(among)
    known = _known(base)
    open_ = [i for i in numbers if i not in known]
    found: dict[int, Flip] = dict(known)
    exact = open_
    if most_exact is not None:
        bounds = probers.each(lambda prober, i: _bounded(base, prober, i), open_)
        found.update((flip.i, flip) for flip in bounds)
        near = [(flip.i, base.lost(flip.outlook)[0]) for flip in bounds if flip.is_open]
        named = [i for i in sorted(asked) if i in found and found[i].is_open]
        exact = [i for i in dict.fromkeys((*named, *closest(near, most_exact))) if i not in known]
    share = max(0.05, SHARE * probers.left() / max(1, len(exact)) * 2)  # two are at it
    solved = probers.each(lambda prober, i: _solved(base, prober, i, gap, share), exact)
    for flip in solved:
        before = found.get(flip.i)
        found[flip.i] = flip if before is None or not flip.is_open else replace(flip, outlook=_met(before, flip))
    return _with_reasons(base, probers, [found[i] for i in numbers], {*asked, *exact})


def _met(before: Flip, after: Flip) -> Outlook:
    highs = [high for high in (before.outlook.high, after.outlook.high) if high is not None]
    return replace(after.outlook, high=min(highs, default=None))


def _held(base: Base, i: int) -> dict[int, int]:
    return {i: int(i not in base.plan)}


def _bounded(base: Base, prober: Prober, i: int) -> Flip:
    return Flip(i, i in base.plan, prober.bound(base.case, _held(base, i)))


def _solved(base: Base, prober: Prober, i: int, gap: float, limit_s: float) -> Flip:
    outlook = prober.best(base.case, _held(base, i), gap=gap, limit_s=limit_s)
    if outlook.high is None and outlook.is_possible is not False:
        outlook = replace(outlook, high=prober.bound(base.case, _held(base, i)).high)
    return Flip(i, i in base.plan, outlook)


def _known(base: Base) -> dict[int, Flip]:
    """Those whose choice follows from the rules without solving."""
    follows, ledger = Consequences(base.case.ledger), base.case.ledger
    found: dict[int, Flip] = {}
    for is_in, keys in ((True, follows.forced), (False, follows.barred)):
        for key in keys:
            i = ledger.number.get(key)
            if i is None or (i in base.plan) != is_in:
                continue
            paths, says = follows.reason(key)
            words = listed(dict.fromkeys(_plain(base, one) for one in says), 9)
            rules = tuple(dict.fromkeys(paths))
            told = _own_rule(base, key, rules[0]) if len(says) == 1 and rules else words
            found[i] = Flip(i, is_in, Outlook(is_possible=False), rules, told or words)
    return found


def _own_rule(base: Base, key: str, path: str) -> str:
    """What the rule that says it of the initiative itself is called, and the reason that was given for it."""
    said = _OWN.get(path.partition(".")[0], "")
    cells = sources_of(base.settled.problem, path)
    reason = base.settled.problem.constraint_set.reasons.get(key, "").strip()
    where = f" ({cells[0].cell})" if cells else ""
    return f"{said}{where}{f', {reason}' if reason else ''}" if said else ""


def _plain(base: Base, says: str) -> str:
    """The sentence without the keys behind the titles."""
    for candidate in base.settled.problem.candidates:
        if candidate.title.strip():
            says = says.replace(f" ({base.settled.shown(candidate.initiative_key)})", "")
    return says


def _with_reasons(base: Base, probers: Probers, found: Sequence[Flip], wanted: Collection[int]) -> list[Flip]:
    """The rules that leave no choice, where solving showed that there is none."""
    unexplained = [flip for flip in found if not flip.is_open and not flip.says and flip.i in wanted][:MOST_FORCED]
    listed_ = clauses(base.settled.problem)

    def reasoned(prober: Prober, flip: Flip) -> Flip:
        rules = conflicting(base.case, listed_, prober, _held(base, flip.i))
        return replace(flip, rules=tuple(rule.path for rule in rules), says=_because(base, rules))

    made = {flip.i: flip for flip in probers.each(reasoned, unexplained)}
    return [made.get(flip.i, flip) for flip in found]


def _because(base: Base, rules: Sequence[Clause]) -> str:
    if not rules:
        return ""
    said: list[str] = []
    for rule in rules:
        cells = cells_of(base.settled, rule)
        said.append(f"{clause_words(base.settled, rule)}{f' ({cells[0].cell})' if cells else ''}")
    return listed(said, 9)


def flip_statement(base: Base, flip: Flip) -> Statement:
    """The flip in words."""
    key = base.case.ledger.candidates[flip.i].initiative_key
    title, path = title_of(base.settled, key), f"candidates.{key}"
    kind = "why_in" if flip.is_in else "why_out"
    if not flip.is_open:
        verb = "has to be in the plan" if flip.is_in else "cannot be in the plan"
        because = flip.says or "no plan keeps all the rules otherwise"
        brief = "" if flip.is_in or not flip.says else f"a rule changes: {flip.says}"
        return Statement(kind, path, None, None, f"{title} {verb}: {because}.", flip.rules, brief)
    low, high = base.lost(flip.outlook)
    brief = "nothing changes: a plan with it is as good" if high == 0 and not flip.is_in else ""
    return Statement(kind, path, low, high, f"{title} {_loss_words(base, flip.is_in, low, high)}.", brief=brief)


def _loss_words(base: Base, is_in: bool, low: Fraction, high: Fraction | None) -> str:
    other = "without it the best plan" if is_in else "with it the best plan"
    place = "is in" if is_in else "is out"
    if high == 0:
        return f"{place}, but {other} would be as good"
    if not low and high is None:
        return f"{place}; what {other} would lose was not found in time"
    return f"{place}: {other} would lose {base.worth(low, high)}"
