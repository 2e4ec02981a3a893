"""Where routes are weakest: the hop on which a control is missing, and who shares it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.access.pictures import questions, rules
from apps.access.pictures.sentences import sentence
from apps.access.pictures.stations import Stations
from apps.access.pictures.walk import Stride, walks
from apps.access.selectors.routes import RouteFacts, witness_of
from apps.engine.values import Hop
from apps.findings.models import Finding

RELATIONS = {
    "connects": "connects to",
    "enters": "enters",
    "jumps": "has sessions in",
    "holds": "holds",
    "member_of": "is a member of",
    "authenticates": "signs in as",
    "grants": "opens",
    "administers": "administers",
    "internet_egress": "reaches",
    "internet_exposed": "reaches",
}
NOUNS = {
    "connects": "connection",
    "enters": "login",
    "jumps": "session",
    "holds": "stored secret",
    "grants": "grant",
    "administers": "right to change paths",
    "internet_egress": "way out to the internet",
    "internet_exposed": "way in from the internet",
}


@dataclass(frozen=True)
class WeakPoint:
    """A hop where a control is missing, with every route that breaks there.

    ``words`` tell the hop as a sentence, ``noun`` what it is; ``controls`` are the missing ones.
    ``possible``: all of its routes rest on what nobody has stated.
    """

    noun: str
    words: str
    controls: Sequence[str]
    possible: bool
    routes: Sequence[tuple[Finding, str]]


def weak_points(findings: Iterable[Finding], facts: RouteFacts) -> list[WeakPoint]:
    """The findings grouped by the hop that their route breaks at, the most shared first."""
    groups: dict[Hop, list[Finding]] = {}
    for finding in findings:
        stride = weakest(finding, facts)
        if stride is not None:
            groups.setdefault(stride.hop, []).append(finding)
    points = [_point(hop, found, facts) for hop, found in groups.items()]
    return sorted(points, key=lambda point: (point.possible, -len(point.routes), point.words))


def weakest(finding: Finding, facts: RouteFacts) -> Stride | None:
    """The hop on which the control belongs, or which the open question decides."""
    walk = walks(witness_of(finding), finding.subject)
    if walk is None:
        return None
    asked = (question.hop for question in questions.asked(finding.rests_on, walk, facts))
    at = next((hop for hop in asked if hop), None) or rules.missing_at(finding.rule, walk, facts)
    return next((stride for stride in walk.strides if stride.number == at), None)


def _point(hop: Hop, findings: Sequence[Finding], facts: RouteFacts) -> WeakPoint:
    stations = Stations(facts)
    words = (
        f"{stations.called(hop.from_)} {RELATIONS.get(hop.relation, hop.relation)} "
        f"{stations.called(hop.to)}"
    )
    return WeakPoint(
        noun=NOUNS.get(hop.relation, "hop"),
        words=words[:1].upper() + words[1:],
        controls=sorted({control for f in findings if (control := rules.control(f.rule)[0])}),
        possible=all(finding.certainty == "possible" for finding in findings),
        routes=[(finding, sentence(finding, facts)) for finding in findings],
    )
