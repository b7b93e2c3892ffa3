"""Initiatives and Contributions rows -> candidates, what is delivered, and who is left out and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.deadlines import Window, window_of
from engine.elements import Element, Sources, source_of
from engine.findings import Finding, Severity
from engine.inputs import DIMENSIONS, ContributionRow, InitiativeRow, Row, WorkbookInputs
from engine.keys import normalised
from engine.metrics import KpiBook
from engine.periods import canonical_period, kind_of, overlap
from engine.problem import Candidate, SourceCell
from engine.scenarios import Plan
from engine.sentences import listed, place, shown, told

_SHAPING = ("duration_periods", "earliest_period", "latest_period", *DIMENSIONS)
_DECIDING = ("initiative_key", "is_candidate", "candidate_period", "lifecycle_status")
_CLOSED = ("rejected", "duplicate")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A candidate that takes no part in the run, and why ("no tokens")."""

    initiative_key: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """All candidates of a run. ``elements`` are the rules that follow from Initiatives (delivered, in progress, hard
    deadlines); ``left_out`` maps keys to the finding's row and the reason."""

    candidates: tuple[Candidate, ...] = ()
    elements: tuple[Element, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    sources: Sources = field(default_factory=dict[str, tuple[SourceCell, ...]])
    findings: tuple[Finding, ...] = ()

    @property
    def satisfied(self) -> frozenset[str]:
        return frozenset(element.path[1] for element in self.elements if element.path[0] == "satisfied")


@dataclass(frozen=True, slots=True)
class Register:
    """Every initiative of the workbook by key, and how it is named to a PM."""

    rows: Mapping[str, InitiativeRow]
    findings: tuple[Finding, ...] = ()

    def named(self, key: str) -> str:
        """ "One-tap checkout (INIT-000001)", or the key where there is no title."""
        row = self.rows.get(key)
        return f"{row.title} ({key})" if row is not None and row.title else key


def register_of(rows: tuple[InitiativeRow, ...]) -> Register:
    """The initiatives by key; one key in two rows is an error that stops the run."""
    by_key: dict[str, list[InitiativeRow]] = defaultdict(list)
    for row in rows:
        if row.initiative_key:
            by_key[row.initiative_key].append(row)
    findings: list[Finding] = []
    for key, rivals in by_key.items():
        for row in rivals if len(rivals) > 1 else ():
            others = listed(place(other) for other in rivals if other is not row)
            message = f"{key} stands in {others} too; clear the key of the newer row, and it gets one of its own"
            findings.append(told(row, "initiative_key", message, stops_run=True))
    return Register({key: rivals[0] for key, rivals in by_key.items()}, tuple(findings))


def field_of(inputs: WorkbookInputs, plan: Plan, kpis: KpiBook, register: Register) -> Field:
    """The candidates of the plan's scenario."""
    gains = _Gains(inputs.contributions, kpis, register)
    reading = _FieldReading(plan, kpis, gains, inputs.setup.time_zone)
    for row in inputs.initiatives:
        reading.read(row)
    findings = [*gains.findings, *reading.findings]
    if not reading.candidates and not any(finding.stops_run for finding in findings):
        findings.append(_nobody(inputs, plan, reading))
    return Field(
        candidates=tuple(reading.candidates),
        elements=tuple(reading.elements),
        left_out=tuple(reading.left_out),
        sources=reading.sources,
        findings=tuple(findings),
    )


def _nobody(inputs: WorkbookInputs, plan: Plan, reading: _FieldReading) -> Finding:
    if not inputs.initiatives:
        message = "There are no initiatives; add a row with a title and engineering_tokens, and tick is_candidate"
    elif reading.left_out:
        message = f"Every candidate is left out ({reading.left_out[0].reason}); give at least one what it lacks"
    else:
        message = f"No initiative is a candidate for {plan.horizon}; tick is_candidate where it may be chosen"
    return Finding(severity=Severity.ERROR, tab="Initiatives", message=message, stops_run=True)


class _Gains:
    """Contributions by initiative and KPI, with the cell each stands in."""

    def __init__(self, rows: tuple[ContributionRow, ...], kpis: KpiBook, register: Register) -> None:
        self.findings: list[Finding] = []
        self.bad: dict[str, str] = {}
        self.rows: dict[str, ContributionRow] = {}
        self.of: dict[str, dict[str, Decimal]] = defaultdict(dict)
        self.cells: dict[str, dict[str, tuple[ContributionRow, str]]] = defaultdict(dict)
        for row in rows:
            if row.initiative_key is None:
                continue
            if row.initiative_key not in register.rows:
                message = f"{row.initiative_key} is not in Initiatives; correct the key or delete this row"
                self.findings.append(told(row, "initiative_key", message))
                continue
            self._read(row, kpis, register)

    def _read(self, row: ContributionRow, kpis: KpiBook, register: Register) -> None:
        key = row.initiative_key or ""
        self.rows.setdefault(key, row)
        for column in row.bad:
            if kpis.kpi(column) is not None:
                self.bad.setdefault(key, f"its {column} in {place(row)} cannot be read")
        for column, amount in row.contributions.items():
            kpi = kpis.kpi(column)
            if kpi is None:
                continue
            first = self.cells[key].setdefault(kpi.kpi_key, (row, column))
            if self.of[key].setdefault(kpi.kpi_key, amount) == amount:
                continue
            self.bad.setdefault(key, f"its Contributions disagree on {kpi.kpi_key}")
            for this, other in (((row, column), first), (first, (row, column))):
                where = f"column {other[1]}" if other[0] is this[0] else place(other[0])
                message = f"{where} says something else for {register.named(key)}; keep one of the two"
                self.findings.append(told(this[0], this[1], message))


class _FieldReading:
    """Reads Initiatives row by row."""

    def __init__(self, plan: Plan, kpis: KpiBook, gains: _Gains, time_zone: str) -> None:
        self.plan = plan
        self.kpis = kpis
        self.gains = gains
        self.candidates: list[Candidate] = []
        self.elements: list[Element] = []
        self.left_out: list[LeftOut] = []
        self.sources: dict[str, tuple[SourceCell, ...]] = {}
        self.findings: list[Finding] = []

    def read(self, row: InitiativeRow) -> None:
        status = normalised(row.lifecycle_status or "").replace(" ", "_")
        if status == "delivered" and row.initiative_key:
            self._add(row, "satisfied", "lifecycle_status", "is delivered")
            return
        if row.is_candidate is not True and "is_candidate" not in row.bad:
            return
        unread = [column for column in _DECIDING if column in row.bad]
        if unread:
            self._leave_out(row, unread[0], f"its {listed(unread)} cannot be read")
        elif not row.initiative_key:
            self._leave_out(row, "initiative_key", "it has no key yet", how="give the row a title, and it gets one")
        elif self._is_for_this_plan(row):
            if status in _CLOSED:
                message = f"This initiative is {status} and still a candidate; untick is_candidate or change its status"
                self._warn(row, "lifecycle_status", message)
            self._read_candidate(row, "remaining_tokens" if status == "in_progress" else "engineering_tokens")
            if status == "in_progress" and self.plan.row.keep_in_progress:
                self._add(row, "mandatory_initiatives", "lifecycle_status", "is in progress", "already in progress")

    def _is_for_this_plan(self, row: InitiativeRow) -> bool:
        horizon = self.plan.horizon
        period = canonical_period(row.candidate_period) if row.candidate_period else None
        if period is None or period in horizon.periods:
            return period is not None or not row.candidate_period
        if kind_of(period) != kind_of(horizon.first):
            for planned in horizon.periods:
                if overlap(period, planned, horizon.fiscal_year_starts):
                    message = f"The scenario plans {horizon}, so {period} is not one of its periods; write {planned}"
                    self._warn(row, "candidate_period", message)
                    break
        return False

    def _read_candidate(self, row: InitiativeRow, tokens_column: str) -> None:
        tokens: Decimal | None = getattr(row, tokens_column)
        key = row.initiative_key or ""
        unread = [column for column in (tokens_column, *_SHAPING, *_deadline(row)) if column in row.bad]
        unread += sorted(column for column in row.bad if normalised(column).startswith("resource"))
        if unread:
            self._leave_out(row, unread[0], f"its {listed(unread)} cannot be read")
        elif tokens is None:
            what = "no remaining_tokens" if tokens_column == "remaining_tokens" else "no tokens"
            self._leave_out(row, tokens_column, what, f"Left out: {what}; write how many tokens it takes (0 is free)")
        elif tokens < 0:
            self._leave_out(row, tokens_column, f"its {tokens_column} are below zero", how="write 0 or more")
        elif key in self.gains.bad:
            self._leave_out(row, None, self.gains.bad[key], how="mend it in Contributions")
        elif row.duration_periods is not None and row.duration_periods < 1:
            self._leave_out(row, "duration_periods", "its duration_periods are below 1", how="write 1 or more")
        elif (wrong := _wrong_resource(row)) is not None:
            self._leave_out(row, None, wrong, how="write one amount of 0 or more")
        else:
            self._accept(row, tokens_column, tokens)

    def _accept(self, row: InitiativeRow, tokens_column: str, tokens: Decimal) -> None:
        key = row.initiative_key or ""
        window, window_findings = window_of(row, self.plan.horizon)
        self.findings += window_findings
        gains = self.gains.of.get(key, {})
        self.candidates.append(
            Candidate(
                initiative_key=key,
                title=(row.title or "").strip(),
                engineering_tokens=tokens,
                resources=dict(row.resources),
                country=_blank_is_none(row.country),
                department=_blank_is_none(row.department),
                category=_blank_is_none(row.category),
                program=_blank_is_none(row.program),
                product=_blank_is_none(row.product),
                segment=_blank_is_none(row.segment),
                kpi_contributions=dict(gains),
                score=Decimal(0),
                duration_periods=row.duration_periods or 1,
                earliest_period=window.earliest,
                latest_period=window.latest,
            )
        )
        if window.excluded_because is not None:
            self._add(row, "exclusions_initiatives", window.column, "is not possible", window.excluded_because)
        if not any(normalised(kpi) in self.plan.objective_kpis and amount for kpi, amount in gains.items()):
            self._no_contributions(row)
        self._remember_cells(row, tokens_column, window, gains)

    def _no_contributions(self, row: InitiativeRow) -> None:
        mode = self.plan.objective.mode
        if mode == "score":
            return
        names = listed(kpi.kpi_key for kpi in self.kpis.kpis if normalised(kpi.kpi_key) in self.plan.objective_kpis)
        where: Row = self.gains.rows.get(row.initiative_key or "", row)
        named = f" for {row.title}" if where is not row and row.title else ""
        nothing = f"No contributions to {names}{named}, so nothing speaks for choosing it"
        message = f"{nothing}; write what it adds in Contributions"
        self.findings.append(told(where, None, message, severity=Severity.WARN))

    def _remember_cells(
        self, row: InitiativeRow, tokens_column: str, window: Window, gains: Mapping[str, Decimal]
    ) -> None:
        start = f"candidates.{normalised(row.initiative_key or '')}"
        columns = {"engineering_tokens": tokens_column}
        if row.duration_periods is not None:
            columns["duration_periods"] = "duration_periods"
        if window.earliest is not None:
            columns["earliest_period"] = "earliest_period"
        if window.latest is not None:
            columns["latest_period"] = window.column
        columns |= {f"resources.{normalised(name)}": f"resource: {name}" for name in row.resources}
        for name, column in columns.items():
            self._remember(f"{start}.{name}", row, column)
        for kpi in gains:
            cell_row, column = self.gains.cells[row.initiative_key or ""][kpi]
            self._remember(f"{start}.kpi_contributions.{normalised(kpi)}", cell_row, column)

    def _remember(self, path: str, row: Row, column: str) -> None:
        source = source_of(row, column)
        if source is not None:
            self.sources[path] = (source,)

    def _add(self, row: InitiativeRow, kind: str, column: str, says: str, reason: str | None = None) -> None:
        key = row.initiative_key or ""
        self.elements.append(
            Element(
                path=(kind, key),
                value=True,
                row=row,
                column=column,
                says=f"{row.title or key} {says}",
                reason=reason,
                is_typed=False,
            )
        )

    def _leave_out(
        self,
        row: InitiativeRow,
        column: str | None,
        reason: str,
        message: str | None = None,
        how: str = "mend that cell",
    ) -> None:
        key = row.initiative_key or ""
        self.left_out.append(LeftOut(initiative_key=key, title=(row.title or key).strip(), reason=reason))
        self._warn(row, column, message or f"Left out of the run: {reason}; {how}")

    def _warn(self, row: InitiativeRow, column: str | None, message: str) -> None:
        self.findings.append(told(row, column, message, severity=Severity.WARN))


def _deadline(row: InitiativeRow) -> tuple[str, ...]:
    """The cells of a deadline that is, or may be, a rule."""
    if row.deadline_is_hard is True:
        return ("deadline_date",)
    return ("deadline_is_hard",) if row.deadline_date is not None or "deadline_date" in row.bad else ()


def _wrong_resource(row: InitiativeRow) -> str | None:
    first: dict[str, Decimal] = {}
    for name, amount in row.resources.items():
        if amount < 0:
            return f"its {name} ({shown(amount)}) is below zero"
        if first.setdefault(normalised(name), amount) != amount:
            return f"two columns disagree on its {name}"
    return None


def _blank_is_none(text: str | None) -> str | None:
    return text.strip() or None if text else None


def why_unknown(key: str) -> str:
    """Why a rule cannot name this initiative, and how to mend it. No other key is proposed: near keys mean nothing."""
    return f"{key} is not in Initiatives; correct the key, or add the initiative"
