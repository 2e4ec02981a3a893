"""Sets of deployments as bits, and their spread over a graph: many answers in one sweep.

A set of deployments is a row of 64-bit words, bit k of word w standing for deployment 64 w + k.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]

ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
WORD = 64


def words_for(count: int) -> int:
    """How many words hold ``count`` bits (at least one)."""
    return max(1, -(-count // WORD))


def nonzero(bits: Words) -> npt.NDArray[np.bool_]:
    """Which rows have any bit."""
    joined = bits[:, 0].copy()
    for word in range(1, bits.shape[1]):
        joined |= bits[:, word]
    return joined != 0


def single(index: npt.NDArray[np.integer], words: int) -> Words:
    """One row a given bit number, with that bit alone."""
    rows = np.zeros((len(index), words), dtype=np.uint64)
    at = index.astype(np.int64)
    rows[np.arange(len(at)), at // WORD] = np.uint64(1) << (at % WORD).astype(np.uint64)
    return rows


def column(bits: Words, index: int) -> npt.NDArray[np.bool_]:
    """Which rows have bit ``index``."""
    shifted = bits[:, index // WORD] >> np.uint64(index % WORD)
    return (shifted & np.uint64(1)).astype(np.bool_)


def has(bits: Words, row: Rows, bit: Rows) -> npt.NDArray[np.bool_]:
    """Whether each named row has the named bit."""
    word = bits[row, bit // 64]
    return (word >> (bit % 64).astype(np.uint64)) & np.uint64(1) != 0


def pack(flags: npt.NDArray[np.bool_]) -> Words:
    """Flags by bit number (the last axis) as words."""
    count = flags.shape[-1]
    padded = np.zeros((*flags.shape[:-1], words_for(count) * WORD), dtype=np.bool_)
    padded[..., :count] = flags
    return np.packbits(padded, axis=-1, bitorder="little").view(np.uint64)


def listed(bits: Words) -> tuple[Rows, Rows]:
    """Every set bit as (row, bit number), by row, then bit."""
    some = np.flatnonzero(nonzero(bits))
    octets = np.ascontiguousarray(bits[some]).view(np.uint8)
    flags = np.unpackbits(octets, axis=1, bitorder="little")
    row, bit = np.nonzero(flags)
    return some[row], bit


def gather(into: Words, rows: npt.NDArray[np.integer], bits: Words) -> None:
    """``into[rows] |= bits``, where a row may be named many times."""
    if len(rows) == 0:
        return
    order = np.argsort(rows, kind="stable")
    sorted_rows = rows[order]
    starts = np.flatnonzero(np.r_[True, sorted_rows[1:] != sorted_rows[:-1]])
    into[sorted_rows[starts]] |= np.bitwise_or.reduceat(bits[order], starts, axis=0)


@dataclass(frozen=True)
class Adjacency:
    """A directed graph as sorted edges: the targets of node n are ``target[start[n]:start[n+1]]``.

    ``edge`` gives each sorted edge's number in the order in which the edges were given.
    """

    start: Rows
    target: Rows
    edge: Rows

    @classmethod
    def of(
        cls, nodes: int, origin: npt.NDArray[np.integer], target: npt.NDArray[np.integer]
    ) -> "Adjacency":
        order = np.argsort(origin, kind="stable")
        start = np.zeros(nodes + 1, dtype=np.int64)
        np.cumsum(np.bincount(origin, minlength=nodes), out=start[1:])
        return cls(start, target[order].astype(np.int64), order)

    @property
    def nodes(self) -> int:
        return len(self.start) - 1

    @cached_property
    def origin(self) -> Rows:
        return np.repeat(np.arange(self.nodes), np.diff(self.start))

    @cached_property
    def backwards(self) -> "Adjacency":
        """The same edges turned round; ``edge`` counts this graph's sorted edges."""
        return Adjacency.of(self.nodes, self.target, self.origin)

    def out_edges(self, nodes: Rows) -> tuple[Rows, Rows]:
        """The sorted edges that leave the nodes, and how many leave each."""
        first = self.start[nodes]
        counts = self.start[nodes + 1] - first
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        return np.arange(total) + np.repeat(first - (ends - counts), counts), counts

    def reachable(self, nodes: Rows) -> npt.NDArray[np.bool_]:
        """Which nodes are reached from the given ones in any number of steps, or none."""
        seen = np.zeros(self.nodes, dtype=np.bool_)
        seen[nodes] = True
        frontier = self.distinct(nodes)
        while len(frontier):
            edges, _ = self.out_edges(frontier)
            targets = self.target[edges]
            frontier = self.distinct(targets[~seen[targets]])
            seen[frontier] = True
        return seen

    @cached_property
    def _last(self) -> Rows:
        return np.empty(self.nodes, dtype=np.int64)

    def distinct(self, nodes: Rows) -> Rows:
        """Each of the nodes once, in no order worth the name; cheaper than sorting them."""
        places = np.arange(len(nodes))
        self._last[nodes] = places  # of equal nodes the last one writes its place
        return nodes[self._last[nodes] == places]


def spread(graph: Adjacency, bits: Words, masks: Words | None = None) -> Words:
    """Each node's bits joined with those of all that it reaches.

    ``bits`` is changed in place and returned. ``masks``, one row a sorted edge, says which bits may
    cross it. Only nodes whose successors changed are looked at again, so that the work follows what
    is reached, not the size of the graph.
    """
    changed = np.flatnonzero(nonzero(bits))
    back = graph.backwards
    while len(changed):
        incoming, _ = back.out_edges(changed)
        nodes = graph.distinct(back.target[incoming])
        if len(nodes) == 0:
            break
        edges, counts = graph.out_edges(nodes)
        found = bits[graph.target[edges]]
        if masks is not None:
            found &= masks[edges]
        starts = np.cumsum(counts) - counts
        joined = np.bitwise_or.reduceat(found, starts, axis=0) | bits[nodes]
        different = nonzero(joined ^ bits[nodes])
        changed = nodes[different]
        bits[changed] = joined[different]
    return bits
