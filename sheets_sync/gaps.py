"""What an existing tab of a workbook lacks beside columns: its frozen header, notes, warnings, greyed cells, bands,
dropdowns and number formats, as the requests that put them back. What somebody changed stays; only what is gone comes
back, and a list that an older version offered becomes that of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sheets_sync import column_style, header_notes
from sheets_sync.columns import Column, Family, Kind, Owner
from sheets_sync.frames import quoted
from sheets_sync.header_notes import Memory, note_requests
from sheets_sync.tab_places import Place

Request = dict[str, Any]
Styles = Mapping[tuple[int, int], Mapping[str, Any]]
"""(sheetId, column) -> the API's CellData of a tab's first row of data: its validation and its number format."""

STYLE_FIELDS = (
    f"sheets(properties(sheetId),{header_notes.FIELDS},"
    "data(startColumn,rowData(values(dataValidation,userEnteredFormat(numberFormat)))))"
)
DESCRIPTION = "Written by the roadmap worker"


def style_ranges(places: Iterable[Place]) -> list[str]:
    """The first rows of data of all tabs that are there, to be read with ``STYLE_FIELDS``."""
    return [f"{quoted(each.title)}!2:2" for each in places if not each.is_fresh and each.columns and each.row_count > 1]


def styles_of(answer: Mapping[str, Any]) -> Styles:
    """What ``style_ranges`` showed."""
    found: dict[tuple[int, int], Mapping[str, Any]] = {}
    for sheet in answer.get("sheets", ()):
        sheet_id = sheet.get("properties", {}).get("sheetId", 0)
        for block in sheet.get("data", ()):
            for row in block.get("rowData", ()):
                for column, cell in enumerate(row.get("values", ()), block.get("startColumn", 0)):
                    found[sheet_id, column] = cell
    return found


def gaps(
    place: Place,
    source: Callable[[Column | Family], str],
    styles: Styles | None,
    memories: Mapping[int, Memory] | None,
) -> list[Request]:
    """The requests that put back what the tab lacks. ``source`` says where the list behind a dropdown stands; without
    ``styles`` dropdowns and formats are taken to be there. ``memories`` say by sheet which notes on headers are ours
    (None: nobody looked)."""
    if place.is_fresh:
        return note_requests(place, (), Memory())
    if not place.sheet:
        return []
    memory = None if memories is None else memories.get(place.sheet_id, Memory())
    requests = [*_frozen(place), *note_requests(place, _old(place), memory)]
    if place.tab.kind is Kind.OUTPUT and not place.sheet.get("bandedRanges") and place.columns:
        requests.append(bands(place))
    if styles is not None:
        for index, column in _old(place):
            requests += _styled(place, index, column, source(column), styles.get((place.sheet_id, index), {}))
    return requests


def _frozen(place: Place) -> list[Request]:
    size = place.sheet.get("properties", {}).get("gridProperties", {})
    if place.tab.kind is Kind.PAGE or size.get("frozenRowCount", 0) or not place.columns:
        return []
    properties = {"sheetId": place.sheet_id, "gridProperties": {"frozenRowCount": 1}}
    return [{"updateSheetProperties": {"properties": properties, "fields": "gridProperties.frozenRowCount"}}]


def _styled(
    place: Place, index: int, column: Column | Family, source: str, cell: Mapping[str, Any]
) -> Iterable[Request]:
    below = {"sheetId": place.sheet_id, "startRowIndex": 1, **column_style.span(index)}
    rule = column_style.validation(column, below, source)
    if rule and ("dataValidation" not in cell or column_style.is_former(column, cell["dataValidation"])):
        yield rule
    number = column_style.number_format(column)
    if number and "numberFormat" not in cell.get("userEnteredFormat", {}):
        yield {
            "repeatCell": {
                "range": below,
                "cell": {"userEnteredFormat": {"numberFormat": number}},
                "fields": "userEnteredFormat.numberFormat",
            }
        }


def _old(place: Place) -> list[tuple[int, Column | Family]]:
    """The columns that are there already, with what each is declared as."""
    new = {index for _, _, index in place.added}
    declared: dict[str, Column | Family] = {column.name: column for column in place.tab.columns}
    return sorted(
        ((index, declared[name]) for name, index in place.columns.items() if name in declared and index not in new),
        key=lambda pair: pair[0],
    )


def unprotected(place: Place, system: Iterable[int]) -> list[int]:
    """Those of the ``system`` columns over which no warning stands."""
    guarded: set[int] = set()
    for protected in place.sheet.get("protectedRanges", ()):
        cells = protected.get("range", {})
        first, last = cells.get("startColumnIndex", 0), cells.get("endColumnIndex", place.column_count)
        guarded |= set(range(first, last))
    return [index for index in system if index not in guarded]


def is_guarded(place: Place) -> bool:
    """True where a warning of ours stands over the whole tab."""
    return any(each.get("description") == DESCRIPTION for each in place.sheet.get("protectedRanges", ()))


def greyed(place: Place) -> frozenset[int]:
    """The columns whose unused cells are greyed already."""
    found: set[int] = set()
    for rule in place.sheet.get("conditionalFormats", ()):
        fill = rule.get("booleanRule", {}).get("format", {})
        colour = fill.get("backgroundColorStyle", {}).get("rgbColor", fill.get("backgroundColor", {}))
        if column_style.is_unused_fill(colour):
            found |= {
                index
                for cells in rule.get("ranges", ())
                for index in range(cells.get("startColumnIndex", 0), cells.get("endColumnIndex", 0))
            }
    return frozenset(found)


def bands(place: Place) -> Request:
    """The bands of an output table."""
    cells = {"sheetId": place.sheet_id, "startRowIndex": 0, **column_style.span(0, len(place.columns))}
    return {"addBanding": {"bandedRange": {"range": cells, "rowProperties": column_style.BANDS}}}


def runs(indexes: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring indexes as (start, count)."""
    found: list[tuple[int, int]] = []
    for _, group in groupby(enumerate(indexes), key=lambda pair: pair[1] - pair[0]):
        members = [index for _, index in group]
        found.append((members[0], len(members)))
    return found


def owned_by_system(place: Place) -> list[int]:
    """All columns of an input tab that the system writes."""
    system = {column.name for column in place.tab.columns if column.owner is Owner.SYSTEM}
    return sorted(index for name, index in place.columns.items() if name in system)
