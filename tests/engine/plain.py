"""What the array engine answers, in the form of the plain one."""

from datetime import datetime

from apps.engine.analysis import analyse
from apps.engine.reference import PlainFinding, PlainResult
from apps.engine.values import Graph


def analyse_on_arrays(graph: Graph, now: datetime) -> PlainResult:
    answer = analyse(graph, now)
    return PlainResult(
        answer.counts,
        list(answer.reach()),
        list(answer.verdicts()),
        [
            PlainFinding(f.rule, f.certainty, f.severity, tuple(sorted(f.subject.items())))
            for f in answer.findings()
        ],
    )
