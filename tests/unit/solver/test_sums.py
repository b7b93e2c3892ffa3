"""Exact sums in the floating-point numbers of a solver: what keeps a bound exactly is never cut off, what breaks it
stands clear."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from engine.sums import LARGEST, Sum, scaled, solver_bound, solver_scale, whole_numbers
from engine.wording import decimal_of

amounts = st.lists(
    st.decimals(0, 10**9, places=3, allow_nan=False) | st.decimals(0, 1, places=3), min_size=1, max_size=8
).filter(any)


@given(amounts, st.data())
def test_a_bound_lies_between_the_last_sum_that_keeps_it_and_the_first_that_breaks_it(decimals, data):
    numbers, unit = whole_numbers(decimals)
    total = Sum({v: number for v, number in enumerate(numbers) if number}, unit)
    scale, whole = solver_scale(total)
    bound = sum((Fraction(d) for d in decimals if data.draw(st.booleans())), Fraction(0))
    step = scale / whole
    above = solver_bound(bound, scale, whole, 1)
    below = solver_bound(bound, scale, whole, -1)
    assert bound * scale <= above < bound * scale + step
    assert bound * scale - step < below <= bound * scale
    if step < 1:
        assert above - bound * scale == step / 2 == bound * scale - below


@given(amounts)
def test_coefficients_are_whole_numbers_or_at_most_a_million(decimals):
    numbers, unit = whole_numbers(decimals)
    total = Sum({v: number for v, number in enumerate(numbers) if number}, unit)
    scale, whole = solver_scale(total)
    for v, coefficient in scaled(total, scale):
        assert coefficient <= LARGEST
        assert scale != whole or coefficient == int(coefficient)
        assert abs(Fraction(coefficient) - Fraction(decimals[v]) * scale) <= Fraction(coefficient) / 2**52


def test_a_bound_without_an_end_is_shown_rounded_up():
    third = Fraction(2, 3)
    assert decimal_of(third, 5, up=True) == Decimal("0.66667")
    assert decimal_of(Fraction(1, 3), 5, up=True) == Decimal("0.33334")
    assert decimal_of(Fraction(1, 3), 5) == Decimal("0.33333")


def test_numbers_that_end_are_exact_and_large_ones_are_written_out():
    assert str(decimal_of(Fraction(25390))) == "25390"
    assert str(decimal_of(Fraction(1, 8))) == "0.125"
