"""The second factor: signing in with it, and how it is kept."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django.fixtures import Settings

from apps.accounts import mfa
from apps.accounts.models import User
from apps.accounts.services import second_factor
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, InvalidError, NotAllowedError
from tests.accounts.codes import App
from tests.conftest import ClientFor
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/sign-in/"
CODE = "/accounts/sign-in/code/"
FACTOR = "/profile/second-factor/"


def give_password(client: Client, user: User, onward: str = "") -> Any:
    return client.post(SIGN_IN, {"username": user.email, "password": PASSWORD, "next": onward})


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("number").values_list("action", flat=True))


def test_bob_signs_in_by_password_and_code(client: Client, bob: User, app: App) -> None:
    app.set_up(bob)
    answer = give_password(client, bob, onward="/findings/?page=2")
    assert answer["Location"] == CODE
    assert not is_signed_in(client)
    waiting = client.session.session_key
    assert client.get("/").status_code == 302, "the password alone opens nothing"
    answer = client.post(CODE, {"code": app.next_code()})
    assert answer["Location"] == "/findings/?page=2"
    assert is_signed_in(client)
    assert client.session.session_key != waiting, "the session has another key"
    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.data) == (
        "user.signed_in",
        {"by": "password", "second_factor": "app"},
    )


def test_the_session_before_the_password_is_not_the_one_after(
    client: Client, bob: User, app: App
) -> None:
    app.set_up(bob)
    session = client.session
    session["planted"] = True
    session.save()
    fixed = session.session_key
    give_password(client, bob)
    assert client.session.session_key != fixed
    assert "planted" not in client.session


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_after_the_code_nobody_is_sent_elsewhere(
    client: Client, bob: User, app: App, onward: str
) -> None:
    app.set_up(bob)
    give_password(client, bob, onward=onward)
    assert client.post(CODE, {"code": app.next_code()})["Location"] == "/"


def test_a_code_works_once_and_an_older_one_not_at_all(client: Client, bob: User, app: App) -> None:
    app.set_up(bob)
    used = app.next_code()
    give_password(client, bob)
    client.post(CODE, {"code": used})
    for old in (used, app.code(ahead=-1)):
        other = Client()
        give_password(other, bob)
        assert other.post(CODE, {"code": old}).status_code == 422
        assert not is_signed_in(other)


def test_a_recovery_code_works_once(bob: User, app: App) -> None:
    codes = app.set_up(bob)
    assert len(set(codes)) == 10
    first, second = Client(), Client()
    give_password(first, bob)
    assert first.post(CODE, {"code": f" {codes[3]} "}).status_code == 302
    assert "user.recovery_code_used" in actions()
    give_password(second, bob)
    assert second.post(CODE, {"code": codes[3]}).status_code == 422
    assert not is_signed_in(second)
    assert second.post(CODE, {"code": codes[4]}).status_code == 302
    assert mfa.recovery_codes_left(bob) == 8


@pytest.mark.parametrize("code", ["000000", "ünïcödé", "x" * 500, "12\0"])
def test_a_wrong_code_does_not_sign_in_and_is_logged(
    client: Client, bob: User, app: App, code: str
) -> None:
    app.set_up(bob)
    give_password(client, bob)
    assert client.post(CODE, {"code": code}).status_code == 422
    assert not is_signed_in(client)
    failed = AuditEntry.objects.filter(action="user.sign_in_failed")
    if failed:
        assert failed.get().data == {"email": bob.email, "step": "code"}


def test_without_a_password_there_is_nothing_to_show_a_code_for(client: Client) -> None:
    assert client.get(CODE)["Location"] == SIGN_IN
    assert client.post(CODE, {"code": "123456"})["Location"] == SIGN_IN


def test_the_second_step_waits_ten_minutes(client: Client, bob: User, app: App) -> None:
    app.set_up(bob)
    give_password(client, bob)
    session = client.session
    session["sign_in_pending"] |= {"since": session["sign_in_pending"]["since"] - 601}
    session.save()
    assert client.post(CODE, {"code": app.next_code()})["Location"] == SIGN_IN
    assert not is_signed_in(client)


def test_the_second_step_ends_when_the_account_is_closed_or_the_password_changes(
    bob: User, app: App
) -> None:
    app.set_up(bob)
    closed, changed = Client(), Client()
    give_password(closed, bob)
    give_password(changed, bob)
    bob.is_active = False
    bob.save()
    assert closed.post(CODE, {"code": app.next_code()})["Location"] == SIGN_IN
    bob.is_active = True
    bob.set_password("another long password")
    bob.save()
    assert changed.post(CODE, {"code": app.next_code()})["Location"] == SIGN_IN


def test_guessing_codes_locks_the_account_whatever_passwords_are_given_between(
    bob: User, app: App, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_OF_ACCOUNT = 3
    app.set_up(bob)
    for _ in range(3):
        client = Client()
        give_password(client, bob)
        client.post(CODE, {"code": "000000"})
    assert give_password(Client(), bob).status_code == 429
    assert actions()[-1] == "user.locked_out"


def test_the_secret_is_encrypted_at_rest_and_never_in_the_log(bob: User, app: App) -> None:
    codes = app.set_up(bob)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    log = str(list(AuditEntry.objects.values()))
    for secret in (app.secret, *codes):
        assert secret not in stored
        assert secret not in log


def test_a_former_key_still_reads_the_secret_and_the_next_code_encrypts_it_anew(
    bob: User, app: App, settings: Settings
) -> None:
    codes = app.set_up(bob)
    former = settings.SECRET_KEY
    settings.SECRET_KEY = "another secret key, as long as it should be for signing"
    with pytest.raises(ConflictError, match="cannot be read"):
        second_factor.show_factor(actor=bob, code=app.next_code())
    settings.SECRET_KEY_FALLBACKS = [former]
    second_factor.show_factor(actor=bob, code=app.next_code())
    settings.SECRET_KEY_FALLBACKS = []
    second_factor.show_factor(actor=bob, code=app.next_code())
    second_factor.show_factor(actor=bob, code=codes[0])


# --- in one's profile ----------------------------------------------------------------------------


def test_bob_sets_it_up_and_sees_his_recovery_codes_once(
    client_for: ClientFor, bob: User, app: App
) -> None:
    client = client_for(bob)
    page = client.get(FACTOR).content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    assert " style=" not in page
    secret = mfa.Adapter().decrypt(client.session["new_second_factor"])
    assert " ".join(secret[at : at + 4] for at in range(0, 32, 4)) in page
    assert secret not in str(dict(client.session))
    assert client.post(FACTOR, {"code": "000000"}).status_code == 422
    assert mfa.Adapter().decrypt(client.session["new_second_factor"]) == secret, "the same picture"
    app.secret = secret
    answer = client.post(FACTOR, {"code": app.next_code()})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    code = answer.context["codes"][0]
    assert code in answer.content.decode()
    assert code not in client.get(FACTOR).content.decode()
    assert "new_second_factor" not in client.session
    assert actions() == ["user.second_factor_set_up"]


def test_a_code_is_needed_to_renew_the_recovery_codes_or_to_turn_it_off(
    client_for: ClientFor, bob: User, app: App
) -> None:
    old = app.set_up(bob)
    client = client_for(bob)
    for act in ("renew", "turn_off"):
        assert client.post(FACTOR, {"code": "000000", "act": act}).status_code == 422
    assert actions().count("user.proof_failed") == 2
    answer = client.post(FACTOR, {"code": app.next_code(), "act": "renew"})
    fresh = answer.context["codes"]
    assert not set(old) & set(fresh)
    with pytest.raises(InvalidError):
        second_factor.show_factor(actor=bob, code=old[0])
    client.post(FACTOR, {"code": fresh[0], "act": "turn_off"})
    assert not mfa.is_set_up(bob)
    assert not Authenticator.objects.exists()


def test_nobody_sets_up_a_second_one_over_the_first(bob: User, app: App) -> None:
    app.set_up(bob)
    with pytest.raises(ConflictError):
        second_factor.set_up(actor=bob, secret=app.secret, code=app.next_code())


# --- roles that must have it ---------------------------------------------------------------------


def test_who_must_have_it_is_led_to_set_it_up_before_anything_else(
    client_for: ClientFor, alice: User, bob: User, app: App, settings: Settings
) -> None:
    settings.REQUIRE_MFA_ROLES = ["administrator"]
    client = client_for(alice)
    for path in ("/", "/people/", "/profile/", "/profile/password/"):
        assert client.get(path)["Location"] == FACTOR
    page = client.get(FACTOR)
    assert "must have a second factor" in page.content.decode()
    assert client_for(bob).get("/").status_code == 200, "his role need not have it"
    app.secret = mfa.Adapter().decrypt(client.session["new_second_factor"])
    client.post(FACTOR, {"code": app.next_code()})
    assert client.get("/people/").status_code == 200
    answer = client.post(FACTOR, {"code": app.next_code(), "act": "turn_off"})
    assert answer.status_code == 409
    assert mfa.is_set_up(alice)


def test_who_must_have_it_may_still_sign_out(
    client_for: ClientFor, alice: User, settings: Settings
) -> None:
    settings.REQUIRE_MFA_ROLES = ["administrator"]
    assert client_for(alice).post("/accounts/sign-out/")["Location"] == SIGN_IN


# --- an administrator ----------------------------------------------------------------------------


def test_an_administrator_resets_it_with_a_reason_and_the_sessions_end(
    client_for: ClientFor, alice: User, bob: User, app: App
) -> None:
    app.set_up(bob)
    his = Client()
    give_password(his, bob)
    his.post(CODE, {"code": app.next_code()})
    reset = f"/people/{bob.pk}/reset-second-factor/"
    hers = client_for(alice)
    assert hers.post(reset, {"reason": " "}).status_code == 422
    assert mfa.is_set_up(bob)
    assert hers.post(reset, {"reason": "Lost his telephone."}).status_code == 302
    assert not mfa.is_set_up(bob)
    assert his.get("/")["Location"].startswith(SIGN_IN)
    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.data) == (
        "user.second_factor_reset",
        {"reason": "Lost his telephone."},
    )


def test_nobody_resets_their_own(alice: User, app: App) -> None:
    app.set_up(alice)
    with pytest.raises(NotAllowedError, match="Another administrator"):
        second_factor.reset_second_factor(actor=alice, user=alice, reason="x")


def test_only_administrators_reset(bob: User, mona: User, app: App) -> None:
    app.set_up(bob)
    with pytest.raises(NotAllowedError):
        second_factor.reset_second_factor(actor=mona, user=bob, reason="x")
