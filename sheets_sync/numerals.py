"""Numbers that people typed as text, in the separators of the sheet's locale; what is doubtful is told, never guessed.

Separators per language follow Unicode CLDR (https://cldr.unicode.org), `numbers/symbols`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from sheets_sync.characters import plain


@dataclass(frozen=True, slots=True)
class Convention:
    """How one locale writes numbers: the decimal mark and the marks that may group thousands."""

    decimal: str
    groups: str


_POINT = Convention(".", ",")
_COMMA = Convention(",", ".")
_SPACED = Convention(",", " ")
_SWISS = Convention(".", "'")
_ARABIC = Convention("٫", "٬")

_BY_LANGUAGE: dict[str, tuple[Convention, ...]] = {
    **dict.fromkeys(
        ("da", "de", "el", "es", "gl", "hr", "id", "in", "is", "it", "nl", "ro", "sl", "sr", "tr", "vi"), (_COMMA,)
    ),
    "pt": (_COMMA,),
    **dict.fromkeys(
        ("be", "bg", "cs", "et", "fi", "fr", "hu", "hy", "ka", "kk", "lt", "lv", "nb", "nn", "no", "pl"), (_SPACED,)
    ),
    **dict.fromkeys(("ru", "sk", "sv", "uk", "az"), (_SPACED,)),
    # Arabic sheets hold both kinds of digits, and with Western digits the Maghreb and the Gulf differ.
    **dict.fromkeys(("ar", "fa", "ur"), (_ARABIC, _POINT, _COMMA)),
}
_BY_LOCALE: dict[str, tuple[Convention, ...]] = {
    "de_CH": (_SWISS,),
    "it_CH": (_SWISS,),
    "de_LI": (_SWISS,),
    "en_ZA": (_SPACED,),
    "pt_PT": (_SPACED,),
    **dict.fromkeys(
        ("es_MX", "es_US", "es_PR", "es_GT", "es_HN", "es_NI", "es_PA", "es_PE", "es_SV", "es_DO"), (_POINT,)
    ),
}
_FORM = re.compile(r"(?P<sign>[+-]?) ?(?P<body>\d[\d.,' ٫٬]*|[.,٫]\d+)(?P<exponent>[eE][+-]?\d{1,3})?")
_THOUSANDS = {
    **dict.fromkeys(("k", "thousand", "thousands", "tsd", "mille"), 3),
    **dict.fromkeys(("m", "mn", "mm", "mio", "mln", "million", "millions", "millionen"), 6),
    **dict.fromkeys(("bn", "mrd", "billion", "billions", "mld"), 9),
}
"""What stands behind a number and multiplies it, in lower case and without its full stop: 10 to the power of."""
_INSIDE = re.compile(r"[+-]?\d[\d.,' ٫٬]*")


@dataclass(frozen=True, slots=True)
class Numeral:
    """What a text may mean as a number: no reading, one, or (doubtful) several. The likeliest stands first."""

    readings: tuple[Decimal, ...]

    @property
    def is_certain(self) -> bool:
        """True where exactly one number can be meant."""
        return len(self.readings) == 1


def conventions(locale: str) -> tuple[Convention, ...]:
    """How numbers may be written in a locale such as "de_DE"; unknown ones are read as English."""
    name = locale.replace("-", "_")
    return _BY_LOCALE.get(name) or _BY_LANGUAGE.get(name.split("_", maxsplit=1)[0].lower(), (_POINT,))


def numeral(text: str, locale: str) -> Numeral:
    """The numbers that ``text`` may mean in ``locale``.

    In the locale's own form there is one reading; "1,234" where the comma is the decimal mark has two, because it looks
    like a thousand written the other way.
    """
    clean = plain(text)
    match = _FORM.fullmatch(clean)
    if not match:
        return Numeral(())
    readings: list[Decimal] = []
    for convention in conventions(locale):
        value = _read(match, convention)
        if value is None:
            continue
        readings.append(value)
        other = Convention(convention.groups, convention.decimal)
        if convention in (_POINT, _COMMA, _SPACED, _SWISS) and _looks_grouped(match["body"], convention):
            twin = _read(match, Convention("." if convention.decimal == "," else ",", convention.decimal)) or _read(
                match, other
            )
            if twin is not None:
                readings.append(twin)
    return Numeral(tuple(dict.fromkeys(readings)))


def likely_number(text: str, locale: str) -> Decimal | None:
    """The number that may have been meant by ``text`` ("120 tokens", "~120", "12k"): a proposal, never a value."""
    clean = plain(text)
    found = _INSIDE.findall(clean)
    if len(found) != 1:
        return None
    body = found[0].strip(" .,'")
    rest = clean[clean.index(found[0]) + len(found[0].rstrip(" .,'")) :].strip()
    for convention in (*conventions(locale), _POINT, _COMMA, _SPACED):
        match = _FORM.fullmatch(body)
        value = _read(match, convention) if match else None
        if value is not None:
            unit = rest.split(" ", maxsplit=1)[0].rstrip(".").casefold()
            is_owed = clean.endswith("-") or (clean.startswith("(") and clean.endswith(")"))
            value = -abs(value) if is_owed else value
            return value.scaleb(_THOUSANDS[unit]) if unit in _THOUSANDS else value
    return None


def number_text(value: Decimal, locale: str = "en_US") -> str:
    """A number as one would type it in the locale: no grouping, no exponent, the locale's decimal mark."""
    text = format(value or Decimal(0), "f")
    return text.rstrip("0").rstrip(".").replace(".", conventions(locale)[0].decimal) if "." in text else text


def _read(match: re.Match[str], convention: Convention) -> Decimal | None:
    whole, mark, fraction = match["body"].strip().partition(convention.decimal)
    if mark and not fraction.isdecimal():
        return None
    if not (whole.isdecimal() or (not whole and mark)):
        group = re.escape(convention.groups)
        # Thousands, or the Indian lakh: 12,34,567.
        if not re.fullmatch(rf"[1-9]\d{{0,2}}(?:{group}\d{{3}})+|[1-9]\d?(?:{group}\d{{2}})+{group}\d{{3}}", whole):
            return None
        whole = whole.replace(convention.groups, "")
    return Decimal(
        f"{match['sign']}{whole or 0}{'.' if fraction else ''}{fraction}{match['exponent'] or ''}"
    ) or Decimal(0)


def _looks_grouped(body: str, convention: Convention) -> bool:
    """True for 1,234 where the comma is the decimal mark: one to three digits, the mark, exactly three more."""
    return re.fullmatch(rf"[1-9]\d{{0,2}}{re.escape(convention.decimal)}\d{{3}}", body.strip()) is not None
