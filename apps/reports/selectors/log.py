"""Reads of the log for its page: narrowed, and paged by number.

A page is found by where it begins, not by counting what lies before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.contrib.postgres.search import SearchVector
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.selectors import log_visible_to
from apps.audit import selectors as audit
from apps.audit.models import AuditEntry, Verification
from apps.audit.words import action_words, kind_words
from apps.core.errors import NotFoundError
from apps.core.search import exactly, words_query
from apps.vendors.models import Vendor
from apps.vendors.selectors import vendors_visible_to

PER_PAGE = 50
SLACK = timedelta(days=1)
"""How far clocks may have been apart: numbers and times rise together but for this."""


@dataclass(frozen=True)
class LogFilter:
    """What the log is narrowed to; empty means any. Days are whole days of the reader's zone."""

    actor: str = ""
    action: str = ""
    kind: str = ""
    vendor: str = ""
    since: date | None = None
    until: date | None = None
    q: str = ""


@dataclass(frozen=True)
class LogPage:
    """Entries, the latest first. ``older`` and ``newer`` are the numbers to go on from, or none."""

    entries: Sequence[AuditEntry]
    older: int | None
    newer: int | None


@dataclass(frozen=True)
class Choices:
    """What the filters offer: who has written, what was done, to which kinds of things."""

    actors: Sequence[tuple[str, str]]
    actions: Sequence[tuple[str, str]]
    kinds: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class FieldChange:
    """A field that an entry says was changed; none where it was not stated."""

    name: str
    before: object
    after: object


def narrowed(user: User, wanted: LogFilter) -> QuerySet[AuditEntry]:
    """The entries that the user may see, as far as the filter keeps them, the latest first."""
    entries = log_visible_to(user)
    if wanted.actor:
        entries = (
            entries.filter(actor=int(wanted.actor)) if _is_key(wanted.actor) else entries.none()
        )
    if wanted.action:
        entries = entries.filter(action=wanted.action)
    if wanted.kind:
        entries = entries.filter(target_type=wanted.kind)
    if wanted.vendor:
        entries = entries.filter(vendor_id__in=_vendors(user, wanted.vendor))
    entries = _within(entries, wanted)
    query = words_query(wanted.q)
    if query is not None:
        named = entries.alias(words=SearchVector("target_name", config="simple"))
        return named.filter(words=query)
    return entries.none() if wanted.q.strip() else entries


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _vendors(user: User, typed: str) -> list[int]:
    found: list[Vendor] = exactly(vendors_visible_to(user), typed)
    return [vendor.pk for vendor in found]


def _within(entries: QuerySet[AuditEntry], wanted: LogFilter) -> QuerySet[AuditEntry]:
    """The entries of the days asked for. Numbers bound them as well, so that few are looked at."""
    if wanted.since:
        start = _midnight(wanted.since)
        entries = entries.filter(at__gte=start)
        first = audit.entries().filter(at__gte=start - SLACK).order_by("at").first()
        entries = entries.filter(number__gte=first.number) if first else entries.none()
    if wanted.until:
        end = _midnight(wanted.until + timedelta(days=1))
        entries = entries.filter(at__lt=end)
        last = audit.entries().filter(at__lt=end + SLACK).order_by("-at").first()
        entries = entries.filter(number__lte=last.number) if last else entries.none()
    return entries


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def log_page(
    entries: QuerySet[AuditEntry], *, before: int | None = None, after: int | None = None
) -> LogPage:
    """The entries just before a number, or just after it, or the latest; one query."""
    if after is not None:
        rows = list(entries.filter(number__gt=after).order_by("number")[: PER_PAGE + 1])
        is_more, shown = len(rows) > PER_PAGE, rows[:PER_PAGE][::-1]
        older = shown[-1].number if shown else after + 1
        return LogPage(shown, older, shown[0].number if is_more else None)
    if before is not None:
        entries = entries.filter(number__lt=before)
    rows = list(entries.order_by("-number")[: PER_PAGE + 1])
    shown = rows[:PER_PAGE]
    older_from = shown[-1].number if len(rows) > PER_PAGE else None
    newer_from = None if before is None else (shown[0].number if shown else before - 1)
    return LogPage(shown, older_from, newer_from)


def entry_for(user: User, number: int) -> AuditEntry:
    """One entry by its number; NotFoundError when there is none, or it is not theirs to see."""
    entry = log_visible_to(user).select_related("actor").filter(number=number).first()
    if entry is None:
        raise NotFoundError(f"There is no entry {number}, or it is not yours to see.")
    return entry


def neighbours(user: User, entry: AuditEntry) -> tuple[int | None, int | None]:
    """The numbers of the entry before and the one after, as far as the user may see them."""
    around = log_visible_to(user)
    older = around.filter(number__lt=entry.number).order_by("-number")
    newer = around.filter(number__gt=entry.number).order_by("number")
    first, last = (rows.values_list("number", flat=True).first() for rows in (older, newer))
    return first, last


def stands_in_the_chain(entry: AuditEntry) -> bool:
    """Whether its content gives its hash, and the entry before has the hash that it names."""
    return audit.stands(entry.number)


def changes_in(entry: AuditEntry) -> list[FieldChange] | None:
    """What the entry says was changed, field by field; none when it tells something else."""
    data = entry.data if isinstance(entry.data, dict) else {}
    before, after = data.get("before"), data.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    names = [*after, *(name for name in before if name not in after)]
    return [FieldChange(name, before.get(name), after.get(name)) for name in names]


def details_in(entry: AuditEntry) -> list[tuple[str, object]]:
    """What the entry keeps besides the change."""
    data = entry.data if isinstance(entry.data, dict) else {"data": entry.data}
    is_change = changes_in(entry) is not None
    return [
        (name, value)
        for name, value in data.items()
        if not (is_change and name in ("before", "after"))
    ]


def choices_for(user: User) -> Choices:
    """What the filters offer; three queries, each of which skips from one value to the next."""
    own = log_visible_to(user).filter(actor=OuterRef("pk"))
    actors = User.objects.filter(Exists(own)).order_by("name", "pk")
    return Choices(
        actors=[(str(person.pk), str(person)) for person in actors],
        actions=[(action, action_words(action)) for action in _distinct("action")],
        kinds=[(kind, kind_words(kind)) for kind in _distinct("target_type") if kind],
    )


def _distinct(column: str) -> list[str]:
    """The values of an indexed column, found by hopping along the index."""
    name = connection.ops.quote_name(column)
    table = connection.ops.quote_name(AuditEntry._meta.db_table)
    hop = (
        f"WITH RECURSIVE found AS ("  # noqa: S608 - both names are our own
        f"(SELECT {name} AS value FROM {table} ORDER BY {name} LIMIT 1) UNION ALL "
        f"SELECT (SELECT {name} FROM {table} WHERE {name} > found.value ORDER BY {name} LIMIT 1) "
        f"FROM found WHERE found.value IS NOT NULL) "
        f"SELECT value FROM found WHERE value IS NOT NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(hop)
        return [value for (value,) in cursor.fetchall()]


def vendor_names(user: User, entries: Sequence[AuditEntry]) -> dict[int, str]:
    """The names of the vendors that entries are filed under, as far as the user may see them."""
    wanted = {entry.vendor_id for entry in entries if entry.vendor_id is not None}
    return dict(vendors_visible_to(user).filter(pk__in=wanted).values_list("pk", "name"))


@dataclass(frozen=True)
class Chain:
    """What is known of the chain: how long it is, the last check, and the one that runs."""

    entries: int
    last: Verification | None
    running: Verification | None

    @property
    def since(self) -> int:
        """How many entries were written after the last check."""
        return max(self.entries - (self.last.entries or 0), 0) if self.last else self.entries


def chain() -> Chain:
    """The state of the chain; three queries."""
    checks = audit.verifications()
    head = audit.head()
    return Chain(
        entries=head.number if head else 0,
        last=checks.exclude(finished_at=None).first(),
        running=checks.filter(finished_at=None).first(),
    )
