"""What the page makes of a tab without a browser: compact rows, changes between revisions, requests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheets_sync.local import page_edits as edits
from sheets_sync.local.page_cells import Palette, RawRow, Surroundings, row_view
from sheets_sync.local.page_patch import named_rows, patch
from sheets_sync.local.page_styles import cell_css, text_css
from sheets_sync.local.page_view import TabView, frame_of

DROPDOWN = {"condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "a"}, {"userEnteredValue": "b"}]}}


def view_of(cells: list[list[dict[str, Any]]], **sheet: Any) -> TabView:
    properties = {
        "sheetId": 7,
        "title": "It's",
        "gridProperties": {"rowCount": 10, "columnCount": 4, "frozenRowCount": 1},
    }
    whole = {"properties": properties, **sheet}
    raw = [RawRow(cells=row) for row in cells] + [RawRow()] * (10 - len(cells))
    around = Surroundings(lists={"a\x1fb": ("a", "b")})
    rows = [row_view(index, row, around, Palette()) for index, row in enumerate(raw)]
    return TabView(
        sheet_id=7,
        title="It's",
        revision=1,
        frame=frame_of(whole, {}),
        around=around,
        raw=raw,
        rows=rows,
        uids=list(range(len(rows))),
        next_uid=len(rows),
        sheet=sheet,
    )


def text(value: str, **more: Any) -> dict[str, Any]:
    return {
        "userEnteredValue": {"stringValue": value},
        "effectiveValue": {"stringValue": value},
        "formattedValue": value,
    } | more


rows_lists = st.lists(
    st.sampled_from(["", "x", "y", "z"]).map(lambda value: {"c": [value]} if value else {}), max_size=12
)


@given(rows_lists, rows_lists)
def test_a_window_that_applies_the_patch_shows_the_new_rows(before: list[Any], after: list[Any]) -> None:
    blank = view_of([])
    old = replace(blank, rows=before, uids=list(range(len(before))), next_uid=len(before))
    rows, uids, next_uid = named_rows(old, after)
    new = replace(old, rows=rows, uids=uids, next_uid=next_uid)
    change = patch(old, new)
    shown = dict(zip(old.uids, old.rows, strict=True)) | change.get("rows", {})
    assert [shown[uid] for uid in change.get("order", old.uids)] == after
    assert len(set(uids)) == len(uids)
    assert max(uids, default=-1) < next_uid


def test_a_row_keeps_its_name_when_one_is_inserted_above_and_when_rows_are_sorted() -> None:
    old = replace(view_of([]), rows=[{"c": [name]} for name in "abc"], uids=[0, 1, 2], next_uid=3)
    _, uids, _ = named_rows(old, [{"c": ["a"]}, {}, {"c": ["b"]}, {"c": ["c"]}])
    assert uids == [0, 3, 1, 2]
    _, uids, _ = named_rows(old, [{"c": [name]} for name in "cba"])
    assert uids == [2, 1, 0]


def test_a_row_edited_in_its_place_keeps_its_name() -> None:
    old = replace(view_of([]), rows=[{"c": [name]} for name in "abc"], uids=[0, 1, 2], next_uid=3)
    rows, uids, _ = named_rows(old, [{"c": ["a"]}, {"c": ["new"]}, {"c": ["c"]}])
    assert uids == [0, 1, 2]
    assert patch(old, replace(old, rows=rows)) == {"rows": {1: {"c": ["new"]}}}


def test_a_row_edited_below_one_that_was_inserted_meanwhile_keeps_its_name() -> None:
    old = replace(view_of([]), rows=[{"c": [name, "x"]} for name in "abc"] + [{}], uids=[0, 1, 2, 3], next_uid=4)
    rows = [{"c": ["a", "x"]}, {}, {"c": ["b", "x"]}, {"c": ["c", "y"]}, {}]
    assert named_rows(old, rows)[1] == [0, 4, 1, 2, 3]
    rows = [{"c": ["a", "x"]}, {"c": ["b", "x"]}, {}, {"c": ["c", "y"]}, {}]
    assert named_rows(old, rows)[1] == [0, 1, 4, 2, 3]


def test_formats_become_css_made_of_known_words_only() -> None:
    hostile = {"textFormat": {"fontFamily": "x';}</style><script>alert(1)", "foregroundColor": {"red": "url(x)"}}}
    css = cell_css(hostile, "left", None)
    assert not set("<>{}()") & set(css)
    assert text_css({"bold": True, "fontSize": 18, "foregroundColorStyle": {"rgbColor": {"red": 1}}}) == (
        "color:#ff0000;font-weight:700;font-size:24.0px"
    )


def test_a_band_shows_where_the_cell_has_no_fill_of_its_own() -> None:
    own = {"backgroundColor": {"red": 1}}
    white = {"backgroundColor": {"red": 1, "green": 1, "blue": 1}}
    assert "background:#00ff00" in cell_css(white, "left", "#00ff00")
    assert "background:#ff0000" in cell_css(own, "left", "#00ff00")


def test_a_cell_carries_its_note_its_formula_and_its_dropdown() -> None:
    formula = {
        "userEnteredValue": {"formulaValue": "=1+1"},
        "effectiveValue": {"numberValue": 2},
        "formattedValue": "2",
    }
    view = view_of([[formula, text("q", note="why", dataValidation=DROPDOWN | {"strict": True})]])
    number, choice = view.rows[0]["c"]
    assert number[0] == "2"
    assert number[2] == {"e": "=1+1"}
    assert choice[2] == {"n": "why", "d": 0, "w": 1}


@pytest.mark.parametrize(
    ("pasted", "cells"),
    [
        ("a\tb\nc\td\n", [["a", "b"], ["c", "d"]]),
        ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("x;y\n1,5;2\n", [["x", "y"], ["1,5", "2"]]),
        ("one, two", [["one, two"]]),
        ('"two\nlines"\tb', [["two\nlines", "b"]]),
        ("", [[""]]),
    ],
)
def test_a_pasted_block_is_cut_into_cells(pasted: str, cells: list[list[str]]) -> None:
    assert edits.block(pasted) == cells


def test_a_strict_dropdown_refuses_what_it_does_not_list_and_a_lenient_one_takes_it() -> None:
    view = view_of([[text("a", dataValidation=DROPDOWN | {"strict": True}), text("a", dataValidation=DROPDOWN)]])
    assert "A1 does not take “c”" in str(edits.refusal(view, 0, 0, "c"))
    assert edits.refusal(view, 0, 0, "b") is None
    assert edits.refusal(view, 0, 1, "c") is None


def test_a_protected_range_guards_its_cells_but_for_the_unprotected_ones() -> None:
    guard = {
        "range": {"sheetId": 7, "startColumnIndex": 2},
        "unprotectedRanges": [{"sheetId": 7, "startRowIndex": 5, "startColumnIndex": 2}],
        "warningOnly": True,
    }
    view = view_of([], protectedRanges=[guard])
    assert edits.guarded(view, 0, 1) is None
    assert edits.guarded(view, 0, 1, 1, 2) == guard
    assert edits.guarded(view, 5, 3) is None


def test_rows_are_deleted_from_the_last_to_the_first() -> None:
    spans = [request["deleteDimension"]["range"] for request in edits.deleted_rows(view_of([]), [4, 2, 3, 8])]
    assert [(span["startIndex"], span["endIndex"]) for span in spans] == [(8, 9), (2, 5)]


def test_sorting_leaves_the_frozen_rows_and_the_empty_end_alone() -> None:
    view = view_of([[text("head")], [text("b")], [text("a")]])
    area = edits.sorted_rows(view, 0, ascending=True)[0]["sortRange"]["range"]
    assert (area["startRowIndex"], area["endRowIndex"]) == (1, 3)
    assert edits.sorted_rows(view_of([[text("head")]]), 0, ascending=True) == []


def test_a_tab_title_with_a_quote_makes_a_valid_range() -> None:
    assert edits.area_name(view_of([]), 1, 1, 2, 2) == "'It''s'!B2:C3"
