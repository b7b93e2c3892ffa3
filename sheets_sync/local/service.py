"""The spreadsheets themselves, without a transport: every method takes and gives the JSON of the Sheets and Drive APIs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sheets_sync.local.errors import ApiError as ApiError

Json = dict[str, Any]


class SheetsService:
    """All spreadsheets of one data folder. Thread-safe; each change is on disk before its method returns.

    Every method raises ``ApiError`` where Google would refuse, and then nothing has changed.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def close(self) -> None:
        """Closes the store; the service cannot be used afterwards."""
        raise NotImplementedError

    # ---- spreadsheets

    def create_spreadsheet(self, body: Json) -> Json:
        """``spreadsheets.create``: a Spreadsheet resource in (all fields optional), the whole new one out."""
        raise NotImplementedError

    def get_spreadsheet(
        self,
        spreadsheet_id: str,
        ranges: Sequence[str] = (),
        include_grid_data: bool = False,
        fields: str | None = None,
    ) -> Json:
        """``spreadsheets.get``: the Spreadsheet resource; grid data where asked or where ``fields`` names it."""
        raise NotImplementedError

    def batch_update(self, spreadsheet_id: str, body: Json) -> Json:
        """``spreadsheets.batchUpdate``: all of ``body["requests"]`` or none of them."""
        raise NotImplementedError

    def revision(self, spreadsheet_id: str) -> int:
        """A number that grows with each change of the spreadsheet; cheap to ask."""
        raise NotImplementedError

    def copy_sheet_to(self, spreadsheet_id: str, sheet_id: int, body: Json) -> Json:
        """``spreadsheets.sheets.copyTo``: the SheetProperties of the copy."""
        raise NotImplementedError

    # ---- values

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
        raise NotImplementedError

    def values_batch_get(
        self,
        spreadsheet_id: str,
        ranges: Sequence[str],
        *,
        major_dimension: str = "ROWS",
        value_render_option: str = "FORMATTED_VALUE",
        date_time_render_option: str = "SERIAL_NUMBER",
    ) -> Json:
        """``spreadsheets.values.batchGet``: ``{"spreadsheetId", "valueRanges"}``."""
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError

    def values_clear(self, spreadsheet_id: str, range: str) -> Json:
        """``spreadsheets.values.clear``: empties values, keeps formats and notes."""
        raise NotImplementedError

    def values_batch_update(self, spreadsheet_id: str, body: Json) -> Json:
        """``spreadsheets.values.batchUpdate``: ``body`` holds valueInputOption and data (ValueRanges)."""
        raise NotImplementedError

    def values_batch_clear(self, spreadsheet_id: str, body: Json) -> Json:
        """``spreadsheets.values.batchClear``: ``body`` holds ranges."""
        raise NotImplementedError

    # ---- Drive

    def list_files(self) -> list[Json]:
        """Drive files (id, name, mimeType, createdTime, modifiedTime, …), the latest changed first."""
        raise NotImplementedError

    def delete_file(self, file_id: str) -> None:
        """``files.delete``."""
        raise NotImplementedError
