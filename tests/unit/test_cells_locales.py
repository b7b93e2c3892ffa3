"""Cells typed as text in the sheet's language: read as what they can only mean, else a problem that names the choices;
never as something else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheets_sync.cell_dates import read_date, read_datetime, read_period
from sheets_sync.cell_lists import read_keys, read_list, read_order, read_weights
from sheets_sync.cells import Parsed, read_checkbox, read_choice, read_key, read_number, read_percent, read_text
from sheets_sync.headers import folded, quoted

NBSP, THIN = "\u00a0", "\u202f"
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")
FULL_WIDTH = str.maketrans("0123456789.,-%", "０１２３４５６７８９．，－％")

STYLES: dict[str, tuple[tuple[str, str], ...]] = {
    "en_US": ((".", ","), (".", "")),
    "en_GB": ((".", ","),),
    "de_DE": ((",", "."), (",", "")),
    "de_AT": ((",", "."),),
    "de_CH": ((".", "'"), (".", "’")),
    "fr_FR": ((",", NBSP), (",", THIN), (",", " ")),
    "fr_CH": ((",", NBSP),),
    "it_CH": ((".", "'"),),
    "pl_PL": ((",", NBSP), (",", " ")),
    "ja_JP": ((".", ","),),
    "ar_EG": (("٫", "٬"),),
    "pt_BR": ((",", "."),),
    "pt_PT": ((",", NBSP),),
    "es_ES": ((",", "."),),
    "es_MX": ((".", ","),),
    "sv_SE": ((",", NBSP),),
    "hi_IN": ((".", ","),),
}
"""(decimal mark, thousands separator) as people write numbers there."""

NUMBERS = st.decimals(-(10**8), 10**8, places=3).map(lambda number: number.normalize() + 0)


def typed(number: Decimal, decimal: str, group: str) -> str:
    """A number as one types it with these separators."""
    whole, _, rest = f"{abs(number):,f}".partition(".")
    text = whole.replace(",", group) + (f"{decimal}{rest.rstrip('0')}" if rest.rstrip("0") else "")
    return f"-{text}" if number < 0 else text


@st.composite
def typed_numbers(draw: st.DrawFn) -> tuple[str, Decimal, str]:
    locale = draw(st.sampled_from([*STYLES]))
    number = draw(NUMBERS)
    text = typed(number, *draw(st.sampled_from(STYLES[locale])))
    scripts = {"ar_EG": (ARABIC,), "hi_IN": (DEVANAGARI, {}), "ja_JP": (FULL_WIDTH, {})}
    text = text.translate(draw(st.sampled_from(scripts.get(locale, ({},)))))
    around = draw(st.sampled_from(["{}", " {}", "{}\u00a0", "\u200f{}\u200f", "'{}", "\u200b{}", "\u2068{}\u2069"]))
    return locale, number, around.format(text)


@given(typed_numbers())
def test_a_number_typed_in_the_sheets_own_way_is_read_as_itself_or_told_with_itself_among_the_choices(
    given: tuple[str, Decimal, str],
) -> None:
    locale, number, text = given
    parsed = read_number(text, locale)
    if parsed.problem:
        assert " may mean " in parsed.problem
        asked = parsed.problem.partition(" may mean ")[2].partition(";")[0].split(" or ")
        assert number in [read_number(option, locale).value for option in asked]
    else:
        assert parsed.value == number
        assert parsed.note


@given(st.sampled_from([*STYLES]), st.sampled_from([*STYLES]), st.integers(0, 3), NUMBERS)
def test_a_number_typed_in_the_way_of_another_country_is_never_read_as_another_number(
    here: str, there: str, style: int, number: Decimal
) -> None:
    text = typed(number, *STYLES[there][style % len(STYLES[there])])
    parsed = read_number(text, here)
    # 1.234 is a thousand and some in Germany, and nothing in the text says that an American wrote it.
    own = {typed(number, *own) for own in STYLES[here]}
    if parsed.value != number and parsed.value is not None:
        assert text not in own
        assert typed(parsed.value, *STYLES[here][0]).replace(THIN, NBSP) == text.replace(" ", NBSP).replace(THIN, NBSP)


@given(st.sampled_from([*STYLES]), st.decimals(0, 1, places=4), st.sampled_from(["%", " %", "\u00a0%", "％"]))
def test_a_percentage_typed_as_text_is_its_fraction_everywhere(locale: str, share: Decimal, sign: str) -> None:
    text = typed(share.scaleb(2).normalize() + 0, *STYLES[locale][0]) + sign
    assert read_percent(text, locale).value == share


MONEY = [
    ("en_US", "$1,200.50", "USD", "1200.5"),
    ("de_DE", "1.200,50 €", "EUR", "1200.5"),
    ("de_CH", "CHF 1'200.50", "CHF", "1200.5"),
    ("fr_FR", "1\u202f200,50\u00a0€", "EUR", "1200.5"),
    ("pl_PL", "1\u00a0200,50 zł", "PLN", "1200.5"),
    ("pt_BR", "R$ 1.200,50", "BRL", "1200.5"),
    ("sv_SE", "1 200,50 kr", "SEK", "1200.5"),
    ("ja_JP", "¥1,200", "JPY", "1200"),
    ("ja_JP", "￥１，２００", "JPY", "1200"),
    ("hi_IN", "₹12,34,567", "INR", "1234567"),
    ("ar_EG", "١٬٢٠٠ ج.م.", "EGP", "1200"),
    ("en_GB", "-£35", "GBP", "-35"),
    ("en_GB", "EUR 35", "EUR", "35"),
]


@pytest.mark.parametrize(("locale", "text", "currency", "value"), MONEY)
def test_money_is_read_in_the_currency_of_setup_and_told_in_any_other(
    locale: str, text: str, currency: str, value: str
) -> None:
    assert read_number(text, locale, currency=currency).value == Decimal(value)
    other = read_number(text, locale, currency="CZK")
    assert other.value is None
    assert (other.problem or "").endswith("write the amount in CZK")
    unset = read_number(text, locale)
    assert unset.value is None
    assert "has a currency in it; write " in (unset.problem or "")


def test_a_doubtful_amount_of_money_names_both_readings() -> None:
    assert read_number("€1.234", "en_US", currency="EUR").problem == (
        "'€1.234' may mean 1.2340 or 1234; write the one that you mean"
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("25%", "write 25 or 0.25"),
        ("120-", "write -120"),
        ("(120)", "write -120"),
        ("1 234", "write 1234"),
        ("12k", "write 12000"),
        ("about 120", "write 120"),
        ("1/2", "write 120"),
        ("10²", "write 10"),
        ("½", "write 120"),
        ("--5", "write"),
        ("1e999", "too large"),
        ("0x10", "write"),
        ("12 34", "write"),
        ("1,2,3", "write"),
        ("∞", "write 120"),
        ("NaN", "write 120"),
        ("👍", "write 120"),
    ],
)
def test_a_text_that_is_no_number_is_told_what_to_write(text: str, part: str) -> None:
    parsed = read_number(text)
    assert parsed.value is None
    assert part in (parsed.problem or "")


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        ("#REF!", "points to a cell or tab that is gone"),
        ("#N/A", "what it looks up is not found"),
        ("#DIV/0!", "divides by zero"),
        ("#NAME?", "does not exist"),
        ("#BEZUG!", "points to a cell or tab that is gone"),
        ("#NV", "what it looks up is not found"),
        ("#¿NOMBRE?", "does not exist"),
        ("Loading...", "wait until it shows"),
    ],
)
def test_an_error_value_is_told_with_what_it_means(error: str, meaning: str) -> None:
    problem = read_number(error).problem or ""
    assert error in problem
    assert meaning in problem
    assert "type the value itself" in problem


def test_a_title_that_begins_with_a_number_sign_is_no_error_value() -> None:
    assert read_text("#1 priority").value == "#1 priority"
    assert read_text("#WOW!").value == "#WOW!"


NOISE = st.sampled_from(["\u200b", "\ufeff", "\u00ad", "\u2060"])
WORDS = st.text(st.sampled_from("abc XÄ字"), min_size=1, max_size=10).map(str.strip).filter(bool)


@given(
    WORDS, st.lists(st.tuples(st.integers(0, 10), NOISE), max_size=4), st.sampled_from(["", "\u200f", NBSP, "\u200e"])
)
def test_what_nobody_can_see_changes_no_text_no_header_and_no_name(
    word: str, noise: list[tuple[int, str]], edge: str
) -> None:
    text = word
    for place, character in noise:
        text = text[:place] + character + text[place:]
    text = edge + text + edge
    assert read_text(text) == Parsed(word)
    assert folded(text) == folded(word)
    assert read_list(text).value == read_list(word).value
    assert read_choice(text, (word,)).value == word


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧‍👦 family plan",
        "🇩🇪 launch",
        "می‌خواهم",
        "क्‍ष",
        "שלום UK",
        "مرحبا (UK)",
        "one\u00a0tap",
        "a\tb\nc",
        "’quoted’",
    ],
)
def test_emoji_and_scripts_that_need_joiners_come_back_whole(text: str) -> None:
    assert read_text(text) == Parsed(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("UK, IE", ("UK", "IE")),
        ("UK;IE", ("UK", "IE")),
        ("UK | IE", ("UK", "IE")),
        ("UK\nIE\r\n", ("UK", "IE")),
        ("UK，IE、DE", ("UK", "IE", "DE")),
        ("UK، IE؛ DE", ("UK", "IE", "DE")),
        ('["UK", "IE"]', ("UK", "IE")),
        ("UK, uk ,UK", ("UK",)),
        (" , ;", None),
        ("UK\u200b,\u200fIE", ("UK", "IE")),
    ],
)
def test_lists_take_the_separators_of_every_script(text: str, names: tuple[str, ...] | None) -> None:
    assert read_list(text).value == names


def test_orders_and_weights_take_them_too() -> None:
    assert read_order("revenue＞diners").value == ("revenue", "diners")
    halves = {"revenue": Decimal("0.6"), "diners": Decimal("0.4")}
    assert read_weights("revenue ６０％；diners ４０％", "ja_JP").value == halves
    assert read_weights("revenue ٦٠٪، diners ٤٠٪", "ar_EG").value == halves
    assert read_weights("revenue\u00a060\u00a0%; diners 40\u202f%", "fr_FR").value == halves


@pytest.mark.parametrize(
    ("word", "value"),
    [("WAHR", True), ("ＴＲＵＥ", True), ("VRAI", True), ("FAŁSZ", False), ("خطأ", False)],
)
def test_boxes_as_text_are_read_in_the_languages_of_sheets(word: str, value: bool | None) -> None:
    parsed = read_checkbox(word)
    assert parsed.value is value
    assert bool(parsed.problem) == (value is None)


@pytest.mark.parametrize("filler", [" ", "a ", "1,", "INIT-1,", "a: ", "\u200f", "((", "1 a", "a 1 "])
def test_a_cell_of_50_000_characters_is_read_by_every_reader(filler: str) -> None:
    """A pattern that looked at a long text again and again would take minutes here."""
    text = "x" + filler * (49_998 // len(filler)) + "y"
    readers: list[Any] = [
        read_text, read_number, read_percent, read_checkbox, read_date, read_datetime, read_period, read_key, read_keys,
        read_list, read_order, read_weights, quoted,
    ]  # fmt: skip
    for reader in readers:
        assert len(str(getattr(reader(text), "problem", "") or "")) < 400
