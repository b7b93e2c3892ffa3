"""A PM's own client: gspread as people use it, apart from the product's gateway."""

from __future__ import annotations

import json
from typing import Any

import gspread
from google.oauth2.service_account import Credentials
from requests.adapters import HTTPAdapter

from sheets_sync.local.server import LocalServer

SCOPES = ["https://www.googleapis.com/auth/spreadsheets"]


class ToLocal(HTTPAdapter):
    """Sends what is meant for Google to the local server."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request, **options):  # type: ignore[no-untyped-def]
        for host in ("https://sheets.googleapis.com", "https://www.googleapis.com"):
            if request.url.startswith(host):
                request.url = self._base_url + request.url[len(host) :]
        return super().send(request, **options)


def spreadsheet_of(server: LocalServer, workbook: str) -> gspread.Spreadsheet:
    """The spreadsheet, opened."""
    client = gspread.authorize(Credentials.from_service_account_file(str(server.key_file), scopes=SCOPES))
    client.http_client.session.mount("https://", ToLocal(server.base_url))
    return client.open_by_key(workbook)


def click(sheet: gspread.Worksheet, request_id: str, action: str, **arguments: Any) -> None:
    """A click on the menu: one more row in Requests (``sheet``)."""
    cells = {
        "request_id": request_id,
        "action": action,
        "arguments": json.dumps(arguments),
        "requested_by": "maria@example.com",
    }
    sheet.append_row([cells.get(name, "") for name in sheet.row_values(1)], value_input_option="RAW")
