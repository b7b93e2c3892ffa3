"""What stands in the system's own tables: rows of Portfolio, Alerts, Run Log and Checks, each as {column: content}."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from engine.findings import Finding, Severity
from engine.inputs import DIMENSIONS
from engine.keys import normalised
from engine.problem import Candidate, Kpi, SourceCell, TargetOutcome
from engine.provenance import RunFacts, proximity
from engine.sentences import shown as number_shown
from sheets_sync.bounds import Bound, bounds, slice_name
from sheets_sync.content import Content, Figure, Linked, link, serial
from sheets_sync.grids import Workbook
from sheets_sync.remarks import Remarks, as_it_stands, repairs_of
from sheets_sync.sourcelinks import SourceLinks, SourcesByInitiative
from sheets_sync.tabs import TABS
from sheets_sync.updates import SheetUpdate

Row = Mapping[str, Content]
"""One row of a table: what each of its system columns shows; a column that is not named stays blank."""

LONGEST_RUN_LOG = 500
LONGEST_CHECKS = 5_000


@dataclass(frozen=True)
class Ledger:
    """What all tables of one update share: links into the workbook, the workspace's clock, names of KPIs."""

    workbook: Workbook
    update: SheetUpdate
    zone: tzinfo = field(init=False)
    links: SourceLinks = field(init=False)
    _of_runs: dict[tuple[int, bool], tuple[RunFacts, dict[str, Content]]] = field(
        init=False,
        repr=False,
        compare=False,
        default_factory=dict[tuple[int, bool], tuple[RunFacts, dict[str, Content]]],
    )

    def __post_init__(self) -> None:
        kpis = [row.kpi_key for row in self.update.inputs.metrics if row.kpi_key]
        object.__setattr__(self, "zone", ZoneInfo(self.update.inputs.setup.time_zone))
        object.__setattr__(self, "links", SourceLinks(self.workbook, kpis))

    @cached_property
    def kpi_names(self) -> Mapping[str, str]:
        """normalised kpi_key -> the name that people read."""
        return {
            normalised(row.kpi_key): row.kpi_name or row.kpi_key for row in self.update.inputs.metrics if row.kpi_key
        }

    def kpi_name(self, kpi_key: str) -> str:
        return self.kpi_names.get(normalised(kpi_key), kpi_key)

    def moment(self, when: datetime) -> float:
        """``when`` as the sheet's date and time."""
        return serial(when, self.zone)

    def provenance(self, facts: RunFacts, source: str, rows: Linked, *, is_stale: bool = False) -> dict[str, Content]:
        """The provenance columns of a row that comes from this run."""
        key = id(facts), is_stale
        if key not in self._of_runs:  # the run is kept beside its columns, so that its id stays its own
            self._of_runs[key] = facts, self._of_run(facts, is_stale)
        return {**self._of_runs[key][1], "source": source, "source_rows": rows}

    def _of_run(self, facts: RunFacts, is_stale: bool) -> dict[str, Content]:
        """The provenance columns that all rows of a run share."""
        when = facts.solved_at.astimezone(self.zone)
        named = f"{facts.run_id} · {when:%a} {when:%H:%M}"
        if is_stale:
            named += " · last good plan; a newer run made none"
        return {
            "run": link(named, self.links.tab_uri("Run Log")),
            "scenario": facts.scenario,
            "constraint_set": facts.constraint_set,
            "rules_version": facts.rules_version,
            "inputs_as_of": self.moment(facts.inputs_as_of),
            "solved_at": self.moment(facts.solved_at),
            "plan_quality": plan_quality(facts),
            "run_id": facts.run_id,
            "portfolio_id": facts.portfolio_id,
            "constraint_digest": facts.constraint_digest,
        }


def plan_quality(facts: RunFacts) -> str:
    """ "best possible", "within 0.4 %", or what kept the run from a plan."""
    solution = facts.solution
    if solution.status not in ("optimal", "feasible"):
        return {
            "infeasible": "no plan is possible",
            "no_solution_in_time": "no plan found in time",
            "invalid": "no plan: the input is not valid",
        }[solution.status]
    return proximity(solution.relative_gap)


def portfolio_rows(ledger: Ledger, facts: RunFacts, *, is_stale: bool) -> dict[str, dict[str, Content]]:
    """initiative_key -> its row, one for each candidate of the run. KPI columns go by kpi_key."""
    problem = facts.problem
    candidates = {normalised(each.initiative_key): each for each in problem.candidates}
    sources = SourcesByInitiative(problem.constraint_set)
    locked = {normalised(key) for key in problem.constraint_set.locks}
    mandatory = {normalised(key) for key in problem.constraint_set.mandatory_initiatives}
    gets_in_if = Remarks(facts).gets_in_if
    rows: dict[str, dict[str, Content]] = {}
    for item in facts.solution.items:
        key = normalised(item.initiative_key)
        candidate = candidates[key]
        source = "locked" if key in locked else "mandatory" if key in mandatory else "optimizer"
        rows[item.initiative_key] = {
            "rank": item.rank,
            "initiative_key": item.initiative_key,
            "title": candidate.title or None,
            **{dimension: getattr(candidate, dimension) for dimension in DIMENSIONS},
            "selected": item.selected,
            "allocated_tokens": Figure(item.allocated_tokens),
            "start_period": item.start_period,
            "why": item.reason,
            "gets_in_if": None if item.selected else gets_in_if.get(key),
            **_contributions(problem.kpis, candidate),
            **ledger.provenance(facts, source, ledger.links.linked(sources.of(key)), is_stale=is_stale),
        }
    return rows


def _contributions(kpis: Sequence[Kpi], candidate: Candidate) -> dict[str, Content]:
    """A KPI's contribution under "kpi: KEY", so that no KPI can be taken for another column."""
    given = {normalised(key): value for key, value in candidate.kpi_contributions.items()}
    added = {normalised(kpi.kpi_key): given.get(normalised(kpi.kpi_key)) for kpi in kpis}
    return {f"kpi: {key}": None if value is None else Figure(value) for key, value in added.items()}


def alert_rows(ledger: Ledger) -> list[Row]:
    """What failed first, then each target, worst first, then each rule at its bound. Empty while nothing has run."""
    update = ledger.update
    rows: list[Row] = []
    if update.failure:
        rows.extend(_failure_rows(ledger, update.failure, update.failed_run))
    if run := update.alerts_run or update.run:
        rows.extend(_target_rows(ledger, run))
        rows.extend(_bound_rows(ledger, run, bool(update.failure)))
    return rows


def _failure_rows(ledger: Ledger, failure: str, facts: RunFacts | None) -> Iterable[Row]:
    conflict = (facts.solution.conflict if facts else None) or {}
    rules = conflict.get("rules", ())
    sources = [[SourceCell.model_validate(cell) for cell in rule.get("sources") or ()] for rule in rules]
    beside, alone = repairs_of(conflict)
    told = [(failure, None, []), *((rule.get("message"), beside.get(at), sources[at]) for at, rule in enumerate(rules))]
    told += [("The rules cannot all hold.", repair, []) for repair in alone]
    named = [cell for cells in sources for cell in cells]
    for problem, repair, cells in told:
        rows = ledger.links.linked(cells)
        made = ledger.provenance(facts, "optimizer", rows) if facts else {}
        yield {
            "severity": "CRITICAL",
            "problem": as_it_stands(problem or "", named, ledger.links),
            "repair": as_it_stands(repair, named, ledger.links) if repair else None,
            "who_to_ask": _requested_by(ledger, cells),
            "go_to": rows,
            **made,
        }


def _target_rows(ledger: Ledger, facts: RunFacts) -> list[Row]:
    order = {"CRITICAL": 0, "WARN": 1, "OK": 2}
    outcomes = sorted(facts.solution.targets, key=lambda outcome: order[outcome.severity])
    remarks = Remarks(facts)
    return [_target_row(ledger, facts, outcome, remarks) for outcome in outcomes]


def _target_row(ledger: Ledger, facts: RunFacts, outcome: TargetOutcome, remarks: Remarks) -> Row:
    path = ".".join(["targets", *map(normalised, (outcome.dimension, outcome.key, outcome.kpi_key))])
    sources = facts.problem.constraint_set.sources
    cells = sources.get(f"{path}.{outcome.type}", ()) or sources.get(path, ())
    kpi = next((each for each in facts.problem.kpis if normalised(each.kpi_key) == normalised(outcome.kpi_key)), None)
    place = "" if normalised(outcome.dimension) == "all" else f"{slice_name(outcome.dimension, outcome.key)}: "
    missed = {"floor": "misses its floor", "goal": "misses its goal", "cap": "passes its cap"}
    verb = missed[outcome.type] if outcome.gap > 0 else f"keeps its {outcome.type}"
    rows = ledger.links.linked(cells)
    return {
        "severity": outcome.severity,
        "problem": f"{place}{ledger.kpi_name(outcome.kpi_key)} {verb}",
        "required": Figure(outcome.required),
        "achieved": Figure(outcome.achieved),
        "short_by": Figure(max(Decimal(0), outcome.gap)),
        "unit": kpi.unit if kpi else None,
        "who_to_ask": _requested_by(ledger, cells),
        "repair": None if outcome.severity == "OK" else remarks.of_missed_target(f"{path}.{outcome.type}"),
        "go_to": rows,
        **ledger.provenance(facts, "optimizer", rows, is_stale=bool(ledger.update.failure)),
    }


def _bound_rows(ledger: Ledger, facts: RunFacts, is_stale: bool) -> list[Row]:
    sources = facts.problem.constraint_set.sources
    remarks = Remarks(facts)
    return [
        {
            **_bound_row(ledger, facts, each, sources.get(each.path, ()), is_stale),
            "repair": remarks.of_bound(each.path),
        }
        for each in _bounds(facts)
    ]


def _bounds(facts: RunFacts) -> tuple[Bound, ...]:
    return bounds(facts.problem, facts.solution)


def _bound_row(ledger: Ledger, facts: RunFacts, bound: Bound, cells: Sequence[SourceCell], is_stale: bool) -> Row:
    rows = ledger.links.linked(cells)
    return {
        "severity": "OK",
        "problem": bound.says,
        "required": Figure(bound.required),
        "achieved": Figure(bound.achieved),
        "short_by": Figure(Decimal(0)),
        "unit": bound.unit,
        "who_to_ask": _requested_by(ledger, cells),
        "go_to": rows,
        **ledger.provenance(facts, "optimizer", rows, is_stale=is_stale),
    }


def _requested_by(ledger: Ledger, cells: Sequence[SourceCell]) -> str | None:
    """Who asked for the rule, as its row says now."""
    asked = {row.digest: row.requested_by for row in ledger.update.inputs.constraints if row.requested_by}
    names = dict.fromkeys(asked[cell.row] for cell in cells if cell.row in asked)
    return ", ".join(names) or None


def run_log_rows(ledger: Ledger) -> list[Row]:
    """The newest lines first, at most ``LONGEST_RUN_LOG``."""
    lines = sorted(ledger.update.run_log, key=lambda line: line.time, reverse=True)[:LONGEST_RUN_LOG]
    return [
        {
            "time": ledger.moment(line.time),
            "who": line.who,
            "trigger": line.trigger,
            "action": line.action,
            "scenario": line.scenario,
            "constraint_set": line.constraint_set,
            "status": line.status,
            "plan_quality": line.plan_quality,
            "seconds": round(line.seconds, 2) if line.seconds is not None else None,
            "rows_read": line.rows_read,
            "rows_written": line.rows_written,
            "api_calls": line.api_calls,
            "message": line.message,
            "run": line.run,
        }
        for line in lines
    ]


def check_rows(ledger: Ledger, put_back: Iterable[Finding] = ()) -> list[Row]:
    """Every open problem (and what was ``put_back``), errors first, then in sheet order; one line says how many more
    there are past the cap."""
    order = {each.name: place for place, each in enumerate(TABS)}
    found = sorted(
        (each for each in (*ledger.update.findings, *put_back) if each.severity is not Severity.OK),
        key=lambda each: (each.severity is not Severity.ERROR, order.get(each.tab, len(order)), each.row or 0),
    )
    rows: list[Row] = [_check_row(ledger, finding) for finding in found[:LONGEST_CHECKS]]
    if len(found) > LONGEST_CHECKS:
        more = number_shown(len(found) - LONGEST_CHECKS)
        rows.append({"severity": "ERROR", "problem": f"{more} more problems are not listed: mend these first."})
    return rows


def _check_row(ledger: Ledger, finding: Finding) -> Row:
    cell = finding.cell or (f"A{finding.row}" if finding.row else None)
    bound = next((each for each in ledger.update.intake.tabs if each.name == finding.tab), None)
    if bound is not None and cell:
        uri: str | None = bound.uri(cell)
    else:
        uri = ledger.links.cell_uri(finding.tab, cell) if cell else ledger.links.tab_uri(finding.tab)
    return {
        "severity": finding.severity.value,
        "tab": ledger.links.title(finding.tab),
        "row": finding.row,
        "column": finding.column,
        "problem": finding.message,
        "go_to": link(finding.where.replace(finding.tab, ledger.links.title(finding.tab), 1), uri),
    }
