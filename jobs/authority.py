"""Who may do what: decided by the role rows as last read, for the web at once and for the worker right after the pull.

A role that names nobody is everybody's who may edit. Where the role rows do not count, what they last said still says
who may view and plan, and nobody but the command line may approve and publish.
"""

from __future__ import annotations

from typing import Any

from db import store
from db.records import KeptRoles, RequestRecord, WorkspaceRecord
from engine.errors import InputError
from engine.findings import Finding
from engine.inputs import Setup
from jobs.turns import Held
from sheets_sync.grids import Workbook
from sheets_sync.role_rows import read_roles

VIEW, PLAN, APPROVE, PUBLISH = "may_view", "may_plan", "may_approve", "may_publish"
ROLE_OF = {"check": VIEW, "hello": VIEW, "optimize": PLAN, "cancel": PLAN, "approve": APPROVE, "publish": PUBLISH}
"""The role that an action needs; one that is not named needs PLAN."""
_PROVEN = (APPROVE, PUBLISH)
"""Roles for which nobody counts who is not proven."""
_DOES = {VIEW: "Looking at this", PLAN: "Planning", APPROVE: "Approving", PUBLISH: "Publishing"}
_BY_COMMAND = "use the command line"
_MOST_NAMED = 5


class NotAllowed(InputError):
    """Who asked may not do that."""


def role_of(action: str) -> str:
    """The role that an action needs."""
    return ROLE_OF.get(action, PLAN)


def keep(session: Any, workspace: WorkspaceRecord, workbook: Workbook, setup: Setup) -> tuple[Finding, ...]:
    """Keeps the roles of a workbook as read now; what is wrong with its role rows."""
    known = store.kept_roles(session, workspace.id)
    read = read_roles(workbook, setup.rows, known.editors)
    store.save_roles(session, workspace.id, read.lists, read.trouble)
    return read.findings


def refusal(roles: KeptRoles, role: str, email: str | None, *, is_trusted: bool = False) -> str | None:
    """Why who asks may not, in a sentence that says who may; None where they may. ``email`` is what a token proved;
    without one, a script with the secret (``is_trusted``) and whoever typed into the sheet may view and plan."""
    members = roles.lists.get(role, ())
    if role in _PROVEN and roles.trouble is not None:
        return f"{_DOES[role]} is not possible from here: {roles.trouble}. Until then {_BY_COMMAND}."
    if role in _PROVEN and members and email is None:
        who = "a script cannot prove who it is" if is_trusted else "nobody is proven to have asked this"
        return f"{_DOES[role]} is for {_named(members)} ({role} in Setup), and {who}: {_PROOF}, or {_BY_COMMAND}."
    if email is None:
        return None
    if role != VIEW and (told := refusal(roles, VIEW, email)) is not None:
        return told
    if role == VIEW and members:
        members = tuple(
            dict.fromkeys(one for listed in (VIEW, PLAN, APPROVE, PUBLISH) for one in roles.lists.get(listed, ()))
        )
    if not members or _is_among(email, members):
        return None
    return f"{_DOES[role]} is for {_named(roles.lists.get(role, ()))} ({role} in Setup), and {email} is not among them."


_PROOF = "click in the menu where the webhook is on"


def _is_among(email: str, members: tuple[str, ...]) -> bool:
    return email in members or f"@{email.rpartition('@')[2]}" in members


def _named(members: tuple[str, ...]) -> str:
    more = len(members) - _MOST_NAMED
    return ", ".join(members[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def require_role(held: Held, record: RequestRecord, clicked: frozenset[str]) -> None:
    """Raises NotAllowed, and notes it, where who made the request may not do it, by the roles as just read. Where a
    role names nobody it is that of the workbook's editors: a token proves a name, and ``clicked``, the ids that stand
    in Requests, that its owner may edit."""
    with held.database.transaction() as session:
        current = store.find_request(session, record.request_id) or record  # proven meanwhile, by the menu's token
        roles = store.kept_roles(session, record.workspace_id)
        role = role_of(record.action)
        told = refusal(roles, role, current.verified_by, is_trusted=record.trigger == "API")
        if told is None and current.verified_by and not roles.lists.get(role) and record.request_id not in clicked:
            told = (
                f"{_DOES[role]} is for those who may edit this workbook, and nothing shows that {current.verified_by} "
                f"may: click in its menu, or name who may in {role} of Setup."
            )
        note(session, current, "done" if told is None else "refused")
    if told is not None:
        raise NotAllowed(told)


def note(session: Any, record: RequestRecord, outcome: str) -> None:
    """One line in the audit of what became of a request. No name that was only typed into a cell is noted."""
    ways = {"API": "signature", "schedule": "schedule", "command line": "command line"}
    store.note_audit(
        session,
        record.workspace_id,
        who=record.verified_by or (record.requested_by if record.trigger == "API" else "someone with edit access"),
        is_verified=record.verified_by is not None,
        way="identity token" if record.verified_by else ways.get(record.trigger, "sheet"),
        action=record.action if record.action in ROLE_OF else "another",
        outcome=outcome,
    )
