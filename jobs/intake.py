"""Intake: requests from the tabs that Setup binds become initiatives, and read back what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from db import store
from db.records import WorkspaceRecord
from engine.errors import RoadmapError
from engine.findings import Finding, Severity
from engine.inputs import IntakeSource, SetupRow, WorkbookInputs
from engine.intake import IntakeLink, Request, Typed, answer, linked, possible_duplicates, requester_changes
from engine.roadmap import RoadmapVersion
from engine.sentences import told
from jobs.connections import Connections
from sheets_sync.content import Linked, link
from sheets_sync.grids import Workbook
from sheets_sync.headers import folded
from sheets_sync.intake_plan import IntakeUpdate, Reply, copied_cells, intake_plans
from sheets_sync.intake_rows import IntakeTab, disagreement, read_intake
from sheets_sync.writer import write_plans


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The bound tabs as read. ``problems`` says by Setup row what keeps a source from being read; ``whole`` are the
    spreadsheets of which every source was read."""

    tabs: tuple[IntakeTab, ...]
    problems: Mapping[int, str]
    rows: Mapping[int, SetupRow]
    whole: frozenset[str]

    @property
    def findings(self) -> tuple[Finding, ...]:
        found = [finding for bound in self.tabs for finding in bound.findings]
        return (*found, *(not_connected(self.rows[row], problem) for row, problem in self.problems.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """All requests of a workspace as they stand now. ``duplicates`` maps the key of one to (key, title) of what it may
    repeat; ``gone`` are the keys of requests whose row is no more; ``unread`` those whose source could not be read."""

    sources: Sources
    requests: tuple[Request, ...] = ()
    duplicates: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()


Sheets = Mapping[tuple[str, str], int]
"""(spreadsheet id, folded title in Setup) -> the id of the sheet that it was when it was read last."""


def read_sources(
    connections: Connections, workspace: WorkspaceRecord, workbook: Workbook, inputs: WorkbookInputs, known: Sheets
) -> Sources:
    """The tabs that Setup binds; those that were renamed are ``known``. Two reads for each other spreadsheet; one that
    does not agree, is not shared or does not answer is told, and stops nothing."""
    own_id = workbook.spreadsheet_id
    by_spreadsheet: dict[str | None, list[IntakeSource]] = defaultdict(list)
    for source in inputs.setup.intake_sources:
        by_spreadsheet[source.spreadsheet_id].append(source)
    tabs: list[IntakeTab] = []
    problems: dict[int, str] = {}
    whole: set[str] = set()
    for spreadsheet_id, sources in by_spreadsheet.items():
        ids = _sheets_of(spreadsheet_id or own_id, sources, known)
        opened = workbook if spreadsheet_id is None else _opened(connections, workspace, spreadsheet_id, ids)
        read = [
            opened if isinstance(opened, str) else read_intake(opened, each, own_id, _renamed(opened, ids, each.tab))
            for each in sources
        ]
        tabs += [each for each in read if isinstance(each, IntakeTab)]
        failed = [(each.row, said) for each, said in zip(sources, read, strict=True) if isinstance(said, str)]
        problems |= {row.row: said for row, said in failed if row is not None}
        if not any(row is not None for row, _ in failed):
            whole.add(spreadsheet_id or own_id)
    rows = {each.row.row: each.row for each in inputs.setup.intake_sources if each.row}
    return Sources(tabs=tuple(tabs), problems=problems, rows=rows, whole=frozenset(whole))


def _sheets_of(spreadsheet_id: str, sources: Sequence[IntakeSource], known: Sheets) -> dict[str, int | None]:
    """Title in Setup -> the id of its sheet, None where it was never read."""
    return {source.tab: known.get((spreadsheet_id, folded(source.tab))) for source in sources}


def _renamed(workbook: Workbook, ids: Mapping[str, int | None], tab: str) -> int | None:
    """The id of the sheet that ``tab`` was, unless it goes by a title that another source is bound by."""
    titles = {grid.sheet_id: folded(grid.title) for grid in workbook.grids.values()}
    sheet_id = ids[tab]
    return None if sheet_id is None or titles.get(sheet_id) in {folded(each) for each in ids} else sheet_id


def sheets_read(sources: Sources) -> Sheets:
    """Which sheets the tabs are that could be read."""
    return {(bound.workbook.spreadsheet_id, folded(bound.source.tab)): bound.grid.sheet_id for bound in sources.tabs}


def _opened(
    connections: Connections, workspace: WorkspaceRecord, spreadsheet_id: str, ids: Mapping[str, int | None]
) -> Workbook | str:
    """Another spreadsheet, if it agrees to be read; else what keeps it from that."""
    with connections.database.transaction() as session:
        if store.find_workspace(session, spreadsheet_id) is not None:
            return "this spreadsheet is a roadmap workbook of its own, so it cannot take requests for another one"
    try:
        workbook = connections.gateway.read(spreadsheet_id, [*ids], [each for each in ids.values() if each is not None])
    except RoadmapError as error:
        return error.sentence
    return disagreement(workbook, workspace.spreadsheet_id) or workbook


def not_connected(row: SetupRow, problem: str) -> Finding:
    """The finding of an intake source that cannot be used."""
    return told(row, "value", problem)


def linked_requests(
    sources: Sources,
    inputs: WorkbookInputs,
    own_id: str,
    links: Sequence[IntakeLink],
    reserve: Callable[[int], list[str]],
) -> Intake:
    """The requests with their initiatives, and what is to be told of them."""
    typed: list[Typed] = [
        (row, bound.source, bound.workbook.spreadsheet_id) for bound in sources.tabs for row in bound.rows
    ]
    initiatives = {row.initiative_key: row for row in inputs.initiatives if row.initiative_key}
    requests = linked(typed, links, initiatives, own_id, reserve)
    here = {request.key for request in requests}
    duplicates = possible_duplicates(requests, inputs.initiatives)
    repeated = tuple(_repeated(each, *duplicates[each.key]) for each in requests if each.key in duplicates)
    return Intake(
        sources=sources,
        requests=requests,
        duplicates=duplicates,
        gone=frozenset(
            link.initiative_key
            for link in links
            if link.spreadsheet_id in sources.whole and link.initiative_key not in here
        ),
        unread=frozenset(link.initiative_key for link in links if link.spreadsheet_id not in sources.whole) - here,
        findings=sources.findings + repeated,
    )


def _repeated(request: Request, key: str, title: str | None) -> Finding:
    message = (
        f"asked before as {title or key} ({key}). If it is the same, write {key} into duplicate_of of "
        f"{request.key} in Initiatives and set its lifecycle_status to duplicate; if not, set that to ready"
    )
    return told(request.row, "title", message, severity=Severity.WARN)


def intake_update(intake: Intake, inputs: WorkbookInputs, version: RoadmapVersion | None) -> IntakeUpdate:
    """What the sheets are to show of the requests."""
    initiatives = {row.initiative_key: row for row in inputs.initiatives if row.initiative_key}
    replies: dict[tuple[str, int], Reply] = {}
    changes = dict.fromkeys(intake.gone, "withdrawn: its request is gone")
    for request in intake.requests:
        initiative = initiatives.get(request.key)
        repeated = intake.duplicates.get(request.key)
        replies[request.row.tab, request.row.row] = Reply(
            key=request.key,
            answer=answer(request, initiative, version),
            possible_duplicate=" · ".join(part for part in repeated if part) if repeated else None,
        )
        if initiative is not None and (changed := requester_changes(request, initiative)):
            changes[request.key] = changed
    return IntakeUpdate(
        tabs=intake.sources.tabs,
        replies=replies,
        copied={each.key: copied_cells(each.link.fields) for each in intake.requests if not each.link.is_copied},
        changes=changes,
        sources=_places(intake),
        unread=intake.unread,
        connections=_connections(intake.sources),
    )


def _places(intake: Intake) -> dict[str, Linked]:
    """initiative_key -> "Intake row 4", a link to it."""
    tabs = {bound.name: bound for bound in intake.sources.tabs}
    found: dict[str, Linked] = {}
    for request in intake.requests:
        row = request.row
        found[request.key] = link(f"{row.tab} row {row.row}", tabs[row.tab].uri(f"A{row.row}"))
    return found


def _connections(sources: Sources) -> dict[int, str]:
    """What stands beside each source in Setup."""
    said = dict(sources.problems)
    for bound in sources.tabs:
        if bound.source.row is None:
            continue
        count = len(bound.rows)
        text = f"connected: {count} request{'' if count == 1 else 's'} in {bound.name}"
        if bound.is_renamed:
            text += f" · renamed from {bound.source.tab}: write {bound.grid.title} in the column tab"
        if bound.source.writes_back and bound.missing_answers:
            missing = ", ".join(bound.missing_answers)
            text += f" · so that requesters can read what became of them, add the columns {missing}"
        said[bound.source.row.row] = text
    return said


def answer_requesters(
    connections: Connections,
    own_id: str,
    update: IntakeUpdate,
    findings: tuple[Finding, ...],
    may_write: Callable[[], None],
) -> tuple[IntakeUpdate, tuple[Finding, ...]]:
    """Write the replies into the other spreadsheets: one read and one write for each that changes. One that cannot be
    written is told in Setup and Checks, and stops nothing: the update and the findings with that."""
    by_spreadsheet: dict[str, list[IntakeTab]] = defaultdict(list)
    for bound in update.tabs:
        if bound.workbook.spreadsheet_id != own_id:
            by_spreadsheet[bound.workbook.spreadsheet_id].append(bound)
    for tabs in by_spreadsheet.values():
        try:
            plans = intake_plans(tabs, update.replies, findings)
            write_plans(connections.gateway, tabs[0].workbook, plans, before_write=may_write)
        except RoadmapError as error:
            may_write()  # where the right to write is what was lost, nothing goes on
            rows = [bound.source.row for bound in tabs if bound.source.row]
            problem = f"requests are read, but nothing could be written back: {error.sentence}"
            update = replace(update, connections={**update.connections, **{row.row: problem for row in rows}})
            findings += tuple(not_connected(row, problem) for row in rows)
    return update, findings
