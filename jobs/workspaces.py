"""Workspaces: which workbook a command means, and how a spreadsheet becomes one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from db import store
from db.records import WorkspaceRecord
from engine.errors import InputError, OutOfReach, UsageError
from jobs.connections import Connections
from jobs.copies import refuse_unregistered_copy
from sheets_sync.gaps import STYLE_FIELDS
from sheets_sync.gateway import spreadsheet_id_of
from sheets_sync.sample import SAMPLE_SIZE, sample_tables
from sheets_sync.template import default_title, new_workbook_requests, repair_requests, style_ranges


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """A registered workbook and how many changes its template needed (0: nothing was missing)."""

    workspace: WorkspaceRecord
    changes: int


def find(connections: Connections, workbook: str | None) -> WorkspaceRecord:
    """The registered workspace that ``workbook`` (id or URL) names; without a name, the only one there is."""
    with connections.database.transaction() as session:
        known = store.find_workspace(session, spreadsheet_id_of(workbook)) if workbook is not None else None
        all_of_them = store.list_workspaces(session)
    if known is not None:
        return known
    if workbook is not None:
        refuse_unregistered_copy(connections, spreadsheet_id_of(workbook))
        raise InputError(f"{workbook} is not a registered workbook: run roadmap init {workbook} first.")
    if not all_of_them:
        raise InputError("No workbook is registered yet: run roadmap init WORKBOOK with its id or URL.")
    only, *others = all_of_them
    if others:
        names = ", ".join(f"{one.title} ({one.spreadsheet_id})" for one in all_of_them[:5])
        raise InputError(f"Several workbooks are registered: name one of {names}.")
    return only


def find_named(connections: Connections, words: Sequence[str]) -> tuple[WorkspaceRecord, list[str]]:
    """The workspace meant by the first word, where it is one, else the only one; and the words that are left."""
    if words:
        with suppress(InputError), connections.database.transaction() as session:
            known = store.find_workspace(session, spreadsheet_id_of(words[0]))
            if known is not None:
                return known, list(words[1:])
    return find(connections, None), list(words)


def create(
    connections: Connections,
    title: str,
    *,
    sample: bool = False,
    mistakes: bool = False,
    editors: Sequence[str] = (),
) -> Initialised:
    """A new spreadsheet, made into a workspace; with the sample's rows where asked."""
    return initialise(connections, connections.gateway.create(title), sample=sample, mistakes=mistakes, editors=editors)


def initialise(
    connections: Connections,
    workbook: str,
    *,
    sample: bool = False,
    mistakes: bool = False,
    editors: Sequence[str] = (),
) -> Initialised:
    """Make or repair the tabs of a spreadsheet and register it. Adds what is missing; moves and deletes nothing.
    Setup's role rows are protected for the owner, the service account and ``editors``."""
    read = connections.gateway.read(spreadsheet_id_of(workbook))
    if empty := default_title(read):  # the "Sheet1" of a new spreadsheet becomes the first tab
        read = connections.gateway.read(read.spreadsheet_id, [empty])
    people = _people(connections, read.spreadsheet_id, editors)
    if sample:
        if any(any(cell not in (None, "") for cell in row) for grid in read.grids.values() for row in grid.values[1:]):
            raise InputError(
                "The sample goes into an empty spreadsheet, and this one holds rows: use init --new TITLE --sample."
            )
        with connections.database.transaction() as session:
            keys = store.reserve_initiative_keys(session, SAMPLE_SIZE)
        requests = new_workbook_requests(read, sample_tables(keys, mistakes=mistakes), people)
    else:
        ranges = style_ranges(read)
        styles = connections.gateway.reread(read.spreadsheet_id, ranges, STYLE_FIELDS) if ranges else None
        requests = repair_requests(read, styles, people)
    if requests:
        connections.gateway.batch_update(read.spreadsheet_id, requests)
    with connections.database.transaction() as session:
        workspace = store.register_workspace(session, read.spreadsheet_id, read.title, read.url)
        store.note_editors(session, workspace.id, people)
    return Initialised(workspace=workspace, changes=len(requests))


def _people(connections: Connections, spreadsheet_id: str, editors: Sequence[str]) -> tuple[str, ...]:
    """Who may edit the role rows: the service account, the owner as far as Drive tells, and ``editors``."""
    for one in editors:
        if not _EMAIL.fullmatch(one):
            raise UsageError(f"--editor {one!r} is no e-mail address: write it as ana@example.com.")
    try:
        owners = connections.gateway.owners(spreadsheet_id)
    except OutOfReach:  # Drive's API may be off: then --editor names the owner
        owners = ()
    return tuple(dict.fromkeys([connections.gateway.client_email, *owners, *editors]))


_EMAIL = re.compile(r"[^\s@\"<>(),;|]{1,128}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
