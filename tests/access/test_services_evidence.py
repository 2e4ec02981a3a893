"""Exposures and drills: what each can do beyond being a fact."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.access.models import Exposure, ExposureTarget
from apps.access.services import evidence
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, InvalidError, NotFoundError
from apps.engine.values import ExposureKind
from apps.vendors.models import Vendor
from tests.access.conftest import Asked
from tests.factories.access import (
    CredentialFactory,
    DeploymentFactory,
    DrillFactory,
    EnvironmentFactory,
    ExposureFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("asked")]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_an_exposure_names_environments_deployments_and_credentials(bob: User) -> None:
    targets: list[evidence.Target] = [
        EnvironmentFactory.create(key="lab"),
        DeploymentFactory.create(key="d-1"),
        CredentialFactory.create(key="k-1"),
    ]
    exposure = evidence.create_exposure(
        actor=bob, key="x-1", kind=ExposureKind.DOCUMENT, targets=targets, seen_at=NOON
    )
    rows = exposure.targets.order_by("pk")
    assert [row.environment or row.deployment or row.credential for row in rows] == targets
    after = AuditEntry.objects.get().data["after"]
    assert after["targets"] == ["credential:k-1", "deployment:d-1", "environment:lab"]
    assert after["seen_at"] == "2026-03-01T12:00:00Z"


def test_a_list_of_targets_replaces_the_one_before(bob: User, asked: Asked) -> None:
    old, new = EnvironmentFactory.create(key="old"), EnvironmentFactory.create(key="new")
    exposure = ExposureFactory.create(targets=[old])
    evidence.change_exposure(actor=bob, exposure=exposure, targets=[new])
    assert [row.environment for row in exposure.targets.all()] == [new]
    assert AuditEntry.objects.get().data == {
        "before": {"targets": ["environment:old"]},
        "after": {"targets": ["environment:new"]},
    }
    assert len(asked) == 1


def test_an_exposure_of_nothing_or_of_the_same_twice_is_refused(bob: User) -> None:
    lab = EnvironmentFactory.create()
    exposure = ExposureFactory.create(targets=[lab])
    with pytest.raises(InvalidError, match="names at least one thing"):
        evidence.change_exposure(actor=bob, exposure=exposure, targets=[])
    with pytest.raises(InvalidError, match="named once only"):
        evidence.change_exposure(actor=bob, exposure=exposure, targets=[lab, lab])
    with pytest.raises(InvalidError, match="names at least one thing"):
        evidence.create_exposure(
            actor=bob, key="x-2", kind=ExposureKind.NAME, targets=[], seen_at=NOON
        )
    assert [row.environment for row in exposure.targets.all()] == [lab]


def test_an_exposure_is_written_by_whoever_sees_all_that_it_names(
    anna: User, corvid: Vendor
) -> None:
    hers, other = EnvironmentFactory.create(vendor=corvid), EnvironmentFactory.create()
    with pytest.raises(NotFoundError):
        evidence.create_exposure(
            actor=anna, key="x-1", kind=ExposureKind.NAME, targets=[hers, other], seen_at=NOON
        )
    mixed = ExposureFactory.create(targets=[hers, other])
    with pytest.raises(NotFoundError):
        evidence.change_exposure(actor=anna, exposure=mixed, targets=[hers])
    with pytest.raises(NotFoundError):
        evidence.close_exposure(actor=anna, exposure=mixed)
    with pytest.raises(NotFoundError):
        evidence.delete_exposure(actor=anna, exposure=mixed)
    own = ExposureFactory.create(targets=[hers])
    with pytest.raises(NotFoundError):
        evidence.change_exposure(actor=anna, exposure=own, targets=[hers, other])
    assert evidence.close_exposure(actor=anna, exposure=own).closed_at is not None
    assert AuditEntry.objects.get().vendor_id == corvid.pk


def test_an_exposure_of_several_vendors_is_logged_for_those_who_see_all(bob: User) -> None:
    targets = [EnvironmentFactory.create(), EnvironmentFactory.create()]
    evidence.create_exposure(
        actor=bob, key="x-1", kind=ExposureKind.NAME, targets=targets, seen_at=NOON
    )
    assert AuditEntry.objects.get().vendor_id is None


def test_closing_an_exposure_notes_the_time_and_the_first_time_stands(
    bob: User, asked: Asked
) -> None:
    exposure = ExposureFactory.create(seen_at=NOON)
    evidence.close_exposure(actor=bob, exposure=exposure, at=NOON + HOUR)
    evidence.close_exposure(actor=bob, exposure=exposure)
    exposure.refresh_from_db()
    assert exposure.closed_at == NOON + HOUR
    assert AuditEntry.objects.get().action == "exposure.closed"
    assert len(asked) == 1


def test_an_exposure_is_not_closed_before_it_was_seen(bob: User) -> None:
    exposure = ExposureFactory.create(seen_at=NOON)
    with pytest.raises(InvalidError, match="The end is before the start"):
        evidence.close_exposure(actor=bob, exposure=exposure, at=NOON - HOUR)


def test_deleting_an_exposure_takes_its_targets_along(bob: User) -> None:
    exposure = ExposureFactory.create(targets=[EnvironmentFactory.create(key="lab")])
    evidence.delete_exposure(actor=bob, exposure=exposure)
    assert not Exposure.objects.exists()
    assert not ExposureTarget.objects.exists()
    assert AuditEntry.objects.get().data["before"]["targets"] == ["environment:lab"]


def test_confirming_a_drill_notes_when_and_what_shows_it(bob: User, asked: Asked) -> None:
    drill = DrillFactory.create(started_at=NOON)
    evidence.confirm_drill(actor=bob, drill=drill, evidence="Refused, log 12", at=NOON + HOUR)
    drill.refresh_from_db()
    assert (drill.confirmed_at, drill.evidence) == (NOON + HOUR, "Refused, log 12")
    assert AuditEntry.objects.get().action == "drill.confirmed"
    assert len(asked) == 1


def test_confirming_without_evidence_leaves_what_was_stated(bob: User) -> None:
    drill = DrillFactory.create(evidence="Planned in ticket 4")
    confirmed = evidence.confirm_drill(actor=bob, drill=drill)
    assert confirmed.evidence == "Planned in ticket 4"
    assert confirmed.confirmed_at is not None


def test_a_drill_is_confirmed_once(bob: User, asked: Asked) -> None:
    drill = DrillFactory.create(started_at=NOON, confirmed_at=NOON + HOUR)
    with pytest.raises(ConflictError, match="was confirmed at 2026-03-01 13:00 UTC"):
        evidence.confirm_drill(actor=bob, drill=drill)
    assert not asked


def test_a_drill_is_not_confirmed_before_it_started(bob: User) -> None:
    drill = DrillFactory.create(started_at=NOON)
    with pytest.raises(InvalidError, match="The end is before the start"):
        evidence.confirm_drill(actor=bob, drill=drill, at=NOON - HOUR)


def test_a_scoped_analyst_confirms_only_drills_of_their_vendor(anna: User, corvid: Vendor) -> None:
    evidence.confirm_drill(actor=anna, drill=DrillFactory.create(vendor=corvid))
    with pytest.raises(NotFoundError):
        evidence.confirm_drill(actor=anna, drill=DrillFactory.create())
