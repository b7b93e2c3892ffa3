"""The menu of a workbook, clicked in the page: its script runs in the browser, as Google runs it."""

from __future__ import annotations

from typing import Any

import pytest

from sheets_sync.gateway import SheetsGateway
from sheets_sync.menu_script import script_files
from tests.contract.conftest import made_workbook
from tests.contract.desk import tables

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect


class Clicks:
    """A workbook of the template with its menu, and a window on it."""

    def __init__(self, book: Any, workbook: str) -> None:
        self.server, self.context, self.id = book.server, book.context, workbook
        self.hostile = book.hostile
        self.page = self.open()

    def open(self) -> Any:
        page = self.context.new_page()
        page.goto(f"{self.server.base_url}/w/{self.id}")
        expect(page.get_by_role("button", name="Roadmap", exact=True).first).to_be_visible()
        return page

    def click(self, entry: str, page: Any = None) -> None:
        page = page or self.page
        page.locator(".book-menus").get_by_text("Roadmap", exact=True).click()
        page.locator(".q-menu").get_by_text(entry, exact=True).click()

    def sidebar(self, page: Any = None) -> Any:
        return (page or self.page).frame_locator(".script-sidebar iframe")

    def rows(self) -> list[dict[str, Any]]:
        header, *rows = self.server.service.values_get(self.id, "Requests")["values"]
        return [dict(zip(header, row, strict=False)) for row in rows if any(row)]

    def put(self, area: str, *rows: list[Any]) -> None:
        self.server.service.values_update(self.id, area, {"values": list(rows)}, value_input_option="RAW")


@pytest.fixture(scope="module")
def original(server: Any) -> str:
    gateway = SheetsGateway(server.key_file, server.base_url, calls_per_minute=10_000)
    try:
        return made_workbook(gateway, tables()).spreadsheet_id
    finally:
        gateway.close()


@pytest.fixture
def clicks(book: Any, original: str) -> Clicks:
    workbook = book.server.service.copy_file(original, {})["id"]
    book.server.scripts.install(workbook, script_files(None))
    return Clicks(book, workbook)


def test_a_click_is_one_row_and_the_sidebar_shows_what_the_worker_writes(clicks: Clicks) -> None:
    clicks.click("Check sheet")
    expect(clicks.sidebar().locator("#status")).to_have_text("waiting")
    (row,) = clicks.rows()
    assert (row["action"], row["requested_by"]) == ("check", "you@roadmap.local")
    clicks.put("Requests!F2:G2", ["running", "half way"])
    expect(clicks.sidebar().locator("#status")).to_have_text("running")
    expect(clicks.sidebar().locator("#bar")).to_be_visible()
    clicks.put("Requests!F2:G2", ["done", "No problem."])
    expect(clicks.sidebar().locator("#message")).to_have_text("No problem.")
    expect(clicks.sidebar().locator("#cancel")).to_be_hidden()
