"""Makes and repairs a workbook: the requests of one atomic v4 batchUpdate.

Sheet ids are chosen here, so that one batch can add a tab and fill it. Nothing is moved and nothing deleted: missing
columns are added behind the last header in use, and the empty sheet of a new spreadsheet becomes the first tab.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from engine.errors import InputError
from engine.keys import normalised
from sheets_sync import column_style, gaps, header_notes
from sheets_sync.cell_dates import date_cell, read_date
from sheets_sync.cells import number_cell
from sheets_sync.columns import Column, ColumnType, Family, Kind
from sheets_sync.grids import Workbook
from sheets_sync.header_notes import Memory
from sheets_sync.headers import column_letters
from sheets_sync.role_rows import role_requests
from sheets_sync.tab_places import Members, Place, family_headers, kpi_members, places
from sheets_sync.tabs import LIST_COLUMNS, Tab, tab
from sheets_sync.workspace_mark import mark_requests

Value = str | int | float | bool | Decimal | date | None
Rows = Sequence[Mapping[str, Any]]
Tables = Mapping[str, Rows]
Request = dict[str, Any]

_NO_TABLES: Tables = {}


def default_title(workbook: Workbook) -> str | None:
    """The title of a new spreadsheet's one sheet, while it has none of our tabs: whoever read the workbook without it
    reads it again with this title, so that an empty one can become the first tab."""
    titles = [str(sheet.get("properties", {}).get("title", "")) for sheet in workbook.metadata.get("sheets", ())]
    return titles[0] if len(titles) == 1 and not workbook.grids else None


def style_ranges(workbook: Workbook) -> list[str]:
    """What has to be read (under ``gaps.STYLE_FIELDS``) for ``repair_requests`` to find lost dropdowns and formats."""
    return gaps.style_ranges(places(workbook, _members(workbook, _NO_TABLES)))


def repair_requests(
    workbook: Workbook, styles: Mapping[str, Any] | None = None, editors: Sequence[str] = ()
) -> list[Request]:
    """The requests that add what is missing in the workbook; [] when nothing is. ``styles`` is the answer for
    ``style_ranges``; without it, dropdowns and formats of columns that are there are not looked at. ``editors`` are the
    addresses for which Setup's role rows are protected; without any, no such rows are made."""
    found = places(workbook, _members(workbook, _NO_TABLES))
    there = None if styles is None else gaps.styles_of(styles)
    memories = None if styles is None else header_notes.memories(styles)
    requests = _made(found, _NO_TABLES)
    for place in found:
        requests += gaps.gaps(place, lambda column: _list_range(column, found), there, memories)
    return requests + _marked(workbook, found) + _roles(workbook, found, _NO_TABLES, editors)


def fill_requests(workbook: Workbook, tables: Tables) -> list[Request]:
    """The requests that write ``tables`` ({tab: rows as {column: value}}) below the last used row of each tab.

    The tabs and headers must be there (InputError). Text is written as text, never as a formula; an ISO text in a date
    column becomes its date. A row's title and label are filled in where they are system columns.
    """
    found = places(workbook, _members(workbook, tables))
    for place in found:
        if place.added and tables.get(place.tab.name):
            name = place.added[0][0]
            raise InputError(f"The tab {place.tab.name!r} has no column {name!r}: run `roadmap init` first.")
    return _filled(found, tables)


def new_workbook_requests(workbook: Workbook, tables: Tables, editors: Sequence[str] = ()) -> list[Request]:
    """Repair and fill in one batch: what makes a sample workbook of an empty spreadsheet. ``editors`` as for
    ``repair_requests``."""
    found = places(workbook, _members(workbook, tables))
    remembered = [request for place in found for request in header_notes.note_requests(place, (), Memory())]
    roles = _roles(workbook, found, tables, editors)
    return _made(found, tables) + remembered + _marked(workbook, found) + _filled(found, tables) + roles


def _marked(workbook: Workbook, found: Sequence[Place]) -> list[Request]:
    """What makes the workbook carry its own id, so that a copy of it is known."""
    return mark_requests(workbook, next(place.sheet_id for place in found if place.tab.name == "Start"))


def _roles(workbook: Workbook, found: Sequence[Place], tables: Tables, editors: Sequence[str]) -> list[Request]:
    """The protected rows that say who may do what, below the rows of Setup."""
    if not editors:
        return []
    setup = next(place for place in found if place.tab.name == "Setup")
    row = max(setup.used_rows, 1) + len(tables.get("Setup", ()))
    return role_requests(workbook, setup, row, editors)


def _members(workbook: Workbook, tables: Tables) -> Members:
    """The family columns that each tab must have."""
    kpis = kpi_members(workbook, [str(row["kpi_key"]) for row in tables.get("Metrics", ()) if row.get("kpi_key")])
    named = family_headers(tab("Initiatives"), tables.get("Initiatives", ()))
    return {"Contributions": kpis, "Portfolio": kpis, "Initiatives": named}


def _made(found: Sequence[Place], tables: Tables) -> list[Request]:
    """What makes the tabs and columns that are missing: first all of them, then what may refer to any of them."""
    requests = [request for place in found for request in _sheet(place, bool(tables.get(place.tab.name)))]
    for place in found:
        requests += _columns(place, found)
        requests += _protection(place)
        requests += _groups(place)
        requests += _finish(place)
    return requests


def _sheet(place: Place, is_used: bool) -> list[Request]:
    """Adds or renames the sheet, or makes room for the columns to be added."""
    needed = max((index + 1 for _, _, index in place.added), default=0)
    is_page = place.tab.kind is Kind.PAGE
    properties: Request = {
        "sheetId": place.sheet_id,
        "title": place.title,
        "index": place.index,
        "hidden": place.tab.is_hidden and not is_used,
        "gridProperties": {
            "frozenRowCount": 0 if is_page else 1,
            "frozenColumnCount": _frozen_columns(place.tab),
            "hideGridlines": is_page,
        },
    }
    if place.is_new:
        size = {"rowCount": place.row_count, "columnCount": place.column_count}
        return [{"addSheet": {"properties": properties | {"gridProperties": properties["gridProperties"] | size}}}]
    requests: list[Request] = []
    if place.renames:
        fields = "title,index,hidden,gridProperties(frozenRowCount,frozenColumnCount,hideGridlines)"
        requests.append({"updateSheetProperties": {"properties": properties, "fields": fields}})
    if needed > place.column_count:
        requests.append(_grown(place.sheet_id, "COLUMNS", needed - place.column_count))
    return requests


def _frozen_columns(tab: Tab) -> int:
    """What stays in sight when scrolling to the right: the columns up to the initiative's title, where there is one."""
    names = [column.name for column in tab.columns]
    return names.index("title") + 1 if "initiative_key" in names and "title" in names[:4] else 0


def _grown(sheet_id: int, dimension: str, length: int) -> Request:
    return {"appendDimension": {"sheetId": sheet_id, "dimension": dimension, "length": length}}


def _columns(place: Place, found: Sequence[Place]) -> list[Request]:
    """Headers, formats, dropdowns and widths of the added columns."""
    if not place.added:
        return []
    first = place.added[0][2]
    cells = column_style.header_cells((name, column) for name, column, _ in place.added)
    requests: list[Request] = [
        {
            "updateCells": {
                "start": {"sheetId": place.sheet_id, "rowIndex": 0, "columnIndex": first},
                "rows": [{"values": cells}],
                "fields": "userEnteredValue,note,userEnteredFormat",
            }
        }
    ]
    for _, column, index in place.added:
        below = {"sheetId": place.sheet_id, "startRowIndex": 1, **column_style.span(index)}
        requests.append(column_style.column_format(place.tab, column, below))
        rule = column_style.validation(column, below, _list_range(column, found))
        if rule:
            requests.append(rule)
    requests += column_style.widths(place.sheet_id, [(index, column.width) for _, column, index in place.added])
    return requests


def _list_range(column: Column | Family, found: Sequence[Place]) -> str:
    """Where the list behind a column's dropdown stands: "=Initiatives!$B$2:$B"; "" where there is none."""
    if not isinstance(column, Column) or column.dropdown is None:
        return ""
    name, header = LIST_COLUMNS[column.dropdown]
    place = next(each for each in found if each.tab.name == name)
    if header not in place.columns:
        return ""  # its header stands further down: told, and a dropdown once it is back
    letters = column_letters(place.columns[header])
    return f"='{place.title.replace(chr(39), chr(39) * 2)}'!${letters}$2:${letters}"


def _protection(place: Place) -> list[Request]:
    """A warning before system cells are edited. Output tabs are protected whole, but for their PM columns."""
    if place.tab.name == "Requests":
        return []
    if place.tab.kind is not Kind.INPUT:
        needs = place.is_fresh or (bool(place.sheet) and not gaps.is_guarded(place))
        return [_warning({"sheetId": place.sheet_id}, place)] if needs else []
    added = {index for _, _, index in place.added}
    system = gaps.owned_by_system(place)
    if not place.sheet:
        system = [index for index in system if index in added]
    return [
        _warning({"sheetId": place.sheet_id, **column_style.span(start, count)}, place)
        for start, count in gaps.runs(gaps.unprotected(place, system))
    ]


def _warning(cells: Request, place: Place) -> Request:
    protected: Request = {
        "range": cells,
        "description": gaps.DESCRIPTION,
        "warningOnly": True,
    }
    if place.tab.kind is not Kind.INPUT:
        typed = sorted(index for name, index in place.columns.items() if _is_pm(place, name))
        protected["unprotectedRanges"] = [
            {"sheetId": place.sheet_id, "startRowIndex": 1, **column_style.span(start, count)}
            for start, count in gaps.runs(typed)
        ]
    return {"addProtectedRange": {"protectedRange": protected}}


def _is_pm(place: Place, name: str) -> bool:
    return any(column.name == name and column.is_pm for column in place.tab.columns)


def _groups(place: Place) -> list[Request]:
    """Technical columns stand in a collapsed group."""
    technical = [
        index for _, column, index in place.added if isinstance(column, Column) and column.group == "technical"
    ]
    requests: list[Request] = []
    for start, count in gaps.runs(sorted(technical)):
        cells = {
            "sheetId": place.sheet_id,
            "dimension": "COLUMNS",
            "startIndex": start,
            "endIndex": start + count,
        }
        requests.append({"addDimensionGroup": {"range": cells}})
        if not place.is_fresh:
            continue  # beside a group that is there it joins that one, open or closed
        collapsed = {"range": cells, "depth": 1, "collapsed": True}
        requests.append({"updateDimensionGroup": {"dimensionGroup": collapsed, "fields": "collapsed"}})
    return requests


def _finish(place: Place) -> list[Request]:
    """Bands on new output tables; greyed cells wherever a column has none yet."""
    requests = [gaps.bands(place)] if place.is_fresh and place.tab.kind is Kind.OUTPUT else []
    if place.is_fresh or place.sheet:
        requests += column_style.unused_cells(place.tab.name, place.sheet_id, place.columns, gaps.greyed(place))
    return requests


def _filled(found: Sequence[Place], tables: Tables) -> list[Request]:
    titles = {
        normalised(str(row["initiative_key"])): str(row["title"])
        for row in tables.get("Initiatives", ())
        if row.get("initiative_key") and row.get("title")
    }
    requests: list[Request] = []
    for place in found:
        rows = tables.get(place.tab.name, ())
        if not rows:
            continue
        start = max(place.used_rows, 1)
        if start + len(rows) > place.row_count:
            requests.append(_grown(place.sheet_id, "ROWS", start + len(rows) - place.row_count))
        requests.append(
            {
                "updateCells": {
                    "start": {"sheetId": place.sheet_id, "rowIndex": start, "columnIndex": 0},
                    "rows": [{"values": _cells(place, _completed(place, row, titles))} for row in rows],
                    "fields": "userEnteredValue",
                }
            }
        )
    return requests


def _completed(place: Place, row: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """A row with the title beside its key, or the label of its initiative."""
    key = str(row.get("initiative_key") or "")
    title = titles.get(normalised(key))
    if not title:
        return dict(row)
    if place.tab.name == "Initiatives":
        return {"sys: label": f"{key} · {title}"} | dict(row)
    return {"title": title} | dict(row) if "title" in place.columns else dict(row)


def _cells(place: Place, row: Mapping[str, Any]) -> list[Request]:
    indexes = {normalised(name): index for name, index in place.columns.items()}
    types = {normalised(column.name): column.type for column in place.tab.columns}
    cells: list[Request] = [{} for _ in range(max(place.columns.values(), default=-1) + 1)]
    for name, value in row.items():
        if value is None or value == "":
            continue
        key = normalised(name)
        if key not in indexes:
            raise InputError(f"The tab {place.tab.name!r} has no column {name!r}: add it there first.")
        cells[indexes[key]] = {"userEnteredValue": _entered(value, types.get(key))}
    return cells


def _entered(value: Value, type: ColumnType | None) -> Request:
    """A value as an ExtendedValue: text stays text, whatever it begins with."""
    if isinstance(value, str):
        day = read_date(value).value if type is ColumnType.DATE else None
        return {"numberValue": date_cell(day)} if day else {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, date):
        return {"numberValue": date_cell(value)}
    return {"numberValue": number_cell(value) if isinstance(value, Decimal) else value}
