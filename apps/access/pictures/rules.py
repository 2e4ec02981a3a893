"""Each rule in a reader's words: where on a route its control belongs, and why it is asked for.

The engine's own words name keys. These name none, so that they can be shown to anybody.
"""

from collections.abc import Callable, Mapping

from apps.access.models import Environment
from apps.access.pictures.walk import Stride, Walks
from apps.access.selectors.routes import RouteFacts
from apps.engine.catalogue import CONTROLS, RULES
from apps.engine.values import INTERNET

WHY: Mapping[str, str] = {
    "RT-01": "No live entry of the allowlist admits whoever comes this way.",
    "RT-02": "Nothing on the way checks where a call comes from.",
    "RT-03": "An environment of one purpose reaches a deployment of another.",
    "RT-04": "The same credential is used by more than one environment, test or company.",
    "RT-05": "The credential opens the model for longer than its sensitivity allows.",
    "RT-06": "A credential that opens production lies in a partner's environment.",
    "RT-07": "Who approved it is missing, a machine, the requester or somebody who profits.",
    "RT-08": "Somebody outside, or a machine, may create or change paths to the model.",
    "RT-09": "The log could be altered, or does not name who called.",
    "RT-10": "Nobody can say who used the model.",
    "RT-11": "The model was used from where the allowlist admits nobody.",
    "RT-12": "No recent drill shows how fast the access can be ended.",
    "RT-13": "Nobody vouches for the device, or for who signs in on it.",
    "RT-14": "No relationship in force stands behind this way: status, contract or permission.",
    "RT-15": "A leak names what leads to the model.",
    "RT-16": "The facts refute what was answered.",
    "RT-17": "No live contract names the sub-contractor.",
    "RT-18": "The credential opens the model from where no path leads to it today.",
    "RT-19": "The permission has no end, or one too far off.",
    "RT-20": "The internet has an open way to the model.",
}


def control(rule: str) -> tuple[str, str]:
    """The id and the name of the control that is missing; empty where a rule checks none."""
    controls = RULES[rule].controls if rule in RULES else ()
    return (controls[0], CONTROLS[controls[0]]) if controls else ("", "")


def name(rule: str) -> str:
    return RULES[rule].name if rule in RULES else rule


def missing_at(rule: str, walk: Walks, facts: RouteFacts) -> int | None:
    """The number of the hop on which the rule's control belongs; none without hops."""
    chosen = _PLACES.get(rule, _at_the_gate)(walk, facts)
    if chosen is None and walk.strides:
        chosen = walk.strides[0]
    return chosen.number if chosen else None


Choice = Callable[[Walks, RouteFacts], Stride | None]


def _into_another_owner(walk: Walks, facts: RouteFacts) -> Stride | None:
    """Where somebody first comes to act in another's environment; else at the gate."""
    first = _environment(walk.start, facts)
    acting = walk.network[: len(walk.network) - walk.wire]
    for stride in acting:
        place = _environment(stride.target, facts)
        if place and first and place.vendor_id != first.vendor_id:
            return stride
    entered = [s for s in acting if s.target.startswith("environment:")]
    return entered[-1] if entered else _at_the_gate(walk, facts)


def _at_the_gate(walk: Walks, facts: RouteFacts) -> Stride | None:
    """The connection on which a gate belongs: from the internet, else into our own."""
    wire = walk.network[len(walk.network) - walk.wire :] if walk.wire else ()
    for stride in reversed(wire):
        if stride.origin == INTERNET:
            return stride
    for stride in wire:
        place = _environment(stride.target, facts)
        if place and place.vendor_id is None:
            return stride
    return wire[0] if wire else _last(walk.network)


def _across_purposes(walk: Walks, facts: RouteFacts) -> Stride | None:
    """The first hop into an environment of another purpose, before the host."""
    first = _environment(walk.start, facts)
    for stride in walk.network[:-1]:
        place = _environment(stride.target, facts)
        if place and first and place.purpose != first.purpose:
            return stride
    return _last(walk.network)


def _where_it_is_held(walk: Walks, _: RouteFacts) -> Stride | None:
    return next((s for s in walk.credential if s.hop.relation == "holds"), None)


def _where_it_is_accepted(walk: Walks, _: RouteFacts) -> Stride | None:
    return next((s for s in walk.credential if s.hop.relation == "grants"), None)


def _where_it_administers(walk: Walks, _: RouteFacts) -> Stride | None:
    return next((s for s in walk.network if s.hop.relation == "administers"), None)


def _first(walk: Walks, _: RouteFacts) -> Stride | None:
    return walk.strides[0] if walk.strides else None


def _last(strides: tuple[Stride, ...]) -> Stride | None:
    return strides[-1] if strides else None


def _environment(node: str, facts: RouteFacts) -> Environment | None:
    return facts.environments.get(node.partition(":")[2])


_PLACES: dict[str, Choice] = {
    "RT-01": _into_another_owner,
    "RT-02": _at_the_gate,
    "RT-03": _across_purposes,
    "RT-04": _where_it_is_held,
    "RT-05": _where_it_is_accepted,
    "RT-06": _where_it_is_held,
    "RT-07": _first,
    "RT-08": _where_it_administers,
    "RT-12": _at_the_gate,
    "RT-13": _first,
    "RT-14": _into_another_owner,
    "RT-15": _at_the_gate,
    "RT-17": _into_another_owner,
    "RT-18": _where_it_is_accepted,
    "RT-20": _at_the_gate,
}
