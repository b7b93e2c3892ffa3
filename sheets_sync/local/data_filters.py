"""Data filters: ranges named by A1 text, by GridRange or by developer metadata."""

from __future__ import annotations

from typing import Any

from sheets_sync.local import a1
from sheets_sync.local.errors import bad_request
from sheets_sync.local.grid import Book
from sheets_sync.local.requests.change import checked_box
from sheets_sync.local.requests.metadata import matches, sheet_of

Json = dict[str, Any]


def range_texts(book: Book, filters: list[Json]) -> list[tuple[str, Json]]:
    """(A1 text, the filter) of every range that the filters pick."""
    out: list[tuple[str, Json]] = []
    for index, one in enumerate(filters):
        if "a1Range" in one:
            out.append((one["a1Range"], one))
        elif "gridRange" in one:
            sheet = book.find(one["gridRange"].get("sheetId", 0))
            if sheet is None:
                raise bad_request(
                    f"Invalid dataFilters[{index}]: No grid with id: {one['gridRange'].get('sheetId', 0)}"
                )
            try:
                box = checked_box(sheet, one["gridRange"], "gridRange")
            except ValueError as error:
                raise bad_request(f"Invalid dataFilters[{index}]: {error}") from error
            out.append((a1.range_text(sheet.title, box), one))
        else:
            out.extend((text, one) for text in _metadata_ranges(book, one))
    return out


def _metadata_ranges(book: Book, data_filter: Json) -> list[str]:
    out: list[str] = []
    for one in book.metadata:
        sheet = book.find(sheet_of(one) or 0)
        if not matches(one, data_filter) or sheet is None:
            continue
        where = one["location"].get("dimensionRange")
        box = sheet.box
        if where:
            low, high = where["startIndex"], where["endIndex"]
            is_rows = where["dimension"] == "ROWS"
            box = a1.Box(low, high, 0, box.right) if is_rows else a1.Box(0, box.bottom, low, high)
        out.append(a1.range_text(sheet.title, box))
    return out


def metadata_matches(book: Book, filters: list[Json]) -> Json:
    """A SearchDeveloperMetadataResponse."""
    found: list[Json] = []
    for one in book.metadata:
        picking = [data_filter for data_filter in filters if matches(one, data_filter)]
        if picking:
            found.append({"developerMetadata": one, "dataFilters": picking})
    return {"matchedDeveloperMetadata": found} if found else {}
