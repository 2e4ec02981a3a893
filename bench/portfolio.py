"""A realistic portfolio of any size: mostly tidy vendors, a few back doors, many ordinary faults.

At scale 1: about 100,000 environments, 1,000,000 relations and 64 deployments of sensitive models.
Everything grows with the scale but the models and deployments.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

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
SENSITIVE_MODELS, SENSITIVE_DEPLOYMENTS = 16, 64
VENDORS, PARTNERS, OWN_ENVIRONMENTS = 12_500, 3_000, 2_000
PATHS = (Purpose.EVALUATION, Purpose.RESEARCH, Purpose.PRODUCTION)
KINDS = (
    (EnvironmentKind.ENDPOINT_FLEET, Purpose.CORPORATE),
    (EnvironmentKind.SAAS, Purpose.PRODUCTION),
    (EnvironmentKind.PRODUCTION, Purpose.PRODUCTION),
    (EnvironmentKind.CI, Purpose.RESEARCH),
    (EnvironmentKind.SANDBOX, Purpose.EVALUATION),
)


class Portfolio:
    """Collects the facts of one portfolio."""

    def __init__(self, scale: float, seed: int) -> None:
        self.r = Random(seed)
        self.scale = scale
        self.lists: dict[str, list[object]] = {name: [] for name in Graph._fields}
        self.relations: dict[str, dict[tuple[str, str], object]] = {}

    def add(self, name: str, *facts: object) -> None:
        self.lists[name] += facts

    def relate(self, name: str, fact: object) -> None:
        ends = (fact.from_, fact.to)  # type: ignore[attr-defined] # a relation, whichever
        if ends[0] != ends[1]:
            self.relations.setdefault(name, {})[ends] = fact

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def yes_no(self, yes: float, unknown: float = 0.02) -> YesNo:
        if self.chance(unknown):
            return YesNo.UNKNOWN
        return YesNo.YES if self.chance(yes) else YesNo.NO

    def ago(self, days: float) -> datetime:
        return NOW - timedelta(days=days)

    def graph(self) -> Graph:
        self.house()
        for n in range(max(4, round(PARTNERS * self.scale))):
            self.partner(f"p{n:05}")
        for n in range(max(10, round(VENDORS * self.scale))):
            self.supplier(f"s{n:05}")
        for name, facts in self.relations.items():
            self.lists[name] += facts.values()
        return Graph(**{name: tuple(facts) for name, facts in self.lists.items()})  # type: ignore[arg-type] # each list holds its own kind

    # --- our own organisation --------------------------------------------------------------------

    def house(self) -> None:
        """Models, their hosts, our gateways and offices."""
        self.gateways = [f"own/gateway-{n}" for n in range(16)]
        self.deployments: list[Deployment] = []
        for n in range(24):
            self.model(n)
        for n, gateway in enumerate(self.gateways):
            self.environment(gateway, None, EnvironmentKind.GATEWAY, Purpose.PRODUCTION, own=True)
            if n % 4 == 0:
                self.relate("connects", Connects(INTERNET, gateway, None, YesNo.YES))
        self.unanswered_question()
        self.approvers = [f"own/approver-{n}" for n in range(12)]
        for person in self.approvers:
            self.person(person, None)
        for n in range(round(OWN_ENVIRONMENTS * self.scale)):
            kind, purpose = KINDS[n % len(KINDS)]
            key = f"own/env-{n:05}"
            self.environment(key, None, kind, purpose, own=True)
            self.staff(key, None, 6)

    def model(self, n: int) -> None:
        """The n-th model; the first sixteen are sensitive and share 64 deployments."""
        sensitive = n < SENSITIVE_MODELS
        key = f"model-{n:02}"
        ladder = (Sensitivity.M3, Sensitivity.M3, Sensitivity.M4)
        harmless = (Sensitivity.M1, Sensitivity.M2)
        self.add("models", AIModel(key, ladder[n % 3] if sensitive else harmless[n % 2]))
        for k in range(SENSITIVE_DEPLOYMENTS // SENSITIVE_MODELS if sensitive else 2):
            host, purpose = f"own/host-{n:02}-{k}", PATHS[k % 3]
            self.environment(host, None, EnvironmentKind.PRODUCTION, purpose, own=True)
            logging = Logging.PLAIN if self.chance(0.1) else Logging.TAMPER_EVIDENT
            deployment = Deployment(f"{key}/{k}", key, host, purpose, logging, YesNo.YES)
            self.add("deployments", deployment)
            if sensitive:
                self.deployments.append(deployment)
            for gateway in self.r.sample(self.gateways, 2):
                self.relate("connects", Connects(gateway, host, None, YesNo.NO))

    def unanswered_question(self) -> None:
        """Nobody has said whether the front gateway checks who calls, for one deployment."""
        deployment = self.deployments[0]
        front, asked = self.gateways[1], (deployment.key,)
        self.relate("connects", Connects(front, deployment.environment, asked))
        self.relate("connects", Connects(INTERNET, front, asked, YesNo.UNKNOWN))

    # --- third parties ---------------------------------------------------------------------------

    def partner(self, key: str) -> None:
        """An approved partner: a lab with keys of its own behind the gate, desks, contractors."""
        r = self.r
        self.vendor(key, VendorKind.PARTNER, None)
        for deployment in r.sample(self.deployments, 3):
            lab = f"{key}/lab-{deployment.key.replace('/', '-')}"
            self.environment(lab, key, EnvironmentKind.SANDBOX, deployment.purpose)
            self.entry(key, lab, deployment)
            gateway = r.choice(self.gateways)
            enforces = YesNo.NO if self.chance(0.02) else self.yes_no(1.0, 0.02)
            self.relate("connects", Connects(lab, gateway, None, enforces))
            robot = f"{lab}/robot"
            self.identity(robot, key, IdentityKind.SERVICE_ACCOUNT)
            token = self.credential(f"{lab}/token", robot, tidy=self.chance(0.9))
            self.relate("grants", Grants(f"credential:{token}", deployment.key, self.depth()))
            self.relate("holds", Holds(lab, token))
            testers = self.staff(lab, key, 4)
            desks = f"{lab}/desks"
            self.environment(desks, key, EnvironmentKind.ENDPOINT_FLEET, Purpose.CORPORATE)
            for person in testers:
                self.relate("enters", Enters(person, desks, YesNo.NO))
            if self.chance(0.03):
                self.relate("administers", Administers(robot, f"deployment:{deployment.key}"))
            if not self.chance(0.05):
                started = self.ago(r.choice([10, 20, 60]))
                self.add(
                    "drills",
                    Drill(
                        f"{lab}/drill",
                        key,
                        deployment.model,
                        started,
                        started + timedelta(minutes=10),
                    ),
                )
            if self.chance(0.1):
                self.contractor(key, lab, token)
        self.offices(key, 2)

    def contractor(self, partner: str, lab: str, token: str) -> None:
        """A contractor of a partner, some of whose people or sandboxes come too near."""
        r = self.r
        key = f"{lab}/crew"
        self.vendor(key, VendorKind.CONTRACTOR, partner)
        named = (key,) if self.chance(0.7) else ()
        self.add("contracts", Contract(f"{key}/deal", partner, NOW.date(), None, named))
        desks = f"{key}/desks"
        self.environment(desks, key, EnvironmentKind.ENDPOINT_FLEET, Purpose.CORPORATE)
        people = self.staff(desks, key, 5)
        if self.chance(0.5):
            self.relate("enters", Enters(r.choice(people), lab, YesNo.NO))
        box = f"{key}/box"
        self.environment(box, key, EnvironmentKind.SANDBOX, Purpose.RESEARCH)
        if self.chance(0.3):
            self.relate("holds", Holds(box, token))
        if self.chance(0.1):
            self.relate("connects", Connects(box, r.choice(self.gateways), None, YesNo.NO))
        if self.chance(0.05):
            self.add(
                "exposures",
                Exposure(f"{key}/leak", ExposureKind.CREDENTIAL, (f"credential:{token}",), NOW),
            )

    def supplier(self, key: str) -> None:
        """An ordinary vendor, small or large, that has nothing to do with a model."""
        kind = VendorKind.SUBPROCESSOR if self.chance(0.1) else VendorKind.SUPPLIER
        self.vendor(key, kind, None)
        sizes = (range(1, 6), range(10, 30), range(100, 200))
        self.offices(key, self.r.choice(self.r.choices(sizes, (90, 9, 1))[0]))

    def offices(self, vendor: str, count: int) -> None:
        """Places of work, each with a robot and its keys; people in a few of them each.

        In every other vendor a pipeline leads from place to place: whoever is in one of them
        gets into all.
        """
        r = self.r
        group = f"{vendor}/staff"
        self.identity(group, vendor, IdentityKind.GROUP)
        places = [self.office(vendor, n) for n in range(count)]
        self.relate("enters", Enters(group, places[0], YesNo.YES))
        for n in range(4 + 2 * count):
            person = f"{vendor}/person-{n}"
            self.person(person, vendor)
            self.relate("member_of", MemberOf(person, group))
            for place in r.sample(places, min(count, r.choice([2, 3, 4]))):
                self.relate("enters", Enters(person, place, YesNo.NO))
        pipeline = self.chance(0.5)
        for place, following in pairwise([*places, places[0]]):
            if pipeline:
                self.relate("jumps", Jumps(place, following))
            for _ in range(r.choice([1, 2])):
                self.relate("connects", Connects(place, r.choice(places), None, YesNo.NO))

    def office(self, vendor: str, n: int) -> str:
        kind, purpose = KINDS[n % len(KINDS)]
        place = f"{vendor}/{kind}-{n}"
        self.environment(place, vendor, kind, purpose)
        robot = f"{place}/robot"
        self.identity(robot, vendor, IdentityKind.SERVICE_ACCOUNT)
        for k in range(self.r.choice([1, 1, 2])):
            secret = self.credential(f"{place}/key-{k}", robot, tidy=False)
            self.relate("holds", Holds(place, secret))
        return place

    def staff(self, place: str, vendor: str | None, count: int) -> list[str]:
        """People who enter a place through its group, and a few directly."""
        group = f"{place}/team"
        self.identity(group, vendor, IdentityKind.GROUP)
        self.relate("enters", Enters(group, place, YesNo.YES))
        people = []
        for n in range(count):
            person = f"{place}/person-{n}"
            self.person(person, vendor)
            people.append(person)
            self.relate("member_of", MemberOf(person, group))
        self.relate("enters", Enters(people[0], place, YesNo.YES))
        return people

    # --- single facts ----------------------------------------------------------------------------

    def vendor(self, key: str, kind: VendorKind, engaged_by: str | None) -> None:
        status = VendorStatus.OFFBOARDED if self.chance(0.01) else VendorStatus.ACTIVE
        self.add("vendors", Vendor(key, kind, engaged_by, status))
        self.add("contracts", Contract(f"{key}/contract", key, self.ago(300).date()))

    def environment(
        self,
        key: str,
        vendor: str | None,
        kind: EnvironmentKind,
        purpose: Purpose,
        *,
        own: bool = False,
    ) -> None:
        desk = kind is EnvironmentKind.ENDPOINT_FLEET
        self.add(
            "environments",
            Environment(
                key,
                kind,
                purpose,
                vendor,
                YesNo.NO if own or not desk else self.yes_no(0.9),
                YesNo.NO if own else self.yes_no(0.03, 0.005),
                self.yes_no(0.95) if desk else YesNo.YES,
                Inventory.UNKNOWN if self.chance(0.02) else Inventory.COMPLETE,
                EnvironmentStatus.RETIRED if self.chance(0.01) else EnvironmentStatus.ACTIVE,
            ),
        )

    def identity(self, key: str, vendor: str | None, kind: IdentityKind) -> None:
        status = IdentityStatus.DISABLED if self.chance(0.01) else IdentityStatus.ACTIVE
        self.add("identities", Identity(key, kind, vendor, YesNo.YES, status))

    def person(self, key: str, vendor: str | None) -> None:
        self.add("identities", Identity(key, IdentityKind.HUMAN, vendor, self.yes_no(0.97)))

    def credential(self, key: str, identity: str, *, tidy: bool) -> str:
        issued = self.ago(0.005) if tidy else self.ago(self.r.choice([3, 30, 200]))
        expires = issued + timedelta(minutes=15) if tidy else None
        kind = CredentialKind.OAUTH_TOKEN if tidy else CredentialKind.API_KEY
        self.add("credentials", Credential(key, identity, kind, issued, expires))
        return key

    def depth(self) -> Depth:
        return Depth.WEIGHTS if self.chance(0.02) else Depth.INFERENCE

    def entry(self, vendor: str, place: str, deployment: Deployment) -> None:
        approver, requester = self.r.sample(self.approvers, 2)
        if self.chance(0.03):
            approver = requester
        ends = None if self.chance(0.05) else NOW + timedelta(days=self.r.choice([5, 10, 15]))
        self.add(
            "allowlist",
            AllowlistEntry(
                f"{place}/entry",
                deployment.model,
                deployment.purpose,
                vendor,
                place if self.chance(0.8) else None,
                requester,
                approver,
                self.ago(10),
                ends,
            ),
        )


def portfolio(scale: float = 1.0, seed: int = 1) -> Graph:
    """The same portfolio for the same scale and seed."""
    return Portfolio(scale, seed).graph()
