"""Days and months that people typed as text, with names of months in the sheet's language or in English.

Names follow Unicode CLDR (https://cldr.unicode.org), `dates/calendars/gregorian/months`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2200, 1, 1)
"""Days of our time: the first, and the one after the last."""

_ENGLISH = "january february march april may june july august september october november december"
_NAMES: dict[str, tuple[str, ...]] = {
    "de": (
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jänner feber mrz",
    ),
    "fr": ("janvier février mars avril mai juin juillet août septembre octobre novembre décembre",),
    "pl": (
        "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    ),
    "es": (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "- - - - - - - - setiembre",
    ),
    "pt": ("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",),
    "it": ("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",),
    "nl": ("januari februari maart april mei juni juli augustus september oktober november december",),
    "sv": ("januari februari mars april maj juni juli augusti september oktober november december",),
    "ar": (
        "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
        "- - - إبريل - - - - - - - -",
    ),
    "hi": (
        "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
        "- फरवरी - - - - - - सितम्बर अक्तूबर नवम्बर दिसम्बर",
    ),
}
_SHORTEST = {"ar": 4, "hi": 2}
_NUMBERS = re.compile(r"(\d{1,4})\s*([./\-])\s*(\d{1,2})\s*\2\s*(\d{1,4})\.?")
_NAMED = re.compile(
    r"(?:(?P<d>\d{1,2})(?:\.|st|nd|rd|th|º|er)?[\s\-]*(?:de\s+)?(?P<m>[^\W\d_]+[\u0900-\u097f]*)|"
    r"(?P<m2>[^\W\d_]+)\.?\s+(?P<d2>\d{1,2})(?:st|nd|rd|th)?)[.,]?[\s\-]*(?:de\s+)?(?P<y>\d{4}|'?\d{2})",
    re.IGNORECASE,
)
_KANJI = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?")
_DOTTED = frozenset(
    ("de", "pl", "cs", "sk", "da", "nb", "no", "fi", "ru", "uk", "tr", "ro", "bg", "hr", "sl", "et", "lv")
)
"""Languages that write day.month.year with points."""


def month_of(word: str, locale: str) -> int | None:
    """The month that a word names, in full or by its first letters, in the locale's language or in English."""
    language = locale.replace("-", "_").split("_", maxsplit=1)[0].lower()
    wanted = _bare(word)
    for names in (*_NAMES.get(language, ()), _ENGLISH):
        shortest = _SHORTEST.get(language, 3) if names is not _ENGLISH else 3
        full = [_bare(name) for name in names.split()]
        found = [place for place, name in enumerate(full, 1) if name.startswith(wanted) and len(wanted) >= shortest]
        exact = [place for place, name in enumerate(full, 1) if name == wanted]
        if len(exact or found) == 1:
            return (exact or found)[0]
    return None


def _bare(word: str) -> str:
    """Folded, without accents: "Août" is "aout"."""
    apart = unicodedata.normalize("NFD", word.strip(" .").casefold())
    return "".join(c for c in apart if not "\u0300" <= c <= "\u036f")


def day(year: int, month: int, number: int) -> date | None:
    """The day, where there is one in our time."""
    try:
        found = date(year, month, number)
    except ValueError:
        return None
    return found if FIRST_DAY <= found < LAST_DAY else None


def days(text: str, locale: str) -> tuple[date, ...]:
    """The days that a plain ``text`` may mean: () where it is no date, one, or (doubtful) several."""
    if match := _KANJI.fullmatch(text):
        found = [day(int(match[1]), int(match[2]), int(match[3]))]
    elif match := _NAMED.fullmatch(text):
        found = _named(match, locale)
    elif match := _NUMBERS.fullmatch(text):
        found = _numbered(match, locale)
    else:
        found = []
    return tuple(dict.fromkeys(each for each in found if each))


def _named(match: re.Match[str], locale: str) -> list[date | None]:
    month = month_of(match["m"] or match["m2"], locale)
    number, year = int(match["d"] or match["d2"]), match["y"].lstrip("'")
    if month is None:
        return []
    if len(year) == 4:
        return [day(int(year), month, number)]
    return [day(2000 + int(year), month, number), day(2000 + number, month, int(year))]  # 31-Mar-26, or 26 March 2031


def _numbered(match: re.Match[str], locale: str) -> list[date | None]:
    first, middle, last = match[1], int(match[3]), match[4]
    if len(first) == 4 and len(last) <= 2:
        return [day(int(first), middle, int(last))]
    if len(first) > 2 or len(last) not in (2, 4):
        return []
    year = int(last) if len(last) == 4 else 2000 + int(last)
    found = [day(year, middle, int(first))]
    if match[2] == "." and locale.replace("-", "_").split("_", maxsplit=1)[0].lower() in _DOTTED:
        return found
    found.append(day(year, int(first), middle))
    if len(last) == 2:
        found.append(day(2000 + int(first), middle, int(last)))
    return found
