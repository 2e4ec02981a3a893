"""Two people write the register at the same moment: real transactions on two connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.core.errors import ConflictError, InUseError, InvalidError
from apps.vendors import services
from apps.vendors.models import Vendor
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20  # seconds, after which a test that hangs fails instead


@pytest.fixture(autouse=True)
def _no_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What wakes after a commit is not the matter here."""
    monkeypatch.setattr("apps.core.jobs._send", lambda *_call: None)


def on_own_connection(work: Callable[[], object]) -> Callable[[], Exception | None]:
    """``work`` as a job of a thread: what it raised, and its connection closed."""

    def job() -> Exception | None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - handed to the test
            return error
        finally:
            connection.close()
        return None

    return job


def test_of_two_changes_that_close_a_cycle_one_is_refused(bob: User) -> None:
    ash, birch = VendorFactory.create(key="ash"), VendorFactory.create(key="birch")
    start = Barrier(2, timeout=PATIENCE)

    def change(vendor: Vendor, engaged_by: Vendor) -> Callable[[], Exception | None]:
        def work() -> None:
            start.wait()
            services.change_vendor(actor=bob, vendor=vendor, engaged_by=engaged_by)

        return on_own_connection(work)

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(change(ash, birch)), pool.submit(change(birch, ash))]
        ends = [job.result(PATIENCE) for job in jobs]
    [refused] = [error for error in ends if error]
    assert isinstance(refused, InvalidError)
    assert "This would close a cycle" in str(refused)
    assert Vendor.objects.filter(engaged_by__isnull=False).count() == 1


def test_a_reference_past_the_services_during_a_deletion_is_refused_at_its_commit(
    bob: User,
) -> None:
    ash = VendorFactory.create(key="ash")
    saved, deleted = Event(), Event()

    def refer() -> None:
        with transaction.atomic():
            Vendor.objects.create(key="birch", name="birch", kind="partner", engaged_by=ash)
            saved.set()
            assert deleted.wait(PATIENCE)

    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(on_own_connection(refer))
        assert saved.wait(PATIENCE)
        services.delete_vendor(actor=bob, vendor=ash)
        deleted.set()
        assert isinstance(job.result(PATIENCE), IntegrityError)
    assert not Vendor.objects.exists()


def test_whoever_refers_to_what_is_being_deleted_is_told_so(bob: User) -> None:
    ash, birch = VendorFactory.create(key="ash"), VendorFactory.create(key="birch")
    refer = on_own_connection(
        lambda: services.change_vendor(actor=bob, vendor=birch, engaged_by=ash)
    )
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Vendor.objects.filter(pk=ash.pk).delete()
            job = pool.submit(refer)
            _wait_until_somebody_waits_for_a_lock()
        assert isinstance(job.result(PATIENCE), ConflictError)
    birch.refresh_from_db()
    assert birch.engaged_by is None


def test_a_deletion_waits_for_a_reference_that_is_being_committed(bob: User) -> None:
    ash = VendorFactory.create(key="ash")
    delete = on_own_connection(lambda: services.delete_vendor(actor=bob, vendor=ash))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Vendor.objects.create(key="birch", name="birch", kind="partner", engaged_by=ash)
            connection.check_constraints()  # as at commit: the reference is locked
            job = pool.submit(delete)
            _wait_until_somebody_waits_for_a_lock()
        error = job.result(PATIENCE)
    assert isinstance(error, InUseError)
    assert error.reasons == ["1 vendor: birch"]


def _wait_until_somebody_waits_for_a_lock() -> None:
    with connection.cursor() as cursor:
        for _ in range(PATIENCE * 100):
            cursor.execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.01)")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            [(waiting,)] = cursor.fetchall()
            if waiting:
                return
    pytest.fail("Nobody waits for a lock.")
