"""Which facts count at an instant. Everything else is as if it were not there.

The status of a vendor does not make its facts dead: that a route of an offboarded vendor still
works is exactly what must be seen.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from apps.engine.values import (
    INTERNET,
    Administers,
    AllowlistEntry,
    Connects,
    Contract,
    Credential,
    Deployment,
    Enters,
    Environment,
    EnvironmentStatus,
    Exposure,
    Grants,
    Graph,
    Holds,
    Identity,
    IdentityStatus,
    Jumps,
    MemberOf,
)

R = TypeVar("R", Holds, Enters, MemberOf, Jumps, Connects, Grants, Administers)


def has_begun(start: datetime | None, now: datetime) -> bool:
    """No start, or a start that is not ahead."""
    return start is None or start <= now


def runs_on(end: datetime | None, now: datetime) -> bool:
    """No end, or an end that lies ahead."""
    return end is None or end > now


class Live(NamedTuple):
    """The facts that count at ``now``, keyed. ``graph`` holds all of them, dead ones included."""

    graph: Graph
    now: datetime
    environments: dict[str, Environment]
    identities: dict[str, Identity]
    credentials: dict[str, Credential]
    deployments: dict[str, Deployment]
    allowlist: dict[str, AllowlistEntry]
    holds: list[Holds]
    enters: list[Enters]
    member_of: list[MemberOf]
    jumps: list[Jumps]
    connects: list[Connects]
    grants: list[Grants]
    administers: list[Administers]
    exposures: list[Exposure]
    contracts: list[Contract]


def live_facts(graph: Graph, now: datetime) -> Live:
    """Keep what counts at ``now`` (aware)."""
    environments = {e.key: e for e in graph.environments if e.status is EnvironmentStatus.ACTIVE}
    identities = {i.key: i for i in graph.identities if i.status is IdentityStatus.ACTIVE}
    credentials = {
        c.key: c
        for c in graph.credentials
        if c.identity in identities
        and has_begun(c.issued_at, now)
        and runs_on(c.expires_at, now)
        and runs_on(c.revoked_at, now)
    }
    deployments = {d.key: d for d in graph.deployments if d.environment in environments}
    there = (
        {f"environment:{key}" for key in environments}
        | {f"identity:{key}" for key in identities}
        | {f"credential:{key}" for key in credentials}
        | {f"deployment:{key}" for key in deployments}
        | {f"environment:{INTERNET}"}
    )

    def between(relations: Iterable[R], origin: str, target: str) -> list[R]:
        # an empty kind means that the reference carries its own ("credential:KEY")
        return [r for r in relations if origin + r.from_ in there and target + r.to in there]

    return Live(
        graph=graph,
        now=now,
        environments=environments,
        identities=identities,
        credentials=credentials,
        deployments=deployments,
        allowlist={
            a.key: a
            for a in graph.allowlist
            if a.approved_at is not None
            and a.approved_at <= now
            and runs_on(a.expires_at, now)
            and (a.environment is None or a.environment in environments)
        },
        holds=between(graph.holds, "environment:", "credential:"),
        enters=between(graph.enters, "identity:", "environment:"),
        member_of=between(graph.member_of, "identity:", "identity:"),
        jumps=between(graph.jumps, "environment:", "environment:"),
        connects=between(graph.connects, "environment:", "environment:"),
        grants=between(graph.grants, "", "deployment:"),
        administers=between(graph.administers, "identity:", ""),
        exposures=[x for x in graph.exposures if x.seen_at <= now and runs_on(x.closed_at, now)],
        contracts=[c for c in graph.contracts if is_running(c, now)],
    )


def is_running(contract: Contract, now: datetime) -> bool:
    """The contract covers the UTC day of ``now``, both its ends included."""
    today = now.astimezone(UTC).date()
    return contract.starts_on <= today and (contract.ends_on is None or today <= contract.ends_on)
