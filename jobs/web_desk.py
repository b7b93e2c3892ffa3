"""The webhook's desk: who asks, whether they may, how often, and what becomes of it. It knows nothing of wires."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from db import store
from db.errors import RequestTaken
from db.records import RequestRecord, WorkspaceRecord
from db.web_access import WebDatabase
from jobs.authority import VIEW, refusal, role_of
from jobs.identity import WINDOW_S, Caller, NotIdentified, Signatures, Tokens
from jobs.queue import SILENT_S
from jobs.requests import ask
from jobs.web_documents import REQUEST_ID, WORKBOOK, Incoming, Question, Refusal, question, status_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often one asker may ask or look, and how often all together may for one workbook, in any minute."""

    asks_of_asker: int = 30
    asks_of_workbook: int = 120
    looks_of_asker: int = 240
    looks_of_workbook: int = 1200


MINUTE_S = 60.0
_ODD = timedelta(days=1)
"""A time of asking that is farther from the database's is not believed."""
_LOGGED_IN = "Say who asks: an identity token, or time and signature in X-Roadmap-Timestamp and X-Roadmap-Signature."
_UNKNOWN = "No such request is known in this workbook."
_NO_WORKBOOK = "No workbook of this id is registered here: see that roadmap init was run on it."
_TAKEN = "This request_id belongs to another request: make a new one."


class Desk:
    """Answers on ``database``. ``tokens`` and ``signatures`` are None where that way of asking is off."""

    def __init__(
        self,
        database: WebDatabase,
        tokens: Tokens | None,
        signatures: Signatures | None,
        limits: Limits = Limits(),
    ) -> None:
        self._limits = limits
        self._database = database
        self._tokens = tokens
        self._signatures = signatures

    def asked(self, incoming: Incoming) -> tuple[bool, dict[str, Any]]:
        """POST /v1/requests: whether the request is new, and how it stands. Refusal, NotIdentified or errors of
        Postgres where not."""
        caller = self._caller(incoming)
        if (incoming.header("content-type") or "").partition(";")[0].strip().lower() != "application/json":
            raise Refusal(415, "Send the request as JSON, with Content-Type: application/json.")
        if incoming.query:
            raise Refusal(422, "A new request takes nothing in its address: all of it stands in the body.")
        asked = question(incoming.body)
        self._take_turn(caller, self._limits.asks_of_asker, "ask")
        with self._database.of_workbook(asked.workbook) as (session, workspace):
            self._require_counts(session, caller, once=True)
            if workspace is None:
                raise Refusal(404, _NO_WORKBOOK)
            told = self._refused(session, workspace, caller, asked.action)
            if told is None:
                _in_turn(session, {f"ask workbook {workspace.id}": self._limits.asks_of_workbook})
                record, is_new = self._stored(session, workspace, caller, asked)
                run = store.run_state(session, workspace.id, record.run_id) if record.run_id is not None else None
                return is_new, status_document(record, run)
        raise Refusal(403, told)

    def looked(self, incoming: Incoming, request_id: str) -> dict[str, Any]:
        """GET /v1/requests/{id}?workbook=ID: how the request stands."""
        caller = self._caller(incoming)
        names = [name for name, _ in incoming.query]
        workbook = dict(incoming.query).get("workbook", "")
        if names != ["workbook"] or not re.fullmatch(WORKBOOK, workbook):
            raise Refusal(422, "Name the workbook, and nothing else, in the address: ?workbook=ID.")
        if not re.fullmatch(REQUEST_ID, request_id):
            raise Refusal(422, "request_id: has a form that no such id has.")
        self._take_turn(caller, self._limits.looks_of_asker, "look")
        with self._database.of_workbook(workbook) as (session, workspace):
            self._require_counts(session, caller, once=False)
            if workspace is None:
                raise Refusal(404, _NO_WORKBOOK)
            told = self._refused(session, workspace, caller, None)
            if told is None:
                _in_turn(session, {f"look workbook {workspace.id}": self._limits.looks_of_workbook})
                record = store.find_request(session, request_id)
                if record is None or record.workspace_id != workspace.id:
                    raise Refusal(404, _UNKNOWN)
                run = store.run_state(session, workspace.id, record.run_id) if record.run_id is not None else None
                return status_document(record, run)
        raise Refusal(403, told)

    def ready(self) -> None:
        """Raises Refusal (503) or errors of Postgres where requests would not be done now."""
        self._database.check()
        with self._database.transaction() as session:
            if not store.is_queue_fetched(session, SILENT_S):
                raise Refusal(503, "No worker has fetched from the queue lately.", SILENT_S)

    def may_measure(self, incoming: Incoming) -> bool:
        """Whether the asker shows the word for /metrics: the hex HMAC of "metrics" with the secret."""
        kind, _, word = (incoming.header("authorization") or "").partition(" ")
        return self._signatures is not None and kind.lower() == "bearer" and self._signatures.is_word("metrics", word)

    def _caller(self, incoming: Incoming) -> Caller:
        token = incoming.header("authorization")
        timestamp, signature = incoming.header("x-roadmap-timestamp"), incoming.header("x-roadmap-signature")
        if token is not None and (timestamp or signature):
            raise NotIdentified("Say who asks in one way: by an identity token or by a signature, not by both.")
        if token is not None:
            kind, _, word = token.partition(" ")
            if self._tokens is None or kind.lower() != "bearer":
                raise NotIdentified(_LOGGED_IN)
            return self._tokens.caller(word.strip())
        if self._signatures is None or timestamp is None or signature is None:
            raise NotIdentified(_LOGGED_IN)
        return self._signatures.caller(
            timestamp, signature, method=incoming.method, target=incoming.target, body=incoming.body
        )

    def _take_turn(self, caller: Caller, most: int, what: str) -> None:
        with self._database.transaction() as session:
            _in_turn(session, {f"{what} {caller.name}": most})

    def _require_counts(self, session: Any, caller: Caller, *, once: bool) -> None:
        """Raises NotIdentified where a signature is not of now, or (``once``) was used before."""
        if caller.signature is None:
            return
        counts = store.use_signature(session, caller.signature if once else None, caller.signed_at, WINDOW_S)
        if counts != "fresh":
            why = "was made at another time" if counts == "old" else "was used before"
            raise NotIdentified(f"The signature {why}: sign the request anew with the time of now.")

    def _refused(self, session: Any, workspace: WorkspaceRecord, caller: Caller, action: str | None) -> str | None:
        """Why the caller may not (``action`` None: may not look), in a sentence, and noted, once a minute at most."""
        role = VIEW if action is None else role_of(action)
        roles = store.kept_roles(session, workspace.id)
        told = refusal(roles, role, caller.email, is_trusted=caller.email is None)
        if told is not None and store.take_web_turn(session, {f"refused {role} {caller.name}": 1}, MINUTE_S) == 0:
            _note(session, workspace, caller, action or "look", "refused")
        return told

    def _stored(
        self, session: Any, workspace: WorkspaceRecord, caller: Caller, asked: Question
    ) -> tuple[RequestRecord, bool]:
        known = store.find_request(session, asked.request_id)
        if known is not None and not _is_same(known, workspace, asked):
            raise Refusal(409, _TAKEN)
        at, now = asked.requested_at, store.now(session)
        try:
            record, is_new = ask(
                session,
                workspace.id,
                asked.request_id,
                asked.action,
                arguments=asked.arguments,
                requested_by=caller.name,
                requested_at=at if at is not None and abs(at - now) < _ODD else None,
                trigger="menu" if caller.email else "API",
                verified_by=caller.email,
            )
        except RequestTaken as error:
            raise Refusal(409, _TAKEN) from error
        if not _is_same(record, workspace, asked):  # somebody else was first, at this very moment
            raise Refusal(409, _TAKEN)
        if is_new:
            _note(session, workspace, caller, asked.action, "asked")
        return record, is_new


def _note(session: Any, workspace: WorkspaceRecord, caller: Caller, action: str, outcome: str) -> None:
    store.note_audit(
        session,
        workspace.id,
        who=caller.name,
        is_verified=caller.email is not None,
        way=caller.way,
        action=action,
        outcome=outcome,
    )


def _is_same(record: RequestRecord, workspace: WorkspaceRecord, asked: Question) -> bool:
    known = (record.workspace_id, record.action, dict(record.arguments))
    return known == (workspace.id, asked.action, asked.arguments)


def _in_turn(session: Any, buckets: dict[str, int]) -> None:
    """Refusal where one of the buckets is full."""
    wait_s = store.take_web_turn(session, buckets, MINUTE_S)
    if wait_s > 0:
        raise Refusal(429, "Too many requests within a minute: try again a little later.", wait_s)
