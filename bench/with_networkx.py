"""Reach with networkx, twice: asked of each environment, and asked backwards of each deployment.

Both give every pair (environment, deployment) with its reach in the worst and the best world, as
the rules define it; what the two cost is what the array engine is held against.
"""

from collections.abc import Iterator
from typing import NamedTuple

import networkx as nx

from apps.engine.closure import Closure, World, WorldClosure
from apps.engine.live import Live, live_facts
from apps.engine.values import (
    INTERNET,
    Deployment,
    Environment,
    EnvironmentKind,
    Graph,
    IdentityKind,
    YesNo,
)
from bench.portfolio import NOW

Pair = tuple[str, str]


class Reached(NamedTuple):
    """Pairs on the network in each world, and pairs with a credential."""

    worst: set[Pair]
    best: set[Pair]
    credential: set[Pair]


class Question:
    """The live facts as networkx graphs, and what is looked up beside them."""

    def __init__(self, graph: Graph) -> None:
        self.live: Live = live_facts(graph, NOW)
        self.acts = _acts_graph(self.live)
        models = {m.key: m for m in graph.models}
        self.deployments = [
            d for d in self.live.deployments.values() if models[d.model].sensitivity.is_sensitive
        ]
        self.permitted = {
            (a.model, a.vendor, a.purpose, a.environment) for a in self.live.allowlist.values()
        }

    def runs_for(self, d: Deployment) -> Iterator[Environment]:
        for e in self.live.environments.values():
            ours = e.vendor is None
            if not (ours and (e.kind is EnvironmentKind.GATEWAY or e.key == d.environment)):
                yield e

    def passing(self, d: Deployment, steps: "nx.DiGraph[tuple[str, bool]]") -> list[str]:
        """The environments from which a call passes to the deployment."""
        start = (d.environment, False)
        wires = nx.descendants(steps, start) | {start} if start in steps else {start}
        found = []
        for place, gated in wires:
            if place == INTERNET:
                continue
            e = self.live.environments[place]
            allowed = {(d.model, e.vendor, d.purpose, scope) for scope in (None, place)}
            if not gated or not allowed.isdisjoint(self.permitted):
                found.append(f"environment:{place}")
        return found

    def wire_steps(
        self, world: World
    ) -> Iterator[tuple[Deployment, "nx.DiGraph[tuple[str, bool]]"]]:
        """For each deployment the graph of (place, gated), turned round to start at the host."""
        derived = WorldClosure(Closure(self.live), world)
        hosts = {d.environment for d in self.deployments}
        live = self.live.environments
        every = [
            (origin, target, enforces, admits)
            for origin, target, enforces, admits in _connections(derived)
            if target == INTERNET or target in hosts or live[target].kind is EnvironmentKind.GATEWAY
        ]
        for d in self.deployments:
            steps: nx.DiGraph[tuple[str, bool]] = nx.DiGraph()
            for origin, target, enforces, admits in every:
                if admits is not None and d.key not in admits:
                    continue
                passes_on = target == INTERNET or live[target].kind is EnvironmentKind.GATEWAY
                if passes_on or target == d.environment:
                    steps.add_edge((target, False), (origin, enforces))
                if passes_on:
                    steps.add_edge((target, True), (origin, True))
            yield d, steps


def _connections(
    derived: WorldClosure,
) -> Iterator[tuple[str, str, bool, tuple[str, ...] | None]]:
    live = derived.closure.live
    for c in live.connects:
        enforces = derived.world.is_yes(c.enforces_allowlist, less_safe=YesNo.NO)
        yield c.from_, c.to, enforces, c.deployments
    written = {c.to for c in live.connects if c.from_ == INTERNET}
    for e in live.environments.values():
        if derived.world.is_yes(e.internet_egress, less_safe=YesNo.YES):
            yield e.key, INTERNET, False, None
        exposed = derived.world.is_yes(e.internet_exposed, less_safe=YesNo.YES)
        if exposed and e.key not in written:
            yield INTERNET, e.key, False, None


def _acts_graph(live: Live) -> "nx.DiGraph[str]":
    acts: nx.DiGraph[str] = nx.DiGraph()
    acts.add_nodes_from(f"environment:{key}" for key in live.environments)
    acts.add_edges_from((f"environment:{h.from_}", f"credential:{h.to}") for h in live.holds)
    acts.add_edges_from(
        (f"credential:{c.key}", f"identity:{c.identity}") for c in live.credentials.values()
    )
    acts.add_edges_from((f"identity:{m.from_}", f"identity:{m.to}") for m in live.member_of)
    acts.add_edges_from((f"environment:{j.from_}", f"environment:{j.to}") for j in live.jumps)
    human = {i.key for i in live.identities.values() if i.kind is IdentityKind.HUMAN}
    for entry in live.enters:
        acts.add_edge(f"identity:{entry.from_}", f"environment:{entry.to}")
        if live.environments[entry.to].kind is EnvironmentKind.ENDPOINT_FLEET:
            acts.add_edge(f"environment:{entry.to}", f"people:{entry.from_}")
            if entry.from_ in human:
                acts.add_edge(f"people:{entry.from_}", f"identity:{entry.from_}")
    for member in live.member_of:
        acts.add_edge(f"people:{member.to}", f"people:{member.from_}")
        if member.from_ in human:
            acts.add_edge(f"people:{member.from_}", f"identity:{member.from_}")
    return acts


def _accepted(question: Question) -> dict[str, set[str]]:
    accepted: dict[str, set[str]] = {d.key: set() for d in question.deployments}
    for grant in question.live.grants:
        if grant.to in accepted:
            accepted[grant.to].add(grant.from_)
    return accepted


def ask_each_environment(graph: Graph) -> Reached:
    """Forwards: everything that each environment acts as, then every deployment in turn."""
    question = Question(graph)
    accepted = _accepted(question)
    passing = {
        world: {d.key: set(question.passing(d, steps)) for d, steps in question.wire_steps(world)}
        for world in World
    }
    reached = Reached(set(), set(), set())
    for e in question.live.environments.values():
        start = f"environment:{e.key}"
        acts = nx.descendants(question.acts, start) | {start}
        for d in question.deployments:
            if e.vendor is None and (e.kind is EnvironmentKind.GATEWAY or e.key == d.environment):
                continue
            pair = e.key, d.key
            if not acts.isdisjoint(passing[World.WORST][d.key]):
                reached.worst.add(pair)
            if not acts.isdisjoint(passing[World.BEST][d.key]):
                reached.best.add(pair)
            if not acts.isdisjoint(accepted[d.key]):
                reached.credential.add(pair)
    return reached


def ask_each_deployment(graph: Graph) -> Reached:
    """Backwards: from what passes, or is accepted, to everything that acts as it."""
    question = Question(graph)
    accepted = _accepted(question)
    turned = question.acts.reverse()
    worst, best = (
        {
            pair
            for d, steps in question.wire_steps(world)
            for pair in _who(question, turned, d, question.passing(d, steps))
        }
        for world in World
    )
    credential = {
        pair
        for d in question.deployments
        for pair in _who(question, turned, d, [n for n in accepted[d.key] if n in turned])
    }
    return Reached(worst, best, credential)


def _who(
    question: Question, turned: "nx.DiGraph[str]", d: Deployment, goals: list[str]
) -> Iterator[Pair]:
    turned.add_edges_from(("goal", node) for node in goals)
    turned.add_node("goal")
    found = nx.descendants(turned, "goal")
    turned.remove_node("goal")
    runs_for = {f"environment:{e.key}" for e in question.runs_for(d)}
    for node in found & runs_for:
        yield node.removeprefix("environment:"), d.key
