"""What 10, 1,000 and 100,000 workbooks need: `python bench/scale.py`.

First it measures, on real parts (the local Google Sheets, an embedded Postgres): what a run and a look cost in calls of
Google, in seconds of computing and in bytes of Postgres, and what a tick costs among 100,000 workbooks. With these it
plays the busiest hour of a working day, call by call, against Google's quota, and finds how many workbooks one service
account serves before clicks wait too long; the rest is arithmetic, printed as the table of docs/scale.md.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import resource
import shutil
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from beside.portfolios import portfolio
from sqlalchemy import text

from db import embedded, store
from db.session import Database
from engine.inputs import InitiativeRow, ScenarioRow, WorkbookInputs
from engine.problem import Problem
from engine.solve import solve
from jobs.connections import Connections
from jobs.logs import configure
from jobs.optimize import optimize
from jobs.settings import load_settings
from jobs.show import Asked
from jobs.watching import SHARE_IN_TURN
from jobs.worker import Worker
from jobs.workspaces import create
from sheets_sync.local.server import LocalServer

SIZES = (10, 1_000, 100_000)
MANY = 100_000
READS_A_MINUTE, PROJECT_READS_A_MINUTE = 60, 300
"""Google's limits for one service account and for its project."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """What people do to one workbook on a working day. Runs: clicks and the nightly one. An edit is a spell of typing
    that the worker reads once."""

    clicks: float = 4
    nightly: float = 1
    edits: float = 12
    busiest: float = 0.2
    """The share of a day that falls into its busiest hour."""
    retention_days: int = 180


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Measured: (reads, writes) and seconds of computing of a run, of a look at a changed workbook and of one at an
    unchanged; bytes in Postgres by size of a run, and of a registered workbook."""

    run: tuple[int, int]
    run_s: float
    edit: tuple[int, int]
    edit_s: float
    idle: tuple[int, int]
    idle_s: float
    run_bytes: dict[int, float]
    tick_ms: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    configure("ERROR")
    cost, day = measured(), Day()
    print(f"a run: {cost.run[0]} reads, {cost.run[1]} writes, {cost.run_s:.2f} s of computing")
    print(f"a look after an edit: {cost.edit[0]} reads, {cost.edit[1]} writes, {cost.edit_s:.2f} s of computing")
    print(f"a look that finds nothing: {cost.idle[0]} reads, {cost.idle[1]} writes, {cost.idle_s:.2f} s of computing")
    for count, size in cost.run_bytes.items():
        print(f"a run of {count:,} initiatives in Postgres: {size / 1024:,.0f} KB")
    for name, spent in cost.tick_ms.items():
        print(f"among {MANY:,} workbooks, {name}: {spent:.1f} ms")
    for limit in (READS_A_MINUTE, 10 * READS_A_MINUTE):
        most = largest(lambda count, limit=limit: waits(count, cost, day, seeds, limit)[1] <= 10)
        print(
            f"\none account of {limit} reads a minute: {most:,} workbooks, then the p95 of a click's wait passes 10 s"
        )
        for share in (0.5, 1.0, 1.2):
            p50, p95 = waits(max(1, int(most * share)), cost, day, seeds, limit)
            print(f"  {int(most * share):,} workbooks: a click waits {p50:.1f} s (p50), {p95:.1f} s (p95)")
        table(most, cost, day, max(1, PROJECT_READS_A_MINUTE // limit))


def table(most: int, cost: Cost, day: Day, per_project: int) -> None:
    print("| workbooks | accounts | projects | databases | computing, busiest hour | workers of 2 jobs | Postgres |")
    print("|---|---|---|---|---|---|---|")
    for count in SIZES:
        accounts = math.ceil(count / most)
        projects = math.ceil(accounts / per_project)
        hour = count * (
            day.clicks * day.busiest * cost.run_s
            + (day.edits * day.busiest) * (cost.edit_s + cost.idle_s)
            + cost.idle_s
        )
        workers = max(accounts, math.ceil(hour / (2 * 3600 * 0.6)))
        runs = (day.clicks + day.nightly) * day.retention_days * 5 / 7
        size = count * runs * cost.run_bytes[min(cost.run_bytes)] / 1e9
        print(
            f"| {count:,} | {accounts:,} | {projects:,} | {accounts:,} | {hour / 60:,.1f} min | "
            f"{workers:,} | {size:,.1f} GB ({size / accounts:,.1f} each) |"
        )


def waits(count: int, cost: Cost, day: Day, seeds: int, limit: int) -> tuple[float, float]:
    """Seconds that a click waits for Google's quota in the busiest hour, p50 and p95: jobs come at random; each takes
    its reads (there are more of them than writes) in a window of ``limit`` a minute that slides; clicks go before
    looks."""
    found: list[float] = []
    for seed in range(seeds):
        found += _hour(count, cost, day, limit, random.Random(seed))
    if not found:
        return 0.0, 0.0
    found.sort()
    return statistics.median(found), found[int(0.95 * (len(found) - 1))]


CLICK, EDIT, HOURLY = range(3)


def _hour(count: int, cost: Cost, day: Day, limit: int, chance: random.Random) -> list[float]:
    arrivals: list[tuple[float, int, int]] = []
    hourly = min(count, int(SHARE_IN_TURN * limit * 60 / max(1, cost.idle[0])))
    for kind, number, reads in (
        (CLICK, count * day.clicks * day.busiest, cost.idle[0] + cost.run[0]),  # the click is read, then it runs
        (EDIT, count * (day.edits + day.clicks) * day.busiest, cost.edit[0] + cost.idle[0]),  # our own writing is heard
        (HOURLY, hourly, cost.idle[0]),
    ):
        arrivals += [(chance.uniform(0, 3600), kind, reads) for _ in range(_poisson(number, chance))]
    arrivals.sort()
    window: deque[float] = deque()
    waiting: list[tuple[int, float, int]] = []
    found: list[float] = []
    clock, at = 0.0, 0
    while at < len(arrivals) or waiting:
        if not waiting:
            clock = max(clock, arrivals[at][0])
        while at < len(arrivals) and arrivals[at][0] <= clock:
            came, kind, reads = arrivals[at]
            heapq.heappush(waiting, (kind, came, reads))
            at += 1
        kind, came, reads = heapq.heappop(waiting)
        for _ in range(reads):
            while window and window[0] <= clock - 60:
                window.popleft()
            if len(window) >= limit:
                clock = window.popleft() + 60
            window.append(clock)
        if kind == CLICK:
            found.append(clock - came)
        if clock > 3 * 3600:  # it never catches up
            return [*found, *(clock - came for kind, came, _ in waiting if kind == CLICK)]
    return found


def _poisson(mean: float, chance: random.Random) -> int:
    return max(0, round(chance.gauss(mean, math.sqrt(mean)))) if mean > 30 else _few(mean, chance)


def _few(mean: float, chance: random.Random) -> int:
    number, product, least = 0, chance.random(), math.exp(-mean)
    while product > least:
        number, product = number + 1, product * chance.random()
    return number


def largest(fits: Callable[[int], bool]) -> int:
    """The largest number that fits, by doubling and halving."""
    high = 1
    while fits(high) and high < 1_000_000:
        high *= 2
    low = high // 2
    while high - low > max(1, low // 50):
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def measured() -> Cost:
    folder = Path(tempfile.mkdtemp(prefix="roadmap-scale-"))
    folder.chmod(0o755)
    try:
        with LocalServer(folder / "sheets") as server:
            settings = load_settings(
                roadmap_home=str(folder / "home"),
                google_application_credentials=str(server.key_file),
                sheets_base_url=server.base_url,
                database_url=None,
                google_calls_per_minute=100_000,
                log_level="ERROR",
            )
            with Connections(settings) as connections:
                return _costs(connections)
    finally:
        embedded.remove(folder / "home")
        shutil.rmtree(folder, ignore_errors=True)


def _costs(connections: Connections) -> Cost:
    workspace = create(connections, "Scale", sample=True).workspace
    worker = Worker(connections)
    gateway, database = connections.gateway, connections.database

    def spent(action: Callable[[], object]) -> tuple[tuple[int, int], float]:
        before, used = gateway.counts, _computing()
        action()
        after = gateway.counts
        return (after.reads - before.reads, after.writes - before.writes), _computing() - used

    def look(reason: str) -> None:
        with database.transaction() as session:
            session.execute(text(f"UPDATE workspace_watches SET {reason}"))
        worker.tick(spacing_s=3600)

    optimize(connections, workspace, Asked())
    for _ in range(3):
        look("changed_at = now()")
    runs = [spent(lambda: optimize(connections, workspace, Asked())) for _ in range(3)]
    look("changed_at = now()")
    idle = spent(lambda: look("next_read_at = now()"))
    gateway.batch_update(workspace.spreadsheet_id, [_edit(connections, workspace.spreadsheet_id)])
    edit = spent(lambda: look("changed_at = now()"))
    sizes = {30: _run_bytes(database, lambda: optimize(connections, workspace, Asked()), 5)}
    sizes[1_000] = _large_run_bytes(database)
    return Cost(
        run=runs[0][0],
        run_s=statistics.median(took for _, took in runs),
        edit=edit[0],
        edit_s=edit[1],
        idle=idle[0],
        idle_s=idle[1],
        run_bytes=sizes,
        tick_ms=_ticks(database),
    )


def _edit(connections: Connections, spreadsheet_id: str) -> dict[str, object]:
    """A PM's slip in the first initiative's tokens."""
    workbook = connections.gateway.read(spreadsheet_id, ["Initiatives"])
    grid = workbook.grids["Initiatives"]
    column = grid.values[0].index("engineering_tokens")
    cell = {"userEnteredValue": {"stringValue": "plenty"}}
    start = {"sheetId": grid.sheet_id, "rowIndex": 1, "columnIndex": column}
    return {"updateCells": {"rows": [{"values": [cell]}], "fields": "userEnteredValue", "start": start}}


def _computing() -> float:
    """Seconds of computing so far, of this process (in which the local Sheets runs too) and of ended children."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


_GROWING = (
    "optimization_runs",
    "portfolios",
    "portfolio_items",
    "requests",
    "procrastinate_jobs",
    "procrastinate_events",
)


def _stored(database: Database) -> int:
    with database.transaction() as session:
        sizes = " + ".join(f"pg_total_relation_size('{name}')" for name in _GROWING)
        return session.scalar(text(f"SELECT {sizes}")) or 0


def _run_bytes(database: Database, run: Callable[[], object], times: int) -> float:
    before = _stored(database)
    for _ in range(times):
        run()
    return (_stored(database) - before) / times


def _large_run_bytes(database: Database) -> float:
    asked = portfolio(1_000, 4)
    names = {"scenario_name": "Large", "constraint_set_name": "Baseline"}
    problem = Problem.model_validate({**asked, **names, "solver": {"time_limit_s": 10}})
    solution = solve(problem)
    rows = tuple(
        InitiativeRow(tab="Initiatives", row=2, initiative_key=one.initiative_key, title=one.title)
        for one in problem.candidates
    )
    with database.transaction() as session:
        workspace = store.register_workspace(session, "large", "Large", "").id
        scenario = ScenarioRow(tab="Scenarios", row=2, scenario_name="Large")
        store.save_inputs(session, workspace, WorkbookInputs(initiatives=rows, scenarios=(scenario,)))

    def run() -> None:
        with database.transaction() as session:
            record = store.begin_run(session, workspace, scenario="Large", constraint_set="Baseline")
            kept = store.save_constraint_set(session, workspace, "Large", "Baseline", problem.constraint_set)
            store.store_snapshot(session, record, problem, datetime.now(UTC), kept)
            store.finish_run(session, record, solution)

    return _run_bytes(database, run, 5)


def _ticks(database: Database) -> dict[str, float]:
    """Milliseconds of the parts of a tick among very many workbooks, of which a few are due."""
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO workspaces (spreadsheet_id, title, url) SELECT 'many-' || n, '', '' "
                f"FROM generate_series(1, {MANY}) n"
            )
        )
        session.execute(
            text(
                "INSERT INTO workspace_watches (workspace_id, read_at, next_read_at, next_slot_at, schedule) "
                "SELECT id, now(), now() + interval '1 hour', now() + interval '1 day', 'daily 07:00' FROM workspaces "
                "WHERE spreadsheet_id LIKE 'many-%'"
            )
        )
        session.execute(text("UPDATE workspace_watches SET next_read_at = now() WHERE workspace_id % 1000 = 0"))
    with database.transaction() as session:
        session.execute(text("ANALYZE"))

    def timed(action: Callable[[], object]) -> float:
        took = []
        for _ in range(9):
            began = time.perf_counter()
            action()
            took.append(time.perf_counter() - began)
        return 1000 * statistics.median(took)

    def due() -> None:
        with database.transaction() as session:
            store.due_watches(session, is_heard=True, others=3)

    def counted() -> None:
        with database.transaction() as session:
            store.count_due(session)

    def slots() -> None:
        with database.transaction() as session:
            store.due_slots(session, 100)

    def changes() -> None:
        with database.transaction() as session:
            token = session.scalar(text("SELECT page_token FROM drive_watches LIMIT 1"))
            account = session.scalar(text("SELECT account FROM drive_watches LIMIT 1"))
            store.record_changes(session, account, token, token, [f"many-{n}" for n in range(50)])

    return {
        "choosing the due ones": timed(due),
        "counting them": timed(counted),
        "choosing due slots": timed(slots),
        "noting 50 changes": timed(changes),
    }


if __name__ == "__main__":
    main()
