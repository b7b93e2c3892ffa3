"""What Intake tabs show beside each request, and the rows that new requests get in Initiatives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from engine.findings import Finding
from engine.intake import COPIED, Answer
from sheets_sync.cell_dates import date_cell
from sheets_sync.content import Content, Linked
from sheets_sync.headers import Header
from sheets_sync.input_plan import InputPlan
from sheets_sync.intake_rows import ANSWERS, IntakeTab
from sheets_sync.tab_marks import status_and_message, tab_marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one request reads beside itself: its key, what became of it, and what it may repeat."""

    key: str
    answer: Answer
    possible_duplicate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeUpdate:
    """What a cycle makes of the requests. ``tabs`` are the bound tabs that are written, wherever they are; ``replies``
    by (name of the tab, row); ``copied`` the requests that get a row in Initiatives, by their key; ``changes`` and
    ``sources`` what stands beside an initiative_key there, but for those ``unread`` now, which stay as they are;
    ``connections`` what stands in Setup's rows."""

    tabs: tuple[IntakeTab, ...] = ()
    replies: Mapping[tuple[str, int], Reply] = field(default_factory=dict)
    copied: Mapping[str, Mapping[str, Content]] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Linked] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    connections: Mapping[int, str] = field(default_factory=dict)


def copied_cells(fields: Mapping[str, str]) -> dict[str, Content]:
    """The cells of the row that a new request (its ``fields``) gets in Initiatives, by column. Text stays text,
    whatever it begins with."""
    cells: dict[str, Content] = {column: fields.get(name) for name, column in COPIED.items()}
    deadline = fields.get("deadline_date")
    return cells | {
        "deadline_date": date_cell(date.fromisoformat(deadline)) if deadline else None,
        "lifecycle_status": "new",
    }


def intake_plans(
    tabs: Iterable[IntakeTab], replies: Mapping[tuple[str, int], Reply], findings: Sequence[Finding]
) -> list[InputPlan]:
    """The plans of bound tabs of one spreadsheet; only of those that are written back to."""
    return [_plan(each, replies, findings) for each in tabs if each.source.writes_back]


def _plan(bound: IntakeTab, replies: Mapping[tuple[str, int], Reply], findings: Sequence[Finding]) -> InputPlan:
    told = [finding for finding in findings if finding.tab == bound.name]
    by_row: dict[int, list[Finding]] = defaultdict(list)
    for finding in told:
        by_row[finding.row or 0].append(finding)
    columns = bound.header.columns
    wanted: dict[int, dict[int, Content]] = {}
    for row in range(1, len(bound.grid.values)):
        reply = replies.get((bound.name, row + 1))
        shown = _shown(reply) | _status(reply is not None, by_row[row + 1])
        wanted[row] = {columns[name]: content for name, content in shown.items() if name in columns}
    return InputPlan(
        grid=bound.grid,
        header=bound.header,
        wanted=wanted,
        marks=tab_marks(bound.header.tab, bound.grid, bound.header, told),
    )


def _shown(reply: Reply | None) -> dict[str, Content]:
    if reply is None:
        return dict.fromkeys(ANSWERS)
    return {
        "initiative_key": reply.key,
        "triage_status": reply.answer.triage_status,
        "decision_reason": reply.answer.decision_reason,
        "planned_period": reply.answer.planned_period,
        "possible_duplicate": reply.possible_duplicate,
    }


def _status(is_request: bool, findings: Sequence[Finding]) -> dict[str, Content]:
    status, message = status_and_message(findings) if is_request or findings else (None, None)
    return {"sys: status": status, "sys: message": message}


def by_index(header: Header, cells: Mapping[str, Content]) -> dict[int, Content]:
    """Cells by column index; those of columns that are not there are left out."""
    return {
        header.columns[name]: content
        for name, content in cells.items()
        if name in header.columns and content is not None
    }
