"""Values around one exchange with Google: what was sent, what it cost, how long to wait before the next try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import tenacity

from sheets_sync.errors import GoogleOutOfReach


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP exchange as it was: for logs and metrics, never with cell contents. ``kind`` is whose quota it spent:
    "read", "write" or "drive"; ``outcome`` is "ok" or the name of the error it ended with; ``attempt`` counts from 1;
    ``queued_s`` was spent waiting for a turn in the quota, ``paused_s`` waiting after the try before."""

    verb: str
    kind: str
    spreadsheet_id: str
    seconds: float
    bytes_sent: int
    bytes_received: int
    outcome: str
    attempt: int = 1
    queued_s: float = 0.0
    paused_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a gateway has spent so far: HTTP calls that read or write spreadsheets, and calls of Drive (tries that
    failed included), and bytes of bodies."""

    reads: int = 0
    writes: int = 0
    drive: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    @property
    def calls(self) -> int:
        """Calls of Sheets; those of Drive serve all workbooks at once and are nobody's own."""
        return self.reads + self.writes

    def and_one(self, call: Call) -> Counts:
        """These, and one call more."""
        return Counts(
            reads=self.reads + (call.kind == "read"),
            writes=self.writes + (call.kind == "write"),
            drive=self.drive + (call.kind == "drive"),
            bytes_sent=self.bytes_sent + call.bytes_sent,
            bytes_received=self.bytes_received + call.bytes_received,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One atomic ``:batchUpdate``: ``requests`` as the API wants them, ``echo`` the A1 ranges to hand back afterwards,
    ``fields`` what of them (a field mask of a Spreadsheet)."""

    requests: Sequence[Mapping[str, Any]]
    echo: Sequence[str] = ()
    fields: str = "sheets"


def wait_s(state: tenacity.RetryCallState) -> float:
    """Seconds before the next try: what Google asked for, else exponential; always with jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, GoogleOutOfReach) else None
    if asked is not None:
        return asked + tenacity.wait_random(0, 1)(state)
    return tenacity.wait_random_exponential(multiplier=1, max=64, min=0.2)(state)


def retry_after(header: str) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or an HTTP date), None where it says nothing usable."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
