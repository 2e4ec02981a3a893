"""Scans that fail or were left: nothing half stored, a sentence why, and the next one goes on."""

from datetime import timedelta
from typing import Any

import pytest

from apps.access.models import PairReach, ReachChange, ScanRun
from apps.access.models.runs import RunReason, RunState
from apps.access.services import analysis
from apps.access.services.analysis import request_scan, scan_now, take_up_scans
from apps.accounts import policy
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError
from apps.engine.analysis import Answer
from apps.findings.models import Finding, FindingEvent
from tests.access.interchange import at
from tests.access.scanning import put, sound_graph, varied
from tests.engine.graphs import NOW
from tests.factories.access import ScanRunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _imports_happen_then(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, NOW)


def scan() -> ScanRun:
    run, _answer = scan_now(actor=policy.system_actor(), now=NOW)
    return run


def actions() -> list[str]:
    return [entry.action for entry in AuditEntry.objects.order_by("number")]


def rows() -> list[Any]:
    return list(PairReach.objects.order_by("environment_id", "deployment_id").values())


def test_a_scan_that_fails_says_where_and_why_and_changes_nothing_else(
    monkeypatch: pytest.MonkeyPatch, bob: User
) -> None:
    put(sound_graph(5, 12))
    first = scan()
    stored = rows(), list(Finding.objects.values()), FindingEvent.objects.count()
    put(varied(sound_graph(5, 12), 9))
    before = AuditEntry.objects.count()

    def broken(_answer: Answer) -> Any:
        yield from list(findings(_answer))[:5]
        raise ValueError("no route\0 for \ud800 you")

    findings = Answer.findings
    with monkeypatch.context() as patch:
        patch.setattr(Answer, "findings", broken)
        with pytest.raises(ConflictError, match=r"Scan .* failed: It stopped at “Proving"):
            scan_now(actor=bob, now=NOW)
    failed = ScanRun.objects.first()
    assert failed
    assert failed.pk != first.pk
    assert failed.state == RunState.FAILED
    assert failed.finished_at
    assert failed.error.endswith("findings” with ValueError: no route for ? you")
    assert (failed.counts, failed.drift, failed.result_digest) == (None, None, "")
    assert (rows(), list(Finding.objects.values()), FindingEvent.objects.count()) == stored
    assert not failed.reach_changes.exists()
    entries = AuditEntry.objects.order_by("number")[before:]
    assert [entry.action for entry in entries] == ["scan.requested", "scan.failed"]
    assert entries[1].data == {"error": failed.error}
    drift = scan().drift
    assert drift
    assert drift["against"] == first.pk
    assert drift["findings"]["opened"] > 0


@pytest.mark.parametrize(
    "step", ["findings.reconcile", "reach.replace_reach", "_digest", "audit.record"]
)
def test_a_failure_in_the_middle_of_storing_leaves_nothing_of_the_run(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sound_graph(5, 12))
    run = request_scan(actor=policy.system_actor(), reason=RunReason.SCHEDULE)
    entries = AuditEntry.objects.count()
    fail_after(monkeypatch, step)
    assert take_up_scans() == 0
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "findings” with RuntimeError: it broke" in run.error
    assert (run.percent, run.result_digest, run.counts) == (65, "", None)
    assert not Finding.objects.exists()
    assert not FindingEvent.objects.exists()
    assert not PairReach.objects.exists()
    assert not ReachChange.objects.exists()
    assert actions()[entries:] == ["scan.failed"]
    monkeypatch.undo()
    request_scan(actor=policy.system_actor(), reason=RunReason.SCHEDULE)
    assert take_up_scans() == 1
    assert Finding.objects.exists()


def fail_after(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Do the step, then break: once."""
    name, _, attribute = step.rpartition(".")
    holder: Any = getattr(analysis, name) if name else analysis
    done = getattr(holder, attribute)
    broken: list[bool] = []

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = done(*args, **kwargs)
        if not broken:
            broken.append(True)
            raise RuntimeError("it broke")
        return result

    monkeypatch.setattr(holder, attribute, wrapped)


def test_what_a_long_error_says_is_cut() -> None:
    shown = analysis._readable(ValueError("many words " * 500))
    assert len(shown) <= 1000
    assert shown.endswith(" …")


# --- runs that were left --------------------------------------------------------------------------


def test_a_run_that_was_left_is_taken_up_before_the_queued_one() -> None:
    left = ScanRunFactory.create(state="running", attempts=1, started_at=NOW)
    queued = request_scan(actor=policy.system_actor(), reason=RunReason.SCHEDULE)
    assert take_up_scans() == 2
    left.refresh_from_db()
    queued.refresh_from_db()
    assert (left.state, left.attempts) == ("finished", 2)
    assert (queued.state, queued.attempts) == ("finished", 1)
    assert (queued.drift or {})["against"] == left.pk


def test_a_run_that_was_left_three_times_is_given_up_and_blocks_nobody() -> None:
    left = ScanRunFactory.create(state="running", attempts=3, started_at=NOW)
    queued = request_scan(actor=policy.system_actor(), reason=RunReason.SCHEDULE)
    assert take_up_scans() == 1
    left.refresh_from_db()
    queued.refresh_from_db()
    assert left.state == RunState.FAILED
    assert left.error == "It was started 3 times, and each time the worker was stopped."
    assert left.finished_at
    assert queued.state == RunState.FINISHED
    assert actions() == ["scan.requested", "scan.failed", "scan.finished"]


def test_scanning_at_once_finishes_first_what_a_killed_worker_left(bob: User) -> None:
    left = ScanRunFactory.create(state="running", attempts=1, started_at=NOW)
    run, _answer = scan_now(actor=bob, now=NOW)
    left.refresh_from_db()
    assert left.state == run.state == RunState.FINISHED
    assert (run.drift or {})["against"] == left.pk


def test_scanning_for_another_time_leaves_the_queued_scan_of_today(bob: User) -> None:
    queued = request_scan(actor=bob, reason=RunReason.FACTS_CHANGED)
    run, _answer = scan_now(actor=bob, now=NOW - timedelta(days=900))
    queued.refresh_from_db()
    assert (run.now, queued.state) == (NOW - timedelta(days=900), RunState.QUEUED)
    assert take_up_scans() == 1
    queued.refresh_from_db()
    assert queued.now == NOW


def test_a_run_that_was_asked_for_with_a_time_keeps_it_when_it_is_taken_up_again() -> None:
    then = NOW - timedelta(days=9)
    left = ScanRunFactory.create(state="running", attempts=1, started_at=NOW, now=then)
    assert take_up_scans() == 1
    left.refresh_from_db()
    assert left.now == then


def test_there_is_nothing_to_do_when_nobody_asked() -> None:
    assert take_up_scans() == 0
    assert not ScanRun.objects.exists()
