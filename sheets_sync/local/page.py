"""The page of the local Sheets server: NiceGUI's grid over the spreadsheets of a ``SheetsService``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from nicegui import core, ui
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sheets_sync.local.errors import ApiError
from sheets_sync.local.page_book import Books
from sheets_sync.local.page_workbook import WorkbookWindow
from sheets_sync.local.script_host import ScriptHost
from sheets_sync.local.service import SheetsService

Json = dict[str, Any]

STATIC = Path(__file__).parent / "static"
PASTE_BYTES = 16_000_000
BOOKS, SCRIPTS = "sheets_page.books", "sheets_page.scripts"
ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'><rect x='3' y='2' width='18' height='20' rx='2.5' "
    "fill='#188038'/><path d='M7 8h10v9H7zM7 11h10M7 14h10M11 8v9' fill='none' stroke='#fff' stroke-width='1.4'/></svg>"
)


def attach(app: FastAPI, service: SheetsService, scripts: ScriptHost) -> None:
    """Mounts the page at ``/`` of ``app``, below every route that ``app`` already has. Call it last, before serving.
    ``scripts`` runs what the workbooks' scripts ask for.

    NiceGUI is one per process: several apps may carry the page one after the other, or at the same time in one event
    loop; an app served in another thread while the first still runs takes the first one's open windows away.
    """
    # NiceGUI's application is global. What an earlier attach left in it is taken out, so that it can be mounted anew.
    core.app.user_middleware.clear()
    core.app.middleware_stack = None
    core.sio.eio.start_service_task = True
    core.sio.eio.max_http_buffer_size = PASTE_BYTES
    app.add_middleware(_WithBooks, books=Books(service), scripts=scripts)
    ui.run_with(app, title="Sheets", favicon=ICON, tailwind=False, show_welcome_message=False, reconnect_timeout=10)


class _WithBooks:
    """Tells the page, by the request's scope, whose workbooks it shows and who runs their scripts."""

    def __init__(self, app: ASGIApp, books: Books, scripts: ScriptHost) -> None:
        self.app = app
        self.found = {BOOKS: books, SCRIPTS: scripts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.update(self.found)
        await self.app(scope, receive, send)


@ui.page("/")
async def _workbooks(request: Request) -> RedirectResponse | None:
    books: Books = request.scope[BOOKS]
    files = await asyncio.to_thread(books.service.list_files)
    if len(files) == 1 and "list" not in request.query_params:
        return RedirectResponse(f"/w/{files[0]['id']}")
    ui.add_css(STATIC / "page.css")
    ui.page_title("Workbooks")
    with ui.element("main").classes("files"):
        with ui.row().classes("files-head"):
            ui.html(ICON, sanitize=False).classes("logo")
            ui.label("Workbooks").classes("files-title")
        if not files:
            ui.label("No workbooks yet. One made through the API appears here.").classes("files-none")
        for file in files:
            with ui.link(target=f"/w/{file['id']}").classes("file"):
                ui.label(str(file.get("name", ""))).classes("file-name")
                ui.label(_changed(str(file.get("modifiedTime", "")))).classes("file-time")
    known = [(file["id"], file.get("name")) for file in files]

    async def look_again() -> None:
        now = await asyncio.to_thread(books.service.list_files)
        if [(file["id"], file.get("name")) for file in now] != known:
            ui.navigate.reload()

    ui.timer(2.0, look_again)
    return None


@ui.page("/w/{spreadsheet_id}")
async def _workbook(request: Request, spreadsheet_id: str, gid: int | None = None) -> None:
    books: Books = request.scope[BOOKS]
    ui.add_css(STATIC / "page.css")
    try:
        book = await asyncio.to_thread(books.book, spreadsheet_id)
        outline = await asyncio.to_thread(book.outline)
    except ApiError:
        ui.page_title("No such workbook")
        with ui.element("main").classes("files"):
            ui.label("There is no such workbook here.").classes("files-title")
            ui.link("All workbooks", "/?list=1")
        return
    ui.colors(primary="#1a73e8")
    WorkbookWindow(book, request.scope[SCRIPTS], outline, gid).build()


@ui.page("/spreadsheets/d/{spreadsheet_id}/edit")
def _as_google_links(spreadsheet_id: str) -> RedirectResponse:
    return RedirectResponse(f"/w/{spreadsheet_id}")


def _changed(moment: str) -> str:
    """When a file changed, in words: ``changed 25 Nov 2026, 14:02 UTC``."""
    try:
        when = datetime.fromisoformat(moment).astimezone(UTC)
    except ValueError:
        return ""
    return f"changed {when.day} {when:%b %Y, %H:%M} UTC"
