"""Requests and their initiatives: known again however rows move, copied once, answered only to whom they belong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.findings import Severity
from engine.inputs import InitiativeRow, IntakeRow, IntakeSource
from engine.intake import (
    IntakeLink,
    Request,
    answer,
    linked,
    possible_duplicates,
    requester_changes,
)
from engine.keys import initiative_key
from engine.roadmap import RoadmapEntry, RoadmapVersion
from sheets_sync.grids import Grid, Workbook
from sheets_sync.intake_rows import IntakeTab, read_intake
from sheets_sync.rows import read_inputs
from sheets_sync.tabs import TABS

OWN, OTHER = "own-workbook", "other-sheet"
SOURCE = IntakeSource(row=None)
FOREIGN = IntakeSource(row=None, spreadsheet_id=OTHER, tab="Form")


class Keys:
    """A sequence that remembers how many it gave."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self, count: int) -> list[str]:
        keys = [initiative_key(self.given + number) for number in range(1, count + 1)]
        self.given += count
        return keys


def request_row(row: int, title: str, key: str | None = None, **more: Any) -> IntakeRow:
    digest = f"{title}|{sorted(more.items())}"
    return IntakeRow(tab="Intake", row=row, digest=digest, title=title, initiative_key=key, **more)


def read_as(
    rows: Sequence[IntakeRow], links: Sequence[IntakeLink], keys: Keys, where: str = OWN, **initiatives: InitiativeRow
) -> tuple[Request, ...]:
    source = SOURCE if where == OWN else FOREIGN
    known = {row.initiative_key or "": row for row in initiatives.values()}
    return linked([(row, source, where) for row in rows], links, known, OWN, keys)


def initiative(key: str, title: str, **more: Any) -> InitiativeRow:
    return InitiativeRow(tab="Initiatives", row=2, initiative_key=key, title=title, **more)


titles = st.lists(st.sampled_from(["Dark mode", "Light mode", "Pay by bank", "=SUM(A1)", "😀"]), max_size=6)


@given(titles=titles, data=st.data())
def test_reading_again_reserves_no_key_whether_or_not_the_keys_were_written(titles, data) -> None:
    """After any sort, with any of the keys written beside the rows before a kill, each request keeps its key."""
    keys = Keys()
    first = read_as([request_row(at, title) for at, title in enumerate(titles, 2)], [], keys)
    assert keys.given == len(titles)
    assert len({request.key for request in first}) == len(titles)
    order = data.draw(st.permutations(range(len(titles))))
    written = data.draw(st.sets(st.sampled_from(range(len(titles))))) if titles else set()
    rows = [request_row(at, titles[old], first[old].key if old in written else None) for at, old in enumerate(order, 2)]
    again = read_as(rows, [request.link for request in first], keys)
    assert keys.given == len(titles)
    assert sorted(request.key for request in again) == sorted(request.key for request in first)
    for request, old in zip(again, order, strict=True):
        assert request.link.fields == {"title": titles[old]}
        assert old not in written or request.key == first[old].key


def test_an_edited_request_is_known_by_its_key_or_before_that_by_its_place() -> None:
    """Title and all may change: with its key it is the same request; without, only until its key was seen there."""
    keys = Keys()
    (request,) = read_as([request_row(2, "Dark mode")], [], keys)
    (edited,) = read_as([request_row(2, "Lights off")], [request.link], keys)
    assert edited.key == request.key
    (seen,) = read_as([request_row(7, "Night mode", request.key)], [edited.link], keys)
    assert (seen.key, seen.link.is_confirmed) == (request.key, True)
    (fresh,) = read_as([request_row(7, "Something else")], [seen.link], keys)
    assert fresh.key != request.key


def test_a_key_that_was_not_given_to_a_spreadsheet_is_not_obeyed_there() -> None:
    """Else whoever types a key into their sheet would read what became of another's initiative; under the same title
    it is what is left of a history that was lost."""
    secret = initiative("INIT-000900", "Secret project", lifecycle_status="rejected")
    keys = Keys()
    (typed,) = read_as([request_row(2, "Tell me", "INIT-000900")], [], keys, OTHER, a=secret)
    assert typed.key == "INIT-000001"
    own = IntakeLink(initiative_key="INIT-000900", spreadsheet_id=OWN, tab="Intake", row=2, digest="x")
    (again,) = read_as([request_row(2, "Secret project", "INIT-000900")], [own], keys, OTHER, a=secret)
    assert again.key == "INIT-000002"
    (kept,) = read_as([request_row(2, "secret PROJECT", "INIT-000900")], [], keys, OTHER, a=secret)
    assert (kept.key, kept.link.is_copied) == ("INIT-000900", True)


@pytest.mark.parametrize(
    ("state", "decision", "status", "reason", "period"),
    [
        (None, None, "new", None, None),
        ("needs_info", None, "more information needed", None, None),
        ("ready", None, "accepted", None, None),
        ("ready", "in", "planned", "in the plan “Roadmap” v3: from May", "2027-Q1"),
        ("in_progress", "in", "in progress", "in the plan “Roadmap” v3: from May", "2027-Q1"),
        ("ready", "out", "accepted", "not in the plan “Roadmap” v3: from May", None),
        ("rejected", "in", "rejected", "from May", None),
        ("delivered", None, "delivered", None, None),
    ],
)
def test_the_requester_reads_triage_and_the_published_plan_and_no_inner_notes(
    state, decision, status, reason, period
) -> None:
    (request,) = read_as([request_row(2, "Dark mode")], [], Keys())
    entry = RoadmapEntry(
        initiative_key=request.key,
        title="Dark mode",
        decision=decision or "in",
        planned_period="2027-Q1",
        public_note="from May",
        notes="a secret",
        override_reason="another secret",
    )
    version = RoadmapVersion(
        roadmap_name="Roadmap",
        version=3,
        scenario="Core",
        portfolio_id=1,
        published_by="me",
        published_at=datetime(2026, 11, 25, tzinfo=UTC),
        entries=(entry,) if decision else (),
    )
    row = initiative(request.key, "Dark mode", lifecycle_status=state, notes="for us only")
    told = answer(request, row, version)
    assert (told.triage_status, told.decision_reason, told.planned_period) == (status, reason, period)


def test_an_initiative_that_its_pm_deleted_is_told_as_removed() -> None:
    keys = Keys()
    (request,) = read_as([request_row(2, "Dark mode")], [], keys)
    (copied,) = read_as([request_row(2, "Dark mode")], [request.link], keys, a=initiative(request.key, "Dark mode"))
    (gone,) = read_as([request_row(2, "Dark mode")], [copied.link], keys)
    assert gone.link.is_copied
    assert answer(gone, None, None).triage_status == "removed"


def test_changes_are_those_of_the_requester_that_the_pm_has_not_taken_over() -> None:
    keys = Keys()
    (request,) = read_as([request_row(2, "Dark mode", deadline_date=date(2027, 3, 1), country="UK")], [], keys)
    edited = request_row(2, "Dark mode", request.key, deadline_date=date(2027, 2, 1), requester_name="Jo")
    (now,) = read_as([edited], [request.link], keys)
    row = initiative(request.key, "Other title", deadline_date=date(2027, 3, 1), country="UK")
    assert requester_changes(now, row) == "country: UK → (blank) · deadline_date: 2027-03-01 → 2027-02-01"
    taken = initiative(request.key, "Other title", deadline_date=date(2027, 2, 1))
    assert requester_changes(now, taken) is None


def test_a_duplicate_is_any_later_request_of_the_same_words_while_nobody_has_decided() -> None:
    keys = Keys()
    keys.given = 10
    requests = read_as([request_row(2, "Pay by Bank"), request_row(3, "bank, pay: BY")], [], keys)
    old = initiative("INIT-000005", "pay by bank")
    assert possible_duplicates(requests, [old]) == {request.key: ("INIT-000005", "pay by bank") for request in requests}
    decided = [initiative(requests[0].key, "Pay by Bank", lifecycle_status="ready"), old]
    assert set(possible_duplicates(requests, decided)) == {requests[1].key}


# ---- as read from the sheet


def workbook(setup: Sequence[Sequence[Any]] = (), intake: Sequence[Sequence[Any]] = ()) -> Workbook:
    grids = {
        declared.name: Grid(
            title=declared.name, sheet_id=number, row_count=99, column_count=40, values=[list(declared.names)]
        )
        for number, declared in enumerate(TABS)
    }
    for name, rows in (("Setup", setup), ("Intake", intake)):
        if rows:
            grids[name] = Grid(title=name, sheet_id=90, row_count=99, column_count=40, values=rows)
    return Workbook(spreadsheet_id=OWN, title="Plan", url="", locale="en_US", time_zone="UTC", grids=grids)


SETUP = [
    "key",
    "value",
    "tab",
    "default_department",
    "column_map",
    "write_back",
    "connection",
    "sys: status",
    "sys: message",
]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["intake_source", "see drive"], "neither the id nor the address"),
        (["intake_source", "", "Wishes"], "must begin with “Intake”"),
        (["intake_source", "another-sheet-1", "Form", "", "Ask"], "write it as Ask=title"),
        (["intake_source", "another-sheet-1", "Form", "", "Ask=titel"], "write title"),
        (["intake_source", OTHER, "Form"], "stands in another row too"),
    ],
)
def test_a_wrong_intake_source_is_told_on_its_cell_and_the_others_are_used(cells, said) -> None:
    rows = [SETUP, ["intake_source", OTHER, "form"], cells]
    inputs, findings = read_inputs(workbook(setup=rows))
    (finding,) = findings
    assert said in finding.message
    assert (finding.tab, finding.row, finding.stops_run) == ("Setup", 3, False)
    assert [(each.spreadsheet_id, each.tab) for each in inputs.setup.intake_sources] == [
        (None, "Intake"),
        (OTHER, "form"),
    ]


def test_columns_are_found_by_the_names_they_have_there() -> None:
    rows = [SETUP, ["intake_source", OTHER, "Form", "Sales", "What = do you need?=title; Team=requesting_team", False]]
    inputs, findings = read_inputs(workbook(setup=rows))
    assert findings == ()
    source = inputs.setup.intake_sources[1]
    assert (source.default_department, source.writes_back) == ("Sales", False)
    grid = Grid(
        title="Form",
        sheet_id=0,
        row_count=9,
        column_count=9,
        values=[["Timestamp", "What = do you need?", "team"], [46000.5, "Dark mode", "Growth"], [46000.6, "", "Legal"]],
    )
    other = Workbook(
        spreadsheet_id=OTHER, title="Wishes", url="", locale="en_US", time_zone="UTC", grids={"Form": grid}
    )
    bound = read_intake(other, source, OWN)
    assert isinstance(bound, IntakeTab)
    assert [(row.title, row.requesting_team) for row in bound.rows] == [("Dark mode", "Growth")]
    (finding,) = bound.findings
    assert finding.where == "Form in “Wishes”!B3"
    assert "no title" in finding.message
    assert "initiative_key" in bound.missing_answers


@pytest.mark.parametrize(
    ("typed", "proposed"),
    [
        ("dana", "write one such as dana@example.com"),
        ("dana at example.org", "write dana@example.org"),
        ("dana (at) example.org", "write dana@example.org"),
        ("dana@", "write one such as dana@example.com"),
        ("@@@", "write one such as dana@example.com"),
    ],
)
def test_a_requester_email_to_which_nobody_can_write_is_told_with_a_proposal(typed: str, proposed: str) -> None:
    rows = [["Dark mode", typed], ["Live map", "Dana Reed <dana@example.org>"], ["Vouchers", None], ["Fraud", "x@y"]]
    bound = read_intake(workbook(intake=[["title", "requester_email"], *rows]), IntakeSource(row=None), OWN)
    assert isinstance(bound, IntakeTab)
    (finding,) = [each for each in bound.findings if each.column == "requester_email"]
    assert (finding.severity, finding.row) == (Severity.WARN, 2)
    assert proposed in finding.message
    assert [row.title for row in bound.rows] == ["Dark mode", "Live map", "Vouchers", "Fraud"]
