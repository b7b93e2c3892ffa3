"""A key of Initiatives that somebody cleared or typed over comes back and is told, or the row says what to type."""

from __future__ import annotations

import gspread
import pytest

from jobs.check import check
from jobs.show import Asked
from jobs.workspaces import create

TITLES = ("One-tap checkout", "Group orders", "Live map", "Live map")


@pytest.fixture(scope="module")
def connections(world):
    with world.connected() as made:
        yield made


@pytest.fixture
def workspace(connections):
    return create(connections, "Keys").workspace


@pytest.fixture
def sheet(world, connections, workspace) -> gspread.Worksheet:
    """Initiatives with four rows that the product has read and given keys."""
    sheet = world.spreadsheet(workspace.spreadsheet_id).worksheet("Initiatives")
    at = gspread.utils.rowcol_to_a1(2, sheet.row_values(1).index("title") + 1)
    sheet.update([[title] for title in TITLES], at, raw=True)
    check(connections, workspace, Asked())
    assert all(column(sheet, "initiative_key"))
    return sheet


def column(sheet: gspread.Worksheet, name: str) -> list[str]:
    """Its first four cells below the header."""
    place = sheet.row_values(1).index(name)
    rows = sheet.get_all_values()[1:5]
    return [row[place] for row in rows]


def type_key(sheet: gspread.Worksheet, row: int, text: str) -> None:
    at = gspread.utils.rowcol_to_a1(row, sheet.row_values(1).index("initiative_key") + 1)
    sheet.update([[text]], at, raw=True)


def checks(sheet: gspread.Worksheet) -> list[str]:
    header, *rows = sheet.spreadsheet.worksheet("Checks").get_all_values()
    return [row[header.index("problem")] for row in rows]


def test_keys_that_were_cleared_or_typed_over_are_put_back_and_told(connections, workspace, sheet) -> None:
    """Whatever stood there; Contributions and the database keep their initiative; the next cycle is quiet."""
    before = column(sheet, "initiative_key")
    type_key(sheet, 2, "")
    type_key(sheet, 3, "abc")
    check(connections, workspace, Asked())
    assert column(sheet, "initiative_key") == before
    told = [text for text in checks(sheet) if "put back" in text]
    assert [text.partition(" was")[0] for text in told] == before[:2]
    assert "it had been cleared" in told[0]
    assert "'abc' had been typed over it" in told[1]
    assert column(sheet, "sys: status")[:2] == ["OK", "OK"]
    type_key(sheet, 3, "INIT-077777")
    check(connections, workspace, Asked())
    assert column(sheet, "initiative_key") == before


def test_where_two_initiatives_have_one_title_the_row_says_what_to_type_and_gets_no_new_key(
    connections, workspace, sheet
) -> None:
    before = column(sheet, "initiative_key")
    type_key(sheet, 4, "")
    for _ in range(2):
        check(connections, workspace, Asked())
        assert column(sheet, "initiative_key") == [*before[:2], "", before[3]]
        assert f"write {before[2]}" in column(sheet, "sys: message")[2]
        assert column(sheet, "sys: status")[2] == "ERROR"
    type_key(sheet, 4, before[2])
    check(connections, workspace, Asked())
    assert column(sheet, "initiative_key") == before
    assert column(sheet, "sys: status")[2] == "WARN"
