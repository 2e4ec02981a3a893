"""The list of findings, and the page of one."""

import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.engine.values import Certainty, Severity
from apps.findings.models import Finding, FindingEvent, FindingState
from apps.findings.views.lists import PER_PAGE
from tests.access.story import Story
from tests.conftest import ClientFor
from tests.factories.findings import FindingFactory
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db

Person = Callable[..., User]
URL = reverse("findings:finding-list")


def shown(client_for: ClientFor, user: User, where: str = URL) -> str:
    answer = client_for(user).get(where)
    assert answer.status_code == 200
    return answer.content.decode()


def url(finding: Finding) -> str:
    return reverse("findings:finding-detail", args=[finding.pk])


def listed(page: str) -> list[int]:
    """The numbers of the findings that a list shows, in its order."""
    return [int(n) for n in re.findall(r'vr-row-link" href="/findings/(\d+)/"', page)]


# --- the list ------------------------------------------------------------------------------------


def test_the_list_shows_open_findings_the_gravest_first(client_for: ClientFor, bob: User) -> None:
    low = FindingFactory.create(severity=Severity.LOW)
    possible = FindingFactory.create(severity=Severity.CRITICAL, certainty=Certainty.POSSIBLE)
    proven = FindingFactory.create(severity=Severity.CRITICAL)
    FindingFactory.create(state=FindingState.CLOSED, closed_at=timezone.now())
    assert listed(shown(client_for, bob)) == [proven.pk, possible.pk, low.pk]


def test_the_older_of_two_alike_comes_first(client_for: ClientFor, bob: User) -> None:
    young = FindingFactory.create()
    old = FindingFactory.create(opened_at=timezone.now() - timedelta(days=9))
    assert listed(shown(client_for, bob)) == [old.pk, young.pk]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?rule=RT-09", "log"),
        ("?severity=low", "low"),
        ("?certainty=possible", "possible"),
        ("?vendor=corvid", "corvid"),
        ("?state=closed", "closed"),
        ("?rule=RT-09&severity=low", ""),
        ("?rule=nonsense", ""),
        ("?model=nonsense", ""),
    ],
)
def test_the_list_is_narrowed_by_its_address(
    client_for: ClientFor, bob: User, query: str, expected: str
) -> None:
    vendor = VendorFactory.create(key="corvid")
    findings = {
        "log": FindingFactory.create(rule="RT-09"),
        "low": FindingFactory.create(severity=Severity.LOW),
        "possible": FindingFactory.create(certainty=Certainty.POSSIBLE),
        "corvid": FindingFactory.create(vendor=vendor),
        "closed": FindingFactory.create(state=FindingState.CLOSED, closed_at=timezone.now()),
    }
    wanted = [findings[expected].pk] if expected else []
    assert listed(shown(client_for, bob, f"{URL}{query}")) == wanted


def test_all_states_can_be_listed(client_for: ClientFor, bob: User) -> None:
    FindingFactory.create()
    FindingFactory.create(state=FindingState.CLOSED, closed_at=timezone.now())
    assert len(listed(shown(client_for, bob, f"{URL}?state=all"))) == 2


@pytest.mark.usefixtures("story")
def test_the_list_is_narrowed_to_a_model(client_for: ClientFor, bob: User) -> None:
    page = shown(client_for, bob, f"{URL}?model=lodestar")
    numbers = listed(page)
    assert numbers
    found = Finding.objects.filter(pk__in=numbers)
    assert set(found.values_list("deployment", flat=True)) == {"lodestar-weights"}


@pytest.mark.usefixtures("story")
def test_the_list_says_each_finding_as_a_sentence(client_for: ClientFor, bob: User) -> None:
    page = shown(client_for, bob)
    assert "Brightpath laptops can use Meridian through Northgate red-team lab" in page
    assert "Corvid cluster may reach Lodestar" in page


def test_a_scoped_person_lists_only_their_vendors_findings(
    client_for: ClientFor, person: Person, story: Story
) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.brightpath])
    page = shown(client_for, scoped)
    assert "Brightpath laptops" in page
    for name in ("Northgate", "Evalworks", "Labelhive", "Helix", "Corvid"):
        assert name not in page


@pytest.mark.usefixtures("story")
def test_who_has_no_role_is_refused(client_for: ClientFor, charlie: User) -> None:
    assert client_for(charlie).get(URL).status_code == 403


def test_a_long_list_has_pages_that_keep_the_filter(client_for: ClientFor, bob: User) -> None:
    FindingFactory.create_batch(PER_PAGE + 1)
    page = shown(client_for, bob, f"{URL}?severity=high")
    assert len(listed(page)) == PER_PAGE
    assert "severity=high&amp;page=2" in page
    assert len(listed(shown(client_for, bob, f"{URL}?severity=high&page=2"))) == 1


def test_nothing_found_is_said(client_for: ClientFor, bob: User) -> None:
    assert "No finding matches." in shown(client_for, bob)


def test_more_rows_take_no_more_queries(client_for: ClientFor, bob: User) -> None:
    client = client_for(bob)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(URL)
        return len(caught)

    FindingFactory.create_batch(10)
    with_ten = queries()
    FindingFactory.create_batch(10)
    assert queries() == with_ten


# --- one finding ---------------------------------------------------------------------------------


def test_the_page_says_the_finding_draws_it_and_lists_its_hops(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    page = shown(client_for, bob, url(story.finding("RT-01", story.laptops)))
    assert "Brightpath laptops can use Meridian through Northgate red-team lab</h1>" in page
    assert page.count('role="img"') == 2  # the wide picture and the tall one
    assert '<tr id="hop-8"' in page
    assert "AR-01 belongs here:" in page
    assert "Recommended fix" in page
    assert "RT-05 Long-lived credential" in page


def test_every_link_of_the_picture_leads_to_a_row_of_the_table(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    page = shown(client_for, bob, url(story.finding("RT-01", story.laptops)))
    targets = set(re.findall(r'href="#(hop-\d+)"', page))
    assert targets
    assert targets <= set(re.findall(r'id="(hop-\d+)"', page))


@pytest.mark.usefixtures("story")
def test_a_possible_finding_asks_what_would_settle_it(client_for: ClientFor, bob: User) -> None:
    finding = Finding.objects.get(rule="RT-01", environment="cv-cluster")
    page = shown(client_for, bob, url(finding))
    assert "What would settle it" in page
    assert "Does Weights mirror check where calls from Corvid cluster come from?" in page
    assert "Perhaps missing" in page
    assert "State it" not in page


@pytest.mark.usefixtures("story")
def test_a_finding_about_an_entry_shows_its_facts_and_no_picture(
    client_for: ClientFor, bob: User
) -> None:
    page = shown(client_for, bob, url(Finding.objects.get(rule="RT-07", subject__entry="al-ng")))
    assert "The approval of al-ng is not independent" in page
    assert "vr-picture" not in page
    assert "What is missing" in page
    assert "Approved by" in page


@pytest.mark.usefixtures("story")
def test_every_finding_of_the_story_has_a_page(client_for: ClientFor, bob: User) -> None:
    client = client_for(bob)
    for finding in Finding.objects.all():
        answer = client.get(url(finding))
        assert answer.status_code == 200, finding.rule
        assert Balance().feed_all(answer.content.decode()) == [], finding.rule


class Balance(HTMLParser):
    """Notes the tags that are not closed, or closed twice."""

    VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta"})

    def feed_all(self, page: str) -> list[str]:
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(page)
        return self.faults + self.open

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.faults.append(f"</{tag}>")


def test_a_finding_of_another_vendor_is_not_found(
    client_for: ClientFor, person: Person, story: Story
) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.brightpath])
    foreign = story.finding("RT-01", story.harness)
    assert client_for(scoped).get(url(foreign)).status_code == 404
    assert (
        client_for(scoped).get(reverse("findings:finding-detail", args=[9999])).status_code == 404
    )


def test_the_page_of_a_scoped_person_names_nobody_else(
    client_for: ClientFor, person: Person, story: Story
) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.brightpath])
    for finding in Finding.objects.filter(vendor=story.brightpath):
        page = shown(client_for, scoped, url(finding)).lower()
        for secret in ("northgate", "ng-lab", "ng-key", "al-ng", "gateway", "evalworks"):
            assert secret not in page, f"{finding.rule} tells {secret}"
    assert (
        "another vendor"
        in shown(client_for, scoped, url(story.finding("RT-01", story.laptops))).lower()
    )


def test_a_requester_sees_what_was_found_and_not_the_route(
    client_for: ClientFor, person: Person, story: Story
) -> None:
    rosa = person("Rosa", Role.REQUESTER, all_vendors=True)
    page = shown(client_for, rosa, url(story.finding("RT-01", story.laptops)))
    assert "Brightpath laptops can use Meridian" in page
    assert "vr-picture" not in page
    assert "hop-1" not in page
    assert "/scans/" not in page


def test_the_history_tells_what_happened_the_latest_first(client_for: ClientFor, bob: User) -> None:
    finding = FindingFactory.create(
        state=FindingState.CLOSED, closed_at=timezone.now(), times_opened=2
    )
    graded = {"severity": "high", "certainty": "possible"}
    for kind, data in (
        (FindingEvent.Kind.OPENED, {}),
        (
            FindingEvent.Kind.REGRADED,
            {"before": graded, "after": {**graded, "certainty": "proven"}},
        ),
        (FindingEvent.Kind.REROUTED, {}),
        (FindingEvent.Kind.REOPENED, {}),
        (FindingEvent.Kind.CLOSED, {"seen": False}),
    ):
        FindingEvent.objects.create(finding=finding, kind=kind, run=7, at=timezone.now(), data=data)
    page = shown(client_for, bob, url(finding))
    told = [
        "Closed: its facts were not seen any more",
        "Opened again",
        "Its route changed",
        "Graded high, proven; before high, possible",
        "Opened by",
    ]
    places = [page.index(text) for text in told]
    assert places == sorted(places)
    assert "opened two times" in page


def test_the_page_takes_a_bounded_number_of_queries(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    client = client_for(bob)
    few = story.finding("RT-01", story.harness)
    many = story.finding("RT-01", story.laptops)

    def queries(finding: Finding) -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(url(finding))
        return len(caught)

    # A longer route has further kinds of relations: at most one query for each kind.
    assert queries(many) - queries(few) <= 7
    assert queries(many) < 45
