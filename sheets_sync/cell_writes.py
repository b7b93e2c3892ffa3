"""Single cells to be written, gathered into as few requests of one ``:batchUpdate`` as their shapes allow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, TypeVar

from sheets_sync import marks
from sheets_sync.content import FORMAT_FIELDS, Content, Figure, cell_data, format_data, value_fields
from sheets_sync.marks import Look

Json = dict[str, Any]
Cell = tuple[int, int]
"""(row, column), both 0-based."""
T = TypeVar("T")
_FIRST = itemgetter(0)
Copies = Callable[[int, Mapping[Cell, Content]], tuple[list[Json], set[Cell]]]


@dataclass(slots=True)
class TabWrites:
    """What one batch writes on one tab: values, and looks (note and fill), of single cells; then ``after``, requests
    that follow them (a sort). ``kept`` are cells of people's own that come back: (field mask, the API's CellData).
    ``inserted`` is (row, count) of the blank rows that the batch makes first; rows of cells are counted with them."""

    title: str
    sheet_id: int
    row_count: int
    values: dict[Cell, Content] = field(default_factory=dict)
    looks: dict[Cell, Look] = field(default_factory=dict)
    kept: dict[Cell, tuple[str, Json]] = field(default_factory=dict)
    inserted: tuple[int, int] | None = None
    after: list[Json] = field(default_factory=list)

    @property
    def rows(self) -> set[int]:
        """The rows of which a cell is written."""
        return {row for cells in (self.values, self.looks, self.kept) for row, _ in cells}

    def insert(self, row: int, contents: Sequence[Mapping[int, Content]]) -> None:
        """Whole new rows, the first of them at ``row``: inserted, so that what somebody types there meanwhile moves
        down. They look like the row below, which is blank, or, at the grid's end, like the one above. Their blanks
        are not written: an inserted row holds nothing."""
        if not contents:
            return
        self.inserted = (row, len(contents))
        self.looks = {(at + len(contents) if at >= row else at, c): look for (at, c), look in self.looks.items()}
        for place, cells in enumerate(contents, row):
            for column, content in cells.items():
                if content is not None:
                    self.values[place, column] = content

    def requests(self, copies: Copies | None = None) -> list[Json]:
        """The requests, growth of the grid first. Empty where there is nothing to write. ``copies`` brings the values
        that wait in a staging sheet: (sheet id, values) -> its requests and the cells they fill."""
        copied, filled = copies(self.sheet_id, self.values) if copies else ([], set[Cell]())
        rest = {cell: held for cell, held in self.values.items() if cell not in filled} if filled else self.values
        values = _updates(self.sheet_id, rest, _value)
        patterns = {cell: held.pattern for cell, held in rest.items() if isinstance(held, Figure)}
        formats = _updates(self.sheet_id, patterns, lambda pattern: (FORMAT_FIELDS, format_data(pattern)))
        looks = _updates(self.sheet_id, self.looks, lambda look: (marks.FIELDS, marks.look_data(look)))
        kept = rectangles(self.sheet_id, self.kept)
        return [*self._growth(), *self._insertion(), *copied, *values, *formats, *kept, *looks, *self.after]

    def _growth(self) -> list[Json]:
        row, count = self.inserted or (0, 0)
        # Rows that are written though the grid does not reach so far; where others are inserted, up to their place.
        needed = row if count else max((row + 1 for row in self.rows), default=0)
        if needed <= self.row_count:
            return []
        # Appended, never set to a number: a PM's own new rows may have made the grid longer since we read its size.
        append = {"sheetId": self.sheet_id, "dimension": "ROWS", "length": needed - self.row_count}
        return [{"appendDimension": append}]

    def _insertion(self) -> list[Json]:
        if self.inserted is None:
            return []
        row, count = self.inserted
        area = {"sheetId": self.sheet_id, "dimension": "ROWS", "startIndex": row, "endIndex": row + count}
        return [{"insertDimension": {"range": area, "inheritFromBefore": row >= self.row_count}}]


def sendable(values: Mapping[Cell, Content]) -> dict[Cell, tuple[str, Json]]:
    """What each cell is sent as: (field mask, CellData), one and the same value, never to be changed, for equal
    contents."""
    return _shared(values, _value)


def _value(held: Content) -> tuple[str, Json]:
    return value_fields(held), cell_data(held)


def _shared(held: Mapping[Cell, T], sent_as: Callable[[T], tuple[str, Json]]) -> dict[Cell, tuple[str, Json]]:
    made: dict[tuple[type, T], tuple[str, Json]] = {}
    cells: dict[Cell, tuple[str, Json]] = {}
    for cell, one in held.items():
        sign = (one.__class__, one)  # TRUE is not 1
        found = made.get(sign)
        if found is None:
            found = made[sign] = sent_as(one)
        cells[cell] = found
    return cells


SHORTEST_RUN = 8
"""From so many equal cells below each other on, one ``repeatCell`` says them."""


def _updates(sheet_id: int, cells: Mapping[Cell, T], sent_as: Callable[[T], tuple[str, Json]]) -> list[Json]:
    """One ``repeatCell`` for each long run of equal cells below each other (provenance, status), and one
    ``updateCells`` for each rectangle of neighbouring cells with one field mask that is left. ``sent_as`` says what a
    cell is sent as: (field mask, CellData)."""
    repeated = runs(cells)
    rest = dict(cells)
    for column, first, end, _ in repeated:
        for row in range(first, end):
            del rest[row, column]
    return [
        *(_repeat(sheet_id, column, first, end, sent_as(held)) for column, first, end, held in repeated),
        *rectangles(sheet_id, _shared(rest, sent_as)),
    ]


def runs(cells: Mapping[Cell, T]) -> list[tuple[int, int, int, T]]:
    """(column, first row, row after the last, what they hold) of the long runs of equal cells."""
    found: list[tuple[int, int, int, T]] = []
    columns: dict[int, list[tuple[int, T]]] = defaultdict(list)
    for (row, column), held in cells.items():
        columns[column].append((row, held))
    for column, below in sorted(columns.items(), key=_FIRST):
        below.sort(key=_FIRST)
        first, held = below[0]
        end = first
        for row, now in below:
            if row == end and (now is held or (now.__class__ is held.__class__ and now == held)):  # TRUE is not 1
                end += 1
                continue
            if end - first >= SHORTEST_RUN:
                found.append((column, first, end, held))
            first, end, held = row, row + 1, now
        if end - first >= SHORTEST_RUN:
            found.append((column, first, end, held))
    return found


def _repeat(sheet_id: int, column: int, first: int, end: int, held: tuple[str, Json]) -> Json:
    fields, data = held
    area = {"sheetId": sheet_id, "startRowIndex": first, "endRowIndex": end}
    area |= {"startColumnIndex": column, "endColumnIndex": column + 1}
    return {"repeatCell": {"range": area, "cell": data, "fields": fields}}


def rectangles(sheet_id: int, cells: Mapping[Cell, tuple[str, Json]]) -> list[Json]:
    """One ``updateCells`` for each rectangle of neighbouring cells with one field mask."""
    spans: list[tuple[int, int, str, list[Json]]] = []
    last_row = follows = -1
    last_fields = ""
    for row, column in sorted(cells):
        fields, data = cells[row, column]
        if row == last_row and column == follows and fields == last_fields:
            spans[-1][3].append(data)
        else:
            spans.append((row, column, fields, [data]))
        last_row, follows, last_fields = row, column + 1, fields
    blocks: dict[tuple[int, int, str], list[tuple[int, list[list[Json]]]]] = defaultdict(list)
    for row, column, fields, held in spans:
        stacked = blocks[column, len(held), fields]
        if stacked and stacked[-1][0] + len(stacked[-1][1]) == row:
            stacked[-1][1].append(held)
        else:
            stacked.append((row, [held]))
    return [
        _update(sheet_id, row, column, fields, rows)
        for (column, _, fields), stacked in blocks.items()
        for row, rows in stacked
    ]


def _update(sheet_id: int, row: int, column: int, fields: str, rows: Iterable[list[Json]]) -> Json:
    return {
        "updateCells": {
            "start": {"sheetId": sheet_id, "rowIndex": row, "columnIndex": column},
            "rows": [{"values": held} for held in rows],
            "fields": fields,
        }
    }
