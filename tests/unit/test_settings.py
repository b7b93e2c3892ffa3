"""Settings: one validated value, or one sentence that names each wrong variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from jobs.settings import load_settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "ROADMAP_HOME", "GOOGLE_APPLICATION_CREDENTIALS", "SHEETS_BASE_URL", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


def test_a_secret_url_never_shows_where_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@host/db")
    settings = load_settings()
    assert settings.database_url is not None
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)


def test_each_wrong_variable_is_named_in_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHEETS_BASE_URL", "not an address")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(UsageError) as error:
        load_settings()
    assert "SHEETS_BASE_URL" in error.value.sentence
    assert "LOG_LEVEL" in error.value.sentence


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHEETS_BASE_URL", "")
    monkeypatch.setenv("ROADMAP_HOME", "")
    settings = load_settings()
    assert settings.sheets_base_url is None
    assert settings.roadmap_home.is_absolute()


def test_a_dotenv_file_in_the_working_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ROADMAP_HOME=~/plans\n", encoding="utf-8")
    assert load_settings().roadmap_home == Path("~/plans").expanduser()


@pytest.mark.parametrize(
    "address",
    [
        "http://roadmap.example.com/",
        "https://me:secret@roadmap.example.com/",
        "https://roadmap.example.com/?x=1",
        "https://*.example.com/",
        "ftp://roadmap.example.com/",
    ],
)
def test_a_webhook_that_tokens_should_not_be_sent_to_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("WEBHOOK_URL", address)
    with pytest.raises(UsageError) as error:
        load_settings()
    assert "WEBHOOK_URL" in error.value.sentence


@pytest.mark.parametrize("address", ["https://roadmap.example.com", "http://127.0.0.1:8000/hook/"])
def test_the_address_of_the_webhook_has_no_slash_at_its_end(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("WEBHOOK_URL", address)
    assert load_settings().webhook_address == address.rstrip("/")
    monkeypatch.delenv("WEBHOOK_URL")
    assert load_settings().webhook_address is None
