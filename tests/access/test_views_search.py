"""The one search: what it finds, in which order, for whom; as a page and as suggestions."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.access.selectors.search import search
from apps.accounts.choices import Role
from apps.accounts.models import User
from tests.access.story import Story
from tests.conftest import ClientFor
from tests.factories.access import (
    AIModelFactory,
    CredentialFactory,
    DeploymentFactory,
    EnvironmentFactory,
    IdentityFactory,
)
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db

Person = Callable[..., User]
SCRIPT = "<script>alert(1)</script>"


def found(user: User, typed: str) -> dict[str, list[str]]:
    return {group.kind: [hit.title for hit in group.hits] for group in search(user, typed, 20)}


def asked(client: Client, typed: str) -> str:
    return client.get(f"{reverse('access:search')}?{urlencode({'q': typed})}").content.decode()


@pytest.mark.usefixtures("story")
def test_a_word_finds_every_kind_that_is_called_so(bob: User) -> None:
    assert found(bob, "brightpath") == {
        "Vendors": ["Brightpath Staffing"],
        "Environments": ["Brightpath laptops"],
        "Identities": ["Brightpath contractor"],
        "Findings": found(bob, "brightpath")["Findings"],
    }
    assert (
        "Brightpath laptops can use Meridian through Northgate red-team lab"
        in (found(bob, "brightpath")["Findings"])
    )
    assert found(bob, "merid") == {
        "Models": ["Meridian"],
        "Deployments": ["Meridian evaluation"],
    }
    assert found(bob, "ng-key")["Credentials"] == ["Northgate key"]


def test_a_rule_and_a_finding_are_found_by_what_they_are_called(bob: User, story: Story) -> None:
    assert found(bob, "rt-01") == {"Rules": ["RT-01 Unapproved reach"]}
    assert found(bob, "stranded")["Rules"] == ["RT-18 Stranded credential"]
    finding = story.finding("RT-01", story.laptops)
    for typed in (str(finding.pk), f"#{finding.pk}"):
        [hit] = next(g for g in search(bob, typed, 9) if g.kind == "Findings").hits
        assert hit.url == reverse("findings:finding-detail", args=[finding.pk])


def test_what_is_called_exactly_so_comes_first(bob: User) -> None:
    for name in ("A lab of Lab", "Lab two", "Lab"):
        VendorFactory.create(name=name, key=name.lower().replace(" ", "-") + "-key")
    assert found(bob, "lab")["Vendors"] == ["Lab", "Lab two", "A lab of Lab"]


def test_nobody_finds_what_is_not_theirs(
    client_for: ClientFor, person: Person, charlie: User, rosa: User, story: Story
) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.brightpath])
    assert set(found(scoped, "brightpath")) == {
        "Vendors", "Environments", "Identities", "Findings",
    }  # fmt: skip
    assert found(scoped, "northgate") == {}
    assert found(scoped, "partner gateway") == {}
    assert found(charlie, "brightpath") == {}
    assert set(found(rosa, "brightpath")) == {"Vendors"}, "facts are not a requester's to read"
    finding = story.finding("RT-01", story.harness)
    assert found(scoped, str(finding.pk)) == {}
    assert "Evalworks" not in asked(client_for(scoped), "evalworks harness")


def test_the_page_answers_without_script(client_for: ClientFor, bob: User, story: Story) -> None:
    page = asked(client_for(bob), "northgate")
    assert reverse("vendors:vendor-detail", args=[story.northgate.pk]) in page
    assert "Found for “northgate”" in page
    assert "Nothing that you can see is called so" in asked(client_for(bob), "zzz")
    assert "by a part of their name" in asked(client_for(bob), "")


def test_suggestions_lead_to_pages(client_for: ClientFor, bob: User, story: Story) -> None:
    answer = client_for(bob).get(f"{reverse('access:search-choices')}?q=northgate").json()
    vendors = next(group for group in answer["groups"] if group["kind"] == "Vendors")
    assert vendors["hits"] == [
        {
            "title": "Northgate Bank",
            "key": "northgate",
            "about": "partner",
            "url": reverse("vendors:vendor-detail", args=[story.northgate.pk]),
        }
    ]
    assert answer["all"] == reverse("access:search")


@pytest.mark.parametrize(
    "typed", [SCRIPT, "\0", "%' OR 1=1", "a:* & !b", "#" + "9" * 30, "x" * 999]
)
def test_whatever_is_typed_is_no_error(client_for: ClientFor, bob: User, typed: str) -> None:
    VendorFactory.create(name=SCRIPT)
    assert SCRIPT not in asked(client_for(bob), typed)


def test_every_page_has_the_box_for_those_who_can_find_something(
    client_for: ClientFor, bob: User, charlie: User
) -> None:
    assert 'role="search"' in client_for(bob).get("/").content.decode()
    assert 'role="search"' not in client_for(charlie).get("/").content.decode()


def test_more_rows_take_no_more_queries(client_for: ClientFor, bob: User) -> None:
    client = client_for(bob)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            asked(client, "lab")
        return len(caught)

    def grow() -> None:
        for n in range(10):
            vendor = VendorFactory.create(name=f"Lab {n}")
            EnvironmentFactory.create(name=f"Lab {n}", vendor=vendor)
            identity = IdentityFactory.create(name=f"Lab {n}", vendor=vendor)
            CredentialFactory.create(name=f"Lab {n}", identity=identity)
            DeploymentFactory.create(name=f"Lab {n}", model=AIModelFactory.create(name=f"Lab {n}"))

    grow()
    with_ten = queries()
    grow()
    assert queries() == with_ten
