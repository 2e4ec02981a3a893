"""Who can act as what, and which wires lead where: the definition, in plain loops.

Every method states one line of the derivation rules. Nodes are written ``kind:key``
(``environment:lab``, ``identity:ann``), places on a wire are environment keys or
``INTERNET``. Slow on large graphs; the array engine must agree with it on every graph.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from typing import NamedTuple

from apps.engine.live import Live
from apps.engine.values import (
    INTERNET,
    Deployment,
    Depth,
    Environment,
    EnvironmentKind,
    IdentityKind,
    ReachKind,
    Sensitivity,
    Vendor,
    YesNo,
)


class World(Enum):
    """How an unknown is taken: as the less safe value, or as the safer one."""

    WORST = "worst"
    BEST = "best"

    def is_yes(self, value: YesNo, *, less_safe: YesNo) -> bool:
        """The attribute's value in this world."""
        if value is YesNo.UNKNOWN:
            return (less_safe is YesNo.YES) == (self is World.WORST)
        return value is YesNo.YES


class Wires(NamedTuple):
    """The places from which a wire leads to one deployment."""

    open: frozenset[str]
    gated: frozenset[str]


def walk(start: Iterable[str], steps: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Everything reachable from ``start`` in any number of steps, itself included."""
    seen = set(start)
    todo = list(seen)
    while todo:
        for step in steps.get(todo.pop(), ()):
            if step not in seen:
                seen.add(step)
                todo.append(step)
    return frozenset(seen)


class Closure:
    """The derived relations that depend on no unknown: who acts as what, and with which keys."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.vendors: dict[str, Vendor] = {v.key: v for v in live.graph.vendors}
        self.models = {m.key: m for m in live.graph.models}
        self.groups_of: dict[str, list[str]] = defaultdict(list)
        self.members_of: dict[str, list[str]] = defaultdict(list)
        for membership in live.member_of:
            self.groups_of[membership.from_].append(membership.to)
            self.members_of[membership.to].append(membership.from_)
        self.entered_by: dict[str, list[str]] = defaultdict(list)
        for entry in live.enters:
            self.entered_by[entry.to].append(entry.from_)
        self.held_in: dict[str, list[str]] = defaultdict(list)
        for held in live.holds:
            self.held_in[held.to].append(held.from_)
        self.granted: dict[str, dict[str, Depth]] = defaultdict(dict)
        for grant in live.grants:
            self.granted[grant.to][grant.from_] = grant.depth
        self._steps = self._acts_steps()
        self.acts = cache(self._acts)
        self.belongs = cache(self._belongs)

    def sensitivity(self, deployment: Deployment) -> Sensitivity:
        return self.models[deployment.model].sensitivity

    def sensitive_deployments(self) -> list[Deployment]:
        """The live deployments of sensitive models, by key."""
        return [
            d for _, d in sorted(self.live.deployments.items()) if self.sensitivity(d).is_sensitive
        ]

    def _belongs(self, identity: str) -> frozenset[str]:
        """``belongs(i, h)``: i is h or in it, through any number of groups."""
        return walk([identity], self.groups_of)

    def people_who_enter(self, environment: str) -> Iterator[str]:
        """Humans i with ``belongs(i, g)`` and ``enters(g, environment)``."""
        for member in walk(self.entered_by[environment], self.members_of):
            if self.live.identities[member].kind is IdentityKind.HUMAN:
                yield member

    def _acts_steps(self) -> dict[str, list[str]]:
        live, steps = self.live, defaultdict[str, list[str]](list)
        for held in live.holds:
            steps[f"environment:{held.from_}"].append(f"credential:{held.to}")
        for credential in live.credentials.values():
            steps[f"credential:{credential.key}"].append(f"identity:{credential.identity}")
        for membership in live.member_of:
            steps[f"identity:{membership.from_}"].append(f"identity:{membership.to}")
        for entry in live.enters:
            steps[f"identity:{entry.from_}"].append(f"environment:{entry.to}")
        for jump in live.jumps:
            steps[f"environment:{jump.from_}"].append(f"environment:{jump.to}")
        for environment in live.environments.values():
            if environment.kind is EnvironmentKind.ENDPOINT_FLEET:
                steps[f"environment:{environment.key}"] += [
                    f"identity:{person}" for person in self.people_who_enter(environment.key)
                ]
        return steps

    def _acts(self, node: str) -> frozenset[str]:
        """``acts(node, ·)``: everything that the node can act as, itself included."""
        return walk([node], self._steps)

    def environments_of(self, node: str) -> list[Environment]:
        """The environments f with ``acts(node, f)``."""
        return [
            self.live.environments[name.partition(":")[2]]
            for name in self.acts(node)
            if name.startswith("environment:")
        ]

    def opens(self, credential: str, deployment: str) -> bool:
        """``opens(c, d)``: the deployment accepts it, its identity, or a group of that."""
        accepted = self.granted[deployment]
        if f"credential:{credential}" in accepted:
            return True
        identity = self.live.credentials[credential].identity
        return any(f"identity:{g}" in accepted for g in self.belongs(identity))

    def has_credential(self, node: str, deployment: str) -> bool:
        """``cred(node, d)``."""
        return not self.acts(node).isdisjoint(self.granted[deployment])

    def is_permitted(self, environment: Environment, deployment: Deployment) -> bool:
        """``permitted(f, d)``: a live allowlist entry covers them."""
        return any(
            entry.model == deployment.model
            and entry.vendor == environment.vendor
            and entry.purpose == deployment.purpose
            and entry.environment in (None, environment.key)
            for entry in self.live.allowlist.values()
        )

    def chain(self, vendor: str | None) -> Iterator[Vendor]:
        """``chain(v)``: v, the vendor that engages it, the one that engages that, …"""
        while vendor is not None:
            yield self.vendors[vendor]
            vendor = self.vendors[vendor].engaged_by


class WorldClosure:
    """The derived relations that unknowns decide, in one world: wires, reach, cover."""

    def __init__(self, closure: Closure, world: World) -> None:
        self.closure = closure
        self.world = world
        self.wires = cache(self._wires)
        self.reach = cache(self._reach)

    def connections(self, deployment: str) -> Iterator[tuple[str, str, bool]]:
        """The connections that admit the deployment: (from, to, enforces the allowlist)."""
        live = self.closure.live
        written = {c.to for c in live.connects if c.from_ == INTERNET}
        for c in live.connects:
            if c.deployments is None or deployment in c.deployments:
                enforces = self.world.is_yes(c.enforces_allowlist, less_safe=YesNo.NO)
                yield c.from_, c.to, enforces
        for e in live.environments.values():
            if self.world.is_yes(e.internet_egress, less_safe=YesNo.YES):
                yield e.key, INTERNET, False
            if e.key not in written and self.world.is_yes(e.internet_exposed, less_safe=YesNo.YES):
                yield INTERNET, e.key, False

    def _passes_on(self, place: str) -> bool:
        return (
            place == INTERNET
            or self.closure.live.environments[place].kind is EnvironmentKind.GATEWAY
        )

    def _wires(self, deployment: str) -> Wires:
        """``wire(·, d, open|gated)``, backwards from the host, whose own wire is open."""
        host = self.closure.live.deployments[deployment].environment
        into: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        for origin, target, enforces in self.connections(deployment):
            into[target].append((origin, enforces))
        found = {(host, False)}  # (place, is the wire from it gated)
        todo = [(host, False)]
        while todo:
            place, gated = todo.pop()
            if (place, gated) != (host, False) and not self._passes_on(place):
                continue  # a wire may start there, and none may lead through
            for origin, enforces in into[place]:
                step = (origin, gated or enforces)
                if step not in found:
                    found.add(step)
                    todo.append(step)
        return Wires(
            open=frozenset(place for place, gated in found if not gated),
            gated=frozenset(place for place, gated in found if gated),
        )

    def passes(self, environment: Environment, deployment: Deployment) -> bool:
        """``pass(f, d)``: an open wire, or a gated one whose gate lets the environment in."""
        wires = self.wires(deployment.key)
        return environment.key in wires.open or (
            environment.key in wires.gated and self.closure.is_permitted(environment, deployment)
        )

    def passing(self, environment: Environment, deployment: Deployment) -> list[Environment]:
        """The environments f with ``acts(e, f)`` and ``pass(f, d)``."""
        return [
            f
            for f in self.closure.environments_of(f"environment:{environment.key}")
            if self.passes(f, deployment)
        ]

    def _reach(self, environment: Environment, deployment: Deployment) -> ReachKind:
        net = bool(self.passing(environment, deployment))
        cred = self.closure.has_credential(f"environment:{environment.key}", deployment.key)
        if net:
            return ReachKind.USABLE if cred else ReachKind.NETWORK_ONLY
        return ReachKind.CREDENTIAL_ONLY if cred else ReachKind.NONE

    def is_covered(self, environment: Environment, deployment: Deployment) -> bool:
        """``covered(e, d)``: permitted, or a fleet whose ways in all belong to its vendor."""
        if self.closure.is_permitted(environment, deployment):
            return True
        return environment.kind is EnvironmentKind.ENDPOINT_FLEET and all(
            f.vendor == environment.vendor and self.closure.is_permitted(f, deployment)
            for f in self.passing(environment, deployment)
        )

    def gateways(self, deployment: str) -> frozenset[str]:
        """The gateways of d: with an open wire to it, or our own with any wire."""
        wires = self.wires(deployment)
        environments = self.closure.live.environments
        return frozenset(
            place
            for place in wires.open | wires.gated
            if place != INTERNET
            and environments[place].kind is EnvironmentKind.GATEWAY
            and (place in wires.open or environments[place].vendor is None)
        )
