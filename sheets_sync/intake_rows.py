"""Intake tabs, in the workbook and in the spreadsheets that Setup binds: their requests as typed rows with findings."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.findings import Finding, Severity
from engine.inputs import IntakeRow, IntakeSource
from sheets_sync.cells import shown
from sheets_sync.columns import Tab
from sheets_sync.content import cell_uri
from sheets_sync.errors import one_line
from sheets_sync.grids import Grid, Workbook
from sheets_sync.headers import Header, folded, grid_of, header
from sheets_sync.intake_tabs import INTAKE
from sheets_sync.setup_rows import is_time_zone
from sheets_sync.table_rows import Context, Table, TableRow, read_table
from sheets_sync.workspace_mark import carried_id

ANSWERS = ("initiative_key", "triage_status", "decision_reason", "planned_period", "possible_duplicate")
"""The columns in which requesters read what became of their requests."""


@dataclass(frozen=True, kw_only=True)
class IntakeTab:
    """One bound tab as read. ``name`` is how findings and links name it: the tab's title, with the spreadsheet's where
    that is another."""

    source: IntakeSource
    workbook: Workbook
    grid: Grid
    header: Header
    name: str
    rows: tuple[IntakeRow, ...]
    findings: tuple[Finding, ...]

    def uri(self, cell: str) -> str:
        """The link to one of its cells; into another spreadsheet by that one's address."""
        place = cell_uri(self.grid.sheet_id, cell)
        return place if self.source.spreadsheet_id is None else f"{self.workbook.url}{place}"

    @property
    def is_renamed(self) -> bool:
        """True where its title is not the one that it is bound by."""
        return folded(self.grid.title) != folded(self.source.tab)

    @cached_property
    def missing_answers(self) -> tuple[str, ...]:
        """The columns of answers that the tab does not have."""
        return tuple(name for name in ANSWERS if name not in self.header.columns)


def read_intake(workbook: Workbook, source: IntakeSource, own_id: str, sheet_id: int | None = None) -> IntakeTab | str:
    """The tab that ``source`` binds, of the spreadsheet it names; or what keeps it from being read, and how to mend
    it. ``sheet_id`` is what it was when it was read last: by that it is found where it was renamed."""
    is_own = workbook.spreadsheet_id == own_id
    grid = next((each for title, each in workbook.grids.items() if folded(title) == folded(source.tab)), None)
    if grid is None:
        grid = next((each for each in workbook.grids.values() if each.sheet_id == sheet_id), None)
    if grid is None and is_own and folded(source.tab) == folded(INTAKE.name):
        grid = grid_of(workbook, INTAKE)
    if grid is None:
        return _no_tab(workbook, source)
    declared = _declared(source)
    name = grid.title if is_own else f"{grid.title} in “{one_line(workbook.title, 60)}”"
    table = read_table(grid, header(grid, declared), _context(workbook), ("initiative_key",))
    if "title" not in table.header.columns and not is_own:
        return (
            f"the tab {grid.title!r} has no column called title: rename the column that says what is asked for, or "
            "name it in column_map (Ask=title)"
        )
    for row in table.rows:
        typed = row.values.keys() - {"initiative_key"}
        if "title" not in row.values and "title" not in row.bad and typed:
            table.tell(row, "title", "this request has no title; give it one", severity=Severity.WARN)
        _tell_email(table, row)
    findings = table.findings if is_own else [each for each in table.findings if (each.row or 0) > 1]
    return IntakeTab(
        source=source,
        workbook=workbook,
        grid=grid,
        header=table.header,
        name=name,
        rows=_rows(table, name),
        findings=tuple(dataclasses.replace(finding, tab=name, stops_run=False) for finding in findings),
    )


def _tell_email(table: Table, row: TableRow) -> None:
    """A requester_email to which nobody could write."""
    typed = row.values.get("requester_email")
    if not typed or any(_is_address(word) for word in typed.split()):
        return
    spelled = _AT.sub("@", typed) if len(typed) <= 200 else ""
    name = "".join(re.findall(r"[\w.+-]+", typed.partition("@")[0])[:1]) or "dana"
    proposal = spelled if _is_address(spelled) else f"one such as {name}@example.com"
    message = f"{shown(typed)} is not an e-mail address; write {proposal}, or clear the cell"
    table.tell(row, "requester_email", message, severity=Severity.WARN)


def _is_address(word: str) -> bool:
    name, _, host = word.partition("@")
    return bool(name and host) and "@" not in host and not any(letter.isspace() for letter in word)


_AT = re.compile(r"\s*(?:[(\[{]\s*(?:at|@)\s*[)\]}]|\bat\b|@)\s*", re.IGNORECASE)


def disagreement(workbook: Workbook, own_id: str) -> str | None:
    """Why a spreadsheet of another id may not be read as an intake source of the workbook ``own_id``; None where it
    agrees to be one."""
    carried = carried_id(workbook)
    if carried == own_id:
        return None
    if carried is None:  # its title is not ours to tell before it agrees
        return (
            f"this spreadsheet has not agreed yet: in it, write {own_id} into a free cell, and give that cell the name "
            "roadmap_workspace (Data ▸ Named ranges)"
        )
    return (
        f"this spreadsheet belongs to another workbook: if it is to serve this one, write {own_id} into its cell "
        "roadmap_workspace"
    )


def _declared(source: IntakeSource) -> Tab:
    """Intake with the names that the source's columns have there."""
    if not source.column_map:
        return INTAKE
    named: Mapping[str, list[str]] = {column.name: [] for column in INTAKE.columns}
    for there, ours in source.column_map.items():
        named[ours].append(there)
    columns = tuple(
        dataclasses.replace(column, aliases=(*named[column.name], *column.aliases)) for column in INTAKE.columns
    )
    return dataclasses.replace(INTAKE, columns=columns)


def _no_tab(workbook: Workbook, source: IntakeSource) -> str:
    sheets = [str(sheet.get("properties", {}).get("title", "")) for sheet in workbook.metadata.get("sheets", ())]
    near = difflib.get_close_matches(folded(source.tab), {folded(title): title for title in sheets}, n=1, cutoff=0.6)
    found = next((title for title in sheets if near and folded(title) == near[0]), "")
    mend = (
        f"write {found} in the column tab" if found else "write the name of the tab with the requests in the column tab"
    )
    return f"“{one_line(workbook.title, 60)}” has no tab {source.tab!r}: {mend}"


def _context(workbook: Workbook) -> Context:
    return Context(locale=workbook.locale, time_zone=workbook.time_zone if is_time_zone(workbook.time_zone) else "UTC")


def _rows(table: Table, name: str) -> tuple[IntakeRow, ...]:
    """The rows that ask for something: a key alone is what is left of a request that was cleared."""
    fields = IntakeRow.__dataclass_fields__.keys()
    return tuple(
        IntakeRow(tab=name, **row.place, **{column: row.values[column] for column in row.values.keys() & fields})
        for row in table.rows
        if "title" in row.values
    )
