"""A local Sheets server with its page, a browser, and workbooks to click in."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sheets_sync.local.server import LocalServer

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
expect.set_options(timeout=30_000)

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

    def paste(self, block: str) -> None:
        """Pastes a text at the cursor, as the browser does it."""
        self.page.evaluate(
            """text => {
                const data = new DataTransfer();
                data.setData("text/plain", text);
                const pasted = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
                document.activeElement.dispatchEvent(pasted);
            }""",
            block,
        )

    def go_to(self, name: str) -> None:
        """Puts a cell of the first tab into the address."""
        self.page.evaluate("name => { location.hash = 'gid=0&range=' + name; }", name)
        expect(self.page.locator(".cell-name")).to_have_text(name)


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
def profiles(browser: Any) -> Iterator[list[Any]]:
    """The browsers of two people. A browser draws the tab in front; one that is behind is drawn once a second."""
    opened = [browser.new_context(viewport={"width": 1280, "height": 800}) for _ in range(2)]
    yield opened
    for profile in opened:
        profile.close()


@pytest.fixture
def contexts(profiles: list[Any]) -> Iterator[list[Any]]:
    yield profiles
    for profile in profiles:
        for page in profile.pages:
            page.close()


@pytest.fixture
def context(contexts: list[Any]) -> Any:
    return contexts[0]


class Workbook:
    """A workbook of one test, and the windows on it."""

    hostile = HOSTILE
    text = staticmethod(text)

    def __init__(self, server: LocalServer, contexts: list[Any]) -> None:
        self.server = server
        self.context, self.other_context = contexts
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

    def holds(self, area: str, rows: list[list[Any]]) -> None:
        """Waits until the service holds these values: a window shows what was typed before it is saved."""
        until = time.monotonic() + 30
        while (held := self.values(area)) != rows and time.monotonic() < until:
            time.sleep(0.02)
        assert held == rows

    def windows(self) -> tuple[Window, Window]:
        """A window of each of two people."""
        return self.window(), self.window(context=self.other_context)

    def window(self, fragment: str = "", context: Any = None) -> Window:
        page = (context or self.context).new_page()
        page.goto(f"{self.server.base_url}/w/{self.id}{fragment}")
        expect(page.locator(".ag-row").first).to_be_visible()
        return Window(page)


@pytest.fixture
def book(server: LocalServer, contexts: list[Any]) -> Workbook:
    return Workbook(server, contexts)
