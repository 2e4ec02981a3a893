"""Any list of a graph may be empty: the two engines agree on what is left, and neither stumbles."""

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.analysis import analyse
from apps.engine.reference import analyse_plainly
from apps.engine.scan_document import scan_document
from apps.engine.values import INTERNET, Graph
from tests.engine.graphs import NOW, random_graph
from tests.engine.plain import analyse_on_arrays
from tests.examples import examples

REFERENCES = {
    "vendors": ("vendor", "engaged_by"),
    "environments": ("environment",),
    "identities": ("identity", "custodian", "requested_by", "approved_by"),
    "models": ("model",),
}
"""The fields that name a fact of each list. Those that may be none are emptied with the list."""

MAY_BE_NONE = {
    "engaged_by",
    "custodian",
    "requested_by",
    "approved_by",
    *(("environments", "vendor"), ("identities", "vendor"), ("allowlist", "vendor")),
    ("allowlist", "environment"),
}


def without(graph: Graph, emptied: Collection[str]) -> Graph:
    """The graph without these lists, and without what cannot be said without them."""
    lists: dict[str, Any] = {
        name: () if name in emptied else facts for name, facts in graph._asdict().items()
    }
    changed = True
    while changed:
        there = {
            name: {fact.key for fact in lists[name]}
            for name in ("vendors", "environments", "identities", "credentials", "models")
        } | {"deployments": {d.key for d in lists["deployments"]}}
        left = {
            name: tuple(kept for fact in facts if (kept := _kept(name, fact, there)) is not None)
            for name, facts in lists.items()
        }
        changed = left != lists
        lists = left
    return Graph(**lists)


def _kept(name: str, fact: Any, there: dict[str, set[str]]) -> Any:
    for target, fields in REFERENCES.items():
        for field in fields:
            key = getattr(fact, field, None)
            if key is None or key in there[target]:
                continue
            if field not in MAY_BE_NONE and (name, field) not in MAY_BE_NONE:
                return None
            fact = fact._replace(**{field: None})
    if hasattr(fact, "from_"):
        ends = _ends(name, fact)
        if any(key not in there[target] and key != INTERNET for target, key in ends):
            return None
    if getattr(fact, "deployments", None):
        admitted = tuple(d for d in fact.deployments if d in there["deployments"])
        return fact._replace(deployments=admitted) if admitted else None
    if name == "exposures":
        targets = tuple(t for t in fact.targets if _is_there(t, there))
        return fact._replace(targets=targets) if targets else None
    if name == "contracts":
        named = tuple(v for v in fact.subcontractors if v in there["vendors"])
        return fact._replace(subcontractors=named)
    return fact


ENDS = {
    "holds": ("environments", "credentials"),
    "enters": ("identities", "environments"),
    "member_of": ("identities", "identities"),
    "jumps": ("environments", "environments"),
    "connects": ("environments", "environments"),
    "grants": ("", "deployments"),
    "administers": ("identities", ""),
}
PLURAL = {
    "environment": "environments",
    "identity": "identities",
    "credential": "credentials",
    "deployment": "deployments",
}


def _ends(name: str, fact: Any) -> list[tuple[str, str]]:
    ends = []
    for target, end in zip(ENDS[name], (fact.from_, fact.to), strict=True):
        kind, colon, key = end.partition(":")
        ends.append((PLURAL[kind], key) if colon and not target else (target, end))
    return ends


def _is_there(target: str, there: dict[str, set[str]]) -> bool:
    kind, _, key = target.partition(":")
    return key in there[PLURAL[kind]]


def assert_agree(graph: Graph) -> None:
    assert analyse_on_arrays(graph, NOW) == analyse_plainly(graph, NOW)
    assert "".join(scan_document(analyse(graph, NOW)))


@pytest.mark.parametrize("emptied", Graph._fields)
@pytest.mark.parametrize("seed", [5, 10])
def test_without_one_list_the_engines_agree(emptied: str, seed: int) -> None:
    assert_agree(without(random_graph(seed, 10), [emptied]))


@pytest.mark.parametrize("only", Graph._fields)
def test_with_one_list_alone_the_engines_agree(only: str) -> None:
    graph = random_graph(10, 10)
    assert_agree(without(graph, set(Graph._fields) - {only}))
    assert_agree(without(graph, set(Graph._fields) - {only, "environments"}))
    assert_agree(
        without(graph, set(Graph._fields) - {only, "environments", "models", "deployments"})
    )


@examples(15)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 14),
    emptied=st.sets(st.sampled_from(Graph._fields), min_size=1),
)
def test_without_any_lists_the_engines_agree(seed: int, size: int, emptied: set[str]) -> None:
    assert_agree(without(random_graph(seed, size), emptied))
