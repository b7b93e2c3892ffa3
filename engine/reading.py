"""JSON text -> Problem, or everything that is wrong with it (``model.md`` sections 1 and 3).

Text is hostile: too long, too deep, no JSON at all, keys given twice, numbers that are none. Each is told with its
path.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from engine.notes import Notes
from engine.problem import Problem, Solution
from engine.settling import Settled, settle
from engine.shape import NotANumber, Repeated, problem_from

LONGEST = 64 * 1024 * 1024
"""Bytes of JSON that are read at most; 50,000 candidates with a dozen contributions each take some 25 MB."""
MOST_DIGITS = 400


def read_problem(text: str | bytes) -> Problem | Solution:
    """The problem that ``text`` (JSON, UTF-8) describes, or a Solution of status "invalid" whose ``errors`` are all of
    ``{path, found, wanted, message}`` at once, with JSON paths (``candidates[3].engineering_tokens``). Never raises."""
    read = read_settled(text)
    return read if isinstance(read, Solution) else read.problem


@dataclass(frozen=True, slots=True)
class Reading:
    """A problem that was read and settled; ``notes`` holds its warnings."""

    problem: Problem
    settled: Settled
    notes: Notes


def read_settled(text: str | bytes) -> Reading | Solution:
    """What ``read_problem`` reads, with its settled form, for who will solve it: settling takes its time again."""
    notes = Notes()
    tree = _tree(text, notes)
    if notes.errors:
        return _invalid(notes)
    problem = problem_from(tree, notes)
    settled = None if problem is None else settle(problem, notes)
    if problem is None or settled is None or notes.errors:
        return _invalid(notes)
    return Reading(problem, settled, notes)


def check_problem(problem: Problem) -> list[Mapping[str, Any]]:
    """What is wrong with a Problem made by code: the same errors ``read_problem`` would give of its JSON; [] where
    sound."""
    notes = Notes()
    settle(problem, notes)
    return list(notes.all_errors())


def _invalid(notes: Notes) -> Solution:
    return Solution(status="invalid", errors=notes.all_errors(), warnings=tuple(notes.warnings))


def _tree(text: str | bytes, notes: Notes) -> Any:
    """The JSON tree of ``text``, numbers as Decimal, or None with the reason noted."""
    wanted = "one JSON object that describes a problem"
    if len(text) > LONGEST:
        size = f"{len(text) / 1024 / 1024:,.0f} MB"
        notes.error("", f"{size} of text", f"at most {LONGEST // 1024 // 1024} MB", f"The file is too large: {size}.")
        return None
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        message = f"The file is not UTF-8 text: byte {error.start:,} cannot be read. Save it as UTF-8."
        notes.error("", f"byte 0x{error.object[error.start]:02x} at {error.start:,}", "UTF-8 text", message)
        return None
    if not decoded.strip():
        notes.error("", "nothing", wanted, "The file is empty.")
        return None
    try:
        return json.loads(
            decoded, parse_float=_number, parse_int=_number, parse_constant=NotANumber, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno:,}, column {error.colno:,}"
        found = decoded[error.pos : error.pos + 20] or "the end of the file"
        notes.error("", found, "JSON", f"The file is not JSON: {error.msg} at {where}.")
    except RecursionError:
        notes.error("", "lists or objects nested too deeply", wanted, "The file is nested too deeply to be a problem.")
    except (ValueError, OverflowError, MemoryError) as error:
        notes.error("", type(error).__name__, wanted, "The file cannot be read as JSON.")
    return None


@lru_cache(maxsize=2**16)
def _number(text: str) -> Decimal | NotANumber:
    """The number that stands in the text, exactly; one beyond what solvers can hold is told where it stands."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return NotANumber(text)
    if not number:
        return Decimal(0)
    _, digits, exponent = number.as_tuple()
    sound = isinstance(exponent, int) and exponent >= -MOST_DIGITS and len(digits) <= MOST_DIGITS
    return number if sound and number.adjusted() <= 307 else NotANumber(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    twice = {key for key, _ in pairs if key in seen or seen.add(key)}
    return Repeated(made, twice)
