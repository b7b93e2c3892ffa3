"""Marks on PMs' cells: a red fill and a note that says what is wrong; a PM's own note and colour come back as they
were.

A mark keeps all it needs in the note itself, so no other memory can disagree with the sheet, and a mark that a PM's
sort, copy or paste carried elsewhere is still known for what it is. Every line of ours begins with ``SIGN``; the last
of them remembers the fill that the cell had. The PM's own note follows, untouched:

    ⚠ Roadmap: 'abc' is not a number; write 120
    ⚠ Roadmap (your colour comes back: #FFF2CC)
    Ask Dana about this one.

Taking a mark off means dropping our lines, and putting the fill back unless the PM has painted the cell meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sheets_sync.content import LONGEST_NOTE, sheet_text

SIGN = "⚠ Roadmap"
RED = "#F4C7C3"
"""Light enough for black text, and told apart by the note's corner too: colour never speaks alone."""

_FILL = f"{SIGN} (your colour comes back: "
FIELDS = "note,userEnteredFormat.backgroundColor,userEnteredFormat.backgroundColorStyle"


@dataclass(frozen=True, slots=True)
class Look:
    """What of a cell a mark touches: its note ("" for none) and its fill ("none", "#RRGGBB" or "theme ACCENT1")."""

    note: str = ""
    fill: str = "none"


def is_marked(look: Look) -> bool:
    """True where the note holds a mark of ours."""
    return any(line.startswith(SIGN) for line in look.note.split("\n"))


def unmarked(look: Look) -> Look:
    """The cell as the PM had it: their note, and their fill (what was under the mark, or what they painted since)."""
    if not is_marked(look):
        return look
    lines = look.note.split("\n")
    own = [line for line in lines if not line.startswith(SIGN)]
    before = next((line[len(_FILL) :].rstrip(")") for line in lines if line.startswith(_FILL)), "none")
    return Look("\n".join(own), before if look.fill == RED else look.fill)


def marked(look: Look, messages: Sequence[str]) -> Look:
    """The cell with one line a message; without messages, without a mark. Marking twice is the same as marking once."""
    own = unmarked(look)
    if not messages:
        return own
    lines = [f"{SIGN}: {' '.join(message.split())}" for message in dict.fromkeys(messages)]
    ours = "\n".join([*lines, f"{_FILL}{own.fill})"])
    note = f"{ours}\n{own.note}" if own.note else ours
    if len(note) > LONGEST_NOTE:  # our own words give way, never the PM's
        room = max(LONGEST_NOTE - len(own.note) - 100, 200)
        ours = f"{sheet_text(lines[0], room)}\n{_FILL}{own.fill})"
        note = f"{ours}\n{own.note}" if own.note else ours
    return Look(note, RED)


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
    elif look.fill.startswith("#") and len(look.fill) == 7:
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
