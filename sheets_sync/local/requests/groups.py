"""Groups of rows or columns that open and close together."""

from __future__ import annotations

from sheets_sync.local.grid import Json, Sheet
from sheets_sync.local.rendering import grid_range_json
from sheets_sync.local.requests.change import Change, Refused, dimension


def add_dimension_group(change: Change, body: Json) -> Json:
    """addDimensionGroup"""
    sheet, is_rows, start, end = dimension(change, body.get("range"))
    grid = sheet.properties["gridProperties"]
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
    sheet, is_rows, start, end = dimension(change, body.get("range"))
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
    sheet, is_rows, start, end = dimension(change, wanted.get("range"))
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
