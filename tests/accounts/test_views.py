"""Signing in and out, and what a stranger can learn from it: nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.accounts.services import people
from apps.audit.models import AuditEntry
from tests.conftest import ClientFor, Person
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/sign-in/"
SIGN_OUT = "/accounts/sign-out/"


def sign_in(
    client: Client, email: str, password: str = PASSWORD, onward: str = SIGN_IN
) -> Any:  # the test client's response, which has the template's context too
    return client.post(SIGN_IN, {"username": email, "password": password, "next": onward})


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_addresses_of_the_pages() -> None:
    assert reverse("accounts:sign-in") == SIGN_IN
    assert reverse("accounts:sign-out") == SIGN_OUT


@pytest.mark.parametrize("email", ["bob@example.org", "BOB@Example.ORG", " bob@example.org "])
def test_bob_signs_in_whatever_the_case_of_his_address(
    client: Client, bob: User, email: str
) -> None:
    answer = sign_in(client, email)
    assert answer.status_code == 302
    assert is_signed_in(client)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.target_id) == ("user.signed_in", bob, str(bob.pk))


@pytest.mark.parametrize(
    ("onward", "lands"),
    [
        ("/findings/?page=2", "/findings/?page=2"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example", None),
        ("javascript:alert(1)", None),
        ("http:///evil.example", None),
    ],
)
def test_after_signing_in_nobody_is_sent_elsewhere(
    client: Client, bob: User, settings: object, onward: str, lands: str | None
) -> None:
    settings.LOGIN_REDIRECT_URL = "/home/"  # type: ignore[attr-defined] # pytest-django's fixture
    answer = sign_in(client, bob.email, onward=onward)
    assert answer["Location"] == (lands or "/home/")


def test_the_session_is_another_after_signing_in(client: Client, bob: User) -> None:
    session = client.session
    session["before"] = True
    session.save()
    fixed = session.session_key
    sign_in(client, bob.email)
    assert client.session.session_key != fixed


@pytest.fixture
def refused(person: Person) -> Callable[[str, str], tuple[str, int, int]]:
    """Tries to sign in; gives the page, the number of queries and of password hashes made."""
    person("Gone", Role.ANALYST)
    User.objects.filter(name="Gone").update(is_active=False)
    policy.system_actor()
    hashed: list[str] = []
    hasher = hashers.get_hasher().__class__
    plain = hasher.encode

    def encode(self: hashers.BasePasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return plain(self, password, salt)

    def attempt(email: str, password: str) -> tuple[str, int, int]:
        hashed.clear()
        client = Client()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hasher, "encode", encode)
            with CaptureQueriesContext(connection) as queries:
                answer = sign_in(client, email, password)
        assert answer.status_code == 200
        assert not is_signed_in(client)
        page = answer.content.decode().replace(email, "ADDRESS")
        token = answer.context["csrf_token"]
        return page.replace(str(token), "TOKEN"), len(queries), len(hashed)

    return attempt


@pytest.mark.usefixtures("bob", "ida")
def test_the_answer_and_the_work_are_the_same_for_everybody_who_cannot_sign_in(
    refused: Callable[[str, str], tuple[str, int, int]],
) -> None:
    stranger = refused("nobody@example.org", "wrong")
    assert stranger[2] > 0
    for email, password in [
        ("bob@example.org", "wrong"),
        ("gone@example.org", "wrong"),
        ("gone@example.org", PASSWORD),
        ("ida@example.org", PASSWORD),
        (policy.SYSTEM_EMAIL, PASSWORD),
        (policy.SYSTEM_EMAIL, "!"),
    ]:
        assert refused(email, password) == stranger, email


def test_a_failed_attempt_is_logged_without_the_password(client: Client, bob: User) -> None:
    sign_in(client, " BOB@example.org", "not the password")
    sign_in(client, "stranger@example.org", "not the password")
    sign_in(client, "a password in the wrong box", "not the password")
    about_bob, about_stranger, about_nobody = AuditEntry.objects.order_by("number")
    assert {entry.action for entry in AuditEntry.objects.all()} == {"user.sign_in_failed"}
    assert (about_bob.actor, about_bob.target_id) == (None, str(bob.pk))
    assert about_bob.data == {"email": "bob@example.org"}
    assert (about_stranger.target_id, about_stranger.data) == (
        "",
        {"email": "stranger@example.org"},
    )
    assert about_nobody.data == {"email": None}
    assert "password" not in str(list(AuditEntry.objects.values("data", "target_name")))


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"username": "bob@example.org"},
        {"password": "x"},
        {"username": "bob@example.org\0", "password": "x"},
        {"username": "bob@example.org", "password": "x\0"},
    ],
)
@pytest.mark.usefixtures("bob")
def test_half_an_attempt_or_nonsense_shows_the_form_again(
    client: Client, typed: dict[str, str]
) -> None:
    answer = client.post(SIGN_IN, typed)
    assert answer.status_code == 200
    assert not AuditEntry.objects.exists()


def test_bob_signs_out_and_it_is_logged(client_for: ClientFor, bob: User) -> None:
    client = client_for(bob)
    answer = client.post(SIGN_OUT)
    assert answer["Location"] == SIGN_IN
    assert not is_signed_in(client)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("user.signed_out", bob)


def test_a_link_does_not_sign_anybody_out(client_for: ClientFor, bob: User) -> None:
    client = client_for(bob)
    assert client.get(SIGN_OUT).status_code == 405
    assert is_signed_in(client)


def test_signing_out_does_not_lead_elsewhere(client_for: ClientFor, bob: User) -> None:
    answer = client_for(bob).post(SIGN_OUT, {"next": "https://evil.example/"})
    assert answer["Location"] == SIGN_IN


@pytest.mark.parametrize("path", [SIGN_IN, SIGN_OUT])
def test_a_form_of_another_site_is_refused(bob: User, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    assert client.post(path, {"username": bob.email, "password": PASSWORD}).status_code == 403


def test_a_closed_account_is_out_with_its_next_request(
    client_for: ClientFor, alice: User, bob: User
) -> None:
    client = client_for(bob)
    people.deactivate_user(actor=alice, user=bob)
    answer = client.post(SIGN_OUT)
    assert answer["Location"].startswith(SIGN_IN)
    assert not AuditEntry.objects.filter(action="user.signed_out").exists()


def test_the_sign_in_page_is_not_kept_by_browsers(client: Client) -> None:
    answer = client.get(SIGN_IN)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
