"""A scan's result as a JSON document, the same from the command line and the API.

Lists are sorted by the engine, keys keep the order below: equal graphs give equal bytes.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

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


def witness_document(witness: Witness) -> dict[str, list[dict[str, str]]]:
    """The three parts of a witness, hop by hop."""
    return {leg: [hop_document(hop) for hop in hops] for leg, hops in witness._asdict().items()}


def finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "certainty": finding.certainty,
        "severity": finding.severity,
        "subject": dict(finding.subject),
        "fingerprint": finding.fingerprint,
        "missing": finding.missing,
        "fix": finding.fix,
        "witness": witness_document(finding.witness),
    }


def _lists(
    answer: Answer, findings: Iterable[Finding]
) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    yield "reach", (dict(reach._asdict()) for reach in answer.reach())
    yield "verdicts", (dict(verdict._asdict()) for verdict in answer.verdicts())
    yield "findings", (finding_document(finding) for finding in findings)


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
            yield comma + _ENCODER.encode(item)
            comma = ",\n"
        yield "]"
    yield "}\n"
