"""A witness as two walks: through the facts, from where the route starts to where it ends.

A fact has its own direction, a walk has another: that a device acts as the people who use it is the
fact ``enters``, walked backwards. What a witness adds beside its walks (who else holds a shared
credential) is left over, and kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.engine.values import Hop, Witness


@dataclass(frozen=True)
class Stride:
    """One hop as it is walked: from one node to the other, numbered."""

    number: int
    hop: Hop
    origin: str
    target: str

    @property
    def backwards(self) -> bool:
        return self.hop.from_ != self.origin


@dataclass(frozen=True)
class Walks:
    """``network`` and ``credential`` begin with the same ``shared`` strides.

    ``wire`` says how many of the last strides of the network leg are its wire.
    """

    start: str
    network: tuple[Stride, ...]
    credential: tuple[Stride, ...]
    shared: int
    wire: int
    aside: tuple[Stride, ...]

    @property
    def strides(self) -> tuple[Stride, ...]:
        """Every stride once, by number."""
        return (*self.network, *self.credential[self.shared :], *self.aside)

    @property
    def wire_start(self) -> str:
        """Where the wire begins: the place whose permission a gate asks for."""
        acting = self.network[: len(self.network) - self.wire]
        return acting[-1].target if acting else self.start


def walks(witness: Witness, subject: Mapping[str, str]) -> Walks | None:
    """The walks of a witness; none when there is nothing to walk."""
    way = witness.access + witness.wire
    if not way and not witness.credential:
        return None
    environment = f"environment:{subject['environment']}" if "environment" in subject else ""
    network = _numbered(_best(way, [environment, *_ends(way)]), 1)
    nodes = [network[0].origin, *(stride.target for stride in network)] if network else []
    candidates = [environment, *nodes] if network else [environment, *_ends(witness.credential)]
    walked = _best(witness.credential, candidates)
    shared = _shared(network, walked)
    credential = (*network[: shared[0]], *_numbered(walked[shared[1] :], len(network) + 1))
    done = len(network) + len(walked) - shared[1]
    left = witness.credential[len(walked) :]
    return Walks(
        start=nodes[0] if nodes else walked[0][1] if walked else environment,
        network=network,
        credential=credential if walked else (),
        shared=shared[0] if walked else 0,
        wire=len(witness.wire),
        aside=tuple(Stride(done + 1 + i, hop, hop.from_, hop.to) for i, hop in enumerate(left)),
    )


Walked = list[tuple[Hop, str, str]]


def _ends(hops: Sequence[Hop]) -> tuple[str, ...]:
    return (hops[0].from_, hops[0].to) if hops else ()


def _best(hops: Sequence[Hop], starts: Sequence[str]) -> Walked:
    """The longest walk along the hops from one of the starts; the first of equals."""
    best: Walked = []
    for start in dict.fromkeys(filter(None, starts)):
        walked = list(_walk(hops, start))
        if len(walked) > len(best):
            best = walked
    return best


def _walk(hops: Sequence[Hop], start: str) -> Iterator[tuple[Hop, str, str]]:
    here = start
    for hop in hops:
        if here not in (hop.from_, hop.to):
            return
        there = hop.to if here == hop.from_ else hop.from_
        yield hop, here, there
        here = there
        if here.startswith("deployment:"):
            return


def _numbered(walked: Walked, first: int) -> tuple[Stride, ...]:
    return tuple(
        Stride(first + index, hop, origin, target)
        for index, (hop, origin, target) in enumerate(walked)
    )


def _shared(network: Sequence[Stride], credential: Walked) -> tuple[int, int]:
    """How many strides of each leg both need before they part.

    The credential may join the network leg some way along it; what lies before that is needed by
    both, since nobody gets there otherwise.
    """
    if not network or not credential:
        return 0, 0
    nodes = [network[0].origin, *(stride.target for stride in network)]
    first = credential[0][1]
    if first not in nodes:
        return 0, 0
    joined = nodes.index(first)
    both = 0
    while (
        joined + both < len(network)
        and both < len(credential)
        and network[joined + both].hop == credential[both][0]
    ):
        both += 1
    return joined + both, both
