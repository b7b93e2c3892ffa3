"""Pieces of the sentences that PMs read: names before keys, numbers as people write them, the nearest name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from decimal import Decimal

from engine.canonical import number_text
from engine.findings import Finding, Severity
from engine.inputs import Row
from engine.keys import normalised


def shown(number: Decimal | int) -> str:
    """The number with commas between thousands: 1,500 or 0.002."""
    text = number_text(number)
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.isdigit() else text


def percent(fraction: Decimal) -> str:
    """0.4 as "40 %"."""
    return f"{shown(fraction * 100)} %"


def listed(names: Iterable[str], most: int = 5) -> str:
    """ "A", "A and B", "A, B and C", "A, B, C, D, E and 3 more"."""
    held = list(names)
    if len(held) > most:
        held = [*held[:most], f"{len(held) - most} more"]
    return held[0] if len(held) == 1 else f"{', '.join(held[:-1])} and {held[-1]}" if held else "none"


def nearest(text: str, names: Iterable[str]) -> str | None:
    """The name that ``text`` was most likely meant to be, or None where none is near."""
    folded = {normalised(name): name for name in names}
    close = difflib.get_close_matches(normalised(text), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def proposal(text: str, names: Sequence[str]) -> str:
    """How to mend an unknown name: "did you mean UK?" or "write one of: UK, FR", or "" where there is no name."""
    near = nearest(text, names)
    if near is not None:
        return f"did you mean '{near}'?"
    return f"write one of: {', '.join(names[:12])}{', …' if len(names) > 12 else ''}" if names else ""


def quoted(text: str) -> str:
    """A cell's text in quotation marks, cut where it is long."""
    plain = " ".join(text.split())
    return f"'{plain[:57]}…'" if len(plain) > 60 else f"'{plain}'"


def place(row: Row) -> str:
    """ "Constraints row 7"."""
    return f"{row.tab} row {row.row}"


def told(
    row: Row, column: str | None, message: str, *, severity: Severity = Severity.ERROR, stops_run: bool = False
) -> Finding:
    """A finding on a row's cell (or on the whole row, with ``column`` None)."""
    cell = row.cells.get(column) if column else None
    return Finding(
        severity=severity, tab=row.tab, row=row.row, column=column, cell=cell, message=message, stops_run=stops_run
    )
