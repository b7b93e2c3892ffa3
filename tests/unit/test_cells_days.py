"""Days and periods typed as text in the sheet's language: read where they can mean one thing alone, else told with all
that they may mean."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheets_sync.cell_dates import date_cell, read_date, read_datetime, read_period

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

MONTHS = {
    "en_US": "January February March April May June July August September October November December",
    "de_DE": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr_FR": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "pl_PL": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "es_ES": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt_BR": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "sv_SE": "januari februari mars april maj juni juli augusti september oktober november december",
    "ar_EG": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "hi_IN": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
}
DAYS = st.dates(date(2000, 1, 1), date(2199, 12, 31))


@given(st.sampled_from([*MONTHS]), DAYS, st.sampled_from(["{d} {m} {y}", "{d}. {m} {y}", "{d} de {m} de {y}"]))
def test_a_day_with_its_month_in_words_is_read_in_the_sheets_language(locale: str, on: date, form: str) -> None:
    text = form.format(d=on.day, m=MONTHS[locale].split()[on.month - 1], y=on.year)
    if locale == "ar_EG":
        text = text.translate(ARABIC)
    parsed = read_date(text, locale)
    assert parsed.value == on, text
    assert parsed.note


@given(DAYS)
def test_an_american_and_a_japanese_day_are_read(on: date) -> None:
    assert read_date(f"{on:%B} {on.day}, {on.year}").value == on
    assert read_date(f"{on.year}年{on.month}月{on.day}日", "ja_JP").value == on
    assert read_date(f"{on.year}/{on.month}/{on.day}", "ja_JP").value == on


@given(
    st.sampled_from(["en_US", "en_GB", "de_DE", "fr_FR", "pl_PL", "ja_JP", "pt_BR", "sv_SE"]),
    DAYS,
    st.sampled_from(["{d}/{m}/{y}", "{m}/{d}/{y}", "{d}.{m}.{y}", "{d:02}-{m:02}-{y}"]),
)
def test_a_day_in_numbers_is_read_only_where_it_can_mean_one_day(locale: str, on: date, form: str) -> None:
    """03/04/2026 is told with both days; 31/03/2026 is one, and 03.04.2026 too where days come first with points."""
    parsed = read_date(form.format(d=on.day, m=on.month, y=on.year), locale)
    if parsed.value is None:
        assert on.isoformat() in (parsed.problem or "")
        assert " or " in (parsed.problem or "")
    else:
        assert parsed.value == on


@pytest.mark.parametrize(
    ("text", "locale", "value"),
    [
        ("03.04.2026", "de_DE", date(2026, 4, 3)),
        ("3.4.26", "pl_PL", date(2026, 4, 3)),
        ("03.04.2026", "en_US", None),
        ("03/04/2026", "de_DE", None),
        ("03/04/2026", "en_US", None),
        ("31-Mar-26", "en_US", None),
        ("31-Mar-2026", "en_US", date(2026, 3, 31)),
        ("30 Feb 2026", "en_US", None),
        ("31 listopada 2026", "pl_PL", None),
        ("2026.3.31", "en_US", date(2026, 3, 31)),
        ("20260331", "en_US", None),
        ("31 mars 1026", "fr_FR", None),
        ("ma 3 2026", "en_US", None),
        ("#N/A", "en_US", None),
    ],
)
def test_a_day_is_doubted_where_it_may_be_another(text: str, locale: str, value: date | None) -> None:
    parsed = read_date(text, locale)
    assert parsed.value == value
    assert (parsed.problem is None) == (value is not None)


@given(DAYS, st.floats(0, 0.999, allow_nan=False))
def test_the_time_of_day_in_a_serial_number_does_not_change_the_day(on: date, part: float) -> None:
    assert read_date(date_cell(on) + part).value == on


@pytest.mark.parametrize("serial", [0, 1, 60, 61, 1e7, -1, 36525.9, 109575])
def test_serial_numbers_outside_our_time_are_told(serial: float) -> None:
    """1900 and its leap day that never was, among them: such a number is a slip, or no date at all."""
    assert read_date(serial).problem
    assert read_datetime(serial).problem
    assert read_period(serial).problem


@pytest.mark.parametrize(
    ("text", "locale", "key"),
    [
        ("2026-Q1", "en_US", "2026-Q1"),
        ("Q1 2026", "en_US", "2026-Q1"),
        ("1Q26", "en_US", "2026-Q1"),
        ("2026 q4", "en_US", "2026-Q4"),
        ("H2 2026", "en_US", "2026-H2"),
        ("2H26", "en_US", "2026-H2"),
        ("２０２６－Ｑ１", "ja_JP", "2026-Q1"),
        ("\u200fQ1 ٢٠٢٦", "ar_EG", "2026-Q1"),
        ("2026-03", "en_US", "2026-03"),
        ("March 2026", "en_US", "2026-03"),
        ("März 2026", "de_DE", "2026-03"),
        ("marzec 2026", "pl_PL", "2026-03"),
        ("marzo de 2026", "es_ES", "2026-03"),
        ("août 2026", "fr_FR", "2026-08"),
        ("2026年3月", "ja_JP", "2026-03"),
        ("مارس ٢٠٢٦", "ar_EG", "2026-03"),
    ],
)
def test_a_period_is_understood_as_people_write_it(text: str, locale: str, key: str) -> None:
    assert read_period(text, locale).value == key


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("T1 2026", "write 2026-Q1"),
        ("2e trimestre 2026", "2026-Q"),
        ("2. kw. 2026", "write 2026-Q2"),
        ("31.03.2026", "write one such as 2026-Q1"),
        ("Q5 2026", "write one such as 2026-Q1"),
        ("FY26 Q1", "write one such as"),
        ("H3 2026", "write one such as"),
        ("2026-13", "write one such as 2026-Q1"),
        ("2026", "write one such as 2026-Q1"),
    ],
)
def test_a_doubtful_period_is_told_with_a_proposal(text: str, part: str) -> None:
    parsed = read_period(text)
    assert parsed.value is None
    assert part in (parsed.problem or "")
