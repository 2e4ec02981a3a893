"""A scan's result as a JSON document, the same for whoever asks.

Lists are sorted by the engine, keys keep the order below: equal graphs give equal bytes.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from apps.engine.arrays.answer import Answer
from apps.engine.values import Finding, Hop, Witness

FORMAT = "vendorrisk.scan/1"
_ENCODER = json.JSONEncoder(ensure_ascii=False)


def instant(time: datetime) -> str:
    """RFC 3339 in UTC with a Z; fractions of a second only where there are any."""
    text = time.astimezone(UTC).replace(tzinfo=None).isoformat()
    return f"{text}Z"


def hop_document(hop: Hop) -> dict[str, str]:
    return {"relation": hop.relation, "from": hop.from_, "to": hop.to}


class WitnessWriter:
    """Witnesses as JSON text, the three parts hop by hop. Each hop, shared by many, is kept."""

    def __init__(self) -> None:
        self._hops: dict[Hop, str] = {}

    def __call__(self, witness: Witness) -> str:
        parts = (f'"{leg}": [{self._joined(hops)}]' for leg, hops in witness._asdict().items())
        return f"{{{', '.join(parts)}}}"

    def _joined(self, hops: Iterable[Hop]) -> str:
        return ", ".join([self._hops.get(hop) or self._kept(hop) for hop in hops])

    def _kept(self, hop: Hop) -> str:
        text = self._hops[hop] = _ENCODER.encode(hop_document(hop))
        return text


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    witness_text = WitnessWriter()
    for finding in findings:
        head = {
            "rule": finding.rule,
            "certainty": finding.certainty,
            "severity": finding.severity,
            "subject": dict(finding.subject),
            "fingerprint": finding.fingerprint,
            "missing": finding.missing,
            "fix": finding.fix,
        }
        yield f'{_ENCODER.encode(head)[:-1]}, "witness": {witness_text(finding.witness)}}}'


def _lists(answer: Answer, findings: Iterable[Finding]) -> Iterator[tuple[str, Iterator[str]]]:
    yield "reach", (_ENCODER.encode(reach._asdict()) for reach in answer.reach())
    yield "verdicts", (_ENCODER.encode(verdict._asdict()) for verdict in answer.verdicts())
    yield "findings", _findings(findings)


def scan_document(answer: Answer, findings: Iterable[Finding] | None = None) -> Iterator[str]:
    """The document in pieces, an item a line: any size in little memory.

    ``findings`` saves working them out again where they are at hand.
    """
    findings = answer.findings() if findings is None else findings
    counts = json.dumps(answer.counts._asdict())
    yield f'{{"format": "{FORMAT}",\n"now": "{instant(answer.now)}",\n"counts": {counts}'
    for name, items in _lists(answer, findings):
        yield f',\n"{name}": ['
        comma = "\n"
        for item in items:
            yield comma + item
            comma = ",\n"
        yield "]"
    yield "}\n"
