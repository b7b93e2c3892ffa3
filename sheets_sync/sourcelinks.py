"""From what a run stored back to the cells that caused it: source cells as links that survive a sort."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from engine.keys import normalised
from engine.problem import ConstraintSet, SourceCell
from sheets_sync.content import Linked, cell_uri
from sheets_sync.grids import Grid, Workbook
from sheets_sync.headers import grid_of, header
from sheets_sync.tabs import TABS, tab

MOST_LINKS = 6
_CELL = re.compile(r"(?P<tab>.+)!(?P<column>[A-Z]{1,3})(?P<row>[0-9]{1,7})", re.DOTALL)
_LISTS = ("mandatory_initiatives", "exclusions_initiatives", "locks", "satisfied")
_GROUPS = ("exclusions_pairs", "bundles", "groups", "synergy_bonuses", "prerequisites")


class SourceLinks:
    """Links into ``workbook`` as it stands now. A source is found by its row's digest first, so that a sort does not
    mislead; where no row has that digest any more, it is named without a link ("changed or gone")."""

    def __init__(self, workbook: Workbook, kpis: Iterable[str]) -> None:
        self._workbook = workbook
        self._kpis = tuple(kpis)
        self._rows: dict[str, dict[str, list[int]]] = {}

    @cached_property
    def _grids(self) -> dict[str, Grid]:
        return {each.name: grid for each in TABS if (grid := grid_of(self._workbook, each)) is not None}

    def title(self, name: str) -> str:
        """What a declared tab is called in this workbook: people may rename it."""
        grid = self._grids.get(name)
        return grid.title if grid else name

    def tab_uri(self, name: str) -> str | None:
        """The link to a declared tab; None where it does not exist."""
        grid = self._grids.get(name)
        return cell_uri(grid.sheet_id) if grid else None

    def cell_uri(self, name: str, cell: str) -> str | None:
        """The link to a cell of a declared tab."""
        grid = self._grids.get(name)
        return cell_uri(grid.sheet_id, cell) if grid else None

    def row_of(self, source: SourceCell) -> tuple[str, int] | None:
        """The declared tab and the sheet row at which the source stands now; None where it is changed or gone."""
        match = _CELL.fullmatch(source.cell)
        if not match or match["tab"] not in self._grids:
            return None
        row = int(match["row"])
        if source.row is None:
            return match["tab"], row
        rows = self._digests(match["tab"]).get(source.row, [])
        if not rows:
            return None
        return match["tab"], row if row in rows else rows[0]

    def linked(self, sources: Iterable[SourceCell], most: int = MOST_LINKS) -> Linked:
        """ "Constraints row 7, Targets row 3", each a link to its cell; one mention for each row."""
        parts: list[tuple[str, str | None]] = []
        seen: set[str] = set()
        for source in sources:
            match = _CELL.fullmatch(source.cell)
            if not match:
                continue
            found = self.row_of(source)
            text = f"{match['tab']} row {found[1] if found else match['row']}"
            if text in seen:
                continue
            seen.add(text)
            uri = self.cell_uri(found[0], f"{match['column']}{found[1]}") if found else None
            parts.append((text if found else f"{text} (changed or gone)", uri))
        more = len(parts) - most
        parts = parts[:most]
        joined = [piece for part in parts for piece in ((", ", None), part)][1:]
        return Linked((*joined, (f" and {more} more", None)) if more > 0 else tuple(joined))

    def _digests(self, name: str) -> Mapping[str, list[int]]:
        if name not in self._rows:
            grid = self._grids[name]
            head = header(grid, tab(name), self._kpis)
            rows: dict[str, list[int]] = {}
            for number, cells in enumerate(grid.values[1:], 2):
                rows.setdefault(head.digest(cells), []).append(number)
            self._rows[name] = rows
        return self._rows[name]


class SourcesByInitiative:
    """Which source cells stand behind an initiative: its own numbers, and the rules that name it."""

    def __init__(self, constraint_set: ConstraintSet) -> None:
        self._rules: dict[str, list[SourceCell]] = {}
        self._facts: dict[str, list[SourceCell]] = {}
        for path, cells in constraint_set.sources.items():
            field, _, rest = path.partition(".")
            if field == "candidates":
                self._facts.setdefault(normalised(rest.split(".", 1)[0]), []).extend(cells)
            elif field in _LISTS:
                self._rules.setdefault(normalised(rest), []).extend(cells)
            elif field in _GROUPS:
                for member in re.split(r"[+.]", rest):
                    self._rules.setdefault(normalised(member), []).extend(cells)

    def of(self, initiative_key: str) -> list[SourceCell]:
        """The rules that name it, then its own rows."""
        key = normalised(initiative_key)
        return [*self._rules.get(key, ()), *self._facts.get(key, ())]
