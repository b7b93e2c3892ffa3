"""What cells of the local Sheets server show, and what typing makes of a text."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheets_sync.local.formats import by_pattern, formatted, general
from sheets_sync.local.grid import CellError, Formula
from sheets_sync.local.locales import locale_named
from sheets_sync.local.serials import moment_of, serial_of
from sheets_sync.local.typed import parsed_entry

US = locale_named("en_US")
DE = locale_named("de_DE")
FR = locale_named("fr_FR")
PL = locale_named("pl_PL")
JA = locale_named("ja_JP")


@pytest.mark.parametrize(
    ("value", "pattern", "shown"),
    [
        (1234.5, "#,##0.00", "1,234.50"),
        (-1234.567, "#,##0.00", "-1,234.57"),
        (0.256, "0%", "26%"),
        (0.125, "0.00%", "12.50%"),
        (1234, "$#,##0;($#,##0)", "$1,234"),
        (-1234, "$#,##0;($#,##0)", "($1,234)"),
        (0, '0;-0;"none"', "none"),
        (1234567, '0.0,,"M"', "1.2M"),
        (12345, "0.00E+00", "1.23E+04"),
        (5, "0000", "0005"),
        (0.5, "#.##", ".5"),
        (1234567.891, "#,##0.###", "1,234,567.891"),
        (3.14159, '"x"0.00"y"', "x3.14y"),
        (46000.75, "yyyy-mm-dd hh:mm", "2025-12-09 18:00"),
        (46000.75, "m/d/yyyy h:mm am/pm", "12/9/2025 6:00 PM"),
        (46000, "ddd d mmm yy", "Tue 9 Dec 25"),
        (1.5, "[h]:mm", "36:00"),
        (150, "[>100]0.0;0", "150.0"),
        (50, "[>100]0.0;0", "50"),
        (0.5, "[Red]0.00", "0.50"),
    ],
)
def test_a_number_is_shown_by_its_pattern(value: float, pattern: str, shown: str) -> None:
    assert by_pattern(value, pattern, US) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (42, "42"),
        (42.01, "42.01"),
        (1 / 3, "0.3333333333"),
        (100 / 3, "33.33333333"),
        (0.1 + 0.2, "0.3"),
        (123456789012, "123456789012"),
        (1e15, "1E+15"),
        (-0.5, "-0.5"),
        (0, "0"),
    ],
)
def test_a_number_without_a_format_is_shown_plainly(value: float, shown: str) -> None:
    assert general(value, US) == shown


def test_separators_and_date_order_follow_the_locale() -> None:
    money = {"type": "NUMBER", "pattern": "#,##0.00"}
    assert formatted(1234.5, money, DE) == "1.234,50"
    assert formatted(1234.5, money, FR) == "1\u202f234,50"
    assert formatted(1234.5, money, PL) == "1\u00a0234,50"
    assert [formatted(46027, {"type": "DATE"}, one) for one in (US, DE, JA)] == ["1/5/2026", "05.01.2026", "2026/01/05"]


def test_truth_values_errors_and_blanks_have_their_own_texts() -> None:
    assert [formatted(v, None, US) for v in (True, False, None, CellError("REF"))] == ["TRUE", "FALSE", "", "#REF!"]


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("42", 42, None),
        ("0042", 42, None),
        ("-1.5", -1.5, None),
        ("(5)", -5, None),
        ("1,234", 1234, "NUMBER"),
        ("5%", 0.05, "PERCENT"),
        ("$1,234.50", 1234.5, "CURRENCY"),
        ("-€5", -5, "CURRENCY"),
        ("1e5", 100_000, "SCIENTIFIC"),
        ("2026-01-05", 46027, "DATE"),
        ("1/5/2026", 46027, "DATE"),
        ("Jan 5, 2026", 46027, "DATE"),
        ("12:00", 0.5, "TIME"),
        ("2026-01-05 6:00 pm", 46027.75, "DATE_TIME"),
        ("true", True, None),
        ("#REF!", CellError("REF"), None),
        ("'007", "007", None),
        ("=A1+1", Formula("=A1+1"), None),
        ("INIT-000123", "INIT-000123", None),
        ("2026-Q1", "2026-Q1", None),
        ("1,23", "1,23", None),
        ("2026-13-05", "2026-13-05", None),
        ("25:00", "25:00", None),
        ("=", "=", None),
        ("  spaced ", "  spaced ", None),
    ],
)
def test_a_typed_text_becomes_what_it_looks_like_and_else_stays_text(
    text: str, value: object, kind: str | None
) -> None:
    entered, number_format = parsed_entry(text, US)
    assert entered == value
    assert type(entered) is type(value)
    assert (number_format or {}).get("type") == kind


def test_a_typed_number_is_read_in_the_locale() -> None:
    assert parsed_entry("1.234,5", DE)[0] == 1234.5
    assert parsed_entry("1.234,5", US)[0] == "1.234,5"
    assert parsed_entry("1/2/2026", DE)[0] == parsed_entry("2/1/2026", US)[0]
    assert parsed_entry("1 234,5", FR)[0] == 1234.5


@given(st.integers(-(10**12), 10**12).map(lambda n: n / 1000))
def test_a_number_shown_in_full_and_typed_again_is_the_same(value: float) -> None:
    for locale in (US, DE, FR):
        shown = by_pattern(value, "#,##0.000", locale)
        assert parsed_entry(shown, locale)[0] == pytest.approx(value, abs=1e-9)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))
def test_a_moment_survives_its_serial_number_to_the_millisecond(moment: datetime) -> None:
    found = moment_of(serial_of(moment))
    assert found is not None
    assert abs((found - moment).total_seconds()) < 0.002


@given(st.text(max_size=40), st.sampled_from([US, DE, FR, PL, JA]))
def test_any_typed_text_gives_a_value_that_can_be_shown(text: str, locale: object) -> None:
    entered, number_format = parsed_entry(text, locale)  # type: ignore[arg-type]
    assert isinstance(formatted(entered, number_format, locale), str)  # type: ignore[arg-type]


@given(st.floats(allow_nan=False, allow_infinity=False), st.text("0#?,.%;yYmMdDhHsS\"'\\_*[]$€ E+-@/:", max_size=12))
def test_any_pattern_shows_some_text(value: float, pattern: str) -> None:
    assert isinstance(by_pattern(value, pattern, US), str)
