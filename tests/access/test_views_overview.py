"""The first page: the sentence, the models, the worst routes, what changed, the first run."""

import html
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from apps.access.models import PairReach, ScanRun
from apps.access.models.runs import RunState
from apps.access.selectors.overview import MOST_CELLS, overview_for
from apps.access.selectors.reach import (
    EnvironmentFilter,
    environment_page,
    pairs_visible_to,
    verdict_counts,
)
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.core.templatetags import ui
from apps.engine.values import VerdictKind
from apps.findings.models import Finding
from apps.vendors import services as vendors
from apps.vendors.models import Vendor
from tests.access.story import Story
from tests.conftest import ClientFor
from tests.factories.access import (
    DeploymentFactory,
    EnvironmentFactory,
    PairReachFactory,
    ScanRunFactory,
)
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db

Person = Callable[..., User]
COUNTS = {
    "environments": 5,
    "unvouched": 1,
    "deployments": 2,
    "unsegregated": 1,
    "undetermined": 1,
    "segregated": 1,
    "proven": 3,
    "possible": 1,
}


def page_for(client_for: ClientFor, user: User) -> str:
    answer = client_for(user).get(reverse("overview"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_sentence_counts_the_environments_without_segregation(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    page = page_for(client_for, bob)
    told = strip_tags(page)
    assert "2 environments reach a restricted model without segregation" in told
    assert "One more is undetermined" in told
    assert "Two are segregated" in told
    assert (story.run.counts or {})["unsegregated"] == 2


@pytest.mark.usefixtures("story")
def test_the_overview_counts_what_the_last_scan_and_the_list_count(bob: User) -> None:
    run = overview_for(bob).last
    counts = verdict_counts(pairs_visible_to(bob))
    assert run is not None
    assert run.counts is not None
    for verdict in VerdictKind:
        listed = environment_page(bob, EnvironmentFilter(verdict=verdict), 1).paginator.count
        assert run.counts[verdict] == counts.of(verdict) == listed


def test_the_worst_routes_come_first_and_name_what_else_is_wrong_there(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    worst = overview_for(bob).worst
    assert [route.finding.rule for route in worst[:2]] == ["RT-01", "RT-01"]
    assert {route.finding.environment for route in worst[:2]} == {"bp-laptops", "ew-harness"}
    laptops = next(r for r in worst if r.finding.environment == story.laptops.key)
    assert list(laptops.also) == ["RT-05", "RT-13", "RT-17"]
    assert 'class="vr-strip"' in page_for(client_for, bob)


@pytest.mark.usefixtures("story")
def test_what_changed_since_the_last_scan_is_said(client_for: ClientFor, bob: User) -> None:
    page = page_for(client_for, bob)
    assert "five findings opened" in page
    assert "gained reach of" in page


def test_a_scoped_person_counts_only_their_vendors(
    client_for: ClientFor, person: Person, story: Story
) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.brightpath])
    page = page_for(client_for, scoped)
    assert "1 environment reaches a restricted model without segregation" in strip_tags(page)
    assert "Only the vendors in your scope are counted" in page
    assert "Evalworks" not in page
    assert "vr-trend" not in page
    assert "Environments looked at" not in page


@pytest.mark.usefixtures("story")
def test_who_may_not_read_facts_is_told_what_was_found_and_no_false_calm(
    client_for: ClientFor, person: Person
) -> None:
    page = page_for(client_for, person("Rosa", Role.REQUESTER, all_vendors=True))
    assert "21 open findings are yours to see" in page
    assert "No environment" not in page
    assert "vr-strip" not in page


@pytest.mark.usefixtures("story")
def test_somebody_without_a_role_sees_nothing_and_whom_to_ask(
    client_for: ClientFor, charlie: User
) -> None:
    page = page_for(client_for, charlie)
    assert "There is nothing here for you yet" in page
    assert "Ask an administrator" in page
    assert "Meridian" not in page


def test_before_the_first_scan_the_page_says_what_to_do(client_for: ClientFor, bob: User) -> None:
    page = page_for(client_for, bob)
    assert "The register is empty. Nothing has been scanned yet" in page
    assert "import_access_graph" in page
    assert "Scan now" in page
    assert reverse("vendors:vendor-create") in page
    assert reverse("access:fact-home") in page
    assert "is-done" not in page


def test_what_is_done_before_the_first_scan_is_marked(client_for: ClientFor, bob: User) -> None:
    EnvironmentFactory.create()
    page = page_for(client_for, bob)
    assert page.count("is-done") == 1
    assert "1 vendor is in the register" in page
    assert '<button type="submit" class="btn btn-ink">' in page


def test_before_the_first_scan_an_administrator_is_told_to_invite_somebody(
    client_for: ClientFor, alice: User
) -> None:
    page = page_for(client_for, alice)
    assert "Invite an analyst" in page
    assert reverse("vendors:vendor-create") not in page


def test_before_the_first_scan_a_reader_is_not_offered_a_button(
    client_for: ClientFor, rita: User
) -> None:
    page = page_for(client_for, rita)
    assert "There is nothing here for you yet" in page
    assert "Scan now" not in page


def test_while_the_first_scan_runs_the_page_leads_to_it(client_for: ClientFor, bob: User) -> None:
    run = ScanRunFactory.create(state=RunState.RUNNING, started_at=timezone.now(), percent=40)
    page = page_for(client_for, bob)
    assert "The first scan is running" in page
    assert reverse("access:run-detail", args=[run.pk]) in page


@pytest.mark.usefixtures("story")
def test_only_who_may_start_scans_sees_the_button(
    client_for: ClientFor, bob: User, rita: User
) -> None:
    assert "Scan now" in page_for(client_for, bob)
    assert "Scan now" not in page_for(client_for, rita)


FIGURE = re.compile(r'<a[^>]* href="((?:/reach/|/findings/)[^"#]*)"[^>]*>(.*?)</a>', re.DOTALL)
WORDS = {word: number for number, word in enumerate(ui.WORDS)}


def figures_of(page: str) -> list[tuple[str, int]]:
    """Every link to a list that shows a number or begins with one, and the number."""
    main = page[page.index('<main class="vr-page"') :]
    found = []
    for address, inside in FIGURE.findall(main):
        words = strip_tags(inside).split()
        first = [word.lower() for word in words if word.lower() in WORDS or word.isdigit()]
        if first:
            number = int(first[0]) if first[0].isdigit() else WORDS[first[0]]
            found.append((html.unescape(address), number))
    return found


@pytest.mark.usefixtures("story")
def test_every_figure_leads_to_a_list_with_the_same_figure(
    client_for: ClientFor, bob: User
) -> None:
    client = client_for(bob)
    Finding.objects.filter(rule="RT-01").update(due_on=date(2020, 1, 1))
    figures = figures_of(page_for(client_for, bob))
    assert len(figures) > 12
    assert {"/findings/?due=overdue", "/findings/?owner=nobody", "/findings/"} <= {
        address for address, _ in figures
    }
    assert any("vendor=" in address for address, _ in figures)
    assert any("kind=" in address for address, _ in figures)
    assert any("model=" in address for address, _ in figures)
    for address, figure in figures:
        assert client.get(address).context["page"].paginator.count == figure, address


def test_the_counts_by_kind_add_up_to_all(bob: User, story: Story) -> None:
    page = overview_for(bob)
    assert story.run.counts
    for verdict in VerdictKind:
        cells = [cell for row in page.heat for cell in row.cells if cell.verdict == verdict]
        assert sum(cell.count for cell in cells) == page.counts.of(verdict)
        assert page.counts.of(verdict) == story.run.counts[verdict]


@pytest.mark.usefixtures("story")
def test_what_was_done_lately_is_told_within_scope(
    client_for: ClientFor, bob: User, anna: User, alice: User, corvid: Vendor
) -> None:
    vendors.change_vendor(actor=bob, vendor=corvid, name="Corvid Group")
    other = VendorFactory.create(name="Quill Partners")
    vendors.change_vendor(actor=bob, vendor=other, name="Quill Group")
    told = strip_tags(page_for(client_for, bob))
    assert "Vendor changed: Corvid Group, by Bob" in told
    assert "Vendor changed: Quill Group, by Bob" in told
    assert "Audit log" not in told
    told = page_for(client_for, anna)
    assert "Corvid Group" in told
    assert "Quill Group" not in told
    assert reverse("reports:log-list") in page_for(client_for, alice)


def finished_run(**fields: object) -> ScanRun:
    now = timezone.now()
    drift = {"findings": {"opened": 0, "closed": 0}, "reach": {}, "against": None}
    ready = {"now": now, "started_at": now, "finished_at": now, "counts": COUNTS, "drift": drift}
    return ScanRunFactory.create(state=RunState.FINISHED, **{**ready, **fields})


def test_the_trend_shows_past_scans_to_those_who_see_everything(
    client_for: ClientFor, bob: User
) -> None:
    finished_run()
    assert "vr-trend" not in page_for(client_for, bob)
    finished_run()
    assert "vr-trend" in page_for(client_for, bob)


def test_a_scan_of_long_ago_is_marked_as_old(client_for: ClientFor, bob: User) -> None:
    finished_run()
    assert "is-stale" not in page_for(client_for, bob)
    ScanRun.objects.update(now=timezone.now() - timedelta(days=3))
    assert "is-stale" in page_for(client_for, bob)
    assert "3 days ago" in page_for(client_for, bob)


def test_a_model_that_many_reach_is_drawn_as_lengths(client_for: ClientFor, bob: User) -> None:
    run = finished_run()
    meridian = DeploymentFactory.create(model__name="Meridian")
    for _ in range(MOST_CELLS):
        PairReachFactory.create(deployment=meridian, since=run)
    assert page_for(client_for, bob).count('class="vr-cell is-unsegregated"') == MOST_CELLS
    PairReachFactory.create(deployment=meridian, since=run, verdict=VerdictKind.SEGREGATED)
    page = page_for(client_for, bob)
    assert "vr-cell " not in page
    assert '<b class="vr-num">24</b> unsegregated' in page


def test_an_environment_counts_once_under_its_worst_verdict(bob: User) -> None:
    lab = EnvironmentFactory.create()
    for verdict in (VerdictKind.SEGREGATED, VerdictKind.UNSEGREGATED, None):
        PairReachFactory.create(environment=lab, verdict=verdict)
    counts = verdict_counts(pairs_visible_to(bob))
    assert (counts.unsegregated, counts.undetermined, counts.segregated) == (1, 0, 0)
    assert counts.total == 1


def test_more_rows_take_no_more_queries(client_for: ClientFor, bob: User) -> None:
    run = finished_run()
    client = client_for(bob)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(reverse("overview"))
        return len(caught)

    for _ in range(10):
        PairReachFactory.create(since=run)
    with_ten = queries()
    for _ in range(10):
        PairReachFactory.create(since=run)
    assert PairReach.objects.count() == 20
    assert queries() == with_ten
