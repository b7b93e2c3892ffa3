"""Who may do what in a workspace, as last read from its protected rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.documents import as_jsonb, as_text, plain
from db.models import WorkspaceRolesRow, table
from db.records import KeptRoles
from engine.canonical import json_text

_ROLES = table(WorkspaceRolesRow)


def kept_roles(session: Session, workspace_id: int) -> KeptRoles:
    """The roles of the workspace as last read; those of one that was never read, or never initialised, are empty."""
    columns = (as_text(WorkspaceRolesRow.editors), as_text(WorkspaceRolesRow.lists), WorkspaceRolesRow.trouble)
    row = session.execute(select(*columns).where(_ROLES.c.workspace_id == workspace_id)).one_or_none()
    if row is None:
        return KeptRoles()
    editors, lists, trouble = row
    return KeptRoles(
        editors=frozenset(plain(editors)) if editors not in (None, "null") else None,
        lists={role: tuple(members) for role, members in plain(lists).items()},
        trouble=trouble,
    )


def save_roles(session: Session, workspace_id: int, lists: Mapping[str, Iterable[str]], trouble: str | None) -> None:
    """Keeps the roles as read now. With ``trouble`` the lists that counted last are kept beside it."""
    given = insert(_ROLES).values(
        workspace_id=workspace_id,
        lists=as_jsonb(json_text({role: list(members) for role, members in lists.items()})),
        trouble=trouble,
    )
    new: Any = given.excluded
    kept = case((new.trouble.is_(None), new.lists), else_=_ROLES.c.lists)
    session.execute(
        given.on_conflict_do_update(index_elements=["workspace_id"], set_={"lists": kept, "trouble": new.trouble})
    )


def note_editors(session: Session, workspace_id: int, editors: Iterable[str]) -> None:
    """Notes whom ``init`` has let into the protected range, beside those of before."""
    known = kept_roles(session, workspace_id).editors or frozenset()
    document = as_jsonb(json_text(sorted({*known, *(editor.casefold() for editor in editors)})))
    given = insert(_ROLES).values(workspace_id=workspace_id, editors=document)
    session.execute(given.on_conflict_do_update(index_elements=["workspace_id"], set_={"editors": document}))
