"""A person who clicks the menu of a workbook: its script runs in Node, its services are those of the local server."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sheets_sync.local.server import LocalServer

RUNNER = Path(__file__).with_name("run_script.mjs")


def node() -> str | None:
    """Playwright brings a Node of its own, which is there wherever the tests of the page can be."""
    try:
        from playwright._impl._driver import compute_driver_executable
    except ImportError:
        return None
    path = compute_driver_executable()[0]
    return path if Path(path).exists() else None


@dataclass
class Clicker:
    """A person at a workbook: ``answers`` are what they say to the next questions, ``cursor`` where they are.

    ``told`` is what they were shown: (kind, details)."""

    server: LocalServer
    workbook: str
    email: str = "maria@example.com"
    answers: list[dict[str, str]] = field(default_factory=list)
    cursor: dict[str, int] | None = None
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def start(self, function: str, *args: Any) -> subprocess.Popen[str]:
        key = self.server.script_host.open(self.workbook, self.email, self.asked)
        command = [node() or "node", str(RUNNER), self.server.base_url, key, function, json.dumps(args)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def click(self, function: str, *args: Any) -> Any:
        """What the function returns."""
        answer = self.end(self.start(function, *args))
        assert "error" not in answer, answer
        return answer["value"]

    @staticmethod
    def end(running: subprocess.Popen[str]) -> dict[str, Any]:
        return json.loads(running.communicate(timeout=60)[0])

    async def asked(self, kind: str, details: dict[str, Any]) -> Any:
        self.told.append((kind, details))
        if kind == "selection":
            return self.cursor
        return self.answers.pop(0) if kind in ("alert", "prompt") and self.answers else {"button": "OK", "text": ""}

    def saw(self, kind: str) -> list[dict[str, Any]]:
        return [details for one, details in self.told if one == kind]

    def rows(self, tab: str = "Requests", option: str = "FORMULA") -> list[dict[str, Any]]:
        """The rows that hold anything, as {column: entered value}."""
        found = self.server.service.values_get(self.workbook, f"'{tab}'", value_render_option=option)
        header, *rows = found["values"]
        return [dict(zip(header, row, strict=False)) for row in rows if any(cell != "" for cell in row)]

    def put(self, area: str, *rows: list[Any], typed: bool = False) -> None:
        option = "USER_ENTERED" if typed else "RAW"
        self.server.service.values_update(self.workbook, area, {"values": list(rows)}, value_input_option=option)

    def change(self, *requests: dict[str, Any]) -> None:
        self.server.service.batch_update(self.workbook, {"requests": list(requests)})

    def sheet_id(self, tab: str) -> int:
        sheets = self.server.service.get_spreadsheet(self.workbook)["sheets"]
        return next(one["properties"].get("sheetId", 0) for one in sheets if one["properties"]["title"] == tab)

    def column(self, tab: str, name: str) -> int:
        header = self.server.service.values_get(self.workbook, f"'{tab}'!1:1")["values"][0]
        return header.index(name)
