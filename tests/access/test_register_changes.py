"""The register stands below the access graph: its changes ask for a scan by way of the log."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from apps.access.models.runs import RunReason, ScanRun
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import InUseError
from apps.engine.values import VendorKind
from apps.vendors import services
from apps.vendors.models import Vendor
from tests.factories.vendors import ContractFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _scans_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """That scans are asked for is the matter here, not that they are made."""
    monkeypatch.setattr("apps.access.services.analysis.enqueue", lambda *_task, **_options: None)


def scans_asked_for() -> list[tuple[str, User | None]]:
    runs = ScanRun.objects.select_related("requested_by")
    return [(run.reason, run.requested_by) for run in runs]


def test_a_new_vendor_asks_for_a_scan_in_the_name_of_whoever_entered_it(
    bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.create_vendor(actor=bob, key="birch", kind=VendorKind.PARTNER)
    assert scans_asked_for() == [(RunReason.FACTS_CHANGED, bob)]


@pytest.mark.parametrize(
    "action",
    [
        "vendor.changed",
        "vendor.offboarded",
        "vendor.deleted",
        "contract.created",
        "contract.changed",
        "contract.deleted",
    ],
)
def test_every_change_of_the_register_asks_for_a_scan(
    action: str, bob: User, corvid: Vendor, django_capture_on_commit_callbacks: Any
) -> None:
    contract = ContractFactory.create()
    writes: dict[str, Callable[[], object]] = {
        "vendor.changed": lambda: services.change_vendor(actor=bob, vendor=corvid, name="New"),
        "vendor.offboarded": lambda: services.offboard_vendor(actor=bob, vendor=corvid),
        "vendor.deleted": lambda: services.delete_vendor(actor=bob, vendor=corvid),
        "contract.created": lambda: services.create_contract(
            actor=bob, key="c-1", vendor=corvid, starts_on=date(2026, 1, 1)
        ),
        "contract.changed": lambda: services.change_contract(
            actor=bob, contract=contract, ends_on=date(2026, 1, 1)
        ),
        "contract.deleted": lambda: services.delete_contract(actor=bob, contract=contract),
    }
    with django_capture_on_commit_callbacks(execute=True):
        writes[action]()
    assert AuditEntry.objects.filter(action=action).count() == 1
    assert scans_asked_for() == [(RunReason.FACTS_CHANGED, bob)]


def test_a_change_that_fails_asks_for_none(
    bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    contract = ContractFactory.create()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(InUseError):
        services.delete_vendor(actor=bob, vendor=contract.vendor)
    assert scans_asked_for() == []
