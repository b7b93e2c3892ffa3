"""Row 1 of a tab: which declared column stands where, found by name in any order."""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.findings import Finding, Severity
from engine.keys import normalised
from sheets_sync import json_text
from sheets_sync.characters import plain, printable
from sheets_sync.columns import Family, Tab
from sheets_sync.grids import CellValue, Grid, Workbook
from sheets_sync.tabs import TABS

_IGNORED = re.compile(r"[\s_\-‐‑–]+")
WORKSPACE_RANGE = "roadmap_workspace"
"""The named range whose cell holds the id of the workbook that a spreadsheet belongs to."""
LOWEST_HEADER = 30
"""How far down a header that moved is looked for."""

_MEND = "run `roadmap init` to add it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where the columns of one tab stand. All indexes are 0-based.

    ``columns`` maps declared names to indexes, only of those found; ``families`` maps a family's name to its members
    (resource, param or kpi_key, in the header's spelling or the KPI's own) and their indexes. ``width`` is the number
    of header cells in use, so that a new column goes to index ``width`` or further right. ``missing`` names declared
    columns that are not there. ``findings`` tell what is wrong.
    """

    tab: Tab
    columns: Mapping[str, int]
    families: Mapping[str, Mapping[str, int]]
    width: int
    missing: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    pm_columns: Mapping[str, int] = field(default_factory=dict)
    """Header text -> index of every cell that PMs own and the worker reads: declared PM columns and PM families."""

    def digest(self, row: Sequence[CellValue]) -> str:
        """The digest of one raw row's PM cells, wherever its columns stand: ``row_digest`` of them."""
        size = len(row)
        filled = {name: row[index] for name, index in self.pm_columns.items() if index < size and row[index] != ""}
        return row_digest(filled)


def row_digest(values: Mapping[str, CellValue]) -> str:
    """ "sha256:…" of a row's PM cells (header name -> raw cell): the same after a sort, a move or a new blank column.

    Numbers count by value (120 is 120.0), texts trimmed; blank cells do not count.
    """
    filled = {name: _canonical(value) for name, value in values.items() if not is_blank(value)}
    return f"sha256:{hashlib.sha256(json_text.canonical(filled)).hexdigest()}"


def is_blank(value: CellValue) -> bool:
    """True for a cell that holds nothing, or nothing but spaces."""
    return value is None or (isinstance(value, str) and not value.strip())


def folded(text: str) -> str:
    """The form in which header names match: case, spaces, `-` and `_` do not matter."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", plain(text))).casefold()


def quoted(text: str) -> str:
    """A text as a message quotes it: 'abc', at most 40 characters, nothing unprintable."""
    line = printable(text[:200])
    return f"'{line if len(line) <= 40 else line[:39] + '…'}'"


def column_letters(index: int) -> str:
    """The letters of a 0-based column index: 0 -> "A", 26 -> "AA"."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def header(grid: Grid, tab: Tab, kpis: Iterable[str] = ()) -> Header:
    """The header of ``grid`` as ``tab`` declares it. ``kpis`` are the kpi_keys whose columns may stand there."""
    texts = ["" if is_blank(cell) else str(cell) for cell in (grid.values[0] if grid.values else ())]
    width = max((index + 1 for index, text in enumerate(texts) if text), default=0)
    places: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        if text:
            places.setdefault(folded(text), []).append(index)
    findings: list[Finding] = []
    columns, taken = _declared(tab, texts, places, findings)
    families = {family.name: _members(tab, family, texts, kpis, taken, findings) for family in tab.families}
    missing = tuple(name for name in tab.names if name not in columns)
    free = {index: text for index, text in enumerate(texts) if text and index not in taken}
    moved = moved_header(tab, grid) if missing else None
    findings.extend([_moved(tab, moved)] if moved else _missing(tab, columns, missing, free, texts))
    return Header(
        tab=tab,
        columns=columns,
        families=families,
        width=width,
        missing=missing,
        findings=tuple(findings),
        pm_columns=_pm_columns(tab, columns, families),
    )


def grid_of(workbook: Workbook, tab: Tab) -> Grid | None:
    """The grid of a tab: found by its title as headers are, by an old name of it, or, where it was renamed, by the id
    of its sheet. None where there is none."""
    if tab.name in workbook.grids:
        return workbook.grids[tab.name]
    for wanted in (tab.name, *tab.aliases):
        found = next((grid for title, grid in workbook.grids.items() if folded(title) == folded(wanted)), None)
        if found is not None:
            return found
    # The first sheet of a spreadsheet became the first tab, Start, and has no id of its own: it carries the mark.
    ids = {tab.sheet_id} | ({0} & marked_sheets(workbook.metadata) if tab is TABS[0] else set[int]())
    declared = {folded(name) for each in TABS for name in (each.name, *each.aliases)}
    renamed = [grid for title, grid in workbook.grids.items() if folded(title) not in declared]
    return next((grid for grid in renamed if grid.sheet_id in ids), None)


def marked_sheets(metadata: Mapping[str, Any]) -> set[int]:
    """The ids of the sheets that carry the spreadsheet's workspace, by the metadata of the spreadsheet."""
    return {named.get("range", {}).get("sheetId", 0) for named in workspace_ranges(metadata)}


def workspace_ranges(metadata: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The API's NamedRanges that say whose a spreadsheet is."""
    return [each for each in metadata.get("namedRanges", ()) if folded(each.get("name", "")) == folded(WORKSPACE_RANGE)]


def _is_header(tab: Tab, row: Sequence[CellValue]) -> bool:
    """True for a row that holds at least half of the tab's columns."""
    return len(tab.columns) > 1 and 2 * _known(tab, row) >= len(tab.columns)


def _known(tab: Tab, row: Sequence[CellValue]) -> int:
    """How many of the tab's columns a row names."""
    names = {folded(name) for name in tab.names}
    return len(names & {folded(cell) for cell in row[:300] if isinstance(cell, str) and len(cell) <= 60})


def moved_header(tab: Tab, grid: Grid) -> int | None:
    """The sheet row in which the header stands where that is not row 1 any more; None where row 1 is as good."""
    known = _known(tab, grid.values[0] if grid.values else ())
    for number, row in enumerate(grid.values[1:LOWEST_HEADER], 2):
        if _is_header(tab, row) and _known(tab, row) > known:
            return number
    return None


def _declared(
    tab: Tab, texts: Sequence[str], places: Mapping[str, list[int]], findings: list[Finding]
) -> tuple[dict[str, int], set[int]]:
    columns: dict[str, int] = {}
    taken: set[int] = set()
    names = {folded(name) for name in tab.names}
    for column in tab.columns:
        found = places.get(folded(column.name), [])
        if not found:
            old = [folded(alias) for alias in column.aliases]
            found = sorted(
                index for alias in dict.fromkeys(old) if alias not in names for index in places.get(alias, [])
            )
        if not found:
            continue
        columns[column.name] = found[0]
        taken.update(found)
        findings.extend(_twice(tab, column.name, texts, found[0], index, column.is_required) for index in found[1:])
    return columns, taken


def _members(
    tab: Tab, family: Family, texts: Sequence[str], kpis: Iterable[str], taken: set[int], findings: list[Finding]
) -> dict[str, int]:
    """The family's columns by member, in sheet order."""
    spelled = {folded(kpi): kpi for kpi in kpis}
    prefix = re.compile(rf"\s*{re.escape(family.prefix)}\s*:\s*(\S.*?)\s*", re.IGNORECASE | re.DOTALL)
    members: dict[str, int] = {}
    seen: dict[str, int] = {}
    for index, text in enumerate(texts):
        if not text or index in taken:
            continue
        if family.prefix:
            match = prefix.fullmatch(text)
            member, key = (match[1], normalised(match[1])) if match else ("", "")
        else:
            member, key = spelled.get(folded(text), ""), folded(text)
        if not member:
            continue
        taken.add(index)
        if key in seen:
            findings.append(_twice(tab, family.header(member), texts, seen[key], index, stops_run=True))
            continue
        seen[key] = index
        members[member] = index
    return members


def _twice(tab: Tab, name: str, texts: Sequence[str], first: int, index: int, stops_run: bool) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        tab=tab.name,
        row=1,
        column=name,
        cell=f"{column_letters(index)}1",
        message=f"the column {name!r} stands twice, in {column_letters(first)} and {column_letters(index)}"
        f" ({quoted(texts[first])} and {quoted(texts[index])}); rename or delete one of them",
        stops_run=stops_run,
    )


def _moved(tab: Tab, row: int) -> Finding:
    above = "row 1" if row == 2 else f"rows 1 to {row - 1}"
    message = f"the header stands in row {row}, and it has to be row 1; delete {above} (or move what stands there)"
    return Finding(severity=Severity.ERROR, tab=tab.name, row=row, cell=f"A{row}", message=message, stops_run=True)


def _missing(
    tab: Tab, columns: Mapping[str, int], missing: Sequence[str], free: Mapping[int, str], texts: Sequence[str]
) -> list[Finding]:
    if not columns and missing:
        message = (
            f"row 1 holds no header: none of the columns of {tab.name} is there;"
            " put it back into row 1, or run `roadmap init`"
        )
        return [Finding(severity=Severity.ERROR, tab=tab.name, row=1, message=message, stops_run=True)]
    findings: list[Finding] = []
    for name in missing:
        column = tab.column(name)
        place = _stands_in(tab, name, columns, texts)
        index = place if place is not None else likeliest(name, free)
        cell = None if index is None else f"{column_letters(index)}1"
        if index is None:
            mend = f"write {name} into a free cell of row 1, or {_MEND}"
        elif index in free:
            looks = "stands in its place" if place is not None else "looks like it"
            mend = f"{quoted(free[index])} in {cell} {looks}: rename it back to {name}, or {_MEND}"
        else:
            mend = f"{cell} is blank where it stood: write {name} there, or {_MEND}"
        findings.append(
            Finding(
                severity=Severity.ERROR if column.is_pm or column.is_required else Severity.WARN,
                tab=tab.name,
                row=1 if cell else None,
                column=name,
                cell=cell,
                message=f"the column {name!r} is missing; {mend}",
                stops_run=column.is_required,
            )
        )
    return findings


def _stands_in(tab: Tab, name: str, columns: Mapping[str, int], texts: Sequence[str]) -> int | None:
    """The index of the one column that is not ours between those declared before and after ``name``."""
    place = tab.names.index(name)
    before = columns.get(tab.names[place - 1], -1) if place else -1
    after = columns.get(tab.names[place + 1], -1) if place + 1 < len(tab.names) else -1
    return before + 1 if after == before + 2 and before + 1 < len(texts) else None


def likeliest(name: str, free: Mapping[int, str]) -> int | None:
    """The index of the header that ``name`` was most likely renamed to: one that is spelled nearly so, or that shares
    most of its words ("Tokens (eng)" of engineering_tokens). None where none is near."""
    # A nearest name is worth a look at a few hundred short texts, not at a sheet of 18,000 columns.
    short = {index: text for index, text in [*free.items()][:300] if len(text) <= 60}
    likeness = {index: _likeness(name, text) for index, text in short.items()}
    best = max(likeness, key=lambda index: likeness[index], default=None)
    return best if best is not None and likeness[best] >= 0.75 else None


def _likeness(name: str, text: str) -> float:
    """0 to 1: how much of the shorter one's words the other has, or of its letters."""
    letters = difflib.SequenceMatcher(None, folded(name), folded(text)).ratio()
    mine, theirs = _words(name), _words(text)
    if not mine or not theirs or min(len("".join(mine)), len("".join(theirs))) < 4:
        return letters
    fewer, more = sorted((mine, theirs), key=len)
    shared = sum(any(a.startswith(b) or b.startswith(a) for b in more) for a in fewer)
    return max(letters, shared / len(more) if len(fewer) > 1 or len(more) == 1 else 0.0)


def _words(text: str) -> list[str]:
    """The words of a header that have three letters or more, folded."""
    return [word for word in re.findall(r"[^\W_]+", plain(text).casefold()) if len(word) >= 3]


def _pm_columns(tab: Tab, columns: Mapping[str, int], families: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    owned = {column.name: columns[column.name] for column in tab.columns if column.is_pm and column.name in columns}
    for family in tab.families:
        if family.owner.value == "PM":
            owned |= {family.header(member): index for member, index in families[family.name].items()}
    return owned


def _canonical(value: CellValue) -> str | bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if isinstance(value, int) and abs(value) < 10**15:
            return f"n:{value}"
        number = Decimal(repr(value))
        return f"n:{number.normalize():f}" if number.is_finite() else f"n:{number}"
    return f"t:{unicodedata.normalize('NFC', str(value).strip())}"
