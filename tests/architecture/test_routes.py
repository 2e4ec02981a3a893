"""Every URL is found by itself, tried as a stranger and as each role, and stands in the table."""

from collections.abc import Iterator

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.architecture.routes import ALL, ROUTES, SECRET, STRANGER, Route, Scene, scene

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


@pytest.mark.parametrize("method", METHODS)
@BY_NAME
def test_a_stranger_is_sent_to_the_sign_in(route: Route, method: str) -> None:
    made = scene()
    answer = ask(Client(), route._replace(method=method), route.about(made))
    if "stranger" in route.opens_for:
        assert answer.status_code < 500
        assert SECRET not in body(answer)
    else:
        assert turned_away(answer), f"{method} {route.name} answered {answer.status_code}"


@BY_NAME
def test_each_person_opens_what_the_table_says_and_nothing_else(
    request: pytest.FixtureRequest, route: Route
) -> None:
    made = scene()
    expected, found, leaked, failed = {}, {}, set(), {}
    for name in sorted(ALL | STRANGER):
        answer = ask(browser(request, name), route, route.about(made))
        expected[name] = name in route.opens_for
        found[name] = opened(answer)
        if answer.status_code >= 500 or answer.status_code == 405:
            failed[name] = answer.status_code
        if SECRET in body(answer) and name not in route.shows_to:
            leaked.add(name)
    assert not failed
    assert found == expected
    assert not leaked


@pytest.mark.parametrize("name", sorted(ALL))
@BY_NAME
def test_no_method_and_no_missing_record_is_an_error_for_anybody(
    request: pytest.FixtureRequest, name: str, route: Route
) -> None:
    made = scene()
    client = browser(request, name)
    for method in METHODS:
        asked = route._replace(method=method)
        assert ask(client, asked, route.about(made)).status_code < 500, method
    numbers = {key: 10**9 for key, value in route.about(made).items() if isinstance(value, int)}
    if numbers:
        answer = ask(browser(request, name), route, route.about(made) | numbers)
        assert answer.status_code in {403, 404}


def test_the_scene_is_made_of_names_that_can_be_told() -> None:
    made: Scene = scene()
    named = [made.vendor, made.environment, made.model, made.deployment]
    assert all(SECRET in str(fact) for fact in named)
