"""Closed for maintenance: by the setting or by a file, for everybody, with no database asked."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client


def test_the_setting_closes_every_page_and_says_when_to_come_back(settings: Any) -> None:
    settings.MAINTENANCE = True
    settings.MAINTENANCE_RETRY_SECONDS = 120
    answer = Client().get("/vendors/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "120")
    assert "Try again in 2 minutes" in answer.content.decode()
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert Client().post("/accounts/sign-in/").status_code == 503


def test_a_file_closes_every_page_as_long_as_it_is_there(settings: Any, tmp_path: Path) -> None:
    settings.MAINTENANCE_FILE = tmp_path / "maintenance"
    assert Client().get("/vendors/").status_code == 302
    settings.MAINTENANCE_FILE.touch()
    assert Client().get("/vendors/").status_code == 503
    settings.MAINTENANCE_FILE.unlink()
    assert Client().get("/vendors/").status_code == 302


@pytest.mark.django_db
def test_the_health_check_answers_as_ever(settings: Any) -> None:
    settings.MAINTENANCE = True
    assert Client().get("/healthz").status_code == 200
