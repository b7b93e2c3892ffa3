"""Requests of Intake tabs, and the initiatives they became."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import IntakeRequestRow, IntakeSheetRow, table
from db.upsert import upsert
from engine.canonical import json_text
from engine.intake import IntakeLink


def intake_links(session: Session, workspace_id: int) -> tuple[IntakeLink, ...]:
    """All requests of the workspace ever seen, the oldest first."""
    rows = session.scalars(
        select(IntakeRequestRow).where(IntakeRequestRow.workspace_id == workspace_id).order_by(IntakeRequestRow.id)
    )
    return tuple(
        IntakeLink(
            initiative_key=row.initiative_key,
            spreadsheet_id=row.spreadsheet_id,
            tab=row.tab,
            row=row.sheet_row,
            digest=row.digest,
            fields=row.fields,
            is_copied=row.is_copied,
            is_confirmed=row.is_confirmed,
        )
        for row in rows
    )


def save_intake(session: Session, workspace_id: int, links: Iterable[IntakeLink]) -> int:
    """Stores the requests as they stand now; how many changed."""
    rows = [
        {
            "workspace_id": workspace_id,
            "initiative_key": link.initiative_key,
            "spreadsheet_id": link.spreadsheet_id,
            "tab": link.tab,
            "sheet_row": link.row,
            "digest": link.digest,
            "fields": json_text(link.fields),
            "is_copied": link.is_copied,
            "is_confirmed": link.is_confirmed,
        }
        for link in links
    ]
    return upsert(session, table(IntakeRequestRow), ("workspace_id", "initiative_key"), rows)


def intake_sheets(session: Session, workspace_id: int) -> dict[tuple[str, str], int]:
    """(spreadsheet id, folded title as bound) -> the id of the sheet that it was when it was read last."""
    rows = session.scalars(select(IntakeSheetRow).where(IntakeSheetRow.workspace_id == workspace_id))
    return {(row.spreadsheet_id, row.tab): row.sheet_id for row in rows}


def save_intake_sheets(session: Session, workspace_id: int, sheets: Mapping[tuple[str, str], int]) -> int:
    """Stores which sheets the bound tabs are; how many changed. Others stay as they were."""
    rows = [
        {"workspace_id": workspace_id, "spreadsheet_id": spreadsheet_id, "tab": tab, "sheet_id": sheet_id}
        for (spreadsheet_id, tab), sheet_id in sheets.items()
    ]
    return upsert(session, table(IntakeSheetRow), ("workspace_id", "spreadsheet_id", "tab"), rows)
