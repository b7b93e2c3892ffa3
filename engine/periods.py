"""Period keys: `2026-Q1` and `2026-H1` (fiscal) and `2026-03` (a calendar month).

A fiscal year has the number of the calendar year it starts in: with ``fiscal_year_starts=7`` the quarter `2026-Q3` is
January to March 2027, and the month `2027-01` lies in it. A canonical key is one that ``canonical_period`` returns; the
other functions take only such keys and raise ``ValueError`` for any other text.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["quarter", "half-year", "month"]

MOST_PERIODS = 120
"""The longest horizon that a scenario may ask for."""

_YEARS = range(1900, 3000)
_CANONICAL = re.compile(r"(\d{4})-(?:(Q[1-4])|(H[12])|(0[1-9]|1[0-2]))")
_YEAR = r"(?P<year>\d{4}|'?\d{2})"
_GAP = r"[\s\-_/.]*"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}}){_GAP}(?P<kind>[qh])\s*(?P<number>[1-4])",
        rf"(?P<kind>[qh])\s*(?P<number>[1-4]){_GAP}{_YEAR}",
        rf"(?P<number>[1-4])\s*(?P<kind>[qh]){_GAP}{_YEAR}",
        r"(?P<year>\d{4})\s*[-/.]\s*(?P<month>\d{1,2})",
        r"(?P<month>\d{1,2})\s*[-/.]\s*(?P<year>\d{4})",
        rf"{_MONTH_NAME}\.?{_GAP}{_YEAR}",
        rf"(?P<year>\d{{4}}){_GAP}{_MONTH_NAME}\.?",
    )
)


@dataclass(frozen=True, slots=True)
class _Period:
    year: int
    kind: Kind
    number: int

    @property
    def months(self) -> int:
        return {"quarter": 3, "half-year": 6, "month": 1}[self.kind]

    @property
    def key(self) -> str:
        letter = {"quarter": "Q", "half-year": "H"}.get(self.kind)
        return f"{self.year:04d}-{letter}{self.number}" if letter else f"{self.year:04d}-{self.number:02d}"

    def first_month(self, fiscal_year_starts: int) -> int:
        """The month it begins in, as months since year 0."""
        offset = 0 if self.kind == "month" else fiscal_year_starts - 1
        return self.year * 12 + offset + (self.number - 1) * self.months


def _parsed(key: str) -> _Period:
    match = _CANONICAL.fullmatch(key)
    if match is None or int(match[1]) not in _YEARS:
        raise ValueError(f"{key!r} is not a period key; write one like 2026-Q1, 2026-H1 or 2026-03")
    year = int(match[1])
    if match[2]:
        return _Period(year, "quarter", int(match[2][1]))
    if match[3]:
        return _Period(year, "half-year", int(match[3][1]))
    return _Period(year, "month", int(match[4]))


def canonical_period(text: str) -> str | None:
    """The key that ``text`` means: "Q1 2026", "1Q26", "2026Q1", "H1 26", "2026-3", "March 2026"; None if in doubt.

    Years are 1900 to 2999, those of two digits 2000 to 2099. "FY26 Q1" is None: some fiscal years are called after the
    year they end in.
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace("’", "'")
    for form in _FORMS:
        match = form.fullmatch(plain)
        if match is None:
            continue
        found = match.groupdict()
        year = int(found["year"].lstrip("'"))
        year = year + 2000 if len(found["year"].lstrip("'")) == 2 else year
        if year not in _YEARS:
            return None
        if found.get("kind"):
            letter, number = found["kind"].upper(), int(found["number"])
            return f"{year:04d}-{letter}{number}" if letter == "Q" or number <= 2 else None
        month = _MONTHS.index(found["name"][:3].lower()) + 1 if found.get("name") else int(found["month"])
        return f"{year:04d}-{month:02d}" if 1 <= month <= 12 else None
    return None


def kind_of(key: str) -> Kind:
    """Whether ``key`` is a quarter, a half-year or a month."""
    return _parsed(key).kind


def next_period(key: str) -> str:
    """The period of the same kind that follows ``key``."""
    period = _parsed(key)
    if period.number * period.months < 12:
        return _Period(period.year, period.kind, period.number + 1).key
    return _Period(period.year + 1, period.kind, 1).key


def periods_from(key: str, count: int) -> tuple[str, ...]:
    """``count`` periods that follow each other, the first being ``key``. ``count`` is 1 to ``MOST_PERIODS``."""
    _parsed(key)
    if not 1 <= count <= MOST_PERIODS:
        raise ValueError(f"{count} periods cannot be planned; write 1 to {MOST_PERIODS}")
    found = [key]
    while len(found) < count:
        found.append(next_period(found[-1]))
    return tuple(found)


def period_of(day: date, kind: Kind, fiscal_year_starts: int = 1) -> str:
    """The period of that kind in which ``day`` lies."""
    if kind == "month":
        return _Period(day.year, kind, day.month).key
    months = 3 if kind == "quarter" else 6
    since = day.year * 12 + day.month - 1 - (fiscal_year_starts - 1)
    return _Period(since // 12, kind, since % 12 // months + 1).key


def first_day(key: str, fiscal_year_starts: int = 1) -> date:
    """The first day of the period."""
    year, month = divmod(_parsed(key).first_month(fiscal_year_starts), 12)
    return date(year, month + 1, 1)


def last_day(key: str, fiscal_year_starts: int = 1) -> date:
    """The last day of the period."""
    period = _parsed(key)
    year, month = divmod(period.first_month(fiscal_year_starts) + period.months - 1, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def ends_before(key: str, other: str, fiscal_year_starts: int = 1) -> bool:
    """Whether ``key`` is over before ``other`` begins; the two may be of different kinds."""
    return last_day(key, fiscal_year_starts) < first_day(other, fiscal_year_starts)


def overlap(key: str, other: str, fiscal_year_starts: int = 1) -> bool:
    """Whether the two periods, of any kinds, have a day in common."""
    return not ends_before(key, other, fiscal_year_starts) and not ends_before(other, key, fiscal_year_starts)


def planned_year(key: str, fiscal_year_starts: int = 1) -> int:
    """The fiscal year of the period (of a month too, so that year and quarter name one quarter)."""
    return int(period_of(first_day(key, fiscal_year_starts), "quarter", fiscal_year_starts)[:4])


def planned_quarter(key: str, fiscal_year_starts: int = 1) -> int | None:
    """The fiscal quarter of the period, 1 to 4; None for half-years."""
    if kind_of(key) == "half-year":
        return None
    return int(period_of(first_day(key, fiscal_year_starts), "quarter", fiscal_year_starts)[-1])
