"""Dates and times as serial numbers: days since 30 December 1899, the time of day as the fraction."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

EPOCH = datetime(1899, 12, 30)
_MAX_SERIAL = 2_958_465.99999  # 9999-12-31


def serial_of(moment: datetime) -> int | float:
    """The serial number of a naive moment; whole for midnight."""
    gap = moment - EPOCH
    seconds = gap.seconds + gap.microseconds / 1e6
    return gap.days if not seconds else gap.days + seconds / 86_400


def serial_of_date(day: date) -> int:
    """The serial number of a day."""
    return (datetime.combine(day, time()) - EPOCH).days


def moment_of(serial: float) -> datetime | None:
    """The moment of a serial number, to the millisecond; None outside the years 1 to 9999."""
    if not -693_593 <= serial <= _MAX_SERIAL:
        return None
    return EPOCH + timedelta(milliseconds=round(serial * 86_400_000))
