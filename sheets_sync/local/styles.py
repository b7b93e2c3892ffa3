"""Cell formats: the default one, colours in their two spellings, masks, and what a cell effectively looks like."""

from __future__ import annotations

import copy
import struct
from typing import Any

from sheets_sync.local.fields import Mask, updated
from sheets_sync.local.grid import CellError, Value

Json = dict[str, Any]

_WHITE: Json = {"red": 1, "green": 1, "blue": 1}
_THEME: dict[str, Json] = {
    "TEXT": {},
    "BACKGROUND": _WHITE,
    "ACCENT1": {"red": 66, "green": 133, "blue": 244},
    "ACCENT2": {"red": 234, "green": 67, "blue": 53},
    "ACCENT3": {"red": 251, "green": 188, "blue": 4},
    "ACCENT4": {"red": 52, "green": 168, "blue": 83},
    "ACCENT5": {"red": 255, "green": 109, "blue": 1},
    "ACCENT6": {"red": 70, "green": 189, "blue": 198},
    "LINK": {"red": 17, "green": 85, "blue": 204},
}
_SIDES = ("top", "bottom", "left", "right")


def _float32(value: float) -> float:
    """The shortest decimal that names the same single-precision number, as the API prints colours."""
    single = struct.unpack("f", struct.pack("f", value))[0]
    for digits in range(1, 10):
        text = f"{single:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == single:
            return int(float(text)) if float(text).is_integer() else float(text)
    return single


def color(value: Json) -> Json:
    """A colour as stored: components in steps of 1/255, zero left out."""
    out: Json = {}
    for name in ("red", "green", "blue"):
        step = round(max(0.0, min(1.0, value.get(name, 0))) * 255)
        if step:
            out[name] = _float32(step / 255)
    return out


_THEME = {
    name: color({part: (level if level <= 1 else level / 255) for part, level in value.items()})
    for name, value in _THEME.items()
}
_THEME["BACKGROUND"] = dict(_WHITE)


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


def effective_format(default: Json, entered: Json | None, value: Value, is_link: bool) -> Json:
    """What the cell looks like: the spreadsheet's default under the cell's own format."""
    out = copy.deepcopy(default)
    out["textFormat"]["fontFamily"] = "Arial"
    if value is not None:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        out["horizontalAlignment"] = (
            "CENTER" if isinstance(value, (bool, CellError)) else "RIGHT" if is_number else "LEFT"
        )
    out["hyperlinkDisplayType"] = "LINKED" if is_link else "PLAIN_TEXT"
    return merged(out, entered or {})


def merged(base: Json, over: Json) -> Json:
    """``over`` laid upon ``base``, message by message; colours are replaced whole."""
    for name, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(name), dict) and not name.lower().endswith(("color", "style")):
            merged(base[name], value)
        else:
            base[name] = copy.deepcopy(value)
    return base
