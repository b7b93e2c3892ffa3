"""Many rows in one statement: columns go as arrays, ``unnest`` makes them rows, and only what differs is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable, Table, Text, bindparam, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.orm import Session

Rows = Sequence[Mapping[str, Any]]
"""Rows as {column: value}, all with the same columns; the value of a JSONB column is its JSON text."""


def unnested(table: Table, rows: Rows, *, name: str = "given") -> Any:
    """``rows`` as a relation named ``name`` with the types of ``table``'s columns (JSONB columns as text)."""
    names = list(rows[0])
    arrays = []
    for column in names:
        kind = Text() if isinstance(table.c[column].type, JSONB) else table.c[column].type
        values = bindparam(None, [row[column] for row in rows], ARRAY(kind))
        arrays.append(cast(values, ARRAY(kind)))
    return func.unnest(*arrays).table_valued(*names, name=name).render_derived()


def as_stored(table: Table, given: Any, column: str) -> Any:
    """Column ``column`` of an ``unnested`` relation, as its table keeps it."""
    return cast(given.c[column], table.c[column].type)


def upsert(session: Session, table: Table, key: Sequence[str], rows: Rows) -> int:
    """Inserts ``rows``, or updates those whose ``key`` columns are there with what differs; how many rows changed.

    The keys must be distinct, and have a unique constraint.
    """
    if not rows:
        return 0
    names = list(rows[0])
    given = unnested(table, rows)
    statement = insert(table).from_select(names, select(*(as_stored(table, given, name) for name in names)))
    others = [name for name in names if name not in key]
    if others:
        statement = statement.on_conflict_do_update(
            index_elements=list(key),
            set_={name: statement.excluded[name] for name in others},
            where=or_(*(table.c[name].is_distinct_from(statement.excluded[name]) for name in others)),
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(key))
    return rows_changed(session, statement)


def rows_changed(session: Session, statement: Executable) -> int:
    """Runs an INSERT or UPDATE; how many rows it wrote."""
    result = session.execute(statement, execution_options={"preserve_rowcount": True})
    assert isinstance(result, CursorResult)
    return result.rowcount
