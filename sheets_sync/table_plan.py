"""Tables that the system fills beside PMs' own columns (Portfolio, Roadmap Plan): one row for each initiative_key.

A row is known by its key and never moved by us: known rows are updated where they stand, new ones are inserted after
the last row in use, and rows no longer needed have their system cells emptied. Rows are never deleted or moved: the API
has no preconditions, so after a PM's sort that would hit another row. Where a new run or version came, one
``sortRange`` follows, which carries the PMs' cells along.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.keys import normalised
from sheets_sync.before_cells import Asked, Before, asked
from sheets_sync.cell_writes import TabWrites
from sheets_sync.column_style import system_formats
from sheets_sync.content import Content, Figure, same, shown
from sheets_sync.frames import Frame, column_ranges, header_range, rows_to_read, same_header
from sheets_sync.grids import CellValue, Grid
from sheets_sync.headers import Header, is_blank, row_digest
from sheets_sync.tab_marks import TabMarks

Sort = Sequence[tuple[int, bool]]
"""(column, is_ascending), the first decides."""


@dataclass(kw_only=True)
class TablePlan:
    """What one table is to show. ``wanted`` maps each initiative_key to the contents of system columns (by index), in
    the order in which new rows come; ``sort`` is not empty where the rows are to be put in order once."""

    grid: Grid
    header: Header
    wanted: Mapping[str, Mapping[int, Content]]
    marks: TabMarks
    sort: Sort = ()
    _first: Frame | None = field(default=None, init=False)
    _sent: TabWrites | None = field(default=None, init=False)
    _around: Before | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._key = self.header.columns["initiative_key"]
        self._system = sorted(_system_columns(self.header))
        self._rows = {name: row for row, name in reversed(self._named())}
        self._by_name = {normalised(key): contents for key, contents in self.wanted.items()}
        self._title = self.header.columns.get("title")
        self._names_keys = self._keys_will_change()

    def _keys_will_change(self) -> bool:
        """True where key cells are to be written or emptied: rows that come or go, keys that a PM deleted or copied."""
        nameless = any(
            not _name(_at(cells, self._key)) and self._title is not None and not is_blank(_at(cells, self._title))
            for cells in self.grid.values[1:]
        )
        return nameless or len(self._named()) != len(self._rows) or set(self._by_name) != set(self._rows)

    @property
    def title(self) -> str:
        return self.grid.title

    @property
    def changes(self) -> bool:
        """False where the tab already shows all of it, as far as the reading tells."""
        return bool(self._names_keys or self.sort or self.marks.changes(self.grid) or self.differing)

    @cached_property
    def differing(self) -> Sequence[tuple[int, int, Content, CellValue]]:
        """(row, column, what it is to show, what stood there) of the cells of known rows that differ."""
        found: list[tuple[int, int, Content, CellValue]] = []
        for name, held in self._by_name.items():
            row = self._rows.get(name)
            if row is None:
                continue
            cells = self.grid.values[row]
            for column, content in held.items():
                there = cells[column] if column < len(cells) else None
                if not (content is there or same(content, there)):
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

    @cached_property
    def _asked(self) -> Asked:
        rows = {row for row, *_ in self.differing}
        return asked(self.grid, self._system, rows | self.marks.rows(self.grid))

    def ranges(self) -> list[str]:
        """The key column; PM cells too where keys will be written or emptied, so that a row can be known without its
        key; and people's cells beside those that are written."""
        beside = self._asked
        columns = {*self._known_by(), *self.marks.columns, *(beside.columns if beside.rows is None else ())}
        # Where rows may come, the true end must be known: those that a lost answer did add are found there.
        rows = None if self._names_keys else rows_to_read(self.grid)
        whole = [header_range(self.title), *column_ranges(self.title, columns, rows)]
        return whole if beside.rows is None else [*whole, *beside.ranges(self.title, None)]

    def echo(self) -> list[str]:
        """The same; after a sort, where rows no longer stand where they were written, their titles and ranks too: every
        row that is written gets its title written with it, so that one which landed beside another's key shows."""
        columns = {*self._known_by(), *self.marks.columns, *(self._tell_tales() if self.sort else ())}
        assert self._first is not None and self._sent is not None
        inserted = self._sent.inserted[1] if self._sent.inserted else 0
        grown = max(self._first.row_count + inserted, *(row + 1 for row in self._sent.rows), 1)
        rows = min(rows_to_read(self.grid) + len(self.wanted), grown)
        return [header_range(self.title), *column_ranges(self.title, columns, rows)]

    def writes(self, frame: Frame) -> TabWrites | None:
        """What to write, given how the tab stands now; None where its header changed, so that nothing is certain."""
        if not same_header(frame, self.grid):
            return None
        writes = TabWrites(self.title, frame.sheet_id, frame.row_count)
        places, strays = self._places(frame)
        names = {row: name for name, row in self._rows.items()}
        for old, column, content, _ in self.differing:
            if names[old] in places:
                writes.values[places[names[old]], column] = content
        for name, row in places.items():
            if name not in self._rows:
                writes.values |= {(row, column): content for column, content in self._by_name[name].items()}
        if self.sort and self._title is not None:
            by_row = {row: name for name, row in places.items()}
            for row in writes.rows & by_row.keys():
                writes.values[row, self._title] = self._by_name[by_row[row]].get(self._title)
        for row, name in strays:
            for column in self._system:
                if column == self._key or name not in self._rows or not is_blank(self._there(name, column)):
                    writes.values[row, column] = None
        self.marks.write(writes, frame, self._rows_as_read(places))
        self._add(writes, frame, [name for name in self._by_name if name not in places])
        if self.sort:
            writes.after.append(self._sorted(frame))
        self._first, self._sent = frame, writes
        self._around = self._before(frame, places, {row for row, _ in strays})
        return writes

    def _before(self, frame: Frame, places: Mapping[str, int], strays: set[int]) -> Before:
        by_row = {row: self._by_name[name] for name, row in places.items()}
        blank: Mapping[int, Content] = dict.fromkeys(self._system)
        return Before(
            grid=self.grid,
            frame=frame,
            asked=self._asked,
            home={place: row for row, place in self._rows_as_read(places).items()},
            wanted=lambda row: by_row.get(row, blank if row in strays else {}),
            known=frozenset({*self._known_by(), *self.marks.columns}),
            formats=system_formats(self.header),
        )

    def repair(self, echo: Frame) -> TabWrites | None:
        """What puts the table right if rows moved under the batch; None where none did. Rows whose key was overwritten
        are known by their PM cells."""
        assert self._first is not None and self._sent is not None
        if not same_header(echo, self.grid) or (self._came_out(echo) if self.sort else self._stands(echo)):
            return None
        writes = TabWrites(self.title, echo.sheet_id, echo.row_count)
        places, strays = self._places(echo, self._pm_cells_by_name())
        for name, row in places.items():
            writes.values |= {(row, column): content for column, content in self._by_name[name].items()}
        for row, _ in strays:
            writes.values |= {(row, column): None for column in self._system}
        first_places, _ = self._places(self._first)
        moved = {0: 0, **{row: places[name] for name, row in first_places.items() if name in places}}
        hit = self._sent.looks
        if hit and self.sort:  # after a sort nobody knows where they went
            hit = [(row, column) for row in range(1, echo.used_rows()) for column in self.marks.columns]
        self.marks.put_right(writes, self._first, moved, hit)
        self._add(writes, echo, [name for name in self._by_name if name not in places])
        if self.sort:
            writes.after.append(self._sorted(echo))
        self._sent, self._around = writes, self._around.moved(moved) if self._around else None
        return writes

    def _places(
        self, frame: Frame, pm_cells: Mapping[str, str] | None = None
    ) -> tuple[dict[str, int], list[tuple[int, str]]]:
        """Where each wanted row stands, and the rows (with their key) that carry a key not wanted there. ``pm_cells``
        (name -> digest) goes before the key where it is given."""
        places: dict[str, int] = {}
        named = [(row, _name(frame.value(row, self._key))) for row in range(1, frame.used_rows())]
        titles = {row: self._title_at(frame, row) for row, _ in named}
        taken: set[int] = set()
        if pm_cells:
            digests = {row: self._pm_digest(frame, row) for row, _ in named}
            for name, digest in pm_cells.items():
                rows = [row for row, _ in named if row not in taken and digests[row] == digest]
                own = next((row for row in rows if _name(frame.value(row, self._key)) == name), None)
                if rows and name in self._by_name:
                    places[name] = rows[0] if own is None else own
                    taken.add(places[name])
        for row, name in named:
            if name in self._by_name and name not in places and row not in taken:
                places[name] = row
                taken.add(row)
        titled: dict[str, list[int]] = defaultdict(list)
        for row, title in titles.items():
            if title and row not in taken:
                titled[title].append(row)
        for name in self._by_name.keys() - places.keys() if titled else ():
            # A key that a PM deleted or typed over: its row is known by its title, and gets its key back.
            rows = [row for row in titled.get(self._wanted_title(name), ()) if row not in taken]
            if len(rows) == 1:
                places[name] = rows[0]
                taken.add(rows[0])
        return places, [(row, name) for row, name in named if (name or titles[row]) and row not in taken]

    def _title_at(self, frame: Frame, row: int) -> str:
        return _name(frame.value(row, self._title)) if self._title is not None else ""

    def _wanted_title(self, name: str) -> str:
        return _name(shown(self._by_name[name].get(self._title))) if self._title is not None else ""

    def _add(self, writes: TabWrites, frame: Frame, names: Sequence[str]) -> None:
        """Whole new rows, after the last one in use."""
        writes.insert(max(frame.used_rows(), 1), [self._by_name[name] for name in names])

    def _known_by(self) -> set[int]:
        if not self._names_keys:
            return {self._key}
        return {self._key, *self._pm_columns(), *(() if self._title is None else (self._title,))}

    def _tell_tales(self) -> set[int]:
        return {column for column in (self._title, *(column for column, _ in self.sort)) if column is not None}

    def _pm_columns(self) -> list[int]:
        """Every column in use that is not ours: declared ones and those that PMs added."""
        width = max((len(row) for row in self.grid.values), default=0)
        system = set(self._system)
        return [column for column in range(max(width, self.header.width)) if column not in system]

    def _pm_digest(self, frame: Frame, row: int) -> str | None:
        values = {str(column): frame.value(row, column) for column in self._pm_columns()}
        return None if all(is_blank(value) for value in values.values()) else row_digest(values)

    def _pm_cells_by_name(self) -> dict[str, str]:
        """name -> digest of the PM cells on its row, of rows that had both when the batch was made."""
        assert self._first is not None
        if not self._names_keys:
            return {}
        rows = {_name(self._first.value(row, self._key)): row for row in range(1, self._first.used_rows())}
        digests = {name: self._pm_digest(self._first, row) for name, row in rows.items() if name}
        return {name: digest for name, digest in digests.items() if digest}

    def _stands(self, echo: Frame) -> bool:
        """True where the echo shows every row where it was when the batch was made."""
        assert self._first is not None and self._sent is not None
        columns = self._known_by()
        keys = {row for frame in (self._first, echo) for row, column in frame.cells if column in columns and row > 0}
        sent = self._sent.values
        return all(
            same(
                sent[row, column] if (row, column) in sent else self._first.value(row, column), echo.value(row, column)
            )
            for row in keys | self._sent.rows
            for column in columns
        )

    def _came_out(self, echo: Frame) -> bool:
        """True where every key stands once in the echo, with its own title and rank and its own PM cells."""
        places, strays = self._places(echo)
        cells = self._pm_cells_by_name()
        return (
            not strays
            and len(places) == len(self._by_name)
            and all(
                same(contents.get(column), echo.value(places[name], column))
                for name, contents in self._by_name.items()
                for column in self._tell_tales()
            )
            and all(self._pm_digest(echo, places[name]) == digest for name, digest in cells.items() if name in places)
        )

    def _sorted(self, frame: Frame) -> dict[str, Any]:
        """One sortRange over all rows and all columns below the header, however many there are by then."""
        return {
            "sortRange": {
                "range": {"sheetId": frame.sheet_id, "startRowIndex": 1},
                "sortSpecs": [
                    {"dimensionIndex": column, "sortOrder": "ASCENDING" if ascending else "DESCENDING"}
                    for column, ascending in self.sort
                ],
            }
        }

    def _named(self) -> list[tuple[int, str]]:
        """(row, name) of the rows as read that have a key."""
        named = [(row, _name(_at(cells, self._key))) for row, cells in enumerate(self.grid.values) if row > 0]
        return [(row, name) for row, name in named if name]

    def _rows_as_read(self, places: Mapping[str, int]) -> dict[int, int]:
        """Row as read -> row in the frame, for the marks."""
        return {0: 0, **{row: places[name] for row, name in self._named() if name in places}}

    def _there(self, name: str, column: int) -> CellValue:
        return _at(self.grid.values[self._rows[name]], column)


def _system_columns(header: Header) -> set[int]:
    """The indexes of all columns that the system owns."""
    own = {
        header.columns[column.name]
        for column in header.tab.columns
        if not column.is_pm and column.name in header.columns
    }
    for family in header.tab.families:
        if family.owner.value == "SYSTEM":
            own |= set(header.families[family.name].values())
    return own


def _name(value: CellValue) -> str:
    return "" if is_blank(value) else normalised(str(value))


def _at(cells: Sequence[CellValue], column: int) -> CellValue:
    return cells[column] if column < len(cells) else None
