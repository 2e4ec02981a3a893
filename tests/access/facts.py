"""Every kind of fact of the access graph: how one is made, written, changed and deleted.

What all kinds have in common is tested once, over this table.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from apps.access.models import AIModel
from apps.access.services import allowlist, evidence, identities, inventory, relations
from apps.accounts.models import User
from apps.core.models import Seen
from apps.engine.values import (
    CredentialKind,
    Depth,
    EnvironmentKind,
    ExposureKind,
    IdentityKind,
    Purpose,
    Sensitivity,
    YesNo,
)
from apps.vendors.models import Vendor
from tests.factories import access as make

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Kind(NamedTuple):
    """``made`` stores one of a vendor's; the others call the service of that name."""

    noun: str
    made: Callable[[Vendor], Seen]
    create: Callable[[User, Vendor], Seen]
    change: Callable[[User, Any], Seen]
    changed: str
    delete: Callable[[User, Any], None]


def known_model(vendor: Vendor) -> AIModel:
    """A model that concerns the vendor, so that who sees the vendor sees the model."""
    return make.AllowlistEntryFactory.create(vendor=vendor).model


def environment(vendor: Vendor) -> Any:
    return make.EnvironmentFactory.create(vendor=vendor)


def identity(vendor: Vendor, kind: IdentityKind = IdentityKind.HUMAN) -> Any:
    return make.IdentityFactory.create(vendor=vendor, kind=kind)


def credential(vendor: Vendor) -> Any:
    return make.CredentialFactory.create(identity__vendor=vendor)


def deployment(vendor: Vendor) -> Any:
    return make.DeploymentFactory.create(environment=environment(vendor))


KEYED = [
    Kind(
        "environment",
        environment,
        lambda actor, vendor: inventory.create_environment(
            actor=actor,
            key="new",
            vendor=vendor,
            kind=EnvironmentKind.CI,
            purpose=Purpose.RESEARCH,
            internet_egress=YesNo.NO,
        ),
        lambda actor, fact: inventory.change_environment(
            actor=actor, environment=fact, internet_exposed=YesNo.YES
        ),
        "internet_exposed",
        lambda actor, fact: inventory.delete_environment(actor=actor, environment=fact),
    ),
    Kind(
        "deployment",
        deployment,
        lambda actor, vendor: inventory.create_deployment(
            actor=actor,
            key="new",
            model=known_model(vendor),
            environment=environment(vendor),
            purpose=Purpose.EVALUATION,
        ),
        lambda actor, fact: inventory.change_deployment(
            actor=actor, deployment=fact, log_names_identity=YesNo.YES
        ),
        "log_names_identity",
        lambda actor, fact: inventory.delete_deployment(actor=actor, deployment=fact),
    ),
    Kind(
        "allowlist_entry",
        lambda vendor: make.AllowlistEntryFactory.create(vendor=vendor),
        lambda actor, vendor: allowlist.create_entry(
            actor=actor,
            key="new",
            vendor=vendor,
            model=known_model(vendor),
            purpose=Purpose.EVALUATION,
            environment=environment(vendor),
        ),
        lambda actor, fact: allowlist.change_entry(
            actor=actor, entry=fact, purpose=Purpose.RESEARCH
        ),
        "purpose",
        lambda actor, fact: allowlist.delete_entry(actor=actor, entry=fact),
    ),
    Kind(
        "identity",
        identity,
        lambda actor, vendor: identities.create_identity(
            actor=actor, key="new", vendor=vendor, kind=IdentityKind.HUMAN
        ),
        lambda actor, fact: identities.change_identity(actor=actor, identity=fact, mfa=YesNo.YES),
        "mfa",
        lambda actor, fact: identities.delete_identity(actor=actor, identity=fact),
    ),
    Kind(
        "credential",
        credential,
        lambda actor, vendor: identities.create_credential(
            actor=actor,
            key="new",
            identity=identity(vendor),
            kind=CredentialKind.API_KEY,
            engagements=["spring test"],
        ),
        lambda actor, fact: identities.change_credential(
            actor=actor, credential=fact, issued_at=LONG_AGO
        ),
        "issued_at",
        lambda actor, fact: identities.delete_credential(actor=actor, credential=fact),
    ),
    Kind(
        "exposure",
        lambda vendor: make.ExposureFactory.create(targets=[environment(vendor)]),
        lambda actor, vendor: evidence.create_exposure(
            actor=actor,
            key="new",
            kind=ExposureKind.NAME,
            targets=[environment(vendor), credential(vendor), deployment(vendor)],
            seen_at=LONG_AGO,
        ),
        lambda actor, fact: evidence.change_exposure(
            actor=actor, exposure=fact, note="Seen in a paste."
        ),
        "note",
        lambda actor, fact: evidence.delete_exposure(actor=actor, exposure=fact),
    ),
    Kind(
        "drill",
        lambda vendor: make.DrillFactory.create(vendor=vendor),
        lambda actor, vendor: evidence.create_drill(
            actor=actor, key="new", vendor=vendor, model=known_model(vendor), started_at=LONG_AGO
        ),
        lambda actor, fact: evidence.change_drill(actor=actor, drill=fact, evidence="Ticket 7"),
        "evidence",
        lambda actor, fact: evidence.delete_drill(actor=actor, drill=fact),
    ),
]

RELATIONS = [
    Kind(
        "holds",
        lambda vendor: make.HoldsFactory.create(environment=environment(vendor)),
        lambda actor, vendor: relations.create_holds(
            actor=actor, environment=environment(vendor), credential=credential(vendor)
        ),
        lambda actor, fact: relations.change_holds(actor=actor, holds=fact, name="In a vault"),
        "name",
        lambda actor, fact: relations.delete_holds(actor=actor, holds=fact),
    ),
    Kind(
        "enters",
        lambda vendor: make.EntersFactory.create(environment=environment(vendor)),
        lambda actor, vendor: relations.create_enters(
            actor=actor, identity=identity(vendor), environment=environment(vendor)
        ),
        lambda actor, fact: relations.change_enters(
            actor=actor, enters=fact, requires_approval=YesNo.YES
        ),
        "requires_approval",
        lambda actor, fact: relations.delete_enters(actor=actor, enters=fact),
    ),
    Kind(
        "member_of",
        lambda vendor: make.MemberOfFactory.create(identity=identity(vendor)),
        lambda actor, vendor: relations.create_member_of(
            actor=actor,
            identity=identity(vendor),
            group=identity(vendor, IdentityKind.GROUP),
        ),
        lambda actor, fact: relations.change_member_of(
            actor=actor, member_of=fact, name="By contract"
        ),
        "name",
        lambda actor, fact: relations.delete_member_of(actor=actor, member_of=fact),
    ),
    Kind(
        "jumps",
        lambda vendor: make.JumpsFactory.create(origin=environment(vendor)),
        lambda actor, vendor: relations.create_jumps(
            actor=actor, origin=environment(vendor), target=environment(vendor)
        ),
        lambda actor, fact: relations.change_jumps(actor=actor, jumps=fact, name="Bastion"),
        "name",
        lambda actor, fact: relations.delete_jumps(actor=actor, jumps=fact),
    ),
    Kind(
        "connects",
        lambda vendor: make.ConnectsFactory.create(target=environment(vendor)),
        lambda actor, vendor: relations.create_connects(
            actor=actor,
            origin=environment(vendor),
            target=environment(vendor),
            deployments=[deployment(vendor)],
        ),
        lambda actor, fact: relations.change_connects(
            actor=actor, connects=fact, enforces_allowlist=YesNo.YES
        ),
        "enforces_allowlist",
        lambda actor, fact: relations.delete_connects(actor=actor, connects=fact),
    ),
    Kind(
        "grants",
        lambda vendor: make.GrantsFactory.create(
            credential=credential(vendor), deployment=deployment(vendor)
        ),
        lambda actor, vendor: relations.create_grants(
            actor=actor, identity=identity(vendor), deployment=deployment(vendor)
        ),
        lambda actor, fact: relations.change_grants(actor=actor, grants=fact, depth=Depth.WEIGHTS),
        "depth",
        lambda actor, fact: relations.delete_grants(actor=actor, grants=fact),
    ),
    Kind(
        "administers",
        lambda vendor: make.AdministersFactory.create(identity=identity(vendor)),
        lambda actor, vendor: relations.create_administers(
            actor=actor, identity=identity(vendor), deployment=deployment(vendor)
        ),
        lambda actor, fact: relations.change_administers(
            actor=actor, administers=fact, name="On call"
        ),
        "name",
        lambda actor, fact: relations.delete_administers(actor=actor, administers=fact),
    ),
]

OUR_OWN = [
    Kind(
        "model",
        lambda _vendor: make.AIModelFactory.create(),
        lambda actor, _vendor: inventory.create_model(
            actor=actor, key="new", sensitivity=Sensitivity.M4
        ),
        lambda actor, fact: inventory.change_model(
            actor=actor, model=fact, sensitivity=Sensitivity.M4
        ),
        "sensitivity",
        lambda actor, fact: inventory.delete_model(actor=actor, model=fact),
    ),
]

OF_A_VENDOR = [*KEYED, *RELATIONS]
EVERY_KIND = [*OF_A_VENDOR, *OUR_OWN]
