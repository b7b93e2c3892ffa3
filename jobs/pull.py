"""Pull: a workbook's tabs as typed rows with findings, kept in Postgres. Costs two reads; a third where a number of
tokens may be a percentage. Or its Requests alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from db import store
from db.store import WorkspaceRecord
from engine.errors import InputError
from engine.findings import Finding, Severity
from engine.inputs import InitiativeRow, RequestRow, Setup, WorkbookInputs
from engine.sentences import told
from jobs.authority import keep
from jobs.clock import rule_of
from jobs.connections import Connections
from jobs.copies import refuse_copy
from jobs.intake import Intake, linked_requests, read_sources, sheets_read
from jobs.lost_keys import mended
from jobs.schedule import note_schedule
from sheets_sync import percents
from sheets_sync.grids import Workbook
from sheets_sync.rows import read_inputs
from sheets_sync.tabs import tab


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """One reading of a workbook. ``inputs`` carry the keys just given (``new_keys``: Initiatives row -> key), of which
    those in the rows of ``keys_put_back`` stood there before;
    ``as_of`` is the database's time just before the reading, ``today`` the workspace's own date then."""

    workspace: WorkspaceRecord
    workbook: Workbook
    inputs: WorkbookInputs
    findings: tuple[Finding, ...]
    intake: Intake
    new_keys: dict[int, str]
    keys_put_back: frozenset[int]
    as_of: datetime
    today: date

    @property
    def rows_read(self) -> int:
        return sum(len(grid.values) for grid in self.workbook.grids.values())


def pull(connections: Connections, workspace: WorkspaceRecord) -> Pulled:
    """Read the workbook and its intake sources, give keys to new initiatives and requests and keep all rows in
    Postgres. InputError in a copy."""
    as_of = connections.database.now()
    with connections.database.transaction() as session:
        sheets = store.intake_sheets(session, workspace.id)
    own = [sheet_id for (spreadsheet_id, _), sheet_id in sheets.items() if spreadsheet_id == workspace.spreadsheet_id]
    workbook = connections.gateway.read(workspace.spreadsheet_id, sheet_ids=own)
    refuse_copy(connections, workbook)
    if doubtful := percents.doubtful_ranges(workbook):
        answer = connections.gateway.reread(workbook.spreadsheet_id, doubtful, percents.FIELDS)
        workbook = percents.with_percents(workbook, answer)
    read = mended(connections, workspace, workbook)
    inputs = read.inputs
    sources = read_sources(connections, workspace, workbook, inputs, sheets)
    findings = read.findings + _schedule_findings(inputs.setup)
    with connections.database.transaction() as session:
        leaps = store.note_initiative_keys(
            session, [row.initiative_key for row in inputs.initiatives if row.initiative_key]
        )
        findings += keep(session, workspace, workbook, inputs.setup)
        inputs, new_keys = _with_keys(inputs, lambda count: store.reserve_initiative_keys(session, count))
        store.save_inputs(session, workspace.id, inputs, read.in_doubt)
        note_schedule(session, workspace.id, inputs.setup, as_of)
        links = store.intake_links(session, workspace.id)
        intake = linked_requests(
            sources, inputs, workbook.spreadsheet_id, links, lambda count: store.reserve_initiative_keys(session, count)
        )
        store.save_intake_sheets(session, workspace.id, sheets_read(sources))
        store.save_intake(session, workspace.id, [request.link for request in intake.requests])
    findings += tuple(_far_key(row) for row in inputs.initiatives if row.initiative_key in leaps) + intake.findings
    return Pulled(
        workspace=workspace,
        workbook=workbook,
        inputs=inputs,
        findings=findings,
        intake=intake,
        new_keys={**new_keys, **read.keys},
        keys_put_back=frozenset(read.keys),
        as_of=as_of,
        today=as_of.astimezone(ZoneInfo(inputs.setup.time_zone)).date(),
    )


def read_requests(connections: Connections, spreadsheet_id: str) -> tuple[RequestRow, ...]:
    """What stands in the workbook's Requests; the cells of other tabs are not read. Costs two reads."""
    declared = tab("Requests")
    workbook = connections.gateway.read(spreadsheet_id, [declared.name, *declared.aliases], [declared.sheet_id])
    return read_inputs(workbook)[0].requests


def _with_keys(inputs: WorkbookInputs, reserve: Callable[[int], list[str]]) -> tuple[WorkbookInputs, dict[int, str]]:
    """The inputs with a key for each titled initiative that has none and whose key cell is not in error."""
    waiting = [row for row in inputs.initiatives if _waits_for_key(row)]
    if not waiting:
        return inputs, {}
    keys = dict(zip((row.row for row in waiting), reserve(len(waiting)), strict=True))
    rows = tuple(replace(row, initiative_key=keys[row.row]) if row.row in keys else row for row in inputs.initiatives)
    return replace(inputs, initiatives=rows), keys


def _schedule_findings(setup: Setup) -> tuple[Finding, ...]:
    """What is wrong with Setup's schedule: only the clock knows."""
    row = next((row for row in setup.rows if row.key == "schedule" and row.value), None)
    if row is None:
        return ()
    try:
        rule_of(row.value or "", setup.time_zone)
    except InputError as error:
        return (told(row, "value", error.sentence),)
    return ()


def _far_key(row: InitiativeRow) -> Finding:
    message = f"{row.initiative_key} lies far beyond the keys given so far; is it a slip? Clear it to get a new key"
    return told(row, "initiative_key", message, severity=Severity.WARN)


def _waits_for_key(row: InitiativeRow) -> bool:
    return row.initiative_key is None and row.title is not None and "initiative_key" not in row.bad
