"""Errors of the local server, in the JSON shape that Google answers with."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refused call. ``status`` is the HTTP status, ``reason`` Google's canonical name (INVALID_ARGUMENT, NOT_FOUND,
    …; for Drive a word such as notFound), ``message`` the sentence; ``details`` as in google.rpc.Status."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        details: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details

    def body(self) -> dict[str, Any]:
        """The JSON document of the answer."""
        error: dict[str, Any] = {"code": self.status, "message": self.message, "status": self.reason}
        if self.details:
            error["details"] = self.details
        return {"error": error}


def bad_request(message: str) -> ApiError:
    """A 400 with ``message``."""
    return ApiError(400, "INVALID_ARGUMENT", message)


def not_found(message: str = "Requested entity was not found.") -> ApiError:
    """A 404 with ``message``."""
    return ApiError(404, "NOT_FOUND", message)
