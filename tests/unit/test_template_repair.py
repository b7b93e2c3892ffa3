"""Repair: whatever people did to a workbook, `roadmap init` adds what is missing and touches nothing that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheets_sync import column_style
from sheets_sync import header_notes as header_notes_of
from sheets_sync.gaps import STYLE_FIELDS
from sheets_sync.grids import Workbook
from sheets_sync.headers import column_letters, grid_of, header, is_blank, moved_header
from sheets_sync.local.service import SheetsService
from sheets_sync.readings import READ_FIELDS, wanted_sheets, workbook_of
from sheets_sync.sample import SAMPLE_SIZE, sample_tables
from sheets_sync.tab_places import kpi_members
from sheets_sync.tabs import CONSTRAINT_TYPES, TABS, tab
from sheets_sync.template import new_workbook_requests, repair_requests, style_ranges

Json = dict[str, Any]
KEYS = [f"INIT-{number:06d}" for number in range(1, SAMPLE_SIZE + 1)]
TABLES = ("Constraints", "Targets", "Scenarios", "Initiatives", "Portfolio", "Roadmap Plan", "Contributions", "Checks")


class Desk:
    """One spreadsheet of the local server, as the gateway reads it and as somebody damages it."""

    def __init__(self, service: SheetsService, spreadsheet_id: str) -> None:
        self.service, self.id = service, spreadsheet_id

    def read(self, titles: list[str] | None = None) -> Workbook:
        metadata = self.service.get_spreadsheet(self.id, fields=READ_FIELDS)
        sheets = wanted_sheets(metadata, titles)
        ranges = [f"'{sheet['properties']['title']}'" for sheet in sheets]
        values = self.service.values_batch_get(self.id, ranges, value_render_option="UNFORMATTED_VALUE")
        return workbook_of(self.id, metadata, sheets, values)

    def does(self, *requests: Json) -> None:
        if requests:
            self.service.batch_update(self.id, {"requests": list(requests)})

    def repair(self) -> list[Json]:
        """What a second `roadmap init` asks for, after the first one did what it asked for."""
        self.does(*self.asked())
        return self.asked()

    def asked(self) -> list[Json]:
        workbook = self.read()
        return repair_requests(
            workbook, self.service.get_spreadsheet(self.id, style_ranges(workbook), fields=STYLE_FIELDS)
        )

    def cells(self) -> dict[tuple[int, int, int], Any]:
        """Every cell of every sheet, by sheet id and place."""
        titles = [sheet["properties"]["title"] for sheet in self.service.get_spreadsheet(self.id)["sheets"]]
        return {
            (grid.sheet_id, row, column): value
            for grid in self.read(titles).grids.values()
            for row, cells in enumerate(grid.values)
            for column, value in enumerate(cells)
            if not is_blank(value)
        }

    def sheet(self, name: str) -> Json | None:
        for sheet in self.service.get_spreadsheet(self.id, fields=READ_FIELDS)["sheets"]:
            if sheet["properties"].get("sheetId") == self.ids.get(name):
                return sheet
        return None

    @property
    def ids(self) -> dict[str, int]:
        return {each.name: 0 if each is TABS[0] else each.sheet_id for each in TABS}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A few rows of the sample in small tabs."""
    service = SheetsService(tmp_path_factory.mktemp("repair"))
    desk = Desk(service, service.create_spreadsheet({"properties": {"title": "Plan"}})["spreadsheetId"])
    few = {name: rows[:8] for name, rows in sample_tables(KEYS).items()}
    requests = new_workbook_requests(desk.read(["Sheet1"]), few)
    for request in requests:
        added = request.get("addSheet", {}).get("properties", {}).get("gridProperties")
        if added:
            added["rowCount"] = 12
    size = {"sheetId": 0, "gridProperties": {"rowCount": 12}}
    desk.does({"updateSheetProperties": {"properties": size, "fields": "gridProperties.rowCount"}}, *requests)
    yield desk
    service.close()


@pytest.fixture
def copied(made: Desk) -> Callable[[], Desk]:
    """Copies, each made a workspace of its own."""

    def copy() -> Desk:
        desk = Desk(made.service, made.service.copy_file(made.id, {"name": "Damaged"})["id"])
        desk.does(*desk.asked())
        return desk

    return copy


def area(sheet_id: int, column: int, top: int = 0, bottom: int = 1) -> Json:
    return {
        "sheetId": sheet_id, "startRowIndex": top, "endRowIndex": bottom,
        "startColumnIndex": column, "endColumnIndex": column + 1,
    }  # fmt: skip


def columns(sheet_id: int, start: int, count: int = 1) -> Json:
    return {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": start, "endIndex": start + count}


def put(sheet_id: int, row: int, column: int, text: str | None) -> Json:
    cell = {"userEnteredValue": {"stringValue": text}} if text else {}
    start = {"sheetId": sheet_id, "rowIndex": row, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}}


def damage(kind: str, sheet: Json, column: int, text: str) -> list[Json]:
    """One thing that somebody does to a tab."""
    sheet_id = sheet["properties"].get("sheetId", 0)
    size = sheet["properties"]["gridProperties"]
    column %= size["columnCount"]
    match kind:
        case "delete tab":
            return [{"deleteSheet": {"sheetId": sheet_id}}]
        case "rename tab":
            return [{"updateSheetProperties": {"properties": {"sheetId": sheet_id, "title": text}, "fields": "title"}}]
        case "delete column":
            return [{"deleteDimension": {"range": columns(sheet_id, column)}}]
        case "rename column":
            return [put(sheet_id, 0, column, text)]
        case "blank header":
            return [put(sheet_id, 0, column, None)]
        case "move column":
            return [{"moveDimension": {"source": columns(sheet_id, column), "destinationIndex": 0}}]
        case "insert column":
            return [{"insertDimension": {"range": columns(sheet_id, column)}}, put(sheet_id, 3, column, text)]
        case "write beside":
            return [
                {"appendDimension": {"sheetId": sheet_id, "dimension": "COLUMNS", "length": 2}},
                put(sheet_id, 4, size["columnCount"] + 1, text),
            ]
        case "insert row above":
            rows = {"sheetId": sheet_id, "dimension": "ROWS", "startIndex": 0, "endIndex": 1}
            return [{"insertDimension": {"range": rows}}, put(sheet_id, 0, column, text)]
        case "unfreeze":
            properties = {"sheetId": sheet_id, "gridProperties": {"frozenRowCount": 0}}
            return [{"updateSheetProperties": {"properties": properties, "fields": "gridProperties.frozenRowCount"}}]
        case "clear note":
            cells = area(sheet_id, column)
            return [{"updateCells": {"range": cells, "rows": [{"values": [{}]}], "fields": "note"}}]
        case "clear dropdown":
            return [{"setDataValidation": {"range": area(sheet_id, column, 1, size["rowCount"])}}]
        case "clear format":
            cells = area(sheet_id, column, 1, size["rowCount"])
            return [{"repeatCell": {"range": cells, "cell": {}, "fields": "userEnteredFormat"}}]
        case "unprotect":
            guards = sheet.get("protectedRanges", ())
            return [{"deleteProtectedRange": {"protectedRangeId": each["protectedRangeId"]}} for each in guards]
        case "ungrey":
            count = len(sheet.get("conditionalFormats", ()))
            return [{"deleteConditionalFormatRule": {"sheetId": sheet_id, "index": 0}}] * count
        case _:
            return [{"deleteBanding": {"bandedRangeId": e["bandedRangeId"]}} for e in sheet.get("bandedRanges", ())]


KINDS = (
    "delete tab", "rename tab", "delete column", "rename column", "blank header", "move column", "insert column",
    "write beside", "insert row above", "unfreeze", "clear note", "clear dropdown", "clear format", "unprotect",
    "ungrey", "unband",
)  # fmt: skip
DAMAGE = st.tuples(
    st.sampled_from(KINDS),
    st.sampled_from(TABLES),
    st.integers(0, 30),
    st.sampled_from(["Mine", "Rules", "Tokens (eng)"]),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(DAMAGE, min_size=1, max_size=7))
def test_after_any_damage_the_template_is_whole_again_and_no_cell_has_changed(
    copied: Callable[[], Desk], blows: list[tuple[str, str, int, str]]
) -> None:
    desk = copied()
    for kind, name, column, text in blows:
        sheet = desk.sheet(name)
        titles = [each["properties"]["title"] for each in desk.service.get_spreadsheet(desk.id)["sheets"]]
        if sheet is not None and not (kind == "rename tab" and text in titles):
            desk.does(*damage(kind, sheet, column, text))
    before = desk.cells()
    again = desk.repair()
    after = desk.cells()
    assert {place: after.get(place) for place in before} == before
    assert again == []
    workbook = desk.read()
    kpis = kpi_members(workbook)
    for declared in TABS:
        grid = grid_of(workbook, declared)
        assert grid is not None
        assert moved_header(declared, grid) or not header(grid, declared, kpis).missing


def test_everything_a_tab_can_lose_beside_its_cells_comes_back(copied: Callable[[], Desk]) -> None:
    desk = copied()
    at = tab("Constraints").names.index("constraint_type")
    for kind in ("unfreeze", "clear note", "clear dropdown", "clear format", "unprotect", "ungrey"):
        sheet = desk.sheet("Constraints")
        assert sheet is not None
        desk.does(*damage(kind, sheet, at, ""))
    portfolio = desk.sheet("Portfolio")
    assert portfolio is not None
    desk.does(*damage("unband", portfolio, 0, ""))
    assert desk.repair() == []
    sheet, portfolio = desk.sheet("Constraints"), desk.sheet("Portfolio")
    assert sheet is not None
    assert portfolio is not None
    assert sheet["properties"]["gridProperties"]["frozenRowCount"] == 1
    assert len(sheet["conditionalFormats"]) == len({name for used in CONSTRAINT_TYPES.values() for name in used})
    assert sheet["protectedRanges"]
    assert portfolio["bandedRanges"]
    letter = "ABCDEFGHIJ"[at]
    rows = desk.service.get_spreadsheet(desk.id, [f"Constraints!{letter}1:{letter}9"], True)["sheets"][0]["data"][0]
    top, *_, last = (row["values"][0] for row in rows["rowData"])
    assert "capacity_cap: dimension" in top["note"]
    assert last["dataValidation"]["condition"]["type"] == "ONE_OF_LIST"
    assert last["userEnteredFormat"]["numberFormat"]["type"] == "TEXT"


def test_a_pms_own_note_freeze_and_dropdown_are_left_alone(copied: Callable[[], Desk]) -> None:
    desk = copied()
    sheet_id = desk.ids["Constraints"]
    at = tab("Constraints").names.index("dimension_key")
    own = {"condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "UK"}]}, "strict": True}
    frozen = {"sheetId": sheet_id, "gridProperties": {"frozenRowCount": 3}}
    desk.does(
        {"setDataValidation": {"range": area(sheet_id, at, 1, 12), "rule": own}},
        {"updateCells": {"range": area(sheet_id, at), "rows": [{"values": [{"note": "mine"}]}], "fields": "note"}},
        {"updateSheetProperties": {"properties": frozen, "fields": "gridProperties.frozenRowCount"}},
    )
    assert desk.asked() == []


def _offered(desk: Desk, name: str, column: int) -> tuple[list[str], bool]:
    """The words that the last cell of a column offers, and whether it refuses others."""
    letter = column_letters(column)
    rows = desk.service.get_spreadsheet(desk.id, [f"{name}!{letter}1:{letter}12"], True)["sheets"][0]["data"][0]
    rule = rows["rowData"][-1]["values"][0]["dataValidation"]
    return [each["userEnteredValue"] for each in rule["condition"]["values"]], rule.get("strict", False)


@pytest.mark.parametrize(
    ("words", "is_renewed"),
    [
        (["check", "optimize", "publish"], True),  # of the first version
        (["check", "optimize"], False),
        (["publish", "optimize", "check"], False),
        (["check", "optimize", "publish", "celebrate"], False),
    ],
)
def test_a_list_that_an_older_version_offered_is_renewed_and_a_pms_stays(
    copied: Callable[[], Desk], words: list[str], is_renewed: bool
) -> None:
    desk = copied()
    sheet_id, action = desk.ids["Requests"], tab("Requests").names.index("action")
    rule = {
        "condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": word} for word in words]},
        "strict": True,
        "showCustomUi": True,
    }
    beside = tab("Requests").names.index("arguments")
    for column in (action, beside):
        below = {"sheetId": sheet_id, "startRowIndex": 1, "startColumnIndex": column, "endColumnIndex": column + 1}
        desk.does({"setDataValidation": {"range": below, "rule": rule}})
    assert desk.repair() == []
    now = (["check", "optimize", "publish", "cancel"], False) if is_renewed else (words, True)
    assert _offered(desk, "Requests", action) == now
    assert _offered(desk, "Requests", beside) == (words, True)


def test_a_renamed_tab_is_not_made_a_second_time(copied: Callable[[], Desk]) -> None:
    """Start too, whose sheet was there before the template and has no id of its own."""
    desk = copied()
    for name in ("Constraints", "Start"):
        sheet = desk.sheet(name)
        assert sheet is not None
        desk.does(*damage("rename tab", sheet, 0, f"Our {name} 2026"))
    assert desk.asked() == []
    workbook = desk.read()
    found = grid_of(workbook, tab("Start"))
    assert found is not None
    assert found.title == "Our Start 2026"


def test_the_first_sheet_of_somebody_elses_spreadsheet_is_not_looked_at() -> None:
    sheets = [{"properties": {"sheetId": 0, "title": "Salaries"}}, {"properties": {"sheetId": 5, "title": "Targets"}}]
    assert [each["properties"]["title"] for each in wanted_sheets({"sheets": sheets})] == ["Targets"]


def test_nothing_is_added_beside_rows_that_stand_above_the_header(copied: Callable[[], Desk]) -> None:
    desk = copied()
    sheet = desk.sheet("Targets")
    assert sheet is not None
    desk.does(*damage("insert row above", sheet, 0, "Our targets"))
    assert desk.asked() == []


def test_a_column_without_a_header_keeps_its_place_beside_new_ones(copied: Callable[[], Desk]) -> None:
    desk = copied()
    sheet = desk.sheet("Targets")
    assert sheet is not None
    desk.does(*damage("write beside", sheet, 0, "mine"), *damage("delete column", sheet, 4, ""))
    assert desk.repair() == []
    (place,) = [place for place, value in desk.cells().items() if value == "mine"]
    assert (place[0], 0, place[2]) not in desk.cells()


def header_notes(desk: Desk, name: str) -> dict[int, str]:
    """Column -> note of its header."""
    return {column - 1: text for (row, column), text in desk.read().grids[name].notes.items() if row == 1}


def test_a_header_note_of_an_older_version_becomes_that_of_this_one_and_a_pms_stays(
    copied: Callable[[], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours is told by what we remember to have written, also after the column moved; one changed by hand is a PM's."""
    desk = copied()
    now = header_notes(desk, "Constraints")
    note = column_style.note
    with monkeypatch.context() as older:
        older.setattr(column_style, "note", lambda column: f"{note(column)}\nIn the words of an older version.")
        assert desk.repair() == []
    old = header_notes(desk, "Constraints")
    assert {text.partition("\nIn the words")[0] for text in old.values()} == set(now.values())
    assert all("older version" in text for text in old.values())
    ids = desk.ids
    mine = {"note": f"{old[3]}\nAsk Lee before you use it."}
    start = {"sheetId": ids["Constraints"], "rowIndex": 0, "columnIndex": 3}
    desk.does({"updateCells": {"start": start, "rows": [{"values": [mine]}], "fields": "note"}})
    desk.does({"insertDimension": {"range": columns(ids["Constraints"], 0)}})
    assert desk.repair() == []
    moved = {column + 1: text for column, text in now.items()}
    assert header_notes(desk, "Constraints") == moved | {4: mine["note"]}


def test_a_header_note_of_which_nothing_is_remembered_stays(copied: Callable[[], Desk]) -> None:
    """As in workbooks made before notes were remembered, or whose memory somebody deleted."""
    desk = copied()
    everywhere = {"developerMetadataLookup": {"metadataKey": header_notes_of.KEY}}
    start = {"sheetId": desk.ids["Targets"], "rowIndex": 0, "columnIndex": 0}
    mine = {"note": "Somebody's words"}
    desk.does(
        {"deleteDeveloperMetadata": {"dataFilter": everywhere}},
        {"updateCells": {"start": start, "rows": [{"values": [mine]}], "fields": "note"}},
    )
    assert desk.repair() == []
    assert header_notes(desk, "Targets")[0] == "Somebody's words"
