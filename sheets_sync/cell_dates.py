"""Cell value <-> date, moment, period key.

A date is a serial number: days since 1899-12-30. Sheets turns what is typed as 2026-03 into a date, too.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.periods import canonical_period
from sheets_sync.cells import Parsed, bad, plain_text, read_text, shown
from sheets_sync.grids import CellValue
from sheets_sync.numerals import plain

_EPOCH = date(1899, 12, 30)
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2200, 1, 1)


def read_date(value: CellValue) -> Parsed[date]:
    """A day: a serial number, or an ISO text ("2026-03-31"), which is noted. Other texts are doubtful: a problem."""
    if value is None or value == "":
        return Parsed()
    if isinstance(value, bool):
        return bad("a checkbox is not a date; write one such as 2026-03-31")
    if isinstance(value, int | float):
        return _date_of_serial(value)
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    bare = plain(text.value) if len(text.value) < 40 else ""
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?(?:\.0+)?Z?)?", bare)
    day = _day(int(iso[1]), int(iso[2]), int(iso[3])) if iso else None
    if day:
        return Parsed(day, note=f"{shown(value)} is text; it was read as the date {day.isoformat()}")
    options = _likely_days(bare)
    if options:
        meant = " or ".join(option.isoformat() for option in options)
        return bad(f"{shown(value)} is text, not a date; write {meant}")
    return bad(f"{shown(value)} is not a date; write one such as 2026-03-31")


def _date_of_serial(value: float) -> Parsed[date]:
    if not math.isfinite(value) or abs(value) > 10_000_000:
        return bad(f"{shown(value)} is not a date; write one such as 2026-03-31")
    try:
        day = _EPOCH + timedelta(days=math.floor(value))
    except OverflowError:
        day = date.min
    if not _FIRST_DAY <= day < _LAST_DAY:
        return bad(f"the number {plain_text(value)} is not a date of our time; write one such as 2026-03-31")
    return Parsed(day)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if _FIRST_DAY <= found < _LAST_DAY else None


def _likely_days(text: str) -> list[date]:
    """The days that "31.03.2026" or "3/4/26" may mean."""
    match = re.fullmatch(r"(\d{1,2})[./\- ]+(\d{1,2})[./\- ]+(\d{4}|\d{2})", text)
    turned = re.fullmatch(r"(\d{4})[./ ]+(\d{1,2})[./ ]+(\d{1,2})", text)
    if turned:
        days = [_day(int(turned[1]), int(turned[2]), int(turned[3]))]
    elif match:
        year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
        days = [_day(year, int(match[2]), int(match[1])), _day(year, int(match[1]), int(match[2]))]
    else:
        days = []
    return list(dict.fromkeys(day for day in days if day))


def read_datetime(value: CellValue, time_zone: str = "UTC") -> Parsed[datetime]:
    """A moment: a serial number in the workbook's time zone, or an ISO text (its own offset counts). Always aware."""
    if value is None or value == "":
        return Parsed()
    zone = ZoneInfo(time_zone)
    if isinstance(value, int | float) and not isinstance(value, bool):
        day = _date_of_serial(value)
        if day.value is None:
            return bad(day.problem or "")
        seconds = round((value - math.floor(value)) * 86_400_000) / 1000
        return Parsed(
            (datetime.combine(day.value, datetime.min.time()) + timedelta(seconds=seconds)).replace(tzinfo=zone)
        )
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    try:
        moment = datetime.fromisoformat(plain(text.value[:60]))
    except ValueError:
        return bad(f"{shown(value)} is not a time; write one such as 2026-03-31 14:02")
    return Parsed(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def read_period(value: CellValue) -> Parsed[str]:
    """A period key: 2026-Q1, 2026-H1 or 2026-03."""
    if value is None or value == "":
        return Parsed()
    if isinstance(value, int | float) and not isinstance(value, bool):
        day = _date_of_serial(value).value
        if day is None:
            return bad(f"{shown(value)} is not a period; write one such as 2026-Q1")
        # Sheets turns a typed 2026-03 into the first of March; which kind of period was meant it no longer says.
        return bad(
            f"the cell holds the date {day.isoformat()}, not a period; write one such as"
            f" {day.year}-Q{(day.month + 2) // 3}, or '{day:%Y-%m} with the apostrophe for the month"
        )
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    bare = plain(text.value) if len(text.value) < 40 else ""
    key = canonical_period(bare)
    if key is None:
        years = re.findall(r"(?<!\d)(20\d\d)(?!\d)", bare)
        return bad(f"{shown(value)} is not a period; write one such as {years[0] if years else 2026}-Q1")
    return Parsed(key, note=text.note)


def date_cell(day: date) -> int:
    """The serial number of a day."""
    return (day - _EPOCH).days


def datetime_cell(moment: datetime, time_zone: str) -> float:
    """The serial number of an aware moment, as a clock in ``time_zone`` shows it."""
    local = moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    return (local - datetime.combine(_EPOCH, datetime.min.time())) / timedelta(days=1)
