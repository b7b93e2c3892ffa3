"""Requests that insert, delete and move rows and columns."""

from __future__ import annotations

from collections.abc import Callable

from sheets_sync.local import formulas
from sheets_sync.local.grid import Cell, Json, Sheet
from sheets_sync.local.requests.change import Change, Refused, check_columns, dimension, is_rows_range

Place = Callable[[int], int | None]
Span = Callable[[int, int], tuple[int, int] | None]


def insert_dimension(change: Change, body: Json) -> Json:
    """insertDimension"""
    wanted = body.get("range")
    if wanted is None:
        raise Refused("No range specified.")
    sheet = change.sheet(wanted.get("sheetId", 0))
    is_rows = is_rows_range(wanted)
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
    check_columns(columns if is_rows else columns + size)
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
    _check_exists(change, body.get("range", {}))
    sheet, is_rows, start, end = dimension(change, body.get("range"))
    delete_lines(change, sheet, is_rows, start, end)
    return {}


def _check_exists(change: Change, wanted: Json) -> None:
    """Refuses to delete lines that the grid has not, in Google's words."""
    sheet = change.read_sheet(wanted.get("sheetId", 0))
    is_rows = is_rows_range(wanted)
    count = sheet.row_count if is_rows else sheet.column_count
    word = "row" if is_rows else "column"
    start = wanted.get("startIndex", 0)
    if start >= count:
        raise Refused(
            f"Cannot delete a {word} that doesn't exist. Tried to delete {word} index {start} but there are only"
            f" {count} {word}s."
        )


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
        raise Refused(f"Sorry, it is not possible to delete all non-frozen {word}.")
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
    sheet, is_rows, start, end = dimension(change, body.get("source"), "source")
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
    is_rows = is_rows_range(body)
    length = body.get("length", 0)
    if length < 1:
        raise Refused("length must be at least 1.")
    rows, columns = sheet.row_count, sheet.column_count
    check_columns(columns if is_rows else columns + length)
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
    _shift_anchors(sheet, is_rows, place)
    if not is_rows:
        for one in (sheet.basic_filter, *sheet.parts.get("filterViews", ())):
            _shift_filter(one or {}, place)
    title = sheet.title
    change.rewrite_formulas(lambda text, on: formulas.adjusted(text, on.title, title, is_rows, place, span))


def _shift_anchors(sheet: Sheet, is_rows: bool, place: Place) -> None:
    """Charts and slicers go with the cell that they lie on; where it is deleted, to the one that took its place."""
    name, count = ("rowIndex", sheet.row_count) if is_rows else ("columnIndex", sheet.column_count)
    for thing in (*sheet.parts.get("charts", ()), *sheet.parts.get("slicers", ())):
        anchor = thing["position"]["overlayPosition"]["anchorCell"]
        old = anchor.get(name, 0)
        later = (place(at) for at in range(old, old + count + 1))
        anchor[name] = min(next((at for at in later if at is not None), 0), count - 1)


def _shift_filter(one: Json, place: Place) -> None:
    """A filter's conditions and sort orders go with their columns."""
    if "criteria" in one:
        moved = {place(int(column)): criteria for column, criteria in one["criteria"].items() if column.isdigit()}
        one["criteria"] = {str(column): criteria for column, criteria in moved.items() if column is not None}
    for name, key in (("filterSpecs", "columnIndex"), ("sortSpecs", "dimensionIndex")):
        if name in one:
            specs = [{**spec, key: place(spec.get(key, 0))} for spec in one[name]]
            one[name] = [spec for spec in specs if spec[key] is not None]


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
