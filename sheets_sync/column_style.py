"""How a column looks and what it offers: number format, colours, dropdown, header note, as v4 requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sheets_sync.columns import Column, ColumnType, Family, Kind, Owner, Tab
from sheets_sync.headers import Header, column_letters
from sheets_sync.rule_tabs import CONSTRAINT_TYPES, DECIDING
from sheets_sync.setup_rows import SETTINGS

Request = dict[str, Any]

MOST = 10**15


def colour(code: str) -> Request:
    """A "#RRGGBB" as a ColorStyle."""
    parts = (int(code[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return {"rgbColor": dict(zip(("red", "green", "blue"), parts, strict=True))}


INPUT_TEXT = colour("#1155CC")
SYSTEM_TEXT = colour("#5F6368")
SYSTEM_FILL = colour("#F1F3F4")
WHITE = colour("#FFFFFF")
HEADER_FILL = {Owner.PM: colour("#D2E3FC"), Owner.SYSTEM: colour("#E0E0E0")}
BANDS = {"headerColorStyle": colour("#E0E0E0"), "firstBandColorStyle": WHITE, "secondBandColorStyle": colour("#F8F9FA")}
UNUSED_FILL = colour("#DADCE0")

_TEXTUAL = (
    ColumnType.KEY,
    ColumnType.KEYS,
    ColumnType.TEXT,
    ColumnType.PERIOD,  # else Sheets makes a date of 2026-03
    ColumnType.LIST,
    ColumnType.ORDER,
    ColumnType.WEIGHTS,
    ColumnType.CHOICE,
)
_FORMATS = {
    **{kind: {"type": "TEXT", "pattern": "@"} for kind in _TEXTUAL},
    ColumnType.DATE: {"type": "DATE", "pattern": "yyyy-mm-dd"},
    ColumnType.DATETIME: {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm"},
    ColumnType.PERCENT: {"type": "PERCENT", "pattern": "0.0%"},
    ColumnType.INTEGER: {"type": "NUMBER", "pattern": "0"},
}


def header_cells(declared: Iterable[tuple[str, Column | Family]]) -> list[Request]:
    """The header cells with their notes, as CellData."""
    return [
        {
            "userEnteredValue": {"stringValue": name},
            "note": note(column),
            "userEnteredFormat": {
                "backgroundColorStyle": HEADER_FILL[column.owner],
                "textFormat": {"bold": True},
                "verticalAlignment": "TOP",
                "wrapStrategy": "WRAP",
            },
        }
        for name, column in declared
    ]


def note(column: Column | Family) -> str:
    """What a header's note says: meaning, unit, an example, and who writes there."""
    lines = [column.meaning]
    if column.unit:
        lines.append(f"Unit: {column.unit}")
    if isinstance(column, Column) and column.choices:
        lines.append(f"One of: {', '.join(column.choices)}")
    if column.example:
        lines.append(f"Example: {column.example}")
    if column.owner is Owner.SYSTEM:
        lines.append("Written by the system.")
    if column.name == "constraint_type":
        lines += ["", *(f"{kind}: {', '.join(used)}" for kind, used in CONSTRAINT_TYPES.items())]
    if column.name == "key":
        lines += ["", *(f"{setting.key}: {setting.meaning}" for setting in SETTINGS)]
    return "\n".join(lines)


def column_format(tab: Tab, column: Column | Family, cells: Request) -> Request:
    """Gives the cells of a column (a GridRange) their format: blue on white where a PM types, grey where not."""
    style: Request = {"verticalAlignment": "TOP"}
    if column.type in _FORMATS:
        style["numberFormat"] = _FORMATS[column.type]
    if column.owner is Owner.PM:
        style |= {"textFormat": {"foregroundColorStyle": INPUT_TEXT}, "backgroundColorStyle": WHITE}
    elif tab.kind is Kind.INPUT:
        style |= {"textFormat": {"foregroundColorStyle": SYSTEM_TEXT}, "backgroundColorStyle": SYSTEM_FILL}
    style["wrapStrategy"] = "WRAP" if column.width >= 200 else "CLIP"
    fields = ",".join(sorted(style))
    return {
        "repeatCell": {
            "range": cells,
            "cell": {"userEnteredFormat": style},
            "fields": f"userEnteredFormat({fields})",
        }
    }


def validation(column: Column | Family, cells: Request, source: str) -> Request | None:
    """The dropdown, checkbox or type of a PM's column; ``source`` is where a list of the workbook's own stands
    ("=Initiatives!$B$2:$B"). None where anything may be typed."""
    if column.owner is Owner.SYSTEM:
        return None
    condition, is_strict = _condition(column, source)
    if condition is None:
        return None
    return {
        "setDataValidation": {
            "range": cells,
            "rule": {"condition": condition, "strict": is_strict, "showCustomUi": True},
        }
    }


def _condition(column: Column | Family, source: str) -> tuple[Request | None, bool]:
    """The condition, and whether other values are refused."""
    choices = column.choices if isinstance(column, Column) else ()
    if choices:
        words = [{"userEnteredValue": choice} for choice in choices]
        # A box cannot tell "off" from "not set"; where blank means on, a column offers TRUE and FALSE instead.
        return {"type": "ONE_OF_LIST", "values": words}, column.type in (ColumnType.CHOICE, ColumnType.CHECKBOX)
    if source:
        return {"type": "ONE_OF_RANGE", "values": [{"userEnteredValue": source}]}, False
    if column.type is ColumnType.CHECKBOX:
        return {"type": "BOOLEAN"}, True
    if column.type is ColumnType.DATE:
        return {"type": "DATE_IS_VALID"}, False
    if column.type in (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.PERCENT):
        low = -MOST if column.minimum is None else column.minimum
        high = 1 if column.type is ColumnType.PERCENT else MOST
        bounds = [{"userEnteredValue": str(low)}, {"userEnteredValue": str(high)}]
        return {"type": "NUMBER_BETWEEN", "values": bounds}, False
    return None, False


def is_former(column: Column | Family, rule: Mapping[str, Any]) -> bool:
    """True where ``rule``, a validation that stands there, is the list that an older version put there."""
    condition = rule.get("condition", {})
    words = tuple(str(each.get("userEnteredValue", "")) for each in condition.get("values", ()))
    return isinstance(column, Column) and condition.get("type") == "ONE_OF_LIST" and words in column.former_choices


def widths(sheet_id: int, placed: Sequence[tuple[int, int]]) -> list[Request]:
    """Sets the widths of columns, given as (index, pixels); neighbours of one width share a request."""
    runs: list[list[int]] = []
    for index, pixels in sorted(placed):
        if runs and runs[-1][1] == index and runs[-1][2] == pixels:
            runs[-1][1] = index + 1
        else:
            runs.append([index, index + 1, pixels])
    return [
        {
            "updateDimensionProperties": {
                "range": {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": start, "endIndex": end},
                "properties": {"pixelSize": pixels},
                "fields": "pixelSize",
            }
        }
        for start, end, pixels in runs
    ]


def unused_cells(
    name: str, sheet_id: int, columns: Mapping[str, int], done: frozenset[int] = frozenset()
) -> list[Request]:
    """Greys the cells of a tab that a row does not use, by what stands in the column that decides (``DECIDING``);
    columns in ``done`` are greyed already."""
    decider, kinds = DECIDING.get(name, ("", {}))
    if decider not in columns:
        return []
    cell = f"${column_letters(columns[decider])}2"
    requests: list[Request] = []
    for used in dict.fromkeys(column for columns_of_it in kinds.values() for column in columns_of_it):
        users = [kind for kind, used_by_it in kinds.items() if used in used_by_it]
        if used not in columns or columns[used] in done or len(users) == len(kinds):
            continue
        # Products instead of AND(…): what separates arguments differs between locales.
        formula = "*".join([f'({cell}<>"")', *(f'({cell}<>"{user}")' for user in users)])
        rule = {
            "ranges": [{"sheetId": sheet_id, "startRowIndex": 1, **span(columns[used])}],
            "booleanRule": {
                "condition": {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": f"={formula}"}]},
                "format": {"backgroundColorStyle": UNUSED_FILL},
            },
        }
        requests.append({"addConditionalFormatRule": {"rule": rule, "index": 0}})
    return requests


def is_unused_fill(rgb: Mapping[str, Any]) -> bool:
    """True for the colour of cells that are not used, as the API gives it back."""
    wanted = UNUSED_FILL["rgbColor"]
    return bool(rgb) and all(abs(float(rgb.get(part, 0)) - wanted[part]) < 0.003 for part in wanted)


def number_format(column: Column | Family) -> Request | None:
    """The number format that a column's type needs; None where any will do."""
    return _FORMATS.get(column.type)


def system_formats(header: Header) -> dict[int, Request]:
    """Index -> number format of the system's own columns, of those that need one."""
    columns = (each for each in header.tab.columns if not each.is_pm and each.name in header.columns)
    formats = {header.columns[each.name]: number_format(each) for each in columns}
    return {index: found for index, found in formats.items() if found}


def span(index: int, count: int = 1) -> Request:
    """The columns of a GridRange."""
    return {"startColumnIndex": index, "endColumnIndex": index + count}
