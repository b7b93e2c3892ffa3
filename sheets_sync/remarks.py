"""What a run's remarks say beside rows: of an initiative, of the row of a rule or a target, of an alert."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.inputs import TargetRow, WorkbookInputs
from engine.keys import normalised
from engine.problem import SourceCell
from engine.provenance import RunFacts
from sheets_sync.sourcelinks import SourceLinks

_PLACE = re.compile(r"(?P<tab>[^\s!()]+)!(?P<column>[A-Z]{1,3})(?P<row>[0-9]{1,7})\b")


class Remarks:
    """The remarks of a run, by what they are about. Nothing is said where a remark is missing."""

    def __init__(self, facts: RunFacts | None) -> None:
        self._all = facts.remarks if facts else ()

    @cached_property
    def gets_in_if(self) -> Mapping[str, str]:
        """Folded initiative key -> what would get it in."""
        told: dict[str, str] = {}
        for kind in ("why_out", "gets_in"):  # what it would have to bring goes before a general word
            for one in self._of(kind):
                if one.get("brief"):
                    told[normalised(str(one["path"]).split(".")[1])] = str(one["brief"])
        return told

    def beside_rows(self, kind: str, links: SourceLinks) -> Mapping[tuple[str, int], str]:
        """(tab, sheet row) -> what stands beside it, of the rows that are as they were when the run read them."""
        told: dict[tuple[str, int], str] = {}
        for one in self._of(kind):
            for cell in one.get("sources", ()):
                place = links.row_of(SourceCell.model_validate(cell))
                if place is not None:
                    told[place] = str(one.get("brief", ""))
        return told

    def of_bound(self, path: str) -> str | None:
        """What helps where a rule is at its bound: the price of the rule, or what more capacity would bring."""
        if path == "capacity_total_tokens":
            spent = next((one for one in self._of("next_best_spend") if one["path"] == path), None)
            return str(spent["message"]) if spent else None
        price = next((one for one in self._of("row_price") if path in one.get("rules", ())), None)
        if price is None or price.get("high") == Decimal(0):
            return None
        return f"Ease it or switch it off: it {price['brief']}."

    def of_missed_target(self, path: str) -> str | None:
        """Whether any plan could reach a target that this one misses, and what then helps."""
        return next((str(one["message"]) for one in self._of("target_reach") if one["path"] == path), None)

    def _of(self, kind: str) -> Iterable[Mapping[str, Any]]:
        return (one for one in self._all if one["kind"] == kind)


def repairs_of(conflict: Mapping[str, Any]) -> tuple[dict[int, str], list[str]]:
    """Number of a conflicting rule -> the repairs that mend it; and the repairs that mend none of those told."""
    rules = list(conflict.get("rules", ()))
    beside: dict[int, list[str]] = {}
    alone: list[str] = []
    for repair in conflict.get("repairs", ()):
        message = str(repair["message"])
        paths = {repair["path"], *(other["path"] for other in repair.get("also", ()))}
        mended = [at for at, rule in enumerate(rules) if rule["path"] in paths]
        if len(mended) > len(paths):  # both ends of a group go by one path
            mended = [at for at in mended if str(rules[at]["message"]).rpartition(": ")[2] in message] or mended
        for at in mended:
            beside.setdefault(at, []).append(message)
        if not mended:
            alone.append(message)
    return {at: "; or ".join(told) for at, told in beside.items()}, alone


def as_it_stands(text: str, cells: Iterable[SourceCell], links: SourceLinks) -> str:
    """The text with the cells that it names called by where they stand now, after rows were sorted."""
    now: dict[str, str] = {}
    for cell in cells:
        place = links.row_of(cell)
        if place is not None:
            now[cell.cell] = re.sub(r"[0-9]+$", str(place[1]), cell.cell)
    return _PLACE.sub(lambda found: now.get(found[0], found[0]), text)


def required_uplift(row: TargetRow, inputs: WorkbookInputs) -> Decimal | None:
    """What a plan has to add for the target, in the KPI's unit and the improving sense; None where it is not said."""
    if row.target_value is None or "baseline_value" in row.bad or row.kpi_key is None:
        return None
    directions = {normalised(kpi.kpi_key): kpi.direction for kpi in inputs.metrics if kpi.kpi_key}
    if normalised(row.kpi_key) not in directions:
        return None
    uplift = row.target_value - (row.baseline_value or Decimal(0))
    return -uplift if directions[normalised(row.kpi_key)] == "decrease" else uplift
