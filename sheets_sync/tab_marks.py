"""Marks of one tab: which cells are to carry which messages, and which carry marks whose cause has gone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
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
_RANK = {Severity.OK: 0, Severity.WARN: 1, Severity.ERROR: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class TabMarks:
    """``messages`` are by cell as it was read (0-based), ``columns`` all columns in which a mark is wanted or was
    seen."""

    messages: Mapping[Cell, tuple[str, ...]]
    columns: frozenset[int]

    def changes(self, grid: Grid) -> bool:
        """False where the notes of the grid already are what these marks make of them."""
        notes = {(row - 1, column - 1): note for (row, column), note in grid.notes.items()}
        cells = {*self.messages, *(cell for cell, note in notes.items() if marks.is_marked(Look(note)))}
        return any(
            marks.marked(Look(notes.get(cell, ""), marks.RED), self.messages.get(cell, ())).note != notes.get(cell, "")
            for cell in cells
        )

    def write(self, writes: TabWrites, frame: Frame, rows: Mapping[int, int]) -> None:
        """Puts marks on and takes them off. ``rows`` says where each row as read stands in ``frame``; a mark on a row
        that is not among them has no cause."""
        wanted = {(rows[row], column): told for (row, column), told in self.messages.items() if row in rows}
        for cell in {*wanted, *(cell for cell in frame.cells if cell[1] in self.columns)}:
            look = frame.look(*cell)
            told = wanted.get(cell, ())
            if not told and not marks.is_marked(look):
                continue
            new = marks.marked(look, told)
            if new != look:
                writes.looks[cell] = new

    def put_right(self, writes: TabWrites, before: Frame, rows: Mapping[int, int], hit: Iterable[Cell]) -> None:
        """After rows moved under a batch: each cell gets the look that it had in ``before``, marked anew. ``rows`` says
        where each row of ``before`` stands now; ``hit`` are the cells whose look the batch wrote."""
        below = before.used_rows()  # whoever is not known is taken for a blank row, as they stand below the last
        looks: dict[Cell, Look] = {cell: marks.unmarked(before.look(below, cell[1])) for cell in hit}
        for row, now in rows.items():
            for column in self.columns:
                look = marks.marked(before.look(row, column), self.messages.get((row, column), ()))
                if look != Look() or (now, column) in looks:
                    looks[now, column] = look
        writes.looks |= looks


def tab_marks(tab: Tab, grid: Grid, header: Header, findings: Iterable[Finding]) -> TabMarks:
    """The marks that ``findings`` (of this tab) ask for, beside those that stand in the grid's notes."""
    messages: dict[Cell, list[str]] = defaultdict(list)
    for finding in findings:
        cell = _cell(finding, header)
        if cell is not None and finding.severity is not Severity.OK:
            messages[cell].append(finding.message)
    seen = {column - 1 for (_, column), note in grid.notes.items() if marks.is_marked(Look(note))}
    return TabMarks(
        messages={cell: tuple(told) for cell, told in messages.items()},
        columns=frozenset(seen | {column for _, column in messages}),
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
    return told[0].severity.value, " · ".join(dict.fromkeys(texts))


def address(cell: Cell) -> str:
    """A1 of a 0-based cell."""
    return f"{column_letters(cell[1])}{cell[0] + 1}"
