"""Bad input: one sentence that says where, what and how to mend it; nothing half-written; never a traceback."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import gspread
import pytest

from db import embedded
from engine.errors import InputError, OutOfReach
from jobs.optimize import optimize
from jobs.pull import pull
from jobs.show import Asked
from jobs.workspaces import create

pytestmark = pytest.mark.usefixtures("brief")


@pytest.fixture
def connections(world):
    """Afresh for each test: a gateway keeps within a minute's quota of its own."""
    with world.connected() as made:
        yield made


@pytest.fixture
def workspace(connections):
    return create(connections, "Bad input", sample=True).workspace


def _at(sheet: gspread.Worksheet, column: str, row: int) -> str:
    return gspread.utils.rowcol_to_a1(row, sheet.row_values(1).index(column) + 1)


def tab_missing(book: gspread.Spreadsheet) -> None:
    book.del_worksheet(book.worksheet("Targets"))


def column_missing(book: gspread.Spreadsheet) -> None:
    sheet = book.worksheet("Constraints")
    sheet.delete_columns(sheet.row_values(1).index("max") + 1)


def header_twice(book: gspread.Spreadsheet) -> None:
    sheet = book.worksheet("Constraints")
    sheet.update([["max"]], _at(sheet, "notes", 1), raw=True)


def text_in_a_number(book: gspread.Spreadsheet) -> None:
    sheet = book.worksheet("Scenarios")
    sheet.update([["plenty"]], _at(sheet, "capacity_total_tokens", 2), raw=True)


def unknown_key(book: gspread.Spreadsheet) -> None:
    sheet = book.worksheet("Constraints")
    sheet.update([["INIT-999999"]], _at(sheet, "members", 2), raw=True)


def key_twice(book: gspread.Spreadsheet) -> None:
    sheet = book.worksheet("Initiatives")
    key = sheet.acell(_at(sheet, "initiative_key", 2)).value
    sheet.update([[key]], _at(sheet, "initiative_key", 3), raw=True)


def no_initiatives(book: gspread.Spreadsheet) -> None:
    book.worksheet("Initiatives").batch_clear(["A2:ZZ"])


STOPPING: list[tuple[Callable[[gspread.Spreadsheet], None], str]] = [
    (tab_missing, "Targets"),
    (column_missing, "max"),
    (header_twice, "twice"),
    (text_in_a_number, "plenty"),
    (unknown_key, "INIT-999999"),
    (key_twice, "INIT-"),
    (no_initiatives, "nitiative"),
]


@pytest.mark.parametrize(("damage", "told"), STOPPING, ids=lambda value: getattr(value, "__name__", ""))
def test_what_makes_another_question_of_it_stops_the_run_with_a_sentence(
    world, connections, workspace, damage, told
) -> None:
    """The run stops, the sentence names the place, and Portfolio stays as it was."""
    book = world.spreadsheet(workspace.spreadsheet_id)
    before = book.worksheet("Portfolio").get_all_values()
    damage(book)
    outcome = optimize(connections, workspace, Asked())
    assert outcome.status == "stopped"
    assert outcome.exit_code == 1
    assert told in outcome.sentence
    assert book.worksheet("Portfolio").get_all_values() == before
    checks = book.worksheet("Checks").get_all_values()
    assert any(told in cell for line in checks for cell in line)


def test_of_a_missing_column_only_that_is_told_and_no_row_is_asked_for_a_cell_it_cannot_have(
    world, connections, workspace
) -> None:
    column_missing(world.spreadsheet(workspace.spreadsheet_id))
    outcome = optimize(connections, workspace, Asked())
    told = [finding for finding in outcome.findings if finding.tab == "Constraints"]
    assert [(finding.column, finding.row) for finding in told] == [("max", None)]
    assert "write max into a free cell of row 1" in outcome.sentence


def test_a_candidate_without_tokens_is_left_out_by_name_and_the_others_are_planned(connections, workspace) -> None:
    outcome = optimize(connections, workspace, Asked())
    assert outcome.exit_code == 0
    assert [one.reason for one in outcome.left_out] == ["no tokens"]
    assert any(one.title in str(f) or "no tokens" in str(f) for one in outcome.left_out for f in outcome.findings)


@pytest.mark.parametrize("text", ["a\x00b", "lone \ud800 surrogate", "x" * 60_000], ids=["nul", "surrogate", "long"])
def test_a_hostile_title_is_told_and_stops_nothing(world, connections, workspace, text: str) -> None:
    """What Postgres cannot hold, or Sheets would not show, never reaches them; the run goes on."""
    rows = connections.gateway.read(workspace.spreadsheet_id)
    grid = rows.grids["Initiatives"]
    column = list(grid.values[0]).index("title")
    values = [list(row) for row in grid.values]
    values[1][column] = text

    class Hostile:
        """The gateway, but for one cell that no honest server sends."""

        def __getattr__(self, name: str):
            return getattr(connections.gateway, name)

        def read(self, spreadsheet_id: str, **_: object):
            damaged = dataclasses.replace(grid, values=values)
            return dataclasses.replace(rows, grids={**rows.grids, "Initiatives": damaged})

    class World:
        database = connections.database
        gateway = Hostile()

    pulled = pull(World(), workspace)  # type: ignore[arg-type]
    told = [finding for finding in pulled.findings if finding.tab == "Initiatives" and finding.column == "title"]
    assert told
    title = pulled.inputs.initiatives[0].title
    assert title is None or ("\x00" not in title and len(title) <= 50_000)


def test_a_sheet_that_is_not_there_or_not_shared_is_one_sentence(connections) -> None:
    with pytest.raises(InputError, match="spreadsheet"):
        connections.gateway.read("no-such-spreadsheet-id-anywhere")


def test_postgres_going_away_between_solve_and_write_is_told_and_the_next_run_works(
    world, connections, workspace, monkeypatch
) -> None:
    """Postgres is stopped right after the solve: exit code 4, no torn tab, and the next run succeeds."""
    import jobs.optimize as job

    solve = job.solve

    def and_then_no_postgres(problem, **how):
        solution = solve(problem, **how)
        assert embedded.stop(connections.settings.roadmap_home)
        return solution

    book = world.spreadsheet(workspace.spreadsheet_id)
    monkeypatch.setattr(job, "solve", and_then_no_postgres)
    with pytest.raises(OutOfReach) as error:
        optimize(connections, workspace, Asked())
    assert error.value.exit_code == 4
    assert "Postgres" in error.value.sentence
    assert len(book.worksheet("Portfolio").get_all_values()) == 1
    monkeypatch.undo()
    embedded.start(connections.settings.roadmap_home)
    assert optimize(connections, workspace, Asked()).exit_code == 0
