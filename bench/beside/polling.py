"""The obvious worker: a loop that reads the Requests of each workbook by gspread every five seconds, and does what
waits there one after the other. It knows no queue: two of them would do everything twice, and one that is killed
leaves a row that says "running" for ever. Each run itself is ours."""

from __future__ import annotations

import sys
import time

from db import store
from jobs.connections import Connections
from jobs.logs import configure
from jobs.optimize import optimize
from jobs.publish import publish
from jobs.settings import load_settings
from jobs.show import Asked
from tests.clients import SCOPES, ToLocal

EVERY_S = 5.0


def main(workbooks: list[str]) -> None:
    """Serves until it is killed."""
    import gspread
    from google.oauth2.service_account import Credentials

    configure("WARNING")
    connections = Connections(load_settings())
    key_file, base_url = connections.settings.google_application_credentials, connections.settings.sheets_base_url
    client = gspread.authorize(Credentials.from_service_account_file(str(key_file), scopes=SCOPES))
    client.http_client.session.mount("https://", ToLocal(str(base_url).rstrip("/")))
    sheets = {one: client.open_by_key(one).worksheet("Requests") for one in workbooks}
    while True:
        for spreadsheet_id, sheet in sheets.items():
            header, *rows = sheet.get_all_values()
            for number, row in enumerate(rows, 2):
                asked = dict(zip(header, row, strict=False))
                if not asked["request_id"] or asked["status"]:
                    continue
                status = header.index("status") + 1
                sheet.update_cell(number, status, "running")
                with connections.database.transaction() as session:
                    workspace = store.find_workspace(session, spreadsheet_id)
                assert workspace is not None
                done = publish if asked["action"] == "publish" else optimize
                sentence = done(connections, workspace, Asked(trigger="menu")).sentence
                sheet.update_cell(number, status, "done")
                sheet.update_cell(number, header.index("message") + 1, sentence)
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main(sys.argv[1:])
