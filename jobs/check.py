"""Check: every problem of a workbook, told beside its cell, without a run."""

from __future__ import annotations

from collections import Counter

from db.records import WorkspaceRecord
from engine.findings import Finding, Severity
from jobs.connections import Connections
from jobs.optimize import asked_problem, told
from jobs.pull import Pulled, pull
from jobs.show import Asked, show
from jobs.turns import Held, turn


def check(connections: Connections, workspace: WorkspaceRecord, asked: Asked) -> tuple[Finding, ...]:
    """The findings of rows and rules, after they have been written to the sheet."""
    with turn(connections, workspace.id) as held:
        return check_in_turn(held, workspace, asked)


def check_in_turn(connections: Held, workspace: WorkspaceRecord, asked: Asked) -> tuple[Finding, ...]:
    """As ``check``, for a caller whose turn it is."""
    pulled = pull(connections, workspace)
    findings = findings_of(connections, pulled, asked)
    show(connections, pulled, findings, requests=asked.answered("done", summary_of(findings)))
    return findings


def findings_of(connections: Connections, pulled: Pulled, asked: Asked) -> tuple[Finding, ...]:
    """What is wrong with the rows as read, and with the rules they make."""
    return told(pulled, asked_problem(connections, pulled, asked))


def summary_of(findings: tuple[Finding, ...]) -> str:
    """ "2 errors and 1 warning: see Checks." or "No problems found."."""
    counts = Counter(finding.severity for finding in findings)
    told = [
        f"{counts[severity]} {word}{'s' if counts[severity] > 1 else ''}"
        for severity, word in ((Severity.ERROR, "error"), (Severity.WARN, "warning"))
        if counts[severity]
    ]
    return f"{' and '.join(told)}: see Checks." if told else "No problems found."
