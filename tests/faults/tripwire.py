"""What a worker under test carries: at each of its calls to Postgres and to Google it looks whether it was told to die
(or to be paused) there, and it notes each change of a sheet that it begins.

Nothing of the product is changed: the calls of psycopg and of urllib3 are counted where they are made, before and
after each. An order is a file ``orders`` in ``TRIPWIRE``: ``{"at": 17, "signal": 9}``, read when a job begins.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FOLDER = "TRIPWIRE"
_NAMED = re.compile(r"(?:FROM|INTO|UPDATE|SELECT) +\"?([a-z_]+)")


class Tripwire:
    """The calls of one process; only those of threads in which a job runs count."""

    def __init__(self, folder: Path) -> None:
        self._orders = folder / "orders"
        self._noted = os.open(folder / "noted", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()
        self._job = threading.local()
        self._left: int | None = None
        self._signal = signal.SIGKILL
        self._met = 0

    def note(self, what: str) -> None:
        """A line that is there however the process ends."""
        line = json.dumps({"at": time.time(), "pid": os.getpid(), "what": what, "met": self._met})
        os.write(self._noted, line.encode() + b"\n")

    def job(self, task: Callable[..., Any]) -> Callable[..., Any]:
        """``task``, whose calls count."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._read_orders()
            self._job.is_on = True
            try:
                return task(*args, **kwargs)
            finally:
                self._job.is_on = False
                self.note("job ended")

        return counted

    def met(self, what: str) -> None:
        """A call begins or has ended."""
        if not getattr(self._job, "is_on", False):
            return
        with self._lock:
            self._met += 1
            if self._left is None:
                return
            self._left -= 1
            if self._left:
                return
            self._left = None
        self.note(f"struck {what}")
        os.kill(os.getpid(), self._signal)
        self.note("goes on")

    def _read_orders(self) -> None:
        with self._lock:
            if not self._orders.exists():
                return
            order = json.loads(self._orders.read_text())
            self._orders.unlink()
            self._left, self._signal, self._met = order["at"], order["signal"], 0


def carried() -> None:
    """Hangs the tripwire into this process, where the environment names its folder."""
    if _FOLDER not in os.environ:
        return
    import psycopg
    import urllib3

    import jobs.worker

    wire = Tripwire(Path(os.environ[_FOLDER]))
    jobs.worker.perform = wire.job(jobs.worker.perform)
    jobs.worker.look = wire.job(jobs.worker.look)
    for name in ("execute", "executemany"):
        _around(wire, psycopg.Cursor, name, lambda args, _: f"SQL {_sql(args[0])}")
    _around(wire, psycopg.Connection, "commit", lambda *_: "commit")
    _around(wire, urllib3.HTTPConnectionPool, "urlopen", lambda _, kwargs: _http(**kwargs), noted="POST")


def _around(
    wire: Tripwire,
    owner: Any,
    name: str,
    named: Callable[[tuple[Any, ...], dict[str, Any]], str],
    *,
    noted: str | None = None,
) -> None:
    original = getattr(owner, name)

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        what = named(args, kwargs)
        wire.met(f"before {what}")
        if noted and what.startswith(noted):
            wire.note(what)
        answer = original(self, *args, **kwargs)
        wire.met(f"after {what}")
        return answer

    setattr(owner, name, watched)


def _sql(statement: Any) -> str:
    text = " ".join(str(statement).split())
    found = _NAMED.search(text)
    return f"{text.split(' ', 1)[0]} {found[1] if found else ''}".strip()


def _http(method: str, url: str, **others: Any) -> str:
    del others
    path = url.partition("?")[0]
    return f"{method} {re.sub('/spreadsheets/[^/:]+', '/spreadsheets/ID', path)}"
