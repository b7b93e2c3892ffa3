"""Publish: a portfolio becomes the next version of a roadmap, merged with what people typed into Roadmap Plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from db import store
from db.records import RequestStatus, WorkspaceRecord
from engine.errors import InputError
from engine.findings import Finding
from engine.provenance import RunFacts
from engine.roadmap import RoadmapVersion, next_version, plan_items
from engine.scenarios import chosen_names, chosen_scenario
from jobs.check import findings_of
from jobs.connections import Connections
from jobs.pull import Pulled, pull
from jobs.show import Asked, show
from jobs.turns import Held, turn

DEFAULT_ROADMAP = "Roadmap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The new version, the run behind it, and what the PM must be told of the merge."""

    version: RoadmapVersion
    run: RunFacts
    findings: tuple[Finding, ...]

    @property
    def sentence(self) -> str:
        return sentence_of(self.version)


def publish(
    connections: Connections,
    workspace: WorkspaceRecord,
    asked: Asked,
    *,
    run_id: int | None = None,
    roadmap_name: str = DEFAULT_ROADMAP,
    version_note: str = "",
) -> Published:
    """Make and show the next version of ``roadmap_name`` from a run (None: the newest good one of what was asked)."""
    with turn(connections, workspace.id) as held:
        return publish_in_turn(
            held, workspace, asked, run_id=run_id, roadmap_name=roadmap_name, version_note=version_note
        )


def publish_in_turn(
    connections: Held,
    workspace: WorkspaceRecord,
    asked: Asked,
    *,
    run_id: int | None = None,
    roadmap_name: str = DEFAULT_ROADMAP,
    version_note: str = "",
    require_allowed: Callable[[frozenset[str]], None] = lambda _: None,
) -> Published:
    """As ``publish``, for a caller whose turn it is. ``require_allowed`` is called once the workbook was read, with
    the ids in its Requests, and raises where who asked may not publish."""
    pulled = pull(connections, workspace)
    require_allowed(frozenset(row.request_id for row in pulled.inputs.requests if row.request_id))
    run = _run_to_publish(connections, pulled, asked, run_id)
    version, merge_findings = _merged(connections, pulled, run, asked, roadmap_name, version_note)
    findings = findings_of(connections, pulled, Asked()) + merge_findings
    show(connections, pulled, findings, requests=asked.answered("done", sentence_of(version)))
    return Published(version=version, run=run, findings=findings)


def sentence_of(version: RoadmapVersion) -> str:
    """ "Roadmap v3 is published: 23 initiatives in."."""
    chosen = sum(entry.decision == "in" for entry in version.entries)
    return f"{version.roadmap_name} v{version.version} is published: {chosen} initiatives in."


def _run_to_publish(connections: Connections, pulled: Pulled, asked: Asked, run_id: int | None) -> RunFacts:
    scenario, constraint_set = chosen_names(pulled.inputs, asked.scenario, asked.constraint_set)
    with connections.database.transaction() as session:
        if run_id is not None:
            run = store.run_facts(session, run_id, workspace_id=pulled.workspace.id)
            if run is None or run.portfolio_id is None:
                raise InputError(
                    f"Run {run_id} made no plan in this workbook: give the number of a good run (see Run Log)."
                )
            return run
        if scenario is None:
            _, findings = chosen_scenario(pulled.inputs, asked.scenario)
            raise InputError(str(findings[0]))
        run = store.newest_good_run(session, pulled.workspace.id, scenario, constraint_set)
    if run is None:
        raise InputError(f"There is no plan of {scenario} to publish yet: run optimize first.")
    return run


def _merged(
    connections: Connections, pulled: Pulled, run: RunFacts, asked: Asked, roadmap_name: str, version_note: str
) -> tuple[RoadmapVersion, tuple[Finding, ...]]:
    assert run.portfolio_id is not None
    published_at = connections.database.now()
    with connections.database.transaction() as session:
        version, findings = next_version(
            store.newest_version(session, pulled.workspace.id, roadmap_name=roadmap_name),
            pulled.inputs.plan,
            plan_items(run.problem, run.solution),
            roadmap_name=roadmap_name,
            scenario=run.scenario,
            portfolio_id=run.portfolio_id,
            version_note=version_note,
            published_by=asked.requested_by,
            published_at=published_at,
        )
        stored = store.save_version(
            session,
            pulled.workspace.id,
            version,
            trigger=asked.trigger,
            fiscal_year_starts=pulled.inputs.setup.fiscal_year_starts,
        )
        store.note_owed(session, pulled.workspace.id)
        if asked.request_id:  # in the version's own transaction: whatever breaks now, it is not published twice
            store.finish_request(session, asked.request_id, RequestStatus.DONE, sentence_of(stored), run.run_id)
    return stored, findings
