"""Severities and certainties as numbers that sort, the worst first.

The same expressions serve the index and the lists, or PostgreSQL would not use the index.
"""

from collections.abc import Iterable

from django.db.models import Case, IntegerField, Value, When

from apps.engine.values import Certainty, Severity


def _ranked(field: str, order: Iterable[str]) -> Case:
    whens = [When(**{field: value}, then=Value(rank)) for rank, value in enumerate(order)]
    return Case(*whens, default=Value(99), output_field=IntegerField())


BY_SEVERITY = _ranked("severity", [str(severity) for severity in reversed(Severity)])
BY_CERTAINTY = _ranked("certainty", [str(certainty) for certainty in Certainty])
