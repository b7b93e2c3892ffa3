"""The local Sheets server against Google's discovery documents: fields of requests, shapes of answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sheets_sync.local import schema
from sheets_sync.local.requests.registry import REQUESTS
from sheets_sync.local.server import LocalServer

googleapiclient = pytest.importorskip("googleapiclient", reason="google-api-python-client is a development dependency")

Json = dict[str, Any]


def _document(name: str) -> Json:
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


SHEETS = _document("sheets.v4")["schemas"]
DRIVE = _document("drive.v3")["schemas"]


def problems(schemas: Json, kind: Json, value: Any, path: str = "$") -> Iterator[str]:
    """Where ``value`` is not what the discovery schema ``kind`` allows."""
    if "$ref" in kind:
        kind = schemas[kind["$ref"]]
    name = kind.get("type")
    if name == "object":
        if not isinstance(value, dict):
            yield f"{path}: no object"
            return
        fields = kind.get("properties", {})
        for key, item in value.items():
            if key in fields:
                yield from problems(schemas, fields[key], item, f"{path}.{key}")
            elif "additionalProperties" in kind:
                yield from problems(schemas, kind["additionalProperties"], item, f"{path}[{key}]")
            else:
                yield f"{path}: unknown field {key}"
    elif name == "array":
        if not isinstance(value, list):
            yield f"{path}: no list"
            return
        for index, item in enumerate(value):
            yield from problems(schemas, kind["items"], item, f"{path}[{index}]")
    elif name == "any":
        return
    elif not _is_scalar(kind, value):
        yield f"{path}: {value!r} is no {kind.get('enum', name)}"


def _is_scalar(kind: Json, value: Any) -> bool:
    if kind["type"] == "string":
        return isinstance(value, str) and ("enum" not in kind or value in kind["enum"])
    if kind["type"] == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    return isinstance(value, int) if kind["type"] == "integer" else isinstance(value, (int, float))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with LocalServer(tmp_path_factory.mktemp("sheets")) as one:
        yield one


class Client:
    """Sends requests and holds every answer against the discovery document."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = "Bearer test"
        self.id = ""

    def send(self, method: str, path: str, answer: str, body: Any = None, schemas: Json = SHEETS, **query: Any) -> Any:
        url = f"{self.base_url}{path.replace('ID', self.id)}"
        response = self.session.request(method, url, params=query, json=body, timeout=20)
        assert response.status_code in (200, 204), response.text
        if response.status_code == 204:
            return None
        found = response.json()
        assert list(problems(schemas, {"$ref": answer}, found)) == []
        return found

    def batch(self, *batch: Json, **more: Any) -> Json:
        assert list(problems(SHEETS, {"$ref": "BatchUpdateSpreadsheetRequest"}, {"requests": list(batch)})) == []
        body = {"requests": list(batch), **more}
        return self.send("POST", "/v4/spreadsheets/ID:batchUpdate", "BatchUpdateSpreadsheetResponse", body)

    def whole(self) -> Json:
        return self.send("GET", "/v4/spreadsheets/ID", "Spreadsheet", includeGridData="true")


@pytest.fixture
def client(server: LocalServer) -> Iterator[Client]:
    one = Client(server.base_url)
    one.id = one.send("POST", "/v4/spreadsheets", "Spreadsheet", {"properties": {"title": "Walk"}})["spreadsheetId"]
    yield one
    one.session.close()


AREA = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": 4, "startColumnIndex": 0, "endColumnIndex": 3}
ROWS = {"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 3}
CELLS = [{"values": [{"userEnteredValue": {"stringValue": "a"}}, {"userEnteredValue": {"formulaValue": "=1+1"}}]}]
BLUE = {"blue": 1}
RULE = {"ranges": [AREA], "booleanRule": {"condition": {"type": "NOT_BLANK"}, "format": {"backgroundColor": BLUE}}}
SPEC = {"title": "T", "basicChart": {"chartType": "BAR"}}
KEY = {"developerMetadataLookup": {"metadataKey": "k"}}
CONDITION = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "x"}]}

# one working request of every kind, in an order in which each finds what it needs
SESSION: list[Json] = [
    {"updateSpreadsheetProperties": {"properties": {"title": "Walked"}, "fields": "title"}},
    {
        "addSheet": {
            "properties": {"sheetId": 7, "title": "Second", "tabColor": BLUE, "gridProperties": {"rowCount": 9}}
        }
    },
    {"duplicateSheet": {"sourceSheetId": 7, "newSheetId": 8, "newSheetName": "Third"}},
    {"updateSheetProperties": {"properties": {"sheetId": 7, "title": "2nd", "index": 0}, "fields": "title,index"}},
    {"deleteSheet": {"sheetId": 8}},
    {"updateCells": {"range": AREA, "rows": CELLS, "fields": "userEnteredValue"}},
    {
        "repeatCell": {
            "range": AREA,
            "cell": {"note": "n", "userEnteredFormat": {"backgroundColor": BLUE}},
            "fields": "*",
        }
    },
    {"appendCells": {"sheetId": 0, "rows": CELLS, "fields": "userEnteredValue"}},
    {"setDataValidation": {"range": AREA, "rule": {"condition": CONDITION, "strict": True}}},
    {"updateBorders": {"range": AREA, "top": {"style": "SOLID", "color": BLUE}, "innerVertical": {"style": "DASHED"}}},
    {"insertDimension": {"range": ROWS, "inheritFromBefore": True}},
    {"deleteDimension": {"range": ROWS}},
    {"moveDimension": {"source": ROWS, "destinationIndex": 6}},
    {"appendDimension": {"sheetId": 0, "dimension": "COLUMNS", "length": 2}},
    {"updateDimensionProperties": {"range": ROWS, "properties": {"pixelSize": 40}, "fields": "pixelSize"}},
    {"autoResizeDimensions": {"dimensions": {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 0, "endIndex": 2}}},
    {"addDimensionGroup": {"range": ROWS}},
    {"updateDimensionGroup": {"dimensionGroup": {"range": ROWS, "depth": 1, "collapsed": True}, "fields": "collapsed"}},
    {"deleteDimensionGroup": {"range": ROWS}},
    {"mergeCells": {"range": AREA, "mergeType": "MERGE_ROWS"}},
    {"unmergeCells": {"range": AREA}},
    {"copyPaste": {"source": AREA, "destination": {**AREA, "startRowIndex": 10, "endRowIndex": 14}}},
    {"cutPaste": {"source": AREA, "destination": {"sheetId": 0, "rowIndex": 20, "columnIndex": 0}}},
    {"pasteData": {"coordinate": {"sheetId": 0}, "data": "1,x\n2,y", "delimiter": ","}},
    {"insertRange": {"range": AREA, "shiftDimension": "ROWS"}},
    {"deleteRange": {"range": AREA, "shiftDimension": "COLUMNS"}},
    {
        "autoFill": {
            "sourceAndDestination": {"source": {**AREA, "endRowIndex": 1}, "dimension": "ROWS", "fillLength": 2}
        }
    },
    {"sortRange": {"range": AREA, "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]}},
    {"randomizeRange": {"range": AREA}},
    {"setBasicFilter": {"filter": {"range": AREA, "criteria": {"0": {"hiddenValues": ["x"]}}}}},
    {"clearBasicFilter": {"sheetId": 0}},
    {"addFilterView": {"filter": {"filterViewId": 5, "title": "F", "range": AREA}}},
    {"updateFilterView": {"filter": {"filterViewId": 5, "title": "G"}, "fields": "title"}},
    {"duplicateFilterView": {"filterId": 5}},
    {"deleteFilterView": {"filterId": 5}},
    {"deleteDuplicates": {"range": AREA}},
    {"addNamedRange": {"namedRange": {"namedRangeId": "n1", "name": "here", "range": AREA}}},
    {"updateNamedRange": {"namedRange": {"namedRangeId": "n1", "name": "there"}, "fields": "name"}},
    {"deleteNamedRange": {"namedRangeId": "n1"}},
    {"addProtectedRange": {"protectedRange": {"protectedRangeId": 9, "range": AREA, "warningOnly": True}}},
    {"updateProtectedRange": {"protectedRange": {"protectedRangeId": 9, "description": "d"}, "fields": "description"}},
    {"deleteProtectedRange": {"protectedRangeId": 9}},
    {"addConditionalFormatRule": {"rule": RULE, "index": 0}},
    {"updateConditionalFormatRule": {"index": 0, "rule": RULE}},
    {"deleteConditionalFormatRule": {"index": 0, "sheetId": 0}},
    {"addBanding": {"bandedRange": {"bandedRangeId": 3, "range": AREA, "rowProperties": {"firstBandColor": BLUE}}}},
    {"updateBanding": {"bandedRange": {"bandedRangeId": 3, "range": AREA}, "fields": "range"}},
    {"deleteBanding": {"bandedRangeId": 3}},
    {
        "addChart": {
            "chart": {"chartId": 4, "spec": SPEC, "position": {"overlayPosition": {"anchorCell": {"sheetId": 0}}}}
        }
    },
    {"updateChartSpec": {"chartId": 4, "spec": SPEC}},
    {
        "updateEmbeddedObjectPosition": {
            "objectId": 4,
            "newPosition": {"overlayPosition": {"anchorCell": {"sheetId": 0, "rowIndex": 2}, "offsetXPixels": 3}},
            "fields": "anchorCell,offsetXPixels",
        }
    },
    {"updateEmbeddedObjectBorder": {"objectId": 4, "border": {"color": BLUE}, "fields": "color"}},
    {"deleteEmbeddedObject": {"objectId": 4}},
    {"addSlicer": {"slicer": {"slicerId": 6, "spec": {"title": "S", "dataRange": AREA, "columnIndex": 0}}}},
    {"updateSlicerSpec": {"slicerId": 6, "spec": {"title": "Renamed"}, "fields": "title"}},
    {
        "createDeveloperMetadata": {
            "developerMetadata": {"metadataKey": "k", "visibility": "DOCUMENT", "location": {"spreadsheet": True}}
        }
    },
    {
        "updateDeveloperMetadata": {
            "dataFilters": [KEY],
            "developerMetadata": {"metadataValue": "v"},
            "fields": "metadataValue",
        }
    },
    {"deleteDeveloperMetadata": {"dataFilter": KEY}},
    {"findReplace": {"find": "x", "replacement": "z", "allSheets": True}},
    {"trimWhitespace": {"range": AREA}},
    {"textToColumns": {"source": {**AREA, "endColumnIndex": 1}, "delimiterType": "COMMA"}},
]


def test_every_batch_request_and_every_answer_fits_the_discovery_document(client: Client) -> None:
    done = set()
    for request in SESSION:
        reply = client.batch(request, includeSpreadsheetInResponse=True, responseIncludeGridData=True)
        assert len(reply["replies"]) == 1
        done |= set(request)
        client.whole()
    assert done == set(REQUESTS), "a request is missing from the session"


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_field_that_google_does_not_know_is_refused_in_googles_words(client: Client, name: str) -> None:
    response = client.session.post(
        f"{client.base_url}/v4/spreadsheets/{client.id}:batchUpdate",
        json={"requests": [{name: {"bogusField": 1}}]},
        timeout=20,
    )
    error = response.json()["error"]
    path = "requests[0]." + "".join("_" + c.lower() if c.isupper() else c for c in name)
    text = f"Invalid JSON payload received. Unknown name \"bogusField\" at '{path}': Cannot find field."
    assert (response.status_code, error["status"], error["message"]) == (400, "INVALID_ARGUMENT", text)
    assert error["details"][0]["fieldViolations"] == [{"field": path, "description": text}]


def test_the_fields_that_the_server_knows_are_those_of_the_discovery_document() -> None:
    for message, fields in schema.messages().items():
        assert set(fields) == set(SHEETS[message].get("properties", {})), message


def test_reading_and_writing_values_answers_as_the_discovery_document_says(client: Client) -> None:
    values = {"values": [["a", 1, True, None], ["=1/0", "2026-01-05"]]}
    base = "/v4/spreadsheets/ID/values"
    put = {"valueInputOption": "USER_ENTERED", "includeValuesInResponse": "true"}
    client.send("PUT", f"{base}/Sheet1!A1", "UpdateValuesResponse", values, **put)
    client.send("POST", f"{base}/Sheet1!A1:append", "AppendValuesResponse", values, **put)
    client.send("GET", f"{base}/Sheet1", "ValueRange", valueRenderOption="UNFORMATTED_VALUE")
    client.send("GET", f"{base}/Sheet1", "ValueRange", majorDimension="COLUMNS")
    client.send("GET", f"{base}:batchGet", "BatchGetValuesResponse", ranges=["A1:B2", "Sheet1"])
    batch = {"valueInputOption": "RAW", "includeValuesInResponse": True, "data": [{"range": "A1", **values}]}
    client.send("POST", f"{base}:batchUpdate", "BatchUpdateValuesResponse", batch)
    by_filter = {"dataFilters": [{"a1Range": "Sheet1!A1:B2"}, {"gridRange": AREA}]}
    client.send("POST", f"{base}:batchGetByDataFilter", "BatchGetValuesByDataFilterResponse", by_filter)
    written = {"valueInputOption": "RAW", "data": [{"dataFilter": {"a1Range": "A9"}, "values": [["x"]]}]}
    client.send("POST", f"{base}:batchUpdateByDataFilter", "BatchUpdateValuesByDataFilterResponse", written)
    client.send("POST", f"{base}:batchClearByDataFilter", "BatchClearValuesByDataFilterResponse", by_filter)
    client.send("POST", f"{base}/Sheet1!A1:clear", "ClearValuesResponse")
    client.send("POST", f"{base}:batchClear", "BatchClearValuesResponse", {"ranges": ["A1", "B2:C3"]})
    other = client.send("POST", "/v4/spreadsheets", "Spreadsheet", {})["spreadsheetId"]
    body = {"destinationSpreadsheetId": other}
    client.send("POST", "/v4/spreadsheets/ID/sheets/0:copyTo", "SheetProperties", body)
    client.send("POST", "/v4/spreadsheets/ID:getByDataFilter", "Spreadsheet", {**by_filter, "includeGridData": True})
    where = {"spreadsheet": True}
    client.batch(
        {
            "createDeveloperMetadata": {
                "developerMetadata": {"metadataId": 1, "metadataKey": "k", "visibility": "PROJECT"}
                | {"location": where}
            }
        }
    )
    client.send("GET", "/v4/spreadsheets/ID/developerMetadata/1", "DeveloperMetadata")
    search = {"dataFilters": [KEY]}
    client.send("POST", "/v4/spreadsheets/ID/developerMetadata:search", "SearchDeveloperMetadataResponse", search)


def test_drive_answers_as_its_discovery_document_says(client: Client) -> None:
    def drive(method: str, path: str, answer: str, body: Any = None, **query: Any) -> Any:
        return client.send(method, f"/drive/v3{path}", answer, body, DRIVE, **query)

    token = drive("GET", "/changes/startPageToken", "StartPageToken")["startPageToken"]
    body = {"name": "Made by Drive", "mimeType": "application/vnd.google-apps.spreadsheet"}
    made = drive("POST", "/files", "File", body, fields="*")
    drive("GET", f"/files/{made['id']}", "File", fields="*")
    drive("GET", "/files", "FileList", q="name = 'Made by Drive' and trashed = false", fields="*")
    copied = drive("POST", f"/files/{made['id']}/copy", "File", {"name": "Copy"}, fields="*")
    drive("PATCH", f"/files/{made['id']}", "File", {"name": "Renamed"}, fields="*")
    person = {"type": "user", "role": "writer", "emailAddress": "pm@example.com"}
    given = drive("POST", f"/files/{made['id']}/permissions", "Permission", person, fields="*")
    drive("PATCH", f"/files/{made['id']}/permissions/{given['id']}", "Permission", {"role": "reader"}, fields="*")
    drive("GET", f"/files/{made['id']}/permissions", "PermissionList", fields="*")
    drive("DELETE", f"/files/{made['id']}/permissions/{given['id']}", "Permission")
    drive("DELETE", f"/files/{copied['id']}", "File")
    changes = drive("GET", "/changes", "ChangeList", pageToken=token, fields="*")
    seen = {one["fileId"]: one["removed"] for one in changes["changes"]}
    assert seen == {made["id"]: False, copied["id"]: True}
