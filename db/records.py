"""What ``db.store`` hands out beside the engine's own values: frozen records with the ids of what was stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from engine.problem import Problem


class RunStatus(StrEnum):
    """Where an OptimizationRun stands. The first five are under way, the last three are final:

    queued -> pulling -> compiling -> solving -> writing -> done, and from any of those five -> failed or cancelled.
    ``done`` says that the result was written back, whatever it was: an infeasible run is done too (see ``RunFacts``).
    """

    QUEUED = "queued"
    PULLING = "pulling"
    COMPILING = "compiling"
    SOLVING = "solving"
    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RequestStatus(StrEnum):
    """Where a Request stands: queued -> running -> done or failed; cancelled from either of the first two."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (RequestStatus.DONE, RequestStatus.FAILED, RequestStatus.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRecord:
    """One registered workbook."""

    id: int
    spreadsheet_id: str
    title: str
    url: str


class DueReason(StrEnum):
    """Why a workbook is to be read: Drive told of a change; it was never read (or not since Drive's list was lost); its
    hour has come; Drive tells nothing, and it is its turn."""

    CHANGED = "changed"
    FIRST = "first"
    HOURLY = "hourly"
    UNHEARD = "unheard"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRecord:
    """What is known of a workbook without reading it: when Drive told of a change that was not served yet, when it was
    last read (None: never, or not since all had to be read anew), when its schedule is due next, and the digest of what
    was last told. While a process is at work on it (``is_busy``), ``heard_at`` is the change up to which its Requests
    were read all the same. ``reason`` is why it is due to be read now; None where it is not."""

    workspace: WorkspaceRecord
    changed_at: datetime | None = None
    read_at: datetime | None = None
    next_slot_at: datetime | None = None
    digest: str | None = None
    heard_at: datetime | None = None
    is_busy: bool = False
    reason: DueReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSlot:
    """A workbook whose schedule is due: the sentence and time zone as Setup had them when it was last read, and the
    first slot (aware) that has not been taken."""

    workspace_id: int
    schedule: str
    time_zone: str
    slot_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConstraintSet:
    """A ConstraintSet as stored: ``version`` is counted up when its ``digest`` changes."""

    id: int
    scenario_id: int
    version: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run that this process has begun. ``fence`` is the number under which it may write: once a later run of the same
    workbook has begun (or this one was taken over), every write with the old number is refused."""

    id: int
    workspace_id: int
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """What of a run is stored already: its problem once it was read (None: not yet), whether its result is, and whether
    what was found out about the result is."""

    record: RunRecord
    problem: Problem | None = None
    is_solved: bool = False
    is_explained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """How a run gets on, for whoever looks at it from elsewhere. ``progress`` is ``engine.progress.Progress`` as JSON
    holds it, as of the last second or so; None before the solve. ``message`` says how it ended. Times are aware;
    ``finished_at`` is None while it is under way."""

    run_id: int
    scenario: str
    constraint_set: str
    status: RunStatus
    outcome: str | None
    progress: Mapping[str, Any] | None
    message: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRoles:
    """Who may do what in a workspace. ``editors`` are whom ``init`` let into the protected range of its role rows
    (None: it has made none), ``lists`` role -> addresses and domains as they last counted; ``trouble`` says why they
    do not count now."""

    editors: frozenset[str] | None = None
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One request of the Requests tab, a command, the schedule or the API. ``requested_by`` is who is said to have
    asked, ``verified_by`` whom a token proved (None: nobody); ``attempts`` counts its starts. Times are aware."""

    request_id: str
    workspace_id: int
    action: str
    arguments: Mapping[str, Any]
    requested_by: str
    requested_at: datetime
    status: RequestStatus
    message: str
    run_id: int | None
    trigger: str
    verified_by: str | None
    attempts: int
    finished_at: datetime | None

    @property
    def who(self) -> str:
        return who_of(self.verified_by, self.requested_by, self.trigger)


def who_of(verified_by: str | None, requested_by: str, trigger: str) -> str:
    """Who asked, as far as that is known: an unproven name is only what somebody said."""
    if verified_by:
        return verified_by
    if trigger in ("schedule", "command line", "API"):  # the API knows the names of those whom it lets in
        return requested_by
    return f"said to be {requested_by}" if requested_by else "someone with edit access"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One request or run as operators see it. ``request_id`` is None for a run of a command, ``run_id`` where no run
    came of it (yet); ``stage`` is what a run under way does; ``seconds`` is how long it took, or has taken so far."""

    run_id: int | None
    request_id: str | None
    workbook: str
    spreadsheet_id: str
    asked_at: datetime
    verified_by: str | None
    requested_by: str
    trigger: str
    action: str
    scenario: str | None
    constraint_set: str | None
    status: str
    stage: str | None
    outcome: str | None
    seconds: float | None
    attempts: int
    message: str

    @property
    def who(self) -> str:
        return who_of(self.verified_by, self.requested_by, self.trigger)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLine:
    """One worker process: how long ago it gave its last sign of life, and how many jobs it has."""

    id: int
    silent_s: float
    jobs: int
