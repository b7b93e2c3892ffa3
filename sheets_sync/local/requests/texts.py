"""Requests that change texts: find and replace, trimming, splitting."""

from __future__ import annotations

import re
from collections.abc import Callable

from sheets_sync.local import typed
from sheets_sync.local.a1 import Box
from sheets_sync.local.grid import Formula, Json, Sheet
from sheets_sync.local.rendering import shown_value
from sheets_sync.local.requests.cells import grow
from sheets_sync.local.requests.change import Change, Refused

MAX_PATTERN = 1_000


def find_replace(change: Change, body: Json) -> Json:
    """findReplace: in what cells show, or in formulas where asked."""
    replace = _replacer(body)
    areas = _areas(change, body)
    counts = dict.fromkeys(
        ("valuesChanged", "formulasChanged", "rowsChanged", "sheetsChanged", "occurrencesChanged"), 0
    )
    calculator = change.calculator()
    for sheet, box in areas:
        before = counts["rowsChanged"]
        for index in range(box.top, min(box.bottom, len(sheet.rows))):
            row_changed = False
            for column, cell in sorted(sheet.row(index).items()):
                if not box.left <= column < box.right or cell.entered is None:
                    continue
                is_formula = isinstance(cell.entered, Formula)
                if is_formula and not body.get("includeFormulas"):
                    continue
                old = str(shown_value(calculator, sheet, index, column, cell, "FORMATTED_VALUE", ""))
                if is_formula:
                    old = str(cell.entered)
                new, times = replace(old)
                if not times:
                    continue
                entered, form = typed.parsed_entry(new, calculator.locale, change.now.year) if new else (None, None)
                new_format = {**(cell.format or {}), "numberFormat": form} if form else cell.format
                sheet = change.book.writable(sheet)
                sheet.put(index, column, cell._replace(entered=entered, format=new_format))
                counts["formulasChanged" if is_formula else "valuesChanged"] += 1
                counts["occurrencesChanged"] += times
                row_changed = True
            counts["rowsChanged"] += row_changed
        counts["sheetsChanged"] += counts["rowsChanged"] > before
    return {"findReplace": {name: count for name, count in counts.items() if count}}


def _replacer(body: Json) -> Callable[[str], tuple[str, int]]:
    find, replacement = body.get("find", ""), body.get("replacement", "")
    if not find:
        raise Refused("find must not be empty.")
    if len(find) > MAX_PATTERN:
        raise Refused(f"find must not be longer than {MAX_PATTERN} characters.")
    if body.get("searchByRegex"):
        # a pattern from a client could make the matcher run for ever; this server keeps to plain texts
        raise Refused("searchByRegex is not supported by the local Sheets server.")
    flags = 0 if body.get("matchCase") else re.IGNORECASE
    pattern = re.compile(re.escape(find), flags)
    if body.get("matchEntireCell"):
        return lambda text: (replacement, 1) if pattern.fullmatch(text) else (text, 0)
    return lambda text: pattern.subn(lambda _: replacement, text)


def _areas(change: Change, body: Json) -> list[tuple[Sheet, Box]]:
    if "range" in body:
        return [change.area(body["range"])]
    if "sheetId" in body:
        sheet = change.sheet(body["sheetId"])
        return [(sheet, sheet.box)]
    if body.get("allSheets"):
        return [(sheet, sheet.box) for sheet in list(change.book.sheets)]
    raise Refused("Must specify one of the following: range, sheetId, allSheets")


def trim_whitespace(change: Change, body: Json) -> Json:
    """trimWhitespace: no spaces at the ends, one between words."""
    sheet, box = change.area(body.get("range"))
    count = 0
    for index in range(box.top, min(box.bottom, len(sheet.rows))):
        for column, cell in list(sheet.row(index).items()):
            if (
                box.left <= column < box.right
                and isinstance(cell.entered, str)
                and not isinstance(cell.entered, Formula)
            ):
                new = re.sub(r"[^\S\n\u00a0]{2,}", " ", cell.entered.strip())
                if new != cell.entered:
                    sheet.put(index, column, cell._replace(entered=new or None))
                    count += 1
    return {"trimWhitespace": {"cellsChangedCount": count} if count else {}}


_DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "PERIOD": ".", "SPACE": " "}


def text_to_columns(change: Change, body: Json) -> Json:
    """textToColumns: splits the texts of one column into columns to the right."""
    sheet, box = change.area(body.get("source"), "source")
    if box.width != 1:
        raise Refused("source must be one column.")
    kind = body.get("delimiterType", "COMMA")
    delimiter = body.get("delimiter", "") if kind == "CUSTOM" else _DELIMITERS.get(kind, "")
    locale = change.calculator().locale
    for index in range(box.top, min(box.bottom, len(sheet.rows))):
        cell = sheet.cell(index, box.left)
        if not isinstance(cell.entered, str) or isinstance(cell.entered, Formula):
            continue
        sign = delimiter or next((one for one in (",", ";", "\t", " ") if one in cell.entered), ",")
        parts = cell.entered.split(sign)
        grow(change, sheet, 0, box.left + len(parts))
        for offset, part in enumerate(parts):
            entered, form = typed.parsed_entry(part.strip(), locale, change.now.year) if part.strip() else (None, None)
            target = sheet.cell(index, box.left + offset)
            new_format = {**(target.format or {}), "numberFormat": form} if form else target.format
            sheet.put(index, box.left + offset, target._replace(entered=entered, format=new_format))
    return {}
