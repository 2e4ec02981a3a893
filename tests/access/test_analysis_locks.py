"""What a scan holds on to: the lock of the one who scans, and the rows that it refers to."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction

from apps.access.models import Environment, PairReach, ScanRun
from apps.access.models.runs import RunState
from apps.access.services import analysis, inventory, reach
from apps.access.services.analysis import scan_now, take_up_scans
from apps.accounts.models import User
from apps.findings.models import Finding
from tests.access.scanning import (
    PATIENCE,
    Stop,
    assert_up_to_date,
    meanwhile,
    on_own_connection,
    put,
    scan_is_asked_for,
    sessions_that_scan,
    somebody_waits,
    sound_graph,
    until,
    value,
)
from tests.engine.documents import HOST, LAB, small

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What wakes after a commit is not the matter here."""
    monkeypatch.setattr("apps.core.jobs._send", lambda *_call: None)


# --- the lock -------------------------------------------------------------------------------------


def test_the_lock_is_given_back_when_a_scan_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "load_tables", lambda: 1 // 0)
    run = scan_is_asked_for()
    assert take_up_scans() == 0
    assert sessions_that_scan() == 0
    run.refresh_from_db()
    assert "ZeroDivisionError" in run.error


def test_the_lock_is_given_back_when_not_even_the_failure_can_be_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> Any:
        raise ZeroDivisionError

    scan_is_asked_for()
    with monkeypatch.context() as patch:
        patch.setattr(analysis, "load_tables", broken)
        patch.setattr(analysis, "_fail", broken)
        with pytest.raises(ZeroDivisionError):
            take_up_scans()
    assert sessions_that_scan() == 0
    with meanwhile(take_up_scans) as other:
        assert other.result(PATIENCE) == 1
    assert_up_to_date()


def test_the_lock_goes_with_each_scan_though_the_connection_stays(bob: User) -> None:
    session = value("SELECT pg_backend_pid()")
    for _ in range(3):
        scan_is_asked_for()
        assert take_up_scans() == 1
        assert sessions_that_scan() == 0
    scan_now(actor=bob)
    assert sessions_that_scan() == 0
    assert value("SELECT pg_backend_pid()") == session


@pytest.mark.parametrize("at_once", ["load_tables", "_store"])
def test_a_worker_that_loses_the_database_leaves_its_run_to_the_next(
    at_once: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(small())
    ScanRun.objects.all().delete()
    run = scan_is_asked_for()
    stop = Stop(monkeypatch, analysis, at_once, before=True)
    with ThreadPoolExecutor(1) as pool:
        scanning = pool.submit(on_own_connection(take_up_scans))
        stop.reached()
        value(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        stop.go_on()
        assert isinstance(scanning.exception(PATIENCE), OperationalError)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.error) == (RunState.RUNNING, 1, "")
    assert sessions_that_scan() == 0
    assert take_up_scans() == 1
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.FINISHED, 2)


# --- facts that go while a scan is stored ---------------------------------------------------------


def put_a_lab() -> Environment:
    """A vendor's sandbox that nothing refers to, and that reaches a deployment by the internet."""
    value = small(
        environments=[{**LAB, "internet_egress": "yes"}, {**HOST, "internet_exposed": "yes"}]
    )
    put(value)
    ScanRun.objects.all().delete()
    return Environment.objects.get(key="lab")


def test_a_scan_waits_for_the_deletion_of_what_it_has_seen_and_finishes() -> None:
    lab = put_a_lab()
    run = scan_is_asked_for()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Environment.objects.filter(pk=lab.pk).delete()
            scanning = pool.submit(on_own_connection(take_up_scans))
            until(somebody_waits)
        assert scanning.result(PATIENCE) == 1
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.FINISHED, "")
    assert not PairReach.objects.exists()
    scan_is_asked_for()
    assert take_up_scans() == 1
    assert not Finding.objects.filter(state="open", environment="lab").exists()


def test_a_scan_waits_for_the_deletion_of_a_vendor_and_keeps_its_findings_to_us() -> None:
    put_a_lab()
    run = scan_is_asked_for()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE access_environment SET vendor_id = NULL")
            cursor.execute("UPDATE access_identity SET vendor_id = NULL")
            cursor.execute("DELETE FROM vendors_vendor")
            scanning = pool.submit(on_own_connection(take_up_scans))
            until(somebody_waits)
        assert scanning.result(PATIENCE) == 1
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.FINISHED, "")
    assert Finding.objects.filter(vendor=None).exists()


def test_who_deletes_what_a_scan_has_just_seen_waits_for_it(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = put_a_lab()
    scan_is_asked_for()
    stop = Stop(monkeypatch, reach, "replace_reach")
    with meanwhile(take_up_scans) as scanning:
        stop.reached()
        with meanwhile(lambda: inventory.delete_environment(actor=bob, environment=lab)):
            until(somebody_waits)
            stop.go_on()
        assert scanning.result(PATIENCE) >= 1
    assert not Environment.objects.filter(key="lab").exists()
    assert not PairReach.objects.exists()
    take_up_scans()
    assert_up_to_date()
    call_command("verify_audit_log")


def test_an_import_while_a_scan_is_stored_waits_for_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_a_lab()
    scan_is_asked_for()
    stop = Stop(monkeypatch, reach, "replace_reach")
    with meanwhile(take_up_scans) as scanning:
        stop.reached()
        put(sound_graph(5, 8))
        stop.go_on()
        assert scanning.result(PATIENCE) == 2
    assert_up_to_date()
