"""The time zones of spreadsheets: names of the CLDR, and offsets such as GMT-07:00."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"GMT([+-])(\d{1,2}):?([0-5]\d)")


def zone_named(name: str) -> tzinfo:
    """The time zone. Raises ValueError for a name that is none."""
    offset = _OFFSET.fullmatch(name)
    if offset and int(offset[2]) < 24:
        length = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-length if offset[1] == "-" else length)
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{name[:50]} is no time zone.") from error
