"""What one cycle wants the workbook to show: one value, handed to ``sheets_sync.writer``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.findings import Finding
from engine.inputs import WorkbookInputs
from engine.provenance import RunFacts, RunLogLine
from engine.roadmap import RoadmapVersion
from sheets_sync.intake_plan import IntakeUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswer:
    """What a Requests row is told: ``status`` (running, done, failed) and a sentence."""

    status: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetUpdate:
    """Everything that a cycle changes in a workbook.

    ``inputs`` are the rows as read, with ``new_keys`` (Initiatives row -> key) already filled in; those of the rows in
    ``keys_put_back`` had been cleared or typed over. ``findings`` are
    all open problems: marks of others go. ``run`` is the last good run of the default scenario (Portfolio, Alerts,
    Roadmap Plan show it; None leaves those tabs as they are); ``alerts_run`` is a newer
    one that only Alerts shows (None: Alerts shows ``run``); ``failure`` is the sentence of a newer run that made no
    plan: the last good plan stays, marked as such; ``failed_run`` holds that run's facts where it got as far as a
    result (infeasible). ``version`` is the published roadmap that Roadmap Plan and Roadmap show (None: nothing
    published yet), ``published_run`` the run whose portfolio it was made of (None: it is ``run``, where the portfolio
    is the same). ``intake`` is what the requests of Intake tabs come to. ``is_stale``: the inputs would make another
    problem now than ``run`` solved. ``now`` is aware.
    """

    inputs: WorkbookInputs
    now: datetime
    findings: tuple[Finding, ...] = ()
    new_keys: Mapping[int, str] = field(default_factory=dict)
    keys_put_back: frozenset[int] = frozenset()
    run: RunFacts | None = None
    alerts_run: RunFacts | None = None
    failure: str | None = None
    failed_run: RunFacts | None = None
    version: RoadmapVersion | None = None
    published_run: RunFacts | None = None
    run_log: tuple[RunLogLine, ...] = ()
    intake: IntakeUpdate = field(default_factory=IntakeUpdate)
    is_stale: bool = False
    requests: Mapping[str, RequestAnswer] = field(default_factory=dict)
