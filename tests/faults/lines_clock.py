"""The clock under every fault: days on which clocks change, a database whose own clock jumps, two schedulers at once,
slots missed, schedules changed and emptied. Each slot asks once, and missed ones together once: a line of the fault
matrix."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db import store
from db.session import Database
from engine.inputs import Setup, SetupRow
from jobs.schedule import ask_by_schedule, note_schedule
from tests.faults.site import Site
from tests.faults.verdict import DOUBLED, LOST, Tally

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


def played(
    database: Database, place: tuple[str, datetime], offset: int, steps: list[tuple[str, object]]
) -> list[tuple[str, str]]:
    """One life of a workbook. What does not hold, as (kind, sentence): what is asked is what the model says, after
    each step."""
    zone, change = place
    now = change.replace(tzinfo=UTC) + timedelta(minutes=offset)
    begin = now - timedelta(days=2)
    with database.transaction() as session:
        workspace = store.register_workspace(session, f"clock-{next(NUMBERS)}", "Clock", "").id
    model = Model(zone, begin)
    try:
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
            if found := _miscounted(database, workspace, model.asked):
                return found
        return _misplaced(database, workspace, model.taken)
    finally:
        run(database, "UPDATE workspace_watches SET next_slot_at = NULL WHERE workspace_id = :id", workspace)


def _miscounted(database: Database, workspace: int, wanted: int) -> list[tuple[str, str]]:
    """Requests and their jobs that are not as many as ``wanted``."""
    asked = run(database, "SELECT count(*) FROM requests WHERE workspace_id = :id", workspace)
    jobs = run(database, "SELECT count(*) FROM procrastinate_jobs WHERE lock = 'workspace:' || :id", workspace)
    if (asked, jobs) == (wanted, wanted):
        return []
    return [(DOUBLED if max(asked, jobs) > wanted else LOST, f"{asked} requests and {jobs} jobs, not {wanted}")]


def _misplaced(database: Database, workspace: int, wanted: list[datetime]) -> list[tuple[str, str]]:
    """Slots taken that are not those ``wanted``."""
    taken = "SELECT array_agg(slot_at ORDER BY id) FROM schedule_slots WHERE workspace_id = :id"
    slots = run(database, taken, workspace) or []
    return [] if slots == wanted else [(LOST, f"the slots {slots} were taken, not {wanted}")]


def note(database: Database, workspace: int, schedule: str, zone: str, now: datetime) -> None:
    """A reading of the workbook at ``now``."""
    rows = (SetupRow(tab="Setup", row=2, key="schedule", value=schedule),)
    with database.transaction() as session:
        note_schedule(session, workspace, Setup(rows=rows, schedule=schedule, time_zone=zone), now)


def run(database: Database, statement: str, workspace: int) -> Any:
    with database.transaction() as session:
        done = session.execute(text(statement), {"id": workspace})
        return done.scalar() if done.returns_rows else None  # type: ignore[attr-defined]


PLACES, OFFSETS = st.sampled_from(CHANGES), st.integers(-1500, 600)
"""Where, and how many minutes from the change a life begins."""
LIFE = sentences().flatmap(
    lambda one: st.lists(STEPS, min_size=2, max_size=8).map(lambda rest: [("changed", one), *rest])
)


def each_slot_once(sites: Sequence[Site], n: int) -> Tally:
    """``n`` lives, one after the other: the clock asks for all workbooks of a database at once."""
    tally, database = Tally("clock: daylight saving, jumps, two schedulers, missed slots"), sites[0].database

    @seed(n)
    @settings(
        max_examples=n, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(PLACES, OFFSETS, LIFE)
    def lived(place: tuple[str, datetime], offset: int, steps: list[tuple[str, object]]) -> None:
        tally.add(f"{place}, {offset}, {steps}", played(database, place, offset, steps))

    lived()
    return tally
