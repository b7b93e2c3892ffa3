"""Rows of Roadmap Plan: what the published version says, what the last run would do, and what a publish would make of
both."""

from __future__ import annotations

from collections.abc import Mapping

from engine.inputs import PlanRow
from engine.keys import normalised
from engine.problem import Candidate, Item
from engine.provenance import RunFacts
from engine.roadmap import RoadmapEntry, RoadmapVersion, next_version, plan_items
from sheets_sync.content import Content, Figure, link
from sheets_sync.outputs import Ledger
from sheets_sync.sourcelinks import SourcesByInitiative
from sheets_sync.updates import SheetUpdate

PLANNED, NOT_DOING, NOT_PLANNED = "planned", "not doing", "not planned"


def published_run(update: SheetUpdate) -> RunFacts | None:
    """The run whose portfolio the published version was made of; None where it is not known."""
    if update.version is None or update.published_run is not None:
        return update.published_run if update.version else None
    run = update.run
    return run if run and run.portfolio_id == update.version.portfolio_id else None


def preview(update: SheetUpdate, run: RunFacts | None) -> RoadmapVersion | None:
    """What publishing ``run`` now would make; the published version as it is without one."""
    if run is None:
        return update.version
    last = update.version
    version, _ = next_version(
        last,
        update.inputs.plan,
        plan_items(run.problem, run.solution),
        roadmap_name=last.roadmap_name if last else "",
        scenario=run.scenario,
        portfolio_id=run.portfolio_id or 0,
        version_note="",
        published_by="",
        published_at=update.now,
    )
    return version


def unpublished_edits(update: SheetUpdate) -> int:
    """How many entries the edits in Roadmap Plan would change, were the published portfolio published again."""
    run = published_run(update)
    if update.version is None or run is None:
        return 0
    again = preview(update, run)
    now = {entry.initiative_key: _scheduling(entry) for entry in update.version.entries}
    then = {entry.initiative_key: _scheduling(entry) for entry in again.entries} if again else {}
    return sum(now.get(key) != then.get(key) for key in now.keys() | then.keys())


def _scheduling(entry: RoadmapEntry) -> tuple[object, ...]:
    return entry.decision, entry.planned_period, entry.priority_rank, entry.is_locked_in


def plan_rows(ledger: Ledger) -> dict[str, dict[str, Content]]:
    """initiative_key -> its row: candidates of the run, entries of the version, and rows that carry a PM's words."""
    update = ledger.update
    run = update.run
    entries = {normalised(each.initiative_key): each for each in update.version.entries} if update.version else {}
    effective = preview(update, run)
    after = {normalised(each.initiative_key): each for each in effective.entries} if effective else {}
    items = {normalised(each.initiative_key): each for each in run.solution.items} if run else {}
    candidates = {normalised(each.initiative_key): each for each in run.problem.candidates} if run else {}
    spelled = {normalised(item.initiative_key): item.initiative_key for item in items.values()}
    spelled |= {normalised(entry.initiative_key): entry.initiative_key for entry in entries.values()}
    typed = [row for row in update.inputs.plan if row.initiative_key and _has_words(row)]
    spelled |= {normalised(row.initiative_key): row.initiative_key for row in typed if row.initiative_key}
    titles = {normalised(row.initiative_key): row.title for row in update.inputs.initiatives if row.initiative_key}
    published = published_run(update)
    sources = SourcesByInitiative(published.problem.constraint_set) if published else None
    rows = {
        key: {
            "initiative_key": key,
            "title": titles.get(name) or _title(candidates.get(name), entries.get(name)),
            "section": _section(update.version, entries.get(name), after.get(name)),
            **_effective(after.get(name), items.get(name), run),
            **_facts(candidates.get(name), items.get(name)),
            "roadmap_name": update.version.roadmap_name if update.version else None,
            **_provenance(ledger, name, entries.get(name), published, sources),
        }
        for name, key in spelled.items()
    }
    return dict(sorted(rows.items(), key=lambda row: _order(row[1])))


def _order(row: Mapping[str, Content]) -> tuple[int, float, str]:
    """Planned by rank, then not planned, then not doing: as ``sortRange`` leaves them."""
    rank = row.get("effective_rank")
    section = {PLANNED: 0, NOT_PLANNED: 1, NOT_DOING: 2}[str(row["section"])]
    return section, float(rank) if isinstance(rank, int) else float("inf"), str(row["initiative_key"])


def _has_words(row: PlanRow) -> bool:
    """True where a PM typed anything that would be left without its initiative if the row were emptied."""
    typed = (
        row.decision, row.planned_period, row.priority_rank, row.owner, row.status, row.confidence, row.public_note,
        row.notes, row.override_reason,
    )  # fmt: skip
    return bool(row.is_locked_in) or any(value is not None for value in typed) or bool(row.bad)


def _title(candidate: Candidate | None, entry: RoadmapEntry | None) -> str | None:
    return (candidate.title if candidate else None) or (entry.title if entry else None)


def _section(version: RoadmapVersion | None, entry: RoadmapEntry | None, after: RoadmapEntry | None) -> str:
    """Where the published version has it; before the first one, where a publish would put it."""
    if version is None:
        return PLANNED if after and after.decision == "in" else NOT_PLANNED
    if entry is None:
        return NOT_PLANNED
    return PLANNED if entry.decision == "in" else NOT_DOING


def _effective(after: RoadmapEntry | None, item: Item | None, run: RunFacts | None) -> dict[str, Content]:
    is_in = after is not None and after.decision == "in"
    first = (run.problem.periods or (run.problem.period_key or None,))[0] if run else None
    return {
        # What was put in without a period takes the scenario's first.
        "effective_period": (after.planned_period or first) if after and is_in else None,
        "effective_rank": after.priority_rank if after and is_in else None,
        "plan_wants": _wants(item),
        "conflict": after.conflict if after else None,
    }


def _wants(item: Item | None) -> str:
    if item is None:
        return "no candidate"
    if not item.selected:
        return "out"
    return f"in, {item.start_period}" if item.start_period else "in"


def _facts(candidate: Candidate | None, item: Item | None) -> dict[str, Content]:
    return {
        "department": candidate.department if candidate else None,
        "program": candidate.program if candidate else None,
        "allocated_tokens": Figure(item.allocated_tokens) if item else None,
        "why": item.reason if item else None,
    }


def _provenance(
    ledger: Ledger,
    name: str,
    entry: RoadmapEntry | None,
    run: RunFacts | None,
    sources: SourcesByInitiative | None,
) -> dict[str, Content]:
    """Where the published entry comes from; blank where nothing of it is published."""
    version = ledger.update.version
    if version is None or entry is None:
        return {}
    told: dict[str, Content] = {
        "roadmap_version": version.version,
        "published_by": version.published_by,
        "published_at": ledger.moment(version.published_at),
    }
    if run is None or sources is None:
        return told
    rules = run.problem.constraint_set
    source = "optimizer"
    if entry.is_decision_overridden or entry.is_period_overridden:
        source = "manual"
    elif name in map(normalised, rules.locks):
        source = "locked"
    elif name in map(normalised, rules.mandatory_initiatives):
        source = "mandatory"
    made = ledger.provenance(run, source, ledger.links.linked(sources.of(name)))
    when = run.solved_at.astimezone(ledger.zone)
    made["run"] = link(f"{run.run_id} · {when:%a %H:%M}", ledger.links.tab_uri("Run Log"))
    return {**made, **told}
