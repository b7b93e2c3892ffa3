"""A problem file solved: what ``roadmap solve`` prints."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from engine.errors import UsageError
from engine.exact_side import garbage_left
from engine.explain import explained
from engine.problem import Solution
from engine.process import call_up
from engine.reading import read_settled
from engine.solve import exit_code, solve
from jobs.progress_bar import progress_bar

MOST_BYTES = 256 * 1024 * 1024


def solve_file(path: Path, time_limit_s: float | None, gap: float | None, *, explain: bool = False) -> tuple[str, int]:
    """The result JSON of ``model.md`` section 7, and the exit code. ``gap`` None: the problem's own; ``explain`` adds
    ``explanations``, which take a time of their own."""
    started = time.monotonic()
    if time_limit_s is not None and not (math.isfinite(time_limit_s) and time_limit_s > 0):
        raise UsageError("--time-limit must be a positive number of seconds.")
    if gap is not None and not 0 <= gap < math.inf:
        raise UsageError("--gap must be a number from 0 up (0.001 is one in a thousand).")
    with ended_by_sigterm():
        call_up(1)
        solution = _solved(path, time_limit_s, gap, started, explain)
        with garbage_left():
            return solution.to_json(), exit_code(solution)


def _solved(path: Path, time_limit_s: float | None, gap: float | None, started: float, explain: bool) -> Solution:
    text = _text(path)
    if isinstance(text, Solution):
        return text
    with garbage_left():
        reading = read_settled(text)
    if isinstance(reading, Solution):
        return reading
    problem = reading.problem
    wanted_gap = "problem" if gap is None else Decimal(repr(gap))
    limit_s = float(problem.solver.time_limit_s) if time_limit_s is None else time_limit_s
    with progress_bar(limit_s) as on_progress:
        spent_s = time.monotonic() - started
        solution = solve(
            problem,
            time_limit_s=time_limit_s,
            relative_gap=wanted_gap,
            spent_s=spent_s,
            on_progress=on_progress,
            reading=reading,
        )
    return explained(problem, solution) if explain else solution


@contextmanager
def ended_by_sigterm() -> Generator[None]:
    """SIGTERM ends the program as an exception, so that solver children are killed on the way out."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _text(path: Path) -> bytes | Solution:
    """The file's bytes, or an invalid result that says why there are none."""
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1) if str(path) == "-" else _read(path)
    except OSError as error:
        return _invalid(f"{path} cannot be read: {error.strerror or error}. Give the path of a problem file.")
    if len(data) > MOST_BYTES:
        return _invalid(f"{path} is larger than {MOST_BYTES // 2**20} MB: no problem of this product is.")
    return data


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _invalid(message: str) -> Solution:
    error = {"path": "", "found": "no problem", "wanted": "a problem file", "message": message}
    return Solution(status="invalid", errors=(error,))
