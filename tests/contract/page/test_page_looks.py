"""How a tab looks on the page: notes, fills, merges, charts, hidden parts; hostile text stays text."""

from __future__ import annotations

from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect


def test_hostile_text_stays_text_in_cells_notes_tabs_and_titles(book: Any, server: Any) -> None:
    rename = {"properties": {"sheetId": 5, "title": book.hostile[:60]}, "fields": "title"}
    book.change({"updateSheetProperties": rename})
    window = book.window()
    expect(window.cell("A3")).to_have_text(book.hostile)
    window.cell("A3").hover()
    expect(window.page.locator(".ag-tooltip")).to_have_text(book.hostile)
    expect(window.page.locator(".book-title")).to_have_text(f"Plan {book.hostile}")
    window.type_into("B3", book.hostile)
    expect(window.cell("B3")).to_have_text(book.hostile)
    window.page.goto(f"{server.base_url}/?list=1")
    expect(window.page.locator(".file-name").first).to_contain_text("<img")
    assert window.page.evaluate("window.hacked") is None


def test_a_script_link_is_shown_as_text_and_a_web_link_as_a_link(book: Any) -> None:
    runs = [{"startIndex": 0, "format": {"link": {"uri": "javascript:alert(1)"}}}]
    good = [{"startIndex": 0, "format": {"link": {"uri": "https://example.com/"}}}]
    cells = [book.text("bad", textFormatRuns=runs), book.text("good", textFormatRuns=good)]
    start = {"sheetId": 0, "rowIndex": 9, "columnIndex": 0}
    try:
        book.change({"updateCells": {"rows": [{"values": cells}], "fields": "*", "start": start}})
    except Exception:  # the service may refuse such a link before the page ever sees it
        start["columnIndex"] = 1
        book.change({"updateCells": {"rows": [{"values": cells[1:]}], "fields": "*", "start": start}})
    window = book.window()
    expect(window.cell("B10").locator("a")).to_have_attribute("href", "https://example.com/")
    assert window.page.locator('a[href^="javascript"]').count() == 0


def test_a_note_shows_on_hover(book: Any) -> None:
    window = book.window()
    expect(window.cell("B1").locator(".corner.note")).to_be_visible()
    window.cell("B1").hover()
    expect(window.page.locator(".ag-tooltip")).to_have_text("What department means")


def test_hidden_columns_and_rows_show_when_asked_for(book: Any) -> None:
    for dimension, index in (("COLUMNS", 1), ("ROWS", 2)):
        span = {"sheetId": 0, "dimension": dimension, "startIndex": index, "endIndex": index + 1}
        change = {"range": span, "properties": {"hiddenByUser": True}, "fields": "hiddenByUser"}
        book.change({"updateDimensionProperties": change})
    window = book.window()
    expect(window.cell("A4")).to_be_visible()
    expect(window.cell("B4")).to_have_count(0)
    expect(window.cell("A3")).to_have_count(0)
    window.page.get_by_label("Show or hide the hidden columns and rows").click()
    expect(window.cell("B3")).to_be_visible()


def test_merged_cells_and_fills_show_as_one_coloured_box(book: Any) -> None:
    area = {"sheetId": 5, "startRowIndex": 1, "endRowIndex": 3, "startColumnIndex": 1, "endColumnIndex": 3}
    red = {"userEnteredFormat": {"backgroundColor": {"red": 1}}}
    book.change(
        {"mergeCells": {"range": area, "mergeType": "MERGE_ALL"}},
        {"repeatCell": {"range": area, "cell": red, "fields": "userEnteredFormat.backgroundColor"}},
    )
    window = book.window()
    window.page.get_by_role("button", name="It's second").click()
    expect(window.page.locator(".tab-current")).to_have_text("It's second")
    merged, single = window.cell("B2").bounding_box(), window.cell("D2").bounding_box()
    assert merged["width"] == pytest.approx(2 * single["width"], abs=2)
    assert merged["height"] == pytest.approx(2 * single["height"], abs=2)
    assert window.cell("B2").locator(".cell").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 0, 0)"
