"""What a cell shows: values by number format and locale (the pattern language of the Sheets API)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

from sheets_sync.local.grid import CellError, Value
from sheets_sync.local.locales import Locale
from sheets_sync.local.serials import moment_of

Json = dict[str, Any]
# more digits than a double with the longest pattern can have
_EXACT = Context(prec=2_000, rounding=ROUND_HALF_UP)
DATE_TYPES = frozenset(["DATE", "TIME", "DATE_TIME"])

_ERROR_TEXTS = {
    "ERROR": "#ERROR!",
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "LOADING": "Loading...",
}
_PIECE = re.compile(
    r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|am/pm|a/p|y+|m+|d+|h+|s+|[eE][+-]0+|[0#?]+|.', re.IGNORECASE | re.DOTALL
)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def error_text(error: CellError) -> str:
    """``#REF!`` and the like."""
    return _ERROR_TEXTS.get(error.kind, "#ERROR!")


def formatted(value: Value, number_format: Json | None, locale: Locale) -> str:
    """The text that the cell shows."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return locale.yes if value else locale.no
    if isinstance(value, CellError):
        return error_text(value)
    if isinstance(value, str):
        pattern = (number_format or {}).get("pattern", "")
        return _text_section(value, pattern) if ";" in pattern else value
    kind = (number_format or {}).get("type")
    if not number_format or not (kind or number_format.get("pattern")):
        return general(value, locale)
    pattern = number_format.get("pattern") or default_pattern(kind, locale)
    if kind == "TEXT" and pattern == "@":
        return general(value, locale)
    return by_pattern(value, pattern, locale, is_date=kind in DATE_TYPES)


def default_pattern(kind: str | None, locale: Locale) -> str:
    """The pattern that a format type stands for when it names none."""
    money = f'#,##0.00"{_NBSP}{locale.currency}"' if locale.currency_after else f'"{locale.currency}"#,##0.00'
    return {
        "NUMBER": "#,##0.00",
        "PERCENT": "0.00%",
        "CURRENCY": money,
        "DATE": locale.date,
        "TIME": "h:mm:ss am/pm" if locale.date == "m/d/yyyy" else "hh:mm:ss",
        "DATE_TIME": f"{locale.date} h:mm:ss",
        "SCIENTIFIC": "0.00E+00",
        "TEXT": "@",
    }.get(kind or "", "General")


_NBSP = "\u00a0"


def general(value: float, locale: Locale) -> str:
    """A number without a format: up to ten significant digits, no thousands separators."""
    if isinstance(value, float) and not math.isfinite(value):
        return "#NUM!"
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if number == 0:
        return "0"
    exponent = number.adjusted()
    if exponent >= 15 or exponent < -9:
        text = f"{number:.5E}"
        mantissa, _, power = text.partition("E")
        mantissa = mantissa.rstrip("0").rstrip(".")
        sign, digits = power[0], power[1:].rjust(2, "0")
        return f"{mantissa}E{sign}{digits}".replace(".", locale.decimal)
    if number == number.to_integral_value():
        return str(int(number))
    places = min(max(9 - exponent, 0), 10)
    rounded = number.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    text = f"{rounded:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(".", locale.decimal)


def by_pattern(value: float, pattern: str, locale: Locale, is_date: bool = False) -> str:
    """A number by a pattern such as ``#,##0.00;(#,##0)``, ``0%``, ``yyyy-mm-dd hh:mm``."""
    if isinstance(value, float) and not math.isfinite(value):
        return "#NUM!"
    sections = _sections(pattern)
    section, magnitude = _chosen(value, sections)
    pieces = _pieces(section)
    if any(piece.lower() == "general" for piece in (section.strip(),)):
        return general(value, locale)
    if is_date or _is_date_pattern(pieces):
        return _date(value, pieces)
    return _number(magnitude, pieces, locale)


@lru_cache(maxsize=2_000)
def _sections(pattern: str) -> Sequence[str]:
    parts, part = [], ""
    for piece in _PIECE.findall(pattern):
        if piece == ";":
            parts.append(part)
            part = ""
        else:
            part += piece
    return (*parts, part)


@lru_cache(maxsize=2_000)
def _pieces(section: str) -> tuple[str, ...]:
    return tuple(_PIECE.findall(section))


def _chosen(value: float, sections: Sequence[str]) -> tuple[str, float]:
    """The section for a value, and the value as that section shows it (a negative section shows no sign)."""
    for section in sections:
        match = re.match(r"\s*(?:\[[A-Za-z]+\])?\[(<=|>=|<>|<|>|=)(-?\d*\.?\d+)\]", section)
        if match:
            limit = float(match[2])
            holds = {
                "<": value < limit,
                ">": value > limit,
                "<=": value <= limit,
                ">=": value >= limit,
                "=": value == limit,
                "<>": value != limit,
            }[match[1]]
            if holds:
                return section, value
    if re.match(r"\s*\[(<|>|=)", sections[0]):
        return sections[-1], value
    if value < 0 and len(sections) > 1:
        return sections[1], -value
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


def _is_date_pattern(pieces: tuple[str, ...]) -> bool:
    letters = {piece[0].lower() for piece in pieces if piece[0].lower() in "ydhsm" and piece.isalpha()}
    clock = any(re.fullmatch(r"\[(h+|m+|s+)\]", piece, re.IGNORECASE) for piece in pieces)
    return bool(letters) or clock


def _text_section(value: str, pattern: str) -> str:
    sections = _sections(pattern)
    if len(sections) < 4:
        return value
    return "".join(value if piece == "@" else _literal(piece) for piece in _pieces(sections[3]))


def _literal(piece: str) -> str:
    if piece.startswith('"'):
        return piece[1:-1]
    if piece[0] == "\\":
        return piece[1:]
    if piece[0] == "_":
        return " "
    if piece[0] == "*":
        return ""
    if piece[0] == "[":
        match = re.match(r"\[\$([^-\]]*)", piece)
        return match[1] if match else ""
    return piece


def _number(value: float, pieces: tuple[str, ...], locale: Locale) -> str:
    """A number by the pieces of one section without date letters."""
    digits = [i for i, piece in enumerate(pieces) if piece[0] in "0#?"]
    if not digits:
        shown = "".join(general(value, locale) if t == "@" else _literal(t) for t in pieces)
        return ("-" if value < 0 and "@" not in pieces else "") + shown
    first, last = digits[0], digits[-1]
    whole, fraction, grouped, scale, exponent = _layout(pieces, first, last)
    percent = sum(1 for piece in pieces if piece == "%")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    number = number.scaleb(2 * percent - 3 * scale, _EXACT)
    power = ""
    if exponent:
        shift = number.adjusted() if number else 0
        number = number.scaleb(-shift)
        rounded = number.quantize(Decimal(1).scaleb(-len(fraction)), context=_EXACT)
        if abs(rounded) >= 10:
            shift, number = shift + 1, number.scaleb(-1)
        sign = "-" if shift < 0 else ("+" if exponent[1] == "+" else "")
        power = "E" + sign + str(abs(shift)).rjust(len(exponent) - 2, "0")
    body = _digits(number, whole, fraction, grouped, locale) + power
    negative = body.startswith("-")
    body = body.lstrip("-")
    before = "".join(_literal(piece) for piece in pieces[:first])
    after_at = last + 1 + (1 if exponent else 0) + scale
    after = "".join(_literal(piece) for piece in pieces[after_at:])
    middle = "".join(_literal(t) for t in pieces[first:last] if t[0] in '"\\')
    return ("-" if negative else "") + before + body + middle + after


def _layout(pieces: tuple[str, ...], first: int, last: int) -> tuple[str, str, bool, int, str]:
    """(whole placeholders, fraction placeholders, grouped, thousands to divide by, exponent piece)."""
    whole, fraction, grouped, seen_point = "", "", False, False
    for piece in pieces[first : last + 1]:
        if piece == ".":
            seen_point = True
        elif piece == ",":
            grouped = True
        elif piece[0] in "0#?":
            if seen_point:
                fraction += piece
            else:
                whole += piece
    scale = 0
    for piece in pieces[last + 1 :]:
        if piece != ",":
            break
        scale += 1
    follows = pieces[last + 1 + scale] if last + 1 + scale < len(pieces) else ""
    exponent = follows if re.fullmatch(r"[eE][+-]0+", follows) else ""
    return whole, fraction, grouped, scale, exponent


def _digits(number: Decimal, whole: str, fraction: str, grouped: bool, locale: Locale) -> str:
    rounded = number.quantize(Decimal(1).scaleb(-len(fraction)), context=_EXACT)
    text = f"{abs(rounded):f}"
    left, _, right = text.partition(".")
    left = left.lstrip("0").rjust(whole.count("0"), "0")
    if grouped:
        left = re.sub(r"(?<=\d)(?=(\d{3})+$)", lambda _: locale.group, left)
    keep = len(fraction)
    while keep and fraction[keep - 1] == "#" and right[keep - 1 : keep] in ("0", ""):
        keep -= 1
    right = right[:keep]
    sign = "-" if rounded < 0 else ""
    return sign + left + (locale.decimal + right if right or "." in fraction else "")


def _date(serial: float, pieces: tuple[str, ...]) -> str:
    """A serial number by date and time letters; ``m`` is minutes beside hours or seconds."""
    moment = moment_of(serial)
    if moment is None:
        return "#NUM!"
    is_half_day = any(piece.lower() in ("am/pm", "a/p") for piece in pieces)
    out = []
    for index, piece in enumerate(pieces):
        low = piece.lower()
        if piece[0] in "0" and index and pieces[index - 1] == "." and any(t.lower().startswith("s") for t in pieces):
            out.append(f"{moment.microsecond:06d}"[: len(piece)])
        elif re.fullmatch(r"\[(h+|m+|s+)\]", low):
            unit = {"h": 24, "m": 1_440, "s": 86_400}[low[1]]
            out.append(str(math.floor(serial * unit + 1e-6)).rjust(len(low) - 2, "0"))
        elif low in ("am/pm", "a/p"):
            out.append("AM" if moment.hour < 12 else "PM")
        elif low[0] in "ymdhs" and low.isalpha():
            out.append(_date_part(low, moment, is_half_day, _is_minutes(pieces, index)))
        else:
            out.append(_literal(piece))
    return "".join(out)


def _is_minutes(pieces: tuple[str, ...], index: int) -> bool:
    before = [t.lower() for t in pieces[:index] if t.isalpha() or t.startswith("[")]
    after = [t.lower() for t in pieces[index + 1 :] if t.isalpha() or t.startswith("[")]
    return bool((before and before[-1].strip("[]").startswith("h")) or (after and after[0].strip("[]").startswith("s")))


def _date_part(piece: str, moment: datetime, is_half_day: bool, is_minutes: bool) -> str:
    size = len(piece)
    if piece[0] == "y":
        return f"{moment.year % 100:02d}" if size <= 2 else f"{moment.year:04d}"
    if piece[0] == "d":
        name = _DAYS[moment.weekday()]
        return [str(moment.day), f"{moment.day:02d}", name[:3], name][min(size, 4) - 1]
    if piece[0] == "h":
        hour = (moment.hour % 12 or 12) if is_half_day else moment.hour
        return str(hour).rjust(min(size, 2), "0")
    if piece[0] == "s":
        return str(moment.second).rjust(min(size, 2), "0")
    if is_minutes:
        return str(moment.minute).rjust(min(size, 2), "0")
    name = _MONTHS[moment.month - 1]
    return [str(moment.month), f"{moment.month:02d}", name[:3], name, name[0]][min(size, 5) - 1]
