"""Words for rules, numbers and slices, as a product manager would say them: names before keys, no solver words."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from engine.keys import normalised
from engine.ledger import Rule
from engine.settling import Settled

EXACT_DIGITS = 30


def decimal_of(number: Fraction, digits: int = 20, *, up: bool = False) -> Decimal:
    """The number as a Decimal: exact where it ends within 30 digits, else to ``digits`` figures (``up``: never too
    low)."""
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    figures = EXACT_DIGITS if rest == 1 else digits
    context = Context(prec=figures, rounding=ROUND_CEILING if up else ROUND_HALF_EVEN, Emax=10**6, Emin=-(10**6))
    rounded = context.divide(Decimal(number.numerator), Decimal(number.denominator)).normalize(context)
    is_written_out = number.denominator == 1 and rounded.adjusted() < 20
    return rounded.quantize(Decimal(1), context=context) if is_written_out else rounded  # 25390, not 2.539E+4


def spoken(number: Fraction | Decimal | int) -> str:
    """A number to read: 3,150; 0.25; 48,000. As many ``figures`` as are spoken where it has decimals."""
    top, bottom = number.as_integer_ratio()
    if bottom == 1 and abs(top) < 10**15:
        return f"{top:,}"
    exact = Fraction(number)
    if abs(exact) >= 10**15:
        return f"{decimal_of(exact):.3e}"
    context = Context(prec=figures(exact))
    rounded = context.divide(Decimal(exact.numerator), Decimal(exact.denominator)).normalize()
    return f"{rounded:,f}"


def figures(number: Fraction) -> int:
    """Figures of a spoken number that has decimals: four, or of 1,000 and more all up to the first decimal."""
    return 4 if abs(number) < 1000 else 1 + len(str(int(abs(number))))


def percent(share: Fraction) -> str:
    """0.034 -> "3.4 %"."""
    return f"{spoken(share * 100)} %"


def slice_words(settled: Settled, dimension: str, key: str) -> str:
    """ " for country UK", or nothing for everything."""
    if dimension == "all" and key == "all":
        return ""
    return f" for {dimension.replace('+', ' and ')} {settled.slice_names.get((dimension, key), key) or '(blank)'}"


def rule_words(settled: Settled, rule: Rule) -> str:
    """A rule about an amount as a noun: "the cap of 400 tokens for country UK"."""
    field, *names = rule.parts
    bound = spoken(rule.bound)
    if field == "capacity_total_tokens":
        return f"the capacity of {bound} tokens"
    if field == "targets":
        dimension, key, kpi_key, kind = names
        what = "cap" if kind == "cap" else "target"
        return f"the {what} of {with_unit(settled, kpi_key, rule.bound)}{slice_words(settled, dimension, key)}"
    where = slice_words(settled, names[-2], names[-1])
    if field.startswith("count"):
        return f"the {'minimum' if rule.low is not None else 'maximum'} of {bound} initiatives{where}"
    side = "floor" if rule.low is not None else "cap"
    if field.startswith("share"):
        rules = settled.problem.constraint_set
        shares = rules.share_floors if rule.low is not None else rules.share_caps
        return f"the {side} of {percent(Fraction(shares[names[-2]][names[-1]]))} of all tokens{where}"
    unit = names[-3] if "resource" in field and names[-3] != "tokens" else "tokens"
    when = f" in {settled.period_names.get(names[0], names[0])}" if field.startswith("period") and names[0] else ""
    return f"the {side} of {bound} {unit}{where}{when}"


def with_unit(settled: Settled, kpi_key: str, amount: Fraction) -> str:
    """ "48,000 EUR revenue"."""
    return f"{spoken(amount)} {unit_words(settled, kpi_key)}"


def unit_words(settled: Settled, kpi_key: str) -> str:
    """ "EUR revenue": what amounts of a KPI are counted in."""
    unit = next((kpi.unit.strip() for kpi in settled.problem.kpis if kpi.kpi_key == kpi_key), "")
    name = settled.kpi_names.get(kpi_key, kpi_key)
    return f"{unit} {name}" if unit and normalised(unit) != normalised(name) else name
