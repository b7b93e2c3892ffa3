"""Which key a row of Initiatives had, by its title, where that is beyond doubt."""

from __future__ import annotations

import pytest

from engine.inputs import InitiativeRow
from engine.lost_keys import KnownInitiative, LostKeys, lost_keys


def rows(*cells: tuple[str | None, str | None]) -> list[InitiativeRow]:
    return [
        InitiativeRow(tab="Initiatives", row=row, digest="", cells={}, initiative_key=key, title=title)
        for row, (key, title) in enumerate(cells, 2)
    ]


def known(*told: tuple[str, str], deleted: tuple[str, ...] = ()) -> list[KnownInitiative]:
    return [KnownInitiative(initiative_key=key, title=title, is_in_sheet=key not in deleted) for key, title in told]


TWO = known(("K1", "Live map"), ("K2", "Vouchers"))


@pytest.mark.parametrize("there", [None, "K99", "K1"], ids=["cleared", "typed over", "another row's key"])
def test_a_key_comes_back_to_the_one_row_of_its_title(there: str | None) -> None:
    assert lost_keys(rows(("K1", "Live map"), (there, " VOUCHERS")), TWO) == LostKeys(found={3: "K2"})


@pytest.mark.parametrize(
    "cells",
    [
        [("K1", "Live map"), ("K2", "Vouchers"), ("K2", "Vouchers")],
        [("K1", "Live map"), ("K2", "Vouchers"), (None, "Vouchers")],
        [("K2", "Live map"), ("K1", "Vouchers")],
        [("K2", "Live map")],
        [("K1", "Live map"), (None, None)],
        [("K1", "Live map"), (None, "New")],
    ],
    ids=["copied row", "copied without key", "titles swapped", "renamed", "cleared row", "new title"],
)
def test_no_other_row_is_touched(cells: list[tuple[str | None, str | None]]) -> None:
    assert lost_keys(rows(*cells), TWO) == LostKeys()


def test_an_initiative_that_was_deleted_earlier_comes_back_as_a_new_one() -> None:
    twice = known(("K2", "Vouchers"), ("K3", "Vouchers"), deleted=("K2", "K3"))
    for those in (twice[:1], twice):
        assert lost_keys(rows((None, "Vouchers")), those) == LostKeys()
    assert lost_keys(rows((None, "Map")), known(("K1", "Map"), ("K2", "Map"), deleted=("K1",))).doubtful == {2: ("K2",)}


@pytest.mark.parametrize("there", [None, "K99"])
def test_of_several_initiatives_of_one_title_none_is_guessed(there: str | None) -> None:
    """Neither of two that are gone, nor of one whose title another row has too."""
    twins = known(("K1", "Map"), ("K2", "Map"), ("K3", "Map"))
    assert lost_keys(rows(("K1", "Map"), (there, "Map")), twins) == LostKeys(doubtful={3: ("K2", "K3")})
    assert lost_keys(rows((there, "Map")), twins[:2]) == LostKeys(doubtful={2: ("K1", "K2")})
