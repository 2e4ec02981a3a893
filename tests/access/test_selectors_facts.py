"""Who sees which facts, and in how many queries they are read."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from apps.access.models import AIModel, Credential, Environment, Identity
from apps.access.selectors import evidence, identities, inventory, relations
from apps.accounts.models import User
from apps.engine.values import IdentityKind
from apps.vendors.models import Vendor
from tests.access.facts import EVERY_KIND, OF_A_VENDOR, Kind
from tests.factories.access import (
    AdministersFactory,
    AIModelFactory,
    AllowlistEntryFactory,
    ConnectsFactory,
    CredentialFactory,
    DeploymentFactory,
    DrillFactory,
    EnvironmentFactory,
    ExposureFactory,
    GrantsFactory,
    IdentityFactory,
    JumpsFactory,
)
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db

Selector = Callable[[Any], QuerySet[Any]]

SELECTORS: dict[str, Selector] = {
    "environment": inventory.environments_visible_to,
    "deployment": inventory.deployments_visible_to,
    "allowlist_entry": inventory.allowlist_visible_to,
    "model": inventory.models_visible_to,
    "identity": identities.identities_visible_to,
    "credential": identities.credentials_visible_to,
    "exposure": evidence.exposures_visible_to,
    "drill": evidence.drills_visible_to,
    "holds": relations.holds_visible_to,
    "enters": relations.enters_visible_to,
    "member_of": relations.member_of_visible_to,
    "jumps": relations.jumps_visible_to,
    "connects": relations.connects_visible_to,
    "grants": relations.grants_visible_to,
    "administers": relations.administers_visible_to,
}

every_kind = pytest.mark.parametrize("kind", EVERY_KIND, ids=lambda kind: kind.noun)
of_a_vendor = pytest.mark.parametrize("kind", OF_A_VENDOR, ids=lambda kind: kind.noun)


@every_kind
def test_whoever_has_all_vendors_sees_it(kind: Kind, rita: User, corvid: Vendor) -> None:
    fact = kind.made(corvid)
    assert list(SELECTORS[kind.noun](rita).filter(pk=fact.pk)) == [fact]


@of_a_vendor
def test_a_scoped_analyst_sees_what_is_filed_under_their_vendor_once(
    kind: Kind, anna: User, corvid: Vendor
) -> None:
    hers, other = kind.made(corvid), kind.made(VendorFactory.create())
    assert list(SELECTORS[kind.noun](anna).filter(pk__in=[hers.pk, other.pk])) == [hers]


@every_kind
def test_whoever_is_granted_nothing_sees_none(
    kind: Kind, charlie: User, vera: User, ida: User, corvid: Vendor
) -> None:
    kind.made(corvid)
    for user in (charlie, vera, ida, AnonymousUser()):
        assert list(SELECTORS[kind.noun](user)) == []


def test_an_analyst_without_a_single_vendor_sees_none_of_anything(
    person: Any, corvid: Vendor
) -> None:
    newcomer = person("Nora", "analyst")
    for kind in EVERY_KIND:
        kind.made(corvid)
        assert list(SELECTORS[kind.noun](newcomer)) == []


@every_kind
def test_it_is_read_in_a_constant_number_of_queries(
    kind: Kind, bob: User, corvid: Vendor, django_assert_num_queries: Any
) -> None:
    lists = {"connects": 1, "exposure": 1}
    for _ in range(2):
        for _ in range(3):
            kind.made(corvid)
        with django_assert_num_queries(1 + lists.get(kind.noun, 0)):
            for fact in SELECTORS[kind.noun](bob):
                assert all(owner in (None, corvid.pk) for owner in _vendors_named(fact))


def _vendors_named(fact: Any) -> set[int | None]:
    """What a page reads of each row: the names of what it refers to, and whose they are."""
    found: set[int | None] = {getattr(fact, "vendor_id", None)}
    for field in fact._meta.fields:
        other = getattr(fact, field.name) if field.many_to_one else None
        if isinstance(other, Environment | Identity):
            found.add(other.vendor_id)
        if isinstance(other, Credential):
            found.add(other.identity.vendor_id)
    for target in fact.targets.all() if hasattr(fact, "targets") else ():
        found.add(target.environment.vendor.pk)
    return found


# --- what spans several vendors ------------------------------------------------------------------


def test_facts_of_our_own_are_for_those_who_see_all_vendors(anna: User, bob: User) -> None:
    ours = [
        EnvironmentFactory.create(vendor=None),
        IdentityFactory.create(vendor=None),
        CredentialFactory.create(identity__vendor=None),
        DeploymentFactory.create(),
        AllowlistEntryFactory.create(vendor=None),
    ]
    selectors: list[Selector] = [
        inventory.environments_visible_to,
        identities.identities_visible_to,
        identities.credentials_visible_to,
        inventory.deployments_visible_to,
        inventory.allowlist_visible_to,
    ]
    for fact, selector in zip(ours, selectors, strict=True):
        assert fact in selector(bob)
        assert fact not in selector(anna)


def test_a_scoped_analyst_sees_the_models_that_concern_their_vendor(
    anna: User, corvid: Vendor
) -> None:
    permitted: AIModel = AllowlistEntryFactory.create(vendor=corvid).model
    AllowlistEntryFactory.create(vendor=corvid, model=permitted)  # not twice in the list
    drilled = DrillFactory.create(vendor=corvid).model
    hosted = DeploymentFactory.create(environment__vendor=corvid).model
    AIModelFactory.create()
    AllowlistEntryFactory.create()
    seen = list(inventory.models_visible_to(anna))
    assert sorted(seen, key=lambda model: model.pk) == [permitted, drilled, hosted]


def test_a_relation_is_seen_by_whoever_sees_both_its_ends(anna: User, corvid: Vendor) -> None:
    hers = EnvironmentFactory.create(vendor=corvid)
    key = CredentialFactory.create(identity__vendor=corvid)
    person = IdentityFactory.create(vendor=corvid)
    JumpsFactory.create(origin=hers, target=EnvironmentFactory.create())
    JumpsFactory.create(target=hers, origin=EnvironmentFactory.create(vendor=None))
    GrantsFactory.create(credential=key)  # to a deployment of our own
    GrantsFactory.create(credential=None, identity=person)
    AdministersFactory.create(identity=person, environment=EnvironmentFactory.create())
    AdministersFactory.create(
        identity=person, environment=None, deployment=DeploymentFactory.create()
    )
    assert not relations.jumps_visible_to(anna).exists()
    assert not relations.grants_visible_to(anna).exists()
    assert not relations.administers_visible_to(anna).exists()


def test_a_connection_from_the_internet_is_filed_under_its_target(
    anna: User, corvid: Vendor
) -> None:
    hers = ConnectsFactory.create(origin=None, target__vendor=corvid)
    ConnectsFactory.create(origin=None)
    assert list(relations.connects_visible_to(anna)) == [hers]


def test_either_kind_of_grant_and_of_administrator_is_seen(anna: User, corvid: Vendor) -> None:
    deployment = DeploymentFactory.create(environment__vendor=corvid)
    person = IdentityFactory.create(vendor=corvid, kind=IdentityKind.HUMAN)
    grants = [
        GrantsFactory.create(deployment=deployment, credential__identity__vendor=corvid),
        GrantsFactory.create(deployment=deployment, credential=None, identity=person),
    ]
    administers = [
        AdministersFactory.create(identity=person),
        AdministersFactory.create(identity=person, environment=None, deployment=deployment),
    ]
    assert list(relations.grants_visible_to(anna).order_by("pk")) == grants
    assert list(relations.administers_visible_to(anna).order_by("pk")) == administers


def test_an_exposure_is_seen_by_whoever_sees_all_that_it_names(
    anna: User, bob: User, corvid: Vendor
) -> None:
    hers, key = (
        EnvironmentFactory.create(vendor=corvid),
        CredentialFactory.create(identity__vendor=corvid),
    )
    seen = ExposureFactory.create(targets=[hers, key])
    mixed = ExposureFactory.create(targets=[hers, EnvironmentFactory.create()])
    assert list(evidence.exposures_visible_to(anna)) == [seen]
    assert set(evidence.exposures_visible_to(bob)) == {seen, mixed}
