"""What is wrong with a row, as a value: a bad cell is a Finding, never an exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. A row's status is the worst of its findings; OK where it has none."""

    OK = "OK"
    WARN = "WARN"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem, told where it is.

    ``tab`` is the declared tab name ("Constraints"), ``row`` the 1-based sheet row (None: the whole tab), ``column``
    the declared column name ("max"; None: the whole row), ``cell`` the A1 address without the tab ("F7") where there
    is one. ``message`` says what is wrong and how to mend it, and stands alone beside the cell: "'abc' is not a
    number; write 120". ``stops_run`` is True where a rule or the run as a whole is lost by it, so that solving would
    answer another question.
    """

    severity: Severity
    tab: str
    message: str
    row: int | None = None
    column: str | None = None
    cell: str | None = None
    stops_run: bool = False

    @property
    def is_about_tab(self) -> bool:
        """True where it is about the whole tab or its header, not about one of its rows."""
        return self.row is None or self.row == 1 or (self.column is None and self.cell is not None)

    @property
    def where(self) -> str:
        """ "Constraints!F7", "Constraints row 7" or "Constraints"."""
        if self.cell:
            return f"{self.tab}!{self.cell}"
        return f"{self.tab} row {self.row}" if self.row else self.tab

    def __str__(self) -> str:
        named = f"{self.column}: " if self.column else ""
        return f"{self.where}: {named}{self.message}"
