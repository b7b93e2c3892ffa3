"""The little of Drive that spreadsheets need: files, permissions, the list of changes."""

from __future__ import annotations

import copy
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

from sheets_sync.local import fields as field_masks
from sheets_sync.local.errors import ApiError
from sheets_sync.local.store import Store

Json = dict[str, Any]
SPREADSHEET_TYPE = "application/vnd.google-apps.spreadsheet"
_ROLES = ("owner", "organizer", "fileOrganizer", "writer", "commenter", "reader")
_TYPES = ("user", "group", "domain", "anyone")
_TERM = re.compile(
    r"""\s*(?:(?P<not>not)\s+)?(?P<field>\w+)\s*(?P<sign>=|!=|>=|<=|>|<|contains)\s*"""
    r"""(?P<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|true|false)\s*$""",
    re.IGNORECASE,
)


_IN = re.compile(
    r"""\s*(?P<not>not\s+)?(?:parents\s+in\s+(?P<after>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<before>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s+in\s+parents)\s*$""",
    re.IGNORECASE,
)
_actor: ContextVar[str | None] = ContextVar("actor", default=None)


@contextmanager
def acting_as(address: str) -> Iterator[None]:
    """Whatever is written inside is recorded as done by ``address`` instead of the account that owns the files."""
    token = _actor.set(address)
    try:
        yield
    finally:
        _actor.reset(token)


class DriveError(ApiError):
    """A refusal in Drive's own JSON shape."""

    def __init__(self, status: int, reason: str, message: str, location: str | None = None) -> None:
        super().__init__(status, reason, message)
        self.location = location

    def body(self) -> Json:
        """The JSON document of the answer."""
        error: Json = {"message": self.message, "domain": "global", "reason": self.reason}
        if self.location:
            error.update({"location": self.location, "locationType": "parameter"})
        return {"error": {"code": self.status, "message": self.message, "errors": [error]}}


def _user(address: str, owner: str) -> Json:
    """A Drive user; ``me`` is the service account, as which everyone reads here."""
    return {"kind": "drive#user", "displayName": address, "emailAddress": address, "me": address == owner}


def file_not_found(file_id: str) -> DriveError:
    """The 404 of an unknown file."""
    return DriveError(404, "notFound", f"File not found: {file_id}.", "fileId")


class Drive:
    """The files of a store. The service tells it of each write."""

    def __init__(self, store: Store, owner: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._owner = owner
        self._clock = clock
        self._lock = threading.Lock()
        self._files: dict[str, Json] = {file_id: file for file_id, (file, _) in store.files().items()}

    def now_text(self) -> str:
        """The moment as Drive prints it."""
        return _text_of(self._clock())

    def exists(self, file_id: str) -> bool:
        """Whether there is such a file."""
        return file_id in self._files

    def file(self, file_id: str) -> Json:
        """The file resource. Raises a 404."""
        try:
            return self._files[file_id]
        except KeyError:
            raise file_not_found(file_id) from None

    def touched(self, file_id: str, name: str) -> Json:
        """The file resource as it is after a write of the spreadsheet, not yet taken over."""
        old = self._files.get(file_id)
        now = self._clock()
        if old is None:
            owner: Json = {
                "id": secrets.token_hex(10),
                "type": "user",
                "kind": "drive#permission",
                "role": "owner",
                "emailAddress": self._owner,
                "displayName": self._owner,
                "deleted": False,
                "pendingOwner": False,
            }
            file: Json = {
                "kind": "drive#file",
                "id": file_id,
                "name": name,
                "mimeType": SPREADSHEET_TYPE,
                "createdTime": _text_of(now),
                "trashed": False,
                "starred": False,
                "parents": ["root"],
                "permissions": [owner],
            }
        else:
            file = dict(old)
        file["name"] = name
        file["lastModifyingUser"] = _user(_actor.get() or self._owner, self._owner)
        before = file.get("modifiedTime", "")
        file["modifiedTime"] = _text_of(now)
        if file["modifiedTime"] <= before:  # two writes in a millisecond, or a clock set back
            file["modifiedTime"] = _text_of(_moment_of(before) + timedelta(milliseconds=1))
        return file

    def written(self, file: Json, sequence: int) -> None:
        """Takes over the file resource of a committed write."""
        with self._lock:
            self._files.pop(file["id"], None)  # the latest written comes last
            self._files[file["id"]] = {**file, "version": str(sequence)}

    def removed(self, file_id: str, sequence: int) -> None:
        """Forgets a file that the store no longer has; ``sequence`` is that of the removal."""
        del sequence
        with self._lock:
            self._files.pop(file_id, None)

    def patch(self, file_id: str, changed: Json) -> Json:
        """The file resource with some fields set."""
        with self._lock:
            file = {**self.file(file_id), **changed}
            self._files[file_id] = file
            self._store.update_file(file)
        return file

    def listed(self, query: str = "") -> list[Json]:
        """Files that a query picks, the latest changed first. Raises a 400 for a query that cannot be read."""
        holds = _query(query)
        files = [file for file in reversed(list(self._files.values())) if holds(file)]
        return sorted(files, key=lambda file: file["modifiedTime"], reverse=True)

    # ---- permissions

    def permissions_owner(self) -> str:
        """The address of the account that owns all files here."""
        return self._owner

    def permissions(self, file_id: str) -> list[Json]:
        """Who may do what."""
        return self.file(file_id)["permissions"]

    def permission(self, file_id: str, permission_id: str) -> Json:
        """One permission. Raises a 404."""
        for one in self.permissions(file_id):
            if one["id"] == permission_id:
                return one
        raise DriveError(404, "notFound", f"Permission not found: {permission_id}.", "permissionId")

    def add_permission(self, file_id: str, body: Json) -> Json:
        """``permissions.create``; the same person again changes the role."""
        self.file(file_id)
        kind, role = body.get("type"), body.get("role")
        for field, value, known in (("type", kind, _TYPES), ("role", role, _ROLES)):
            if not value:
                raise DriveError(400, "required", f"The permission {field} field is required.", f"permission.{field}")
            if value not in known:
                raise DriveError(400, "invalid", f"The specified {field} is invalid.", f"permission.{field}")
        permission: Json = {"kind": "drive#permission", "type": kind, "role": role, **_whose(body)}
        with self._lock:
            return self._put_permission(file_id, permission)

    def _put_permission(self, file_id: str, permission: Json) -> Json:
        file = copy.deepcopy(self._files[file_id])
        same = ("type", "emailAddress", "domain")
        for one in file["permissions"]:
            if all(one.get(name) == permission.get(name) for name in same):
                _check_owner(one, permission["role"])
                one["role"] = permission["role"]
                permission = one
                break
        else:
            _check_owner(permission, permission["role"])
            is_anyone = permission["type"] == "anyone"
            permission["id"] = "anyoneWithLink" if is_anyone else str(secrets.randbelow(10**20))
            file["permissions"].append(permission)
        self._save(file)
        return permission

    def change_role(self, file_id: str, permission_id: str, role: str, *, is_pending: bool = False) -> Json:
        """``permissions.update``; only who was made the pending owner can become the owner, and then the old one is a
        writer."""
        self.permission(file_id, permission_id)
        if role not in _ROLES:
            raise DriveError(400, "invalid", "The specified role is invalid.", "permission.role")
        with self._lock:
            file = copy.deepcopy(self._files[file_id])
            changed = next(one for one in file["permissions"] if one["id"] == permission_id)
            if is_pending and changed["type"] != "user":
                told = "The target user cannot be a pending owner on this file."
                raise DriveError(403, "targetUserCannotBePendingOwnerOnFile", told)
            _check_owner(changed, role)
            for one in file["permissions"] if role == "owner" else ():
                if one["role"] == "owner":
                    one["role"] = "writer"
            changed["role"] = role
            if "pendingOwner" in changed:
                changed["pendingOwner"] = is_pending and role != "owner"
            self._save(file)
        return changed

    def remove_permission(self, file_id: str, permission_id: str) -> None:
        """``permissions.delete``."""
        if self.permission(file_id, permission_id)["role"] == "owner":
            raise DriveError(403, "insufficientFilePermissions", "The owner of a file cannot be removed.")
        with self._lock:
            file = copy.deepcopy(self._files[file_id])
            file["permissions"] = [one for one in file["permissions"] if one["id"] != permission_id]
            self._save(file)

    def _save(self, file: Json) -> None:
        """Keeps a file whose sharing changed: for Drive that is a change of the file."""
        self._files[file["id"]] = file
        self._store.update_file(file, changed_at=self.now_text())

    # ---- changes

    def start_token(self) -> str:
        """The page token of the changes still to come."""
        return str(self._store.last_change() + 1)

    def changes(self, token: str, size: int) -> Json:
        """``changes.list``: each file at its latest change, oldest first; a file whose sharing changed is one too.
        Raises a 400 for a token never given."""
        if not re.fullmatch(r"[1-9]\d{0,17}", token) or int(token) > self._store.last_change() + 1:
            raise DriveError(400, "invalid", f"Invalid Value: pageToken {token[:50]}", "pageToken")
        found = self._store.changes(int(token) - 1, size + 1)
        changes: list[Json] = []
        for _, file_id, is_removed, time in found[:size]:
            file = self._files.get(file_id)
            one: Json = {
                "kind": "drive#change",
                "type": "file",
                "changeType": "file",
                "time": time,
                "removed": is_removed or file is None,
                "fileId": file_id,
            }
            if file is not None and not is_removed:
                one["file"] = file
            changes.append(one)
        answer: Json = {"kind": "drive#changeList", "changes": changes}
        if len(found) > size:
            answer["nextPageToken"] = str(found[size - 1][0] + 1)
        else:
            answer["newStartPageToken"] = self.start_token()
        return answer


def _whose(body: Json) -> Json:
    """Who a new permission is for. Raises a 400 where the type and the address or domain do not go together."""
    kind, address = body["type"], body.get("emailAddress")
    if kind in ("user", "group"):
        if not isinstance(address, str) or "@" not in address:
            raise _wrong("emailAddress")
        name = address.partition("@")[0]
        return {"emailAddress": address, "displayName": name, "deleted": False, "pendingOwner": False}
    if address:
        raise _wrong("emailAddress")
    if kind == "domain":
        domain = body.get("domain")
        if not domain:
            told = "The domain field is required for permissions of type 'domain'."
            raise DriveError(400, "required", told, "permission.domain")
        if not isinstance(domain, str):
            raise _wrong("domain")
        return {"domain": domain, "allowFileDiscovery": bool(body.get("allowFileDiscovery", False))}
    return {"allowFileDiscovery": bool(body.get("allowFileDiscovery", False))}


def _wrong(field: str) -> DriveError:
    told = f"The specified {field} is invalid or not applicable for the given permission type."
    return DriveError(400, "invalid", told, f"permission.{field}")


def _check_owner(permission: Json, role: str) -> None:
    """Refuses an owner who is no user, or who was not first made the pending owner."""
    if role != "owner" or (permission["role"] == "owner" and permission.get("id")):
        return
    if permission["type"] != "user":
        raise DriveError(400, "invalid", "The specified role is invalid.", "permission.role")
    if not permission.get("pendingOwner"):
        told = "Consent is required to transfer ownership of a file to another user."
        raise DriveError(403, "consentRequiredForOwnershipTransfer", told)


def drive_mask(text: str | None, default: str) -> field_masks.Mask | None:
    """The mask of a Drive answer; without ``fields`` Drive gives a few fields only."""
    mask = field_masks.parse_mask(text or default)
    return None if "*" in mask and not mask["*"] else mask


def _query(text: str) -> Callable[[Json], bool]:
    """The test of a ``q`` parameter: terms joined by ``and``."""
    if not text.strip():
        return lambda file: True
    terms: list[Callable[[Json], bool]] = []
    for part in _split_and(text):
        if within := _IN.match(part):
            terms.append(_within(within))
        elif match := _TERM.match(part):
            terms.append(_term(match))
        else:
            raise DriveError(400, "invalid", "Invalid Value", "q")
    return lambda file: all(term(file) for term in terms)


def _split_and(text: str) -> list[str]:
    pieces = re.findall(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^'"]+|.""", text, re.DOTALL)
    parts = [""]
    for piece in pieces:
        if piece[0] in "'\"":
            parts[-1] += piece
            continue
        first, *rest = re.split(r"\band\b", piece, flags=re.IGNORECASE)
        parts[-1] += first
        parts.extend(rest)
    return parts


def _within(match: re.Match[str]) -> Callable[[Json], bool]:
    """The test of ``'FOLDER' in parents``, also the other way round, as gspread writes it."""
    folder = re.sub(r"\\(.)", r"\1", (match["after"] or match["before"])[1:-1])
    return lambda file: (folder in file.get("parents", ())) != bool(match["not"])


def _term(match: re.Match[str]) -> Callable[[Json], bool]:
    field, sign, raw = match["field"], match["sign"].lower(), match["value"]
    value: Any = raw.lower() == "true" if raw.lower() in ("true", "false") else re.sub(r"\\(.)", r"\1", raw[1:-1])
    if field not in ("name", "mimeType", "trashed", "modifiedTime", "createdTime", "starred"):
        raise DriveError(400, "invalid", "Invalid Value", "q")

    def holds(file: Json) -> bool:
        found = file.get(field, False)
        if type(found) is not type(value):
            return False
        if sign == "contains":
            return value.casefold() in found.casefold()
        return {
            "=": found == value,
            "!=": found != value,
            ">": found > value,
            "<": found < value,
            ">=": found >= value,
            "<=": found <= value,
        }[sign]

    if match["not"]:
        return lambda file: not holds(file)
    return holds


def _text_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
