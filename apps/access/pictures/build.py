"""From a stored finding and looked-up facts to the route that a picture shows. No query is made."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from apps.access.models import AllowlistEntry, Credential, Deployment, Grants, PairReach
from apps.access.pictures import questions, rules
from apps.access.pictures.route import (
    Call,
    Gate,
    Hop,
    Owner,
    Route,
    Station,
    Step,
    Tag,
    Terminal,
)
from apps.access.pictures.sentences import sentence
from apps.access.pictures.stations import Stations
from apps.access.pictures.walk import Stride, Walks, walks
from apps.access.selectors.routes import RouteFacts, witness_of
from apps.engine.values import Certainty, Depth, ReachKind, VerdictKind, YesNo
from apps.findings.models import Finding

WORDS = {
    "holds": ("holds", "held in"),
    "enters": ("enters", "used by"),
    "member_of": ("member of", "has member"),
    "jumps": ("jumps", "jumped from"),
    "authenticates": ("signs in as", "signs in with"),
    "connects": ("connects", "connects"),
    "internet_egress": ("egress", "egress"),
    "internet_exposed": ("exposed", "exposed"),
    "administers": ("administers", "administers"),
}
MOST_TAGS = 2


class RouteBuilder:
    """Builds the route of one finding."""

    def __init__(self, finding: Finding, facts: RouteFacts, others: Sequence[Finding] = ()) -> None:
        self.finding, self.facts, self.others = finding, facts, others
        self.stations = Stations(facts)
        self.walk = walks(witness_of(finding), finding.subject)
        self.deployment = self._deployment()

    def _deployment(self) -> Deployment | None:
        """The deployment the route leads to: the subject's, or the last one of the witness."""
        key = self.finding.deployment
        if not key and self.walk:
            ends = [s.target for s in self.walk.strides if s.target.startswith("deployment:")]
            key = ends[-1].partition(":")[2] if ends else ""
        return self.facts.deployments.get(key)

    def questions(self) -> list[questions.Question]:
        """What nobody has stated, if the finding rests on it."""
        return list(questions.asked(self.finding.rests_on, self.walk, self.facts))

    def build(self) -> Route | None:
        """The route; none where the finding is no route, or nothing of it is known any more."""
        if self.walk is None:
            return None
        walk = self.walk
        shared = walk.network[: walk.shared] if walk.credential else ()
        steps = list(self._steps(shared))
        start = self._start(walk)
        network = tuple(self._steps(walk.network[len(shared) :], into_terminal=True))
        credential = tuple(self._steps(walk.credential[len(shared) :], into_terminal=True))
        return Route(
            start=start,
            shared=tuple(steps),
            network=network,
            credential=credential,
            terminal=self._terminal(network, credential),
            call=self._call(walk),
            title=f"Route: {sentence(self.finding, self.facts)}",
            description=self._description(walk),
        )

    # --- stations and hops ------------------------------------------------------------------------

    def _start(self, walk: Walks) -> Station:
        # The start is filled; what nobody has stated about it hangs on as a tag.
        return self._tagged(replace(self.stations.station(walk.start), unknown=False))

    def _steps(self, strides: Sequence[Stride], *, into_terminal: bool = False) -> Iterable[Step]:
        """Strides as steps. The host and the deployment are the terminal, not stations."""
        host = self._host()
        last = len(strides) - 1
        for index, stride in enumerate(strides):
            target = stride.target
            wired = stride.hop.relation == "connects" and target == host
            if target.startswith("deployment:") or (index == last and wired and into_terminal):
                yield Step(self._hop(stride))
                return
            yield Step(self._hop(stride), self._tagged(self._target(stride)))
        if into_terminal and strides and strides[-1].target == host:
            yield Step(Hop(0, "hosts it"))

    def _host(self) -> str:
        return f"environment:{self.deployment.environment.key}" if self.deployment else ""

    def _target(self, stride: Stride) -> Station:
        holder: Owner | None = None
        if stride.hop.relation == "holds" and not stride.backwards:
            holder = self.stations.station(stride.origin).owner
        return self.stations.station(stride.target, holder=holder)

    def _hop(self, stride: Stride) -> Hop:
        possible = questions.is_possible(stride, self.facts)
        word = self._word(stride)
        if possible:
            return Hop(stride.number, f"{word}, not stated", possible=True)
        row = (
            self.facts.connections.get(_ends(stride)) if stride.hop.relation == "connects" else None
        )
        if row is None:
            return Hop(stride.number, word)
        if row.enforces_allowlist == YesNo.YES:
            return Hop(stride.number, f"{word}, gated", self._admission(), Gate.PASSED)
        if row.enforces_allowlist == YesNo.UNKNOWN:
            return Hop(stride.number, f"{word}, gate not stated", gate=Gate.UNKNOWN)
        return Hop(stride.number, word)

    def _word(self, stride: Stride) -> str:
        if stride.hop.relation == "grants":
            row = self.facts.relations.get(stride.hop)
            depth = Depth(row.depth) if isinstance(row, Grants) else None
            return f"grants {depth.replace('_', ' ')}" if depth else "grants"
        forwards, back = WORDS.get(stride.hop.relation, (stride.hop.relation,) * 2)
        return back if stride.backwards else forwards

    def _admission(self) -> str:
        """Which permission let the route pass a gate, in words."""
        entry = self.admitted_by()
        if entry is None or self.walk is None:
            return ""
        shown = self.facts.scope.shows(entry.vendor_id)
        name = entry.key if shown else "an entry"
        return f"{name} admits {self.stations.called(self.walk.wire_start)}"

    def admitted_by(self) -> AllowlistEntry | None:
        """The live permission under which the wire starts, if there is one."""
        if self.walk is None or self.deployment is None:
            return None
        place = self.facts.environments.get(self.walk.wire_start.partition(":")[2])
        for entry in self.facts.permissions if place else ():
            if (
                place
                and entry.model_id == self.deployment.model_id
                and entry.purpose == self.deployment.purpose
                and entry.vendor_id == place.vendor_id
                and entry.environment_id in (None, place.pk)
            ):
                return entry
        return None

    # --- what hangs on ----------------------------------------------------------------------------

    def _tagged(self, station: Station) -> Station:
        tags = [
            tag for other in self.others for tag in self._tags_of(other) if station.id == tag[0]
        ]
        if station.is_credential:
            tags += [(station.id, Tag(text)) for text in self._also_held(station.id)]
        if not tags:
            return station
        return replace(station, tags=tuple(tag for _, tag in tags[:MOST_TAGS]))

    def _tags_of(self, other: Finding) -> Iterable[tuple[str, Tag]]:
        """Another finding on the route, as the station it hangs on and its few words."""
        possible = other.certainty == Certainty.POSSIBLE
        control, _ = rules.control(other.rule)
        place = f"environment:{other.environment}"
        key = f"credential:{other.credential}"
        match other.rule:
            case "RT-13":
                word = "not stated" if possible else "weak endpoint"
                yield (
                    place,
                    Tag(
                        f"{control} endpoint {word}" if possible else f"{control} {word}", possible
                    ),
                )
            case "RT-17":
                yield place, Tag(f"{control} not named", possible)
            case "RT-05":
                yield key, Tag(f"{control} {self._lifetime(other.credential)}", possible)
            case "RT-04":
                yield key, Tag(f"{control} shared", possible)

    def _lifetime(self, key: str) -> str:
        credential: Credential | None = self.facts.credentials.get(key)
        return "never expires" if credential and credential.expires_at is None else "lives too long"

    def _also_held(self, credential: str) -> Iterable[str]:
        for stride in self.walk.aside if self.walk else ():
            if stride.hop.relation == "holds" and stride.hop.to == credential:
                yield f"also in {self.stations.called(stride.hop.from_)}"[:34]

    # --- the end ----------------------------------------------------------------------------------

    def _terminal(self, network: Sequence[Step], credential: Sequence[Step]) -> Terminal | None:
        deployment = self.deployment
        arrives = [leg for leg in (network, credential) if leg and leg[-1].station is None]
        if deployment is None or not arrives:
            return None
        host = deployment.environment
        pair = self.facts.pairs.get((self.finding.environment, deployment.key))
        administers = self.finding.rule == "RT-08"
        outcome, verdict = self._outcome(pair)
        return Terminal(
            model=deployment.model.name,
            tier=str(deployment.model.sensitivity),
            role=f"{deployment.purpose} deployment",
            key=deployment.key,
            host=host.key if self.facts.scope.shows(host.vendor_id) else "",
            owner=self.stations.owner(host.vendor),
            outcome=outcome,
            verdict=verdict,
            network=_is_proven(network, pair, ReachKind.NETWORK_ONLY),
            credential=None
            if administers
            else _is_proven(credential, pair, ReachKind.CREDENTIAL_ONLY),
            network_word="Administration" if administers else "Network",
        )

    def _outcome(self, pair: PairReach | None) -> tuple[str, str]:
        """What comes of the two legs, in two or three words, and the verdict that colours them."""
        if self.finding.rule == "RT-08":
            possible = self.finding.certainty == Certainty.POSSIBLE
            return ("May open paths" if possible else "Can open paths"), ""
        if pair is None:
            return "", ""
        verdict = pair.verdict or ""
        if pair.reach == ReachKind.CREDENTIAL_ONLY:
            return "Key only, no path", ""
        if verdict == VerdictKind.UNDETERMINED:
            return (
                "Possibly usable" if pair.reach == ReachKind.USABLE else "Possibly reached"
            ), verdict
        if pair.reach == ReachKind.NETWORK_ONLY:
            return f"{verdict.capitalize()}, no key", verdict
        return f"Usable, {verdict}", verdict

    # --- the call-out -----------------------------------------------------------------------------

    def _call(self, walk: Walks) -> Call | None:
        asked = [question for question in self.questions() if question.hop]
        if asked:
            first = asked[0]
            return Call(first.hop, "Nobody has stated", first.text, first.taken, True, first.short)
        at = rules.missing_at(self.finding.rule, walk, self.facts)
        control, name = rules.control(self.finding.rule)
        if at is None or not control:
            return None
        possible = self.finding.certainty == Certainty.POSSIBLE
        head = "Perhaps no control on this hop" if possible else "No control on this hop"
        return Call(at, head, f"{control} {name}", self.why(), possible, control)

    def why(self) -> str:
        """Why the control is found missing: in the engine's words where all may be named."""
        if not self.facts.scope.everything:
            return rules.WHY.get(self.finding.rule, "")
        told = self.finding.missing.partition(" Nobody has stated:")[0]
        control, name = rules.control(self.finding.rule)
        told = told.removeprefix(f"{control} {name}: ")
        begins_with_key = told.split(" ", 1)[0] in self.finding.subject.values()
        return told if begins_with_key else told[:1].upper() + told[1:]

    def _description(self, walk: Walks) -> str:
        parts = [
            f"{count} hop{'' if count == 1 else 's'} by {leg}"
            for leg, count in (
                ("network", len(walk.network)),
                ("credential", len(walk.credential) - walk.shared),
            )
            if count
        ]
        stops = [self.stations.station(walk.start).name]
        stops += [
            self.stations.called(stride.target)
            for stride in walk.strides
            if not stride.target.startswith("deployment:")
        ]
        call = self._call(walk)
        told = f" {call.head}, hop {call.hop}: {call.name}." if call else ""
        return f"{' and '.join(parts)}. Stations: {', '.join(stops)}.{told}"


def _is_proven(leg: Sequence[Step], pair: PairReach | None, alone: ReachKind) -> bool:
    """Whether a leg's socket is filled: it arrives, and holds in the best world."""
    if not leg or leg[-1].station is not None:
        return pair is not None and pair.proven in (ReachKind.USABLE, alone)
    if pair is None:
        return not any(step.hop.possible for step in leg)
    return pair.proven in (ReachKind.USABLE, alone)


def _ends(stride: Stride) -> tuple[str, str]:
    origin = stride.hop.from_.partition(":")[2] or stride.hop.from_
    return origin, stride.hop.to.partition(":")[2]
