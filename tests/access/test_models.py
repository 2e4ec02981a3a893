"""What the database itself holds of the facts, tried past everything that Python checks."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from apps.access.models import AllowlistEntry, Environment, Exposure, Identity, MemberOf
from apps.engine.values import ExposureKind, IdentityKind
from tests.access.facts import EVERY_KIND, Kind
from tests.database import refused
from tests.factories import access as make
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("factory", "change", "constraint"),
    [
        (make.EnvironmentFactory, "kind = 'cellar'", "environment_kind_known"),
        (make.EnvironmentFactory, "purpose = 'fun'", "environment_purpose_known"),
        (make.EnvironmentFactory, "internet_egress = 'maybe'", "internet_egress_known"),
        (make.EnvironmentFactory, "internet_exposed = ''", "internet_exposed_known"),
        (make.EnvironmentFactory, "managed_endpoints = 'true'", "managed_endpoints_known"),
        (make.EnvironmentFactory, "inventory = 'yes'", "environment_inventory_known"),
        (make.EnvironmentFactory, "status = 'gone'", "environment_status_known"),
        (make.EnvironmentFactory, "key = 'internet'", "environment_key_has_shape"),
        (make.EnvironmentFactory, "key = 'a b'", "environment_key_has_shape"),
        (make.IdentityFactory, "kind = 'robot'", "identity_kind_known"),
        (make.IdentityFactory, "mfa = 'sms'", "identity_mfa_known"),
        (make.IdentityFactory, "status = 'retired'", "identity_status_known"),
        (make.IdentityFactory, "key = '-'", "identity_key_has_shape"),
        (make.CredentialFactory, "kind = 'badge'", "credential_kind_known"),
        (make.CredentialFactory, "key = ''", "credential_key_has_shape"),
        (
            make.CredentialFactory,
            "issued_at = '2026-01-02Z', expires_at = '2026-01-01Z'",
            "expires_at_not_before_issued_at",
        ),
        (make.AIModelFactory, "sensitivity = 'M5'", "aimodel_sensitivity_known"),
        (make.AIModelFactory, "key = 'a,b'", "aimodel_key_has_shape"),
        (make.DeploymentFactory, "purpose = 'corporate'", "deployment_purpose_known"),
        (make.DeploymentFactory, "logging = 'some'", "deployment_logging_known"),
        (make.DeploymentFactory, "log_names_identity = ''", "log_names_identity_known"),
        (make.DeploymentFactory, "key = 'a:b'", "deployment_key_has_shape"),
        (make.AllowlistEntryFactory, "purpose = 'corporate'", "allowlistentry_purpose_known"),
        (make.AllowlistEntryFactory, "key = 'ä'", "allowlistentry_key_has_shape"),
        (make.ExposureFactory, "kind = 'rumour'", "exposure_kind_known"),
        (make.ExposureFactory, "key = 'internet'", "exposure_key_has_shape"),
        (
            make.ExposureFactory,
            "closed_at = seen_at - interval '1 second'",
            "closed_at_not_before_seen_at",
        ),
        (make.DrillFactory, "key = 'a b'", "drill_key_has_shape"),
        (
            make.DrillFactory,
            "confirmed_at = started_at - interval '1 second'",
            "confirmed_at_not_before_started_at",
        ),
        (make.EntersFactory, "requires_approval = 'no?'", "requires_approval_known"),
        (make.ConnectsFactory, "enforces_allowlist = ''", "enforces_allowlist_known"),
        (make.ConnectsFactory, "target_id = origin_id", "connects_has_two_ends"),
        (make.GrantsFactory, "depth = 'deep'", "grants_depth_known"),
        (make.GrantsFactory, "credential_id = NULL", "grants_names_exactly_one"),
        (make.JumpsFactory, "target_id = origin_id", "jumps_has_two_ends"),
        (make.MemberOfFactory, "group_id = identity_id", "memberof_has_two_ends"),
        (make.AdministersFactory, "environment_id = NULL", "administers_names_exactly_one"),
        (make.ExposureTargetFactory, "environment_id = NULL", "exposuretarget_names_exactly_one"),
    ],
)
def test_the_database_refuses(factory: Any, change: str, constraint: str) -> None:
    fact = factory.create()
    sql = f"UPDATE {fact._meta.db_table} SET {change} WHERE id = %s"  # noqa: S608 - from above
    assert refused(sql, fact.pk, by=constraint)


def test_an_end_may_be_the_start() -> None:
    drill = make.DrillFactory.create()
    drill.confirmed_at = drill.started_at
    drill.save()


@pytest.mark.parametrize(
    "factory",
    [
        make.HoldsFactory,
        make.EntersFactory,
        make.MemberOfFactory,
        make.JumpsFactory,
        make.ConnectsFactory,
        lambda: make.ConnectsFactory.create(origin=None),
        make.ConnectsDeploymentFactory,
        make.GrantsFactory,
        lambda: make.GrantsFactory.create(credential=None, identity=make.IdentityFactory.create()),
        make.AdministersFactory,
        make.ExposureTargetFactory,
    ],
)
def test_the_database_holds_each_pair_once(factory: Callable[[], Any]) -> None:
    fact = factory()
    table = fact._meta.db_table
    columns = ", ".join(f.column for f in fact._meta.fields if f.column != "id")
    sql = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE id = %s"  # noqa: S608 - the model's own names
    assert refused(sql, fact.pk, by=f"{table}_once")


# --- what spans two tables -----------------------------------------------------------------------

FITS = "is not of its vendor"
NAMED = "allowlist entries of another vendor name environment"
A_GROUP = "has members and is not a group"


def test_an_entry_cannot_name_the_environment_of_another_vendor() -> None:
    entry = make.AllowlistEntryFactory.create()
    other = make.EnvironmentFactory.create()
    sql = "UPDATE access_allowlistentry SET environment_id = %s WHERE id = %s"
    assert refused(sql, other.pk, entry.pk, by=FITS)


@pytest.mark.parametrize("ours", ["entry", "environment"])
def test_none_is_a_vendor_too_when_an_entry_names_an_environment(ours: str) -> None:
    entry = make.AllowlistEntryFactory.create(
        **({"vendor": None} if ours == "entry" else {}),
    )
    environment = make.EnvironmentFactory.create(
        **({"vendor": None} if ours == "environment" else {}),
    )
    sql = "UPDATE access_allowlistentry SET environment_id = %s WHERE id = %s"
    assert refused(sql, environment.pk, entry.pk, by=FITS)


def test_an_entry_of_another_vendor_cannot_be_inserted() -> None:
    environment = make.EnvironmentFactory.create()
    entry = make.AllowlistEntryFactory.create(vendor=environment.vendor, environment=environment)
    other = VendorFactory.create()
    sql = """
        INSERT INTO access_allowlistentry (key, name, model_id, vendor_id, purpose, environment_id)
        SELECT 'copy', name, model_id, %s, purpose, environment_id
        FROM access_allowlistentry WHERE id = %s
    """
    assert refused(sql, other.pk, entry.pk, by=FITS)


def test_an_environment_cannot_leave_the_vendor_whose_entry_names_it() -> None:
    environment = make.EnvironmentFactory.create()
    make.AllowlistEntryFactory.create(vendor=environment.vendor, environment=environment)
    sql = "UPDATE access_environment SET vendor_id = %s WHERE id = %s"
    assert refused(sql, VendorFactory.create().pk, environment.pk, by=NAMED)
    assert refused(sql, None, environment.pk, by=NAMED)


def test_an_environment_and_its_entry_change_hands_together() -> None:
    environment = make.EnvironmentFactory.create()
    make.AllowlistEntryFactory.create(vendor=environment.vendor, environment=environment)
    buyer = VendorFactory.create()
    with transaction.atomic():
        Environment.objects.filter(pk=environment.pk).update(vendor=buyer)
        AllowlistEntry.objects.update(vendor=buyer)
        connection.check_constraints()
    assert AllowlistEntry.objects.get().vendor == buyer


def test_only_a_group_has_members() -> None:
    member = make.MemberOfFactory.create()
    person = make.IdentityFactory.create()
    sql = "UPDATE access_memberof SET group_id = %s WHERE id = %s"
    assert refused(sql, person.pk, member.pk, by=A_GROUP)
    sql = "INSERT INTO access_memberof (identity_id, group_id) VALUES (%s, %s)"
    assert refused(sql, member.group.pk, person.pk, by=A_GROUP)


def test_a_group_with_members_cannot_become_something_else() -> None:
    member = make.MemberOfFactory.create()
    sql = "UPDATE access_identity SET kind = 'human' WHERE id = %s"
    assert refused(sql, member.group.pk, by=A_GROUP)


def test_a_group_and_its_members_may_go_in_one_transaction() -> None:
    member = make.MemberOfFactory.create()
    with transaction.atomic():
        Identity.objects.filter(pk=member.group.pk).update(kind=IdentityKind.HUMAN)
        MemberOf.objects.filter(pk=member.pk).delete()
        connection.check_constraints()
    member.group.refresh_from_db()
    assert member.group.kind == IdentityKind.HUMAN


def test_an_exposure_names_something() -> None:
    exposure = make.ExposureFactory.create()
    sql = "DELETE FROM access_exposuretarget WHERE exposure_id = %s"
    assert refused(sql, exposure.pk, by="names nothing")
    sql = "INSERT INTO access_exposure (key, name, kind, seen_at) VALUES ('x', 'x', %s, now())"
    assert refused(sql, str(ExposureKind.NAME), by="names nothing")


def test_one_of_two_targets_may_go_and_the_last_with_its_exposure() -> None:
    exposure = make.ExposureFactory.create()
    more = make.ExposureTargetFactory.create(exposure=exposure)
    more.delete()
    connection.check_constraints()
    exposure.delete()
    connection.check_constraints()
    assert not Exposure.objects.exists()


@pytest.mark.parametrize(
    ("referring", "referred"),
    [
        (lambda: make.HoldsFactory.create(), "credential"),
        (lambda: make.HoldsFactory.create(), "environment"),
        (lambda: make.EntersFactory.create(), "identity"),
        (lambda: make.MemberOfFactory.create(), "group"),
        (lambda: make.JumpsFactory.create(), "target"),
        (lambda: make.ConnectsFactory.create(), "origin"),
        (lambda: make.ConnectsDeploymentFactory.create(), "deployment"),
        (lambda: make.GrantsFactory.create(), "deployment"),
        (lambda: make.AdministersFactory.create(), "environment"),
        (lambda: make.ExposureFactory.create().targets.get(), "environment"),
        (lambda: make.DrillFactory.create(), "model"),
        (lambda: make.AllowlistEntryFactory.create(), "vendor"),
        (lambda: make.CredentialFactory.create(), "identity"),
        (lambda: make.DeploymentFactory.create(), "model"),
    ],
)
def test_the_database_keeps_what_is_referred_to(
    referring: Callable[[], Any], referred: str
) -> None:
    fact = referring()
    other = getattr(fact, referred)
    sql = f"DELETE FROM {other._meta.db_table} WHERE id = %s"  # noqa: S608 - the model's own name
    assert refused(sql, other.pk, by=fact._meta.db_table)


# --- words ---------------------------------------------------------------------------------------


def test_a_relation_reads_as_a_hop_between_two_keys() -> None:
    identity = make.IdentityFactory.create(key="kay")
    deployment = make.DeploymentFactory.create(key="d-1")
    grants = make.GrantsFactory.create(credential=None, identity=identity, deployment=deployment)
    assert str(grants) == "kay → d-1"
    assert str(make.ConnectsFactory.create(origin=None, target__key="lab")) == "internet → lab"


@pytest.mark.parametrize("kind", EVERY_KIND, ids=lambda kind: kind.noun)
def test_a_stored_fact_is_one_that_the_model_accepts(kind: Kind) -> None:
    fact = kind.made(VendorFactory.create())
    fact.refresh_from_db()
    fact.full_clean()
    assert fact.first_seen == fact.last_seen
