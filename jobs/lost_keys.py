"""Keys of Initiatives that somebody cleared or typed over: put back where Postgres knows them, else told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from db import store
from db.records import WorkspaceRecord
from engine.findings import Finding
from engine.inputs import InitiativeRow, WorkbookInputs
from engine.lost_keys import LostKeys, lost_keys
from engine.sentences import listed, told
from jobs.connections import Connections
from sheets_sync.grids import Workbook
from sheets_sync.rows import read_inputs, with_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """The rows of a workbook with the keys that they had: ``keys`` maps rows of Initiatives to those put back,
    ``in_doubt`` are those that one of several rows may have had."""

    inputs: WorkbookInputs
    findings: tuple[Finding, ...]
    keys: Mapping[int, str] = field(default_factory=dict[int, str])
    in_doubt: frozenset[str] = frozenset()


def mended(connections: Connections, workspace: WorkspaceRecord, workbook: Workbook) -> Mended:
    """The rows as read, with each lost key that can be known beyond doubt; where it cannot, the row says what to type,
    and gets no new key meanwhile."""
    inputs, findings = read_inputs(workbook)
    rows = inputs.initiatives
    keys = {row.initiative_key for row in rows if row.initiative_key}
    with connections.database.transaction() as session:
        if all(row.initiative_key for row in rows) and not store.has_lost_initiatives(session, workspace.id, keys):
            return Mended(inputs=inputs, findings=findings)
        lost = lost_keys(rows, store.known_initiatives(session, workspace.id))
    if lost.found:
        inputs, findings = read_inputs(with_keys(workbook, lost.found))
    return _told(inputs, findings, lost)


def _told(inputs: WorkbookInputs, findings: tuple[Finding, ...], lost: LostKeys) -> Mended:
    if not lost.doubtful:
        return Mended(inputs=inputs, findings=findings, keys=lost.found)
    rows = {row.row: row for row in inputs.initiatives}
    doubts = tuple(_doubt(rows[row], keys) for row, keys in lost.doubtful.items())
    column = "initiative_key"
    others = tuple(
        each for each in findings if (each.tab, each.column) != ("Initiatives", column) or each.row not in lost.doubtful
    )
    held = tuple(
        replace(row, initiative_key=None, bad=row.bad | {column}) if row.row in lost.doubtful else row
        for row in inputs.initiatives
    )
    return Mended(
        inputs=replace(inputs, initiatives=held),
        findings=others + doubts,
        keys=lost.found,
        in_doubt=frozenset(key for keys in lost.doubtful.values() for key in keys),
    )


def _doubt(row: InitiativeRow, keys: tuple[str, ...]) -> Finding:
    """What to type where more than one initiative had that title."""
    message = (
        "the key that stood here was cleared or typed over, and several initiatives had this title; write "
        f"{_or(keys)}, or, if this is a new initiative, give it a title of its own"
    )
    return told(row, "initiative_key", message)


def _or(keys: tuple[str, ...]) -> str:
    return listed(keys).replace(" and ", " or ")
