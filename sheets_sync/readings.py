"""A whole workbook out of Google's two answers: which tabs are ours, their values and their notes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sheets_sync.errors import SpreadsheetNotFound, one_line
from sheets_sync.grids import Grid, Workbook
from sheets_sync.headers import folded, marked_sheets
from sheets_sync.tabs import TABS

READ_FIELDS = (
    "spreadsheetId,spreadsheetUrl,properties(title,locale,timeZone),namedRanges,"
    "sheets(properties,protectedRanges,merges,bandedRanges,conditionalFormats,basicFilter,columnGroups,"
    "data(startRow,startColumn,rowData(values(note))))"
)

_ID = re.compile(r"[A-Za-z0-9_-]{5,200}")
_URL_ID = re.compile(r"/spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]{5,200})(?:[/?#]|$)")


def spreadsheet_id_of(text: str) -> str:
    """The spreadsheet id in ``text``, an id or a URL. Raises SpreadsheetNotFound with a sentence where there is
    none."""
    stripped = text.strip()
    if found := _URL_ID.search(stripped):
        return found[1]
    if _ID.fullmatch(stripped):
        return stripped
    raise SpreadsheetNotFound(
        f"“{one_line(stripped, 80)}” is neither the id nor the address of a Google spreadsheet: copy the address from "
        "the browser (https://docs.google.com/spreadsheets/d/…)."
    )


def names(titles: Sequence[str]) -> frozenset[str]:
    """The forms in which titles of tabs match."""
    return frozenset(folded(title) for title in titles)


def declared_names() -> frozenset[str]:
    """The forms of all declared tabs and their aliases."""
    return names([name for declared in TABS for name in (declared.name, *declared.aliases)])


def is_intake_title(title: str) -> bool:
    """True for the titles under which a workbook's own tab can hold requests: those that begin with Intake."""
    return folded(title).startswith("intake")


def wanted_sheets(
    metadata: Mapping[str, Any], titles: Sequence[str] | None = None, sheet_ids: Collection[int] = ()
) -> list[Mapping[str, Any]]:
    """The sheets with cells (no chart sheets) to be read: those of ``titles`` and ``sheet_ids``; titles None: the
    declared tabs, by title, or by the id of their sheet where they were renamed, and further Intake tabs. Wherever the
    spreadsheet's workspace is named is read too, so that whose it is is known from the same reading."""
    grids = [sheet for sheet in metadata["sheets"] if sheet["properties"].get("sheetType", "GRID") == "GRID"]
    wanted = declared_names() if titles is None else names(titles)
    ids = marked_sheets(metadata) | set(sheet_ids)
    if titles is None:
        ids |= _renamed(names([sheet["properties"]["title"] for sheet in grids]))

    def is_read(title: str, sheet_id: int) -> bool:
        return folded(title) in wanted or sheet_id in ids or (titles is None and is_intake_title(title))

    return [each for each in grids if is_read(each["properties"]["title"], each["properties"].get("sheetId", 0))]


def _renamed(there: frozenset[str]) -> set[int]:
    """The ids of the sheets of declared tabs of which no title is ``there``."""
    return {each.sheet_id for each in TABS if not there & names([each.name, *each.aliases])}


def workbook_of(
    spreadsheet_id: str, metadata: Mapping[str, Any], sheets: Sequence[Mapping[str, Any]], values: Mapping[str, Any]
) -> Workbook:
    """Google's two answers as one value; grid data leaves the metadata and becomes the grids' notes. Raises KeyError,
    TypeError, AttributeError or ValueError where they are no spreadsheet."""
    ranges = values.get("valueRanges", [])
    grids = {}
    for sheet, found in zip(sheets, ranges, strict=True):
        properties = sheet["properties"]
        size = properties.get("gridProperties", {})
        grids[properties["title"]] = Grid(
            title=properties["title"],
            sheet_id=properties.get("sheetId", 0),
            row_count=size.get("rowCount", 0),
            column_count=size.get("columnCount", 0),
            values=found.get("values", ()),
            is_hidden=properties.get("hidden", False),
            notes=dict(_notes(sheet)),
        )
    properties = metadata["properties"]
    bare = [{part: value for part, value in sheet.items() if part != "data"} for sheet in metadata["sheets"]]
    return Workbook(
        spreadsheet_id=spreadsheet_id,
        title=properties.get("title", ""),
        url=metadata.get("spreadsheetUrl", ""),
        locale=properties.get("locale", "en_US"),
        time_zone=properties.get("timeZone", "UTC"),
        grids=grids,
        metadata={**metadata, "sheets": bare},
    )


def _notes(sheet: Mapping[str, Any]) -> Iterator[tuple[tuple[int, int], str]]:
    for block in sheet.get("data", ()):
        top, left = block.get("startRow", 0) + 1, block.get("startColumn", 0) + 1
        for row, cells in enumerate(block.get("rowData", ())):
            held = cells.get("values", ())
            for column, cell in enumerate(held) if any(held) else ():
                if note := cell.get("note"):
                    yield (top + row, left + column), note
