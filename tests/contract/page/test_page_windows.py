"""Windows, tabs and links of the page, and windows that see each other's edits."""

from __future__ import annotations

from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect


def test_an_edit_reaches_the_service_and_every_other_window(book: Any) -> None:
    one, other = book.window(), book.window()
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
