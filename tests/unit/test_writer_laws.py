"""Laws of the writer, without a network: what it may write, where rows went, and that marks leave no trace."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.findings import Finding, Severity
from engine.keys import initiative_key
from engine.problem import Candidate, Item, Kpi, Objective, Problem, Solution
from engine.provenance import RunFacts
from sheets_sync import marks
from sheets_sync.cell_writes import TabWrites
from sheets_sync.columns import Owner
from sheets_sync.content import Linked, cell_data, same, serial, sheet_text, shown
from sheets_sync.frames import Frame
from sheets_sync.grids import Grid, Workbook
from sheets_sync.headers import column_letters
from sheets_sync.input_plan import InputPlan
from sheets_sync.marks import Look
from sheets_sync.quota import Quota
from sheets_sync.row_matching import matched
from sheets_sync.rows import read_inputs
from sheets_sync.tab_plans import tab_plans
from sheets_sync.table_plan import TablePlan
from sheets_sync.tabs import TABS
from sheets_sync.updates import SheetUpdate

NOW = datetime(2026, 1, 13, 14, 2, tzinfo=UTC)
TEXT = st.text(max_size=12).filter(lambda text: marks.SIGN not in text)
FILLS = st.sampled_from(["none", "#FFCC33", "#FFFFFF", "#F4C7C3", "theme ACCENT1"])
LOOKS = st.builds(Look, TEXT, FILLS)
MESSAGES = st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=3)


# ---- marks


@given(LOOKS, MESSAGES)
def test_taking_a_mark_off_brings_back_the_note_and_the_fill(look: Look, messages: list[str]) -> None:
    assert marks.unmarked(marks.marked(look, messages)) == look


@given(LOOKS, MESSAGES, MESSAGES)
def test_marking_again_replaces_the_mark_and_forgets_nothing(look: Look, first: list[str], then: list[str]) -> None:
    assert marks.marked(marks.marked(look, first), then) == marks.marked(look, then)


@given(LOOKS, MESSAGES, TEXT, st.sampled_from(["#00FF00", "none"]))
def test_what_a_pm_adds_to_a_marked_cell_stays_when_the_mark_goes(
    look: Look, messages: list[str], more: str, painted: str
) -> None:
    there = marks.marked(look, messages)
    edited = Look(f"{there.note}\n{more}", painted)
    assert marks.unmarked(edited).note.endswith(more)
    assert marks.unmarked(edited).fill == painted


@given(LOOKS, MESSAGES, TEXT, TEXT, st.sampled_from([Severity.ERROR, Severity.WARN]))
def test_what_a_pm_writes_on_our_own_lines_stays_too(
    look: Look, messages: list[str], before: str, behind: str, severity: Severity
) -> None:
    there = marks.marked(look, messages, severity)
    first, line, rest = there.note.partition("\n")
    edited = Look(f"{before}{first}{behind}{line}{rest}", there.fill)
    own = marks.unmarked(edited)
    assert own.note.startswith(before)
    assert behind.strip() in own.note
    assert own.note.endswith(look.note)
    assert own.fill == look.fill


@given(LOOKS, MESSAGES)
def test_a_fill_whose_note_was_deleted_goes_with_its_cause(look: Look, messages: list[str]) -> None:
    for severity in (Severity.ERROR, Severity.WARN):
        bare = Look("", marks.marked(look, messages, severity).fill)
        assert marks.cleared(bare) == Look()
        assert marks.cleared(marks.marked(bare, messages)) == Look()


@given(st.sampled_from(["none", "#FFFFFF"]), MESSAGES)
def test_of_a_white_cell_or_one_without_colour_a_mark_says_nothing(fill: str, messages: list[str]) -> None:
    told = marks.marked(Look("", fill), messages).note.replace(marks.END, "").split("\n")
    assert [line for line in told if not line.startswith("⚠ Roadmap: ")] == []


def test_of_any_other_colour_a_mark_says_in_words_that_it_comes_back() -> None:
    note = marks.marked(Look("mine", "#FFCC33"), ["m"]).note.replace(marks.END, "")
    assert note.split("\n")[1:] == [
        "⚠ Roadmap (when this is mended, the cell's own colour comes back: #FFCC33)",
        "mine",
    ]


def test_a_mark_in_the_older_wording_is_understood() -> None:
    old = f"⚠ Roadmap: m{marks.END}\n⚠ Roadmap (your colour comes back: #FFCC33){marks.END}\nmine"
    assert marks.unmarked(Look(old, marks.RED)) == Look("mine", "#FFCC33")


def test_a_warning_looks_other_than_an_error() -> None:
    assert marks.marked(Look(), ["m"], Severity.WARN).fill == marks.AMBER
    assert marks.marked(marks.marked(Look(), ["m"], Severity.WARN), ["m"]).fill == marks.RED


@given(LOOKS)
def test_a_look_survives_the_way_through_the_api(look: Look) -> None:
    assert marks.look_of(marks.look_data(look)) == look


def test_a_note_too_long_for_a_cell_gives_up_our_words_and_keeps_the_pms() -> None:
    own = "x" * 29_000
    look = marks.marked(Look(own), ["m" * 5_000])
    assert len(look.note) <= marks.LONGEST_NOTE
    assert marks.unmarked(look).note == own


# ---- rows


@given(
    st.lists(st.text("ab", max_size=2), max_size=12).flatmap(
        lambda rows: st.tuples(st.just(rows), st.permutations(rows))
    )
)
def test_rows_that_were_only_moved_are_all_found_by_what_stands_in_them(case: tuple[list[str], list[str]]) -> None:
    rows, moved = case
    before = {row: (text,) for row, text in enumerate(rows)}
    after = {row: (text,) for row, text in enumerate(moved)}
    found = matched(before, after)
    assert len(found) == len(rows) == len(set(found.values()))
    assert all(moved[now] == rows[row] for row, now in found.items())


@given(st.lists(st.integers(0, 99), unique=True, max_size=10), st.integers(0, 10))
def test_a_row_that_came_shifts_the_others_and_is_nobodys(rows: list[int], at: int) -> None:
    at = min(at, len(rows))
    moved = [*rows[:at], 1000, *rows[at:]]
    found = matched({row: (text,) for row, text in enumerate(rows)}, {row: (text,) for row, text in enumerate(moved)})
    assert found == {row: row + (row >= at) for row in range(len(rows))}


def test_a_row_edited_in_place_is_still_the_same_row() -> None:
    assert matched({1: ("a",), 2: ("b",)}, {1: ("a",), 2: ("changed",)}) == {1: 1, 2: 2}


# ---- cells


@given(st.one_of(st.text(max_size=30), st.booleans(), st.integers(-(2**53), 2**53), st.none(), st.decimals(-1e9, 1e9)))
def test_a_value_that_was_written_is_seen_to_stand_there(value: Any) -> None:
    assert same(value, shown(value))


@given(st.text(st.characters(), max_size=40))
def test_any_text_is_sent_as_text_that_a_cell_can_hold(text: str) -> None:
    data = cell_data(text)
    if text:
        sent = data["userEnteredValue"]["stringValue"]
        assert "\0" not in sent
        sent.encode()
    else:
        assert data == {}


@given(st.text(st.sampled_from("aä😀"), max_size=60), st.integers(2, 40))
def test_long_text_is_cut_to_the_length_that_google_counts(text: str, limit: int) -> None:
    cut = sheet_text(text, limit)
    assert len(cut.encode("utf-16-le")) // 2 <= limit
    assert cut == text or cut.endswith("…")


def test_each_link_of_a_cell_starts_where_its_text_starts() -> None:
    runs = cell_data(Linked((("😀 ", None), ("run 1", "#gid=1"), (" by ", None), ("Dana", "#gid=2"))))["textFormatRuns"]
    assert [run["startIndex"] for run in runs] == [3, 8, 12]
    assert runs[1]["format"] == {}


def test_moments_are_days_by_the_workspaces_clock() -> None:
    assert serial(datetime(1899, 12, 31, 12, tzinfo=UTC), UTC) == 1.5


@given(st.dictionaries(st.tuples(st.integers(0, 9), st.integers(0, 9)), st.one_of(st.text(max_size=3), st.none())))
def test_requests_write_each_cell_once_and_no_other(cells: dict[tuple[int, int], str | None]) -> None:
    writes = TabWrites("T", 7, 10, values=dict(cells))
    written = _written(writes.requests())
    assert written == {cell: shown(value) for cell, value in cells.items()}


def test_the_grid_grows_by_what_is_missing_before_anything_is_written() -> None:
    requests = TabWrites("T", 7, 3, values={(9, 0): "x"}).requests()
    assert requests[0] == {"appendDimension": {"sheetId": 7, "dimension": "ROWS", "length": 7}}


def _written(requests: list[dict[str, Any]]) -> dict[tuple[int, int], Any]:
    written: dict[tuple[int, int], Any] = {}
    for request in requests:
        update = request["updateCells"]
        top, left = update["start"]["rowIndex"], update["start"]["columnIndex"]
        for row, held in enumerate(update["rows"], top):
            for column, data in enumerate(held["values"], left):
                assert (row, column) not in written
                written[row, column] = next(iter(data.get("userEnteredValue", {}).values()), None)
    return written


# ---- the quota


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 8))
def test_no_window_ever_holds_more_turns_than_the_limit(pauses: list[int], limit: int) -> None:
    now = [0.0]
    quota = Quota({"account": limit}, clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s), window_s=60)
    turns: list[float] = []
    for pause in pauses:
        now[0] += pause
        assert quota.take(float("inf"))
        turns.append(now[0])
    assert all(late - early >= 60 for early, late in zip(turns, turns[limit:], strict=False))


def test_a_turn_that_comes_too_late_is_refused_at_once() -> None:
    slept: list[float] = []
    quota = Quota({"account": 1}, clock=lambda: 5.0, sleep=slept.append)
    assert quota.take(6.0)
    assert not quota.take(60.0)
    assert slept == []


# ---- whose cells are written


def _run(count: int) -> RunFacts:
    keys = [initiative_key(number) for number in range(1, count + 1)]
    problem = Problem(
        period_key="2026-Q1",
        capacity_total_tokens=Decimal(100),
        objective=Objective(mode="north_star"),
        kpis=(Kpi(kpi_key="revenue", kpi_level="north_star"),),
        candidates=tuple(Candidate(initiative_key=key, title=f"T{key}", engineering_tokens=Decimal(1)) for key in keys),
    )
    items = tuple(
        Item(initiative_key=key, selected=True, allocated_tokens=Decimal(1), rank=rank, start_period=None, reason="r")
        for rank, key in enumerate(keys, 1)
    )
    return RunFacts(
        run_id=1, scenario="S", constraint_set="B", rules_version=1, constraint_digest="d", inputs_as_of=NOW,
        solved_at=NOW, problem=problem, solution=Solution(status="optimal", items=items), portfolio_id=1,
    )  # fmt: skip


@st.composite
def workbooks(draw: st.DrawFn) -> Workbook:
    """Every tab with its columns in any order, PMs' own columns among them, and any cells below."""
    grids: dict[str, Grid] = {}
    keys = st.sampled_from([initiative_key(number) for number in range(1, 5)])
    cells = st.one_of(st.just(""), keys, st.sampled_from(["a", "b", "OK", 5, True]), st.text(max_size=3))
    for number, tab in enumerate(TABS):
        names = [*tab.names, "my words", "revenue"] if tab.columns else []
        order = draw(st.permutations(names))
        rows = draw(st.lists(st.lists(cells, max_size=len(order)), max_size=4)) if order else []
        notes = draw(
            st.dictionaries(st.tuples(st.integers(2, 6), st.integers(1, 8)), st.sampled_from(["n", marks.SIGN]))
        )
        grids[tab.name] = Grid(
            title=tab.name, sheet_id=number, row_count=6, column_count=60, values=[order, *rows] if order else [],
            notes=notes,
        )  # fmt: skip
    return Workbook(
        spreadsheet_id="x", title="", url="", locale="en_US", time_zone="UTC", grids=grids, metadata={"sheets": []}
    )


def _frame(grid: Grid, rows: list[Any]) -> Frame:
    """The tab as a re-read would show it after its rows became ``rows``."""
    cells: dict[tuple[int, int], Any] = {}
    for row, values in enumerate([*grid.values[:1], *rows]):
        for column, value in enumerate(values):
            kind = (
                "boolValue" if isinstance(value, bool) else "stringValue" if isinstance(value, str) else "numberValue"
            )
            if value != "":
                cells[row, column] = {"effectiveValue": {kind: value}}
    for (row, column), note in grid.notes.items():
        cells[row - 1, column - 1] = {**cells.get((row - 1, column - 1), {}), "note": note}
    return Frame(
        title=grid.title, sheet_id=grid.sheet_id, row_count=grid.row_count, column_count=grid.column_count, cells=cells
    )


@settings(max_examples=60, deadline=None)
@given(workbooks(), st.data())
def test_a_pms_cell_is_never_in_the_write_set(workbook: Workbook, data: st.DataObject) -> None:
    inputs, findings = read_inputs(workbook)
    extra = Finding(severity=Severity.ERROR, tab="Constraints", row=2, cell="B2", message="bad")
    update = SheetUpdate(
        inputs=inputs, now=NOW, findings=(*findings, extra), new_keys={2: "INIT-000009"}, run=_run(4), failure="no"
    )
    for plan in tab_plans(workbook, update):
        if not isinstance(plan, InputPlan | TablePlan):
            continue
        grid = workbook.grids[plan.title]
        moved = data.draw(st.permutations(list(grid.values[1:])), label=f"rows of {plan.title}")
        frame = _frame(grid, moved)
        for writes in (plan.writes(frame), plan.repair(_frame(grid, list(reversed(moved))))):
            if writes is None:
                continue
            used = len(grid.values)
            for row, column in writes.values:
                assert row >= 1
                if row < used:
                    assert column in _system(plan), f"{plan.title}!{column_letters(column)}{row + 1}"
            assert {column for _, column in writes.looks} <= plan.marks.columns


def _system(plan: InputPlan | TablePlan) -> set[int]:
    head = plan.header
    own = {head.columns[each.name] for each in head.tab.columns if not each.is_pm and each.name in head.columns}
    for family in head.tab.families:
        if family.owner is Owner.SYSTEM:
            own |= set(head.families[family.name].values())
    return own
