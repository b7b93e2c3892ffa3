"""Workspaces, initiative keys and typed rows, on a real Postgres."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db import store
from db.errors import TextRefused
from db.session import Database
from db.store_workspaces import KEY_LEAP
from engine.inputs import ContributionRow, InitiativeRow, MetricRow, ScenarioRow, WorkbookInputs

quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4)


def number_of(key: str) -> int:
    return int(key.removeprefix("INIT-"))


@pytest.fixture
def workspace(database: Database, request: pytest.FixtureRequest) -> int:
    with database.transaction() as session:
        return store.register_workspace(session, request.node.name, "Plans", "http://sheet").id


def initiative(key: str | None, **cells: object) -> InitiativeRow:
    return InitiativeRow(tab="Initiatives", row=2, **{"initiative_key": key, "title": "One", **cells})  # type: ignore[arg-type]


def test_registering_a_spreadsheet_twice_is_one_workspace_with_the_newer_title(database: Database) -> None:
    with database.transaction() as session:
        first = store.register_workspace(session, "twice", "Old", "http://old")
        second = store.register_workspace(session, "twice", "New", "http://new")
        assert second.id == first.id
        assert store.find_workspace(session, "twice") == second
        assert second in store.list_workspaces(session)
        assert store.find_workspace(session, "never") is None


def test_reserved_keys_only_ever_grow_even_when_the_transaction_is_undone(database: Database) -> None:
    with database.transaction() as session:
        before = store.reserve_initiative_keys(session, 3)
    with pytest.raises(RuntimeError), database.transaction() as session:
        undone = store.reserve_initiative_keys(session, 2)
        raise RuntimeError
    with database.transaction() as session:
        after = store.reserve_initiative_keys(session, 1)
    keys = [*before, *undone, *after]
    assert [number_of(key) for key in keys] == sorted({number_of(key) for key in keys})


def test_keys_reserved_by_many_at_once_are_all_different(database: Database) -> None:
    taken: list[str] = []

    def reserve() -> None:
        with database.transaction() as session:
            taken.extend(store.reserve_initiative_keys(session, 50))

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 200


@quick
@given(st.lists(st.integers(1, 5000), max_size=5))
def test_pasted_keys_raise_the_sequence_and_never_lower_it(database: Database, leaps: list[int]) -> None:
    with database.transaction() as session:
        before = number_of(store.reserve_initiative_keys(session, 1)[0])
        pasted = [f"INIT-{before + leap:06d}" for leap in leaps]
        assert store.note_initiative_keys(session, [*pasted, "INIT-000001"]) == ()
        after = number_of(store.reserve_initiative_keys(session, 1)[0])
    assert after == before + max(leaps, default=0) + 1


def test_an_absurdly_large_pasted_key_is_told_and_not_obeyed(database: Database) -> None:
    with database.transaction() as session:
        before = number_of(store.reserve_initiative_keys(session, 1)[0])
        far = f"INIT-{before + KEY_LEAP + 1:06d}"
        assert store.note_initiative_keys(session, [far, "INIT-999999999999"]) == (far, "INIT-999999999999")
        assert number_of(store.reserve_initiative_keys(session, 1)[0]) == before + 1


def test_a_new_key_passes_over_one_that_is_in_use(database: Database, workspace: int) -> None:
    with database.transaction() as session:
        last = number_of(store.reserve_initiative_keys(session, 1)[0])
        used = f"INIT-{last + 1:06d}"
        store.save_inputs(session, workspace, WorkbookInputs(initiatives=(initiative(used),)))
        assert used not in store.reserve_initiative_keys(session, 2)


@quick
@given(
    title=words,
    tokens=numbers,
    day=st.dates(),
    resources=st.dictionaries(words, numbers, max_size=3),
    contributions=st.dictionaries(words, numbers, max_size=3),
    flag=st.none() | st.booleans(),
)
def test_typed_cells_are_stored_as_they_mean(
    database: Database,
    title: str,
    tokens: Decimal,
    day: date,
    resources: dict[str, Decimal],
    contributions: dict[str, Decimal],
    flag: bool | None,
) -> None:
    typed = initiative(
        "INIT-000777",
        title=title,
        engineering_tokens=tokens,
        deadline_date=day,
        resources=resources,
        is_candidate=flag,
        lifecycle_status="ready",
    )
    row = ContributionRow(tab="C", row=2, initiative_key="INIT-000777", contributions=contributions)
    with database.transaction() as session:
        workspace = store.register_workspace(session, "cells", "", "").id
        store.save_inputs(session, workspace, WorkbookInputs(initiatives=(typed,), contributions=(row,)))
        kept = session.execute(
            text(
                "SELECT title, engineering_tokens, deadline_date, is_candidate, lifecycle_status,"
                " (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(resources)) = :resources,"
                " kpi_contributions = :contributions"
                " FROM initiatives WHERE workspace_id = :id AND initiative_key = 'INIT-000777'"
            ).bindparams(),
            {
                "id": workspace,
                "resources": as_json(resources),
                "contributions": as_json(contributions),
            },
        ).one()
    assert tuple(kept) == (title, tokens, day, flag, "ready", True, True)


def as_json(amounts: dict[str, Decimal]) -> str:
    from engine.canonical import json_text

    return json_text(amounts)


def test_saving_the_same_rows_again_changes_nothing_and_an_edit_changes_its_row(
    database: Database, workspace: int
) -> None:
    rows = tuple(initiative(f"INIT-{number:06d}", engineering_tokens=Decimal(number)) for number in range(1, 31))
    inputs = WorkbookInputs(
        initiatives=rows,
        metrics=(MetricRow(tab="Metrics", row=2, kpi_key="revenue"),),
        scenarios=(ScenarioRow(tab="Scenarios", row=2, scenario_name="Core"),),
    )
    edited = (initiative("INIT-000001", engineering_tokens=Decimal(99)), *rows[1:])
    counts = []
    for given_rows in (rows, rows, edited):
        with database.transaction() as session:
            changed = WorkbookInputs(initiatives=given_rows, metrics=inputs.metrics, scenarios=inputs.scenarios)
            counts.append(store.save_inputs(session, workspace, changed))
    assert counts == [32, 0, 1]


def test_a_row_that_left_the_sheet_is_noted_and_kept(database: Database, workspace: int) -> None:
    both = WorkbookInputs(initiatives=(initiative("INIT-000001"), initiative("INIT-000002")))
    with database.transaction() as session:
        store.save_inputs(session, workspace, both)
        store.save_inputs(session, workspace, WorkbookInputs(initiatives=both.initiatives[:1]))
        kept = session.execute(
            text("SELECT initiative_key, is_in_sheet FROM initiatives WHERE workspace_id = :id ORDER BY 1"),
            {"id": workspace},
        )
        assert [tuple(row) for row in kept] == [("INIT-000001", True), ("INIT-000002", False)]


def test_rows_without_a_key_twice_or_outside_the_vocabulary_do_not_stop_the_others(
    database: Database, workspace: int
) -> None:
    rows = (
        initiative(None),
        initiative("INIT-000001", title="first", lifecycle_status="Redy", duration_periods=10**30),
        initiative("INIT-000001", title="second"),
    )
    scenarios = tuple(ScenarioRow(tab="S", row=2, scenario_name=name) for name in (None, "Core", " CORE "))
    with database.transaction() as session:
        store.save_inputs(session, workspace, WorkbookInputs(initiatives=rows, scenarios=scenarios))
        kept = session.execute(
            text("SELECT title, lifecycle_status FROM initiatives WHERE workspace_id = :id"), {"id": workspace}
        ).one()
        names = session.execute(
            text("SELECT scenario_name FROM optimization_scenarios WHERE workspace_id = :id"), {"id": workspace}
        ).scalars()
        assert tuple(kept) == ("first", None)
        assert list(names) == ["Core"]


@pytest.mark.parametrize("bad", ["nul \0 inside", "half \ud800 a pair"])
@pytest.mark.parametrize("field", ["title", "resources"])
def test_a_text_that_postgres_cannot_hold_is_a_sentence(
    database: Database, workspace: int, bad: str, field: str
) -> None:
    cells = {field: {bad: Decimal(1)} if field == "resources" else bad}
    with pytest.raises(TextRefused, match="character that the database cannot keep"), database.transaction() as session:
        store.save_inputs(session, workspace, WorkbookInputs(initiatives=(initiative("INIT-000001", **cells),)))


def test_a_name_too_long_to_index_is_a_sentence(database: Database, workspace: int) -> None:
    import random

    name = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=50_000))
    scenario = ScenarioRow(tab="S", row=2, scenario_name=name)
    with pytest.raises(TextRefused, match="too long"), database.transaction() as session:
        store.save_inputs(session, workspace, WorkbookInputs(scenarios=(scenario,)))


def test_five_megabytes_in_one_cell_are_stored(database: Database, workspace: int) -> None:
    row = initiative("INIT-000001", description="x" * 5_000_000)
    with database.transaction() as session:
        assert store.save_inputs(session, workspace, WorkbookInputs(initiatives=(row,))) == 1
