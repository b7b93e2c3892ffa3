"""Ticks: the only place that knows APScheduler. It says when; what is done then is decided elsewhere.

A schedule is a sentence in Setup: ``every 30 minutes``, ``every 2 hours``, ``daily 07:00``, ``weekdays 07:00``,
``mondays 09:30`` or five cron fields. It is read in the workspace's time zone; ``next_slot`` minds daylight saving.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from engine.errors import InputError

_EVERY = re.compile(r"every\s+(\d{1,4})?\s*(minute|hour)s?")
_AT = re.compile(r"(\w+?)s?\s+(?:at\s+)?([01]?\d|2[0-3]):([0-5]\d)")
_DAYS = {
    "daily": "*",
    "day": "*",
    "weekday": "mon-fri",
    "monday": "mon",
    "tuesday": "tue",
    "wednesday": "wed",
    "thursday": "thu",
    "friday": "fri",
    "saturday": "sat",
    "sunday": "sun",
}
_CRON_DAY = re.compile(r"\d")
_FAR = timedelta(days=36_525)
MENDING = "write “every 30 minutes”, “weekdays 07:00”, “mondays 09:30” or five cron fields"


@dataclass(frozen=True, slots=True)
class Rule:
    """When a schedule is due: every so often (slots stand on the clock, counted from one midnight, not from the moment
    a worker started: two workers agree on them), or at times of the wall clock."""

    zone: ZoneInfo
    every: timedelta | None = None
    walls: CronTrigger | None = None


def rule_of(schedule: str, time_zone: str) -> Rule:
    """The rule that a schedule sentence means; InputError that says how to mend it where it means none."""
    text = " ".join(schedule.casefold().split())
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise InputError(f"“{time_zone}” is not a time zone; write one like Europe/Berlin.") from error
    if match := _EVERY.fullmatch(text):
        if count := int(match[1] or 1):
            return Rule(zone, every=timedelta(**{f"{match[2]}s": count}))
    elif (match := _AT.fullmatch(text)) and match[1] in _DAYS:
        days, hour, minute = _DAYS[match[1]], int(match[2]), int(match[3])
        return Rule(zone, walls=CronTrigger(day_of_week=days, hour=hour, minute=minute, timezone=UTC))
    elif len(text.split()) == 5:
        try:
            return Rule(zone, walls=CronTrigger.from_crontab(_posix_days(text), timezone=UTC))
        except (ValueError, KeyError):
            pass
    raise InputError(f"“{schedule}” is not a schedule; {MENDING}.")


def _posix_days(cron: str) -> str:
    """Cron text with its day of week by name: cron counts from Sunday = 0, APScheduler from Monday = 0."""
    *fields, days = cron.split()
    names = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
    if days.startswith("*"):
        return cron
    if "/" in days:
        raise ValueError("steps over named days mean different things to different crons")
    return " ".join([*fields, _CRON_DAY.sub(lambda found: names[int(found[0])], days)])


def next_slot(schedule: str, time_zone: str, after: datetime) -> datetime | None:
    """The first moment (UTC) strictly after ``after`` (aware) at which the schedule is due; None where it never is, or
    not in a hundred years.

    Where the clocks go forward over a time of the wall clock, its slot is the moment at which they do; where they go
    back and a time comes twice, its slot is the first of the two.
    """
    rule = rule_of(schedule, time_zone)
    after = after.astimezone(UTC)
    if rule.every:
        first = datetime(2024, 1, 1, tzinfo=rule.zone).astimezone(UTC)
        return first + ((after - first) // rule.every + 1) * rule.every
    assert rule.walls is not None
    wall = after.astimezone(rule.zone).replace(tzinfo=None, fold=0)
    latest = wall + _FAR
    while True:
        found = rule.walls.get_next_fire_time(None, wall.replace(tzinfo=UTC))  # the trigger reckons without a zone
        if found is None or found.replace(tzinfo=None) > latest:
            return None
        wall = found.replace(tzinfo=None)
        slot = _moment_of(wall, rule.zone)
        if slot > after:
            return slot
        wall += timedelta(minutes=1)


def _moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """When (UTC) a wall clock first shows ``wall`` or, where it passes over that, the moment it does so. Later walls
    never come earlier."""
    before, after = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if before <= after:  # shown once or twice
        return before
    early, late = after, before  # passed over: the clocks go forward between these two
    offset = late.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=1) // 2)
        early, late = (early, middle) if middle.astimezone(zone).utcoffset() == offset else (middle, late)
    return late


class Clock:
    """A background clock with jobs in memory; missed slots collapse into one."""

    def __init__(self) -> None:
        self._scheduler = BackgroundScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 3600}
        )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    def every(self, seconds: int, name: str, tick: Callable[[], Any]) -> None:
        """Call ``tick`` now and then every ``seconds``."""
        self._scheduler.add_job(
            tick,
            IntervalTrigger(seconds=seconds),
            id=name,
            replace_existing=True,
            next_run_time=datetime.now().astimezone(),
        )
