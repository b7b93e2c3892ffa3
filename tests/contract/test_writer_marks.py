"""What the writer tells beside the cells: status and message, marks on cells, the line in Checks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.findings import Severity
from sheets_sync import marks
from tests.contract.desk import Desk, bad


def test_each_rule_is_said_back_in_words(desk: Desk) -> None:
    desk.cycle()
    caps = desk.column("Constraints", "max")
    assert desk.column("Constraints", "reads_as") == [f"UK: at most {cap} tokens" for cap in caps]


def test_a_bad_row_is_told_in_its_status_and_message_and_the_others_are_ok(desk: Desk) -> None:
    desk.cycle(findings=(bad("Constraints", 3, "max", "I3", "'abc' is not a number; write 120"),))
    assert desk.column("Constraints", "sys: status") == ["OK", "ERROR", "OK", "OK", "OK"]
    assert desk.column("Constraints", "sys: message")[1] == "max: 'abc' is not a number; write 120"
    assert desk.column("Constraints", "sys: message")[0] == ""


def test_a_mark_goes_with_its_cause_and_the_pms_note_and_colour_come_back(desk: Desk) -> None:
    yellow = {"red": 1, "green": 0.8, "blue": 0.2}
    own = {"note": "Ask Dana\nabout this", "userEnteredFormat": {"backgroundColorStyle": {"rgbColor": yellow}}}
    desk.does(desk.cell("Constraints", 3, "max", own, "note,userEnteredFormat.backgroundColorStyle"))
    before = desk.look("Constraints", 3, "max")
    found = bad("Constraints", 3, "max", "", "'abc' is not a number; write 120")
    desk.cycle(findings=(replace(found, cell=None),))
    there = desk.look("Constraints", 3, "max")
    assert there.fill == marks.RED
    assert there.note.startswith(f"⚠ Roadmap: 'abc' is not a number; write 120{marks.END}\n⚠ Roadmap (when")
    assert there.note.endswith("Ask Dana\nabout this")
    desk.cycle(findings=())
    assert desk.look("Constraints", 3, "max") == before
    assert before.fill == "#FFCC33"


def test_a_warning_is_amber_and_turns_red_when_it_becomes_an_error(desk: Desk) -> None:
    found = bad("Constraints", 3, "max", "I3", "'1.234,5' is text; it was read as 1234.5")
    desk.cycle(findings=(replace(found, severity=Severity.WARN),))
    assert desk.look("Constraints", 3, "max").fill == marks.AMBER
    assert desk.column("Constraints", "sys: status")[1] == "WARN"
    desk.cycle(findings=(found, replace(found, message="again")))
    assert desk.look("Constraints", 3, "max").fill == marks.RED
    desk.cycle(findings=())
    assert desk.look("Constraints", 3, "max").fill == "#FFFFFF"


def test_a_pm_who_mends_the_cell_and_deletes_our_note_is_left_with_no_red_cell(desk: Desk) -> None:
    desk.cycle(findings=(bad("Constraints", 3, "max", "I3", "'abc' is not a number; write 120"),))
    desk.read()
    desk.does(desk.cell("Constraints", 3, "max", {}, "note"), desk.types("Constraints", 3, "max", 120.0))
    desk.cycle(findings=())
    assert desk.look("Constraints", 3, "max") == marks.Look()
    assert desk.cycle(findings=()).calls == 0


def test_a_row_deleted_while_it_was_marked_leaves_no_mark_behind(desk: Desk) -> None:
    desk.cycle(findings=(bad("Constraints", 3, "max", "I3", "bad"),))
    desk.read()
    desk.does(desk.deletes_row("Constraints", 3))
    desk.cycle(findings=())
    assert desk.column("Constraints", "sys: status") == ["OK"] * 4
    assert not any(marks.is_marked(marks.Look(note)) for note in desk.read().grids["Constraints"].notes.values())


def test_a_mark_on_a_header_keeps_the_note_that_explains_the_column(desk: Desk) -> None:
    before = desk.look("Constraints", 1, "max")
    desk.cycle(findings=(bad("Constraints", 1, "max", "I1", "the column 'max' is missing; write max there"),))
    marked = desk.look("Constraints", 1, "max")
    assert marked.fill == marks.RED
    assert marked.note.endswith(before.note)
    desk.cycle(findings=())
    assert desk.look("Constraints", 1, "max") == before


def test_a_mark_that_a_sort_or_a_paste_carried_elsewhere_is_found_and_taken_off(desk: Desk) -> None:
    desk.cycle(findings=(bad("Constraints", 3, "max", "I3", "bad"),))
    desk.read()
    column = desk.index("Constraints", "max")
    sheet = desk.workbook.grids["Constraints"].sheet_id
    from_cell = {
        "sheetId": sheet,
        "startRowIndex": 2,
        "endRowIndex": 3,
        "startColumnIndex": column,
        "endColumnIndex": column + 1,
    }
    to_cell = {"sheetId": sheet, "startRowIndex": 4, "endRowIndex": 5, "startColumnIndex": 1, "endColumnIndex": 2}
    desk.does({"copyPaste": {"source": from_cell, "destination": to_cell, "pasteType": "PASTE_NORMAL"}})
    desk.does(desk.sorts("Constraints", "max"))
    desk.cycle(findings=())
    assert not any(marks.is_marked(marks.Look(note)) for note in desk.read().grids["Constraints"].notes.values())


def test_marking_again_changes_nothing(desk: Desk) -> None:
    found = (bad("Constraints", 3, "max", "I3", "bad"),)
    desk.cycle(findings=found)
    assert desk.cycle(findings=found).calls == 0


def test_every_problem_stands_in_checks_with_a_link_and_checks_is_shown_once_it_is_used(desk: Desk) -> None:
    assert desk.workbook.grids["Checks"].is_hidden
    desk.cycle(findings=(bad("Constraints", 3, "max", "I3", "bad"),))
    assert desk.column("Checks", "problem") == ["bad"]
    assert not desk.workbook.grids["Checks"].is_hidden
    answer = desk.service.get_spreadsheet(desk.id, ["Checks!F2"], True)
    cell = answer["sheets"][0]["data"][0]["rowData"][0]["values"][0]
    sheet = desk.workbook.grids["Constraints"].sheet_id
    assert cell["textFormatRuns"][0]["format"]["link"]["uri"] == f"#gid={sheet}&range=I3"
    desk.cycle(findings=())
    assert desk.column("Checks", "problem") == []


def test_a_row_inserted_above_a_cell_that_is_being_marked_keeps_the_fill_that_it_got_there(
    desk: Desk, fault: Any
) -> None:
    green = {"userEnteredFormat": {"backgroundColorStyle": {"rgbColor": {"green": 1}}}}
    desk.does(desk.cell("Constraints", 3, "max", green, "userEnteredFormat.backgroundColorStyle"))
    desk.read()
    update = desk.update(findings=(bad("Constraints", 3, "max", "I3", "bad 401"),))
    desk.just_before_the_write(fault, desk.inserts_row("Constraints", 3))
    desk.write(update)
    assert desk.look("Constraints", 3, "max") == marks.Look("", "#00FF00")
    assert desk.look("Constraints", 4, "max").fill == marks.RED
