"""What typing a text into a cell makes of it (valueInputOption USER_ENTERED)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sheets_sync.local.grid import CellError, Entered, Formula
from sheets_sync.local.locales import Locale
from sheets_sync.local.serials import serial_of

Json = dict[str, Any]

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*([ap]\.?m\.?)?$", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})$")
_SHORT = re.compile(r"(\d{1,2})([-/.])(\d{1,2})$")
_WORDY = re.compile(r"(?:(\d{1,2})[ -]([A-Za-z]{3,9})\.?[ ,-]+(\d{4})|([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4}))$")
_CURRENCIES = "$€£¥₹₩₽₺₴₪"
_ERRORS = {"#REF!": "REF", "#N/A": "N_A", "#DIV/0!": "DIVIDE_BY_ZERO", "#VALUE!": "VALUE", "#NAME?": "NAME"}
_ERRORS |= {"#NUM!": "NUM", "#NULL!": "NULL_VALUE", "#ERROR!": "ERROR"}


def parsed_entry(text: str, locale: Locale, year: int | None = None) -> tuple[Entered, Json | None]:
    """(what the cell then holds, the number format that comes with it or None): ``5%`` is 0.05 in percent. With
    ``year``, the one that it is, ``1/2`` is a date too."""
    if text.startswith("'"):
        return text[1:], None
    if len(text) > 1 and text[0] == "=":
        return Formula(text), None
    bare = text.strip()
    if not bare or len(bare) > 60:
        return (text if text else None), None
    upper = bare.upper()
    if upper in ("TRUE", "FALSE", locale.yes, locale.no):
        return upper in ("TRUE", locale.yes), None
    if upper in _ERRORS:
        return CellError(_ERRORS[upper]), None
    if not any(character.isdigit() for character in bare):
        return text, None
    number = _number(bare, locale)
    if number is not None:
        return number
    moment = parsed_moment(bare, locale, year)
    if moment is not None:
        return moment
    return text, None


def _number(text: str, locale: Locale) -> tuple[float, Json | None] | None:
    body, sign = text, 1
    if body.startswith("(") and body.endswith(")"):
        body, sign = body[1:-1].strip(), -1
    if body and body[0] in "+-":
        sign = -sign if body[0] == "-" else sign
        body = body[1:].strip()
    currency = ""
    for symbol in (locale.currency, *_CURRENCIES):
        if body.startswith(symbol):
            currency, body = symbol, body[len(symbol) :].strip()
            break
        if body.endswith(symbol):
            currency, body = symbol, body[: -len(symbol)].strip()
            break
    if currency and body and body[0] == "-":
        sign, body = -sign, body[1:].strip()
    percent = body.endswith("%")
    if percent:
        body = body[:-1].strip()
    value = plain_number(body, locale)
    if value is None or (percent and currency):
        return None
    grouped = _has_group(body, locale)
    places = len(body.partition(locale.decimal)[2]) if locale.decimal in body else 0
    value *= sign
    if percent:
        pattern = "0.00%" if places else "0%"
        return _shrunk(value / 100), {"type": "PERCENT", "pattern": pattern}
    if currency:
        digits = "#,##0.00" if places else "#,##0"
        pattern = f'{digits}"{currency}"' if text.endswith(currency) else f'"{currency}"{digits}'
        return _shrunk(value), {"type": "CURRENCY", "pattern": pattern}
    if "e" in body.lower():
        return _shrunk(value), {"type": "SCIENTIFIC", "pattern": "0.00E+00"}
    if grouped:
        return _shrunk(value), {"type": "NUMBER", "pattern": "#,##0.00" if places else "#,##0"}
    return _shrunk(value), None


def plain_number(text: str, locale: Locale) -> float | None:
    """The number of ``1234.5``, ``1,234.5``, ``1e5`` in the locale, without sign or unit; None where it is none."""
    if not text or not text.isascii():
        text = text.replace("\u00a0", " ").replace("\u202f", " ").replace("’", "'")
        if not text.isascii():
            return None
    decimal = re.escape(locale.decimal)
    group = _group_pattern(locale)
    shape = rf"(?:\d+|\d{{1,3}}(?:{group}\d{{3}})+)?(?:{decimal}\d*)?(?:[eE][+-]?\d{{1,3}})?$"
    if not re.match(shape, text) or not re.search(r"\d", text):
        return None
    cleaned = re.sub(group, "", text).replace(locale.decimal, ".")
    try:
        value = float(cleaned)
    except ValueError:
        return None
    if re.fullmatch(r"\d{1,15}", cleaned):
        return int(cleaned)
    return value if value not in (float("inf"), float("-inf")) else None


def _group_pattern(locale: Locale) -> str:
    if locale.group in "\u00a0\u202f":
        return "[ ]"
    return "'" if locale.group == "’" else re.escape(locale.group)


def _has_group(body: str, locale: Locale) -> bool:
    text = body.replace("\u00a0", " ").replace("\u202f", " ").replace("’", "'")
    return re.search(_group_pattern(locale) + r"\d{3}", text.partition(locale.decimal)[0]) is not None


def _shrunk(value: float) -> float:
    """An int where the number is whole, the float with the noise of a division by 100 taken off otherwise."""
    if isinstance(value, float):
        value = float(f"{value:.15g}")
        if value.is_integer() and abs(value) < 1e15:
            return int(value)
    return value


def parsed_moment(text: str, locale: Locale, year: int | None = None) -> tuple[float, Json] | None:
    """(serial number, number format) of a date, a time or both in the locale's order; None where it is none."""
    time_match = _TIME.search(text)
    if time_match and (time_match.start() == 0 or text[time_match.start() - 1] in " T"):
        fraction = _clock(time_match)
        if fraction is None:
            return None
        day_text = text[: time_match.start()].rstrip(" T,")
        if not day_text:
            pattern = "h:mm am/pm" if time_match[4] else ("h:mm:ss" if time_match[3] else "h:mm")
            return fraction, {"type": "TIME", "pattern": pattern}
        day = _day(day_text, locale)
        if day is None:
            return None
        return serial_of(day[0]) + fraction, {"type": "DATE_TIME", "pattern": f"{day[1]} h:mm:ss"}
    day = _day(text, locale) or _day_of(text, locale, year)
    return None if day is None else (serial_of(day[0]), {"type": "DATE", "pattern": day[1]})


def _clock(match: re.Match[str]) -> float | None:
    hour, minute, second = int(match[1]), int(match[2]), float(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[4].lower().startswith("p") else 0)
    if hour > 23 or minute > 59 or second >= 60:
        return None
    return (hour * 3600 + minute * 60 + second) / 86_400


def _day(text: str, locale: Locale) -> tuple[datetime, str] | None:
    match = _ISO.match(text)
    if match:
        pattern = "yyyy-mm-dd" if "-" in text else locale.date
        return _calendar(int(match[1]), int(match[2]), int(match[3]), pattern)
    match = _NUMERIC.match(text)
    if match:
        one, two, year = int(match[1]), int(match[3]), int(match[4])
        if len(match[4]) == 2:
            year += 2000 if year < 50 else 1900
        month, day = (one, two) if locale.month_first else (two, one)
        if match[2] == "." and locale.decimal == "." and "." not in locale.date:
            return None
        return _calendar(year, month, day, locale.date)
    match = _WORDY.match(text)
    if match:
        name, day, year = (match[2], match[1], match[3]) if match[1] else (match[4], match[5], match[6])
        month = _MONTHS.get(name[:3].lower())
        if month:
            return _calendar(int(year), month, int(day), "d mmm yyyy" if match[1] else "mmm d, yyyy")
    return None


def _day_of(text: str, locale: Locale, year: int | None) -> tuple[datetime, str] | None:
    """A day and a month of numbers, in ``year``; with a dot only where dates are written with dots."""
    match = _SHORT.match(text)
    if not match or year is None or (match[2] == "." and (locale.decimal == "." or "." not in locale.date)):
        return None
    one, two = int(match[1]), int(match[3])
    month, day = (one, two) if locale.month_first else (two, one)
    return _calendar(year, month, day, locale.day_and_month)


def _calendar(year: int, month: int, day: int, pattern: str) -> tuple[datetime, str] | None:
    try:
        return datetime(year, month, day), pattern
    except ValueError:
        return None
