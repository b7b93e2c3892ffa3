"""Load and save engine values. Every function takes the Session of ``Database.transaction()`` first; none commits.

This is the door of the room; what stands behind it is split by table group.
"""

from __future__ import annotations

from db.records import (
    RequestRecord,
    RequestStatus,
    RunRecord,
    RunState,
    RunStatus,
    StoredConstraintSet,
    WatchRecord,
    WorkspaceRecord,
)
from db.store_intake import intake_links, intake_sheets, save_intake, save_intake_sheets
from db.store_portfolios import save_portfolio
from db.store_progress import note_progress, run_state
from db.store_requests import claim_request, find_request, finish_request
from db.store_roadmaps import newest_version, save_version
from db.store_rules import load_constraint_set, save_constraint_set
from db.store_run_log import run_log
from db.store_runs import (
    begin_run,
    fail_run,
    finish_run,
    holds_fence,
    last_scheduled,
    newest_failure,
    newest_good_run,
    newest_result,
    require_fence,
    run_facts,
    run_of_portfolio,
    save_remarks,
    set_run_stage,
    store_snapshot,
)
from db.store_watch import (
    claim_watch,
    note_read,
    record_changes,
    restart_watch,
    shown_state,
    watch_of,
    watches,
)
from db.store_workspaces import (
    find_workspace,
    has_lost_initiatives,
    known_initiatives,
    list_workspaces,
    note_initiative_keys,
    register_workspace,
    reserve_initiative_keys,
    save_inputs,
)

__all__ = [
    "RequestRecord",
    "RequestStatus",
    "RunRecord",
    "RunState",
    "RunStatus",
    "StoredConstraintSet",
    "WatchRecord",
    "WorkspaceRecord",
    "begin_run",
    "claim_request",
    "claim_watch",
    "fail_run",
    "find_request",
    "find_workspace",
    "finish_request",
    "finish_run",
    "has_lost_initiatives",
    "holds_fence",
    "intake_links",
    "intake_sheets",
    "known_initiatives",
    "last_scheduled",
    "list_workspaces",
    "load_constraint_set",
    "newest_failure",
    "newest_good_run",
    "newest_result",
    "newest_version",
    "note_initiative_keys",
    "note_progress",
    "note_read",
    "record_changes",
    "register_workspace",
    "require_fence",
    "reserve_initiative_keys",
    "restart_watch",
    "run_facts",
    "run_log",
    "run_of_portfolio",
    "run_state",
    "save_constraint_set",
    "save_inputs",
    "save_intake",
    "save_intake_sheets",
    "save_portfolio",
    "save_remarks",
    "save_version",
    "set_run_stage",
    "shown_state",
    "store_snapshot",
    "watch_of",
    "watches",
]
