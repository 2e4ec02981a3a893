"""The style guide: every component is on it, made of nothing that is stored."""

from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from apps.accounts.models import User
from tests.conftest import ClientFor

pytestmark = pytest.mark.django_db

COMPONENTS = Path(settings.BASE_DIR) / "templates" / "components"
# What cannot stand beside samples, and why.
ELSEWHERE = {
    "effect.html": "asks for itself at once",
    "live_form.html": "form.html whose fields ask the server",
    "messages.html": "drawn by the layout; its notes are on the page",
    "saved_views.html": "keeps what somebody stored",
}


def shown_by(name: str, found: set[str]) -> set[str]:
    """The components that a template includes, and those that these include."""
    text = (Path(settings.BASE_DIR) / "templates" / name).read_text()
    for path in COMPONENTS.glob("*.html"):
        if f'"components/{path.name}"' in text and path.name not in found:
            found.add(path.name)
            shown_by(f"components/{path.name}", found)
    return found


def test_every_component_is_on_the_page() -> None:
    shown = shown_by("reports/styleguide.html", set())
    assert {path.name for path in COMPONENTS.glob("*.html")} - shown == set(ELSEWHERE)


def test_the_page_shows_every_state_and_reads_no_fact(client_for: ClientFor, alice: User) -> None:
    answer = client_for(alice).get(reverse("reports:styleguide"))
    page = answer.content.decode()
    for state in ("unsegregated", "undetermined", "segregated", "key-only", "none"):
        assert f"vr-verdict is-{state}" in page
    assert "Correct what is marked" in page
    assert "saved this meanwhile" in page
    assert page.count('class="vr-picture') == 2


def test_only_administrators_have_a_use_for_it(client_for: ClientFor, bob: User) -> None:
    assert client_for(bob).get(reverse("reports:styleguide")).status_code == 403
