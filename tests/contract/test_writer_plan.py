"""What the writer leaves on Roadmap Plan and on the Roadmap page."""

from __future__ import annotations

from engine.provenance import RunFacts
from engine.roadmap import RoadmapVersion, next_version, plan_items
from sheets_sync.rows import read_inputs
from tests.contract.desk import NOW, Desk, run_of


def published(desk: Desk, run: RunFacts, last: RoadmapVersion | None = None) -> RoadmapVersion:
    inputs, _ = read_inputs(desk.read())
    version, _ = next_version(
        last,
        inputs.plan,
        plan_items(run.problem, run.solution),
        roadmap_name="Core roadmap",
        scenario="Core",
        portfolio_id=run.run_id,
        version_note="",
        published_by="dana@example.com",
        published_at=NOW,
    )
    return version


def test_roadmap_plan_shows_what_the_run_wants_before_the_first_version(desk: Desk) -> None:
    desk.cycle(run=run_of([2, 1]))
    assert desk.by_key("Roadmap Plan", "plan_wants")["INIT-000002"] == "in, 2026-Q1"
    assert desk.by_key("Roadmap Plan", "effective_rank")["INIT-000002"] == 1
    assert desk.by_key("Roadmap Plan", "section")["INIT-000006"] == "not planned"
    assert set(desk.column("Roadmap Plan", "roadmap_version")) <= {""}


def test_what_a_pm_typed_into_the_plan_stays_and_every_provenance_cell_of_the_version_is_filled(desk: Desk) -> None:
    run = run_of([2, 1])
    desk.cycle(run=run)
    row = desk.column("Roadmap Plan", "initiative_key").index("INIT-000006") + 2
    desk.does(desk.types("Roadmap Plan", row, "decision", "in"), desk.types("Roadmap Plan", row, "owner", "Dana"))
    version = published(desk, run)
    desk.cycle(run=run, version=version, published_run=run)
    assert desk.by_key("Roadmap Plan", "decision")["INIT-000006"] == "in"
    assert desk.by_key("Roadmap Plan", "section")["INIT-000006"] == "planned"
    assert desk.by_key("Roadmap Plan", "conflict")["INIT-000006"]
    assert desk.by_key("Roadmap Plan", "source")["INIT-000006"] == "manual"
    for column in ("run", "scenario", "constraint_set", "rules_version", "inputs_as_of", "solved_at", "plan_quality",
                   "source", "run_id", "portfolio_id", "constraint_digest", "roadmap_version", "published_by",
                   "published_at"):  # fmt: skip
        cells = desk.by_key("Roadmap Plan", column)
        assert all(cells[key] != "" for key in ("INIT-000001", "INIT-000002", "INIT-000006")), column


def test_a_plan_row_with_a_pms_words_keeps_its_initiative_when_it_is_no_candidate_any_more(desk: Desk) -> None:
    desk.cycle(run=run_of([1]))
    row = desk.column("Roadmap Plan", "initiative_key").index("INIT-000006") + 2
    desk.does(desk.types("Roadmap Plan", row, "notes", "promised to a partner"))
    desk.cycle(run=run_of([1], run_id=2, count=4))
    notes = desk.by_key("Roadmap Plan", "notes")
    assert notes["INIT-000006"] == "promised to a partner"
    assert "INIT-000005" not in notes


def test_the_roadmap_page_says_the_plan_in_its_first_row_and_where_it_comes_from_in_its_second(desk: Desk) -> None:
    run = run_of([2, 1])
    desk.cycle(run=run)
    row = desk.column("Roadmap Plan", "initiative_key").index("INIT-000002") + 2
    for column, text in (("notes", "secret"), ("override_reason", "hush"), ("owner", "Dana"), ("status", "at risk")):
        desk.does(desk.types("Roadmap Plan", row, column, text))
    version = published(desk, run)
    desk.cycle(run=run, version=version, published_run=run)
    page = desk.read().grids["Roadmap"].values
    texts = "\n".join(str(cell) for cells in page for cell in cells)
    assert page[0][0] == "Q1 2026 plan v1: 2 of 6 initiatives, Net revenue +3,000 EUR"
    for part in ("Fresh", "run 1", "Core roadmap v1", "dana@example.com", "2026-01-13 14:02"):
        assert part in page[1][0]
    assert "Dana · ▲ at risk" in texts
    assert "200 of 300 tokens" in texts
    assert "INIT-" not in texts
    assert "secret" not in texts
    assert "hush" not in texts
    links = desk.service.get_spreadsheet(desk.id, ["Roadmap!A2"], True)
    runs = links["sheets"][0]["data"][0]["rowData"][0]["values"][0]["textFormatRuns"]
    assert sum("link" in run.get("format", {}) for run in runs) == 4


def test_the_page_says_when_a_newer_run_waits_and_how_many_edits_are_unpublished(desk: Desk) -> None:
    run = run_of([2, 1])
    desk.cycle(run=run)
    version = published(desk, run)
    desk.cycle(run=run, version=version, published_run=run)
    row = desk.column("Roadmap Plan", "initiative_key").index("INIT-000006") + 2
    desk.does(desk.types("Roadmap Plan", row, "decision", "in"))
    desk.cycle(run=run_of([3], run_id=2), version=version, published_run=run)
    second = desk.read().grids["Roadmap"].values[1][0]
    assert "Stale: run 2 is newer and not published" in second
    assert "1 unpublished edit" in second
