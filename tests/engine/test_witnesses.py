"""A witness is facts, proves its finding alone, and is as short as can be."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from apps.engine.analysis import analyse
from apps.engine.closure import Closure, World
from apps.engine.live import live_facts
from apps.engine.reference import analyse_plainly
from apps.engine.values import INTERNET, Certainty, Finding, Graph, YesNo
from tests.engine.graphs import NOW, random_graph
from tests.engine.replay import replay
from tests.engine.shortest import credential_length, key_length, net_length
from tests.examples import examples

PAIR_RULES = {"RT-01", "RT-02", "RT-03", "RT-14", "RT-17"}


def findings(graph: Graph) -> Iterator[Finding]:
    yield from analyse(graph, NOW).findings()


@examples(10)
@given(seed=st.integers(0, 2**32), size=st.integers(3, 18))
def test_a_witness_replayed_alone_gives_its_finding_again(seed: int, size: int) -> None:
    graph = random_graph(seed, size)
    found_again = {}
    for finding in findings(graph):
        if finding.witness not in found_again:
            alone = analyse_plainly(replay(graph, finding.witness), NOW)
            found_again[finding.witness] = {
                (f.rule, f.certainty, f.subject) for f in alone.findings
            }
        about = finding.rule, finding.certainty, tuple(sorted(finding.subject.items()))
        assert about in found_again[finding.witness]


@examples(10)
@given(seed=st.integers(0, 2**32), size=st.integers(3, 18))
def test_every_hop_is_a_live_fact(seed: int, size: int) -> None:
    graph = random_graph(seed, size)
    live = live_facts(graph, NOW)
    facts = {("holds", f"environment:{r.from_}", f"credential:{r.to}") for r in live.holds}
    facts |= {("enters", f"identity:{r.from_}", f"environment:{r.to}") for r in live.enters}
    facts |= {("member_of", f"identity:{r.from_}", f"identity:{r.to}") for r in live.member_of}
    facts |= {("jumps", f"environment:{r.from_}", f"environment:{r.to}") for r in live.jumps}
    facts |= {
        (
            "connects",
            INTERNET if r.from_ == INTERNET else f"environment:{r.from_}",
            f"environment:{r.to}",
        )
        for r in live.connects
    }
    facts |= {("grants", r.from_, f"deployment:{r.to}") for r in live.grants}
    facts |= {("administers", f"identity:{r.from_}", r.to) for r in live.administers}
    facts |= {
        ("authenticates", f"credential:{c.key}", f"identity:{c.identity}")
        for c in live.credentials.values()
    }
    for e in live.environments.values():
        if e.internet_egress is not YesNo.NO:
            facts.add(("internet_egress", f"environment:{e.key}", INTERNET))
        if e.internet_exposed is not YesNo.NO:
            facts.add(("internet_exposed", INTERNET, f"environment:{e.key}"))
    for finding in findings(graph):
        for leg in finding.witness:
            assert {tuple(hop) for hop in leg} <= facts


@examples(8)
@given(seed=st.integers(0, 2**32), size=st.integers(3, 16))
def test_no_route_has_fewer_facts(seed: int, size: int) -> None:
    graph = random_graph(seed, size)
    closure = Closure(live_facts(graph, NOW))
    for finding in findings(graph):
        if finding.rule not in PAIR_RULES | {"RT-05", "RT-18"}:
            continue
        e = closure.live.environments[finding.subject["environment"]]
        d = closure.live.deployments[finding.subject["deployment"]]
        access, wire, credential = finding.witness
        if finding.rule == "RT-05":
            assert len(credential) == key_length(closure, e, d, finding.subject["credential"])
            continue
        if finding.rule != "RT-18" and (access or wire):
            world = World.BEST if finding.certainty is Certainty.PROVEN else World.WORST
            length = net_length(closure, world, e, d, rule=finding.rule)
            assert len(access) + len(wire) == length
        if credential:
            assert len(credential) == credential_length(closure, e, d)


@examples(10)
@given(seed=st.integers(0, 2**32))
def test_a_possible_finding_names_what_nobody_has_stated(seed: int) -> None:
    for finding in findings(random_graph(seed, 12)):
        assert bool(finding.rests_on) == (finding.certainty is Certainty.POSSIBLE)
        assert ("Nobody has stated" in finding.missing) == bool(finding.rests_on)


@examples(8)
@given(seed=st.integers(0, 2**32))
def test_stating_every_unknown_of_a_possible_finding_safely_settles_it(seed: int) -> None:
    """With no way left but the witness's own: stated safely, the finding is gone."""
    graph = random_graph(seed, 10)
    for finding in findings(graph):
        if finding.certainty is Certainty.PROVEN:
            continue
        settled = _with_no_other_way(replay(graph, finding.witness), finding)
        for unknown in finding.rests_on:
            settled = _stated(settled, unknown.fact, unknown.field)
        about = finding.rule, tuple(sorted(finding.subject.items()))
        assert about not in {(f.rule, f.subject) for f in analyse_plainly(settled, NOW).findings}


def _with_no_other_way(graph: Graph, finding: Finding) -> Graph:
    """Close every way over the internet that the witness does not take, and every other reason."""
    asked = {unknown.fact for unknown in finding.rests_on}
    identities = tuple(
        i if f"identity:{i.key}" in asked else i._replace(mfa=YesNo.YES) for i in graph.identities
    )
    hops = {(hop.relation, hop.from_, hop.to) for hop in finding.witness.wire}
    environments = []
    for e in graph.environments:
        out = ("internet_egress", f"environment:{e.key}", INTERNET) in hops
        into = ("internet_exposed", INTERNET, f"environment:{e.key}") in hops
        environments.append(
            e._replace(
                internet_egress=e.internet_egress if out else YesNo.NO,
                internet_exposed=e.internet_exposed if into else YesNo.NO,
            )
        )
    connects = [
        c
        for c in graph.connects
        if c.from_ != INTERNET or ("connects", INTERNET, f"environment:{c.to}") in hops
    ]
    return graph._replace(
        environments=tuple(environments), connects=tuple(connects), identities=identities
    )


SAFE = {
    "internet_egress": "no",
    "internet_exposed": "no",
    "managed_endpoints": "yes",
    "mfa": "yes",
    "enforces_allowlist": "yes",
    "logging": "tamper_evident",
    "log_names_identity": "yes",
}


def _stated(graph: Graph, fact: str, field: str) -> Graph:
    """The graph with the unknown stated as the safer value."""
    kind, *keys = fact.split(":")
    name = {
        "environment": "environments",
        "identity": "identities",
        "deployment": "deployments",
        "connects": "connects",
    }[kind]
    changed = []
    for row in getattr(graph, name):
        this = [row.from_, row.to] if kind == "connects" else [row.key]
        if this == keys:
            value = type(getattr(row, field))(SAFE[field])
            row = row._replace(**{field: value})  # noqa: PLW2901 - the same row, stated
        changed.append(row)
    return graph._replace(**{name: tuple(changed)})
