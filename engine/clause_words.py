"""Clauses, amounts of the objective and places in a product manager's words: names before keys, units, no symbols."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from engine.clauses import Clause, sources_of
from engine.problem import SourceCell
from engine.scales import Scales
from engine.sentences import shown
from engine.settling import Settled
from engine.wording import spoken, with_unit

LONGEST = 24
"""Characters of a number that are still shown to the last digit."""


def title_of(settled: Settled, key: str) -> str:
    """The title of an initiative, else its key as first spelled."""
    return settled.titles.get(key, "").strip() or settled.shown(key)


def slice_of(settled: Settled, dimension: str, key: str) -> str:
    """The slice as a heading: "UK", "UK × Payments", "Everything"."""
    if dimension == "all":
        return "Everything"
    return settled.slice_names.get((dimension, key), key).replace("|", " × ") or "(blank)"


def clause_words(settled: Settled, clause: Clause) -> str:
    """What the clause says: "UK: at most 400 tokens"; "One-tap checkout has to be in"."""
    if clause.parts == ("capacity_total_tokens",):
        return f"At most {spoken(clause.number)} tokens in all"
    if clause.parts == ("max_changes",):
        return f"At most {spoken(clause.number)} changes against the previous plan"
    return _bound_words(settled, clause) if clause.is_bound else _choice_words(settled, clause)


def number_words(settled: Settled, clause: Clause, number: Decimal) -> str:
    """A number of the clause with its unit: "460 tokens", "40 %", "165,000 EUR revenue"."""
    field, *names = clause.parts
    if field.startswith("share"):
        return f"{exactly(number * 100)} %"
    if field == "targets":
        return exactly(number) + with_unit(settled, names[2], Fraction(0)).removeprefix("0")
    return f"{exactly(number)} {_unit(clause)}"


def exactly(number: Decimal) -> str:
    """The number to the last digit, as it may be typed into a cell; one with a long tail is shortened."""
    text = shown(number)
    return text if len(text) <= LONGEST else spoken(number)


def _unit(clause: Clause) -> str:
    field, *names = clause.parts
    if field == "max_changes":
        return "changes"
    if field.startswith(("count", "groups")):
        return "initiatives"
    return names[-3] if "resource" in field else "tokens"


def _bound_words(settled: Settled, clause: Clause) -> str:
    field, *names = clause.parts
    at = "at least" if clause.is_floor else "at most"
    if field == "groups":
        group = next(g for g in settled.problem.constraint_set.groups if g.group_key == names[0])
        return f"{at.capitalize()} {spoken(clause.number)} of {_listed(settled, group.members)}"
    if field == "targets":
        kpi = next(k for k in settled.problem.kpis if k.kpi_key == names[2])
        best = kpi.direction == "decrease"
        side = ("at most" if best else "at least") if clause.is_floor else ("at least" if best else "at most")
        return f"{slice_of(settled, names[0], names[1])}: {side} {number_words(settled, clause, clause.number)}"
    what = number_words(settled, clause, clause.number) + (" of all tokens" if field.startswith("share") else "")
    when = f" in {settled.period_names.get(names[0], names[0])}" if field.startswith("period") and names[0] else ""
    return f"{slice_of(settled, names[-2], names[-1])}: {at} {what}{when}"


def _choice_words(settled: Settled, clause: Clause) -> str:
    field, *names = clause.parts
    rules = settled.problem.constraint_set
    if field == "mandatory_initiatives":
        return f"{title_of(settled, names[0])} has to be in{_known(settled, names[0])}"
    if field == "exclusions_initiatives":
        return f"{title_of(settled, names[0])} has to be out"
    if field == "locks":
        period = settled.period_names.get(rules.locks[names[0]], "")
        return f"{title_of(settled, names[0])} is locked{f' to {period}' if period else ''}{_known(settled, names[0])}"
    if field == "exclusions_pairs":
        pair = next(pair for pair in rules.exclusions_pairs if "+".join(pair) == names[0])
        return f"At most one of {_listed(settled, pair)}"
    if field == "bundles":
        bundle = next(bundle for bundle in rules.bundles if bundle.bundle_key == names[0])
        return f"All or none of {_listed(settled, bundle.members)}"
    return f"{title_of(settled, names[0])} needs {title_of(settled, names[1])}{_known(settled, names[1])}"


def _known(settled: Settled, key: str) -> str:
    """What is odd about an initiative that a rule wants."""
    known = {candidate.initiative_key: candidate for candidate in settled.problem.candidates}
    if key not in known:
        is_delivered = key in settled.problem.constraint_set.satisfied
        return ", which is delivered already" if is_delivered else ", but it is no candidate"
    return ""


def _listed(settled: Settled, keys: Sequence[str]) -> str:
    names = [title_of(settled, key) for key in keys]
    if len(names) > 6:
        names = [*names[:6], f"{len(names) - 6} more"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def cells_of(settled: Settled, clause: Clause) -> tuple[SourceCell, ...]:
    """The sheet cells behind a clause."""
    own = sources_of(settled.problem, clause.path)
    return own or sources_of(settled.problem, ".".join(clause.parts))


def place_of(settled: Settled, clause: Clause) -> str:
    """Where the clause stands: "Constraints!F7"; its path where no sheet is known."""
    cells = cells_of(settled, clause)
    return cells[0].cell if cells else clause.path


def objective_words(settled: Settled, scales: Scales, low: Fraction, high: Fraction | None = None) -> str:
    """An amount of the objective, or an interval: "31,000 EUR revenue", "10 to 12 score"; of weighted KPIs what it is
    worth in the north star: "the worth of 31,000 EUR revenue"."""
    mode = settled.problem.objective.mode
    star = next((kpi.kpi_key for kpi in settled.problem.kpis if kpi.kpi_level == "north_star"), None)
    worth = abs(scales.worth.get(star, Fraction(0))) if star and mode != "score" else Fraction(0)
    each = worth or Fraction(1)
    begun = "" if high is None or high == low else f"{spoken(low / each)} to "
    amount = (low if high is None else high) / each
    if mode == "score":
        return f"{begun}{spoken(amount)} score"
    if not star or not worth:
        return f"{begun}{spoken(amount)} of weighted value"
    return f"{'' if mode == 'north_star' else 'the worth of '}{begun}{with_unit(settled, star, amount)}"


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]
