"""The declared tables are the migrated ones, and the schema itself keeps what history hangs on."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.exc import IntegrityError

from db import migrations, roles
from db.base import Base
from db.embedded_program import Place, program_folder
from db.models import RULE_FIELDS, ConstraintSetRow, table
from engine.problem import ConstraintSet

TABLES = {
    "workspaces",
    "initiatives",
    "initiative_math_models",
    "initiative_params",
    "initiative_scores",
    "intake_requests",
    "intake_sheets",
    "organization_metric_configs",
    "optimization_scenarios",
    "optimization_constraint_sets",
    "optimization_runs",
    "portfolios",
    "portfolio_items",
    "roadmaps",
    "roadmap_entries",
    "requests",
    "drive_watches",
    "workspace_watches",
    "google_turns",
    "workspace_leases",
    "workspace_roles",
    "request_audits",
    "webhook_signatures",
    "schedule_slots",
}
"""Beside those of the queue, which are procrastinate's own."""


def dumped(url: str) -> list[str]:
    """The schema as pg_dump tells it, statement by statement, without what is the migrations' own or random."""
    program = program_folder(Place(Path("/"), None)) / "pg_dump"
    parts = make_url(url)
    options = {key: str(value) for key, value in parts.query.items()}
    conninfo = " ".join(
        f"{key}='{value}'" for key, value in {**options, "user": parts.username, "dbname": parts.database}.items()
    )
    command = [str(program), "--schema-only", "--no-owner", "--exclude-table=alembic_version", "-d", conninfo]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    kept = [
        line for line in text.splitlines() if line and not re.match(r"--|\\(un)?restrict|SET |SELECT pg_catalog", line)
    ]
    return sorted("\n".join([*kept, ""]).split(";\n"))


def test_the_migrated_schema_is_the_declared_one_with_constraints_triggers_and_vocabularies(
    empty_database: Callable[[], str], db_url: str
) -> None:
    declared = empty_database()
    engine = create_engine(declared)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        with connection.connection.cursor() as cursor:
            cursor.execute(SchemaManager.get_schema())
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))  # the migrations' own
        assert roles.arrange(connection)
    engine.dispose()
    assert dumped(db_url) == dumped(declared)


def test_the_dump_tells_a_changed_check_apart(new_database: Callable[[], str], db_url: str) -> None:
    other = new_database()
    engine = create_engine(other)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE requests DROP CONSTRAINT ck_requests_status"))
        connection.execute(text("ALTER TABLE requests ADD CONSTRAINT ck_requests_status CHECK (status IN ('done'))"))
    engine.dispose()
    assert dumped(db_url) != dumped(other)


def test_all_tables_of_the_plan_are_there_and_no_other(db_url: str) -> None:
    engine = create_engine(db_url)
    found = {name for name in inspect(engine).get_table_names() if not name.startswith("procrastinate_")}
    assert found - {"alembic_version"} == TABLES
    engine.dispose()


def test_every_foreign_key_leads_an_index_and_every_constraint_has_a_name(db_url: str) -> None:
    engine = create_engine(db_url)
    inspector = inspect(engine)
    for name in TABLES:
        led = {tuple(index["column_names"])[:1] for index in inspector.get_indexes(name)}
        led |= {tuple(unique["column_names"])[:1] for unique in inspector.get_unique_constraints(name)}
        for key in inspector.get_foreign_keys(name):
            assert tuple(key["constrained_columns"]) in led, f"{name}.{key['constrained_columns']} has no index"
            assert str(key["name"]).startswith(f"fk_{name}_")
        for check in inspector.get_check_constraints(name):
            assert str(check["name"]).startswith(f"ck_{name}_")
    engine.dispose()


def test_each_field_of_a_constraint_set_is_one_jsonb_column(db_url: str) -> None:
    engine = create_engine(db_url)
    columns = {
        column["name"]: str(column["type"]) for column in inspect(engine).get_columns("optimization_constraint_sets")
    }
    engine.dispose()
    assert {*RULE_FIELDS, "sources"} == set(ConstraintSet.model_fields)
    assert {columns[field] for field in (*RULE_FIELDS, "sources")} == {"JSONB"}
    assert set(columns) == set(table(ConstraintSetRow).c.keys())


def test_head_is_the_newest_script() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_migrating_twice_changes_nothing(db_url: str) -> None:
    before = dumped(db_url)
    migrations.upgrade(db_url)
    assert migrations.revision(db_url) == migrations.HEAD
    assert dumped(db_url) == before


def test_updated_at_follows_a_change_and_only_a_change(db_url: str) -> None:
    engine = create_engine(db_url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO workspaces (spreadsheet_id, title, url) VALUES ('touch', 'a', '')"))
    seen = []
    for title in ("a", "b"):
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE workspaces SET title = :title WHERE spreadsheet_id = 'touch'"), {"title": title}
            )
            row = connection.execute(
                text("SELECT updated_at > created_at FROM workspaces WHERE spreadsheet_id = 'touch'")
            )
            seen.append(row.scalar())
    engine.dispose()
    assert seen == [False, True]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO requests (request_id, workspace_id, action, requested_by, status) "
        "SELECT 'r', id, 'a', '', 'lost' FROM workspaces",
        "INSERT INTO initiatives (workspace_id, initiative_key, lifecycle_status) "
        "SELECT id, 'INIT-000001', 'Ready' FROM workspaces",
    ],
)
def test_a_word_outside_its_vocabulary_is_refused(db_url: str, statement: str) -> None:
    engine = create_engine(db_url)
    with pytest.raises(IntegrityError, match="violates check constraint"), engine.begin() as connection:
        connection.execute(text("INSERT INTO workspaces (spreadsheet_id, title, url) VALUES ('words', '', '')"))
        connection.execute(text(statement))
    engine.dispose()
