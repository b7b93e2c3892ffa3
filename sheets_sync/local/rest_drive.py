"""The methods of the Drive API by path, as far as spreadsheets need them."""

from __future__ import annotations

import csv
import io
from typing import Any

from sheets_sync.local.drive import SPREADSHEET_TYPE, DriveError, drive_mask, file_not_found
from sheets_sync.local.fields import masked
from sheets_sync.local.rest import Call
from sheets_sync.local.service import SheetsService

Json = dict[str, Any]
VERBS: frozenset[str] = frozenset()

_FILE = "kind,id,name,mimeType"
_PERMISSION = "kind,id,type,role"


class Download:
    """An answer that is no JSON."""

    def __init__(self, content: bytes, media_type: str) -> None:
        self.content = content
        self.media_type = media_type


def answered(service: SheetsService, call: Call) -> Any:
    """The answer of a call below ``/drive/v3``: JSON, a Download, or None for an empty one. Raises ApiError."""
    match call.path:
        case ["files"]:
            return _files(service, call)
        case ["files", file_id]:
            return _file(service, call, file_id)
        case ["files", file_id, "copy"] if call.method == "POST":
            if not service.drive.exists(file_id):
                raise file_not_found(file_id)
            return _cut(call, _FILE, service.copy_file(file_id, _body(call)))
        case ["files", file_id, "export"] if call.method == "GET":
            return _export(service, call, file_id)
        case ["files", file_id, "permissions", *rest] if len(rest) <= 1:
            return _permissions(service, call, file_id, rest[0] if rest else None)
        case ["files", file_id, "comments"] if call.method == "GET":
            service.drive.file(file_id)  # there are no comments here, but clients that copy a file ask
            return {"kind": "drive#commentList", "comments": []}
        case ["changes"] if call.method == "GET":
            return _cut(
                call,
                f"kind,nextPageToken,newStartPageToken,changes(kind,type,changeType,time,removed,fileId,file({_FILE}))",
                _changes(service, call),
            )
        case ["changes", "startPageToken"] if call.method == "GET":
            answer = {"kind": "drive#startPageToken", "startPageToken": service.drive.start_token()}
            return _cut(call, "*", answer)
        case ["about"] if call.method == "GET":
            user = {"kind": "drive#user", "emailAddress": service.drive.permissions_owner()}
            return _cut(call, "*", {"kind": "drive#about", "user": user})
        case _:
            raise DriveError(404, "notFound", "Not Found")


def _cut(call: Call, default: str, answer: Json) -> Json:
    return masked(answer, drive_mask(call.optional("fields"), default))


def _body(call: Call) -> Json:
    body = call.json()
    if not isinstance(body, dict):
        raise DriveError(400, "parseError", "The body must be a JSON object.")
    for name, kind in (("name", str), ("description", str), ("parents", list), ("trashed", bool)):
        if body.get(name) is None:
            body.pop(name, None)
        elif not isinstance(body[name], kind):
            raise DriveError(400, "invalid", f"Invalid value for {name}.", name)
    return body


def _size(call: Call, default: int) -> int:
    text = call.text("pageSize") or str(default)
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise DriveError(400, "invalid", "Invalid value for pageSize: it must be within [1, 1000].", "pageSize")
    return int(text)


def _changes(service: SheetsService, call: Call) -> Json:
    token = call.text("pageToken")
    if not token:
        raise DriveError(400, "required", "Required parameter: pageToken", "pageToken")
    answer = service.drive.changes(token, _size(call, 100))
    if call.text("includeRemoved").lower() == "false":
        answer["changes"] = [change for change in answer["changes"] if not change["removed"]]
    return answer


def _files(service: SheetsService, call: Call) -> Any:
    if call.method == "POST":
        body = _body(call)
        if body.get("mimeType") != SPREADSHEET_TYPE:
            raise DriveError(400, "invalid", f"Only files of type {SPREADSHEET_TYPE} can be made here.", "mimeType")
        return _cut(call, _FILE, service.create_file(body))
    if call.method == "GET":
        size = _size(call, 100)
        start = call.text("pageToken") or "0"
        if not start.isdigit() or len(start) > 12:
            raise DriveError(400, "invalid", "Invalid Value", "pageToken")
        files = service.drive.listed(call.text("q"))
        page = files[int(start) : int(start) + size]
        answer: Json = {"kind": "drive#fileList", "incompleteSearch": False, "files": page}
        if int(start) + size < len(files):
            answer["nextPageToken"] = str(int(start) + size)
        return _cut(call, f"kind,nextPageToken,incompleteSearch,files({_FILE})", answer)
    raise DriveError(404, "notFound", "Not Found")


def _file(service: SheetsService, call: Call, file_id: str) -> Any:
    if call.method == "GET":
        return _cut(call, _FILE, service.drive.file(file_id))
    if call.method == "PATCH":
        body = _body(call)
        if "parents" in body:
            told = "The parents field is not directly writable in update requests. Use the addParents and removeParents"
            raise DriveError(403, "fieldNotWritable", f"{told} parameters instead.")
        return _cut(call, _FILE, service.rename_file(file_id, {**body, **_parents(service, call, file_id)}))
    if call.method == "DELETE":
        service.delete_file(file_id)
        return None
    raise DriveError(404, "notFound", "Not Found")


def _parents(service: SheetsService, call: Call, file_id: str) -> Json:
    """Where the file lies once it is moved from the folders of removeParents to those of addParents."""
    old = service.drive.file(file_id).get("parents", [])
    added = [one for one in call.text("addParents").split(",") if one]
    removed = call.text("removeParents").split(",")
    if not added and removed == [""]:
        return {}
    return {"parents": [one for one in old if one not in removed] + [one for one in added if one not in old]}


def _permissions(service: SheetsService, call: Call, file_id: str, permission_id: str | None) -> Any:
    drive = service.drive
    if permission_id is None:
        if call.method == "POST":
            return _cut(call, _PERMISSION, drive.add_permission(file_id, _permission_body(call)))
        if call.method == "GET":
            answer = {"kind": "drive#permissionList", "permissions": drive.permissions(file_id)}
            return _cut(call, f"kind,nextPageToken,permissions({_PERMISSION})", answer)
    elif call.method == "GET":
        return _cut(call, _PERMISSION, drive.permission(file_id, permission_id))
    elif call.method == "PATCH":
        return _cut(call, _PERMISSION, _changed_permission(service, call, file_id, permission_id))
    elif call.method == "DELETE":
        drive.remove_permission(file_id, permission_id)
        return None
    raise DriveError(404, "notFound", "Not Found")


def _changed_permission(service: SheetsService, call: Call, file_id: str, permission_id: str) -> Json:
    body = _permission_body(call)
    role = str(body.get("role", ""))
    return service.drive.change_role(file_id, permission_id, role, is_pending=bool(body.get("pendingOwner")))


def _permission_body(call: Call) -> Json:
    body = _body(call)
    if body.get("role") == "owner" and not call.flag("transferOwnership"):
        told = "The transferOwnership parameter must be enabled when the permission role is 'owner'."
        raise DriveError(403, "forbidden", told, "transferOwnership")
    return body


def _export(service: SheetsService, call: Call, file_id: str) -> Download:
    """The first sheet as CSV or TSV; other formats are not made here."""
    service.drive.file(file_id)
    kind = call.text("mimeType")
    if kind not in ("text/csv", "text/tab-separated-values"):
        raise DriveError(400, "badRequest", "The requested conversion is not supported.", "convertTo")
    title = service.get_spreadsheet(file_id, fields="sheets.properties.title")["sheets"][0]["properties"]["title"]
    rows = service.values_get(file_id, "'" + title.replace("'", "''") + "'").get("values", [])
    width = max((len(row) for row in rows), default=0)
    out = io.StringIO()
    writer = csv.writer(out, delimiter="," if kind == "text/csv" else "\t", lineterminator="\r\n")
    writer.writerows([*row, *[""] * (width - len(row))] for row in rows)
    text = out.getvalue().removesuffix("\r\n")
    return Download(text.encode("utf-8", "replace"), kind)
