"""gspread against the local server: what of its API the other contract tests do not reach. `make gspread-suite` runs
its own suite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gspread
import pytest
import requests
from google.oauth2.service_account import Credentials
from gspread.utils import DateTimeOption, ExportFormat, ValidationConditionType, ValueInputOption, ValueRenderOption
from hypothesis import given
from hypothesis import strategies as st

from sheets_sync.local.server import LocalServer
from sheets_sync.local.styles import color
from sheets_sync.transport import BoundedAdapter

DRIVE = ["https://www.googleapis.com/auth/drive.file"]
TYPED = ValueInputOption.user_entered


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with LocalServer(tmp_path_factory.mktemp("sheets")) as one:
        yield one


@pytest.fixture(scope="module")
def client(server: LocalServer) -> Iterator[gspread.Client]:
    one = gspread.authorize(Credentials.from_service_account_file(str(server.key_file), scopes=DRIVE))
    one.http_client.session.mount("https://", BoundedAdapter(server.base_url))
    yield one
    one.http_client.session.close()


@pytest.fixture
def sheet(client: gspread.Client) -> gspread.Worksheet:
    return client.create("Of gspread").sheet1


def metadata(sheet: gspread.Worksheet, fields: str) -> Any:
    return sheet.spreadsheet.fetch_sheet_metadata(params={"fields": fields})


def test_importing_a_csv_replaces_all_tabs_by_its_rows_typed(client: gspread.Client, sheet: gspread.Worksheet) -> None:
    sheet.update([["old"] * 9] * 9)
    sheet.spreadsheet.add_worksheet("Goes", 1, 1)
    client.import_csv(sheet.spreadsheet.id, 'name,tokens\n"Müller, Söhne",1200\n=1+1,50%\n')
    (only,) = client.open_by_key(sheet.spreadsheet.id).worksheets()
    assert only.get_all_values() == [["name", "tokens"], ["Müller, Söhne", "1200"], ["2", "50%"]]
    assert only.get(value_render_option=ValueRenderOption.unformatted)[1:] == [["Müller, Söhne", 1200], [2, 0.5]]


def test_a_csv_longer_than_the_grid_makes_it_longer(client: gspread.Client, sheet: gspread.Worksheet) -> None:
    sheet.resize(2, 2)
    client.import_csv(sheet.spreadsheet.id, "a,b,c\n" * 5)
    assert client.open_by_key(sheet.spreadsheet.id).sheet1.get_all_values() == [["a", "b", "c"]] * 5


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [("text/csv", b"\xff\xfe", 400), ("application/zip", b"PK", 400), ("text/tab-separated-values", b"a\tb", 200)],
)
def test_an_upload_is_csv_or_tsv_or_refused(
    server: LocalServer, sheet: gspread.Worksheet, kind: str, content: bytes, status: int
) -> None:
    url = f"{server.base_url}/upload/drive/v3/files/{sheet.spreadsheet.id}?uploadType=media"
    headers = {"Authorization": "Bearer any", "Content-Type": kind}
    assert requests.patch(url, data=content, headers=headers, timeout=20).status_code == status
    assert sheet.get_all_values() == ([["a", "b"]] if status == 200 else [[]])


@contextmanager
def refused(words: str, status: int = 400) -> Iterator[None]:
    """The block ends in gspread's APIError with these words and this status."""
    with pytest.raises(gspread.exceptions.APIError, match=re.escape(words)) as told:
        yield
    assert told.value.code == status


def test_a_colour_between_two_steps_of_255_is_kept_as_the_lower_one(sheet: gspread.Worksheet) -> None:
    shades = {"red": 0.3, "green": 0.5, "blue": 0.9}
    sheet.format("A1", {"backgroundColor": shades})
    fields = "sheets.data.rowData.values.userEnteredFormat.backgroundColor"
    (row,) = metadata(sheet, fields)["sheets"][0]["data"][0]["rowData"]
    kept = {"red": 0.29803923, "green": 0.49803922, "blue": 0.8980392}
    assert row["values"][0]["userEnteredFormat"]["backgroundColor"] == kept


@given(red=st.integers(1, 255), green=st.integers(1, 255), blue=st.integers(1, 255))
def test_a_colour_of_whole_steps_comes_back_as_it_went_in(red: int, green: int, blue: int) -> None:
    asked = {"red": red / 255, "green": green / 255, "blue": blue / 255}
    kept = color(asked)
    assert kept == pytest.approx(asked, abs=1e-7)
    assert color(kept) == kept


def test_a_tab_colour_can_be_taken_away_and_is_then_not_black(sheet: gspread.Worksheet) -> None:
    sheet.update_tab_color("#FF0000")
    sheet.clear_tab_color()
    assert "tabColorStyle" not in metadata(sheet, "sheets.properties")["sheets"][0]["properties"]
    sheet.update_tab_color("#000000")
    assert metadata(sheet, "sheets.properties.tabColorStyle") == {
        "sheets": [{"properties": {"tabColorStyle": {"rgbColor": {}}}}]
    }


def test_a_named_range_is_read_by_its_name_and_is_gone_when_deleted(sheet: gspread.Worksheet) -> None:
    sheet.update([["a", "b"], ["c", "d"]])
    reply = sheet.define_named_range("B1:B2", "Second")
    assert [cell.value for cell in sheet.spreadsheet.named_range("Second")] == ["b", "d"]
    assert sheet.spreadsheet.values_get("second")["range"] == "Sheet1!B1:B2"
    sheet.delete_named_range(reply["replies"][0]["addNamedRange"]["namedRange"]["namedRangeId"])
    assert metadata(sheet, "namedRanges") == {}
    with pytest.raises(gspread.exceptions.APIError, match="Unable to parse range"):
        sheet.get("Second")


def test_a_validation_takes_numbers_as_gspread_sends_them(sheet: gspread.Worksheet) -> None:
    sheet.add_validation("A1", ValidationConditionType.number_greater, [10], strict=True, inputMessage="Above ten")
    sheet.add_validation("B1", ValidationConditionType.one_of_list, ["Yes", "No"], showCustomUi=True)
    rows = metadata(sheet, "sheets.data.rowData.values.dataValidation")["sheets"][0]["data"][0]["rowData"]
    above, choice = (cell["dataValidation"] for cell in rows[0]["values"])
    assert above["condition"] == {"type": "NUMBER_GREATER", "values": [{"userEnteredValue": "10"}]}
    assert (above["strict"], above["inputMessage"], choice["showCustomUi"]) == (True, "Above ten", True)


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("NUMBER_GREATER", [], "takes exactly 1 ConditionValues, but 0 were given"),
        ("NUMBER_BETWEEN", ["1"], "takes exactly 2 ConditionValues, but 1 were given"),
        ("BOOLEAN", ["a", "b", "c"], "takes from 0 to 2 ConditionValues, but 3 were given"),
        ("NOT_BLANK", [], "of type NOT_BLANK is not supported by data validation"),
        ("TEXT_STARTS_WITH", ["a"], "of type TEXT_STARTS_WITH is not supported by data validation"),
    ],
)
def test_a_validation_takes_the_conditions_that_are_documented_for_it(
    sheet: gspread.Worksheet, kind: str, values: list[str], words: str
) -> None:
    with refused(words):
        sheet.add_validation("A1", ValidationConditionType(kind), values)
    assert "rowData" not in metadata(sheet, "sheets.data.rowData")["sheets"][0]["data"][0]


def test_a_conditional_format_takes_the_conditions_that_are_documented_for_it(sheet: gspread.Worksheet) -> None:
    def add(condition: dict[str, Any]) -> None:
        ranges = [{"sheetId": sheet.id, "endRowIndex": 1, "endColumnIndex": 1}]
        rule = {"ranges": ranges, "booleanRule": {"condition": condition, "format": {"textFormat": {"bold": True}}}}
        sheet.spreadsheet.batch_update({"requests": [{"addConditionalFormatRule": {"rule": rule}}]})

    add({"type": "NOT_BLANK"})
    add({"type": "DATE_BEFORE", "values": [{"relativeDate": "TODAY"}]})
    with refused("of type ONE_OF_LIST is not supported by conditional formatting"):
        add({"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "a"}]})
    with refused("takes exactly 1 ConditionValues, but 0 were given"):
        add({"type": "CUSTOM_FORMULA"})


def test_a_validation_knows_no_relative_dates(sheet: gspread.Worksheet) -> None:
    rule = {"condition": {"type": "DATE_BEFORE", "values": [{"relativeDate": "TODAY"}]}}
    area = {"sheetId": sheet.id, "endRowIndex": 1, "endColumnIndex": 1}
    cells = {"rows": [{"values": [{"dataValidation": rule}]}], "range": area, "fields": "dataValidation"}
    for request in ({"setDataValidation": {"range": area, "rule": rule}}, {"updateCells": cells}):
        with refused("relativeDate values are not supported"):
            sheet.spreadsheet.batch_update({"requests": [request]})


def test_a_tab_ends_at_column_zzz(client: gspread.Client, sheet: gspread.Worksheet) -> None:
    sheet.resize(rows=2, cols=18278)
    assert sheet.acell("ZZZ1").value is None
    with refused("above the limit of 18278 columns"):
        sheet.add_cols(1)
    with refused("above the limit of 18278 columns"):
        sheet.insert_cols([["x"]])
    with refused("above the limit of 18278 columns"):
        sheet.spreadsheet.add_worksheet("Wide", 1, 18279)
    with refused("above the limit of 18278 columns"):
        client.import_csv(sheet.spreadsheet.id, "," * 18278)
    assert metadata(sheet, "sheets.properties.gridProperties")["sheets"] == [
        {"properties": {"gridProperties": {"rowCount": 2, "columnCount": 18278}}}
    ]


def test_what_makes_a_spreadsheet_too_large_is_refused_by_every_way_in(
    client: gspread.Client, sheet: gspread.Worksheet
) -> None:
    book, full = sheet.spreadsheet, client.create("Full").sheet1
    full.resize(rows=100, cols=1)
    full.spreadsheet.add_worksheet("Large", 999_990, 10)
    too_large = "above the limit of 10000000 cells"
    with refused(too_large):
        sheet.copy_to(full.spreadsheet.id)
    with refused(too_large):
        full.append_rows([[1]] * 101)
    with refused(too_large):
        client.import_csv(book.id, "1\n" * 400_000)
    with refused("more than the maximum of 50000 characters"):
        client.import_csv(book.id, "x" * 50_001)
    assert [one.title for one in full.spreadsheet.worksheets()] == ["Sheet1", "Large"]
    assert sheet.get_all_values() == [[]]


def test_a_time_zone_may_be_an_offset_and_a_locale_is_a_known_language(sheet: gspread.Worksheet) -> None:
    book = sheet.spreadsheet
    book.update_timezone("GMT-07:00")
    sheet.update_acell("A1", "=NOW()")
    at_offset = float(str(sheet.acell("A1", value_render_option=ValueRenderOption.unformatted).value))
    book.update_timezone("Etc/GMT")
    at_zero = float(str(sheet.acell("A1", value_render_option=ValueRenderOption.unformatted).value))
    assert at_zero - at_offset == pytest.approx(7 / 24, abs=1 / 24)
    for zone in ("Mars/Olympus", "GMT+99:00", "../etc/passwd", ""):
        with refused("Unsupported time zone"):
            book.update_timezone(zone)
    for locale in ("fil", "de_CH", "pt_BR", "zh_TW", "fr"):
        book.update_locale(locale)
    for locale in ("xx_YY", "english", "e", "de_", "de_Berlin!"):
        with refused("Unsupported locale"):
            book.update_locale(locale)
    assert metadata(sheet, "properties.locale") == {"properties": {"locale": "fr"}}


def test_text_turns_by_at_most_90_degrees_and_no_tab_has_a_negative_id(sheet: gspread.Worksheet) -> None:
    for angle in (-91, 91):
        with refused(f"textRotation.angle[{angle}] must be between -90 and 90"):
            sheet.format("A1", {"textRotation": {"angle": angle}})
    sheet.format("A1", {"textRotation": {"angle": -90}})
    with refused("Sheet ids must be nonnegative"):
        sheet.duplicate(new_sheet_id=-5)


def test_merging_by_rows_then_all_then_taking_it_back(sheet: gspread.Worksheet) -> None:
    sheet.update([[42, 43], [43, 44]])
    sheet.merge_cells("A1:B2", merge_type="MERGE_ROWS")
    assert len(metadata(sheet, "sheets.merges")["sheets"][0]["merges"]) == 2
    sheet.merge_cells("A1:B2")
    assert len(metadata(sheet, "sheets.merges")["sheets"][0]["merges"]) == 1
    sheet.update_acell("C2", "beside")
    assert sheet.get("A1:C2") == [["42"], ["", "", "beside"]]
    assert sheet.get("A1:C2", combine_merged_cells=True, pad_values=True) == [["42", "42", ""], ["42", "42", "beside"]]
    sheet.unmerge_cells("A1:B2")
    assert metadata(sheet, "sheets.merges") == {"sheets": [{}]}


def test_dates_come_as_numbers_or_as_shown(sheet: gspread.Worksheet) -> None:
    sheet.update([["=4/2", "2020-01-01", "x", 53], ["=3/2", 0.12, "1999-01-02", ""]], value_input_option=TYPED)
    unformatted = ValueRenderOption.unformatted
    assert sheet.get("A1:D2", value_render_option=unformatted) == [[2, 43831, "x", 53], [1.5, 0.12, 36162]]
    shown = sheet.get("A1:D2", value_render_option=unformatted, date_time_render_option=DateTimeOption.formatted_string)
    assert shown == [[2, "2020-01-01", "x", 53], [1.5, 0.12, "1999-01-02"]]
    assert sheet.get("A1:D2", value_render_option=ValueRenderOption.formula) == [
        ["=4/2", 43831, "x", 53],
        ["=3/2", 0.12, 36162],
    ]


def test_the_last_visible_tab_cannot_be_hidden_and_hidden_ones_are_left_out(sheet: gspread.Worksheet) -> None:
    with pytest.raises(gspread.exceptions.APIError, match="can't hide all"):
        sheet.hide()
    other = sheet.spreadsheet.add_worksheet("Other", 2, 2)
    other.hide()
    assert [one.title for one in sheet.spreadsheet.worksheets(exclude_hidden=True)] == ["Sheet1"]
    other.show()
    assert len(sheet.spreadsheet.worksheets(exclude_hidden=True)) == 2


def test_notes_are_read_as_a_grid_and_one_by_one(sheet: gspread.Worksheet) -> None:
    sheet.insert_notes({"A1": "first", "B2": "second"})
    assert sheet.get_notes(grid_range="A1:B2") == [["first"], ["", "second"]]
    sheet.clear_notes(["A1", "B2"])
    assert (sheet.get_note("A1"), sheet.get_notes()) == ("", [[]])


def test_a_column_grows_to_its_longest_text(sheet: gspread.Worksheet) -> None:
    def width() -> int:
        data = metadata(sheet, "sheets.data.columnMetadata.pixelSize")["sheets"][0]["data"][0]
        return data["columnMetadata"][0]["pixelSize"]

    before = width()
    sheet.update_acell("A1", "A" * 300)
    sheet.columns_auto_resize(0, 1)
    assert width() > before


def test_an_export_as_csv_quotes_what_needs_it(sheet: gspread.Worksheet) -> None:
    sheet.update([["a,b", 'say "x"'], ["", "2"]])
    assert bytes(sheet.spreadsheet.export(ExportFormat.CSV)) == b'"a,b","say ""x"""\r\n,2'
    assert bytes(sheet.spreadsheet.export(ExportFormat.TSV)).split(b"\r\n")[1] == b"\t2"


def test_ownership_is_offered_and_taken_and_the_old_owner_becomes_a_writer(sheet: gspread.Worksheet) -> None:
    book = sheet.spreadsheet
    book.share("pm@example.com", perm_type="user", role="writer", notify=False)
    (other,) = (one for one in book.list_permissions() if one["role"] == "writer")
    book.transfer_ownership(str(other["id"]))
    assert next(one for one in book.list_permissions() if one["id"] == other["id"])["pendingOwner"]
    book.accept_ownership(str(other["id"]))
    assert {one["emailAddress"]: one["role"] for one in book.list_permissions()}["pm@example.com"] == "owner"
    assert sorted(str(one["role"]) for one in book.list_permissions()) == ["owner", "writer"]


def test_a_copy_takes_the_values_along_and_gspread_cannot_name_its_owner_again(
    client: gspread.Client, sheet: gspread.Worksheet
) -> None:
    sheet.update([["kept"]])
    assert client.copy(sheet.spreadsheet.id, title="Copied", copy_comments=True).sheet1.get_all_values() == [["kept"]]
    # it shares the copy with the owner as owner, without the parameter that Drive wants for that
    with refused("transferOwnership parameter must be enabled", 403):
        client.copy(sheet.spreadsheet.id, title="Copied", copy_permissions=True)


def test_nobody_becomes_the_owner_without_having_been_offered_it(sheet: gspread.Worksheet) -> None:
    book = sheet.spreadsheet
    with refused("transferOwnership parameter must be enabled", 403):
        book.share("pm@example.com", perm_type="user", role="owner", notify=False)
    for address, kind in (("pm@example.com", "user"), ("all@example.com", "group")):
        book.share(address, perm_type=kind, role="writer", notify=False)
    ids = {str(one.get("emailAddress")): str(one["id"]) for one in book.list_permissions()}
    with refused("Consent is required to transfer ownership", 403):
        book.accept_ownership(ids["pm@example.com"])
    with refused("cannot be a pending owner", 403):
        book.transfer_ownership(ids["all@example.com"])
    assert [one["role"] for one in book.list_permissions()] == ["owner", "writer", "writer"]


def test_a_permission_is_for_an_address_a_domain_or_anyone_as_its_type_says(sheet: gspread.Worksheet) -> None:
    book = sheet.spreadsheet
    for address, kind, words in (
        ("nobody", "user", "The specified emailAddress is invalid"),
        ("", "domain", "The domain field is required for permissions of type 'domain'"),
    ):
        with refused(words):
            book.share(address, perm_type=kind, role="reader", notify=False)
    with refused("The specified role is invalid"):
        book.share("pm@example.com", perm_type="user", role="king", notify=False)
    body = {"type": "anyone", "role": "reader", "emailAddress": "pm@example.com"}
    with refused("The specified emailAddress is invalid or not applicable for the given permission type"):
        book.client.request("post", f"https://www.googleapis.com/drive/v3/files/{book.id}/permissions", json=body)
    assert len(book.list_permissions()) == 1


def test_files_are_found_in_the_folder_they_were_made_in_or_moved_to(
    client: gspread.Client, server: LocalServer
) -> None:
    made = client.create("In a folder", folder_id="folder-a")
    client.create("In a folder")
    assert [one["id"] for one in client.list_spreadsheet_files(folder_id="folder-a")] == [made.id]
    assert client.open("In a folder", folder_id="folder-a").id == made.id
    url = f"{server.base_url}/drive/v3/files/{made.id}?addParents=folder-b&removeParents=folder-a&fields=parents"
    moved = requests.patch(url, json={}, headers={"Authorization": "Bearer any"}, timeout=20)
    assert moved.json() == {"parents": ["folder-b"]}
    assert client.list_spreadsheet_files(folder_id="folder-a") == []
    refused = requests.patch(url, json={"parents": ["x"]}, headers={"Authorization": "Bearer any"}, timeout=20)
    assert (refused.status_code, refused.json()["error"]["errors"][0]["reason"]) == (403, "fieldNotWritable")
    query = {"q": "'folder-b' in parents and trashed = false", "fields": "files(id)"}
    listed = client.http_client.request("get", "https://www.googleapis.com/drive/v3/files", params=query)
    assert listed.json() == {"files": [{"id": made.id}]}


def test_what_cannot_be_is_told_in_googles_words(sheet: gspread.Worksheet) -> None:
    for call, words in (
        (lambda: sheet.spreadsheet.batch_update({}), "Must specify at least one request"),
        (lambda: sheet.spreadsheet.values_clear("Nowhere!A1"), "Unable to parse range: Nowhere!A1"),
        (lambda: sheet.get("A99999"), re.escape("exceeds grid limits. Max rows: 1000, max columns: 26")),
        (lambda: sheet.update("no list", "A1"), "Invalid value at 'data.values'"),
        (lambda: sheet.delete_rows(1001), "Tried to delete row index 1000 but there are only 1000 rows"),
    ):
        with pytest.raises(gspread.exceptions.APIError, match=words) as told:
            call()
        assert told.value.code == 400
