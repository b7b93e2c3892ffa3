"""The methods of the Sheets API by path."""

from __future__ import annotations

from typing import Any

from sheets_sync.local import schema
from sheets_sync.local.errors import ApiError, not_found
from sheets_sync.local.fields import answer_mask, masked
from sheets_sync.local.rest import Call
from sheets_sync.local.service import SheetsService

Json = dict[str, Any]

VERBS = frozenset(
    (
        "batchUpdate",
        "getByDataFilter",
        "append",
        "clear",
        "batchGet",
        "batchClear",
        "copyTo",
        "search",
        "batchGetByDataFilter",
        "batchUpdateByDataFilter",
        "batchClearByDataFilter",
    )
)
_DIMENSIONS = ("DIMENSION_UNSPECIFIED", "ROWS", "COLUMNS")
_RENDERS = ("FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA")
_DATE_RENDERS = ("SERIAL_NUMBER", "FORMATTED_STRING")
_INPUTS = ("INPUT_VALUE_OPTION_UNSPECIFIED", "RAW", "USER_ENTERED")
_INSERTS = ("OVERWRITE", "INSERT_ROWS")


def answered(service: SheetsService, call: Call) -> Any:
    """The JSON answer of a call below ``/v4/spreadsheets``. Raises ApiError."""
    path, method, verb = call.path, call.method, call.verb
    if not path and method == "POST":
        call.expect()
        return _masked(call, "Spreadsheet", service.create_spreadsheet(call.json()))
    if len(path) == 1:
        return _spreadsheet(service, call, path[0])
    if len(path) >= 2 and path[1] == "values":
        if len(path) == 2 or (len(path) == 3 and not path[2]):
            return _values_batch(service, call, path[0])
        return _values(service, call, path[0], "/".join(path[2:]))
    if len(path) == 4 and path[1] == "sheets" and verb == "copyTo" and method == "POST":
        call.expect()
        answer = service.copy_sheet_to(path[0], _number(path[2] if verb else path[3]), call.json())
        return _masked(call, "SheetProperties", answer)
    if len(path) == 3 and path[1] == "sheets" and verb == "copyTo" and method == "POST":
        call.expect()
        return _masked(call, "SheetProperties", service.copy_sheet_to(path[0], _number(path[2]), call.json()))
    if len(path) == 3 and path[1] == "developerMetadata" and method == "GET":
        call.expect()
        return _masked(call, "DeveloperMetadata", service.metadata_get(path[0], _number(path[2])))
    if len(path) == 2 and path[1] == "developerMetadata" and verb == "search" and method == "POST":
        call.expect()
        return _masked(call, "SearchDeveloperMetadataResponse", service.metadata_search(path[0], call.json()))
    raise not_found("The requested URL was not found on this server.")


def _masked(call: Call, message: str, answer: Any) -> Any:
    return masked(answer, answer_mask(message, call.optional("fields")))


def _number(text: str) -> int:
    if not text.lstrip("-").isdigit() or len(text) > 11:
        raise ApiError(400, "INVALID_ARGUMENT", f"Invalid value at 'sheet_id' (TYPE_INT32), \"{text[:100]}\"")
    return int(text)


def _spreadsheet(service: SheetsService, call: Call, spreadsheet_id: str) -> Any:
    fields = call.optional("fields")
    if call.method == "GET" and not call.verb:
        call.expect("ranges", "includeGridData", "excludeTablesInBandedRanges", "commentsViewMode")
        ranges = [one for one in call.texts("ranges") if one]
        return service.get_spreadsheet(spreadsheet_id, ranges, call.flag("includeGridData"), fields)
    if call.method == "POST" and call.verb == "batchUpdate":
        call.expect()
        return service.batch_update(spreadsheet_id, call.json(), fields)
    if call.method == "POST" and call.verb == "getByDataFilter":
        call.expect()
        return service.get_by_data_filter(spreadsheet_id, call.json(), fields)
    raise not_found("The requested URL was not found on this server.")


def _renders(call: Call, prefix: str = "") -> tuple[str, str]:
    """(value render option, date and time render option); ``prefix`` is ``response`` for writes."""
    names = [f"{prefix}ValueRenderOption", f"{prefix}DateTimeRenderOption"]
    names = [name[0].lower() + name[1:] for name in names]
    return (
        call.choice(names[0], "ValueRenderOption", _RENDERS, "FORMATTED_VALUE"),
        call.choice(names[1], "DateTimeRenderOption", _DATE_RENDERS, "SERIAL_NUMBER"),
    )


def _dimension(call: Call) -> str:
    value = call.choice("majorDimension", "Dimension", _DIMENSIONS, "ROWS")
    return "COLUMNS" if value == "COLUMNS" else "ROWS"


def _values(service: SheetsService, call: Call, spreadsheet_id: str, text: str) -> Any:
    if call.method == "GET" and not call.verb:
        call.expect("majorDimension", "valueRenderOption", "dateTimeRenderOption")
        render, date_render = _renders(call)
        answer = service.values_get(
            spreadsheet_id,
            text,
            major_dimension=_dimension(call),
            value_render_option=render,
            date_time_render_option=date_render,
        )
        return _masked(call, "ValueRange", answer)
    if call.method == "POST" and call.verb == "clear":
        call.expect()
        _check_empty(call.json())
        return _masked(call, "ClearValuesResponse", service.values_clear(spreadsheet_id, text))
    writes = (
        "valueInputOption",
        "includeValuesInResponse",
        "responseValueRenderOption",
        "responseDateTimeRenderOption",
    )
    if call.method == "PUT" and not call.verb:
        call.expect(*writes)
        render, date_render = _renders(call, "response")
        answer = service.values_update(
            spreadsheet_id,
            text,
            call.json(),
            value_input_option=call.choice("valueInputOption", "ValueInputOption", _INPUTS, _INPUTS[0]),
            include_values_in_response=call.flag("includeValuesInResponse"),
            response_value_render_option=render,
            response_date_time_render_option=date_render,
        )
        return _masked(call, "UpdateValuesResponse", answer)
    if call.method == "POST" and call.verb == "append":
        call.expect(*writes, "insertDataOption")
        render, date_render = _renders(call, "response")
        answer = service.values_append(
            spreadsheet_id,
            text,
            call.json(),
            value_input_option=call.choice("valueInputOption", "ValueInputOption", _INPUTS, _INPUTS[0]),
            insert_data_option=call.choice("insertDataOption", "InsertDataOption", _INSERTS, "OVERWRITE"),
            include_values_in_response=call.flag("includeValuesInResponse"),
            response_value_render_option=render,
            response_date_time_render_option=date_render,
        )
        return _masked(call, "AppendValuesResponse", answer)
    raise not_found("The requested URL was not found on this server.")


def _check_empty(body: Any) -> None:
    """The body of ``values.clear`` has no fields."""
    if isinstance(body, dict):
        for name in body:
            raise ApiError(
                400,
                "INVALID_ARGUMENT",
                f'Invalid JSON payload received. Unknown name "{str(name)[:100]}": Cannot find field.',
            )
    else:
        schema.checked("ValueRange", body)


def _values_batch(service: SheetsService, call: Call, spreadsheet_id: str) -> Any:
    if call.method == "GET" and call.verb == "batchGet":
        call.expect("ranges", "majorDimension", "valueRenderOption", "dateTimeRenderOption")
        render, date_render = _renders(call)
        answer = service.values_batch_get(
            spreadsheet_id,
            call.texts("ranges"),
            major_dimension=_dimension(call),
            value_render_option=render,
            date_time_render_option=date_render,
        )
        return _masked(call, "BatchGetValuesResponse", answer)
    by_verb = {
        "batchUpdate": (service.values_batch_update, "BatchUpdateValuesResponse"),
        "batchClear": (service.values_batch_clear, "BatchClearValuesResponse"),
        "batchGetByDataFilter": (service.values_batch_get_by_data_filter, "BatchGetValuesByDataFilterResponse"),
        "batchUpdateByDataFilter": (
            service.values_batch_update_by_data_filter,
            "BatchUpdateValuesByDataFilterResponse",
        ),
        "batchClearByDataFilter": (service.values_batch_clear_by_data_filter, "BatchClearValuesByDataFilterResponse"),
    }
    if call.method == "POST" and call.verb in by_verb:
        call.expect()
        method, message = by_verb[call.verb]
        return _masked(call, message, method(spreadsheet_id, call.json()))
    raise not_found("The requested URL was not found on this server.")
