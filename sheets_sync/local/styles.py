"""Cell formats: the default one, colours in their two spellings, masks, and what a cell effectively looks like."""

from __future__ import annotations

import copy
import struct
from functools import cache
from typing import Any

from sheets_sync.local.fields import Mask, updated
from sheets_sync.local.grid import CellError, Value

Json = dict[str, Any]

_WHITE: Json = {"red": 1, "green": 1, "blue": 1}
_LEVELS = {
    "TEXT": (0, 0, 0),
    "BACKGROUND": (255, 255, 255),
    "ACCENT1": (66, 133, 244),
    "ACCENT2": (234, 67, 53),
    "ACCENT3": (251, 188, 4),
    "ACCENT4": (52, 168, 83),
    "ACCENT5": (255, 109, 1),
    "ACCENT6": (70, 189, 198),
    "LINK": (17, 85, 204),
}
_SIDES = ("top", "bottom", "left", "right")


@cache
def _float32(value: float) -> float:
    """The shortest decimal that names the same single-precision number, as the API prints colours."""
    single = struct.unpack("f", struct.pack("f", value))[0]
    for digits in range(1, 10):
        text = f"{single:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == single:
            return int(float(text)) if float(text).is_integer() else float(text)
    return single


def color(value: Json) -> Json:
    """A colour as stored: components in steps of 1/255, never above what was asked (0.5 is 127 of 255), zero left out.
    Each step itself comes back as it went in."""
    out: Json = {}
    for name in ("red", "green", "blue"):
        step = int(_float32(max(0.0, min(1.0, value.get(name, 0)))) * 255 + 1e-5)
        if step:
            out[name] = _float32(step / 255)
    return out


_THEME: dict[str, Json] = {
    name: color({"red": red / 255, "green": green / 255, "blue": blue / 255})
    for name, (red, green, blue) in _LEVELS.items()
}


def color_pair(holder: Json, name: str, wins: str | None = None) -> None:
    """Makes ``name`` and ``nameStyle`` in ``holder`` say the same; ``wins`` is the one that was just set."""
    style_name = name + "Style"
    if wins == name:
        holder.pop(style_name, None)
    elif wins == style_name:
        holder.pop(name, None)
    style = holder.get(style_name)
    if style is not None:
        if "themeColor" in style:
            holder[style_name] = {"themeColor": style["themeColor"]}
            holder[name] = copy.deepcopy(_THEME.get(style["themeColor"], {}))
        else:
            holder[name] = color(style.get("rgbColor", {}))
            holder[style_name] = {"rgbColor": dict(holder[name])}
    elif holder.get(name) is not None:
        holder[name] = color(holder[name])
        holder[style_name] = {"rgbColor": dict(holder[name])}


_PAIRED = frozenset(
    (
        *("backgroundColor", "foregroundColor", "color", "barColor", "bubbleBorderColor", "nodeColor"),
        *("selectedNodeColor", "negativeColor", "positiveColor", "minValueColor", "midValueColor", "maxValueColor"),
        *("noDataColor", "headerColor", "firstBandColor", "secondBandColor", "footerColor"),
        *("visibleBackgroundColor", "visibleForegroundColor"),
    )
)
"""The colours that messages hold twice: as such, and as a ColorStyle of the same name."""


def paired(value: Any) -> Any:
    """A copy of a message in which each colour stands in both of its spellings."""
    if isinstance(value, list):
        return [paired(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {name: paired(part) for name, part in value.items()}
    for name in {name.removesuffix("Style") for name in value} & _PAIRED:
        color_pair(out, name)
    return out


def changed_format(old: Json | None, new: Json | None, mask: Mask) -> Json | None:
    """The format after an update of the masked fields; None where nothing is left."""
    out = updated(old or {}, new or {}, mask)
    if not isinstance(out, dict):
        return None
    _pair_by_mask(out, mask, "backgroundColor")
    if "textFormat" in out:
        below = mask.get("textFormat", {})
        _pair_by_mask(out["textFormat"], below, "foregroundColor")
        if not out["textFormat"]:
            del out["textFormat"]
    for border in out.get("borders", {}).values():
        color_pair(border, "color")
    for side in _SIDES:
        if out.get("borders", {}).get(side) in ({}, {"style": "NONE"}):
            del out["borders"][side]
    if out.get("borders") == {}:
        del out["borders"]
    return out or None


def _pair_by_mask(holder: Json, mask: Mask, name: str) -> None:
    style = name + "Style"
    names_one, names_other = name in mask, style in mask
    if names_one and not names_other:
        color_pair(holder, name, name)
    elif names_other and not names_one:
        color_pair(holder, name, style)
    else:
        color_pair(holder, name)


DEFAULT_FORMAT: Json = {
    "backgroundColor": dict(_WHITE),
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": {
        "foregroundColor": {},
        "fontFamily": "arial,sans,sans-serif",
        "fontSize": 10,
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "foregroundColorStyle": {"rgbColor": {}},
    },
    "backgroundColorStyle": {"rgbColor": dict(_WHITE)},
}


def theme() -> Json:
    """The theme of a new spreadsheet."""
    return {
        "primaryFontFamily": "Arial",
        "themeColors": [{"colorType": name, "color": {"rgbColor": dict(value)}} for name, value in _THEME.items()],
    }


class EffectiveFormats:
    """What cells look like: the spreadsheet's default under each cell's own format. Equal looks are one object."""

    def __init__(self, default: Json) -> None:
        self._default = default
        self._made: dict[tuple[int, str, bool], tuple[Json | None, Json]] = {}

    def of(self, entered: Json | None, value: Value, is_link: bool) -> Json:
        """The effective format of a cell; not to be changed by the caller."""
        key = (id(entered), _alignment(value), is_link)
        found = self._made.get(key)
        if found is None:
            # the entered format is kept beside its result, so that its id stays its own
            found = self._made[key] = (entered, self._merged(entered, key[1], is_link))
        return found[1]

    def _merged(self, entered: Json | None, alignment: str, is_link: bool) -> Json:
        out = copy.deepcopy(self._default)
        out["textFormat"]["fontFamily"] = "Arial"
        if alignment:
            out["horizontalAlignment"] = alignment
        out["hyperlinkDisplayType"] = "LINKED" if is_link else "PLAIN_TEXT"
        return merged(out, entered or {})


def _alignment(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, (bool, CellError)):
        return "CENTER"
    return "LEFT" if isinstance(value, str) else "RIGHT"


def merged(base: Json, over: Json) -> Json:
    """``over`` laid upon ``base``, message by message; colours are replaced whole."""
    for name, value in over.items():
        if (
            isinstance(value, dict)
            and isinstance(base.get(name), dict)
            and not name.lower().endswith(("color", "style"))
        ):
            merged(base[name], value)
        else:
            base[name] = copy.deepcopy(value)
    return base
