"""The settings as a process sees them: production refuses to start half-set."""

import os
import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

SETTINGS = Path(__file__).parents[2] / "vendorrisk" / "settings.py"
PRODUCTION = {
    "VENDORRISK_PRODUCTION": "true",
    "SECRET_KEY": "k" * 60,
    "DATABASE_URL": "postgresql://someone@db.example/vendorrisk",
    "CELERY_BROKER_URL": "redis://broker.example/0",
    "ALLOWED_HOSTS": "risk.example",
}


def load(tmp_path: Path, **variables: str | None) -> dict[str, Any]:
    """What the settings say where only these variables are set; none leaves one out."""
    given = {name: value for name, value in variables.items() if value is not None}
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            patch.delenv(name)
        for name, value in {"VENDORRISK_VAR_DIR": str(tmp_path / "var"), **given}.items():
            patch.setenv(name, value)
        return runpy.run_path(str(SETTINGS))


def refusal(tmp_path: Path, **variables: str | None) -> str:
    """The sentence with which the settings refuse."""
    with pytest.raises(ImproperlyConfigured) as refused:
        load(tmp_path, **PRODUCTION | variables)
    return str(refused.value)


def test_a_local_start_needs_no_variable_and_makes_a_key_once(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert first["PRODUCTION"] is False
    assert len(first["SECRET_KEY"]) > 50
    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_production_names_what_is_not_set(tmp_path: Path, name: str, value: str | None) -> None:
    assert f"and these are not: {name}." in refusal(tmp_path, **{name: value})
    assert not (tmp_path / "var").exists()


def test_production_names_an_empty_secret_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    said = refusal(tmp_path, SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "key"))
    assert "and these are not: SECRET_KEY." in said


def test_a_secret_comes_from_its_file_without_the_newline_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:p@db.example/risk\n")
    variables = {"DATABASE_URL": None, "DATABASE_URL_FILE": str(tmp_path / "url")}
    assert load(tmp_path, **PRODUCTION | variables)["DATABASES"]["default"]["NAME"] == "risk"


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, SECRET_KEY=None, SECRET_KEY_FILE="/nowhere/key")
    assert "SECRET_KEY_FILE cannot be read" in said
    assert "/nowhere/key" in said


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DEBUG": "true"}, "cannot both be set"),
        ({"ALLOWED_HOSTS": "*"}, "trusts any host name"),
        ({"DATABASE_URL": "sqlite:///x.db"}, "must name a PostgreSQL"),
    ],
)
def test_production_refuses_what_is_unsafe(
    tmp_path: Path, variables: dict[str, str], sentence: str
) -> None:
    assert sentence in refusal(tmp_path, **variables)


def test_production_is_https_only_with_bound_cookies(tmp_path: Path) -> None:
    settings = load(tmp_path, **PRODUCTION)
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        assert settings[name] is True
    assert settings["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert settings["CSRF_COOKIE_NAME"].startswith("__Host-")
    assert settings["SECURE_HSTS_SECONDS"] >= 31_536_000


def test_the_header_of_a_proxy_is_trusted_only_behind_one(tmp_path: Path) -> None:
    assert "SECURE_PROXY_SSL_HEADER" not in load(tmp_path)
    assert "SECURE_PROXY_SSL_HEADER" not in load(tmp_path, **PRODUCTION, BEHIND_PROXY="false")
    assert load(tmp_path, **PRODUCTION)["SECURE_PROXY_SSL_HEADER"][1] == "https"


def test_everything_that_is_written_goes_below_the_var_folder(tmp_path: Path) -> None:
    settings = load(tmp_path)
    folders = ("EMBEDDED_POSTGRES_DIR", "MEDIA_ROOT", "STATIC_ROOT", "LOG_DIR")
    written = [settings[name] for name in (*folders, "CELERY_BEAT_SCHEDULE_FILENAME")]
    for path in [*written, settings["CELERY_BROKER_TRANSPORT_OPTIONS"]["folder"]]:
        assert Path(path).is_relative_to(tmp_path / "var")
