"""The pages on which administrators manage people."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.accounts.role_words import ROLE_WORDS
from apps.accounts.roles import Perm
from apps.audit.models import AuditEntry
from apps.vendors.models import Vendor
from tests.accounts.codes import App
from tests.conftest import ClientFor, Person

pytestmark = pytest.mark.django_db


def listed(client: Any, query: str = "") -> list[str]:
    return [person.name for person in client.get(f"/people/?{query}").context["page"]]


@pytest.mark.usefixtures("rita", "ida")
def test_people_are_searched_and_narrowed(
    client_for: ClientFor, alice: User, bob: User, person: Person, app: App
) -> None:
    gone, new = person("Gone", Role.ANALYST), person("New")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    User.objects.filter(pk=new.pk).update(password="!")
    app.set_up(bob)
    policy.system_actor()
    client = client_for(alice)
    assert listed(client) == ["Alice", "Bob", "Gone", "Ida", "New", "Rita"]
    assert listed(client, "sort=-name")[0] == "Rita"
    for query, found in {
        "q=bo": ["Bob"],
        "q=RITA%40example": ["Rita"],
        "q=%00%25_": [],
        "role=analyst": ["Bob", "Gone"],
        "role=none": ["New"],
        "role=nonsense": ["Alice", "Bob", "Gone", "Ida", "New", "Rita"],
        "standing=closed": ["Gone"],
        "standing=invited": ["New"],
        "standing=open": ["Alice", "Bob", "Ida", "Rita"],
        "factor=on": ["Bob"],
        "factor=off&role=analyst": ["Gone"],
    }.items():
        assert listed(client, query) == found, query


def test_the_list_asks_as_much_for_many_as_for_few(
    client_for: ClientFor,
    alice: User,
    person: Person,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_for(alice)
    client.get("/people/")
    with CaptureQueriesContext(connection) as few:
        client.get("/people/")
    for number in range(20):
        person(f"Person {number}", Role.ANALYST)
    with django_assert_num_queries(len(few)):
        client.get("/people/")


def test_a_person_asks_as_much_with_many_grants_as_with_one(
    client_for: ClientFor,
    alice: User,
    anna: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client, page = client_for(alice), f"/people/{anna.pk}/"
    client.get(page)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for number in range(10):
        key = f"vendor-{number}"
        policy.add_grant(anna, Vendor.objects.create(key=key, name=key, kind="partner"))
    with django_assert_num_queries(len(few)):
        client.get(page)


def test_a_person_is_shown_with_what_the_roles_never_allow(
    client_for: ClientFor, alice: User, bob: User
) -> None:
    page = client_for(alice).get(f"/people/{bob.pk}/").content.decode()
    assert f"May never {ROLE_WORDS[Role.ANALYST].never}" in page
    assert "All vendors, and our own organisation" in page


def test_every_role_is_explained() -> None:
    assert set(ROLE_WORDS) == set(Role)


def test_roles_are_set_and_the_history_says_so(
    client_for: ClientFor, alice: User, charlie: User
) -> None:
    client, page = client_for(alice), f"/people/{charlie.pk}/"
    typed = {"roles": ["analyst", "reviewer"], "all_vendors": "on"}
    assert client.post(f"{page}roles/", typed)["Location"] == page
    charlie.refresh_from_db()
    assert (charlie.roles, charlie.all_vendors) == (["analyst", "reviewer"], True)
    history = client.get(page).content.decode()
    assert "Roles set: <b>Analyst, Reviewer, all vendors</b>" in history
    assert "by Alice" in history


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("vera", {"roles": ["respondent", "analyst"]}, "role of its own"),
        ("vera", {"roles": ["respondent"], "all_vendors": "on"}, "not all vendors"),
        ("ida", {"roles": ["integration", "auditor"]}, "role of its own"),
        ("bob", {"roles": ["superuser"]}, "not one of the available choices"),
    ],
)
def test_roles_that_do_not_go_together_are_refused_where_they_were_picked(
    request: pytest.FixtureRequest,
    client_for: ClientFor,
    alice: User,
    name: str,
    typed: dict[str, Any],
    sentence: str,
) -> None:
    user: User = request.getfixturevalue(name)
    answer = client_for(alice).post(f"/people/{user.pk}/roles/", typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    before = user.roles
    user.refresh_from_db()
    assert user.roles == before


def test_the_last_administrator_stays(client_for: ClientFor, alice: User) -> None:
    client, page = client_for(alice), f"/people/{alice.pk}/"
    answer = client.post(f"{page}roles/", {"roles": ["analyst"], "all_vendors": "on"})
    assert answer.status_code == 409
    assert "last administrator" in answer.content.decode()
    assert client.post(f"{page}deactivate/").status_code == 409
    alice.refresh_from_db()
    assert alice.is_active
    assert not AuditEntry.objects.exists()


def test_a_vendor_is_granted_by_its_name_and_taken_away(
    client_for: ClientFor, alice: User, charlie: User, corvid: Vendor
) -> None:
    client, page = client_for(alice), f"/people/{charlie.pk}/"
    charlie.roles = [Role.ANALYST]
    charlie.save()
    answer = client.post(f"{page}grant/", {"vendor": "Nobody knows it"})
    assert answer.status_code == 422
    assert "There is no vendor" in answer.content.decode()
    assert client.post(f"{page}grant/", {"vendor": "corvid analytics"})["Location"] == page
    assert policy.may(charlie, Perm.VIEW_VENDOR, vendor=corvid)
    assert "Corvid Analytics" in client.get(page).content.decode()
    for wrong in ("", "x", "9" * 30, "²", str(corvid.pk + 1)):
        assert client.post(f"{page}revoke/", {"vendor": wrong}).status_code == 404
    assert client.post(f"{page}revoke/", {"vendor": str(corvid.pk)})["Location"] == page
    assert not policy.may(charlie, Perm.VIEW_VENDOR, vendor=corvid)


def test_an_administrator_of_some_vendors_grants_those_alone(
    client_for: ClientFor, person: Person, charlie: User, corvid: Vendor
) -> None:
    local = person("Local", Role.ADMINISTRATOR, vendors=[corvid])
    Vendor.objects.create(key="other", name="Other", kind="partner")
    client, page = client_for(local), f"/people/{charlie.pk}/"
    assert client.post(f"{page}grant/", {"vendor": "corvid"}).status_code == 302
    assert client.post(f"{page}grant/", {"vendor": "other"}).status_code == 422


def test_an_account_is_closed_and_opened_again(
    client_for: ClientFor, alice: User, bob: User
) -> None:
    his, hers, page = client_for(bob), client_for(alice), f"/people/{bob.pk}/"
    hers.post(f"{page}deactivate/")
    assert his.get("/")["Location"].startswith("/accounts/sign-in/")
    assert "Account closed" in hers.get(page).content.decode()
    hers.post(f"{page}reactivate/")
    assert "Account open" in hers.get(page).content.decode()


@pytest.mark.parametrize("act", ["deactivate", "roles", "grant"])
def test_the_system_actor_is_nobody(client_for: ClientFor, alice: User, act: str) -> None:
    system = policy.system_actor()
    assert client_for(alice).post(f"/people/{system.pk}/{act}/").status_code == 404


def test_names_are_escaped(client_for: ClientFor, alice: User, person: Person) -> None:
    evil = person("Evil")
    evil.name = "<script>alert(1)</script>"
    evil.save()
    client = client_for(alice)
    for path in ("/people/", f"/people/{evil.pk}/", f"/people/{evil.pk}/roles/"):
        assert "<script>alert" not in client.get(path).content.decode()
