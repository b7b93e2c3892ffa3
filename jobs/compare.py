"""Compare: two stored runs side by side, with what changed between their snapshots."""

from __future__ import annotations

from dataclasses import dataclass

from db.records import WorkspaceRecord
from engine.compare import Comparison, Side
from engine.compare import compare as compare_sides
from engine.errors import InputError
from engine.provenance import RunFacts
from jobs.connections import Connections
from jobs.explain import run_of

SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two runs, the earlier first as it was asked for, and what differs."""

    before: RunFacts
    after: RunFacts
    comparison: Comparison

    def lines(self) -> list[str]:
        """What differs, in sentences: the plans first, then the numbers, then the rules and inputs."""
        found = self.comparison
        lines = [one.message for one in (*found.added, *found.dropped, *found.moved)]
        without = [run.run_id for run in (self.before, self.after) if not run.solution.items]
        if without:
            lines.append(f"Run {' and run '.join(map(str, without))} made no plan, so there are no two to compare.")
        elif not lines:
            lines.append("Both plans choose the same initiatives at the same time.")
        for name, (was, now) in found.kpis.items():
            if was != now:
                lines.append(f"{name}: {_shown(was)} before, {_shown(now)} now.")
        used = found.tokens
        if used[0] != used[1]:
            lines.append(f"Tokens used: {_shown(used[0])} before, {_shown(used[1])} now.")
        lines += [f"Changed: {one.message}." for one in found.changed]
        return lines


def compare(
    connections: Connections, workspace: WorkspaceRecord, run_ids: tuple[int, int], seconds: float = SECONDS
) -> Compared:
    """The comparison of two runs of the workspace that came to a result."""
    if run_ids[0] == run_ids[1]:
        raise InputError("Give two different runs to compare.")
    before, after = (run_of(connections, workspace, run_id=run_id) for run_id in run_ids)
    found = compare_sides(Side(before.problem, before.solution), Side(after.problem, after.solution), seconds=seconds)
    return Compared(before=before, after=after, comparison=found)


def _shown(value: object) -> str:
    return "no plan" if value is None else f"{value:,f}"
