"""The facts as columns: what the array engine reads, from a graph or straight from a database.

Keyed lists are sorted by key (code point) and refer to each other by row number, -1 for none. Enums
are their position in the enum's definition; times are microseconds since 1970 in UTC, ``NEVER`` for
none; days are days since 1970. Equal graphs give equal tables, and equal digests.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.engine.values import INTERNET, Graph

Ints = NDArray[np.int32]
Codes = NDArray[np.int8]
Times = NDArray[np.int64]
Flags = NDArray[np.bool_]

NEVER = np.iinfo(np.int64).min
"""A time that is not stated."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def codes(enum: type[StrEnum]) -> Mapping[str, int]:
    """The code of each member of an enum: its position."""
    return {str(member): position for position, member in enumerate(enum)}


def code(member: StrEnum) -> int:
    return codes(type(member))[member]


def microseconds(time: datetime | None) -> int:
    """A time as the tables hold it."""
    if time is None:
        return int(NEVER)
    since = time - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def day(value: date | None, default: int) -> int:
    return default if value is None else value.toordinal() - date(1970, 1, 1).toordinal()


NO_END = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Vendors:
    keys: list[str]
    engaged_by: Ints
    status: Codes


@dataclass(frozen=True)
class Environments:
    keys: list[str]
    vendor: Ints
    kind: Codes
    purpose: Codes
    internet_egress: Codes
    internet_exposed: Codes
    managed_endpoints: Codes
    inventory: Codes
    status: Codes


@dataclass(frozen=True)
class Identities:
    keys: list[str]
    vendor: Ints
    kind: Codes
    mfa: Codes
    status: Codes


@dataclass(frozen=True)
class Credentials:
    """``engagements`` counts the distinct engagements that the credential names."""

    keys: list[str]
    identity: Ints
    kind: Codes
    issued_at: Times
    expires_at: Times
    revoked_at: Times
    engagements: Ints
    production_grade: Flags


@dataclass(frozen=True)
class Models:
    keys: list[str]
    sensitivity: Codes


@dataclass(frozen=True)
class Deployments:
    keys: list[str]
    model: Ints
    environment: Ints
    purpose: Codes
    logging: Codes
    log_names_identity: Codes


@dataclass(frozen=True)
class Entries:
    keys: list[str]
    model: Ints
    vendor: Ints
    purpose: Codes
    environment: Ints
    requested_by: Ints
    approved_by: Ints
    approved_at: Times
    expires_at: Times


@dataclass(frozen=True)
class Pairs:
    """A relation without attributes that the analysis reads."""

    origin: Ints
    target: Ints


@dataclass(frozen=True)
class Connections:
    """An origin of -1 is the internet; ``restricted`` ones admit only the deployments listed."""

    origin: Ints
    target: Ints
    enforces: Codes
    restricted: Flags
    admits_connection: Ints
    admits_deployment: Ints


@dataclass(frozen=True)
class GrantPairs:
    origin: Ints
    target: Ints
    depth: Codes


@dataclass(frozen=True)
class Exposures:
    """Targets by kind: pairs of (row of the exposure, row of what it names)."""

    keys: list[str]
    seen_at: Times
    closed_at: Times
    environments: Pairs
    deployments: Pairs
    credentials: Pairs


@dataclass(frozen=True)
class Drills:
    keys: list[str]
    vendor: Ints
    model: Ints
    started_at: Times
    confirmed_at: Times


@dataclass(frozen=True)
class Contracts:
    """``names``: pairs of (row of the contract, row of the sub-contractor)."""

    keys: list[str]
    vendor: Ints
    starts_on: Ints
    ends_on: Ints
    names: Pairs


@dataclass(frozen=True)
class Tables:
    """A whole access graph as columns."""

    vendors: Vendors
    environments: Environments
    identities: Identities
    credentials: Credentials
    models: Models
    deployments: Deployments
    allowlist: Entries
    holds: Pairs
    enters: Pairs
    member_of: Pairs
    jumps: Pairs
    connects: Connections
    credential_grants: GrantPairs
    identity_grants: GrantPairs
    administers_environments: Pairs
    administers_deployments: Pairs
    exposures: Exposures
    drills: Drills
    contracts: Contracts

    def digest(self) -> str:
        """SHA-256 over every column: equal for equal facts, however they were loaded."""
        total = hashlib.sha256()
        _digest(self, total.update)
        return total.hexdigest()


def _digest(table: Any, update: Callable[[bytes], None]) -> None:
    for field in fields(table):
        column = getattr(table, field.name)
        if isinstance(column, list):
            content = "\n".join(column).encode()
        elif isinstance(column, np.ndarray):
            content = np.ascontiguousarray(column).tobytes()
        else:
            update(f"{field.name}\n".encode())
            _digest(column, update)
            continue
        update(f"{field.name} {len(content)}\n".encode())
        update(content)


# --- from a graph ---------------------------------------------------------------------------------


class _Rows:
    """Row numbers by key, for one keyed list in key order."""

    def __init__(self, facts: Iterable[Any]) -> None:
        self.facts = sorted(facts, key=lambda fact: fact.key)
        self.keys: list[str] = [fact.key for fact in self.facts]
        self.row = {key: row for row, key in enumerate(self.keys)}

    def refs(self, name: str, to: "_Rows") -> Ints:
        return to.find([getattr(fact, name) for fact in self.facts])

    def find(self, keys: Iterable[str | None]) -> Ints:
        row = self.row
        return np.array([-1 if key is None else row[key] for key in keys], dtype=np.int32)

    def codes(self, name: str) -> Codes:
        return _codes([getattr(fact, name) for fact in self.facts])

    def times(self, name: str) -> Times:
        return np.array([microseconds(getattr(fact, name)) for fact in self.facts], dtype=np.int64)


def _codes(members: Sequence[StrEnum]) -> Codes:
    return np.array([code(member) for member in members], dtype=np.int8)


def sorted_pairs(origin: Ints, target: Ints) -> Pairs:
    """A relation in its one order: by origin, then target."""
    order = np.lexsort((target, origin))
    return Pairs(origin[order], target[order])


def sorted_grants(origin: Ints, target: Ints, depth: Codes) -> GrantPairs:
    order = np.lexsort((target, origin))
    return GrantPairs(origin[order], target[order], depth[order])


def sorted_connections(
    origin: Ints,
    target: Ints,
    enforces: Codes,
    admits_connection: Ints,
    admits_deployment: Ints,
) -> Connections:
    """Connections in their one order; ``admits_connection`` counts rows of the order given."""
    order = np.lexsort((target, origin))
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    admits = sorted_pairs(place[admits_connection], admits_deployment)
    restricted = np.zeros(len(order), dtype=np.bool_)
    restricted[admits.origin] = True
    return Connections(
        origin[order], target[order], enforces[order], restricted, admits.origin, admits.target
    )


def tables_from_graph(graph: Graph) -> Tables:
    """The columns of a graph whose references resolve."""
    vendors, environments = _Rows(graph.vendors), _Rows(graph.environments)
    identities, credentials = _Rows(graph.identities), _Rows(graph.credentials)
    models, deployments = _Rows(graph.models), _Rows(graph.deployments)

    def pairs(relations: Sequence[Any], origin: _Rows, target: _Rows) -> Pairs:
        return sorted_pairs(
            origin.find([r.from_ for r in relations]), target.find([r.to for r in relations])
        )

    return Tables(
        vendors=Vendors(vendors.keys, vendors.refs("engaged_by", vendors), vendors.codes("status")),
        environments=Environments(
            environments.keys,
            environments.refs("vendor", vendors),
            **{
                f.name: environments.codes(f.name)
                for f in fields(Environments)
                if f.name not in ("keys", "vendor")
            },
        ),
        identities=Identities(
            identities.keys,
            identities.refs("vendor", vendors),
            identities.codes("kind"),
            identities.codes("mfa"),
            identities.codes("status"),
        ),
        credentials=Credentials(
            credentials.keys,
            credentials.refs("identity", identities),
            credentials.codes("kind"),
            credentials.times("issued_at"),
            credentials.times("expires_at"),
            credentials.times("revoked_at"),
            np.array([len(set(c.engagements)) for c in credentials.facts], dtype=np.int32),
            np.array([c.production_grade for c in credentials.facts], dtype=np.bool_),
        ),
        models=Models(models.keys, models.codes("sensitivity")),
        deployments=Deployments(
            deployments.keys,
            deployments.refs("model", models),
            deployments.refs("environment", environments),
            deployments.codes("purpose"),
            deployments.codes("logging"),
            deployments.codes("log_names_identity"),
        ),
        allowlist=_entries(graph, models, vendors, environments, identities),
        holds=pairs(graph.holds, environments, credentials),
        enters=pairs(graph.enters, identities, environments),
        member_of=pairs(graph.member_of, identities, identities),
        jumps=pairs(graph.jumps, environments, environments),
        connects=_connections(graph, environments, deployments),
        credential_grants=_grants(graph, "credential:", credentials, deployments),
        identity_grants=_grants(graph, "identity:", identities, deployments),
        administers_environments=_administers(graph, "environment:", identities, environments),
        administers_deployments=_administers(graph, "deployment:", identities, deployments),
        exposures=_exposures(graph, environments, deployments, credentials),
        drills=_drills(graph, vendors, models),
        contracts=_contracts(graph, vendors),
    )


def _entries(
    graph: Graph, models: _Rows, vendors: _Rows, environments: _Rows, identities: _Rows
) -> Entries:
    entries = _Rows(graph.allowlist)
    return Entries(
        entries.keys,
        entries.refs("model", models),
        entries.refs("vendor", vendors),
        entries.codes("purpose"),
        entries.refs("environment", environments),
        entries.refs("requested_by", identities),
        entries.refs("approved_by", identities),
        entries.times("approved_at"),
        entries.times("expires_at"),
    )


def _connections(graph: Graph, environments: _Rows, deployments: _Rows) -> Connections:
    admits = [
        (row, deployment)
        for row, connection in enumerate(graph.connects)
        for deployment in connection.deployments or ()
    ]
    return sorted_connections(
        environments.find([None if c.from_ == INTERNET else c.from_ for c in graph.connects]),
        environments.find([c.to for c in graph.connects]),
        _codes([c.enforces_allowlist for c in graph.connects]),
        np.array([row for row, _ in admits], dtype=np.int32),
        deployments.find([deployment for _, deployment in admits]),
    )


def _grants(graph: Graph, kind: str, origins: _Rows, deployments: _Rows) -> GrantPairs:
    grants = [g for g in graph.grants if g.from_.startswith(kind)]
    return sorted_grants(
        origins.find([g.from_.removeprefix(kind) for g in grants]),
        deployments.find([g.to for g in grants]),
        _codes([g.depth for g in grants]),
    )


def _administers(graph: Graph, kind: str, identities: _Rows, targets: _Rows) -> Pairs:
    relations = [a for a in graph.administers if a.to.startswith(kind)]
    return sorted_pairs(
        identities.find([a.from_ for a in relations]),
        targets.find([a.to.removeprefix(kind) for a in relations]),
    )


def _exposures(
    graph: Graph, environments: _Rows, deployments: _Rows, credentials: _Rows
) -> Exposures:
    exposures = _Rows(graph.exposures)

    def targets(kind: str, rows: _Rows) -> Pairs:
        named = [
            (row, target.removeprefix(kind))
            for row, exposure in enumerate(exposures.facts)
            for target in exposure.targets
            if target.startswith(kind)
        ]
        return sorted_pairs(
            np.array([row for row, _ in named], dtype=np.int32),
            rows.find([key for _, key in named]),
        )

    return Exposures(
        exposures.keys,
        exposures.times("seen_at"),
        exposures.times("closed_at"),
        targets("environment:", environments),
        targets("deployment:", deployments),
        targets("credential:", credentials),
    )


def _drills(graph: Graph, vendors: _Rows, models: _Rows) -> Drills:
    drills = _Rows(graph.drills)
    return Drills(
        drills.keys,
        drills.refs("vendor", vendors),
        drills.refs("model", models),
        drills.times("started_at"),
        drills.times("confirmed_at"),
    )


def _contracts(graph: Graph, vendors: _Rows) -> Contracts:
    contracts = _Rows(graph.contracts)
    named = [
        (row, vendor)
        for row, contract in enumerate(contracts.facts)
        for vendor in contract.subcontractors
    ]
    return Contracts(
        contracts.keys,
        contracts.refs("vendor", vendors),
        np.array([day(c.starts_on, 0) for c in contracts.facts], dtype=np.int32),
        np.array([day(c.ends_on, NO_END) for c in contracts.facts], dtype=np.int32),
        sorted_pairs(
            np.array([row for row, _ in named], dtype=np.int32),
            vendors.find([vendor for _, vendor in named]),
        ),
    )
