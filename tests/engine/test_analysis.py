"""The two engines: held to the scenarios, and to each other."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.analysis import analyse
from apps.engine.arrays.analysis import Analysis
from apps.engine.arrays.tables import tables_from_graph
from apps.engine.catalogue import RULES
from apps.engine.reference import PlainResult, analyse_plainly
from apps.engine.scan_document import scan_document
from apps.engine.thresholds import DEFAULT_THRESHOLDS
from apps.engine.values import Certainty, Graph, VerdictKind
from tests.engine.graphs import NOW, random_graph
from tests.engine.plain import analyse_on_arrays
from tests.engine.scenarios import Scenario, scenarios
from tests.examples import examples

SCENARIOS = list(scenarios())


def as_expected(result: PlainResult) -> dict[str, Any]:
    return {
        "reach": [r._asdict() for r in result.reach],
        "verdicts": [v._asdict() for v in result.verdicts],
        "findings": [f._asdict() | {"subject": dict(f.subject)} for f in result.findings],
    }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.path.stem)
@pytest.mark.parametrize("engine", [analyse_plainly, analyse_on_arrays])
def test_the_answer_to_a_scenario_is_the_expected_one(scenario: Scenario, engine: Any) -> None:
    expected = {name: scenario.expected[name] for name in ("reach", "verdicts", "findings")}
    assert as_expected(engine(scenario.graph, scenario.now)) == expected


def test_there_are_scenarios() -> None:
    assert any(s.path.stem == "back-door" for s in SCENARIOS)


@examples(40)
@given(seed=st.integers(0, 2**32), size=st.integers(2, 24))
def test_arrays_agree_with_the_definition(seed: int, size: int) -> None:
    graph = random_graph(seed, size)
    assert analyse_on_arrays(graph, NOW) == analyse_plainly(graph, NOW)


def test_the_random_graphs_meet_every_rule_in_every_certainty() -> None:
    met: Counter[tuple[str, Certainty]] = Counter()
    verdicts: Counter[VerdictKind] = Counter()
    for seed in range(60):
        result = analyse_on_arrays(random_graph(seed, 4 + seed % 20), NOW)
        met.update((f.rule, f.certainty) for f in result.findings)
        verdicts.update(v.verdict for v in result.verdicts)
    always_proven = {"RT-04", "RT-05", "RT-06", "RT-07", "RT-18", "RT-19"}
    for rule in (r.id for r in RULES.values() if r.from_document):
        assert met[rule, Certainty.PROVEN], rule
        assert bool(met[rule, Certainty.POSSIBLE]) == (rule not in always_proven), rule
    assert set(verdicts) == set(VerdictKind)


def test_many_deployments_are_swept_in_blocks_with_the_same_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = random_graph(8, 20)
    deployments = tuple(
        d._replace(key=f"{d.key}-{n}") for n in range(80) for d in graph.deployments
    )
    grants = tuple(g._replace(to=f"{g.to}-{n}") for n in range(0, 80, 3) for g in graph.grants)
    wide = graph._replace(
        deployments=deployments,
        grants=grants,
        connects=tuple(c._replace(deployments=None) for c in graph.connects),
        administers=(),
        exposures=(),
    )
    assert len(deployments) > 64
    whole = analyse_on_arrays(wide, NOW)
    monkeypatch.setattr("apps.engine.arrays.analysis.WORDS_AT_ONCE", 1)
    assert len(Analysis(tables_from_graph(wide), NOW, DEFAULT_THRESHOLDS).sweeps) > 1
    assert analyse_on_arrays(wide, NOW) == whole == analyse_plainly(wide, NOW)


def test_an_empty_graph_has_an_answer() -> None:
    answer = analyse(Graph(), NOW)
    assert set(answer.counts) == {0}
    assert json.loads("".join(scan_document(answer)))["findings"] == []


@examples(10)
@given(seed=st.integers(0, 2**32))
def test_what_holds_in_the_best_world_holds_in_the_worst(seed: int) -> None:
    ladder = ["none", "credential_only", "network_only", "usable"]
    for reach in analyse_on_arrays(random_graph(seed, 14), NOW).reach:
        assert ladder.index(reach.proven) <= ladder.index(reach.reach)


def _pairs_on_the_network(graph: Graph) -> set[tuple[str, str]]:
    return {(v.environment, v.deployment) for v in analyse_on_arrays(graph, NOW).verdicts}


@examples(10)
@given(seed=st.integers(0, 2**32), data=st.data())
def test_taking_a_relation_away_never_adds_a_route(seed: int, data: st.DataObject) -> None:
    graph = random_graph(seed, 12)
    name = data.draw(st.sampled_from(["holds", "enters", "member_of", "jumps", "grants"]))
    relations = getattr(graph, name)
    if relations:
        gone = data.draw(st.integers(0, len(relations) - 1))
        less = graph._replace(**{name: relations[:gone] + relations[gone + 1 :]})
        assert _pairs_on_the_network(less) <= _pairs_on_the_network(graph)


@examples(8)
@given(seed=st.integers(0, 2**32))
def test_the_order_of_the_facts_does_not_matter(seed: int) -> None:
    graph = random_graph(seed, 12)
    turned = graph._replace(**{n: tuple(reversed(facts)) for n, facts in graph._asdict().items()})
    tables, other = tables_from_graph(graph), tables_from_graph(turned)
    assert tables.digest() == other.digest()
    text = "".join(scan_document(analyse(graph, NOW)))
    assert text == "".join(scan_document(analyse(turned, NOW)))


@examples(8)
@given(seed=st.integers(0, 2**32))
def test_any_changed_fact_changes_the_digest(seed: int) -> None:
    graph = random_graph(seed, 6)
    first = graph.environments[0]
    other = first._replace(vendor=None if first.vendor else graph.vendors[0].key)
    changed = graph._replace(environments=(other, *graph.environments[1:]))
    assert tables_from_graph(graph).digest() != tables_from_graph(changed).digest()
