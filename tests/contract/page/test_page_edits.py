"""What a person types, pastes, inserts and deletes on the page, and what the service holds then."""

from __future__ import annotations

from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect


def test_typing_is_understood_as_a_person_means_it(book: Any) -> None:
    window = book.window()
    window.type_into("C2", "12.5")
    expect(window.cell("C2")).to_have_text("12.5")
    window.type_into("C4", "=C2*2")
    expect(window.cell("C4")).to_have_text("25")
    window.cell("C4").click()
    expect(window.page.locator(".cell-text")).to_have_value("=C2*2")
    assert book.values("Initiatives!C2:C4") == [[12.5], [], [25]]


def test_a_change_from_elsewhere_leaves_an_edit_in_progress_open_and_on_its_row(book: Any) -> None:
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


def test_a_click_on_a_checkbox_sets_a_boolean(book: Any) -> None:
    one, other = book.window(), book.window()
    one.cell("D2").locator("input").click()
    expect(other.cell("D2").locator("input")).to_be_checked()
    assert book.values()[1][3] is True


def test_a_dropdown_offers_its_choices_and_a_strict_one_refuses_others(book: Any) -> None:
    window = book.window()
    window.cell("E2").locator(".arrow").click()
    expect(window.page.locator(".choice")).to_have_text(["new", "ready", "paused"])
    window.page.locator(".choice", has_text="ready").click()
    expect(window.cell("E2").locator(".text")).to_have_text("ready")
    window.type_into("E2", "wild")
    expect(window.page.locator(".q-notification")).to_contain_text("E2 does not take “wild”")
    expect(window.cell("E2").locator(".text")).to_have_text("ready")
    assert book.values()[1][4] == "ready"


def test_a_note_is_written_and_taken_away_on_the_page(book: Any) -> None:
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


def test_what_the_service_refuses_is_told_and_put_back(book: Any) -> None:
    window = book.window()
    window.cell("A2").dblclick()
    window.page.keyboard.insert_text("x" * 50_001)
    window.page.keyboard.press("Enter")
    expect(window.page.locator(".q-notification")).to_contain_text("50000")
    expect(window.cell("A2")).to_have_text("One-tap checkout")


def test_rows_are_inserted_sorted_and_deleted_from_the_menu(book: Any) -> None:
    window = book.window()
    window.cell("A3").click(button="right")
    window.page.locator(".q-menu").get_by_text("Insert a row above").click()
    expect(window.cell("A4")).to_have_text(book.hostile)
    assert [row[:1] for row in book.values()][:4] == [["title"], ["One-tap checkout"], [], [book.hostile]]
    window.cell("A2").click()
    window.page.get_by_label("Sort the rows by this column, A to Z").click()
    expect(window.cell("A3")).to_have_text("Loyalty")
    window.cell("A2").click()
    window.page.get_by_label("Delete the row").click()
    expect(window.cell("A2")).to_have_text("Loyalty")
    assert [row[0] for row in book.values()] == ["title", "Loyalty", "One-tap checkout"]


def test_a_block_is_pasted_from_the_cursor_on(book: Any, context: Any) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    window = book.window()
    lines = "\n".join(f"Initiative {number}\tOps\t{number}" for number in range(50))
    window.cell("A10").click()
    window.page.evaluate("text => navigator.clipboard.writeText(text)", lines)
    window.page.keyboard.press("Control+v")
    expect(window.cell("A11")).to_have_text("Initiative 1")
    window.saw_all_saved()
    assert book.values("Initiatives!A10:C59")[-1] == ["Initiative 49", "Ops", 49]


def test_a_protected_range_asks_first(book: Any) -> None:
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
