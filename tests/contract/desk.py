"""A workbook with a product manager at work in it, for tests of the writer over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from engine.findings import Finding, Severity
from engine.keys import initiative_key
from engine.problem import Candidate, Item, Kpi, Objective, Problem, Solution
from engine.provenance import RunFacts, RunLogLine
from sheets_sync import marks
from sheets_sync.gateway import SheetsGateway
from sheets_sync.grids import Workbook
from sheets_sync.headers import header
from sheets_sync.rows import read_inputs
from sheets_sync.tabs import tab
from sheets_sync.updates import SheetUpdate
from sheets_sync.writer import WriteReport, write_cycle

NOW = datetime(2026, 1, 13, 14, 2, tzinfo=UTC)
TITLES = ["One-tap checkout", "Group orders", "Live map", "Meal vouchers", "Fraud scores", "Menu photos"]


def tables(*, keys: bool = True) -> dict[str, list[dict[str, Any]]]:
    named = [initiative_key(number) for number in range(1, len(TITLES) + 1)]
    return {
        "Initiatives": [
            {
                **({"initiative_key": key} if keys else {}),
                "title": title,
                "country": "UK",
                "program": "Checkout",
                "engineering_tokens": 100 + place,
                "is_candidate": True,
            }
            for place, (key, title) in enumerate(zip(named, TITLES, strict=True))
        ],
        "Metrics": [{"kpi_key": "revenue", "kpi_name": "Net revenue", "kpi_level": "north_star", "unit": "EUR"}],
        "Contributions": [{"initiative_key": key, "revenue": 1000 * place} for place, key in enumerate(named, 1)],
        "Scenarios": [{"scenario_name": "Core", "period_key": "2026-Q1", "capacity_total_tokens": 300}],
        "Constraints": [
            {"constraint_type": "capacity_cap", "dimension": "country", "dimension_key": "UK", "max": 400 + number}
            for number in range(5)
        ],
        "Setup": [{"key": "default_scenario", "value": "Core"}],
    }


def run_of(chosen: list[int], *, run_id: int = 1, count: int = len(TITLES)) -> RunFacts:
    """A finished run that has the initiatives of these numbers in, in this order."""
    ranks = {number: rank for rank, number in enumerate(chosen, 1)}
    problem = Problem(
        scenario_name="Core",
        period_key="2026-Q1",
        periods=("2026-Q1",),
        capacity_total_tokens=Decimal(300),
        objective=Objective(mode="north_star"),
        kpis=(Kpi(kpi_key="revenue", kpi_level="north_star", unit="EUR"),),
        candidates=tuple(
            Candidate(
                initiative_key=initiative_key(number),
                title=TITLES[number - 1],
                engineering_tokens=Decimal(100),
                program="Checkout",
                kpi_contributions={"revenue": Decimal(1000 * number)},
            )
            for number in range(1, count + 1)
        ),
    )
    items = tuple(
        Item(
            initiative_key=initiative_key(number),
            selected=number in ranks,
            allocated_tokens=Decimal(100 if number in ranks else 0),
            rank=ranks.get(number),
            start_period="2026-Q1" if number in ranks else None,
            reason="best value" if number in ranks else "no room",
        )
        for number in range(1, count + 1)
    )
    return RunFacts(
        run_id=run_id,
        scenario="Core",
        constraint_set="Baseline",
        rules_version=1,
        constraint_digest="sha256:00",
        inputs_as_of=NOW,
        solved_at=NOW,
        problem=problem,
        solution=Solution(status="optimal", relative_gap=Decimal(0), items=items),
        portfolio_id=run_id,
    )


def line(message: str = "done") -> RunLogLine:
    return RunLogLine(
        time=NOW, who="dana", trigger="menu", action="optimize", scenario="Core", constraint_set="Baseline",
        status="done", plan_quality="best possible", seconds=1.5, rows_read=10, rows_written=5, api_calls=4,
        message=message, run=1,
    )  # fmt: skip


@dataclass
class Desk:
    """A workbook, a gateway, and a PM who works in it through the server itself."""

    gateway: SheetsGateway
    service: Any
    proxy: Any
    workbook: Workbook

    @property
    def id(self) -> str:
        return self.workbook.spreadsheet_id

    def read(self) -> Workbook:
        self.workbook = self.gateway.read(self.id)
        return self.workbook

    def update(self, **more: Any) -> SheetUpdate:
        inputs, findings = read_inputs(self.workbook)
        more.setdefault("findings", findings)
        return SheetUpdate(inputs=inputs, now=NOW, **more)

    def write(self, update: SheetUpdate, before_write: Callable[[], None] = lambda: None) -> WriteReport:
        return write_cycle(self.gateway, self.workbook, update, before_write=before_write)

    def cycle(self, **more: Any) -> WriteReport:
        self.read()
        return self.write(self.update(**more))

    def column(self, name: str, column: str) -> list[Any]:
        """The values of one column below its header, as they stand now."""
        grid = self.read().grids[name]
        index = self.index(name, column)
        return [row[index] if index < len(row) else "" for row in grid.values[1:]]

    def index(self, name: str, column: str) -> int:
        grid = self.workbook.grids[name]
        head = header(grid, tab(name), ["revenue"])
        found = head.columns.get(column)
        return found if found is not None else [str(text) for text in grid.values[0]].index(column)

    def by_key(self, name: str, column: str) -> dict[str, Any]:
        keys, values = self.column(name, "initiative_key"), self.column(name, column)
        return {key: value for key, value in zip(keys, values, strict=True) if key}

    # ---- what the PM does

    def does(self, *requests: dict[str, Any]) -> None:
        self.service.batch_update(self.id, {"requests": list(requests)})

    def types(self, name: str, row: int, column: str | int, value: str | float | bool) -> dict[str, Any]:
        kind = "boolValue" if isinstance(value, bool) else "stringValue" if isinstance(value, str) else "numberValue"
        return self.cell(name, row, column, {"userEnteredValue": {kind: value}}, "userEnteredValue")

    def cell(self, name: str, row: int, column: str | int, data: dict[str, Any], fields: str) -> dict[str, Any]:
        place = column if isinstance(column, int) else self.index(name, column)
        start = {"sheetId": self.workbook.grids[name].sheet_id, "rowIndex": row - 1, "columnIndex": place}
        return {"updateCells": {"start": start, "rows": [{"values": [data]}], "fields": fields}}

    def sorts(self, name: str, column: str, order: str = "DESCENDING") -> dict[str, Any]:
        grid = self.workbook.grids[name]
        area = {"sheetId": grid.sheet_id, "startRowIndex": 1, "endRowIndex": len(grid.values)}
        specs = [{"dimensionIndex": self.index(name, column), "sortOrder": order}]
        return {"sortRange": {"range": area, "sortSpecs": specs}}

    def inserts_row(self, name: str, above: int) -> dict[str, Any]:
        return self._rows("insertDimension", name, above)

    def deletes_row(self, name: str, row: int) -> dict[str, Any]:
        return self._rows("deleteDimension", name, row)

    def _rows(self, what: str, name: str, row: int) -> dict[str, Any]:
        sheet_id = self.workbook.grids[name].sheet_id
        return {what: {"range": {"sheetId": sheet_id, "dimension": "ROWS", "startIndex": row - 1, "endIndex": row}}}

    def just_before_the_write(self, fault: Any, *requests: dict[str, Any], kind: str = "call") -> None:
        """The PM does this after the narrow re-read, while the batch is on the wire; ``kind`` is what happens to it."""
        self.proxy.fails(fault("batchUpdate", kind=kind, then=lambda: self.does(*requests)))

    def look(self, name: str, row: int, column: str) -> marks.Look:
        return marks.look_of(self._cell_data(name, row, column))

    def shown(self, name: str, row: int, column: str) -> str:
        """A cell as people read it, in its number format."""
        return self._cell_data(name, row, column).get("formattedValue", "")

    def _cell_data(self, name: str, row: int, column: str) -> dict[str, Any]:
        place = f"'{name}'!R{row}C{self.index(name, column) + 1}"
        answer = self.service.get_spreadsheet(self.id, [_a1(place)], True)
        rows = answer["sheets"][0]["data"][0].get("rowData", [{}])
        return (rows[0].get("values") or [{}])[0] if rows else {}


def _a1(place: str) -> str:
    title, _, cell = place.rpartition("!")
    row, column = cell[1:].split("C")
    letters = ""
    number = int(column)
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{title}!{letters}{row}"


def bad(name: str, row: int, column: str, cell: str, message: str) -> Finding:
    return Finding(severity=Severity.ERROR, tab=name, row=row, column=column, cell=cell, message=message)
