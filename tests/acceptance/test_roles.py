"""Who may publish, from the protected rows of Setup to the answer in the sheet and over the webhook."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from db import store
from jobs.connections import Connections
from jobs.requests import ask, perform
from jobs.workspaces import create, initialise
from tests.integration.webhook_world import Bearer, Site, site


@pytest.fixture(scope="module")
def connections(world) -> Iterator[Connections]:
    with world.connected() as opened:
        yield opened


@pytest.fixture(scope="module")
def web(connections) -> Iterator[Site]:
    with site(connections.database_url) as opened:
        yield opened


def asked(connections, workspace, request_id: str, action: str, verified_by: str | None = None):
    """The request, done, and how it ended."""
    with connections.database.transaction() as session:
        ask(session, workspace.id, request_id, action, requested_by="ana@example.com", verified_by=verified_by)
    perform(connections, request_id)
    with connections.database.transaction() as session:
        return store.find_request(session, request_id)


def audits(connections, workspace) -> list[tuple[str, bool, str, str, str]]:
    rows = text(
        "SELECT who, is_verified, way, action, outcome FROM request_audits WHERE workspace_id = :id ORDER BY id"
    )
    with connections.database.transaction() as session:
        return [tuple(row) for row in session.execute(rows, {"id": workspace.id})]


def role_cell(sheet, role: str):
    return sheet.find(role, in_column=1).row


def test_publishing_is_for_whom_the_protected_rows_name(world, connections, web) -> None:
    workspace = create(connections, "Roles", sample=True, editors=["ops@example.com"]).workspace
    assert initialise(connections, workspace.spreadsheet_id, editors=["ops@example.com"]).changes == 0
    setup = world.spreadsheet(workspace.spreadsheet_id).worksheet("Setup")
    assert asked(connections, workspace, "request-run-1", "optimize").status == "done"
    assert asked(connections, workspace, "request-free-1", "publish").status == "done"

    setup.update_cell(role_cell(setup, "may_publish"), 2, "ana@example.com")
    refused = asked(connections, workspace, "request-said-1", "publish")
    assert refused.status == "failed"
    assert "ana@example.com (may_publish in Setup)" in refused.message
    assert asked(connections, workspace, "request-eve-1", "publish", "eve@example.com").status == "failed"
    assert asked(connections, workspace, "request-ana-1", "publish", "ana@example.com").status == "done"
    someone = ("someone with edit access", False, "sheet", "publish")
    assert audits(connections, workspace) == [
        (*someone, "done"),
        (*someone, "refused"),
        ("eve@example.com", True, "identity token", "publish", "refused"),
        ("ana@example.com", True, "identity token", "publish", "done"),
    ]

    setup.update_cell(role_cell(setup, "may_publish"), 2, "")
    stranger = asked(connections, workspace, "request-eve-2", "publish", "eve@example.com")
    assert stranger.status == "failed"
    assert "nothing shows that eve@example.com may" in stranger.message
    requests = world.spreadsheet(workspace.spreadsheet_id).worksheet("Requests")
    requests.append_row(["request-eve-3", "publish"])  # which only an editor can do
    assert asked(connections, workspace, "request-eve-3", "publish", "eve@example.com").status == "done"
    setup.update_cell(role_cell(setup, "may_publish"), 2, "ana@example.com")
    asked(connections, workspace, "request-read-1", "check")  # so that the web knows

    body = {"request_id": "request-web-eve", "workbook": workspace.spreadsheet_id, "action": "publish"}
    answer = web.post(body, Bearer(web.keys.token(email="eve@example.com")))
    assert (answer.status_code, "ana@example.com" in answer.json()["message"]) == (403, True)
    with connections.database.transaction() as session:
        assert store.find_request(session, "request-web-eve") is None
    assert audits(connections, workspace)[-1] == ("eve@example.com", True, "identity token", "publish", "refused")
    body = {**body, "request_id": "request-web-ana"}
    assert web.post(body, Bearer(web.keys.token(email="ana@example.com"))).status_code == 202

    sheet = world.spreadsheet(workspace.spreadsheet_id)
    sheet.worksheet("Setup").append_row(["may_publish", "eve@example.com"])
    told = asked(connections, workspace, "request-ana-2", "publish", "ana@example.com")
    assert told.status == "failed"
    assert "command line" in told.message
    cells = [cell for row in sheet.worksheet("Checks").get_all_values() for cell in row]
    assert any("stands outside of the protected rows" in cell for cell in cells)


def test_who_may_not_look_is_told_so(world, connections, web) -> None:
    workspace = create(connections, "Closed", sample=True).workspace
    setup = world.spreadsheet(workspace.spreadsheet_id).worksheet("Setup")
    setup.update_cell(role_cell(setup, "may_view"), 2, "@example.com")
    asked(connections, workspace, "request-look-1", "check")
    path = f"/v1/requests/request-look-1?workbook={workspace.spreadsheet_id}"
    assert web.get(path, Bearer(web.keys.token())).status_code == 200
    for _ in range(3):
        assert web.get(path, Bearer(web.keys.token(email="eve@elsewhere.org"))).status_code == 403
    refused = [line for line in audits(connections, workspace) if line[0] == "eve@elsewhere.org"]
    assert refused == [("eve@elsewhere.org", True, "identity token", "look", "refused")]


def test_an_editor_that_init_did_not_let_in_takes_the_roles_out_of_count(world, connections) -> None:
    workspace = create(connections, "Let in").workspace
    sheet = world.spreadsheet(workspace.spreadsheet_id)
    book = sheet.fetch_sheet_metadata({"fields": "sheets(protectedRanges)"})
    ranges = [one for each in book["sheets"] for one in each.get("protectedRanges", ())]
    ours = next(one for one in ranges if "who may do what" in one["description"])
    users = [*ours["editors"]["users"], "eve@example.com"]
    change = {"protectedRangeId": ours["protectedRangeId"], "editors": {"users": users}}
    sheet.batch_update({"requests": [{"updateProtectedRange": {"protectedRange": change, "fields": "editors"}}]})
    told = asked(connections, workspace, "request-let-in", "publish", "eve@example.com")
    assert told.status == "failed"
    assert "eve@example.com may edit their range" in told.message
    initialise(connections, workspace.spreadsheet_id, editors=["eve@example.com"])
    told = asked(connections, workspace, "request-let-in-2", "publish", "eve@example.com")
    assert "may edit their range" not in told.message
