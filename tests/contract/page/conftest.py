"""A local Sheets server with its page, a browser, and workbooks to click in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sheets_sync.local.server import LocalServer

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

HOSTILE = '<img src=x onerror="window.hacked=1"><b>bold</b>'
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
CHECKBOX = {"condition": {"type": "BOOLEAN"}, "strict": True}
DROPDOWN = {
    "condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": word} for word in ("new", "ready", "paused")]},
    "strict": True,
    "showCustomUi": True,
}


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next((path for name in names if (path := shutil.which(name))), None)


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"userEnteredValue": {"stringValue": value}} | more


def rows_of_initiatives() -> list[dict[str, Any]]:
    header = [
        text(name, note=f"What {name} means") for name in ("title", "department", "tokens", "on", "status", "kept")
    ]
    line = [
        text("One-tap checkout"),
        text("Growth"),
        {"userEnteredValue": {"numberValue": 120}},
        {"userEnteredValue": {"boolValue": False}, "dataValidation": CHECKBOX},
        text("new", dataValidation=DROPDOWN),
        text("system"),
    ]
    return [
        {"values": header},
        {"values": line},
        {"values": [text(HOSTILE, note=HOSTILE)]},
        {"values": [text("Loyalty")]},
    ]


class Window:
    """One browser window on a workbook; rows and columns are those of the sheet: row 1, column A."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def cell(self, name: str) -> Any:
        return self.page.locator(".ag-cell", has=self.page.locator(f'[data-cell="{name}"]'))

    def type_into(self, name: str, value: str) -> None:
        self.cell(name).dblclick()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(value)
        self.page.keyboard.press("Enter")

    def saw_all_saved(self) -> None:
        expect(self.page.locator(".book-told")).to_have_text("All changes saved")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    # NiceGUI is one per process: the page must come up for a second server as it did for the first.
    with LocalServer(tmp_path_factory.mktemp("first"), with_page=True) as first:
        assert requests.get(first.base_url, timeout=30).status_code == 200
    with LocalServer(tmp_path_factory.mktemp("sheets"), with_page=True) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium found: install it (apt-get install chromium), or name its file in CHROMIUM")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def profile(browser: Any) -> Iterator[Any]:
    opened = browser.new_context(viewport={"width": 1280, "height": 800})
    yield opened
    opened.close()


@pytest.fixture
def context(profile: Any) -> Iterator[Any]:
    yield profile
    for page in profile.pages:
        page.close()


class Workbook:
    """A workbook of one test, and the windows on it."""

    hostile = HOSTILE
    text = staticmethod(text)

    def __init__(self, server: LocalServer, context: Any) -> None:
        self.server = server
        self.context = context
        grid = {"rowCount": 40, "columnCount": 8, "frozenRowCount": 1}
        body = {
            "properties": {"title": f"Plan {HOSTILE}"},
            "sheets": [
                {"properties": {"sheetId": 0, "title": "Initiatives", "gridProperties": grid}},
                {"properties": {"sheetId": 5, "title": "It's second", "gridProperties": grid}},
                {"properties": {"sheetId": 6, "title": "Engine room", "hidden": True, "gridProperties": grid}},
            ],
        }
        self.id = server.service.create_spreadsheet(body)["spreadsheetId"]
        self.change({"updateCells": {"rows": rows_of_initiatives(), "fields": "*", "start": {"sheetId": 0}}})

    def change(self, *requests: dict[str, Any]) -> None:
        self.server.service.batch_update(self.id, {"requests": list(requests)})

    def put(self, area: str, *rows: list[Any]) -> None:
        """Writes values as if typed."""
        body = {"values": list(rows)}
        self.server.service.values_update(self.id, area, body, value_input_option="USER_ENTERED")

    def fill(self, window: Window, name: str) -> str:
        """The colour behind a cell, as the browser computes it."""
        return window.cell(name).locator(".cell").evaluate("e => getComputedStyle(e).backgroundColor")

    def values(self, area: str = "Initiatives!A1:H40", option: str = "UNFORMATTED_VALUE") -> list[list[Any]]:
        answer = self.server.service.values_get(self.id, area, value_render_option=option)
        return answer.get("values", [])

    def window(self, fragment: str = "") -> Window:
        page = self.context.new_page()
        page.goto(f"{self.server.base_url}/w/{self.id}{fragment}")
        expect(page.locator(".ag-row").first).to_be_visible()
        return Window(page)


@pytest.fixture
def book(server: LocalServer, context: Any) -> Workbook:
    return Workbook(server, context)
