"""The ``intake_source`` rows of Setup: each binds a tab, here or in another spreadsheet, where requests come in."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from engine.inputs import IntakeSource, SetupRow
from sheets_sync.cells import shown
from sheets_sync.errors import SpreadsheetNotFound
from sheets_sync.headers import folded
from sheets_sync.intake_tabs import INTAKE
from sheets_sync.readings import is_intake_title, spreadsheet_id_of
from sheets_sync.table_rows import Table, TableRow

INTAKE_SOURCE = "intake_source"


def is_source(row: TableRow) -> bool:
    """True for a row of Setup whose key is ``intake_source``."""
    return folded(row.values.get("key") or "") == folded(INTAKE_SOURCE)


def setup_row(row: TableRow, table: Table) -> SetupRow:
    """A row of Setup as ``engine.inputs`` has it."""
    values = row.values
    read = {name: values.get(name) for name in ("key", "value", "default_department", "write_back")}
    column_map = _column_map(row, table) if is_source(row) else {}
    return SetupRow(tab="Setup", source_tab=values.get("tab"), column_map=column_map, **read, **row.place)


def read_sources(table: Table, rows: tuple[SetupRow, ...], own_id: str) -> tuple[IntakeSource, ...]:
    """The sources that the rows name, and the workbook's own Intake tab first, which needs no row. A row that is wrong
    or stands twice is told and left out."""
    sources: dict[tuple[str | None, str], IntakeSource] = {(None, folded(INTAKE.name)): IntakeSource(row=None)}
    for read, row in zip(table.rows, rows, strict=True):
        if not is_source(read) or {"value", "tab", "column_map", "write_back"} & row.bad:
            continue
        try:
            named = spreadsheet_id_of(row.value) if row.value else own_id
        except SpreadsheetNotFound as error:
            table.tell(read, "value", error.sentence)
            continue
        spreadsheet_id = None if named == own_id else named
        title = row.source_tab or INTAKE.name
        key = (spreadsheet_id, folded(title))
        if spreadsheet_id is None and not is_intake_title(title):
            table.tell(read, "tab", f"a tab of this workbook must begin with “Intake” to be one; rename {shown(title)}")
        elif key in sources and sources[key].row is not None:
            table.tell(read, "tab", f"{title} of that spreadsheet stands in another row too; delete one of them")
        else:
            sources[key] = IntakeSource(row=row, spreadsheet_id=spreadsheet_id, tab=title)
    return tuple(sources.values())


def _column_map(row: TableRow, table: Table) -> Mapping[str, str]:
    """``Ask=title, Team=requesting_team`` as {header there: column}; what cannot be one is told."""
    columns = {folded(column.name): column.name for column in INTAKE.columns if not column.name.startswith("sys:")}
    found: dict[str, str] = {}
    for pair in row.values.get("column_map", ()):
        there, sign, ours = (part.strip() for part in pair.rpartition("="))
        if not sign or not there:
            table.tell(row, "column_map", f"{shown(pair)} pairs nothing; write it as Ask=title")
            return {}
        if folded(ours) not in columns:
            near = difflib.get_close_matches(folded(ours)[:60], columns, n=1, cutoff=0.6)
            mend = columns[near[0]] if near else f"one of {', '.join(columns.values())}"
            table.tell(row, "column_map", f"Intake has no column {shown(ours)}; write {mend}")
            return {}
        found[there] = columns[folded(ours)]
    return found
