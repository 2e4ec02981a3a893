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


@pytest.fixture
def story(db: None) -> Story:  # noqa: ARG001 - asked for so that there is a database
    """The back door, stored and scanned."""
    return tell_story()
