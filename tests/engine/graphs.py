"""Random access graphs, dense with the awkward: cycles, dead facts, unknowns, shared everything."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import TypeVar

from apps.engine.values import (
    INTERNET,
    Administers,
    AIModel,
    AllowlistEntry,
    Connects,
    Contract,
    Credential,
    CredentialKind,
    Deployment,
    Depth,
    Drill,
    Enters,
    Environment,
    EnvironmentKind,
    EnvironmentStatus,
    Exposure,
    ExposureKind,
    Grants,
    Graph,
    Holds,
    Identity,
    IdentityKind,
    IdentityStatus,
    Inventory,
    Jumps,
    Logging,
    MemberOf,
    Purpose,
    Sensitivity,
    Vendor,
    VendorKind,
    VendorStatus,
    YesNo,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PATHS = (Purpose.EVALUATION, Purpose.RESEARCH, Purpose.PRODUCTION)

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class Maker:
    """Makes one graph from a seed; ``size`` is about the number of environments."""

    def __init__(self, seed: int, size: int) -> None:
        self.random = Random(seed)
        self.size = size
        # Each graph leans its own way, so that some are nearly clean and some nearly all unknown.
        self.unknown = self.random.choice([0.0, 0.1, 0.4])
        self.dead = self.random.choice([0.0, 0.05, 0.2])
        self.dense = self.random.choice([0.5, 1.0, 2.0])

    def some(self, items: Sequence[T], chance: float = 1.0) -> T | None:
        return self.random.choice(items) if items and self.random.random() < chance else None

    def one(self, enum: type[E]) -> E:
        return self.random.choice(list(enum))

    def yes_no(self, yes: float = 0.5) -> YesNo:
        if self.random.random() < self.unknown:
            return YesNo.UNKNOWN
        return YesNo.YES if self.random.random() < yes else YesNo.NO

    def time(self, *hours: float | None) -> datetime | None:
        chosen = self.random.choice(hours)
        return None if chosen is None else NOW + timedelta(hours=chosen)

    def graph(self) -> Graph:
        r, n = self.random, self.size
        vendors = [f"v{i}" for i in range(max(1, n // 3))]
        environments = [f"e{i}" for i in range(n)]
        identities = [f"i{i}" for i in range(n)]
        credentials = [f"c{i}" for i in range(max(1, n // 2))]
        models = [f"m{i}" for i in range(r.randint(1, 3))]
        deployments = [f"d{i}" for i in range(r.randint(1, 5))]
        chain = {v: self.some(vendors[:i], 0.4) for i, v in enumerate(vendors)}
        facts = Graph(
            vendors=tuple(
                Vendor(
                    v,
                    self.one(VendorKind),
                    chain[v],
                    self.one(VendorStatus) if r.random() < self.dead else VendorStatus.ACTIVE,
                )
                for v in vendors
            ),
            environments=tuple(self.environment(e, vendors) for e in environments),
            identities=tuple(
                Identity(
                    i,
                    r.choice(
                        [IdentityKind.HUMAN] * 2
                        + [IdentityKind.SERVICE_ACCOUNT, IdentityKind.GROUP]
                    ),
                    self.some(vendors, 0.6),
                    self.yes_no(0.8),
                    self.one(IdentityStatus) if r.random() < self.dead else IdentityStatus.ACTIVE,
                )
                for i in identities
            ),
            credentials=tuple(self.credential(c, identities) for c in credentials),
            models=tuple(
                AIModel(m, r.choice([Sensitivity.M2, Sensitivity.M3, Sensitivity.M4]))
                for m in models
            ),
            deployments=tuple(
                Deployment(
                    d,
                    r.choice(models),
                    r.choice(environments),
                    r.choice(PATHS),
                    self.one(Logging),
                    self.yes_no(),
                )
                for d in deployments
            ),
        )
        return self.relations(facts)

    def environment(self, key: str, vendors: Sequence[str]) -> Environment:
        r = self.random
        fleet, gateway = EnvironmentKind.ENDPOINT_FLEET, EnvironmentKind.GATEWAY
        return Environment(
            key,
            r.choice([*EnvironmentKind, gateway, gateway, fleet, fleet]),
            self.one(Purpose),
            self.some(vendors, 0.6),
            self.yes_no(0.2),
            self.yes_no(0.2),
            self.yes_no(0.7),
            Inventory.UNKNOWN if r.random() < self.unknown else Inventory.COMPLETE,
            EnvironmentStatus.RETIRED if r.random() < self.dead else EnvironmentStatus.ACTIVE,
        )

    def credential(self, key: str, identities: Sequence[str]) -> Credential:
        r = self.random
        issued = self.time(None, -0.5, -0.25, -4, 0, 0.5)
        expires = None
        if r.random() < 0.7:
            span = timedelta(minutes=r.choice([0, 15, 15.5, 60, 61, 240, 300, 720, 721]))
            expires = (issued or NOW) + span
        return Credential(
            key,
            r.choice(identities),
            self.one(CredentialKind),
            issued,
            expires,
            NOW + timedelta(hours=r.choice([-1, 0, 1])) if r.random() < self.dead else None,
            tuple(r.sample(["t1", "t2", "t3"], r.choice([0, 0, 1, 2]))),
            r.random() < 0.1,
        )

    def pairs(self, origins: Sequence[str], targets: Sequence[str], rate: float) -> list[list[str]]:
        count = int(self.size * rate * self.dense)
        r = self.random
        chosen = {(r.choice(origins), r.choice(targets)) for _ in range(count) if targets}
        return [[a, b] for a, b in sorted(chosen) if a != b]

    def relations(self, g: Graph) -> Graph:
        r = self.random
        environments = [e.key for e in g.environments]
        identities = [i.key for i in g.identities]
        groups = [i.key for i in g.identities if i.kind is IdentityKind.GROUP]
        credentials = [f"credential:{c.key}" for c in g.credentials]
        deployments = [d.key for d in g.deployments]
        places = [f"environment:{e}" for e in environments]
        accepted = credentials + [f"identity:{i}" for i in identities]
        connects = self.pairs([*environments, INTERNET], environments, 1.2)
        return g._replace(
            allowlist=tuple(self.entry(f"a{n}", g) for n in range(r.randint(0, self.size // 2))),
            holds=tuple(
                Holds(a, b)
                for a, b in self.pairs(environments, [c.key for c in g.credentials], 0.5)
            ),
            enters=tuple(
                Enters(a, b, self.yes_no()) for a, b in self.pairs(identities, environments, 0.6)
            ),
            member_of=tuple(MemberOf(a, b) for a, b in self.pairs(identities, groups, 0.4)),
            jumps=tuple(Jumps(a, b) for a, b in self.pairs(environments, environments, 0.2)),
            connects=tuple(
                Connects(
                    a,
                    b,
                    tuple(r.sample(deployments, r.randint(1, len(deployments))))
                    if r.random() < 0.3
                    else None,
                    self.yes_no(),
                )
                for a, b in connects
            ),
            grants=tuple(
                Grants(a, b, self.one(Depth)) for a, b in self.pairs(accepted, deployments, 0.4)
            ),
            administers=tuple(
                Administers(a, b)
                for a, b in self.pairs(
                    identities, places + [f"deployment:{d}" for d in deployments], 0.2
                )
            ),
            exposures=tuple(
                Exposure(
                    f"x{n}",
                    self.one(ExposureKind),
                    tuple(
                        r.sample(places + credentials + [f"deployment:{d}" for d in deployments], 2)
                    ),
                    NOW + timedelta(days=r.choice([-9, 0, 1])),
                    self.time(None, None, 48),
                )
                for n in range(r.randint(0, 3))
            ),
            drills=tuple(self.drill(f"r{n}", g) for n in range(r.randint(0, self.size // 2))),
            contracts=tuple(self.contract(f"k{n}", g) for n in range(r.randint(0, self.size // 2))),
        )

    def entry(self, key: str, g: Graph) -> AllowlistEntry:
        r = self.random
        place = self.some(g.environments, 0.4)
        vendor = place.vendor if place else self.some([v.key for v in g.vendors], 0.8)
        people = [i.key for i in g.identities]
        return AllowlistEntry(
            key,
            r.choice(g.models).key,
            r.choice(PATHS),
            vendor,
            place.key if place else None,
            self.some(people, 0.7),
            self.some(people, 0.8),
            self.time(None, -24, -24 * 50, 0, 24),
            self.time(None, None, -12, 0, 24 * 20, 24 * 60),
        )

    def drill(self, key: str, g: Graph) -> Drill:
        r = self.random
        started = NOW + timedelta(days=r.choice([-200, -120, -60, -3, -3, 0, 1]))
        took = r.choice([None, timedelta(minutes=5), timedelta(minutes=30), timedelta(days=2)])
        return Drill(
            key,
            r.choice(g.vendors).key,
            r.choice(g.models).key,
            started,
            None if took is None else started + took,
        )

    def contract(self, key: str, g: Graph) -> Contract:
        r = self.random
        vendors = [v.key for v in g.vendors]
        starts = date(2026, r.choice([1, 6, 6]), r.choice([1, 2]))
        return Contract(
            key,
            r.choice(vendors),
            starts,
            self.random.choice([None, starts, date(2026, 6, 1), date(2027, 1, 1)]),
            tuple(r.sample(vendors, min(len(vendors), r.randint(0, 3)))),
        )


def random_graph(seed: int, size: int = 12) -> Graph:
    """The same graph for the same seed and size."""
    return Maker(seed, size).graph()
