"""The same workbook twice: a PM acts in one while a batch is on the wire, in the other right after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sheets_sync.gateway import SheetsGateway
from sheets_sync.grids import Workbook
from sheets_sync.updates import SheetUpdate
from tests.contract.desk import Desk, bad, run_of, tables

PARTS = ("userEnteredValue", "note", "textFormatRuns")
Json = dict[str, Any]


def three_targets() -> dict[str, list[dict[str, Any]]]:
    """The tables of the workbook that is made twice."""
    return tables() | {
        "Targets": [
            {"dimension": "country", "dimension_key": "UK", "kpi_key": "revenue", "type": "floor", "target_value": n}
            for n in (4000, 5000, 6000)
        ]
    }


def master_of(gateway: SheetsGateway, service: Any, workbook: Workbook) -> str:
    """The id of ``workbook``, with a plan, notes, fills and formulas of people's own by now."""
    desk = Desk(gateway, service, None, workbook)
    desk.cycle(run=run_of([1, 2, 3], count=4))
    desk.read()
    for name in ("Constraints", "Initiatives", "Targets", "Portfolio"):
        _words(desk, name)
    return desk.workbook.spreadsheet_id


def _words(desk: Desk, name: str) -> None:
    """Two columns of the PM's own: one behind all others, and one without a header behind that."""
    grid = desk.workbook.grids[name]
    width = max(len(grid.values[0]), 1)
    requests: list[Json] = [{"appendDimension": {"sheetId": grid.sheet_id, "dimension": "COLUMNS", "length": 2}}]
    requests.append(desk.types(name, 1, width, "my words"))
    for row in range(2, len(grid.values) + 1):
        formula = {"userEnteredValue": {"formulaValue": f"={row}+1"}, "note": f"n{row}"}
        requests.append(desk.cell(name, row, width, formula, "userEnteredValue,note"))
        rich = {
            "userEnteredValue": {"stringValue": f"see {row}"},
            "textFormatRuns": [{"startIndex": 0, "format": {"bold": True}}, {"startIndex": 2, "format": {}}],
            "userEnteredFormat": {"backgroundColorStyle": {"rgbColor": {"red": 1, "green": row / 255}}},
        }
        fields = "userEnteredValue,textFormatRuns,userEnteredFormat.backgroundColorStyle"
        requests.append(desk.cell(name, row, width + 1, rich, fields))
    desk.does(*requests)


@dataclass
class Pair:
    """The same workbook twice: a PM acts while the batch is on the wire, or right after the cycle. ``written`` are
    workbooks in which a cycle is done already, by the name of the tab that it is about."""

    gateway: SheetsGateway
    service: Any
    proxy: Any
    master: str
    written: dict[str, str]

    def copy(self, of: str) -> Desk:
        made = str(self.service.copy_file(of, {})["id"])
        return Desk(self.gateway, self.service, self.proxy, self.gateway.read(made))

    def ends_alike(
        self, fault: Any, name: str, act: Callable[[Desk], Json], *, any_order: bool = False, kind: str = "call"
    ) -> None:
        """``act`` while a batch that changes the tab is on the wire, to which ``kind`` happens, leaves it as ``act``
        right after does."""
        if name not in self.written:
            control = self.copy(self.master)
            control.write(UPDATES[name](control))
            self.written[name] = control.id
        during, after = self.copy(self.master), self.copy(self.written[name])
        update = UPDATES[name](during)
        during.just_before_the_write(fault, act(during), kind=kind)
        during.write(update)
        after.does(act(after))
        found, wanted = seen(during, name), seen(after, name)
        assert (_sorted(found) if any_order else found) == (_sorted(wanted) if any_order else wanted)
        assert not during.proxy.faults


def _sorted(rows: list[list[Json]]) -> list[list[Json]]:
    return sorted((row for row in rows if row), key=repr)


def seen(desk: Desk, name: str) -> list[list[Json]]:
    """Every cell of a tab as people see it, blank ones at the end left out."""
    title = next(
        title for title in desk.gateway.read(desk.id, []).metadata["sheets"] if title["properties"]["title"] == name
    )
    answer = desk.service.get_spreadsheet(desk.id, [title["properties"]["title"]], True)
    rows: list[list[Json]] = []
    for row in answer["sheets"][0]["data"][0].get("rowData", []):
        cells = [_seen(cell) for cell in row.get("values", [])]
        while cells and not cells[-1]:
            cells.pop()
        rows.append(cells)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _seen(cell: Json) -> Json:
    form = cell.get("userEnteredFormat", {})
    kept = {part: cell[part] for part in PARTS if cell.get(part)}
    if not kept:
        return {}
    return kept | {"fill": form.get("backgroundColorStyle"), "number": form.get("numberFormat")}


# ---- what changes, by tab


def told(desk: Desk) -> SheetUpdate:
    """A mark on a rule, and words beside all of them."""
    return desk.update(findings=(bad("Constraints", 3, "max", "", "'abc' is not a number"),))


def labelled(desk: Desk) -> SheetUpdate:
    desk.does(*(desk.types("Initiatives", row, "title", f"New {row}") for row in (2, 4)))
    desk.read()
    return desk.update(findings=(bad("Initiatives", 3, "country", "", "no such country"),))


def raised(desk: Desk) -> SheetUpdate:
    desk.does(desk.types("Targets", 2, "target_value", 4500.5), desk.types("Targets", 4, "target_value", 7000.0))
    desk.read()
    return desk.update()


def added(desk: Desk) -> SheetUpdate:
    """A candidate without a row in Contributions gets one."""
    desk.does(desk.deletes_row("Contributions", 7), desk.types("Initiatives", 3, "title", "New name"))
    desk.read()
    return desk.update(findings=(bad("Contributions", 3, "revenue", "", "'abc' is not a number"),))


def planned(desk: Desk) -> SheetUpdate:
    """A new run: rows are written, added and sorted."""
    return desk.update(run=run_of([5, 4, 2], run_id=2, count=6))


UPDATES = {
    "Constraints": told,
    "Initiatives": labelled,
    "Contributions": added,
    "Targets": raised,
    "Portfolio": planned,
}


def columns(what: str, desk: Desk, name: str, first: int, end: int) -> Json:
    sheet_id = desk.workbook.grids[name].sheet_id
    area = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": first, "endIndex": end}
    return {what: {"range": area}}


def moves(desk: Desk, name: str, first: int, to: int) -> Json:
    sheet_id = desk.workbook.grids[name].sheet_id
    source = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": first, "endIndex": first + 1}
    return {"moveDimension": {"source": source, "destinationIndex": to}}
