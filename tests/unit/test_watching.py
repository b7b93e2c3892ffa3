"""The worker's own decisions: what a tick serves, when a schedule is due, what concerns a workbook, what a log says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import InputError, OutOfReach, RoadmapError
from engine.inputs import Setup, SetupRow
from jobs.logs import reason_of, trace_of
from jobs.looks import sources_of
from jobs.schedule import next_due
from sheets_sync.errors import RequestRefused, SpreadsheetNotFound
from sheets_sync.quota import Quota

NOW = datetime(2026, 1, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "value", "ids"),
    [
        ("intake_source", "https://docs.google.com/spreadsheets/d/1AbcDEF/edit", {"1AbcDEF"}),
        ("Intake source", "1AbcDEF", {"1AbcDEF"}),
        ("roadmap_spreadsheet", "1AbcDEF", {"1AbcDEF"}),
        ("intake_source", "not an address", set()),
        ("intake_source", None, set()),
        ("currency", "EUROS", set()),
    ],
)
def test_the_spreadsheets_that_setup_names_concern_the_workbook(key: str, value: str | None, ids: set[str]) -> None:
    assert sources_of(Setup(rows=(SetupRow(tab="Setup", row=2, key=key, value=value),))) == ids


@pytest.mark.parametrize("schedule", [None, "", "whenever", "99 99 * * *"])
def test_without_a_schedule_that_can_be_read_no_slot_is_ever_due(schedule: str | None) -> None:
    assert next_due(schedule, "UTC", NOW) is None


def test_the_slot_after_a_long_absence_is_the_first_one_missed() -> None:
    assert next_due("daily 07:00", "UTC", NOW - timedelta(days=30)) == datetime(2025, 12, 11, 7, tzinfo=UTC)


@pytest.mark.parametrize("error", [InputError("“zebra” is wrong"), RequestRefused("Google says: zebra")])
def test_a_log_names_an_error_without_a_sentence_that_may_quote_a_cell(error: RoadmapError) -> None:
    assert reason_of(error) == {"error": type(error).__name__, "may_retry": False}


@pytest.mark.parametrize("error", [OutOfReach("Postgres is away"), SpreadsheetNotFound("1Abc does not exist")])
def test_a_log_says_what_is_out_of_reach(error: RoadmapError) -> None:
    assert reason_of(error)["reason"] == error.sentence


def test_a_trace_says_where_an_error_and_its_causes_arose_and_none_of_their_texts() -> None:
    def reads_a_cell() -> None:
        raise ValueError("zebra")

    try:
        try:
            reads_a_cell()
        except ValueError as error:
            raise InputError("“zebra” is wrong") from error
    except InputError as error:
        told = trace_of(error)
    assert "reads_a_cell" in told
    assert "ValueError" in told
    assert "InputError" in told
    assert "zebra" not in told


def test_the_smallest_limit_holds_within_a_process() -> None:
    """Without a ledger: no more turns in a window than account and project both allow."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    quota = Quota({"account": 5, "project": 2}, clock=lambda: now[0], sleep=sleep, window_s=60)
    taken = []
    for _ in range(6):
        assert quota.take(1000)
        taken.append(now[0])
    assert taken == [0, 0, 60, 60, 120, 120]
    assert not quota.take(150)
    assert now[0] == 120  # a wait that cannot end in time is not begun
