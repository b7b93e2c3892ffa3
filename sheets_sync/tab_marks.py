"""Marks of one tab: which cells are to carry which messages, and which carry marks whose cause has gone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.findings import Finding, Severity
from sheets_sync import marks
from sheets_sync.cell_writes import Cell, TabWrites
from sheets_sync.columns import Tab
from sheets_sync.frames import Frame
from sheets_sync.grids import Grid
from sheets_sync.headers import Header, column_letters
from sheets_sync.marks import Look

_A1 = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
BETWEEN = " · "
"""Stands between the messages of one row."""

_RANK: dict[Severity, int] = {Severity.OK: 0, Severity.WARN: 1, Severity.ERROR: 2}


@dataclass(frozen=True, slots=True)
class Told:
    """What a cell is told: its messages, and the worst severity of them."""

    messages: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR


_NOTHING = Told()


@dataclass(frozen=True, slots=True, kw_only=True)
class TabMarks:
    """``told`` is by cell as it was read (0-based), ``columns`` all columns in which a mark is wanted or was seen.
    ``before`` are cells that the row's old ``sys: message`` names: their fill goes even where the note was deleted."""

    told: Mapping[Cell, Told]
    columns: frozenset[int]
    before: frozenset[Cell] = frozenset()

    def changes(self, grid: Grid) -> bool:
        """False where the notes of the grid already are what these marks make of them."""
        return bool(self.rows(grid))

    def rows(self, grid: Grid) -> frozenset[int]:
        """The rows as read of which a cell's look is to change, as far as the reading tells."""
        notes = {(row - 1, column - 1): note for (row, column), note in grid.notes.items()}
        cells = {*self.told, *(cell for cell, note in notes.items() if marks.is_marked(Look(note)))}
        differing = {
            cell
            for cell in cells
            if _marked(Look(notes.get(cell, ""), marks.RED), self.told.get(cell, _NOTHING)).note != notes.get(cell, "")
        }
        return frozenset(row for row, _ in differing | (self.before - self.told.keys()))

    def write(self, writes: TabWrites, frame: Frame, rows: Mapping[int, int]) -> None:
        """Puts marks on and takes them off. ``rows`` says where each row as read stands in ``frame``; a mark on a row
        that is not among them has no cause."""
        wanted = {(rows[row], column): told for (row, column), told in self.told.items() if row in rows}
        stale = {(rows[row], column) for row, column in self.before if row in rows}
        for cell in {*wanted, *(cell for cell in frame.cells if cell[1] in self.columns)}:
            look = frame.look(*cell)
            told = wanted.get(cell, _NOTHING)
            if told.messages:
                new = _marked(look, told)
            elif marks.is_marked(look) or cell in stale:
                new = marks.cleared(look)
            else:
                continue
            if new != look:
                writes.looks[cell] = new

    def put_right(self, writes: TabWrites, before: Frame, rows: Mapping[int, int], hit: Iterable[Cell]) -> None:
        """After rows moved under a batch: each cell gets the look that it had in ``before``, marked anew. ``rows`` says
        where each row of ``before`` stands now; ``hit`` are the cells whose look the batch wrote."""
        looks: dict[Cell, Look] = {cell: _unknown(before, rows, cell) for cell in hit}
        for row, now in rows.items():
            for column in self.columns:
                look = _marked(before.look(row, column), self.told.get((row, column), _NOTHING))
                if look != Look() or (now, column) in looks:
                    looks[now, column] = look
        writes.looks |= looks


def _unknown(before: Frame, rows: Mapping[int, int], cell: Cell) -> Look:
    """The look of a cell of a row that nobody knows. One that was inserted got the fill of the row that it was put
    above, where that is not one of ours; one below all others is a blank row, as they stand below the last."""
    row, column = cell
    next_row = min(((now, old) for old, now in rows.items() if now > row), default=None)
    if next_row is None:
        return marks.unmarked(before.look(before.used_rows(), column))
    return marks.cleared(Look(fill=before.look(next_row[1], column).fill))


def _marked(look: Look, told: Told) -> Look:
    return marks.marked(look, told.messages, told.severity)


def tab_marks(tab: Tab, grid: Grid, header: Header, findings: Iterable[Finding]) -> TabMarks:
    """The marks that ``findings`` (of this tab) ask for, beside those that stand in the grid's notes."""
    found: dict[Cell, list[Finding]] = defaultdict(list)
    for finding in findings:
        cell = _cell(finding, header)
        if cell is not None and finding.severity is not Severity.OK:
            found[cell].append(finding)
    seen = {column - 1 for (_, column), note in grid.notes.items() if marks.is_marked(Look(note))}
    before = _named_before(grid, header)
    told = {cell: _told(each) for cell, each in found.items()}
    return TabMarks(
        told=told,
        columns=frozenset(seen | {column for _, column in {*found, *before}}),
        before=before,
    )


def _told(findings: Sequence[Finding]) -> Told:
    worst = max((finding.severity for finding in findings), key=_RANK.__getitem__)
    return Told(tuple(finding.message for finding in findings), worst)


def _named_before(grid: Grid, header: Header) -> frozenset[Cell]:
    """The cells that the last cycle told, by what stands in ``sys: message``, and that carry no note of ours now."""
    status, message = header.columns.get("sys: status"), header.columns.get("sys: message")
    if status is None or message is None:
        return frozenset()
    cells: set[Cell] = set()
    for row, values in enumerate(grid.values):
        if row == 0 or max(status, message) >= len(values) or values[status] not in ("WARN", "ERROR"):
            continue
        parts = str(values[message]).split(BETWEEN)
        cells |= {
            (row, column)
            for name, column in header.pm_columns.items()
            if any(part.startswith(f"{name}: ") for part in parts)
        }
    return frozenset(
        cell for cell in cells if not marks.is_marked(Look(grid.notes.get((cell[0] + 1, cell[1] + 1), "")))
    )


def _cell(finding: Finding, header: Header) -> Cell | None:
    if finding.cell and (match := _A1.fullmatch(finding.cell)):
        column = 0
        for letter in match[1]:
            column = column * 26 + ord(letter) - 64
        return int(match[2]) - 1, column - 1
    column = header.columns.get(finding.column or "")
    return (finding.row - 1, column) if finding.row and column is not None else None


def status_and_message(findings: Iterable[Finding]) -> tuple[str, str | None]:
    """What ``sys: status`` and ``sys: message`` say of a row: the worst severity, and all messages with their
    columns."""
    told = [finding for finding in findings if finding.severity is not Severity.OK]
    if not told:
        return Severity.OK.value, None
    told.sort(key=lambda finding: -_RANK[finding.severity])
    texts = [f"{finding.column}: {finding.message}" if finding.column else finding.message for finding in told]
    return told[0].severity.value, BETWEEN.join(dict.fromkeys(texts))


def address(cell: Cell) -> str:
    """A1 of a 0-based cell."""
    return f"{column_letters(cell[1])}{cell[0] + 1}"
