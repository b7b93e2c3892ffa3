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
    book.holds("Initiatives!A5:B5", [["Loyalty club", "Ops"]])


def test_a_click_on_a_checkbox_sets_a_boolean(book: Any) -> None:
    one, other = book.windows()
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
    book.holds("Initiatives!A59:C59", [["Initiative 49", "Ops", 49]])


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
    book.holds("Initiatives!F2", [["mine"]])


def test_the_keyboard_moves_types_clears_and_gives_up(book: Any) -> None:
    window = book.window()
    keys = window.page.keyboard
    window.cell("A2").click()
    keys.press("ArrowRight")
    keys.press("ArrowDown")
    keys.type("Growth team")
    keys.press("Tab")
    expect(window.page.locator(".cell-name")).to_have_text("C3")
    keys.press("F2")
    keys.type("7")
    keys.press("Enter")
    expect(window.page.locator(".cell-name")).to_have_text("C4")
    keys.type("never mind")
    keys.press("Escape")
    window.cell("B2").click()
    keys.press("Delete")
    expect(window.cell("B2")).to_have_text("")
    book.holds("Initiatives!A2:C4", [["One-tap checkout", "", 120], [book.hostile, "Growth team", 7], ["Loyalty"]])


def test_a_copied_row_is_pasted_below(book: Any, context: Any) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    window = book.window()
    window.page.locator(".row-number", has_text="2").first.click()
    expect(window.page.locator(".ag-row-selected").first).to_be_visible()
    window.page.keyboard.press("Control+c")
    window.cell("A8").click()
    expect(window.page.locator(".cell-name")).to_have_text("A8")
    window.page.keyboard.press("Control+v")
    expect(window.cell("B8")).to_have_text("Growth")
    book.holds("Initiatives!A8:F8", [["One-tap checkout", "Growth", 120, False, "new", "system"]])


def test_a_block_that_reaches_past_the_end_makes_the_tab_larger_and_keeps_its_dropdowns(book: Any) -> None:
    choices = [{"userEnteredValue": word} for word in ("new", "ready")]
    rule = {"condition": {"type": "ONE_OF_LIST", "values": choices}, "showCustomUi": True}
    area = {"sheetId": 0, "startRowIndex": 1, "startColumnIndex": 4, "endColumnIndex": 5}
    book.change({"setDataValidation": {"range": area, "rule": rule}})
    window = book.window("#gid=0&range=A39")
    expect(window.page.locator(".cell-name")).to_have_text("A39")
    window.paste("\n".join(f"Idea {number}\tOps" for number in range(50)))
    expect(window.page.locator(".q-notification")).to_contain_text("Pasted 50 × 2 cells")
    window.go_to("E88")
    window.cell("E88").locator(".arrow").click()
    expect(window.page.locator(".choice")).to_have_text(["new", "ready"])
    assert book.values("Initiatives!A39:B90")[-1] == ["Idea 49", "Ops"]


def test_a_block_that_is_too_large_is_refused_in_a_sentence(book: Any) -> None:
    window = book.window()
    window.cell("A10").click()
    window.paste("x\t" * 200 + "\n" + ("x\n" * 2_000))
    expect(window.page.locator(".q-notification")).to_contain_text("At most 300,000 can be pasted at once")
    window.paste("x" * 4_000_001)
    expect(window.page.locator(".q-notification").last).to_contain_text("at most 4 million")
    assert book.values("Initiatives!A10:C12") == []


def test_undo_takes_back_what_was_typed_pasted_deleted_and_inserted_in_this_window(book: Any) -> None:
    before = book.values(option="FORMULA")
    window = book.window()
    window.type_into("B2", "2026-03-04")
    expect(window.cell("B2")).not_to_have_text("Growth")
    window.cell("A3").click()
    window.paste("a\tb\nc\td")
    expect(window.cell("B4")).to_have_text("d")
    window.cell("A2").click()
    window.page.get_by_label("Delete the row").click()
    expect(window.cell("A2")).to_have_text("a")
    window.page.get_by_label("Insert a row above").click()
    expect(window.cell("A3")).to_have_text("a")
    window.cell("A5").click()
    for text in ("Took away 1 inserted row", "Brought 1 row back", "Took back 4 cells", "Took back 1 cell."):
        window.page.keyboard.press("Control+z")
        expect(window.page.locator(".q-notification").last).to_contain_text(text)
    expect(window.cell("B2")).to_have_text("Growth")
    assert book.values(option="FORMULA") == before
    window.page.keyboard.press("Control+z")
    expect(window.page.locator(".q-notification").last).to_contain_text("nothing to undo")
    expect(window.cell("E2").locator(".arrow")).to_have_count(1)


def test_undo_leaves_what_others_changed_since(book: Any) -> None:
    window = book.window()
    window.cell("A6").click()
    window.paste("mine\tmine")
    expect(window.page.locator(".q-notification")).to_contain_text("Pasted 1 × 2 cells")
    book.put("Initiatives!B6", ["theirs"])
    expect(window.cell("B6")).to_have_text("theirs")
    window.page.get_by_label("Undo what was typed").click()
    expect(window.page.locator(".q-notification").last).to_contain_text("1 changed since")
    expect(window.cell("A6")).to_have_text("")
    assert book.values("Initiatives!A6:B6") == [["", "theirs"]]


def test_an_inserted_row_has_the_dropdowns_and_checkboxes_of_the_row_beside_it(book: Any) -> None:
    window = book.window()
    window.cell("A2").click()
    window.page.get_by_label("Insert a row below").click()
    expect(window.cell("A4")).to_have_text(book.hostile)
    expect(window.cell("D3").locator("input")).to_have_count(1)
    window.cell("E3").hover()
    window.cell("E3").locator(".arrow").click()
    expect(window.page.locator(".choice").first).to_have_text("new")


def test_an_edit_is_recorded_as_a_persons_and_not_as_the_service_accounts(book: Any) -> None:
    window = book.window()
    assert book.server.service.drive.file(book.id)["lastModifyingUser"]["me"] is True
    window.type_into("A2", "by hand")
    book.holds("Initiatives!A2", [["by hand"]])
    expect(window.page.locator(".book-told")).to_have_text("All changes saved")
    user = book.server.service.drive.file(book.id)["lastModifyingUser"]
    assert (user["me"], "gserviceaccount" in user["emailAddress"]) == (False, False)


def test_the_cursor_goes_with_its_row_when_rows_come_above_it_and_stands_in_a_row_just_inserted(book: Any) -> None:
    window = book.window()
    name = window.page.locator(".cell-name")
    window.cell("A4").click()
    span = {"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 3}
    book.change({"insertDimension": {"range": span}})
    expect(name).to_have_text("A6")
    window.page.get_by_label("Insert a row below").click()
    expect(name).to_have_text("A7")
    window.page.keyboard.type("typed at once")
    window.page.keyboard.press("Enter")
    expect(window.cell("A7")).to_have_text("typed at once")
    book.holds("Initiatives!A6:A7", [["Loyalty"], ["typed at once"]])
