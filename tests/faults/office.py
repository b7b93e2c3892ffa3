"""An office: one local Sheets server, one Postgres, the worker's own connections, and workbooks for PMs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from db import store
from db.records import WorkspaceRecord
from db.session import Database
from engine.keys import initiative_key
from jobs.connections import Connections
from jobs.settings import load_settings
from sheets_sync.exchange import Call
from sheets_sync.gateway import SheetsGateway
from sheets_sync.local.server import LocalServer
from sheets_sync.template import default_title, new_workbook_requests
from sheets_sync.workspace_mark import mark_requests
from tests.clocks import Clock

ROWS = 30
"""The height of tabs: the template formats every row, and a snapshot reads them all."""

COUNT = 4


def tables() -> dict[str, list[dict[str, Any]]]:
    """A small workbook; each row that people typed carries a token of its own (``#i1``) in its notes."""
    named = [initiative_key(number) for number in range(1, COUNT + 1)]
    return {
        "Initiatives": [
            {
                "initiative_key": key,
                "title": f"T{number}",
                "country": "UK",
                "engineering_tokens": 10 + number,
                "is_candidate": True,
                "notes": f"#i{number}",
            }
            for number, key in enumerate(named, 1)
        ],
        "Metrics": [{"kpi_key": "revenue", "kpi_name": "Net revenue", "kpi_level": "north_star", "unit": "EUR"}],
        "Contributions": [{"initiative_key": key, "revenue": 10 * place} for place, key in enumerate(named, 1)],
        "Scenarios": [
            {"scenario_name": "Core", "period_key": "2026-Q1", "capacity_total_tokens": 40, "time_limit_s": 5}
        ],
        "Constraints": [
            {
                "constraint_type": "capacity_cap",
                "dimension": "country",
                "dimension_key": "UK",
                "max": 50 + number,
                "notes": f"#c{number}",
            }
            for number in range(1, 5)
        ],
        "Setup": [{"key": "default_scenario", "value": "Core"}],
    }


class Office:
    """``on_call`` is told each exchange of the worker with the server, right after it."""

    def __init__(
        self,
        server: LocalServer,
        database: Database,
        *,
        timeout_s: float = 20.0,
        tabs: Callable[[], dict[str, list[dict[str, Any]]]] = tables,
    ) -> None:
        self.server = server
        self.service = server.service
        self.clock = Clock()
        self.on_call: Callable[[Call], None] = lambda call: None
        self.gateway = SheetsGateway(
            server.key_file,
            server.base_url,
            timeout_s=timeout_s,
            on_call=lambda call: self.on_call(call),
            calls_per_minute=10**9,
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        settings = load_settings(
            roadmap_home=str(Path(server.key_file).parent),
            google_application_credentials=str(server.key_file),
            sheets_base_url=server.base_url,
            database_url=None,
        )
        self.connections = Connections(settings)
        self.connections.__dict__ |= {"database": database, "gateway": self.gateway}
        setting_up = SheetsGateway(server.key_file, server.base_url, calls_per_minute=10**9)
        self._master = self._made(setting_up, tabs())
        setting_up.close()

    def _made(self, gateway: SheetsGateway, tabs: dict[str, list[dict[str, Any]]]) -> str:
        spreadsheet_id = gateway.create("Plan")
        title = default_title(gateway.read(spreadsheet_id))
        assert title is not None
        workbook = gateway.read(spreadsheet_id, [title])
        requests = new_workbook_requests(workbook, tabs)
        for request in requests:
            size = request.get("addSheet", {}).get("properties", {}).get("gridProperties")
            if size:
                size["rowCount"] = ROWS
        first = {"sheetId": workbook.grids[title].sheet_id, "gridProperties": {"rowCount": ROWS}}
        shrink = {"updateSheetProperties": {"properties": first, "fields": "gridProperties.rowCount"}}
        gateway.batch_update(spreadsheet_id, [shrink, *requests])
        return spreadsheet_id

    def new_workbook(self) -> WorkspaceRecord:
        """A workbook of its own, registered, just as the template made it."""
        spreadsheet_id = str(self.service.copy_file(self._master, {})["id"])
        copy = self.gateway.read(spreadsheet_id)
        self.gateway.batch_update(spreadsheet_id, mark_requests(copy, 0))
        with self.connections.database.transaction() as session:
            return store.register_workspace(session, spreadsheet_id, "Plan", "")

    def sheet_ids(self, workspace: WorkspaceRecord, names: Sequence[str]) -> dict[str, int]:
        """The sheet ids of tabs by their titles."""
        listed = self.gateway.read(workspace.spreadsheet_id, []).metadata["sheets"]
        found = {one["properties"]["title"]: one["properties"].get("sheetId", 0) for one in listed}
        return {name: found[name] for name in names}

    def close(self) -> None:
        """Closes the worker's side."""
        self.gateway.close()
