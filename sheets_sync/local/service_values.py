"""The ``spreadsheets.values`` methods of the service."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sheets_sync.local import data_filters, schema, values
from sheets_sync.local.calculation import Calculator
from sheets_sync.local.errors import ApiError, bad_request
from sheets_sync.local.grid import Book
from sheets_sync.local.requests.change import Change
from sheets_sync.local.values import Written

Json = dict[str, Any]
T = TypeVar("T")

_RENDERS = ("FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA")
_DATE_RENDERS = ("SERIAL_NUMBER", "FORMATTED_STRING")


class ValuesMethods(ABC):
    """What reads and writes plain values; the versions of the books come from the service."""

    @abstractmethod
    def _book(self, spreadsheet_id: str) -> Book:
        """The latest committed version."""

    @abstractmethod
    def _calculator(self, book: Book) -> Calculator:
        """The values of a version."""

    @abstractmethod
    def _mutated(self, spreadsheet_id: str, work: Callable[[Change], T]) -> tuple[T, Book]:
        """(what ``work`` gave, the new version), committed."""

    def values_get(
        self,
        spreadsheet_id: str,
        range: str,
        *,
        major_dimension: str = "ROWS",
        value_render_option: str = "FORMATTED_VALUE",
        date_time_render_option: str = "SERIAL_NUMBER",
    ) -> Json:
        """``spreadsheets.values.get``: a ValueRange, without trailing blank rows and cells."""
        calculator = self._calculator(self._book(spreadsheet_id))
        _check_renders(value_render_option, date_time_render_option)
        return values.read(calculator, range, major_dimension, value_render_option, date_time_render_option)

    def values_batch_get(
        self,
        spreadsheet_id: str,
        ranges: Sequence[str],
        *,
        major_dimension: str = "ROWS",
        value_render_option: str = "FORMATTED_VALUE",
        date_time_render_option: str = "SERIAL_NUMBER",
    ) -> Json:
        """``spreadsheets.values.batchGet``: ``{"spreadsheetId", "valueRanges"}`` of one version of the book."""
        calculator = self._calculator(self._book(spreadsheet_id))
        _check_renders(value_render_option, date_time_render_option)
        found = [
            values.read(calculator, one, major_dimension, value_render_option, date_time_render_option)
            for one in ranges
        ]
        answer: Json = {"spreadsheetId": spreadsheet_id}
        if found:
            answer["valueRanges"] = found
        return answer

    def values_batch_get_by_data_filter(self, spreadsheet_id: str, body: Json) -> Json:
        """``spreadsheets.values.batchGetByDataFilter``."""
        body = schema.checked("BatchGetValuesByDataFilterRequest", body)
        calculator = self._calculator(self._book(spreadsheet_id))
        matched: list[Json] = []
        for text, data_filter in data_filters.range_texts(calculator.book, body.get("dataFilters", [])):
            found = values.read(
                calculator,
                text,
                body.get("majorDimension", "ROWS"),
                body.get("valueRenderOption", "FORMATTED_VALUE"),
                body.get("dateTimeRenderOption", "SERIAL_NUMBER"),
            )
            matched.append({"valueRange": found, "dataFilters": [data_filter]})
        return {"spreadsheetId": spreadsheet_id, **({"valueRanges": matched} if matched else {})}

    def values_update(
        self,
        spreadsheet_id: str,
        range: str,
        body: Json,
        *,
        value_input_option: str = "RAW",
        include_values_in_response: bool = False,
        response_value_render_option: str = "FORMATTED_VALUE",
        response_date_time_render_option: str = "SERIAL_NUMBER",
    ) -> Json:
        """``spreadsheets.values.update``: writes ``body["values"]`` (null leaves a cell as it is, "" empties it)."""
        self._book(spreadsheet_id)
        body = schema.checked("ValueRange", body, "data")
        is_typed = _is_typed(value_input_option)
        written, book = self._mutated(spreadsheet_id, lambda change: values.write(change, range, body, is_typed))
        answer = {"spreadsheetId": spreadsheet_id, **written.answer}
        if include_values_in_response:
            options = (response_value_render_option, response_date_time_render_option)
            answer["updatedData"] = self._written(book, written, body, options)
        return answer

    def values_append(
        self,
        spreadsheet_id: str,
        range: str,
        body: Json,
        *,
        value_input_option: str = "RAW",
        insert_data_option: str = "OVERWRITE",
        include_values_in_response: bool = False,
        response_value_render_option: str = "FORMATTED_VALUE",
        response_date_time_render_option: str = "SERIAL_NUMBER",
    ) -> Json:
        """``spreadsheets.values.append``: writes below the table that ``range`` touches."""
        self._book(spreadsheet_id)
        body = schema.checked("ValueRange", body, "data")
        is_typed = _is_typed(value_input_option)
        inserts = insert_data_option == "INSERT_ROWS"
        (answer, written), book = self._mutated(
            spreadsheet_id, lambda change: values.append(change, range, body, is_typed, inserts)
        )
        updates = {"spreadsheetId": spreadsheet_id, **written.answer}
        if include_values_in_response:
            options = (response_value_render_option, response_date_time_render_option)
            updates["updatedData"] = self._written(book, written, body, options)
        return {"spreadsheetId": spreadsheet_id, **answer, "updates": updates}

    def _written(self, book: Book, written: Written, body: Json, options: tuple[str, str]) -> Json:
        sheet = book.find(written.sheet.id)
        assert sheet is not None
        dimension = body.get("majorDimension", "ROWS")
        return values.value_range(self._calculator(book), sheet, written.box, dimension, *options)

    def values_clear(self, spreadsheet_id: str, range: str) -> Json:
        """``spreadsheets.values.clear``: empties values, keeps formats and notes."""
        cleared, _ = self._mutated(spreadsheet_id, lambda change: values.clear(change, range))
        return {"spreadsheetId": spreadsheet_id, "clearedRange": cleared}

    def values_batch_update(self, spreadsheet_id: str, body: Json) -> Json:
        """``spreadsheets.values.batchUpdate``: ``body`` holds valueInputOption and data (ValueRanges)."""
        self._book(spreadsheet_id)
        body = schema.checked("BatchUpdateValuesRequest", body)
        is_typed = _is_typed(body.get("valueInputOption", ""))
        data: list[Json] = body.get("data", [])

        def write_all(change: Change) -> list[Written]:
            out: list[Written] = []
            for index, one in enumerate(data):
                try:
                    out.append(values.write(change, one.get("range", ""), one, is_typed))
                except ApiError as error:
                    raise bad_request(f"Invalid data[{index}]: {error.message}") from error
            return out

        written, book = self._mutated(spreadsheet_id, write_all)
        responses = [{"spreadsheetId": spreadsheet_id, **one.answer} for one in written]
        if body.get("includeValuesInResponse"):
            options = (
                body.get("responseValueRenderOption", "FORMATTED_VALUE"),
                body.get("responseDateTimeRenderOption", "SERIAL_NUMBER"),
            )
            for response, one, value_range in zip(responses, written, data, strict=True):
                response["updatedData"] = self._written(book, one, value_range, options)
        return {"spreadsheetId": spreadsheet_id, **_totals(written), **({"responses": responses} if responses else {})}

    def values_batch_update_by_data_filter(self, spreadsheet_id: str, body: Json) -> Json:
        """``spreadsheets.values.batchUpdateByDataFilter``."""
        body = schema.checked("BatchUpdateValuesByDataFilterRequest", body)
        is_typed = _is_typed(body.get("valueInputOption", ""))

        def write_all(change: Change) -> list[tuple[Written, Json]]:
            out: list[tuple[Written, Json]] = []
            for one in body.get("data", []):
                for text, data_filter in data_filters.range_texts(change.book, [one.get("dataFilter", {})]):
                    value_range = {k: v for k, v in one.items() if k in ("values", "majorDimension")}
                    out.append((values.write(change, text, value_range, is_typed), data_filter))
            return out

        written, _ = self._mutated(spreadsheet_id, write_all)
        responses = [{**one.answer, "dataFilter": data_filter} for one, data_filter in written]
        totals = _totals([one for one, _ in written])
        return {"spreadsheetId": spreadsheet_id, **totals, **({"responses": responses} if responses else {})}

    def values_batch_clear(self, spreadsheet_id: str, body: Json) -> Json:
        """``spreadsheets.values.batchClear``: ``body`` holds ranges."""
        self._book(spreadsheet_id)
        body = schema.checked("BatchClearValuesRequest", body)
        cleared, _ = self._mutated(
            spreadsheet_id, lambda change: [values.clear(change, one) for one in body.get("ranges", [])]
        )
        return {"spreadsheetId": spreadsheet_id, **({"clearedRanges": cleared} if cleared else {})}

    def values_batch_clear_by_data_filter(self, spreadsheet_id: str, body: Json) -> Json:
        """``spreadsheets.values.batchClearByDataFilter``."""
        body = schema.checked("BatchClearValuesByDataFilterRequest", body)
        texts = [text for text, _ in data_filters.range_texts(self._book(spreadsheet_id), body.get("dataFilters", []))]
        return self.values_batch_clear(spreadsheet_id, {"ranges": texts})


def _is_typed(option: str) -> bool:
    if option == "USER_ENTERED":
        return True
    if option == "RAW":
        return False
    if option in ("", "INPUT_VALUE_OPTION_UNSPECIFIED"):
        raise bad_request("'valueInputOption' is required but not specified")
    name = "type.googleapis.com/google.apps.sheets.v4.ValueInputOption"
    raise bad_request(f"Invalid value at 'value_input_option' ({name}), \"{option[:100]}\"")


def _check_renders(render: str, date_render: str) -> None:
    for name, kind, value, known in (
        ("value_render_option", "ValueRenderOption", render, _RENDERS),
        ("date_time_render_option", "DateTimeRenderOption", date_render, _DATE_RENDERS),
    ):
        if value not in known:
            raise bad_request(
                f"Invalid value at '{name}' (type.googleapis.com/google.apps.sheets.v4.{kind}), \"{value[:100]}\""
            )


def _totals(written: Sequence[Written]) -> Json:
    """The totals of a values batch, a row or column that two ranges touch counted once; zeros are left out."""
    totals = {
        "totalUpdatedRows": len({(one.sheet.id, row) for one in written for row in one.rows}),
        "totalUpdatedColumns": len({(one.sheet.id, column) for one in written for column in one.columns}),
        "totalUpdatedCells": sum(one.answer.get("updatedCells", 0) for one in written),
        "totalUpdatedSheets": len({one.sheet.id for one in written if one.rows}),
    }
    return {name: count for name, count in totals.items() if count}
