"""The legs of witnesses, found in bulk: to the network and to the credential of a deployment.

``Legs`` is asked once for everything that the findings need, then looked up pair by pair.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from functools import cache
from typing import NamedTuple

import numpy as np

from apps.engine.arrays.acts import Acts
from apps.engine.arrays.bits import Rows, column
from apps.engine.arrays.hops import HopBook, Hops
from apps.engine.arrays.search import (
    FAR,
    NOWHERE,
    ActsSteps,
    KeyOrder,
    WireSearch,
    WireSteps,
    at_nodes,
    at_places,
    search_acts,
)
from apps.engine.arrays.sweep import Sweep
from apps.engine.arrays.tables import Flags
from apps.engine.closure import World
from apps.engine.values import Hop


class Way(Enum):
    """Which places a net leg may end in to start the wire.

    ``ANY`` that passes; ``OPEN``: with an open wire; ``STRANGE``: any but those permitted to the
    environment's own vendor (what makes a fleet uncovered).
    """

    ANY = 0
    OPEN = 1
    STRANGE = 2


class NetLeg(NamedTuple):
    access: Hops
    wire: Hops

    def __len__(self) -> int:
        return len(self.access) + len(self.wire)


class Wanted(NamedTuple):
    """Net legs to find: one row a pair, in the world and the way that its finding needs."""

    environment: Rows
    deployment: Rows
    best: Flags
    way: Rows


def follow(steps: ActsSteps, book: HopBook) -> Callable[[int], tuple[Hops, int]]:
    """From a node of the region: the facts to where the goal is taken, and the node there."""
    following = dict(zip(steps.nodes.tolist(), steps.next.tolist(), strict=True))

    def way(node: int) -> tuple[Hops, int]:
        nodes = [node]
        while following[nodes[-1]] != NOWHERE:
            nodes.append(following[nodes[-1]])
        return book.chain(nodes), nodes[-1]

    return cache(way)


class WireBook:
    """The wires to one deployment in one world, as hops from any place."""

    def __init__(self, steps: WireSteps, book: HopBook) -> None:
        self.steps = steps
        self.book = book
        self._next = {False: steps.open_next, True: steps.any_next}
        self.hops = cache(self._hops)

    def _hops(self, place: int, gated: bool) -> Hops:
        """The shortest wire from the place; ``gated``: through gates too."""
        hops: list[Hop] = []
        onward = self._next[gated]
        while place != self.steps.host:
            following = int(onward[place])
            hops.append(self.book.wire_step(place, following))
            place = following
        return tuple(hops)

    def from_place(self, place: int) -> tuple[Hops | None, Hops | None]:
        """The shortest open wire from a place, and the shortest of any kind; none where none is."""
        return (
            self.hops(place, False) if self.steps.open[place] < FAR else None,
            self.hops(place, True) if self.steps.any[place] < FAR else None,
        )


class Legs:
    """All legs that the findings of an analysis need.

    ``net``: by environment, deployment, best world or not, way. ``credential``: by environment and
    deployment, the same in both worlds. ``wires``: by best world or not, deployment, place: the
    shortest open wire and the shortest of any kind.
    """

    def __init__(self, acts: Acts, order: KeyOrder, book: HopBook) -> None:
        self.acts = acts
        self.order = order
        self.book = book
        self.vendor = acts.live.tables.environments.vendor
        self.net: dict[tuple[int, int, bool, int], NetLeg] = {}
        self.credential: dict[tuple[int, int], Hops] = {}
        self.wires: dict[tuple[bool, int, int], tuple[Hops | None, Hops | None]] = {}

    # --- net legs --------------------------------------------------------------------------------

    def find_net(self, sweep: Sweep, wanted: Wanted, places: Iterable[int]) -> None:
        """The net legs of the sweep's deployments, and the wires from single places."""
        places = list(places)
        for best, world in ((False, World.WORST), (True, World.BEST)):
            search = WireSearch(self.acts, self.order, sweep.wires[world])
            mine = wanted.best == best
            for bit, deployment in enumerate(sweep.scope.rows.tolist()):
                rows = np.flatnonzero(mine & (wanted.deployment == deployment))
                if len(rows) == 0 and not places:
                    continue
                wires = WireBook(search.steps(deployment, bit), self.book)
                for place in places:
                    self.wires[best, deployment, place] = wires.from_place(place)
                permitted = column(sweep.permitted, bit)
                for way, group, members in self._groups(wanted, rows, wires, permitted):
                    legs = self._net_legs(wires, permitted, way, group, members)
                    for environment, leg in zip(members.tolist(), legs, strict=True):
                        self.net[environment, deployment, best, way.value] = leg

    def _groups(
        self, wanted: Wanted, rows: Rows, wires: WireBook, permitted: Flags
    ) -> Iterable[tuple[Way, int, Rows]]:
        """The environments of some wanted rows, by way and by the vendor left out of the search.

        The group is that vendor's row (-1 our own); -2 where nothing is left out.
        """
        let_in = self.vendor[permitted & (wires.steps.any[:-1] < FAR)]
        host_vendor = self.vendor[wires.steps.host]
        for way in Way:
            environments = np.unique(wanted.environment[rows[wanted.way[rows] == way.value]])
            vendor = self.vendor[environments]
            if way is Way.ANY:
                group = np.full(len(vendor), -2)
            elif way is Way.OPEN:
                group = np.where(vendor == host_vendor, vendor, -2)
            else:
                group = np.where(np.isin(vendor, let_in), vendor, -2)
            for chosen in np.unique(group).tolist():
                yield way, chosen, environments[group == chosen]

    def _net_legs(
        self, wires: WireBook, permitted: Flags, way: Way, group: int, environments: Rows
    ) -> list[NetLeg]:
        steps = wires.steps
        gated = permitted if way is not Way.OPEN else np.zeros_like(permitted)
        left = np.where(gated, steps.any[:-1], steps.open[:-1])
        if way is Way.OPEN and group != -2:
            left[steps.host] = FAR
        if way is Way.STRANGE and group != -2:
            left[permitted & (self.vendor == group)] = FAR
        first = np.where(gated, steps.any_next[:-1], steps.open_next[:-1])
        rank = np.where(first == NOWHERE, -1, self.order.rank_of_place[first])
        goal = at_places(left, rank)
        way_to = follow(search_acts(self.acts, self.order, environments, goal), self.book)
        legs = []
        for environment in environments.tolist():
            access, start = way_to(environment)
            legs.append(NetLeg(access, wires.hops(start, bool(gated[start]))))
        return legs

    # --- credential legs -------------------------------------------------------------------------

    def find_credentials(self, sweep: Sweep, environment: Rows, deployment: Rows) -> None:
        """The credential legs of the pairs given, as far as they are of the sweep's deployments."""
        for bit, row in enumerate(sweep.scope.rows.tolist()):
            starts = np.unique(environment[deployment == row])
            if len(starts) == 0:
                continue
            goal = at_nodes(column(sweep.granted, bit), 1)
            way_to = follow(search_acts(self.acts, self.order, starts, goal), self.book)
            target = self.book.deployment(row)
            for start in starts.tolist():
                hops, node = way_to(start)
                accepted = Hop("grants", self.book.named(node)[1], target)
                self.credential[start, row] = (*hops, accepted)
