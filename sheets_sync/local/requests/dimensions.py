"""Requests on rows and columns: insert, delete, move, size, hide, group."""

from __future__ import annotations

from collections.abc import Callable

from sheets_sync.local import formulas
from sheets_sync.local.fields import updated
from sheets_sync.local.grid import Cell, Json, Row, Sheet
from sheets_sync.local.rendering import COLUMN_PIXELS, ROW_PIXELS, grid_range_json
from sheets_sync.local.requests.change import Change, Refused

Place = Callable[[int], int | None]
Span = Callable[[int, int], tuple[int, int] | None]


def _dimension(change: Change, wanted: Json | None, name: str = "range") -> tuple[Sheet, bool, int, int]:
    """(sheet, is rows, start, end) of a DimensionRange within the grid."""
    if wanted is None:
        raise Refused(f"No {name} specified.")
    sheet = change.sheet(wanted.get("sheetId", 0))
    is_rows = _is_rows(wanted)
    count = sheet.row_count if is_rows else sheet.column_count
    start, end = wanted.get("startIndex", 0), wanted.get("endIndex", count)
    word = "row" if is_rows else "column"
    if start < 0:
        raise Refused(f"{name}.startIndex[{start}] must not be negative.")
    if start >= count:
        raise Refused(f"{name}.startIndex[{start}] is after last {word} in grid[{count}]")
    if end <= start:
        raise Refused(f"{name}.endIndex[{end}] must be after startIndex[{start}]")
    return sheet, is_rows, start, min(end, count)


def _is_rows(wanted: Json) -> bool:
    kind = wanted.get("dimension", "DIMENSION_UNSPECIFIED")
    if kind == "DIMENSION_UNSPECIFIED":
        raise Refused("No dimension specified.")
    return kind == "ROWS"


def insert_dimension(change: Change, body: Json) -> Json:
    """insertDimension"""
    wanted = body.get("range")
    if wanted is None:
        raise Refused("No range specified.")
    sheet = change.sheet(wanted.get("sheetId", 0))
    is_rows = _is_rows(wanted)
    count = sheet.row_count if is_rows else sheet.column_count
    start, end = wanted.get("startIndex", 0), wanted.get("endIndex")
    word = "row" if is_rows else "column"
    if end is None or end <= start or start < 0:
        raise Refused("range.endIndex must be after range.startIndex.")
    if start > count:
        raise Refused(f"range.startIndex[{start}] is after last {word} in grid[{count}]")
    inherits = bool(body.get("inheritFromBefore"))
    if inherits and start == 0:
        raise Refused("inheritFromBefore cannot be true when inserting at the first row or column.")
    insert_lines(change, sheet, is_rows, start, end - start, inherits)
    return {}


def insert_lines(change: Change, sheet: Sheet, is_rows: bool, start: int, size: int, inherits: bool) -> None:
    """Inserts rows or columns; formats come from the line before or after, everything else shifts."""
    rows, columns = sheet.row_count, sheet.column_count
    change.check_size(size * (columns if is_rows else rows))
    model = start - 1 if inherits else start
    if is_rows:
        formats = {c: Cell(format=cell.format) for c, cell in sheet.row(model).items() if cell.format}
        _grid(sheet)["rowCount"] = rows + size
        if start < len(sheet.rows) or formats:
            if start > len(sheet.rows):
                sheet.rows.extend([None] * (start - len(sheet.rows)))
            sheet.rows[start:start] = [None] * size
            if formats:
                for index in range(start, start + size):
                    sheet.replace_row(index, dict(formats))
    else:
        _grid(sheet)["columnCount"] = columns + size
        for index, row in enumerate(sheet.rows):
            if row and max(row) >= min(start, model):
                fresh = {(c + size if c >= start else c): cell for c, cell in row.items()}
                form = row[model].format if model in row else None
                if form:
                    fresh.update({c: Cell(format=form) for c in range(start, start + size)})
                sheet.replace_row(index, fresh)

    def span(low: int, high: int) -> tuple[int, int]:
        return (low + size if low >= start else low), (high + size if high > start else high)

    _shift_all(change, sheet, is_rows, lambda at: at + size if at >= start else at, span)
    name = "frozenRowCount" if is_rows else "frozenColumnCount"
    if _grid(sheet).get(name, 0) > start:
        _grid(sheet)[name] += size


def delete_dimension(change: Change, body: Json) -> Json:
    """deleteDimension"""
    sheet, is_rows, start, end = _dimension(change, body.get("range"))
    delete_lines(change, sheet, is_rows, start, end)
    return {}


def delete_lines(change: Change, sheet: Sheet, is_rows: bool, start: int, end: int) -> None:
    """Deletes rows or columns; what names them shrinks, and goes when nothing of it is left."""
    size = end - start
    count = sheet.row_count if is_rows else sheet.column_count
    word = "rows" if is_rows else "columns"
    if size >= count:
        raise Refused(f"You can't delete all the {word} on the sheet.")
    frozen_name = "frozenRowCount" if is_rows else "frozenColumnCount"
    frozen = _grid(sheet).get(frozen_name, 0)
    if frozen and start <= frozen and end >= count:
        raise Refused(f"You can't delete all the non-frozen {word} on the sheet.")
    if is_rows:
        del sheet.rows[start:end]
        _grid(sheet)["rowCount"] = count - size
    else:
        for index, row in enumerate(sheet.rows):
            if row and max(row) >= start:
                fresh = {(c - size if c >= end else c): cell for c, cell in row.items() if not start <= c < end}
                sheet.replace_row(index, fresh)
        _grid(sheet)["columnCount"] = count - size

    def place(at: int) -> int | None:
        return None if start <= at < end else at - size if at >= end else at

    def span(low: int, high: int) -> tuple[int, int] | None:
        low = start if start <= low < end else low - size if low >= end else low
        high = start if start < high <= end else high - size if high > end else high
        return (low, high) if high > low else None

    _shift_all(change, sheet, is_rows, place, span)
    if frozen > start:
        _grid(sheet)[frozen_name] = frozen - (min(frozen, end) - start)


def move_dimension(change: Change, body: Json) -> Json:
    """moveDimension"""
    sheet, is_rows, start, end = _dimension(change, body.get("source"), "source")
    target = body.get("destinationIndex", 0)
    count = sheet.row_count if is_rows else sheet.column_count
    if not 0 <= target <= count:
        raise Refused(f"destinationIndex[{target}] is outside the grid[{count}]")
    if start < target < end:
        raise Refused("Cannot move dimensions to within the range being moved.")
    order = list(range(count))
    block = order[start:end]
    del order[start:end]
    at = target - (end - start) if target >= end else target
    order[at:at] = block
    places = {old: new for new, old in enumerate(order)}
    if is_rows:
        rows = sheet.rows + [None] * (count - len(sheet.rows))
        sheet.rows = [rows[old] for old in order]
        while sheet.rows and not sheet.rows[-1]:
            sheet.rows.pop()
    else:
        for index, row in enumerate(sheet.rows):
            if row:
                sheet.replace_row(index, {places[c]: cell for c, cell in row.items()})

    def span(low: int, high: int) -> tuple[int, int]:
        ends = (places.get(low, low), places.get(high - 1, high - 1))
        return min(ends), max(ends) + 1

    _shift_all(change, sheet, is_rows, lambda at: places.get(at, at), span)
    return {}


def append_dimension(change: Change, body: Json) -> Json:
    """appendDimension"""
    sheet = change.sheet(body.get("sheetId", 0))
    is_rows = _is_rows(body)
    length = body.get("length", 0)
    if length < 1:
        raise Refused("length must be at least 1.")
    rows, columns = sheet.row_count, sheet.column_count
    change.check_size(length * (columns if is_rows else rows))
    _grid(sheet)["rowCount" if is_rows else "columnCount"] = (rows if is_rows else columns) + length
    return {}


def _grid(sheet: Sheet) -> Json:
    return sheet.properties["gridProperties"]


def _shift_all(change: Change, sheet: Sheet, is_rows: bool, place: Place, span: Span) -> None:
    """Sizes, ranges, groups, metadata and formulas after lines of ``sheet`` moved."""
    name = "row_sizes" if is_rows else "column_sizes"
    sizes = {place(index): size for index, size in getattr(sheet, name).items()}
    setattr(sheet, name, {index: size for index, size in sizes.items() if index is not None})
    side = "Row" if is_rows else "Column"
    for grid_range, replace in change.grid_ranges():
        if grid_range.get("sheetId", 0) == sheet.id:
            _shift_range(grid_range, replace, side, span)
    for group in list(sheet.parts.get("rowGroups" if is_rows else "columnGroups", ())):
        bounds = span(group["range"]["startIndex"], group["range"]["endIndex"])
        if bounds is None:
            sheet.parts["rowGroups" if is_rows else "columnGroups"].remove(group)
        else:
            group["range"]["startIndex"], group["range"]["endIndex"] = bounds
    _shift_metadata(change, sheet, is_rows, span)
    title = sheet.title
    change.rewrite_formulas(lambda text, on: formulas.adjusted(text, on.title, title, is_rows, place, span))


def _shift_range(grid_range: Json, replace: Callable[[Json | None], None], side: str, span: Span) -> None:
    low, high = grid_range.get(f"start{side}Index"), grid_range.get(f"end{side}Index")
    if low is None and high is None:
        return
    first = low if low is not None else 0
    bounds = span(first, high if high is not None else first + 1)
    if bounds is None:
        replace(None)
        return
    new = dict(grid_range)
    if low is not None:
        new[f"start{side}Index"] = bounds[0]
    if high is not None:
        new[f"end{side}Index"] = bounds[1]
    replace(new)


def _shift_metadata(change: Change, sheet: Sheet, is_rows: bool, span: Span) -> None:
    kept: list[Json] = []
    for one in change.book.metadata:
        where = one.get("location", {}).get("dimensionRange")
        if where and where.get("sheetId", 0) == sheet.id and (where["dimension"] == "ROWS") == is_rows:
            bounds = span(where["startIndex"], where["endIndex"])
            if bounds is None:
                continue
            where["startIndex"], where["endIndex"] = bounds
        kept.append(one)
    change.book.metadata = kept


def update_dimension_properties(change: Change, body: Json) -> Json:
    """updateDimensionProperties"""
    sheet, is_rows, start, end = _dimension(change, body.get("range"))
    mask = change.mask("DimensionProperties", body.get("fields"))
    wanted = body.get("properties", {})
    if ("pixelSize" in mask or "*" in mask) and wanted.get("pixelSize", 1) < 0:
        raise Refused("pixelSize must not be negative.")
    sizes = sheet.row_sizes if is_rows else sheet.column_sizes
    for index in range(start, end):
        new = {k: v for k, v in updated(sizes.get(index, {}), wanted, mask).items() if v not in (False, None, [])}
        if new:
            sizes[index] = new
        else:
            sizes.pop(index, None)
    return {}


def auto_resize_dimensions(change: Change, body: Json) -> Json:
    """autoResizeDimensions: an estimate of the width of the longest text, since no fonts are measured here."""
    sheet, is_rows, start, end = _dimension(change, body.get("dimensions"), "dimensions")
    if is_rows:
        for index in range(start, end):
            _resize(sheet.row_sizes, index, ROW_PIXELS)
        return {}
    calculator = change.calculator()
    widest = dict.fromkeys(range(start, end), 0.0)
    for index, row in enumerate(sheet.rows):
        for column, cell in (row or {}).items():
            if start <= column < end and cell.entered is not None:
                widest[column] = max(widest[column], _text_width(_shown(calculator, sheet, index, column, cell)))
    for column, width in widest.items():
        _resize(sheet.column_sizes, column, round(width) + _PADDING if width else COLUMN_PIXELS)
    return {}


# advance widths of Roboto in units of 1/2048 em: the face that automatic sizes turn out to be measured in
_UPPER = (1336, 1275, 1333, 1343, 1164, 1132, 1395, 1460, 557, 1130, 1284, 1102, 1788)
_UPPER += (1460, 1408, 1292, 1408, 1261, 1215, 1222, 1328, 1303, 1817, 1284, 1230, 1226)
_LOWER = (1114, 1149, 1072, 1155, 1085, 711, 1149, 1128, 497, 489, 1038, 497, 1795)
_LOWER += (1130, 1168, 1149, 1164, 693, 1056, 669, 1129, 992, 1538, 1015, 969, 1015)
_GLYPHS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", _UPPER + _LOWER, strict=True))
_GLYPHS |= {" ": 507, ".": 539, ",": 402, "-": 565, ":": 496, "_": 924, "(": 700, ")": 712, "/": 844, "%": 1500}
_PIXELS, _PADDING = 13, 7


def _text_width(text: str) -> float:
    """Pixels of the longest line."""
    units = max(sum(_GLYPHS.get(c, 1150 if ord(c) < 0x2E80 else 2048) for c in line) for line in text.split("\n"))
    return units * _PIXELS / 2048


def _shown(calculator: object, sheet: Sheet, row: int, column: int, cell: Cell) -> str:
    from sheets_sync.local.calculation import Calculator
    from sheets_sync.local.rendering import shown_value

    assert isinstance(calculator, Calculator)
    return str(shown_value(calculator, sheet, row, column, cell, "FORMATTED_VALUE", "SERIAL_NUMBER"))


def _resize(sizes: dict[int, Json], index: int, pixels: int) -> None:
    sizes[index] = {**sizes.get(index, {}), "pixelSize": pixels}


# ---- groups


def add_dimension_group(change: Change, body: Json) -> Json:
    """addDimensionGroup"""
    sheet, is_rows, start, end = _dimension(change, body.get("range"))
    grid = _grid(sheet)
    # the first group of a sheet made through the API puts its control after the lines
    grid.setdefault("rowGroupControlAfter" if is_rows else "columnGroupControlAfter", True)
    depths = _depths(sheet, is_rows)
    for index in range(start, end):
        depths[index] = depths.get(index, 0) + 1
        if depths[index] > 8:
            raise Refused("Groups can be nested no deeper than 8.")
    _regroup(sheet, is_rows, depths)
    return {"addDimensionGroup": {"dimensionGroups": groups_json(sheet, is_rows)}}


def delete_dimension_group(change: Change, body: Json) -> Json:
    """deleteDimensionGroup"""
    sheet, is_rows, start, end = _dimension(change, body.get("range"))
    depths = _depths(sheet, is_rows)
    if not any(depths.get(index) for index in range(start, end)):
        raise Refused("There are no dimension groups in the range to delete.")
    for index in range(start, end):
        depths[index] = max(depths.get(index, 0) - 1, 0)
    _regroup(sheet, is_rows, depths)
    left = groups_json(sheet, is_rows)
    return {"deleteDimensionGroup": {"dimensionGroups": left} if left else {}}


def update_dimension_group(change: Change, body: Json) -> Json:
    """updateDimensionGroup: collapses or opens one."""
    wanted = body.get("dimensionGroup", {})
    mask = change.mask("DimensionGroup", body.get("fields"))
    sheet, is_rows, start, end = _dimension(change, wanted.get("range"))
    for group in sheet.part("rowGroups" if is_rows else "columnGroups"):
        bounds = (group["range"]["startIndex"], group["range"]["endIndex"])
        if bounds == (start, end) and group["depth"] == wanted.get("depth", 1):
            if "collapsed" in mask or "*" in mask:
                group["collapsed"] = bool(wanted.get("collapsed"))
                _hide(sheet, is_rows, start, end, group["collapsed"])
            return {}
    raise Refused("There is no dimension group with that range and depth.")


def _hide(sheet: Sheet, is_rows: bool, start: int, end: int, is_hidden: bool) -> None:
    sizes = sheet.row_sizes if is_rows else sheet.column_sizes
    for index in range(start, end):
        size = dict(sizes.get(index, {}))
        size.pop("hiddenByUser", None)
        if is_hidden:
            size["hiddenByUser"] = True
        if size:
            sizes[index] = size
        else:
            sizes.pop(index, None)


def groups_json(sheet: Sheet, is_rows: bool) -> list[Json]:
    """DimensionGroups as answers hold them."""
    out: list[Json] = []
    for group in sheet.parts.get("rowGroups" if is_rows else "columnGroups", ()):
        one = {"range": grid_range_json(group["range"]), "depth": group["depth"]}
        if group.get("collapsed"):
            one["collapsed"] = True
        out.append(one)
    return out


def _depths(sheet: Sheet, is_rows: bool) -> dict[int, int]:
    depths: dict[int, int] = {}
    for group in sheet.parts.get("rowGroups" if is_rows else "columnGroups", ()):
        for index in range(group["range"]["startIndex"], group["range"]["endIndex"]):
            depths[index] = max(depths.get(index, 0), group["depth"])
    return depths


def _regroup(sheet: Sheet, is_rows: bool, depths: dict[int, int]) -> None:
    name = "rowGroups" if is_rows else "columnGroups"
    collapsed = {
        (group["range"]["startIndex"], group["range"]["endIndex"], group["depth"])
        for group in sheet.parts.get(name, ())
        if group.get("collapsed")
    }
    groups: list[Json] = []
    for depth in range(1, max(depths.values(), default=0) + 1):
        inside = sorted(index for index, deep in depths.items() if deep >= depth)
        start = 0
        for at, index in enumerate(inside):
            if at + 1 == len(inside) or inside[at + 1] != index + 1:
                bounds = (inside[start], index + 1)
                start = at + 1
                where = {
                    "sheetId": sheet.id,
                    "dimension": "ROWS" if is_rows else "COLUMNS",
                    "startIndex": bounds[0],
                    "endIndex": bounds[1],
                }
                group: Json = {"range": where, "depth": depth}
                if (*bounds, depth) in collapsed:
                    group["collapsed"] = True
                groups.append(group)
    sheet.parts[name] = groups


def row_of(cells: Row) -> Row:
    """A fresh row with the same cells."""
    return dict(cells)
