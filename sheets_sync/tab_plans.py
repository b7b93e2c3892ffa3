"""A SheetUpdate as one plan for each tab: what its cells are to show, by column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from engine.findings import Finding, Severity
from engine.inputs import Row as InputRow
from engine.keys import normalised
from engine.provenance import RunFacts
from engine.reads_as import reads_as
from sheets_sync.before_cells import Before
from sheets_sync.cell_writes import TabWrites
from sheets_sync.content import Content, Figure
from sheets_sync.frames import Frame
from sheets_sync.grids import Grid, Workbook
from sheets_sync.headers import Header, grid_of, header
from sheets_sync.input_plan import InputPlan
from sheets_sync.intake_plan import by_index, intake_plans
from sheets_sync.layout import roadmap_page
from sheets_sync.outputs import Ledger, Row, alert_rows, check_rows, portfolio_rows, run_log_rows
from sheets_sync.plan_outputs import plan_rows
from sheets_sync.put_back import found_over, keys_found_over, our_titles, still_told
from sheets_sync.remarks import Remarks, required_uplift
from sheets_sync.start_page import start_page
from sheets_sync.tab_marks import status_and_message, tab_marks
from sheets_sync.table_plan import Sort, TablePlan
from sheets_sync.tabs import tab
from sheets_sync.updates import SheetUpdate
from sheets_sync.whole_plan import PagePlan, WholePlan


class TabPlan(Protocol):
    """What one tab is to show, however it is kept (InputPlan, TablePlan, WholePlan, PagePlan). ``grid`` is the tab as
    read."""

    grid: Grid

    @property
    def title(self) -> str:
        """The tab's title as read."""
        ...

    @property
    def changes(self) -> bool:
        """False where the tab already shows it."""
        ...

    @property
    def has_marks(self) -> bool:
        """True where notes and fills have to be read."""
        ...

    @property
    def has_figures(self) -> bool:
        """True where formats of numbers are written beside people's cells."""
        ...

    @property
    def effect(self) -> tuple[Before, TabWrites] | None:
        """What stood there before the batch, and what it wrote; None where nothing of people's stands beside it."""
        ...

    def ranges(self) -> list[str]:
        """What the narrow re-read asks for."""
        ...

    def echo(self) -> list[str]:
        """What the batch is to hand back."""
        ...

    def writes(self, frame: Frame) -> TabWrites | None:
        """What to write, given the re-read; None: not safe now."""
        ...

    def repair(self, echo: Frame) -> TabWrites | None:
        """What puts right a row that moved under the batch; None: none did."""
        ...


def tab_plans(workbook: Workbook, update: SheetUpdate) -> list[TabPlan]:
    """The plans of all tabs that exist and are to change, in sheet order."""
    ledger = Ledger(workbook, update)
    beside = [*_input_plans(ledger), *_own_intake(ledger), *_table_plans(ledger)]
    plans = [*beside, *_whole_plans(ledger, _put_back(ledger, beside))]
    return [plan for plan in plans if plan.changes]


def _put_back(ledger: Ledger, plans: Sequence[InputPlan | TablePlan]) -> list[Finding]:
    """What Checks says of system cells that PMs typed over: now, and within the last day."""
    now = ledger.update.now.astimezone(ledger.zone)
    fresh = [finding for plan in plans for finding in found_over(plan, now, lambda: our_titles(ledger))]
    fresh += [finding for plan in plans for finding in keys_found_over(plan, ledger.update)]
    told = {(finding.tab, finding.cell) for finding in fresh}
    found = _opened(ledger, "Checks")
    before = still_told(*found, now) if found else ()
    return [*fresh, *(finding for finding in before if (finding.tab, finding.cell) not in told)]


# ---- tabs that PMs fill


def _input_plans(ledger: Ledger) -> Iterator[InputPlan]:
    update = ledger.update
    inputs = update.inputs
    rows: dict[str, Sequence[InputRow]] = {
        "Initiatives": inputs.initiatives,
        "Metrics": inputs.metrics,
        "Contributions": inputs.contributions,
        "Scenarios": inputs.scenarios,
        "Constraints": inputs.constraints,
        "Targets": inputs.targets,
        "Setup": inputs.setup.rows,
        "Requests": inputs.requests,
    }
    titles = {row.initiative_key: row.title for row in inputs.initiatives if row.initiative_key}
    for name, held in rows.items():
        found = _opened(ledger, name)
        if found is None:
            continue
        grid, head = found
        findings = [finding for finding in update.findings if finding.tab == name]
        wanted = _told(grid, head, held, findings)
        added = _filled(name, wanted, head, ledger, titles)
        yield InputPlan(
            grid=grid, header=head, wanted=wanted, marks=tab_marks(head.tab, grid, head, findings), added=added
        )


def _filled(
    name: str,
    wanted: dict[int, dict[int, Content]],
    head: Header,
    ledger: Ledger,
    titles: Mapping[str, str | None],
) -> list[Mapping[int, Content]]:
    """Fills in the tab's own system columns; the whole rows to be added to it."""
    match name:
        case "Initiatives":
            _name_initiatives(wanted, head, ledger)
            _name_requests(wanted, head, ledger)
            copied = ledger.update.intake.copied.items()
            return [by_index(head, {"initiative_key": key, **cells}) for key, cells in copied]
        case "Contributions":
            _name_contributions(wanted, head, ledger, titles)
            return _missing_contributions(head, ledger, titles)
        case "Constraints":
            _put_in_words(wanted, head, ledger, titles)
            _beside(wanted, head, "rule_cost", "row_price", ledger)
        case "Targets":
            _put_uplifts(wanted, head, ledger)
            _beside(wanted, head, "reachable", "target_reach", ledger)
        case "Setup":
            _connect(wanted, head, ledger)
        case "Requests":
            _answer(wanted, head, ledger)
        case _:
            pass
    return []


def _told(
    grid: Grid, head: Header, rows: Sequence[InputRow], findings: Iterable[Finding]
) -> dict[int, dict[int, Content]]:
    """``sys: status`` and ``sys: message`` of every row; blank where a row is no row any more."""
    by_row: dict[int, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.row is not None and finding.row > 1:
            by_row[finding.row - 1].append(finding)
    used = {row.row - 1 for row in rows} | by_row.keys()
    status, message = head.columns.get("sys: status"), head.columns.get("sys: message")
    told: dict[int, dict[int, Content]] = {}
    for row in sorted(used | set(range(1, len(grid.values)))):
        texts = status_and_message(by_row[row]) if row in used else (None, None)
        told[row] = {column: text for column, text in zip((status, message), texts, strict=True) if column is not None}
    return told


def _name_initiatives(wanted: dict[int, dict[int, Content]], head: Header, ledger: Ledger) -> None:
    """New keys, and the label that dropdowns offer."""
    key, label = head.columns.get("initiative_key"), head.columns.get("sys: label")
    for row, name in ledger.update.new_keys.items():
        if key is not None:
            wanted.setdefault(row - 1, {})[key] = name
    if label is None:
        return
    labels = {
        row.row - 1: f"{row.initiative_key} · {row.title}" if row.title else row.initiative_key
        for row in ledger.update.inputs.initiatives
        if row.initiative_key
    }
    for row in wanted:
        wanted[row][label] = labels.get(row)


def _name_requests(wanted: dict[int, dict[int, Content]], head: Header, ledger: Ledger) -> None:
    """Where an initiative was asked for, and what the requester has changed since."""
    intake = ledger.update.intake
    keys = {row.row - 1: row.initiative_key for row in ledger.update.inputs.initiatives}
    for name, told in (("requester_changes", intake.changes), ("sources", intake.sources)):
        column = head.columns.get(name)
        if column is None:
            continue
        for row in wanted:
            key = keys.get(row) or ""
            if key not in intake.unread:
                wanted[row][column] = told.get(key)


def _connect(wanted: dict[int, dict[int, Content]], head: Header, ledger: Ledger) -> None:
    """Whether each intake source is connected."""
    column = head.columns.get("connection")
    if column is None:
        return
    for row in wanted:
        wanted[row][column] = ledger.update.intake.connections.get(row + 1)


def _own_intake(ledger: Ledger) -> list[InputPlan]:
    """The workbook's own Intake tabs."""
    update, own_id = ledger.update, ledger.workbook.spreadsheet_id
    tabs = [bound for bound in update.intake.tabs if bound.workbook.spreadsheet_id == own_id]
    return intake_plans(tabs, update.intake.replies, update.findings)


def _name_contributions(
    wanted: dict[int, dict[int, Content]], head: Header, ledger: Ledger, titles: Mapping[str, str | None]
) -> None:
    """The title beside each key."""
    title = head.columns.get("title")
    if title is None:
        return
    keys = {row.row - 1: row.initiative_key for row in ledger.update.inputs.contributions}
    for row in wanted:
        wanted[row][title] = titles.get(keys.get(row) or "")


def _missing_contributions(
    head: Header, ledger: Ledger, titles: Mapping[str, str | None]
) -> list[Mapping[int, Content]]:
    """A new row (key, title and status) for each candidate that has none."""
    key, title, status = (head.columns.get(name) for name in ("initiative_key", "title", "sys: status"))
    inputs = ledger.update.inputs
    if key is None or not _is_readable(head):
        return []
    there = {normalised(row.initiative_key) for row in inputs.contributions if row.initiative_key}
    names = [row.initiative_key for row in inputs.initiatives if row.initiative_key and row.is_candidate]
    missing = [name for name in dict.fromkeys(names) if normalised(name) not in there]
    return [
        {
            key: name,
            **({title: titles.get(name)} if title is not None else {}),
            **({status: Severity.OK.value} if status is not None else {}),
        }
        for name in missing
    ]


def _put_in_words(
    wanted: dict[int, dict[int, Content]], head: Header, ledger: Ledger, titles: Mapping[str, str | None]
) -> None:
    """Each rule in words, beside it."""
    column = head.columns.get("reads_as")
    if column is None:
        return
    inputs = ledger.update.inputs
    units = {row.kpi_key: row.unit for row in inputs.metrics if row.kpi_key}
    words = {row.row - 1: reads_as(row, titles, units) or None for row in inputs.constraints}
    for row in wanted:
        wanted[row][column] = words.get(row)


def _put_uplifts(wanted: dict[int, dict[int, Content]], head: Header, ledger: Ledger) -> None:
    """What each target asks a plan to add."""
    column = head.columns.get("required_uplift")
    if column is None:
        return
    inputs = ledger.update.inputs
    uplifts = {row.row - 1: required_uplift(row, inputs) for row in inputs.targets}
    for row in wanted:
        uplift = uplifts.get(row)
        wanted[row][column] = None if uplift is None else Figure(uplift)


def _beside(wanted: dict[int, dict[int, Content]], head: Header, name: str, kind: str, ledger: Ledger) -> None:
    """What the newest run says beside each row of a tab."""
    column = head.columns.get(name)
    if column is None:
        return
    told = Remarks(_newest(ledger.update, kind)).beside_rows(kind, ledger.links)
    for row in wanted:
        wanted[row][column] = told.get((head.tab.name, row + 1))


def _newest(update: SheetUpdate, kind: str) -> RunFacts | None:
    """The run whose remarks hold now: how far targets can be reached is told without a plan too."""
    if kind == "target_reach" and update.failed_run is not None:
        return update.failed_run
    return update.alerts_run or update.run


def _answer(wanted: dict[int, dict[int, Content]], head: Header, ledger: Ledger) -> None:
    """What became of each request that is answered now; others stay as they are."""
    wanted.clear()
    status, message = head.columns.get("status"), head.columns.get("message")
    for row in ledger.update.inputs.requests:
        answer = ledger.update.requests.get(row.request_id or "")
        if answer is not None and status is not None and message is not None:
            wanted[row.row - 1] = {status: answer.status, message: answer.message}


# ---- tables beside PMs' own columns


def _table_plans(ledger: Ledger) -> Iterator[TablePlan]:
    update = ledger.update
    is_new_run = update.run is not None and not _shows(ledger, "Portfolio", "run_id", update.run.run_id)
    if update.run is not None and (found := _opened(ledger, "Portfolio")) and _is_readable(found[1]):
        rows = portfolio_rows(ledger, update.run, is_stale=bool(update.failure))
        yield _table(ledger, found, rows, [("rank", True)] if is_new_run else [])
    if (update.run is not None or update.version is not None) and (found := _opened(ledger, "Roadmap Plan")):
        if not _is_readable(found[1]):
            return
        version = update.version
        is_new = is_new_run or (
            version is not None and not _shows(ledger, "Roadmap Plan", "roadmap_version", version.version)
        )
        rows = plan_rows(ledger)
        _tell_plan(ledger, rows)
        yield _table(ledger, found, rows, [("section", False), ("effective_rank", True)] if is_new else [])


def _table(
    ledger: Ledger, found: tuple[Grid, Header], rows: Mapping[str, Row], sort: Sequence[tuple[str, bool]]
) -> TablePlan:
    grid, head = found
    findings = [finding for finding in ledger.update.findings if finding.tab == head.tab.name]
    order: Sort = [(head.columns[name], ascending) for name, ascending in sort if name in head.columns]
    return TablePlan(
        grid=grid,
        header=head,
        wanted=dict(zip(rows, _by_column(head, rows.values()), strict=True)),
        marks=tab_marks(head.tab, grid, head, findings),
        sort=order,
    )


def _tell_plan(ledger: Ledger, rows: Mapping[str, dict[str, Content]]) -> None:
    """``sys: status`` and ``sys: message`` of Roadmap Plan, whose rows are known by key."""
    by_row: dict[int, list[Finding]] = defaultdict(list)
    for finding in ledger.update.findings:
        if finding.tab == "Roadmap Plan" and finding.row is not None:
            by_row[finding.row].append(finding)
    told = {normalised(row.initiative_key): by_row[row.row] for row in ledger.update.inputs.plan if row.initiative_key}
    for key, row in rows.items():
        row["sys: status"], row["sys: message"] = status_and_message(told.get(normalised(key), ()))


def _shows(ledger: Ledger, name: str, column: str, number: int) -> bool:
    """True where some row of the tab already carries this run's or version's number."""
    found = _opened(ledger, name)
    if found is None:
        return False
    grid, head = found
    index = head.columns.get(column)
    return index is not None and any(len(cells) > index and cells[index] == number for cells in grid.values[1:])


# ---- tabs that are rewritten whole


def _whole_plans(ledger: Ledger, put_back: Sequence[Finding]) -> Iterator[TabPlan]:
    update = ledger.update
    if update.run is not None or update.alerts_run is not None or update.failure:
        yield from _whole(ledger, "Alerts", alert_rows(ledger))
    yield from _pages(ledger)
    yield from _whole(ledger, "Run Log", run_log_rows(ledger))
    yield from _whole(ledger, "Checks", check_rows(ledger, put_back))


def _whole(ledger: Ledger, name: str, rows: Sequence[Row]) -> Iterator[WholePlan]:
    found = _opened(ledger, name)
    if found is not None and found[1].columns:
        grid, head = found
        yield WholePlan(grid=grid, header=head, rows=_by_column(head, rows))


def _pages(ledger: Ledger) -> Iterator[PagePlan]:
    """Start and Roadmap."""
    for name, made in (("Start", start_page), ("Roadmap", roadmap_page)):
        grid = grid_of(ledger.workbook, tab(name))
        page = made(ledger) if grid else None
        if grid is not None and page is not None:
            yield PagePlan(grid=grid, page=page, merges=ledger.workbook.merges_of(grid))


# ---- columns


def _opened(ledger: Ledger, name: str) -> tuple[Grid, Header] | None:
    """A tab's grid and header; None where the tab does not exist."""
    grid = grid_of(ledger.workbook, tab(name))
    if grid is None:
        return None
    kpis = [row.kpi_key for row in ledger.update.inputs.metrics if row.kpi_key]
    return grid, header(grid, tab(name), kpis)


def _is_readable(head: Header) -> bool:
    """False where a table has no key column, so that no row of it can be known."""
    return "initiative_key" in head.columns


def _by_column(head: Header, rows: Iterable[Row]) -> list[dict[int, Content]]:
    """The rows by column index; contents of KPIs go to the KPI's column. Columns that are not there are left out."""
    system = {column.name: head.columns.get(column.name) for column in head.tab.columns if not column.is_pm}
    places = {index: name for name, index in system.items() if index is not None}
    for family in head.tab.families:
        if family.owner.value == "SYSTEM":
            places |= {
                index: f"{family.name}: {normalised(member)}" for member, index in head.families[family.name].items()
            }
    return [{index: row.get(name) for index, name in places.items()} for row in rows]
