"""Windows, tabs and links of the page, and windows that see each other's edits."""

from __future__ import annotations

from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect


def test_an_edit_reaches_the_service_and_every_other_window(book: Any) -> None:
    one, other = book.windows()
    one.type_into("A2", "Two-tap checkout")
    expect(other.cell("A2")).to_have_text("Two-tap checkout")
    assert book.values()[1][0] == "Two-tap checkout"


def test_a_link_within_the_workbook_jumps_to_its_cell_on_another_tab(book: Any) -> None:
    link = [{"startIndex": 0, "format": {"link": {"uri": "#gid=5&range=C7"}}}]
    start = {"sheetId": 0, "rowIndex": 9, "columnIndex": 0}
    cells = [{"values": [book.text("see there", textFormatRuns=link)]}]
    book.change({"updateCells": {"rows": cells, "fields": "*", "start": start}})
    window = book.window()
    window.cell("A10").locator("a").click()
    expect(window.page.locator(".cell-name")).to_have_text("C7")
    expect(window.page.locator(".tab-current")).to_have_text("It's second")


def test_an_address_opens_the_tab_and_the_cell_that_it_names(book: Any) -> None:
    window = book.window("#gid=6&range=B3")
    expect(window.page.locator(".cell-name")).to_have_text("B3")
    expect(window.page.locator(".tab-current")).to_have_text("Engine room")


def test_a_deleted_tab_gives_way_to_another_one(book: Any) -> None:
    window = book.window("#gid=5")
    book.change({"deleteSheet": {"sheetId": 5}})
    expect(window.page.locator(".tab-current")).to_have_text("Initiatives")
    expect(window.cell("A2")).to_have_text("One-tap checkout")


def test_hidden_tabs_stand_behind_a_menu(book: Any) -> None:
    window = book.window()
    expect(window.page.locator(".book-tabs")).not_to_contain_text("Engine room")
    window.page.get_by_label("Hidden tabs").click()
    window.page.locator(".q-menu").get_by_text("Engine room").click()
    expect(window.page.locator(".tab-current")).to_have_text("Engine room")


def test_the_page_asks_nothing_of_the_network(book: Any) -> None:
    page = book.context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{book.server.base_url}/w/{book.id}")
    expect(page.locator(".ag-row").first).to_be_visible()
    assert [url for url in asked if not url.startswith((book.server.base_url, "data:", "ws://127.0.0.1"))] == []


def test_the_list_shows_every_workbook_and_leads_to_it(book: Any) -> None:
    page = book.context.new_page()
    page.goto(f"{book.server.base_url}/?list=1")
    page.locator(f'a[href="/w/{book.id}"]').click()
    expect(page.locator(".ag-row").first).to_be_visible()


def test_an_unknown_workbook_is_said_so(server: Any, context: Any) -> None:
    page = context.new_page()
    page.goto(f"{server.base_url}/w/nowhere")
    expect(page.get_by_text("There is no such workbook here.")).to_be_visible()


def test_a_tab_is_renamed_by_a_double_click_and_every_window_sees_it(book: Any) -> None:
    one, other = book.windows()
    one.page.get_by_role("button", name="It's second").dblclick()
    one.page.get_by_label("Name of the tab").fill("Our rules")
    one.page.get_by_role("button", name="Rename").click()
    expect(other.page.get_by_role("button", name="Our rules")).to_be_visible()
    one.page.get_by_role("button", name="Our rules").click(button="right")
    one.page.get_by_text("Rename…").click()
    one.page.get_by_label("Name of the tab").fill("Initiatives")
    one.page.keyboard.press("Enter")
    expect(one.page.locator(".q-notification")).to_contain_text("already exists")
    titles = [sheet["properties"]["title"] for sheet in book.server.service.get_spreadsheet(book.id)["sheets"]]
    assert titles == ["Initiatives", "Our rules", "Engine room"]


def test_a_hyperlink_formula_jumps_to_its_cell_even_on_a_hidden_tab(book: Any) -> None:
    book.put("Initiatives!A10", ['=HYPERLINK("#gid=6&range=C9", "Engine room!C9")'])
    window = book.window()
    window.cell("A10").locator("a").click()
    expect(window.page.locator(".cell-name")).to_have_text("C9")
    expect(window.page.locator(".tab-current")).to_have_text("Engine room")


def test_a_link_of_google_sheets_form_leads_to_the_workbook_and_its_cell(book: Any) -> None:
    page = book.context.new_page()
    page.goto(f"{book.server.base_url}/spreadsheets/d/{book.id}/edit#gid=5&range=B4")
    expect(page.locator(".cell-name")).to_have_text("B4")
    expect(page.locator(".tab-current")).to_have_text("It's second")


def test_rows_inserted_sorted_and_deleted_in_one_window_move_in_the_other(book: Any) -> None:
    one, other = book.windows()
    one.cell("A3").click()
    one.page.get_by_label("Insert a row above").click()
    expect(other.cell("A5")).to_have_text("Loyalty")
    one.cell("A2").click()
    one.page.get_by_label("Sort the rows by this column, A to Z").click()
    expect(other.cell("A3")).to_have_text("Loyalty")
    one.cell("A3").click()
    one.page.get_by_label("Delete the row").click()
    expect(other.cell("A3")).to_have_text("One-tap checkout")


def test_a_tab_of_five_thousand_rows_scrolls_to_its_end_and_shows_an_edit_made_elsewhere(book: Any) -> None:
    grid = {"rowCount": 5_000, "columnCount": 26, "frozenRowCount": 1}
    book.change({"addSheet": {"properties": {"sheetId": 9, "title": "Long", "gridProperties": grid}}})
    book.put("Long!A1:Z5000", *([f"{row}.{column}" for column in range(26)] for row in range(5_000)))
    window = book.window("#gid=9&range=B4990")
    expect(window.cell("B4990")).to_have_text("4989.1")
    book.put("Long!B4990", ["seen"])
    expect(window.cell("B4990")).to_have_text("seen")
    assert window.page.locator(".ag-row").count() < 200
