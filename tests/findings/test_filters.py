"""The list: its tabs, every filter, its order, its groups, its file, and many at once."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.engine.values import Certainty, Severity
from apps.findings.filters import FindingFilter, filtered
from apps.findings.models import Finding, FindingState
from apps.vendors.models import Vendor
from tests.access.story import Story
from tests.conftest import ClientFor
from tests.factories.access import EnvironmentFactory
from tests.factories.findings import AcceptanceFactory, FindingFactory
from tests.findings.test_acceptances import in_force

pytestmark = pytest.mark.django_db

LIST = "/findings/"


def closed(**fields: Any) -> Finding:
    return FindingFactory.create(state=FindingState.CLOSED, closed_at=timezone.now(), **fields)


def shown(client_for: ClientFor, user: User, **asked: Any) -> Any:
    answer = client_for(user).get(LIST, asked)
    assert answer.status_code == 200
    return answer


def numbers(answer: Any) -> list[int]:
    return [told.finding.pk for told in answer.context["rows"]]


def test_each_tab_shows_its_own_and_counts_all(client_for: ClientFor, bob: User) -> None:
    loud, gone = FindingFactory.create(), closed()
    quiet = in_force().finding
    AcceptanceFactory.create(finding=loud)
    expected = {
        "open": {loud.pk},
        "accepted": {quiet.pk},
        "closed": {gone.pk},
        "all": {loud.pk, quiet.pk, gone.pk},
        "other": set(),
    }
    for tab, own in expected.items():
        answer = shown(client_for, bob, state=tab)
        assert set(numbers(answer) if own else []) == own
        assert answer.context["counts"] == {"open": 1, "accepted": 1, "closed": 1, "all": 3}
    assert set(numbers(shown(client_for, bob))) == {loud.pk}, "open by itself"


Narrowed = tuple[dict[str, Any], dict[str, Any], dict[str, str]]
LONG_AGO = timezone.now() - timedelta(days=40)
YESTERDAY = timezone.now().date() - timedelta(days=1)
IN_A_MONTH = timezone.now().date() + timedelta(days=30)
NARROWED: dict[str, Narrowed] = {
    "rule": ({"rule": "RT-02"}, {"rule": "RT-01"}, {"rule": "RT-02"}),
    "severity": (
        {"severity": Severity.LOW},
        {"severity": Severity.HIGH},
        {"severity": "low"},
    ),
    "certainty": (
        {"certainty": Certainty.POSSIBLE},
        {"certainty": Certainty.PROVEN},
        {"certainty": "possible"},
    ),
    "stage": ({"stage": "planned"}, {"stage": "open"}, {"stage": "planned"}),
    "age": ({"opened_at": LONG_AGO}, {}, {"age": "30"}),
    "overdue": ({"due_on": YESTERDAY}, {"due_on": IN_A_MONTH}, {"due": "overdue"}),
    "due soon": (
        {"due_on": YESTERDAY + timedelta(days=3)},
        {"due_on": IN_A_MONTH},
        {"due": "week"},
    ),
    "our own": ({"vendor": None}, {}, {"vendor": "own"}),
    "nobody's": ({}, {"owner": "bob"}, {"owner": "nobody"}),
    "mine": ({"owner": "bob"}, {}, {"owner": "me"}),
    "key": ({"environment": "ng-lab"}, {"environment": "bp-lab"}, {"q": "ng-lab"}),
    "name": ({"environment": "ng-lab"}, {"environment": "bp-lab"}, {"q": "red tea"}),
}


@pytest.mark.parametrize("name", NARROWED)
def test_a_filter_keeps_what_it_says(client_for: ClientFor, bob: User, name: str) -> None:
    EnvironmentFactory.create(key="ng-lab", name="Northgate red-team lab")
    EnvironmentFactory.create(key="bp-lab", name="Brightpath laptops")
    kept_fields, other_fields, asked = NARROWED[name]
    kept, other = (
        FindingFactory.create(**{**fields, "owner": bob if "owner" in fields else None})
        for fields in (kept_fields, other_fields)
    )
    assert numbers(shown(client_for, bob, **asked)) == [kept.pk]
    assert set(numbers(shown(client_for, bob))) == {kept.pk, other.pk}


def test_it_is_narrowed_to_a_vendor_by_key_or_name_a_person_and_a_number(
    client_for: ClientFor, bob: User, rita: User, corvid: Vendor
) -> None:
    own, other = FindingFactory.create(vendor=corvid, owner=rita), FindingFactory.create()
    for typed in ("corvid", "Corvid Analytics", "Corvid Analytics (corvid)"):
        assert numbers(shown(client_for, bob, vendor=typed)) == [own.pk]
    assert numbers(shown(client_for, bob, owner=rita.pk)) == [own.pk]
    assert numbers(shown(client_for, bob, q=other.pk)) == [other.pk]


@pytest.mark.parametrize(
    "asked",
    [
        {"owner": "x"},
        {"owner": "9" * 30},
        {"age": "1"},
        {"due": "never"},
        {"like": "0"},
        {"like": "x"},
        {"vendor": "nobody-of-this-name"},
        {"model": "x"},
        {"q": "zzz"},
        {"severity": "worst"},
    ],
)
def test_what_a_filter_does_not_know_finds_nothing(
    client_for: ClientFor, bob: User, asked: dict[str, str]
) -> None:
    FindingFactory.create()
    assert "No finding matches." in shown(client_for, bob, **asked).content.decode()


def test_hostile_text_in_the_address_is_no_error(client_for: ClientFor, bob: User) -> None:
    FindingFactory.create()
    for text in ("\0", "'; --", "<script>alert(1)</script>", "%", "٣", "²"):
        for name in ("q", "owner", "vendor", "like", "rule", "state", "sort", "page", "model"):
            answer = shown(client_for, bob, **{name: text})
            assert "<script>alert" not in answer.content.decode()


def test_it_sorts_both_ways_and_worst_first_by_itself(client_for: ClientFor, bob: User) -> None:
    soon = FindingFactory.create(due_on=YESTERDAY, severity=Severity.LOW, owner=bob)
    late = FindingFactory.create(due_on=IN_A_MONTH, severity=Severity.CRITICAL)
    assert numbers(shown(client_for, bob)) == [late.pk, soon.pk]
    assert numbers(shown(client_for, bob, sort="due")) == [soon.pk, late.pk]
    assert numbers(shown(client_for, bob, sort="-due")) == [late.pk, soon.pk]
    assert numbers(shown(client_for, bob, sort="owner")) == [soon.pk, late.pk]
    assert numbers(shown(client_for, bob, sort="nothing")) == [late.pk, soon.pk]


# --- grouped by cause -----------------------------------------------------------------------------


def test_groups_count_what_one_change_would_mend(client_for: ClientFor, bob: User) -> None:
    shared = "connects internet environment:gateway"
    for number in range(3):
        FindingFactory.create(cause=shared, certainty=Certainty.POSSIBLE if number else "proven")
    FindingFactory.create(cause=shared, owner=bob, due_on=YESTERDAY, severity=Severity.CRITICAL)
    lone = [FindingFactory.create(cause="") for _ in range(2)]
    groups = shown(client_for, bob, by="cause").context["groups"]
    assert [(g.count, g.severity, g.proven, g.overdue, g.unowned) for g in groups] == [
        (4, "critical", 2, 1, 3),
        (1, "high", 1, 0, 1),
        (1, "high", 1, 0, 1),
    ]
    assert groups[0].cause.noun == "connection"
    assert [g.finding for g in groups[1:]] == lone
    assert len(numbers(shown(client_for, bob, like=groups[0].finding.pk))) == 4
    assert numbers(shown(client_for, bob, like=lone[0].pk)) == [lone[0].pk]


def test_scans_store_the_cause_and_the_story_is_told_by_it(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    through_the_lab = story.finding("RT-01", story.laptops)
    assert through_the_lab.cause == "enters identity:bp-contractor environment:ng-lab"
    page = shown(client_for, bob, by="cause").content.decode()
    assert "Brightpath contractor enters Northgate red-team lab" in page
    total = sum(group.count for group in shown(client_for, bob, by="cause").context["groups"])
    assert total == Finding.objects.filter(state="open").count()


def test_groups_of_a_scoped_person_count_and_name_their_own_only(
    client_for: ClientFor, anna: User, corvid: Vendor
) -> None:
    EnvironmentFactory.create(key="secret-gateway", name="Secret gateway")
    cause = "connects internet environment:secret-gateway"
    own = FindingFactory.create(vendor=corvid, cause=cause)
    foreign = FindingFactory.create(cause=cause)
    answer = shown(client_for, anna, by="cause")
    [group] = answer.context["groups"]
    assert (group.count, group.finding) == (1, own)
    assert "secret" not in answer.content.decode().lower()
    assert "No finding matches." in shown(client_for, anna, like=foreign.pk).content.decode()


# --- the file, and many at once -------------------------------------------------------------------


def read(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_file_holds_what_the_list_shows_and_no_credentials(
    client_for: ClientFor, bob: User, anna: User, corvid: Vendor
) -> None:
    FindingFactory.create(vendor=corvid, credential="secret-key", environment="=cmd", owner=bob)
    FindingFactory.create(severity=Severity.LOW)
    whole = read(client_for(bob).get(reverse("findings:finding-file")))
    assert len(whole) == 3
    row = dict(zip(whole[0], whole[1], strict=True))
    assert (row["vendor"], row["owner"], row["environment"]) == ("Corvid Analytics", "Bob", "'=cmd")
    assert "secret-key" not in str(whole)
    assert (
        len(read(client_for(bob).get(reverse("findings:finding-file"), {"severity": "low"}))) == 2
    )
    assert len(read(client_for(anna).get(reverse("findings:finding-file")))) == 2


def bulk(client_for: ClientFor, user: User, **typed: Any) -> Any:
    address = reverse("findings:finding-bulk")
    return client_for(user).post(address, typed, follow=True)


def test_the_ticked_ones_are_treated_and_one_is_back_in_the_list(
    client_for: ClientFor, bob: User
) -> None:
    good, gone = FindingFactory.create(), closed()
    answer = bulk(
        client_for, bob, pick=[good.pk, gone.pk, "x"], owner=bob.pk, back="severity=high&state=all"
    )
    assert answer.redirect_chain == [("/findings/?severity=high&state=all", 302)]
    page = answer.content.decode()
    assert "1 finding is as you said." in page
    assert f"Finding {gone.pk} was left as it is." in page
    good.refresh_from_db()
    assert good.owner == bob


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({}, "choose an owner, a due date or a plan"),
        ({"owner": "nobody"}, "tick the findings"),
        ({"owner": "10000000"}, "Select a valid choice"),
        ({"plan": "on", "due_on": "soon"}, "Enter a valid date"),
    ],
)
def test_what_cannot_be_done_with_many_is_said(
    client_for: ClientFor, bob: User, typed: dict[str, str], told: str
) -> None:
    assert told in bulk(client_for, bob, **typed).content.decode()


def test_many_at_once_go_back_to_the_list_and_nowhere_else(
    client_for: ClientFor, bob: User
) -> None:
    answer = bulk(client_for, bob, back="//evil.example/?x=1")
    assert answer.redirect_chain[0][0].startswith("/findings/?")


def test_boxes_are_for_those_who_may_treat(client_for: ClientFor, bob: User, mona: User) -> None:
    FindingFactory.create()
    assert 'name="pick"' in shown(client_for, bob).content.decode()
    assert 'name="pick"' not in shown(client_for, mona).content.decode()


# --- cost -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [{}, {"by": "cause"}, {"state": "all", "owner": "me"}])
def test_more_findings_take_no_more_queries(
    client_for: ClientFor, bob: User, asked: dict[str, str]
) -> None:
    client = client_for(bob)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST, asked)
        return len(queries)

    def make() -> None:
        place = EnvironmentFactory.create()
        in_force(finding=FindingFactory.create(owner=bob, environment=place.key))

    make()
    FindingFactory.create(owner=bob)
    count()
    few = count()
    for _ in range(10):
        make()
        FindingFactory.create(owner=bob)
    assert count() == few


def test_the_filter_is_the_same_for_pages_and_for_others(bob: User) -> None:
    finding = FindingFactory.create()
    assert list(filtered(bob, FindingFilter())) == [finding]
