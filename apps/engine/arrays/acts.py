"""Who acts as what, as one graph of nodes: environments, identities, credentials, people of groups.

A node "people of g" stands for the humans in group g (through any number of groups): a device acts
as the people who use it, and listing each of them for each fleet would square the graph.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from apps.engine.arrays.bits import Adjacency, Rows, Words, gather, nonzero, spread
from apps.engine.arrays.tables import NEVER, Flags, Pairs, Tables, Times, code
from apps.engine.values import (
    EnvironmentKind,
    EnvironmentStatus,
    IdentityKind,
    IdentityStatus,
)


@dataclass(frozen=True)
class LiveFacts:
    """Which rows count at ``now`` (microseconds since 1970), and the relations between them."""

    tables: Tables
    now: int

    @cached_property
    def environment(self) -> Flags:
        return self.tables.environments.status == code(EnvironmentStatus.ACTIVE)

    @cached_property
    def identity(self) -> Flags:
        return self.tables.identities.status == code(IdentityStatus.ACTIVE)

    @cached_property
    def credential(self) -> Flags:
        c = self.tables.credentials
        return (
            self.identity[c.identity]
            & ((c.issued_at == NEVER) | (c.issued_at <= self.now))
            & self._runs_on(c.expires_at)
            & self._runs_on(c.revoked_at)
        )

    @cached_property
    def deployment(self) -> Flags:
        live: Flags = self.environment[self.tables.deployments.environment]
        return live

    @cached_property
    def entry(self) -> Flags:
        a = self.tables.allowlist
        there = a.environment < 0
        there[~there] = self.environment[a.environment[~there]]
        return self.approved_entry & self._runs_on(a.expires_at) & there

    @cached_property
    def approved_entry(self) -> Flags:
        approved_at = self.tables.allowlist.approved_at
        return (approved_at != NEVER) & (approved_at <= self.now)

    @cached_property
    def exposure(self) -> Flags:
        x = self.tables.exposures
        return (x.seen_at <= self.now) & self._runs_on(x.closed_at)

    @cached_property
    def contract(self) -> Flags:
        c, today = self.tables.contracts, self.now // 86_400_000_000
        live: Flags = (c.starts_on <= today) & (today <= c.ends_on)
        return live

    def _runs_on(self, end: Times) -> Flags:
        return (end == NEVER) | (end > self.now)

    def between(self, relation: Pairs, origin: Flags, target: Flags) -> Pairs:
        """The rows of a relation whose two ends are live."""
        live = origin[relation.origin] & target[relation.target]
        return Pairs(relation.origin[live], relation.target[live])

    @cached_property
    def holds(self) -> Pairs:
        return self.between(self.tables.holds, self.environment, self.credential)

    @cached_property
    def enters(self) -> Pairs:
        return self.between(self.tables.enters, self.identity, self.environment)

    @cached_property
    def member_of(self) -> Pairs:
        return self.between(self.tables.member_of, self.identity, self.identity)

    @cached_property
    def jumps(self) -> Pairs:
        return self.between(self.tables.jumps, self.environment, self.environment)


class Acts:
    """The graph of ``acts``: node numbers, edges, and the closure over it."""

    def __init__(self, live: LiveFacts) -> None:
        self.live = live
        tables = live.tables
        self.first_identity = len(tables.environments.keys)
        self.first_credential = self.first_identity + len(tables.identities.keys)
        self.first_people = self.first_credential + len(tables.credentials.keys)
        self.nodes = self.first_people + len(tables.identities.keys)
        origin, target = self._edges()
        self.graph = Adjacency.of(self.nodes, origin, target)

    def identities(self, rows: npt.NDArray[np.integer]) -> Rows:
        return rows.astype(np.int64) + self.first_identity

    def credentials(self, rows: npt.NDArray[np.integer]) -> Rows:
        return rows.astype(np.int64) + self.first_credential

    def _people(self, rows: npt.NDArray[np.integer]) -> Rows:
        return rows.astype(np.int64) + self.first_people

    def _edges(self) -> tuple[Rows, Rows]:
        live, tables = self.live, self.live.tables
        kind = tables.identities.kind
        human, group = kind == code(IdentityKind.HUMAN), kind == code(IdentityKind.GROUP)
        keys = np.flatnonzero(live.credential)
        member, enters = live.member_of, live.enters
        fleet = tables.environments.kind == code(EnvironmentKind.ENDPOINT_FLEET)
        used = fleet[enters.target]
        people, groups = human[member.origin], group[member.origin]
        user, user_group = human[enters.origin] & used, group[enters.origin] & used
        edges = [
            (live.holds.origin, self.credentials(live.holds.target)),
            (self.credentials(keys), self.identities(tables.credentials.identity[keys])),
            (self.identities(member.origin), self.identities(member.target)),
            (self.identities(enters.origin), enters.target),
            (live.jumps.origin, live.jumps.target),
            (enters.target[user], self.identities(enters.origin[user])),
            (enters.target[user_group], self._people(enters.origin[user_group])),
            (self._people(member.target[people]), self.identities(member.origin[people])),
            (self._people(member.target[groups]), self._people(member.origin[groups])),
        ]
        return (
            np.concatenate([origin for origin, _ in edges]).astype(np.int64),
            np.concatenate([target for _, target in edges]).astype(np.int64),
        )

    @cached_property
    def component(self) -> npt.NDArray[np.int32]:
        """The strongly connected component of each node: its nodes act as one another."""
        return self._components[1]

    @cached_property
    def _components(self) -> tuple[int, npt.NDArray[np.int32]]:
        graph = self.graph
        matrix = csr_array(
            (np.ones(len(graph.target), dtype=np.int8), graph.target, graph.start),
            shape=(self.nodes, self.nodes),
        )
        count, component = connected_components(matrix, directed=True, connection="strong")
        return int(count), component

    @cached_property
    def condensed(self) -> Adjacency:
        """The graph between components: what is left when cycles are shrunk to points."""
        count, component = self._components
        origin, target = component[self.graph.origin], component[self.graph.target]
        crossing = origin != target
        return Adjacency.of(count, origin[crossing], target[crossing])

    def close(self, places: Words, nodes: Rows | None = None, bits: Words | None = None) -> Words:
        """For each environment, the bits of all nodes that it acts as.

        ``places`` has a row an environment; ``bits`` a row for each of some other ``nodes``.
        """
        count, component = self._components
        joined = np.zeros((count, places.shape[1]), dtype=np.uint64)
        some = np.flatnonzero(nonzero(places))
        gather(joined, component[some], places[some])
        if nodes is not None and bits is not None:
            gather(joined, component[nodes], bits)
        return spread(self.condensed, joined)[component[: self.first_identity]]

    @cached_property
    def at_vendors(self) -> Flags:
        """Which nodes some live environment of a vendor acts as."""
        of_vendor = self.live.environment & (self.live.tables.environments.vendor >= 0)
        return self.graph.reachable(np.flatnonzero(of_vendor))

    @cached_property
    def membership(self) -> Adjacency:
        """Identity -> group, between live identities."""
        member = self.live.member_of
        return Adjacency.of(len(self.live.tables.identities.keys), member.origin, member.target)

    def close_groups(self, base: Words) -> Words:
        """For each identity, the bits of itself and of every group that it belongs to."""
        return spread(self.membership, base)

    def weak_entrants(self, weak_person: Flags) -> Flags:
        """Which environments a weak person enters, alone or through groups."""
        weak = self.membership.reachable(np.flatnonzero(weak_person))
        entered = np.zeros(self.first_identity, dtype=np.bool_)
        entered[self.live.enters.target[weak[self.live.enters.origin]]] = True
        return entered

    def ancestry(self, targets: Rows) -> "Ancestry":
        """Which nodes act as each of the targets, and in how few steps; work follows the answer."""
        back = self.graph.backwards
        frontier = np.arange(len(targets), dtype=np.int64) * self.nodes + targets
        seen = np.sort(frontier)
        levels = [frontier]
        while len(frontier):
            number, node = np.divmod(frontier, self.nodes)
            edges, counts = back.out_edges(node)
            found = np.unique(np.repeat(number, counts) * self.nodes + back.target[edges])
            frontier = found[~among(found, seen)]
            seen = np.sort(np.concatenate([seen, frontier]))
            levels.append(frontier)
        pairs = np.concatenate(levels)
        order = np.argsort(pairs)
        steps = np.repeat(np.arange(len(levels)), [len(level) for level in levels])
        return Ancestry(self.nodes, pairs[order], steps[order])


def among(values: Rows, ordered: Rows) -> Flags:
    """Which values stand in an ordered list."""
    if len(ordered) == 0:
        return np.zeros(len(values), dtype=np.bool_)
    place = np.searchsorted(ordered, values)
    place[place == len(ordered)] = 0
    found: Flags = ordered[place] == values
    return found


@dataclass(frozen=True)
class Ancestry:
    """Pairs (target's number, node) with the fewest steps from the node to the target.

    ``pair`` is number x nodes + node, ordered.
    """

    nodes: int
    pair: Rows
    steps: Rows

    @property
    def number(self) -> Rows:
        return self.pair // self.nodes

    @property
    def node(self) -> Rows:
        return self.pair % self.nodes
