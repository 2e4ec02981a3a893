"""The columns of the temporary table through which a list is imported, made from its table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.access.selectors.graph_tables import End, Items, Link, Plain, Table
from apps.engine.document_types import Choice
from apps.engine.values import INTERNET

KEY = 'text COLLATE "C"'


@dataclass(frozen=True)
class Incoming:
    """A column: its name, its type in SQL, and how its value is read from a fact."""

    name: str
    type: str
    read: Callable[[tuple[Any, ...]], Any]


IS_NEW = Incoming("is_new", "boolean", lambda _fact: None)


def row_columns(table: Table) -> list[Incoming]:
    """The columns of whole rows, and whether the row is new."""
    columns: list[Incoming] = []
    for stored in table.fields:
        at = table.spec.positions[stored.field.name]
        match stored:
            case Plain():
                columns.append(_plain(stored, at))
            case Link():
                columns.extend(_link(stored, at))
            case Items():
                columns.extend(_items(stored, at))
    return [*columns, IS_NEW]


def identity_columns(table: Table) -> list[Incoming]:
    """The columns of what identifies a row: its key, or its two ends."""
    if table.spec.is_relation:
        return [column for at, link in enumerate(table.links) for column in _link(link, at)]
    return [Incoming("key", KEY, lambda fact: fact[0])]


def key_column(end: End) -> str:
    """Where the key stands that a foreign key is found by."""
    return f"{end.key.attname}_by_key"


def items_column(items: Items, end: End) -> str:
    """Where the keys of a list within the row stand."""
    return f"{items.field.name}_{end.key.attname}"


def _plain(stored: Plain, at: int) -> Incoming:
    name = str(stored.column.column)
    if name == "key":
        return Incoming(name, KEY, lambda fact: fact[at])
    kind: str = stored.column.db_type(connection) or ""
    if isinstance(stored.field.type, Choice):
        # An enum's value is a text to us and something else to the driver.
        return Incoming(name, kind, lambda fact: str(fact[at]))
    if kind.endswith("[]"):
        return Incoming(name, kind, lambda fact: list(fact[at]))
    return Incoming(name, kind, lambda fact: fact[at])


def _link(link: Link, at: int) -> list[Incoming]:
    def reader(end: End) -> Callable[[tuple[Any, ...]], str | None]:
        return lambda fact: None if fact[at] == INTERNET else end.of(fact[at])

    return [Incoming(key_column(end), KEY, reader(end)) for end in link.ends]


def _items(items: Items, at: int) -> list[Incoming]:
    def reader(end: End) -> Callable[[tuple[Any, ...]], list[str]]:
        return lambda fact: [key for each in fact[at] or () if (key := end.of(each)) is not None]

    return [Incoming(items_column(items, end), "text[]", reader(end)) for end in items.ends]
