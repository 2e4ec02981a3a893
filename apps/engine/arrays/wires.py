"""From where a wire leads to which deployment, open or gated: for many deployments at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apps.engine.arrays.acts import LiveFacts
from apps.engine.arrays.bits import ALL, Adjacency, Rows, Words, gather, nonzero, single, spread
from apps.engine.arrays.tables import Codes, Flags, code
from apps.engine.closure import World
from apps.engine.values import EnvironmentKind, YesNo


def is_yes(values: Codes, *, less_safe: YesNo, world: World) -> Flags:
    """A column of yes/no attributes in a world."""
    taken = (less_safe is YesNo.YES) == (world is World.WORST)
    yes: Flags = (values == code(YesNo.YES)) | ((values == code(YesNo.UNKNOWN)) & taken)
    return yes


@dataclass(frozen=True)
class Scope:
    """The deployments that bits stand for: rows of live deployments of sensitive models, by key."""

    rows: Rows
    words: int

    def bits_of(self, deployments: npt.NDArray[np.integer]) -> tuple[Flags, Words]:
        """Which of the deployment rows are in scope, and their bits (of those that are)."""
        place = np.searchsorted(self.rows, deployments)
        place[place == len(self.rows)] = 0
        within = (
            self.rows[place] == deployments
            if len(self.rows)
            else np.zeros(len(deployments), dtype=np.bool_)
        )
        return within, single(place[within], self.words)


@dataclass(frozen=True)
class Edges:
    """The network steps of one world between places: environments by row, the internet after them.

    ``mask`` holds the deployments that a step admits.
    """

    origin: Rows
    target: Rows
    enforces: Flags
    mask: Words


@dataclass(frozen=True)
class Wires:
    """For each place, the deployments to which a wire leads from it."""

    edges: Edges
    hosted: Words
    open: Words
    gated: Words

    @property
    def any(self) -> Words:
        return self.open | self.gated


def network(live: LiveFacts, scope: Scope, world: World) -> Edges:
    """Every connection of the world, written and implicit, between live places."""
    environments, connects = live.tables.environments, live.tables.connects
    internet = len(environments.keys)
    from_internet = connects.origin < 0
    lives = live.environment[connects.target] & (from_internet | live.environment[connects.origin])
    written = np.zeros(internet, dtype=np.bool_)
    written[connects.target[from_internet & lives]] = True
    exposed = is_yes(environments.internet_exposed, less_safe=YesNo.YES, world=world)
    egress = is_yes(environments.internet_egress, less_safe=YesNo.YES, world=world)
    outward = np.flatnonzero(live.environment & egress)
    inward = np.flatnonzero(live.environment & exposed & ~written)
    mask = np.where(connects.restricted[:, None], np.uint64(0), ALL)
    mask = np.repeat(mask, scope.words, axis=1)
    within, bits = scope.bits_of(connects.admits_deployment)
    gather(mask, connects.admits_connection[within], bits)
    implicit = np.full((len(outward) + len(inward), scope.words), ALL)
    return Edges(
        np.concatenate(
            [
                np.where(from_internet, internet, connects.origin)[lives],
                outward,
                np.full(len(inward), internet),
            ]
        ).astype(np.int64),
        np.concatenate([connects.target[lives], np.full(len(outward), internet), inward]).astype(
            np.int64
        ),
        np.concatenate(
            [
                is_yes(connects.enforces, less_safe=YesNo.NO, world=world)[lives],
                np.zeros(len(implicit), dtype=np.bool_),
            ]
        ),
        np.concatenate([mask[lives], implicit]),
    )


def find_wires(live: LiveFacts, scope: Scope, world: World) -> Wires:
    """The wires of a world, found as bits that spread backwards from the hosts.

    Three nodes a place: the end of a wire at a host, a place with an open wire, a place with a
    gated one. Only gateways and the internet pass on what they have.
    """
    environments = live.tables.environments
    places = len(environments.keys) + 1
    edges = network(live, scope, world)
    hosted = np.zeros((places, scope.words), dtype=np.uint64)
    at = live.tables.deployments.environment[scope.rows]
    gather(hosted, at, single(np.arange(len(scope.rows)), scope.words))

    hosts = nonzero(hosted)
    hosts_some = hosts[edges.target]
    passes_on = np.append(environments.kind == code(EnvironmentKind.GATEWAY), True)[edges.target]
    free = ~edges.enforces
    end, opened, gated = 0, places, 2 * places
    steps = [  # (from, to, which edges)
        (opened, end, free & hosts_some),
        (opened, opened, free & passes_on),
        (gated, end, edges.enforces & hosts_some),
        (gated, opened, edges.enforces & passes_on),
        (gated, gated, passes_on),
    ]
    origin = np.concatenate([edges.origin[on] + a for a, _, on in steps])
    target = np.concatenate([edges.target[on] + b for _, b, on in steps])
    masks = np.concatenate([edges.mask[on] for _, _, on in steps])
    graph = Adjacency.of(3 * places, origin, target)
    bits = np.concatenate([hosted, hosted, np.zeros_like(hosted)])
    spread(graph, bits, masks[graph.edge])
    return Wires(edges, hosted, bits[opened:gated], bits[gated:])
