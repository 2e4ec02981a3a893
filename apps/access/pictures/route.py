"""What a route picture shows, as frozen values: no layout yet, no database.

A route starts at one station. Where the network leg and the credential leg need the same hops they
are ``shared``; after them each goes its own way to the terminal, the deployment. A step without a
station is the last hop of its leg, into the terminal.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class OwnerKind(StrEnum):
    OWN = "own"
    VENDOR = "vendor"
    INTERNET = "internet"


class Gate(StrEnum):
    """Whether a connection looks at where the call comes from."""

    NONE = "none"
    PASSED = "passed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Owner:
    """Whose a station is. Two owners with the same words may differ by ``id``."""

    id: str
    name: str
    role: str
    kind: OwnerKind = OwnerKind.VENDOR


@dataclass(frozen=True)
class Tag:
    """Another finding on the route, in a few words under its station."""

    text: str
    possible: bool = False


@dataclass(frozen=True)
class Station:
    """One environment, identity or credential. ``id`` is its ``kind:key``, never shown.

    ``stops``: how many stations are folded into this one.
    """

    id: str
    name: str
    key: str
    icon: str
    owner: Owner
    is_credential: bool = False
    is_gateway: bool = False
    unknown: bool = False
    tags: tuple[Tag, ...] = ()
    stops: int = 1


@dataclass(frozen=True)
class Hop:
    """One fact on the route. ``number``: its row in the table of hops, 0 where it has none."""

    number: int
    word: str
    note: str = ""
    gate: Gate = Gate.NONE
    possible: bool = False


@dataclass(frozen=True)
class Step:
    hop: Hop
    station: Station | None = None


@dataclass(frozen=True)
class Terminal:
    """The deployment: two sockets, and what comes of both. A socket of none is not drawn."""

    model: str
    tier: str
    role: str
    key: str
    host: str
    owner: Owner
    outcome: str
    verdict: str = ""
    network: bool | None = False
    credential: bool | None = False
    network_word: str = "Network"


@dataclass(frozen=True)
class Call:
    """The one call-out, at a hop: the control that is missing, or the question that settles it.

    ``short`` is what a strip says at its end: the control's id, or what nobody has stated.
    """

    hop: int
    head: str
    name: str
    text: str
    possible: bool = False
    short: str = ""


@dataclass(frozen=True)
class Route:
    start: Station
    shared: tuple[Step, ...]
    network: tuple[Step, ...]
    credential: tuple[Step, ...]
    terminal: Terminal | None
    call: Call | None
    title: str
    description: str

    @property
    def has_network(self) -> bool:
        return bool(self.network)

    @property
    def has_credential(self) -> bool:
        return bool(self.credential)

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Every hop, in the order of its number."""
        steps = (*self.shared, *self.network, *self.credential)
        return tuple(sorted((s.hop for s in steps if s.hop.number), key=lambda hop: hop.number))

    @property
    def stations(self) -> tuple[Station, ...]:
        steps = (*self.shared, *self.network, *self.credential)
        return (self.start, *(s.station for s in steps if s.station))

    def on_two_rows(self) -> "Route":
        """The same route, with every hop that belongs on the upper row in ``shared``.

        A route without a network leg keeps its way up to the credential on the upper row, as it
        would have beside a network leg.
        """
        if self.network or self.shared:
            return self
        way = self.credential
        upper = 0
        while upper < len(way) and way[upper].station and not _is_credential(way[upper]):
            upper += 1
        return replace(self, shared=way[:upper], credential=way[upper:])


def _is_credential(step: Step) -> bool:
    return step.station is not None and step.station.is_credential
