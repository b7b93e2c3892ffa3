"""ConstraintSets: saved with their digest and version, and read back as they were."""

from __future__ import annotations

import json
from decimal import Decimal

from sqlalchemy import case, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import ColumnElement, cast

from db.errors import DatabaseBug
from db.models import RULE_FIELDS, ConstraintSetRow, ScenarioRow, table
from db.records import StoredConstraintSet
from engine.canonical import constraint_digest, json_text, stored_form
from engine.keys import normalised
from engine.problem import ConstraintSet


def save_constraint_set(
    session: Session, workspace_id: int, scenario: str, name: str, constraint_set: ConstraintSet
) -> StoredConstraintSet:
    """Stores the compiled set under (scenario, name) and counts its version up where its digest is another than before.

    ``save_inputs`` must have stored the scenario.
    """
    scenario_id = find_scenario_id(session, workspace_id, scenario)
    if scenario_id is None:
        raise DatabaseBug(f"The scenario {scenario!r} is not stored yet. This is a fault of roadmap, not yours.")
    form = stored_form(constraint_set)
    rules = table(ConstraintSetRow).c
    values: dict[str, ColumnElement[object] | object] = {
        field: _as_jsonb(form[field]) if form.get(field) not in (None, {}, [], ()) else None for field in RULE_FIELDS
    }
    values |= {"name": name.strip(), "digest": constraint_digest(constraint_set)}
    values |= {"sources": _as_jsonb(form.get("sources", {})), "compiled_at": func.now()}
    statement = insert(ConstraintSetRow).values(scenario_id=scenario_id, name_key=normalised(name), **values)
    is_new = rules.digest != statement.excluded.digest
    updates = {column: statement.excluded[column] for column in values}
    updates["version"] = case((is_new, rules.version + 1), else_=rules.version)
    statement = statement.on_conflict_do_update(index_elements=["scenario_id", "name_key"], set_=updates)
    row = session.execute(
        statement.returning(rules.id, rules.scenario_id, rules.version, rules.digest),
    ).one()
    return StoredConstraintSet(**row._mapping)


def load_constraint_set(session: Session, workspace_id: int, scenario: str, name: str) -> ConstraintSet | None:
    """The set stored under (scenario, name), sources included; None where there is none."""
    rules = table(ConstraintSetRow).c
    # One object of all fields, as text: a driver that parses JSON itself would make floats of the numbers.
    document = func.jsonb_strip_nulls(_object_of((*RULE_FIELDS, "sources")))
    found = session.scalars(
        select(cast(document, JSONB).op("::")(literal_text()))
        .join(ScenarioRow, ScenarioRow.id == rules.scenario_id)
        .where(ScenarioRow.workspace_id == workspace_id, ScenarioRow.name_key == normalised(scenario))
        .where(rules.name_key == normalised(name))
    ).one_or_none()
    return None if found is None else ConstraintSet.model_validate(json.loads(found, parse_float=Decimal))
