"""Every URL is found by itself, tried as a stranger and as each role, and stands in the table."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from apps.access.models import Environment, ScanRun
from apps.access.services.analysis import scan_now
from apps.accounts import policy
from apps.vendors.models import Vendor
from tests.architecture.routes import ALL, ROUTES, SECRET, STRANGER, Route, Scene, scene
from tests.factories.access import EnvironmentFactory, JumpsFactory
from tests.people import KNOWN, make_known

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


class World(NamedTuple):
    """The scene, and the session of everybody who is signed in, by name."""

    scene: Scene
    sessions: dict[str, str]


@pytest.fixture(scope="module")
def world(module_rows: None) -> World:  # noqa: ARG001 - what is made here is there for all tests
    made = scene()
    sessions = {}
    for name in KNOWN:
        client = Client()
        client.force_login(make_known(name))
        sessions[name] = client.cookies[settings.SESSION_COOKIE_NAME].value
    return World(made, sessions)


class Asked(NamedTuple):
    """What somebody was answered."""

    status: int
    location: str
    body: str


def ask(world: World, name: str, route: Route, kwargs: dict[str, Any], method: str = "") -> Asked:
    """Ask as somebody, or as a stranger; nothing that the answer stored remains."""
    client = Client(raise_request_exception=False)
    if name not in STRANGER:
        client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[name]
    with transaction.atomic():
        answer = client.generic(method or route.method, reverse(route.name, kwargs=kwargs))
        asked = Asked(answer.status_code, answer.get("Location", ""), body(answer))
        transaction.set_rollback(True)
    return asked


def body(answer: HttpResponseBase) -> str:
    parts = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined] # either kind
    return bytes(parts).decode(errors="replace")


def named(name: str) -> Route:
    return next(route for route in ROUTES if route.name == name)


def is_plain(route: Route) -> bool:
    """Whether the URL takes no arguments."""
    return dict(patterns(get_resolver()))[route.name].pattern.converters == {}


def turned_away(answer: Asked) -> bool:
    to_sign_in = answer.status == 302 and answer.location.startswith(
        reverse("accounts:sign-in") + "?"
    )
    return to_sign_in or answer.status in {401, 403, 404}


def opened(answer: Asked) -> bool:
    return not turned_away(answer) and answer.status < 500 and answer.status != 405


def telling(route: Route) -> set[str]:
    """Few people who stand for all: for whom it opens, of one vendor, of all, of no role."""
    return {min(route.opens_for & ALL, default="alice"), "anna", "bob", "charlie"}


def test_every_url_stands_in_the_table_once() -> None:
    found = sorted(name for name, _pattern in patterns(get_resolver()))
    assert "None" not in " ".join(found), "a URL without a name"
    assert found == sorted(route.name for route in ROUTES), (
        "tests/architecture/routes.py needs one line for every URL"
    )


def test_every_name_in_the_table_is_a_person_that_the_tests_know() -> None:
    assert set(KNOWN) == ALL
    for route in ROUTES:
        assert route.opens_for <= ALL | STRANGER
        assert route.shows_to <= route.opens_for


@BY_NAME
def test_a_stranger_is_sent_to_the_sign_in(world: World, route: Route) -> None:
    for method in METHODS:
        answer = ask(world, "stranger", route, route.about(world.scene), method)
        if "stranger" in route.opens_for:
            assert answer.status < 500, method
            assert SECRET not in answer.body.lower(), method
        else:
            assert turned_away(answer), f"{method} answered {answer.status}"


@BY_NAME
def test_each_person_opens_what_the_table_says_and_nothing_else(world: World, route: Route) -> None:
    expected, found, shown, failed = {}, {}, set(), {}
    for name in sorted(ALL | STRANGER):
        answer = ask(world, name, route, route.about(world.scene))
        expected[name] = name in route.opens_for
        found[name] = opened(answer)
        if answer.status >= 500 or answer.status == 405:
            failed[name] = answer.status
        if SECRET in answer.body.lower():
            shown.add(name)
    assert not failed
    assert found == expected
    assert shown == route.shows_to


@BY_NAME
def test_no_method_and_no_missing_record_is_an_error(world: World, route: Route) -> None:
    kwargs = route.about(world.scene)
    others = {name: {"GET", "POST"} - {route.method} for name in telling(route)}
    others["bob"] = set(METHODS) - {route.method}
    for name, methods in others.items():
        for method in methods:
            answer = ask(world, name, route, kwargs, method)
            assert answer.status < 500, f"{name}: {method}"
    missing = {key: 10**9 for key, value in kwargs.items() if isinstance(value, int)}
    for name in telling(route) if missing else ():
        assert ask(world, name, route, kwargs | missing).status in {403, 404}, name


def test_the_scene_is_made_of_names_that_can_be_told(world: World) -> None:
    assert SECRET in str(world.scene.vendor).lower()
    assert world.scene.finding.vendor == world.scene.vendor
    assert world.scene.finding.environment == "quill-lab"


def test_a_route_through_another_vendor_does_not_name_it(world: World) -> None:
    corvid = Vendor.objects.get(key="corvid")
    lab = EnvironmentFactory.create(key="corvid-lab", name="Corvid laboratory", vendor=corvid)
    JumpsFactory.create(origin=lab, target=Environment.objects.get(key="quill-lab"))
    scan_now(actor=policy.system_actor())
    theirs = {"Quill Partners", "Quill laboratory", "quill-lab", "Quill key", "quill-key"}
    detail = named("findings:finding-detail")
    findings = [{"pk": finding.pk} for finding in corvid.findings.all()]
    pages: list[tuple[Route, dict[str, Any]]] = [
        *((detail, about) for about in findings),
        *((route, {}) for route in ROUTES if route.method == "GET" and is_plain(route)),
        (named("access:run-detail"), {"pk": ScanRun.objects.latest("pk").pk}),
    ]
    seen = {str(page): ask(world, "anna", *page).body for page in pages}
    assert "Corvid laboratory" in seen[str(pages[0])]
    assert "Quill laboratory" in ask(world, "bob", *pages[0]).body
    leaked = {page: [name for name in theirs if name in text] for page, text in seen.items()}
    assert not {page: names for page, names in leaked.items() if names}
