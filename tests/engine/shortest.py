"""How few facts a route needs, found by networkx: a second opinion on the witnesses.

One graph for each question: the acts graph, with the wires of one deployment hung onto it.
"""

import networkx as nx

from apps.engine.closure import Closure, World, WorldClosure
from apps.engine.values import INTERNET, Deployment, Environment, EnvironmentKind, IdentityKind


def acts_graph(closure: Closure) -> "nx.DiGraph[str]":
    """Each fact an edge of length 1; a fleet's people are behind their groups, fact by fact."""
    live = closure.live
    graph: nx.DiGraph[str] = nx.DiGraph()
    for held in live.holds:
        graph.add_edge(f"environment:{held.from_}", f"credential:{held.to}", weight=1)
    for credential in live.credentials.values():
        graph.add_edge(f"credential:{credential.key}", f"identity:{credential.identity}", weight=1)
    for member in live.member_of:
        graph.add_edge(f"identity:{member.from_}", f"identity:{member.to}", weight=1)
        graph.add_edge(f"people:{member.to}", f"people:{member.from_}", weight=1)
    for entry in live.enters:
        graph.add_edge(f"identity:{entry.from_}", f"environment:{entry.to}", weight=1)
        if live.environments[entry.to].kind is EnvironmentKind.ENDPOINT_FLEET:
            graph.add_edge(f"environment:{entry.to}", f"people:{entry.from_}", weight=1)
    for person in live.identities.values():
        if person.kind is IdentityKind.HUMAN:
            graph.add_edge(f"people:{person.key}", f"identity:{person.key}", weight=0)
    for jump in live.jumps:
        graph.add_edge(f"environment:{jump.from_}", f"environment:{jump.to}", weight=1)
    return graph


def wire_lengths(world: WorldClosure, deployment: Deployment, *, gated: bool) -> dict[str, int]:
    """The fewest connections from each place to the host, through gates or not."""
    host = deployment.environment
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_node(host)
    environments = world.closure.live.environments
    for origin, target, enforces in world.connections(deployment.key):
        passes_on = target in (INTERNET, host) or (
            environments[target].kind is EnvironmentKind.GATEWAY
        )
        if passes_on and (gated or not enforces):
            graph.add_edge(target, origin)  # turned round: searched from the host
    lengths: dict[str, int] = nx.single_source_shortest_path_length(graph, host)
    return lengths


def net_length(
    closure: Closure,
    world: World,
    e: Environment,
    d: Deployment,
    *,
    rule: str,
) -> int:
    """The fewest facts of a net leg for a finding of the rule about the pair."""
    derived = WorldClosure(closure, world)
    open_, every = (wire_lengths(derived, d, gated=gated) for gated in (False, True))
    fleet = e.kind is EnvironmentKind.ENDPOINT_FLEET
    graph = acts_graph(closure)
    graph.add_node(f"environment:{e.key}")
    acts = nx.single_source_dijkstra_path_length(graph, f"environment:{e.key}", weight="weight")
    best = []
    for node, steps in acts.items():
        kind, _, key = node.partition(":")
        if kind != "environment":
            continue
        f = closure.live.environments[key]
        permitted = closure.is_permitted(f, d)
        if rule == "RT-02":
            if key in open_ and (key != d.environment or e.vendor != f.vendor):
                best.append(steps + open_[key])
        elif not (rule == "RT-01" and fleet and permitted and f.vendor == e.vendor):
            lengths = every if permitted else open_
            if key in lengths:
                best.append(steps + lengths[key])
    return int(min(best))


def credential_length(closure: Closure, e: Environment, d: Deployment) -> int:
    """The fewest facts by which the environment comes by something the deployment accepts."""
    graph = acts_graph(closure)
    start = f"environment:{e.key}"
    lengths = nx.single_source_dijkstra_path_length(graph, start, weight="weight")
    return int(1 + min(lengths[node] for node in closure.granted[d.key] if node in lengths))


def key_length(closure: Closure, e: Environment, d: Deployment, credential: str) -> int:
    """The fewest facts to a credential, and from there to the deployment that it opens."""
    acts = nx.single_source_dijkstra_path_length(
        acts_graph(closure), f"environment:{e.key}", weight="weight"
    )
    opening: nx.DiGraph[str] = nx.DiGraph()
    opening.add_edge(
        f"credential:{credential}", f"identity:{closure.live.credentials[credential].identity}"
    )
    for member in closure.live.member_of:
        opening.add_edge(f"identity:{member.from_}", f"identity:{member.to}")
    for granted in closure.granted[d.key]:
        opening.add_edge(granted, "the deployment")
    return int(
        acts[f"credential:{credential}"]
        + nx.shortest_path_length(opening, f"credential:{credential}", "the deployment")
    )
