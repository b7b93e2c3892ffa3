"""Row 1 of a tab: which declared column stands where, found by name in any order."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from engine.findings import Finding, Severity
from engine.keys import normalised
from sheets_sync.characters import plain, printable
from sheets_sync.columns import Family, Tab
from sheets_sync.grids import CellValue, Grid, Workbook

_IGNORED = re.compile(r"[\s_\-‐‑–]+")
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
        return row_digest({name: row[index] for name, index in self.pm_columns.items() if index < size})


def row_digest(values: Mapping[str, CellValue]) -> str:
    """ "sha256:…" of a row's PM cells (header name -> raw cell): the same after a sort, a move or a new blank column.

    Numbers count by value (120 is 120.0), texts trimmed; blank cells do not count.
    """
    filled = {name: _canonical(value) for name, value in values.items() if not is_blank(value)}
    text = json.dumps(filled, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


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
    free = [text for index, text in enumerate(texts) if text and index not in taken]
    findings.extend(_missing(tab, columns, missing, free))
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
    """The grid of a tab, found by its title as headers are; None where there is none."""
    if tab.name in workbook.grids:
        return workbook.grids[tab.name]
    return next((grid for title, grid in workbook.grids.items() if folded(title) == folded(tab.name)), None)


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


def _missing(tab: Tab, columns: Mapping[str, int], missing: Sequence[str], free: Sequence[str]) -> list[Finding]:
    if not columns and missing:
        message = (
            f"row 1 holds no header: none of the columns of {tab.name} is there;"
            " put it back into row 1, or run `roadmap init`"
        )
        return [Finding(severity=Severity.ERROR, tab=tab.name, row=1, message=message, stops_run=True)]
    findings: list[Finding] = []
    # A nearest name is worth a look at a few hundred short texts, not at a sheet of 18,000 columns.
    folds = {folded(text): text for text in free[:300] if len(text) <= 60}
    for name in missing:
        column = tab.column(name)
        near = difflib.get_close_matches(folded(name), folds, n=1, cutoff=0.75)
        mend = f"rename the column {quoted(folds[near[0]])} to {name}, or {_MEND}" if near else _MEND
        findings.append(
            Finding(
                severity=Severity.ERROR if column.is_pm or column.is_required else Severity.WARN,
                tab=tab.name,
                column=name,
                message=f"the column {name!r} is missing; {mend}",
                stops_run=column.is_required,
            )
        )
    return findings


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
        number = Decimal(repr(value))
        return f"n:{number.normalize():f}" if number.is_finite() else f"n:{number}"
    return f"t:{unicodedata.normalize('NFC', str(value).strip())}"
