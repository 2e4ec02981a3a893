"""The witness of each finding: the shortest chain of facts that proves it.

The legs of all pairs are found in bulk; what is about a single credential, person or entry is
followed one by one. A witness replayed alone (its facts, every allowlist entry and every
connection written from the internet) gives the finding again.
"""

from collections.abc import Callable, Iterable
from functools import cache, cached_property

import numpy as np

from apps.engine.arrays.analysis import Analysis
from apps.engine.arrays.bits import Rows, Words, has, listed
from apps.engine.arrays.found import Found, rows_of
from apps.engine.arrays.hops import Groups, HopBook, Hops
from apps.engine.arrays.key_routes import KeyRoutes
from apps.engine.arrays.legs import Legs, NetLeg, Wanted, Way
from apps.engine.arrays.place_routes import PlaceRoutes
from apps.engine.arrays.search import KeyOrder
from apps.engine.arrays.sweep import Sweep
from apps.engine.arrays.tables import Flags, code
from apps.engine.arrays.wires import is_yes
from apps.engine.closure import World
from apps.engine.values import EnvironmentKind, Hop, IdentityKind, Witness, YesNo

WAYS = {
    "RT-01": Way.ANY,
    "RT-02": Way.OPEN,
    "RT-03": Way.ANY,
    "RT-13": Way.ANY,
    "RT-14": Way.ANY,
    "RT-17": Way.ANY,
}
"""How the net leg of a pair rule must end; fleets of RT-01 need a stranger's way."""


class Routes:
    """The witnesses of an analysis, rule by rule, in the order of its findings."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.tables = analysis.tables
        self.acts = analysis.acts
        self.book = HopBook(self.acts)
        self.groups = Groups(self.acts, self.book)
        self.order = KeyOrder(self.acts)
        self.legs = Legs(self.acts, self.order, self.book)
        self._find_legs()
        self.keys = KeyRoutes(analysis, self.book, self.groups, self.order)
        self.places = PlaceRoutes(analysis, self.keys, self.legs)
        self.weak_entry = cache(self._weak_entry)

    def witnesses(self, rule: str) -> list[Witness]:
        """The witnesses of a rule's findings, in their order."""
        found = self.analysis.findings[rule]
        if rule in WAYS:
            return self._pair_witnesses(found)
        by_rule: dict[str, Callable[[Found], list[Witness]]] = {
            "RT-04": self.keys.shared,
            "RT-05": self.keys.long_lived,
            "RT-06": self.keys.production_secrets,
            "RT-07": self.places.approvals,
            "RT-08": self.places.path_creators,
            "RT-12": self._unrehearsed,
            "RT-15": self.places.leaks,
            "RT-18": self._stranded,
            "RT-20": self.places.open_to_the_internet,
        }
        return by_rule.get(rule, _nothing_to_show)(found)

    # --- what has to be found --------------------------------------------------------------------

    def _find_legs(self) -> None:
        wanted = self._wanted()
        environment = [wanted.environment]
        deployment = [wanted.deployment]
        for rule in ("RT-14", "RT-18"):
            subject = self.analysis.findings[rule].subject
            environment.append(subject["environment"])
            deployment.append(subject["deployment"])
        pairs = np.concatenate(environment), np.concatenate(deployment)
        for sweep in self.analysis.sweeps:
            self.legs.find_net(sweep, wanted, self._places())
            mine, bits = self._places_in(sweep, pairs[1])
            environments = pairs[0][mine]
            keyed = has(sweep.cred, environments, bits)
            self.legs.find_credentials(sweep, environments[keyed], pairs[1][mine][keyed])

    @staticmethod
    def _places_in(sweep: Sweep, deployments: Rows) -> tuple[Flags, Rows]:
        """Which deployments are of the sweep, and their bits there."""
        mine = np.isin(deployments, sweep.scope.rows)
        return mine, np.searchsorted(sweep.scope.rows, deployments[mine])

    def _wanted(self) -> Wanted:
        parts: list[tuple[Rows, Rows, Flags, Rows]] = []
        fleet = self.tables.environments.kind == code(EnvironmentKind.ENDPOINT_FLEET)
        for rule, way in WAYS.items():
            found = self.analysis.findings[rule]
            environment = found.subject["environment"]
            ways = np.full(len(found), way.value)
            if rule == "RT-01":
                ways[fleet[environment]] = Way.STRANGE.value
            deployment, best = found.subject["deployment"], found.proven
            wired = self._on_the_network(environment, deployment, best)
            parts.append((environment[wired], deployment[wired], best[wired], ways[wired]))
        parts.append(self._usable_at_vendors)
        return Wanted(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _on_the_network(self, environment: Rows, deployment: Rows, best: Flags) -> Flags:
        """Which pairs have a net leg in the world of their finding."""
        return self._in_world(
            environment, deployment, best, lambda sweep: (sweep.net.worst, sweep.net.best)
        )

    def _in_world(
        self,
        environment: Rows,
        deployment: Rows,
        best: Flags,
        sides: Callable[[Sweep], tuple[Words, Words]],
    ) -> Flags:
        flags = np.zeros(len(environment), dtype=np.bool_)
        for sweep in self.analysis.sweeps:
            mine, bits = self._places_in(sweep, deployment)
            worst, better = sides(sweep)
            flags[mine] = np.where(
                best[mine],
                has(better, environment[mine], bits),
                has(worst, environment[mine], bits),
            )
        return flags

    @cached_property
    def _usable_at_vendors(self) -> tuple[Rows, Rows, Flags, Rows]:
        """The pairs by which a vendor without a proven revocation uses a model (RT-12)."""
        found = self.analysis.findings["RT-12"]
        count = len(self.tables.models.keys)
        asked = found.subject["vendor"] * count + found.subject["model"]
        parts = []
        for best in (False, True):
            about = asked[found.proven == best]
            for sweep in self.analysis.sweeps:
                environment, bit = listed(sweep.usable.best if best else sweep.usable.worst)
                deployment = sweep.scope.rows[bit]
                vendor = self.tables.environments.vendor[environment]
                model = self.tables.deployments.model[deployment]
                of = (vendor >= 0) & np.isin(vendor * count + model, about)
                flags = np.full(int(of.sum()), best)
                ways = np.full(len(flags), Way.ANY.value)
                parts.append((environment[of], deployment[of], flags, ways))
        environment, deployment, flags, ways = (
            np.concatenate(columns) for columns in zip(*parts, strict=True)
        )
        return environment, deployment, flags, ways

    def _places(self) -> Iterable[int]:
        """Places whose wires are asked for by themselves: administered, leaked, the internet."""
        named = np.concatenate(
            [
                self.tables.administers_environments.target,
                self.tables.exposures.environments.target,
                [self.acts.first_identity],
            ]
        )
        places: list[int] = np.unique(named).tolist()
        return places

    # --- pairs -----------------------------------------------------------------------------------

    def _pair_witnesses(self, found: Found) -> list[Witness]:
        way = WAYS[found.rule].value
        fleet = self.tables.environments.kind == code(EnvironmentKind.ENDPOINT_FLEET)
        witnesses = []
        for environment, deployment, proven in rows_of(found, "environment", "deployment"):
            best, chosen = bool(proven), way
            if found.rule == "RT-01" and fleet[environment]:
                chosen = Way.STRANGE.value
            net = self.legs.net.get((environment, deployment, best, chosen), NetLeg((), ()))
            before = self.weak_entry(environment, best) if found.rule == "RT-13" else ()
            key = self.legs.credential.get((environment, deployment), ())
            witnesses.append(Witness(before + net.access, net.wire, key))
        return witnesses

    def _weak_entry(self, environment: int, best: bool) -> Hops:
        """How the nearest weak person comes to enter; nothing for a fleet that is itself weak."""
        world = World.BEST if best else World.WORST
        environments, identities = self.tables.environments, self.tables.identities
        if environments.kind[environment] == code(EnvironmentKind.ENDPOINT_FLEET):
            managed = environments.managed_endpoints[environment : environment + 1]
            if not is_yes(managed, less_safe=YesNo.NO, world=world)[0]:
                return ()
        entrants = self._entrants[environment]
        depths = self.groups.depths(entrants)
        members = np.array(sorted(depths), dtype=np.int64)
        weak = members[
            (identities.kind[members] == code(IdentityKind.HUMAN))
            & ~is_yes(identities.mfa[members], less_safe=YesNo.NO, world=world)
        ].tolist()
        person = min(weak, key=lambda i: (depths[i], i))
        chains = self.groups.chains(person)
        group = next(g for g in chains if g in entrants)
        entry = Hop("enters", self.book.identity(group), self.book.environment(environment))
        return (*chains[group], entry)

    @cached_property
    def _entrants(self) -> dict[int, set[int]]:
        """The identities that enter each environment directly."""
        entrants: dict[int, set[int]] = {}
        enters = self.acts.live.enters
        for identity, environment in zip(
            enters.origin.tolist(), enters.target.tolist(), strict=True
        ):
            entrants.setdefault(environment, set()).add(identity)
        return entrants

    def _unrehearsed(self, found: Found) -> list[Witness]:
        nearest: dict[tuple[int, int, bool], tuple[int, int, int]] = {}
        for environment, deployment, best, way in zip(
            *(part.tolist() for part in self._usable_at_vendors), strict=True
        ):
            vendor = int(self.tables.environments.vendor[environment])
            model = int(self.tables.deployments.model[deployment])
            hops = len(self.legs.net[environment, deployment, best, way].access)
            hops += len(self.legs.net[environment, deployment, best, way].wire)
            hops += len(self.legs.credential[environment, deployment])
            candidate = hops, environment, deployment
            about = vendor, model, best
            nearest[about] = min(nearest.get(about, candidate), candidate)
        witnesses = []
        for vendor, model, proven in rows_of(found, "vendor", "model"):
            best = bool(proven)
            _, environment, deployment = nearest[vendor, model, best]
            net = self.legs.net[environment, deployment, best, Way.ANY.value]
            key = self.legs.credential[environment, deployment]
            witnesses.append(Witness(net.access, net.wire, key))
        return witnesses

    def _stranded(self, found: Found) -> list[Witness]:
        return [
            Witness(credential=self.legs.credential[environment, deployment])
            for environment, deployment, _ in rows_of(found, "environment", "deployment")
        ]


def _nothing_to_show(found: Found) -> list[Witness]:
    """For rules whose subject is the whole proof: an entry, a deployment's log."""
    return [Witness()] * len(found)
