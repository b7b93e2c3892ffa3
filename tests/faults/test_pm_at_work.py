"""A PM at work while the worker runs its cycles (``lines_pm``)."""

from __future__ import annotations

import pytest
from hypothesis import Phase

from tests.faults.lines_pm import Desk, at_work
from tests.faults.office import Office


def _at_work(office: Office, number: int, count: int) -> None:
    class AtWork(Desk):
        pass

    AtWork.office = office
    at_work(AtWork, number, count, Phase.generate, Phase.shrink)


def test_nothing_of_a_pms_is_lost_moved_or_misread_while_the_worker_writes(office: Office) -> None:
    _at_work(office, 1, 12)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2, 22))
def test_a_thousand_days_of_a_pm_lose_nothing(office: Office, number: int) -> None:
    """Twenty parts of fifty sequences each, so that a part can be run alone: ``-k "[7]"``."""
    _at_work(office, number, 50)
