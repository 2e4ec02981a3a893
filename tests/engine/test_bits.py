"""Sets of deployments as bits, held against Python's sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.arrays.bits import (
    Adjacency,
    column,
    gather,
    has,
    listed,
    pack,
    single,
    spread,
    words_for,
)
from tests.examples import examples

EDGES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40)
SETS = st.lists(st.sets(st.integers(0, 129)), min_size=12, max_size=12)


def as_words(sets: list[set[int]]) -> np.ndarray:
    flags = np.zeros((len(sets), 130), dtype=np.bool_)
    for row, members in enumerate(sets):
        flags[row, list(members)] = True
    return pack(flags)


def as_sets(bits: np.ndarray) -> list[set[int]]:
    found: list[set[int]] = [set() for _ in bits]
    for row, bit in zip(*(part.tolist() for part in listed(bits)), strict=True):
        found[row].add(bit)
    return found


def graph(edges: list[tuple[int, int]]) -> Adjacency:
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return Adjacency.of(12, ends[:, 0], ends[:, 1])


@examples(25)
@given(SETS)
def test_packed_sets_come_back(sets: list[set[int]]) -> None:
    bits = as_words(sets)
    assert bits.shape == (12, words_for(130))
    assert as_sets(bits) == sets
    for bit in (0, 63, 64, 129):
        assert column(bits, bit).tolist() == [bit in members for members in sets]
        everywhere = np.full(12, bit)
        assert has(bits, np.arange(12), everywhere).tolist() == column(bits, bit).tolist()


@examples(25)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 129)), max_size=60))
def test_gathering_joins_what_is_named_many_times(named: list[tuple[int, int]]) -> None:
    into = np.zeros((12, 3), dtype=np.uint64)
    rows = np.array([row for row, _ in named], dtype=np.int64)
    gather(into, rows, single(np.array([bit for _, bit in named], dtype=np.int64), 3))
    expected: list[set[int]] = [set() for _ in range(12)]
    for row, bit in named:
        expected[row].add(bit)
    assert as_sets(into) == expected


def closure(edges: list[tuple[int, int]], sets: list[set[int]]) -> list[set[int]]:
    found = [set(members) for members in sets]
    for _ in range(12):
        for origin, target in edges:
            found[origin] |= found[target]
    return found


@examples(25)
@given(EDGES, SETS)
def test_bits_spread_backwards_along_the_edges(
    edges: list[tuple[int, int]], sets: list[set[int]]
) -> None:
    assert as_sets(spread(graph(edges), as_words(sets))) == closure(edges, sets)


@examples(25)
@given(EDGES, SETS, st.data())
def test_a_mask_lets_only_its_bits_across(
    edges: list[tuple[int, int]], sets: list[set[int]], data: st.DataObject
) -> None:
    masks = data.draw(
        st.lists(st.sets(st.integers(0, 129)), min_size=len(edges), max_size=len(edges))
    )
    found = [set(members) for members in sets]
    for _ in range(12 * 130):
        before = [set(members) for members in found]
        for (origin, target), mask in zip(edges, masks, strict=True):
            found[origin] |= found[target] & mask
        if found == before:
            break
    adjacency = graph(edges)
    words = as_words(masks)[adjacency.edge] if edges else None
    assert as_sets(spread(adjacency, as_words(sets), words)) == found


@examples(25)
@given(EDGES, st.sets(st.integers(0, 11), min_size=1))
def test_reachable_is_the_closure(edges: list[tuple[int, int]], starts: set[int]) -> None:
    found = set(starts)
    for _ in range(12):
        found |= {target for origin, target in edges if origin in found}
    reached = graph(edges).reachable(np.array(sorted(starts)))
    assert set(np.flatnonzero(reached).tolist()) == found
