"""The list of models, and the page of one: who reaches it, by which weak point, by whose leave."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.access.models import AIModel, AllowlistEntry
from apps.access.selectors import models as selectors
from apps.access.selectors.models import EntryState
from apps.access.services.analysis import scan_now
from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import User
from tests.access.story import Story
from tests.conftest import ClientFor
from tests.factories.access import (
    AIModelFactory,
    AllowlistEntryFactory,
    DeploymentFactory,
    EnvironmentFactory,
    PairReachFactory,
)
from tests.factories.findings import FindingFactory

pytestmark = pytest.mark.django_db

Person = Callable[..., User]
SCRIPT = "<script>alert(1)</script>"


def page_of(client_for: ClientFor, user: User, model: AIModel) -> str:
    answer = client_for(user).get(reverse("access:model-detail", args=[model.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def meridian(story: Story) -> AIModel:
    return story.meridian.model


def test_the_sentence_says_who_reaches_it_and_through_whom(
    client_for: ClientFor, bob: User, meridian: AIModel
) -> None:
    page = page_of(client_for, bob, meridian)
    assert (
        "<b>Brightpath laptops and Evalworks harness</b> reach Meridian without segregation, "
        "Brightpath laptops through Northgate red-team lab</h1>"
    ) in page


def test_each_figure_leads_to_a_list_with_the_same_figure(
    client_for: ClientFor, bob: User, meridian: AIModel
) -> None:
    client = client_for(bob)
    counts, groups = selectors.groups_of(bob, meridian)
    page = page_of(client_for, bob, meridian)
    for group in groups:
        address = f"/reach/?verdict={group.verdict}&amp;model={meridian.key}"
        assert address in page
        listed = client.get(address.replace("&amp;", "&")).context["page"].paginator.count
        assert listed == group.count == counts.of(group.verdict)
    findings = client.get(f"/findings/?model={meridian.key}").context["page"].paginator.count
    assert f"<b>{findings}</b> open finding" in page


def test_each_figure_of_the_list_leads_to_a_list_with_the_same_figure(
    client_for: ClientFor, bob: User, meridian: AIModel
) -> None:
    client = client_for(bob)
    page = client.get(reverse("access:model-list")).content.decode()
    found = re.findall(rf'href="(/reach/\?verdict=\w+&amp;model={meridian.key})">(\d+)', page)
    assert len(found) == 2
    for address, figure in found:
        listed = client.get(address.replace("&amp;", "&")).context["page"].paginator.count
        assert listed == int(figure)


def test_the_picture_shows_everybody_and_says_the_same_in_words(
    client_for: ClientFor, bob: User, meridian: AIModel
) -> None:
    page = page_of(client_for, bob, meridian)
    assert "Surroundings of Meridian" in page
    assert "Unsegregated: Brightpath laptops through Northgate red-team lab, Evalworks harn" in page
    assert page.count('role="img"') >= 2
    for _, groups in [selectors.groups_of(bob, meridian)]:
        for visitor in (visitor for group in groups for visitor in group.visitors):
            assert page.count(f'href="#environment-{visitor.environment.pk}"') == 2
            assert page.count(f'id="environment-{visitor.environment.pk}"') == 1


def test_routes_are_grouped_by_the_hop_that_they_share(
    client_for: ClientFor, bob: User, meridian: AIModel
) -> None:
    answer = client_for(bob).get(reverse("access:model-detail", args=[meridian.pk]))
    points = answer.context["points"]
    assert sum(len(point.routes) for point in points) == len(selectors.routes_of(bob, meridian))
    assert "Brightpath contractor enters Northgate red-team lab" in {p.words for p in points}


def test_a_permission_is_running_ends_soon_ended_or_outlived(bob: User, story: Story) -> None:
    now = timezone.now()
    model = story.meridian.model
    ended = AllowlistEntry.objects.get(key="al-ng")
    AllowlistEntry.objects.filter(pk=ended.pk).update(expires_at=now - timedelta(days=2))
    common = {"model": model, "vendor": story.evalworks, "purpose": "research"}
    AllowlistEntryFactory.create(key="soon", expires_at=now + timedelta(days=3), **common)
    AllowlistEntryFactory.create(key="over", expires_at=now - timedelta(hours=2), **common)
    AllowlistEntryFactory.create(key="asked", approved_at=None, **common)
    AllowlistEntryFactory.create(key="ahead", approved_at=now + timedelta(days=3), **common)
    scan_now(actor=policy.system_actor())
    rows = {row.entry.key: row for row in selectors.entries_of(bob, model)}
    assert {key: row.state for key, row in rows.items()} == {
        "al-ng": EntryState.STILL_WORKS,
        "al-hx": EntryState.RUNNING,
        "soon": EntryState.ENDS_SOON,
        "over": EntryState.ENDED,
        "asked": EntryState.REQUESTED,
        "ahead": EntryState.AHEAD,
    }
    finding = rows["al-ng"].finding
    assert finding is not None
    assert (finding.rule, finding.environment) == ("RT-14", "ng-lab")


def test_who_may_change_facts_is_led_to_the_forms(
    client_for: ClientFor, bob: User, rita: User, meridian: AIModel
) -> None:
    edit = reverse("access:fact-edit", kwargs={"kind": "models", "pk": meridian.pk})
    assert edit in page_of(client_for, bob, meridian)
    assert "Add an entry" in page_of(client_for, bob, meridian)
    assert edit not in page_of(client_for, rita, meridian)
    assert "Add an entry" not in page_of(client_for, rita, meridian)


def test_an_outlived_permission_leads_to_its_finding(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    AllowlistEntry.objects.filter(key="al-ng").update(expires_at=timezone.now() - timedelta(days=2))
    scan_now(actor=policy.system_actor())
    page = page_of(client_for, bob, story.meridian.model)
    assert "Ended, still works</a>" in page


def test_somebody_with_a_scope_sees_their_part_and_no_other_names(
    client_for: ClientFor, person: Person, story: Story
) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.northgate])
    page = page_of(client_for, scoped, story.meridian.model)
    assert "Only the vendors in your scope are counted" in page
    assert "Northgate red-team lab" in page
    for hidden in ("Brightpath", "Evalworks", "Partner API gateway", "Helix"):
        assert hidden not in page


def test_a_model_that_concerns_none_of_my_vendors_does_not_exist(
    client_for: ClientFor, anna: User, meridian: AIModel
) -> None:
    answer = client_for(anna).get(reverse("access:model-detail", args=[meridian.pk]))
    assert answer.status_code == 404
    assert "Meridian" not in client_for(anna).get(reverse("access:model-list")).content.decode()


def test_who_may_not_read_facts_is_refused_the_list(client_for: ClientFor, rosa: User) -> None:
    assert client_for(rosa).get(reverse("access:model-list")).status_code == 403


def test_a_model_that_nobody_reaches_says_so(client_for: ClientFor, bob: User) -> None:
    page = page_of(client_for, bob, AIModelFactory.create(name="Pebble"))
    assert "Nobody is known to reach Pebble without segregation" in page
    assert "vr-surroundings" not in page


def test_stored_text_is_escaped(client_for: ClientFor, bob: User) -> None:
    model = AIModelFactory.create(name=SCRIPT)
    lab = EnvironmentFactory.create(name=SCRIPT, vendor__name=SCRIPT)
    deployment = DeploymentFactory.create(model=model, name=SCRIPT, environment__name=SCRIPT)
    PairReachFactory.create(environment=lab, deployment=deployment)
    AllowlistEntryFactory.create(model=model, vendor=lab.vendor, environment=lab)
    assert SCRIPT not in page_of(client_for, bob, model)
    assert SCRIPT not in client_for(bob).get(reverse("access:model-list")).content.decode()


def test_more_rows_take_no_more_queries(client_for: ClientFor, bob: User) -> None:
    deployment = DeploymentFactory.create()
    pages = [
        reverse("access:model-list"),
        reverse("access:model-detail", args=[deployment.model.pk]),
    ]
    client = client_for(bob)

    def queries() -> list[int]:
        counts = []
        for page in pages:
            with CaptureQueriesContext(connection) as caught:
                assert client.get(page).status_code == 200
            counts.append(len(caught))
        return counts

    def grow() -> None:
        for _ in range(10):
            pair = PairReachFactory.create(deployment=deployment)
            FindingFactory.create(
                environment=pair.environment.key,
                deployment=deployment.key,
                vendor=pair.environment.vendor,
            )
            AllowlistEntryFactory.create(model=deployment.model, vendor=pair.environment.vendor)
            AIModelFactory.create()

    grow()
    with_ten = queries()
    grow()
    assert queries() == with_ten
