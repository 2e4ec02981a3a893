"""Witnesses about people, entries, leaks and the internet: one question at a time."""

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np

from apps.engine.arrays.analysis import Analysis
from apps.engine.arrays.bits import has
from apps.engine.arrays.found import Found, rows_of
from apps.engine.arrays.hops import Hops
from apps.engine.arrays.key_routes import KeyRoutes
from apps.engine.arrays.legs import Legs, NetLeg, follow
from apps.engine.arrays.search import FAR, KeySearch, at_places, search_acts
from apps.engine.arrays.tables import Pairs, code
from apps.engine.closure import World
from apps.engine.values import Hop, IdentityKind, Witness


def shortest(legs: Iterable[NetLeg]) -> NetLeg:
    """The fewest facts; of equally few the smallest sequence of names."""
    return min(legs, key=lambda leg: (len(leg.access) + len(leg.wire), leg.access, leg.wire))


class PlaceRoutes:
    """Routes that do not start in a pair's environment."""

    def __init__(self, analysis: Analysis, keys: KeyRoutes, legs: Legs) -> None:
        self.analysis = analysis
        self.tables = analysis.tables
        self.acts = analysis.acts
        self.keys = keys
        self.legs = legs
        self.book = keys.book
        self.groups = keys.groups
        self.order = keys.order

    def _wire_from(self, place: int, deployment: int, best: bool) -> Hops | None:
        """The shortest wire from a host or a gateway of the deployment; none for other places."""
        if place == self.tables.deployments.environment[deployment]:
            return ()
        bits, bit = self._gateways[best, deployment]
        if not has(bits, np.array([place]), np.array([bit]))[0]:
            return None
        opened, every = self.legs.wires[best, deployment, place]
        return every if self.tables.environments.vendor[place] < 0 else opened

    @cached_property
    def _gateways(self) -> dict[tuple[bool, int], tuple[np.ndarray, int]]:
        return {
            (world is World.BEST, row): (gateways, bit)
            for sweep in self.analysis.sweeps
            for world in World
            for gateways in [sweep.gateways(world)]
            for bit, row in enumerate(sweep.scope.rows.tolist())
        }

    # --- RT-07 -----------------------------------------------------------------------------------

    def approvals(self, found: Found) -> list[Witness]:
        """How the approver comes to act where the entry admits; none where the entry is proof."""
        return [self._approval(entry) for entry, _ in rows_of(found, "entry")]

    def _approval(self, entry: int) -> Witness:
        entries, identities = self.tables.allowlist, self.tables.identities
        approver = int(entries.approved_by[entry])
        if (
            approver < 0
            or identities.kind[approver] != code(IdentityKind.HUMAN)
            or identities.vendor[approver] >= 0
            or approver == entries.requested_by[entry]
        ):
            return Witness()
        environments = self.tables.environments
        admitted = environments.vendor == entries.vendor[entry]
        if entries.environment[entry] >= 0:
            admitted &= np.arange(len(admitted)) == entries.environment[entry]
        start = self.acts.identities(np.array([approver]))
        goal = at_places(np.where(admitted, 0, FAR).astype(np.int32))
        access, _ = follow(search_acts(self.acts, self.order, start, goal), self.book)(
            int(start[0])
        )
        return Witness(access)

    # --- RT-08 -----------------------------------------------------------------------------------

    def path_creators(self, found: Found) -> list[Witness]:
        """How a vendor's environment comes to act as the identity, and what it may change."""
        before = self._ways_in(np.unique(found.subject["identity"]).tolist())
        witnesses = []
        for identity, deployment, best in rows_of(found, "identity", "deployment"):
            leg = shortest(self._changes(identity, deployment, bool(best)))
            witnesses.append(Witness(before[identity] + leg.access, leg.wire))
        return witnesses

    def _changes(self, identity: int, deployment: int, best: bool) -> Iterator[NetLeg]:
        """Every way in which the identity may change the paths of a deployment."""
        for group, chain in self.groups.chains(identity).items():
            name = self.book.identity(group)
            if deployment in self._administered_deployments.get(group, ()):
                hop = Hop("administers", name, self.book.deployment(deployment))
                yield NetLeg((*chain, hop), ())
            for place in self._administered_places.get(group, ()):
                wire = self._wire_from(place, deployment, best)
                if wire is not None:
                    hop = Hop("administers", name, self.book.environment(place))
                    yield NetLeg((*chain, hop), wire)

    @cached_property
    def _administered_places(self) -> dict[int, list[int]]:
        live = self.acts.live
        return _grouped(
            live.between(self.tables.administers_environments, live.identity, live.environment)
        )

    @cached_property
    def _administered_deployments(self) -> dict[int, list[int]]:
        live = self.acts.live
        return _grouped(
            live.between(self.tables.administers_deployments, live.identity, live.deployment)
        )

    def _ways_in(self, identities: list[int]) -> dict[int, Hops]:
        """From a vendor's nearest environment to each identity that is not outside by itself."""
        kind, vendor = self.tables.identities.kind, self.tables.identities.vendor
        service, group = code(IdentityKind.SERVICE_ACCOUNT), code(IdentityKind.GROUP)
        ways: dict[int, Hops] = dict.fromkeys(identities, ())
        inside = [
            i for i in identities if kind[i] == group or (vendor[i] < 0 and kind[i] != service)
        ]
        ancestry = self.acts.ancestry(self.acts.identities(np.array(inside, dtype=np.int64)))
        search = KeySearch(self.acts, self.order, ancestry)
        place = ancestry.node < self.acts.first_identity
        nearest: dict[int, tuple[int, int]] = {}
        for number, node, steps in zip(
            ancestry.number[place].tolist(),
            ancestry.node[place].tolist(),
            ancestry.steps[place].tolist(),
            strict=True,
        ):
            if self.tables.environments.vendor[node] >= 0:
                nearest[number] = min(nearest.get(number, (steps, node)), (steps, node))
        for number, (_, node) in nearest.items():
            ways[inside[number]] = self.book.chain(search.chain(number, node))
        return ways

    # --- RT-15 and RT-20 -------------------------------------------------------------------------

    def leaks(self, found: Found) -> list[Witness]:
        """How what was leaked belongs to the deployment; nothing where it is that itself."""
        x = self.tables.exposures
        environments, credentials = _grouped(x.environments), _grouped(x.credentials)
        deployments = _grouped(x.deployments)
        witnesses = []
        for exposure, deployment, best in rows_of(found, "exposure", "deployment"):
            if deployment in deployments.get(exposure, ()):
                witnesses.append(Witness())
                continue
            wires = [
                self._wire_from(place, deployment, bool(best))
                for place in environments.get(exposure, ())
            ]
            proofs = [
                self.keys.opens(key, deployment)
                for key in credentials.get(exposure, ())
                if self.acts.live.credential[key]
            ]
            options = [Witness(wire=wire) for wire in wires if wire is not None]
            options += [Witness(credential=proof) for proof in proofs if proof is not None]
            witnesses.append(min(options, key=lambda w: (len(w.wire) + len(w.credential), w)))
        return witnesses

    def open_to_the_internet(self, found: Found) -> list[Witness]:
        """The shortest open wire from the internet."""
        internet = self.acts.first_identity
        witnesses = []
        for deployment, best in rows_of(found, "deployment"):
            opened, _ = self.legs.wires[bool(best), deployment, internet]
            witnesses.append(Witness(wire=opened or ()))
        return witnesses


def _grouped(pairs: Pairs) -> dict[int, list[int]]:
    """The targets of each origin."""
    grouped: dict[int, list[int]] = {}
    for origin, target in zip(pairs.origin.tolist(), pairs.target.tolist(), strict=True):
        grouped.setdefault(origin, []).append(target)
    return grouped
