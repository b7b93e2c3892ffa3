"""What all tables share: naming convention, column types, ``created_at`` and ``updated_at``, closed vocabularies.

The trigger that maintains ``updated_at`` (and the one that keeps published versions as they are) is declared here,
beside the tables, so that the declared schema is the whole schema.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    event,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

INITIATIVE_KEY_SEQUENCE = "initiative_key_seq"


class Base(DeclarativeBase):
    """The declared tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy as it is
        str: Text,
        int: BigInteger,
        Decimal: Numeric,
        datetime: DateTime(timezone=True),
        date: Date,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


Id = Annotated[int, mapped_column(Integer, Identity(always=True), primary_key=True)]


class Dated:
    """When a row was made and last changed, by the database's clock."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=1000)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=1001)


def reference(target: str, *, on_delete: str = "RESTRICT", indexed: bool = True, **options: Any) -> Any:
    """A foreign key column to ``table.id``; history hangs on most, so that deleting what it names is refused."""
    return mapped_column(Integer, ForeignKey(target, ondelete=on_delete), index=indexed, **options)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """A closed vocabulary as a CHECK named after its column (null passes: not set)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


TOUCH_FUNCTION = """
CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$
"""
KEEP_FUNCTION = """
CREATE FUNCTION keep_as_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published version never changes: publish a new one'
        USING ERRCODE = 'restrict_violation';
END
$$
"""


def touch_trigger(table: str) -> str:
    """The statement that makes ``table`` maintain its ``updated_at``."""
    return (
        f"CREATE TRIGGER touch_updated_at BEFORE UPDATE ON {table} "
        "FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at()"
    )


def keep_trigger(table: str) -> str:
    """The statement that refuses every change of a row of ``table``, and its deletion."""
    return (
        f"CREATE TRIGGER keep_as_published BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION keep_as_published()"
    )


def is_maintained(table: Table) -> None:
    """Declares the ``updated_at`` trigger of a table."""
    event.listen(table, "after_create", DDL(touch_trigger(table.name)))


def is_kept(table: Table) -> None:
    """Declares the trigger that keeps the rows of a table as they were published."""
    event.listen(table, "after_create", DDL(keep_trigger(table.name)))


event.listen(Base.metadata, "before_create", DDL(TOUCH_FUNCTION))
event.listen(Base.metadata, "before_create", DDL(KEEP_FUNCTION))
