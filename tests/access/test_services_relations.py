"""Relations: whose scope decides, and what two ends and a list may be."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.access.models import Connects, ConnectsDeployment
from apps.access.services import relations
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import InvalidError, NotFoundError
from apps.engine.values import IdentityKind, YesNo
from apps.vendors.models import Vendor
from tests.access.conftest import Asked
from tests.factories.access import (
    AdministersFactory,
    ConnectsFactory,
    CredentialFactory,
    DeploymentFactory,
    EntersFactory,
    EnvironmentFactory,
    GrantsFactory,
    HoldsFactory,
    IdentityFactory,
    JumpsFactory,
    MemberOfFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("asked")]

Write = Callable[[User, Any, Any], Any]


def jump(actor: User, one: Any, other: Any) -> Any:
    return relations.create_jumps(actor=actor, origin=one, target=other)


def connect(actor: User, one: Any, other: Any) -> Any:
    return relations.create_connects(actor=actor, origin=one, target=other)


@pytest.mark.parametrize("write", [jump, connect])
@pytest.mark.parametrize("ours", [True, False])
def test_both_ends_must_be_in_scope_whichever_is_hers(
    write: Write, ours: bool, anna: User, corvid: Vendor, asked: Asked
) -> None:
    hers = EnvironmentFactory.create(vendor=corvid)
    other = EnvironmentFactory.create(**({"vendor": None} if ours else {}))
    for ends in ((hers, other), (other, hers)):
        with pytest.raises(NotFoundError):
            write(anna, *ends)
    assert not asked


def test_a_grant_to_our_own_deployment_is_for_those_who_see_all_vendors(
    anna: User, bob: User, corvid: Vendor
) -> None:
    key, ours = CredentialFactory.create(identity__vendor=corvid), DeploymentFactory.create()
    with pytest.raises(NotFoundError):
        relations.create_grants(actor=anna, credential=key, deployment=ours)
    grants = relations.create_grants(actor=bob, credential=key, deployment=ours)
    with pytest.raises(NotFoundError):
        relations.delete_grants(actor=anna, grants=grants)
    assert AuditEntry.objects.get().vendor_id is None


def test_a_scoped_analyst_connects_the_internet_to_what_is_theirs(
    anna: User, corvid: Vendor
) -> None:
    hers = EnvironmentFactory.create(key="lab", vendor=corvid)
    connects = relations.create_connects(actor=anna, origin=None, target=hers)
    assert str(connects) == "internet → lab"
    entry = AuditEntry.objects.get()
    assert (entry.vendor_id, entry.target_name) == (corvid.pk, "internet → lab")
    assert (entry.data["after"]["origin"], entry.data["after"]["target"]) == (None, "lab")
    relations.delete_connects(actor=anna, connects=connects)


def test_a_connection_cannot_list_a_deployment_that_the_actor_cannot_see(
    anna: User, corvid: Vendor
) -> None:
    connects = ConnectsFactory.create(target__vendor=corvid)
    with pytest.raises(NotFoundError):
        relations.change_connects(
            actor=anna, connects=connects, deployments=[DeploymentFactory.create()]
        )


def test_a_connection_admits_what_it_lists_or_everything(bob: User, asked: Asked) -> None:
    one, two = DeploymentFactory.create(key="d-1"), DeploymentFactory.create(key="d-2")
    connects = relations.create_connects(
        actor=bob,
        origin=EnvironmentFactory.create(),
        target=EnvironmentFactory.create(),
        deployments=[two, one],
        enforces_allowlist=YesNo.YES,
    )
    assert AuditEntry.objects.get().data["after"]["deployments"] == ["d-1", "d-2"]
    relations.change_connects(actor=bob, connects=connects, deployments=[one, two])  # the same
    assert len(asked) == 1
    relations.change_connects(actor=bob, connects=connects, deployments=None)
    assert not ConnectsDeployment.objects.exists()
    last = AuditEntry.objects.latest("number")
    assert last.data == {"before": {"deployments": ["d-1", "d-2"]}, "after": {"deployments": None}}


def test_a_connection_that_admits_nothing_is_refused(bob: User) -> None:
    deployment = DeploymentFactory.create()
    connects = ConnectsFactory.create(deployments=[deployment])
    with pytest.raises(InvalidError, match="Name at least one deployment"):
        relations.change_connects(actor=bob, connects=connects, deployments=[])
    with pytest.raises(InvalidError, match="named once only"):
        relations.change_connects(actor=bob, connects=connects, deployments=[deployment] * 2)
    assert list(connects.deployments.all()) == [deployment]


def test_deleting_a_connection_takes_its_list_along(bob: User) -> None:
    connects = ConnectsFactory.create(deployments=[DeploymentFactory.create(key="d-1")])
    relations.delete_connects(actor=bob, connects=connects)
    assert not Connects.objects.exists()
    assert AuditEntry.objects.get().data["before"]["deployments"] == ["d-1"]


@pytest.mark.parametrize("write", [jump, connect])
def test_a_relation_does_not_lead_to_itself(write: Write, bob: User) -> None:
    lab = EnvironmentFactory.create()
    with pytest.raises(InvalidError, match="not to itself"):
        write(bob, lab, lab)
    group = IdentityFactory.create(kind=IdentityKind.GROUP)
    with pytest.raises(InvalidError, match="not to itself"):
        relations.create_member_of(actor=bob, identity=group, group=group)


def test_a_member_belongs_to_a_group(bob: User) -> None:
    person = IdentityFactory.create(key="kay")
    with pytest.raises(InvalidError, match="kay is not a group") as caught:
        relations.create_member_of(actor=bob, identity=IdentityFactory.create(), group=person)
    assert list(caught.value.fields) == ["group"]


def test_a_grant_names_a_credential_or_an_identity(bob: User) -> None:
    deployment = DeploymentFactory.create()
    both: dict[str, Any] = {
        "credential": CredentialFactory.create(),
        "identity": IdentityFactory.create(),
    }
    for ends in ({}, both):
        with pytest.raises(InvalidError, match="Exactly one of these is named"):
            relations.create_grants(actor=bob, deployment=deployment, **ends)


def test_an_administrator_is_one_of_an_environment_or_a_deployment(bob: User) -> None:
    identity = IdentityFactory.create()
    both: dict[str, Any] = {
        "environment": EnvironmentFactory.create(),
        "deployment": DeploymentFactory.create(),
    }
    for ends in ({}, both):
        with pytest.raises(InvalidError, match="Exactly one of these is named"):
            relations.create_administers(actor=bob, identity=identity, **ends)


def test_each_pair_is_related_once(bob: User, asked: Asked) -> None:
    holds, enters = HoldsFactory.create(), EntersFactory.create()
    member, jumps = MemberOfFactory.create(), JumpsFactory.create()
    connects, internet = ConnectsFactory.create(), ConnectsFactory.create(origin=None)
    grants, administers = GrantsFactory.create(), AdministersFactory.create()
    again: list[Callable[[], object]] = [
        lambda: relations.create_holds(
            actor=bob, environment=holds.environment, credential=holds.credential
        ),
        lambda: relations.create_enters(
            actor=bob, identity=enters.identity, environment=enters.environment
        ),
        lambda: relations.create_member_of(actor=bob, identity=member.identity, group=member.group),
        lambda: jump(bob, jumps.origin, jumps.target),
        lambda: connect(bob, connects.origin, connects.target),
        lambda: connect(bob, None, internet.target),
        lambda: relations.create_grants(
            actor=bob, credential=grants.credential, deployment=grants.deployment
        ),
        lambda: relations.create_administers(
            actor=bob, identity=administers.identity, environment=administers.environment
        ),
    ]
    for write in again:
        with pytest.raises(InvalidError, match="already exists"):
            write()
    assert not asked


def test_the_ends_of_a_relation_do_not_change(bob: User) -> None:
    jumps = JumpsFactory.create()
    with pytest.raises(TypeError, match="target"):
        relations.change_jumps(actor=bob, jumps=jumps, target=jumps.origin)  # type: ignore[call-arg] # the point
