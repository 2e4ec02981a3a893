"""Environments, models and deployments: what each can do beyond being a fact."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access.models import Environment, PairReach
from apps.access.services import inventory
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import InUseError, InvalidError, NotFoundError
from apps.engine.values import EnvironmentKind, EnvironmentStatus, Inventory, Purpose, YesNo
from apps.vendors.models import Vendor
from tests.access.conftest import Asked
from tests.factories.access import (
    AdministersFactory,
    AIModelFactory,
    AllowlistEntryFactory,
    ConnectsFactory,
    DeploymentFactory,
    DrillFactory,
    EntersFactory,
    EnvironmentFactory,
    ExposureFactory,
    GrantsFactory,
    HoldsFactory,
    IdentityFactory,
    JumpsFactory,
    PairReachFactory,
)
from tests.factories.vendors import VendorFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("asked")]


def test_what_is_not_stated_is_unknown(bob: User) -> None:
    environment = inventory.create_environment(
        actor=bob, key="lab", kind=EnvironmentKind.RESEARCH, purpose=Purpose.RESEARCH
    )
    assert environment.vendor is None
    assert AuditEntry.objects.get().data["after"] == {
        "key": "lab",
        "name": "lab",
        "source": "declared",
        "vendor": None,
        "kind": "research",
        "purpose": "research",
        "internet_egress": "unknown",
        "internet_exposed": "unknown",
        "managed_endpoints": "unknown",
        "inventory": "unknown",
        "status": "active",
    }


def test_retiring_keeps_the_environment_and_its_relations(bob: User, asked: Asked) -> None:
    holds = HoldsFactory.create()
    inventory.retire_environment(actor=bob, environment=holds.environment)
    inventory.retire_environment(actor=bob, environment=holds.environment)
    holds.environment.refresh_from_db()
    assert holds.environment.status == EnvironmentStatus.RETIRED
    entry = AuditEntry.objects.get()
    assert entry.action == "environment.retired"
    assert entry.data == {"before": {"status": "active"}, "after": {"status": "retired"}}
    assert len(asked) == 1


def test_a_scoped_analyst_retires_only_what_is_theirs(
    anna: User, corvid: Vendor, asked: Asked
) -> None:
    hers = EnvironmentFactory.create(vendor=corvid)
    inventory.retire_environment(actor=anna, environment=hers)
    for environment in (EnvironmentFactory.create(), EnvironmentFactory.create(vendor=None)):
        with pytest.raises(NotFoundError):
            inventory.retire_environment(actor=anna, environment=environment)
    assert len(asked) == AuditEntry.objects.count() == 1


def test_a_scoped_analyst_cannot_hand_an_environment_out_of_their_scope(
    anna: User, corvid: Vendor
) -> None:
    hers = EnvironmentFactory.create(vendor=corvid)
    for vendor in (VendorFactory.create(), None):
        with pytest.raises(NotFoundError):
            inventory.change_environment(actor=anna, environment=hers, vendor=vendor)
    hers.refresh_from_db()
    assert hers.vendor == corvid


def test_an_environment_changes_hands(bob: User, corvid: Vendor) -> None:
    environment = EnvironmentFactory.create(vendor=corvid)
    inventory.change_environment(actor=bob, environment=environment, vendor=None)
    entry = AuditEntry.objects.get()
    assert entry.data == {"before": {"vendor": "corvid"}, "after": {"vendor": None}}
    assert entry.vendor_id is None  # it concerns two, so it is for those who see both


@pytest.mark.parametrize("from_us", [True, False])
def test_an_environment_stays_with_the_vendor_whose_entries_name_it(
    bob: User, corvid: Vendor, from_us: bool
) -> None:
    environment = EnvironmentFactory.create(key="lab", vendor=None if from_us else corvid)
    AllowlistEntryFactory.create(vendor=environment.vendor, environment=environment)
    with pytest.raises(InvalidError, match="lab is named by 1 allowlist entry of its vendor"):
        inventory.change_environment(
            actor=bob, environment=environment, vendor=corvid if from_us else None
        )
    inventory.change_environment(actor=bob, environment=environment, inventory=Inventory.COMPLETE)


def test_a_yes_no_field_takes_nothing_else(bob: User) -> None:
    environment = EnvironmentFactory.create()
    with pytest.raises(InvalidError) as caught:
        inventory.change_environment(
            actor=bob,
            environment=environment,
            internet_egress="maybe",  # type: ignore[arg-type] # the point
        )
    assert list(caught.value.fields) == ["internet_egress"]
    environment.refresh_from_db()
    assert environment.internet_egress == YesNo.UNKNOWN


def test_only_whoever_sees_a_model_deploys_it(anna: User, corvid: Vendor) -> None:
    host = EnvironmentFactory.create(vendor=corvid)
    unseen, seen = AIModelFactory.create(), AllowlistEntryFactory.create(vendor=corvid).model
    with pytest.raises(NotFoundError):
        inventory.create_deployment(
            actor=anna, key="d-1", model=unseen, environment=host, purpose=Purpose.RESEARCH
        )
    inventory.create_deployment(
        actor=anna, key="d-2", model=seen, environment=host, purpose=Purpose.RESEARCH
    )


def test_a_deployment_is_not_for_corporate_use(bob: User) -> None:
    deployment = DeploymentFactory.create()
    with pytest.raises(InvalidError):
        inventory.change_deployment(actor=bob, deployment=deployment, purpose=Purpose.CORPORATE)


def test_a_custodian_is_an_identity_or_nobody(bob: User) -> None:
    cora = IdentityFactory.create(key="cora", vendor=None)
    model = AIModelFactory.create(custodian=cora)
    inventory.change_model(actor=bob, model=model, custodian=None)
    data = {"before": {"custodian": "cora"}, "after": {"custodian": None}}
    assert AuditEntry.objects.get().data == data


# --- deleting ------------------------------------------------------------------------------------


def test_everything_that_refers_to_an_environment_is_listed(bob: User, asked: Asked) -> None:
    lab = EnvironmentFactory.create(key="lab")
    HoldsFactory.create(environment=lab, credential__key="k-1")
    EntersFactory.create(environment=lab, identity__key="kay")
    JumpsFactory.create(origin=lab, target__key="ci")
    JumpsFactory.create(target=lab, origin__key="desk")
    ConnectsFactory.create(origin=None, target=lab)
    AdministersFactory.create(environment=lab, identity__key="root")
    DeploymentFactory.create(key="d-1", environment=lab)
    AllowlistEntryFactory.create(key="e-1", vendor=lab.vendor, environment=lab)
    ExposureFactory.create(key="x-1", targets=[lab])
    PairReachFactory.create(environment=lab)  # what a scan found is no reason: it goes with it
    with pytest.raises(InUseError) as caught:
        inventory.delete_environment(actor=bob, environment=lab)
    assert caught.value.reasons == [
        "1 allowlist entry: e-1",
        "1 deployment: d-1",
        "1 exposure that names it: x-1",
        "1 “administers” relation: root → lab",
        "1 “connects” relation: internet → lab",
        "1 “enters” relation: kay → lab",
        "1 “holds” relation: lab → k-1",
        "2 “jumps” relations: lab → ci, desk → lab",
    ]
    assert caught.value.alternative == (
        "Retire it instead: it keeps its history and no longer counts in the analysis."
    )
    assert not asked
    assert not AuditEntry.objects.exists()


def test_what_the_last_scan_found_goes_with_the_environment(bob: User) -> None:
    pair = PairReachFactory.create()
    inventory.delete_environment(actor=bob, environment=pair.environment)
    assert not PairReach.objects.exists()
    assert not Environment.objects.filter(pk=pair.environment.pk).exists()


def test_the_reasons_name_only_what_the_actor_may_see(anna: User, corvid: Vendor) -> None:
    lab = EnvironmentFactory.create(key="lab", vendor=corvid)
    JumpsFactory.create(origin=lab, target__key="hers", target__vendor=corvid)
    JumpsFactory.create(origin=lab, target=EnvironmentFactory.create(key="foreign"))
    with pytest.raises(InUseError) as caught:
        inventory.delete_environment(actor=anna, environment=lab)
    assert caught.value.reasons == ["2 “jumps” relations: lab → hers and 1 more"]


def test_the_reasons_cost_the_same_for_one_and_for_many(bob: User) -> None:
    def queries_for(count: int) -> int:
        lab = EnvironmentFactory.create()
        HoldsFactory.create_batch(count, environment=lab)
        JumpsFactory.create_batch(count, origin=lab)
        for _ in range(count):
            ExposureFactory.create(targets=[lab])
        with CaptureQueriesContext(connection) as queries, pytest.raises(InUseError):
            inventory.delete_environment(actor=bob, environment=lab)
        return len(queries)

    assert queries_for(1) == queries_for(8)


def test_everything_that_refers_to_a_deployment_is_listed(bob: User) -> None:
    deployment = DeploymentFactory.create(key="d-1")
    GrantsFactory.create(deployment=deployment, credential__key="k-1")
    connects: Any = ConnectsFactory.create(origin=None, target__key="lab", deployments=[deployment])
    with pytest.raises(InUseError) as caught:
        inventory.delete_deployment(actor=bob, deployment=deployment)
    assert caught.value.reasons == [
        "1 “connects” relation that names it: internet → lab",
        "1 “grants” relation: k-1 → d-1",
    ]
    # Else the connection would admit every deployment, now that its list is empty.
    assert list(connects.deployments.all()) == [deployment]


def test_everything_that_refers_to_a_model_is_listed(bob: User) -> None:
    model = AIModelFactory.create()
    DeploymentFactory.create(key="d-1", model=model)
    DrillFactory.create(key="drill-1", model=model)
    AllowlistEntryFactory.create(key="e-1", model=model)
    with pytest.raises(InUseError) as caught:
        inventory.delete_model(actor=bob, model=model)
    assert caught.value.reasons == [
        "1 allowlist entry: e-1",
        "1 deployment: d-1",
        "1 drill: drill-1",
    ]
