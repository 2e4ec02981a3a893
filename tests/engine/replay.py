"""A graph with nothing left of it but the facts of one witness."""

from collections.abc import Sequence
from typing import TypeVar

from apps.engine.values import (
    INTERNET,
    Administers,
    Connects,
    Enters,
    Grants,
    Graph,
    Holds,
    Jumps,
    MemberOf,
    Witness,
)

R = TypeVar("R", Holds, Enters, MemberOf, Jumps, Connects, Grants, Administers)


def replay(graph: Graph, witness: Witness) -> Graph:
    """Keep the witness's relations, every entry, and what is written from the internet."""
    hops = {(hop.relation, hop.from_, hop.to) for leg in witness for hop in leg}

    def kept(name: str, relations: Sequence[R], origin: str, target: str) -> tuple[R, ...]:
        return tuple(r for r in relations if (name, origin + r.from_, target + r.to) in hops)

    written = tuple(c for c in graph.connects if c.from_ == INTERNET)
    return graph._replace(
        holds=kept("holds", graph.holds, "environment:", "credential:"),
        enters=kept("enters", graph.enters, "identity:", "environment:"),
        member_of=kept("member_of", graph.member_of, "identity:", "identity:"),
        jumps=kept("jumps", graph.jumps, "environment:", "environment:"),
        connects=written + kept("connects", graph.connects, "environment:", "environment:"),
        grants=kept("grants", graph.grants, "", "deployment:"),
        administers=kept("administers", graph.administers, "identity:", ""),
    )
