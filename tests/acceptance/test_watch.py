"""The watch: an idle workbook costs nothing of its own, and nothing that a PM does is missed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import gspread
import pytest
from prometheus_client import REGISTRY

from db import store
from jobs import watching
from jobs.connections import Connections
from jobs.worker import Worker
from jobs.workspaces import create
from sheets_sync.local.drive import DriveError

FAR_ON = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass
class Office:
    """A workbook, a worker in this process, and a PM."""

    connections: Connections
    workbook: str
    sheet: gspread.Spreadsheet
    worker: Worker

    def tick(self) -> tuple[int, int]:
        """One tick of the worker: calls of (Sheets, Drive)."""
        before = self.connections.gateway.counts
        assert self.worker.tick(spacing_s=0) == ()
        after = self.connections.gateway.counts
        return after.calls - before.calls, after.drive - before.drive

    def settle(self) -> int:
        """Ticks until nothing but the look at Drive is done; how many ticks that took."""
        for number in range(20):
            if self.tick() == (0, 1):
                return number
        raise AssertionError("the worker never came to rest")

    def sql(self, statement: str, *values: object) -> Any:
        with self.connections.database.transaction() as session:
            return session.connection().exec_driver_sql(statement, values)

    def edit(self, text: str, column: str = "description", row: int = 2) -> None:
        """A PM types into a row of Initiatives."""
        sheet = self.sheet.worksheet("Initiatives")
        sheet.update_cell(row, sheet.row_values(1).index(column) + 1, text)


@pytest.fixture(scope="module")
def office(world) -> Iterator[Office]:
    with world.connected() as connections:
        made = create(connections, "Watched", sample=True)
        workbook = made.workspace.spreadsheet_id
        yield Office(connections, workbook, world.spreadsheet(workbook), Worker(connections))


@pytest.fixture(autouse=True)
def _at_rest(office: Office) -> None:
    """Each test begins with an idle workbook, whose hour has not come."""
    office.sql("UPDATE workspace_watches SET read_at = now(), next_read_at = now() + interval '1 day'")
    office.settle()
    office.sql("UPDATE workspace_watches SET read_at = now(), next_read_at = now() + interval '1 day'")
    office.sql("UPDATE drive_watches SET restarted_at = NULL")


def test_an_idle_workbook_costs_one_call_of_drive_a_tick_and_none_of_sheets(office: Office) -> None:
    assert [office.tick() for _ in range(5)] == [(0, 1)] * 5


def test_an_edit_is_served_at_the_next_tick_and_our_own_writing_ends_by_itself(office: Office) -> None:
    """Two ticks at most: the one that marks the cell, and one that finds that there is nothing more to do."""
    office.edit("plenty", "engineering_tokens")
    calls, drive = office.tick()
    assert (calls > 0, drive) == (True, 1)
    checks = office.sheet.worksheet("Checks").get_all_values()
    assert any("plenty" in cell for row in checks for cell in row)
    assert office.settle() <= 2


def test_a_thousand_idle_workbooks_cost_one_call_a_tick_and_a_change_of_one_is_served_at_once(office: Office) -> None:
    office.sql(
        "INSERT INTO workspaces (spreadsheet_id, title, url) "
        "SELECT 'idle-' || n, 'Idle', '' FROM generate_series(1, 999) n"
    )
    office.sql(
        "INSERT INTO workspace_watches (workspace_id, read_at, next_read_at) "
        "SELECT id, now(), now() + interval '1 day' FROM workspaces "
        "WHERE title = 'Idle'"
    )
    try:
        assert [office.tick() for _ in range(6)] == [(0, 1)] * 6
        office.edit("Changed among a thousand")
        calls, drive = office.tick()
        assert (0 < calls <= 5, drive) == (True, 1)
        assert office.settle() <= 2
    finally:
        office.sql("DELETE FROM workspaces WHERE title = 'Idle'")


def test_each_workbook_is_read_once_an_hour_all_the_same_and_counted_apart(office: Office) -> None:
    def hourly() -> float:
        return REGISTRY.get_sample_value("roadmap_workbook_reads_total", {"reason": "hourly"}) or 0

    before = hourly()
    office.sql("UPDATE workspace_watches SET next_read_at = now()")
    assert office.tick() == (2, 1)  # read, found unchanged, nothing written
    assert hourly() - before == 1
    assert office.tick() == (0, 1)


def test_while_its_share_of_the_quota_is_used_a_workbook_without_news_waits_and_one_with_news_does_not(
    office: Office,
) -> None:
    """Six of ten reads a minute are for workbooks without news, whoever made them."""
    bucket = office.connections.gateway.bucket_of("read")
    of_ten_thousand = "INSERT INTO google_turns SELECT %s, now() FROM generate_series(1, %s)"
    office.sql("UPDATE workspace_watches SET next_read_at = now()")
    office.sql("DELETE FROM google_turns")
    office.sql(of_ten_thousand, bucket, 6000)
    try:
        assert office.tick() == (0, 1)
        office.sql("UPDATE workspace_watches SET changed_at = now()")
        assert office.tick()[0] == 2
        office.sql("UPDATE workspace_watches SET next_read_at = now()")
        office.sql("DELETE FROM google_turns")
        office.sql(of_ten_thousand, bucket, 5990)
        assert office.tick()[0] == 2
    finally:
        office.sql("DELETE FROM google_turns")


def test_a_change_that_was_heard_but_not_noted_is_heard_again(office: Office) -> None:
    """A worker that is killed between Drive's answer and its commit loses nothing."""
    office.edit("Before the kill")
    account = office.connections.gateway.account
    token = office.sql("SELECT page_token FROM drive_watches").scalar()
    with pytest.raises(ZeroDivisionError), office.connections.database.transaction() as session:
        assert store.record_changes(session, account, token, "99", [office.workbook]) == 1
        _ = 1 / 0
    assert office.sql("SELECT page_token, changed_at FROM drive_watches, workspace_watches").one() == (token, None)
    assert office.tick()[0] > 0


def test_a_change_that_was_noted_is_served_by_the_next_worker(office: Office) -> None:
    """A worker that is killed after its commit leaves the change in Postgres."""
    office.edit("Noted")
    watching.Watching(office.connections).look(spacing_s=0)
    calls, _ = office.tick()
    assert calls > 0


def test_a_change_while_a_workbook_is_served_is_served_after_it(office: Office) -> None:
    office.sql("UPDATE workspace_watches SET changed_at = now()")
    with office.connections.database.transaction() as session:
        (watch,) = store.due_watches(session, is_heard=True, others=0)
    office.sql("UPDATE workspace_watches SET changed_at = now() + interval '1 second'")
    with office.connections.database.transaction() as session:
        store.note_read(session, watch.workspace.id, seen=watch.changed_at, digest=watch.digest, next_read_at=FAR_ON)
    assert office.tick()[0] == 2


def test_a_lost_token_reads_everything_once_and_not_again_and_again(office: Office) -> None:
    office.sql("UPDATE drive_watches SET page_token = '999999999'")
    calls, drive = office.tick()
    assert (calls, drive) == (2, 2)  # the list, a new token; the workbook, found unchanged
    assert office.tick() == (0, 1)
    office.sql("UPDATE drive_watches SET page_token = '999999999'")
    office.sql("UPDATE workspace_watches SET read_at = now()")
    assert office.tick() == (0, 2)


def test_while_drive_tells_nothing_workbooks_are_read_in_turn(office: Office, monkeypatch) -> None:
    """With its API off, edits are still served, the workbook read longest ago first."""

    def off(*_: object) -> None:
        raise DriveError(403, "accessNotConfigured", "Enable it")

    with monkeypatch.context() as patched:
        patched.setattr("sheets_sync.local.rest_drive.answered", off)
        office.edit("a lot", "engineering_tokens", row=3)
        office.sql("UPDATE workspace_watches SET read_at = now() - interval '11 seconds'")
        assert office.tick()[0] > 2
        assert office.tick()[0] == 0  # read just now
    office.sql("UPDATE workspace_watches SET next_read_at = now() + interval '1 day'")
    assert office.settle() <= 2


def test_a_schedule_is_due_in_a_workbook_that_did_not_change(office: Office) -> None:
    """What the last reading said of the schedule decides, also in a worker that has just started."""
    setup = office.sheet.worksheet("Setup")
    row = setup.col_values(1).index("schedule") + 1
    setup.update([["every 1 hour"]], f"B{row}", raw=True)
    office.settle()
    next_slot = office.sql("SELECT next_slot_at > now() FROM workspace_watches").scalar()
    assert next_slot is True
    office.sql("UPDATE workspace_watches SET next_slot_at = now() - interval '1 second'")
    runs = "SELECT count(*) FROM optimization_runs WHERE trigger = 'schedule'"
    before = office.sql(runs).scalar()
    office.worker = Worker(office.connections)
    office.tick()
    assert office.sql(runs).scalar() - before == 1
    office.settle()
    assert office.sql(runs).scalar() - before == 1
    setup.update([[""]], f"B{row}", raw=True)
    office.settle()
    assert office.sql("SELECT next_slot_at FROM workspace_watches").scalar() is None


def test_a_change_in_a_spreadsheet_that_setup_names_concerns_the_workbook(office: Office) -> None:
    intake = office.connections.gateway.create("Requests of a department")
    office.settle()
    office.sql(f"UPDATE workspace_watches SET sources = '[\"{intake}\"]'")
    properties = {"properties": {"title": "More requests"}, "fields": "title"}
    office.connections.gateway.batch_update(intake, [{"updateSpreadsheetProperties": properties}])
    assert office.tick()[0] > 0


def test_a_workbook_that_is_gone_is_told_once_and_not_asked_for_at_every_tick(office: Office, world) -> None:
    gone = office.connections.gateway.create("Gone")
    with office.connections.database.transaction() as session:
        store.register_workspace(session, gone, "Gone", "")
    world.server.service.delete_file(gone)
    try:
        errors = office.worker.tick(spacing_s=0)
        assert [type(error).__name__ for error in errors] == ["SpreadsheetNotFound"]
        assert office.tick() == (0, 1)
    finally:
        office.sql("DELETE FROM workspaces WHERE title = 'Gone'")


def test_workers_of_all_machines_together_ask_drive_at_most_twelve_times_a_minute(office: Office) -> None:
    """Three workers tick every ten seconds, each at a moment of its own, for ten minutes."""
    start = datetime(2026, 1, 9, 12, tzinfo=UTC)
    ticks = sorted(start + timedelta(seconds=10 * turn + phase) for turn in range(60) for phase in (0, 3.1, 7.7))
    asked = []
    for tick in ticks:
        with office.connections.database.transaction() as session:
            if store.claim_watch(session, "three workers", watching.SPACING_S, now=tick):
                asked.append(tick)
    office.sql("DELETE FROM drive_watches WHERE account = 'three workers'")
    assert len(asked) <= 120
    assert all(late - early >= timedelta(minutes=1) for early, late in zip(asked, asked[12:], strict=False))
    assert max(late - early for early, late in pairwise(asked)) <= timedelta(seconds=10)


SECRET = "zebra-7315"


def test_no_cell_no_token_and_no_key_reaches_a_log(office: Office, world) -> None:
    """At DEBUG, with cells of every tab that matters broken in every way, with a run, and with an error."""
    for column in ("title", "engineering_tokens", "deadline_date", "lifecycle_status"):
        office.edit(SECRET, column, row=4)
    requests = office.sheet.worksheet("Requests")
    header = requests.row_values(1)
    for number, action in enumerate(("optimize", SECRET, "publish")):
        cells = {
            "request_id": f"{SECRET}-{number}",
            "action": action,
            "arguments": json.dumps({"scenario": SECRET} if number == 2 else {}),
            "requested_by": SECRET,
        }
        requests.append_row([cells.get(name, "") for name in header], value_input_option="RAW")
    environment = world.cli.environment | {"LOG_LEVEL": "DEBUG"}
    words = [sys.executable, "-c", "from jobs.cli import main; main()"]
    logs = ""
    for command in (["worker", "--once"], ["optimize", "1AbcUnknown"], ["check", office.workbook]):
        done = subprocess.run([*words, *command], env=environment, capture_output=True, text=True, timeout=120)
        logs += "\n".join(line for line in done.stderr.splitlines() if _is_log(line))
    assert logs.count('"google"') > 5
    assert '"request"' in logs
    assert SECRET not in logs
    key = json.loads(world.server.key_file.read_text())
    for line in key["private_key"].splitlines()[1:-1]:
        assert line not in logs
    assert key["private_key_id"] not in logs
    assert "Bearer" not in logs
    assert "ya29" not in logs
    office.settle()


def _is_log(line: str) -> bool:
    """Whether a line of standard error is of the log; the command's own answer is a sentence."""
    return line.startswith(("{", "ERROR", "WARNING", "DEBUG", "INFO", " "))


def test_every_call_is_counted_by_verb_and_outcome(office: Office) -> None:
    def calls(verb: str, kind: str) -> float:
        labels = {"verb": verb, "kind": kind, "outcome": "ok"}
        return REGISTRY.get_sample_value("roadmap_google_calls_total", labels) or 0

    before = calls("changes", "drive"), calls("read metadata", "read"), calls("read values", "read")
    office.edit("Counted")
    office.tick()
    after = calls("changes", "drive"), calls("read metadata", "read"), calls("read values", "read")
    assert [late - early for early, late in zip(before, after, strict=True)] == [1, 1, 1]
    labels = {"verb": "read values", "kind": "read", "direction": "received"}
    assert (REGISTRY.get_sample_value("roadmap_google_bytes_total", labels) or 0) > 1000
