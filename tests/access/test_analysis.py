"""Scans: who may ask for one, and what a run stores."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.access.models import Holds, PairReach, ReachChange, ScanRun
from apps.access.models.runs import RunReason, RunState
from apps.access.selectors.tables import load_tables
from apps.access.services import analysis
from apps.access.services.analysis import request_scan, scan_now, take_up_scans
from apps.accounts import policy
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import NotAllowedError
from apps.engine.analysis import Answer, analyse
from apps.engine.scan_document import scan_document
from apps.engine.thresholds import RULESET
from apps.findings.models import Finding, FindingEvent
from tests.access.interchange import at
from tests.access.scanning import put, sound_graph
from tests.engine.graphs import NOW
from tests.factories.access import ScanRunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _imports_happen_then(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, NOW)


def scan(now: datetime = NOW) -> ScanRun:
    """Scan what is stored, as the system does."""
    run, _answer = scan_now(actor=policy.system_actor(), now=now)
    return run


def actions() -> list[str]:
    return [entry.action for entry in AuditEntry.objects.order_by("number")]


# --- asking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["alice", "bob", "anna", "ida"])
def test_those_whose_role_says_so_may_ask_for_a_scan(
    who: str, request: pytest.FixtureRequest
) -> None:
    user: User = request.getfixturevalue(who)
    run = request_scan(actor=user, reason=RunReason.REQUESTED)
    assert (run.state, run.reason, run.requested_by) == ("queued", "requested", user)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.target_id) == ("scan.requested", user, str(run.pk))
    assert entry.data == {"reason": "requested"}


@pytest.mark.parametrize("who", ["rita", "mona", "cora", "otto", "rosa", "vera", "charlie"])
def test_nobody_else_may_start_a_scan(who: str, request: pytest.FixtureRequest) -> None:
    user: User = request.getfixturevalue(who)
    for ask in (
        lambda: request_scan(actor=user, reason=RunReason.REQUESTED),
        lambda: scan_now(actor=user),
    ):
        with pytest.raises(NotAllowedError):
            ask()
    assert not ScanRun.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_change_of_the_facts_asks_in_the_name_of_whoever_made_it(rita: User) -> None:
    run = request_scan(actor=rita, reason=RunReason.FACTS_CHANGED)
    assert (run.reason, run.requested_by) == ("facts_changed", rita)


def test_a_burst_of_requests_makes_one_run_and_one_entry(bob: User) -> None:
    runs = {request_scan(actor=bob, reason=RunReason.FACTS_CHANGED).pk for _ in range(5)}
    assert len(runs) == 1
    assert actions() == ["scan.requested"]


def test_who_asks_for_a_queued_scan_need_not_wait_for_more_changes(bob: User, alice: User) -> None:
    queued = request_scan(actor=bob, reason=RunReason.FACTS_CHANGED)
    assert request_scan(actor=alice, reason=RunReason.REQUESTED) == queued
    queued.refresh_from_db()
    assert (queued.reason, queued.requested_by) == ("requested", alice)
    assert actions() == ["scan.requested", "scan.requested"]
    request_scan(actor=bob, reason=RunReason.REQUESTED)
    request_scan(actor=bob, reason=RunReason.SCHEDULE)
    queued.refresh_from_db()
    assert (queued.reason, queued.requested_by) == ("requested", alice)
    assert len(actions()) == 2


def test_a_run_that_works_already_is_not_joined(bob: User) -> None:
    working = ScanRunFactory.create(state="running")
    asked = request_scan(actor=bob, reason=RunReason.FACTS_CHANGED)
    assert asked != working
    assert asked.state == RunState.QUEUED


def test_changes_wait_for_more_changes_and_requests_do_not(
    bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCAN_DEBOUNCE_SECONDS = 60
    sent: list[float] = []
    monkeypatch.setattr(
        analysis, "enqueue", lambda _task, countdown=0.0: sent.append(round(countdown, -1))
    )
    queued = request_scan(actor=bob, reason=RunReason.FACTS_CHANGED)
    at(monkeypatch, queued.requested_at + timedelta(seconds=10))
    assert take_up_scans() == 0
    assert sent == [60, 50]  # whoever comes early comes back when it is due
    at(monkeypatch, queued.requested_at + timedelta(seconds=61))
    assert take_up_scans() == 1
    request_scan(actor=bob, reason=RunReason.FACTS_CHANGED)
    request_scan(actor=bob, reason=RunReason.REQUESTED)
    assert sent[2:] == [60, 0]
    assert take_up_scans() == 1


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_differs_from_that_of_the_database_does_not_hold_up_a_scan(
    hours: int, bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCAN_DEBOUNCE_SECONDS = 3
    monkeypatch.setattr(analysis, "enqueue", lambda *_args, **_kwargs: None)
    queued = request_scan(actor=bob, reason=RunReason.FACTS_CHANGED)
    at(monkeypatch, queued.requested_at + timedelta(hours=hours))
    assert take_up_scans() == 1


# --- what a run stores ----------------------------------------------------------------------------


def test_a_finished_run_says_what_was_analysed_and_what_came_of_it(bob: User) -> None:
    graph = sound_graph(5, 12)
    put(graph)
    run, answer = scan_now(actor=bob, now=NOW)
    document = "".join(scan_document(analyse(graph, NOW)))
    assert "".join(scan_document(answer)) == document
    assert (run.state, run.reason, run.requested_by) == ("finished", "requested", bob)
    assert (run.now, run.ruleset, run.attempts) == (NOW, RULESET, 1)
    assert (run.step, run.percent, run.error) == ("", 100, "")
    assert run.requested_at
    assert run.started_at
    assert run.finished_at
    assert run.inputs_digest == load_tables().digest()
    assert run.result_digest == hashlib.sha256(document.encode()).hexdigest()
    assert run.counts == answer.counts._asdict()
    found, pairs = list(answer.findings()), list(answer.pairs())
    assert len(found) > 20
    assert len(pairs) > 10
    assert run.drift == {
        "against": None,
        "findings": nothing("opened", "reopened", "kept", "closed", "not_seen", "changed")
        | {"opened": len(found)},
        "reach": nothing("gained", "lost", "regraded", "not_seen") | {"gained": len(pairs)},
    }


def nothing(*names: str) -> dict[str, int]:
    return dict.fromkeys(names, 0)


def test_a_run_leaves_one_entry_when_it_is_asked_for_and_one_when_it_is_done(bob: User) -> None:
    put(sound_graph(3, 8))
    before = AuditEntry.objects.count()
    run, _answer = scan_now(actor=bob, now=NOW)
    requested, finished = AuditEntry.objects.order_by("number")[before:]
    assert (requested.action, requested.actor) == ("scan.requested", bob)
    assert (finished.action, finished.actor) == ("scan.finished", policy.system_actor())
    assert requested.target_id == finished.target_id == str(run.pk)
    assert finished.data == {
        "inputs_digest": run.inputs_digest,
        "result_digest": run.result_digest,
        "ruleset": run.ruleset,
        "counts": run.counts,
        "drift": run.drift,
    }


def test_the_same_facts_scanned_twice_give_the_same_digests_and_no_events() -> None:
    put(sound_graph(4, 14))
    first = scan()
    stored = rows(), list(Finding.objects.values()), FindingEvent.objects.count()
    second = scan()
    assert second.pk != first.pk
    assert second.inputs_digest == first.inputs_digest
    assert second.result_digest == first.result_digest
    assert (rows(), list(Finding.objects.values()), FindingEvent.objects.count()) == stored
    assert second.drift == {
        "against": first.pk,
        "findings": nothing("opened", "reopened", "closed", "not_seen", "changed")
        | {"kept": Finding.objects.count()},
        "reach": nothing("gained", "lost", "regraded", "not_seen"),
    }
    assert not ReachChange.objects.filter(run=second).exists()


def rows() -> list[Any]:
    return list(PairReach.objects.order_by("environment_id", "deployment_id").values())


def test_another_time_is_another_result_of_the_same_inputs() -> None:
    put(sound_graph(4, 14))
    first, later = scan(), scan(NOW + timedelta(days=400))
    assert later.inputs_digest == first.inputs_digest
    assert later.result_digest != first.result_digest


def test_another_fact_is_another_input() -> None:
    put(sound_graph(4, 14))
    first = scan()
    Holds.objects.first().delete()  # type: ignore[union-attr] # there is one
    assert scan().inputs_digest != first.inputs_digest


def test_an_empty_register_has_a_scan_too() -> None:
    run = scan()
    assert run.state == RunState.FINISHED
    assert run.counts == dict.fromkeys(Answer(load_tables(), NOW).counts._fields, 0)
    assert not Finding.objects.exists()
    assert not PairReach.objects.exists()


def test_a_scan_without_a_time_is_for_when_it_starts(bob: User) -> None:
    run, answer = scan_now(actor=bob)
    assert run.now == answer.now == NOW
