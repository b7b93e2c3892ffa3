"""The questions that the page asks."""

from __future__ import annotations

from typing import Any

from nicegui import ui

Json = dict[str, Any]

GUARDED = "This part of the sheet is kept by the system, which may write over it. Edit it anyway?"


async def edit_anyway(guard: Json) -> tuple[bool, bool]:
    """(the person wants the edit in a protected range, they want to be asked the next time too)."""
    what = str(guard.get("description") or "").strip()
    with ui.dialog().props("persistent") as dialog, ui.card().classes("ask"):
        ui.label("Heads up!").classes("ask-title")
        ui.label(GUARDED)
        if what:
            ui.label(what).classes("ask-what")
        quiet = ui.checkbox("Do not ask again in this window").props("dense")
        _buttons(dialog, "Edit anyway", lambda: True)
    answer = bool(await dialog)
    asks_again = not (answer and quiet.value)
    dialog.delete()
    return answer, asks_again


async def note_text(where: str, note: str) -> str | None:
    """The note that the person wants on the cell ``where``; empty to take it away, None to leave all as it is."""
    with ui.dialog() as dialog, ui.card().classes("ask"):
        ui.label(f"Note on {where}").classes("ask-title")
        text = ui.textarea(value=note).props("outlined autofocus").classes("ask-text")
        _buttons(dialog, "Save", lambda: str(text.value))
    answer = await dialog
    dialog.delete()
    return None if answer is None or answer is False else str(answer).strip()


async def tab_title(title: str) -> str | None:
    """The title that the person wants for the tab; None to leave it as it is."""
    with ui.dialog() as dialog, ui.card().classes("ask"):
        ui.label("Rename the tab").classes("ask-title")
        ui.label("Links, formulas and dropdowns that name it follow.").classes("ask-what")
        text = ui.input(value=title, label="Name of the tab").props("outlined autofocus dense").classes("ask-text")
        text.on("keydown.enter", lambda: dialog.submit(str(text.value)))
        _buttons(dialog, "Rename", lambda: str(text.value))
    answer = await dialog
    dialog.delete()
    wanted = str(answer or "").strip()
    return wanted if wanted and wanted != title else None


def _buttons(dialog: ui.dialog, yes: str, answer: Any) -> None:
    with ui.row().classes("ask-buttons"):
        ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
        ui.button(yes, on_click=lambda: dialog.submit(answer())).props("unelevated no-caps")
