"""The role rows of Setup: who may view, plan, approve and publish. They count only inside one hard-protected range.

Every editor of a spreadsheet can type into Setup, rename its columns and its tab. So the roles are read from the cells
of the protected range itself, wherever it stands, and only while no more people may edit it than ``init`` let in.
Whatever is not so is told, and the roles do not count.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.findings import Finding, Severity
from engine.inputs import SetupRow
from sheets_sync.cells import shown
from sheets_sync.grids import Grid, Workbook
from sheets_sync.headers import column_letters, folded, is_blank
from sheets_sync.tab_places import Place

ROLES = ("may_view", "may_plan", "may_approve", "may_publish")
DESCRIPTION = "Roadmap: who may do what. Only the editors of this range may change it."
MEND = "run roadmap init on this workbook"
_BY_KEY = {folded(role): role for role in ROLES}
_SEPARATORS = re.compile(r"[\s,;|]+")
_MEMBER = re.compile(r"[^\s@\"<>()\x00-\x1f\x7f]{0,128}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
MOST_MEMBERS = 500

Request = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRows:
    """``lists`` is role -> addresses and domains ("@example.com") in small letters; a role that names nobody is empty.
    Where ``trouble`` says why they do not count, they are empty."""

    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    trouble: str | None = None
    findings: tuple[Finding, ...] = ()


def is_role(key: str | None) -> bool:
    """True for a key of Setup that says who may do something."""
    return folded(key or "") in _BY_KEY


def read_roles(workbook: Workbook, rows: Sequence[SetupRow], editors: Collection[str] | None) -> RoleRows:
    """The roles of a workbook. ``rows`` are those of Setup as read by its headers; ``editors`` are whom ``init`` let
    into the range, None where it made none: then no role row may stand anywhere."""
    typed = [row for row in rows if is_role(row.key)]
    ranges = [found for found in _ranges(workbook) if found[1].get("description") == DESCRIPTION]
    if editors is None and not ranges:
        outside = [row for row in typed if row.value]
        return _troubled([_of_row(row, f"{row.key} counts only in a protected range; {MEND}") for row in outside])
    if len(ranges) != 1:
        what = "are protected twice: delete one of the two protected ranges" if ranges else "are gone or unprotected"
        return _troubled([_told(f"the role rows ({', '.join(ROLES)}) {what}; {MEND}")])
    sheet, protected = ranges[0]
    wrong = _unsafe(protected, editors)
    if wrong:
        return _troubled([_told(f"the role rows do not count, since {wrong}")])
    return _of_cells(workbook, sheet, protected["range"], typed)


def _ranges(workbook: Workbook) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(sheetId, protected range) of all sheets."""
    for sheet in workbook.metadata.get("sheets", ()):
        for protected in sheet.get("protectedRanges", ()):
            yield sheet.get("properties", {}).get("sheetId", 0), protected


def _unsafe(protected: Mapping[str, Any], editors: Collection[str] | None) -> str:
    """Why somebody may write there who should not; "" where nobody may."""
    if editors is None:
        return f"roadmap init did not protect them; {MEND}"
    if protected.get("warningOnly") or protected.get("unprotectedRanges"):
        return f"their range only warns; {MEND}"
    allowed = protected.get("editors", {})
    users = {str(user).casefold() for user in allowed.get("users", ())}
    if not users:
        return f"I cannot see who may edit their range; {MEND}"
    more = sorted(users - {editor.casefold() for editor in editors})
    if more:
        named = ", ".join(more[:3])
        return f"{named} may edit their range; take them out there, or run roadmap init --editor {more[0]}"
    if allowed.get("groups") or allowed.get("domainUsersCanEdit"):
        return f"a group or a whole domain may edit their range; name people there, or {MEND}"
    return ""


def _of_cells(workbook: Workbook, sheet_id: int, box: Mapping[str, int], typed: Sequence[SetupRow]) -> RoleRows:
    grid = next((one for one in workbook.grids.values() if one.sheet_id == sheet_id), None)
    if grid is None or {"endRowIndex", "endColumnIndex"} - box.keys():
        return _troubled([_told(f"the role rows stand outside of Setup; move their protected range back, or {MEND}")])
    top, bottom = box.get("startRowIndex", 0), box["endRowIndex"]
    left, right = box.get("startColumnIndex", 0), box["endColumnIndex"]
    lists: dict[str, tuple[str, ...]] = {}
    findings: list[Finding] = []
    for row in range(top, bottom):
        cells = list(grid.values[row][left:right]) if row < len(grid.values) else []
        role, members, wrong = _read(cells)
        if role is not None and role in lists:
            wrong = f"{role} stands twice in the protected range; clear one of the two"
        if wrong:
            findings.append(_at(grid, row, left, wrong))
        if role is not None:
            lists.setdefault(role, members)
    findings += [_told(f"{role} is missing in the protected range; {MEND}") for role in ROLES if role not in lists]
    outside = [row for row in typed if not (_is_setup(grid) and top < row.row <= bottom)]
    findings += [_of_row(row, f"{row.key} stands outside of the protected rows; clear this row") for row in outside]
    return _troubled(findings) if findings else RoleRows(lists=lists)


def _read(cells: Sequence[Any]) -> tuple[str | None, tuple[str, ...], str]:
    """(role, whom it names, what is wrong) of one row of the range, in which nothing but key and value may stand."""
    filled = [cell for cell in cells if not is_blank(cell)]
    if not filled:
        return None, (), ""
    role = _BY_KEY.get(folded(str(filled[0])))
    if role is None:
        return None, (), f"{shown(str(filled[0]))} is none of {', '.join(ROLES)}"
    if len(filled) > 2 or not isinstance(filled[-1], str):
        return role, (), f"{role} takes e-mail addresses in one cell, and nothing beside it"
    members = [word for word in _SEPARATORS.split(filled[1]) if word] if len(filled) == 2 else []
    strange = next((word for word in members if not _MEMBER.fullmatch(word)), None)
    if strange is not None:
        mend = "write ana@example.com, or @example.com for all of a domain"
        return role, (), f"{role}: {shown(strange)} is no e-mail address; {mend}"
    if len(members) > MOST_MEMBERS:
        return role, (), f"{role} names more than {MOST_MEMBERS}; name a domain (@example.com)"
    return role, tuple(dict.fromkeys(word.casefold() for word in members)), ""


def _is_setup(grid: Grid) -> bool:
    return folded(grid.title) == folded("Setup")


def _troubled(findings: Sequence[Finding]) -> RoleRows:
    trouble = findings[0].message if findings else None
    return RoleRows(lists=dict.fromkeys(ROLES, ()), trouble=trouble, findings=tuple(findings))


def _told(message: str) -> Finding:
    return Finding(severity=Severity.ERROR, tab="Setup", message=message)


def _at(grid: Grid, row: int, column: int, message: str) -> Finding:
    if not _is_setup(grid):
        return _told(message)
    cell = f"{column_letters(column)}{row + 1}"
    return Finding(severity=Severity.ERROR, tab="Setup", row=row + 1, column="key", cell=cell, message=message)


def _of_row(row: SetupRow, message: str) -> Finding:
    return Finding(
        severity=Severity.ERROR, tab="Setup", row=row.row, column="key", cell=row.cells.get("key"), message=message
    )


def role_requests(workbook: Workbook, place: Place, row: int, editors: Sequence[str]) -> list[Request]:
    """The requests that make the role rows of Setup from the 0-based ``row`` on, protected for ``editors``; where they
    are protected already, those that let in who is missing, or turn a warning into protection. [] where all is so."""
    there = [protected for _, protected in _ranges(workbook) if protected.get("description") == DESCRIPTION]
    if there:
        return [request for protected in there[:1] for request in _mended(protected, editors)]
    if not {"key", "value"} <= place.columns.keys():
        return []  # told: a column is missing
    key, value = place.columns["key"], place.columns["value"]
    box = {
        "sheetId": place.sheet_id,
        "startRowIndex": row,
        "endRowIndex": row + len(ROLES),
        "startColumnIndex": min(key, value),
        "endColumnIndex": max(key, value) + 1,
    }
    grown = row + len(ROLES) - place.row_count
    more = {"appendDimension": {"sheetId": place.sheet_id, "dimension": "ROWS", "length": grown}}
    start = {"sheetId": place.sheet_id, "rowIndex": row, "columnIndex": key}
    rows = [{"values": [{"userEnteredValue": {"stringValue": role}}]} for role in ROLES]
    protected = {"range": box, "description": DESCRIPTION, "warningOnly": False, "editors": {"users": list(editors)}}
    return [
        *([more] if grown > 0 else []),
        {"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue"}},
        {"addProtectedRange": {"protectedRange": protected}},
    ]


def _mended(protected: Mapping[str, Any], editors: Sequence[str]) -> list[Request]:
    users = [str(user) for user in protected.get("editors", {}).get("users", ())]
    missing = [one for one in editors if one.casefold() not in {user.casefold() for user in users}]
    if not missing and not protected.get("warningOnly"):
        return []
    changed = {
        "protectedRangeId": protected["protectedRangeId"],
        "warningOnly": False,
        "editors": {"users": [*users, *missing]},
    }
    return [{"updateProtectedRange": {"protectedRange": changed, "fields": "warningOnly,editors"}}]
