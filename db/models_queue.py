"""The tables of the queue: who may work on a workbook now. The jobs themselves are procrastinate's tables."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from db.base import Base, Dated, Id, reference


class WorkspaceLeaseRow(Dated, Base):
    """Who is at work on a workbook (``holder``, empty: nobody), and until when that holds unless it is renewed, by the
    database's clock. The fence that goes with it stands in ``workspaces.fence``: it counts every start of work."""

    __tablename__ = "workspace_leases"
    __table_args__ = (UniqueConstraint("workspace_id"),)
    id: Mapped[Id]
    workspace_id: Mapped[int] = reference("workspaces.id", on_delete="CASCADE", indexed=False)
    holder: Mapped[str]
    held_until: Mapped[datetime]
