"""One cycle's effect on a workbook: a narrow re-read, one atomic batch, a look at its echo, at most one repair.

What it costs: one read and one write, however many tabs and rows; a second write where a row moved between the re-read
and the batch; nothing at all where the workbook already shows the update. With the two reads of ``SheetsGateway.read``
a whole cycle is at most three reads and two writes. Where a column moved in that moment, its tab is read once more.

Doing it twice shows the same as doing it once: the batch names absolute cells, nothing is deleted or moved, and each
try begins with a re-read, so that rows a lost answer did add are found. New rows are inserted below the last one in
use: what somebody types there at that moment moves down, and is not overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sheets_sync import column_moves, staging
from sheets_sync.before_cells import Before, seen_whole
from sheets_sync.cell_writes import TabWrites
from sheets_sync.errors import RequestRefused
from sheets_sync.frames import TITLES, Frame, fields, frames_of, header_range, header_texts_of
from sheets_sync.gateway import Batch, SheetsGateway
from sheets_sync.grids import Grid, Workbook
from sheets_sync.tab_plans import TabPlan, tab_plans
from sheets_sync.updates import SheetUpdate

MOST_REPAIRS = 3
"""One is enough, unless columns move under the repair itself."""
EVERYTHING = fields(looks=True, contents=True, numbers=True)
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
    for _ in range(MOST_REPAIRS):
        batch = writing.repair(
            frames_of(reply.get("updatedSpreadsheet", {})),
            lambda ranges: gateway.reread(workbook.spreadsheet_id, ranges, EVERYTHING),
        )
        if batch is None:
            break
        reply = gateway.write(workbook.spreadsheet_id, _after(before_write, batch))
        repaired += writing.rows
    return WriteReport(
        rows_written=written,
        repaired_rows=repaired,
        calls=gateway.counts.calls - before,
        skipped_tabs=tuple(writing.skipped),
    )


def _after(before_write: Callable[[], None], batch: Batch) -> Callable[[], Batch | None]:
    """Sends a repair. Where it inserts rows it is not sent again after an answer was lost: the next cycle looks."""
    inserts = any("insertDimension" in request for request in batch.requests)
    tries: list[int] = []

    def prepare() -> Batch | None:
        tries.append(1)
        if inserts and len(tries) > 1:
            return None
        before_write()
        return batch

    return prepare


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
        self.fields = fields(
            looks=any(plan.has_marks for plan in plans),
            contents=True,
            numbers=any(plan.has_figures for plan in plans),
        )
        self.cut: list[TabPlan] = []
        self.is_repaired = False
        self.effects: dict[str, tuple[Before, TabWrites]] = {}
        self.sizes: dict[int, tuple[int, int]] = {}
        self.rows = 0
        self.made: list[TabWrites] = []
        self.skipped: list[str] = []

    def ranges(self) -> list[str]:
        return [each for plan in self.plans for each in plan.ranges()]

    def learns(self, answer: Mapping[str, Any]) -> bool:
        """Takes the tabs' titles and sizes from ``answer``, and drops tabs and staging sheets that are gone; False
        where nothing is new."""
        now = {frame.sheet_id: frame for frame in frames_of(answer).values()}
        resized = {each for each, size in self.sizes.items() if each in now and _size(now[each]) != size}
        titles = {one["properties"].get("sheetId", 0): one["properties"]["title"] for one in answer["sheets"]}
        gone = [sheet_id for sheet_id in self.leftovers if sheet_id not in titles]
        is_unstaged = self.stage is not None and self.stage.sheet_id not in titles
        if (
            not gone
            and not is_unstaged
            and not resized
            and all(titles.get(each.grid.sheet_id) == each.title for each in self.plans)
        ):
            return False
        self.leftovers = [sheet_id for sheet_id in self.leftovers if sheet_id in titles]
        self.stage = None if is_unstaged else self.stage
        self.plans = [plan for plan in self.plans if plan.grid.sheet_id in titles]
        self.cut += [plan for plan in self.plans if _is_cut(now[plan.grid.sheet_id], plan.grid)]
        self.plans = [plan for plan in self.plans if not _is_cut(now[plan.grid.sheet_id], plan.grid)]
        for plan in self.plans:
            sheet_id = plan.grid.sheet_id
            plan.grid = replace(plan.grid, title=titles[sheet_id], row_count=now[sheet_id].row_count)
        return True

    def batch(self, frames: Mapping[str, Frame]) -> Batch | None:
        """The batch of all tabs, None where nothing is left to write. Raises TooLarge where it has to be staged."""
        self.skipped, self.made = [plan.title for plan in self.cut], []
        self.sizes = {frame.sheet_id: _size(frame) for frame in frames.values()}
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

    def repair(self, frames: Mapping[str, Frame], look: Callable[[list[str]], Mapping[str, Any]]) -> Batch | None:
        """The batch that puts right what the echo shows, None where all is well. Tabs whose columns are not where they
        were are read whole by ``look`` (ranges -> answer) first."""
        made: list[TabWrites | None] = []
        moved: dict[str, tuple[Before, TabWrites]] = {}
        for plan in self.plans:
            frame = frames.get(plan.title)
            effect = self.effects.get(plan.title, plan.effect)
            if frame is None or plan.title in self.skipped or not plan.echo():
                continue
            if effect is not None and header_texts_of(frame) != header_texts_of(effect[0].frame):
                moved[plan.title] = effect
            elif not self.is_repaired:
                made.append(plan.repair(frame))
        if moved:
            now = frames_of(look([each for title in moved for each in column_moves.whole_tab(title)]))
            for title, (before, sent) in moved.items():
                writes = column_moves.put_right(before, sent, now[title]) if title in now else None
                if writes is not None:
                    made.append(writes)
                    self.effects[title] = seen_whole(now[title], before.grid), writes
        self.is_repaired = True
        self.stage = None  # it went with the swap
        asked = {each.title: each.requests() for each in made if each is not None}
        written = [each for each in made if each is not None and asked[each.title]]
        echo = [header_range(each.title) for each in written]
        return self._joined(written, [request for each in written for request in asked[each.title]], echo)

    def _tidying(self) -> list[Mapping[str, Any]]:
        """What takes staging sheets away: this cycle's own in the batch that empties it, and those of dead workers."""
        own = [self.stage.sheet_id] if self.stage else []
        return [staging.removal(sheet_id) for sheet_id in (*self.leftovers, *own)]

    def _joined(
        self, writes: Sequence[TabWrites], requests: Sequence[Mapping[str, Any]], echo: Sequence[str]
    ) -> Batch | None:
        self.rows = sum(len(each.rows) for each in writes)
        return Batch(requests=requests, echo=list(echo), fields=fields()) if requests else None


def _size(frame: Frame) -> tuple[int, int]:
    return frame.row_count, frame.column_count


def _is_cut(now: Frame, grid: Grid) -> bool:
    """True where the grid does not hold any more what was read of it: that tab waits for the next cycle."""
    return now.column_count < grid.column_count or now.row_count < len(grid.values)
