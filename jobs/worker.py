"""The worker: at each tick it asks which workbooks changed and queues a look at those; beside that it does the jobs of
the queue, its own and other workers'. Whatever breaks is logged and tried again; it ends only when it is asked to."""

from __future__ import annotations

import os
import signal
import threading

import structlog

from db import store
from db.errors import DatabaseTrouble
from db.records import DueReason
from engine.errors import RoadmapError
from jobs.cleanup import clean_up_nightly
from jobs.clock import Clock
from jobs.connections import Connections
from jobs.logs import reason_of
from jobs.looks import look
from jobs.queue import SILENT_S, Queue, QueueAway
from jobs.requests import perform
from jobs.schedule import ask_by_schedule
from jobs.watching import SPACING_S, Watching
from jobs.web_server import Webhook

log = structlog.get_logger()

TICK_S = 3
"""Drive is asked at every second tick, since all workers together ask it once in ``SPACING_S``."""
CHORES_S = 60
DEAD_S = 60.0
"""So long after its last sign of life the run of a command is ended: Postgres may have been away meanwhile."""
DEAD_RUN = "Ended: the command that made this run was killed or cut off before it was done. Run it again."
AGAIN_S = 1.0
"""Seconds before the queue is tried again after Postgres broke off."""


class Worker:
    """Serves all registered workbooks, several at once: those that Drive says changed, those whose schedule is due,
    each once an hour, and whatever was asked for."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._watching = Watching(connections)
        self._stop = threading.Event()
        self._queue: Queue | None = None
        self._errors: list[RoadmapError] = []

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; what is under way then is finished, or handed back, within ten seconds."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self.stop())
        clock = Clock()
        clock.every(TICK_S, "tick", lambda: self.note_due(spacing_s=SPACING_S))
        clock.every(CHORES_S, "chores", self._chores)
        clock.start()
        try:
            with Webhook(self._connections):
                self._fetch()
        finally:
            clock.stop()

    def _fetch(self) -> None:
        """Do the jobs of the queue until ``stop``, however often Postgres breaks off."""
        while not self._stop.is_set():
            try:
                self._queue = self._opened(self._connections.settings.worker_jobs)
                self._queue.run()
            except QueueAway as error:
                log.error("queue away", **reason_of(error))
                self._stop.wait(AGAIN_S)
            except RoadmapError as error:
                log.error("no queue", **reason_of(error))
                self._stop.wait(AGAIN_S)

    def stop(self) -> None:
        """End: fetch nothing more, hand back what takes long."""
        self._stop.set()
        self._connections.stopping.set()
        if self._queue is not None:
            self._queue.stop()

    def tick(self, *, spacing_s: float = SPACING_S) -> tuple[RoadmapError, ...]:
        """One look at Drive (unless some worker looked less than ``spacing_s`` ago), what one tick serves of what is
        due, and the jobs that can be done now; what could not be done, already logged."""
        return self._all_done(spacing_s)

    def serve_all(self) -> tuple[RoadmapError, ...]:
        """As ``tick``, but looks at Drive whoever did, and serves all that is due, however much it is."""
        return self._all_done(0, everything=True)

    def note_due(self, *, spacing_s: float, everything: bool = False) -> None:
        """Queues what the schedules ask for, asks Drive, and queues a look at each workbook that is due (as many as one
        tick may, or ``everything``). Hands the jobs of silent workers over and ends the runs of dead commands. An
        embedded Postgres that died is started again. Raises nothing of ours: it is logged."""
        try:
            database = self._connections.database
            with database.transaction() as session:
                handed = store.hand_over_jobs(session, SILENT_S)
                dead = store.end_dead_runs(session, DEAD_S, DEAD_RUN)
            if handed:
                log.warning("jobs of silent workers go on", jobs=handed)
            if dead:
                log.warning("runs of dead commands ended", runs=dead)
            ask_by_schedule(database)
            self._watching.look(spacing_s=spacing_s)
            due = self._watching.due(everything=everything)
            with database.transaction() as session:
                for one in due:
                    urgent = one.reason is DueReason.CHANGED
                    store.defer_look(session, one.workspace.id, one.reason or "", is_urgent=urgent)
        except RoadmapError as error:
            log.error("no tick", **reason_of(error))
            self._errors.append(error)
            if isinstance(error, DatabaseTrouble):
                self._revive_database()

    def _revive_database(self) -> None:
        """The embedded Postgres is started again where it died; another one, or one that was stopped, is waited for."""
        try:
            if self._connections.revive_database():
                log.warning("embedded PostgreSQL started again")
        except RoadmapError as error:
            log.error("no embedded PostgreSQL", **reason_of(error))

    def _all_done(self, spacing_s: float, *, everything: bool = False) -> tuple[RoadmapError, ...]:
        self._errors = []
        self.note_due(spacing_s=spacing_s, everything=everything)
        self._chores()
        try:
            while not self._stop.is_set() and self._jobs_due():
                self._queue = self._opened(1)
                self._queue.run(wait=False)
        except RoadmapError as error:
            log.error("not served", **reason_of(error))
            self._errors.append(error)
        return tuple(self._errors)

    def _chores(self) -> None:
        """The nightly clean-up, where this worker is the one that does it. Raises nothing of ours: it is logged."""
        try:
            clean_up_nightly(self._connections.database, self._connections.settings.run_retention_days)
        except RoadmapError as error:
            log.error("no clean-up", **reason_of(error))
            self._errors.append(error)

    def _jobs_due(self) -> int:
        with self._connections.database.transaction() as session:
            return store.jobs_due(session)

    def _opened(self, concurrency: int) -> Queue:
        """A queue; the jobs that the last one had to leave go to whoever is free."""
        database = self._connections.database
        if self._queue is not None and self._queue.deserted:
            with database.transaction() as session:
                store.hand_over_jobs(session, SILENT_S, self._queue.deserted)
        queue = Queue(
            self._connections.database_url,
            {store.REQUEST_TASK: self._request, store.LOOK_TASK: self._look},
            queues=store.QUEUES,
            concurrency=concurrency,
            now=database.now,
            abandon=self._abandon,
        )
        if self._stop.is_set():
            queue.stop()
        return queue

    def _request(self, request_id: str) -> None:
        try:
            perform(self._connections, request_id)
        except RoadmapError as error:
            self._errors.append(error)
            raise

    def _look(self, workspace_id: int, reason: str) -> None:
        """A look that fails is not tried again by itself: what was the reason for it still is one at the next tick."""
        try:
            with structlog.contextvars.bound_contextvars(workspace=workspace_id, why=reason):
                look(self._connections, self._watching, workspace_id)
        except RoadmapError as error:
            log.error("not served", workspace=workspace_id, **reason_of(error))
            self._errors.append(error)

    def _abandon(self, worker_id: int) -> None:
        """Ends the process at once: its jobs did not end in time. Others go on with them."""
        try:
            with self._connections.database.transaction() as session:
                store.hand_over_jobs(session, SILENT_S, [worker_id])
        finally:
            log.warning("ended with jobs under way")
            os._exit(0)
