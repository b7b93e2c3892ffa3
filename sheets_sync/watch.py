"""Which workbooks changed: one list of Drive for all of them, and a reading of each once an hour all the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sheets_sync.errors import GoogleFailed

MAX_PAGES = 10
"""Of the list, at one look; what is left waits for the next one."""
FULL_READ_EVERY = timedelta(hours=1)

_FILE_ID = re.compile(r"[A-Za-z0-9_-]{5,200}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ChangeList(Protocol):
    """Where changes are listed: the gateway."""

    def changes(self, page_token: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The files that changed since a page token, and the token from which to ask on. Both must be stored together:
    what is asked for again is told again, what is passed over is lost."""

    file_ids: frozenset[str]
    page_token: str


def changes_since(source: ChangeList, page_token: str) -> Changes:
    """What changed since ``page_token`` was given out (edits, our own too, renames, a file removed or no longer
    shared). One call of Drive while nothing much happens, one more per thousand files. Raises PageTokenLost where Drive
    does not know the token, and the other errors of ``sheets_sync.errors``."""
    file_ids: set[str] = set()
    token = page_token
    for _ in range(MAX_PAGES):
        page = source.changes(token)
        file_ids |= _file_ids(page)
        following = page.get("nextPageToken")
        token = _token(following or page.get("newStartPageToken"))
        if not following:
            break
    return Changes(file_ids=frozenset(file_ids), page_token=token)


def full_read_due(spreadsheet_id: str, now: datetime) -> datetime:
    """The latest moment, not after ``now`` (aware), at which the spreadsheet's hourly reading was due: a second of the
    hour that its id decides, so that a thousand of them are spread evenly over the hour."""
    seconds = int(FULL_READ_EVERY.total_seconds())
    second = int.from_bytes(hashlib.sha256(spreadsheet_id.encode()).digest()[:8], "big") % seconds
    passed = (now - _EPOCH - timedelta(seconds=second)) // FULL_READ_EVERY
    return _EPOCH + timedelta(seconds=second) + passed * FULL_READ_EVERY


def next_full_read(spreadsheet_id: str, now: datetime) -> datetime:
    """When the hourly reading of a spreadsheet that is read at ``now`` (aware) is due next."""
    return full_read_due(spreadsheet_id, now) + FULL_READ_EVERY


def _file_ids(page: Mapping[str, Any]) -> set[str]:
    changes = page.get("changes", [])
    if not isinstance(changes, list):
        raise GoogleFailed("Google Drive answered with a list of changes that is none; try later.")
    ids = [change.get("fileId") for change in changes if isinstance(change, dict)]
    return {one for one in ids if isinstance(one, str) and _FILE_ID.fullmatch(one)}


def _token(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > 1000 or not value.isprintable():
        raise GoogleFailed("Google Drive answered without a page token; try later.")
    return value
