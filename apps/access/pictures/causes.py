"""What findings have in common, in words: the hop that lacks a control, or their subject."""

from collections.abc import Iterable

from apps.access.pictures.sentences import sentence
from apps.access.pictures.stations import Stations
from apps.access.pictures.weakest import NOUNS, RELATIONS
from apps.access.selectors.routes import RouteFacts
from apps.engine.values import Hop
from apps.findings.models import Finding
from apps.findings.tellers import Cause


def causes(findings: Iterable[Finding], facts: RouteFacts) -> list[Cause]:
    """The cause of each finding, named as far as the facts may be."""
    stations = Stations(facts)
    return [_cause(finding, facts, stations) for finding in findings]


def _cause(finding: Finding, facts: RouteFacts, stations: Stations) -> Cause:
    parts = finding.cause.split(" ")
    if len(parts) != 3 or parts[0] not in RELATIONS:
        return Cause("", sentence(finding, facts))
    hop = Hop(*parts)
    words = f"{stations.called(hop.from_)} {RELATIONS[hop.relation]} {stations.called(hop.to)}"
    return Cause(NOUNS.get(hop.relation, "fact"), words[:1].upper() + words[1:])
