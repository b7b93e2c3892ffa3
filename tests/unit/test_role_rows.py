"""Role rows count only where nobody but owner, service account and whom init let in may write."""

from __future__ import annotations

from typing import Any

import pytest

from engine.inputs import SetupRow
from sheets_sync.grids import Grid, Workbook
from sheets_sync.role_rows import DESCRIPTION, ROLES, RoleRows, read_roles

EDITORS = frozenset({"worker@example.iam.gserviceaccount.com", "owner@example.com"})
BOX = {"sheetId": 7, "startRowIndex": 2, "endRowIndex": 6, "startColumnIndex": 0, "endColumnIndex": 2}
ROWS = [
    ["key", "value", "notes"],
    ["time_zone", "Europe/Berlin"],
    ["may_view", ""],
    ["may_plan", "@example.com"],
    ["may_approve", "Ana@example.com; bo@example.com"],
    ["may_publish", "ana@example.com"],
]


def guarded(**changes: Any) -> dict[str, Any]:
    return {"range": BOX, "description": DESCRIPTION, "editors": {"users": sorted(EDITORS)}} | changes


def book(rows: list[list[Any]] = ROWS, *ranges: dict[str, Any], title: str = "Setup") -> Workbook:
    grid = Grid(title=title, sheet_id=7, row_count=100, column_count=26, values=rows)
    sheet = {"properties": {"sheetId": 7, "title": title}, "protectedRanges": list(ranges)}
    return Workbook(
        spreadsheet_id="book-1",
        title="Book",
        url="",
        locale="en_US",
        time_zone="UTC",
        grids={title: grid},
        metadata={"sheets": [sheet]},
    )


def typed(rows: list[list[Any]]) -> list[SetupRow]:
    return [
        SetupRow(tab="Setup", row=number, digest="", cells={}, bad=frozenset(), key=row[0], value=row[1] or None)
        for number, row in enumerate(rows[1:], start=2)
        if row
    ]


def read(rows: list[list[Any]] = ROWS, *ranges: dict[str, Any], **more: Any) -> RoleRows:
    found = ranges or (guarded(),)
    return read_roles(book(rows, *found, **more), typed(rows), EDITORS)


def test_roles_in_the_protected_range_count_in_small_letters() -> None:
    found = read()
    assert found.trouble is None
    assert not found.findings
    assert found.lists == {
        "may_view": (),
        "may_plan": ("@example.com",),
        "may_approve": ("ana@example.com", "bo@example.com"),
        "may_publish": ("ana@example.com",),
    }


def test_they_count_whatever_became_of_headers_and_of_the_tabs_name() -> None:
    """Anyone may rename those, and so turn another column into the one that is read by its name."""
    renamed = [["x", "y", "value"], *ROWS[1:]]
    assert read_roles(book(renamed, guarded()), [], EDITORS).lists == read().lists
    assert read_roles(book(ROWS, guarded(), title="Old"), [], EDITORS).lists == read().lists


@pytest.mark.parametrize(
    "changes",
    [
        {"warningOnly": True},
        {"editors": {"users": [*EDITORS, "eve@example.com"]}},
        {"editors": {"users": sorted(EDITORS), "groups": ["all@example.com"]}},
        {"editors": {"users": sorted(EDITORS), "domainUsersCanEdit": True}},
        {"editors": {}},
        {"unprotectedRanges": [{**BOX, "startRowIndex": 5}]},
        {"range": {"sheetId": 7}},
    ],
    ids=["warns", "another editor", "group", "domain", "editors unseen", "a hole", "the whole sheet"],
)
def test_a_range_into_which_others_may_write_does_not_count(changes: dict[str, Any]) -> None:
    found = read(ROWS, guarded(**changes))
    assert found.trouble
    assert not any(found.lists.values())
    assert [finding.severity for finding in found.findings] == ["ERROR"]


def test_a_second_range_a_missing_one_and_one_of_nobody_do_not_count() -> None:
    assert "twice" in (
        read(ROWS, guarded(), guarded(range={**BOX, "startRowIndex": 8, "endRowIndex": 9})).trouble or ""
    )
    other = guarded(description="Something else")
    assert "gone" in (read_roles(book(ROWS, other), typed(ROWS), EDITORS).trouble or "")
    assert "did not protect" in (read_roles(book(ROWS, guarded()), typed(ROWS), None).trouble or "")


@pytest.mark.parametrize(
    "row",
    [
        ["may_publish", "eve@example.com"],
        ["May Publish", "eve@example.com"],
        ["may-plan", ""],
    ],
)
def test_a_role_row_elsewhere_is_told_on_its_row(row: list[str]) -> None:
    found = read([*ROWS, row])
    assert [finding.row for finding in found.findings] == [7]
    assert found.trouble


@pytest.mark.parametrize("value", ["everybody", "ana@", "ana@example", 7, True, "ana@example.com bo"])
def test_a_value_that_names_nobody_does_not_open_the_role(value: Any) -> None:
    found = read([*ROWS[:5], ["may_publish", value]])
    assert found.trouble
    assert [finding.cell for finding in found.findings] == ["A6"]


def test_a_role_twice_or_missing_in_the_range_is_told() -> None:
    assert "twice" in (read([*ROWS[:4], ["may_publish", ""], ROWS[5]]).trouble or "")
    assert "missing" in (read([*ROWS[:5], []]).trouble or "")


def test_a_workbook_of_before_has_no_roles_and_no_trouble_until_somebody_types_one() -> None:
    plain = ROWS[:2]
    assert read_roles(book(plain), typed(plain), None) == RoleRows(lists=dict.fromkeys(ROLES, ()))
    wild = [*plain, ["may_publish", "eve@example.com"]]
    found = read_roles(book(wild), typed(wild), None)
    assert [finding.row for finding in found.findings] == [3]
    assert found.trouble
