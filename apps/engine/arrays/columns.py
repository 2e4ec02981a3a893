"""Tables from a database: columns in, as PostgreSQL packs them into one value a list.

``LAYOUT`` says which columns of which list are wanted and how each is sent; ``decode`` reads the
bytes of one list; ``tables_from_columns`` turns ids into row numbers. Nothing here talks to a
database.

A list is sent as its rows end to end, each of fixed width and big-endian, none of its values null:
ids and references as 64-bit integers (-1 for none), enums as their code in 16 bits, times as
microseconds since 2000 (``NEVER`` for none), days as days since 2000 (``NO_END`` for none). Keys
come apart, as text, in the order of the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from apps.engine.arrays.tables import (
    NEVER,
    NO_END,
    Codes,
    Connections,
    Contracts,
    Credentials,
    Deployments,
    Drills,
    Entries,
    Environments,
    Exposures,
    Flags,
    GrantPairs,
    Identities,
    Ints,
    Models,
    Pairs,
    Tables,
    Times,
    Vendors,
    sorted_connections,
    sorted_grants,
    sorted_pairs,
)
from apps.engine.values import (
    CredentialKind,
    Depth,
    EnvironmentKind,
    EnvironmentStatus,
    IdentityKind,
    IdentityStatus,
    Inventory,
    Logging,
    Purpose,
    Sensitivity,
    VendorStatus,
    YesNo,
)


class Sent(StrEnum):
    """How a column is sent."""

    ID = "id"
    TIME = "time"
    DAY = "day"
    COUNT = "count"
    FLAG = "flag"


Column = Sent | type[StrEnum]
"""How a column is sent: one of ``Sent``, or an enum by the codes of its members."""

_TYPES = {Sent.ID: ">i8", Sent.TIME: ">i8", Sent.DAY: ">i4", Sent.COUNT: ">i4", Sent.FLAG: "?"}
_ENUM = ">i2"

_KEYED = {"id": Sent.ID}

LAYOUT: Mapping[str, Mapping[str, Column]] = {
    "vendors": _KEYED | {"engaged_by": Sent.ID, "status": VendorStatus},
    "environments": _KEYED
    | {
        "vendor": Sent.ID,
        "kind": EnvironmentKind,
        "purpose": Purpose,
        "internet_egress": YesNo,
        "internet_exposed": YesNo,
        "managed_endpoints": YesNo,
        "inventory": Inventory,
        "status": EnvironmentStatus,
    },
    "identities": _KEYED
    | {"vendor": Sent.ID, "kind": IdentityKind, "mfa": YesNo, "status": IdentityStatus},
    "credentials": _KEYED
    | {
        "identity": Sent.ID,
        "kind": CredentialKind,
        "issued_at": Sent.TIME,
        "expires_at": Sent.TIME,
        "revoked_at": Sent.TIME,
        "engagements": Sent.COUNT,
        "production_grade": Sent.FLAG,
    },
    "models": _KEYED | {"sensitivity": Sensitivity},
    "deployments": _KEYED
    | {
        "model": Sent.ID,
        "environment": Sent.ID,
        "purpose": Purpose,
        "logging": Logging,
        "log_names_identity": YesNo,
    },
    "allowlist": _KEYED
    | {
        "model": Sent.ID,
        "vendor": Sent.ID,
        "purpose": Purpose,
        "environment": Sent.ID,
        "requested_by": Sent.ID,
        "approved_by": Sent.ID,
        "approved_at": Sent.TIME,
        "expires_at": Sent.TIME,
    },
    "exposures": _KEYED | {"seen_at": Sent.TIME, "closed_at": Sent.TIME},
    "drills": _KEYED
    | {"vendor": Sent.ID, "model": Sent.ID, "started_at": Sent.TIME, "confirmed_at": Sent.TIME},
    "contracts": _KEYED | {"vendor": Sent.ID, "starts_on": Sent.DAY, "ends_on": Sent.DAY},
    "holds": {"environment": Sent.ID, "credential": Sent.ID},
    "enters": {"identity": Sent.ID, "environment": Sent.ID},
    "member_of": {"identity": Sent.ID, "group": Sent.ID},
    "jumps": {"origin": Sent.ID, "target": Sent.ID},
    "connects": {
        "id": Sent.ID,
        "origin": Sent.ID,
        "target": Sent.ID,
        "enforces_allowlist": YesNo,
    },
    "connects_deployments": {"connects": Sent.ID, "deployment": Sent.ID},
    "grants": {
        "credential": Sent.ID,
        "identity": Sent.ID,
        "deployment": Sent.ID,
        "depth": Depth,
    },
    "administers": {"identity": Sent.ID, "environment": Sent.ID, "deployment": Sent.ID},
    "exposure_targets": {
        "exposure": Sent.ID,
        "environment": Sent.ID,
        "deployment": Sent.ID,
        "credential": Sent.ID,
    },
    "contract_subcontractors": {"contract": Sent.ID, "vendor": Sent.ID},
}
"""Every list that the analysis reads, column by column, in the order in which they are sent."""

KEYED = tuple(
    name
    for name, columns in LAYOUT.items()
    if columns.items() >= _KEYED.items() and name != "connects"
)
"""The lists that have keys: their rows are sent in key order, and the keys apart."""

_POSTGRES_EPOCH = 946_684_800_000_000
_POSTGRES_EPOCH_DAYS = 10_957


def decode(name: str, data: bytes) -> np.ndarray:
    """The rows of one list as a structured array. Raises ValueError when bytes are missing."""
    row = [
        (column, _TYPES[sent] if isinstance(sent, Sent) else _ENUM)
        for column, sent in LAYOUT[name].items()
    ]
    return np.frombuffer(data, dtype=np.dtype(row))


@dataclass(frozen=True)
class Index:
    """Row numbers by id, for one list whose ids are given in row order."""

    order: np.ndarray
    ids: np.ndarray

    @classmethod
    def of(cls, ids: np.ndarray) -> "Index":
        ids = ids.astype(np.int64)
        order = np.argsort(ids, kind="stable")
        return cls(order, ids[order])

    def rows(self, ids: np.ndarray) -> Ints:
        """The row of each id; -1 stays -1."""
        found = np.searchsorted(self.ids, ids)
        found[found == len(self.ids)] = 0
        rows = self.order[found] if len(self.order) else found
        return np.where(ids < 0, -1, rows).astype(np.int32)


class _Loader:
    """Reads columns of decoded lists in the form that the tables have."""

    def __init__(self, lists: Mapping[str, np.ndarray], keys: Mapping[str, list[str]]) -> None:
        self.lists = lists
        self.keys = keys
        self.index = {name: Index.of(lists[name]["id"]) for name in (*KEYED, "connects")}

    def refs(self, name: str, column: str, to: str) -> Ints:
        return self.index[to].rows(self.lists[name][column].astype(np.int64))

    def codes(self, name: str, column: str) -> Codes:
        return self.lists[name][column].astype(np.int8)

    def times(self, name: str, column: str) -> Times:
        sent = self.lists[name][column].astype(np.int64)
        return np.where(sent == NEVER, NEVER, sent + np.where(sent == NEVER, 0, _POSTGRES_EPOCH))

    def days(self, name: str, column: str) -> Ints:
        sent = self.lists[name][column].astype(np.int64)
        return np.where(sent == NO_END, NO_END, sent + _POSTGRES_EPOCH_DAYS).astype(np.int32)

    def pairs(self, name: str, origin: tuple[str, str], target: tuple[str, str]) -> Pairs:
        """A relation from (column, list) to (column, list); rows with a none end are left out."""
        a, b = self.refs(name, *origin), self.refs(name, *target)
        some = (a >= 0) & (b >= 0)
        return sorted_pairs(a[some], b[some])

    def grants(self, kind: str, to: str) -> GrantPairs:
        origin = self.refs("grants", kind, to)
        some = origin >= 0
        return sorted_grants(
            origin[some],
            self.refs("grants", "deployment", "deployments")[some],
            self.codes("grants", "depth")[some],
        )

    def connections(self) -> Connections:
        return sorted_connections(
            self.refs("connects", "origin", "environments"),
            self.refs("connects", "target", "environments"),
            self.codes("connects", "enforces_allowlist"),
            # ids -> the rows in which the connections were sent
            self.refs("connects_deployments", "connects", "connects"),
            self.refs("connects_deployments", "deployment", "deployments"),
        )

    def flags(self, name: str, column: str) -> Flags:
        return self.lists[name][column].astype(np.bool_)


def tables_from_columns(lists: Mapping[str, np.ndarray], keys: Mapping[str, list[str]]) -> Tables:
    """The tables of decoded lists; ``keys`` of the keyed ones, in the order of their rows.

    Raises ValueError when rows and keys of a list do not go together.
    """
    for name in KEYED:
        if len(lists[name]) != len(keys[name]):
            raise ValueError(f"{name} came as {len(lists[name])} rows and {len(keys[name])} keys")
    load = _Loader(lists, keys)

    def codes(name: str, *columns: str) -> dict[str, Codes]:
        return {column: load.codes(name, column) for column in columns}

    def times(name: str, *columns: str) -> dict[str, Times]:
        return {column: load.times(name, column) for column in columns}

    def target(kind: str) -> Pairs:
        return load.pairs(
            "exposure_targets", ("exposure", "exposures"), (kind.removesuffix("s"), kind)
        )

    vendor = ("vendor", "vendors")
    environment, identity = ("environment", "environments"), ("identity", "identities")
    credential, deployment = ("credential", "credentials"), ("deployment", "deployments")
    return Tables(
        vendors=Vendors(
            keys["vendors"],
            load.refs("vendors", "engaged_by", "vendors"),
            load.codes("vendors", "status"),
        ),
        environments=Environments(
            keys["environments"],
            load.refs("environments", *vendor),
            **codes(
                "environments",
                "kind",
                "purpose",
                "internet_egress",
                "internet_exposed",
                "managed_endpoints",
                "inventory",
                "status",
            ),
        ),
        identities=Identities(
            keys["identities"],
            load.refs("identities", *vendor),
            **codes("identities", "kind", "mfa", "status"),
        ),
        credentials=Credentials(
            keys["credentials"],
            load.refs("credentials", *identity),
            load.codes("credentials", "kind"),
            **times("credentials", "issued_at", "expires_at", "revoked_at"),
            engagements=load.lists["credentials"]["engagements"].astype(np.int32),
            production_grade=load.flags("credentials", "production_grade"),
        ),
        models=Models(keys["models"], load.codes("models", "sensitivity")),
        deployments=Deployments(
            keys["deployments"],
            load.refs("deployments", "model", "models"),
            load.refs("deployments", *environment),
            **codes("deployments", "purpose", "logging", "log_names_identity"),
        ),
        allowlist=Entries(
            keys["allowlist"],
            load.refs("allowlist", "model", "models"),
            load.refs("allowlist", *vendor),
            load.codes("allowlist", "purpose"),
            load.refs("allowlist", *environment),
            load.refs("allowlist", "requested_by", "identities"),
            load.refs("allowlist", "approved_by", "identities"),
            **times("allowlist", "approved_at", "expires_at"),
        ),
        holds=load.pairs("holds", environment, credential),
        enters=load.pairs("enters", identity, environment),
        member_of=load.pairs("member_of", identity, ("group", "identities")),
        jumps=load.pairs("jumps", ("origin", "environments"), ("target", "environments")),
        connects=load.connections(),
        credential_grants=load.grants(*credential),
        identity_grants=load.grants(*identity),
        administers_environments=load.pairs("administers", identity, environment),
        administers_deployments=load.pairs("administers", identity, deployment),
        exposures=Exposures(
            keys["exposures"],
            **times("exposures", "seen_at", "closed_at"),
            environments=target("environments"),
            deployments=target("deployments"),
            credentials=target("credentials"),
        ),
        drills=Drills(
            keys["drills"],
            load.refs("drills", *vendor),
            load.refs("drills", "model", "models"),
            **times("drills", "started_at", "confirmed_at"),
        ),
        contracts=Contracts(
            keys["contracts"],
            load.refs("contracts", *vendor),
            load.days("contracts", "starts_on"),
            load.days("contracts", "ends_on"),
            load.pairs("contract_subcontractors", ("contract", "contracts"), vendor),
        ),
    )
