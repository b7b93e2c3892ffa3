"""The notes on headers, and which of them are ours: what was written last is remembered in the sheet's own metadata, so
that a newer version can put its own words there, and a note that somebody changed stays theirs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sheets_sync import column_style
from sheets_sync.columns import Column, Family
from sheets_sync.tab_places import Place

Request = dict[str, Any]

KEY = "roadmap_header_notes"
"""The key of the sheet's developer metadata; its value is JSON: {column: digest of the note that we wrote last}."""
FIELDS = "developerMetadata(metadataId,metadataKey,metadataValue)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a sheet remembers: digests by column; ``id`` is the metadata's, None where there is none yet."""

    id: int | None = None
    digests: Mapping[str, str] = field(default_factory=dict)


def memories(answer: Mapping[str, Any]) -> dict[int, Memory]:
    """Sheet id -> its memory, of an answer under ``FIELDS`` of the sheets."""
    found: dict[int, Memory] = {}
    for sheet in answer.get("sheets", ()):
        for one in sheet.get("developerMetadata", ()):
            if one.get("metadataKey") == KEY and "metadataId" in one:
                sheet_id = sheet.get("properties", {}).get("sheetId", 0)
                found[sheet_id] = Memory(id=one["metadataId"], digests=_digests(one.get("metadataValue", "")))
    return found


def _digests(value: str) -> dict[str, str]:
    with suppress(ValueError, RecursionError):
        read = json.loads(value)
        if isinstance(read, dict):
            return {str(name): str(digest) for name, digest in read.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return {}  # somebody else wrote there: nothing is known


def note_requests(place: Place, there: Iterable[tuple[int, Column | Family]], memory: Memory | None) -> list[Request]:
    """The requests that put back the notes which are gone, put those of this version where an older one's stand, and
    remember what is ours. ``there`` are the columns that are there already; without ``memory`` nothing is known of the
    sheet, and no note that stands there is touched or remembered."""
    known = memory.digests if memory else {}
    added = [column for _, column, _ in place.added if isinstance(column, Column)]
    remembered = {column.name: _digest(column_style.note(column)) for column in added}
    requests: list[Request] = []
    for index, column in there:
        present, wanted = place.notes.get(index), column_style.note(column)
        is_ours = present is None or present == wanted or _digest(present) == known.get(column.name)
        if is_ours and present != wanted:
            requests.append(_written(place.sheet_id, index, wanted))
        if is_ours:
            remembered[column.name] = _digest(wanted)
        elif column.name in known:  # it may become ours again, where somebody undoes what they changed
            remembered[column.name] = known[column.name]
    if memory is not None and remembered != memory.digests:
        requests.append(_remembered(place.sheet_id, memory.id, remembered))
    return requests


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _written(sheet_id: int, index: int, text: str) -> Request:
    start = {"sheetId": sheet_id, "rowIndex": 0, "columnIndex": index}
    return {"updateCells": {"start": start, "rows": [{"values": [{"note": text}]}], "fields": "note"}}


def _remembered(sheet_id: int, metadata_id: int | None, digests: Mapping[str, str]) -> Request:
    value = json.dumps(digests, sort_keys=True, separators=(",", ":"))
    if metadata_id is not None:
        lookup = {"developerMetadataLookup": {"metadataId": metadata_id}}
        changed = {"dataFilters": [lookup], "developerMetadata": {"metadataValue": value}, "fields": "metadataValue"}
        return {"updateDeveloperMetadata": changed}
    made = {"metadataKey": KEY, "metadataValue": value, "visibility": "DOCUMENT", "location": {"sheetId": sheet_id}}
    return {"createDeveloperMetadata": {"developerMetadata": made}}
