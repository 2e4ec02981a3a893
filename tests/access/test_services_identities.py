"""Identities and credentials: what each can do beyond being a fact."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.utils import timezone as clock

from apps.access.services import identities
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import InUseError, InvalidError, NotFoundError
from apps.engine.values import CredentialKind, IdentityKind, IdentityStatus
from apps.vendors.models import Vendor
from tests.access.conftest import Asked
from tests.factories.access import (
    AIModelFactory,
    AllowlistEntryFactory,
    CredentialFactory,
    ExposureFactory,
    GrantsFactory,
    HoldsFactory,
    IdentityFactory,
    MemberOfFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("asked")]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_disabling_keeps_the_identity(bob: User, asked: Asked) -> None:
    identity = IdentityFactory.create()
    identities.disable_identity(actor=bob, identity=identity)
    identities.disable_identity(actor=bob, identity=identity)
    identity.refresh_from_db()
    assert identity.status == IdentityStatus.DISABLED
    assert AuditEntry.objects.get().action == "identity.disabled"
    assert len(asked) == 1


def test_what_has_members_stays_a_group(bob: User) -> None:
    group = MemberOfFactory.create().group
    with pytest.raises(InvalidError, match="has 1 member, so it stays a group") as caught:
        identities.change_identity(actor=bob, identity=group, kind=IdentityKind.HUMAN)
    assert list(caught.value.fields) == ["kind"]
    group.refresh_from_db()
    assert group.kind == IdentityKind.GROUP


def test_a_group_without_members_may_become_something_else(bob: User) -> None:
    group = IdentityFactory.create(kind=IdentityKind.GROUP)
    identities.change_identity(actor=bob, identity=group, kind=IdentityKind.SERVICE_ACCOUNT)
    group.refresh_from_db()
    assert group.kind == IdentityKind.SERVICE_ACCOUNT


def test_revoking_notes_the_time_and_the_first_time_stands(bob: User, asked: Asked) -> None:
    credential = CredentialFactory.create()
    before = clock.now()
    revoked = identities.revoke_credential(actor=bob, credential=credential)
    assert revoked.revoked_at is not None
    assert before <= revoked.revoked_at <= clock.now()
    identities.revoke_credential(actor=bob, credential=credential)
    credential.refresh_from_db()
    assert credential.revoked_at == revoked.revoked_at
    assert AuditEntry.objects.get().action == "credential.revoked"
    assert len(asked) == 1


def test_a_revocation_planned_for_later_is_brought_forward(bob: User) -> None:
    credential = CredentialFactory.create(revoked_at=NOON)
    earlier = NOON - timedelta(hours=1)
    identities.revoke_credential(actor=bob, credential=credential, at=earlier)
    credential.refresh_from_db()
    assert credential.revoked_at == earlier
    assert AuditEntry.objects.get().data == {
        "before": {"revoked_at": "2026-03-01T12:00:00Z"},
        "after": {"revoked_at": "2026-03-01T11:00:00Z"},
    }


def test_a_scoped_analyst_revokes_only_what_is_theirs(anna: User, corvid: Vendor) -> None:
    hers, other = CredentialFactory.create(identity__vendor=corvid), CredentialFactory.create()
    identities.revoke_credential(actor=anna, credential=hers)
    with pytest.raises(NotFoundError):
        identities.revoke_credential(actor=anna, credential=other)
    other.refresh_from_db()
    assert other.revoked_at is None


def test_a_credential_does_not_move_to_an_identity_out_of_scope(anna: User, corvid: Vendor) -> None:
    hers = CredentialFactory.create(identity__vendor=corvid)
    for identity in (IdentityFactory.create(), IdentityFactory.create(vendor=None)):
        with pytest.raises(NotFoundError):
            identities.change_credential(actor=anna, credential=hers, identity=identity)


def test_a_credential_that_ends_before_it_was_issued_is_refused(bob: User) -> None:
    credential = CredentialFactory.create(issued_at=NOON)
    with pytest.raises(InvalidError, match="The end is before the start"):
        identities.change_credential(
            actor=bob, credential=credential, expires_at=NOON - timedelta(seconds=1)
        )
    identities.change_credential(actor=bob, credential=credential, expires_at=NOON)


@pytest.mark.parametrize(
    ("time", "sentence"),
    [
        (datetime(2026, 3, 1), "A time needs its zone"),  # noqa: DTZ001 - the point
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9))), "outside of the years"),
    ],
)
def test_a_time_that_is_no_instant_is_refused(bob: User, time: datetime, sentence: str) -> None:
    with pytest.raises(InvalidError, match=sentence) as caught:
        identities.change_credential(
            actor=bob, credential=CredentialFactory.create(), issued_at=time
        )
    assert list(caught.value.fields) == ["issued_at"]


def test_the_same_instant_in_another_zone_is_no_change(bob: User, asked: Asked) -> None:
    credential = CredentialFactory.create(issued_at=NOON)
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    identities.change_credential(actor=bob, credential=credential, issued_at=elsewhere)
    assert not asked


def test_engagements_are_named_once_each_and_logged(bob: User, corvid: Vendor) -> None:
    identity = IdentityFactory.create(vendor=corvid)
    credential = identities.create_credential(
        actor=bob,
        key="k-1",
        identity=identity,
        kind=CredentialKind.API_KEY,
        engagements=["spring", "autumn"],
    )
    assert AuditEntry.objects.get().data["after"]["engagements"] == ["spring", "autumn"]
    with pytest.raises(InvalidError, match="named once only"):
        identities.change_credential(
            actor=bob, credential=credential, engagements=["spring", "spring"]
        )
    with pytest.raises(InvalidError, match="cannot be stored"):
        identities.change_credential(actor=bob, credential=credential, engagements=["nul \0"])


def test_everything_that_refers_to_an_identity_is_listed(bob: User) -> None:
    kay = IdentityFactory.create(key="kay", vendor=None, kind=IdentityKind.GROUP)
    CredentialFactory.create(key="k-1", identity=kay)
    MemberOfFactory.create(identity=kay, group__key="staff")
    MemberOfFactory.create(identity__key="lee", group=kay)
    AllowlistEntryFactory.create(key="e-1", requested_by=kay, approved_by=kay)
    AllowlistEntryFactory.create(key="e-2", approved_by=kay)
    AIModelFactory.create(key="m-1", custodian=kay)
    with pytest.raises(InUseError) as caught:
        identities.delete_identity(actor=bob, identity=kay)
    assert caught.value.reasons == [
        "1 credential: k-1",
        "1 model: m-1",
        "2 allowlist entries: e-1, e-2",
        "2 “member of” relations: kay → staff, lee → kay",
    ]
    assert caught.value.alternative.startswith("Disable it instead")


def test_everything_that_refers_to_a_credential_is_listed(bob: User) -> None:
    credential = CredentialFactory.create(key="k-1")
    HoldsFactory.create(environment__key="lab", credential=credential)
    GrantsFactory.create(credential=credential, deployment__key="d-1")
    ExposureFactory.create(key="x-1", targets=[credential])
    with pytest.raises(InUseError) as caught:
        identities.delete_credential(actor=bob, credential=credential)
    assert caught.value.reasons == [
        "1 exposure that names it: x-1",
        "1 “grants” relation: k-1 → d-1",
        "1 “holds” relation: lab → k-1",
    ]
    assert caught.value.alternative.startswith("Revoke it instead")
