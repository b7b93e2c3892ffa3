"""What waits for a person or a lock when the window or the server goes."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from sheets_sync.local.server import LocalServer

MANIFEST = '{"oauthScopes": ["https://www.googleapis.com/auth/script.container.ui"]}'


def test_a_server_that_ends_lets_nobody_wait(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    waiting = threading.Semaphore(0)

    async def never(kind: str, details: dict[str, Any]) -> Any:
        waiting.release()
        await asyncio.Event().wait()

    server = LocalServer(tmp_path)
    server.scripts.install("1abc", {"appsscript.json": MANIFEST})
    key = server.script_host.open("1abc", "jo@example.com", never)
    assert server.script_host.locks.take("1abc", "another", 0)

    def call(name: str, **details: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        return requests.post(f"{server.base_url}/apps-script/{name}", headers=headers, json=details, timeout=60).json()

    with ThreadPoolExecutor() as pool, caplog.at_level(logging.ERROR):
        question = pool.submit(call, "ui", kind="alert")
        lock = pool.submit(server.script_host.locks.take, "1abc", "mine", 60)
        assert waiting.acquire(timeout=30)
        server.close()
        assert question.result(60) == {"error": "The window was closed."}
        assert lock.result(60) is False
    assert caplog.records == []
