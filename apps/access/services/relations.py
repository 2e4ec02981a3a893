"""What can be done to relations: each leads from one fact to another, at most once.

Writing one needs the scopes of both its ends; one to or from something of our own organisation
is for those who see all vendors. Its ends are what it is, so they do not change. What each raises,
and what all of them have in common, is said in ``vendors.facts.FactWriter``.
"""

from collections.abc import Iterable, Sequence
from typing import Unpack

from django.db import models

from apps.access.models import (
    Administers,
    Connects,
    Credential,
    Deployment,
    Enters,
    Environment,
    Grants,
    Holds,
    Identity,
    Jumps,
    MemberOf,
)
from apps.access.services.writing import GraphFactWriter
from apps.accounts.models import User
from apps.audit.canonical import JSON
from apps.core.models import Filed
from apps.engine.values import Depth, YesNo
from apps.vendors.facts import FactFields


class EntersFields(FactFields, total=False):
    requires_approval: YesNo


class ConnectsFields(FactFields, total=False):
    deployments: Sequence[Deployment] | None
    enforces_allowlist: YesNo


class GrantsFields(FactFields, total=False):
    depth: Depth


# --- holds ---------------------------------------------------------------------------------------


def create_holds(
    *, actor: User, environment: Environment, credential: Credential, **fields: Unpack[FactFields]
) -> Holds:
    """State that the secret is stored or cached in the environment."""
    return _holds.create(actor, environment=environment, credential=credential, **fields)


def change_holds(*, actor: User, holds: Holds, **changes: Unpack[FactFields]) -> Holds:
    """Change what the relation is called, or where it is known from."""
    return _holds.change(actor, holds, changes)


def delete_holds(*, actor: User, holds: Holds) -> None:
    """State that the environment does not hold the secret any more."""
    _holds.delete(actor, holds)


# --- enters --------------------------------------------------------------------------------------


def create_enters(
    *, actor: User, identity: Identity, environment: Environment, **fields: Unpack[EntersFields]
) -> Enters:
    """State that the identity may log in to the environment."""
    return _enters.create(actor, identity=identity, environment=environment, **fields)


def change_enters(*, actor: User, enters: Enters, **changes: Unpack[EntersFields]) -> Enters:
    """Change whether the login requires approval."""
    return _enters.change(actor, enters, changes)


def delete_enters(*, actor: User, enters: Enters) -> None:
    """State that the identity may not log in there any more."""
    _enters.delete(actor, enters)


# --- member_of -----------------------------------------------------------------------------------


def create_member_of(
    *, actor: User, identity: Identity, group: Identity, **fields: Unpack[FactFields]
) -> MemberOf:
    """State that the identity belongs to the group."""
    return _member_of.create(actor, identity=identity, group=group, **fields)


def change_member_of(
    *, actor: User, member_of: MemberOf, **changes: Unpack[FactFields]
) -> MemberOf:
    """Change what the relation is called, or where it is known from."""
    return _member_of.change(actor, member_of, changes)


def delete_member_of(*, actor: User, member_of: MemberOf) -> None:
    """State that the identity does not belong to the group any more."""
    _member_of.delete(actor, member_of)


# --- jumps ---------------------------------------------------------------------------------------


def create_jumps(
    *, actor: User, origin: Environment, target: Environment, **fields: Unpack[FactFields]
) -> Jumps:
    """State that a session in one environment gives a session in the other."""
    return _jumps.create(actor, origin=origin, target=target, **fields)


def change_jumps(*, actor: User, jumps: Jumps, **changes: Unpack[FactFields]) -> Jumps:
    """Change what the relation is called, or where it is known from."""
    return _jumps.change(actor, jumps, changes)


def delete_jumps(*, actor: User, jumps: Jumps) -> None:
    """State that the one gives no session in the other any more."""
    _jumps.delete(actor, jumps)


# --- connects ------------------------------------------------------------------------------------


def create_connects(
    *,
    actor: User,
    origin: Environment | None,
    target: Environment,
    **fields: Unpack[ConnectsFields],
) -> Connects:
    """State a network path; an origin of none is the internet, no deployments are all of them."""
    return _connects.create(actor, origin=origin, target=target, **fields)


def change_connects(
    *, actor: User, connects: Connects, **changes: Unpack[ConnectsFields]
) -> Connects:
    """Change what a path admits and whether it looks at where the call comes from."""
    return _connects.change(actor, connects, changes)


def delete_connects(*, actor: User, connects: Connects) -> None:
    """State that the path is cut; its list of deployments goes with it."""
    _connects.delete(actor, connects)


# --- grants --------------------------------------------------------------------------------------


def create_grants(
    *,
    actor: User,
    deployment: Deployment,
    credential: Credential | None = None,
    identity: Identity | None = None,
    **fields: Unpack[GrantsFields],
) -> Grants:
    """State that the deployment accepts the credential or the identity: exactly one of them."""
    return _grants.create(
        actor, deployment=deployment, credential=credential, identity=identity, **fields
    )


def change_grants(*, actor: User, grants: Grants, **changes: Unpack[GrantsFields]) -> Grants:
    """Change how deep into the model the grant goes."""
    return _grants.change(actor, grants, changes)


def delete_grants(*, actor: User, grants: Grants) -> None:
    """State that the deployment does not accept it any more."""
    _grants.delete(actor, grants)


# --- administers ---------------------------------------------------------------------------------


def create_administers(
    *,
    actor: User,
    identity: Identity,
    environment: Environment | None = None,
    deployment: Deployment | None = None,
    **fields: Unpack[FactFields],
) -> Administers:
    """State that the identity may create access paths at one environment or one deployment."""
    return _administers.create(
        actor, identity=identity, environment=environment, deployment=deployment, **fields
    )


def change_administers(
    *, actor: User, administers: Administers, **changes: Unpack[FactFields]
) -> Administers:
    """Change what the relation is called, or where it is known from."""
    return _administers.change(actor, administers, changes)


def delete_administers(*, actor: User, administers: Administers) -> None:
    """State that the identity may not create access paths there any more."""
    _administers.delete(actor, administers)


class _ConnectsWriter(GraphFactWriter[Connects]):
    """A connection admits every deployment, or the ones it lists: never none at all."""

    def _items(self, value: object) -> list[Filed]:
        deployments = super()._items(value)
        if value is not None and not deployments:
            sentence = "Name at least one deployment, or leave the list out to admit all of them."
            raise self._invalid({self.listed: [sentence]})
        return deployments

    def _names(self, items: Iterable[models.Model]) -> JSON:
        return super()._names(items) or None


_holds = GraphFactWriter(
    model=Holds,
    noun="holds",
    fixed=("environment", "credential"),
    changeable=FactFields.__annotations__,
)
_enters = GraphFactWriter(
    model=Enters,
    noun="enters",
    fixed=("identity", "environment"),
    changeable=EntersFields.__annotations__,
)
_member_of = GraphFactWriter(
    model=MemberOf,
    noun="member_of",
    fixed=("identity", "group"),
    changeable=FactFields.__annotations__,
)
_jumps = GraphFactWriter(
    model=Jumps,
    noun="jumps",
    fixed=("origin", "target"),
    changeable=FactFields.__annotations__,
)
_connects = _ConnectsWriter(
    model=Connects,
    noun="connects",
    fixed=("origin", "target"),
    changeable=ConnectsFields.__annotations__,
    listed="deployments",
)
_grants = GraphFactWriter(
    model=Grants,
    noun="grants",
    fixed=("credential", "identity", "deployment"),
    changeable=GrantsFields.__annotations__,
)
_administers = GraphFactWriter(
    model=Administers,
    noun="administers",
    fixed=("identity", "environment", "deployment"),
    changeable=FactFields.__annotations__,
)
