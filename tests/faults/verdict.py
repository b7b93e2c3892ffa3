"""What must hold once a site is quiet after a fault, and the count of what did not."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from db.records import WorkspaceRecord
from tests.faults.site import Site
from tests.faults.snapshots import INPUTS, OUTPUTS, Seen, lost_values, seen

FINAL = ("done", "failed", "cancelled")
LOST, DOUBLED, TORN = "lost", "doubled", "torn"


@dataclass
class Tally:
    """What one line of the matrix came to. ``recoveries`` are the seconds from a fault until what it hit had ended;
    ``wrong`` says where something did not hold. Safe for threads."""

    line: str
    tried: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    """What else is worth telling: where faults struck, how requests ended."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def add(self, where: str, found: Sequence[tuple[str, str]], recovery_s: float | None = None) -> None:
        """One more try, and what was found wrong after it."""
        with self._lock:
            self.tried += 1
            self.counts.update({kind for kind, _ in found})
            self.wrong += [f"{where}: {sentence}" for _, sentence in found]
            if recovery_s is not None:
                self.recoveries.append(recovery_s)

    def percentile(self, share: float) -> float | None:
        """Of the recoveries."""
        ordered = sorted(self.recoveries)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def holds(tally: Tally, tried: int) -> None:
    """Fails where something did not hold, or another number was tried."""
    assert not tally.wrong, tally.wrong
    assert tally.tried == tried


@dataclass
class Before:
    """A workbook before something is asked of it."""

    site: Site
    workspace: WorkspaceRecord

    def __post_init__(self) -> None:
        self.ids = self.site.office.sheet_ids(self.workspace, (*INPUTS, *OUTPUTS))
        self.people = self._people()
        self.runs = self._count("optimization_runs")
        self.versions = self._count("roadmaps")

    def _people(self) -> Seen:
        return seen(self.site.server.service, self.workspace.spreadsheet_id, self.ids)

    def _count(self, table: str) -> int:
        counted = f"SELECT count(*) AS n FROM {table} WHERE workspace_id = :id"
        return int(self.site.rows(counted, id=self.workspace.id)[0]["n"])

    def found(self, asked: Mapping[str, str]) -> list[tuple[str, str]]:
        """What does not hold now that all is quiet: (kind, sentence). ``asked`` is request id -> action, in the order
        in which they were asked."""
        requests = {row["request_id"]: row for row in self.site.rows(_REQUESTS, id=self.workspace.id)}
        found: list[tuple[str, str]] = []
        for request_id in asked:
            found += self._answered(request_id, requests.get(request_id))
        found += self._counted(asked, requests)
        found += [(TORN, sentence) for sentence in torn(self.site, self.workspace)]
        found += [(LOST, sentence) for sentence in lost_values(self.people, self._people())]
        return found + [(LOST, sentence) for sentence in self._out_of_order(asked, requests)]

    def _answered(self, request_id: str, kept: Mapping[str, object] | None) -> list[tuple[str, str]]:
        if kept is None:
            return [(LOST, f"{request_id} is not in the database")]
        found: list[tuple[str, str]] = []
        if kept["status"] not in FINAL or not kept["message"]:
            found.append((LOST, f"{request_id} is {kept['status']} with “{kept['message']}”"))
        for row in self.site.tab(self.workspace, "Requests"):
            if row["request_id"] == request_id and (row["status"], row["message"]) != (kept["status"], kept["message"]):
                told = f"{row['status']} “{row['message']}”"
                found.append((LOST, f"{request_id} ended {kept['status']} “{kept['message']}”, its row says {told}"))
        return found

    def _counted(self, asked: Mapping[str, str], requests: Mapping[str, Mapping[str, object]]) -> list[tuple[str, str]]:
        """One run for each optimize that got as far as one, one version for each publish that is done."""
        ended = [requests[one] for one in asked if one in requests]
        runs = len({row["run_id"] for row in ended if row["action"] == "optimize" and row["run_id"]})
        versions = sum(row["action"] == "publish" and row["status"] == "done" for row in ended)
        found: list[tuple[str, str]] = []
        for what, now, before, more in (
            ("runs", self._count("optimization_runs"), self.runs, runs),
            ("versions", self._count("roadmaps"), self.versions, versions),
        ):
            if now != before + more:
                kind = DOUBLED if now > before + more else LOST
                found.append((kind, f"there were {before} {what}, {more} were asked for, there are {now}"))
        log = [row["run"] for row in self.site.tab(self.workspace, "Run Log") if row["action"] == "optimize"]
        found += [(DOUBLED, f"run {run} stands {n} times in Run Log") for run, n in Counter(log).items() if n > 1]
        return found

    def _out_of_order(self, asked: Mapping[str, str], requests: Mapping[str, Mapping[str, object]]) -> list[str]:
        """Requests of a workbook end in the order in which they came to the queue."""
        queued = [requests[one] for one in asked if one in requests and asked[one] != "cancel"]
        queued.sort(key=lambda row: row["id"])  # type: ignore[arg-type, return-value]
        return [
            f"{later['request_id']} ended before {earlier['request_id']}"
            for earlier, later in pairwise(queued)
            if earlier["finished_at"] and later["finished_at"] and later["finished_at"] < earlier["finished_at"]  # type: ignore[operator]
        ]


def traces(site: Site) -> list[tuple[str, str]]:
    """Workers that printed where something went wrong in the code, instead of a line of the log."""
    return [(LOST, f"{child.err} holds a traceback") for child in site.children if "Traceback" in child.err.read_text()]


_REQUESTS = "SELECT * FROM requests WHERE workspace_id = :id"


def torn(site: Site, workspace: WorkspaceRecord) -> list[str]:
    """Tabs that do not show one whole run: the newest that made a plan."""
    kept = site.rows(_NEWEST, id=workspace.id)
    wanted = {str(row["id"]) for row in kept}
    told: list[str] = []
    for title in ("Portfolio", "Alerts", "Roadmap Plan"):
        shown = {row["run_id"] for row in site.tab(workspace, title) if row.get("run_id")}
        expected = wanted if title != "Roadmap Plan" else {str(row["id"]) for row in site.rows(_SHOWN, id=workspace.id)}
        if shown and shown != expected:
            told.append(f"{title} shows the runs {sorted(shown)}, not {sorted(expected)}")
    if wanted and not any(row.get("run_id") for row in site.tab(workspace, "Portfolio")):
        told.append(f"Portfolio shows nothing, not {sorted(wanted)}")
    return told


_NEWEST = """
    SELECT max(id) AS id FROM optimization_runs
    WHERE workspace_id = :id AND outcome IN ('optimal', 'feasible') HAVING count(*) > 0
"""
_SHOWN = """
    SELECT portfolios.run_id AS id FROM roadmaps JOIN portfolios ON portfolios.id = roadmaps.portfolio_id
    WHERE roadmaps.workspace_id = :id ORDER BY roadmaps.id DESC LIMIT 1
"""
