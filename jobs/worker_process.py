"""A worker as a process of its own, started again when it ends: what the demo stays up with. It may be killed at any
moment, as on any other machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping

AGAIN_S = 1.0
END_S = 15.0


class WorkerProcess:
    """``roadmap worker`` with ``environment`` over this process' own. ``told`` hears, in a sentence, of each start
    after the first."""

    def __init__(self, environment: Mapping[str, str], told: Callable[[str], None]) -> None:
        self._environment = {**os.environ, **environment}
        self._told = told
        self._end = threading.Event()
        self._process = self._started()

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self) -> None:
        """Until SIGTERM or SIGINT; then the worker ends first."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self._end.set())
        try:
            while not self._end.wait(AGAIN_S):
                if self._process.poll() is not None:
                    self._process = self._started()
                    self._told(f"The worker had ended; another one goes on (process {self.pid}).")
        finally:
            self._process.terminate()
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        # In a session of its own: Ctrl-C reaches it through us, once.
        return subprocess.Popen([sys.executable, "-m", "jobs", "worker"], env=self._environment, start_new_session=True)
