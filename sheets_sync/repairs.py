"""What the echo of a batch shows to be wrong is put right: rows and columns that PMs moved while it was on the wire.

A tab whose columns are not where they were is read whole first. Tabs are known by the id of their sheet: where Google
refuses, because one has another name by now, is smaller or is gone, their names are read and all of it is done anew,
so that what the batch overwrote comes back whatever else happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sheets_sync import column_moves
from sheets_sync.before_cells import Before, seen_whole
from sheets_sync.cell_writes import TabWrites
from sheets_sync.errors import RequestRefused
from sheets_sync.frames import TITLES, Frame, fields, frames_of, header_range, header_texts_of
from sheets_sync.gateway import MOST_LESSONS, Batch, SheetsGateway
from sheets_sync.tab_plans import TabPlan

MOST_REPAIRS = 3
"""One is enough, unless columns move under the repair itself."""
EVERYTHING = fields(looks=True, contents=True, numbers=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A tab of which the ``echo`` shows that it is not as it should be: what stood there ``before`` the batch, and what
    was ``sent``, which ``is_done`` unless its answer was lost. ``rows`` puts right rows that moved; None where columns
    did, or may have."""

    plan: TabPlan
    before: Before
    sent: TabWrites
    echo: Frame
    rows: TabWrites | None = None
    is_done: bool = True

    def treatment(self, now: Frame | None) -> TabWrites | None:
        """What puts the tab right, ``now`` being all of it where it was looked at; None where nothing has to be."""
        if now is None:
            return self.rows
        if self.rows is None:
            return column_moves.put_right(self.before, self.sent, self.echo, now, is_done=self.is_done)
        return column_moves.followed(self.before, self.rows, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """A tab of a batch whose answer was lost, and whose columns were others right after: it may have been done."""

    plan: TabPlan
    before: Before
    sent: TabWrites


class Repairs:
    """The ``plans`` of a batch that was done, and those that are ``unsure``; ``before_write`` is called right before
    each batch that puts them right."""

    def __init__(
        self,
        gateway: SheetsGateway,
        spreadsheet_id: str,
        plans: Sequence[TabPlan],
        before_write: Callable[[], None],
        unsure: Sequence[Unsure] = (),
    ) -> None:
        self._gateway = gateway
        self._spreadsheet_id = spreadsheet_id
        self._before_write = before_write
        self._watched = {plan.grid.sheet_id: plan for plan in (*plans, *(each.plan for each in unsure))}
        self._titles = {sheet_id: plan.title for sheet_id, plan in self._watched.items()}
        self._effects = {each.plan.grid.sheet_id: (each.before, each.sent) for each in unsure}
        self._unsure = set(self._effects)
        self._rows = 0

    def made(self, reply: Mapping[str, Any]) -> int:
        """Puts right what ``reply``, the batch's, shows: how many rows. One write, and one read where columns moved;
        nothing where all is well. Raises the errors of ``sheets_sync.errors``."""
        for turn in range(MOST_REPAIRS):
            frames = frames_of(reply.get("updatedSpreadsheet", {}))
            unseen = [sheet_id for sheet_id in self._watched if sheet_id not in frames]
            if unseen:  # their names were given to others
                frames |= self._patiently(unseen, lambda ids, _: self._seen(ids))
            cases = self._cases(frames, is_first=turn == 0)
            if not cases:
                break
            reply = self._patiently(list(cases), partial(self._treated, cases))
            if not reply:
                break
        return self._rows

    def _patiently(self, ids: list[int], do: Callable[[list[int], bool], T]) -> T:
        """What ``do`` gives for the tabs of ``ids``; where Google refused, it is done again (and told so) to those that
        are still there, by the names that they have by now."""
        for lessons in range(MOST_LESSONS):
            try:
                return do(ids, lessons > 0)
            except RequestRefused:  # nothing was done
                now = frames_of(self._gateway.reread(self._spreadsheet_id, (), TITLES))
                self._titles = {sheet_id: frame.title for sheet_id, frame in now.items()}
                ids = [sheet_id for sheet_id in ids if sheet_id in now]
        return do(ids, True)

    def _seen(self, ids: Sequence[int]) -> dict[int, Frame]:
        """Every cell of these tabs. RequestRefused where one of them has another name by now."""
        if not ids:
            return {}
        ranges = [each for sheet_id in ids for each in column_moves.whole_tab(self._titles[sheet_id])]
        seen = frames_of(self._gateway.reread(self._spreadsheet_id, ranges, EVERYTHING))
        if not seen.keys() >= set(ids):
            raise RequestRefused("Tabs are renamed faster than they can be read: try again when they have their names.")
        return seen

    def _cases(self, frames: Mapping[int, Frame], *, is_first: bool) -> dict[int, _Case]:
        """The tabs in which columns or, after the first batch, rows are not where they were."""
        cases: dict[int, _Case] = {}
        for sheet_id, plan in self._watched.items():
            effect, frame = self._effects.get(sheet_id, plan.effect), frames.get(sheet_id)
            if effect is None or frame is None:
                continue
            before, sent = effect
            is_done = sheet_id not in self._unsure
            if header_texts_of(frame) != header_texts_of(before.frame):
                cases[sheet_id] = _Case(plan=plan, before=before, sent=sent, echo=frame, is_done=is_done)
            elif is_done and is_first and (rows := plan.repair(frame)) is not None and rows.requests():
                cases[sheet_id] = _Case(plan=plan, before=before, sent=sent, echo=frame, rows=rows)
        return cases

    def _treated(self, cases: Mapping[int, _Case], ids: Sequence[int], is_anew: bool) -> Mapping[str, Any]:
        """Sends what puts these tabs right; the reply, {} where there is nothing to send."""
        now = self._seen([sheet_id for sheet_id in ids if is_anew or cases[sheet_id].rows is None])
        made = {sheet_id: cases[sheet_id].treatment(now.get(sheet_id)) for sheet_id in ids}
        asked = {sheet_id: writes.requests() for sheet_id, writes in made.items() if writes is not None}
        writes = {sheet_id: held for sheet_id, held in made.items() if held is not None and asked[sheet_id]}
        if not writes:
            return {}
        requests = [request for sheet_id in writes for request in asked[sheet_id]]
        echo = [header_range(self._titles[sheet_id]) for sheet_id in writes]
        reply = self._gateway.write(
            self._spreadsheet_id, self._prepared(Batch(requests=requests, echo=echo, fields=fields()))
        )
        self._watched = {sheet_id: cases[sheet_id].plan for sheet_id in writes}
        self._unsure.clear()
        self._effects |= {
            sheet_id: (seen_whole(now[sheet_id], cases[sheet_id].before.grid), held)
            for sheet_id, held in writes.items()
            if sheet_id in now
        }
        self._rows += sum(len(held.rows) for held in writes.values())
        return reply

    def _prepared(self, batch: Batch) -> Callable[[], Batch | None]:
        """Sends a batch. Where it inserts rows it is not sent again after an answer was lost: the next cycle looks."""
        inserts = any("insertDimension" in request for request in batch.requests)
        tries: list[int] = []

        def prepare() -> Batch | None:
            tries.append(1)
            if inserts and len(tries) > 1:
                return None
            self._before_write()
            return batch

        return prepare
