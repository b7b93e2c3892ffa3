"""Columns that a PM inserted, deleted or moved while a batch was on the wire, or rows above the header.

The batch wrote absolute cells, so its contents stand in other columns than they were meant for. What it wrote goes
home, and what it overwrote comes back, as ``Before`` knows it. Rows are found by what they must hold after such a
batch, since a sort of ours may have followed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sheets_sync.before_cells import Before, entered, seen_whole
from sheets_sync.cell_writes import Cell, Json, TabWrites
from sheets_sync.content import Figure, same, shown
from sheets_sync.frames import Frame, header_texts_of, quoted
from sheets_sync.grids import CellValue
from sheets_sync.headers import is_blank
from sheets_sync.marks import Look, look_of
from sheets_sync.row_matching import matched

T = TypeVar("T")
MOST_ROWS_ABOVE = 3
"""So many rows that came above the header are looked for."""


def whole_tab(title: str) -> list[str]:
    """What is read of a tab whose header is not where it was."""
    return [quoted(title)]


def put_right(before: Before, sent: TabWrites, echo: Frame, now: Frame, *, is_done: bool = True) -> TabWrites | None:
    """What puts the tab right; None where no column moved, but one was renamed. ``sent`` is what the batch wrote,
    ``echo`` the tab as the batch left it (its header at least), ``now`` all of it, read a moment later. Where it is not
    known whether the batch ``is_done``, None too if nothing of it stands where it would have been astray."""
    if header_texts_of(echo) == header_texts_of(now) or not _is_alike(_head(before), _texts(echo)):
        shifted = _shift(before, sent, now)
    elif shifted := _shift(before, sent, echo):
        shifted.later = _columns(shifted.left(echo), sent, _texts(echo), _texts(now), now)
    return shifted.repair(now) if shifted and (is_done or shifted.is_astray(now)) else None


def followed(before: Before, writes: TabWrites, now: Frame) -> TabWrites:
    """``writes``, which were made for the columns as they stood ``before``, for those of ``now``."""
    places = _columns(before, writes, _head(before), _texts(now), now)
    return _taken(replace(writes, title=now.title, row_count=now.row_count), places)


def _shift(before: Before, sent: TabWrites, now: Frame) -> _Shifted | None:
    """Where columns went, or rows above the header; None where no column moved."""
    head, there = _head(before), _texts(now)
    if _is_alike(head, there):
        shifted = _Shifted(before, sent, _columns(before, sent, head, there, now), 0)
        is_home = all(shifted.places.get(column, column) == column for column in range(before.width))
        return None if is_home else shifted
    same = {column: column for column in range(len(there))}
    tried = [_Shifted(before, sent, same, rows) for rows in (-1, *range(1, MOST_ROWS_ABOVE + 1))]
    return max(tried, key=lambda each: each.found(now))


def _is_alike(head: Sequence[str], there: Sequence[str]) -> bool:
    """True where one header is the other, but for columns that came, went or moved."""
    alike = sum((Counter(filter(None, head)) & Counter(filter(None, there))).values())
    return 2 * alike >= len([text for text in head if text])


def _head(before: Before) -> list[str]:
    return [_text(before.value(0, column)) for column in range(max(before.width, before.frame.column_count))]


def _texts(now: Frame) -> list[str]:
    return [_text(now.value(0, column)) for column in range(now.column_count)]


def _taken(writes: TabWrites, places: Mapping[int, int]) -> TabWrites:
    """The same cells in the columns to which theirs went; without those of columns that are gone."""

    def there(cells: Mapping[Cell, T]) -> dict[Cell, T]:
        return {(row, places[column]): held for (row, column), held in cells.items() if column in places}

    after = [request for each in writes.after if (request := _sorted_by(each, places)) is not None]
    return replace(writes, values=there(writes.values), looks=there(writes.looks), kept=there(writes.kept), after=after)


def _sorted_by(request: Json, places: Mapping[int, int]) -> Json | None:
    """A sort by the columns where they are now; None where one is gone. Other requests as they are."""
    if "sortRange" not in request:
        return request
    specs = request["sortRange"]["sortSpecs"]
    if any(spec["dimensionIndex"] not in places for spec in specs):
        return None
    moved = [{**spec, "dimensionIndex": places[spec["dimensionIndex"]]} for spec in specs]
    return {"sortRange": {**request["sortRange"], "sortSpecs": moved}}


def _columns(before: Before, sent: TabWrites, head: Sequence[str], there: Sequence[str], now: Frame) -> dict[int, int]:
    """Column before -> column now. By name; those without one, and renamed ones, by what stands in them, then by their
    neighbours, and at last in their order."""
    places: dict[int, int] = {}
    waiting = {text: [at for at, other in enumerate(there) if other == text] for text in set(head) if text}
    for column, text in enumerate(head):
        if text and waiting[text]:
            places[column] = column if column in waiting[text] else waiting[text][0]
            waiting[text].remove(places[column])
    rows = range(1, max(now.used_rows(), 1 + max(before.rows, default=0)))
    held = {column: _filled(before.value(row, column) for row in rows) for column in range(len(head))}
    free = [column for column in range(len(there)) if column not in places.values()]
    found = {at: _filled(now.value(row, at) for row in rows) for at in free}
    written = {column for _, column in sent.values}

    def takes(column: int, at: int) -> None:
        places[column] = at
        free.remove(at)

    def open_columns() -> list[int]:
        """Those whose place is not known, full ones first."""
        return sorted((column for column in held if column not in places), key=lambda column: not held[column])

    for column in open_columns():
        best = max(free, key=lambda at: ((held[column] & found[at]).total(), at == column), default=None)
        if best is not None and held[column] & found[best]:
            takes(column, best)
    for column in open_columns():
        near = {places[each] + column - each for each in (column - 1, column + 1) if each in places}
        # Where nothing of a full column is left, the batch must have written over it.
        likely = [at for at in free if bool(there[at]) == bool(head[column]) and (not held[column] or at in written)]
        if near & set(likely):
            takes(column, min(near & set(likely)))
    if len(head) == len(there):  # a column moved: none came or went
        for column, at in zip(sorted(open_columns()), list(free), strict=True):
            takes(column, at)
    return places


def _filled(values: Iterable[CellValue]) -> Counter[Any]:
    """How often each value stands there, blanks left out."""
    return Counter(_sign(value) for value in values if not is_blank(value))


@dataclass
class _Shifted:
    """A tab whose columns went to ``places`` and whose rows went ``down`` by so many, before the batch came."""

    before: Before
    sent: TabWrites
    places: Mapping[int, int]
    down: int
    later: Mapping[int, int] | None = None
    """Where columns went after the batch was done; None: nowhere."""

    def __post_init__(self) -> None:
        self.origin = {place: column for column, place in self.places.items()}
        self.at, self.count = self.sent.inserted or (1 << 30, 0)
        self.width = 1 + max([0, *self.origin, *(column for _, column in self.sent.values)])

    def repair(self, now: Frame) -> TabWrites:
        """The cells that go home, and those that come back."""
        rows = self._rows(now)
        writes = TabWrites(now.title, now.sheet_id, now.row_count)
        self._bring_back(writes, rows, now)
        for (row, column), content in self.sent.values.items():
            home = self._home((row, column), rows)
            if home is not None:
                writes.values[home] = content
                kept = writes.kept.pop(home, None)
                if kept is not None and _FORMAT in kept[0] and not isinstance(content, Figure):
                    writes.kept[home] = _formatted(_format_of(kept[1]))
        for cell, look in self.sent.looks.items():
            home = self._home(cell, rows)
            if home is not None:
                writes.looks[home] = look
        writes.after.extend(self._sorts())
        return writes if self.later is None else _taken(writes, self.later)

    def left(self, echo: Frame) -> Before:
        """The tab as the batch left it, as far as that is known; its rows in any order."""
        cells = {
            (row, column): entered(value)
            for row in range(self._last())
            for column in range(self.width)
            if not is_blank(value := self._stood(row, column))
        }
        return seen_whole(replace(echo, cells=cells), self.before.grid)

    def is_astray(self, now: Frame) -> bool:
        """True where a cell of the batch stands where it was not meant to."""
        rows = self._rows(now)
        return any(self._is_hit(now, rows, cell) for cell in self.sent.values)

    def _is_hit(self, now: Frame, rows: Mapping[int, int], cell: Cell) -> bool:
        """True where the batch wrote a cell that it did not mean, and nobody has typed over it since."""
        row, column = cell
        at = self._now(column)
        if at is None or row not in rows or self._is_meant(row, column):
            return False
        return cell not in self.sent.values or same(self.sent.values[cell], now.value(rows[row], at))

    def found(self, now: Frame) -> int:
        """How many rows stand in ``now`` as they must."""
        signs = Counter(self._signs(now).values())
        return sum((Counter(self._predicted().values()) & signs).values())

    def _bring_back(self, writes: TabWrites, rows: Mapping[int, int], now: Frame) -> None:
        for (row, column), content in self.sent.values.items():
            if not self._is_hit(now, rows, (row, column)):
                continue
            old, origin = self._old(row), self.origin.get(column)
            wanted = self.before.contents(old) if old is not None else {}
            if origin is not None and origin in wanted:
                writes.values[rows[row], column] = wanted[origin]
                if isinstance(content, Figure) and not isinstance(wanted[origin], Figure):
                    writes.kept[rows[row], column] = _formatted(self.before.formats.get(origin))
            else:
                cell = self.before.cell(old, origin) if old is not None else {}
                format = _formatted(_format_of(cell) or self.before.formats.get(-1 if origin is None else origin))
                writes.kept[rows[row], column] = _restored(cell, format if isinstance(content, Figure) else None)
        for row, column in self.sent.looks:
            if self._is_hit(now, rows, (row, column)):
                old = self._old(row)
                cell = self.before.cell(old, self.origin.get(column)) if old is not None else {}
                writes.looks[rows[row], column] = look_of(cell) if cell else Look()

    def _is_meant(self, row: int, column: int) -> bool:
        """True where what was written stands where it was meant to."""
        return self._lands(row) == row and self.places.get(column) == column

    def _home(self, cell: Cell, rows: Mapping[int, int]) -> Cell | None:
        row, column = cell
        position, place = self._lands(row), self.places.get(column)
        return None if place is None or position not in rows else (rows[position], place)

    def _lands(self, row: int) -> int:
        """Where the row that a cell of the batch was meant for stood when the batch was done, before a sort."""
        return row if self.at <= row < self.at + self.count else self._position(row)

    def _position(self, old: int) -> int:
        """Where a row stood when the batch was done, before a sort."""
        row = old + self.down
        return row + self.count if row >= self.at else row

    def _old(self, position: int) -> int | None:
        """Which row before the batch stood there; None for one that came since."""
        if self.at <= position < self.at + self.count:
            return None
        row = (position - self.count if position >= self.at else position) - self.down
        return row if row >= 0 else None

    def _predicted(self) -> dict[int, tuple[Any, ...]]:
        """Position -> what stands there if nothing else happened."""
        columns = [column for column in range(self.width) if self._now(column) is not None]
        return {row: tuple(_sign(self._stood(row, column)) for column in columns) for row in range(self._last())}

    def _now(self, column: int) -> int | None:
        """Where a column of the batch stands by now; None where it is gone."""
        return column if self.later is None else self.later.get(column)

    def _last(self) -> int:
        """How many rows the batch left, as far as that is known."""
        return 1 + max([0, *(row for row, _ in self.sent.values), *(self._position(row) for row in self.before.rows)])

    def _stood(self, position: int, column: int) -> CellValue:
        """What stood in a cell when the batch was done, before a sort."""
        if (position, column) in self.sent.values:
            return shown(self.sent.values[position, column])
        old = self._old(position)
        return None if old is None else self.before.value(old, self.origin.get(column))

    def _signs(self, now: Frame) -> dict[int, tuple[Any, ...]]:
        columns = [place for column in range(self.width) if (place := self._now(column)) is not None]
        return {row: tuple(map(_sign, now.values(row, columns))) for row in range(now.used_rows())}

    def _rows(self, now: Frame) -> dict[int, int]:
        """Position -> row now: the same, but for a sort of ours."""
        predicted = self._predicted()
        if not any("sortRange" in request for request in self.sent.after):
            return {row: row for row in predicted}
        return matched(
            {row: (sign,) for row, sign in predicted.items()}, {row: (sign,) for row, sign in self._signs(now).items()}
        )

    def _sorts(self) -> list[Json]:
        """Our sort once more, by the columns where they are now. A header that rows pushed down was sorted among the
        others: it is the one text in a column of numbers, so that it comes first where those are turned round."""
        made: list[Json] = []
        for request in self.sent.after:
            moved = _sorted_by(request, self.places) if "sortRange" in request else None
            if moved is None:
                continue
            if self.down > 0:
                sort = moved["sortRange"]
                area, specs = sort["range"], sort["sortSpecs"]
                made.append({"sortRange": {"range": area, "sortSpecs": [{**specs[-1], "sortOrder": "DESCENDING"}]}})
                moved = {"sortRange": {**sort, "range": {**area, "startRowIndex": area["startRowIndex"] + 1}}}
            made.append(moved)
        return made


def _restored(cell: Mapping[str, Any], format: tuple[str, Json] | None) -> tuple[str, Json]:
    """A cell of a PM's own as it was: field mask and CellData; with its ``format`` where that was written over."""
    data: Json = {part: cell[part] for part in ("userEnteredValue", "textFormatRuns") if part in cell}
    fields = "userEnteredValue,textFormatRuns"
    return (fields, data) if format is None else (f"{fields},{format[0]}", data | format[1])


_FORMAT = "userEnteredFormat.numberFormat"


def _format_of(cell: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return (cell.get("userEnteredFormat") or {}).get("numberFormat")


def _formatted(number: Mapping[str, Any] | None) -> tuple[str, Json]:
    """A cell's number format as it was: field mask and CellData."""
    return _FORMAT, {"userEnteredFormat": {"numberFormat": number}} if number else {}


def _text(value: CellValue) -> str:
    return "" if is_blank(value) else str(value)


def _sign(value: CellValue) -> Any:
    if is_blank(value):
        return None
    return (value,) if isinstance(value, bool) else value
