"""The table of hops: what the picture shows, as sentences with the keys of the facts in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.access.models import Connects, Credential, Enters, Grants
from apps.access.pictures import questions
from apps.access.pictures.build import RouteBuilder
from apps.access.pictures.route import Call
from apps.access.pictures.walk import Stride
from apps.core.models import Seen
from apps.engine.values import INTERNET, YesNo


@dataclass(frozen=True)
class Part:
    """A piece of a sentence; a key is set as code."""

    text: str
    is_key: bool = False
    is_unknown: bool = False


@dataclass(frozen=True)
class HopRow:
    """One row: what the fact says, where it comes from, when it was last seen.

    ``fact`` is there for those who may open every fact.
    """

    number: int
    parts: tuple[Part, ...]
    source: str
    last_seen: datetime | None
    missing: Call | None = None
    fact: Seen | None = None


@dataclass(frozen=True)
class HopGroup:
    heading: str
    rows: tuple[HopRow, ...]


def hop_groups(builder: RouteBuilder, call: Call | None) -> list[HopGroup]:
    """The hops of a finding in up to three groups, in the order of their numbers."""
    walk = builder.walk
    if walk is None:
        return []
    table = _Table(builder, call)
    own_way = walk.credential[walk.shared :]
    groups = (
        ("How it gets there", walk.network),
        ("How it comes by the credential", own_way),
        ("What else proves it", walk.aside),
    )
    return [
        HopGroup(heading, tuple(table.row(stride) for stride in strides))
        for heading, strides in groups
        if strides
    ]


class _Table:
    def __init__(self, builder: RouteBuilder, call: Call | None) -> None:
        self.builder, self.call = builder, call
        self.facts, self.stations = builder.facts, builder.stations

    def row(self, stride: Stride) -> HopRow:
        fact = self._fact(stride)
        is_missing = self.call is not None and self.call.hop == stride.number
        hidden = fact is None or not self._is_shown(stride)
        return HopRow(
            stride.number,
            tuple(self._sentence(stride)),
            "" if hidden or fact is None else str(fact.source),
            None if hidden or fact is None else fact.last_seen,
            self.call if is_missing else None,
            fact if self.facts.scope.everything else None,
        )

    def _fact(self, stride: Stride) -> Seen | None:
        """The row that the hop is: a relation, or the fact whose attribute it stands for."""
        hop = stride.hop
        match hop.relation:
            case "internet_egress":
                return self.facts.environments.get(_key(hop.from_))
            case "internet_exposed":
                return self.facts.environments.get(_key(hop.to))
            case "authenticates":
                return self.facts.credentials.get(_key(hop.from_))
        return self.facts.relations.get(hop)

    def _is_shown(self, stride: Stride) -> bool:
        """Whether both ends may be named; what is not is not dated either."""
        return self.facts.scope.everything or all(
            end == INTERNET or end.startswith("deployment:") or self.stations.name(end)[1]
            for end in (stride.hop.from_, stride.hop.to)
        )

    def _end(self, node: str) -> Part:
        return Part(*self.stations.name(node))

    def _sentence(self, stride: Stride) -> Iterator[Part]:
        hop = stride.hop
        origin, target = self._end(hop.from_), self._end(hop.to)
        match hop.relation:
            case "internet_egress":
                yield from (origin, Part(" has internet egress: "), self._stated(stride))
            case "internet_exposed":
                yield from (target, Part(" answers from the internet: "), self._stated(stride))
            case "member_of":
                yield from (origin, Part(" is a member of "), target)
            case "enters":
                yield from (origin, Part(" enters "), target, *self._entry(stride))
            case "holds":
                yield from (origin, Part(" holds "), target, *self._life(hop.to))
            case "grants":
                yield from self._grant(stride)
            case "connects":
                yield from (origin, Part(" connects "), target, *self._connection(stride))
            case _:
                yield from (origin, Part(f" {hop.relation.replace('_', ' ')} "), target)

    def _stated(self, stride: Stride) -> Part:
        if questions.is_possible(stride, self.facts):
            return Part("not stated", is_unknown=True)
        return Part("yes")

    def _entry(self, stride: Stride) -> Iterator[Part]:
        if stride.backwards:
            yield Part(", so the device acts as the person")
        row = self.facts.relations.get(stride.hop)
        if isinstance(row, Enters) and not stride.backwards and self._is_shown(stride):
            if row.requires_approval == YesNo.UNKNOWN:
                yield Part(", approval needed: ")
                yield Part("not stated", is_unknown=True)
            else:
                yield Part(f", approval needed: {row.requires_approval}")

    def _life(self, node: str) -> Iterator[Part]:
        credential: Credential | None = self.facts.credentials.get(_key(node))
        if credential is None or not self.stations.name(node)[1]:
            return
        issued = f"issued {_day(credential.issued_at)}" if credential.issued_at else "issue date"
        ends = f"ends {_day(credential.expires_at)}" if credential.expires_at else "no end"
        yield Part(f", {issued}" + (", " if credential.issued_at else " "))
        if not credential.issued_at:
            yield Part("not stated", is_unknown=True)
            yield Part(", ")
        yield Part(ends)

    def _grant(self, stride: Stride) -> Iterator[Part]:
        row = self.facts.relations.get(stride.hop)
        depth = f" {row.depth.replace('_', ' ')} on " if isinstance(row, Grants) else " on "
        yield from (
            self._end(stride.hop.from_),
            Part(f" grants{depth}"),
            self._end(stride.hop.to),
        )

    def _connection(self, stride: Stride) -> Iterator[Part]:
        row = self.facts.relations.get(stride.hop)
        deployment = self.builder.deployment
        if deployment and f"environment:{deployment.environment.key}" == stride.hop.to:
            yield Part(", which hosts ")
            yield Part(deployment.key, is_key=True)
        if not isinstance(row, Connects):
            return
        if row.enforces_allowlist == YesNo.YES:
            yield Part(", enforcing the allowlist")
            yield from self._admission()
        elif row.enforces_allowlist == YesNo.UNKNOWN:
            yield Part(", enforcing the allowlist: ")
            yield Part("not stated", is_unknown=True)

    def _admission(self) -> Iterator[Part]:
        entry, walk = self.builder.admitted_by(), self.builder.walk
        if entry is None or walk is None:
            return
        yield Part("; ")
        shown = self.facts.scope.shows(entry.vendor_id)
        yield Part(entry.key, is_key=True) if shown else Part("an entry")
        yield Part(" admits ")
        yield self._end(walk.wire_start)


def _key(node: str) -> str:
    return node.partition(":")[2]


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def keys_in(groups: Sequence[HopGroup]) -> list[str]:
    """Every key that the table shows, so that running text can set them alike."""
    parts = [part for group in groups for row in group.rows for part in row.parts]
    return sorted({part.text for part in parts if part.is_key})
