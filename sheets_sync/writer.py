"""One cycle's effect on a workbook: a narrow re-read, one atomic batch, a look at its echo, at most one repair.

What it costs: one read and one write, however many tabs and rows; a second write where a row moved between the re-read
and the batch; nothing at all where the workbook already shows the update. With the two reads of ``SheetsGateway.read``
a whole cycle is at most three reads and two writes. Where a column moved in that moment, its tab is read once more;
where a tab was renamed, its new title is read and what Google refused is tried anew.

Doing it twice shows the same as doing it once: the batch names absolute cells, nothing is deleted or moved, and each
try begins with a re-read, so that rows a lost answer did add are found. New rows are inserted below the last one in
use: what somebody types there at that moment moves down, and is not overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sheets_sync import staging
from sheets_sync.cell_writes import TabWrites
from sheets_sync.errors import RequestRefused
from sheets_sync.frames import TITLES, Frame, fields, frames_of
from sheets_sync.gateway import MOST_LESSONS, Batch, SheetsGateway
from sheets_sync.grids import Grid, Workbook
from sheets_sync.repairs import Repairs, Unsure
from sheets_sync.tab_plans import TabPlan, tab_plans
from sheets_sync.undisturbed import undisturbed
from sheets_sync.updates import SheetUpdate


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
    with undisturbed():
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
    repairs = Repairs(gateway, workbook.spreadsheet_id, writing.written, before_write, writing.unsure)
    repaired = repairs.made(reply)
    return WriteReport(
        rows_written=writing.rows,
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
            if lessons > MOST_LESSONS:
                raise
            writing.learns(gateway.reread(workbook.spreadsheet_id, (), TITLES))


class _Writing:
    """The plans of one cycle, and what was last made of them."""

    def __init__(self, plans: Sequence[TabPlan], leftovers: Sequence[int]) -> None:
        self.plans = plans
        self.leftovers = leftovers
        self.stage: staging.Stage | None = None
        self.waits_to_be_staged = False
        self.fields = fields(
            looks=any(plan.has_marks for plan in plans),
            contents=True,
            numbers=any(plan.has_figures for plan in plans),
        )
        self.cut: list[TabPlan] = []
        self.written: list[TabPlan] = []
        """Those of which something was sent, and comes back with the reply."""
        self.tried: dict[int, Unsure] = {}
        """What was last sent to each tab."""
        self.unsure: list[Unsure] = []
        """Tabs that an earlier try may have written, and that this one must not."""
        self.rows = 0
        self.made: list[TabWrites] = []
        self.skipped: list[str] = []

    def ranges(self) -> list[str]:
        return [each for plan in self.plans for each in plan.ranges()]

    def learns(self, answer: Mapping[str, Any]) -> None:
        """Takes the tabs' titles and sizes from ``answer``, and drops tabs and staging sheets that are gone. Where
        nothing is new, a PM has taken back meanwhile what was in the way."""
        now = frames_of(answer)
        self.leftovers = [sheet_id for sheet_id in self.leftovers if sheet_id in now]
        if self.stage is not None and self.stage.sheet_id not in now:
            self.stage = None
        self.plans = [plan for plan in self.plans if plan.grid.sheet_id in now]
        self.cut += [plan for plan in self.plans if _is_cut(now[plan.grid.sheet_id], plan.grid)]
        self.plans = [plan for plan in self.plans if not _is_cut(now[plan.grid.sheet_id], plan.grid)]
        for plan in self.plans:
            frame = now[plan.grid.sheet_id]
            plan.grid = replace(plan.grid, title=frame.title, row_count=frame.row_count)

    def batch(self, frames: Mapping[int, Frame]) -> Batch | None:
        """The batch of all tabs, None where nothing is left to write. Raises TooLarge where it has to be staged."""
        self.skipped, self.made, self.written = [plan.title for plan in self.cut], [], []
        self.unsure = []
        copies = self.stage.copies if self.stage else None
        requests: list[Mapping[str, Any]] = []
        echo: list[str] = []
        for plan in self.plans:
            frame = frames.get(plan.grid.sheet_id)
            made = plan.writes(frame) if frame else None
            if made is None:
                self.skipped.append(plan.title)
                if plan.grid.sheet_id in self.tried:
                    self.unsure.append(self.tried[plan.grid.sheet_id])
                continue
            self.made.append(made)
            if asked := made.requests(copies):
                requests += asked
                if ranges := plan.echo():
                    echo += ranges
                    self.written.append(plan)
        requests += self._tidying()
        self.rows = sum(len(each.rows) for each in self.made)
        if requests and self.stage is None and staging.is_too_large(requests, self.made):
            raise staging.TooLarge
        for plan in self.written:
            if plan.effect is not None:
                before, sent = plan.effect
                self.tried[plan.grid.sheet_id] = Unsure(plan=plan, before=before, sent=sent)
        return Batch(requests=requests, echo=echo, fields=fields()) if requests else None

    def _tidying(self) -> list[Mapping[str, Any]]:
        """What takes staging sheets away: this cycle's own in the batch that empties it, and those of dead workers."""
        own = [self.stage.sheet_id] if self.stage else []
        return [staging.removal(sheet_id) for sheet_id in (*self.leftovers, *own)]


def _is_cut(now: Frame, grid: Grid) -> bool:
    """True where the grid does not hold any more what was read of it: that tab waits for the next cycle."""
    return now.column_count < grid.column_count or now.row_count < len(grid.values)
