"""A row of cells as the page's grid wants it: CellData of the Sheets API made compact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sheets_sync.local.page_styles import cell_css, colour, link_css, painted, text_css

Json = dict[str, Any]
Row = dict[str, Any]
"""What the grid gets of a row: ``c`` its cells, ``h`` its height in pixels where set by hand, ``x`` 1 where hidden.
A cell is null, its shown text, or ``[text, style id, more]`` (see ``_cell``)."""

SHOWN_CHARACTERS = 4_000
DEFAULT_HEIGHT = 21


class Palette:
    """Every CSS text in use, numbered; cells name the number. It only grows, so that a number once given stays true."""

    def __init__(self) -> None:
        self.css: list[str] = [""]
        self._numbers: dict[str, int] = {"": 0}
        self._formats: dict[tuple[int, str, str | None], tuple[Json, int]] = {}

    def number(self, css: str) -> int:
        """The number of ``css``, a new one where it is unknown."""
        if css not in self._numbers:
            self._numbers[css] = len(self.css)
            self.css.append(css)
        return self._numbers[css]

    def style(self, cell_format: Json, alignment: str, band: str | None) -> int:
        """The number of ``cell_css`` of the arguments. Cells that share one format object are worked out once."""
        key = (id(cell_format), alignment, band)
        known = self._formats.get(key)
        if known is None:
            known = (cell_format, self.number(cell_css(cell_format, alignment, band)))
            self._formats[key] = known  # holds the object, so that its id stays its own
        return known[1]

    def forget_formats(self) -> None:
        """Lets go of the format objects of one answer, before the next one is worked out."""
        self._formats.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """A row as read. ``source`` is the service's own row (to tell whether it is the same one), ``size`` its
    DimensionProperties, ``formulas`` the columns that compute and ``computed`` what came of them, ``covering`` the
    conditional formats over it and ``paint`` what they give its cells, ``cells`` its CellData."""

    source: Any = None
    size: Json | None = None
    formulas: tuple[int, ...] = ()
    computed: tuple[Any, ...] = ()
    covering: tuple[int, ...] = ()
    paint: Mapping[int, Json] = field(default_factory=dict)
    cells: Sequence[Json] = ()

    def looks_like(self, fresh: RawRow) -> bool:
        """Whether ``fresh``, of the same entered cells, shows what this row does."""
        return (self.size, self.computed, self.paint) == (fresh.size, fresh.computed, fresh.paint)

    def read(self, cells: Sequence[Json]) -> RawRow:
        """The row with its cells."""
        return replace(self, cells=cells)

    def at(self, column: int) -> Json:
        """The CellData of a column; empty where nothing stands."""
        return self.cells[column] if column < len(self.cells) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a row's look depends on beside its own cells."""

    bandings: tuple[Json, ...] = ()
    rules: tuple[Json, ...] = ()
    book: Json = field(default_factory=dict)
    """The spreadsheet's properties: locale, time zone, default format."""
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The options of each dropdown by ``list_key``; cells name a list by its place here, which it keeps."""
    strict: frozenset[str] = frozenset()
    """The dropdowns that refuse what they do not list: their cells are marked by their options."""

    def draws_like(self, other: Surroundings) -> bool:
        """Whether rows drawn in ``other`` stand as they are."""
        mine, theirs = ({key: around.lists.get(key) for key in self.strict} for around in (self, other))
        return (self.bandings, self.strict, mine) == (other.bandings, other.strict, theirs)

    def reads_like(self, other: Surroundings) -> bool:
        """Whether rows read in ``other`` stand as they are."""
        return (self.rules, self.book) == (other.rules, other.book)

    def number(self, key: str) -> int:
        """The place of the list in ``lists``; -1 where there is none."""
        return next((place for place, known in enumerate(self.lists) if known == key), -1)

    def options(self) -> list[list[str]]:
        """The options by place."""
        return [list(options) for options in self.lists.values()]


def row_view(index: int, raw: RawRow, around: Surroundings, palette: Palette) -> Row:
    """The row at zero-based ``index`` as the grid shows it."""
    bands = [band for band in around.bandings if _covers(band.get("range") or {}, index)]
    shown: list[Any] = []
    for column in range(max(len(raw.cells), max(raw.paint, default=-1) + 1)):
        cell, paint = raw.at(column), raw.paint.get(column)
        band = _band_colour(bands, index, column) if bands else None
        shown.append(_cell(cell, band, paint, around, palette) if cell or band or paint else None)
    while shown and shown[-1] is None:
        shown.pop()
    row: Row = {"c": shown} if shown else {}
    if raw.size:
        height = int(raw.size.get("pixelSize", DEFAULT_HEIGHT))
        if height != DEFAULT_HEIGHT:
            row["h"] = height
        if is_hidden(raw.size):
            row["x"] = 1
    return row


def entered_text(cell: Json) -> str:
    """What a person would find in the cell when editing it: the formula, or the value as shown."""
    value = cell.get("userEnteredValue") or {}
    if "formulaValue" in value:
        return str(value["formulaValue"])
    if "stringValue" in value:
        return str(value["stringValue"])
    if "boolValue" in value:
        return "TRUE" if value["boolValue"] else "FALSE"
    return str(cell.get("formattedValue", ""))


def _cell(cell: Json, band: str | None, paint: Json | None, around: Surroundings, palette: Palette) -> Any:
    """null, text, ``[text, style]`` or ``[text, style, more]``. ``more``: ``e`` the text to edit where it is another,
    ``n`` the note, ``u`` a link and ``l`` its style, ``r`` runs of text as ``[start, style, link]``, ``b`` the state of
    a checkbox, ``d`` the dropdown, ``w`` 1 where that does not know the value, ``p`` wrap or clip (else text flows
    over empty neighbours)."""
    text = str(cell.get("formattedValue", ""))
    effective = cell.get("effectiveValue") or {}
    cell_format = cell.get("effectiveFormat") or cell.get("userEnteredFormat") or {}
    if paint:
        cell_format = painted(cell_format, paint)
    more: Json = {}
    entered = entered_text(cell) if "userEnteredValue" in cell else text
    if entered != text or len(text) > SHOWN_CHARACTERS:
        more["e"] = entered
    _add_links(cell, text, cell_format, more, palette)
    rule = cell.get("dataValidation")
    if rule:
        _add_rule(rule, text, effective, around, more)
    wrap = cell_format.get("wrapStrategy")
    if wrap in ("WRAP", "CLIP", "LEGACY_WRAP"):
        more["p"] = "clip" if wrap == "CLIP" else "wrap"
    if cell.get("note"):
        more["n"] = str(cell["note"])
    alignment = "left"
    if "numberValue" in effective:
        alignment = "right"
    elif "boolValue" in effective or "errorValue" in effective or "b" in more:
        alignment = "center"
    if paint:
        style = palette.number(cell_css(cell_format, alignment, band))
    else:
        style = palette.style(cell_format, alignment, band)
    text = text[:SHOWN_CHARACTERS]
    if more:
        return [text, style, more]
    if style:
        return [text, style]
    return text or None


def _add_links(cell: Json, text: str, cell_format: Json, more: Json, palette: Palette) -> None:
    runs = cell.get("textFormatRuns")
    if runs and text:
        drawn: list[list[Any]] = []
        for run in runs:
            styled = run.get("format") or {}
            uri = (styled.get("link") or {}).get("uri")
            css = link_css(cell_format, styled) if uri else text_css(styled)
            drawn.append([int(run.get("startIndex", 0)), palette.number(css), uri])
        more["r"] = drawn
    link = cell.get("hyperlink") or ((cell.get("userEnteredFormat") or {}).get("textFormat") or {}).get("link", {}).get(
        "uri"
    )
    if link and text:
        more["u"] = str(link)
        more["l"] = palette.number(link_css(cell_format, {}))


def _add_rule(rule: Json, text: str, effective: Json, around: Surroundings, more: Json) -> None:
    condition = rule.get("condition") or {}
    if condition.get("type") == "BOOLEAN":
        if not text or "boolValue" in effective:
            more["b"] = bool(effective.get("boolValue"))
        return
    key = list_key(condition)
    if key is not None:
        more["d"] = around.number(key)
        if text and rule.get("strict") and text not in around.lists.get(key, (text,)):
            more["w"] = 1


def _band_colour(bands: Sequence[Json], row: int, column: int) -> str | None:
    for band in bands:
        area = band.get("range") or {}
        if not area.get("startColumnIndex", 0) <= column < area.get("endColumnIndex", 1 << 30):
            continue
        rows = band.get("rowProperties") or {}
        has_header = "headerColor" in rows or "headerColorStyle" in rows
        offset = row - int(area.get("startRowIndex", 0))
        if has_header and offset == 0:
            return colour(rows, "headerColor")
        return colour(rows, "firstBandColor" if (offset - has_header) % 2 == 0 else "secondBandColor")
    return None


def _covers(area: Json, row: int) -> bool:
    return int(area.get("startRowIndex", 0)) <= row < int(area.get("endRowIndex", 1 << 30))


def list_key(condition: Json) -> str | None:
    """A name for a dropdown's options: the range they come from, or the typed values; None where it is no dropdown."""
    values = [str(value.get("userEnteredValue", "")) for value in condition.get("values") or []]
    if condition.get("type") == "ONE_OF_RANGE" and values:
        return "=" + values[0].lstrip("=")
    if condition.get("type") == "ONE_OF_LIST":
        return "\x1f".join(values)
    return None


def list_keys(raw: Sequence[RawRow]) -> dict[str, bool]:
    """The dropdowns of a tab by ``list_key``, and whether any of its cells refuses what it does not list."""
    rules = {id(rule): rule for row in raw for cell in row.cells if (rule := cell.get("dataValidation"))}
    keys: dict[str, bool] = {}
    for rule in rules.values():
        key = list_key(rule.get("condition") or {})
        if key is not None:
            keys[key] = keys.get(key, False) or bool(rule.get("strict"))
    return keys


def is_hidden(meta: Mapping[str, Any]) -> bool:
    """Whether DimensionProperties hide their row or column."""
    return bool(meta.get("hiddenByUser") or meta.get("hiddenByFilter"))
