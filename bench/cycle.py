"""A cycle over a workbook beside the obvious gspread code for the same work, in one run: `python bench/cycle.py`.

25, 1,000 and 10,000 initiatives (or the sizes named), a rule for every five of them, ten bad cells, on the local Sheets
server, which runs in a process of its own, as Google does. Both sides read the tabs, check them by our reader, and
write the same Portfolio, Roadmap Plan, Run Log, Checks, Alerts, pages, status columns and marks; neither solves, and
the peer is handed what our cycle made. The peer is what a first look into gspread's manual gives: `get_all_records` for
each tab, `clear` and `update` for each table and each pair of status columns, `format` and `insert_note` for each bad
cell (with its client pointed at the local server; no retries, no marks taken off, and every PM column beside a table
lost). Ratios above 1 say how many times more the obvious way takes. Bytes are those on the wire, packed where the
server packs. Seconds are those of the clock, the server's work included; seconds "of computing" are those that both
processes kept a core busy, which says more on a machine with other work. "0.2 s a call" adds Google's usual pace. Three
cycles: the first, one with a new run, and one after a PM changed a single cell. At the end, 20,000 rows are read by
both. Memory is the peak of our process after our first cycle, before the other side began, and that of the server's.
"""

from __future__ import annotations

import gc
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import gspread

from engine.findings import Finding, Severity
from engine.keys import initiative_key
from engine.problem import Candidate, Item, Kpi, Objective, Problem, Solution
from engine.provenance import RunFacts, RunLogLine
from jobs.cli import COLLECTOR
from sheets_sync.client import SHEETS_SCOPES
from sheets_sync.gateway import SheetsGateway
from sheets_sync.grids import Workbook
from sheets_sync.local.server import LocalServer
from sheets_sync.rows import read_inputs
from sheets_sync.template import default_title, new_workbook_requests
from sheets_sync.transport import BoundedAdapter
from sheets_sync.updates import SheetUpdate
from sheets_sync.writer import write_cycle

SIZES, BAD, LONG = (25, 1_000, 10_000), 10, 20_000
NOW = datetime(2026, 1, 13, 14, 2, tzinfo=UTC)
PAGES = ("Portfolio", "Roadmap Plan", "Run Log", "Checks", "Alerts", "Roadmap", "Start")
COUNTRIES = ("UK", "DE", "FR", "ES", "IT", "PL", "NL", "SE")


def keys(size: int) -> list[str]:
    """The initiatives' keys."""
    return [initiative_key(number) for number in range(1, size + 1)]


def tables(size: int) -> dict[str, list[dict[str, Any]]]:
    """What the PMs typed."""
    return {
        "Initiatives": [
            {
                "initiative_key": key,
                "title": f"Initiative {number}",
                "country": COUNTRIES[number % 8],
                "engineering_tokens": 90 + number % 170,
                "is_candidate": True,
            }
            for number, key in enumerate(keys(size))
        ],
        "Metrics": [{"kpi_key": "revenue", "kpi_level": "north_star", "unit": "EUR"}],
        "Contributions": [{"initiative_key": key, "revenue": 1000 + number} for number, key in enumerate(keys(size))],
        "Scenarios": [{"scenario_name": "Core", "period_key": "2026-Q1", "capacity_total_tokens": 120_000}],
        "Constraints": [
            {
                "constraint_type": "capacity_cap",
                "dimension": "country",
                "dimension_key": COUNTRIES[number % 8],
                "max": "abc" if number < BAD else 20_000 + number,
            }
            for number in range(max(size // 5, BAD))
        ],
        "Setup": [{"key": "default_scenario", "value": "Core"}],
    }


def run(size: int, run_id: int) -> RunFacts:
    """A finished run: half of the candidates are in."""
    half = size // 2
    problem = Problem(
        period_key="2026-Q1",
        periods=("2026-Q1",),
        capacity_total_tokens=Decimal(120_000),
        objective=Objective(mode="north_star"),
        kpis=(Kpi(kpi_key="revenue", kpi_level="north_star", unit="EUR"),),
        candidates=tuple(
            Candidate(
                initiative_key=key,
                title=f"Initiative {number}",
                engineering_tokens=Decimal(90 + number % 170),
                country=COUNTRIES[number % 8],
                kpi_contributions={"revenue": Decimal(1000 + number)},
            )
            for number, key in enumerate(keys(size))
        ),
    )
    items = tuple(
        Item(
            initiative_key=key,
            selected=number < half,
            allocated_tokens=Decimal(90 + number % 170 if number < half else 0),
            rank=number + 1 if number < half else None,
            start_period="2026-Q1" if number < half else None,
            reason="best value for its tokens" if number < half else "no room",
        )
        for number, key in enumerate(keys(size))
    )
    return RunFacts(
        run_id=run_id,
        scenario="Core",
        constraint_set="Baseline",
        rules_version=1,
        constraint_digest="sha256:00",
        inputs_as_of=NOW,
        solved_at=NOW,
        problem=problem,
        solution=Solution(status="optimal", relative_gap=Decimal(0), items=items),
        portfolio_id=run_id,
    )


LOG = RunLogLine(
    time=NOW,
    who="dana",
    trigger="menu",
    action="optimize",
    scenario="Core",
    constraint_set="Baseline",
    status="done",
    plan_quality="best possible",
    seconds=1.0,
    rows_read=2200,
    rows_written=2200,
    api_calls=4,
    message="500 of 1,000 initiatives are in",
    run=1,
)


class Served(NamedTuple):
    """The local server in its own process, as a client meets it."""

    base_url: str
    key_file: Path
    pipe: Connection

    def megabytes(self) -> float:
        """The peak of its memory so far."""
        self.pipe.send("memory")
        return self.pipe.recv()

    def busy(self) -> float:
        """Seconds of computing so far, its own and those of this process."""
        self.pipe.send("busy")
        return self.pipe.recv() + time.process_time()


def serve(folder: str, pipe: Connection) -> None:
    """The server's process: answers each word (its memory's peak, its seconds of computing) until the other end
    closes."""
    gc.set_threshold(*COLLECTOR)
    with LocalServer(Path(folder)) as server:
        pipe.send((server.base_url, server.key_file))
        try:
            while word := pipe.recv():
                pipe.send(peak() if word == "memory" else time.process_time())
        except EOFError:
            return


@contextmanager
def served() -> Iterator[Served]:
    """A new server with an empty folder."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        process = spawning.Process(target=serve, args=(folder, theirs))
        process.start()
        theirs.close()
        try:
            yield Served(*ours.recv(), ours)
        finally:
            ours.close()
            process.join()


def peak() -> float:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make(gateway: SheetsGateway, size: int) -> str:
    """A new workbook with those tables."""
    spreadsheet_id = gateway.create("Bench")
    title = default_title(gateway.read(spreadsheet_id))
    empty = gateway.read(spreadsheet_id, [title] if title else None)
    gateway.batch_update(spreadsheet_id, new_workbook_requests(empty, tables(size)))
    return spreadsheet_id


def our_cycle(gateway: SheetsGateway, spreadsheet_id: str, facts: RunFacts) -> tuple[Workbook, Sequence[Finding]]:
    """Read everything, write everything, as the worker does."""
    workbook = gateway.read(spreadsheet_id)
    inputs, findings = read_inputs(workbook)
    update = SheetUpdate(inputs=inputs, now=NOW, findings=findings, run=facts, run_log=(LOG,))
    write_cycle(gateway, workbook, update, before_write=lambda: None)
    return workbook, findings


def obvious_cycle(book: gspread.Spreadsheet, shown: Workbook, findings: Sequence[Finding]) -> None:
    """The same work, call by call. ``shown`` is what our cycle left, so that both sides write the same cells."""
    for name in (
        "Initiatives",
        "Metrics",
        "Contributions",
        "Scenarios",
        "Constraints",
        "Targets",
        "Setup",
        "Roadmap Plan",
    ):
        book.worksheet(name).get_all_records()
    read_inputs(shown)
    for name in PAGES:
        sheet = book.worksheet(name)
        rows = [list(row) for row in shown.grids[name].values] or [[""]]
        sheet.clear()
        if sheet.row_count < len(rows):
            sheet.resize(rows=len(rows))
        sheet.update(rows, "A1", raw=True)
    for name in ("Initiatives", "Metrics", "Contributions", "Scenarios", "Constraints", "Setup"):
        grid = shown.grids[name]
        heads = [str(text) for text in grid.values[0]]
        places = [heads.index("sys: status"), heads.index("sys: message")]
        told = [[row[place] if place < len(row) else "" for place in places] for row in grid.values[1:]]
        book.worksheet(name).update(told, f"{gspread.utils.rowcol_to_a1(2, places[0] + 1)}", raw=True)
    for finding in findings:
        if finding.cell and finding.severity is Severity.ERROR:
            sheet = book.worksheet(finding.tab)
            sheet.format(finding.cell, {"backgroundColor": {"red": 0.96, "green": 0.78, "blue": 0.76}})
            sheet.insert_note(finding.cell, finding.message)


class CountingAdapter(BoundedAdapter):
    """Counts the peer's calls and bytes on their way to the local server."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self.calls = 0
        self.bytes = 0

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        self.calls += 1
        response = super().send(request, *args, **options)
        self.bytes += len(request.body or b"") + response.raw.tell()
        return response


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    done = work()
    return time.perf_counter() - started, done


def told(name: str, figures: Mapping[str, float], peer: Mapping[str, float]) -> str:
    """One line with ratios."""
    ratios = ", ".join(
        f"{unit} {peer[unit]:,.6g} / {figures[unit]:,.6g} ({peer[unit] / figures[unit]:.1f} x)" for unit in figures
    )
    return f"{name}: obvious / ours: {ratios}"


def change_one_cell(gateway: SheetsGateway, shown: Workbook, value: int) -> None:
    """What a PM does between two cycles."""
    grid = shown.grids["Constraints"]
    column = [str(text) for text in grid.values[0]].index("max")
    start = {"sheetId": grid.sheet_id, "rowIndex": BAD, "columnIndex": column}
    cell = {"values": [{"userEnteredValue": {"numberValue": value}}]}
    request = {"updateCells": {"start": start, "rows": [cell], "fields": "userEnteredValue"}}
    gateway.batch_update(shown.spreadsheet_id, [request])


def compare(server: Served, size: int) -> None:
    """Prints calls, bytes and seconds of both sides for three cycles of one size."""
    gateway = SheetsGateway(server.key_file, server.base_url, calls_per_minute=100_000)
    spreadsheet_id, other_id = make(gateway, size), make(gateway, size)
    client = gspread.service_account(str(server.key_file), scopes=list(SHEETS_SCOPES))
    adapter = CountingAdapter(server.base_url)
    client.http_client.session.mount("https://", adapter)
    memory = ""
    for name, run_id in (("first cycle", 1), ("a new run", 2), ("one cell changed", 2)):
        before = gateway.counts
        facts = run(size, run_id)
        busy = server.busy()
        seconds, (_, findings) = timed(lambda each=facts: our_cycle(gateway, spreadsheet_id, each))
        spent = gateway.counts
        ours = {
            "calls": spent.calls - before.calls,
            "bytes": spent.bytes_sent + spent.bytes_received - before.bytes_sent - before.bytes_received,
            "seconds": seconds,
            "of computing": server.busy() - busy,
        }
        if name == "first cycle":
            memory = f"    memory: {peak():,.0f} MB ours, {server.megabytes():,.0f} MB the server"
        shown = gateway.read(spreadsheet_id)
        adapter.calls = adapter.bytes = 0
        book = client.open_by_key(other_id)
        busy = server.busy()
        seconds, _ = timed(lambda b=book, s=shown, f=findings: obvious_cycle(b, s, f))
        peer = {"calls": adapter.calls, "bytes": adapter.bytes, "seconds": seconds}
        peer["of computing"] = server.busy() - busy
        print(told(f"{size:,} initiatives, {name}", ours, peer))
        ours, peer = ({unit: each[unit] + 0.2 * each["calls"] for unit in list(each)[2:]} for each in (ours, peer))
        print(told("    with 0.2 s a call", ours, peer))
        change_one_cell(gateway, shown, 12_000 + gateway.counts.calls)
    print(memory)
    gateway.close()


def read_long(server: Served) -> None:
    """Prints what reading a long workbook takes, rows typed and checked, beside `get_all_records` of its two tabs."""
    gateway = SheetsGateway(server.key_file, server.base_url, calls_per_minute=100_000)
    spreadsheet_id = make(gateway, LONG)
    seconds, workbook = timed(lambda: gateway.read(spreadsheet_id))
    typing, _ = timed(lambda: read_inputs(workbook))
    memory = peak()
    client = gspread.service_account(str(server.key_file), scopes=list(SHEETS_SCOPES))
    client.http_client.session.mount("https://", CountingAdapter(server.base_url))
    book = client.open_by_key(spreadsheet_id)
    peer, _ = timed(lambda: [book.worksheet(name).get_all_records() for name in ("Initiatives", "Contributions")])
    print(
        f"reading {LONG:,} initiatives: ours {seconds:.2f} s and {typing:.2f} s to type and check, "
        f"obvious {peer:.2f} s; {memory:,.0f} MB at the peak, ours"
    )
    gateway.close()


def main() -> None:
    """The sizes named, or all of them and the long reading."""
    gc.set_threshold(*COLLECTOR)  # as the worker has it; the other side gains by it, too
    sizes = [int(text) for text in sys.argv[1:]]
    for size in sizes or SIZES:
        with served() as server:
            compare(server, size)
    if not sizes:
        with served() as server:
            read_long(server)


if __name__ == "__main__":
    main()
