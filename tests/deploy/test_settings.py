"""The settings as a process sees them: production refuses to start half-set."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOW = """
import json, sys
from vendorrisk import settings
json.dump({name: getattr(settings, name) for name in sys.argv[1:]}, sys.stdout, default=str)
"""
PRODUCTION = {
    "VENDORRISK_PRODUCTION": "true",
    "SECRET_KEY": "k" * 60,
    "DATABASE_URL": "postgresql://someone@db.example/vendorrisk",
    "CELERY_BROKER_URL": "redis://broker.example/0",
    "ALLOWED_HOSTS": "risk.example",
}


def load(
    tmp_path: Path, *names: str, **variables: str | None
) -> "subprocess.CompletedProcess[str]":
    """Import the settings in a process of its own; names to print, none to leave a variable out."""
    given = {name: value for name, value in variables.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", SHOW, *names],
        env={"PATH": os.defpath, "VENDORRISK_VAR_DIR": str(tmp_path / "var")} | given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_local_start_needs_no_variable_and_makes_a_key_once(tmp_path: Path) -> None:
    first, second = (load(tmp_path, "SECRET_KEY", "PRODUCTION") for _ in range(2))
    assert json.loads(first.stdout)["PRODUCTION"] is False
    assert len(json.loads(first.stdout)["SECRET_KEY"]) > 50
    assert first.stdout == second.stdout
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_production_names_what_is_not_set(tmp_path: Path, name: str, value: str | None) -> None:
    done = load(tmp_path, **PRODUCTION | {name: value})
    assert done.returncode != 0
    assert f"and these are not: {name}." in done.stderr
    assert not (tmp_path / "var").exists()


def test_production_names_an_empty_secret_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    done = load(
        tmp_path, **PRODUCTION | {"SECRET_KEY": None, "SECRET_KEY_FILE": str(tmp_path / "key")}
    )
    assert "and these are not: SECRET_KEY." in done.stderr


def test_a_secret_comes_from_its_file_without_the_newline_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:p@db.example/risk\n")
    variables = {"DATABASE_URL": None, "DATABASE_URL_FILE": str(tmp_path / "url")}
    done = load(tmp_path, "DATABASES", **PRODUCTION | variables)
    assert json.loads(done.stdout)["DATABASES"]["default"]["NAME"] == "risk"


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    variables = {"SECRET_KEY": None, "SECRET_KEY_FILE": "/nowhere/key"}
    done = load(tmp_path, **PRODUCTION | variables)
    assert "SECRET_KEY_FILE cannot be read" in done.stderr
    assert "/nowhere/key" in done.stderr


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
    assert sentence in load(tmp_path, **PRODUCTION | variables).stderr


def test_production_is_https_only_with_bound_cookies(tmp_path: Path) -> None:
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT")
    done = load(tmp_path, *names, "SESSION_COOKIE_NAME", "SECURE_HSTS_SECONDS", **PRODUCTION)
    shown = json.loads(done.stdout)
    assert all(shown[name] for name in names)
    assert shown["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert shown["SECURE_HSTS_SECONDS"] >= 31_536_000


def test_the_header_of_a_proxy_is_trusted_only_behind_one(tmp_path: Path) -> None:
    local = load(tmp_path, "SECURE_PROXY_SSL_HEADER")
    assert "has no attribute 'SECURE_PROXY_SSL_HEADER'" in local.stderr
    assert (
        "HTTP_X_FORWARDED_PROTO" in load(tmp_path, "SECURE_PROXY_SSL_HEADER", **PRODUCTION).stdout
    )


def test_everything_that_is_written_goes_below_the_var_folder(tmp_path: Path) -> None:
    names = ("EMBEDDED_POSTGRES_DIR", "MEDIA_ROOT", "STATIC_ROOT", "LOG_DIR")
    shown = json.loads(load(tmp_path, *names, "CELERY_BEAT_SCHEDULE_FILENAME").stdout)
    for value in shown.values():
        assert Path(value).is_relative_to(tmp_path / "var")
    broker = json.loads(load(tmp_path, "CELERY_BROKER_TRANSPORT_OPTIONS").stdout)
    folder = broker["CELERY_BROKER_TRANSPORT_OPTIONS"]["folder"]
    assert Path(folder).is_relative_to(tmp_path / "var")
