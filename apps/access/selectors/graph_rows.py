"""The facts as the engine wants them: read whole, in a fixed number of queries.

Nobody asks here: these reads are for services that act on the whole graph, and who may have that
is decided there.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from apps.access.selectors.graph_tables import TABLES, End, Items, Link, Plain, Table
from apps.engine.document_table import LISTS, Fact
from apps.engine.document_types import Choice, FieldType, Names
from apps.engine.values import INTERNET, Graph

ROWS_AT_ONCE = 5_000

Convert = Callable[[Any], Any]


@contextmanager
def one_snapshot() -> Iterator[None]:
    """All reads within see the database at one moment. Within a transaction: at the caller's."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def stored_graph(lists: Collection[str] | None = None) -> Graph:
    """All facts, dead ones included, or those of some lists; the others are empty then."""
    texts: dict[str, str] = {}
    wanted = [spec.name for spec in LISTS if lists is None or spec.name in lists]
    with one_snapshot():
        return Graph(**{name: tuple(stored_facts(name, texts)) for name in wanted})  # type: ignore[arg-type] # by name


def stored_facts(name: str, texts: dict[str, str] | None = None) -> Iterator[Fact]:
    """The facts of one list, sorted as the document sorts them, read as they are asked for.

    ``texts`` is where equal keys are made the same text, which spares memory when facts are kept.
    """
    table = TABLES[name]
    listed = {items.field.name: _listed(items) for items in table.items}
    rows = (
        table.model._base_manager.order_by(*_order(table))
        .values_list(*_columns(table))
        .iterator(chunk_size=ROWS_AT_ONCE)
    )
    make = _maker(table, listed, texts)
    for row in rows:
        yield make(row)


def _order(table: Table) -> list[Any]:
    """Sorted by key, or from and to: what of several ends is stated sorts by its kind first."""
    if not table.spec.is_relation:
        return ["key"]
    order: list[Any] = []
    for link in table.links:
        for end in link.ends:
            key = F(f"{end.key.name}__key")
            if end.key.null and not end.kind:
                order.append(Coalesce(key, Value(INTERNET)))
            else:
                order.append(key.asc(nulls_last=True))
    return order


def _columns(table: Table) -> list[str]:
    names = ["pk"]
    for stored in table.fields:
        match stored:
            case Plain():
                names.append(stored.column.name)
            case Link():
                names.extend(f"{end.key.name}__key" for end in stored.ends)
    return names


def _maker(
    table: Table, listed: dict[str, dict[int, list[str]]], texts: dict[str, str] | None
) -> Callable[[tuple[Any, ...]], Fact]:
    """A function from a row of the query to the fact."""
    readers: list[Convert] = []
    at = 1
    for stored in table.fields:
        match stored:
            case Plain():
                readers.append(_plain_reader(at, stored.field.type))
                at += 1
            case Link():
                readers.append(_link_reader(at, stored, texts))
                at += len(stored.ends)
            case Items():
                readers.append(_items_reader(listed[stored.field.name], stored.field.default))
    fact = table.spec.fact

    def make(row: tuple[Any, ...]) -> Fact:
        return fact(*[read(row) for read in readers])

    return make


def _plain_reader(at: int, kind: FieldType) -> Convert:
    match kind:
        case Choice():
            members = kind.members
            return lambda row: members[row[at]]
        case Names():
            return lambda row: tuple(sorted(row[at]))
        case _:
            return lambda row: row[at]


def _link_reader(at: int, link: Link, texts: dict[str, str] | None) -> Convert:
    same: Convert = (lambda text: text) if texts is None else (lambda t: texts.setdefault(t, t))
    if len(link.ends) == 1:
        missing = INTERNET if link.field.required else None

        def read_one(row: tuple[Any, ...]) -> str | None:
            key = row[at]
            return missing if key is None else same(key)

        return read_one
    places = list(enumerate(link.ends, start=at))

    def read_one_of(row: tuple[Any, ...]) -> str:
        return next(end.written(row[place]) for place, end in places if row[place] is not None)

    return read_one_of


def _items_reader(listed: dict[int, list[str]], default: tuple[str, ...] | None) -> Convert:
    def read(row: tuple[Any, ...]) -> tuple[str, ...] | None:
        found = listed.get(row[0])
        return default if found is None else tuple(sorted(found))

    return read


def _listed(items: Items) -> dict[int, list[str]]:
    """What each row lists, by its number: one query, whatever the number of rows."""
    found: dict[int, list[str]] = {}
    columns = [items.parent.attname, *(f"{end.key.name}__key" for end in items.ends)]
    rows = items.model._base_manager.values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE)
    for parent, *keys in rows:
        found.setdefault(parent, []).append(_one_of(items.ends, keys))
    return found


def _one_of(ends: tuple[End, ...], keys: list[str | None]) -> str:
    return next(end.written(key) for end, key in zip(ends, keys, strict=True) if key is not None)
