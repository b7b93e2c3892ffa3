"""The page of the local Sheets server in a browser: what a person sees and does, and what the service holds then."""

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


def test_an_edit_reaches_the_service_and_every_other_window(book: Workbook) -> None:
    one, other = book.window(), book.window()
    one.type_into("A2", "Two-tap checkout")
    expect(other.cell("A2")).to_have_text("Two-tap checkout")
    assert book.values()[1][0] == "Two-tap checkout"


def test_typing_is_understood_as_a_person_means_it(book: Workbook) -> None:
    window = book.window()
    window.type_into("C2", "12.5")
    expect(window.cell("C2")).to_have_text("12.5")
    window.type_into("C4", "=C2*2")
    expect(window.cell("C4")).to_have_text("25")
    window.cell("C4").click()
    expect(window.page.locator(".cell-text")).to_have_value("=C2*2")
    assert book.values("Initiatives!C2:C4") == [[12.5], [], [25]]


def test_a_change_from_elsewhere_leaves_an_edit_in_progress_open_and_on_its_row(book: Workbook) -> None:
    window = book.window()
    window.cell("A4").dblclick()
    window.page.keyboard.press("Control+a")
    window.page.keyboard.type("Loy")
    span = {"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}
    book.change({"insertDimension": {"range": span}})
    book.server.service.values_update(book.id, "Initiatives!B5", {"values": [["Ops"]]}, value_input_option="RAW")
    expect(window.cell("B5")).to_have_text("Ops")
    window.page.keyboard.type("alty club")
    window.page.keyboard.press("Enter")
    expect(window.cell("A5")).to_have_text("Loyalty club")
    window.saw_all_saved()
    assert book.values()[4][:2] == ["Loyalty club", "Ops"]


def test_a_click_on_a_checkbox_sets_a_boolean(book: Workbook) -> None:
    one, other = book.window(), book.window()
    one.cell("D2").locator("input").click()
    expect(other.cell("D2").locator("input")).to_be_checked()
    assert book.values()[1][3] is True


def test_a_dropdown_offers_its_choices_and_a_strict_one_refuses_others(book: Workbook) -> None:
    window = book.window()
    window.cell("E2").locator(".arrow").click()
    expect(window.page.locator(".choice")).to_have_text(["new", "ready", "paused"])
    window.page.locator(".choice", has_text="ready").click()
    expect(window.cell("E2").locator(".text")).to_have_text("ready")
    window.type_into("E2", "wild")
    expect(window.page.locator(".q-notification")).to_contain_text("E2 does not take “wild”")
    expect(window.cell("E2").locator(".text")).to_have_text("ready")
    assert book.values()[1][4] == "ready"


def test_hostile_text_stays_text_in_cells_notes_tabs_and_titles(book: Workbook, server: LocalServer) -> None:
    rename = {"properties": {"sheetId": 5, "title": HOSTILE[:60]}, "fields": "title"}
    book.change({"updateSheetProperties": rename})
    window = book.window()
    expect(window.cell("A3")).to_have_text(HOSTILE)
    window.cell("A3").hover()
    expect(window.page.locator(".ag-tooltip")).to_have_text(HOSTILE)
    expect(window.page.locator(".book-title")).to_have_text(f"Plan {HOSTILE}")
    window.type_into("B3", HOSTILE)
    expect(window.cell("B3")).to_have_text(HOSTILE)
    window.page.goto(f"{server.base_url}/?list=1")
    expect(window.page.locator(".file-name").first).to_contain_text("<img")
    assert window.page.evaluate("window.hacked") is None


def test_a_script_link_is_shown_as_text_and_a_web_link_as_a_link(book: Workbook) -> None:
    runs = [{"startIndex": 0, "format": {"link": {"uri": "javascript:alert(1)"}}}]
    good = [{"startIndex": 0, "format": {"link": {"uri": "https://example.com/"}}}]
    cells = [text("bad", textFormatRuns=runs), text("good", textFormatRuns=good)]
    start = {"sheetId": 0, "rowIndex": 9, "columnIndex": 0}
    try:
        book.change({"updateCells": {"rows": [{"values": cells}], "fields": "*", "start": start}})
    except Exception:  # the service may refuse such a link before the page ever sees it
        start["columnIndex"] = 1
        book.change({"updateCells": {"rows": [{"values": cells[1:]}], "fields": "*", "start": start}})
    window = book.window()
    expect(window.cell("B10").locator("a")).to_have_attribute("href", "https://example.com/")
    assert window.page.locator('a[href^="javascript"]').count() == 0


def test_a_link_within_the_workbook_jumps_to_its_cell_on_another_tab(book: Workbook) -> None:
    link = [{"startIndex": 0, "format": {"link": {"uri": "#gid=5&range=C7"}}}]
    start = {"sheetId": 0, "rowIndex": 9, "columnIndex": 0}
    cells = [{"values": [text("see there", textFormatRuns=link)]}]
    book.change({"updateCells": {"rows": cells, "fields": "*", "start": start}})
    window = book.window()
    window.cell("A10").locator("a").click()
    expect(window.page.locator(".cell-name")).to_have_text("C7")
    expect(window.page.locator(".tab-current")).to_have_text("It's second")


def test_an_address_opens_the_tab_and_the_cell_that_it_names(book: Workbook) -> None:
    window = book.window("#gid=6&range=B3")
    expect(window.page.locator(".cell-name")).to_have_text("B3")
    expect(window.page.locator(".tab-current")).to_have_text("Engine room")


def test_a_note_shows_on_hover(book: Workbook) -> None:
    window = book.window()
    expect(window.cell("B1").locator(".corner.note")).to_be_visible()
    window.cell("B1").hover()
    expect(window.page.locator(".ag-tooltip")).to_have_text("What department means")


def test_a_note_is_written_and_taken_away_on_the_page(book: Workbook) -> None:
    window = book.window()
    window.cell("B4").click()
    window.page.get_by_label("Write a note on the cell").click()
    window.page.locator(".ask textarea").fill("Ask Ann first")
    window.page.get_by_role("button", name="Save").click()
    window.cell("B4").hover()
    expect(window.page.locator(".ag-tooltip")).to_have_text("Ask Ann first")
    window.cell("B1").click()
    window.page.get_by_label("Write a note on the cell").click()
    window.page.locator(".ask textarea").fill("")
    window.page.get_by_role("button", name="Save").click()
    expect(window.cell("B1").locator(".corner.note")).to_have_count(0)


def test_hidden_columns_and_rows_show_when_asked_for(book: Workbook) -> None:
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


def test_what_the_service_refuses_is_told_and_put_back(book: Workbook) -> None:
    window = book.window()
    window.cell("A2").dblclick()
    window.page.keyboard.insert_text("x" * 50_001)
    window.page.keyboard.press("Enter")
    expect(window.page.locator(".q-notification")).to_contain_text("50000")
    expect(window.cell("A2")).to_have_text("One-tap checkout")


def test_a_deleted_tab_gives_way_to_another_one(book: Workbook) -> None:
    window = book.window("#gid=5")
    book.change({"deleteSheet": {"sheetId": 5}})
    expect(window.page.locator(".tab-current")).to_have_text("Initiatives")
    expect(window.cell("A2")).to_have_text("One-tap checkout")


def test_rows_are_inserted_sorted_and_deleted_from_the_menu(book: Workbook) -> None:
    window = book.window()
    window.cell("A3").click(button="right")
    window.page.locator(".q-menu").get_by_text("Insert a row above").click()
    expect(window.cell("A4")).to_have_text(HOSTILE)
    assert [row[:1] for row in book.values()][:4] == [["title"], ["One-tap checkout"], [], [HOSTILE]]
    window.cell("A2").click()
    window.page.get_by_label("Sort the rows by this column, A to Z").click()
    expect(window.cell("A3")).to_have_text("Loyalty")
    window.cell("A2").click()
    window.page.get_by_label("Delete the row").click()
    expect(window.cell("A2")).to_have_text("Loyalty")
    assert [row[0] for row in book.values()] == ["title", "Loyalty", "One-tap checkout"]


def test_a_block_is_pasted_from_the_cursor_on(book: Workbook, context: Any) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    window = book.window()
    lines = "\n".join(f"Initiative {number}\tOps\t{number}" for number in range(50))
    window.cell("A10").click()
    window.page.evaluate("text => navigator.clipboard.writeText(text)", lines)
    window.page.keyboard.press("Control+v")
    expect(window.cell("A11")).to_have_text("Initiative 1")
    window.saw_all_saved()
    assert book.values("Initiatives!A10:C59")[-1] == ["Initiative 49", "Ops", 49]


def test_a_protected_range_asks_first(book: Workbook) -> None:
    area = {"sheetId": 0, "startColumnIndex": 5, "endColumnIndex": 6}
    guard = {"range": area, "warningOnly": True, "description": "Written by the optimizer"}
    book.change({"addProtectedRange": {"protectedRange": guard}})
    window = book.window()
    window.type_into("F2", "mine")
    expect(window.page.locator(".ask")).to_contain_text("Written by the optimizer")
    window.page.get_by_role("button", name="Cancel").click()
    expect(window.cell("F2")).to_have_text("system")
    window.type_into("F2", "mine")
    window.page.get_by_role("button", name="Edit anyway").click()
    expect(window.cell("F2")).to_have_text("mine")
    window.saw_all_saved()
    assert book.values()[1][5] == "mine"


def test_hidden_tabs_stand_behind_a_menu(book: Workbook) -> None:
    window = book.window()
    expect(window.page.locator(".book-tabs")).not_to_contain_text("Engine room")
    window.page.get_by_label("Hidden tabs").click()
    window.page.locator(".q-menu").get_by_text("Engine room").click()
    expect(window.page.locator(".tab-current")).to_have_text("Engine room")


def test_merged_cells_and_fills_show_as_one_coloured_box(book: Workbook) -> None:
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


def test_the_page_asks_nothing_of_the_network(book: Workbook) -> None:
    page = book.context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{book.server.base_url}/w/{book.id}")
    expect(page.locator(".ag-row").first).to_be_visible()
    assert [url for url in asked if not url.startswith((book.server.base_url, "data:", "ws://127.0.0.1"))] == []


def test_the_list_shows_every_workbook_and_leads_to_it(book: Workbook) -> None:
    page = book.context.new_page()
    page.goto(f"{book.server.base_url}/?list=1")
    page.locator(f'a[href="/w/{book.id}"]').click()
    expect(page.locator(".ag-row").first).to_be_visible()


def test_an_unknown_workbook_is_said_so(server: LocalServer, context: Any) -> None:
    page = context.new_page()
    page.goto(f"{server.base_url}/w/nowhere")
    expect(page.get_by_text("There is no such workbook here.")).to_be_visible()
