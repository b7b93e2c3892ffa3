"""What is left to see of a server: the pid that it noted, whether that is still it, and its log."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from db.embedded_program import Place

_LOOKS, _LOOK_S = 100, 0.01
_DEAD = "ZX"
"""Zombies, and what is just ending."""


def pid_file(place: Place) -> tuple[int | None, int]:
    """The pid and start time (Unix seconds) that the last server noted; (None, 0) without a readable note."""
    try:
        lines = (place.data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
        return (pid if pid > 1 else None), int(lines[2])
    except (OSError, ValueError, IndexError):
        return None, 0


def pid_belongs(pid: int | None, place: Place) -> bool | None:
    """Whether the process ``pid`` is the server of this data folder, or the shell about to become it, by its command
    line; None where that is hidden from us."""
    words = command_words(pid) if pid else ()
    return None if words is None else os.fsencode(place.data) in words


def command_words(pid: int) -> tuple[bytes, ...] | None:
    """The command line of a process; empty where there is none (or only a zombie), None where it is hidden from us."""
    if Path("/proc/self/cmdline").exists():
        try:
            for _ in range(_LOOKS):
                if words := Path(f"/proc/{pid}/cmdline").read_bytes():
                    return tuple(words.split(b"\0"))
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in _DEAD:
                    break
                time.sleep(_LOOK_S)  # for a moment it has none, while it becomes another program
        except (FileNotFoundError, ProcessLookupError):
            return ()
        except OSError:
            return None
        return ()
    command = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    line = subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603 - only a number varies
    program, _, rest = line.strip().partition(b" -D ")
    return (program, b"-D", rest.partition(b" -c ")[0])


def log_size(place: Place) -> int:
    """Its length in bytes; 0 where there is none."""
    return place.log.stat().st_size if place.log.exists() else 0


def last_words(place: Place, log_start: int) -> str:
    """The last complaint in the server's log since ``log_start``, for a sentence."""
    with suppress(OSError), place.log.open("rb") as file:
        if log_start <= log_size(place):
            file.seek(log_start)
        lines = file.read(100_000).decode(errors="replace").splitlines()
        for line in reversed(lines):
            for word in ("FATAL:", "PANIC:", "could not", "error while loading"):
                if word in line:
                    return f"{line[line.index(word) :].removeprefix(word).strip()} (see {place.log})."
    return f"see {place.log}."
