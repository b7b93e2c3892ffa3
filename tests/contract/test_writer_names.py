"""Tabs that a PM renames while a cycle is at work: the worker knows them by the id of their sheet, so that nothing is
lost and no cycle stops, in whatever order names, columns and calls come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sheets_sync.errors import RequestRefused
from tests.contract.desk import Desk
from tests.contract.pairs import UPDATES, Json, Pair, columns, moves, planned, seen, told

READ, WRITE = "GET .*ranges=", "POST .*:batchUpdate"
TITLES_READ = r"GET /v4/spreadsheets/[^/?]*\?fields="
Act = tuple[str, Sequence[Json]]
"""What the PM does right before the next call of a kind arrives."""


def acts(desk: Desk, fault: Any, *ordered: Act) -> None:
    """The PM does one thing after the other, each when its call arrives: the second waits until the first was done."""
    if not ordered:
        return
    (when, requests), *later = ordered

    def then() -> None:
        if requests:
            desk.does(*requests)
        acts(desk, fault, *later)

    desk.proxy.fails(fault(when, kind="call", then=then))


def renamed(desk: Desk, name: str, title: str) -> Json:
    properties = {"sheetId": desk.workbook.grids[name].sheet_id, "title": title}
    return {"updateSheetProperties": {"properties": properties, "fields": "title"}}


def column(desk: Desk, name: str, at: int = 0) -> Json:
    return columns("insertDimension", desk, name, at, at + 1)


OURS, BACK, THEIRS = "Our Constraints", "Constraints", "Their Constraints"


def before_the_look(desk: Desk) -> list[Act]:
    return [(READ, [renamed(desk, "Constraints", OURS)])]


def before_the_repair(desk: Desk) -> list[Act]:
    return [(WRITE, [renamed(desk, "Constraints", OURS)])]


def before_both(desk: Desk) -> list[Act]:
    return [(READ, [renamed(desk, "Constraints", THEIRS)]), (WRITE, [renamed(desk, "Constraints", OURS)])]


def and_back_before_the_names_are_read(desk: Desk) -> list[Act]:
    return [(READ, [renamed(desk, "Constraints", OURS)]), (TITLES_READ, [renamed(desk, "Constraints", BACK)])]


def with_one_more_column(desk: Desk) -> list[Act]:
    return [(READ, [renamed(desk, "Constraints", OURS)]), (WRITE, [column(desk, "Constraints", 3)])]


def with_its_name_given_to_another(desk: Desk) -> list[Act]:
    swapped = [renamed(desk, "Constraints", OURS), renamed(desk, "Metrics", BACK)]
    return [(READ, swapped)]


RENAMINGS: dict[str, Callable[[Desk], list[Act]]] = {
    made.__name__.replace("_", " "): made
    for made in (
        before_the_look,
        before_the_repair,
        before_both,
        and_back_before_the_names_are_read,
        with_one_more_column,
        with_its_name_given_to_another,
    )
}


@pytest.mark.parametrize("when", RENAMINGS)
def test_a_tab_renamed_after_a_column_came_under_the_batch_gets_back_what_was_overwritten(
    when: str, pair: Pair, fault: Any
) -> None:
    during, after = pair.copy(pair.master), pair.copy(pair.master)
    update, renamings = told(during), RENAMINGS[when](during)
    acts(during, fault, (READ, ()), (WRITE, [column(during, "Constraints")]), *renamings)
    during.write(update)
    after.write(told(after))
    after.does(column(after, "Constraints"), *(each for _, requests in RENAMINGS[when](after) for each in requests))
    title = BACK if "back" in when else OURS
    assert seen(during, title) == seen(after, title)
    assert not during.proxy.faults


@pytest.mark.parametrize("name", ["Constraints", "Targets", "Portfolio"])
@pytest.mark.parametrize("later", ["taken back", "another", "moved"])
def test_columns_that_move_again_before_they_are_put_right_lose_nothing(
    later: str, name: str, pair: Pair, fault: Any
) -> None:
    during, after = pair.copy(pair.master), pair.copy(pair.master)
    update = UPDATES[name](during)
    inserted = column(during, name, 2)
    again = {
        "taken back": columns("deleteDimension", during, name, 2, 3),
        "another": column(during, name),
        "moved": moves(during, name, 1, 6),
    }[later]
    acts(during, fault, (READ, ()), (WRITE, [inserted]), (READ, [again]))
    during.write(update)
    after.write(UPDATES[name](after))
    sheet_ids = {each.workbook.grids[name].sheet_id for each in (during, after)}
    assert len(sheet_ids) == 1
    after.does(inserted, again)
    assert seen(during, name) == seen(after, name)


def test_rows_and_then_columns_that_moved_before_a_repair_that_was_refused_are_put_right(
    pair: Pair, fault: Any
) -> None:
    during, after = pair.copy(pair.master), pair.copy(pair.master)
    update = told(during)
    sort, later = during.sorts("Constraints", "max"), [renamed(during, "Constraints", OURS), column(during, BACK)]
    acts(during, fault, (READ, ()), (WRITE, [sort]), (WRITE, later))
    during.write(update)
    after.write(told(after))
    after.does(sort, *later)
    assert seen(during, OURS) == seen(after, OURS)


def test_a_sort_of_ours_that_a_column_and_a_new_name_come_under_is_put_right_too(pair: Pair, fault: Any) -> None:
    during, after = pair.copy(pair.master), pair.copy(pair.master)
    update = planned(during)
    inserted, named = column(during, "Portfolio"), renamed(during, "Portfolio", "The plan")
    acts(during, fault, (READ, ()), (WRITE, [inserted]), (READ, [named]))
    during.write(update)
    after.write(planned(after))
    after.does(column(after, "Portfolio"), renamed(after, "Portfolio", "The plan"))
    assert seen(during, "The plan") == seen(after, "The plan")


def test_a_tab_deleted_before_the_repair_keeps_no_other_from_being_put_right(pair: Pair, fault: Any) -> None:
    during, after = pair.copy(pair.master), pair.copy(pair.master)
    inserted = [column(during, name) for name in ("Constraints", "Initiatives")]
    deleted = {"deleteSheet": {"sheetId": during.workbook.grids["Constraints"].sheet_id}}
    acts(during, fault, (READ, ()), (WRITE, inserted), (WRITE, [deleted]))
    during.write(told(during))
    after.write(told(after))
    after.does(column(after, "Initiatives"))
    assert seen(during, "Initiatives") == seen(after, "Initiatives")


def test_rows_that_moved_are_put_right_though_the_tab_has_a_new_name(pair: Pair, fault: Any) -> None:
    during, after = pair.copy(pair.master), pair.copy(pair.master)
    update = told(during)
    sort, named = during.sorts("Constraints", "max"), renamed(during, "Constraints", OURS)
    acts(during, fault, (READ, ()), (WRITE, [sort]), (WRITE, [named]))
    during.write(update)
    after.write(told(after))
    after.does(after.sorts("Constraints", "max"), renamed(after, "Constraints", OURS))
    assert seen(during, OURS) == seen(after, OURS)


def test_what_was_written_to_a_tab_whose_name_went_to_its_copy_is_put_right_by_its_sheet_id(
    pair: Pair, fault: Any
) -> None:
    during, after = pair.copy(pair.master), pair.copy(pair.master)
    update = told(during)

    def replaced(desk: Desk) -> list[Json]:
        copied = {"sourceSheetId": desk.workbook.grids["Constraints"].sheet_id, "newSheetName": BACK}
        return [column(desk, "Constraints"), renamed(desk, "Constraints", OURS), {"duplicateSheet": copied}]

    acts(during, fault, (READ, ()), (WRITE, replaced(during)))
    during.write(update)
    after.write(told(after))
    after.does(column(after, "Constraints"), renamed(after, "Constraints", OURS))
    assert seen(during, OURS) == seen(after, OURS)


@pytest.mark.parametrize("call", [READ, WRITE])
def test_a_tab_renamed_and_renamed_back_within_one_call_stops_no_cycle(call: str, desk: Desk, fault: Any) -> None:
    desk.read()
    update = desk.update()
    there, back = renamed(desk, "Constraints", OURS), renamed(desk, "Constraints", BACK)
    acts(desk, fault, (call, [there]), (TITLES_READ, [back]))
    report = desk.write(update)
    assert report.skipped_tabs == ()
    assert desk.column("Constraints", "sys: status") == ["OK"] * 5
    assert not desk.proxy.faults


def test_a_tab_renamed_again_and_again_while_it_is_read_is_read_at_last(desk: Desk, fault: Any) -> None:
    desk.read()
    there, back = renamed(desk, "Constraints", OURS), renamed(desk, "Constraints", BACK)
    values = "GET .*values:batchGet"
    acts(desk, fault, (values, [there]), (values, [back]))
    assert desk.gateway.read(desk.id).grids.keys() == desk.workbook.grids.keys()
    assert not desk.proxy.faults


def test_what_google_keeps_refusing_stops_the_cycle_after_a_few_tries(desk: Desk, fault: Any) -> None:
    desk.read()
    update = desk.update()
    desk.proxy.fails(fault("batchUpdate", status=400, times=None))
    before = desk.gateway.counts.writes
    with pytest.raises(RequestRefused):
        desk.write(update)
    assert desk.gateway.counts.writes - before == 4
