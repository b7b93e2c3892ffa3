"""The charts of a tab as options of ECharts: basic charts (column, bar, line, area, scatter, combo) and pies.

Texts of the workbook only ever become data; tooltips are drawn on the canvas too, so that nothing is read as HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sheets_sync.local.calculation import Calculator
from sheets_sync.local.grid import Sheet, Value, range_box
from sheets_sync.local.page_styles import colour
from sheets_sync.local.rendering import shown_value

Json = dict[str, Any]

MOST_POINTS = 5_000
WIDTH, HEIGHT = 600, 371
_COLOURS = ["#4285f4", "#ea4335", "#fbbc04", "#34a853", "#ff6d01", "#46bdc6", "#7baaf7", "#f07b72"]
_TYPES = {
    "COLUMN": "bar",
    "BAR": "bar",
    "LINE": "line",
    "AREA": "line",
    "STEPPED_AREA": "line",
    "SCATTER": "scatter",
    "COMBO": "bar",
}
_LEGENDS: dict[str, Json] = {
    "TOP_LEGEND": {"top": 34, "left": "center"},
    "BOTTOM_LEGEND": {"bottom": 6, "left": "center"},
    "LEFT_LEGEND": {"left": 8, "top": "middle", "orient": "vertical"},
    "RIGHT_LEGEND": {"right": 8, "top": "middle", "orient": "vertical"},
}
_MARGINS = {"LEFT_LEGEND": "left", "RIGHT_LEGEND": "right"}


def drawn_charts(calculator: Calculator, sheet: Sheet) -> list[Json]:
    """Each chart of the tab: ``id``, where it lies (``row``, ``column``, ``x``, ``y``, ``width``, ``height``), its
    ``name``, and ``option``; None there where its kind is not drawn."""
    return [_chart(calculator, chart) for chart in sheet.parts.get("charts", ())]


def _chart(calculator: Calculator, chart: Json) -> Json:
    spec = chart.get("spec") or {}
    overlay = (chart.get("position") or {}).get("overlayPosition") or {}
    anchor = overlay.get("anchorCell") or {}
    return {
        "id": chart.get("chartId", 0),
        "row": int(anchor.get("rowIndex", 0)),
        "column": int(anchor.get("columnIndex", 0)),
        "x": int(overlay.get("offsetXPixels", 0)),
        "y": int(overlay.get("offsetYPixels", 0)),
        "width": min(4_000, int(overlay.get("widthPixels", WIDTH))),
        "height": min(4_000, int(overlay.get("heightPixels", HEIGHT))),
        "name": str(spec.get("altText") or spec.get("title") or "Chart"),
        "option": _option(calculator, spec),
    }


def _option(calculator: Calculator, spec: Json) -> Json | None:
    if "pieChart" in spec:
        drawn = _pie(calculator, spec["pieChart"])
    elif (spec.get("basicChart") or {}).get("chartType") in _TYPES:
        drawn = _basic(calculator, spec["basicChart"])
    else:
        return None
    title = {"text": str(spec.get("title", "")), "subtext": str(spec.get("subtitle", "")), "left": 12, "top": 8}
    return {
        "animation": False,
        "color": _COLOURS,
        "backgroundColor": colour(spec, "backgroundColor") or "#ffffff",
        "title": title | {"textStyle": {"fontSize": 16, "fontWeight": "normal", "color": "#3c4043"}},
    } | drawn


class _Column:
    """The cells of one ChartData: their values and how they read."""

    def __init__(self, calculator: Calculator, data: Json) -> None:
        self.values: list[Value] = []
        self.texts: list[str] = []
        for area in (data.get("sourceRange") or {}).get("sources") or ():
            sheet = calculator.book.find(area.get("sheetId", 0))
            if sheet is None:
                continue
            box = range_box(sheet, area)
            for row in range(box.top, box.bottom):
                for column in range(box.left, box.right):
                    if len(self.values) >= MOST_POINTS:
                        return
                    cell = sheet.cell(row, column)
                    self.values.append(calculator.value(sheet, row, column))
                    shown = shown_value(calculator, sheet, row, column, cell, "FORMATTED_VALUE", "SERIAL_NUMBER")
                    self.texts.append(str(shown))

    def numbers(self, start: int) -> list[float | None]:
        """The numbers from ``start`` on; None where a cell holds none."""
        return [value if _is_number(value) else None for value in self.values[start:]]  # pyright: ignore[reportReturnType]


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _basic(calculator: Calculator, basic: Json) -> Json:
    kind = str(basic["chartType"])
    domains = [_Column(calculator, one.get("domain") or {}) for one in basic.get("domains") or ()]
    columns = [_Column(calculator, one.get("series") or {}) for one in basic.get("series") or ()]
    domain = domains[0] if domains else _Column(calculator, {})
    start = _header_count(basic, columns)
    length = _filled([domain, *columns]) - start
    series = [
        _series(basic, kind, one, column, start, length)
        for one, column in zip(basic.get("series") or (), columns, strict=True)
    ]
    if basic.get("stackedType") == "PERCENT_STACKED":
        _to_shares(series)
    xs = domain.numbers(start)[:length]
    is_scale = kind not in ("COLUMN", "BAR", "COMBO") and bool(xs) and None not in xs
    across: Json = {"type": "value", "scale": True} if is_scale else {"type": "category"}
    if is_scale:
        for one in series:
            one["data"] = [[x, y] for x, y in zip(xs, one["data"], strict=True)]
    else:
        texts = domain.texts[start : start + length]
        across["data"] = texts if texts else [str(number + 1) for number in range(length)]
    return _on_axes(basic, kind, series, across)


def _header_count(basic: Json, columns: list[_Column]) -> int:
    """How many cells of each column are names; as Sheets guesses where the spec does not say."""
    if "headerCount" in basic:
        return int(basic["headerCount"])
    return int(any(column.values and isinstance(column.values[0], str) for column in columns))


def _filled(columns: list[_Column]) -> int:
    """How many cells stand before the empty end of all columns."""
    ends = [index + 1 for column in columns for index, value in enumerate(column.values) if value is not None]
    return max(ends, default=0)


def _series(basic: Json, kind: str, one: Json, column: _Column, start: int, length: int) -> Json:
    own = str(one.get("type") or ("COLUMN" if kind == "COMBO" else kind))
    numbers = column.numbers(start)[:length]
    out: Json = {
        "type": _TYPES.get(own, "line"),
        "name": column.texts[0] if start and column.texts else "",
        "data": numbers + [None] * (length - len(numbers)),
    }
    if own in ("AREA", "STEPPED_AREA"):
        out["areaStyle"] = {"opacity": 0.3}
    if own == "STEPPED_AREA":
        out["step"] = "middle"
    if out["type"] == "line":
        out |= {"smooth": bool(basic.get("lineSmoothing")), "connectNulls": bool(basic.get("interpolateNulls"))}
    if out["type"] == "scatter":
        out["symbolSize"] = 8
    if basic.get("stackedType") in ("STACKED", "PERCENT_STACKED"):
        out["stack"] = "all"
    if one.get("targetAxis") == "RIGHT_AXIS" and kind != "BAR":
        out["yAxisIndex"] = 1
    ink = colour(one, "color")
    if ink:
        out["itemStyle"] = {"color": ink}
    return out


def _to_shares(series: list[Json]) -> None:
    """Turns stacked amounts into percent of their stack."""
    sums = [sum(abs(one or 0) for one in amounts) for amounts in zip(*(one["data"] for one in series), strict=True)]
    for one in series:
        one["data"] = [
            None if amount is None or not whole else round(100 * amount / whole, 2)
            for amount, whole in zip(one["data"], sums, strict=True)
        ]


def _on_axes(basic: Json, kind: str, series: list[Json], across: Json) -> Json:
    titles = {str(axis.get("position")): str(axis.get("title", "")) for axis in basic.get("axis") or ()}
    grid: Json = {"left": 56, "right": 32, "top": 64, "bottom": 48, "containLabel": False}
    legend = _legend(basic, grid, len(series))
    bottom, left = titles.get("BOTTOM_AXIS", ""), titles.get("LEFT_AXIS", "")
    across = {"name": left if kind == "BAR" else bottom, **across}
    up: Json = {"type": "value", "name": bottom if kind == "BAR" else left, "scale": kind in ("LINE", "SCATTER")}
    for axis in (across, up):
        axis |= {"nameLocation": "middle", "nameGap": 32, "axisLabel": {"hideOverlap": True}}
    ups = [up]
    if any("yAxisIndex" in one for one in series):
        ups.append({"type": "value", "name": titles.get("RIGHT_AXIS", ""), "nameLocation": "middle", "nameGap": 32})
    grid["containLabel"] = True
    if kind == "BAR":
        return {
            "tooltip": {"trigger": "axis", "renderMode": "richText"},
            "legend": legend,
            "grid": grid,
            "xAxis": up,
            "yAxis": across | {"inverse": True},
            "series": series,
        }
    trigger = "item" if kind == "SCATTER" else "axis"
    return {
        "tooltip": {"trigger": trigger, "renderMode": "richText"},
        "legend": legend,
        "grid": grid,
        "xAxis": across,
        "yAxis": ups,
        "series": series,
    }


def _legend(basic: Mapping[str, Any], grid: Json, count: int) -> Json:
    """The legend's place; ``grid`` makes room for it."""
    position = str(basic.get("legendPosition", "RIGHT_LEGEND" if count > 1 else "NO_LEGEND"))
    if position not in _LEGENDS:
        return {"show": False}
    if position in _MARGINS:
        grid[_MARGINS[position]] = 130
    elif position == "BOTTOM_LEGEND":
        grid["bottom"] = 72
    return {"type": "scroll", **_LEGENDS[position]}


def _pie(calculator: Calculator, pie: Json) -> Json:
    names = _Column(calculator, pie.get("domain") or {})
    amounts = _Column(calculator, pie.get("series") or {})
    start = int(bool(amounts.values) and isinstance(amounts.values[0], str))
    data = [
        {"name": text, "value": amount}
        for text, amount in zip(names.texts[start:], amounts.numbers(start), strict=False)
        if amount is not None and amount > 0
    ]
    hole = min(0.9, max(0.0, float(pie.get("pieHole", 0))))
    return {
        "tooltip": {"trigger": "item", "renderMode": "richText"},
        "legend": _legend(pie, {}, 2),
        "series": [
            {
                "type": "pie",
                "radius": [f"{round(62 * hole)}%", "62%"],
                "center": ["50%", "55%"],
                "data": data,
                "label": {"show": pie.get("legendPosition") in ("LABELED_LEGEND", "NO_LEGEND", None)},
            }
        ],
    }
