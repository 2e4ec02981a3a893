"""The surroundings of a model as values: who stands how near, by which gate, and what stops them.

``around`` puts them together from looked-up facts; ``surroundings_wide`` and ``surroundings_tall``
lay them out. The nearer somebody stands, the fewer hops lie between them and the model.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from apps.access.models import Connects, Deployment
from apps.access.pictures.route import Owner, Station
from apps.access.pictures.stations import Stations
from apps.access.pictures.walk import walks
from apps.access.selectors.models import Gates, VerdictGroup, Visitor
from apps.access.selectors.reach import KEY_ONLY
from apps.access.selectors.routes import RouteFacts, witness_of
from apps.engine.values import INTERNET, VerdictKind, YesNo

SHOWN = {
    str(VerdictKind.UNSEGREGATED): 6,
    str(VerdictKind.UNDETERMINED): 4,
    str(VerdictKind.SEGREGATED): 4,
    KEY_ONLY: 2,
}
"""How many of each verdict are drawn one by one; the others are counted in one row."""

MOST_ENDS = 4


@dataclass(frozen=True)
class Comer:
    """Somebody who reaches the model, as a row of the picture.

    ``through`` is the place of somebody else in which they come to act; ``gate`` the id of the
    first thing on the way that belongs to the model's side, empty where the way is not told.
    ``hops`` counts the facts between them and the model, 0 where that is not told.
    """

    station: Station
    verdict: str
    through: Station | None = None
    gate: str = ""
    hops: int = 0
    possible: bool = False
    anchor: str = ""


@dataclass(frozen=True)
class Circle:
    """Those who stand under one verdict: the first of them, and how many more there are."""

    verdict: str
    count: int
    comers: Sequence[Comer]

    @property
    def rest(self) -> int:
        return self.count - len(self.comers)


@dataclass(frozen=True)
class End:
    """A deployment, or several folded into one."""

    id: str
    name: str
    role: str
    count: int = 1


@dataclass(frozen=True)
class Edge:
    """A connection from one gate to the next, or to a deployment."""

    origin: str
    target: str
    possible: bool = False
    gated: bool = False


@dataclass(frozen=True)
class Surroundings:
    """Everything that the picture shows. ``levels``: gates by how many stand after them."""

    title: str
    description: str
    circles: Sequence[Circle]
    gates: Sequence[Station]
    levels: Mapping[str, int]
    edges: Sequence[Edge]
    ends: Sequence[End]
    owner: Owner


def around(
    model: str,
    groups: Iterable[VerdictGroup],
    deployments: Sequence[Deployment],
    gates: Gates,
    ways: Mapping[str, Connects],
    facts: RouteFacts,
) -> Surroundings:
    """The surroundings of a model whose ``groups`` of environments reach its ``deployments``."""
    listed = list(groups)
    known = {v.environment.key: v.environment for group in listed for v in group.visitors}
    facts = replace(facts, environments={**known, **gates.places, **facts.environments})
    stations = Stations(facts)
    hosts = {f"environment:{deployment.environment.key}" for deployment in deployments}
    circles = [_circle(group, stations, ways) for group in listed]
    edges = list(_edges(gates, deployments, hosts))
    reached = {edge.origin for edge in edges} | {edge.target for edge in edges} | hosts
    circles = [_with_known_gates(circle, reached - {""}) for circle in circles]
    used = _used(edges, circles)
    kept = [edge for edge in edges if edge.origin in used]
    names = [edge.origin for edge in kept]
    return Surroundings(
        title=f"Surroundings of {model}",
        description=_description(model, circles),
        circles=circles,
        gates=[stations.station(node) for node in dict.fromkeys(names)],
        levels=_levels(kept),
        edges=kept,
        ends=_ends(deployments),
        owner=stations.owner(deployments[0].environment.vendor if deployments else None),
    )


def _circle(group: VerdictGroup, stations: Stations, ways: Mapping[str, Connects]) -> Circle:
    # In the order of their owners, so that each owner is one band.
    visitors = list(group.visitors[: SHOWN[group.verdict]])
    comers = [_comer(visitor, stations, ways) for visitor in visitors]
    first: dict[str, int] = {}
    for comer in comers:
        first.setdefault(comer.station.owner.id, len(first))
    comers.sort(key=lambda comer: (first[comer.station.owner.id], comer.hops))
    return Circle(group.verdict, group.count, comers)


def _comer(visitor: Visitor, stations: Stations, ways: Mapping[str, Connects]) -> Comer:
    place = visitor.environment
    node = f"environment:{place.key}"
    station = replace(stations.station(node), unknown=False)
    told = Comer(
        station,
        visitor.verdict,
        possible=visitor.verdict == VerdictKind.UNDETERMINED,
        anchor=f"#environment-{place.pk}",
    )
    walk = None
    if visitor.finding is not None and visitor.verdict != KEY_ONLY:
        walk = walks(witness_of(visitor.finding), visitor.finding.subject)
    if walk is not None and walk.network:
        wire = walk.network[len(walk.network) - walk.wire :] if walk.wire else walk.network[-1:]
        start = walk.wire_start
        through = stations.station(start) if start not in (node, INTERNET) else None
        if through is not None and through.owner.id == station.owner.id and start == node:
            through = None
        return replace(told, through=through, gate=wire[0].target, hops=len(walk.network))
    way = ways.get(place.key)
    if way is None:
        return told
    return replace(told, gate=f"environment:{way.target.key}")


def _edges(gates: Gates, deployments: Sequence[Deployment], hosts: Iterable[str]) -> Iterable[Edge]:
    """The connections between gates, those into a host drawn to the deployments that it hosts."""
    hosted: dict[str, list[Deployment]] = {}
    for deployment in deployments:
        hosted.setdefault(f"environment:{deployment.environment.key}", []).append(deployment)
    ends = {end.id for end in _ends(deployments)}
    for row in gates.connections:
        origin = f"environment:{row.origin.key}" if row.origin else INTERNET
        target = f"environment:{row.target.key}"
        possible = row.enforces_allowlist == YesNo.UNKNOWN
        gated = row.enforces_allowlist == YesNo.YES
        if target not in hosts:
            yield Edge(origin, target, possible, gated)
            continue
        for deployment in hosted[target]:
            end = f"deployment:{deployment.key}"
            yield Edge(origin, end if end in ends else "deployment:", possible, gated)


def _with_known_gates(circle: Circle, known: set[str]) -> Circle:
    return replace(
        circle,
        comers=[
            comer if comer.gate in known or comer.gate == INTERNET else replace(comer, gate="")
            for comer in circle.comers
        ],
    )


def _used(edges: Sequence[Edge], circles: Iterable[Circle]) -> set[str]:
    """The gates that somebody in the picture comes by, and those after them."""
    wanted = {comer.gate for circle in circles for comer in circle.comers} - {""}
    if not wanted:
        return {edge.origin for edge in edges}
    grown = True
    while grown:
        further = {edge.target for edge in edges if edge.origin in wanted}
        grown = not further <= wanted
        wanted |= further
    return wanted


def _levels(edges: Sequence[Edge]) -> dict[str, int]:
    """For each gate, how many stand between it and the furthest deployment that it leads to."""
    levels = {edge.origin: 0 for edge in edges}
    for _ in levels:
        for edge in edges:
            if edge.target in levels and edge.target != edge.origin:
                levels[edge.origin] = max(levels[edge.origin], levels[edge.target] + 1)
    return {gate: min(level, 2) for gate, level in levels.items()}


def _ends(deployments: Sequence[Deployment]) -> list[End]:
    shown = deployments if len(deployments) <= MOST_ENDS else deployments[: MOST_ENDS - 1]
    ends = [
        End(f"deployment:{row.key}", row.name, f"{row.get_purpose_display().lower()} deployment")
        for row in shown
    ]
    rest = len(deployments) - len(shown)
    return [*ends, End("deployment:", f"{rest} more", "deployments", rest)] if rest else ends


def _description(model: str, circles: Iterable[Circle]) -> str:
    told = []
    for circle in circles:
        word = "holds a key only" if circle.verdict == KEY_ONLY else circle.verdict
        names = [
            f"{comer.station.name}{f' through {comer.through.name}' if comer.through else ''}"
            for comer in circle.comers
        ]
        rest = f" and {circle.rest} more" if circle.rest else ""
        told.append(f"{word.capitalize()}: {', '.join(names)}{rest}.")
    return " ".join(told) or f"Nobody is known to reach {model}."
