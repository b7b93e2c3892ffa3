"""Marks on PMs' cells: a fill (red for an error, amber for a warning) and a note that says what is wrong; a PM's own
note and colour come back as they were.

A mark keeps all it needs in the note itself, so no other memory can disagree with the sheet, and a mark that a PM's
sort, copy or paste carried elsewhere is still known for what it is. Every line of ours begins with ``SIGN`` and ends
with an invisible ``END``; the last of them remembers the fill that the cell had, if it had one. What a PM writes
before, behind or below our lines is theirs, and stays:

    ⚠ Roadmap: 'abc' is not a number; write 120
    ⚠ Roadmap (when this is mended, the cell's own colour comes back: #FFF2CC)
    Ask Dana about this one.

Of no colour nothing is said, and of white nothing that can be seen: a second ``END`` remembers it.

Taking a mark off means dropping our lines, and putting the fill back unless the PM has painted the cell meanwhile.
Where a PM deleted our note but left the fill, only the fill tells: it goes with its cause, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.findings import Severity
from sheets_sync.content import LONGEST_NOTE, sheet_text

SIGN = "⚠ Roadmap"
END = "\u2063"
RED, AMBER = "#F4C7C2", "#FCE8B1"
"""Light enough for black text, and told apart by the note's corner too: colour never speaks alone. One step beside the
colours that Sheets offers, so that a fill of ours is known for one."""

FILLS = {Severity.ERROR: RED, Severity.WARN: AMBER}
WHITE = "#FFFFFF"
_COMES_BACK = "when this is mended, the cell's own colour comes back: "
_FILL = re.compile(rf"{SIGN} \((?:{_COMES_BACK}|your colour comes back: )(?P<fill>[^)\n]*)\){END}?(?:\n|$)?")
"""The second wording is an older one."""
_OURS = re.compile(rf"{_FILL.pattern}|{SIGN}:[^\n{END}]*(?:{END}(?P<white>{END})?)?(?:\n|$)?")
FIELDS = "note,userEnteredFormat.backgroundColor,userEnteredFormat.backgroundColorStyle"


@dataclass(frozen=True, slots=True)
class Look:
    """What of a cell a mark touches: its note ("" for none) and its fill ("none", "#RRGGBB" or "theme ACCENT1")."""

    note: str = ""
    fill: str = "none"


def is_marked(look: Look) -> bool:
    """True where the note holds a mark of ours."""
    return f"{SIGN}:" in look.note or _FILL.search(look.note) is not None


def unmarked(look: Look) -> Look:
    """The cell as the PM had it: their note, and their fill (what was under the mark, or what they painted since)."""
    if not is_marked(look):
        return look
    fills = (WHITE if match["white"] else match["fill"] for match in _OURS.finditer(look.note))
    before = next((fill for fill in fills if fill is not None), "none")
    own = _OURS.sub("", look.note)
    return Look(own, before if look.fill in FILLS.values() else look.fill)


def marked(look: Look, messages: Sequence[str], severity: Severity = Severity.ERROR) -> Look:
    """The cell with one line a message, in the colour of ``severity``; without messages, without a mark. Marking twice
    is the same as marking once."""
    if not messages:
        return unmarked(look)
    own = cleared(look)
    lines = [f"{SIGN}: {_line(message)}{END}" for message in dict.fromkeys(messages)]
    memory = _memory(own.fill)
    ours = "\n".join(lines) + memory
    note = f"{ours}\n{own.note}" if own.note else ours
    if len(note) > LONGEST_NOTE:  # our own words give way, never the PM's
        room = max(LONGEST_NOTE - len(own.note) - 150, 200)
        ours = f"{sheet_text(lines[0], room).removesuffix(END)}{END}{memory}"
        note = f"{ours}\n{own.note}" if own.note else ours
    return Look(note, FILLS.get(severity, RED))


def cleared(look: Look) -> Look:
    """A cell whose cause is gone: without the mark, and without a fill of ours whose note somebody deleted."""
    own = unmarked(look)
    return Look(own.note, "none") if not is_marked(look) and look.fill in FILLS.values() else own


def _memory(fill: str) -> str:
    """What follows our last line, so that the fill is known again."""
    if fill in ("none", WHITE):
        return END if fill == WHITE else ""
    return f"\n{SIGN} ({_COMES_BACK}{fill}){END}"


def _line(message: str) -> str:
    """A message on one line, in which nothing can be taken for the end of a line of ours."""
    return " ".join(message.replace(END, "").replace(SIGN, "Roadmap").split())


def look_of(cell: Mapping[str, Any]) -> Look:
    """The look of an API CellData with ``note`` and ``userEnteredFormat``."""
    style = cell.get("userEnteredFormat") or {}
    colour = style.get("backgroundColorStyle") or {}
    if "themeColor" in colour:
        return Look(cell.get("note", ""), f"theme {colour['themeColor']}")
    rgb = colour.get("rgbColor", style.get("backgroundColor"))
    return Look(cell.get("note", ""), hexadecimal(rgb) if rgb is not None else "none")


def look_data(look: Look) -> dict[str, Any]:
    """The API CellData that gives a cell this look under ``FIELDS``."""
    data: dict[str, Any] = {"note": look.note} if look.note else {}
    if look.fill.startswith("theme "):
        data["userEnteredFormat"] = {"backgroundColorStyle": {"themeColor": look.fill[len("theme ") :]}}
    elif re.fullmatch("#[0-9A-Fa-f]{6}", look.fill):
        colour = rgb(look.fill)
        data["userEnteredFormat"] = {"backgroundColor": colour, "backgroundColorStyle": {"rgbColor": colour}}
    return data


def hexadecimal(colour: Mapping[str, Any]) -> str:
    """ "#RRGGBB" of an API colour, whose parts are 0 to 1 and 0 where absent."""
    parts = (min(max(float(colour.get(part, 0)), 0.0), 1.0) for part in ("red", "green", "blue"))
    return "#" + "".join(f"{round(part * 255):02X}" for part in parts)


def rgb(text: str) -> dict[str, float]:
    """The API colour of "#RRGGBB"."""
    return {part: int(text[at : at + 2], 16) / 255 for part, at in (("red", 1), ("green", 3), ("blue", 5))}
