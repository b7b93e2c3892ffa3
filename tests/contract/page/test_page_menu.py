"""The menu of a workbook, clicked in the page: its script runs in the browser, as Google runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sheets_sync.menu_script import script_files
from tests.contract.conftest import original_workbook

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

    def go_to_initiatives(self) -> None:
        self.page.get_by_role("button", name="Initiatives", exact=True).click()
        expect(self.page.locator('[data-cell="B4"]')).to_have_text("Live map")

    def sidebar(self, page: Any = None) -> Any:
        return (page or self.page).frame_locator(".script-sidebar iframe")

    def waits_for(self, claim: Callable[[], bool]) -> None:
        for _ in range(200):
            if claim():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("it did not come true")

    def values(self, area: str) -> list[list[Any]]:
        return self.server.service.values_get(self.id, area).get("values", [])

    def rows(self) -> list[dict[str, Any]]:
        header, *rows = self.values("Requests")
        return [dict(zip(header, row, strict=False)) for row in rows if any(row)]

    def put(self, area: str, *rows: list[Any]) -> None:
        self.server.service.values_update(self.id, area, {"values": list(rows)}, value_input_option="RAW")


@pytest.fixture(scope="module")
def original(server: Any) -> str:
    return original_workbook(server)


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


def test_two_quick_clicks_are_one_request(clicks: Clicks) -> None:
    clicks.click("Check sheet")
    clicks.click("Check sheet")
    expect(clicks.page.locator(".book-working")).to_have_text("")
    expect(clicks.sidebar().locator("#status")).to_have_text("waiting")
    assert len(clicks.rows()) == 1


def test_a_run_says_first_what_it_is_of_and_begins_by_ok_alone(clicks: Clicks) -> None:
    dialog = clicks.page.locator(".q-dialog")
    clicks.click("Run optimization…")
    expect(dialog).to_contain_text("Candidates: 6")
    dialog.get_by_role("button", name="Cancel").click()
    expect(clicks.page.locator(".book-working")).to_have_text("")
    assert clicks.rows() == []
    clicks.click("Run optimization…")
    dialog.get_by_role("button", name="OK", exact=True).click()
    expect(clicks.sidebar().locator("#action")).to_have_text("optimize")
    assert [row["action"] for row in clicks.rows()] == ["optimize"]


def test_publish_asks_for_the_note_of_the_version(clicks: Clicks) -> None:
    clicks.click("Publish…")
    clicks.page.locator(".q-dialog input").fill("=For the board")
    clicks.page.keyboard.press("Enter")
    expect(clicks.sidebar().locator("#action")).to_have_text("publish")
    assert '"version_note":"=For the board"' in clicks.rows()[0]["arguments"]


def test_a_click_that_waits_for_the_lock_holds_up_nobody_who_types(clicks: Clicks) -> None:
    locks = clicks.server.script_host.locks
    assert locks.take(clicks.id, "somebody else", 0)
    clicks.click("Check sheet")
    expect(clicks.page.locator(".book-working")).to_have_text("Working…")
    clicks.go_to_initiatives()
    clicks.page.locator('[data-cell="B3"]').dblclick()
    clicks.page.keyboard.press("Control+a")
    clicks.page.keyboard.type("typed meanwhile")
    clicks.page.keyboard.press("Enter")
    expect(clicks.page.locator('[data-cell="B3"]')).to_have_text("typed meanwhile")
    clicks.waits_for(lambda: clicks.values("Initiatives!B3") == [["typed meanwhile"]])
    assert clicks.rows() == []
    locks.release(clicks.id, "somebody else")
    expect(clicks.sidebar().locator("#status")).to_have_text("waiting")
    assert len(clicks.rows()) == 1


def test_a_sidebar_closed_and_a_window_opened_later_still_show_the_newest_run(clicks: Clicks) -> None:
    clicks.click("Check sheet")
    expect(clicks.sidebar().locator("#status")).to_have_text("waiting")
    clicks.put("Requests!F2:G2", ["running", "half way"])
    clicks.page.get_by_label("Close the sidebar").click()
    expect(clicks.page.locator(".script-sidebar iframe")).to_have_count(0)
    clicks.click("Status")
    expect(clicks.sidebar().locator("#message")).to_have_text("half way")
    later = clicks.open()
    clicks.click("Status", later)
    expect(clicks.sidebar(later).locator("#message")).to_have_text("half way")
    assert len(clicks.rows()) == 1


def test_what_stands_in_cells_is_shown_as_text_in_sidebar_and_questions(clicks: Clicks) -> None:
    bad = clicks.hostile
    clicks.put("Requests!A2:G2", [f'"{bad}', bad, "{}", bad, 46_000, bad, bad])
    clicks.click("Status")
    frame = clicks.sidebar()
    for part in ("#action", "#message", "#status"):
        expect(frame.locator(part)).to_have_text(bad)
    expect(frame.locator("img")).to_have_count(0)
    clicks.click("Cancel run")
    expect(clicks.page.locator(".q-dialog .ask-script")).to_contain_text(bad)
    clicks.page.get_by_role("button", name="Yes").click()
    expect(clicks.page.locator(".book-working")).to_have_text("")
    expect(clicks.sidebar().locator("#message")).to_have_text(bad)
    assert clicks.page.evaluate("window.hacked") is None
    assert frame.locator("body").evaluate("window.hacked") is None


def test_the_cancel_button_asks_once_for_the_end_of_the_run_it_shows(clicks: Clicks) -> None:
    clicks.put("Requests!A2:G2", ["run-1", "optimize", "{}", "jo", "", "running", ""])
    clicks.click("Status")
    cancel = clicks.sidebar().locator("#cancel")
    expect(cancel).to_be_visible()
    cancel.evaluate("button => { button.click(); button.disabled = false; button.click(); }")
    expect(cancel).to_have_text("Cancel asked for")
    expect(clicks.page.locator(".book-working")).to_have_text("")
    (_, row) = clicks.rows()
    assert (row["action"], '"request_id":"run-1"' in row["arguments"]) == ("cancel", True)
    clicks.put("Requests!F2", ["cancelled"])
    expect(clicks.sidebar().locator("#status")).to_have_text("cancelled")


def test_a_request_that_nobody_answers_for_a_minute_says_whom_to_ask(clicks: Clicks) -> None:
    clicks.put("Requests!A2:E2", ["run-1", "optimize", "{}", "jo", 46_000])
    clicks.click("Status")
    expect(clicks.sidebar().locator("#hint")).to_contain_text("the worker is not running, or this workbook is not reg")


def test_why_this_row_is_of_the_row_under_the_cursor(clicks: Clicks) -> None:
    clicks.go_to_initiatives()
    clicks.page.locator('[data-cell="B4"]').click()
    clicks.click("Why this row?")
    expect(clicks.page.locator(".q-dialog")).to_contain_text("Live map is not in the last plan")


def test_the_sidebars_frame_reaches_nothing_of_the_page(clicks: Clicks) -> None:
    clicks.click("Status")
    expect(clicks.sidebar().locator("#action")).to_have_text("Nothing asked for yet")
    reached = (
        clicks.sidebar()
        .locator("body")
        .evaluate("() => { try { return parent.document.title; } catch (error) { return error.name; } }")
    )
    assert reached == "SecurityError"


def test_a_question_left_open_ends_with_its_window_and_writes_nothing(clicks: Clicks) -> None:
    clicks.click("Publish…")
    expect(clicks.page.locator(".q-dialog input")).to_be_visible()
    (key,) = [key for key, seat in clicks.server.script_host._seats.items() if seat.spreadsheet_id == clicks.id]
    clicks.server.script_host.close(key)
    expect(clicks.page.locator(".q-notification").last).to_contain_text("The window was closed.")
    assert clicks.rows() == []


def test_a_pasted_script_adds_its_menu_at_once_and_its_failure_is_told(book: Any) -> None:
    page = book.window().page
    page.get_by_label("Paste the script of this workbook").click()
    manifest = '{"oauthScopes": ["https://www.googleapis.com/auth/script.container.ui"]}'
    page.get_by_label("menu.gs").fill("function onOpen() {}")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".q-notification").last).to_contain_text("appsscript.json is missing")
    page.get_by_label("Paste the script of this workbook").click()
    page.get_by_label("menu.gs").fill(
        'function onOpen() { SpreadsheetApp.getUi().createMenu("Mine").addItem("Boom", "boom").addToUi(); }'
        "function boom() { fetch('/'); }"
    )
    page.get_by_label("appsscript.json").fill(manifest)
    page.get_by_role("button", name="Save").click()
    page.locator(".book-menus").get_by_text("Mine").click()
    page.locator(".q-menu").get_by_text("Boom").click()
    expect(page.locator(".q-notification").last).to_contain_text("fetch is not a function")
