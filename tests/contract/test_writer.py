"""The writer over real HTTP: what a cycle leaves in a workbook while product managers work in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import OutOfReach
from engine.findings import Finding, Severity
from engine.keys import initiative_key
from engine.problem import Candidate, Item, Kpi, Objective, Problem, Solution
from engine.provenance import RunFacts, RunLogLine
from engine.roadmap import RoadmapVersion, next_version, plan_items
from sheets_sync import marks
from sheets_sync.gateway import SheetsGateway
from sheets_sync.grids import Workbook
from sheets_sync.headers import header
from sheets_sync.rows import read_inputs
from sheets_sync.tabs import tab
from sheets_sync.updates import RequestAnswer, SheetUpdate
from sheets_sync.writer import WriteReport, write_cycle

NOW = datetime(2026, 1, 13, 14, 2, tzinfo=UTC)
TITLES = ["One-tap checkout", "Group orders", "Live map", "Meal vouchers", "Fraud scores", "Menu photos"]


def tables(*, keys: bool = True) -> dict[str, list[dict[str, Any]]]:
    named = [initiative_key(number) for number in range(1, len(TITLES) + 1)]
    return {
        "Initiatives": [
            {
                **({"initiative_key": key} if keys else {}),
                "title": title,
                "country": "UK",
                "program": "Checkout",
                "engineering_tokens": 100 + place,
                "is_candidate": True,
            }
            for place, (key, title) in enumerate(zip(named, TITLES, strict=True))
        ],
        "Metrics": [{"kpi_key": "revenue", "kpi_name": "Net revenue", "kpi_level": "north_star", "unit": "EUR"}],
        "Contributions": [{"initiative_key": key, "revenue": 1000 * place} for place, key in enumerate(named, 1)],
        "Scenarios": [{"scenario_name": "Core", "period_key": "2026-Q1", "capacity_total_tokens": 300}],
        "Constraints": [
            {"constraint_type": "capacity_cap", "dimension": "country", "dimension_key": "UK", "max": 400 + number}
            for number in range(5)
        ],
        "Setup": [{"key": "default_scenario", "value": "Core"}],
    }


def run_of(chosen: list[int], *, run_id: int = 1, count: int = len(TITLES)) -> RunFacts:
    """A finished run that has the initiatives of these numbers in, in this order."""
    ranks = {number: rank for rank, number in enumerate(chosen, 1)}
    problem = Problem(
        scenario_name="Core",
        period_key="2026-Q1",
        periods=("2026-Q1",),
        capacity_total_tokens=Decimal(300),
        objective=Objective(mode="north_star"),
        kpis=(Kpi(kpi_key="revenue", kpi_level="north_star", unit="EUR"),),
        candidates=tuple(
            Candidate(
                initiative_key=initiative_key(number),
                title=TITLES[number - 1],
                engineering_tokens=Decimal(100),
                program="Checkout",
                kpi_contributions={"revenue": Decimal(1000 * number)},
            )
            for number in range(1, count + 1)
        ),
    )
    items = tuple(
        Item(
            initiative_key=initiative_key(number),
            selected=number in ranks,
            allocated_tokens=Decimal(100 if number in ranks else 0),
            rank=ranks.get(number),
            start_period="2026-Q1" if number in ranks else None,
            reason="best value" if number in ranks else "no room",
        )
        for number in range(1, count + 1)
    )
    return RunFacts(
        run_id=run_id,
        scenario="Core",
        constraint_set="Baseline",
        rules_version=1,
        constraint_digest="sha256:00",
        inputs_as_of=NOW,
        solved_at=NOW,
        problem=problem,
        solution=Solution(status="optimal", relative_gap=Decimal(0), items=items),
        portfolio_id=run_id,
    )


def line(message: str = "done") -> RunLogLine:
    return RunLogLine(
        time=NOW, who="dana", trigger="menu", action="optimize", scenario="Core", constraint_set="Baseline",
        status="done", plan_quality="best possible", seconds=1.5, rows_read=10, rows_written=5, api_calls=4,
        message=message, run=1,
    )  # fmt: skip


@dataclass
class Desk:
    """A workbook, a gateway, and a PM who works in it through the server itself."""

    gateway: SheetsGateway
    service: Any
    proxy: Any
    workbook: Workbook

    @property
    def id(self) -> str:
        return self.workbook.spreadsheet_id

    def read(self) -> Workbook:
        self.workbook = self.gateway.read(self.id)
        return self.workbook

    def update(self, **more: Any) -> SheetUpdate:
        inputs, findings = read_inputs(self.workbook)
        more.setdefault("findings", findings)
        return SheetUpdate(inputs=inputs, now=NOW, **more)

    def write(self, update: SheetUpdate, before_write: Callable[[], None] = lambda: None) -> WriteReport:
        return write_cycle(self.gateway, self.workbook, update, before_write=before_write)

    def cycle(self, **more: Any) -> WriteReport:
        self.read()
        return self.write(self.update(**more))

    def column(self, name: str, column: str) -> list[Any]:
        """The values of one column below its header, as they stand now."""
        grid = self.read().grids[name]
        index = self.index(name, column)
        return [row[index] if index < len(row) else "" for row in grid.values[1:]]

    def index(self, name: str, column: str) -> int:
        grid = self.workbook.grids[name]
        head = header(grid, tab(name), ["revenue"])
        found = head.columns.get(column)
        return found if found is not None else [str(text) for text in grid.values[0]].index(column)

    def by_key(self, name: str, column: str) -> dict[str, Any]:
        keys, values = self.column(name, "initiative_key"), self.column(name, column)
        return {key: value for key, value in zip(keys, values, strict=True) if key}

    # ---- what the PM does

    def does(self, *requests: dict[str, Any]) -> None:
        self.service.batch_update(self.id, {"requests": list(requests)})

    def types(self, name: str, row: int, column: str | int, value: str | float | bool) -> dict[str, Any]:
        kind = "boolValue" if isinstance(value, bool) else "stringValue" if isinstance(value, str) else "numberValue"
        return self.cell(name, row, column, {"userEnteredValue": {kind: value}}, "userEnteredValue")

    def cell(self, name: str, row: int, column: str | int, data: dict[str, Any], fields: str) -> dict[str, Any]:
        place = column if isinstance(column, int) else self.index(name, column)
        start = {"sheetId": self.workbook.grids[name].sheet_id, "rowIndex": row - 1, "columnIndex": place}
        return {"updateCells": {"start": start, "rows": [{"values": [data]}], "fields": fields}}

    def sorts(self, name: str, column: str, order: str = "DESCENDING") -> dict[str, Any]:
        grid = self.workbook.grids[name]
        area = {"sheetId": grid.sheet_id, "startRowIndex": 1, "endRowIndex": len(grid.values)}
        specs = [{"dimensionIndex": self.index(name, column), "sortOrder": order}]
        return {"sortRange": {"range": area, "sortSpecs": specs}}

    def inserts_row(self, name: str, above: int) -> dict[str, Any]:
        return self._rows("insertDimension", name, above)

    def deletes_row(self, name: str, row: int) -> dict[str, Any]:
        return self._rows("deleteDimension", name, row)

    def _rows(self, what: str, name: str, row: int) -> dict[str, Any]:
        sheet_id = self.workbook.grids[name].sheet_id
        return {what: {"range": {"sheetId": sheet_id, "dimension": "ROWS", "startIndex": row - 1, "endIndex": row}}}

    def just_before_the_write(self, fault: Any, *requests: dict[str, Any]) -> None:
        """The PM does this after the narrow re-read, while the batch is on the wire."""
        self.proxy.fails(fault("batchUpdate", kind="call", then=lambda: self.does(*requests)))

    def look(self, name: str, row: int, column: str) -> marks.Look:
        place = f"'{name}'!R{row}C{self.index(name, column) + 1}"
        answer = self.service.get_spreadsheet(self.id, [_a1(place)], True)
        rows = answer["sheets"][0]["data"][0].get("rowData", [{}])
        return marks.look_of((rows[0].get("values") or [{}])[0] if rows else {})


def _a1(place: str) -> str:
    title, _, cell = place.rpartition("!")
    row, column = cell[1:].split("C")
    letters = ""
    number = int(column)
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{title}!{letters}{row}"


@pytest.fixture
def desk(gateway: SheetsGateway, local_server: Any, proxy: Any, new_workbook: Any) -> Desk:
    return Desk(gateway, local_server.service, proxy, new_workbook(tables()))


def bad(name: str, row: int, column: str, cell: str, message: str) -> Finding:
    return Finding(severity=Severity.ERROR, tab=name, row=row, column=column, cell=cell, message=message)


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


# ---- telling


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
    assert desk.workbook.grids["Portfolio"].row_count == 7


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


# ---- plan and page


def published(desk: Desk, run: RunFacts, last: RoadmapVersion | None = None) -> RoadmapVersion:
    inputs, _ = read_inputs(desk.read())
    version, _ = next_version(
        last,
        inputs.plan,
        plan_items(run.problem, run.solution),
        roadmap_name="Core roadmap",
        scenario="Core",
        portfolio_id=run.run_id,
        version_note="",
        published_by="dana@example.com",
        published_at=NOW,
    )
    return version


def test_roadmap_plan_shows_what_the_run_wants_before_the_first_version(desk: Desk) -> None:
    desk.cycle(run=run_of([2, 1]))
    assert desk.by_key("Roadmap Plan", "plan_wants")["INIT-000002"] == "in, 2026-Q1"
    assert desk.by_key("Roadmap Plan", "effective_rank")["INIT-000002"] == 1
    assert desk.by_key("Roadmap Plan", "section")["INIT-000006"] == "not planned"
    assert set(desk.column("Roadmap Plan", "roadmap_version")) <= {""}


def test_what_a_pm_typed_into_the_plan_stays_and_every_provenance_cell_of_the_version_is_filled(desk: Desk) -> None:
    run = run_of([2, 1])
    desk.cycle(run=run)
    row = desk.column("Roadmap Plan", "initiative_key").index("INIT-000006") + 2
    desk.does(desk.types("Roadmap Plan", row, "decision", "in"), desk.types("Roadmap Plan", row, "owner", "Dana"))
    version = published(desk, run)
    desk.cycle(run=run, version=version, published_run=run)
    assert desk.by_key("Roadmap Plan", "decision")["INIT-000006"] == "in"
    assert desk.by_key("Roadmap Plan", "section")["INIT-000006"] == "planned"
    assert desk.by_key("Roadmap Plan", "conflict")["INIT-000006"]
    assert desk.by_key("Roadmap Plan", "source")["INIT-000006"] == "manual"
    for column in ("run", "scenario", "constraint_set", "rules_version", "inputs_as_of", "solved_at", "plan_quality",
                   "source", "run_id", "portfolio_id", "constraint_digest", "roadmap_version", "published_by",
                   "published_at"):  # fmt: skip
        cells = desk.by_key("Roadmap Plan", column)
        assert all(cells[key] != "" for key in ("INIT-000001", "INIT-000002", "INIT-000006")), column


def test_a_plan_row_with_a_pms_words_keeps_its_initiative_when_it_is_no_candidate_any_more(desk: Desk) -> None:
    desk.cycle(run=run_of([1]))
    row = desk.column("Roadmap Plan", "initiative_key").index("INIT-000006") + 2
    desk.does(desk.types("Roadmap Plan", row, "notes", "promised to a partner"))
    desk.cycle(run=run_of([1], run_id=2, count=4))
    notes = desk.by_key("Roadmap Plan", "notes")
    assert notes["INIT-000006"] == "promised to a partner"
    assert "INIT-000005" not in notes


def test_the_roadmap_page_says_the_plan_in_its_first_row_and_where_it_comes_from_in_its_second(desk: Desk) -> None:
    run = run_of([2, 1])
    desk.cycle(run=run)
    row = desk.column("Roadmap Plan", "initiative_key").index("INIT-000002") + 2
    for column, text in (("notes", "secret"), ("override_reason", "hush"), ("owner", "Dana"), ("status", "at risk")):
        desk.does(desk.types("Roadmap Plan", row, column, text))
    version = published(desk, run)
    desk.cycle(run=run, version=version, published_run=run)
    page = desk.read().grids["Roadmap"].values
    texts = "\n".join(str(cell) for cells in page for cell in cells)
    assert page[0][0] == "Q1 2026 plan v1: 2 of 6 initiatives, Net revenue +3,000 EUR"
    for part in ("Fresh", "run 1", "Core roadmap v1", "dana@example.com", "2026-01-13 14:02"):
        assert part in page[1][0]
    assert "Dana · ▲ at risk" in texts
    assert "200 of 300 tokens" in texts
    assert "INIT-" not in texts
    assert "secret" not in texts
    assert "hush" not in texts
    links = desk.service.get_spreadsheet(desk.id, ["Roadmap!A2"], True)
    runs = links["sheets"][0]["data"][0]["rowData"][0]["values"][0]["textFormatRuns"]
    assert sum("link" in run.get("format", {}) for run in runs) == 4


def test_the_page_says_when_a_newer_run_waits_and_how_many_edits_are_unpublished(desk: Desk) -> None:
    run = run_of([2, 1])
    desk.cycle(run=run)
    version = published(desk, run)
    desk.cycle(run=run, version=version, published_run=run)
    row = desk.column("Roadmap Plan", "initiative_key").index("INIT-000006") + 2
    desk.does(desk.types("Roadmap Plan", row, "decision", "in"))
    desk.cycle(run=run_of([3], run_id=2), version=version, published_run=run)
    second = desk.read().grids["Roadmap"].values[1][0]
    assert "Stale: run 2 is newer and not published" in second
    assert "1 unpublished edit" in second
