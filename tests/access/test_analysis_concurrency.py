"""Scans and people at the same moment: real transactions on several connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import transaction

from apps.access.models import Environment, ScanRun
from apps.access.models.runs import RunReason, RunState
from apps.access.selectors.tables import load_tables
from apps.access.services import analysis
from apps.access.services.analysis import request_scan, scan_now, take_up_scans
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.vendors import services as register
from apps.vendors.models import Vendor
from tests.access.scanning import (
    PATIENCE,
    Stop,
    a_place,
    all_at_once,
    assert_up_to_date,
    meanwhile,
    on_own_connection,
    put,
    scan_is_asked_for,
    sessions_that_scan,
    somebody_waits,
    sound_graph,
    until,
)
from tests.engine.documents import small

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What wakes after a commit is not the matter here."""
    monkeypatch.setattr("apps.core.jobs._send", lambda *_call: None)


# --- requests -------------------------------------------------------------------------------------


def test_a_burst_of_requests_amid_other_writes_makes_one_run(bob: User, alice: User) -> None:
    def change(number: int) -> Callable[[], object]:
        return lambda: a_place(f"place-{number}")

    def enter(number: int) -> Callable[[], object]:
        return lambda: register.create_vendor(actor=bob, key=f"v{number}", kind="partner")  # type: ignore[arg-type] # as a form gives it

    def ask() -> object:
        return request_scan(actor=alice, reason=RunReason.REQUESTED)

    all_at_once(
        *map(change, range(4)),
        *map(enter, range(2)),
        ask,
        ask,
        scan_is_asked_for,
        scan_is_asked_for,
    )
    run = ScanRun.objects.get()
    assert (run.state, run.reason, run.requested_by) == ("queued", "requested", alice)
    assert Environment.objects.count() == 4
    assert Vendor.objects.count() == 2
    assert 1 <= AuditEntry.objects.filter(action="scan.requested").count() <= 2
    call_command("verify_audit_log")


def test_no_request_is_lost_while_workers_scan_and_people_write() -> None:
    put(sound_graph(2, 8))
    writing = [True] * 3

    def write(number: int) -> Callable[[], int]:
        def work() -> int:
            for round_ in range(4):
                a_place(f"place-{number}-{round_}")
            writing.pop()
            return 0

        return work

    def scan() -> int:
        done = 0
        while writing:
            done += take_up_scans()
        return done

    finished = sum(all_at_once(*map(write, range(3)), scan, scan)) + take_up_scans()
    assert finished == ScanRun.objects.count() >= 1
    assert_up_to_date()


def test_a_change_while_a_scan_runs_leads_to_another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Stop(monkeypatch, analysis, "load_tables")
    first = scan_is_asked_for()
    with meanwhile(take_up_scans) as scanning:
        stop.reached()
        a_place("late")
        second = ScanRun.objects.get(state=RunState.QUEUED)
        assert second != first
        stop.go_on()
        assert scanning.result(PATIENCE) == 2
    assert_up_to_date()
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.inputs_digest != second.inputs_digest


def test_a_change_just_before_the_facts_are_read_is_covered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = Stop(monkeypatch, analysis, "load_tables", before=True)
    run = scan_is_asked_for()
    with meanwhile(take_up_scans):
        stop.reached()
        a_place("just-in-time")
        digest = load_tables().digest()
        stop.go_on()
    run.refresh_from_db()
    assert run.inputs_digest == digest
    assert_up_to_date()


def test_a_scan_waits_for_a_change_that_counts_on_it() -> None:
    """A change that joins the queued scan is in its facts, though it commits later."""
    run = scan_is_asked_for()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            a_place("early")
            scanning = pool.submit(on_own_connection(take_up_scans))
            until(somebody_waits)
        assert scanning.result(PATIENCE) == 1
    assert ScanRun.objects.get() == run
    assert_up_to_date()


def test_who_asks_while_a_queued_scan_begins_gets_another_one(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Stop(monkeypatch, analysis, "_begin", before=True)
    scan_is_asked_for()
    with meanwhile(take_up_scans) as scanning:
        stop.reached()
        run = request_scan(actor=bob, reason=RunReason.REQUESTED)  # joins it: it has not begun
        stop.go_on()
        assert scanning.result(PATIENCE) == 1
    run.refresh_from_db()
    assert (run.state, run.reason, run.requested_by) == ("finished", "requested", bob)


# --- one at a time --------------------------------------------------------------------------------


def test_while_one_worker_scans_the_other_goes_away_and_its_progress_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = Stop(monkeypatch, analysis, "Answer", before=True)
    run = scan_is_asked_for()
    with meanwhile(take_up_scans) as scanning:
        stop.reached()
        assert take_up_scans() == 0
        run.refresh_from_db()
        assert (run.state, run.attempts) == (RunState.RUNNING, 1)
        assert (run.step, run.percent) == ("Following every route", 30)
        assert sessions_that_scan() == 1
        stop.go_on()
        assert scanning.result(PATIENCE) == 1
    assert sessions_that_scan() == 0


def test_several_workers_at_once_meet_one_request_once() -> None:
    scan_is_asked_for()
    assert sum(all_at_once(*[take_up_scans] * 5)) == 1
    assert ScanRun.objects.get().attempts == 1


def test_a_request_that_comes_when_the_worker_has_just_looked_is_met(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []
    look = analysis._next_run

    def looking() -> ScanRun | None:
        run = look()
        if run is None and not looks:
            looks.append(1)
            with meanwhile(scan_is_asked_for), meanwhile(take_up_scans) as other:
                assert other.result(PATIENCE) == 0
        return run

    monkeypatch.setattr(analysis, "_next_run", looking)
    assert take_up_scans() == 1
    assert_up_to_date()


def test_every_step_of_a_scan_is_seen_from_outside_before_it_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(small())
    tell, seen = analysis._progress, []

    def telling(run: ScanRun, step: str, percent: int) -> None:
        tell(run, step, percent)
        with meanwhile(
            ScanRun.objects.filter(pk=run.pk).values_list("state", "percent").get
        ) as job:
            seen.append(job.result(PATIENCE))

    monkeypatch.setattr(analysis, "_progress", telling)
    run = scan_is_asked_for()
    take_up_scans()
    run.refresh_from_db()
    percents = [percent for _state, percent in seen]
    assert {state for state, _percent in seen} == {"running"}
    assert len(percents) >= 4
    assert percents == sorted(set(percents))
    assert (run.state, run.step, run.percent) == ("finished", "", 100)


def test_scanning_at_once_waits_for_the_worker_that_scans(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Stop(monkeypatch, analysis, "load_tables")
    first = scan_is_asked_for()
    with meanwhile(take_up_scans):
        stop.reached()
        with meanwhile(lambda: scan_now(actor=bob)) as mine:
            until(somebody_waits)
            assert ScanRun.objects.get() == first
            stop.go_on()
            run, _answer = mine.result(PATIENCE)
    assert (run.drift or {})["against"] == first.pk
    assert_up_to_date()
