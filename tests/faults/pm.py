"""A product manager who does to a workbook what people do to workbooks, as the page of a spreadsheet would send it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.hands import Json, cell, columns_of, one_cell, rows_of, titled
from tests.faults.snapshots import INPUTS, OUTPUTS, Seen, SeenTab, seen

TYPED = {
    "Initiatives": ("title", "engineering_tokens", "country", "is_candidate", "earliest_period"),
    "Contributions": ("revenue",),
    "Constraints": ("max", "min", "dimension_key"),
}
"""The PM columns in which the PM types, by tab."""

SPARE = ("", "my words", "our words", "segment", "department", "period", "requested_by")
"""Headers of columns that the PM may delete."""

RENAMED = {
    "max": "at most",
    "engineering_tokens": "cost",
    "country": "land",
    "my words": "our words",
    "revenue": "money",
}


@dataclass
class PM:
    """Works on one spreadsheet. ``numbers`` and ``owners``: every value that the PM types is unique, and is remembered
    with the row (by the token in its notes) into which it went. ``forged`` are rows whose system key the PM touched,
    ``dressed`` the cells (tab, row, column) whose note or fill the last act changed."""

    service: Any
    spreadsheet_id: str
    sheet_ids: dict[str, int]
    number: int = 100
    owners: dict[str, str] = field(default_factory=dict)
    forged: set[str] = field(default_factory=set)
    touched_keys: bool = False
    back: list[Json] = field(default_factory=list)
    dressed: set[tuple[str, int, int]] = field(default_factory=set)
    done: list[str] = field(default_factory=list)

    def look(self) -> Seen:
        return seen(self.service, self.spreadsheet_id, self.sheet_ids)

    def fresh(self) -> int:
        self.number += 1
        return self.number

    def acts(self, name: str, a: int, b: int, c: int) -> None:
        """Does one thing; the numbers choose where and what."""
        act: Callable[[Seen, int, int, int], list[Json] | None] = getattr(self, f"_{name}")
        self.dressed = set()
        if name != "undo":
            self.back = []
        requests = act(self.look(), a, b, c)
        self.done.append(f"{name}({a}, {b}, {c})" + ("" if requests else " nothing"))
        if requests:
            self.sends(requests)

    def sends(self, requests: list[Json]) -> None:
        self.service.batch_update(self.spreadsheet_id, {"requests": requests})

    # ---- cells

    def _edit(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[INPUTS[a % 3]]
        rows = tab.used()
        columns = TYPED[tab.name]
        place = tab.index(columns[b % len(columns)])
        if not rows or place is None:
            return None
        row = rows[c % len(rows)]
        value = self._value(tab, row, columns[b % len(columns)], good=(a + b + c) % 3 > 0)
        old = tab.cell(row, place).value
        self.back = [cell(tab, row, place, {"userEnteredValue": json.loads(old)} if old else {}, "userEnteredValue")]
        return [cell(tab, row, place, {"userEnteredValue": value}, "userEnteredValue")]

    def _clear(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[INPUTS[a % 3]]
        place = tab.index(TYPED[tab.name][b % len(TYPED[tab.name])])
        rows = tab.used()
        if not rows or place is None:
            return None
        row = rows[c % len(rows)]
        old = tab.cell(row, place).value
        self.back = [cell(tab, row, place, {"userEnteredValue": json.loads(old)} if old else {}, "userEnteredValue")]
        return [cell(tab, row, place, {}, "userEnteredValue")]

    def _value(self, tab: SeenTab, row: int, column: str, *, good: bool) -> Json:
        """A value that no other row has; ``good`` or not for its column."""
        n = self.fresh()
        token = tab.cell(row, "notes").text
        if column == "is_candidate":
            return {"boolValue": n % 2 == 0}
        if column in ("country", "dimension_key"):
            return {"stringValue": "UK" if good else f"Z{n}"}
        if column == "title":
            self.owners[f"T{n}"] = token
            return {"stringValue": f"T{n}"}
        if column == "earliest_period":
            return {"stringValue": "2026-Q1" if good else self._owned(f"soon{n}", token)}
        if good:
            self.owners[f"{n}"] = token
            return {"numberValue": n}
        return {"stringValue": self._owned(f"abc{n}", token)}

    def _amount(self, n: int, token: str, b: int) -> Json:
        return {"numberValue": n} if b % 3 else {"stringValue": self._owned(f"abc{n}", token)}

    def _owned(self, text: str, token: str) -> str:
        self.owners[text] = token
        return text

    def _type_a_row(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[("Initiatives", "Constraints")[a % 2]]
        return self._new_row(tab, (tab.used() or [0])[-1] + 1, b)

    def _paste_rows(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[("Initiatives", "Constraints")[a % 2]]
        first = (tab.used() or [0])[-1] + 1
        made: list[Json] = []
        for row in range(first, first + 1 + b % 5):
            made += self._new_row(tab, row, c + row) or []
        return made

    def _new_row(self, tab: SeenTab, row: int, b: int) -> list[Json] | None:
        token_at, n = tab.index("notes"), self.fresh()
        if token_at is None or row >= len(tab.rows):
            return None
        token = f"#{tab.name[0].lower()}{n}"
        values: dict[str, Json] = {"notes": {"stringValue": token}}
        if tab.name == "Initiatives":
            self.owners[f"T{n}"] = token
            values |= {"title": {"stringValue": f"T{n}"}, "is_candidate": {"boolValue": b % 2 == 0}}
            values["engineering_tokens"] = (
                {"numberValue": n} if b % 3 else {"stringValue": self._owned(f"abc{n}", token)}
            )
        else:
            values |= {
                "constraint_type": {"stringValue": "capacity_cap"},
                "dimension": {"stringValue": "country"},
                "dimension_key": {"stringValue": "UK"},
                "max": self._amount(n, token, b),
            }
            self.owners[f"{n}"] = token
        return [
            cell(tab, row, place, {"userEnteredValue": value}, "userEnteredValue")
            for column, value in values.items()
            if (place := tab.index(column)) is not None
        ]

    def _words(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        """The PM's own column beside an output table: made where it is not there, then filled for one initiative."""
        tab = now[OUTPUTS[a % 2]]
        place = tab.index("my words")
        if place is None:
            if "our words" in tab.header:
                return None
            width = len(tab.header)
            grow = {"appendDimension": {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "length": 1}}
            return [grow, cell(tab, 0, width, {"userEnteredValue": {"stringValue": "my words"}}, "userEnteredValue")]
        keyed = [row for row in tab.used() if tab.cell(row, "initiative_key").text.startswith("INIT-")]
        if not keyed:
            return None
        row = keyed[b % len(keyed)]
        words = f"w{self.fresh()} on {tab.cell(row, 'initiative_key').text}"
        return [cell(tab, row, place, {"userEnteredValue": {"stringValue": words}}, "userEnteredValue")]

    def _plan(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        """A decision in Roadmap Plan."""
        tab = now["Roadmap Plan"]
        rows = [row for row in tab.used() if tab.cell(row, "initiative_key").text.startswith("INIT-")]
        column = ("owner", "decision", "planned_period", "public_note")[a % 4]
        place = tab.index(column)
        if not rows or place is None:
            return None
        row = rows[b % len(rows)]
        key = tab.cell(row, "initiative_key").text
        value = {"owner": f"o{self.fresh()} on {key}", "decision": "in", "planned_period": "2026-Q1"}
        text = value.get(column, f"p{self.fresh()} on {key}") if c % 4 else f"bad{self.fresh()}"
        return [cell(tab, row, place, {"userEnteredValue": {"stringValue": text}}, "userEnteredValue")]

    def _forge(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        """Types over a system cell."""
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        system, rows = sorted(tab.system_columns()), tab.used()
        if not rows or not system:
            return None
        row, place = rows[b % len(rows)], system[c % len(system)]
        if tab.header[place] == "initiative_key":
            self.touched_keys = True
            if tab.name == "Initiatives":
                self.forged.add(tab.cell(row, "notes").text)
        data = {"userEnteredValue": {"stringValue": f"forged{self.fresh()}"}} if (a + b) % 3 else {}
        return [cell(tab, row, place, data, "userEnteredValue")]

    # ---- rows

    def _insert(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        rows = tab.used()
        row = rows[b % len(rows)] if rows else 1
        self.back = [rows_of("deleteDimension", tab, row, row + 1)]
        return [rows_of("insertDimension", tab, row, row + 1)]

    def _delete(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        rows = tab.used()
        if len(rows) < 3:
            return None
        row = rows[b % len(rows)]
        cells = [{"userEnteredValue": json.loads(one.value)} if one.value else {} for one in tab.rows[row]]
        start = {"sheetId": tab.sheet_id, "rowIndex": row, "columnIndex": 0}
        put = {"updateCells": {"start": start, "rows": [{"values": cells}], "fields": "userEnteredValue"}}
        self.back = [rows_of("insertDimension", tab, row, row + 1), put]
        return [rows_of("deleteDimension", tab, row, row + 1)]

    def _move(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        rows = tab.used()
        if len(rows) < 2:
            return None
        row, to = rows[b % len(rows)], rows[c % len(rows)]
        if to in (row, row + 1):
            return None
        source = {"sheetId": tab.sheet_id, "dimension": "ROWS", "startIndex": row, "endIndex": row + 1}
        return [{"moveDimension": {"source": source, "destinationIndex": to}}]

    def _sort(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        rows = tab.used()
        if not rows:
            return None
        area = {"sheetId": tab.sheet_id, "startRowIndex": 1, "endRowIndex": rows[-1] + 1}
        spec = {"dimensionIndex": b % max(len(tab.header), 1), "sortOrder": ("ASCENDING", "DESCENDING")[c % 2]}
        return [{"sortRange": {"range": area, "sortSpecs": [spec]}}]

    def _copy_a_row(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        """Copies a row of an input tab, key, marks and all, to the first free row."""
        tab = now[("Initiatives", "Constraints")[a % 2]]
        rows = tab.used()
        if not rows or rows[-1] + 1 >= len(tab.rows):
            return None
        row = rows[b % len(rows)]
        if tab.name == "Initiatives":
            self.touched_keys = True
            self.forged.add(tab.cell(row, "notes").text)
        area = {"sheetId": tab.sheet_id, "startRowIndex": row, "endRowIndex": row + 1}
        there = {"sheetId": tab.sheet_id, "startRowIndex": rows[-1] + 1, "endRowIndex": rows[-1] + 2}
        return [{"copyPaste": {"source": area, "destination": there, "pasteType": "PASTE_NORMAL"}}]

    def _copy_a_cell(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        """Copies one cell with its note and fill onto another of the same column: a mark may travel with it."""
        tab = now[INPUTS[a % 3]]
        place, rows = tab.index(TYPED[tab.name][0]), tab.used()
        if len(rows) < 2 or place is None:
            return None
        row, to = rows[b % len(rows)], rows[c % len(rows)]
        text = tab.cell(row, place).text
        self.dressed.add((tab.name, to, place))
        if text:
            self.owners[text] = "*"  # it stands in two rows from now on
        there = {"source": one_cell(tab, row, place), "destination": one_cell(tab, to, place)}
        return [{"copyPaste": {**there, "pasteType": "PASTE_NORMAL"}}]

    # ---- columns and tabs

    def _insert_column(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        place = b % max(len(tab.header), 1)
        self.back = [columns_of("deleteDimension", tab, place, place + 1)]
        return [columns_of("insertDimension", tab, place, place + 1)]

    def _delete_column(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        """One that the PM can do without."""
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        spare = [place for place, text in enumerate(tab.header) if text in SPARE]
        if not spare:
            return None
        place = spare[b % len(spare)]
        return [columns_of("deleteDimension", tab, place, place + 1)]

    def _move_column(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        width = len(tab.header)
        if width < 2:
            return None
        place, to = b % width, c % width
        if to in (place, place + 1):
            return None
        source = {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "startIndex": place, "endIndex": place + 1}
        return [{"moveDimension": {"source": source, "destinationIndex": to}}]

    def _rename_column(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        names = [name for name in RENAMED if name in tab.header]
        if not names:
            return None
        name = names[b % len(names)]
        place = tab.header.index(name)
        self.back = [cell(tab, 0, place, {"userEnteredValue": {"stringValue": name}}, "userEnteredValue")]
        return [cell(tab, 0, place, {"userEnteredValue": {"stringValue": RENAMED[name]}}, "userEnteredValue")]

    def _rename_tab(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        self.back = [titled(tab, tab.title)]
        return [titled(tab, f"Our {tab.name} {b}'s")]

    def _hide(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        if c % 3 == 0:
            properties = {"sheetId": tab.sheet_id, "hidden": tab.name != "Initiatives" and b % 2 == 0}
            return [{"updateSheetProperties": {"properties": properties, "fields": "hidden"}}]
        first = 1 + b % 6
        area = {"sheetId": tab.sheet_id, "dimension": "ROWS" if c % 3 == 1 else "COLUMNS"}
        return [
            {
                "updateDimensionProperties": {
                    "range": {**area, "startIndex": first, "endIndex": first + 1},
                    "properties": {"hiddenByUser": a % 2 == 0},
                    "fields": "hiddenByUser",
                }
            }
        ]

    def _filter(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        if c % 3 == 0:
            return [{"clearBasicFilter": {"sheetId": tab.sheet_id}}]
        area = {"sheetId": tab.sheet_id, "startRowIndex": 0, "endRowIndex": len(tab.rows)}
        hidden = {str(b % 4): {"hiddenValues": ["UK", "OK", ""]}}
        return [{"setBasicFilter": {"filter": {"range": area, "criteria": hidden}}}]

    # ---- looks

    def _note(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab, row, place = self._somewhere(now, a, b, c)
        return [cell(tab, row, place, {"note": f"n{self.fresh()}"}, "note")] if row else None

    def _colour(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab, row, place = self._somewhere(now, a, b, c)
        shade = {"rgbColor": {"red": (self.fresh() % 50) / 51, "green": 0.8}}
        data = {"userEnteredFormat": {"backgroundColorStyle": shade}}
        return [cell(tab, row, place, data, "userEnteredFormat.backgroundColorStyle")] if row else None

    def _format(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        tab, row, place = self._somewhere(now, a, b, c)
        data = {"userEnteredFormat": {"textFormat": {"bold": True}}}
        return [cell(tab, row, place, data, "userEnteredFormat.textFormat.bold")] if row else None

    def _somewhere(self, now: Seen, a: int, b: int, c: int) -> tuple[SeenTab, int, int]:
        tab = now[(*INPUTS, *OUTPUTS)[a % 5]]
        own = [column for column in range(len(tab.header)) if column not in tab.system_columns()]
        rows = tab.used()
        if not rows or not own:
            return tab, 0, 0
        typed = [place for name in TYPED.get(tab.name, ()) if (place := tab.index(name)) is not None]
        columns = typed if typed and c % 3 else own
        self.dressed.add((tab.name, rows[b % len(rows)], columns[c % len(columns)]))
        return tab, rows[b % len(rows)], columns[c % len(columns)]

    # ---- back

    def _undo(self, now: Seen, a: int, b: int, c: int) -> list[Json] | None:
        """Takes the last edit, insertion, deletion or renaming back, where nothing else came after it."""
        requests, self.back = self.back, []
        return requests or None

    def puts_names_back(self) -> None:
        """Tabs and columns get the names back by which the worker knows them."""
        given = {new: old for old, new in RENAMED.items()}
        requests: list[Json] = []
        for tab in self.look().values():
            requests += [titled(tab, tab.name)] if tab.title != tab.name else []
            requests += [
                cell(tab, 0, place, {"userEnteredValue": {"stringValue": given[name]}}, "userEnteredValue")
                for place, name in enumerate(tab.header)
                if name in given
            ]
        if requests:
            self.sends(requests)


ACTS = tuple(sorted(name[1:] for name in vars(PM) if name.startswith("_") and not name.startswith("__")))
NOT_ACTS = {"value", "amount", "owned", "new_row", "somewhere"}
ACTS = tuple(name for name in ACTS if name not in NOT_ACTS)
