"""Exact sums over variables, and how they are written in the floating-point numbers of a solver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import Literal

LARGEST = 10**6
"""Coefficients are scaled to at most this: a solver's integer tolerance (1e-6) then moves a row by at most 1."""


@dataclass(frozen=True, slots=True)
class Sum:
    """sum of ``terms[v] / unit`` over variables v, exactly: whole numbers over one denominator, none of them 0."""

    terms: Mapping[int, int]
    unit: int = 1


def whole_numbers(amounts: Iterable[Decimal]) -> tuple[list[int], int]:
    """The amounts as whole numbers over one denominator."""
    ratios = [amount.as_integer_ratio() for amount in amounts]
    unit = lcm(*{bottom for _, bottom in ratios})
    return [top if bottom == unit else top * (unit // bottom) for top, bottom in ratios], unit


def combined(parts: Sequence[tuple[Fraction, Sum]]) -> Sum:
    """The sum of the parts, each times its factor."""
    factors = [(factor / part.unit, part.terms) for factor, part in parts if factor and part.terms]
    unit = lcm(*{factor.denominator for factor, _ in factors})
    terms: dict[int, int] = {}
    for factor, held in factors:
        times = factor.numerator * (unit // factor.denominator)
        for v, amount in held.items():
            terms[v] = terms.get(v, 0) + times * amount
    return Sum({v: amount for v, amount in terms.items() if amount}, unit)


def no_more_than(total: Sum, most: Fraction) -> Sum:
    """The sum with its amounts cut to ``most`` (> 0). In a row "sum >= low" over variables from 0 to 1, with ``most`` =
    low less the sum of the negative amounts, it allows the same 0-1 points: coefficient tightening (Savelsbergh 1994).
    """
    if max(total.terms.values()) <= most * total.unit:
        return total
    unit = lcm(total.unit, most.denominator)
    times, highest = unit // total.unit, most.numerator * (unit // most.denominator)
    return Sum({v: min(amount * times, highest) for v, amount in total.terms.items()}, unit)


def solver_scale(total: Sum) -> tuple[Fraction, Fraction]:
    """What to multiply a sum by for a solver, and what would make all of its coefficients whole numbers.

    They are one where whole numbers (with no common factor) stay small enough; else a power of ten lies between them.
    """
    if not total.terms:
        return Fraction(1), Fraction(1)
    common = gcd(*total.terms.values())
    whole = Fraction(total.unit, common)
    largest = max(max(total.terms.values()), -min(total.terms.values())) // common
    return (whole if largest <= LARGEST else whole / 10 ** len(str(largest // LARGEST))), whole


def scaled(total: Sum, scale: Fraction) -> list[tuple[int, float]]:
    """(variable, coefficient) pairs of the sum times ``scale``, each rounded once."""
    top, bottom = scale.numerator, scale.denominator * total.unit
    if top % bottom == 0:
        times = top // bottom
        return [(v, float(amount * times)) for v, amount in total.terms.items()]
    common = gcd(top, bottom)
    top, bottom = top // common, bottom // common
    return [(v, amount * top / bottom) for v, amount in total.terms.items()]


def solver_bound(bound: Fraction, scale: Fraction, whole: Fraction | None, step: Literal[1, -1]) -> Fraction:
    """An upper (step 1) or lower bound in a row's scale. Where the row can only be a multiple of ``scale / whole``, the
    bound is set to the last one allowed, or half a multiple beyond it where that is a fraction: no plan lies there."""
    if whole is None:
        return bound * scale
    last = Fraction(floor(bound * whole) if step > 0 else ceil(bound * whole))
    return last if whole == scale else (last + Fraction(step, 2)) * scale / whole


FAR = 10**9
"""A bound beyond this may be one that no plan can reach."""


def near(number: Fraction | int, most: Callable[[], float]) -> float:
    """The number as a float; one beyond what any plan can reach, ``most``, is brought near: solvers take 1e20 for
    infinite."""
    if abs(number) <= FAR:
        return float(number)
    reach = 2 * most() + 1
    return float(max(min(Fraction(number), Fraction(reach)), Fraction(-reach)))
