"""Cell value <-> text, Decimal, bool, key, choice: pure functions whose outcome is a value, a blank or a problem.

Cells come unformatted from the API: numbers as floats, which mean their shortest decimal text (0.1 is one tenth),
percent as fractions, an error of a formula as its text ("#REF!"). Dates and periods: ``cell_dates``; lists:
``cell_lists``.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from engine.keys import canonical_initiative_key, initiative_key
from sheets_sync.characters import plain, storable, visible
from sheets_sync.grids import CellValue
from sheets_sync.headers import folded, quoted
from sheets_sync.money import money
from sheets_sync.numerals import likely_number, number_text, numeral

T = TypeVar("T")

MOST_CHARACTERS = 50_000
"""The longest text that a cell of Google Sheets holds."""

_LARGEST = Decimal("1e15")  # beyond it a float no longer holds every whole number
_MEANINGS = {
    "#REF!": "it points to a cell or tab that is gone",
    "#N/A": "what it looks up is not found",
    "#DIV/0!": "it divides by zero or by a blank cell",
    "#VALUE!": "it reckons with a text, or with a cell of the wrong kind",
    "#NAME?": "it uses a function or a name that does not exist",
    "#NUM!": "its result is no number, or too large",
    "#NULL!": "it names ranges that do not meet",
    "#ERROR!": "it cannot be understood",
    "#SPILL!": "its result has no room beside it",
    "#CALC!": "it cannot be calculated",
    "Loading...": "its result had not arrived yet",
}
"""What the error values of formulas mean."""

_TRANSLATED = {
    "#REF!": ("#BEZUG!", "#ADR!", "#¡REF!", "#¡REF", "#ССЫЛКА!", "#REFERENS!"),
    "#N/A": ("#NV", "#N/D", "#Н/Д", "#SAKNAS!", "#ND"),
    "#DIV/0!": ("#¡DIV/0!", "#DZIEL/0!", "#ДЕЛ/0!", "#DIVISION/0!"),
    "#VALUE!": ("#WERT!", "#VALEUR!", "#ARG!", "#¡VALOR!", "#VALOR!", "#ЗНАЧ!", "#VÄRDEFEL!", "#WAARDE!", "#VALORE!"),
    "#NAME?": ("#NOM?", "#NAZWA?", "#¿NOMBRE?", "#NOME?", "#ИМЯ?", "#NAMN?", "#NAAM?"),
    "#NUM!": ("#ZAHL!", "#NOMBRE!", "#LICZBA!", "#¡NUM!", "#NÚM!", "#ЧИСЛО!", "#OGILTIGT!", "#GETAL!"),
    "#ERROR!": ("#FEHLER!", "#ERREUR!", "#BŁĄD!", "#ERRO!"),
}
"""The same in languages in which spreadsheets show, and people paste, them."""

_ERRORS = {word.casefold(): word for word in _MEANINGS} | {
    other.casefold(): word for word, others in _TRANSLATED.items() for other in others
}
_YES = frozenset(
    (
        *("true", "wahr", "vrai", "prawda", "verdadero", "verdadeiro", "vero", "waar", "sant", "sand", "tosi", "doğru"),
        *("pravda", "igaz", "истина", "صواب", "सही"),
    )
)
_NO = frozenset(
    (
        *("false", "falsch", "faux", "fałsz", "falso", "onwaar", "falskt", "falsk", "epätosi", "yanlış", "nepravda"),
        *("hamis", "ложь", "خطأ", "गलत"),
    )
)
_MEANS_YES = frozenset(("yes", "y", "x", "on", "1", "✓", "✔", "ja", "oui", "tak", "si", "sí", "はい", "نعم"))
_MEANS_NO = frozenset(("no", "n", "off", "0", "-", "✗", "nein", "non", "nie", "いいえ", "لا"))


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What a cell says. ``value`` None and no ``problem``: the cell is blank. ``problem`` says what is wrong and how to
    mend it (an ERROR; there is no value then). ``note`` tells how a value was understood or cleaned (a WARN)."""

    value: T | None = None
    problem: str | None = None
    note: str | None = None


def bad(problem: str) -> Parsed[T]:
    """What a cell says that cannot be understood."""
    return Parsed(problem=problem)


def shown(value: CellValue) -> str:
    """A cell as a message quotes it: 'abc', at most 40 characters, nothing unprintable."""
    return quoted(value if isinstance(value, str) else plain_text(value))


def plain_text(value: CellValue) -> str:
    """A cell as text: 120.0 is "120", 0.1 is "0.1", a checkbox TRUE or FALSE."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return number_text(Decimal(repr(value))) if math.isfinite(value) else str(value)
    return str(value)


def read_text(value: CellValue) -> Parsed[str]:
    """A text, trimmed, without invisible characters. NUL, lone surrogates and control characters are taken out and
    told; so is what is too long."""
    if isinstance(value, str):
        failed = formula_error(value)
        if failed:
            return bad(failed)
        text = visible(value)
        if len(text) > MOST_CHARACTERS:
            return bad(f"the text has {len(text):,} characters; shorten it to {MOST_CHARACTERS:,} at most")
        clean, count = storable(text)
        if count:
            what = "1 unprintable character was" if count == 1 else f"{count} unprintable characters were"
            return Parsed(visible(clean) or None, note=f"{what} left out; retype the text")
        return Parsed(text or None)
    return Parsed(plain_text(value) or None)


def formula_error(value: CellValue) -> str | None:
    """The problem of a cell whose formula failed ("#REF!"), or None."""
    if not isinstance(value, str) or value[:1] not in ("#", "L") or len(value) >= 16:
        return None
    error = _ERRORS.get(value.strip().casefold())
    if error is None:
        return None
    if error == "Loading...":
        return f"the formula gives {value.strip()}: {_MEANINGS[error]}; wait until it shows, or type the value itself"
    return f"the formula gives {value.strip()}: {_MEANINGS[error]}; mend the formula, or type the value itself"


def read_number(
    value: CellValue,
    locale: str = "en_US",
    *,
    example: str = "120",
    may_be_percent: bool = False,
    currency: str | None = None,
) -> Parsed[Decimal]:
    """A number. A float means its shortest decimal text; a text is read in the locale's separators and noted.

    ``may_be_percent`` accepts percent signs: "25%" is 0.25. ``currency`` is the code ("EUR") in which a column of
    money is counted, so that "1.200 €" is 1200 there; in any other currency, and where it is None or "" (no money, or
    not known in what), such a text is a problem whose proposal is the bare number.
    """
    if value is None or value == "":
        return Parsed()
    if isinstance(value, bool):
        return bad(f"a checkbox is not a number; write {example}")
    if isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            return bad(f"{shown(value)} is not a number; write {example}")
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        return _checked(_unpadded(number), value)
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    bare = plain(text.value) if len(text.value) <= 200 else ""
    paid = money(bare)
    if paid is None:
        return _number_of_text(value, bare, text.note, locale, example, may_be_percent)
    amount, currencies = paid
    read = _number_of_text(value, amount, text.note, locale, example, may_be_percent=False)
    if read.value is None or currency in currencies:
        return read
    asked = number_text(read.value, locale)
    if currency:
        return bad(
            f"{shown(value)} is in {currencies[0]}, and Setup counts in {currency}; write the amount in {currency}"
        )
    return bad(f"{shown(value)} has a currency in it; write {asked}")


def _unpadded(number: Decimal) -> Decimal:
    return Decimal(int(number)) if number == number.to_integral_value() and abs(number) < _LARGEST else number


def _number_of_text(
    value: str, bare: str, note: str | None, locale: str, example: str, may_be_percent: bool
) -> Parsed[Decimal]:
    is_percent = bare[-1:] == "%"
    found = numeral(bare[:-1] if is_percent else bare, locale)
    readings = [number.scaleb(-2) if is_percent else number for number in found.readings]
    if len(readings) > 1:
        options = " or ".join(_certain(number, locale, is_percent and may_be_percent) for number in readings)
        return bad(f"{shown(value)} may mean {options}; write the one that you mean")
    if is_percent and readings and not may_be_percent:
        return bad(
            f"{shown(value)} is a percentage, and here a plain number is wanted;"
            f" write {number_text(readings[0].scaleb(2), locale)} or {number_text(readings[0], locale)}"
        )
    if not readings:
        return bad(f"{shown(value)} is not a number; write {_proposed(bare, locale, example, may_be_percent)}")
    checked = _checked(readings[0], value)
    if checked.problem:
        return checked
    meant = _certain(readings[0], locale, is_percent)
    told = f"{shown(value)} is text; it was read as {meant}. Write {meant} to clear this note"
    return Parsed(checked.value, note=f"{told}. {note}" if note else told)


def _proposed(bare: str, locale: str, example: str, may_be_percent: bool) -> str:
    """What to write instead of a text that is no number: the number in it, else the example."""
    meant = likely_number(bare, locale) if bare else None
    if meant is None or abs(meant) > _LARGEST:
        return example
    is_percent = may_be_percent and ("%" in bare or "percent" in bare.casefold() or example.endswith("%"))
    return f"{number_text(meant, locale)}%" if is_percent else number_text(meant, locale)


def _typed(number: Decimal, locale: str, is_percent: bool) -> str:
    return f"{number_text(number.scaleb(2), locale)}%" if is_percent else number_text(number, locale)


def _certain(number: Decimal, locale: str, is_percent: bool) -> str:
    """The number in a form that has one reading even as text: 1.2340, since 1.234 may be a thousand and some."""
    text = _typed(number, locale, is_percent)
    bare = text.removesuffix("%")
    return text if numeral(bare, locale).is_certain else f"{bare}0{text[len(bare) :]}"


def _checked(number: Decimal, value: CellValue) -> Parsed[Decimal]:
    if abs(number) > _LARGEST:
        return bad(f"{shown(value)} is too large; write a number below 1,000,000,000,000,000")
    return Parsed(number)


def share_problem(share: Decimal) -> str | None:
    """What is wrong with a share above 1: 30 was typed for 30 %."""
    if share <= 1:
        return None
    if share > 100:
        return f"{number_text(share)} is more than 100 %; write 100% or less"
    return f"{number_text(share)} means {number_text(share.scaleb(2))} %; write {number_text(share)}%"


def percent_problem(value: CellValue, locale: str) -> str:
    """What is wrong with a number that is formatted as a percentage where a plain one is wanted."""
    number = read_number(value, locale).value or Decimal(0)
    share, plain_number = number_text(number.scaleb(2), locale), number_text(number, locale)
    return (
        f"'{share}%' is a percentage, and here a plain number is wanted; choose Format ▸ Number ▸ Automatic, then write"
        f" {share} or {plain_number}"
    )


def read_integer(value: CellValue, locale: str = "en_US", *, example: str = "3") -> Parsed[int]:
    """A whole number."""
    number = read_number(value, locale, example=example)
    if number.value is None:
        return Parsed(problem=number.problem, note=number.note)
    whole = int(number.value)
    if whole != number.value:
        below = math.floor(number.value)
        return bad(f"{number_text(number.value, locale)} is not a whole number; write {below} or {below + 1}")
    return Parsed(whole, note=number.note)


def read_percent(value: CellValue, locale: str = "en_US", *, example: str = "25%") -> Parsed[Decimal]:
    """A share as a fraction: 0.25, or "25%" as text."""
    share = read_number(value, locale, example=example, may_be_percent=True)
    problem = share_problem(share.value) if share.value is not None else None
    return Parsed(problem=problem) if problem else share


def read_checkbox(value: CellValue) -> Parsed[bool]:
    """A checkbox; TRUE and FALSE as text (in the larger languages of Sheets) are accepted and noted."""
    if value is None or value == "" or isinstance(value, bool):
        return Parsed(value if isinstance(value, bool) else None)
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    word = plain(text.value).casefold() if len(text.value) < 20 else ""
    for words, meant, answer in ((_YES, True, "TRUE"), (_NO, False, "FALSE")):
        if word in words and isinstance(value, str):
            return Parsed(meant, note=f"{shown(value)} is text; it was read as {answer}. Tick or clear the box")
        if word in (_MEANS_YES if meant else _MEANS_NO):
            return bad(f"{shown(value)} is neither TRUE nor FALSE; write {answer}")
    return bad(f"{shown(value)} is neither TRUE nor FALSE; tick or clear the box")


def read_key(value: CellValue) -> Parsed[str]:
    """One initiative's canonical key: "init-123" and "INIT-000123 · One-tap checkout" are understood."""
    if value is None or value == "":
        return Parsed()
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    bare = plain(text.value)
    key = canonical_initiative_key(bare)
    if key is None:
        number = re.fullmatch(r"#?0*(\d{1,12})", bare)
        proposal = initiative_key(int(number[1])) if number and int(number[1]) else "one such as INIT-000123"
        return bad(f"{shown(value)} is not an initiative's key; write {proposal}")
    return Parsed(key, note=text.note)


def read_choice(value: CellValue, choices: Iterable[str]) -> Parsed[str]:
    """One of ``choices``; case, spaces, `-` and `_` do not matter."""
    if value is None or value == "":
        return Parsed()
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    words = {folded(choice): choice for choice in choices}
    word = folded(plain(text.value[:200]))
    if word in words:
        return Parsed(words[word], note=text.note)
    offered = [words[near] for near in _nearest(word, words)] or [*words.values()]
    listed = " or ".join([", ".join(offered[:-1]), offered[-1]] if len(offered) > 1 else offered)
    return bad(f"{shown(value)} is not known; write {listed}")


def _nearest(word: str, words: Iterable[str]) -> list[str]:
    """Those of ``words`` that begin with ``word``; else the one that is spelled most like it, and those that are hardly
    less like it: "capacity_limit" may be a floor as well as a cap."""
    begun = [each for each in words if each.startswith(word)]
    if begun and len(word) > 2:
        return begun
    near = difflib.get_close_matches(word, words, n=3, cutoff=0.6)
    likeness = [difflib.SequenceMatcher(None, each, word).ratio() for each in near]
    return [each for each, ratio in zip(near, likeness, strict=True) if ratio > likeness[0] - 0.1]


def number_cell(number: Decimal | int) -> int | float:
    """The cell of a number: exact up to 15 digits, the nearest float beyond."""
    whole = int(number)
    return whole if whole == number else float(number)
