"""What a tab and a column are: the vocabulary in which ``sheets_sync.tabs`` declares the workbook."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Owner(StrEnum):
    """Whose cells they are. The worker never writes a PM's cell; a PM's edit in a system cell is put back."""

    PM = "PM"
    SYSTEM = "SYSTEM"


class Kind(StrEnum):
    """INPUT: rows that people type. OUTPUT: a table the system writes (some have PM columns). PAGE: no header row."""

    INPUT = "input"
    OUTPUT = "output"
    PAGE = "page"


class ColumnType(StrEnum):
    """How a cell of the column is read, written, formatted and checked."""

    KEY = "key"  # one initiative: INIT-000123
    KEYS = "keys"  # several initiatives
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    PERCENT = "percent"  # a fraction: 25 % is 0.25
    AMOUNT = "amount"  # a number; of a share rule a percentage
    CHECKBOX = "checkbox"
    DATE = "date"
    DATETIME = "datetime"
    PERIOD = "period"  # 2026-Q1, 2026-H1 or 2026-03
    LIST = "list"  # names, separated by comma, semicolon, | or line break
    ORDER = "order"  # names in order: revenue > diners
    WEIGHTS = "weights"  # revenue 60%, diners 40%
    CHOICE = "choice"  # one of ``choices``
    IMPORTANCE = "importance"  # low, medium, high or a number
    LINK = "link"  # a hyperlink the system writes


class ListOf(StrEnum):
    """A list that the workbook itself defines, offered as a dropdown; ``tabs.LIST_COLUMNS`` says where each stands."""

    INITIATIVES = "initiatives"
    KPIS = "kpis"
    SCENARIOS = "scenarios"
    SETS = "sets"
    COUNTRIES = "countries"
    DEPARTMENTS = "departments"
    CATEGORIES = "categories"
    PROGRAMS = "programs"
    PRODUCTS = "products"
    SEGMENTS = "segments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One declared column.

    ``choices`` are the fixed words of a dropdown, ``dropdown`` a list of the workbook's own; at most one of the two is
    set. ``former_choices`` are what older versions offered: where exactly that is offered, `roadmap init` puts what
    this one does. ``is_required``: without this column the rows would answer another question, so a run stops when it
    is missing; a missing column that is not required is told too, but stops nothing. ``group`` is "technical" for ids
    and digests, which stand in a collapsed group, else "". ``minimum`` bounds a number. ``width`` is in pixels.
    """

    name: str
    owner: Owner
    type: ColumnType
    meaning: str
    unit: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()
    former_choices: tuple[tuple[str, ...], ...] = ()
    dropdown: ListOf | None = None
    aliases: tuple[str, ...] = ()
    is_required: bool = False
    group: str = ""
    minimum: int | None = None
    width: int = 110

    @property
    def is_pm(self) -> bool:
        """True where a PM types."""
        return self.owner is Owner.PM


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Any number of columns of one sort: ``resource: NAME`` (``prefix`` "resource") or one per KPI (``prefix`` "": the
    column's name is the kpi_key). ``name`` is the family's name in ``rows.Header.families``."""

    name: str
    prefix: str
    owner: Owner
    type: ColumnType
    meaning: str
    unit: str = ""
    example: str = ""
    minimum: int | None = None
    width: int = 100

    def header(self, member: str) -> str:
        """The header text of one member: "resource: design", or the KPI's key."""
        return f"{self.prefix}: {member}" if self.prefix else member


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One declared tab.

    ``columns`` stand in sheet order, those of ``families`` right after the column ``families_after``. ``is_hidden``:
    not shown until it is used. ``is_optional``: a workbook without it works all the same, so that its absence stops no
    run.
    """

    name: str
    kind: Kind
    meaning: str
    columns: tuple[Column, ...] = ()
    families: tuple[Family, ...] = ()
    families_after: str = ""
    is_hidden: bool = False
    is_optional: bool = False
    aliases: tuple[str, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """The declared column names in sheet order."""
        return tuple(column.name for column in self.columns)

    @property
    def sheet_id(self) -> int:
        """The id that the template gives its sheet, the same in every workbook: by it a renamed tab is found again."""
        return 1_000_000_000 + int(hashlib.sha256(self.name.encode()).hexdigest()[:6], 16)

    @property
    def has_findings(self) -> bool:
        """True where each row can be told its problems in ``sys: status`` and ``sys: message``."""
        return "sys: status" in self.names

    @property
    def is_read(self) -> bool:
        """True where people type something that the worker reads."""
        return any(column.is_pm for column in self.columns)

    def column(self, name: str) -> Column:
        """The declared column of that exact name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"tab {self.name!r} declares no column {name!r}")

    def family(self, name: str) -> Family:
        """The declared family of that name; KeyError where there is none."""
        for family in self.families:
            if family.name == name:
                return family
        raise KeyError(f"tab {self.name!r} declares no family {name!r}")


def pm(name: str, type: ColumnType, meaning: str, *, is_required: bool = True, **more: Any) -> Column:
    """A column that PMs own; required unless told otherwise."""
    return Column(name=name, owner=Owner.PM, type=type, meaning=meaning, is_required=is_required, **more)


def system(name: str, type: ColumnType, meaning: str, **more: Any) -> Column:
    """A column that the system owns."""
    return Column(name=name, owner=Owner.SYSTEM, type=type, meaning=meaning, **more)


STATUS_COLUMNS = (
    system(
        "sys: status",
        ColumnType.CHOICE,
        "What the last check made of this row.",
        choices=("OK", "WARN", "ERROR"),
        example="OK",
        width=90,
    ),
    system(
        "sys: message",
        ColumnType.TEXT,
        "What is wrong with this row and how to mend it.",
        example="max: 'abc' is not a number; write 120",
        width=320,
    ),
)
"""The last columns of every tab whose rows can have findings."""

TITLE = system(
    "title", ColumnType.TEXT, "The initiative's title, as Initiatives has it.", example="One-tap checkout", width=240
)
"""Stands beside each initiative_key outside Initiatives."""
