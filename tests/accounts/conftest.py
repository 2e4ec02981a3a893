import pytest

from tests.accounts.codes import App


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> App:
    """An authenticator app."""
    return App(monkeypatch)
