"""What a possible finding rests on, as the questions that settle it, in names and at their hops."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.access.pictures.stations import Stations
from apps.access.pictures.walk import Stride, Walks
from apps.access.selectors.routes import RouteFacts
from apps.engine.values import INTERNET, YesNo


@dataclass(frozen=True)
class Question:
    """One unknown: ``text`` asks, ``taken`` says what is assumed, ``short`` is for a strip.

    ``hop`` is the hop that depends on it, 0 for what lies on no hop.
    """

    hop: int
    text: str
    taken: str
    short: str


YES = "Taken as yes until somebody says no."
NO = "Taken as no until somebody says yes."

_ASKED: Mapping[str, tuple[str, str, str]] = {
    "internet_egress": ("May {0} reach the internet?", YES, "internet egress not stated"),
    "internet_exposed": ("Does {0} answer from the internet?", YES, "exposure not stated"),
    "managed_endpoints": ("Are the devices of {0} managed?", NO, "management not stated"),
    "mfa": ("Does {0} sign in with a second factor?", NO, "second factor not stated"),
    "enforces_allowlist": (
        "Does {1} check where calls from {0} come from?",
        NO,
        "allowlist not stated",
    ),
    "logging": ("Can the log of {0} be altered unseen?", YES, "logging not stated"),
    "log_names_identity": ("Does the log of {0} name who called?", NO, "logging not stated"),
}


def asked(
    rests_on: Sequence[Mapping[str, str]], walk: Walks | None, facts: RouteFacts
) -> Iterator[Question]:
    """The questions for what a finding rests on, in the order in which it was found."""
    stations = Stations(facts)
    for unknown in rests_on:
        if unknown["field"] not in _ASKED:
            continue
        text, taken, short = _ASKED[unknown["field"]]
        nodes = _nodes(unknown["fact"])
        names = [stations.called(node) for node in nodes]
        hop = _hop(nodes, unknown["field"], walk) if walk else 0
        yield Question(hop, text.format(*names), taken, short)


def _nodes(fact: str) -> list[str]:
    """The nodes that an unknown is about: one fact, or the two ends of a connection."""
    kind, _, rest = fact.partition(":")
    if kind != "connects":
        return [fact]
    return [key if key == INTERNET else f"environment:{key}" for key in rest.split(":")]


def _hop(nodes: list[str], field: str, walk: Walks) -> int:
    """The number of the hop that depends on it: its own, else the first that touches it."""
    relation = field if field.startswith("internet_") else ""
    wanted = set(nodes)
    touching = [s for s in walk.strides if wanted <= {s.hop.from_, s.hop.to}]
    own = [s for s in touching if s.hop.relation == relation]
    return (own or touching)[0].number if touching else 0


def is_possible(stride: Stride, facts: RouteFacts) -> bool:
    """Whether the hop itself rests on something that nobody has stated."""
    match stride.hop.relation:
        case "internet_egress":
            return _is_unstated(facts, stride.hop.from_, "internet_egress")
        case "internet_exposed":
            return _is_unstated(facts, stride.hop.to, "internet_exposed")
    return False


def _is_unstated(facts: RouteFacts, node: str, name: str) -> bool:
    environment = facts.environments.get(_key(node))
    return environment is not None and getattr(environment, name) == YesNo.UNKNOWN


def _key(node: str) -> str:
    return node.partition(":")[2]
