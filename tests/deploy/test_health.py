"""What tells a supervisor whether a process is well."""

import os
import time
from pathlib import Path

import pytest
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.test import Client
from pytest_django.fixtures import Settings

from vendorrisk import health


@pytest.mark.django_db
def test_a_stranger_may_ask_whether_it_is_well(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"well\n")
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.django_db
def test_it_is_not_well_without_its_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("server at 10.1.2.3 is gone")

    monkeypatch.setattr(CursorWrapper, "execute", refuse)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert b"10.1.2.3" not in answer.content


@pytest.mark.django_db
def test_health_is_asked_without_https_in_production_too(
    client: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200


def test_a_process_is_well_as_long_as_it_says_so(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.VAR_DIR = tmp_path
    assert health.main("worker") == 1
    health.touch("worker")
    assert health.main("worker") == 0
    long_ago = time.time() - health.STALE_SECONDS - 1
    os.utime(tmp_path / "health" / "worker", (long_ago, long_ago))
    assert health.main("worker") == 1
    assert capsys.readouterr().out == "worker: not well\nworker: well\nworker: not well\n"


def test_web_is_not_well_when_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    assert health.main("web") == 1
