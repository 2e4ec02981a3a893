"""The list of environments: by verdict, worst first, narrowed, within somebody's scope."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.access.selectors.reach import (
    PER_PAGE,
    EnvironmentFilter,
    environment_page,
    rows_of,
)
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.engine.values import Severity, VerdictKind
from tests.access.story import Story
from tests.conftest import ClientFor
from tests.factories.access import DeploymentFactory, EnvironmentFactory, PairReachFactory
from tests.factories.findings import FindingFactory

pytestmark = pytest.mark.django_db

Person = Callable[..., User]
URL = reverse("access:reach-list")


def shown(client_for: ClientFor, user: User, query: str = "") -> str:
    answer = client_for(user).get(f"{URL}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def names(user: User, **wanted: str) -> list[str]:
    page = environment_page(user, EnvironmentFilter(**wanted), 1)
    return [row.environment.key for row in rows_of(user, page.object_list)]


@pytest.mark.usefixtures("story")
def test_the_list_opens_with_those_without_segregation_and_their_routes(
    client_for: ClientFor, bob: User
) -> None:
    page = shown(client_for, bob)
    assert "Brightpath laptops" in page
    assert "Evalworks harness" in page
    assert "Helix tester" not in page
    assert page.count('class="vr-strip"') == 2


@pytest.mark.usefixtures("story")
def test_each_verdict_has_its_tab_with_its_count(client_for: ClientFor, bob: User) -> None:
    page = shown(client_for, bob)
    for label, count in (
        ("Unsegregated", 2),
        ("Undetermined", 1),
        ("Segregated", 2),
        ("Key only", 1),
        ("All", 6),
    ):
        assert f"{label}<span>{count}</span>" in page


@pytest.mark.usefixtures("story")
def test_all_environments_are_listed_worst_first(bob: User) -> None:
    listed = names(bob, verdict="all")
    assert set(listed[:2]) == {"bp-laptops", "ew-harness"}
    assert listed[2] == "cv-cluster"
    assert set(listed[3:5]) == {"ng-lab", "hx-tester"}
    assert listed[5] == "lh-workbench"


@pytest.mark.usefixtures("story")
def test_the_list_is_narrowed_by_verdict_model_and_vendor(bob: User) -> None:
    assert names(bob, verdict="key_only") == ["lh-workbench"]
    assert names(bob, verdict="all", model="lodestar") == ["cv-cluster"]
    assert names(bob, verdict="all", vendor="helix") == ["hx-tester"]
    assert names(bob, verdict="segregated", model="lodestar") == []


@pytest.mark.usefixtures("story")
def test_an_undetermined_row_names_what_nobody_has_stated(client_for: ClientFor, bob: User) -> None:
    page = shown(client_for, bob, "?verdict=undetermined")
    assert "allowlist not stated" in page
    assert "Perhaps missing" in page


@pytest.mark.usefixtures("story")
def test_a_verdict_that_does_not_exist_shows_all(client_for: ClientFor, bob: User) -> None:
    assert shown(client_for, bob, "?verdict=nonsense").count("vr-routes-title") == 6


def test_a_scoped_person_sees_only_their_environments(
    client_for: ClientFor, person: Person, story: Story
) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.evalworks])
    page = shown(client_for, scoped, "?verdict=all")
    assert "Evalworks harness" in page
    assert "Brightpath" not in page
    assert "Northgate" not in page
    assert names(scoped, verdict="all", vendor="brightpath") == []


@pytest.mark.usefixtures("story")
def test_who_may_not_read_facts_is_refused(client_for: ClientFor, charlie: User) -> None:
    assert client_for(charlie).get(URL).status_code == 403


def test_severity_and_then_age_order_environments_of_one_verdict(bob: User) -> None:
    pairs = [PairReachFactory.create() for _ in range(3)]
    low, critical, high = (pair.environment for pair in pairs)
    for environment, severity in (
        (low, Severity.LOW),
        (critical, Severity.CRITICAL),
        (high, Severity.HIGH),
    ):
        FindingFactory.create(environment=environment.key, severity=severity)
    assert names(bob) == [critical.key, high.key, low.key]


def test_a_long_list_is_cut_into_pages_that_keep_the_filter(
    client_for: ClientFor, bob: User
) -> None:
    meridian = DeploymentFactory.create(model__key="meridian")
    for _ in range(PER_PAGE + 2):
        PairReachFactory.create(deployment=meridian)
    first = shown(client_for, bob, "?model=meridian")
    assert first.count("vr-routes-title") == PER_PAGE
    assert "1 to 25 of 27 environments" in first
    assert "model=meridian&amp;page=2" in first
    assert shown(client_for, bob, "?model=meridian&page=2").count("vr-routes-title") == 2


def test_a_page_that_does_not_exist_shows_the_last(client_for: ClientFor, bob: User) -> None:
    PairReachFactory.create()
    assert shown(client_for, bob, "?page=99").count("vr-routes-title") == 1
    assert shown(client_for, bob, "?page=x").count("vr-routes-title") == 1


def test_nothing_to_list_is_said_in_a_sentence(client_for: ClientFor, bob: User) -> None:
    assert "as far as the last scan knows" in shown(client_for, bob)
    PairReachFactory.create(verdict=VerdictKind.SEGREGATED)
    assert "No environment stands under this verdict" in shown(client_for, bob)


def test_more_rows_take_no_more_queries(client_for: ClientFor, bob: User) -> None:
    client = client_for(bob)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(URL)
        return len(caught)

    def add(count: int) -> None:
        for _ in range(count):
            environment = EnvironmentFactory.create()
            PairReachFactory.create(environment=environment)
            FindingFactory.create(environment=environment.key, rule="RT-01")

    add(10)
    with_ten = queries()
    add(10)
    assert queries() == with_ten
