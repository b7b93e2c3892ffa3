"""Laws of how single cells become requests: whatever the shapes, every cell gets its own value, once."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sheets_sync import staging
from sheets_sync.cell_writes import SHORTEST_RUN, TabWrites
from sheets_sync.content import FORMAT_FIELDS, Figure, cell_data, format_data, link

CONTENTS = st.one_of(
    st.none(), st.sampled_from(["a", "b", "1", "TRUE"]), st.integers(0, 2), st.booleans(),
    st.just(link("a", "#gid=1")), st.just(Figure(Decimal("1.5"))),
)  # fmt: skip


@st.composite
def values(draw: st.DrawFn) -> dict[tuple[int, int], Any]:
    """Cells of a small tab; columns with long runs of one content among them."""
    cells = dict(draw(st.dictionaries(st.tuples(st.integers(1, 25), st.integers(0, 4)), CONTENTS, max_size=60)))
    for column in draw(st.sets(st.integers(0, 4), max_size=2)):
        first, held = draw(st.integers(1, 9)), draw(CONTENTS)
        cells |= {(row, column): held for row in range(first, first + SHORTEST_RUN + 2)}
    return cells


def filled(requests: list[dict[str, Any]], stage: dict[tuple[int, int], Any]) -> tuple[dict[Any, Any], Counter[Any]]:
    """The cells that requests fill, and how often each part of each."""
    cells: dict[Any, Any] = defaultdict(dict)
    times: Counter[Any] = Counter()
    for request in requests:
        ((kind, body),) = request.items()
        if kind == "updateCells":
            start = body["start"]
            made = {
                (start["rowIndex"] + down, start["columnIndex"] + right): data
                for down, row in enumerate(body["rows"])
                for right, data in enumerate(row["values"])
            }
        elif kind == "repeatCell":
            made = dict.fromkeys(area(body["range"]), body["cell"])
        else:
            source, target = area(body["source"]), area(body["destination"])
            made = {cell: cell_data(stage[there]) for cell, there in zip(target, source, strict=True)}
        for cell, data in made.items():
            cells[cell] |= data
            times[cell, body.get("fields", "userEnteredValue")] += 1
    return dict(cells), times


def shown(held: Any) -> dict[str, Any]:
    """A cell's CellData, with the format of a figure."""
    return cell_data(held) | (format_data(held.pattern) if isinstance(held, Figure) else {})


def area(where: dict[str, int]) -> list[tuple[int, int]]:
    rows, columns = (range(where[f"start{side}Index"], where[f"end{side}Index"]) for side in ("Row", "Column"))
    return [(row, column) for row in rows for column in columns]


@given(values())
def test_each_cell_is_written_once_with_its_own_value(cells: dict[tuple[int, int], Any]) -> None:
    made, times = filled(TabWrites("T", 7, 100, values=cells).requests(), {})
    assert made == {cell: shown(held) for cell, held in cells.items()}
    assert set(times.values()) <= {1}


@given(values(), st.permutations(range(1, 26)))
def test_staged_values_reach_their_cells_though_rows_moved_meanwhile(
    cells: dict[tuple[int, int], Any], moved: list[int]
) -> None:
    laid_out, places = staging._laid_out([TabWrites("T", 7, 100, values=cells)])
    stage = staging.Stage(99, places)
    now = {(moved[row - 1], column): held for (row, column), held in cells.items()}
    made, times = filled(TabWrites("T", 7, 100, values=now).requests(stage.copies), laid_out)
    assert made == {cell: shown(held) for cell, held in now.items()}
    assert set(times.values()) <= {1}
    assert {type(held) for held in laid_out.values()} <= {str, int, bool}


def test_equal_cells_below_each_other_are_said_once() -> None:
    cells: dict[tuple[int, int], Any] = {(row, 3): "Core" for row in range(1, 1001)}
    (request,) = TabWrites("T", 7, 2000, values=cells).requests()
    assert request["repeatCell"]["range"]["endRowIndex"] == 1001


def test_a_format_that_figures_below_each_other_share_is_said_once() -> None:
    cells: dict[tuple[int, int], Any] = {(row, 3): Figure(Decimal(row)) for row in range(1, 1001)}
    values, formats = TabWrites("T", 7, 2000, values=cells).requests()
    assert values["updateCells"]["fields"] == "userEnteredValue"
    assert formats["repeatCell"]["fields"] == FORMAT_FIELDS
    assert formats["repeatCell"]["range"]["endRowIndex"] == 1001


@given(st.lists(st.dictionaries(st.integers(0, 4), CONTENTS, min_size=1), max_size=12), st.integers(1, 9))
def test_inserted_rows_show_what_they_are_to_show_and_their_blanks_are_not_sent(
    rows: list[dict[int, Any]], at: int
) -> None:
    writes = TabWrites("Tab", 7, 100)
    writes.insert(at, rows)
    requests = [request for request in writes.requests() if "insertDimension" not in request]
    cells, _ = filled(requests, {})
    wanted = {(row, column): held for row, each in enumerate(rows, at) for column, held in each.items()}
    assert cells == {cell: shown(held) for cell, held in wanted.items() if held is not None}
