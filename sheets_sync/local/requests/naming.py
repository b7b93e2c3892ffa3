"""Named ranges and protected ranges."""

from __future__ import annotations

import re

from sheets_sync.local.a1 import looks_like_cell
from sheets_sync.local.fields import updated
from sheets_sync.local.grid import Json, Sheet
from sheets_sync.local.rendering import grid_range_json
from sheets_sync.local.requests.change import Change, Refused, checked_box

_NAME = re.compile(r"[^\W\d]\w{0,249}$")


def named_range_json(one: Json) -> Json:
    """A NamedRange as answers hold it."""
    return {**one, "range": grid_range_json(one.get("range", {}))}


def add_named_range(change: Change, body: Json) -> Json:
    """addNamedRange"""
    wanted = dict(body.get("namedRange", {}))
    _check_name(change, wanted.get("name", ""), None)
    _check_range(change, wanted.get("range"))
    taken = {one["namedRangeId"] for one in change.book.named_ranges}
    if wanted.get("namedRangeId") in taken:
        raise Refused(f"A named range with the ID {wanted['namedRangeId']} already exists.")
    if not wanted.get("namedRangeId"):
        wanted["namedRangeId"] = str(change.new_id(int(one) for one in taken if one.isdigit()))
    change.book.named_ranges.append(wanted)
    return {"addNamedRange": {"namedRange": named_range_json(wanted)}}


def _check_name(change: Change, name: str, own_id: str | None) -> None:
    if not _NAME.match(name) or looks_like_cell(name) or name.upper() in ("TRUE", "FALSE"):
        raise Refused(f'The name "{name[:100]}" is not a valid range name.')
    for one in change.book.named_ranges:
        if one["name"].casefold() == name.casefold() and one["namedRangeId"] != own_id:
            raise Refused(f'A named range with name "{name}" already exists. Please choose another name.')


def _check_range(change: Change, grid_range: Json | None) -> None:
    if grid_range is None:
        raise Refused("No range specified.")
    checked_box(change.read_sheet(grid_range.get("sheetId", 0)), grid_range, "namedRange.range")


def _named(change: Change, range_id: str) -> int:
    for index, one in enumerate(change.book.named_ranges):
        if one["namedRangeId"] == range_id:
            return index
    raise Refused(f"No named range with id: {range_id[:100]}")


def update_named_range(change: Change, body: Json) -> Json:
    """updateNamedRange"""
    mask = change.mask("NamedRange", body.get("fields"))
    wanted = body.get("namedRange", {})
    at = _named(change, wanted.get("namedRangeId", ""))
    new = {**updated(change.book.named_ranges[at], wanted, mask), "namedRangeId": wanted["namedRangeId"]}
    _check_name(change, new.get("name", ""), new["namedRangeId"])
    _check_range(change, new.get("range"))
    change.book.named_ranges[at] = new
    return {}


def delete_named_range(change: Change, body: Json) -> Json:
    """deleteNamedRange"""
    del change.book.named_ranges[_named(change, body.get("namedRangeId", ""))]
    return {}


# ---- protection


def protected_range_json(one: Json, owner: str | None) -> Json:
    """A ProtectedRange as answers hold it; ``owner`` may always edit, and a read (not the reply) names them."""
    out = {name: value for name, value in one.items() if name != "editors" and value not in (False, None, "", [])}
    if "range" in out:
        out["range"] = grid_range_json(out["range"])
    if "unprotectedRanges" in out:
        out["unprotectedRanges"] = [grid_range_json(r) for r in out["unprotectedRanges"]]
    out["requestingUserCanEdit"] = True
    editors = {name: value for name, value in one.get("editors", {}).items() if value}
    if owner is not None:
        users = list(editors.get("users", ()))
        editors["users"] = users if owner in users else [*users, owner]
    out["editors"] = editors
    return out


def add_protected_range(change: Change, body: Json) -> Json:
    """addProtectedRange"""
    wanted = dict(body.get("protectedRange", {}))
    sheet = _protected_sheet(change, wanted)
    taken = [one["protectedRangeId"] for s in change.book.sheets for one in s.parts.get("protectedRanges", ())]
    if wanted.get("protectedRangeId") in taken:
        raise Refused(f"A protected range with the ID {wanted['protectedRangeId']} already exists.")
    wanted.setdefault("protectedRangeId", change.new_id(taken))
    sheet.part("protectedRanges").append(wanted)
    return {"addProtectedRange": {"protectedRange": protected_range_json(wanted, None)}}


def _protected_sheet(change: Change, wanted: Json) -> Sheet:
    """The sheet to change; a range that is given by name is looked up."""
    if "range" not in wanted and wanted.get("namedRangeId"):
        named = change.book.named_ranges[_named(change, wanted["namedRangeId"])]
        wanted["range"] = dict(named["range"])
    if "range" not in wanted:
        raise Refused("Must specify a range to protect.")
    if wanted.get("warningOnly") and any((wanted.get("editors") or {}).values()):
        raise Refused("Cannot set editors on a warning-only protected range.")
    sheet = change.sheet(wanted["range"].get("sheetId", 0))
    checked_box(sheet, wanted["range"], "protectedRange.range")
    return sheet


def _protection(change: Change, range_id: int) -> tuple[Sheet, int]:
    for sheet in change.book.sheets:
        for index, one in enumerate(sheet.parts.get("protectedRanges", ())):
            if one["protectedRangeId"] == range_id:
                return change.sheet(sheet.id), index
    raise Refused(f"No protected range with id: {range_id}")


def update_protected_range(change: Change, body: Json) -> Json:
    """updateProtectedRange"""
    mask = change.mask("ProtectedRange", body.get("fields"))
    wanted = body.get("protectedRange", {})
    sheet, at = _protection(change, wanted.get("protectedRangeId", 0))
    old = sheet.part("protectedRanges").pop(at)
    new = {**updated(old, wanted, mask), "protectedRangeId": old["protectedRangeId"]}
    _protected_sheet(change, new).part("protectedRanges").insert(at, new)
    return {}


def delete_protected_range(change: Change, body: Json) -> Json:
    """deleteProtectedRange"""
    sheet, at = _protection(change, body.get("protectedRangeId", 0))
    del sheet.part("protectedRanges")[at]
    return {}
