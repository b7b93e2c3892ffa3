"""The Start page: five steps from ideas to a published roadmap, each with what stands there and what to do next.

Five columns: number, step, what stands there, what to do next, and the state in word and symbol. Nothing on it moves
with the clock, so that it is rewritten only when something happened.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.findings import Severity
from engine.keys import normalised
from sheets_sync.content import Content, Linked, link
from sheets_sync.outputs import Ledger, plan_quality
from sheets_sync.page import Page, PageCell, Style
from sheets_sync.plan_outputs import unpublished_edits
from sheets_sync.workspace_mark import ID_CELL

WIDTHS = (40, 190, 380, 380, 230)

_NAVY, _PALE, _WHITE, _LINE = "#1B2A41", "#EAF0F6", "#FFFFFF", "#C5D0DB"
_GREY, _BLUE, _ORANGE = "#5B6B7B", "#005A9C", "#B34700"
_TITLE = Style(fill=_NAVY, ink=_WHITE, size=16, bold=True)
_UNDER = Style(fill=_NAVY, ink="#D6E0EA", size=10)
_ID = Style(fill=_NAVY, ink="#8FA3B8", size=7, wraps=False)
_HEAD = Style(fill=_PALE, ink=_GREY, size=9, bold=True)
_NUMBER = Style(fill=_WHITE, size=14, bold=True, align="CENTER", border=_LINE)
_STEP = Style(fill=_WHITE, size=11, bold=True, border=_LINE)
_FACT = Style(fill=_WHITE, size=10, border=_LINE)
_DONE = Style(fill=_WHITE, ink=_BLUE, size=10, bold=True, border=_LINE)
_TO_DO = Style(fill=_WHITE, ink=_ORANGE, size=10, bold=True, border=_LINE)
_WAITS = Style(fill=_WHITE, ink=_GREY, size=10, border=_LINE)
_RUN = Style(fill=_PALE, size=10, border=_LINE)
_GAP = Style(fill=_WHITE)
_STATES = {"done": ("✓ done", _DONE), "to do": ("▲ to do", _TO_DO), "waits": ("○ waits for the step above", _WAITS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. ``facts`` are what stands there, ``next`` what to do (text, declared tab to go to); ``state`` is done,
    to do or waits."""

    name: str
    facts: tuple[str, ...]
    next: tuple[str, str]
    state: str


def start_page(ledger: Ledger) -> Page:
    """The page as things stand."""
    steps = [_ideas(ledger), _estimates(ledger), _rules(ledger), _run(ledger), _publish(ledger)]
    first = next((step for step in steps if step.state == "to do"), None)
    page = Page(WIDTHS)
    page.band("From ideas to a published roadmap, in five steps", _TITLE, 40)
    _second_row(page, ledger, first)
    page.add({column: PageCell(content=text, style=_HEAD) for column, text in enumerate(_HEADS)}, 22)
    for number, step in enumerate(steps, 1):
        text, style = _STATES[step.state]
        page.add(
            {
                0: PageCell(content=number, style=_NUMBER),
                1: PageCell(content=step.name, style=_STEP),
                2: PageCell(content=" · ".join(step.facts), style=_FACT),
                3: PageCell(content=_go(ledger, *step.next), style=_FACT),
                4: PageCell(content=text, style=style),
            },
            44,
        )
    page.add({column: PageCell(style=_GAP) for column in range(page.width)}, 12)
    for content in (_last_run(ledger), _problems(ledger)):
        page.band(content, _RUN, 30)
    return page


_HEADS = ("", "Step", "What stands there", "What to do next", "State")


def _second_row(page: Page, ledger: Ledger, first: Step | None) -> None:
    """What to do next of all, and at ``ID_CELL`` the id by which this workbook is known."""
    told = _go(ledger, f"Next: {first.next[0]}", first.next[1]) if first else "All five steps are done."
    cells = {column: PageCell(style=_UNDER) for column in range(page.width)}
    row = page.add(
        cells
        | {
            0: PageCell(content=told, style=_UNDER),
            ID_CELL[1]: PageCell(content=ledger.workbook.spreadsheet_id, style=_ID),
        },
        28,
    )
    page.merges.append((row, 0, 1, ID_CELL[1]))


def _go(ledger: Ledger, text: str, name: str) -> Content:
    return link(text, ledger.links.tab_uri(name))


def counted(count: int, one: str, many: str | None = None) -> str:
    """ "1 initiative", "4 initiatives"."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def _some(*parts: tuple[int, str, str]) -> tuple[str, ...]:
    """The parts that are not zero, in words."""
    return tuple(counted(count, one, many) for count, one, many in parts if count)


def _ideas(ledger: Ledger) -> Step:
    inputs, intake = ledger.update.inputs, ledger.update.intake
    rows = [row for row in inputs.initiatives if row.title]
    untriaged = sum(row.lifecycle_status in (None, "new") for row in rows) + len(intake.copied)
    repeated = sum(reply.possible_duplicate is not None for reply in intake.replies.values())
    facts = (
        counted(len(rows) + len(intake.copied), "initiative"),
        *_some(
            (len(intake.replies), "request from Intake", "requests from Intake"),
            (untriaged, "is new", "are new"),
            (repeated, "possible duplicate", "possible duplicates"),
        ),
    )
    if not rows and not intake.copied:
        return Step(
            name="Collect ideas", facts=facts, next=("Write a title into Initiatives", "Initiatives"), state="to do"
        )
    if repeated:
        todo = "Decide about the possible duplicates in Intake", "Intake"
    elif untriaged:
        todo = "Give each new one a lifecycle_status (ready, needs_info, rejected)", "Initiatives"
    else:
        todo = "Nothing: all are sorted", "Initiatives"
    return Step(name="Collect ideas", facts=facts, next=todo, state="to do" if repeated or untriaged else "done")


def _estimates(ledger: Ledger) -> Step:
    inputs = ledger.update.inputs
    candidates = [row for row in inputs.initiatives if row.is_candidate and row.lifecycle_status != "delivered"]
    brings = {
        normalised(row.initiative_key) for row in inputs.contributions if row.initiative_key and row.contributions
    }
    costless = sum(row.engineering_tokens is None and row.remaining_tokens is None for row in candidates)
    silent = sum(normalised(row.initiative_key or "") not in brings for row in candidates)
    facts = (
        counted(len(candidates), "candidate"),
        *_some(
            (costless, "initiative without tokens", "initiatives without tokens"),
            (silent, "without contributions", "without contributions"),
        ),
    )
    state = "to do" if not candidates or costless or silent else "done"
    if not candidates:
        todo = "Tick is_candidate for what may be planned", "Initiatives"
    elif costless:
        todo = "Fill engineering_tokens", "Initiatives"
    elif silent:
        todo = "Say what each would bring", "Contributions"
    else:
        todo = "Nothing: all candidates are estimated", "Initiatives"
    return Step(name="Estimate", facts=facts, next=todo, state=state)


def _rules(ledger: Ledger) -> Step:
    inputs = ledger.update.inputs
    scenarios = [row for row in inputs.scenarios if row.is_active is not False]
    facts = (
        counted(len(scenarios), "scenario"),
        *_some(
            (sum(row.is_active is not False for row in inputs.constraints), "rule", "rules"),
            (sum(row.is_active is not False for row in inputs.targets), "target", "targets"),
        ),
    )
    errors = [f for f in ledger.update.findings if f.severity is Severity.ERROR and f.tab in _RULE_TABS]
    if not scenarios:
        todo = "Write a scenario: a period and its capacity", "Scenarios"
    elif not inputs.setup.default_scenario and len(scenarios) > 1:
        todo = "Name the default_scenario in Setup", "Setup"
    elif errors:
        facts += (counted(len(errors), "error"),)
        todo = "Mend what is wrong", errors[0].tab
    else:
        return Step(
            name="Set the rules", facts=facts, next=("Nothing: the rules can be read", "Constraints"), state="done"
        )
    return Step(name="Set the rules", facts=facts, next=todo, state="to do")


_RULE_TABS = frozenset({"Scenarios", "Constraints", "Targets", "Metrics", "Setup"})


def _run(ledger: Ledger) -> Step:
    update = ledger.update
    ask = "Ask for a run: roadmap optimize, or a row in Requests", "Requests"
    if update.failure:
        return Step(name="Run", facts=("the last run made no plan",), next=("See why", "Alerts"), state="to do")
    if update.run is None:
        stopped = any(finding.stops_run for finding in update.findings)
        state = "waits" if stopped or not update.inputs.scenarios else "to do"
        return Step(name="Run", facts=("no run yet",), next=ask, state=state)
    if update.is_stale:
        facts = ("the run is stale: something has changed since",)
        return Step(
            name="Run",
            facts=facts,
            next=("Run again: roadmap optimize, or a row in Requests", "Requests"),
            state="to do",
        )
    return Step(name="Run", facts=("the run is fresh",), next=("Look at the plan", "Portfolio"), state="done")


def _publish(ledger: Ledger) -> Step:
    update = ledger.update
    if update.version is None:
        state = "waits" if update.run is None else "to do"
        todo = "Publish: roadmap publish, or a row in Requests", "Roadmap Plan"
        return Step(name="Publish", facts=("nothing is published yet",), next=todo, state=state)
    version, run = update.version, update.run
    when = version.published_at.astimezone(ledger.zone)
    facts = [f"{version.roadmap_name} v{version.version}, published {when:%Y-%m-%d}"]
    edits = unpublished_edits(update)
    is_newer = run is not None and run.portfolio_id is not None and run.portfolio_id > version.portfolio_id
    facts += [f"run {run.run_id} is newer and not published"] if run is not None and is_newer else []
    facts += _some((edits, "unpublished edit", "unpublished edits"))
    if is_newer or edits:
        todo = "Look at Roadmap Plan, then publish", "Roadmap Plan"
        return Step(name="Publish", facts=tuple(facts), next=todo, state="to do")
    return Step(name="Publish", facts=tuple(facts), next=("Show it", "Roadmap"), state="done")


def _last_run(ledger: Ledger) -> Linked | str:
    """The last run in one line."""
    run = ledger.update.run
    if run is None:
        return "Last run: none yet."
    solution = run.solution
    chosen = sum(item.selected for item in solution.items)
    missed = sum(target.severity != "OK" for target in solution.targets)
    parts = [
        f"{run.scenario} / {run.constraint_set}",
        f"{chosen} of {counted(len(solution.items), 'initiative')}",
        *(
            [f"{solution.capacity['used']:,f} of {run.problem.capacity_total_tokens:,f} tokens"]
            if solution.capacity
            else []
        ),
        *(
            [f"{missed} of {counted(len(solution.targets), 'target')} missed" if missed else "all targets met"]
            if solution.targets
            else []
        ),
        plan_quality(run),
    ]
    when = run.solved_at.astimezone(ledger.zone)
    log = ledger.links.tab_uri("Run Log")
    return Linked(((f"Last good run: {run.run_id} · {when:%Y-%m-%d %H:%M}", log), (f" · {' · '.join(parts)}", None)))


def _problems(ledger: Ledger) -> Content:
    """How many problems wait in Checks."""
    counts = {severity: _count(ledger, severity) for severity in (Severity.ERROR, Severity.WARN)}
    told = _some((counts[Severity.ERROR], "error", "errors"), (counts[Severity.WARN], "warning", "warnings"))
    return _go(ledger, f"{' and '.join(told)}: see Checks" if told else "No problems found", "Checks")


def _count(ledger: Ledger, severity: Severity) -> int:
    return sum(finding.severity is severity for finding in ledger.update.findings)
