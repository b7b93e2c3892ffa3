"""Taking back what was done in a window: cells, rows that were inserted, rows that were deleted. What others changed
meanwhile stays."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sheets_sync.local.page_edits import deleted_rows
from sheets_sync.local.page_view import TabView

Json = dict[str, Any]

MOST_STEPS = 100
_TYPED = "userEnteredValue,userEnteredFormat.numberFormat,textFormatRuns"
_WHOLE = ("userEnteredValue", "userEnteredFormat", "note", "dataValidation", "textFormatRuns")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedCells:
    """Cells that were typed or pasted over: (uid, column) to (the cell before, the cell after)."""

    cells: dict[tuple[int, int], tuple[Json, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertedRows:
    """Rows that were inserted, by uid."""

    uids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedRows:
    """Runs of rows that were deleted: (uid of the row above or None, index of the first, the rows' cells)."""

    runs: tuple[tuple[int | None, int, tuple[Sequence[Json], ...]], ...]


Step = TypedCells | InsertedRows | DeletedRows


class Steps:
    """What was done in a window, the latest last: (tab, step) pairs."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, Step]] = []

    def add(self, sheet_id: int, step: Step) -> None:
        """Remembers a step; the oldest is forgotten beyond ``MOST_STEPS``."""
        self._steps = [*self._steps, (sheet_id, step)][-MOST_STEPS:]

    def latest(self) -> tuple[int, Step] | None:
        """Takes the latest step off."""
        return self._steps.pop() if self._steps else None


def typed_cells(old: TabView, new: TabView, uids: Iterable[int], columns: range) -> TypedCells:
    """The step between two views, of the rows ``uids`` and the columns."""
    cells: dict[tuple[int, int], tuple[Json, Json]] = {}
    places = {uid: index for index, uid in enumerate(old.uids)}, {uid: index for index, uid in enumerate(new.uids)}
    for uid in uids:
        rows = [view.raw[at[uid]] if uid in at else None for view, at in zip((old, new), places, strict=True)]
        for column in columns:
            before, after = (_typed(row.at(column)) if row is not None else {} for row in rows)
            if before != after:
                cells[uid, column] = (before, after)
    return TypedCells(cells=cells)


def rows_deleted(view: TabView, rows: Iterable[int]) -> DeletedRows:
    """The step of deleting ``rows`` of the view."""
    ordered = sorted(set(rows))
    runs: list[tuple[int | None, int, tuple[Sequence[Json], ...]]] = []
    for _, run in itertools.groupby(enumerate(ordered), lambda pair: pair[1] - pair[0]):
        indices = [index for _, index in run]
        above = view.uids[indices[0] - 1] if indices[0] else None
        runs.append((above, indices[0], tuple(view.raw[index].cells for index in indices)))
    return DeletedRows(runs=tuple(runs))


def undoing(view: TabView, step: Step) -> tuple[list[Json], str]:
    """(requests that take the step back, what was done in words), as the tab stands in ``view``."""
    if isinstance(step, TypedCells):
        return _typed_back(view, step)
    if isinstance(step, InsertedRows):
        return _inserted_back(view, step)
    return _deleted_back(view, step)


def _typed_back(view: TabView, step: TypedCells) -> tuple[list[Json], str]:
    places = {uid: index for index, uid in enumerate(view.uids)}
    requests: list[Json] = []
    kept = 0
    for (uid, column), (before, after) in step.cells.items():
        row = places.get(uid)
        if row is None or _typed(view.raw[row].at(column)) != after:
            kept += 1
            continue
        start = {"sheetId": view.sheet_id, "rowIndex": row, "columnIndex": column}
        requests.append({"updateCells": {"rows": [{"values": [before]}], "fields": _TYPED, "start": start}})
    if not kept:
        return requests, f"Took back {_count(len(requests), 'cell')}."
    return requests, f"Took back {_count(len(requests), 'cell')}; {kept} changed since, and stay as they are."


def _inserted_back(view: TabView, step: InsertedRows) -> tuple[list[Json], str]:
    rows = [index for uid in step.uids if (index := view.index_of(uid)) is not None]
    empty = [row for row in rows if not any("userEnteredValue" in cell for cell in view.raw[row].cells)]
    if len(empty) < len(rows):
        return deleted_rows(view, empty), "Something was typed into the inserted row since, so it stays."
    return deleted_rows(view, empty), f"Took the inserted {_count(len(rows), 'row')} away again."


def _deleted_back(view: TabView, step: DeletedRows) -> tuple[list[Json], str]:
    requests: list[Json] = []
    added = 0
    for above, index, rows in step.runs:
        known = view.index_of(above) if above is not None else None
        at = min(index if known is None else known + 1 + added, len(view.rows) + added)
        span = {"sheetId": view.sheet_id, "dimension": "ROWS", "startIndex": at, "endIndex": at + len(rows)}
        cells = [{"values": [{key: cell[key] for key in _WHOLE if key in cell} for cell in row]} for row in rows]
        start = {"sheetId": view.sheet_id, "rowIndex": at, "columnIndex": 0}
        requests.append({"insertDimension": {"range": span, "inheritFromBefore": False}})
        requests.append({"updateCells": {"rows": cells, "fields": ",".join(_WHOLE), "start": start}})
        if known is not None:
            added += len(rows)
    return requests, f"Brought {_count(sum(len(rows) for _, _, rows in step.runs), 'row')} back."


def _typed(cell: Json) -> Json:
    """What typing changes of a cell."""
    out: Json = {key: cell[key] for key in ("userEnteredValue", "textFormatRuns") if cell.get(key)}
    number_format = (cell.get("userEnteredFormat") or {}).get("numberFormat")
    return out | ({"userEnteredFormat": {"numberFormat": number_format}} if number_format else {})


def _count(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
