"""Postgres goes away: lines of the fault matrix. The worker is not touched; it must come back by itself."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg

from db import embedded
from db.embedded_program import find_place
from db.errors import DatabaseTrouble
from db.session import conninfo
from tests.faults.lines_killed import ACTIONS, Desk, Desks, asked, settled, spread
from tests.faults.site import Site
from tests.faults.verdict import LOST, Before, Tally, traces


def restarted(sites: Sequence[Site], numbers: Iterable[int]) -> Tally:
    """In mid-run the server is stopped and started (``roadmap db stop`` and the next command); or one of the worker's
    backends is killed, on which Postgres restarts all of them; or Postgres itself, which the worker starts again."""
    tally, desks = Tally("Postgres restarted; kill -9 of a backend, of all"), Desks()

    def one(site: Site, number: int) -> None:
        chance, desk = random.Random(number), desks.of(site)
        before, wanted = _asked_twice(desk, number)
        time.sleep(chance.uniform(0, 1.0))
        began = time.monotonic()
        if number % 3 == 1:
            where = "backend killed"
            os.kill(_a_backend(site), signal.SIGKILL)
        elif number % 3 == 2:
            where = "server killed"
            os.kill(_the_server(site), signal.SIGKILL)
        else:
            where = "restarted"
            embedded.stop(site.home)
            embedded.ensure_running(site.home)
        found = settled(before, wanted)
        tally.add(f"{where}, {number}", found + traces(site), time.monotonic() - began)
        tally.seen[where] += 1
        assert desk.worker is not None
        if desk.worker.has_ended():
            tally.wrong.append(f"{where}, {number}: the worker ended")

    spread(sites, numbers, one)
    return tally


def _asked_twice(desk: Desk, number: int) -> tuple[Before, dict[str, str]]:
    workspace, _ = desk.ready()
    before = Before(desk.site, workspace)
    wanted: dict[str, str] = {}
    for place in range(2):
        action = ACTIONS[(number + place) % len(ACTIONS)]
        wanted[asked(desk.site, workspace, 3 * number + 1 + place, action)] = action
    return before, wanted


def _a_backend(site: Site) -> int:
    """The newest backend that is not ours."""
    ours = "pid <> pg_backend_pid() AND application_name = 'roadmap' AND backend_type = 'client backend'"
    found = site.rows(f"SELECT pid FROM pg_stat_activity WHERE {ours} ORDER BY backend_start DESC LIMIT 1")
    return int(found[0]["pid"])


def _the_server(site: Site) -> int:
    return int((find_place(site.home).data / "postmaster.pid").read_text().splitlines()[0])


def without_connections(sites: Sequence[Site], numbers: Iterable[int]) -> Tally:
    """Somebody takes all connections that Postgres has, in mid-run, and the worker's own are cut; a while later they
    are given back."""
    tally, desks = Tally("connections exhausted"), Desks()

    def one(site: Site, number: int) -> None:
        before, wanted = _asked_twice(desks.of(site), number)
        time.sleep(random.Random(number).uniform(0, 0.8))
        told = len(_told(desks.of(site)))
        with _all_connections(site):
            time.sleep(random.Random(number).uniform(2, 5))
        began = time.monotonic()
        found = settled(before, wanted)
        said = set(_told(desks.of(site), told))
        if not said & {"OutOfConnections", "QueueAway", "DatabaseWentAway"}:
            found.append((LOST, f"the log told nothing but {sorted(said)}"))
        tally.seen.update(said)
        tally.add(f"{number}", found + traces(site), time.monotonic() - began)

    spread(sites, numbers, one)
    return tally


def _told(desk: Desk, since: int = 0) -> list[str]:
    """The errors that the worker's log names, without the first ``since`` of them."""
    assert desk.worker is not None
    return [line["error"] for line in desk.worker.lines() if "error" in line][since:]


@contextmanager
def _all_connections(site: Site) -> Iterator[None]:
    taken: list[psycopg.Connection] = []
    where = conninfo(embedded.ensure_running(site.home))
    try:
        until, others = time.monotonic() + 30, -1
        while others and time.monotonic() < until:
            try:
                taken.append(psycopg.connect(where, autocommit=True, application_name="taker"))
            except psycopg.OperationalError:
                others = len(taken[0].execute(_CUT).fetchall())
        assert not others, "somebody else still has a connection"
        yield
    finally:
        for one in taken:
            one.close()


_CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name <> 'taker' AND backend_type = 'client backend'
"""


def full(sites: Sequence[Site], numbers: Iterable[int]) -> Tally:
    """The disk under Postgres fills up, in mid-run or before somebody asks; a while later there is room again, and
    whoever made it starts the server where it had to end."""
    tally, desks = Tally("disk full under Postgres"), Desks()

    def one(site: Site, number: int) -> None:
        desk = desks.of(site)
        workspace, _ = desk.ready()
        before = Before(site, workspace)
        told = len(_told(desk))
        wanted: dict[str, str] = {}
        with _no_room(site):
            for place in range(4):
                action = ACTIONS[(number + place) % len(ACTIONS)]
                with suppress(DatabaseTrouble):
                    request_id = f"full-{number}-{place}"
                    site.click(workspace, request_id, action)
                    wanted[request_id] = action
                    site.ask(workspace, request_id, action)
                time.sleep(random.Random(number).uniform(0.2, 1))
            site.wait(lambda: bool(_told(desk, told)), 20)
            said = set(_told(desk, told))
        began = time.monotonic()
        tally.seen["started again"] += embedded.start(site.home).was_started
        found = settled(before, wanted)
        if not said:
            found.append((LOST, "the log told nothing"))
        tally.add(f"{number}", found + traces(site), time.monotonic() - began)
        tally.seen.update(said)

    spread(sites, numbers, one)
    return tally


@contextmanager
def _no_room(site: Site) -> Iterator[None]:
    """No room is left on the disk of the database."""
    filler = site.home / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 65536)
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 512)
    try:
        yield
    finally:
        filler.unlink()
