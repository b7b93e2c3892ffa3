"""What CBC prints when it ends: its bound, its nodes and its version, which its solution file does not tell."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"^Version: (\S+)", re.MULTILINE)
_OBJECTIVE = re.compile(r"^Objective value: +(\S+)", re.MULTILINE)
_BOUND = re.compile(r"^(?:Lower|Upper) bound: +(\S+)", re.MULTILINE)
_NODES = re.compile(r"^Enumerated nodes: +(\d+)", re.MULTILINE)
_CLOSED = "Result - Optimal solution found\n"


@dataclass(frozen=True, slots=True)
class CbcLog:
    """``bound`` in the solver's own scale, in the sense of the objective that was given; None where it is not told."""

    bound: float | None
    nodes: int
    version: str


def read_log(text: str) -> CbcLog:
    """What the log of one run tells. A search that closed prints no bound: it is the objective value then."""
    bound = _number(_BOUND, text)
    if bound is None and _CLOSED in text:
        bound = _number(_OBJECTIVE, text)
    nodes = _NODES.search(text)
    version = _VERSION.search(text)
    return CbcLog(bound, int(nodes[1]) if nodes else 0, version[1] if version else "bundled with PuLP")


def _number(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None
