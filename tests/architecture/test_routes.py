"""Every URL is found by itself, tried as a stranger and as each role, and stands in the table."""

from collections.abc import Iterator

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from apps.access.models import Environment, ScanRun
from apps.access.services.analysis import scan_now
from apps.accounts import policy
from apps.accounts.models import User
from apps.vendors.models import Vendor
from tests.architecture.routes import ALL, ROUTES, SECRET, STRANGER, Route, scene
from tests.conftest import ClientFor
from tests.factories.access import EnvironmentFactory, JumpsFactory

pytestmark = pytest.mark.django_db

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
BY_NAME = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)


def patterns(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern below ``resolver`` with its full name."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from patterns(entry, inner)
        else:
            yield f"{namespace}{entry.name}", entry


def browser(request: pytest.FixtureRequest, name: str) -> Client:
    client = Client(raise_request_exception=False)
    if name not in STRANGER:
        client.force_login(request.getfixturevalue(name))
    return client


def ask(client: Client, route: Route, kwargs: dict[str, object]) -> HttpResponseBase:
    return client.generic(route.method, reverse(route.name, kwargs=kwargs))


def body(answer: HttpResponseBase) -> str:
    parts = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined] # either kind
    return bytes(parts).decode(errors="replace")


def is_plain(route: Route) -> bool:
    """Whether the URL takes no arguments."""
    return dict(patterns(get_resolver()))[route.name].pattern.converters == {}


def turned_away(answer: HttpResponseBase) -> bool:
    to_sign_in = answer.status_code == 302 and answer["Location"].startswith(
        reverse("accounts:sign-in") + "?"
    )
    return to_sign_in or answer.status_code in {401, 403, 404}


def opened(answer: HttpResponseBase) -> bool:
    return not turned_away(answer) and answer.status_code < 500 and answer.status_code != 405


def test_every_url_stands_in_the_table_once() -> None:
    found = sorted(name for name, _pattern in patterns(get_resolver()))
    assert "None" not in " ".join(found), "a URL without a name"
    assert found == sorted(route.name for route in ROUTES), (
        "tests/architecture/routes.py needs one line for every URL"
    )


def test_every_name_in_the_table_is_a_person_that_the_tests_know() -> None:
    for route in ROUTES:
        assert route.opens_for <= ALL | STRANGER
        assert route.shows_to <= route.opens_for


@BY_NAME
def test_a_stranger_is_sent_to_the_sign_in(route: Route) -> None:
    kwargs = route.about(scene())
    for method in METHODS:
        answer = ask(Client(), route._replace(method=method), kwargs)
        if "stranger" in route.opens_for:
            assert answer.status_code < 500, method
            assert SECRET not in body(answer).lower(), method
        else:
            assert turned_away(answer), f"{method} answered {answer.status_code}"


@BY_NAME
def test_each_person_opens_what_the_table_says_and_nothing_else(
    request: pytest.FixtureRequest, route: Route
) -> None:
    made = scene()
    expected, found, shown, failed = {}, {}, set(), {}
    for name in sorted(ALL | STRANGER):
        answer = ask(browser(request, name), route, route.about(made))
        expected[name] = name in route.opens_for
        found[name] = opened(answer)
        if answer.status_code >= 500 or answer.status_code == 405:
            failed[name] = answer.status_code
        if SECRET in body(answer).lower():
            shown.add(name)
    assert not failed
    assert found == expected
    assert shown == route.shows_to


@BY_NAME
def test_no_method_and_no_missing_record_is_an_error_for_anybody(
    request: pytest.FixtureRequest, route: Route
) -> None:
    kwargs = route.about(scene())
    missing = {key: 10**9 for key, value in kwargs.items() if isinstance(value, int)}
    for name in sorted(ALL):
        for method in METHODS:
            asked = route._replace(method=method)
            answer = ask(browser(request, name), asked, kwargs)
            assert answer.status_code < 500, f"{name}: {method}"
        if missing:
            answer = ask(browser(request, name), route, kwargs | missing)
            assert answer.status_code in {403, 404}, name


def test_the_scene_is_made_of_names_that_can_be_told() -> None:
    made = scene()
    assert SECRET in str(made.vendor).lower()
    assert made.finding.vendor == made.vendor
    assert made.finding.environment == "quill-lab"


def test_a_route_through_another_vendor_does_not_name_it(
    client_for: ClientFor, anna: User, bob: User, corvid: Vendor
) -> None:
    scene()
    lab = EnvironmentFactory.create(key="corvid-lab", name="Corvid laboratory", vendor=corvid)
    JumpsFactory.create(origin=lab, target=Environment.objects.get(key="quill-lab"))
    scan_now(actor=policy.system_actor())
    theirs = {"Quill Partners", "Quill laboratory", "quill-lab", "Quill key", "quill-key"}
    pages = [
        *(reverse("findings:finding-detail", args=[own.pk]) for own in corvid.findings.all()),
        *(reverse(route.name) for route in ROUTES if route.method == "GET" and is_plain(route)),
        reverse("access:run-detail", args=[ScanRun.objects.latest("pk").pk]),
    ]
    seen = {page: body(client_for(anna).get(page)) for page in pages}
    assert "Corvid laboratory" in seen[pages[0]]
    assert "Quill laboratory" in body(client_for(bob).get(pages[0]))
    leaked = {page: [name for name in theirs if name in text] for page, text in seen.items()}
    assert not {page: names for page, names in leaked.items() if names}
