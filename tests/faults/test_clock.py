"""The clock under every fault: days on which clocks change, a database whose own clock jumps, two schedulers at once,
slots missed, schedules changed and emptied. Each slot asks once, and missed ones together once."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db import store
from db.session import Database
from engine.inputs import Setup, SetupRow
from jobs.schedule import ask_by_schedule, note_schedule

MINUTE = timedelta(minutes=1)
CHANGES = (
    ("Europe/Berlin", datetime(2026, 3, 29, 1)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1)),
    ("America/New_York", datetime(2026, 3, 8, 7)),
    ("America/New_York", datetime(2026, 11, 1, 6)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30)),
    ("America/Havana", datetime(2026, 3, 8, 5)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10)),
    ("Asia/Kathmandu", datetime(2026, 6, 1)),
    ("UTC", datetime(2026, 1, 1)),
)
"""Zones, and about when (UTC) their clocks change: by an hour, half an hour, at midnight, a whole day, never."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES = ("mondays", "tuesdays", "wednesdays", "thursdays", "fridays", "saturdays", "sundays")


@dataclass(frozen=True)
class Sentence:
    """A schedule, and what it means: so often, or at these minutes, hours and days of the week."""

    text: str
    every: timedelta | None = None
    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = field(default_factory=lambda: frozenset(range(7)))

    def slots(self, zone: ZoneInfo, first: datetime, last: datetime) -> list[datetime]:
        """All slots from ``first`` to ``last`` (UTC), minute by minute: a wall clock's time is due when it is reached
        or passed over for the first time."""
        if self.every:
            origin = datetime(2024, 1, 1, tzinfo=zone).astimezone(UTC)
            return [at for at in _minutes(first, last) if (at - origin) % self.every == timedelta()]
        begin = first - timedelta(days=2)
        reached = _wall(begin, zone)
        found = []
        for at in _minutes(begin, last):
            wall = _wall(at, zone)
            if any(self._matches(passed) for passed in _minutes(reached + MINUTE, wall)) and at >= first:
                found.append(at)
            reached = max(reached, wall)
        return found

    def _matches(self, wall: datetime) -> bool:
        return wall.minute in self.minutes and wall.hour in self.hours and wall.weekday() in self.days


def _minutes(first: datetime, last: datetime) -> list[datetime]:
    return [first + number * MINUTE for number in range(int((last - first) / MINUTE) + 1)]


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


HOURS, MINUTES = st.integers(0, 23), st.integers(0, 59)
NIGHT = st.sampled_from([0, 1, 2, 3])
"""Hours in which clocks change."""


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    kind = draw(st.sampled_from(["minutes", "hours", "daily", "weekdays", "day", "cron"]))
    if kind in ("minutes", "hours"):
        count = draw(st.integers(1, 90 if kind == "minutes" else 30))
        return Sentence(f"every {count} {kind}", every=timedelta(**{kind: count}))
    hour, minute = draw(NIGHT | HOURS), draw(MINUTES)
    at = {"minutes": frozenset({minute}), "hours": frozenset({hour})}
    if kind == "daily":
        return Sentence(f"daily {hour:02}:{minute:02}", **at)
    if kind == "weekdays":
        return Sentence(f"weekdays {hour}:{minute:02}", days=frozenset(range(5)), **at)
    day = draw(st.integers(0, 6))
    if kind == "day":
        return Sentence(f"{NAMES[day]} {hour:02}:{minute:02}", days=frozenset({day}), **at)
    minutes = draw(st.frozensets(MINUTES, min_size=1, max_size=3))
    hours = draw(st.frozensets(NIGHT | HOURS, min_size=1, max_size=4))
    days = draw(st.just(frozenset(range(7))) | st.frozensets(st.integers(0, 6), min_size=1, max_size=3))
    listed = "*" if len(days) == 7 else ",".join(DAYS[number] for number in sorted(days))
    fields = [",".join(map(str, sorted(values))) for values in (minutes, hours)]
    return Sentence(f"{' '.join(fields)} * * {listed}", minutes=minutes, hours=hours, days=days)


STEPS = st.one_of(
    st.tuples(st.just("tick"), st.integers(-30, 600)),  # minutes that the database's clock goes on, or back
    st.tuples(st.just("tick"), st.sampled_from([0, 1, 60, -60, -600, 1440])),
    st.tuples(st.just("served"), st.just(0)),
    st.tuples(st.just("changed"), sentences() | st.none()),
)
NUMBERS = itertools.count(1)


class Model:
    """What must happen, from the claim alone."""

    def __init__(self, zone: str, begin: datetime) -> None:
        self._zone, self._end = ZoneInfo(zone), begin + timedelta(days=12)
        self._begin = begin
        self._sentence: Sentence | None = None
        self._slots: list[datetime] = []
        self._until = begin
        self.taken: list[datetime] = []
        self.next: datetime | None = None
        self.waits = False
        self.asked = 0

    def change(self, sentence: Sentence | None, now: datetime) -> None:
        if sentence == self._sentence:
            return
        self._sentence = sentence
        self._slots = sentence.slots(self._zone, self._begin, self._end) if sentence else []
        self.next = self._after(max(now, self._until))

    def tick(self, now: datetime) -> None:
        if self.next is None or self.next > now:
            return
        self.taken.append(self.next)
        self.asked += not self.waits
        self.waits = True
        self._until = now
        self.next = self._after(now)

    def _after(self, moment: datetime) -> datetime | None:
        return next((slot for slot in self._slots if slot > moment), None)


def played(database: Database, place: tuple[str, datetime], offset: int, steps: list[tuple[str, object]]) -> None:
    """One life of a workbook: what is asked is what the model says, after each step."""
    zone, change = place
    now = change.replace(tzinfo=UTC) + timedelta(minutes=offset)
    begin = now - timedelta(days=2)
    with database.transaction() as session:
        workspace = store.register_workspace(session, f"clock-{next(NUMBERS)}", "Clock", "").id
    model = Model(zone, begin)
    for what, value in steps:
        if what == "changed":
            sentence = value if isinstance(value, Sentence) else None
            note(database, workspace, sentence.text if sentence else "", zone, now)
            model.change(sentence, now)
        elif what == "served":
            run(database, "UPDATE requests SET status = 'done' WHERE workspace_id = :id", workspace)
            model.waits = False
        else:
            assert isinstance(value, int)
            now = min(max(now + value * MINUTE, begin), begin + timedelta(days=8))
            with ThreadPoolExecutor(2) as both:
                list(both.map(lambda at: ask_by_schedule(database, now=at), [now, now]))
            model.tick(now)
        asked = run(database, "SELECT count(*) FROM requests WHERE workspace_id = :id", workspace)
        jobs = run(database, "SELECT count(*) FROM procrastinate_jobs WHERE lock = 'workspace:' || :id", workspace)
        assert (asked, jobs) == (model.asked, model.asked)
    slots = run(
        database, "SELECT array_agg(slot_at ORDER BY id) FROM schedule_slots WHERE workspace_id = :id", workspace
    )
    assert (slots or []) == model.taken
    run(database, "UPDATE workspace_watches SET next_slot_at = NULL WHERE workspace_id = :id", workspace)


def note(database: Database, workspace: int, schedule: str, zone: str, now: datetime) -> None:
    """A reading of the workbook at ``now``."""
    rows = (SetupRow(tab="Setup", row=2, key="schedule", value=schedule),)
    with database.transaction() as session:
        note_schedule(session, workspace, Setup(rows=rows, schedule=schedule, time_zone=zone), now)


def run(database: Database, statement: str, workspace: int) -> object:
    with database.transaction() as session:
        done = session.execute(text(statement), {"id": workspace})
        return done.scalar() if done.returns_rows else None  # type: ignore[attr-defined]


LIVES = given(
    st.sampled_from(CHANGES),
    st.integers(-1500, 600),
    sentences().flatmap(
        lambda one: st.lists(STEPS, min_size=2, max_size=8).map(lambda rest: [("changed", one), *rest])
    ),
)
allowed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


MINUTELY, QUARTERLY = (Sentence(f"every {count} minutes", every=timedelta(minutes=count)) for count in (1, 15))
MISSED = [("changed", MINUTELY), ("tick", 60), ("served", 0), ("tick", 0)]
"""An hour's slots are missed, then served, and no minute passes."""
SET_BACK = [("changed", MINUTELY), ("tick", 30), ("served", 0), ("tick", -30), ("changed", QUARTERLY), ("tick", 15)]
"""The clock is set back behind a slot that was taken, and another schedule has slots before that."""


@example(CHANGES[-1], 0, MISSED)
@example(CHANGES[-1], 0, SET_BACK)
@LIVES
@settings(max_examples=12, suppress_health_check=allowed)
def test_each_slot_asks_once_and_missed_ones_together_once(office_database, place, offset, steps) -> None:
    played(office_database, place, offset, steps)


@pytest.mark.slow
@LIVES
@settings(max_examples=600, suppress_health_check=allowed)
def test_each_slot_asks_once_in_hundreds_of_lives(office_database, place, offset, steps) -> None:
    played(office_database, place, offset, steps)
