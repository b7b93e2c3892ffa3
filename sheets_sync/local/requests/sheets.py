"""Requests on tabs and on the spreadsheet itself."""

from __future__ import annotations

import copy

from sheets_sync.local import formulas, styles
from sheets_sync.local.fields import updated
from sheets_sync.local.grid import Json, Sheet
from sheets_sync.local.locales import is_known
from sheets_sync.local.rendering import without_defaults
from sheets_sync.local.requests.change import Change, Refused, check_columns
from sheets_sync.local.zones import zone_named

MAX_TITLE = 100


def add_sheet(change: Change, body: Json) -> Json:
    """addSheet"""
    sheet = make_sheet(change, body.get("properties", {}))
    return {"addSheet": {"properties": properties_json(change, sheet)}}


def make_sheet(change: Change, wanted: Json) -> Sheet:
    """A new empty tab among the others."""
    ids = [one.id for one in change.book.sheets]
    sheet_id = wanted.get("sheetId")
    if sheet_id is None:
        sheet_id = change.new_id(ids)
    elif sheet_id < 0:
        raise Refused("Sheet ids must be nonnegative.")
    elif sheet_id in ids:
        raise Refused(f"A sheet with the ID {sheet_id} already exists. Please choose another ID.")
    title = wanted.get("title")
    if title is None:
        title = free_title(change, "Sheet")
    check_title(change, title, None)
    kind = wanted.get("sheetType", "GRID")
    if kind != "GRID":
        raise Refused(f"Adding a sheet of type {kind} is not supported.")
    properties = {name: value for name, value in wanted.items() if name not in ("index", "gridProperties")}
    properties.update({"sheetId": sheet_id, "title": title, "sheetType": "GRID"})
    grid = {"rowCount": 1000, "columnCount": 26, **wanted.get("gridProperties", {})}
    properties["gridProperties"] = grid
    check_grid(grid)
    styles.color_pair(properties, "tabColor")
    change.check_size(grid["rowCount"] * grid["columnCount"])
    sheet = Sheet(properties)
    change.book.add(sheet, wanted.get("index"))
    return sheet


def free_title(change: Change, stem: str) -> str:
    """``Sheet2`` and the like, the first that is free."""
    number = len(change.book.sheets) + 1
    while change.book.titled(f"{stem}{number}"):
        number += 1
    return f"{stem}{number}"


def check_title(change: Change, title: str, sheet_id: int | None) -> None:
    """Refuses a title that is empty, too long or taken by another tab."""
    if not title.strip():
        raise Refused("Sheet name cannot be empty.")
    if len(title) > MAX_TITLE:
        raise Refused(f"Sheet name cannot be longer than {MAX_TITLE} characters.")
    for one in change.book.sheets:
        if one.id != sheet_id and one.title.casefold() == title.casefold():
            raise Refused(f'A sheet with the name "{title}" already exists. Please enter another name.')


def check_grid(grid: Json) -> None:
    """Refuses grids without cells and frozen parts that leave none."""
    for name, count in (("rowCount", "frozenRowCount"), ("columnCount", "frozenColumnCount")):
        if grid[name] < 1:
            raise Refused(f"gridProperties.{name} must be at least 1.")
        frozen = grid.get(count, 0)
        word = "rows" if name == "rowCount" else "columns"
        if frozen < 0:
            raise Refused(f"gridProperties.{count} must not be negative.")
        if frozen >= grid[name] and frozen:
            raise Refused(f"You can't freeze all visible {word} on the sheet.")
    check_columns(grid["columnCount"])


def properties_json(change: Change, sheet: Sheet) -> Json:
    """SheetProperties as answers hold them."""
    return sheet_properties(sheet, change.book.sheets.index(sheet))


def sheet_properties(sheet: Sheet, index: int) -> Json:
    """SheetProperties as answers hold them."""
    out = without_defaults({name: value for name, value in sheet.properties.items() if name != "gridProperties"})
    out["index"] = index
    grid = sheet.properties.get("gridProperties")
    if grid is not None:
        out["gridProperties"] = {name: value for name, value in grid.items() if value and value is not None}
    return out


def delete_sheet(change: Change, body: Json) -> Json:
    """deleteSheet"""
    sheet = change.sheet(body.get("sheetId", 0), "sheet")
    others = [one for one in change.book.sheets if one.id != sheet.id]
    if not others:
        raise Refused("You can't remove all the sheets in a document.")
    if all(one.properties.get("hidden") for one in others):
        raise Refused("You can't remove all the visible sheets in a document.")
    change.book.sheets.remove(sheet)
    change.book.named_ranges = [
        one for one in change.book.named_ranges if one.get("range", {}).get("sheetId", 0) != sheet.id
    ]
    change.book.metadata = [
        one
        for one in change.book.metadata
        if one.get("location", {}).get("sheetId", one.get("location", {}).get("dimensionRange", {}).get("sheetId"))
        != sheet.id
    ]
    return {}


def only_first_sheet(change: Change) -> Sheet:
    """The first sheet, to change, emptied; the others are deleted."""
    first = change.sheet(change.book.sheets[0].id)
    first.properties.pop("hidden", None)
    for other in change.book.sheets[1:]:
        delete_sheet(change, {"sheetId": other.id})
    first.rows = []
    first.parts.clear()
    first.basic_filter = None
    return first


def duplicate_sheet(change: Change, body: Json) -> Json:
    """duplicateSheet"""
    source = change.read_sheet(body.get("sourceSheetId", 0), "sheet")
    ids = [one.id for one in change.book.sheets]
    new_id = body.get("newSheetId")
    if new_id is None:
        new_id = change.new_id(ids)
    elif new_id in ids:
        raise Refused(f"A sheet with the ID {new_id} already exists. Please choose another ID.")
    elif new_id < 0:
        raise Refused("Sheet ids must be nonnegative.")
    title = body.get("newSheetName")
    if title is None:
        title = copy_title(change, source.title)
    check_title(change, title, None)
    change.check_size(source.row_count * source.column_count)
    sheet = copied_sheet(change, source, new_id, title)
    change.book.add(sheet, body.get("insertSheetIndex", 0))
    return {"duplicateSheet": {"properties": properties_json(change, sheet)}}


def copy_title(change: Change, title: str) -> str:
    """``Copy of X``, with a number where that is taken."""
    wanted = f"Copy of {title}"
    number = 2
    while change.book.titled(wanted):
        wanted = f"Copy of {title} {number}"
        number += 1
    return wanted


def copied_sheet(change: Change, source: Sheet, new_id: int, title: str) -> Sheet:
    """A copy of a tab with ids of its own, not yet among the tabs."""
    sheet = source.copy()
    old_id = source.id
    sheet.properties.update({"sheetId": new_id, "title": title})
    sheet.parts.pop("developerMetadata", None)
    _renumber(sheet.parts, old_id, new_id)
    if sheet.basic_filter:
        _renumber(sheet.basic_filter, old_id, new_id)
    for name, key in (("protectedRanges", "protectedRangeId"), ("bandedRanges", "bandedRangeId")):
        for one in sheet.parts.get(name, ()):
            one[key] = change.new_id([])
    for one in sheet.parts.get("charts", ()):
        one["chartId"] = change.new_id([])
    for one in sheet.parts.get("filterViews", ()):
        one["filterViewId"] = change.new_id([])
    return sheet


def _renumber(value: object, old_id: int, new_id: int) -> None:
    """Lets every range that names the old sheet name the new one, in place."""
    stack: list[object] = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            is_range = "startRowIndex" in one or "startColumnIndex" in one or "sheetId" in one
            if is_range and one.get("sheetId", 0) == old_id:
                one["sheetId"] = new_id
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def update_sheet_properties(change: Change, body: Json) -> Json:
    """updateSheetProperties"""
    wanted = body.get("properties", {})
    mask = change.mask("SheetProperties", body.get("fields"))
    sheet = change.sheet(wanted.get("sheetId", 0), "sheet")
    old_grid = dict(sheet.properties.get("gridProperties", {}))
    old_title = sheet.title
    if "*" in mask:
        mask = {
            name: {}
            for name in ("title", "index", "hidden", "gridProperties", "tabColor", "tabColorStyle", "rightToLeft")
        }
        mask = {name: below for name, below in mask.items() if name in wanted or name in ("hidden", "rightToLeft")}
    changed = {name: below for name, below in mask.items() if name not in ("index", "sheetId", "sheetType")}
    new = updated(sheet.properties, wanted, changed) if changed else dict(sheet.properties)
    for name in ("tabColor", "tabColorStyle"):
        if name in mask:
            styles.color_pair(new, "tabColor", name)
    cleared = "tabColorStyle" in mask and not wanted.get("tabColorStyle")  # no colour at all, which is not black
    if cleared or not any(new.get(name) for name in ("tabColor", "tabColorStyle")):
        new.pop("tabColor", None)
        new.pop("tabColorStyle", None)
    if "title" in mask:
        check_title(change, new.get("title", ""), sheet.id)
    grid = {**{name: old_grid[name] for name in ("rowCount", "columnCount")}, **new.get("gridProperties", {})}
    check_grid(grid)
    new["gridProperties"] = grid
    if new.get("hidden") and all(one.properties.get("hidden") for one in change.book.sheets if one.id != sheet.id):
        raise Refused("You can't hide all the sheets in a document.")
    grown = grid["rowCount"] * grid["columnCount"] - old_grid["rowCount"] * old_grid["columnCount"]
    if grown > 0:
        change.check_size(grown)
    sheet.properties = new
    if (grid["rowCount"], grid["columnCount"]) != (old_grid["rowCount"], old_grid["columnCount"]):
        sheet.set_size(grid["rowCount"], grid["columnCount"])
    if "index" in mask:
        _move(change, sheet, wanted.get("index", 0))
    if sheet.title != old_title:
        change.rewrite_formulas(lambda text, _: formulas.retitled(text, old_title, sheet.title))
    return {}


def _move(change: Change, sheet: Sheet, index: int) -> None:
    """The new index counts as if the sheet still stood at its old place, as the API documents."""
    sheets = change.book.sheets
    if index < 0:
        raise Refused("The sheet index must not be negative.")
    old = sheets.index(sheet)
    at = min(index, len(sheets))
    sheets.pop(old)
    sheets.insert(at - 1 if at > old else at, sheet)


def update_spreadsheet_properties(change: Change, body: Json) -> Json:
    """updateSpreadsheetProperties"""
    mask = change.mask("SpreadsheetProperties", body.get("fields"))
    wanted = body.get("properties", {})
    if "*" in mask:
        mask = {name: {} for name in wanted}
    if "title" in mask and not wanted.get("title"):
        raise Refused("The spreadsheet title may not be empty.")
    if "locale" in mask and not is_known(wanted.get("locale", "")):
        raise Refused(f"Unsupported locale: {wanted.get('locale', '')[:50]}")
    if "timeZone" in mask:
        check_time_zone(wanted.get("timeZone", ""))
    if "defaultFormat" in mask:
        raise Refused("The default format of a spreadsheet is read-only.")
    if mask:
        change.book.properties = updated(change.book.properties, copy.deepcopy(wanted), mask)
    return {}


def check_time_zone(name: str) -> None:
    """Refuses a name that is no time zone."""
    try:
        zone_named(name)
    except ValueError as error:
        raise Refused(f"Unsupported time zone: {name[:50]}") from error
