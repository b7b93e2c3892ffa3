"""Clicks on the menu: what stands in Requests after them, and what the person is told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sheets_sync.menu_script import FOLDER, MENU
from sheets_sync.tabs import TABS

OK = {"button": "OK"}


def move_column(maria: Any, tab: str, name: str, to: int) -> None:
    source = {"sheetId": maria.sheet_id(tab), "dimension": "COLUMNS", "startIndex": maria.column(tab, name)}
    source["endIndex"] = source["startIndex"] + 1
    maria.change({"moveDimension": {"source": source, "destinationIndex": to}})


def test_a_click_is_one_row_of_requests_that_says_who_asks_for_what_and_by_which_script(maria: Any) -> None:
    maria.click("checkSheet")
    (row,) = maria.rows()
    assert (row["action"], row["requested_by"]) == ("check", "maria@example.com")
    assert list(json.loads(row["arguments"])) == ["script_version"]
    assert len(row["request_id"]) == 36
    assert isinstance(row["requested_at"], float)


def test_the_menu_holds_the_entries_that_work_and_each_leads_to_a_function(maria: Any, local_server: Any) -> None:
    maria.click("onOpen")
    (menu,) = maria.saw("menu")
    captions = [item["caption"] for item in menu["items"] if item]
    assert (menu["title"], captions) == (
        "Roadmap",
        ["Check sheet", "Run optimization…", "Why this row?", "Publish…", "Cancel run", "Status", "Help"],
    )
    code = local_server.scripts.files(maria.workbook)["menu.gs"]
    assert all(f"function {item['name']}()" in code for item in menu["items"] if item)


def test_a_row_goes_below_the_last_request_and_leaves_the_columns_of_pms_alone(maria: Any) -> None:
    for name, to in (("request_id", 5), ("status", 0)):
        move_column(maria, "Requests", name, to)
    maria.change({"appendDimension": {"sheetId": maria.sheet_id("Requests"), "dimension": "COLUMNS", "length": 1}})
    maria.put("Requests!H1:H9", ["mine"], *([f"note {row}"] for row in range(2, 10)))
    width = maria.column("Requests", "action")
    maria.change({"insertDimension": {"range": {"sheetId": maria.sheet_id("Requests"), "dimension": "COLUMNS",
                  "startIndex": width, "endIndex": width + 1}}})  # fmt: skip
    column = "ABCDEFGHI"[width]
    maria.put(f"Requests!{column}1:{column}9", ["own"], *([f"=ROW()*{row}"] for row in range(2, 10)), typed=True)
    maria.click("checkSheet")
    maria.answers = [OK]
    maria.click("runOptimization")
    first, second, *others = maria.rows()
    assert [(row["action"], row["mine"], row["own"]) for row in (first, second)] == [
        ("check", "note 2", "=ROW()*2"),
        ("optimize", "note 3", "=ROW()*3"),
    ]
    assert not any(row["action"] for row in others)


def test_a_full_tab_gets_one_row_more(maria: Any) -> None:
    count = 30
    maria.put(f"Requests!A2:B{count}", *([f"old-{row}", "check"] for row in range(2, count + 1)))
    maria.click("checkSheet")
    assert [row["action"] for row in maria.rows()] == ["check"] * count
    assert maria.rows()[-1]["requested_by"] == "maria@example.com"


@pytest.mark.parametrize("text", ['=HYPERLINK("http://evil")', "+1", "-1", "@SUM(1)", "'quoted", "1/2", "<b>bold</b>"])
def test_what_a_person_types_stands_in_requests_as_text_and_never_as_a_formula(maria: Any, text: str) -> None:
    maria.email = text
    maria.answers = [OK | {"text": text}]
    maria.click("publishRoadmap")
    (row,) = maria.rows()
    assert json.loads(row["arguments"])["version_note"] == text
    assert row["requested_by"] == text
    formatted = maria.server.service.get_spreadsheet(maria.workbook, ["Requests!A2:E2"], True)
    cells = formatted["sheets"][0]["data"][0]["rowData"][0]["values"]
    assert ["stringValue" in cell["userEnteredValue"] for cell in cells] == [True, True, True, True, False]


def test_a_missing_or_doubled_column_is_told_and_nothing_is_written(maria: Any) -> None:
    place = "ABCDEFG"[maria.column("Requests", "arguments")]
    for header, told in (("", "no column “arguments”"), ("AC-TION", "two columns “action”")):
        maria.put(f"Requests!{place}1", [header])
        maria.click("checkSheet")
        assert told in maria.saw("alert")[-1]["text"]
        assert maria.rows() == []


def test_a_missing_tab_is_told_with_what_mends_it(maria: Any) -> None:
    maria.change({"deleteSheet": {"sheetId": maria.sheet_id("Requests")}})
    maria.click("checkSheet")
    assert "The tab “Requests” is missing. Ask for “roadmap init”" in maria.saw("alert")[0]["text"]


def test_columns_and_tabs_are_known_whatever_their_case_spaces_and_dashes(maria: Any) -> None:
    properties = {"sheetId": maria.sheet_id("Requests"), "title": "REQUESTS "}
    maria.change({"updateSheetProperties": {"properties": properties, "fields": "title"}})
    maria.put("'REQUESTS '!A1:B1", ["Request ID", "ACTION"])
    maria.click("checkSheet")
    assert [row["ACTION"] for row in maria.rows("REQUESTS ")] == ["check"]


def test_renamed_tabs_and_old_names_of_columns_are_found_as_the_worker_finds_them(maria: Any) -> None:
    for tab in ("Requests", "Setup", "Scenarios", "Constraints", "Targets", "Initiatives"):
        properties = {"sheetId": maria.sheet_id(tab), "title": f"Our {tab}"}
        maria.change({"updateSheetProperties": {"properties": properties, "fields": "title"}})
    for tab, name, old in (("Setup", "key", "Setting"), ("Scenarios", "scenario_name", "Scenario"),
                           ("Initiatives", "is_candidate", "Candidate")):  # fmt: skip
        letter = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[maria.column(f"Our {tab}", name)]
        maria.put(f"'Our {tab}'!{letter}1", [old])
    maria.answers = [OK]
    maria.click("runOptimization")
    assert "Candidates: 6" in maria.saw("alert")[0]["text"]
    assert [row["action"] for row in maria.rows("Our Requests")] == ["optimize"]


def test_the_script_knows_the_ids_of_tabs_and_the_old_names_of_columns_that_are_declared() -> None:
    code = (FOLDER / MENU).read_text(encoding="utf-8")
    ids = dict(re.findall(r"^  (\w+): (\d+),$", code.partition("SHEET_IDS = {")[2].partition("}")[0], re.M))
    used = [tab for tab in TABS if tab.name in ids]
    assert {tab.name: str(tab.sheet_id) for tab in used} == ids
    listed = re.findall(r"^  (\w+): \[(.*)\],$", code.partition("ALIASES = {")[2].partition("};")[0], re.M)
    known = {name: tuple(re.findall(r"'(\w+)'", names)) for name, names in listed}
    declared = {column.name: column.aliases for tab in used for column in tab.columns if column.aliases}
    assert {name: declared.get(name) for name in known} == known
    read = set(re.findall(r"'(\w+)'", code)) - set(known)
    assert not {name for name in declared if name in read}


def test_a_double_click_on_an_entry_is_one_request(maria: Any) -> None:
    both = [maria.start("checkSheet") for _ in range(2)]
    assert [maria.end(one) for one in both] == [{"value": None}] * 2
    (row,) = maria.rows()
    assert {page["html"].partition('data-request="')[2][:36] for page in maria.saw("sidebar")} == {row["request_id"]}


def test_two_people_who_click_at_once_have_a_row_each(maria: Any) -> None:
    people = [type(maria)(maria.server, maria.workbook, f"pm{number}@example.com") for number in range(5)]
    for running in [one.start("checkSheet") for one in people]:
        maria.end(running)
    assert sorted(row["requested_by"] for row in maria.rows()) == [one.email for one in people]


def test_a_wish_that_still_waits_is_not_written_twice_and_one_that_runs_may_be_asked_for_again(maria: Any) -> None:
    maria.click("checkSheet")
    given = maria.rows()[0]["arguments"]
    for status, rows in (("", 1), ("queued", 1), ("running", 2)):
        maria.put("Requests!A2:F3", ["first", "check", given, maria.email, 46_000, status], [""] * 6)
        maria.click("checkSheet")
        assert len(maria.rows()) == rows, status


def test_a_second_click_within_seconds_is_the_same_even_where_the_first_is_done_already(maria: Any) -> None:
    maria.click("checkSheet")
    maria.put("Requests!F2", ["done"])
    maria.click("checkSheet")
    assert len(maria.rows()) == 1
    maria.put("Requests!E2", [46_000])
    maria.click("checkSheet")
    assert len(maria.rows()) == 2


def test_the_cancel_button_of_a_sidebar_is_one_request_however_often_it_is_clicked(maria: Any) -> None:
    maria.put("Requests!A2:F2", ["run-1", "optimize", "{}", "", "", "running"])
    for _ in range(2):
        assert maria.click("cancelRequest", "cancel-1", "run-1") == ""
    maria.put("Requests!E3:F3", [46_000, "done"])
    assert maria.click("cancelRequest", "cancel-1", "run-1") == ""
    _, row = maria.rows()
    assert (row["request_id"], row["action"]) == ("cancel-1", "cancel")
    assert json.loads(row["arguments"])["request_id"] == "run-1"


def test_while_another_click_holds_the_lock_nothing_is_written_and_the_person_is_told(maria: Any, install: Any) -> None:
    install(maria.workbook, **{"LOCK_WAIT_MS = 10000": "LOCK_WAIT_MS = 100"})
    locks = maria.server.script_host.locks
    assert locks.take(maria.workbook, "somebody else", 0)
    maria.click("checkSheet")
    assert "yours was not" in maria.saw("alert")[0]["text"]
    assert maria.rows() == []
    locks.release(maria.workbook, "somebody else")
    maria.click("checkSheet")
    assert len(maria.rows()) == 1


def test_a_lock_is_free_again_after_the_click_that_held_it(maria: Any) -> None:
    maria.click("checkSheet")
    assert maria.server.script_host.locks.take(maria.workbook, "the next", 0)


def test_a_run_begins_only_after_what_it_is_of_was_said_and_agreed_to(maria: Any) -> None:
    tokens = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[maria.column("Initiatives", "engineering_tokens")]
    maria.put(f"Initiatives!{tokens}3", [""])
    maria.answers = [{"button": "CANCEL"}]
    maria.click("runOptimization")
    assert maria.rows() == []
    text = maria.saw("alert")[0]["text"]
    assert text.splitlines()[:5] == [
        "Scenario: Core",
        "Candidates: 6",
        "Left out: 1 (Group orders)",
        "Rules on: 5",
        "Targets on: 0",
    ]


def test_a_question_is_asked_before_a_run_even_where_the_counts_cannot_be_said(maria: Any) -> None:
    maria.put("Setup!A2:B2", ["default_scenario", "Nowhere"])
    maria.answers = [OK]
    maria.click("runOptimization")
    assert "“Nowhere”, which does not stand in Scenarios" in maria.saw("alert")[0]["text"]
    assert [row["action"] for row in maria.rows()] == ["optimize"]


def test_publish_asks_what_the_version_is_about_and_cancel_writes_nothing(maria: Any) -> None:
    maria.answers = [{"button": "CANCEL", "text": "not yet"}, {"button": "CLOSE", "text": ""}]
    maria.click("publishRoadmap")
    maria.click("publishRoadmap")
    assert maria.rows() == []
    maria.answers = [OK | {"text": "  For the board  "}]
    maria.click("publishRoadmap")
    assert json.loads(maria.rows()[0]["arguments"])["version_note"] == "For the board"


def test_cancel_run_names_the_newest_open_request_and_asks_for_its_end(maria: Any) -> None:
    maria.put(
        "Requests!A2:F4",
        ["old", "optimize", "{}", "jo@example.com", 46_000, "done"],
        ["open", "optimize", "{}", "jo@example.com", 46_002, "running"],
        ["older", "check", "{}", "jo@example.com", 46_001, ""],
    )
    maria.answers = [{"button": "NO"}, {"button": "YES"}]
    maria.click("cancelRun")
    assert len(maria.rows()) == 3
    assert maria.saw("alert")[0]["text"] == "Cancel “optimize”, asked for by jo@example.com?"
    maria.click("cancelRun")
    assert json.loads(maria.rows()[-1]["arguments"])["request_id"] == "open"
    assert 'data-request="open"' in maria.saw("sidebar")[0]["html"]


def test_why_tells_of_the_initiative_in_the_cursors_row_what_the_last_plan_says(maria: Any) -> None:
    key = "INIT-000002"
    cells = {"initiative_key": key, "title": "Group orders", "selected": False, "why": "=no room", "gets_in_if": "more"}
    for name, value in cells.items():
        column = maria.column("Portfolio", name)
        letters = chr(65 + column) if column < 26 else "A" + chr(39 + column)
        maria.put(f"Portfolio!{letters}2", [value])
    maria.cursor = {"sheet": maria.sheet_id("Initiatives"), "row": 2, "column": 4}
    maria.click("whyThisRow")
    assert maria.saw("alert")[-1]["text"].splitlines() == [
        "Group orders: not in the plan",
        "Why: =no room",
        "Gets in if: more",
    ]
    maria.cursor["row"] = 3
    maria.click("whyThisRow")
    assert "Live map is not in the last plan" in maria.saw("alert")[-1]["text"]
    maria.cursor["row"] = 0
    maria.click("whyThisRow")
    assert "Put the cursor into the row" in maria.saw("alert")[-1]["text"]


def test_why_tells_of_a_rule_how_it_is_read_and_what_it_costs(maria: Any) -> None:
    place = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[maria.column("Constraints", "reads_as")]
    maria.put(f"Constraints!{place}2", ["UK: at most 400 tokens"])
    maria.cursor = {"sheet": maria.sheet_id("Constraints"), "row": 1, "column": 0}
    maria.click("whyThisRow")
    text = maria.saw("alert")[0]["text"]
    assert text.startswith("UK: at most 400 tokens")
    assert "What it costs: not known" in text


def test_status_of_nothing_in_particular_is_that_of_the_newest_run(maria: Any) -> None:
    assert maria.click("statusOf", "") is None
    maria.put(
        "Requests!A2:G4",
        ["a", "optimize", "{}", "jo", 46_000, "done", "23 of 58"],
        ["b", "check", "{}", "jo", 46_001, "running", ""],
        ["c", "cancel", "{}", "jo", 46_002, "", ""],
    )
    newest = maria.click("statusOf", "")
    assert (newest["requestId"], newest["status"]) == ("b", "running")
    asked = maria.click("statusOf", "a")
    assert (asked["action"], asked["status"], asked["message"]) == ("optimize", "done", "23 of 58")
    assert asked["seconds"] > 0
    assert maria.click("statusOf", "nobody's") is None


def test_functions_of_its_own_and_unknown_ones_cannot_be_called_from_outside(maria: Any) -> None:
    for name in ("writeRow_", "nothing", "eval", "Function", "checkSheet()", ""):
        assert "not found" in maria.end(maria.start(name))["error"]
