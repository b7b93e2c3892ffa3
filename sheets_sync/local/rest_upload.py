"""Drive's upload of a CSV over a spreadsheet, which replaces what is in it (what gspread's ``import_csv`` does)."""

from __future__ import annotations

import csv
import io
from typing import Any

from sheets_sync.local.drive import DriveError, drive_mask
from sheets_sync.local.errors import ApiError
from sheets_sync.local.fields import masked
from sheets_sync.local.rest import Call
from sheets_sync.local.service import SheetsService

Json = dict[str, Any]
VERBS: frozenset[str] = frozenset()
_SEPARATORS = {"text/csv": ",", "text/tab-separated-values": "\t"}


def answered(service: SheetsService, call: Call) -> Any:
    """The answer of a call below ``/upload/drive``: the file as v2 or v3 tells it. Raises ApiError."""
    match call.method, call.path:
        case "PUT", ["v2", "files", file_id]:
            return masked(_second_version(_imported(service, call, file_id)), drive_mask(call.optional("fields"), "*"))
        case "PATCH", ["v3", "files", file_id]:
            mask = drive_mask(call.optional("fields"), "kind,id,name,mimeType")
            return masked(_imported(service, call, file_id), mask)
        case _:
            raise DriveError(404, "notFound", "Not Found")


def _imported(service: SheetsService, call: Call, file_id: str) -> Json:
    service.drive.file(file_id)
    separator = _SEPARATORS.get(call.content_type or "text/csv")
    if separator is None or call.text("uploadType", "media") != "media":
        raise DriveError(400, "badRequest", "Only a simple upload (uploadType=media) of text/csv is understood here.")
    try:
        text = call.content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DriveError(400, "badRequest", f"The upload cannot be read as CSV: {error}") from error
    try:
        service.replace_content(file_id, rows)
    except ApiError as error:
        raise DriveError(400, "badRequest", error.message) from error
    return service.drive.file(file_id)


def _second_version(file: Json) -> Json:
    """The file as version 2 of the API names its parts."""
    return {
        "kind": "drive#file",
        "id": file["id"],
        "title": file["name"],
        "mimeType": file["mimeType"],
        "createdDate": file["createdTime"],
        "modifiedDate": file["modifiedTime"],
        "version": file.get("version", "1"),
    }
