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


async def script_answer(title: str, text: str, buttons: list[str], *, has_input: bool) -> dict[str, str]:
    """What a person answers a script: {"button": its name, "text": what was typed}; CLOSE where they closed it."""
    with ui.dialog() as dialog, ui.card().classes("ask"):
        ui.label(title).classes("ask-title")
        ui.label(text).classes("ask-script")
        typed = ui.input().props("outlined autofocus dense").classes("ask-text") if has_input else None
        with ui.row().classes("ask-buttons"):
            for name in buttons:
                button = ui.button(
                    name if name == "OK" else name.capitalize(), on_click=lambda name=name: dialog.submit(name)
                ).props("no-caps")
                button.props("unelevated" if name in ("OK", "YES") else "flat")
        if typed is not None:
            typed.on("keydown.enter", lambda: dialog.submit("OK"))
    button_name = str(await dialog or "CLOSE")
    text_typed = str(typed.value or "") if typed is not None else ""
    dialog.delete()
    return {"button": button_name, "text": text_typed}


async def script_texts(files: dict[str, str]) -> dict[str, str] | None:
    """The files of a script as the person wants them (name -> text; empty takes a file away), or None."""
    with ui.dialog() as dialog, ui.card().classes("ask ask-wide"):
        ui.label("The script of this workbook").classes("ask-title")
        ui.label("Paste each file as “roadmap menu install” writes it.").classes("ask-what")
        areas = {
            name: ui.textarea(label=name, value=text).props("outlined dense").classes("ask-text ask-code")
            for name, text in files.items()
        }
        _buttons(dialog, "Save", lambda: {name: str(area.value or "") for name, area in areas.items()})
    answer = await dialog
    dialog.delete()
    return answer or None


def _buttons(dialog: ui.dialog, yes: str, answer: Any) -> None:
    with ui.row().classes("ask-buttons"):
        ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
        ui.button(yes, on_click=lambda: dialog.submit(answer())).props("unelevated no-caps")
