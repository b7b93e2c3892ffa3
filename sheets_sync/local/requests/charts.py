"""What floats over the grid: charts and slicers, kept and answered as the API's EmbeddedChart and Slicer."""

from __future__ import annotations

from typing import Any

from sheets_sync.local import styles
from sheets_sync.local.fields import updated
from sheets_sync.local.grid import Json, Sheet
from sheets_sync.local.requests.change import Change, Refused, source_lists

_WIDTH, _HEIGHT = 600, 371
"""Pixels of a chart whose size nobody named, as the API documents them."""

_FONT = "Roboto"


def add_chart(change: Change, body: Json) -> Json:
    """addChart: the chart lies where it is asked for, by default on the first sheet at A1, 600 by 371 pixels."""
    chart = dict(body.get("chart", {}))
    chart["spec"] = _spec(change, chart.get("spec"))
    chart.setdefault("chartId", change.new_id(_object_ids(change)))
    if chart["chartId"] in _object_ids(change):
        raise Refused(f"An object with the ID {chart['chartId']} already exists.")
    _position(change, chart).part("charts").append(chart)
    return {"addChart": {"chart": chart}}


def _spec(change: Change, wanted: Any) -> Json:
    """A ChartSpec with its defaults and both spellings of its colours. Refused without a kind of chart, or where a
    source lies on no sheet."""
    if not wanted:
        raise Refused("A chart must have a spec.")
    spec = styles.paired(wanted)
    kinds = [name for name in spec if name.endswith("Chart")]
    if len(kinds) != 1:
        raise Refused("A chart spec must have exactly one kind of chart.")
    for source in (one for found in source_lists(spec) for one in found):
        change.read_sheet(source.get("sheetId", 0))
    spec.setdefault("hiddenDimensionStrategy", "SKIP_HIDDEN_ROWS_AND_COLUMNS")
    spec.setdefault("fontName", _FONT)
    if spec.get("title"):
        spec["titleTextFormat"] = {"fontFamily": _FONT, **spec.get("titleTextFormat", {})}
    return spec


def add_slicer(change: Change, body: Json) -> Json:
    """addSlicer"""
    slicer = styles.paired(body.get("slicer", {}))
    if slicer.get("slicerId") in _object_ids(change):
        raise Refused(f"An object with the ID {slicer['slicerId']} already exists.")
    slicer.setdefault("slicerId", change.new_id(_object_ids(change)))
    _position(change, slicer).part("slicers").append(slicer)
    return {"addSlicer": {"slicer": slicer}}


def _position(change: Change, thing: Json) -> Sheet:
    """The sheet that a floating thing lies on; a chart may ask for a sheet of its own, which is not supported."""
    position = thing.get("position", {})
    overlay = position.get("overlayPosition")
    if overlay is None:
        if position.get("newSheet") or "sheetId" in position:
            raise Refused("Charts on sheets of their own are not supported here; use overlayPosition.")
        overlay = {}
    overlay = {**overlay, "anchorCell": {"sheetId": change.book.sheets[0].id, **overlay.get("anchorCell", {})}}
    if "chartId" in thing:
        overlay = {"widthPixels": _WIDTH, "heightPixels": _HEIGHT, **overlay}
    thing["position"] = {"overlayPosition": overlay}
    return change.sheet(overlay.get("anchorCell", {}).get("sheetId", 0))


def _object_ids(change: Change) -> list[int]:
    return [
        one.get("chartId", one.get("slicerId", 0))
        for sheet in change.book.sheets
        for name in ("charts", "slicers")
        for one in sheet.parts.get(name, ())
    ]


def _object(change: Change, object_id: int) -> tuple[Sheet, str, int]:
    for sheet in change.book.sheets:
        for name, key in (("charts", "chartId"), ("slicers", "slicerId")):
            for index, one in enumerate(sheet.parts.get(name, ())):
                if one[key] == object_id:
                    return change.sheet(sheet.id), name, index
    raise Refused(f"No object with id: {object_id}")


def update_chart_spec(change: Change, body: Json) -> Json:
    """updateChartSpec"""
    sheet, name, at = _object(change, body.get("chartId", 0))
    if name != "charts":
        raise Refused(f"No chart with id: {body.get('chartId', 0)}")
    sheet.part(name)[at]["spec"] = _spec(change, body.get("spec"))
    return {}


def update_slicer_spec(change: Change, body: Json) -> Json:
    """updateSlicerSpec"""
    mask = change.mask("SlicerSpec", body.get("fields"))
    sheet, name, at = _object(change, body.get("slicerId", 0))
    if name != "slicers":
        raise Refused(f"No slicer with id: {body.get('slicerId', 0)}")
    slicer = sheet.part(name)[at]
    slicer["spec"] = styles.paired(updated(slicer.get("spec", {}), body.get("spec", {}), mask))
    return {}


def update_embedded_object_border(change: Change, body: Json) -> Json:
    """updateEmbeddedObjectBorder"""
    mask = change.mask("EmbeddedObjectBorder", body.get("fields"))
    sheet, name, at = _object(change, body.get("objectId", 0))
    if name != "charts":
        raise Refused("Only charts have a border.")
    chart = sheet.part(name)[at]
    chart["border"] = styles.paired(updated(chart.get("border", {}), body.get("border", {}), mask))
    return {}


def update_embedded_object_position(change: Change, body: Json) -> Json:
    """updateEmbeddedObjectPosition"""
    sheet, name, at = _object(change, body.get("objectId", 0))
    mask = change.mask("OverlayPosition", body.get("fields"))
    thing = sheet.part(name).pop(at)
    old = thing["position"].get("overlayPosition", {})
    new = updated(old, body.get("newPosition", {}).get("overlayPosition", {}), mask)
    thing["position"] = {"overlayPosition": new}
    _position(change, thing).part(name).append(thing)
    return {"updateEmbeddedObjectPosition": {"position": thing["position"]}}


def delete_embedded_object(change: Change, body: Json) -> Json:
    """deleteEmbeddedObject"""
    sheet, name, at = _object(change, body.get("objectId", 0))
    del sheet.part(name)[at]
    return {}
