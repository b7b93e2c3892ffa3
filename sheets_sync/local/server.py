"""The local Sheets server: HTTP around ``SheetsService``."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from fastapi import FastAPI

from sheets_sync.local.service import SheetsService


def create_app(service: SheetsService) -> FastAPI:
    """The REST application over ``service``."""
    raise NotImplementedError


class LocalServer:
    """A server in a thread: ``with LocalServer(folder) as server: … server.base_url, server.key_file, server.service``."""

    base_url: str
    key_file: Path
    service: SheetsService

    def __init__(self, data_dir: Path, port: int = 0, host: str = "127.0.0.1", *, with_page: bool = False) -> None:
        raise NotImplementedError

    def __enter__(self) -> LocalServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops the server and closes the store."""
        raise NotImplementedError


def serve(port: int, data_dir: Path) -> None:
    """Runs the server until interrupted (``roadmap sheets-server``). Raises UsageError where the port is taken."""
    raise NotImplementedError
