"""Developer metadata: keys and values that a program hangs on a spreadsheet, a sheet, rows or columns."""

from __future__ import annotations

from sheets_sync.local.fields import updated
from sheets_sync.local.grid import Json
from sheets_sync.local.requests.change import Change, Refused


def create_developer_metadata(change: Change, body: Json) -> Json:
    """createDeveloperMetadata"""
    wanted = dict(body.get("developerMetadata", {}))
    if not wanted.get("metadataKey"):
        raise Refused("developerMetadata.metadataKey must be specified.")
    if wanted.get("visibility", "DEVELOPER_METADATA_VISIBILITY_UNSPECIFIED").endswith("UNSPECIFIED"):
        raise Refused("developerMetadata.visibility must be specified.")
    taken = [one["metadataId"] for one in change.book.metadata]
    if wanted.get("metadataId") in taken:
        raise Refused(f"Developer metadata with the ID {wanted['metadataId']} already exists.")
    wanted.setdefault("metadataId", change.new_id(taken))
    wanted["location"] = _location(change, wanted.get("location"))
    change.book.metadata.append(wanted)
    return {"createDeveloperMetadata": {"developerMetadata": metadata_json(wanted)}}


def _location(change: Change, wanted: Json | None) -> Json:
    if not wanted:
        raise Refused("developerMetadata.location must be specified.")
    if wanted.get("spreadsheet"):
        return {"locationType": "SPREADSHEET", "spreadsheet": True}
    if "dimensionRange" in wanted:
        where = dict(wanted["dimensionRange"])
        sheet = change.read_sheet(where.get("sheetId", 0))
        where["sheetId"] = sheet.id
        if where.get("endIndex", 0) - where.get("startIndex", 0) != 1:
            raise Refused("Developer metadata can be associated with one row or column only.")
        kind = "ROW" if where.get("dimension") == "ROWS" else "COLUMN"
        where.setdefault("startIndex", 0)
        return {"locationType": kind, "dimensionRange": where}
    return {"locationType": "SHEET", "sheetId": change.read_sheet(wanted.get("sheetId", 0), "sheet").id}


def metadata_json(one: Json) -> Json:
    """A DeveloperMetadata as answers hold it."""
    return dict(one)


def matches(one: Json, data_filter: Json) -> bool:
    """Whether a DataFilter picks the metadata."""
    lookup = data_filter.get("developerMetadataLookup")
    if lookup is None:
        grid_range = data_filter.get("gridRange")
        return bool(grid_range) and sheet_of(one) == grid_range.get("sheetId", 0)
    for name in ("metadataId", "metadataKey", "metadataValue", "visibility"):
        if name in lookup and one.get(name) != lookup[name]:
            return False
    kind = lookup.get("locationType")
    if kind and not kind.endswith("UNSPECIFIED") and one["location"]["locationType"] != kind:
        return False
    where = lookup.get("metadataLocation")
    if where is None:
        return True
    if lookup.get("locationMatchingStrategy") == "INTERSECTING_LOCATION":
        return bool(where.get("spreadsheet")) or sheet_of(one) == where.get(
            "sheetId", where.get("dimensionRange", {}).get("sheetId", 0)
        )
    return all(one["location"].get(name) == value for name, value in where.items())


def sheet_of(one: Json) -> int | None:
    """The id of the sheet that metadata hangs on; None of the spreadsheet's own."""
    where = one["location"]
    return where.get("sheetId", where.get("dimensionRange", {}).get("sheetId"))


def _matching(change: Change, body: Json) -> list[Json]:
    filters = body.get("dataFilters", [])
    if not filters:
        raise Refused("At least one data filter must be specified.")
    return [one for one in change.book.metadata if any(matches(one, data_filter) for data_filter in filters)]


def update_developer_metadata(change: Change, body: Json) -> Json:
    """updateDeveloperMetadata"""
    mask = change.mask("DeveloperMetadata", body.get("fields"))
    found = _matching(change, body)
    for one in found:
        new = updated(one, body.get("developerMetadata", {}), mask)
        if "location" in mask:
            new["location"] = _location(change, new.get("location"))
        new["metadataId"] = one["metadataId"]
        one.clear()
        one.update(new)
    return {"updateDeveloperMetadata": {"developerMetadata": [metadata_json(one) for one in found]}}


def delete_developer_metadata(change: Change, body: Json) -> Json:
    """deleteDeveloperMetadata"""
    found = _matching(change, {"dataFilters": [body["dataFilter"]] if "dataFilter" in body else []})
    change.book.metadata = [one for one in change.book.metadata if not any(one is gone for gone in found)]
    return {"deleteDeveloperMetadata": {"deletedDeveloperMetadata": [metadata_json(one) for one in found]}}
