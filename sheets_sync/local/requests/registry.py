"""Which function does which request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sheets_sync.local.errors import ApiError, bad_request
from sheets_sync.local.requests import (
    cells,
    charts,
    dimensions,
    groups,
    merging,
    metadata,
    naming,
    pasting,
    rules,
    sheets,
    sizes,
    sorting,
    texts,
)
from sheets_sync.local.requests.change import Change

Json = dict[str, Any]

REQUESTS: dict[str, Callable[[Change, Json], Json]] = {
    "addSheet": sheets.add_sheet,
    "deleteSheet": sheets.delete_sheet,
    "duplicateSheet": sheets.duplicate_sheet,
    "updateSheetProperties": sheets.update_sheet_properties,
    "updateSpreadsheetProperties": sheets.update_spreadsheet_properties,
    "updateCells": cells.update_cells,
    "repeatCell": cells.repeat_cell,
    "appendCells": cells.append_cells,
    "setDataValidation": cells.set_data_validation,
    "updateBorders": cells.update_borders,
    "insertDimension": dimensions.insert_dimension,
    "deleteDimension": dimensions.delete_dimension,
    "moveDimension": dimensions.move_dimension,
    "appendDimension": dimensions.append_dimension,
    "updateDimensionProperties": sizes.update_dimension_properties,
    "autoResizeDimensions": sizes.auto_resize_dimensions,
    "addDimensionGroup": groups.add_dimension_group,
    "deleteDimensionGroup": groups.delete_dimension_group,
    "updateDimensionGroup": groups.update_dimension_group,
    "mergeCells": merging.merge_cells,
    "unmergeCells": merging.unmerge_cells,
    "copyPaste": pasting.copy_paste,
    "cutPaste": pasting.cut_paste,
    "pasteData": pasting.paste_data,
    "insertRange": pasting.insert_range,
    "deleteRange": pasting.delete_range,
    "autoFill": pasting.auto_fill,
    "sortRange": sorting.sort_range,
    "randomizeRange": sorting.randomize_range,
    "setBasicFilter": sorting.set_basic_filter,
    "clearBasicFilter": sorting.clear_basic_filter,
    "addFilterView": sorting.add_filter_view,
    "updateFilterView": sorting.update_filter_view,
    "duplicateFilterView": sorting.duplicate_filter_view,
    "deleteFilterView": sorting.delete_filter_view,
    "deleteDuplicates": sorting.delete_duplicates,
    "addNamedRange": naming.add_named_range,
    "updateNamedRange": naming.update_named_range,
    "deleteNamedRange": naming.delete_named_range,
    "addProtectedRange": naming.add_protected_range,
    "updateProtectedRange": naming.update_protected_range,
    "deleteProtectedRange": naming.delete_protected_range,
    "addConditionalFormatRule": rules.add_conditional_format_rule,
    "updateConditionalFormatRule": rules.update_conditional_format_rule,
    "deleteConditionalFormatRule": rules.delete_conditional_format_rule,
    "addBanding": rules.add_banding,
    "updateBanding": rules.update_banding,
    "deleteBanding": rules.delete_banding,
    "addChart": charts.add_chart,
    "addSlicer": charts.add_slicer,
    "updateChartSpec": charts.update_chart_spec,
    "updateSlicerSpec": charts.update_slicer_spec,
    "updateEmbeddedObjectPosition": charts.update_embedded_object_position,
    "updateEmbeddedObjectBorder": charts.update_embedded_object_border,
    "deleteEmbeddedObject": charts.delete_embedded_object,
    "createDeveloperMetadata": metadata.create_developer_metadata,
    "updateDeveloperMetadata": metadata.update_developer_metadata,
    "deleteDeveloperMetadata": metadata.delete_developer_metadata,
    "findReplace": texts.find_replace,
    "trimWhitespace": texts.trim_whitespace,
    "textToColumns": texts.text_to_columns,
}


def perform(change: Change, index: int, request: Json) -> Json:
    """The reply to one request of a batch. Raises a 400 in Google's words where it cannot be done."""
    names = list(request)
    if len(names) != 1:
        if not names:
            raise bad_request(f"Invalid requests[{index}]: No request set.")
        raise bad_request(
            f"Invalid value at 'requests[{index}]' (oneof), oneof field 'kind' is already set. Cannot set '{names[1]}'"
        )
    name = names[0]
    handler = REQUESTS.get(name)
    if handler is None:
        raise ApiError(
            400,
            "INVALID_ARGUMENT",
            f"Invalid requests[{index}].{name}: The local Sheets server does not support this request.",
        )
    try:
        return handler(change, request[name])
    except ApiError:
        raise
    except ValueError as error:
        raise bad_request(f"Invalid requests[{index}].{name}: {error}") from error
