"""What is wrong with rows beside each other: a key twice, a row without its key, a percentage where none belongs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from decimal import Decimal

from engine.findings import Finding, Severity
from engine.keys import normalised
from sheets_sync.cells import plain_text, share_problem, shown
from sheets_sync.characters import plain
from sheets_sync.columns import Kind, Tab
from sheets_sync.grids import Grid, Workbook
from sheets_sync.headers import column_letters, folded, grid_of, header, likeliest, quoted
from sheets_sync.table_rows import Table, TableRow
from sheets_sync.tabs import TABS, tab


def tell_twice(table: Table, column: str, severity: Severity, mend: str) -> None:
    """All rows of a key that stands twice are told; an ERROR stops the run, since which row is meant nobody knows."""
    by_key: dict[str, list[TableRow]] = {}
    for row in table.rows:
        if row.values.get(column):
            by_key.setdefault(row.values[column], []).append(row)
    for key, rows in by_key.items():
        if len(rows) < 2:
            continue
        for row in rows:
            others = [f"row {other.row}" for other in rows if other is not row]
            named = " and ".join([", ".join(others[:3][:-1]), others[:3][-1]] if len(others) > 1 else others)
            message = f"{key} stands in {named} too; {mend}"
            stops_run = severity is Severity.ERROR
            table.tell(row, column, message, severity=severity, is_readable=True, stops_run=stops_run)


def tell_blank(table: Table, column: str, severity: Severity, mend: str) -> None:
    """A row with other cells filled whose ``column`` is blank is told how to mend it."""
    if column not in table.header.columns:
        return
    for row in table.rows:
        if column not in row.values and column not in row.bad:
            table.tell(row, column, f"this row has no {column}; {mend}", severity=severity)


def tell_nameless_requests(requests: Table) -> None:
    """A request without a request_id is never answered: nobody would know which of two it is."""
    mend = "write any word that no other row has, such as run-7, and it is answered within seconds"
    for row in requests.rows:
        if "action" in row.values and "request_id" not in row.values and "request_id" in requests.header.columns:
            requests.tell(row, "request_id", f"this request has no request_id; {mend}")


def tell_unknown_duplicates(initiatives: Table) -> None:
    """What an initiative repeats is another one of the tab."""
    keys = {row.values.get("initiative_key") for row in initiatives.rows}
    for row in initiatives.rows:
        key = row.values.get("duplicate_of")
        if key is None:
            continue
        if key == row.values.get("initiative_key"):
            message = f"{key} is this initiative itself; write the key of the one that it repeats, or clear it"
        elif key in keys:
            continue
        else:
            message = f"{key} is not in Initiatives; correct the key, or clear the cell"
        initiatives.tell(row, "duplicate_of", message, severity=Severity.WARN, is_readable=True)


def tell_same_titles(initiatives: Table) -> None:
    """Initiatives of one title are told on each of their rows: people choose them by title. One that says which other
    it repeats is settled, and so are copied rows of one key, of which something else is told."""
    by_title: dict[str, list[TableRow]] = {}
    for row in initiatives.rows:
        if row.values.get("title") and not row.values.get("duplicate_of"):
            by_title.setdefault(" ".join(normalised(row.values["title"]).split()), []).append(row)
    for first, *others in by_title.values():
        second = next((row for row in others if _known_as(row) != _known_as(first)), None)
        for row in () if second is None else (first, *others):
            other = second if _known_as(row) == _known_as(first) else first
            assert other is not None
            # Named by its row: its key may only be written in this very cycle.
            message = (
                f"same title as row {other.row}; give each a title of its own, or, if both are one initiative, "
                f"write the key of row {other.row} into duplicate_of"
            )
            initiatives.tell(row, "title", message, severity=Severity.WARN)


def _known_as(row: TableRow) -> str | int:
    return row.values.get("initiative_key") or row.row


def tell_reserved_kpis(metrics: Table) -> None:
    """A KPI's key names a column; it cannot be called like one that stands beside the KPIs' own."""
    reserved = {folded(name): name for name in (*tab("Contributions").names, *tab("Portfolio").names)}
    for row in metrics.rows:
        key = row.values.get("kpi_key")
        if key and (":" in key or len(key) > 60):
            metrics.tell(row, "kpi_key", f"{shown(key)} cannot name a column; choose a short name without a colon")
        elif key and folded(key) in reserved:
            name = reserved[folded(key)]
            metrics.tell(row, "kpi_key", f"{shown(key)} is the name of a column ({name}); choose another kpi_key")


def tell_kpi_columns(contributions: Table, metrics: Iterable[TableRow], grid: Grid) -> None:
    """Each active KPI needs its column in Contributions: without one its numbers would all count as blank."""
    top = contributions.header
    used = {*top.columns.values(), *top.families["kpi"].values()}
    texts = [plain_text(cell).strip() for cell in (grid.values[0] if grid.values else ())]
    free = {folded(text): text for index, text in enumerate(texts[:300]) if 0 < len(text) <= 60 and index not in used}
    present = {folded(member) for member in top.families["kpi"]}
    for row in metrics:
        key = row.values.get("kpi_key")
        if not key or folded(key) in present or row.values.get("is_active") is False:
            continue
        near = difflib.get_close_matches(folded(key), free, n=1, cutoff=0.75)
        mend = f"rename the column {free[near[0]]!r} to {key}" if near else f"write {key} as a header in row 1"
        contributions.findings.append(
            Finding(
                severity=Severity.ERROR,
                tab="Contributions",
                column=key,
                message=f"the KPI {shown(key)} has no column here; {mend}, or run `roadmap init` to add it",
                stops_run=True,
            )
        )


def tell_shares(constraints: Table, grid: Grid) -> None:
    """min and max are percentages in share rules, and nowhere else."""
    for row in constraints.rows:
        is_share = str(row.values.get("constraint_type", "")).startswith("share_")
        for column in ("min", "max"):
            value = row.values.get(column)
            if not isinstance(value, Decimal):
                continue
            raw = grid.values[row.row - 1][constraints.header.columns[column]]
            problem = share_problem(value) if is_share else None
            if not is_share and isinstance(raw, str) and plain(raw)[-1:] == "%":
                problem = f"{shown(raw)} is a percentage, which only share rules take; write an amount such as 120"
            if problem:
                constraints.tell(row, column, problem)


def tell_merged(table: Table, workbook: Workbook, grid: Grid) -> None:
    """A merged cell holds its value in the first of its cells alone; the others look filled, and read as blank."""
    columns = {index: name for name, index in table.header.pm_columns.items()}
    rows = {row.row: row for row in table.rows}
    for cells in workbook.merges_of(grid):
        top, left = cells.get("startRowIndex", 0), cells.get("startColumnIndex", 0)
        first = f"{column_letters(left)}{top + 1}"
        for number in range(max(top, 1), min(cells.get("endRowIndex", 0), len(grid.values))):
            for index in range(left, cells.get("endColumnIndex", 0)):
                row, name = rows.get(number + 1), columns.get(index)
                if row is None or name is None or (number, index) == (top, left):
                    continue
                last = f"{column_letters(cells['endColumnIndex'] - 1)}{cells['endRowIndex']}"
                table.tell(
                    row,
                    name,
                    f"this cell is merged with {first}, which alone holds the value; choose {first}:{last}, then"
                    " Format ▸ Merge cells ▸ Unmerge, and write the value into each cell",
                )


def tab_findings(workbook: Workbook, declared: Tab, table: Table | None, kpis: Iterable[str]) -> list[Finding]:
    """All that is wrong with one tab: missing, its header, or its cells, row by row and from left to right."""
    grid = grid_of(workbook, declared)
    if grid is None:
        return [] if declared.is_optional else [_missing(workbook, declared)]
    if table is None:
        return [] if declared.kind is Kind.PAGE else list(header(grid, declared, kpis).findings)
    order = {name: index for index, name in enumerate(table.header.pm_columns)}
    return sorted(table.findings, key=lambda finding: (finding.row or 0, order.get(finding.column or "", -1)))


def _missing(workbook: Workbook, declared: Tab) -> Finding:
    names = {folded(known.name) for known in TABS}
    listed = [str(sheet.get("properties", {}).get("title", "")) for sheet in workbook.metadata.get("sheets", ())]
    ours = {grid.title for each in TABS if (grid := grid_of(workbook, each)) is not None}
    titles = [title for title in (*workbook.grids, *listed) if title not in ours]
    free = {index: title for index, title in enumerate(titles) if folded(title) not in names}
    near = likeliest(declared.name, free)
    mend = f"rename the tab {quoted(free[near])} to {declared.name}, or run" if near is not None else "run"
    return Finding(
        severity=Severity.ERROR,
        tab=declared.name,
        message=f"the tab {declared.name!r} is missing; {mend} `roadmap init` to make it again",
        stops_run=declared.is_read,
    )
