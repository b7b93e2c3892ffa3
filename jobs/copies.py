"""Copies: a spreadsheet that carries the id of another workbook runs nothing, and says so."""

from __future__ import annotations

from contextlib import suppress

from engine.errors import InputError, RoadmapError
from jobs.connections import Connections
from sheets_sync.grids import Workbook
from sheets_sync.workspace_mark import copy_notice, copy_sentence, is_copy


def refuse_copy(connections: Connections, workbook: Workbook) -> None:
    """Raises InputError where ``workbook`` is a copy, after its Start page says so too (if it may be written)."""
    if not is_copy(workbook):
        return
    if notice := copy_notice(workbook):
        with suppress(RoadmapError):
            connections.gateway.batch_update(workbook.spreadsheet_id, notice, repeatable=True)
    raise InputError(copy_sentence(workbook))


def refuse_unregistered_copy(connections: Connections, spreadsheet_id: str) -> None:
    """As ``refuse_copy``, of a spreadsheet that is no workspace; one that cannot be read is none of ours."""
    try:
        workbook = connections.gateway.read(spreadsheet_id)
    except RoadmapError:
        return
    refuse_copy(connections, workbook)
