"""What holds for every suite: no test is judged by the clock, on whatever machine it runs, and what takes longest
comes first."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("house")

LONGEST_FIRST = ("faults", "acceptance", "solver", "contract", "integration", "unit")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Several processes take a file each from the front: with the short ones last, all of them end about together.
    Within a suite the order stays random."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    suites = [part for part in item.path.parts if part in LONGEST_FIRST]
    return LONGEST_FIRST.index(suites[-1]) if suites else -1
