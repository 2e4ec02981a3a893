"""Shortest chains, ties broken by keys: over the acts graph, and along the wires to a deployment.

Distances count facts. Of chains with equally few facts the one with the smallest sequence of keys
is taken: from each node on, the step to the smallest key among those that bring it one nearer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apps.engine.arrays.acts import Acts, Ancestry
from apps.engine.arrays.bits import Adjacency, Rows, column, nonzero
from apps.engine.arrays.tables import Flags, code
from apps.engine.arrays.wires import Wires
from apps.engine.values import INTERNET, EnvironmentKind

FAR = np.iinfo(np.int32).max // 2
"""No way there."""

NOWHERE = -1

Steps = npt.NDArray[np.int32]


class KeyOrder:
    """The nodes of the acts graph, and the internet after them, in the order of their keys.

    ``rank`` is unique a node (equal keys go by kind); ``node`` turns it back.
    """

    def __init__(self, acts: Acts) -> None:
        tables = acts.live.tables
        keys = [
            *tables.environments.keys,
            *tables.identities.keys,
            *tables.credentials.keys,
            *tables.identities.keys,  # people of a group go by the group's key
            INTERNET,
        ]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        self.node: Rows = np.array(order, dtype=np.int64)
        self.rank: Rows = np.empty(len(keys), dtype=np.int64)
        self.rank[self.node] = np.arange(len(keys))
        self.internet = acts.first_identity
        self.node_of_place: Rows = np.append(np.arange(self.internet), len(keys) - 1)
        self.rank_of_place: Rows = self.rank[self.node_of_place]

    def place(self, rank: Rows) -> Rows:
        """The places of a wire with these ranks."""
        return np.minimum(self.node[rank], self.internet)


def best_of(values: Rows, counts: Rows) -> Rows:
    """The least value of each run of ``counts`` values; an empty run has the greatest there is."""
    ends = np.cumsum(counts)
    best = np.full(len(counts), np.iinfo(np.int64).max, dtype=np.int64)
    some = counts > 0
    if some.any():
        best[some] = np.minimum.reduceat(values, (ends - counts)[some])
    return best


@dataclass(frozen=True)
class WireSteps:
    """For one deployment: the fewest connections from each place to its host, and the first.

    ``open`` through connections that enforce nothing, ``any`` through all.
    """

    host: int
    open: Steps
    any: Steps
    open_next: Rows
    any_next: Rows


class WireSearch:
    """Finds the shortest wires of one world, a deployment at a time."""

    def __init__(self, acts: Acts, order: KeyOrder, wires: Wires) -> None:
        environments = acts.live.tables.environments
        self.order = order
        self.edges = wires.edges
        self.hosts = acts.live.tables.deployments.environment
        self.passes_on = np.append(environments.kind == code(EnvironmentKind.GATEWAY), True)
        hosting = nonzero(wires.hosted)
        self.useful = np.flatnonzero((self.passes_on | hosting)[self.edges.target])

    def steps(self, deployment: int, bit: int) -> WireSteps:
        """The wires to the deployment whose row and bit are given."""
        host = int(self.hosts[deployment])
        admitted = self.useful[column(self.edges.mask[self.useful], bit)]
        target = self.edges.target[admitted]
        admitted = admitted[self.passes_on[target] | (target == host)]
        free = admitted[~self.edges.enforces[admitted]]
        opened, open_next = self._search(host, free)
        every, any_next = self._search(host, admitted)
        return WireSteps(host, opened, every, open_next, any_next)

    def _search(self, host: int, edges: Rows) -> tuple[Steps, Rows]:
        places = len(self.passes_on)
        distance = np.full(places, FAR, dtype=np.int32)
        first = np.full(places, NOWHERE, dtype=np.int64)
        distance[host] = 0
        graph = Adjacency.of(places, self.edges.origin[edges], self.edges.target[edges])
        frontier, level = np.array([host]), 0
        while len(frontier):
            level += 1
            into, _ = graph.backwards.out_edges(frontier)
            reached = graph.distinct(graph.backwards.target[into])
            reached = reached[distance[reached] == FAR]
            distance[reached] = level
            frontier = reached[self.passes_on[reached]]
        nodes = np.flatnonzero((distance > 0) & (distance < FAR))
        out, counts = graph.out_edges(nodes)
        target = graph.target[out]
        nearer = distance[target] == np.repeat(distance[nodes], counts) - 1
        rank = np.where(nearer, self.order.rank_of_place[target], np.iinfo(np.int64).max)
        first[nodes] = self.order.place(best_of(rank, counts))
        return distance, first


@dataclass(frozen=True)
class ActsSteps:
    """The fewest facts from each node of a region to a goal, and the next node on the way.

    ``nodes`` is the region, ordered. Where ``next`` is ``NOWHERE`` the goal is taken from here: the
    node's own offset is the best there is.
    """

    nodes: Rows
    distance: Steps
    next: Rows

    def at(self, node: int) -> int:
        return int(np.searchsorted(self.nodes, node))


Goal = Callable[[Rows], tuple[Steps, Rows]]
"""Of the nodes given, in order: what is left to go when the goal is taken there (``FAR``: it is
not), and the rank of the key that comes first then, to be held against that of the next node."""


def at_places(left: Steps, rank: Rows | None = None) -> Goal:
    """A goal that is taken in environments: ``left`` and ``rank`` by row."""

    def goal(nodes: Rows) -> tuple[Steps, Rows]:
        places = nodes[: np.searchsorted(nodes, len(left))]
        own = np.full(len(nodes), FAR, dtype=np.int32)
        own[: len(places)] = left[places]
        first = np.full(len(nodes), -1, dtype=np.int64)
        if rank is not None:
            first[: len(places)] = rank[places]
        return own, first

    return goal


def at_nodes(flags: Flags, left: int) -> Goal:
    """A goal that is equally near from every flagged node."""

    def goal(nodes: Rows) -> tuple[Steps, Rows]:
        own = np.where(flags[nodes], left, FAR).astype(np.int32)
        return own, np.full(len(nodes), -1, dtype=np.int64)

    return goal


def search_acts(
    acts: Acts,
    order: KeyOrder,
    starts: Rows,
    goal: Goal,
) -> ActsSteps:
    """The best ways from ``starts`` to a goal over the acts graph."""
    graph = acts.graph
    region = np.flatnonzero(graph.reachable(starts))
    edges, counts = graph.out_edges(region)
    target = np.searchsorted(region, graph.target[edges])
    own, own_rank = goal(region)
    distance = own.astype(np.int64)
    while True:
        nearest = best_of(distance[target] + 1, counts)
        better = np.minimum(distance, nearest)
        if np.array_equal(better, distance):
            break
        distance = better
    nearer = distance[target] == np.repeat(distance, counts) - 1
    none = np.iinfo(np.int64).max
    rank = best_of(np.where(nearer, order.rank[graph.target[edges]], none), counts)
    here = (rank == none) | ((own == distance) & (own_rank < rank))
    following = np.where(here, NOWHERE, order.node[np.where(rank == none, 0, rank)])
    return ActsSteps(region, distance.astype(np.int32), following)


class KeySearch:
    """The shortest chains by which nodes come to act with single credentials."""

    def __init__(self, acts: Acts, order: KeyOrder, ancestry: Ancestry) -> None:
        self.nodes = acts.nodes
        edges, counts = acts.graph.out_edges(ancestry.node)
        onward = np.repeat(ancestry.number, counts) * acts.nodes + acts.graph.target[edges]
        place = np.searchsorted(ancestry.pair, onward)
        place[place == len(ancestry.pair)] = 0
        nearer = (ancestry.pair[place] == onward) & (
            ancestry.steps[place] == np.repeat(ancestry.steps, counts) - 1
        )
        none = np.iinfo(np.int64).max
        rank = best_of(np.where(nearer, order.rank[acts.graph.target[edges]], none), counts)
        following = np.where(rank == none, NOWHERE, order.node[np.where(rank == none, 0, rank)])
        self.following: dict[int, int] = dict(
            zip(ancestry.pair.tolist(), following.tolist(), strict=True)
        )

    def chain(self, number: int, node: int) -> Iterator[int]:
        """The nodes from ``node`` to credential ``number``, both included."""
        base = number * self.nodes
        while node != NOWHERE:
            yield node
            node = self.following[base + node]
