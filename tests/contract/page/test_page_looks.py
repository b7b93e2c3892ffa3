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


def chart(chart_type: str, **position: Any) -> dict[str, Any]:
    """A chart of column C by column A of the first tab, rows 11 to 14, the first being the header."""

    def column(index: int) -> dict[str, Any]:
        area = {"sheetId": 0, "startRowIndex": 10, "endRowIndex": 14}
        return {"sourceRange": {"sources": [area | {"startColumnIndex": index, "endColumnIndex": index + 1}]}}

    basic = {
        "chartType": chart_type,
        "headerCount": 1,
        "legendPosition": "TOP_LEGEND",
        "domains": [{"domain": column(0)}],
        "series": [{"series": column(2)}],
    }
    spec = {"title": "Tokens by team", "basicChart": basic}
    if chart_type == "PIE":
        spec = {"title": "Shares", "pieChart": {"domain": column(0), "series": column(2)}}
    if chart_type == "HISTOGRAM":
        spec = {"title": "How often", "histogramChart": {"series": [{"data": column(2)}]}}
    overlay = {"anchorCell": {"sheetId": 0, "rowIndex": 15, "columnIndex": 1}, "widthPixels": 400, "heightPixels": 250}
    return {"chart": {"spec": spec, "position": {"overlayPosition": overlay | position}}}


def test_a_chart_lies_over_its_cells_and_follows_its_numbers(book: Any) -> None:
    book.put(
        "Initiatives!A11:C14", ["team", "", "tokens"], [book.hostile[:12], "", 40], ["Ops", "", 70], ["HR", "", 30]
    )
    book.change({"addChart": chart("COLUMN")})
    window = book.window()
    drawn = window.page.get_by_role("img", name="Tokens by team")
    expect(drawn).to_contain_text("Tokens by team")
    expect(drawn).to_contain_text(book.hostile[:12])
    box, cell = drawn.bounding_box(), window.cell("B16").bounding_box()
    assert (box["x"], box["y"]) == (pytest.approx(cell["x"], abs=2), pytest.approx(cell["y"], abs=2))
    assert (box["width"], box["height"]) == (400, 250)
    expect(drawn).not_to_contain_text("1,000")
    window.type_into("C12", "950")
    expect(drawn).to_contain_text("1,000")
    assert drawn.locator("img").count() == 0
    book.change({"deleteEmbeddedObject": {"objectId": int(drawn.get_attribute("data-chart"))}})
    expect(drawn).to_have_count(0)


@pytest.mark.parametrize("kind", ["BAR", "LINE", "AREA", "SCATTER", "PIE"])
def test_every_common_kind_of_chart_is_drawn(book: Any, kind: str) -> None:
    book.put("Initiatives!A11:C14", ["team", "", "tokens"], [1, "", 40], [2, "", 70], [3, "", 30])
    book.change({"addChart": chart(kind)})
    drawn = book.window().page.locator("figure.chart svg")
    expect(drawn.locator("path").first).to_be_attached()


def test_a_kind_of_chart_that_is_not_drawn_says_so(book: Any) -> None:
    book.change({"addChart": chart("HISTOGRAM")})
    expect(book.window().page.get_by_role("img", name="How often")).to_contain_text("is not drawn here")


def test_conditional_formats_fill_cells_and_follow_their_values(book: Any) -> None:
    area = {"sheetId": 0, "startRowIndex": 1, "startColumnIndex": 0, "endColumnIndex": 2}
    wanted = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": '=($C2>100)*($E2<>"done")'}]}
    grey = {"backgroundColorStyle": {"rgbColor": {"red": 1, "green": 1}}}
    rule = {"ranges": [area], "booleanRule": {"condition": wanted, "format": grey}}
    book.change({"addConditionalFormatRule": {"rule": rule, "index": 0}})
    window = book.window()
    expect(window.cell("A2")).to_be_visible()
    assert (book.fill(window, "A2"), book.fill(window, "A4")) == ("rgb(255, 255, 0)", "rgb(255, 255, 255)")
    window.type_into("C4", "101")
    expect(window.cell("B4").locator(".cell")).to_have_css("background-color", "rgb(255, 255, 0)")
    window.type_into("C2", "5")
    expect(window.cell("A2").locator(".cell")).to_have_css("background-color", "rgb(255, 255, 255)")


def test_the_header_stays_when_the_rows_scroll(book: Any) -> None:
    window = book.window("#gid=0&range=A40")
    expect(window.cell("A40")).to_be_visible()
    expect(window.cell("A1")).to_be_visible()
    assert window.cell("A2").count() == 0 or not window.cell("A2").is_visible()


def test_a_collapsed_group_of_columns_is_hidden_until_it_is_asked_for(book: Any) -> None:
    span = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 1, "endIndex": 3}
    group = {"range": span, "depth": 1, "collapsed": True}
    fold = {"updateDimensionGroup": {"dimensionGroup": group, "fields": "collapsed"}}
    book.change({"addDimensionGroup": {"range": span}}, fold)
    window = book.window()
    expect(window.cell("D2")).to_be_visible()
    expect(window.cell("B2")).to_have_count(0)
    window.page.get_by_label("Show or hide the hidden columns and rows").click()
    expect(window.cell("C2")).to_be_visible()


def test_the_note_of_the_cell_under_the_cursor_stands_in_the_bar(book: Any) -> None:
    window = book.window()
    window.cell("A3").click()
    expect(window.page.locator(".cell-note")).to_have_text(book.hostile)
    window.cell("A4").click()
    expect(window.page.locator(".cell-note")).to_have_text("")
