"""One validated value for everything that the environment or ``.env`` may set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

import platformdirs
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.errors import UsageError

_PLACE = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")


def _default_home() -> Path:
    return Path(platformdirs.user_data_dir("roadmap-optimizer", appauthor=False))


class Settings(BaseSettings):
    """Read once at start. An empty variable is an unset one. Secrets are masked wherever the value is printed."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    database_url: SecretStr | None = None
    roadmap_home: Path = Field(default_factory=_default_home)
    google_application_credentials: Path | None = None
    sheets_base_url: AnyHttpUrl | None = None
    google_calls_per_minute: int = Field(default=60, ge=1, le=100_000)
    google_project_calls_per_minute: int = Field(default=300, ge=1, le=100_000)
    run_retention_days: int = Field(default=180, ge=1, le=36_500)
    worker_jobs: int = Field(default=2, ge=1, le=32)
    webhook_listen: str | None = None
    webhook_audience: str | None = Field(default=None, max_length=300)
    webhook_secret: SecretStr | None = Field(default=None, min_length=32)
    webhook_url: AnyHttpUrl | None = None
    log_level: str = "WARNING"

    @field_validator("roadmap_home", "google_application_credentials")
    @classmethod
    def _expanded(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else None

    @field_validator("webhook_listen")
    @classmethod
    def _place(cls, listen: str | None) -> str | None:
        if listen is not None and not _PLACE.fullmatch(listen):
            raise ValueError("must be HOST:PORT, like 127.0.0.1:8080 or [::1]:8080")
        return listen

    @model_validator(mode="after")
    def _somebody_may_ask(self) -> Self:
        if self.webhook_listen and not (self.webhook_audience or self.webhook_secret):
            raise ValueError("WEBHOOK_LISTEN needs WEBHOOK_AUDIENCE or WEBHOOK_SECRET, else nobody could ask")
        return self

    @property
    def webhook_place(self) -> tuple[str, int] | None:
        """Host and port of WEBHOOK_LISTEN; None where it is unset."""
        if self.webhook_listen is None:
            return None
        host, _, port = self.webhook_listen.rpartition(":")
        return host.strip("[]"), int(port)

    @field_validator("webhook_url")
    @classmethod
    def _safe(cls, url: AnyHttpUrl | None) -> AnyHttpUrl | None:
        """Identity tokens are sent there: by https, or to this very machine. Nothing but host, port and path."""
        if url is None:
            return None
        if url.scheme != "https" and url.host not in ("localhost", "127.0.0.1", "[::1]"):
            raise ValueError("must begin with https://, since people's identity tokens are sent there")
        if url.username or url.password or url.query or url.fragment or "*" in (url.host or ""):
            raise ValueError("must be host, port and path alone, like https://roadmap.example.com/hook")
        return url

    @property
    def webhook_address(self) -> str | None:
        """WEBHOOK_URL without a slash at its end."""
        return str(self.webhook_url).rstrip("/") if self.webhook_url else None

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
            raise ValueError("must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
        return level.upper()


def load_settings(**overrides: object) -> Settings:
    """The settings of this process, or a UsageError that names each wrong variable."""
    try:
        return Settings(**overrides)  # pyright: ignore[reportArgumentType]  values are validated here
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise UsageError(f"The settings are wrong: {told}. Mend the environment or .env.") from error
