"""Reads the log: the rows as the chain sees them, and the head.

Who may read entries on a page is decided higher up, by the permission policy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Func, Model, QuerySet, TextField
from django.db.models.functions import Cast

from apps.audit.canonical import JSON, parsed
from apps.audit.chain import GENESIS, Head, Row, Verified, instant, is_whole, verify
from apps.audit.models import AuditEntry, AuditHead, Verification
from apps.audit.tampering import Fault, explain

CHUNK = 5_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def entries() -> QuerySet[AuditEntry]:
    """Every entry, the latest first."""
    return AuditEntry.objects.all()


def entries_on(target: Model) -> QuerySet[AuditEntry]:
    """The entries about one thing, the latest first."""
    return AuditEntry.objects.filter(target_type=target._meta.label_lower, target_id=str(target.pk))


def last_entry_on(target: Model) -> AuditEntry | None:
    """The latest entry about one thing."""
    return entries_on(target).first()


def head() -> Head | None:
    """The number and hash of the last entry; none when the head was removed."""
    row = AuditHead.objects.values_list("number", "hash").first()
    return Head(*row) if row else None


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Everything read inside belongs to one moment, while others go on writing."""
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def check() -> tuple[Verified, Fault | None]:
    """Follow the whole chain as it is stored at this moment, and say what was done to it."""
    with one_snapshot():
        rows, last = StoredRows(), head()
        verified = verify(rows, last)
        fault = explain(rows, last, verified.broken) if verified.broken else None
    return verified, fault


def stands(number: int) -> bool:
    """Whether one entry is whole and names the hash of the entry before it; one query."""
    rows = {row.number: row for row in StoredRows(first=number - 1, last=number)}
    row, before = rows.get(number), rows.get(number - 1)
    if row is None or not is_whole(row):
        return False
    return row.previous == (before.hash if before else GENESIS if number == 1 else "")


def verifications() -> QuerySet[Verification]:
    """Every check of the chain, the latest first."""
    return Verification.objects.select_related("requested_by")


class StoredRows:
    """Every entry by number, streamed from the database anew at each iteration.

    Times and data come as text: a tampered row may hold what Python's types cannot. ``first`` and
    ``last`` narrow it to some numbers.
    """

    def __init__(self, first: int | None = None, last: int | None = None) -> None:
        self.entries = AuditEntry.objects.order_by("number")
        if first is not None:
            self.entries = self.entries.filter(number__gte=first)
        if last is not None:
            self.entries = self.entries.filter(number__lte=last)

    def __iter__(self) -> Iterator[Row]:
        found = self.entries.annotate(
            microseconds=_Microseconds(F("at")), json=Cast("data", TextField())
        ).values_list(
            "number",
            "microseconds",
            "actor_id",
            "actor_name",
            "action",
            "target_type",
            "target_id",
            "target_name",
            "vendor_id",
            "json",
            "previous",
            "hash",
        )
        for row in found.iterator(chunk_size=CHUNK):
            yield _row(*row)


class _Microseconds(Func):
    """A time as microseconds since 1970, as text: exact, for infinity and years BC too."""

    template = "(EXTRACT(EPOCH FROM %(expressions)s) * 1000000)::text"
    output_field = TextField()


def _row(number: int, microseconds: str | None, *rest: Any) -> Row:
    *texts, data, previous, hash_ = rest
    return Row._make((number, _time(microseconds), *texts, _data(data), previous, hash_))


def _time(microseconds: str | None) -> str:
    try:
        return instant(_EPOCH + timedelta(microseconds=int(Decimal(microseconds or "NaN"))))
    except (ArithmeticError, ValueError):
        return f"not a time: {microseconds}"


def _data(text: str | None) -> JSON:
    try:
        return parsed(text or "null")
    except RecursionError:
        return "nested too deeply to be read"
