"""The clock: what a schedule sentence means, in the workspace's own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from jobs.clock import next_slot

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "slot"),
    [
        ("every 30 minutes", datetime(2026, 1, 9, 12, 30)),
        ("Every  Hour", datetime(2026, 1, 9, 13, 0)),
        ("daily 07:00", datetime(2026, 1, 10, 7, 0)),
        ("weekdays 7:00", datetime(2026, 1, 12, 7, 0)),
        ("mondays 09:30", datetime(2026, 1, 12, 9, 30)),
        ("sunday at 23:59", datetime(2026, 1, 11, 23, 59)),
        ("0 7 * * 1", datetime(2026, 1, 12, 7, 0)),
        ("0 7 * * 0", datetime(2026, 1, 11, 7, 0)),
    ],
)
def test_a_sentence_means_its_next_slot_after_a_friday_noon(schedule: str, slot: datetime) -> None:
    after = datetime(2026, 1, 9, 12, 5, tzinfo=BERLIN)
    assert next_slot(schedule, "Europe/Berlin", after) == slot.replace(tzinfo=BERLIN)


def test_seven_in_the_morning_stays_seven_when_the_clocks_change() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=BERLIN)
    slot = next_slot("daily 07:00", "Europe/Berlin", before)
    assert slot is not None
    assert slot.astimezone(UTC).hour == 5
    assert slot.astimezone(BERLIN).hour == 7


@pytest.mark.parametrize(
    "text", ["", "soon", "every 0 minutes", "noondays 07:00", "weekdays 25:00", "* * * *", "x x x x x", "0 7 * * 1/2"]
)
def test_what_is_no_schedule_is_told_with_examples(text: str) -> None:
    with pytest.raises(InputError, match="weekdays 07:00"):
        next_slot(text, "UTC", datetime(2026, 1, 1, tzinfo=UTC))


@given(
    st.sampled_from(["every 7 minutes", "daily 02:30", "weekdays 07:00", "15 3 * * *"]),
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)),
)
def test_a_slot_lies_strictly_after_the_moment_it_is_asked_for(schedule: str, moment: datetime) -> None:
    after = moment.replace(tzinfo=UTC)
    slot = next_slot(schedule, "Europe/Berlin", after)
    assert slot is not None
    assert slot > after


@given(
    st.sampled_from(["daily 02:30", "every 45 minutes", "0,30 1-3 * * *", "*/7 * * * *", "15 2 * * 0"]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana"]),
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)),
)
def test_the_slots_after_two_moments_never_change_places(schedule: str, time_zone: str, moment: datetime) -> None:
    """However the clocks are set: no slot is passed over by asking a little later, and none comes again."""
    early = moment.replace(tzinfo=UTC)
    slot = next_slot(schedule, time_zone, early)
    assert slot is not None
    assert next_slot(schedule, time_zone, slot - timedelta(seconds=1)) == slot
    following = next_slot(schedule, time_zone, slot)
    assert following is not None
    assert following > slot


@pytest.mark.parametrize(
    ("schedule", "time_zone", "after", "slots"),
    [
        ("daily 02:30", "Europe/Berlin", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("daily 02:30", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("every 30 minutes", "Europe/Berlin", "2026-10-25T00:10", ["2026-10-25T00:30", "2026-10-25T01:00"]),
        ("every 30 minutes", "Europe/Berlin", "2026-03-29T00:40", ["2026-03-29T01:00", "2026-03-29T01:30"]),
        ("15,40 2 * * *", "Australia/Lord_Howe", "2026-10-03T14:00", ["2026-10-03T15:30", "2026-10-03T15:40"]),
        ("daily 12:00", "Pacific/Apia", "2011-12-29T22:00", ["2011-12-30T10:00", "2011-12-30T22:00"]),
    ],
    ids=["skipped", "twice", "every, back", "every, forward", "half an hour", "a day left out"],
)
def test_when_the_clocks_change_a_slot_that_is_skipped_comes_with_the_change_and_one_that_comes_twice_comes_once(
    schedule: str, time_zone: str, after: str, slots: list[str]
) -> None:
    moment: datetime | None = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = []
    for _ in slots:
        assert moment is not None
        moment = next_slot(schedule, time_zone, moment)
        found.append(moment and moment.isoformat(timespec="minutes").removesuffix("+00:00"))
    assert found == slots


@pytest.mark.parametrize("schedule", ["0 0 30 2 *", "0 0 31 4,6 *"])
def test_a_day_that_never_comes_has_no_slot(schedule: str) -> None:
    assert next_slot(schedule, "UTC", datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_a_time_zone_that_this_machine_does_not_know_is_told() -> None:
    with pytest.raises(InputError, match="Europe/Berlin"):
        next_slot("daily 07:00", "Mars/Olympus", datetime(2026, 1, 1, tzinfo=UTC))
