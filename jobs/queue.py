"""The queue: the only place that knows procrastinate. It brings jobs to functions; what they do is decided elsewhere.

A job is fetched by one worker of all. A worker that falls silent (killed, stopped, cut off from Postgres) loses its
jobs to others (``store.hand_over_jobs``). A function that raises an error which a retry may help is called again,
later and later; how often is decided by who raises it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker as Fetcher

from db.roles import WORKER
from db.session import conninfo, set_up
from db.store_jobs import FIRST
from engine.errors import HandedBack, OutOfReach, RoadmapError
from jobs.logs import reason_of, trace_of
from jobs.turns import WorkbookBusy

log = structlog.get_logger()

HEARTBEAT_S = 2.0
SILENT_S = 10.0
"""A worker whose heartbeat is older has lost its jobs."""
POLL_S = 2.0
"""A new job is told at once; this is for those whose time to be tried again has come."""
STOP_S = 8.0
"""How long the jobs under way may take to end once the worker is to stop."""
_BUSY_AGAIN_S = 1.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 120.0

logging.getLogger("procrastinate").setLevel(logging.CRITICAL + 1)  # it would quote errors, and they may quote cells


class QueueAway(OutOfReach):
    """The queue's connection to Postgres broke."""


class _Again(BaseRetryStrategy):
    """When a job is tried again: the error's own word."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, RoadmapError) or not exception.may_retry:
            return None
        wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(job.attempts, 10))
        if isinstance(exception, WorkbookBusy):
            wait_s = _BUSY_AGAIN_S
        elif isinstance(exception, HandedBack):
            wait_s = 0.0
        try:
            # Before what its workbook was asked for while it was under way, which was queued as its first.
            priority = max(job.priority, FIRST)
            return RetryDecision(retry_at=self._now() + timedelta(seconds=wait_s), priority=priority)
        except RoadmapError:  # Postgres is away, and cannot be told: the job is handed over later
            return RetryDecision()


class Queue:
    """Fetches the jobs of ``queues`` and calls, in ``concurrency`` threads, the task that each names with its
    arguments. ``now`` is the database's clock. ``abandon`` is called where jobs are still under way ``STOP_S`` after
    ``stop``: it ends the process."""

    def __init__(
        self,
        database_url: str,
        tasks: Mapping[str, Callable[..., None]],
        *,
        queues: Sequence[str],
        concurrency: int,
        now: Callable[[], datetime],
        abandon: Callable[[int], None],
    ) -> None:
        self._queues = list(queues)
        self._concurrency = concurrency
        self._abandon = abandon
        as_ours = partial(set_up, role=WORKER)
        self._app = App(
            connector=PsycopgConnector(conninfo=conninfo(database_url), configure=as_ours, min_size=1, max_size=2)
        )
        for name, task in tasks.items():
            self._app.task(name=name, retry=_Again(now))(_logged(name, task))
        self._lock = threading.Lock()
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fetching: asyncio.Task[None] | None = None
        self.deserted: set[int] = set()
        """Numbers under which this queue has fetched jobs, and that it could not take back: Postgres was away."""

    def stop(self) -> None:
        """Fetch no more; ``run`` returns when the jobs under way have ended. From any thread."""
        with self._lock:
            self._stopped = True
            if self._loop is not None and self._fetching is not None:
                self._loop.call_soon_threadsafe(self._fetching.cancel)

    def run(self, *, wait: bool = True) -> None:
        """Work until ``stop``; without ``wait``, until no job is left that could be done now. QueueAway where Postgres
        breaks off."""
        if self._stopped:
            return
        try:
            asyncio.run(self._run(wait))
        except (ConnectorException, OSError) as error:
            log.error("queue", error=type(error.__cause__ or error).__name__)
            raise QueueAway(_AWAY) from error

    async def _run(self, wait: bool) -> None:
        asyncio.get_running_loop().set_exception_handler(_forgotten)
        async with self._app.open_async():
            fetcher = Fetcher(
                self._app,
                queues=self._queues,
                name="roadmap",
                concurrency=self._concurrency,
                wait=wait,
                fetch_job_polling_interval=POLL_S,
                listen_notify=wait,
                delete_jobs=DeleteJobCondition.SUCCESSFUL,
                install_signal_handlers=False,
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=SILENT_S,
            )
            fetching = asyncio.create_task(fetcher.run())
            with self._lock:
                self._loop, self._fetching = asyncio.get_running_loop(), fetching
                if self._stopped:
                    fetching.cancel()
            try:
                await self._ended(fetcher, fetching, wait)
            finally:
                with self._lock:
                    self._loop = self._fetching = None
                if fetcher.worker_id is not None:
                    self.deserted.add(fetcher.worker_id)

    async def _ended(self, fetcher: Fetcher, fetching: asyncio.Task[None], wait: bool) -> None:
        """Waits for the end, bounded from ``stop`` on; raises what broke off."""
        while not fetching.done():
            await asyncio.wait([fetching], timeout=_STOP_CHECK_S)
            if self._stopped and not fetching.done():
                await asyncio.wait([fetching], timeout=STOP_S)
                if not fetching.done() and fetcher.worker_id is not None:
                    self._abandon(fetcher.worker_id)
        if fetching.cancelled():
            return
        if error := fetching.exception():
            raise error
        if wait and not self._stopped:  # its heartbeat or its ear broke off; procrastinate stops without an error
            raise QueueAway(_AWAY)


def _forgotten(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """A task of procrastinate's that failed with nobody to hear it: a worker that was paused wants to end a job that is
    another's by now. asyncio would print where, and what Postgres said."""
    del loop
    error = context.get("exception")
    log.warning("queue task", error=type(getattr(error, "__cause__", None) or error).__name__)


_STOP_CHECK_S = 0.5
_AWAY = "The connection to Postgres broke: it is tried again."


def _logged(name: str, task: Callable[..., None]) -> Callable[..., None]:
    def logged(**arguments: Any) -> None:
        try:
            task(**arguments)
        except RoadmapError as error:
            log.warning("job", task=name, **reason_of(error))
            raise
        except Exception as error:
            log.error("job", task=name, error=type(error).__name__, where=trace_of(error))
            raise

    return logged
