"""The allowlist: requests, permissions, and their end."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.access.services import allowlist
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import InvalidError, NotFoundError
from apps.engine.values import IdentityKind, Purpose
from apps.vendors.models import Vendor
from tests.access.conftest import Asked
from tests.factories.access import (
    AIModelFactory,
    AllowlistEntryFactory,
    EnvironmentFactory,
    IdentityFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("asked")]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_an_entry_without_approval_is_a_request(bob: User, corvid: Vendor) -> None:
    entry = allowlist.create_entry(
        actor=bob,
        key="e-1",
        model=AIModelFactory.create(key="m-1"),
        vendor=corvid,
        purpose=Purpose.EVALUATION,
        requested_by=IdentityFactory.create(key="kay", vendor=corvid),
    )
    assert entry.approved_at is None
    assert AuditEntry.objects.get().data["after"] == {
        "key": "e-1",
        "name": "e-1",
        "source": "declared",
        "model": "m-1",
        "vendor": "corvid",
        "purpose": "evaluation",
        "environment": None,
        "requested_by": "kay",
        "approved_by": None,
        "approved_at": None,
        "expires_at": None,
    }


def test_whoever_approves_is_stated_whether_independent_or_not(bob: User, corvid: Vendor) -> None:
    robot = IdentityFactory.create(vendor=corvid, kind=IdentityKind.SERVICE_ACCOUNT)
    entry = AllowlistEntryFactory.create(vendor=corvid, requested_by=robot, approved_at=None)
    allowlist.change_entry(actor=bob, entry=entry, approved_by=robot, approved_at=NOON)
    entry.refresh_from_db()
    assert entry.approved_by == entry.requested_by == robot


def test_the_environment_of_an_entry_belongs_to_its_vendor(bob: User, corvid: Vendor) -> None:
    entry = AllowlistEntryFactory.create(vendor=corvid)
    for environment in (EnvironmentFactory.create(), EnvironmentFactory.create(vendor=None)):
        with pytest.raises(InvalidError, match="does not belong to the entry's vendor") as caught:
            allowlist.change_entry(actor=bob, entry=entry, environment=environment)
        assert list(caught.value.fields) == ["environment"]
    allowlist.change_entry(
        actor=bob, entry=entry, environment=EnvironmentFactory.create(vendor=corvid)
    )
    with pytest.raises(InvalidError, match="does not belong to the entry's vendor"):
        allowlist.change_entry(actor=bob, entry=entry, vendor=None)


def test_a_scoped_analyst_cannot_name_an_approver_they_cannot_see(
    anna: User, corvid: Vendor
) -> None:
    entry = AllowlistEntryFactory.create(vendor=corvid)
    ours = IdentityFactory.create(vendor=None)
    with pytest.raises(NotFoundError):
        allowlist.change_entry(actor=anna, entry=entry, approved_by=ours)
    entry.refresh_from_db()
    assert entry.approved_by is None


def test_an_entry_that_ends_before_its_approval_is_refused(bob: User) -> None:
    entry = AllowlistEntryFactory.create(approved_at=NOON, expires_at=None)
    with pytest.raises(InvalidError, match="The end is before the start"):
        allowlist.change_entry(actor=bob, entry=entry, expires_at=NOON - HOUR)


@pytest.mark.parametrize(
    ("approved_at", "expires_at", "ended_at"),
    [
        (NOON - HOUR, None, NOON),
        (NOON - HOUR, NOON + HOUR, NOON),
        (NOON - HOUR, NOON - HOUR, NOON - HOUR),  # an earlier end stands
        (NOON + HOUR, None, NOON + HOUR),  # approved as of later: ends as it begins
        (NOON + HOUR, NOON - HOUR, NOON - HOUR),  # a document ended it before it began
        (None, None, NOON),  # a request is withdrawn
    ],
)
def test_ending_an_entry(
    bob: User, approved_at: datetime | None, expires_at: datetime | None, ended_at: datetime
) -> None:
    entry = AllowlistEntryFactory.create(approved_at=approved_at, expires_at=expires_at)
    allowlist.end_entry(actor=bob, entry=entry, at=NOON)
    entry.refresh_from_db()
    assert entry.expires_at == ended_at


def test_ending_an_entry_is_logged_by_its_own_name(bob: User, asked: Asked) -> None:
    entry = AllowlistEntryFactory.create()
    allowlist.end_entry(actor=bob, entry=entry)
    allowlist.end_entry(actor=bob, entry=entry)
    assert AuditEntry.objects.get().action == "allowlist_entry.ended"
    assert len(asked) == 1


def test_a_scoped_analyst_ends_only_what_is_theirs(anna: User, corvid: Vendor) -> None:
    hers, other = AllowlistEntryFactory.create(vendor=corvid), AllowlistEntryFactory.create()
    allowlist.end_entry(actor=anna, entry=hers)
    with pytest.raises(NotFoundError):
        allowlist.end_entry(actor=anna, entry=other)
