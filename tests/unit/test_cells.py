"""Cells: what a cell says is a value, a blank, or a problem that says how to mend it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.keys import initiative_key, normalised
from sheets_sync import cell_dates, cell_lists, cells
from sheets_sync.cell_dates import read_date, read_datetime, read_period
from sheets_sync.cell_lists import read_importance, read_keys, read_list, read_order, read_weights
from sheets_sync.cells import read_checkbox, read_choice, read_integer, read_key, read_number, read_percent, read_text
from sheets_sync.numerals import number_text

LOCALES = ("en_US", "de_DE", "fr_FR", "pl_PL", "ja_JP", "ar_EG")
FLOATABLE = st.decimals(-(10**9), 10**9, places=5).map(lambda number: number.normalize() or Decimal(0))
NAMES = st.text(st.sampled_from("abcdefgh ABCÄöü_-ñ字"), min_size=1, max_size=12).map(str.strip).filter(bool)
HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(st.sampled_from("0123456789.,'-+%eE \u00a0٫٬")),
)


@given(FLOATABLE)
def test_a_number_comes_back_from_its_cell(number: Decimal) -> None:
    assert read_number(cells.number_cell(number)) == cells.Parsed(number)


@given(st.sampled_from(LOCALES), st.decimals(-(10**6), 10**6, places=2))
def test_a_number_typed_as_text_in_the_locale_is_read_with_a_note(locale: str, number: Decimal) -> None:
    parsed = read_number(number_text(number, locale), locale)
    assert parsed.value == number
    assert parsed.note
    assert not parsed.problem


@pytest.mark.parametrize(
    ("text", "locale", "value"),
    [
        ("1.234,5", "de_DE", "1234.5"),
        ("1.234", "de_DE", "1234"),
        ("1,234", "en_US", "1234"),
        ("1,234.5", "en_GB", "1234.5"),
        ("1 234,5", "fr_FR", "1234.5"),
        ("1\u202f234,5", "fr_FR", "1234.5"),
        ("1\u00a0234,5", "pl_PL", "1234.5"),
        ("１，２３４．５", "ja_JP", "1234.5"),
        ("١٬٢٣٤٫٥", "ar_EG", "1234.5"),
        ("12,34,567", "en_IN", "1234567"),
        ("1’234.5", "de_CH", "1234.5"),
        ("−12", "en_US", "-12"),
        ("'120", "en_US", "120"),
        (" 120\u00a0", "en_US", "120"),
        ("0,234", "de_DE", "0.234"),
        ("1e3", "en_US", "1000"),
    ],
)
def test_separators_follow_the_locale_of_the_sheet(text: str, locale: str, value: str) -> None:
    assert read_number(text, locale).value == Decimal(value)


@pytest.mark.parametrize(
    ("text", "locale"),
    [("1,234", "de_DE"), ("1.234", "en_US"), ("1,234", "fr_FR"), ("12,345", "pl_PL"), ("1,234", "ar_EG")],
)
def test_a_text_that_may_be_either_of_two_numbers_is_an_error_that_names_both(text: str, locale: str) -> None:
    parsed = read_number(text, locale)
    assert parsed.value is None
    assert " or " in (parsed.problem or "")


@pytest.mark.parametrize(
    ("text", "locale", "proposal"),
    [
        ("abc", "en_US", "write 120"),
        ("120 tokens", "en_US", "write 120"),
        ("12k", "en_US", "write 12000"),
        ("8 million", "en_US", "write 8000000"),
        ("1,5 Mio.", "de_DE", "write 1500000"),
        ("2 bn EUR", "en_US", "write 2000000000"),
        ("1.5", "de_DE", "write 1,5"),
        ("1,5", "en_US", "write 1.5"),
        ("nan", "en_US", "write 120"),
        ("Infinity", "en_US", "write 120"),
        ("9" * 30, "en_US", "write a number below"),
        ("", "en_US", None),
    ],
)
def test_what_is_no_number_is_an_error_with_a_proposal(text: str, locale: str, proposal: str | None) -> None:
    parsed = read_number(text, locale)
    assert parsed.value is None
    assert (parsed.problem is None) if proposal is None else (proposal in (parsed.problem or ""))


def test_a_float_means_its_shortest_decimal_text() -> None:
    assert read_number(0.1).value == Decimal("0.1")
    assert str(read_number(120.0).value) == "120"
    assert read_number(float("nan")).problem
    assert read_number(True).problem


@given(HOSTILE, st.sampled_from(LOCALES))
def test_no_cell_whatsoever_raises(value: cells.CellValue, locale: str) -> None:
    readings = [
        read_text(value),
        read_number(value, locale),
        read_integer(value, locale),
        read_percent(value, locale),
        read_checkbox(value),
        read_date(value),
        read_datetime(value, "Europe/Berlin"),
        read_period(value),
        read_key(value),
        read_keys(value),
        read_list(value),
        read_order(value),
        read_weights(value, locale),
        read_importance(value, locale),
        read_choice(value, ("floor", "goal")),
    ]
    for parsed in readings:
        assert parsed.value is None or parsed.problem is None
        assert len(parsed.problem or "") < 400


def test_a_percentage_is_a_fraction_and_a_share_above_one_is_doubted() -> None:
    assert read_percent(0.25).value == Decimal("0.25")
    assert read_percent("25%").value == Decimal("0.25")
    assert read_percent("12,5 %", "de_DE").value == Decimal("0.125")
    assert read_percent(25).problem == "25 means 2500 %; write 25%"
    assert read_number("25%").problem


def test_a_broken_whole_number_is_told_with_its_neighbours() -> None:
    assert read_integer(3.0).value == 3
    assert read_integer(2.5).problem == "2.5 is not a whole number; write 2 or 3"


@pytest.mark.parametrize("value", ["#REF!", "#N/A", "#DIV/0!", "#NAME?", "#ERROR!"])
def test_a_failed_formula_is_an_error_in_every_kind_of_cell(value: str) -> None:
    readers = (
        read_text,
        read_number,
        read_checkbox,
        read_date,
        read_period,
        read_key,
        read_keys,
        read_list,
        read_weights,
    )
    for reader in readers:
        assert value in (reader(value).problem or "")


def test_nul_and_lone_surrogates_are_taken_out_and_told() -> None:
    parsed = read_text("a\x00b\ud800c")
    assert parsed.value == "abc"
    assert parsed.note == "2 unprintable characters were left out; retype the text"
    assert read_text("line\nbreak\tand tab").note is None


def test_a_text_longer_than_a_cell_holds_is_an_error_that_is_itself_short() -> None:
    problem = read_text("x" * 5_000_000).problem or ""
    assert problem == "the text has 5,000,000 characters; shorten it to 50,000 at most"
    assert read_text("x" * 50_000).value == "x" * 50_000
    assert len(read_number("9" * 5_000_000).problem or "") < 200


def test_a_number_in_a_text_cell_is_its_plain_text() -> None:
    assert read_text(2026.0).value == "2026"
    assert read_text(True).value == "TRUE"
    assert read_text(" \u00a0 ").value is None


def test_checkboxes_as_text_are_read_with_a_note_and_other_words_proposed() -> None:
    assert read_checkbox(True).value is True
    assert read_checkbox("FALSE").value is False
    assert read_checkbox("Wahr").value is True
    assert read_checkbox("true").note
    assert (read_checkbox("yes").problem or "").endswith("write TRUE")
    assert (read_checkbox(0.0).problem or "").endswith("write FALSE")
    assert read_checkbox("maybe").problem


@given(st.dates(date(2000, 1, 1), date(2199, 12, 31)))
def test_a_date_comes_back_from_its_serial_number_and_from_iso_text(day: date) -> None:
    assert read_date(cell_dates.date_cell(day)) == cells.Parsed(day)
    assert read_date(day.isoformat()).value == day


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("31.12.26", "write 2026-12-31 or 2031-12-26"),
        ("3/4/2026", "write 2026-04-03 or 2026-03-04"),
        ("2026-03-31 14:00", "write 2026-03-31"),
        ("soon", "write one such as"),
        ("2026-02-30", "write one such as"),
        (2026, "not a date of our time"),
        (1e300, "is not a date"),
    ],
)
def test_a_doubtful_date_is_an_error_that_proposes_iso_dates(value: cells.CellValue, part: str) -> None:
    parsed = read_date(value)
    assert parsed.value is None
    assert part in (parsed.problem or "")


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2199, 12, 30)).map(lambda m: m.replace(microsecond=0, tzinfo=UTC)),
    st.sampled_from(("UTC", "Asia/Tokyo", "Asia/Kolkata")),
)
def test_a_moment_comes_back_from_its_cell_in_the_time_zone_of_the_workbook(moment: datetime, zone: str) -> None:
    assert read_datetime(cell_dates.datetime_cell(moment, zone), zone).value == moment.astimezone(ZoneInfo(zone))


def test_a_period_is_read_in_its_forms_and_a_date_in_its_place_is_told() -> None:
    assert read_period("2026-q1").value == "2026-Q1"
    assert read_period("'2026-03").value == "2026-03"
    assert read_period("next quarter").problem == "'next quarter' is not a period; write one such as 2026-Q1"
    assert "'2026-03 with the apostrophe" in (read_period(cell_dates.date_cell(date(2026, 3, 1))).problem or "")


@given(st.integers(1, 999_999_999_999), NAMES)
def test_a_key_is_understood_however_the_dropdown_or_a_person_writes_it(number: int, title: str) -> None:
    key = initiative_key(number)
    for text in (key, key.lower(), f"init-{number}", f"{key} · {title}", f" {key}\u00a0"):
        assert read_key(text).value == key


def test_a_bare_number_is_no_key_but_its_key_is_proposed() -> None:
    assert read_key(123.0).problem == "'123' is not an initiative's key; write INIT-000123"


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=8, unique=True),
    st.sampled_from((", ", ";", " | ", "\n", "; \n")),
)
def test_lists_of_initiatives_take_any_separator(numbers: list[int], separator: str) -> None:
    keys = tuple(initiative_key(number) for number in numbers)
    assert read_keys(separator.join(keys)).value == keys


def test_a_title_with_commas_behind_its_key_is_no_member() -> None:
    assert read_keys("INIT-1 · Fast, cheap, INIT-2").value == ("INIT-000001", "INIT-000002")
    assert "'Fast'" in (read_keys("INIT-1, Fast").problem or "")


@given(st.lists(NAMES, min_size=1, max_size=6, unique_by=normalised))
def test_a_list_of_names_comes_back_from_its_cell(names: list[str]) -> None:
    assert read_list(cell_lists.list_cell(names)).value == tuple(names)
    assert read_order(cell_lists.order_cell(names)).value == tuple(names)


def test_a_name_known_as_a_whole_may_hold_a_comma() -> None:
    assert read_list("UK, IE").value == ("UK", "IE")
    assert read_list("UK, IE", whole=("UK, IE",)).value == ("UK, IE",)


KPIS = st.lists(st.text(st.sampled_from("abcdefgh_"), min_size=1, max_size=8), min_size=1, max_size=5, unique=True)


@given(KPIS, st.data(), st.sampled_from(LOCALES))
def test_weights_come_back_from_their_cell(kpis: list[str], data: st.DataObject, locale: str) -> None:
    weights = {kpi: data.draw(st.decimals(0, 1, places=3)) for kpi in kpis}
    assert read_weights(cell_lists.weights_cell(weights, locale), locale).value == weights


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("revenue 60%, diners 40%", "en_US"),
        ("revenue: 60 %; diners = 40 %", "de_DE"),
        ("revenue 0,6; diners 0,4", "de_DE"),
        ("revenue 0,6, diners 0,4", "de_DE"),
        ("revenue 0.6\ndiners 0.4", "de_DE"),
        ('{"revenue": 0.6, "diners": 0.4}', "de_DE"),
    ],
)
def test_weights_are_understood_as_text_and_as_json(text: str, locale: str) -> None:
    assert read_weights(text, locale).value == {"revenue": Decimal("0.6"), "diners": Decimal("0.4")}


@pytest.mark.parametrize(
    "text",
    [
        "revenue",
        "revenue 60%, diners 0.4",
        "revenue 60%, Revenue 40%",
        "revenue -1, diners 2",
        '{"revenue": "most"}',
        '{"revenue": NaN}',
        '{"a": 1e999999999}',
        '{"revenue": 0.6',
        '{"a":' * 5000,
    ],
)
def test_weights_that_cannot_be_understood_are_an_error(text: str) -> None:
    parsed = read_weights(text)
    assert parsed.value is None
    assert parsed.problem


def test_importance_is_a_word_or_a_number() -> None:
    assert [read_importance(word).value for word in ("low", "Medium", " HIGH ")] == [Decimal("0.3"), 1, 3]
    assert read_importance(2.5).value == Decimal("2.5")
    assert (read_importance("huge").problem or "").endswith("write low, medium, high or a number")


def test_a_choice_is_matched_loosely_and_a_near_miss_is_proposed() -> None:
    kinds = ("capacity_floor", "capacity_cap")
    assert read_choice("Capacity-Cap", kinds).value == "capacity_cap"
    assert read_choice("capcity_cap", kinds).problem == "'capcity_cap' is not known; write capacity_cap"
    assert read_choice("zzz", kinds).problem == "'zzz' is not known; write capacity_floor or capacity_cap"


def test_a_word_that_is_as_near_to_two_choices_is_offered_both() -> None:
    problem = read_choice("capacity_limit", ("capacity_floor", "capacity_cap", "count_cap")).problem
    assert problem == "'capacity_limit' is not known; write capacity_floor or capacity_cap"
    begun = read_choice("exclude", ("mandatory", "exclude_initiative", "exclude_pair")).problem
    assert begun == "'exclude' is not known; write exclude_initiative or exclude_pair"
