"""Status: how the database, the queue, the workers and the watch get on, and what wants looking at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from db import migrations, store
from db.records import RunLine, WorkerLine
from db.session import Database
from jobs.connections import Connections
from jobs.queue import SILENT_S

SLOW_S = 60.0
"""A job that could be done and waits longer than this is told, as is a Drive that nobody asked for so long."""
MOST_RUNS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """``queues``: queue -> waiting, running, failed, oldest_waiting_s. ``workbooks``: how many are registered, and how
    many wait to be read, by reason. ``drive``: account -> seconds since it was asked. ``quota``: kind and account ->
    calls in the last minute. ``problems`` are sentences."""

    schema: str
    workers: tuple[WorkerLine, ...]
    queues: dict[str, dict[str, float]]
    workbooks: dict[str, int]
    drive: dict[str, float | None]
    quota: dict[str, int]
    last_runs: tuple[RunLine, ...]
    problems: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        document = asdict(self)
        document["database"] = {"reachable": True, "schema": document.pop("schema")}
        return {"status": "attention" if self.problems else "ok", **document}


def status(connections: Connections) -> Status:
    """How things are now. Changes nothing: a database of another version is told (MigrationNeeded), not migrated;
    OutOfReach where it cannot be reached."""
    database = Database.open(connections.database_url)
    try:
        database.check()
        with database.transaction() as session:
            counts = store.count_due(session)
            workbooks = {"registered": counts.pop(""), **counts}
            queues = {queue: dict(_EMPTY) for queue in store.QUEUES} | store.queue_lines(session)
            workers = tuple(one for one in store.worker_lines(session) if one.silent_s < SILENT_S)
            drive = store.watch_ages(session)
            return Status(
                schema=migrations.HEAD,
                workers=workers,
                queues=queues,
                workbooks=workbooks,
                drive=drive,
                quota=store.turns_taken(session),
                last_runs=store.last_runs(session, MOST_RUNS),
                problems=tuple(_problems(workers, queues, workbooks["registered"], drive)),
            )
    finally:
        database.close()


_EMPTY = {"waiting": 0, "running": 0, "failed": 0, "oldest_waiting_s": 0.0}


def _problems(
    workers: tuple[WorkerLine, ...], queues: dict[str, dict[str, float]], workbooks: int, drive: dict[str, float | None]
) -> list[str]:
    told: list[str] = []
    if workbooks and not workers:
        told.append("No worker is at work: start one with roadmap worker.")
    for queue, state in queues.items():
        if workers and state["oldest_waiting_s"] > SLOW_S:
            told.append(
                f"The oldest job in the queue {queue} has waited for {state['oldest_waiting_s']:.0f} s: start more "
                "workers, or see what they wait for (docs/operations.md)."
            )
    ages = [age for age in drive.values() if age is not None]
    if workers and ages and min(ages) > SLOW_S:
        told.append(f"Drive was last asked {min(ages):.0f} s ago: a click may wait; see the worker's log.")
    return told
