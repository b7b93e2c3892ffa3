"""A batch larger than one request should be: its values wait in a hidden sheet, and one batch swaps them all in.

Nobody ever sees a torn tab: until the swap no tab of the workbook has changed, and the swap is one atomic batch of
``copyPaste``, which also carries what is not staged (links, number formats, marks, repeated cells) and takes the hidden
sheet away. A worker that dies in between leaves the hidden sheet, which the next cycle takes away.

What waits is found again by what it holds, not by where it was to go: rows that a PM moves while the values are on
their way still get their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sheets_sync import json_text
from sheets_sync.cell_writes import Cell, Json, TabWrites, rectangles, runs, sendable
from sheets_sync.content import Content, Figure, Linked
from sheets_sync.exchange import Batch
from sheets_sync.frames import TITLES
from sheets_sync.gateway import SheetsGateway
from sheets_sync.grids import Workbook

MOST_BYTES = 20_000_000
"""So much one batch carries; Google's advice of 2 MB is no limit of its own."""

TITLE = "roadmap: being written"
_FIRST_ID = 1_990_000_001
_OVERHEAD = 50
"""Bytes around a value in a batch."""


class TooLarge(Exception):
    """A batch was made that should not be sent as one; nothing was sent."""


@dataclass(frozen=True)
class Stage:
    """Where values wait: ``places`` maps (sheet id of their tab, column, type, value) to the rows of the staging sheet
    that hold it, in the column of the same index."""

    sheet_id: int
    places: Mapping[tuple[int, int, str, Any], Sequence[int]]

    def copies(self, sheet_id: int, values: Mapping[Cell, Content]) -> tuple[list[Json], set[Cell]]:
        """The ``copyPaste`` requests that bring waiting values to a tab, and the cells they fill."""
        found = {
            cell: rows
            for cell, held in values.items()
            if _is_plain(held) and (rows := self.places.get(_sign(sheet_id, cell, held)))
        }
        spans: list[tuple[int, int, int, int]] = []  # row, first column, width, row of the staging sheet
        for row, column in sorted(found):
            if spans and spans[-1][0] == row and sum(spans[-1][1:3]) == column and spans[-1][3] in found[row, column]:
                spans[-1] = (row, spans[-1][1], spans[-1][2] + 1, spans[-1][3])
                continue
            rows = found[row, column]
            follows = spans[-1][3] + row - spans[-1][0] if spans else row
            spans.append((row, column, 1, follows if follows in rows else rows[0]))
        blocks: dict[tuple[int, int, int], list[list[int]]] = defaultdict(list)
        for row, column, width, source in spans:
            stacked = blocks[column, width, source - row]
            if stacked and stacked[-1][1] == row:
                stacked[-1][1] = row + 1
            else:
                stacked.append([row, row + 1])
        return [
            {
                "copyPaste": {
                    "source": _area(self.sheet_id, first + shift, end + shift, column, width),
                    "destination": _area(sheet_id, first, end, column, width),
                    "pasteType": "PASTE_VALUES",
                }
            }
            for (column, width, shift), stacked in blocks.items()
            for first, end in stacked
        ], set(found)


def is_too_large(requests: Sequence[Mapping[str, Any]], writes: Sequence[TabWrites]) -> bool:
    """True where the body of a batch has more bytes than that, and staging would make it smaller."""
    if len(json_text.written(requests)) <= MOST_BYTES:
        return False
    return bool(_laid_out(writes)[0])


def leftovers(workbook: Workbook) -> list[int]:
    """The sheet ids of staging sheets that a worker which died has left."""
    listed = [sheet.get("properties", {}) for sheet in workbook.metadata.get("sheets", ())]
    return [each.get("sheetId", 0) for each in listed if each.get("title") == TITLE and each.get("hidden")]


def removal(sheet_id: int) -> Json:
    """The request that takes a staging sheet away."""
    return {"deleteSheet": {"sheetId": sheet_id}}


def staged(
    gateway: SheetsGateway,
    workbook: Workbook,
    writes: Sequence[TabWrites],
    *,
    leftovers: Sequence[int],
    before_write: Callable[[], None],
) -> Stage:
    """Brings the plain values of ``writes`` to a hidden sheet: one write call for each ``MOST_BYTES`` of them.
    ``leftovers`` are the sheet ids of older ones, which it takes away."""
    taken = {sheet.get("properties", {}).get("sheetId", 0) for sheet in workbook.metadata.get("sheets", ())}
    sheet_id = next(number for number in range(_FIRST_ID, _FIRST_ID + 10_000) if number not in taken)
    cells, places = _laid_out(writes)
    size = {"rowCount": 1 + max(row for row, _ in cells), "columnCount": 1 + max(column for _, column in cells)}
    add = {"sheetId": sheet_id, "title": TITLE, "hidden": True, "gridProperties": size}
    first = [*map(removal, leftovers), {"addSheet": {"properties": add}}]
    for chunk in _chunks(cells):
        _send(gateway, workbook.spreadsheet_id, sheet_id, chunk, first, before_write)
        first = []
    return Stage(sheet_id, places)


def _send(
    gateway: SheetsGateway,
    spreadsheet_id: str,
    sheet_id: int,
    chunk: Mapping[Cell, Content],
    first: Sequence[Json],
    before_write: Callable[[], None],
) -> None:
    """One batch of staged values, behind the requests ``first`` that make their sheet. It names absolute cells, so that
    it may be sent again; whether the sheet was made by a try whose answer was lost is looked up before."""
    requests = rectangles(sheet_id, sendable(chunk))
    tries: list[int] = []

    def prepare() -> Batch:
        is_made = bool(first and tries) and sheet_id in ids(gateway.reread(spreadsheet_id, (), TITLES))
        tries.append(1)
        before_write()
        return Batch(requests=requests if is_made else [*first, *requests])

    gateway.write(spreadsheet_id, prepare)


def ids(answer: Mapping[str, Any]) -> set[int]:
    """The sheet ids in an answer to ``TITLES``."""
    return {one["properties"].get("sheetId", 0) for one in answer["sheets"]}


def _laid_out(writes: Sequence[TabWrites]) -> tuple[dict[Cell, Content], dict[tuple[int, int, str, Any], list[int]]]:
    """The cells of the staging sheet, one tab below the other, and where each value waits. What goes by other means
    (links, number formats, blanks, repeated cells) is left out."""
    cells: dict[Cell, Content] = {}
    places: dict[tuple[int, int, str, Any], list[int]] = defaultdict(list)
    top = 0
    for each in writes:
        repeated = {(row, column) for column, first, end, _ in runs(each.values) for row in range(first, end)}
        plain = {cell: held for cell, held in each.values.items() if cell not in repeated and _is_plain(held)}
        low = min((row for row, _ in plain), default=0)
        for (row, column), held in sorted(plain.items(), key=lambda item: item[0]):
            cells[top + row - low, column] = held
            places[_sign(each.sheet_id, (row, column), held)].append(top + row - low)
        top += max((row + 1 for row, _ in plain), default=low) - low
    return cells, dict(places)


def _is_plain(held: Content) -> bool:
    return held is not None and not isinstance(held, Linked | Figure)


def _sign(sheet_id: int, cell: Cell, held: Content) -> tuple[int, int, str, Any]:
    """By what a waiting value is found: its tab, its column, and what it is (TRUE is not 1)."""
    return sheet_id, cell[1], type(held).__name__, held


def _chunks(cells: Mapping[Cell, Content]) -> Iterator[dict[Cell, Content]]:
    """The cells in parts of at most ``MOST_BYTES`` (and one cell at least), in their order."""
    part: dict[Cell, Content] = {}
    weight = 0
    for cell, held in cells.items():
        heavy = _OVERHEAD + 6 * len(str(held))  # a letter takes up to six bytes of JSON
        if part and weight + heavy > MOST_BYTES:
            yield part
            part, weight = {}, 0
        part[cell] = held
        weight += heavy
    if part:
        yield part


def _area(sheet_id: int, first: int, end: int, column: int, width: int) -> Json:
    return {
        "sheetId": sheet_id,
        "startRowIndex": first,
        "endRowIndex": end,
        "startColumnIndex": column,
        "endColumnIndex": column + width,
    }
