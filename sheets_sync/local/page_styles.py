"""The formats of the Sheets API as CSS. It is made from numbers and known words, never of foreign text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

_THEME = {
    "TEXT": "#000000",
    "BACKGROUND": "#ffffff",
    "ACCENT1": "#4285f4",
    "ACCENT2": "#ea4335",
    "ACCENT3": "#fbbc04",
    "ACCENT4": "#34a853",
    "ACCENT5": "#ff6d01",
    "ACCENT6": "#46bdc6",
    "LINK": "#1155cc",
}
DARK = 128
"""Of 255: fills below this brightness take light text."""
_HORIZONTAL = {"LEFT": "left", "CENTER": "center", "RIGHT": "right"}
_FLEX = {"left": "flex-start", "center": "center", "right": "flex-end"}
_VERTICAL = {"TOP": "flex-start", "MIDDLE": "center", "BOTTOM": "flex-end"}
_BORDERS = {
    "DOTTED": "1px dotted",
    "DASHED": "1px dashed",
    "SOLID": "1px solid",
    "SOLID_MEDIUM": "2px solid",
    "SOLID_THICK": "3px solid",
    "DOUBLE": "3px double",
}
_FONT = re.compile(r"[^A-Za-z0-9 ]")


def colour(holder: Json, name: str) -> str | None:
    """The colour ``name`` of a format as ``#rrggbb``: its ...Style form first, as the API has it; None when not set."""
    style = holder.get(f"{name}Style")
    if isinstance(style, Mapping):
        if "themeColor" in style:
            return _THEME.get(str(style["themeColor"]))
        if isinstance(style.get("rgbColor"), Mapping):
            return _hex(style["rgbColor"])
    plain = holder.get(name)
    return _hex(plain) if isinstance(plain, Mapping) else None


def link_css(cell_format: Json, text: Json) -> str:
    """A link's text: as its own TextFormat says, else blue; on a dark fill in the colour of the cell's other text."""
    own = text_css(text)
    if "color:" in own:
        return own
    fill = colour(cell_format, "backgroundColor") or "#ffffff"
    red, green, blue = (int(fill[start : start + 2], 16) for start in (1, 3, 5))
    ink = "inherit" if 0.3 * red + 0.59 * green + 0.11 * blue < DARK else _THEME["LINK"]
    return ";".join(filter(None, [f"color:{ink};text-decoration:underline", own]))


def text_css(text: Json) -> str:
    """A TextFormat: colour, weight, slant, lines, size, family."""
    css: list[str] = []
    ink = colour(text, "foregroundColor")
    if ink not in (None, "#000000"):
        css.append(f"color:{ink}")
    if text.get("bold"):
        css.append("font-weight:700")
    if text.get("italic"):
        css.append("font-style:italic")
    lines = [word for key, word in (("underline", "underline"), ("strikethrough", "line-through")) if text.get(key)]
    if lines:
        css.append(f"text-decoration:{' '.join(lines)}")
    size = text.get("fontSize")
    if isinstance(size, int | float) and size > 0 and size != 10:
        css.append(f"font-size:{round(min(float(size), 96) * 4 / 3, 1)}px")
    family = _FONT.sub("", str(text.get("fontFamily", "")))
    if family and family != "Arial":
        css.append(f"font-family:'{family}',sans-serif")
    return ";".join(css)


def cell_css(cell_format: Json, alignment: str, band: str | None) -> str:
    """A CellFormat. ``alignment`` is what the value's type asks for where the format does not say; ``band`` is the
    banding's colour, shown where the cell has no fill of its own."""
    css: list[str] = []
    fill = colour(cell_format, "backgroundColor")
    fill = band if fill in (None, "#ffffff") and band else fill
    if fill not in (None, "#ffffff"):
        css.append(f"background:{fill}")
    side = _HORIZONTAL.get(str(cell_format.get("horizontalAlignment")), alignment)
    if side != "left":
        css.append(f"justify-content:{_FLEX[side]};text-align:{side}")
    upright = _VERTICAL.get(str(cell_format.get("verticalAlignment")))
    if upright and upright != "flex-end":
        css.append(f"align-items:{upright}")
    css.extend(_padding(cell_format))
    css.extend(_borders(cell_format))
    text = text_css(cell_format.get("textFormat") or {})
    if text:
        css.append(text)
    return ";".join(css)


def painted(cell_format: Json, paint: Json) -> dict[str, Any]:
    """A CellFormat under the fill and the text that a conditional format gives."""
    out = {**cell_format, **paint}
    if "backgroundColor" in paint and "backgroundColorStyle" not in paint:
        out.pop("backgroundColorStyle", None)
    text = dict(cell_format.get("textFormat") or {})
    given = paint.get("textFormat") or {}
    if "foregroundColor" in given and "foregroundColorStyle" not in given:
        text.pop("foregroundColorStyle", None)
    out["textFormat"] = text | dict(given)
    return out


def _hex(rgb: Json) -> str:
    def channel(name: str) -> int:
        value = rgb.get(name, 0)
        return round(255 * min(1.0, max(0.0, float(value)))) if isinstance(value, int | float) else 0

    return f"#{channel('red'):02x}{channel('green'):02x}{channel('blue'):02x}"


def _padding(cell_format: Json) -> list[str]:
    padding = cell_format.get("padding")
    if not isinstance(padding, Mapping):
        return []
    edges = [padding.get(edge, 0) for edge in ("top", "right", "bottom", "left")]
    if edges == [2, 3, 2, 3] or not all(isinstance(edge, int | float) for edge in edges):
        return []
    return [f"padding:{' '.join(f'{min(100, max(0, int(edge)))}px' for edge in edges)}"]


def _borders(cell_format: Json) -> list[str]:
    css: list[str] = []
    for edge, border in (cell_format.get("borders") or {}).items():
        line = _BORDERS.get(str(border.get("style"))) if isinstance(border, Mapping) else None
        if line and edge in ("top", "right", "bottom", "left"):
            css.append(f"border-{edge}:{line} {colour(border, 'color') or '#000000'}")
    return css
