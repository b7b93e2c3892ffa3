"""Requests: one click is one run, whatever breaks in between; what was reached is not done again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from db import store
from db.errors import DatabaseBusy, RunTakenOver
from db.records import RequestRecord, WorkspaceRecord
from engine.errors import Cancelled, HandedBack
from jobs import optimize, requests
from jobs.connections import Connections
from jobs.pull import pull
from jobs.turns import Held, turn
from jobs.watching import Watching
from jobs.worker import Worker
from jobs.workspaces import create

pytestmark = pytest.mark.usefixtures("brief")


class Desk:
    """A workbook, and what its worker does, step by step."""

    def __init__(self, connections: Connections, sheet: Any, workspace: WorkspaceRecord) -> None:
        self.connections = connections
        self.sheet = sheet
        self.workspace = workspace

    def ask(self, request_id: str, action: str = "optimize", **arguments: str) -> RequestRecord:
        with self.connections.database.transaction() as session:
            return requests.ask(session, self.workspace.id, request_id, action, arguments=arguments)[0]

    def request(self, request_id: str) -> RequestRecord:
        with self.connections.database.transaction() as session:
            found = store.find_request(session, request_id)
        assert found is not None
        return found

    def sql(self, statement: str, **values: object) -> Any:
        with self.connections.database.transaction() as session:
            return session.execute(text(statement), values).all()

    def begun(self, held: Held, request_id: str) -> Any:
        """The run of a request, begun as its job would."""
        with self.connections.database.transaction() as session:
            store.start_request(session, request_id)
        return optimize.begun(held, self.workspace, requests.asked_of(self.request(request_id)))

    def rows(self, tab: str) -> list[dict[str, str]]:
        header, *rows = self.sheet.worksheet(tab).get_all_values()
        return [dict(zip(header, row, strict=False)) for row in rows if any(row)]

    def click(self, request_id: str, action: str, status: str = "") -> None:
        """A row in Requests."""
        sheet = self.sheet.worksheet("Requests")
        cells = {"request_id": request_id, "action": action, "status": status}
        sheet.append_row([cells.get(name, "") for name in sheet.row_values(1)], value_input_option="RAW")


@pytest.fixture(scope="module")
def office(world: Any) -> Iterator[tuple[Connections, Any, WorkspaceRecord]]:
    with world.connected() as connections:
        workspace = create(connections, "Requests", sample=True).workspace
        yield connections, world.spreadsheet(workspace.spreadsheet_id), workspace


@pytest.fixture
def desk(office: tuple[Connections, Any, WorkspaceRecord]) -> Iterator[Desk]:
    desk = Desk(*office)
    yield desk
    desk.sql("DELETE FROM procrastinate_jobs RETURNING id")
    desk.sql("UPDATE requests SET status = 'failed' WHERE status IN ('queued', 'running') RETURNING id")


def test_a_request_performed_twice_is_one_run_that_the_sheet_shows(desk: Desk) -> None:
    desk.ask("twice")
    requests.perform(desk.connections, "twice")
    requests.perform(desk.connections, "twice")
    answered = desk.request("twice")
    assert (answered.status, answered.attempts) == ("done", 1)
    assert "initiatives" in answered.message
    assert {row["run_id"] for row in desk.rows("Portfolio")} == {str(answered.run_id)}


def test_a_run_that_was_cut_off_after_it_was_read_solves_what_it_had_read(desk: Desk) -> None:
    """Killed in the solve: the retry is the same run, and its snapshot the one of before, though the sheet changed."""
    desk.ask("cut")
    with turn(desk.connections, desk.workspace.id) as held:
        kept = desk.begun(held, "cut")
        pulled = pull(held, desk.workspace)
        made = optimize.asked_problem(held, pulled, requests.asked_of(desk.request("cut")))
        assert made.problem is not None
        with held.database.transaction() as session:
            rules = store.save_constraint_set(
                session,
                desk.workspace.id,
                made.problem.scenario_name,
                made.problem.constraint_set_name,
                made.problem.constraint_set,
            )
            store.store_snapshot(session, kept.record, made.problem, pulled.as_of, rules)
    sheet = desk.sheet.worksheet("Scenarios")
    column = sheet.row_values(1).index("capacity_total_tokens") + 1
    before = sheet.cell(2, column).value
    sheet.update_cell(2, column, 1000)
    requests.perform(desk.connections, "cut")
    sheet.update_cell(2, column, before)
    answered = desk.request("cut")
    assert (answered.status, answered.run_id, answered.attempts) == ("done", kept.record.id, 2)
    assert "of 4,500 tokens" in answered.message


def test_a_run_that_was_cut_off_after_its_solve_is_only_written(desk: Desk) -> None:
    """Killed before the sheet was written: the retry neither solves nor changes when the plan was found."""
    desk.ask("solved")
    requests.perform(desk.connections, "solved")
    run_id = desk.request("solved").run_id
    (solved,) = desk.sql("SELECT solved_at FROM optimization_runs WHERE id = :id", id=run_id)
    desk.sql(
        "UPDATE optimization_runs SET status = 'writing', finished_at = NULL WHERE id = :id RETURNING 1", id=run_id
    )
    desk.sql("UPDATE requests SET status = 'running' WHERE request_id = 'solved' RETURNING 1")
    requests.perform(desk.connections, "solved")
    (now,) = desk.sql("SELECT solved_at, status FROM optimization_runs WHERE id = :id", id=run_id)
    assert tuple(now) == (solved.solved_at, "done")
    assert desk.request("solved").status == "done"


def test_a_publication_that_was_cut_off_before_the_sheet_was_written_is_not_made_twice(desk: Desk) -> None:
    desk.ask("plan")
    requests.perform(desk.connections, "plan")
    desk.ask("publish", "publish")
    requests.perform(desk.connections, "publish")
    (before,) = desk.sql("SELECT count(*) FROM roadmaps")
    requests.perform(desk.connections, "publish")
    assert desk.sql("SELECT count(*) FROM roadmaps") == [before]
    assert "is published" in desk.request("publish").message


def test_who_was_taken_over_in_mid_run_writes_neither_to_postgres_nor_to_the_sheet(desk: Desk) -> None:
    """A worker that slept past its lease: its transactions and its calls that would change the sheet are refused."""
    desk.ask("slept")
    with turn(desk.connections, desk.workspace.id) as held:
        kept = desk.begun(held, "slept")
        desk.sql("UPDATE workspace_leases SET held_until = now() - interval '1 second' RETURNING 1")
        with desk.connections.database.transaction() as session:
            assert store.take_lease(session, desk.workspace.id, "another process", -1) is not None
        with pytest.raises(RunTakenOver):
            optimize.optimize_in_turn(held, desk.workspace, requests.asked_of(desk.request("slept")), kept)
        with pytest.raises(RunTakenOver):
            held.gateway.batch_update(
                desk.workspace.spreadsheet_id,
                [{"updateSpreadsheetProperties": {"properties": {"title": "Stolen"}, "fields": "title"}}],
            )
    assert desk.sheet.fetch_sheet_metadata()["properties"]["title"] == "Requests"
    requests.perform(desk.connections, "slept")
    assert desk.request("slept").status == "done"


def test_a_run_that_is_cancelled_ends_at_its_next_step_and_the_request_says_by_whom(desk: Desk) -> None:
    desk.ask("long")
    with turn(desk.connections, desk.workspace.id) as held:
        kept = desk.begun(held, "long")
        assert desk.ask("stop", "cancel").status == "done"
        with pytest.raises(Cancelled, match="Cancelled by someone with edit access"):
            optimize.optimize_in_turn(held, desk.workspace, requests.asked_of(desk.request("long")), kept)
    assert desk.request("long").status == "cancelled"
    requests.perform(desk.connections, "long")  # its job comes once more
    assert desk.request("long").status == "cancelled"


def test_a_cancel_with_nothing_to_cancel_says_so(desk: Desk) -> None:
    asked = desk.ask("vain", "cancel")
    assert (asked.status, asked.message) == (
        "failed",
        "Nothing to cancel: no run of this workbook waits or is under way.",
    )


def test_a_click_on_cancel_is_heard_while_the_workbook_is_busy(desk: Desk, monkeypatch: Any) -> None:
    """The look at a busy workbook reads its Requests (and Start, which says whose it is) alone, and only once for each
    change."""
    gateway, seen = desk.connections.gateway, set[str]()
    read = gateway.read

    def spied(*asked: Any, **named: Any) -> Any:
        workbook = read(*asked, **named)
        seen.update(workbook.grids)
        return workbook

    desk.ask("busy")
    worker = Worker(desk.connections)
    Watching(desk.connections).look(spacing_s=0)
    with turn(desk.connections, desk.workspace.id) as held:
        desk.begun(held, "busy")
        desk.sql("DELETE FROM procrastinate_jobs RETURNING 1")
        desk.click("enough", "cancel")
        with monkeypatch.context() as patch:
            patch.setattr(gateway, "read", spied)
            worker.tick(spacing_s=0)
        assert desk.request("busy").status == "cancelled"
        assert seen == {"Requests", "Start"}
        worker.tick(spacing_s=0)  # the cancelling is a change, too
        before = desk.connections.gateway.counts.calls
        worker.tick(spacing_s=0)
        assert desk.connections.gateway.counts.calls == before
    worker.tick(spacing_s=0)
    answers = {row["request_id"]: row["status"] for row in desk.rows("Requests")}
    assert answers["enough"] == "done"


def test_a_job_whose_workbook_is_busy_waits_without_counting_a_try(desk: Desk) -> None:
    desk.ask("patient")
    with turn(desk.connections, desk.workspace.id), pytest.raises(DatabaseBusy):
        requests.perform(desk.connections, "patient")
    assert (desk.request("patient").status, desk.request("patient").attempts) == ("queued", 0)


def test_a_worker_that_is_to_end_hands_a_run_back_at_the_stage_it_reached(desk: Desk) -> None:
    desk.ask("handed")
    desk.connections.stopping.set()
    try:
        with pytest.raises(HandedBack):
            requests.perform(desk.connections, "handed")
    finally:
        desk.connections.stopping.clear()
    waiting = desk.request("handed")
    assert (waiting.status, waiting.attempts) == ("queued", 0)
    assert desk.sql("SELECT snapshot IS NOT NULL FROM optimization_runs WHERE id = :id", id=waiting.run_id) == [(True,)]
    requests.perform(desk.connections, "handed")
    assert (desk.request("handed").status, desk.request("handed").run_id) == ("done", waiting.run_id)


def test_what_cannot_be_done_is_told_in_the_sheet_and_can_be_asked_again(desk: Desk) -> None:
    desk.click("wrong", "optimize")
    with desk.connections.database.transaction() as session:
        requests.ask(session, desk.workspace.id, "wrong", "optimize", arguments={"scenario": "No such plan"})
    requests.perform(desk.connections, "wrong")
    failed = desk.request("wrong")
    assert failed.status == "failed"
    assert "No such plan" in failed.message
    (row,) = [row for row in desk.rows("Requests") if row["request_id"] == "wrong"]
    assert (row["status"], row["message"]) == ("failed", failed.message)
    with desk.connections.database.transaction() as session:
        assert store.ask_again(session, "wrong")
    requests.perform(desk.connections, "wrong")
    assert desk.request("wrong").status == "failed"


def test_a_request_whose_worker_dies_in_it_again_and_again_is_given_up_with_a_sentence(desk: Desk) -> None:
    desk.ask("poison")
    with turn(desk.connections, desk.workspace.id) as held:
        run = desk.begun(held, "poison").record.id
    broken = """UPDATE optimization_runs SET snapshot = '{"of": "no version"}' WHERE id = :id RETURNING 1"""
    desk.sql(broken, id=run)  # whatever it solves, it is not looked at
    desk.sql("UPDATE requests SET attempts = :n WHERE request_id = 'poison' RETURNING 1", n=requests.MOST_ATTEMPTS)
    requests.perform(desk.connections, "poison")
    assert desk.request("poison").status == "failed"
    assert desk.request("poison").message.startswith("Given up")
    ended = desk.sql("SELECT status, message FROM optimization_runs WHERE id = :id", id=run)
    assert ended == [("failed", desk.request("poison").message)]


def test_two_threads_that_perform_the_same_request_make_one_run(desk: Desk) -> None:
    desk.ask("race")
    errors: list[Exception] = []

    def work() -> None:
        try:
            requests.perform(desk.connections, "race")
        except DatabaseBusy as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.request("race").status == "done"
    assert desk.sql("SELECT count(*) FROM requests WHERE run_id = :id", id=desk.request("race").run_id) == [(1,)]


@pytest.mark.parametrize("action", ["optimize", "publish"])
def test_whoever_waited_for_the_turn_while_another_did_the_request_does_it_no_more(
    desk: Desk, monkeypatch: Any, action: str
) -> None:
    """A worker that was paused between its start of a request and its turn wakes up when all is done."""
    desk.ask("before-" + action)
    requests.perform(desk.connections, "before-" + action)
    monkeypatch.setattr(requests, "PATIENCE_S", 60)
    request_id = "paused-" + action
    desk.ask(request_id, action)
    with turn(desk.connections, desk.workspace.id) as held:
        paused = threading.Thread(target=requests.perform, args=(desk.connections, request_id))
        paused.start()
        while desk.request(request_id).status != "running":
            time.sleep(0.01)
        record = desk.request(request_id)
        status, message, run_id = requests._done(held, desk.workspace, record, requests.asked_of(record))
        with held.database.transaction() as session:
            store.finish_request(session, request_id, status, message, run_id)
        counted = "SELECT (SELECT count(*) FROM optimization_runs), (SELECT count(*) FROM roadmaps)"
        before = desk.sql(counted)
    paused.join()
    assert desk.sql(counted) == before


def test_what_was_stored_and_not_written_any_more_is_shown_by_the_next_tick(desk: Desk, monkeypatch: Any) -> None:
    """Killed between the commit of a publication and its write: nobody has to ask again."""
    desk.ask("plan-2")
    requests.perform(desk.connections, "plan-2")
    desk.click("late", "publish")
    worker = Worker(desk.connections)
    worker.tick(spacing_s=0)
    worker.tick(spacing_s=0)
    desk.click("later", "publish")
    with desk.connections.database.transaction() as session:
        requests.ask(session, desk.workspace.id, "later", "publish")

    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("jobs.publish.show", killed)
        with pytest.raises(Killed):
            requests.perform(desk.connections, "later")
    worker.tick(spacing_s=0)
    (row,) = [row for row in desk.rows("Requests") if row["request_id"] == "later"]
    assert row["status"] == "done"
    versions = {row["roadmap_version"] for row in desk.rows("Roadmap Plan")} - {""}
    assert versions == {desk.request("later").message.partition(" v")[2].partition(" ")[0]}
