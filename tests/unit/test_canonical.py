"""The canonical JSON of a ConstraintSet, and what its digest sees."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.canonical import canonical_json, constraint_digest, number_text
from engine.problem import Bundle, ConstraintSet, Group, SourceCell, Synergy, Target, TargetSet

INITIATIVES = [f"INIT-{number:06d}" for number in range(1, 7)]
members = st.lists(st.sampled_from(INITIATIVES), min_size=2, max_size=4, unique=True)
amounts = st.decimals(0, 10_000, places=3)
by_key = st.dictionaries(st.sampled_from(["UK", "FR", "Straße"]), amounts, max_size=3)


@st.composite
def rule_sets(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of a ConstraintSet as plain values, with no two that disagree."""
    return {
        "caps": {"country": draw(by_key), "country+product": {"UK|Payments": draw(amounts)}},
        "resource_floors": {"design": {"all": {"all": draw(amounts)}}},
        "period_caps": {"2026-Q1": {"country": draw(by_key)}},
        "count_caps": {"country": {"UK": draw(st.integers(0, 9))}},
        "targets": {"all": {"all": {"revenue": {"goal": {"value": draw(amounts), "penalty": draw(amounts)}}}}},
        "mandatory_initiatives": draw(members),
        "exclusions_pairs": draw(st.lists(members.map(lambda m: tuple(sorted(m[:2]))), max_size=3)),
        "bundles": draw(st.lists(members, max_size=3)),
        "groups": draw(st.lists(st.tuples(members, st.integers(0, 3)), max_size=2)),
        "prerequisites": {"INIT-000001": draw(members), "INIT-000002": draw(members)},
        "synergy_bonuses": draw(st.lists(st.tuples(members, amounts), max_size=2)),
        "reasons": {"INIT-000001": "A promise"},
    }


def made(fields: dict[str, Any], **more: Any) -> ConstraintSet:
    """The ConstraintSet of the fields."""
    held = dict(fields)
    held["bundles"] = [Bundle(bundle_key=f"bundle {n}", members=tuple(m)) for n, m in enumerate(held["bundles"])]
    held["groups"] = [
        Group(group_key=f"group {n}", members=tuple(m), max_selected=most) for n, (m, most) in enumerate(held["groups"])
    ]
    held["synergy_bonuses"] = [
        Synergy(members=tuple(m), kpi_key="revenue", bonus=bonus) for m, bonus in held["synergy_bonuses"]
    ]
    return ConstraintSet(**{**held, **more})


def respelled(value: Any, draw: st.DrawFn, *, is_key: bool = False) -> Any:
    """The same rules as other hands would write them: order, case, blanks and zeros after the point."""
    if isinstance(value, dict):
        pairs = draw(st.permutations(list(value.items())))
        free_text = ("A promise",)
        return {
            (respelled(key, draw, is_key=True) if key not in FIELDS else key): (
                held if held in free_text else respelled(held, draw)
            )
            for key, held in pairs
        }
    if isinstance(value, list):
        again = [*value, *value[:1]] if draw(st.booleans()) else value
        return [respelled(held, draw) for held in draw(st.permutations(again))]
    if isinstance(value, tuple):
        return tuple(respelled(held, draw) for held in value)
    if isinstance(value, str):
        return draw(st.sampled_from([value, value.lower(), value.upper(), f" {value} "]))
    if isinstance(value, Decimal):
        return value.quantize(Decimal("0.00001"))
    return value


FIELDS = {*ConstraintSet.model_fields, "floor", "goal", "cap", "value", "penalty", "all", "country", "country+product"}


@given(rule_sets(), st.data())
def test_order_spelling_blanks_and_duplicates_never_change_the_digest(fields: dict[str, Any], data: Any) -> None:
    other = respelled(fields, data.draw)
    assert constraint_digest(made(other)) == constraint_digest(made(fields))


@given(rule_sets(), amounts)
def test_another_bound_is_another_digest(fields: dict[str, Any], amount: Decimal) -> None:
    changed = {**fields, "caps": {**fields["caps"], "country+product": {"UK|Payments": amount}}}
    same = amount == fields["caps"]["country+product"]["UK|Payments"]
    assert (constraint_digest(made(changed)) == constraint_digest(made(fields))) is same


@given(rule_sets())
def test_labels_and_sources_are_no_part_of_the_digest(fields: dict[str, Any]) -> None:
    with_sources = made(fields, sources={"caps.country.uk": (SourceCell(cell="Constraints!F7", row="sha256:1"),)})
    labelled = with_sources.model_copy(
        update={"bundles": tuple(b.model_copy(update={"bundle_key": "x"}) for b in with_sources.bundles)}
    )
    assert constraint_digest(labelled) == constraint_digest(made(fields))


@given(rule_sets())
def test_canonical_json_is_json_that_reads_back_to_the_same_rules(fields: dict[str, Any]) -> None:
    rules = made(fields)
    text = canonical_json(rules)
    again = ConstraintSet.model_validate(json.loads(text, parse_float=Decimal, parse_int=Decimal))
    assert canonical_json(again) == text
    assert constraint_digest(again) == constraint_digest(rules)


@given(rule_sets())
def test_keys_and_lists_of_the_canonical_json_are_sorted(fields: dict[str, Any]) -> None:
    tree = json.loads(canonical_json(made(fields)))
    assert list(tree) == sorted(tree)
    assert tree["mandatory_initiatives"] == sorted(set(tree["mandatory_initiatives"]))
    assert [b["members"] for b in tree.get("bundles", [])] == sorted(b["members"] for b in tree.get("bundles", []))


def test_the_stored_json_keeps_the_first_spelling_and_the_sources() -> None:
    rules = ConstraintSet(
        caps={"Country": {"UK": Decimal("400.0"), " uk": Decimal(400)}},
        mandatory_initiatives=("INIT-000002", "init-000002", "INIT-000001"),
        sources={"Caps.Country.UK": (SourceCell(cell="Constraints!F7"),)},
    )
    assert canonical_json(rules) == (
        '{"caps":{"country":{"UK":400}},"mandatory_initiatives":["INIT-000001","INIT-000002"],'
        '"sources":{"caps.country.uk":[{"cell":"Constraints!F7"}]}}'
    )


def test_a_cross_dimension_is_one_slice_in_either_order() -> None:
    one = ConstraintSet(caps={"product+country": {"Payments|UK": Decimal(1)}})
    other = ConstraintSet(caps={"country+product": {"UK | Payments": Decimal(1)}})
    assert canonical_json(one) == '{"caps":{"country+product":{"UK|Payments":1}}}'
    assert constraint_digest(one) == constraint_digest(other)


def test_what_is_not_set_is_absent_null_and_blank_alike() -> None:
    bare = ConstraintSet(targets={"all": {"all": {"revenue": TargetSet(floor=Target(value=Decimal(5)))}}})
    blank = ConstraintSet(
        targets={"all": {"all": {"revenue": TargetSet(floor=Target(value=Decimal(5), notes=" "))}}},
        caps={"country": {}},
        reasons={"INIT-000001": ""},
    )
    assert canonical_json(blank) == canonical_json(bare)


def test_two_spellings_that_disagree_are_refused() -> None:
    with pytest.raises(ValueError, match="given twice"):
        canonical_json(ConstraintSet(caps={"country": {"UK": Decimal(1), "uk": Decimal(2)}}))


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_its_value_in_shortest_form(number: Decimal) -> None:
    text = number_text(number)
    assert Decimal(text) == number
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == number
    assert number_text(Decimal(text)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("400.0", "400"),
        ("1E+3", "1000"),
        ("0.10", "0.1"),
        ("-0", "0"),
        ("-2.50", "-2.5"),
        ("1e25", "1e25"),
        ("1.5e-9", "1.5e-9"),
    ],
)
def test_numbers_look_as_people_expect(number: str, text: str) -> None:
    assert number_text(Decimal(number)) == text


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_a_number_that_json_cannot_hold_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        number_text(Decimal(number))
