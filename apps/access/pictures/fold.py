"""Columns of the wide picture: one for each station of the upper row, and room for the lower.

A column has one owner; where the rows disagree a column is inserted. A picture holds six columns:
above that, stations that stand together are folded into one, gateways of one owner first. The tall
picture and the table of hops always show every station.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from apps.access.pictures.route import Owner, OwnerKind, Route, Station, Step

MOST_COLUMNS = 6
SEVERAL = Owner("several", "Several owners", "see the hops below", OwnerKind.VENDOR)


@dataclass
class Column:
    owner: Owner
    upper: Station | None = None
    lower: Station | None = None


def columns(route: Route) -> list[Column]:
    """The columns of a route; the last upper station of ``shared`` is where the legs part."""
    upper = [route.start, *_stations(route.shared), *_stations(route.network)]
    found = [Column(station.owner, station) for station in upper]
    at = len(route.shared)
    for index, station in enumerate(_stations(route.credential)):
        if index:
            at += 1
        if at >= len(found) or found[at].owner.id != station.owner.id:
            at = at if index else at + 1
            found.insert(at, Column(station.owner))
        found[at].lower = station
    return found


def folded(route: Route) -> Route:
    """The same route with stations folded until it fits."""
    for may_fold in (_gateways_of_one_owner, _of_one_owner, _any, _even_unknown):
        while len(columns(route)) > MOST_COLUMNS:
            shorter = _fold_once(route, may_fold)
            if shorter is None:
                break
            route = shorter
    return route


MayFold = Callable[[Step, Step], bool]


def _gateways_of_one_owner(one: Step, other: Step) -> bool:
    return _of_one_owner(one, other) and all(
        step.station is not None and step.station.is_gateway for step in (one, other)
    )


def _of_one_owner(one: Step, other: Step) -> bool:
    return (
        _any(one, other)
        and one.station is not None
        and other.station is not None
        and one.station.owner.id == other.station.owner.id
    )


def _any(one: Step, other: Step) -> bool:
    return _even_unknown(one, other) and not other.hop.possible and not _has_unknown(one, other)


def _even_unknown(one: Step, other: Step) -> bool:
    return one.station is not None and other.station is not None


def _has_unknown(*steps: Step) -> bool:
    return any(step.station is not None and step.station.unknown for step in steps)


def _fold_once(route: Route, may_fold: MayFold) -> Route | None:
    """Fold the first two neighbours that may be; none when there are none."""
    called = route.call.hop if route.call else None
    # The last shared station stays: there the legs part.
    for leg, keep in (("network", 0), ("shared", 1), ("credential", 0)):
        steps: tuple[Step, ...] = getattr(route, leg)
        for index in range(len(steps) - 1 - keep):
            one, other = steps[index], steps[index + 1]
            strict = may_fold is not _even_unknown
            if may_fold(one, other) and not (strict and other.hop.number == called):
                merged = (*steps[:index], _merged(one, other), *steps[index + 2 :])
                call = route.call
                if call and other.hop.number == called:
                    call = replace(call, hop=one.hop.number)
                return replace(_with_leg(route, leg, merged), call=call)
    return None


def _with_leg(route: Route, leg: str, steps: tuple[Step, ...]) -> Route:
    match leg:
        case "network":
            return replace(route, network=steps)
        case "shared":
            return replace(route, shared=steps)
    return replace(route, credential=steps)


def _merged(one: Step, other: Step) -> Step:
    first, second = one.station, other.station
    assert first is not None  # noqa: S101 - checked by who asks
    assert second is not None  # noqa: S101 - checked by who asks
    count = first.stops + second.stops
    same = first.owner.id == second.owner.id
    gateways = first.is_gateway and second.is_gateway
    station = replace(
        first,
        name=f"{count} {'gateways' if gateways else 'stops'}",
        key="",
        icon="router" if gateways else "dots",
        owner=first.owner if same else SEVERAL,
        is_gateway=gateways,
        is_credential=first.is_credential and second.is_credential,
        unknown=first.unknown or second.unknown,
        tags=(),
        stops=count,
    )
    return Step(one.hop, station)


def _stations(steps: tuple[Step, ...]) -> Iterator[Station]:
    return (step.station for step in steps if step.station)
