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
from sheets_sync.characters import plain
from sheets_sync.date_words import FIRST_DAY, LAST_DAY, day, days, month_of
from sheets_sync.grids import CellValue

_EPOCH = date(1899, 12, 30)
_QUARTER = re.compile(
    r"(?<!\d)([1-4])\s*\.?\s*(?:t|tr|trim\w*|kw\w*|quart\w*)\b|\b[tk]w?\s*([1-4])(?!\d)", re.IGNORECASE
)
"""A quarter in other words than ours: "T1" and "1er trimestre" (French, Spanish …), "1 kw." (Polish), "1. Quartal"."""


def read_date(value: CellValue, locale: str = "en_US") -> Parsed[date]:
    """A day: a serial number (its time of day does not count), or a text that can mean one day alone ("2026-03-31",
    "31 March 2026"), which is noted. A text that may mean several days is a problem that names them."""
    if value is None or value == "":
        return Parsed()
    if isinstance(value, bool):
        return bad("a checkbox is not a date; write one such as 2026-03-31")
    if isinstance(value, int | float):
        return _date_of_serial(value)
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    bare = plain(text.value) if len(text.value) < 60 else ""
    midnight = re.fullmatch(r"(.*?)[T ]00:00(?::00)?(?:\.0+)?Z?", bare)
    found = days(midnight[1] if midnight else bare, locale)
    if len(found) == 1:
        meant = found[0].isoformat()
        return Parsed(
            found[0], note=f"{shown(value)} is text; it was read as {meant}. Write {meant} to clear this note"
        )
    if found:
        options = " or ".join(option.isoformat() for option in found)
        return bad(f"{shown(value)} is text and may mean more than one day; write {options}")
    timed = re.match(r"(\d{4})-(\d{2})-(\d{2})[T ]\d", bare)
    on = day(int(timed[1]), int(timed[2]), int(timed[3])) if timed else None
    return bad(f"{shown(value)} is not a date; write {on.isoformat() if on else 'one such as 2026-03-31'}")


def _date_of_serial(value: float) -> Parsed[date]:
    if not math.isfinite(value) or abs(value) > 10_000_000:
        return bad(f"{shown(value)} is not a date; write one such as 2026-03-31")
    try:
        found = _EPOCH + timedelta(days=math.floor(value))
    except OverflowError:
        found = date.min
    if not FIRST_DAY <= found < LAST_DAY:
        return bad(f"the number {plain_text(value)} is not a date of our time; write one such as 2026-03-31")
    return Parsed(found)


def read_datetime(value: CellValue, time_zone: str = "UTC") -> Parsed[datetime]:
    """A moment: a serial number in the workbook's time zone, or an ISO text (its own offset counts). Always aware."""
    if value is None or value == "":
        return Parsed()
    zone = ZoneInfo(time_zone)
    if isinstance(value, int | float) and not isinstance(value, bool):
        on = _date_of_serial(value)
        if on.value is None:
            return bad(on.problem or "")
        seconds = round((value - math.floor(value)) * 86_400_000) / 1000
        return Parsed(
            (datetime.combine(on.value, datetime.min.time()) + timedelta(seconds=seconds)).replace(tzinfo=zone)
        )
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    try:
        moment = datetime.fromisoformat(plain(text.value[:60]))
    except ValueError:
        return bad(f"{shown(value)} is not a time; write one such as 2026-03-31 14:02")
    return Parsed(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def read_period(value: CellValue, locale: str = "en_US") -> Parsed[str]:
    """A period key: 2026-Q1, 2026-H1 or 2026-03; "Q1 2026", "1Q26", "2026 H1" and "März 2026" are understood."""
    if value is None or value == "":
        return Parsed()
    if isinstance(value, int | float) and not isinstance(value, bool):
        on = _date_of_serial(value).value
        if on is None:
            return bad(f"{shown(value)} is not a period; write one such as 2026-Q1")
        # Sheets turns a typed 2026-03 into the first of March; which kind of period was meant it no longer says.
        return bad(
            f"the cell holds the date {on.isoformat()}, not a period; write one such as"
            f" {on.year}-Q{(on.month + 2) // 3}, or '{on:%Y-%m} with the apostrophe for the month"
        )
    text = read_text(value)
    if text.value is None:
        return Parsed(problem=text.problem, note=text.note)
    bare = plain(text.value) if len(text.value) < 40 else ""
    key = canonical_period(bare) or _month_in_words(bare, locale)
    if key is None:
        return bad(f"{shown(value)} is not a period; write {_likely_period(bare, locale)}")
    return Parsed(key, note=text.note)


def _month_in_words(text: str, locale: str) -> str | None:
    """ "März 2026", "2026年3月"."""
    kanji = re.fullmatch(r"(\d{4})\s*年\s*(\d{1,2})\s*月", text)
    if kanji and 1 <= int(kanji[2]) <= 12:
        return f"{kanji[1]}-{int(kanji[2]):02d}"
    match = re.fullmatch(r"([^\d]+?)[\s.\-/]*(?:de\s+)?(\d{4})", text)
    month = month_of(match[1].removesuffix(" de"), locale) if match else None
    return f"{match[2]}-{month:02d}" if match and month else None


def _likely_period(text: str, locale: str) -> str:
    """What may have been meant: "T1 2026" is a quarter in several languages, a date lies in a quarter."""
    found = days(text, locale)
    if len(found) == 1:
        return f"one such as {found[0].year}-Q{(found[0].month + 2) // 3}"
    years = re.findall(r"(?<!\d)(20\d\d)(?!\d)", text)
    quarter = re.search(
        r"(?<!\d)([1-4])\s*\.?\s*(?:t|tr|trim\w*|kw\w*|quart\w*)\b|\b[tk]w?\s*([1-4])(?!\d)", text, re.I
    )
    if years and quarter:
        return f"{years[0]}-Q{quarter[1] or quarter[2]}"
    return f"one such as {years[0] if years else 2026}-Q1"


def date_cell(day: date) -> int:
    """The serial number of a day."""
    return (day - _EPOCH).days


def datetime_cell(moment: datetime, time_zone: str) -> float:
    """The serial number of an aware moment, as a clock in ``time_zone`` shows it."""
    local = moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    return (local - datetime.combine(_EPOCH, datetime.min.time())) / timedelta(days=1)
