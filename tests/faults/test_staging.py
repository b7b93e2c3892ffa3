"""Writes too large for one batch: nobody ever sees a torn tab, however and wherever the worker dies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from db.records import WorkspaceRecord
from db.session import Database
from jobs.check import check
from jobs.optimize import optimize
from jobs.show import Asked
from sheets_sync import staging
from sheets_sync.exchange import Call
from sheets_sync.local.faults import Fault, Faults
from sheets_sync.local.server import LocalServer
from tests.faults.office import Office
from tests.faults.pm import PM
from tests.faults.snapshots import INPUTS, OUTPUTS, Seen

SMALL = 3_000
"""Bytes of a batch in these tests; the first write of a run has some twenty thousand."""


class Killed(Exception):
    """The worker is gone."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, office_database: Database) -> Iterator[Office]:
    with LocalServer(tmp_path_factory.mktemp("staging"), faults=Faults()) as server:
        office = Office(server, office_database)
        yield office
        office.close()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "MOST_BYTES", SMALL)


class Desk:
    """A workbook whose next cycle has a plan to show, and a PM who looks at it after every call."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.workspace: WorkspaceRecord = office.new_workbook()
        self.id = self.workspace.spreadsheet_id
        self.pm = PM(office.service, self.id, office.sheet_ids(self.workspace, (*INPUTS, *OUTPUTS)))
        self.verbs: list[str] = []
        self.views: list[dict[str, Any]] = []

    def plans(self, kill_after: int | None = None, acts: dict[int, tuple[str, int, int, int]] | None = None) -> None:
        """A run; the worker dies after so many calls, and the PM acts after others."""

        def told(call: Call) -> None:
            self.verbs.append(call.verb)
            self.views.append(texts(self.pm.look()))
            if acts and len(self.verbs) in acts:
                self.pm.acts(*acts[len(self.verbs)])
            if kill_after == len(self.verbs):
                raise Killed

        self.office.on_call = told
        try:
            optimize(self.office.connections, self.workspace, Asked())
        finally:
            self.office.on_call = lambda call: None

    def checks(self) -> None:
        check(self.office.connections, self.workspace, Asked())

    def titles(self) -> list[str]:
        answer = self.office.service.get_spreadsheet(self.id, [], False, "sheets.properties.title")
        return [one["properties"]["title"] for one in answer["sheets"]]


def texts(now: Seen) -> dict[str, Any]:
    """What everyone reads in the tabs, without what differs from run to run."""
    told = {}
    for name, tab in now.items():
        kept = [place for place, text in enumerate(tab.header) if text not in _OF_ITS_RUN]
        told[name] = [[tab.cell(row, place).text for place in kept] for row in tab.used()]
    return told


_OF_ITS_RUN = ("run", "inputs_as_of", "solved_at", "run_id", "portfolio_id", "rules_version", "source_rows")


@pytest.fixture(scope="module")
def whole(office: Office) -> dict[str, Any]:
    """What a run leaves where one batch carries it all."""
    desk = Desk(office)
    desk.plans()
    desk.checks()
    return texts(desk.pm.look())


def test_values_wait_in_a_hidden_sheet_and_come_in_at_once(office: Office, whole: dict[str, Any]) -> None:
    desk = Desk(office)
    before = texts(desk.pm.look())
    desk.plans()
    assert desk.verbs.count("write") >= 3
    assert desk.verbs.count("read metadata") + desk.verbs.count("read values") + desk.verbs.count("reread") == 4
    states = [view == before for view in desk.views]
    assert states == sorted(states, reverse=True)
    assert states.count(False) == 1
    assert texts(desk.pm.look()) == whole
    assert staging.TITLE not in desk.titles()


@pytest.mark.parametrize("calls", range(1, 12))
def test_a_worker_that_dies_at_any_call_leaves_no_torn_tab_and_the_next_cycle_tidies_up(
    calls: int, office: Office, whole: dict[str, Any]
) -> None:
    desk = Desk(office)
    before = texts(desk.pm.look())
    try:
        desk.plans(kill_after=calls)
    except Killed:
        assert texts(desk.pm.look()) in (before, whole)
    desk.checks()
    desk.checks()
    assert staging.TITLE not in desk.titles()
    now = texts(desk.pm.look())
    assert now["Initiatives"] == whole["Initiatives"]
    assert now["Portfolio"] in (whole["Portfolio"], [])
    writes = office.gateway.counts.writes
    desk.checks()
    assert office.gateway.counts.writes == writes


@pytest.mark.parametrize("kind", ["lost", "cut"])
@pytest.mark.parametrize("skip", range(3))
def test_a_lost_answer_at_any_write_does_nothing_twice(
    kind: Any, skip: int, office: Office, whole: dict[str, Any]
) -> None:
    desk = Desk(office)
    assert office.server.faults is not None
    office.server.faults.order(Fault(kind=kind, when="batchUpdate", skip=skip))
    try:
        desk.plans()
    finally:
        office.server.faults.clear()
    assert texts(desk.pm.look()) == whole
    assert staging.TITLE not in desk.titles()


@pytest.mark.parametrize("act", ["sort", "insert", "move", "delete"])
def test_rows_that_move_while_values_wait_get_their_own(act: str, office: Office) -> None:
    desk = Desk(office)
    desk.plans(acts={5: (act, 2, 1, 1), 6: (act, 0, 0, 1)})
    assert desk.verbs[4] == "write"
    desk.checks()
    for row in desk.pm.look()["Constraints"].used():
        cells = desk.pm.look()["Constraints"]
        words = cells.cell(row, "reads_as").text
        assert words in ("", f"UK: at most {cells.cell(row, 'max').text} tokens")
    for row in desk.pm.look()["Initiatives"].used():
        cells = desk.pm.look()["Initiatives"]
        label = cells.cell(row, "sys: label").text
        assert label == f"{cells.cell(row, 'initiative_key').text} · {cells.cell(row, 'title').text}"
