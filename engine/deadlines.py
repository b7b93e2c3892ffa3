"""When an initiative can be worked on: earliest, latest and deadline, mapped to the periods that are planned."""

from __future__ import annotations

from dataclasses import dataclass

from engine.findings import Finding, Severity
from engine.inputs import InitiativeRow
from engine.periods import canonical_period
from engine.scenarios import Horizon
from engine.sentences import told


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When it can be worked on. ``earliest`` and ``latest`` are planned periods, None where nothing binds inside the
    horizon; ``column`` is the cell behind ``latest``, or behind ``excluded_because``: why it cannot be done at all."""

    earliest: str | None = None
    latest: str | None = None
    column: str = "latest_period"
    excluded_because: str | None = None


def window_of(row: InitiativeRow, horizon: Horizon) -> tuple[Window, tuple[Finding, ...]]:
    """The row's window, and a warning for a soft deadline that the plan does not keep to.

    A hard deadline or latest before the horizon excludes, one after it is not set; earliest the other way round.
    """
    earliest = canonical_period(row.earliest_period) if row.earliest_period else None
    latest = canonical_period(row.latest_period) if row.latest_period else None
    if earliest is not None and horizon.begin_of(earliest) > horizon.ends:
        return Window(column="earliest_period", excluded_because=f"earliest_period is {earliest}"), ()
    if latest is not None and horizon.end_of(latest) < horizon.begins:
        return Window(excluded_because=f"latest_period was {latest}"), ()
    first = horizon.holding(horizon.begin_of(earliest)) if earliest is not None else None
    last = horizon.holding(horizon.end_of(latest)) if latest is not None else None
    if row.deadline_date is None:
        return Window(earliest=first, latest=last), ()
    if row.deadline_is_hard is not True:
        return Window(earliest=first, latest=last), _soft(row, horizon)
    if row.deadline_date < horizon.begins:
        reason = f"its deadline was {row.deadline_date.isoformat()}"
        return Window(column="deadline_date", excluded_because=reason), ()
    due = horizon.holding(row.deadline_date)
    if due is not None and (last is None or horizon.end_of(due) < horizon.end_of(last)):
        return Window(earliest=first, latest=due, column="deadline_date"), ()
    return Window(earliest=first, latest=last), ()


def _soft(row: InitiativeRow, horizon: Horizon) -> tuple[Finding, ...]:
    assert row.deadline_date is not None
    if row.deadline_date >= horizon.begin_of(horizon.periods[-1]):
        return ()
    when = f"before {horizon.first} begins" if row.deadline_date < horizon.begins else f"before the end of {horizon}"
    message = (
        f"The deadline {row.deadline_date.isoformat()} is {when}, and the plan need not keep to it; "
        "tick deadline_is_hard to make it a rule, or move the date"
    )
    return (told(row, "deadline_date", message, severity=Severity.WARN),)
