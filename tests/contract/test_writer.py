"""The writer over real HTTP: what a cycle leaves in a workbook while product managers work in it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import OutOfReach
from engine.keys import initiative_key
from sheets_sync import marks
from sheets_sync.gateway import SheetsGateway
from sheets_sync.rows import read_inputs
from sheets_sync.updates import RequestAnswer, SheetUpdate
from sheets_sync.writer import WriteReport
from tests.contract.desk import NOW, TITLES, Desk, bad, line, run_of, tables

# ---- cost


def test_a_cycle_costs_one_read_and_one_write_and_an_idle_one_nothing(desk: Desk) -> None:
    desk.read()
    before = desk.gateway.counts
    report = desk.write(desk.update(run=run_of([1, 2, 3]), run_log=(line(),)))
    spent = desk.gateway.counts
    assert (spent.reads - before.reads, spent.writes - before.writes) == (1, 1)
    assert (report.calls, report.repaired_rows, report.skipped_tabs) == (2, 0, ())
    again = desk.cycle(run=run_of([1, 2, 3]), run_log=(line(),))
    assert again == WriteReport(rows_written=0, repaired_rows=0, calls=0)


# ---- the fence


def test_the_fence_is_asked_right_before_each_batch_and_stops_it(desk: Desk) -> None:
    class Lost(OutOfReach):
        pass

    def refuse() -> None:
        raise Lost("Another worker has taken over.")

    seen = len(desk.proxy.seen)
    with pytest.raises(Lost):
        desk.write(desk.update(run=run_of([1])), refuse)
    assert not any("batchUpdate" in each for each in desk.proxy.seen[seen:])
    assert desk.column("Portfolio", "rank") == []


def test_the_fence_is_asked_again_when_the_write_is_tried_again(desk: Desk, fault: Any) -> None:
    asked: list[int] = []
    desk.proxy.fails(fault("batchUpdate", status=503, times=2))
    desk.write(desk.update(run=run_of([1])), lambda: asked.append(1))
    assert len(asked) == 3


# ---- rows that move


def test_rows_sorted_since_the_reading_get_their_own_status(desk: Desk) -> None:
    update = desk.update(findings=(bad("Constraints", 2, "max", "I2", "bad 400"),))
    desk.does(desk.sorts("Constraints", "max"))
    report = desk.write(update)
    told = dict(zip(desk.column("Constraints", "max"), desk.column("Constraints", "sys: status"), strict=True))
    assert told == {400: "ERROR", 401: "OK", 402: "OK", 403: "OK", 404: "OK"}
    assert desk.look("Constraints", 6, "max").fill == marks.RED
    assert report.repaired_rows == 0


def test_rows_sorted_while_the_write_is_on_the_wire_are_put_right_at_once(desk: Desk, fault: Any) -> None:
    own = {"note": "mine", "userEnteredFormat": {"backgroundColorStyle": {"rgbColor": {"green": 1}}}}
    desk.does(desk.cell("Constraints", 6, "max", own, "note,userEnteredFormat.backgroundColorStyle"))
    desk.read()
    update = desk.update(findings=(bad("Constraints", 2, "max", "I2", "bad 400"),))
    desk.just_before_the_write(fault, desk.sorts("Constraints", "max"))
    before = desk.gateway.counts
    report = desk.write(update)
    told = dict(zip(desk.column("Constraints", "max"), desk.column("Constraints", "sys: status"), strict=True))
    assert told == {400: "ERROR", 401: "OK", 402: "OK", 403: "OK", 404: "OK"}
    assert desk.look("Constraints", 6, "max").fill == marks.RED
    assert desk.look("Constraints", 2, "max") == marks.Look("mine", "#00FF00")
    assert report.repaired_rows > 0
    assert desk.gateway.counts.writes - before.writes == 2


def test_a_row_inserted_while_the_write_is_on_the_wire_stays_blank(desk: Desk, fault: Any) -> None:
    update = desk.update(findings=(bad("Constraints", 2, "max", "I2", "bad 400"),))
    desk.just_before_the_write(fault, desk.inserts_row("Constraints", 2))
    desk.write(update)
    assert desk.column("Constraints", "sys: status") == ["", "ERROR", "OK", "OK", "OK", "OK"]
    assert desk.look("Constraints", 2, "max").note == ""


def test_new_keys_find_their_rows_though_rows_moved(
    gateway: SheetsGateway, local_server: Any, proxy: Any, new_workbook: Any, fault: Any
) -> None:
    desk = Desk(gateway, local_server.service, proxy, new_workbook(tables(keys=False)))
    keys = {row: initiative_key(row + 100) for row in range(2, 8)}
    inputs, _ = read_inputs(desk.workbook)
    rows = tuple(replace(row, initiative_key=keys[row.row]) for row in inputs.initiatives)
    update = SheetUpdate(inputs=replace(inputs, initiatives=rows), now=NOW, new_keys=keys)
    desk.just_before_the_write(fault, desk.inserts_row("Initiatives", 4))
    desk.write(update)
    found = dict(zip(desk.column("Initiatives", "title"), desk.column("Initiatives", "initiative_key"), strict=True))
    assert found.pop("") == ""
    assert found == {title: initiative_key(number) for number, title in enumerate(TITLES, 102)}


def test_a_column_inserted_since_the_reading_leaves_the_tab_for_the_next_cycle(desk: Desk) -> None:
    update = desk.update(findings=(bad("Constraints", 2, "max", "I2", "bad"),))
    sheet = desk.workbook.grids["Constraints"].sheet_id
    columns = {"sheetId": sheet, "dimension": "COLUMNS", "startIndex": 2, "endIndex": 3}
    desk.does({"insertDimension": {"range": columns}})
    report = desk.write(update)
    assert report.skipped_tabs == ("Constraints",)
    assert set(desk.column("Constraints", "sys: status")) <= {""}
    desk.cycle(findings=())
    assert desk.column("Constraints", "sys: status") == ["OK"] * 5


# ---- tables beside PMs' columns


def test_portfolio_lists_each_candidate_by_rank_with_its_provenance(desk: Desk) -> None:
    desk.cycle(run=run_of([3, 1]))
    assert desk.column("Portfolio", "rank")[:3] == [1, 2, ""]
    assert desk.column("Portfolio", "initiative_key")[:2] == ["INIT-000003", "INIT-000001"]
    assert desk.column("Portfolio", "revenue")[:2] == [3000, 1000]
    assert desk.column("Portfolio", "selected").count(True) == 2
    assert set(desk.column("Portfolio", "run")) == {"1 · Tue 14:02"}
    assert set(desk.column("Portfolio", "plan_quality")) == {"best possible"}
    assert set(desk.column("Portfolio", "constraint_digest")) == {"sha256:00"}


def test_figures_of_portfolio_and_roadmap_plan_read_with_commas_between_thousands(desk: Desk) -> None:
    """Each with the decimals that it has, also after the next run changed them; a cell of a PM's own keeps its look."""
    first, figures = run_of([1], count=1), {}
    for run_id, added, spent in ((1, "1234567.5", "12000"), (2, "4500", "0.25")):
        (candidate,), (item,) = first.problem.candidates, first.solution.items
        candidate = candidate.model_copy(update={"kpi_contributions": {"revenue": Decimal(added)}})
        run = replace(
            first,
            run_id=run_id,
            problem=first.problem.model_copy(update={"candidates": (candidate,)}),
            solution=first.solution.model_copy(
                update={"items": (item.model_copy(update={"allocated_tokens": Decimal(spent)}),)}
            ),
        )
        desk.cycle(run=run)
        figures[run_id] = [
            desk.shown("Portfolio", 2, "revenue"),
            desk.shown("Portfolio", 2, "allocated_tokens"),
            desk.shown("Roadmap Plan", 2, "allocated_tokens"),
        ]
        assert desk.cycle(run=run).calls == 0
    assert figures == {1: ["1,234,567.5", "12,000", "12,000"], 2: ["4,500", "0.25", "0.25"]}


def test_a_pms_own_column_moves_with_its_initiative_when_a_new_run_sorts(desk: Desk) -> None:
    desk.cycle(run=run_of([1, 2, 3]))
    desk.read()
    width = len(desk.workbook.grids["Portfolio"].values[0])
    sheet_id = desk.workbook.grids["Portfolio"].sheet_id
    desk.does({"appendDimension": {"sheetId": sheet_id, "dimension": "COLUMNS", "length": 1}})
    desk.does(desk.types("Portfolio", 1, width, "my words"), desk.types("Portfolio", 2, width, "on INIT-000001"))
    desk.cycle(run=run_of([3, 2, 1], run_id=2))
    assert desk.by_key("Portfolio", "my words")["INIT-000001"] == "on INIT-000001"
    assert desk.column("Portfolio", "rank")[:3] == [1, 2, 3]
    assert desk.column("Portfolio", "initiative_key")[0] == "INIT-000003"


def test_rows_no_longer_needed_are_emptied_and_never_deleted(desk: Desk) -> None:
    desk.cycle(run=run_of([1, 2, 3]))
    desk.read()
    width = len(desk.workbook.grids["Portfolio"].values[0])
    sheet_id = desk.workbook.grids["Portfolio"].sheet_id
    desk.does({"appendDimension": {"sheetId": sheet_id, "dimension": "COLUMNS", "length": 1}})
    place = desk.column("Portfolio", "initiative_key").index("INIT-000006") + 2
    desk.does(desk.types("Portfolio", 1, width, "my words"), desk.types("Portfolio", place, width, "keep me"))
    rows = desk.read().grids["Portfolio"].row_count
    desk.cycle(run=run_of([1, 2], run_id=2, count=5))
    grid = desk.read().grids["Portfolio"]
    left = [row for row in grid.values[1:] if "keep me" in row]
    assert [[cell for cell in row if cell != ""] for row in left] == [["keep me"]]
    assert "INIT-000006" not in desk.column("Portfolio", "initiative_key")
    assert grid.row_count == rows


def test_a_pms_sort_holds_until_the_next_run(desk: Desk) -> None:
    desk.cycle(run=run_of([1, 2, 3]))
    desk.read()
    desk.does(desk.sorts("Portfolio", "title", "ASCENDING"))
    desk.cycle(run=run_of([1, 2, 3]))
    assert desk.column("Portfolio", "title") == sorted(TITLES)


def test_rows_of_a_table_that_move_under_the_write_are_put_right(desk: Desk, fault: Any) -> None:
    desk.cycle(run=run_of([1, 2, 3]))
    desk.read()
    update = desk.update(run=run_of([1, 2, 3]), failure="The newest run found no plan.")
    desk.just_before_the_write(fault, desk.sorts("Portfolio", "title", "ASCENDING"))
    desk.write(replace(update, run=replace(run_of([4, 5, 6]), run_id=1)))
    ranks = desk.by_key("Portfolio", "rank")
    assert {key: rank for key, rank in ranks.items() if rank} == {"INIT-000004": 1, "INIT-000005": 2, "INIT-000006": 3}
    titles = desk.by_key("Portfolio", "title")
    assert [titles[initiative_key(number)] for number in range(1, 7)] == TITLES


@pytest.mark.parametrize("act", ["sort", "insert", "delete"])
def test_a_new_run_and_a_pms_move_at_once_leave_every_row_whole(act: str, desk: Desk, fault: Any) -> None:
    desk.cycle(run=run_of([1, 2, 3]))
    desk.read()
    width = len(desk.workbook.grids["Portfolio"].values[0])
    sheet_id = desk.workbook.grids["Portfolio"].sheet_id
    desk.does({"appendDimension": {"sheetId": sheet_id, "dimension": "COLUMNS", "length": 1}})
    keys = desk.column("Portfolio", "initiative_key")
    words = [desk.types("Portfolio", row, width, f"on {key}") for row, key in enumerate(keys, 2)]
    desk.does(desk.types("Portfolio", 1, width, "my words"), *words)
    desk.read()
    acts = {
        "sort": desk.sorts("Portfolio", "title", "ASCENDING"),
        "insert": desk.inserts_row("Portfolio", 3),
        "delete": desk.deletes_row("Portfolio", 3),
    }
    desk.just_before_the_write(fault, acts[act])
    desk.cycle(run=run_of([5, 4], run_id=2, count=5))
    ranks, said = desk.by_key("Portfolio", "rank"), desk.by_key("Portfolio", "my words")
    assert {key: rank for key, rank in ranks.items() if rank} == {"INIT-000005": 1, "INIT-000004": 2}
    assert sorted(ranks) == [initiative_key(number) for number in range(1, 6)]
    lost = {keys[1]} if act == "delete" else set()
    assert {key: word for key, word in said.items() if word} == {key: f"on {key}" for key in ranks if key not in lost}


def test_a_key_that_a_pm_typed_over_is_put_back(desk: Desk) -> None:
    desk.cycle(run=run_of([1, 2, 3]))
    desk.read()
    desk.does(desk.types("Portfolio", 2, "initiative_key", "mine"), desk.types("Portfolio", 3, "rank", 99))
    desk.cycle(run=run_of([1, 2, 3]))
    assert desk.column("Portfolio", "initiative_key")[:3] == [initiative_key(number) for number in (1, 2, 3)]
    assert desk.column("Portfolio", "rank")[:3] == [1, 2, 3]


def test_the_grid_grows_in_the_same_batch_when_rows_do_not_fit(desk: Desk) -> None:
    sheet = desk.workbook.grids["Portfolio"].sheet_id
    size = {"sheetId": sheet, "gridProperties": {"rowCount": 3}}
    desk.does({"updateSheetProperties": {"properties": size, "fields": "gridProperties.rowCount"}})
    report = desk.cycle(run=run_of([1, 2, 3]))
    assert report.calls == 2
    assert len(desk.column("Portfolio", "title")) == 6
    assert desk.workbook.grids["Portfolio"].row_count == 3 + 6  # inserted: each new row brings its own


def test_after_a_failed_run_the_last_good_plan_stays_and_is_marked(desk: Desk) -> None:
    desk.cycle(run=run_of([1, 2]))
    desk.cycle(run=run_of([1, 2]), failure="No plan keeps all rules.")
    assert set(desk.column("Portfolio", "run")) == {"1 · Tue 14:02 · last good plan; a newer run made none"}
    assert desk.column("Alerts", "problem")[0] == "No plan keeps all rules."
    assert desk.column("Alerts", "severity")[0] == "CRITICAL"


# ---- text, lost answers, requests


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1234", "-5", "@dana", "'quoted", "1/2", "TRUE", "007"])
def test_text_from_people_is_never_a_formula_number_or_date(text: str, desk: Desk) -> None:
    desk.cycle(run_log=(line(text),))
    assert desk.column("Run Log", "message") == [text]


def test_what_no_cell_can_hold_is_written_as_near_as_can_be(desk: Desk) -> None:
    desk.cycle(run_log=(line("a\0b\ud800c" + "x" * 60_000),))
    message = desk.column("Run Log", "message")[0]
    assert message.startswith("a\ufffdb\ufffdcxxx")
    assert message.endswith("x…")
    assert len(message) == 50_000
    assert desk.cycle(run_log=(line("a\0b\ud800c" + "x" * 60_000),)).calls == 0


def test_an_answer_lost_after_the_write_was_done_does_nothing_twice(desk: Desk, fault: Any) -> None:
    sheet = desk.workbook.grids["Contributions"].sheet_id
    area = {"sheetId": sheet, "dimension": "ROWS", "startIndex": 5, "endIndex": 7}
    desk.does({"deleteDimension": {"range": area}})
    desk.proxy.fails(fault("batchUpdate", kind="lost"))
    desk.cycle(run=run_of([1, 2]), run_log=(line(),))
    assert desk.column("Contributions", "initiative_key") == [initiative_key(number) for number in range(1, 7)]
    assert desk.column("Contributions", "title") == TITLES
    assert sorted(desk.column("Portfolio", "initiative_key")) == [initiative_key(number) for number in range(1, 7)]
    assert len(desk.column("Run Log", "message")) == 1


def test_a_row_the_worker_adds_never_lands_on_one_that_a_pm_just_moved_there(desk: Desk, fault: Any) -> None:
    sheet = desk.workbook.grids["Contributions"].sheet_id
    area = {"sheetId": sheet, "dimension": "ROWS", "startIndex": 6, "endIndex": 7}
    desk.does({"deleteDimension": {"range": area}})
    desk.read()
    update = desk.update()
    desk.just_before_the_write(fault, desk.inserts_row("Contributions", 2))
    desk.write(update)
    keys, values = desk.column("Contributions", "initiative_key"), desk.column("Contributions", "revenue")
    found = {key: value for key, value in zip(keys, values, strict=True) if key}
    assert found == {initiative_key(number): 1000 * number if number < 6 else "" for number in range(1, 7)}


def test_a_request_is_answered_on_its_row_and_other_requests_are_left_alone(desk: Desk) -> None:
    for row, name in ((2, "a"), (3, "b")):
        desk.does(desk.types("Requests", row, "request_id", name), desk.types("Requests", row, "action", "check"))
    desk.cycle(requests={"b": RequestAnswer(status="done", message="2 problems.")})
    assert desk.column("Requests", "status") == ["", "done"]
    assert desk.column("Requests", "message") == ["", "2 problems."]
