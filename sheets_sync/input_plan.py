"""Tabs that PMs fill: the worker writes their system columns row by row, wherever the row stands by now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.keys import normalised
from sheets_sync.before_cells import Asked, Before, asked
from sheets_sync.cell_writes import TabWrites
from sheets_sync.column_style import system_formats
from sheets_sync.content import Content, Figure, same, shown
from sheets_sync.frames import Frame, column_ranges, header_range, rows_to_read, same_header
from sheets_sync.grids import CellValue, Grid
from sheets_sync.headers import Header, is_blank
from sheets_sync.row_matching import Signs, matched
from sheets_sync.tab_marks import TabMarks

KEY_COLUMNS = {
    "Intake": "initiative_key",
    "Initiatives": "initiative_key",
    "Contributions": "initiative_key",
    "Metrics": "kpi_key",
    "Scenarios": "scenario_name",
    "Setup": "key",
    "Requests": "request_id",
}
"""By which column a row is known; a tab that is not named here knows its rows by all their PM cells."""


@dataclass(kw_only=True)
class InputPlan:
    """What one input tab is to show.

    ``wanted`` maps a row as read (0-based) to the contents of its system columns (by index), ``added`` are whole new
    rows that the worker makes itself, after the last one in use.
    """

    grid: Grid
    header: Header
    wanted: Mapping[int, Mapping[int, Content]]
    marks: TabMarks
    added: Sequence[Mapping[int, Content]] = ()
    _first: Frame | None = field(default=None, init=False)
    _sent: TabWrites | None = field(default=None, init=False)
    _around: Before | None = field(default=None, init=False)
    _known: frozenset[int] = field(default=frozenset(), init=False)
    _before: dict[int, Signs] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._known = self._known_by()
        self._before = {row: self._signs(cells) for row, cells in self._used()}

    @property
    def title(self) -> str:
        return self.grid.title

    @property
    def key_column(self) -> int | None:
        """Where the key by which rows are known stands."""
        name = KEY_COLUMNS.get(self.header.tab.name)
        return self.header.columns.get(name) if name else None

    @property
    def changes(self) -> bool:
        """False where the tab already shows all of it, as far as the reading tells."""
        return bool(self.added or self.marks.changes(self.grid) or self.differing)

    @cached_property
    def differing(self) -> Sequence[tuple[int, int, Content, CellValue]]:
        """(row, column, what it is to show, what stood there) of the cells that differ."""
        found: list[tuple[int, int, Content, CellValue]] = []
        values = self.grid.values
        for row, held in self.wanted.items():
            cells = values[row] if row < len(values) else ()
            for column, content in held.items():
                there = cells[column] if column < len(cells) else None
                if not same(content, there):
                    found.append((row, column, content, there))
        return found

    @property
    def has_marks(self) -> bool:
        return bool(self.marks.columns)

    @property
    def has_figures(self) -> bool:
        return any(isinstance(content, Figure) for held in self.wanted.values() for content in held.values())

    @property
    def effect(self) -> tuple[Before, TabWrites] | None:
        return (self._around, self._sent) if self._around and self._sent else None

    def ranges(self) -> list[str]:
        """What is read again right before writing: the columns by which rows are known, and people's cells beside those
        that are written."""
        beside = self._asked
        if beside.rows is not None:
            return [*self.echo(), *beside.ranges(self.title, None)]
        return self._columns({*self._known, *self.marks.columns, *beside.columns})

    def echo(self) -> list[str]:
        """The columns by which rows are known."""
        return self._columns({*self._known, *self.marks.columns})

    def _columns(self, columns: set[int]) -> list[str]:
        # Before a row is added at the end, the true end must be known.
        rows = None if self.added else rows_to_read(self.grid)
        return [header_range(self.title), *column_ranges(self.title, columns, rows)]

    @cached_property
    def _asked(self) -> Asked:
        system = {column for held in self.wanted.values() for column in held}
        rows = {row for row, *_ in self.differing}
        return asked(self.grid, system, rows | self.marks.rows(self.grid))

    def writes(self, frame: Frame) -> TabWrites | None:
        """What to write, given how the tab stands now; None where its header changed, so that nothing is certain."""
        if not same_header(frame, self.grid):
            return None
        rows = self._rows_in(frame)
        writes = TabWrites(self.title, frame.sheet_id, frame.row_count)
        places = rows | {row: row for row in self._emptied(rows, frame)}
        for row, column, content, _ in self.differing:
            if row in places:
                writes.values[places[row], column] = content
        self.marks.write(writes, frame, {0: 0, **rows})
        self._add(writes, frame)
        self._first, self._sent = frame, writes
        home, wanted = {place: row for row, place in rows.items()}, self.wanted
        self._around = Before(
            grid=self.grid,
            frame=frame,
            asked=self._asked,
            home=home,
            wanted=lambda row: wanted.get(home.get(row, -1), {}),
            known=frozenset({*self._known, *self.marks.columns}),
            formats=system_formats(self.header),
        )
        return writes

    def repair(self, echo: Frame) -> TabWrites | None:
        """What puts the tab right if rows moved under the batch; None where none did, empty where that does no harm."""
        assert self._first is not None and self._sent is not None
        first, sent = self._first, self._sent
        if not same_header(echo, self.grid) or self._stands(first, sent, echo):
            return None
        before, after = self._frame_rows(first), self._frame_rows(echo)
        now = matched(before, after)
        writes = TabWrites(self.title, echo.sheet_id, echo.row_count)
        if all(row == place for row, place in now.items()) and len(now) == len(before):
            return writes
        touched = {column for _, column in sent.values}
        home = {place: row for row, place in self._rows_in(first).items()}
        for place in {row for row, _ in sent.values} - set(now.values()):
            if not self._is_added(echo, place):
                writes.values |= {(place, column): None for column in touched}
        for row, place in now.items():
            old = home.get(row)
            if old is not None:
                writes.values |= {(place, column): self._content(old, column) for column in touched}
            else:  # a row that came after the reading: what stood there comes back
                writes.values |= {(place, c): first.value(row, c) for c in touched if c in self._known}
        self.marks.put_right(writes, first, {0: 0, **now}, sent.looks)
        self._add(writes, echo)
        self._sent, self._around = writes, self._around.moved(now) if self._around else None
        return writes

    def _stands(self, first: Frame, sent: TabWrites, echo: Frame) -> bool:
        """True where the echo shows the rows exactly where they were when the batch was made."""
        known = self._known
        rows = {row for frame in (first, echo) for row, column in frame.cells if column in known} | sent.rows
        return all(
            same(
                sent.values[row, column] if (row, column) in sent.values else first.value(row, column),
                echo.value(row, column),
            )
            for row in rows
            for column in known
        )

    def _emptied(self, rows: Mapping[int, int], frame: Frame) -> set[int]:
        """The rows that a PM cleared, so that nothing tells them but our own cells. They can be cleared only while no
        row has moved; otherwise the next cycle does it."""
        if len(rows) < len(self._before) or any(row != place for row, place in rows.items()):
            return set()
        taken = self._frame_rows(frame)
        return {row for row in self.wanted if row not in self._before and row not in taken}

    def _add(self, writes: TabWrites, frame: Frame) -> None:
        """The new rows that do not stand anywhere yet, after the last one in use."""
        key = self.key_column
        if key is None or not self.added:
            return
        there = {
            _text(shown(writes.values[row, key]) if (row, key) in writes.values else frame.value(row, key))
            for row in range(1, frame.used_rows())
        }
        fresh = [contents for contents in self.added if _text(shown(contents[key])) not in there]
        writes.insert(max(frame.used_rows(), len(self.grid.values), 1), fresh)

    def _is_added(self, echo: Frame, row: int) -> bool:
        """True where a row of the echo is one that we added, and nothing of a PM's."""
        key = self.key_column
        names = {_text(shown(contents[key])) for contents in self.added} if key is not None else set[str]()
        others = self._known - {key}
        return (
            key is not None
            and _text(echo.value(row, key)) in names
            and all(is_blank(echo.value(row, column)) for column in others)
        )

    def _rows_in(self, frame: Frame) -> dict[int, int]:
        """Row as read -> row in the frame."""
        return matched(self._before, self._frame_rows(frame))

    def _frame_rows(self, frame: Frame) -> dict[int, Signs]:
        """The signs of each row of the frame that has a value by which rows are known."""
        key = self.key_column
        if key is not None and self._known == {key}:
            named = {row: frame.value(row, key) for row, column in frame.cells if row > 0 and column == key}
            return {row: (_text(named[row]) or None,) for row in sorted(named) if not is_blank(named[row])}
        width = 1 + max(self._known, default=0)
        rows = {row for row, column in frame.cells if row > 0 and column in self._known}
        values = {row: frame.values(row, range(width)) for row in sorted(rows)}
        return {
            row: self._signs(cells)
            for row, cells in values.items()
            if any(not is_blank(cells[column]) for column in self._known)
        }

    def _known_by(self) -> frozenset[int]:
        """The columns by which rows are known: the key, and PM cells too where it does not tell all rows apart, or
        where a key is about to be written."""
        key = self.key_column
        if key is None:
            return frozenset(self.header.pm_columns.values())
        keys = Counter(_text(_at(cells, key)) for _, cells in self._used())
        is_written = any(column == key for _, column, *_ in self.differing)
        if self.added or is_written or any(count > 1 or not name for name, count in keys.items()):
            return frozenset({key, *self.header.pm_columns.values()})
        return frozenset({key})

    def _used(self) -> list[tuple[int, Sequence[CellValue]]]:
        """The rows as read that have a key or a PM cell."""
        key = self.key_column
        known = {*self.header.pm_columns.values(), *(() if key is None else (key,))}
        return [
            (row, cells)
            for row, cells in enumerate(self.grid.values)
            if row > 0 and any(not is_blank(_at(cells, column)) for column in known)
        ]

    def _signs(self, cells: Sequence[CellValue]) -> Signs:
        """Key and PM cells together, then the key, then the PM cells, then those beside the key."""
        key = self.key_column
        name = _text(_at(cells, key)) if key is not None else ""
        if self._known == {key}:
            return (name or None,)
        digest = self.header.digest(cells)
        if key is None:
            return (digest,)
        beside = tuple(value for column, value in enumerate(cells) if column != key)
        rest = (
            None
            if all(is_blank(value) for value in beside)
            else self.header.digest([*cells[:key], None, *cells[key + 1 :]])
        )
        return ((name, digest), name or None, digest, rest)

    def there(self, row: int, column: int) -> CellValue:
        """What stood in a cell when the tab was read."""
        return _at(self.grid.values[row], column) if row < len(self.grid.values) else None

    def _content(self, row: int, column: int) -> Content:
        held = self.wanted.get(row, {})
        return held[column] if column in held else self.there(row, column)


def _at(cells: Sequence[CellValue], column: int) -> CellValue:
    return cells[column] if column < len(cells) else None


def _text(value: CellValue) -> str:
    return "" if is_blank(value) else normalised(str(value))
