"""The clock: what a schedule sentence means, in the workspace's own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from jobs.clock import next_slot
from jobs.worker import is_due

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


def test_missed_slots_make_one_run_due_and_none_after_it() -> None:
    last = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
    now = last + timedelta(days=3)
    assert is_due("daily 07:00", "UTC", last, now)
    assert not is_due("daily 07:00", "UTC", now, now + timedelta(hours=1))
    assert not is_due("whenever", "UTC", last, now)
