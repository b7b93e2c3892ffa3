"""A problem file solved: what ``roadmap solve`` prints."""

from __future__ import annotations

import math
import sys
import time
from decimal import Decimal
from pathlib import Path

from engine.errors import UsageError
from engine.problem import Solution
from engine.reading import read_problem
from engine.solve import exit_code, solve

MOST_BYTES = 256 * 1024 * 1024


def solve_file(path: Path, time_limit_s: float | None, gap: float | None) -> tuple[str, int]:
    """The result JSON of ``model.md`` section 7, and the exit code. ``gap`` None: the problem's own."""
    started = time.monotonic()
    if time_limit_s is not None and not (math.isfinite(time_limit_s) and time_limit_s > 0):
        raise UsageError("--time-limit must be a positive number of seconds.")
    if gap is not None and not 0 <= gap < math.inf:
        raise UsageError("--gap must be a number from 0 up (0.001 is one in a thousand).")
    solution = _solved(path, time_limit_s, gap, started)
    return solution.to_json(), exit_code(solution)


def _solved(path: Path, time_limit_s: float | None, gap: float | None, started: float) -> Solution:
    text = _text(path)
    if isinstance(text, Solution):
        return text
    problem = read_problem(text)
    if isinstance(problem, Solution):
        return problem
    spent_s = time.monotonic() - started
    wanted_gap = "problem" if gap is None else Decimal(repr(gap))
    return solve(problem, time_limit_s=time_limit_s, relative_gap=wanted_gap, spent_s=spent_s)


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
