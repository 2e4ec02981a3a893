"""The background tasks of the access graph: what wakes them, and in whose name they ask."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.conf import settings

from apps.access import tasks
from apps.access.apps import FACTS_CHANGED
from apps.access.models import ScanRun
from apps.access.models.runs import RunReason
from apps.access.services import inventory, relations
from apps.access.services.analysis import request_scan
from apps.accounts import policy
from apps.accounts.models import User
from apps.audit import services as audit
from apps.audit.models import AuditEntry
from apps.engine.values import EnvironmentKind, Purpose, VendorKind, VendorStatus
from apps.vendors import services as register
from tests.factories.access import CredentialFactory, EnvironmentFactory, ScanRunFactory
from tests.factories.vendors import ContractFactory, VendorFactory

pytestmark = pytest.mark.django_db

Commit = Any  # pytest-django's: runs what waits for the commit


def test_the_task_works_off_what_is_queued_and_left() -> None:
    ScanRunFactory.create(state="running", attempts=1)
    request_scan(actor=policy.system_actor(), reason=RunReason.SCHEDULE)
    tasks.take_up_scans()
    assert [run.state for run in ScanRun.objects.all()] == ["finished", "finished"]
    tasks.take_up_scans()  # a message that comes twice
    assert ScanRun.objects.count() == 2


def test_the_schedule_asks_in_the_name_of_the_system_and_joins_what_is_queued() -> None:
    tasks.scan_on_schedule()
    tasks.scan_on_schedule()
    run = ScanRun.objects.get()
    assert (run.state, run.reason) == ("queued", "schedule")
    assert run.requested_by == policy.system_actor()


def test_the_schedule_names_tasks_that_exist() -> None:
    scheduled = {str(entry["task"]) for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    ours = {name for name in scheduled if name.startswith("apps.access.")}
    assert ours == {
        tasks.take_up_scans.name,
        tasks.scan_on_schedule.name,
        tasks.take_up_imports.name,
        tasks.sweep_imports.name,
    }


# --- changes of the register ----------------------------------------------------------------------


def create_vendor(bob: User) -> str:
    register.create_vendor(actor=bob, key="acme", kind=VendorKind.PARTNER)
    return "vendor.created"


def change_vendor(bob: User) -> str:
    register.change_vendor(actor=bob, vendor=VendorFactory.create(), kind=VendorKind.SUPPLIER)
    return "vendor.changed"


def offboard_vendor(bob: User) -> str:
    register.offboard_vendor(actor=bob, vendor=VendorFactory.create())
    return "vendor.offboarded"


def delete_vendor(bob: User) -> str:
    register.delete_vendor(actor=bob, vendor=VendorFactory.create())
    return "vendor.deleted"


def create_contract(bob: User) -> str:
    register.create_contract(
        actor=bob, key="c", vendor=VendorFactory.create(), starts_on=date(2026, 1, 1)
    )
    return "contract.created"


def change_contract(bob: User) -> str:
    register.change_contract(
        actor=bob, contract=ContractFactory.create(), starts_on=date(2026, 1, 2)
    )
    return "contract.changed"


def reactivate_vendor(bob: User) -> str:
    vendor = VendorFactory.create(status=VendorStatus.OFFBOARDED)
    register.reactivate_vendor(actor=bob, vendor=vendor)
    return "vendor.reactivated"


def delete_contract(bob: User) -> str:
    register.delete_contract(actor=bob, contract=ContractFactory.create())
    return "contract.deleted"


CHANGES = [
    *(create_vendor, change_vendor, offboard_vendor, reactivate_vendor, delete_vendor),
    *(create_contract, change_contract, delete_contract),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_of_the_register_leads_to_a_scan_in_the_name_of_who_made_it(
    change: Callable[[User], str], bob: User, django_capture_on_commit_callbacks: Commit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        action = change(bob)
    assert action in FACTS_CHANGED
    run = ScanRun.objects.get()
    assert (run.reason, run.requested_by, run.state) == ("facts_changed", bob, "finished")
    actions = list(AuditEntry.objects.order_by("number").values_list("action", flat=True))
    assert actions == [action, "scan.requested", "scan.finished"]


def test_every_change_of_the_register_is_listened_to(bob: User) -> None:
    assert {change(bob) for change in CHANGES} == set(FACTS_CHANGED)


def test_a_change_that_nobody_signed_in_made_is_asked_for_by_the_system() -> None:
    entry = audit.record(actor=None, action="vendor.changed")
    tasks.facts_changed(entry_number=entry.number)
    tasks.facts_changed(entry_number=entry.number)  # a message that comes twice
    assert ScanRun.objects.get().requested_by == policy.system_actor()


# --- changes of the graph -------------------------------------------------------------------------


def place(bob: User) -> None:
    inventory.create_environment(
        actor=bob, key="lab", kind=EnvironmentKind.SANDBOX, purpose=Purpose.EVALUATION
    )


def hold(bob: User) -> None:
    relations.create_holds(
        actor=bob, environment=EnvironmentFactory.create(), credential=CredentialFactory.create()
    )


@pytest.mark.parametrize("change", [place, hold], ids=lambda change: change.__name__)
def test_a_change_of_the_graph_leads_to_a_scan_when_it_is_committed(
    change: Callable[[User], None], bob: User, django_capture_on_commit_callbacks: Commit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        change(bob)
        assert ScanRun.objects.get().state == "queued"
    run = ScanRun.objects.get()
    assert (run.reason, run.requested_by, run.state) == ("facts_changed", bob, "finished")


def test_several_changes_in_one_transaction_make_one_scan(
    bob: User, django_capture_on_commit_callbacks: Commit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        place(bob)
        hold(bob)
        create_vendor(bob)
    runs = ScanRun.objects.order_by("id")
    assert runs[0].state == "finished"
    assert 1 <= len(runs) <= 2  # the register asks after the commit, maybe when the first is done
    assert runs[0].inputs_digest == runs[len(runs) - 1].inputs_digest
