"""Requests: from Intake tabs here and in other spreadsheets into Initiatives, and back what became of them."""

from __future__ import annotations

import pytest
import requests as http

from engine.errors import RoadmapError
from jobs.optimize import optimize
from jobs.publish import publish
from jobs.show import Asked
from jobs.worker import Worker
from jobs.workspaces import create, initialise


@pytest.fixture
def connections(world):
    """Each test has a quota of its own: all together would spend a minute's calls, and wait."""
    with world.connected() as connected:
        yield connected


@pytest.fixture(scope="module")
def whole(world) -> str:
    """A workbook of the template, made once, with few rows: a thousand formatted ones in each tab take seconds."""
    with world.connected() as connections:
        made = create(connections, "Intake").workspace.spreadsheet_id
        shrink = [
            {
                "updateSheetProperties": {
                    "properties": {"sheetId": sheet.id, "gridProperties": {"rowCount": 40}},
                    "fields": "gridProperties.rowCount",
                }
            }
            for sheet in world.spreadsheet(made).worksheets()
        ]
        connections.gateway.batch_update(made, shrink)
    return made


@pytest.fixture
def workbook(world, connections, whole) -> str:
    """A workbook of the test's own, copied from the template and made a workspace."""
    return initialise(connections, copied(world, whole)).workspace.spreadsheet_id


@pytest.fixture
def tick(connections, workbook):
    """One look of the worker; what it could not do is raised."""

    def once() -> None:
        for error in Worker(connections).serve_all():
            raise error

    return once


def rows_of(spreadsheet, tab: str) -> list[dict[str, str]]:
    header, *rows = spreadsheet.worksheet(tab).get_all_values()
    return [dict(zip(header, row, strict=False)) for row in rows if any(row)]


def sources_of(spreadsheet) -> list[dict[str, str]]:
    """Setup's rows that bind a spreadsheet."""
    return [row for row in rows_of(spreadsheet, "Setup") if row["key"] == "intake_source"]


def type_rows(spreadsheet, tab: str, *rows: dict[str, str | int]) -> None:
    """Rows typed below the last one, as raw text."""
    sheet = spreadsheet.worksheet(tab)
    header = sheet.row_values(1)
    place = len(sheet.get_all_values()) + 1
    assert all(set(cells) <= set(header) for cells in rows)
    sheet.update([[cells.get(name) for name in header] for cells in rows], f"A{place}", raw=True)


def put(spreadsheet, tab: str, row: int, column: str, value: str) -> None:
    """One cell typed over."""
    sheet = spreadsheet.worksheet(tab)
    sheet.update_cell(row, sheet.row_values(1).index(column) + 1, value)


def request_sheet(connections, world, *, agrees_with: str | None, headers: list[str], tab: str = "Form"):
    """Another spreadsheet with requests; with ``agrees_with`` its cell roadmap_workspace holds that id."""
    made = world.spreadsheet(connections.gateway.create("Requests of sales"))
    sheet = made.sheet1
    sheet.update_title(tab)
    sheet.update([headers], "A1", raw=True)
    if agrees_with:
        agree(made, agrees_with)
    return made


def agree(spreadsheet, workbook: str) -> None:
    sheet = spreadsheet.sheet1
    sheet.update([[workbook]], "Z1", raw=True)
    sheet.define_named_range("Z1", "roadmap_workspace")


ANSWERS = ["initiative_key", "triage_status", "decision_reason", "planned_period", "possible_duplicate", "sys: message"]


def test_a_request_becomes_one_initiative_and_the_requester_reads_what_became_of_it(world, workbook, tick) -> None:
    """A key beside the request, one row in Initiatives, text raw; later cycles copy nothing again; triage is read
    back."""
    sheet = world.spreadsheet(workbook)
    asked = {"title": "=Dark mode", "product_area": "app", "problem_statement": "Eyes hurt", "deadline_date": 46447}
    type_rows(sheet, "Intake", asked)
    tick()
    tick()
    (request,) = rows_of(sheet, "Intake")
    (made,) = rows_of(sheet, "Initiatives")
    assert request["initiative_key"] == made["initiative_key"] != ""
    assert (request["triage_status"], request["sys: status"]) == ("new", "OK")
    copied = ("title", "product", "description", "deadline_date", "lifecycle_status", "sources", "requester_changes")
    assert [made[name] for name in copied] == [
        "=Dark mode",
        "app",
        "Eyes hurt",
        "2027-03-01",
        "new",
        "Intake row 2",
        "",
    ]
    put(sheet, "Initiatives", 2, "lifecycle_status", "needs_info")
    tick()
    assert rows_of(sheet, "Intake")[0]["triage_status"] == "more information needed"


def test_a_request_that_is_edited_later_never_overwrites_the_pms_row(world, workbook, tick) -> None:
    """The change stands in requester_changes until the PM has taken it over; a deleted request is told."""
    sheet = world.spreadsheet(workbook)
    type_rows(sheet, "Intake", {"title": "Dark mode", "country": "UK"})
    tick()
    put(sheet, "Initiatives", 2, "title", "Dark theme")
    put(sheet, "Intake", 2, "country", "DE")
    tick()
    (made,) = rows_of(sheet, "Initiatives")
    assert (made["title"], made["country"]) == ("Dark theme", "UK")
    assert made["requester_changes"] == "country: UK → DE"
    put(sheet, "Initiatives", 2, "country", "DE")
    tick()
    assert rows_of(sheet, "Initiatives")[0]["requester_changes"] == ""
    sheet.worksheet("Intake").delete_rows(2)
    tick()
    assert rows_of(sheet, "Initiatives")[0]["requester_changes"].startswith("withdrawn")
    assert len(rows_of(sheet, "Initiatives")) == 1


def test_the_same_request_typed_twice_is_told_and_not_merged(world, workbook, tick) -> None:
    """Case, order and punctuation of the words do not matter; Checks names both; the PM's decision ends it."""
    sheet = world.spreadsheet(workbook)
    type_rows(sheet, "Intake", {"title": "Dark mode"}, {"title": "Mode: dark!"}, {"title": "Light mode"})
    tick()
    tick()
    first, second, other = rows_of(sheet, "Intake")
    assert len({row["initiative_key"] for row in (first, second, other)}) == 3
    assert (first["possible_duplicate"], other["possible_duplicate"]) == ("", "")
    assert second["possible_duplicate"] == f"{first['initiative_key']} · Dark mode"
    assert len(rows_of(sheet, "Initiatives")) == 3
    (told,) = [row for row in rows_of(sheet, "Checks") if row["tab"] == "Intake"]
    assert first["initiative_key"] in told["problem"]
    assert second["initiative_key"] in told["problem"]
    place = [row["initiative_key"] for row in rows_of(sheet, "Initiatives")].index(second["initiative_key"]) + 2
    put(sheet, "Initiatives", place, "lifecycle_status", "duplicate")
    put(sheet, "Initiatives", place, "duplicate_of", first["initiative_key"])
    tick()
    second = rows_of(sheet, "Intake")[1]
    assert second["possible_duplicate"] == ""
    assert (second["triage_status"], second["decision_reason"]) == (
        "duplicate",
        f"it is the same as {first['initiative_key']}",
    )
    assert not [row for row in rows_of(sheet, "Checks") if row["tab"] == "Intake"]


def test_a_row_copied_with_its_key_and_a_key_typed_by_hand_get_keys_of_their_own(world, workbook, tick) -> None:
    """Sorting moves nothing; a copied row is a new request; a key that was not given is not obeyed."""
    sheet = world.spreadsheet(workbook)
    type_rows(sheet, "Intake", {"title": "Zebra"}, {"title": "Apple"})
    tick()
    keys = {row["title"]: row["initiative_key"] for row in rows_of(sheet, "Intake")}
    type_rows(
        sheet,
        "Intake",
        {"title": "Zebra", "initiative_key": keys["Zebra"]},
        {"title": "Mine", "initiative_key": "INIT-777777"},
    )
    sheet.worksheet("Intake").sort((1, "asc"), range="A2:P5")
    tick()
    tick()
    now = [(row["title"], row["initiative_key"]) for row in rows_of(sheet, "Intake")]
    assert len({key for _, key in now}) == 4
    assert ("Apple", keys["Apple"]) in now
    assert ("Zebra", keys["Zebra"]) in now
    assert "INIT-777777" not in dict(now).values()
    assert {row["initiative_key"] for row in rows_of(sheet, "Initiatives")} == {key for _, key in now}


@pytest.mark.parametrize("written", ["nothing", "Initiatives only"])
def test_a_worker_killed_between_reserving_a_key_and_writing_it_is_mended_by_the_next(
    world, workbook, tick, connections, written
) -> None:
    """The key reserved before the kill is the one that both tabs get, once, though the request was edited meanwhile."""
    from db import store
    from jobs.pull import pull

    sheet = world.spreadsheet(workbook)
    type_rows(sheet, "Intake", {"title": "Dark mode"}, {"title": "Light mode"})
    with connections.database.transaction() as session:
        workspace = store.find_workspace(session, workbook)
    assert workspace
    pulled = pull(connections, workspace)  # and here the worker dies
    reserved = {request.row.title: request.key for request in pulled.intake.requests}
    if written == "Initiatives only":
        type_rows(sheet, "Initiatives", *({"initiative_key": key, "title": title} for title, key in reserved.items()))
    put(sheet, "Intake", 3, "title", "Lighter mode")
    tick()
    tick()
    assert [row["initiative_key"] for row in rows_of(sheet, "Intake")] == [*reserved.values()]
    assert [row["initiative_key"] for row in rows_of(sheet, "Initiatives")] == [*reserved.values()]
    assert rows_of(sheet, "Initiatives")[1]["requester_changes"] == "title: Light mode → Lighter mode"


def test_requests_of_another_spreadsheet_come_in_once_it_agrees(world, workbook, tick, connections) -> None:
    """Its own names of columns, its own tab; before it agrees it is told how; then its people read the answers."""
    sheet = world.spreadsheet(workbook)
    other = request_sheet(connections, world, agrees_with=None, headers=["Ask", "Team", *ANSWERS])
    type_rows(other, "Form", {"Ask": "Invoices in Polish", "Team": "Sales PL"})
    url = f"https://docs.google.com/spreadsheets/d/{other.id}/edit"
    bound = {"key": "intake_source", "value": url, "tab": "Form", "default_department": "Sales"}
    type_rows(sheet, "Setup", bound | {"column_map": "Ask=title, Team=requesting_team"})
    tick()
    (setup,) = sources_of(sheet)
    assert workbook in setup["connection"]
    assert "roadmap_workspace" in setup["connection"]
    assert setup["sys: status"] == "ERROR"
    assert rows_of(sheet, "Initiatives") == []
    assert rows_of(other, "Form")[0]["initiative_key"] == ""
    agree(other, workbook)
    tick()
    before = connections.gateway.counts.calls
    put(sheet, "Initiatives", 2, "lifecycle_status", "ready")
    tick()
    assert connections.gateway.counts.calls - before <= 2 * 5
    (setup,), (made,) = sources_of(sheet), rows_of(sheet, "Initiatives")
    assert setup["connection"] == "connected: 1 request in Form in “Requests of sales”"
    assert setup["sys: status"] == "OK"
    assert (made["title"], made["department"], made["requesting_team"]) == ("Invoices in Polish", "Sales", "Sales PL")
    (answered,) = rows_of(other, "Form")
    assert (answered["initiative_key"], answered["triage_status"]) == (made["initiative_key"], "accepted")
    assert rows_of(other, "Form")[0]["Ask"] == "Invoices in Polish"


def test_a_renamed_tab_of_requests_is_found_by_its_sheet_here_and_in_other_spreadsheets(
    world, workbook, tick, connections
) -> None:
    """Requests go on coming in, nothing is copied twice, nothing counts as withdrawn, and Setup says what to write."""
    sheet = world.spreadsheet(workbook)
    sheet.worksheet("Intake").duplicate(new_sheet_name="Intake UK")
    other = request_sheet(connections, world, agrees_with=workbook, headers=["title", *ANSWERS])
    type_rows(sheet, "Setup", {"key": "intake_source", "value": other.id, "tab": "Form"})
    type_rows(sheet, "Setup", {"key": "intake_source", "tab": "Intake UK"})
    for place, tab, title in ((other, "Form", "A"), (sheet, "Intake UK", "B"), (sheet, "Intake", "C")):
        type_rows(place, tab, {"title": title})
    tick()
    renamed = ((other, "Form", "Asks"), (sheet, "Intake UK", "Wishes"), (sheet, "Intake", "Ideas"))
    for place, old, new in renamed:
        place.worksheet(old).update_title(new)
        type_rows(place, new, {"title": f"{new} more"})
    tick()
    tick()
    made = rows_of(sheet, "Initiatives")
    assert sorted(row["title"] for row in made) == ["A", "Asks more", "B", "C", "Ideas more", "Wishes more"]
    assert {row["requester_changes"] for row in made} == {""}
    assert all(row["initiative_key"] for place, _, new in renamed for row in rows_of(place, new))
    said = [row["connection"] for row in sources_of(sheet)]
    assert said[0].startswith("connected: 2 requests in Asks in “Requests of sales” · renamed from Form: write Asks")
    assert said[1].startswith("connected: 2 requests in Wishes · renamed from Intake UK: write Wishes")


def test_a_workbook_or_a_foreign_spreadsheet_cannot_be_read_through_setup(
    world, whole, workbook, tick, connections
) -> None:
    """A registered workbook is refused though it names this one; one that serves another is refused; a missing one and
    a missing tab are told; none of them stops the others or a run."""
    sheet = world.spreadsheet(workbook)
    other = request_sheet(connections, world, agrees_with=whole, headers=["title"])
    near = request_sheet(connections, world, agrees_with=workbook, headers=["title"], tab="Form responses")
    for value, name in (
        (whole, "Intake"),
        (other.id, "Form"),
        ("1NoSuchSpreadsheetAnywhere", ""),
        (near.id, "Form response"),
    ):
        type_rows(sheet, "Setup", {"key": "intake_source", "value": value, "tab": name})
    type_rows(sheet, "Intake", {"title": "Dark mode"})
    tick()
    told = [row["connection"] for row in sources_of(sheet)]
    assert "workbook of its own" in told[0]
    assert "belongs to another workbook" in told[1]
    assert whole not in told[1]
    assert "does not exist" in told[2]
    assert "write Form responses" in told[3]
    assert len([row for row in rows_of(sheet, "Checks") if row["tab"] == "Setup" and row["row"]]) == 4
    assert [row["title"] for row in rows_of(sheet, "Initiatives")] == ["Dark mode"]


def test_a_source_without_write_back_is_read_and_left_alone(world, workbook, tick, connections) -> None:
    """No key stands there; the requests are copied once all the same, and known again after an edit and a new row."""
    sheet = world.spreadsheet(workbook)
    other = request_sheet(connections, world, agrees_with=workbook, headers=["title", "country", *ANSWERS])
    bound = {"key": "intake_source", "value": other.id, "tab": "Form", "write_back": "FALSE"}
    type_rows(sheet, "Setup", bound)
    type_rows(other, "Form", {"title": "Dark mode", "country": "UK"}, {"title": "Light mode"})
    tick()
    put(other, "Form", 2, "country", "DE")
    type_rows(other, "Form", {"title": "No mode"})
    tick()
    tick()
    made = rows_of(sheet, "Initiatives")
    assert [row["title"] for row in made] == ["Dark mode", "Light mode", "No mode"]
    assert made[0]["requester_changes"] == "country: UK → DE"
    assert {row["initiative_key"] for row in rows_of(other, "Form")} == {""}


def test_the_start_page_says_what_to_do_next_until_the_roadmap_is_published(world, connections) -> None:
    """Counts and the next step after each; unchanged, it is not written again."""
    made = create(connections, "Start", sample=True)
    workspace, sheet = made.workspace, world.spreadsheet(made.workspace.spreadsheet_id)

    def start() -> list[list[str]]:
        return sheet.worksheet("Start").get_all_values()

    Worker(connections).serve_all()
    page = start()
    assert page[0][0] == "From ideas to a published roadmap, in five steps"
    assert page[1][4] == workspace.spreadsheet_id
    steps = {row[1]: row for row in page[3:8]}
    assert "1 possible duplicate" in steps["Collect ideas"][2]
    assert "1 initiative without tokens" in steps["Estimate"][2]
    assert steps["Set the rules"][4] == "✓ done"
    assert (steps["Run"][2], steps["Run"][4]) == ("no run yet", "▲ to do")
    assert steps["Publish"][4].startswith("○ waits")
    optimize(connections, workspace, Asked(requested_by="test"))
    publish(connections, workspace, Asked(requested_by="test"))
    steps = {row[1]: row for row in start()[3:8]}
    assert steps["Run"][2] == "the run is fresh"
    assert "v1" in steps["Publish"][2]
    put(sheet, "Initiatives", 2, "engineering_tokens", "1200")
    Worker(connections).serve_all()
    steps = {row[1]: row for row in start()[3:8]}
    assert steps["Run"][2].startswith("the run is stale")
    Worker(connections).serve_all()
    before = connections.gateway.counts.writes
    Worker(connections).serve_all()
    assert connections.gateway.counts.writes == before


def copied(world, workbook: str) -> str:
    """File ▸ Make a copy."""
    url = f"{world.server.base_url}/drive/v3/files/{workbook}/copy"
    answer = http.post(url, json={"name": "Copy of the plan"}, headers={"Authorization": "Bearer me"}, timeout=30)
    answer.raise_for_status()
    return answer.json()["id"]


def test_a_copied_spreadsheet_runs_nothing_and_says_so_until_it_is_made_a_workspace(
    world, workbook, tick, connections
) -> None:
    """The command tells it, the copy's Start page too; after init it is one of its own and copies no request again."""
    from jobs.workspaces import find

    sheet = world.spreadsheet(workbook)
    type_rows(sheet, "Intake", {"title": "Dark mode"})
    tick()
    copy = copied(world, workbook)
    said = world.cli("optimize", copy, "--json", exits=1)
    assert "This is a copy: make it its own workspace, or view only" in said
    assert world.spreadsheet(copy).worksheet("Start").acell("A1").value.startswith("This is a copy: make it its own")
    with pytest.raises(RoadmapError, match="This is a copy"):
        find(connections, copy)
    own = initialise(connections, copy).workspace
    assert find(connections, copy) == own
    Worker(connections).serve_all()
    theirs = world.spreadsheet(copy)
    assert theirs.worksheet("Start").get_all_values()[1][4] == copy
    assert [row["initiative_key"] for row in rows_of(theirs, "Intake")] == [
        row["initiative_key"] for row in rows_of(sheet, "Intake")
    ]
    assert len(rows_of(theirs, "Initiatives")) == 1
    tick()
    assert sheet.worksheet("Start").get_all_values()[1][4] == workbook


def test_a_workbook_whose_id_was_pasted_over_with_anothers_stops_until_init(world, workbook, tick, connections) -> None:
    """Nothing is written from it, Start says so; init gives its own id back. Other text there is just put back."""
    sheet = world.spreadsheet(workbook)
    rival = connections.gateway.create("Another")
    tick()
    sheet.worksheet("Start").update([["Hello you!"]], "E2", raw=True)
    tick()
    assert sheet.worksheet("Start").acell("E2").value == workbook
    sheet.worksheet("Start").update([[rival]], "E2", raw=True)
    type_rows(sheet, "Intake", {"title": "Dark mode"})
    with pytest.raises(RoadmapError, match="This is a copy"):
        tick()
    assert rows_of(sheet, "Initiatives") == []
    assert sheet.worksheet("Start").acell("A1").value.startswith("This is a copy")
    initialise(connections, workbook)
    tick()
    assert len(rows_of(sheet, "Initiatives")) == 1
    assert sheet.worksheet("Start").acell("A1").value.startswith("From ideas")
