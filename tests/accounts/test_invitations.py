"""Invitations: the link works once, for seven days, and for whom it was made."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.choices import Role
from apps.accounts.models import Invitation, User
from apps.accounts.services import invitations, people
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, NotAllowedError
from tests.conftest import ClientFor
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db

NORA = {"email": "Nora@example.org", "name": "Nora", "roles": ["analyst"], "all_vendors": ""}


def invite(actor: User) -> invitations.Invited:
    return invitations.invite_user(
        actor=actor, email="nora@example.org", name="Nora", roles=[Role.ANALYST], all_vendors=False
    )


WELCOME = "/accounts/welcome/"


def opened(token: str, **typed: str) -> tuple[int, str]:
    """What a stranger gets who opens the link, and sends the form when something is typed."""
    client = Client()
    answer = client.get(f"/accounts/invitation/{token}/")
    if answer.status_code == 302:
        assert answer["Location"] == WELCOME
        answer = client.post(WELCOME, typed) if typed else client.get(WELCOME)
    return answer.status_code, answer.content.decode()


def test_alice_invites_nora_who_sets_a_password_and_signs_in(
    client_for: ClientFor, alice: User
) -> None:
    answer = client_for(alice).post("/people/new/", NORA)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    link = answer.context["link"]
    assert link.startswith("http://testserver/accounts/invitation/")
    assert link in answer.content.decode()
    nora = User.objects.get(email="nora@example.org")
    assert nora.standing == "invited"
    hers = Client()
    assert hers.get(link)["Location"] == WELCOME
    page = hers.get(WELCOME)
    assert "nora@example.org" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    answer = hers.post(WELCOME, {"name": "Nora Quist", "password": PASSWORD})
    assert answer["Location"] == "/accounts/sign-in/"
    assert "Your account is ready" in hers.get(answer["Location"]).content.decode()
    answer = hers.post("/accounts/sign-in/", {"username": nora.email, "password": PASSWORD})
    assert answer.status_code == 302
    nora.refresh_from_db()
    assert (nora.name, nora.standing) == ("Nora Quist", "open")
    actions = AuditEntry.objects.order_by("number").values_list("action", flat=True)
    assert list(actions) == [
        "user.created",
        "user.invited",
        "user.invitation_accepted",
        "user.signed_in",
    ]


def test_neither_the_token_nor_the_password_is_kept(alice: User) -> None:
    made = invite(alice)
    opened(made.token, name="Nora", password=PASSWORD)
    kept = str([*Invitation.objects.values(), *AuditEntry.objects.values()])
    assert made.token not in kept
    assert PASSWORD not in kept


def test_a_link_works_once(alice: User) -> None:
    token = invite(alice).token
    assert opened(token, name="Nora", password=PASSWORD)[0] == 302
    for answer in (opened(token), opened(token, name="Eve", password="another long password")):
        assert answer[0] == 409
        assert "used already" in answer[1]
    assert User.objects.get(email="nora@example.org").check_password(PASSWORD)


def test_two_who_have_the_form_open_do_not_both_set_a_password(alice: User) -> None:
    token = invite(alice).token
    first, second = Client(), Client()
    for client in (first, second):
        client.get(f"/accounts/invitation/{token}/")
    assert first.post(WELCOME, {"name": "Nora", "password": PASSWORD}).status_code == 302
    late = second.post(WELCOME, {"name": "Eve", "password": "another long password"})
    assert late.status_code == 409
    assert User.objects.get(email="nora@example.org").check_password(PASSWORD)
    assert first.get(WELCOME).status_code == 404, "the browser has forgotten it"


def test_a_link_works_for_seven_days(alice: User) -> None:
    token = invite(alice).token
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for answer in (opened(token), opened(token, name="Nora", password=PASSWORD)):
        assert answer[0] == 409
        assert "has expired" in answer[1]
    assert not User.objects.get(email="nora@example.org").has_usable_password()


def test_a_new_link_makes_the_old_one_void(client_for: ClientFor, alice: User) -> None:
    made = invite(alice)
    answer = client_for(alice).post(f"/people/{made.user.pk}/invite/")
    fresh = answer.context["link"].rstrip("/").rpartition("/")[2]
    status, page = opened(made.token, name="Nora", password=PASSWORD)
    assert (status, "replaced by a newer one" in page) == (409, True)
    assert opened(fresh)[0] == 200


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "nora@example.org"])
def test_a_made_up_link_is_not_valid(alice: User, token: str) -> None:
    invite(alice)
    status, page = opened(token)
    assert status == 404
    assert "not valid" in page
    assert "nora@example.org" not in page


def test_a_closed_account_is_not_opened_by_its_link(alice: User) -> None:
    made = invite(alice)
    people.deactivate_user(actor=alice, user=made.user)
    assert opened(made.token)[0] == 404


def test_a_weak_password_is_refused_and_the_link_still_works(alice: User) -> None:
    token = invite(alice).token
    for weak in ("short", "nora@example.org", "qwerty123456"):
        status, page = opened(token, name="Nora", password=weak)
        assert status == 422
        assert f'value="{weak}"' not in page.replace('name="username" value="nora@example.org"', "")
    assert opened(token, name="Nora", password=PASSWORD)[0] == 302


def test_a_form_of_another_site_is_refused(alice: User) -> None:
    token = invite(alice).token
    stranger = Client(enforce_csrf_checks=True)
    stranger.get(f"/accounts/invitation/{token}/")
    assert stranger.post(WELCOME, {"name": "Nora", "password": PASSWORD}).status_code == 403


@pytest.mark.parametrize("name", ["bob", "ida"])
def test_nobody_is_invited_over_a_password_and_no_machine_is(
    request: pytest.FixtureRequest, alice: User, name: str
) -> None:
    with pytest.raises(ConflictError):
        invitations.renew_invitation(actor=alice, user=request.getfixturevalue(name))


def test_an_integration_has_no_link(client_for: ClientFor, alice: User) -> None:
    typed = NORA | {"roles": ["integration"], "all_vendors": "on"}
    answer = client_for(alice).post("/people/new/", typed)
    assert answer["Location"] == f"/people/{User.objects.get(email='nora@example.org').pk}/"
    assert not Invitation.objects.exists()


def test_only_administrators_invite(bob: User, alice: User) -> None:
    made = invite(alice)
    with pytest.raises(NotAllowedError):
        invite(bob)
    with pytest.raises(NotAllowedError):
        invitations.renew_invitation(actor=bob, user=made.user)
