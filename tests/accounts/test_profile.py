"""What people do about themselves: name, time zone, password, sessions."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from apps.accounts.browsers import browser_words
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from tests.conftest import ClientFor
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
NEW = "a quite different password"


def signed_in(user: User, browser: str = FIREFOX) -> Client:
    client = Client(headers={"user-agent": browser})
    client.post("/accounts/sign-in/", {"username": user.email, "password": PASSWORD})
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def last_entry() -> AuditEntry:
    return AuditEntry.objects.latest("number")


def shown_times(client: Client) -> str:
    return str(client.get("/people/").content.decode())


def test_times_are_shown_in_the_zone_that_somebody_chose(
    client_for: ClientFor, alice: User, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(last_login=datetime(2026, 1, 31, 23, 30, tzinfo=UTC))
    client = client_for(alice)
    assert "31 Jan 2026, 23:30" in shown_times(client)
    typed = {"name": "Alice", "time_zone": "Asia/Tokyo"}
    assert client.post("/profile/", typed)["Location"] == "/profile/"
    assert "1 Feb 2026, 08:30" in shown_times(client)
    assert last_entry().data == {"time_zone": ["UTC", "Asia/Tokyo"]}


@pytest.mark.parametrize("zone", ["Nowhere/City", "../../etc/passwd", "", "Europe"])
def test_a_zone_that_is_none_is_refused(client_for: ClientFor, bob: User, zone: str) -> None:
    answer = client_for(bob).post("/profile/", {"name": "Bob", "time_zone": zone})
    assert answer.status_code == 422
    assert not AuditEntry.objects.exists()


def test_a_zone_that_this_machine_does_not_know_is_utc(client_for: ClientFor, bob: User) -> None:
    for zone in ("Mars/Olympus", "/etc/passwd", "Europe"):
        User.objects.filter(pk=bob.pk).update(time_zone=zone)
        assert client_for(bob).get("/profile/").status_code == 200


def test_one_persons_zone_is_not_the_next_ones(
    client_for: ClientFor, alice: User, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(time_zone="Asia/Tokyo")
    client_for(bob).get("/profile/")
    User.objects.filter(pk=bob.pk).update(last_login=datetime(2026, 1, 31, 23, 30, tzinfo=UTC))
    assert "31 Jan 2026, 23:30" in shown_times(client_for(alice))


def test_the_name_is_ones_own_to_change(client_for: ClientFor, bob: User) -> None:
    client = client_for(bob)
    client.post("/profile/", {"name": " Robert ", "time_zone": "UTC"})
    client.post("/profile/", {"name": "Robert", "time_zone": "UTC"})
    bob.refresh_from_db()
    assert bob.name == "Robert"
    assert AuditEntry.objects.count() == 1, "nothing changed the second time"


def test_changing_the_password_ends_the_other_sessions(bob: User) -> None:
    here, there = signed_in(bob), signed_in(bob, SAFARI)
    before = here.session.session_key
    answer = here.post("/profile/password/", {"old": PASSWORD, "password": NEW})
    assert answer["Location"] == "/profile/"
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert here.session.session_key != before
    [(_session, browser, is_this)] = here.get("/profile/").context["sessions"]
    assert (browser, is_this) == ("Firefox on Windows", True)
    bob.refresh_from_db()
    assert bob.check_password(NEW)
    assert last_entry().action == "user.password_changed"
    assert NEW not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"old": "wrong", "password": NEW}, "not your present password"),
        ({"old": PASSWORD, "password": "short"}, "too short"),
        ({"old": PASSWORD, "password": "bob@example.org"}, "too similar"),
        ({"old": PASSWORD}, "required"),
    ],
)
def test_a_password_is_not_changed(bob: User, typed: dict[str, str], sentence: str) -> None:
    client = signed_in(bob)
    answer = client.post("/profile/password/", typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert not any(f'value="{secret}"' in page for secret in typed.values())
    assert is_signed_in(client)
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)


def test_guessing_the_present_password_is_counted(bob: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_OF_ACCOUNT = 3
    client = signed_in(bob)
    for _ in range(3):
        client.post("/profile/password/", {"old": "wrong", "password": NEW})
    answer = client.post("/profile/password/", {"old": PASSWORD, "password": NEW})
    assert answer.status_code == 429
    assert last_entry().action == "user.locked_out"
    entry = AuditEntry.objects.filter(action="user.proof_failed").latest("number")
    assert (entry.actor, entry.data) == (bob, {"step": "password"})


def test_a_weak_new_password_is_no_failed_attempt(bob: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_OF_ACCOUNT = 2
    client = signed_in(bob)
    for _ in range(3):
        answer = client.post("/profile/password/", {"old": PASSWORD, "password": "short"})
        assert answer.status_code == 422


def test_sessions_are_listed_and_the_others_ended(bob: User) -> None:
    here, there = signed_in(bob), signed_in(bob, SAFARI)
    found: list[Any] = here.get("/profile/").context["sessions"]
    assert {(browser, is_this) for _session, browser, is_this in found} == {
        ("Firefox on Windows", True),
        ("Safari on iPhone", False),
    }
    assert here.post("/profile/sessions/end/")["Location"] == "/profile/"
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert (last_entry().action, last_entry().data) == ("user.sessions_ended", {"ended": 1})
    here.post("/profile/sessions/end/")
    assert AuditEntry.objects.filter(action="user.sessions_ended").count() == 1


def test_signing_out_takes_the_session_off_the_list(bob: User) -> None:
    here, there = signed_in(bob), signed_in(bob, SAFARI)
    there.post("/accounts/sign-out/")
    assert len(here.get("/profile/").context["sessions"]) == 1


def test_nobody_sees_or_ends_the_sessions_of_others(alice: User, bob: User) -> None:
    his, hers = signed_in(bob), signed_in(alice)
    assert len(hers.get("/profile/").context["sessions"]) == 1
    hers.post("/profile/sessions/end/")
    assert is_signed_in(his)


@pytest.mark.parametrize(
    ("agent", "words"),
    [(FIREFOX, "Firefox on Windows"), (SAFARI, "Safari on iPhone"), ("x", "Browser not known")],
)
def test_a_browser_is_named(agent: str, words: str) -> None:
    assert browser_words(agent) == words


def test_a_machine_and_a_respondent_have_a_profile_too(
    client_for: ClientFor, vera: User, ida: User
) -> None:
    assert "Vendor respondent" in client_for(vera).get("/profile/").content.decode()
    answer = client_for(ida).post("/profile/password/", {"old": "x", "password": NEW})
    assert answer.status_code == 409, "a machine has no password to change"
