"""Scans: the list, a run in each of its states, asking for one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.access.models import ScanRun
from apps.access.models.runs import RunReason, RunState
from apps.access.selectors.runs import changes_of
from apps.accounts.choices import Role
from apps.accounts.models import User
from tests.access.story import Story
from tests.conftest import ClientFor
from tests.factories.access import EnvironmentFactory, ReachChangeFactory, ScanRunFactory

pytestmark = pytest.mark.django_db

Person = Callable[..., User]


def url(run: ScanRun) -> str:
    return reverse("access:run-detail", args=[run.pk])


def shown(client_for: ClientFor, user: User, where: str, **headers: Any) -> str:
    answer = client_for(user).get(where, **headers)
    assert answer.status_code == 200
    return answer.content.decode()


def running() -> ScanRun:
    return ScanRunFactory.create(
        state=RunState.RUNNING, started_at=timezone.now(), percent=40, step="Following every route"
    )


def test_a_running_scan_shows_how_far_it_is_and_asks_again(
    client_for: ClientFor, bob: User
) -> None:
    run = running()
    page = shown(client_for, bob, url(run))
    assert f"Scan {run.pk} is running" in page
    assert "Following every route" in page
    assert 'aria-valuenow="40"' in page
    assert f'hx-get="{url(run)}"' in page
    assert "Look again" in page


def test_htmx_is_given_the_progress_alone(client_for: ClientFor, bob: User) -> None:
    run = running()
    fragment = shown(client_for, bob, url(run), headers={"HX-Request": "true"})
    assert "Following every route" in fragment
    assert "<html" not in fragment


def test_the_progress_varies_by_who_asks_and_is_never_cached(
    client_for: ClientFor, bob: User
) -> None:
    answer = client_for(bob).get(url(running()))
    assert "HX-Request" in answer["Vary"]
    assert "no-store" in answer["Cache-Control"]


def test_when_the_scan_is_done_the_page_loads_itself_anew(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    client = client_for(bob)
    assert "HX-Refresh" not in client.get(url(running()), headers={"HX-Request": "true"})
    done = client.get(url(story.run), headers={"HX-Request": "true"})
    assert done["HX-Refresh"] == "true"
    assert "hx-get" not in done.content.decode()


def test_a_queued_scan_waits(client_for: ClientFor, bob: User) -> None:
    assert "waits for a worker" in shown(client_for, bob, url(ScanRunFactory.create()))


def test_a_failed_scan_says_why_and_that_nothing_changed(client_for: ClientFor, bob: User) -> None:
    run = ScanRunFactory.create(state=RunState.FAILED, error="OperationalError: <no room>")
    page = shown(client_for, bob, url(run))
    assert "failed and changed nothing" in page
    assert "OperationalError: &lt;no room&gt;" in page


def test_a_finished_scan_shows_counts_changes_and_digests(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    page = shown(client_for, bob, url(story.run))
    assert "<b>2 environments</b> without segregation" in page
    assert "<b>17</b>findings proven" in page
    assert "Brightpath laptops" in page
    assert story.run.inputs_digest in page
    assert story.run.result_digest in page


def test_changes_are_counted_by_their_direction(bob: User) -> None:
    run = ScanRunFactory.create(state=RunState.FAILED)
    for before, after, seen in (
        ("none", "usable", True),
        ("usable", "network_only", True),
        ("usable", "none", False),
        ("usable", "usable", True),
    ):
        environment = EnvironmentFactory.create()
        ReachChangeFactory.create(
            run=run, environment=environment.key, before=before, after=after, seen=seen
        )
    changes = changes_of(bob, run)
    assert (changes.gained, changes.lost, changes.not_seen) == (1, 1, 1)
    directions = [change.direction for change in changes.shown]
    assert directions == ["gained", "lost", "not_seen", "verdict"]


def test_figures_of_everybody_are_not_for_a_scoped_person(
    client_for: ClientFor, person: Person, story: Story
) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.evalworks])
    page = shown(client_for, scoped, url(story.run))
    assert f"Scan {story.run.pk} is finished" in page
    assert "findings proven" not in page
    assert "Brightpath" not in page
    listed = shown(client_for, scoped, reverse("access:run-list"))
    assert "Unsegregated" not in listed


def test_a_scan_that_does_not_exist_is_not_found(client_for: ClientFor, bob: User) -> None:
    answer = client_for(bob).get(reverse("access:run-detail", args=[999]))
    assert answer.status_code == 404
    assert "There is no scan 999" in answer.content.decode()


def test_the_list_shows_the_latest_first(client_for: ClientFor, bob: User, story: Story) -> None:
    page = shown(client_for, bob, reverse("access:run-list"))
    first, second = story.run.pk, story.run.pk - 1
    assert page.index(f"Scan {first}</a>") < page.index(f"Scan {second}</a>")


def test_asking_for_a_scan_queues_one_and_shows_it(client_for: ClientFor, bob: User) -> None:
    answer = client_for(bob).post(reverse("access:run-create"))
    run = ScanRun.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == url(run)
    assert run.reason == RunReason.REQUESTED
    assert run.requested_by == bob


def test_a_reader_may_not_ask_for_a_scan(client_for: ClientFor, rita: User) -> None:
    assert client_for(rita).post(reverse("access:run-create")).status_code == 403
    assert not ScanRun.objects.exists()


def test_a_link_cannot_ask_for_a_scan(client_for: ClientFor, bob: User) -> None:
    assert client_for(bob).get(reverse("access:run-create")).status_code == 405


def test_more_runs_take_no_more_queries(client_for: ClientFor, bob: User) -> None:
    client = client_for(bob)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(reverse("access:run-list"))
        return len(caught)

    ScanRunFactory.create_batch(10, state=RunState.FAILED, requested_by=bob)
    with_ten = queries()
    ScanRunFactory.create_batch(10, state=RunState.FAILED, requested_by=bob)
    assert queries() == with_ten
