"""Period keys: tolerant reading, order, and the days they cover."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.periods import (
    canonical_period,
    ends_before,
    first_day,
    kind_of,
    last_day,
    next_period,
    overlap,
    period_of,
    periods_from,
    planned_quarter,
    planned_year,
)

years = st.integers(1950, 2900)
keys = st.one_of(
    st.builds("{:04d}-Q{}".format, years, st.integers(1, 4)),
    st.builds("{:04d}-H{}".format, years, st.integers(1, 2)),
    st.builds("{:04d}-{:02d}".format, years, st.integers(1, 12)),
)
fiscal = st.integers(1, 12)
days = st.dates(date(1950, 1, 1), date(2900, 12, 31))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2026-Q1", "2026-Q1"),
        (" q1 2026 ", "2026-Q1"),
        ("1Q26", "2026-Q1"),
        ("Q3/26", "2026-Q3"),
        ("Q2 '26", "2026-Q2"),
        ("2026 Q 4", "2026-Q4"),
        ("2026Q4", "2026-Q4"),
        ("2026-H1", "2026-H1"),
        ("H2 2026", "2026-H2"),
        ("1h26", "2026-H1"),
        ("2026-03", "2026-03"),
        ("2026/3", "2026-03"),
        ("03.2026", "2026-03"),
        ("March 2026", "2026-03"),
        ("sept. 26", "2026-09"),
        ("２０２６－Q1", "2026-Q1"),
    ],
)
def test_a_period_is_understood_in_the_ways_people_write_it(text: str, key: str) -> None:
    assert canonical_period(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "Q5 2026",
        "2026-H3",
        "2026-13",
        "2026-00",
        "FY26 Q1",
        "2026-03-15",
        "0001-Q1",
        "9999-Q1",
        "Q1",
        "soon",
    ],
)
def test_a_doubtful_period_is_no_period(text: str) -> None:
    assert canonical_period(text) is None


@given(st.text(max_size=20))
def test_no_text_makes_reading_a_period_fail(text: str) -> None:
    found = canonical_period(text)
    assert found is None or canonical_period(found) == found


@given(keys)
def test_a_canonical_key_means_itself(key: str) -> None:
    assert canonical_period(key) == key


@given(keys, fiscal)
def test_the_next_period_begins_the_day_after(key: str, starts: int) -> None:
    assert first_day(next_period(key), starts) == last_day(key, starts) + timedelta(days=1)
    assert kind_of(next_period(key)) == kind_of(key)


@given(days, st.sampled_from(["quarter", "half-year", "month"]), fiscal)
def test_the_period_of_a_day_holds_that_day(day: date, kind: str, starts: int) -> None:
    key = period_of(day, kind, starts)  # pyright: ignore[reportArgumentType]
    assert first_day(key, starts) <= day <= last_day(key, starts)
    assert kind_of(key) == kind


@given(keys, keys, fiscal)
def test_two_periods_are_before_after_or_overlap_and_never_two_of_it(one: str, other: str, starts: int) -> None:
    facts = [ends_before(one, other, starts), ends_before(other, one, starts), overlap(one, other, starts)]
    assert facts.count(True) == 1


@given(keys, st.integers(1, 120))
def test_a_horizon_has_as_many_periods_as_asked_and_no_gap(key: str, count: int) -> None:
    horizon = periods_from(key, count)
    assert len(horizon) == count
    assert horizon[0] == key
    assert all(next_period(a) == b for a, b in itertools.pairwise(horizon))


@pytest.mark.parametrize("count", [0, -1, 121])
def test_a_horizon_of_no_or_endless_periods_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="write 1 to 120"):
        periods_from("2026-Q1", count)


def test_a_key_that_is_not_canonical_is_refused() -> None:
    with pytest.raises(ValueError, match="not a period key"):
        next_period("Q1 2026")


def test_a_fiscal_year_has_the_number_of_the_calendar_year_it_starts_in() -> None:
    assert first_day("2026-Q3", 7) == date(2027, 1, 1)
    assert last_day("2026-H1", 4) == date(2026, 9, 30)
    assert period_of(date(2027, 3, 31), "quarter", 4) == "2026-Q4"


def test_a_month_belongs_to_the_fiscal_quarter_it_lies_in() -> None:
    assert (planned_year("2027-01", 7), planned_quarter("2027-01", 7)) == (2026, 3)
    assert (planned_year("2027-01"), planned_quarter("2027-01")) == (2027, 1)


def test_a_half_year_has_a_year_and_no_quarter() -> None:
    assert planned_year("2026-H2", 7) == 2026
    assert planned_quarter("2026-H2", 7) is None


@given(st.builds("{:04d}-Q{}".format, years, st.integers(1, 4)), fiscal)
def test_a_quarter_is_planned_in_its_own_year_and_quarter(key: str, starts: int) -> None:
    assert f"{planned_year(key, starts)}-Q{planned_quarter(key, starts)}" == key
