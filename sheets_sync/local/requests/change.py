"""What a request works on: a version of the book of its own, dropped whole if a request is refused."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime

from sheets_sync.local import formulas
from sheets_sync.local.a1 import Box
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.fields import Mask, update_mask
from sheets_sync.local.grid import Book, Cell, Formula, Json, Sheet, computes, has_extras

MAX_CELLS = 10_000_000
MAX_COLUMNS = 18_278
"""Up to column ZZZ."""


class Refused(ValueError):
    """The request cannot be done; the message follows ``Invalid requests[0].name: ``."""


class Change:
    """One batch in the making."""

    def __init__(self, book: Book, now: datetime, user: str) -> None:
        self.book = book
        self.now = now
        self.user = user

    def sheet(self, sheet_id: int, what: str = "grid") -> Sheet:
        """The sheet to change."""
        return self.book.writable(self.read_sheet(sheet_id, what))

    def read_sheet(self, sheet_id: int, what: str = "grid") -> Sheet:
        """The sheet to read."""
        sheet = self.book.find(sheet_id)
        if sheet is None:
            raise Refused(f"No {what} with id: {sheet_id}")
        return sheet

    def area(self, grid_range: Json | None, name: str = "range") -> tuple[Sheet, Box]:
        """(sheet to change, rectangle) of a GridRange, cut at the end of the grid."""
        if grid_range is None:
            raise Refused(f"No {name} specified.")
        sheet = self.sheet(grid_range.get("sheetId", 0))
        return sheet, checked_box(sheet, grid_range, name)

    def calculator(self) -> Calculator:
        """The values of this version as it stands now."""
        return Calculator(self.book, self.now)

    def mask(self, message: str, text: str | None) -> Mask:
        """The mask of an update."""
        try:
            return update_mask(message, text)
        except ValueError as error:
            raise Refused(str(error)) from error

    def check_size(self, grown: int = 0) -> None:
        """Refuses what would exceed the cell limit of a spreadsheet."""
        if self.book.cell_count() + grown > MAX_CELLS:
            raise Refused(
                f"This action would increase the number of cells in the workbook above the limit of {MAX_CELLS} cells."
            )

    def new_id(self, taken: Iterable[int]) -> int:
        """An id that is not among ``taken``."""
        used = set(taken)
        while True:
            number = secrets.randbelow(2_000_000_000) + 1
            if number not in used:
                return number

    def rewrite_formulas(self, rewrite: Callable[[str, Sheet], str]) -> None:
        """Every formula of the book, in cells, dropdowns and conditional formats, through ``rewrite(text, its sheet)``;
        untouched rows stay as they are."""
        for sheet in list(self.book.sheets):
            rules = _Rules(lambda text, on=sheet: rewrite(text, on))
            for index, row in enumerate(sheet.rows):
                if not row or not (computes(row) or has_extras(row)):
                    continue
                told = [each for each in row.items() if each[1].extras or type(each[1].entered) is Formula]
                for column, cell in told:
                    changed = cell
                    if (
                        isinstance(cell.entered, Formula)
                        and (text := rewrite(str(cell.entered), sheet)) != cell.entered
                    ):
                        changed = changed._replace(entered=Formula(text))
                    if cell.extras and (extras := rules.extras(cell.extras)) is not cell.extras:
                        changed = changed._replace(extras=extras)
                    if changed is not cell:
                        sheet = self.book.writable(sheet)
                        sheet.writable_row(index)[column] = changed
            for at, rule in enumerate(sheet.parts.get("conditionalFormats", ())):
                if "booleanRule" in rule and (new := rules.rule(rule["booleanRule"])) is not rule["booleanRule"]:
                    sheet = self.book.writable(sheet)
                    sheet.parts["conditionalFormats"][at] = {**rule, "booleanRule": new}

    def grid_ranges(self) -> Iterable[tuple[Json, Callable[[Json | None], None]]]:
        """Every GridRange that the book's other parts hold, with a function that replaces it (None: it is gone)."""
        for holder in list(self.book.named_ranges):
            yield holder.get("range", {}), _replacer(self.book.named_ranges, holder, "range")
        for sheet in list(self.book.sheets):
            for name in ("protectedRanges", "bandedRanges", "filterViews"):
                for holder in list(sheet.parts.get(name, ())):
                    if "range" in holder:
                        yield holder["range"], _replacer(sheet.parts[name], holder, "range")
            for rule in list(sheet.parts.get("conditionalFormats", ())):
                for one in list(rule.get("ranges", ())):
                    yield one, _list_replacer(rule["ranges"], one)
            for one in list(sheet.parts.get("merges", ())):
                yield one, _list_replacer(sheet.parts["merges"], one)
            if sheet.basic_filter and "range" in sheet.basic_filter:
                yield sheet.basic_filter["range"], _filter_replacer(sheet)
            for thing in (*sheet.parts.get("charts", ()), *sheet.parts.get("slicers", ())):
                for holder in source_lists(thing.get("spec")):
                    for one in list(holder):
                        yield one, _list_replacer(holder, one)
                if "dataRange" in thing.get("spec", {}):
                    yield thing["spec"]["dataRange"], _key_replacer(thing["spec"], "dataRange")


class _Rules:
    """Rules with a condition whose formulas are rewritten, each once: many cells share one."""

    def __init__(self, rewrite: Callable[[str], str]) -> None:
        self._rewrite = rewrite
        self._made: dict[int, tuple[Json, Json]] = {}

    def extras(self, extras: Json) -> Json:
        """The extras of a cell with its dropdown rewritten; the same object where nothing changes."""
        rule = extras.get("dataValidation")
        new = self.rule(rule) if rule else rule
        return extras if new is rule else {**extras, "dataValidation": new}

    def rule(self, rule: Json) -> Json:
        """A rule rewritten; the same object where nothing changes."""
        found = self._made.get(id(rule))
        if found is None:
            found = self._made[id(rule)] = (
                rule,
                self._written(rule),
            )  # the old one is kept, so that its id stays its own
        return found[1]

    def _written(self, rule: Json) -> Json:
        values = rule.get("condition", {}).get("values", [])
        new = [
            {**one, "userEnteredValue": self._rewrite(one["userEnteredValue"])}
            if one.get("userEnteredValue", "").startswith("=")
            else one
            for one in values
        ]
        return rule if new == values else {**rule, "condition": {**rule["condition"], "values": new}}


def source_lists(value: object) -> Iterable[list[Json]]:
    """The lists of ranges that a chart's spec draws its numbers from."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "sources":
                yield part
            else:
                yield from source_lists(part)
    elif isinstance(value, list):
        for item in value:
            yield from source_lists(item)


def check_columns(count: int) -> None:
    """Refuses a grid of more columns than a sheet may have."""
    if count > MAX_COLUMNS:
        raise Refused(
            f"This action would increase the number of columns in the sheet above the limit of {MAX_COLUMNS} columns."
        )


def checked_box(sheet: Sheet, grid_range: Json, name: str = "range") -> Box:
    """The rectangle of a GridRange on its sheet. Refused where it is upside down or begins past the grid."""
    ends = (
        ("Row", sheet.row_count, "row"),
        ("Column", sheet.column_count, "column"),
    )
    bounds: list[int] = []
    for side, count, word in ends:
        start = grid_range.get(f"start{side}Index", 0)
        end = grid_range.get(f"end{side}Index", count)
        if start < 0 or end < 0:
            raise Refused(f"{name}.start{side}Index[{start}] and end{side}Index[{end}] must not be negative.")
        if start >= count:
            raise Refused(f"{name}.start{side}Index[{start}] is after last {word} in grid[{count}]")
        if end <= start:
            raise Refused(f"{name}.end{side}Index[{end}] must be after start{side}Index[{start}]")
        bounds += [start, min(end, count)]
    return Box(*bounds)


def dimension(change: Change, wanted: Json | None, name: str = "range") -> tuple[Sheet, bool, int, int]:
    """(sheet, is rows, start, end) of a DimensionRange within the grid."""
    if wanted is None:
        raise Refused(f"No {name} specified.")
    sheet = change.sheet(wanted.get("sheetId", 0))
    is_rows = is_rows_range(wanted)
    count = sheet.row_count if is_rows else sheet.column_count
    start, end = wanted.get("startIndex", 0), wanted.get("endIndex", count)
    word = "row" if is_rows else "column"
    if start < 0:
        raise Refused(f"{name}.startIndex[{start}] must not be negative.")
    if start >= count:
        raise Refused(f"{name}.startIndex[{start}] is after last {word} in grid[{count}]")
    if end <= start:
        raise Refused(f"{name}.endIndex[{end}] must be after startIndex[{start}]")
    return sheet, is_rows, start, min(end, count)


def is_rows_range(wanted: Json) -> bool:
    """Whether a message with a ``dimension`` means rows."""
    kind = wanted.get("dimension", "DIMENSION_UNSPECIFIED")
    if kind == "DIMENSION_UNSPECIFIED":
        raise Refused("No dimension specified.")
    return kind == "ROWS"


def moved_cell(cell: Cell, rows: int, columns: int) -> Cell:
    """The cell as it stands when copied that far: relative references move along."""
    if isinstance(cell.entered, Formula) and (rows or columns):
        return cell._replace(entered=Formula(formulas.moved(str(cell.entered), rows, columns)))
    return cell


def _replacer(holders: list[Json], holder: Json, name: str) -> Callable[[Json | None], None]:
    def replace(new: Json | None) -> None:
        if new is None:
            holders.remove(holder)
        else:
            holder[name] = new

    return replace


def _list_replacer(ranges: list[Json], old: Json) -> Callable[[Json | None], None]:
    def replace(new: Json | None) -> None:
        at = next(index for index, one in enumerate(ranges) if one is old)
        if new is None:
            del ranges[at]
        else:
            ranges[at] = new

    return replace


def _key_replacer(holder: Json, name: str) -> Callable[[Json | None], None]:
    def replace(new: Json | None) -> None:
        if new is None:
            holder.pop(name, None)
        else:
            holder[name] = new

    return replace


def _filter_replacer(sheet: Sheet) -> Callable[[Json | None], None]:
    def replace(new: Json | None) -> None:
        if new is None:
            sheet.basic_filter = None
        elif sheet.basic_filter is not None:
            sheet.basic_filter["range"] = new

    return replace
