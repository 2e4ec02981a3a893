"""What the tests of the services of the access graph share."""

import pytest

from apps.access.services import writing
from apps.accounts.models import User
from tests.access.story import Story, tell_story

Asked = list[tuple[User, str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Who asked for a scan by writing a fact, and why; none is queued."""
    calls: Asked = []

    def note(*, actor: User, reason: str) -> None:
        calls.append((actor, reason))

    monkeypatch.setattr(writing, "request_scan", note)
    return calls


@pytest.fixture(scope="module")
def story(module_rows: None) -> Story:  # noqa: ARG001 - what is stored stays for the module
    """The back door, stored and scanned once for the module."""
    return tell_story()
