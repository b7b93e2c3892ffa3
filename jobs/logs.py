"""Logs: JSON lines on standard error, without cell contents and without secrets."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Any

import structlog

from engine.errors import OutOfReach, RoadmapError
from sheets_sync.errors import AccessDenied, AnswerTooLarge, KeyFileWrong, SpreadsheetNotFound
from sheets_sync.exchange import Call

log = structlog.get_logger()

_WITHOUT_CELLS = (OutOfReach, AccessDenied, AnswerTooLarge, KeyFileWrong, SpreadsheetNotFound)
"""Errors whose sentences are of our own making: no text of a cell can be in them."""


def configure(level: str) -> None:
    """From now on this process logs at ``level`` and above."""
    number = logging.getLevelNamesMapping()[level]
    logging.basicConfig(stream=sys.stderr, level=max(number, logging.WARNING), format="%(levelname)s %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def reason_of(error: RoadmapError) -> dict[str, Any]:
    """What a log line may say of an error: its sentence only where that can hold no text from a cell."""
    told = {"error": type(error).__name__, "may_retry": error.may_retry}
    return told | ({"reason": error.sentence} if isinstance(error, _WITHOUT_CELLS) else {})


def trace_of(error: BaseException) -> str:
    """Where an error and its causes came from, without their messages, which may quote a cell or a key."""
    lines: list[str] = []
    at: BaseException | None = error
    while at is not None:
        frames = traceback.extract_tb(at.__traceback__)
        lines += [f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
        lines.append(type(at).__name__)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\n".join(lines)


def log_call(call: Call) -> None:
    """One line for a call to Google."""
    log.info(
        "google",
        verb=call.verb,
        kind=call.kind,
        spreadsheet=call.spreadsheet_id or None,
        outcome=call.outcome,
        attempt=call.attempt,
        seconds=round(call.seconds, 3),
        queued_s=round(call.queued_s, 3),
        paused_s=round(call.paused_s, 3),
        bytes_sent=call.bytes_sent,
        bytes_received=call.bytes_received,
    )
