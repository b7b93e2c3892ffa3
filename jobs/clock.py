"""Ticks: the only place that knows APScheduler. It says when; what is done then is decided elsewhere.

A schedule is a sentence in Setup: ``every 30 minutes``, ``every 2 hours``, ``daily 07:00``, ``weekdays 07:00``,
``mondays 09:30`` or five cron fields. It is read in the workspace's time zone; the trigger minds daylight saving.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
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
MENDING = "write “every 30 minutes”, “weekdays 07:00”, “mondays 09:30” or five cron fields"


def trigger_of(schedule: str, time_zone: str) -> BaseTrigger:
    """The trigger that a schedule sentence means; InputError that says how to mend it where it means none."""
    text = " ".join(schedule.casefold().split())
    zone = ZoneInfo(time_zone)
    if match := _EVERY.fullmatch(text):
        count = int(match[1] or 1)
        if count:
            # Slots stand on the clock, not on the moment the worker started: two workers agree on them.
            start = datetime(2024, 1, 1, tzinfo=zone)
            return IntervalTrigger(**{f"{match[2]}s": count}, start_date=start, timezone=zone)
    elif (match := _AT.fullmatch(text)) and match[1] in _DAYS:
        return CronTrigger(day_of_week=_DAYS[match[1]], hour=int(match[2]), minute=int(match[3]), timezone=zone)
    elif len(text.split()) == 5:
        try:
            return CronTrigger.from_crontab(_posix_days(text), timezone=zone)
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
    """The first moment strictly after ``after`` (aware) at which the schedule is due; None where it never is."""
    trigger = trigger_of(schedule, time_zone)
    slot = trigger.get_next_fire_time(None, after)
    return trigger.get_next_fire_time(slot, after) if slot == after else slot


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
