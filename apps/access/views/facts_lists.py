"""Lists of facts: narrowed, sorted and paged as the address asks, as a table or as a file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property

from apps.access.selectors import facts as selectors
from apps.access.selectors.routes import Scope
from apps.access.views.facts_shown import Shown, address_of, linked
from apps.access.views.kinds.kind import Attribute, Kind
from apps.accounts.models import User
from apps.core.lists import PER_PAGE, Column, Head, sorted_rows
from apps.core.models import Keyed, Seen

MOST_COUNTED = 10_000
_CHUNK = 2_000


@dataclass(frozen=True)
class Row:
    """A fact as a row: the link that opens it, and its cells with their columns."""

    fact: Seen
    lead: Shown | None
    url: str
    cells: Sequence[tuple[Attribute, Shown]]


@dataclass(frozen=True)
class Chip:
    """A fact that the list is narrowed to by its address."""

    name: str
    number: str
    label: str
    fact: Shown
    without: str  # the address of the list without it


class BoundedPaginator(Paginator):  # type: ignore[type-arg] # of facts
    """Counts no further than somebody would turn pages: beyond, one narrows the list."""

    object_list: QuerySet[Any]

    @cached_property
    def _counted(self) -> int:
        return self.object_list.order_by()[: MOST_COUNTED + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._counted, MOST_COUNTED)

    @property
    def is_more(self) -> bool:
        """Whether there are more than the pages show."""
        return self._counted > MOST_COUNTED


def narrowed(kind: Kind, user: User, asked: QueryDict) -> tuple[QuerySet[Any], bool]:
    """The facts of a kind that the address asks for, and whether a search found too many."""
    rows = kind.rows(user)
    for narrowing in kind.filters:
        if value := asked.get(narrowing.name, ""):
            rows = narrowing.narrow(rows, value)
    for name in kind.narrowed_by:
        if value := asked.get(name, ""):
            rows = rows.filter(**{name: int(value)}) if _is_number(value) else rows.none()
    if asked.get("unknown") and kind.unknowns:
        rows = selectors.with_unknowns(rows, kind.unknowns)
    if kind.has_vendor:
        rows = selectors.of_vendor(rows, user, asked.get("vendor", ""))
    return selectors.searched(rows, asked.get("q", ""))


def ordered(kind: Kind, rows: QuerySet[Any], asked: QueryDict) -> tuple[QuerySet[Any], list[Head]]:
    """The rows in the order that the address asks for, and the heads of their columns."""
    columns = [Column(one.name, one.label, one.order, one.css) for one in kind.columns]
    if not kind.is_keyed:
        _rows, heads = sorted_rows(rows, columns, asked, default="-seen")
        # They sort by their number alone, and plainly: so the database uses its index.
        return rows.order_by("pk" if asked.get("sort") == "seen" else "-pk"), heads
    lead = Column("name", kind.noun.capitalize(), ("name",))
    return sorted_rows(rows, [lead, *columns], asked, default="name")


def page_of(kind: Kind, user: User, rows: QuerySet[Any], asked: QueryDict) -> "Page[Any]":
    """One page of the rows: their numbers first, and then these facts with all they refer to."""
    numbers = rows.prefetch_related(None).values_list("pk", flat=True)
    page = BoundedPaginator(numbers, PER_PAGE).get_page(asked.get("page", 1))
    shown = list(page.object_list)
    facts = {fact.pk: fact for fact in kind.rows(user).filter(pk__in=shown)}
    page.object_list = [facts[number] for number in shown if number in facts]
    return page


def table(
    kind: Kind, facts: Iterable[Any], scope: Scope, columns: Sequence[Attribute] | None = None
) -> list[Row]:
    """Facts as rows, with the columns of their kind or with these."""
    shown = kind.columns if columns is None else columns
    return [
        Row(
            fact,
            linked(fact, scope) if isinstance(fact, Keyed) else None,
            address_of(fact),
            [(one, one.show(fact, scope)) for one in shown],
        )
        for fact in facts
    ]


def chips(kind: Kind, user: User, scope: Scope, asked: QueryDict) -> list[Chip]:
    """The facts that the list is narrowed to, to be shown and taken away."""
    found = []
    for name in kind.narrowed_by:
        value = asked.get(name, "")
        if not value:
            continue
        fact = selectors.named_by(kind.model, name, user, int(value)) if _is_number(value) else None
        label = name.rpartition("__")[2].replace("_", " ").capitalize()
        shown = linked(fact, scope) if fact else Shown("one that does not exist", is_quiet=True)
        rest = asked.copy()
        for other in (name, "page"):
            rest.pop(other, None)
        found.append(Chip(name, value, label, shown, f"?{rest.urlencode()}"))
    return found


def head_of_file(kind: Kind) -> list[str]:
    lead = ["key", "name"] if kind.is_keyed else []
    return [*lead, *(one.name for one in kind.attributes)]


def lines_of_file(kind: Kind, rows: QuerySet[Any], scope: Scope) -> Iterator[list[str]]:
    """Every fact as a line, streamed."""
    for fact in rows.iterator(chunk_size=_CHUNK):
        lead = [fact.key, fact.name] if kind.is_keyed else []
        yield [*lead, *(one.show(fact, scope).plain for one in kind.attributes)]


def _is_number(value: str) -> bool:
    return value.isdecimal() and len(value) < 19
