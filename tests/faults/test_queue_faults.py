"""The fault matrix of the queue: whatever is killed, paused, restarted or clicked twice, each request is answered
once, no tab is torn, and nothing of a PM's is lost.

A short cut of each line runs in ``make test``; the full lines are slow, each cut into parts (``-k "[7]"``), and ``make
faults`` runs them and prints the table.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.faults import lines_asked, lines_google, lines_killed, lines_postgres
from tests.faults.nursery import Nursery
from tests.faults.site import Site, sites
from tests.faults.verdict import Tally, holds

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(os, "pidfd_open"), reason="processes are watched by Linux' own means"
)


small_disk = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def five(nursery: Nursery) -> Iterator[list[Site]]:
    with sites(nursery, 5) as made:
        yield made


Line = Callable[[list[Site]], Tally]
SHORT: Sequence[Mapping[str, Line]] = (
    {
        "test_a_worker_killed_in_mid_run_costs_nothing": lambda one: lines_killed.killed_at_calls(one, [0], [150]),
        "test_a_postgres_without_connections_costs_nothing": lambda one: lines_postgres.without_connections(one, [0]),
    },
    {"test_a_paused_worker_that_wakes_up_changes_nothing": lambda one: lines_killed.paused_at_calls(one, [1])},
    {
        "test_a_double_click_is_one_run": lambda one: lines_asked.double_clicked(one, [0]),
        "test_many_workers_serve_each_workbook_serially_and_fairly": lambda one: lines_asked.many_workers(one, 2, 3, 1),
    },
    {
        "test_calls_to_google_that_fail_cost_nothing": lambda one: lines_google.stormy(one, [0]),
        "test_a_postgres_that_restarts_costs_nothing": lambda one: lines_postgres.restarted(one, [0, 1, 2]),
    },
    {"test_a_full_disk_costs_nothing_once_there_is_room": lambda one: lines_postgres.full(one, [0])},
)
"""The short cuts, by the site that they share. Most of each is waiting for a lease or a heartbeat to run out, so all
sites wait at the same time."""
SMALL_DISK = {"test_a_full_disk_costs_nothing_once_there_is_room": 200}
"""Whose database lies on a disk of its own, in MB."""


@pytest.fixture(scope="module")
def short(request: pytest.FixtureRequest, nursery: Nursery) -> Iterator[Mapping[str, Future[Tally]]]:
    """What those of the tests that were chosen come to."""
    can_mount = os.geteuid() == 0
    chosen = {item.name for item in request.session.items if can_mount or item.name not in SMALL_DISK}
    tried: dict[str, Future[Tally]] = {name: Future() for group in SHORT for name in group}

    def at_a_site(lines: Mapping[str, Line]) -> None:
        try:
            with sites(nursery, 1, disk_mb=SMALL_DISK.get(next(iter(lines)))) as made:
                for name, line in lines.items():
                    tried[name].set_result(line(made))
        except Exception as error:
            for name in lines:
                if not tried[name].done():
                    tried[name].set_exception(error)

    groups = [{name: line for name, line in group.items() if name in chosen} for group in SHORT]
    with ThreadPoolExecutor(len(SHORT)) as pool:
        for group in groups:
            if group:
                pool.submit(at_a_site, group)
        yield tried


@pytest.fixture
def tally(request: pytest.FixtureRequest, short: Mapping[str, Future[Tally]]) -> Tally:
    """What this test's short cut came to."""
    return short[request.node.name].result()


def test_a_worker_killed_in_mid_run_costs_nothing(tally: Tally) -> None:
    holds(tally, 1)


def test_a_paused_worker_that_wakes_up_changes_nothing(tally: Tally) -> None:
    holds(tally, 1)


def test_a_double_click_is_one_run(tally: Tally) -> None:
    holds(tally, lines_asked.TOGETHER)


def test_many_workers_serve_each_workbook_serially_and_fairly(tally: Tally) -> None:
    holds(tally, lines_asked.ASKED_BY_FIRST + 2)


def test_calls_to_google_that_fail_cost_nothing(tally: Tally) -> None:
    holds(tally, 1)


def test_a_postgres_that_restarts_costs_nothing(tally: Tally) -> None:
    holds(tally, 3)


def test_a_postgres_without_connections_costs_nothing(tally: Tally) -> None:
    holds(tally, 1)


@small_disk
def test_a_full_disk_costs_nothing_once_there_is_room(tally: Tally) -> None:
    holds(tally, 1)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_two_hundred_and_forty_kills_at_calls_cost_nothing(five: list[Site], part: int) -> None:
    holds(lines_killed.killed_at_calls(five, range(30 * part, 30 * part + 30)), 30)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(17))
def test_five_hundred_kills_at_random_times_cost_nothing(five: list[Site], part: int) -> None:
    holds(lines_killed.killed_at_random(five, range(30 * part, 30 * part + 30)), 30)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
def test_a_hundred_paused_workers_change_nothing(five: list[Site], part: int) -> None:
    holds(lines_killed.paused_at_calls(five, range(20 * part, 20 * part + 20)), 20)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(6))
def test_a_thousand_double_clicks_are_one_run_each(five: list[Site], part: int) -> None:
    holds(lines_asked.double_clicked(five, range(28 * part, 28 * part + 28)), 28 * lines_asked.TOGETHER)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_a_hundred_restarts_of_postgres_cost_nothing(five: list[Site], part: int) -> None:
    tally = lines_postgres.restarted(five, range(25 * part, 25 * part + 25))
    holds(tally, 25)


@pytest.mark.slow
def test_ten_times_without_connections_cost_nothing(five: list[Site]) -> None:
    holds(lines_postgres.without_connections(five, range(10)), 10)


@pytest.mark.slow
@small_disk
def test_ten_full_disks_cost_nothing(nursery: Nursery) -> None:
    with sites(nursery, 2, disk_mb=200) as made:
        holds(lines_postgres.full(made, range(10)), 10)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_five_hundred_storms_cost_nothing(five: list[Site], part: int) -> None:
    holds(lines_google.stormy(five, range(50 * part, 50 * part + 50)), 50)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_several_workers_keep_googles_quota(nursery: Nursery, workers: int) -> None:
    with sites(nursery, 1, **lines_google.DEFAULT_QUOTA) as made:
        holds(lines_google.within_quota(made, workers, 100), 4)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 3, 4])
def test_fifty_workbooks_are_served_serially_and_fairly(nursery: Nursery, workers: int) -> None:
    with sites(nursery, 1) as made:
        holds(lines_asked.many_workers(made, workers, 50, 2), lines_asked.ASKED_BY_FIRST + 49 * 2)


@pytest.mark.slow
def test_a_click_does_not_wait_for_all_that_others_have_asked(nursery: Nursery) -> None:
    with sites(nursery, 1) as made:
        holds(lines_asked.starved(made), 1)
