"""Cycles of the worker while three calls of ten go wrong: refused, cut, hung, or done and their answer lost.

Every cycle ends right, or stops with a sentence; then the workbook is as it was before or as a right cycle leaves it,
never between; and no row, key, line or run stands twice.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from db import store
from db.session import Database
from engine.errors import OutOfReach
from jobs.check import check
from jobs.optimize import optimize
from jobs.show import Asked
from sheets_sync.local.faults import Faults
from sheets_sync.local.server import LocalServer
from tests.faults.office import Office
from tests.faults.pm import PM
from tests.faults.snapshots import INPUTS, OUTPUTS, lost_looks
from tests.faults.storms import SHARE, orders

HARMLESS = ("edit", "clear", "type_a_row", "sort", "note", "colour", "words", "plan", "copy_a_cell", "undo", "move")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, office_database: Database) -> Iterator[Office]:
    """An office whose server can fail, and whose gateway is soon tired of a hang; between tries nobody waits."""
    with LocalServer(tmp_path_factory.mktemp("faulty"), faults=Faults()) as server:
        office = Office(server, office_database, timeout_s=2.0)
        yield office
        office.close()


@dataclass
class Storm:
    """Cycles over one workbook, each with faults of its own; what became of them is counted."""

    office: Office
    number: int
    ended: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.workspace = self.office.new_workbook()
        ids = self.office.sheet_ids(self.workspace, (*INPUTS, *OUTPUTS))
        self.pm = PM(self.office.service, self.workspace.spreadsheet_id, ids)
        self.random = random.Random(self.number)
        self.runs = 0

    @property
    def faults(self) -> Faults:
        assert self.office.server.faults is not None
        return self.office.server.faults

    def cycle(self, place: int) -> None:
        """The PM does something; a cycle goes through the storm; then the sky is clear and all is looked at."""
        self.pm.acts(self.random.choice(HARMLESS), *(self.random.randrange(60) for _ in range(3)))
        before = self.pm.look()
        revision = self.office.service.revision(self.workspace.spreadsheet_id)
        self.faults.reseed(1000 * self.number + place)
        self.faults.order(*orders(1.0 if self.random.random() < 0.05 else SHARE))
        plans = place % 7 == 3
        how = "right"
        try:
            self._job(plans)
        except OutOfReach as error:
            assert error.sentence.endswith(".")
            how = "stopped with a sentence"
            if self.office.service.revision(self.workspace.spreadsheet_id) == revision:
                self.ended["stopped before anything was written"] += 1
                return
        finally:
            self.ended[how] += 1
            self.faults.clear()
        assert not (lost := lost_looks(before, self.pm.look())), lost
        left = self._leaves()
        self.ended["right, and something was left to write"] += left and how == "right"
        self.ended["stopped in a check, and something was left to write"] += left and how != "right" and not plans
        self._nothing_twice()

    def _job(self, plans: bool) -> None:
        if plans:
            optimize(self.office.connections, self.workspace, Asked())
        else:
            check(self.office.connections, self.workspace, Asked())

    def _leaves(self) -> bool:
        """Whether a cycle under a clear sky has something to add: what came through was not whole. (A run that stopped
        after its plan was shown is one more line for the Run Log.)"""
        writes = self.office.gateway.counts.writes
        check(self.office.connections, self.workspace, Asked())
        return self.office.gateway.counts.writes > writes

    def _nothing_twice(self) -> None:
        now = self.pm.look()
        for name in ("Initiatives", "Contributions", *OUTPUTS):
            keys = [now[name].cell(row, "initiative_key").text for row in now[name].used()]
            twice = {key: count for key, count in Counter(keys).items() if key and count > 1}
            assert not twice, f"{name}: {twice}"
        log = self.office.gateway.read(self.workspace.spreadsheet_id, ["Run Log"]).grids["Run Log"].values
        head = list(log[0])
        runs = [row[head.index("run")] for row in log[1:] if len(row) > head.index("run")]
        assert len(runs) == len(set(runs))
        with self.office.connections.database.transaction() as session:
            assert len(store.run_log(session, self.workspace.id)) == len(runs)


def _storm(office: Office, number: int, cycles: int) -> Counter[str]:
    storm = Storm(office, number)
    for place in range(cycles):
        storm.cycle(place)
    return storm.ended


def test_cycles_under_faults_end_right_or_stop_with_a_sentence(faulty: Office) -> None:
    ended = _storm(faulty, 1, 12)
    assert ended["right"] + ended["stopped with a sentence"] == 12
    assert ended["right"] >= 6
    assert not any(count for how, count in ended.items() if "left to write" in how), ended


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2, 22))
def test_a_thousand_cycles_under_faults_end_right_or_stop_with_a_sentence(
    number: int, faulty: Office, record_property: Any
) -> None:
    """Twenty parts of fifty cycles each."""
    ended = _storm(faulty, number, 50)
    record_property("ended", dict(ended))
    print(dict(ended), dict(faulty.server.faults.given if faulty.server.faults else {}))
    assert ended["right"] + ended["stopped with a sentence"] == 50
    assert not any(count for how, count in ended.items() if "left to write" in how), ended
