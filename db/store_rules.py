"""ConstraintSets: saved with their digest and version, and read back as they were."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, null, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.documents import as_jsonb, as_text, plain
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
    scenario_id = session.scalars(
        select(ScenarioRow.id).where(
            ScenarioRow.workspace_id == workspace_id, ScenarioRow.name_key == normalised(scenario)
        )
    ).one_or_none()
    if scenario_id is None:
        raise DatabaseBug(f"The scenario {scenario!r} has not been stored. This is a fault of roadmap, not yours.")
    form = stored_form(constraint_set)
    columns = table(ConstraintSetRow).c
    values: dict[str, Any] = {
        field: null() if form.get(field) in (None, {}, [], ()) else as_jsonb(json_text(form[field]))
        for field in RULE_FIELDS
    }
    values["sources"] = as_jsonb(json_text(form.get("sources", {})))
    values |= {"name": name.strip(), "digest": constraint_digest(constraint_set), "compiled_at": func.now()}
    statement = insert(ConstraintSetRow).values(scenario_id=scenario_id, name_key=normalised(name), **values)
    updates: dict[str, Any] = {column: statement.excluded[column] for column in values}
    differs = columns.digest != statement.excluded.digest
    updates["version"] = case((differs, columns.version + 1), else_=columns.version)
    statement = statement.on_conflict_do_update(index_elements=["scenario_id", "name_key"], set_=updates)
    row = session.execute(statement.returning(columns.id, columns.scenario_id, columns.version, columns.digest)).one()
    return StoredConstraintSet(**row._mapping)


def load_constraint_set(session: Session, workspace_id: int, scenario: str, name: str) -> ConstraintSet | None:
    """The set stored under (scenario, name), sources included; None where there is none."""
    columns = table(ConstraintSetRow).c
    fields = (*RULE_FIELDS, "sources")
    row = session.execute(
        select(*(as_text(columns[field]).label(field) for field in fields))
        .join(ScenarioRow, ScenarioRow.id == columns.scenario_id)
        .where(ScenarioRow.workspace_id == workspace_id, ScenarioRow.name_key == normalised(scenario))
        .where(columns.name_key == normalised(name))
    ).one_or_none()
    if row is None:
        return None
    return ConstraintSet.model_validate(
        {field: plain(held) for field, held in row._mapping.items() if held is not None}
    )
