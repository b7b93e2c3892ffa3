"""The Roadmap page, for leadership: grasped in ten seconds, on one screen and one printed page.

Five columns: the theme, then four for cards. With one period its cards stand four in a row; with two, two in a row
each; with three or four, one below the other. Meaning never rests on colour: states have a word and a symbol, and blue
and orange stay apart for every kind of colour sight. Keys, notes and reasons of overrides never appear.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.inputs import PlanRow
from engine.keys import normalised
from engine.problem import Candidate, Problem
from engine.provenance import RunFacts
from engine.roadmap import RoadmapEntry, RoadmapVersion
from sheets_sync.content import Content, Linked
from sheets_sync.headline import KpiLine, contribution, kpi_lines, number, period_name, sentence, with_unit
from sheets_sync.outputs import Ledger, plan_quality
from sheets_sync.page import Page, PageCell, Style
from sheets_sync.plan_outputs import published_run, unpublished_edits

WIDTHS = (190, 212, 212, 212, 212)
MOST_THEMES, MOST_PERIODS, MOST_CARDS, MOST_LEFT_OUT, MOST_DECISIONS = 6, 4, 4, 5, 3
_IN_A_ROW = {1: 4, 2: 2, 3: 1, 4: 1}

_NAVY, _SLATE, _PALE, _WHITE, _LINE = "#1B2A41", "#3D5A73", "#EAF0F6", "#FFFFFF", "#C5D0DB"
_GREY, _BLUE, _ORANGE = "#5B6B7B", "#005A9C", "#B34700"
_TITLE = Style(fill=_NAVY, ink=_WHITE, size=16, bold=True)
_UNDER = Style(fill=_NAVY, ink="#D6E0EA", size=10)
_HEAD = Style(fill=_SLATE, ink=_WHITE, size=11, bold=True)
_HEAD_MIDDLE = Style(fill=_SLATE, ink=_WHITE, size=11, bold=True, align="CENTER")
_NAME = Style(fill=_PALE, ink=_GREY, size=9, vertical="BOTTOM")
_FIGURE = Style(fill=_PALE, size=12, bold=True)
_PLAIN = Style(fill=_PALE, ink=_GREY, size=9, vertical="TOP")
_MET = Style(fill=_PALE, ink=_BLUE, size=9, bold=True, vertical="TOP")
_SHORT = Style(fill=_PALE, ink=_ORANGE, size=9, bold=True, vertical="TOP")
_DECISION = Style(fill="#FFF4E5", ink=_ORANGE, size=10)
_THEME = Style(fill=_PALE, size=11, bold=True, border=_LINE)
_CARD = Style(fill=_WHITE, ink=_GREY, size=9, vertical="TOP", border=_LINE)
_EMPTY = Style(fill="#F7F9FB", border=_LINE)
_MORE = Style(fill="#F7F9FB", ink=_GREY, size=9, italic=True, border=_LINE)
_FOOT = Style(fill=_PALE, size=10, bold=True, align="CENTER", border=_LINE)
_ROW = Style(fill=_WHITE, size=10, border=_LINE)
_ROW_GREY = Style(fill=_WHITE, ink=_GREY, size=10, border=_LINE)
_GAP = Style(fill=_WHITE)

_SYMBOLS = {
    "on track": "●", "green": "●", "in progress": "●", "at risk": "▲", "amber": "▲", "yellow": "▲", "delayed": "▲",
    "off track": "■", "blocked": "■", "red": "■", "done": "✓", "delivered": "✓", "complete": "✓",
}  # fmt: skip
LEGEND = "● on track   ▲ at risk   ■ blocked   ✓ done   ○ any other state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One planned initiative as the page shows it."""

    title: str
    theme: str
    period: str
    tokens: Decimal
    rank: int | None
    text: str


def roadmap_page(ledger: Ledger) -> Page | None:
    """The page of the published version; an invitation before the first; None where the run behind it is not known, so
    that the page that stands there stays."""
    version = ledger.update.version
    page = Page(WIDTHS)
    if version is None:
        page.band("No roadmap is published yet", _TITLE, 44)
        page.band("Run the optimization, look at Portfolio and Roadmap Plan, then publish.", _UNDER, 28)
        return page
    run = published_run(ledger.update)
    if run is None:
        return None
    lines = kpi_lines(version, run, ledger.kpi_names)
    page.band(sentence(version, run, lines), _TITLE, 44)
    page.band(_second_row(ledger, version, run), _UNDER, 28)
    for text in _decisions(version):
        page.band(text, _DECISION, 26)
    _kpi_strip(page, lines)
    page.add({column: PageCell(style=_GAP) for column in range(page.width)}, 12)
    _themes(page, ledger, version, run)
    page.add({column: PageCell(style=_GAP) for column in range(page.width)}, 12)
    _not_doing(page, version, run)
    page.band(LEGEND, Style(ink=_GREY, size=9, fill=_WHITE), 22)
    return page


def _second_row(ledger: Ledger, version: RoadmapVersion, run: RunFacts) -> Linked:
    """Fresh or stale; run, version, publisher and time, each linked; edits that wait."""
    newest = ledger.update.run
    log, plan = ledger.links.tab_uri("Run Log"), ledger.links.tab_uri("Roadmap Plan")
    if newest and newest.run_id > run.run_id:
        state = f"Stale: run {newest.run_id} is newer and not published"
    elif ledger.update.failure:
        state = "Fresh, but the newest run made no plan"
    else:
        state = "Fresh: no newer plan"
    solved, published = run.solved_at.astimezone(ledger.zone), version.published_at.astimezone(ledger.zone)
    edits = unpublished_edits(ledger.update)
    parts: list[tuple[str, str | None]] = [
        (f"{state} · ", None),
        (f"run {run.run_id} · {solved:%a %H:%M}", log),
        (f" ({plan_quality(run)}) · ", None),
        (f"{version.roadmap_name} v{version.version}", plan),
        (" · published by ", None),
        (version.published_by or "someone with edit access", plan),
        (", ", None),
        (f"{published:%Y-%m-%d %H:%M}", log),
    ]
    if edits:
        parts.append((f" · {edits} unpublished edit{'s' if edits > 1 else ''}", None))
    return Linked(tuple(parts))


def _decisions(version: RoadmapVersion) -> list[str]:
    """What needs a decision: where people and the plan disagree, at most three."""
    disputed = [entry for entry in version.entries if entry.conflict][:MOST_DECISIONS]
    return [f"▲ Decision needed · {entry.title}: {entry.conflict}" for entry in disputed]


def _kpi_strip(page: Page, lines: Sequence[KpiLine]) -> None:
    """Name; today → plan; target and whether it is met."""
    shown = lines[: page.width]
    rows: tuple[dict[int, PageCell], ...] = ({}, {}, {})
    for column in range(page.width):
        line = shown[column] if column < len(shown) else None
        figure, verdict, style = _kpi_texts(line)
        named = f"{line.name} · {line.unit}" if line and line.unit else line.name if line else None
        rows[0][column] = PageCell(content=named, style=_NAME)
        rows[1][column] = PageCell(content=figure, style=_FIGURE)
        rows[2][column] = PageCell(content=verdict, style=style)
    for cells, height in zip(rows, (36, 26, 38), strict=True):
        page.add(cells, height)


def _kpi_texts(line: KpiLine | None) -> tuple[str | None, str | None, Style]:
    if line is None:
        return None, None, _PLAIN
    figure = number(line.added, signed=True)
    if line.baseline is not None:
        figure = f"{number(line.baseline)} → {number(line.baseline + line.added)}"
    if line.target is None:
        return figure, "no target", _PLAIN
    bound = number(line.target, signed=line.baseline is None)
    goal = f"at most {bound}" if line.kind == "cap" else f"target {bound}"
    if line.is_met:
        return figure, f"✓ {goal}: kept" if line.kind == "cap" else f"✓ {goal} met", _MET
    missing = number(line.short_by or Decimal(0))
    return figure, f"✗ {missing} over {goal}" if line.kind == "cap" else f"✗ {missing} short of {goal}", _SHORT


def _themes(page: Page, ledger: Ledger, version: RoadmapVersion, run: RunFacts) -> None:
    """Themes down, periods across, at most four cards a cell; what was used of what was there at each period's foot."""
    cards = _cards(ledger, version, run)
    periods = _periods(run.problem, cards)
    spans = _spans(len(periods))
    row = page.add(
        {0: PageCell(content="Theme", style=_HEAD)}
        | {column: PageCell(style=_HEAD_MIDDLE) for column in range(1, page.width)}
    )
    _across(page, row, spans, [PageCell(content=period_name(period), style=_HEAD_MIDDLE) for period in periods])
    for theme, held in _by_theme(cards):
        _theme(page, theme, held, periods, spans)
    used = [_used_of(run.problem, period, cards, len(periods)) for period in periods]
    row = page.add(
        {0: PageCell(content="Used of available", style=_THEME)}
        | {column: PageCell(style=_FOOT) for column in range(1, page.width)},
        28,
    )
    _across(page, row, spans, [PageCell(content=text, style=_FOOT) for text in used])


def _theme(
    page: Page, theme: str, held: Sequence[Card], periods: Sequence[str], spans: Sequence[tuple[int, int]]
) -> None:
    """The rows of one theme."""
    in_a_row = _IN_A_ROW[len(periods)]
    cells = [[card for card in held if card.period == period] for period in periods]
    count = max((-(-min(len(cell), MOST_CARDS) // in_a_row) for cell in cells), default=1) or 1
    named = f"{theme}\n{len(held)} initiative{'s' if len(held) != 1 else ''}"
    first = len(page.rows)
    for line in range(count):
        row: dict[int, PageCell] = {column: PageCell(style=_EMPTY) for column in range(1, page.width)}
        row[0] = PageCell(content=named if line == 0 else None, style=_THEME)
        lines = 2
        for (start, _), cell in zip(spans, cells, strict=True):
            for place, card in enumerate(cell[:MOST_CARDS][line * in_a_row : (line + 1) * in_a_row]):
                row[start + place] = PageCell(content=card.text, style=_CARD, bold_to=len(card.title))
                lines = max(lines, card.text.count("\n") + 1 + len(card.title) // 30)
        page.add(row, 14 + 17 * lines)
    if any(len(cell) > MOST_CARDS for cell in cells):
        blank = {column: PageCell(style=_MORE) for column in range(1, page.width)}
        row_index = page.add({0: PageCell(style=_THEME)} | blank, 22)
        _across(page, row_index, spans, [PageCell(content=_smaller(cell), style=_MORE) for cell in cells])
    if len(page.rows) - first > 1:
        page.merges.append((first, 0, len(page.rows) - first, 1))


def _across(page: Page, row: int, spans: Sequence[tuple[int, int]], cells: Sequence[PageCell]) -> None:
    """Puts one cell over each period's columns."""
    filled = dict(page.rows[row])
    for (start, columns), cell in zip(spans, cells, strict=True):
        filled[start] = cell
        if columns > 1:
            page.merges.append((row, start, 1, columns))
    page.rows[row] = filled


def _smaller(cards: Sequence[Card]) -> str | None:
    rest = cards[MOST_CARDS:]
    return f"+{len(rest)} smaller ({number(sum((card.tokens for card in rest), Decimal(0)))} tokens)" if rest else None


def _cards(ledger: Ledger, version: RoadmapVersion, run: RunFacts) -> list[Card]:
    """The entries that are in, the largest first within a theme and period."""
    candidates = {normalised(each.initiative_key): each for each in run.problem.candidates}
    rows = {row.initiative_key: row for row in ledger.update.inputs.plan if row.initiative_key}
    first = (run.problem.periods or (run.problem.period_key,))[0]
    cards = [
        _card(
            ledger,
            entry,
            rows.get(entry.initiative_key),
            candidates.get(normalised(entry.initiative_key)),
            run.problem,
            first,
        )
        for entry in version.entries
        if entry.decision == "in"
    ]
    return sorted(cards, key=lambda card: (-card.tokens, card.title))


def _card(
    ledger: Ledger, entry: RoadmapEntry, row: PlanRow | None, candidate: Candidate | None, problem: Problem, first: str
) -> Card:
    """Title; main KPI; owner and status; the public note. What people type there is shown as it stands now."""
    said: PlanRow | RoadmapEntry = row or entry
    title = " ".join((entry.title or (candidate.title if candidate else "") or "Untitled").split())
    lines = [title, _main_kpi(ledger, candidate, problem)]
    if said.owner or said.status:
        lines.append(" · ".join(part for part in (said.owner, _state(said.status)) if part))
    if said.public_note:
        lines.append(" ".join(said.public_note.split())[:120])
    return Card(
        title=title,
        theme=(candidate.program if candidate else None) or "Other",
        period=entry.planned_period or first,
        tokens=candidate.engineering_tokens if candidate else Decimal(0),
        rank=entry.priority_rank,
        text="\n".join(line for line in lines if line),
    )


def _main_kpi(ledger: Ledger, candidate: Candidate | None, problem: Problem) -> str:
    """What it adds to the north star, or else to the first KPI that it moves."""
    if candidate is None:
        return ""
    kpis = sorted(problem.kpis, key=lambda kpi: kpi.kpi_level != "north_star")
    for kpi in kpis:
        value = contribution(candidate, kpi.kpi_key)
        if value:
            return f"{ledger.kpi_name(kpi.kpi_key)} {with_unit(value, kpi.unit, signed=True)}"
    return ""


def _state(status: str | None) -> str:
    return f"{_SYMBOLS.get(normalised(status), '○')} {status.strip()}" if status else ""


def _by_theme(cards: Sequence[Card]) -> list[tuple[str, list[Card]]]:
    """Themes by their tokens, at most six: the smallest share the last one."""
    held: Mapping[str, list[Card]] = defaultdict(list)
    for card in cards:
        held[card.theme].append(card)
    themes = sorted(held.items(), key=lambda theme: (-sum(card.tokens for card in theme[1]), theme[0]))
    if len(themes) <= MOST_THEMES:
        return themes
    rest = [card for _, some in themes[MOST_THEMES - 1 :] for card in some]
    rest.sort(key=lambda card: (-card.tokens, card.title))
    return [*themes[: MOST_THEMES - 1], ("Other themes", rest)]


def _periods(problem: Problem, cards: Sequence[Card]) -> list[str]:
    """The periods across, at most four; those that a PM planned outside the horizon come after it."""
    planned = [*(problem.periods or (problem.period_key,)), *sorted({card.period for card in cards})]
    return list(dict.fromkeys(period for period in planned if period))[:MOST_PERIODS] or [""]


def _spans(periods: int) -> list[tuple[int, int]]:
    """(first column, columns) of each period."""
    columns = _IN_A_ROW[periods]
    return [(1 + place * columns, columns) for place in range(periods)]


def _used_of(problem: Problem, period: str, cards: Sequence[Card], periods: int) -> str:
    used = sum((card.tokens for card in cards if card.period == period), Decimal(0))
    available = problem.capacity_total_tokens if periods == 1 else _period_capacity(problem, period)
    if available is None:
        return f"{number(used)} tokens"
    share = f" ({number(used / available * 100)} %)" if available else ""
    return f"{number(used)} of {number(available)} tokens{share}"


def _period_capacity(problem: Problem, period: str) -> Decimal | None:
    for name, slices in problem.constraint_set.period_caps.items():
        if normalised(name) == normalised(period):
            return slices.get("all", {}).get("all")
    return None


def _not_doing(page: Page, version: RoadmapVersion, run: RunFacts) -> None:
    """The five largest that are left out, each with its reason."""
    entries = {normalised(entry.initiative_key): entry for entry in version.entries}
    reasons = {normalised(item.initiative_key): item.reason for item in run.solution.items}
    left = [
        each
        for each in run.problem.candidates
        if (entry := entries.get(normalised(each.initiative_key))) is None or entry.decision != "in"
    ]
    left.sort(key=lambda each: (-each.engineering_tokens, each.title))
    shown = left[:MOST_LEFT_OUT]
    page.band(
        f"Not doing: the {len(shown)} largest of {len(left)}" if len(left) > len(shown) else f"Not doing ({len(left)})",
        _HEAD,
        26,
    )
    for each in shown:
        entry = entries.get(normalised(each.initiative_key))
        is_ours = entry is not None and entry.is_decision_overridden
        reason: Content = (
            "Left out by decision of leadership" if is_ours else reasons.get(normalised(each.initiative_key))
        )
        row = page.add(
            {
                0: PageCell(content=each.title or "Untitled", style=_ROW),
                1: PageCell(style=_ROW),
                2: PageCell(content=f"{number(each.engineering_tokens)} tokens", style=_ROW_GREY),
                3: PageCell(content=reason, style=_ROW_GREY),
                4: PageCell(style=_ROW_GREY),
            }
        )
        page.merges += [(row, 0, 1, 2), (row, 3, 1, 2)]
