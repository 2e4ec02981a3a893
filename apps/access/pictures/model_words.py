"""Who reaches a model, in the one sentence that its page opens with."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.access.pictures.stations import Stations
from apps.access.pictures.walk import walks
from apps.access.selectors.reach import VerdictCounts
from apps.access.selectors.routes import RouteFacts, witness_of
from apps.engine.values import INTERNET, Certainty, VerdictKind
from apps.findings.models import Finding


@dataclass(frozen=True)
class Saying:
    """A sentence without a full stop; ``strong`` is the part of it that alarms."""

    strong: str
    rest: str


def saying(
    model: str, counts: VerdictCounts, routes: Iterable[Finding], facts: RouteFacts
) -> Saying:
    """Who reaches the model without segregation, and through whom, as far as that is known."""
    count = counts.unsegregated
    if not count:
        return Saying("", f"Nobody is known to reach {model} without segregation")
    ways: dict[str, str] = {}
    for finding in routes:
        pair = facts.pairs.get((finding.environment, finding.deployment))
        on_the_network = pair is not None and pair.verdict == VerdictKind.UNSEGREGATED
        if on_the_network and finding.certainty == Certainty.PROVEN:
            way = _through(finding, facts)
            ways[finding.environment] = ways.get(finding.environment) or way
    # Routes beyond what was looked at may go through others: then only the number is said.
    through = Counter(filter(None, ways.values())) if len(ways) == count else Counter()
    if count <= 2 and len(ways) == count:
        names = [_name(key, facts) for key in ways]
        verb = "reaches" if count == 1 else "reach"
        return Saying(
            " and ".join(names),
            f" {verb} {model} without segregation{_few(list(ways.values()), names)}",
        )
    verb = "reaches" if count == 1 else "reach"
    return Saying(
        f"{count:,} environment{'' if count == 1 else 's'}",
        f"{_vendors(ways, count, facts)} {verb} {model} without segregation{_most(through)}",
    )


def _name(environment: str, facts: RouteFacts) -> str:
    known = facts.environments.get(environment)
    return known.name if known else environment


def _few(ways: Sequence[str], names: Sequence[str]) -> str:
    if len(set(ways)) == 1:
        return f", through {ways[0]}" if ways[0] else ""
    told = [f"{name} through {way}" for name, way in zip(names, ways, strict=True) if way]
    return f", {' and '.join(told)}" if told else ""


def _most(through: "Counter[str]") -> str:
    if not through:
        return ""
    way, times = through.most_common(1)[0]
    return f", {times:,} of them through {way}" if times > 1 else f", one of them through {way}"


def _vendors(ways: Iterable[str], count: int, facts: RouteFacts) -> str:
    listed = list(ways)
    if len(listed) != count:
        return ""
    owners = {facts.environments[key].vendor_id for key in listed if key in facts.environments}
    vendors = len(owners - {None})
    return f" of {vendors:,} vendors" if vendors > 1 else ""


def _through(finding: Finding, facts: RouteFacts) -> str:
    """The place of somebody else in which they come to act, where there is one."""
    walk = walks(witness_of(finding), finding.subject)
    if walk is None or not walk.network or walk.wire_start == INTERNET:
        return ""
    if walk.wire_start == f"environment:{finding.environment}":
        return ""
    return Stations(facts).called(walk.wire_start)
