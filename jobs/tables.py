"""Portfolio, roadmap and findings as readable tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine.findings import Finding, Severity
from engine.provenance import RunFacts
from engine.roadmap import RoadmapVersion

_COLOURS = {Severity.ERROR: "red", Severity.WARN: "yellow", Severity.OK: "green"}


def number(value: Decimal | None) -> str:
    """1234.5 -> "1,234.5"; large numbers without decimals, small ones with four digits that count."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == value.to_integral_value():
        return f"{value:,.0f}"
    return f"{value:.4g}"


def portfolio_table(run: RunFacts) -> Table:
    """The plan of a run, best first, then what is left out."""
    solution, problem = run.solution, run.problem
    kpis = [kpi.kpi_key for kpi in problem.kpis]
    of = {candidate.initiative_key: candidate for candidate in problem.candidates}
    table = Table(title=f"Portfolio: {escape(run.scenario)} / {escape(run.constraint_set)}", title_justify="left")
    for name, justify in [("rank", "right"), ("initiative", "left"), ("country", "left"), ("tokens", "right")]:
        table.add_column(name, justify=justify)  # pyright: ignore[reportArgumentType]
    for kpi in kpis:
        table.add_column(escape(kpi), justify="right")
    table.add_column("why", overflow="fold", max_width=44)
    for item in sorted(solution.items, key=lambda item: (not item.selected, item.rank or 0, item.initiative_key)):
        candidate = of[item.initiative_key]
        table.add_row(
            str(item.rank or "–"),
            escape(candidate.title or item.initiative_key),
            escape(candidate.country or ""),
            number(item.allocated_tokens) if item.selected else "out",
            *(number(candidate.kpi_contributions.get(kpi)) for kpi in kpis),
            escape(item.reason),
            style=None if item.selected else "dim",
        )
    return table


def targets_table(run: RunFacts) -> Table:
    """Each target: required, achieved, and whether it is met."""
    table = Table(title="Targets", title_justify="left")
    for name in ("kpi", "where", "type", "required", "achieved", "severity"):
        table.add_column(name, justify="right" if name in ("required", "achieved") else "left")
    for target in run.solution.targets:
        where = "everywhere" if target.dimension == "all" else f"{target.dimension} {target.key}"
        row = (target.kpi_key, where, target.type, number(target.required), number(target.achieved), target.severity)
        table.add_row(*map(escape, row), style=None if target.severity == "OK" else "yellow")
    return table


def roadmap_table(version: RoadmapVersion) -> Table:
    """A published version as leadership sees it: what is in, when, by whom."""
    title = f"Roadmap “{version.roadmap_name}” v{version.version}"
    table = Table(title=escape(title), title_justify="left")
    for name in ("rank", "initiative", "period", "locked", "owner", "status"):
        table.add_column(name)
    for entry in version.entries:
        if entry.decision == "in":
            table.add_row(
                str(entry.priority_rank or ""),
                escape(entry.title),
                escape(entry.planned_period or ""),
                "yes" if entry.is_locked_in else "",
                escape(entry.owner or ""),
                escape(entry.status or ""),
            )
    return table


def findings_lines(findings: Sequence[Finding]) -> list[str]:
    """One marked-up line per finding, errors first."""
    ordered = sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)
    return [f"[{_COLOURS[f.severity]}]{f.severity}[/] {escape(str(f))}" for f in ordered]


def console(*, stderr: bool = False) -> Console:
    """A console that folds long tables at 160 columns where no terminal says its width."""
    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=160)
