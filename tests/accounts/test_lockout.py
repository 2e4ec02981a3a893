"""Too many failed attempts: who has to wait, and what can be learnt from it: nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.accounts import lockout
from apps.accounts.models import SignInAttempt, User
from apps.accounts.services import sign_in
from apps.audit.models import AuditEntry
from apps.core.errors import NotAllowedError
from tests.conftest import ClientFor
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/sign-in/"
WRONG = "not the password"


@pytest.fixture(autouse=True)
def _few(settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_OF_ACCOUNT = 3
    settings.SIGN_IN_FAILURES_OF_ADDRESS = 5


def attempt(email: str, password: str = WRONG, address: str = "192.0.2.1") -> Any:
    return Client(REMOTE_ADDR=address).post(SIGN_IN, {"username": email, "password": password})


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("number").values_list("action", flat=True))


def test_an_account_is_locked_after_so_many_failures_even_with_the_right_password(
    bob: User,
) -> None:
    for number in range(3):
        assert attempt(bob.email, address=f"192.0.2.{number}").status_code == 200
    answer = attempt(bob.email.upper(), PASSWORD)
    assert answer.status_code == 429
    assert "Too many attempts failed. Try again after" in answer.content.decode()
    assert 0 < int(answer["Retry-After"]) <= 900
    assert actions() == ["user.sign_in_failed"] * 3 + ["user.locked_out"]
    entry = AuditEntry.objects.latest("number")
    assert (entry.target_id, entry.data["by"]) == (str(bob.pk), "account")


def test_the_answer_is_the_same_for_an_account_that_is_not_there(bob: User) -> None:
    pages = []
    for email in (bob.email, "nobody@example.org"):
        for number in range(3):
            attempt(email, address=f"192.0.2.{number}")
        answer = attempt(email, address="192.0.2.9")
        token = str(answer.context["csrf_token"])
        page = answer.content.decode().replace(email, "ADDRESS").replace(token, "TOKEN")
        pages.append((answer.status_code, page))
    assert pages[0] == pages[1]


def test_an_address_is_locked_after_so_many_failures_over_many_accounts(bob: User) -> None:
    for number in range(5):
        attempt(f"somebody{number}@example.org")
    assert attempt(bob.email, PASSWORD).status_code == 429
    assert attempt(bob.email, PASSWORD, address="198.51.100.7").status_code == 302
    assert AuditEntry.objects.get(action="user.locked_out").data["by"] == "address"


def test_an_attempt_counts_for_so_many_minutes(bob: User) -> None:
    for _ in range(3):
        attempt(bob.email)
    SignInAttempt.objects.update(at=timezone.now() - timedelta(minutes=15, seconds=1))
    assert attempt(bob.email, PASSWORD).status_code == 302
    assert not SignInAttempt.objects.exists(), "what does not count any more is not kept"


def test_signing_in_forgets_what_failed_before_but_not_from_the_address(bob: User) -> None:
    for _ in range(2):
        attempt(bob.email)
    attempt("somebody@example.org")
    assert attempt(bob.email, PASSWORD).status_code == 302
    assert SignInAttempt.objects.count() == 1
    for _ in range(2):
        assert attempt(bob.email).status_code == 200


def test_what_was_typed_is_not_kept(bob: User) -> None:
    attempt("my secret password", "x")
    attempt(bob.email)
    kept = str(list(SignInAttempt.objects.values()))
    assert "secret" not in kept
    assert bob.email not in kept


def test_one_subscriber_is_one_address() -> None:
    assert lockout.network_key("192.0.2.7") == "192.0.2.7/32"
    first, second = (lockout.network_key(f"2001:db8:1:2::{end}") for end in ("1", "ffff"))
    assert first == second == "2001:db8:1:2::/64"


def test_the_address_is_the_one_that_our_proxy_saw(bob: User, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    forged = "203.0.113.{}, 192.0.2.1"
    for number in range(5):
        Client().post(
            SIGN_IN,
            {"username": f"somebody{number}@example.org", "password": "x"},
            headers={"x-forwarded-for": forged.format(number)},
        )
    assert set(SignInAttempt.objects.values_list("network", flat=True)) == {"192.0.2.1/32"}
    answer = Client().post(
        SIGN_IN,
        {"username": bob.email, "password": PASSWORD},
        headers={"x-forwarded-for": forged.format(99)},
    )
    assert answer.status_code == 429


def test_without_a_proxy_what_the_browser_says_of_itself_is_not_believed(bob: User) -> None:
    Client(REMOTE_ADDR="192.0.2.5").post(
        SIGN_IN,
        {"username": bob.email, "password": "x"},
        headers={"x-forwarded-for": "203.0.113.1"},
    )
    assert SignInAttempt.objects.get().network == "192.0.2.5/32"


def test_an_administrator_sees_the_lock_and_lifts_it(
    client_for: ClientFor, alice: User, bob: User
) -> None:
    for _ in range(3):
        attempt(bob.email)
    client = client_for(alice)
    page = f"/people/{bob.pk}/"
    assert "Locked until" in client.get(page).content.decode()
    client.post(f"{page}unlock/")
    assert "Locked until" not in client.get(page).content.decode()
    assert attempt(bob.email, PASSWORD).status_code == 302
    assert actions().count("user.unlocked") == 1


def test_only_administrators_unlock(bob: User, mona: User) -> None:
    with pytest.raises(NotAllowedError):
        sign_in.unlock_user(actor=mona, user=bob)
