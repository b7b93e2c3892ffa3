"""One cycle's effect on a workbook: a narrow re-read, one atomic batch, a look at its echo, at most one repair.

What it costs: one read and one write, however many tabs and rows; a second write where a row moved between the re-read
and the batch; nothing at all where the workbook already shows the update. With the two reads of ``SheetsGateway.read``
a whole cycle is at most three reads and two writes.

Doing it twice shows the same as doing it once: the batch names absolute cells, nothing is inserted, deleted, moved or
appended but blank rows at the grid's end, and each try begins with a re-read, so that rows a lost answer did add are
found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sheets_sync import staging
from sheets_sync.cell_writes import TabWrites
from sheets_sync.errors import RequestRefused
from sheets_sync.frames import TITLES, Frame, fields, frames_of
from sheets_sync.gateway import Batch, SheetsGateway
from sheets_sync.grids import Workbook
from sheets_sync.tab_plans import TabPlan, tab_plans
from sheets_sync.updates import SheetUpdate

MOST_LESSONS = 3
"""So often a batch that Google refused is made anew, after a look at which tabs there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteReport:
    """What a write did: rows of which cells were written, rows that the second batch put right, HTTP calls made, and
    tabs left for the next cycle because their header changed while we worked."""

    rows_written: int
    repaired_rows: int
    calls: int
    skipped_tabs: tuple[str, ...] = ()


def write_cycle(
    gateway: SheetsGateway, workbook: Workbook, update: SheetUpdate, *, before_write: Callable[[], None]
) -> WriteReport:
    """Makes ``workbook`` (as just read) show ``update``.

    ``before_write`` is called right before each batch is sent, at each try, and raises to stop it (the fence check).
    What is larger than ``staging.MOST_BYTES`` goes by way of a staging sheet. Raises the errors of
    ``sheets_sync.errors``; the workbook then shows all of the update or none of it.
    """
    return write_plans(gateway, workbook, tab_plans(workbook, update), before_write=before_write)


def write_plans(
    gateway: SheetsGateway, workbook: Workbook, plans: Sequence[TabPlan], *, before_write: Callable[[], None]
) -> WriteReport:
    """As ``write_cycle``, for the plans of some tabs of any spreadsheet."""
    before = gateway.counts.calls
    writing = _Writing([plan for plan in plans if plan.changes], staging.leftovers(workbook))
    if not writing.plans and not writing.leftovers:
        return WriteReport(rows_written=0, repaired_rows=0, calls=0)
    reply = _first_batch(gateway, workbook, writing, before_write)
    written = writing.rows
    repaired = 0
    batch = writing.repair(frames_of(reply.get("updatedSpreadsheet", {})))
    if batch is not None:

        def second_batch() -> Batch:
            before_write()
            return batch

        gateway.write(workbook.spreadsheet_id, second_batch)
        repaired = writing.rows
    return WriteReport(
        rows_written=written,
        repaired_rows=repaired,
        calls=gateway.counts.calls - before,
        skipped_tabs=tuple(writing.skipped),
    )


def _first_batch(
    gateway: SheetsGateway, workbook: Workbook, writing: _Writing, before_write: Callable[[], None]
) -> Mapping[str, Any]:
    """Re-reads and writes; the batch's reply. Tries again with what it has learned where tabs were renamed or taken
    away meanwhile, or the batch is too large to go as one."""

    def prepare() -> Batch | None:
        answer = gateway.reread(workbook.spreadsheet_id, writing.ranges(), writing.fields)
        batch = writing.batch(frames_of(answer))
        if batch is not None:
            before_write()
        return batch

    lessons = 0
    while True:
        try:
            if writing.waits_to_be_staged:
                writing.stage = staging.staged(
                    gateway, workbook, writing.made, leftovers=writing.leftovers, before_write=before_write
                )
                writing.waits_to_be_staged, writing.leftovers = False, []
            return gateway.write(workbook.spreadsheet_id, prepare)
        except staging.TooLarge:
            writing.waits_to_be_staged = True
        except RequestRefused:  # nothing was done
            lessons += 1
            titles = gateway.reread(workbook.spreadsheet_id, (), TITLES)
            if lessons > MOST_LESSONS or not writing.learns(titles):
                raise


class _Writing:
    """The plans of one cycle, and what was last made of them."""

    def __init__(self, plans: Sequence[TabPlan], leftovers: Sequence[int]) -> None:
        self.plans = plans
        self.leftovers = leftovers
        self.stage: staging.Stage | None = None
        self.waits_to_be_staged = False
        self.fields = fields(any(plan.has_marks for plan in plans))
        self.rows = 0
        self.made: list[TabWrites] = []
        self.skipped: list[str] = []

    def ranges(self) -> list[str]:
        return [each for plan in self.plans for each in plan.ranges()]

    def learns(self, answer: Mapping[str, Any]) -> bool:
        """Takes the tabs' titles from ``answer``, and drops tabs and staging sheets that are gone; False where nothing
        is new."""
        titles = {one["properties"].get("sheetId", 0): one["properties"]["title"] for one in answer["sheets"]}
        gone = [sheet_id for sheet_id in self.leftovers if sheet_id not in titles]
        is_unstaged = self.stage is not None and self.stage.sheet_id not in titles
        if not gone and not is_unstaged and all(titles.get(each.grid.sheet_id) == each.title for each in self.plans):
            return False
        self.leftovers = [sheet_id for sheet_id in self.leftovers if sheet_id in titles]
        self.stage = None if is_unstaged else self.stage
        self.plans = [plan for plan in self.plans if plan.grid.sheet_id in titles]
        for plan in self.plans:
            plan.grid = replace(plan.grid, title=titles[plan.grid.sheet_id])
        return True

    def batch(self, frames: Mapping[str, Frame]) -> Batch | None:
        """The batch of all tabs, None where nothing is left to write. Raises TooLarge where it has to be staged."""
        self.skipped, self.made = [], []
        copies = self.stage.copies if self.stage else None
        requests: list[Mapping[str, Any]] = []
        echo: list[str] = []
        for plan in self.plans:
            frame = frames.get(plan.title)
            made = plan.writes(frame) if frame else None
            if made is None:
                self.skipped.append(plan.title)
                continue
            self.made.append(made)
            if asked := made.requests(copies):
                requests += asked
                echo += plan.echo()
        batch = self._joined(self.made, [*requests, *self._tidying()], echo)
        if batch and self.stage is None and staging.is_too_large(batch.requests, self.made):
            raise staging.TooLarge
        return batch

    def repair(self, frames: Mapping[str, Frame]) -> Batch | None:
        """The batch that puts right what the echo shows, None where all is well."""
        made = [
            plan.repair(frames[plan.title])
            for plan in self.plans
            if plan.title in frames and plan.title not in self.skipped and plan.echo()
        ]
        self.stage = None  # it went with the swap
        writes = [each for each in made if each is not None]
        return self._joined(writes, [request for each in writes for request in each.requests()], ())

    def _tidying(self) -> list[Mapping[str, Any]]:
        """What takes staging sheets away: this cycle's own in the batch that empties it, and those of dead workers."""
        own = [self.stage.sheet_id] if self.stage else []
        return [staging.removal(sheet_id) for sheet_id in (*self.leftovers, *own)]

    def _joined(
        self, writes: Sequence[TabWrites], requests: Sequence[Mapping[str, Any]], echo: Sequence[str]
    ) -> Batch | None:
        self.rows = sum(len(each.rows) for each in writes)
        return Batch(requests=requests, echo=list(echo), fields=fields(False)) if requests else None
