"""The webhook's addresses and their OpenAPI description."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi

from jobs.web_documents import REQUEST_ID, WORKBOOK, Question, Status, Told

Endpoint = Callable[..., Awaitable[Response]]
_SECURITY = [{"identity": []}, {"timestamp": [], "signature": []}]
_SCHEMES = {
    "identity": {
        "type": "http",
        "scheme": "bearer",
        "description": "A Google identity token, made for WEBHOOK_AUDIENCE.",
    },
    "timestamp": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Roadmap-Timestamp",
        "description": "Seconds since 1970.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Roadmap-Signature",
        "description": "Hex SHA-256 HMAC with WEBHOOK_SECRET over TIMESTAMP, METHOD, PATH?QUERY and BODY, with line "
        "feeds between them. It counts once.",
    },
}
_AGAIN = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
_WHY = {
    400: "It cannot be read.",
    401: "Nobody is proven to ask.",
    403: "Who asks may not do that.",
    404: "There is no such request or workbook.",
    408: "The body came too slowly.",
    409: "The id belongs to another request.",
    413: "The body is larger than 64 KB.",
    415: "The body is not JSON.",
    422: "A field is wrong.",
    429: "Too many within a minute.",
    500: "A fault.",
    503: "Postgres is away, or the keys of identity tokens.",
}


def describe(
    app: FastAPI, *, post: Endpoint, get: Endpoint, healthz: Endpoint, readyz: Endpoint, metrics: Endpoint
) -> None:
    """Adds the five addresses to ``app``, and makes it describe them as they are."""
    name = {"in": "path", "name": "request_id", "required": True, "schema": {"type": "string", "pattern": REQUEST_ID}}
    book = {"in": "query", "name": "workbook", "required": True, "schema": {"type": "string", "pattern": WORKBOOK}}
    body = {"required": True, "content": {"application/json": {"schema": Question.model_json_schema()}}}
    known = _documented(400, 401, 403, 404, 408, 413, 422, 429, 500, 503)
    app.add_api_route(
        "/v1/requests",
        post,
        methods=["POST"],
        status_code=202,
        response_model=None,
        summary="Ask for something",
        responses={
            200: {"model": Status, "description": "Known already."},
            202: {"model": Status, "description": "New: it is queued."},
            **known,
            **_documented(409, 415),
        },
        openapi_extra={"requestBody": body, "security": _SECURITY},
    )
    app.add_api_route(
        "/v1/requests/{request_id}",
        get,
        methods=["GET"],
        response_model=None,
        summary="How a request stands",
        responses={200: {"model": Status, "description": "How it stands."}, **known},
        openapi_extra={"parameters": [name, book], "security": _SECURITY},
    )
    plain = {"content": {"application/json": {"schema": {"type": "object"}}}}
    text = {"content": {"text/plain": {"schema": {"type": "string"}}}}
    for path, endpoint, told, summary, others in (
        ("/healthz", healthz, plain, "The process lives", ()),
        ("/readyz", readyz, plain, "Requests would be done", (503,)),
        ("/metrics", metrics, text, "Prometheus' metrics", (400, 403, 413)),
    ):
        app.add_api_route(
            path,
            endpoint,
            methods=["GET"],
            response_model=None,
            summary=summary,
            responses={200: {**told, "description": summary}, **_documented(500, *others)},
        )
    app.openapi = lambda: _document(app)


def _documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    told: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        told[status] = {"model": Told, "description": _WHY[status]}
        if status in (429, 503):
            told[status]["headers"] = _AGAIN
    return told


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        made = get_openapi(title="Roadmap", version="1", routes=app.routes)
        made.setdefault("components", {})["securitySchemes"] = _SCHEMES
        app.openapi_schema = made
    return app.openapi_schema
