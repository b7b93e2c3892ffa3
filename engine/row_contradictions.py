"""Contradictions told on the sheet: each row that has a part in one is told it, with the other rows named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.checks import Contradiction, circles, contradictions
from engine.findings import Finding, Severity
from engine.inputs import Row, WorkbookInputs
from engine.problem import Problem
from engine.sentences import listed

Place = tuple[Row, str]
"""A row, and the column of the cell in it."""


def contradiction_findings(problem: Problem, inputs: WorkbookInputs) -> tuple[Finding, ...]:
    """An error on each row behind a contradiction, a warning on each behind a circle of prerequisites.

    They stop nothing: the run ends as infeasible, with the conflict and its repairs.
    """
    told = [(one, Severity.ERROR) for one in contradictions(problem)]
    told += [(one, Severity.WARN) for one in circles(problem)]
    if not told:
        return ()
    places = {(row.tab, cell): (row, column) for row in _rows(inputs) for column, cell in row.cells.items()}
    return tuple(finding for one, severity in told for finding in _findings(one, severity, problem, places))


def _rows(inputs: WorkbookInputs) -> Iterator[Row]:
    yield from inputs.scenarios
    yield from inputs.constraints
    yield from inputs.targets
    yield from inputs.initiatives
    yield from inputs.contributions
    yield from inputs.plan


def _findings(
    one: Contradiction, severity: Severity, problem: Problem, places: Mapping[tuple[str, str], Place]
) -> Iterator[Finding]:
    cells = [cell.cell for path in one.paths for cell in problem.constraint_set.sources.get(path, ())]
    first: dict[tuple[str, int], tuple[Row, str, str]] = {}
    for cell in cells:
        tab, _, address = cell.rpartition("!")
        place = places.get((tab, address))
        if place is not None:
            first.setdefault((tab, place[0].row), (place[0], place[1], address))
    for this, (row, column, address) in first.items():
        others = [f"{tab} row {number}" for tab, number in first if (tab, number) != this]
        yield Finding(
            severity=severity,
            tab=row.tab,
            row=row.row,
            column=column,
            cell=address,
            message=_message(one.message, others, severity),
        )


def _message(message: str, others: Iterable[str], severity: Severity) -> str:
    held = list(others)
    if severity is Severity.WARN:
        how = f"see {listed(held)}" if held else "take one of them out"
    elif held:
        how = f"change this row or {'one of ' if len(held) > 1 else ''}{listed(held)}"
    else:
        how = "change this row, or switch it off"
    return f"{message}; {how}"
