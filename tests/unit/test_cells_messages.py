"""Messages: a product manager who has never seen the product mends the cell from the message alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.compile import compile_problem
from engine.findings import Finding, Severity
from sheets_sync.grids import Grid, Workbook
from sheets_sync.rows import read_inputs
from sheets_sync.sample import SAMPLE_SIZE, sample_tables
from sheets_sync.tabs import TABS, Tab, tab

KEYS = [f"INIT-{number:06d}" for number in range(1, SAMPLE_SIZE + 1)]
HOSTILE: tuple[Any, ...] = (
    "abc", "1.234", "1,234", "€120", "25%", "120 tokens", -5, 0, 0.5, 30, 1e300, True, "#REF!", "#N/A", "03/04/2026",
    "2026-Q9", 46112, "INIT-999999", "init-1", "revenue, revenue", "{", "yes", "a\x00b", "x" * 60_000, "UK|DE|FR",
    "=1+1", "Sharing", None,
)  # fmt: skip
MENDS = re.compile(
    r"\b(write|choose|clear|keep|rename|delete|tick|untick|mend|add|correct|shorten|retype|switch|run|move|give|undo"
    r"|change|type|take|did you mean|name|leave|is enough|wait until)\b",
    re.IGNORECASE,
)
"""What a proposal says."""


def book(tables: Mapping[str, Sequence[Mapping[str, Any]]], *, without: str = "") -> Workbook:
    grids: dict[str, Grid] = {}
    for declared in TABS:
        rows = tables.get(declared.name, ())
        names = list(dict.fromkeys([*declared.names, *(name for row in rows for name in row)]))
        values = [names, *([cell(row.get(name)) for name in names] for row in rows)]
        grids[declared.name] = Grid(
            title=declared.name, sheet_id=declared.sheet_id, row_count=99, column_count=99, values=values
        )
    grids.pop(without, None)
    return Workbook(
        spreadsheet_id="s", title="t", url="u", locale="en_US", time_zone="Europe/Berlin", grids=grids,
        metadata={"sheets": []},
    )  # fmt: skip


def cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return (value - date(1899, 12, 30)).days if isinstance(value, date) else value


def findings_of(workbook: Workbook) -> tuple[Finding, ...]:
    inputs, findings = read_inputs(workbook)
    compiled = compile_problem(inputs, scenario=None, constraint_set=None, today=date(2026, 1, 13))
    return (*findings, *compiled.findings)


def weak(finding: Finding) -> str | None:
    """What a PM would miss in a finding; None where the message is enough."""
    if not MENDS.search(finding.message):
        return "it proposes nothing"
    if finding.row and finding.column is None and not _names_a_place(finding):
        return "it names no column"
    if re.search(r"None|Decimal|Traceback|Error\b|<.*>|frozenset|\\x", finding.message):
        return "it speaks of the program"
    return "it is too long" if len(finding.message) > 600 else None


def _names_a_place(finding: Finding) -> bool:
    """True where a message about a whole row names a column of it, or the tab to go to."""
    names = [*tab(finding.tab).names, *(each.name for each in TABS)]
    return any(name in finding.message for name in names)


def small() -> dict[str, list[dict[str, Any]]]:
    return {name: [dict(row) for row in rows[:6]] for name, rows in sample_tables(KEYS).items()}


def read_tabs() -> Iterator[Tab]:
    return (declared for declared in TABS if declared.is_read and declared.columns)


@pytest.mark.parametrize("name", [declared.name for declared in read_tabs()])
def test_whatever_stands_in_a_cell_each_message_says_how_to_mend_it_and_in_which_column(name: str) -> None:
    """Every column of every tab that people fill, with everything that people have been seen to put there."""
    wrong: dict[str, str] = {}
    count = 0
    for column in (each for each in tab(name).columns if each.is_pm or each.is_required):
        for tables in damaged(name, column.name):
            for finding in findings_of(book(tables)):
                count += 1
                if missing := weak(finding):
                    wrong[str(finding)[:300]] = missing
    assert wrong == {}
    assert count


def damaged(name: str, column: str) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Workbooks in which each hostile value stands in that column once: each beside the others on a row of its own, or,
    where a second row would mean something else, in a workbook of its own."""
    tables = small()
    first = (tables.get(name) or [{}])[0]
    if name in ("Metrics", "Scenarios", "Setup"):
        for value in HOSTILE:
            yield tables | {name: [first | {column: value}, *tables.get(name, [])[1:]]}
        return
    keyed = [first | ({"initiative_key": key} if "initiative_key" in tab(name).names else {}) for key in KEYS]
    rows = [keyed[number % len(keyed)] | {column: value} for number, value in enumerate(HOSTILE)]
    yield tables | {name: rows}


@pytest.mark.parametrize("mode", ["north_star", "weighted_kpis", "lexicographic", "score", ""])
def test_messages_about_objectives_say_what_to_write(mode: str) -> None:
    tables = small()
    for row in tables["Scenarios"]:
        row |= {"objective_mode": mode, "objective_weights": "sales 60%", "objective_order": "sales > nps"}
    tables["Metrics"] = []
    assert [str(one) for one in findings_of(book(tables)) if weak(one)] == []


@pytest.mark.parametrize("name", [declared.name for declared in TABS if declared.columns])
def test_messages_about_tabs_and_columns_say_what_to_do(name: str) -> None:
    found = list(findings_of(book(small(), without=name)))
    for column in tab(name).columns:
        workbook = book(small())
        grid = workbook.grids[name]
        for now in ("", "Mine", tab(name).names[0]):
            texts = [now if text == column.name else text for text in grid.values[0]]
            changed = {**workbook.grids, name: Grid(**_fields(grid) | {"values": [texts, *grid.values[1:]]})}
            found += findings_of(Workbook(**_fields(workbook) | {"grids": changed}))
    assert found
    assert {str(one): weak(one) for one in found if weak(one)} == {}


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def test_a_merged_cell_is_told_on_the_cells_that_look_filled_and_are_blank() -> None:
    workbook = book(small())
    grid = workbook.grids["Initiatives"]
    country = tab("Initiatives").names.index("country")
    merged = {"startRowIndex": 1, "endRowIndex": 3, "startColumnIndex": country, "endColumnIndex": country + 1}
    sheets = [{"properties": {"sheetId": grid.sheet_id, "title": grid.title}, "merges": [merged]}]
    values = [list(row) for row in grid.values]
    values[2][country] = None
    grids = {**workbook.grids, "Initiatives": Grid(**_fields(grid) | {"values": values})}
    inputs, findings = read_inputs(Workbook(**_fields(workbook) | {"grids": grids, "metadata": {"sheets": sheets}}))
    (finding,) = [one for one in findings if "merged" in one.message]
    letter = "ABCDEFGH"[country]
    assert (finding.where, finding.severity) == (f"Initiatives!{letter}3", Severity.ERROR)
    assert f"choose {letter}2:{letter}3, then Format ▸ Merge cells ▸ Unmerge" in finding.message
    assert inputs.initiatives[0].country is not None
    assert "country" in inputs.initiatives[1].bad
