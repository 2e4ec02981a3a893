"""What findings have in common: the fact on whose hop their control is missing.

Forty environments behind one open connection are forty findings and one thing to mend. The cause
is that fact, as text that equals itself from scan to scan; where a rule needs no route, it is what
the finding is about.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.engine.values import INTERNET, Finding, Hop


@dataclass(frozen=True)
class Places:
    """Of each environment, by ``environment:KEY``: its vendor (none: our own) and its purpose."""

    vendor: Mapping[str, str | None]
    purpose: Mapping[str, object]


def cause_of(finding: Finding, places: Places) -> str:
    """``relation from to`` of the hop on which the control belongs, else the subject."""
    hop = hop_of(finding, places)
    if hop is not None:
        return f"{hop.relation} {hop.from_} {hop.to}"
    return " ".join(f"{kind}:{key}" for kind, key in finding.subject.items())


def hop_of(finding: Finding, places: Places) -> Hop | None:
    """The hop on which the control of the finding's rule belongs; none without a route."""
    route = _Route(finding, places)
    chosen = _PLACES.get(finding.rule, _Route.at_the_gate)(route)
    return chosen or route.first()


class _Route:
    """The witness of a finding, walked from its environment."""

    def __init__(self, finding: Finding, places: Places) -> None:
        self.witness, self.places = finding.witness, places
        self.start = f"environment:{finding.subject.get('environment', '')}"

    def _walked(self, hops: Sequence[Hop]) -> Iterator[tuple[Hop, str]]:
        """Each hop with the end that it leads to, as far as the hops follow one another."""
        here = self.start
        for hop in hops:
            if here not in (hop.from_, hop.to):
                return
            here = hop.to if here == hop.from_ else hop.from_
            yield hop, here

    def into_another_owner(self) -> Hop | None:
        """Where somebody first comes to act in another's environment; else at the gate."""
        vendor = self.places.vendor
        entered: Hop | None = None
        for hop, place in self._walked(self.witness.access):
            if place not in vendor:
                continue
            if vendor[place] != vendor.get(self.start):
                return hop
            entered = hop
        return entered or self.at_the_gate()

    def across_purposes(self) -> Hop | None:
        """The first hop into an environment of another purpose, before the host."""
        purpose = self.places.purpose
        way = self.witness.access + self.witness.wire
        for hop, place in list(self._walked(way))[:-1]:
            if place in purpose and purpose[place] != purpose.get(self.start):
                return hop
        return way[-1] if way else None

    def at_the_gate(self) -> Hop | None:
        """The connection on which a gate belongs: from the internet, else into our own."""
        wire = self.witness.wire
        for hop in reversed(wire):
            if hop.from_ == INTERNET:
                return hop
        for hop in wire:
            if hop.to in self.places.vendor and self.places.vendor[hop.to] is None:
                return hop
        return next(iter(wire or self.witness.access[-1:]), None)

    def where_it_is_held(self) -> Hop | None:
        return next((hop for hop in self.witness.credential if hop.relation == "holds"), None)

    def where_it_is_accepted(self) -> Hop | None:
        return next((hop for hop in self.witness.credential if hop.relation == "grants"), None)

    def where_it_administers(self) -> Hop | None:
        return next((hop for hop in self._hops() if hop.relation == "administers"), None)

    def first(self) -> Hop | None:
        return next(self._hops(), None)

    def _hops(self) -> Iterator[Hop]:
        return (hop for leg in self.witness for hop in leg)


_PLACES: dict[str, Callable[[_Route], Hop | None]] = {
    "RT-01": _Route.into_another_owner,
    "RT-03": _Route.across_purposes,
    "RT-04": _Route.where_it_is_held,
    "RT-05": _Route.where_it_is_accepted,
    "RT-06": _Route.where_it_is_held,
    "RT-07": _Route.first,
    "RT-08": _Route.where_it_administers,
    "RT-13": _Route.first,
    "RT-14": _Route.into_another_owner,
    "RT-17": _Route.into_another_owner,
    "RT-18": _Route.where_it_is_accepted,
}
