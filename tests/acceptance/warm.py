"""Runs commands as processes of their own that need not import the product first: that is a second of CPU each.

It reads one command a line as JSON (``words``, ``environment``, files ``out`` and ``err``), forks a process that runs
``roadmap words…`` from its entry point to its very end, and prints the exit code. The first word of each kind of
command is run from cold by ``Cli`` instead, which proves that it imports what it needs."""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import sys
from typing import Any

import jobs
from jobs.cli import main

LEFT_OUT = {"demo", "__main__"}
"""Imports the page, which only that command needs; runs a command at once."""
TO = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def imported() -> None:
    """Imports the product."""
    for module in pkgutil.iter_modules(jobs.__path__):
        if module.name not in LEFT_OUT:
            importlib.import_module(f"jobs.{module.name}")
    gc.freeze()


def serve() -> None:
    """Answers until standard input ends; in a forked process, becomes the command."""
    imported()
    while line := sys.stdin.readline():
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            become(order)
            return
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def become(order: dict[str, Any]) -> None:
    """Turns this process into one that was started with the words, the environment and the files of the order."""
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["roadmap", *order["words"]]
    for number, (name, flags) in enumerate(((os.devnull, os.O_RDONLY), (order["out"], TO), (order["err"], TO))):
        file = os.open(name, flags)
        os.dup2(file, number)
        os.close(file)
    main()


if __name__ == "__main__":
    serve()
