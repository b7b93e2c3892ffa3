"""Starts commands of the product as processes of their own, at once: each is forked from a process that has imported
it. Unlike those of ``tests.acceptance.warm`` they run beside each other, and nobody waits for them.

As a program it reads one order a line as JSON (``words``, ``environment``, ``err``) and prints the pid of each process.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Child:
    """A process; what it says on standard error stands in the file ``err``."""

    pid: int
    err: Path
    handle: int = field(init=False)

    def __post_init__(self) -> None:
        self.handle = os.pidfd_open(self.pid)

    def send(self, number: int) -> None:
        """A signal; nothing where it has ended (never to another process of the same number)."""
        if not self.has_ended(0):
            signal.pidfd_send_signal(self.handle, number)

    def has_ended(self, within_s: float = 0) -> bool:
        """Whether it ends within so many seconds."""
        if self.handle < 0:
            return True
        if not select.select([self.handle], [], [], within_s)[0]:
            return False
        os.close(self.handle)
        self.handle = -1
        return True

    def is_paused(self) -> bool:
        """Whether it was stopped by SIGSTOP."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        except OSError:
            return False

    def kill(self) -> None:
        """kill -9, and its end."""
        self.send(signal.SIGKILL)
        assert self.has_ended(30)

    def lines(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self.err.read_text().splitlines() if line.startswith("{")]


class Nursery:
    """Safe for threads."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "tests.faults.nursery"]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=_own_environment()
        )
        self._lock = threading.Lock()

    def start(self, words: list[str], environment: dict[str, str], err: Path) -> Child:
        """``roadmap words…`` as a process."""
        order = {"words": words, "environment": environment, "out": os.devnull, "err": str(err)}
        with self._lock:
            assert self._process.stdin and self._process.stdout
            print(json.dumps(order), file=self._process.stdin, flush=True)
            return Child(int(self._process.stdout.readline()), err)

    def close(self) -> None:
        """Starts no more; what was started goes on."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


def _own_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def serve() -> None:
    """Answers until standard input ends; in a forked process, becomes the command."""
    from tests.acceptance.warm import become, imported
    from tests.faults.tripwire import carried

    imported()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    while line := sys.stdin.readline():
        order = json.loads(line)
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ |= order["environment"]
        carried()
        become(order)
        return


if __name__ == "__main__":
    serve()
