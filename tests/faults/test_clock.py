"""The clock under every fault (``lines_clock``): each slot asks once, and missed ones together once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.faults.lines_clock import CHANGES, LIFE, OFFSETS, PLACES, Sentence, played

allowed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


MINUTELY, QUARTERLY = (Sentence(f"every {count} minutes", every=timedelta(minutes=count)) for count in (1, 15))
MISSED = [("changed", MINUTELY), ("tick", 60), ("served", 0), ("tick", 0)]
"""An hour's slots are missed, then served, and no minute passes."""
SET_BACK = [("changed", MINUTELY), ("tick", 30), ("served", 0), ("tick", -30), ("changed", QUARTERLY), ("tick", 15)]
"""The clock is set back behind a slot that was taken, and another schedule has slots before that."""


@example(CHANGES[-1], 0, MISSED)
@example(CHANGES[-1], 0, SET_BACK)
@given(PLACES, OFFSETS, LIFE)
@settings(max_examples=12, suppress_health_check=allowed)
def test_each_slot_asks_once_and_missed_ones_together_once(office_database, place, offset, steps) -> None:
    assert not played(office_database, place, offset, steps)


@pytest.mark.slow
@given(PLACES, OFFSETS, LIFE)
@settings(max_examples=600, suppress_health_check=allowed)
def test_each_slot_asks_once_in_hundreds_of_lives(office_database, place, offset, steps) -> None:
    assert not played(office_database, place, offset, steps)
