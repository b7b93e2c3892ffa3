"""A PM at work while the worker runs its cycles: at every call of the worker the PM may do something in between. A line
of the fault matrix.

After each write of the worker no cell, note or fill of the PM's has changed; after a quiet cycle every system cell
stands on its own row, marks stand exactly on the cells with findings, and one more cycle writes nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from engine.findings import Severity
from jobs.check import check, findings_of
from jobs.optimize import optimize
from jobs.pull import pull
from jobs.show import Asked
from sheets_sync import marks
from sheets_sync.exchange import Call
from sheets_sync.headers import grid_of
from sheets_sync.tabs import tab
from tests.faults.office import Office
from tests.faults.pm import ACTS, PM
from tests.faults.site import Site
from tests.faults.snapshots import INPUTS, OUTPUTS, Seen, SeenTab, lost_looks, lost_values
from tests.faults.verdict import LOST, Tally

NUMBERS = st.integers(0, 59)
QUIET = ("hide", "filter", "format", "rename_column", "insert_column", "move_column", "delete_column")
"""Of these one in a while is enough."""
ACT = st.tuples(
    st.one_of(st.sampled_from([name for name in ACTS if name not in QUIET]), st.sampled_from(ACTS)),
    NUMBERS,
    NUMBERS,
    NUMBERS,
)
SHIFTING = ("insert_column", "move_column", "delete_column", "undo")
"""What takes columns elsewhere: where it happens under a batch, cells are right only after the repair."""
IN_FLIGHT = st.one_of(ACT, st.tuples(st.sampled_from((*SHIFTING, "sort", "insert", "move")), NUMBERS, NUMBERS, NUMBERS))
AT_BOUNDARIES = st.fixed_dictionaries(
    {}, optional={"metadata": ACT, "values": ACT, "reread": IN_FLIGHT, "write": IN_FLIGHT, "repair": ACT}
)

TOKENS = re.compile(r"\b(?:abc|soon)\d+\b")


class Desk(RuleBasedStateMachine):
    """One workbook, one PM, one worker."""

    office: Office

    @initialize(has_a_plan=st.booleans())
    def sits_down(self, has_a_plan: bool) -> None:
        self.workspace = self.office.new_workbook()
        ids = self.office.sheet_ids(self.workspace, (*INPUTS, *OUTPUTS))
        self.pm = PM(self.office.service, self.workspace.spreadsheet_id, ids)
        self.pm.owners |= {f"T{number}": f"#i{number}" for number in range(1, 5)}
        self.pm.owners |= {f"{50 + number}": f"#c{number}" for number in range(1, 5)}
        self.keys: dict[str, str] = {}
        self.runs = 0
        if has_a_plan:
            self._run({}, lambda: optimize(self.office.connections, self.workspace, Asked()))

    @rule(act=ACT)
    def works(self, act: tuple[str, int, int, int]) -> None:
        self.pm.acts(*act)
        note(f"PM {self.pm.done[-1]}")

    @rule(during=AT_BOUNDARIES)
    def cycle(self, during: dict[str, Any]) -> None:
        note(f"check, meanwhile {during}")
        self._run(during, lambda: check(self.office.connections, self.workspace, Asked()))

    @precondition(lambda self: self.runs < 1)
    @rule(during=AT_BOUNDARIES)
    def plans(self, during: dict[str, Any]) -> None:
        self.runs += 1
        note(f"optimize, meanwhile {during}")
        self._run(during, lambda: optimize(self.office.connections, self.workspace, Asked()))

    def _run(self, during: dict[str, Any], job: Any) -> None:
        watch = Watch(self.pm, during)
        self.office.on_call = watch
        try:
            job()
        finally:
            self.office.on_call = lambda call: None
        watch.ends()
        if not watch.acted & {"write", "repair"}:
            self._rows_are_right(self.pm.look())

    def teardown(self) -> None:
        """The PM puts names back and goes home; the worker has two quiet cycles."""
        if not hasattr(self, "pm"):
            return
        self.pm.puts_names_back()
        self._run({}, lambda: check(self.office.connections, self.workspace, Asked()))
        before = self.office.gateway.counts.writes
        check(self.office.connections, self.workspace, Asked())
        assert self.office.gateway.counts.writes == before, "a second quiet cycle wrote"
        self._rows_are_right(self.pm.look())
        self._marks_are_exact()
        self._words_are_beside_their_keys()

    # ---- what holds

    def _rows_are_right(self, now: Seen) -> None:
        """What a system cell says is about its own row."""
        for name in INPUTS:
            seen_tab = now[name]
            system = seen_tab.system_columns()
            for row in seen_tab.used():
                token = seen_tab.cell(row, "notes").text
                for place in system:
                    text = seen_tab.cell(row, place).text
                    for mentioned in TOKENS.findall(text) if token else ():
                        assert self.pm.owners[mentioned] in (token, "*"), f"{name} row {row + 1}: {text}"
        self._keys_stay(now["Initiatives"])
        self._labels_and_words(now)

    def _keys_stay(self, initiatives: SeenTab) -> None:
        """No initiative changes its key, but where the PM typed over it or copied it."""
        for row in initiatives.used():
            token, key = initiatives.cell(row, "notes").text, initiatives.cell(row, "initiative_key").text
            if token and key and token not in self.pm.forged:
                assert self.keys.setdefault(token, key) == key, f"{token} had {self.keys[token]}, now {key}"

    def _labels_and_words(self, now: Seen) -> None:
        for row in now["Initiatives"].used():
            label = now["Initiatives"].cell(row, "sys: label").text
            token = now["Initiatives"].cell(row, "notes").text
            if label and token and (title := re.search(r"· (T\d+)$", label)):
                assert self.pm.owners.get(title[1]) in (token, "*"), f"{token} is labelled {label}"
        for row in now["Constraints"].used():
            words, token = now["Constraints"].cell(row, "reads_as").text, now["Constraints"].cell(row, "notes").text
            if token and (number := re.search(r"at (?:most|least) (\d+) tokens", words)):
                assert self.pm.owners.get(number[1]) in (token, "*"), f"{token} reads {words}"

    def _marks_are_exact(self) -> None:
        pulled = pull(self.office.connections, self.workspace)
        findings = findings_of(self.office.connections, pulled, Asked())
        wanted = {(one.tab, one.cell) for one in findings if one.cell and one.severity is not Severity.OK}
        found = set()
        for name in (*INPUTS, *OUTPUTS, "Setup", "Scenarios", "Metrics", "Targets"):
            grid = grid_of(pulled.workbook, tab(name))
            assert grid is not None
            for (row, column), text in grid.notes.items():
                if marks.is_marked(marks.Look(text)):
                    found.add((name, f"{_letters(column)}{row}"))
        assert found == wanted

    def _words_are_beside_their_keys(self) -> None:
        """The PM's words in output tabs stand beside the initiative for which they were written."""
        if self.pm.touched_keys:
            return
        for name in OUTPUTS:
            seen_tab = self.pm.look()[name]
            system = seen_tab.system_columns()
            for row in seen_tab.used():
                key = seen_tab.cell(row, "initiative_key").text
                for place, one in enumerate(seen_tab.rows[row]):
                    if place not in system and (about := re.search(r" on (INIT-\d+)$", one.text)):
                        assert key in (about[1], ""), f"{name} row {row + 1}: “{one.text}” stands beside {key}"


class Watch:
    """Told each call of one cycle: lets the PM act, and compares what people own before and after each write."""

    def __init__(self, pm: PM, during: dict[str, Any]) -> None:
        self.pm = pm
        self.during = during
        self.acted: set[str] = set()
        self.before: Seen | None = None
        self.first: Seen | None = None
        self.writes = 0
        self.is_shifted = False
        self.dressed: set[tuple[str, int, int]] = set()

    def __call__(self, call: Call) -> None:
        if call.verb == "write":
            self.writes += 1
            assert self.before is not None
            if not self.is_shifted:
                assert not (lost := lost_values(self.before, self.pm.look())), lost
        name = {"read metadata": "metadata", "read values": "values", "reread": "reread"}.get(
            call.verb, "write" if self.writes == 1 else "repair"
        )
        if act := self.during.pop(name, None):
            self.pm.acts(*act)
            self.acted.add(name)
            self.is_shifted |= name == "reread" and act[0] in SHIFTING
            self.dressed |= self.pm.dressed if name == "reread" else set()
        if call.verb in ("reread", "write"):
            self.before = self.pm.look()
            self.first = self.first or self.before

    def ends(self) -> None:
        """After the cycle, notes and fills are what they were right before it wrote, and so are values that a column
        took elsewhere. A note or fill that came to a cell while a mark for it was on the wire is the one thing lost."""
        if self.writes and self.first is not None and not self.acted & {"write", "repair"}:
            now = self.pm.look()
            assert not (lost := lost_looks(self.first, now, self.dressed)), lost
            assert not (lost := lost_values(self.first, now)), lost


def _letters(column: int) -> str:
    return _letters((column - 1) // 26) + chr(65 + (column - 1) % 26) if column else ""


def at_work(kind: type[Desk], number: int, count: int, *phases: Phase) -> None:
    """``count`` sequences at desks of that kind, drawn from the seed ``number``; raises what does not hold."""
    run_state_machine_as_test(
        seed(number)(kind),
        settings=settings(
            max_examples=count,
            stateful_step_count=10,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=phases,
        ),
    )


def interleaved(sites: Sequence[Site], n: int) -> Tally:
    """``n`` sequences, one after the other. What does not hold in one ends that one alone."""
    tally, office = Tally("a PM edits between read and write"), Office(sites[0].server, sites[0].database)
    kind, number = _counted(office, tally), 0
    while tally.tried < n:
        number += 1
        try:
            at_work(kind, number, n - tally.tried, Phase.generate)
        except Exception as error:  # whatever it is, nothing of a PM's may be lost by it
            tally.add(f"seed {number}", [(LOST, f"{type(error).__name__}: {str(error)[:500]}")])
    office.close()
    return tally


def _counted(office: Office, tally: Tally) -> type[Desk]:
    """Desks of which each sequence that holds to its end is added to ``tally``."""

    class Counted(Desk):
        def teardown(self) -> None:
            super().teardown()
            if sys.exc_info()[0] is None:  # else it was cut short
                tally.add("", [])

    Counted.office = office
    return Counted
