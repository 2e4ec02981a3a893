"""Where the facts of the interchange document are stored: each list's table, each field's columns.

Made of two tables that say it already: the document's (``engine.document_table``) and Django's
models. A reference becomes a foreign key, or one of several, found by the model that it leads to.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Field as Column
from django.db.models import ForeignKey, ManyToManyField, ManyToManyRel, Model

from apps.access.models import (
    Administers,
    AIModel,
    AllowlistEntry,
    Connects,
    Credential,
    Deployment,
    Drill,
    Enters,
    Environment,
    Exposure,
    Grants,
    Holds,
    Identity,
    Jumps,
    MemberOf,
)
from apps.core.models import Relation, Seen
from apps.engine.document_table import LISTS, FactList, Field
from apps.engine.document_types import Reference, References
from apps.vendors.models import Contract, Vendor

MODELS: dict[str, type[Seen]] = {
    "vendors": Vendor,
    "environments": Environment,
    "identities": Identity,
    "credentials": Credential,
    "models": AIModel,
    "deployments": Deployment,
    "allowlist": AllowlistEntry,
    "holds": Holds,
    "enters": Enters,
    "member_of": MemberOf,
    "jumps": Jumps,
    "connects": Connects,
    "grants": Grants,
    "administers": Administers,
    "exposures": Exposure,
    "drills": Drill,
    "contracts": Contract,
}


@dataclass(frozen=True)
class End:
    """A foreign key that a reference may be stored in; ``kind`` is how the document says which."""

    kind: str
    key: "ForeignKey[Any, Any]"

    @property
    def target(self) -> type[Model]:
        return self.key.related_model

    def of(self, value: str | None) -> str | None:
        """The key that this foreign key holds when the document says ``value``."""
        if value is None or not self.kind:
            return value
        kind, _, key = value.partition(":")
        return key if kind == self.kind else None

    def written(self, key: str) -> str:
        """The reference as the document says it."""
        return f"{self.kind}:{key}" if self.kind else key


@dataclass(frozen=True)
class Plain:
    """A field that is stored in a column of its own."""

    field: Field
    column: "Column[Any, Any]"


@dataclass(frozen=True)
class Link:
    """A field that refers to one fact."""

    field: Field
    ends: tuple[End, ...]


@dataclass(frozen=True)
class Items:
    """A field that lists facts, stored as the rows of a table of its own."""

    field: Field
    model: type[Model]
    parent: "ForeignKey[Any, Any]"
    ends: tuple[End, ...]


@dataclass(frozen=True)
class Table:
    """Where one list is stored."""

    spec: FactList
    model: type[Seen]
    fields: tuple[Plain | Link | Items, ...]

    @cached_property
    def plain(self) -> list[Plain]:
        return [each for each in self.fields if isinstance(each, Plain)]

    @cached_property
    def links(self) -> list[Link]:
        return [each for each in self.fields if isinstance(each, Link)]

    @cached_property
    def items(self) -> list[Items]:
        return [each for each in self.fields if isinstance(each, Items)]


def _table(spec: FactList) -> Table:
    model = MODELS[spec.name]
    return Table(spec, model, tuple(_stored(model, field) for field in spec.fields))


def _stored(model: type[Seen], field: Field) -> Plain | Link | Items:
    if isinstance(field.type, References):
        return _items(model, field, field.type.item)
    if isinstance(field.type, Reference):
        return Link(field, _ends(_keys(model, field), field.type))
    column = model._meta.get_field(field.name)
    assert isinstance(column, Column)  # noqa: S101 - the tests of this table see every field
    return Plain(field, column)


def _keys(model: type[Seen], field: Field) -> "list[ForeignKey[Any, Any]]":
    names: tuple[str, ...] = (field.name,)
    if issubclass(model, Relation):
        names = model.ends[0 if field.name == "from" else 1]
    return [key for name in names if isinstance(key := model._meta.get_field(name), ForeignKey)]


def _items(model: type[Seen], field: Field, reference: Reference) -> Items:
    relation = model._meta.get_field(field.name)
    listed = relation.remote_field if isinstance(relation, ManyToManyField) else relation
    through: Any = listed.through if isinstance(listed, ManyToManyRel) else listed.related_model
    keys = [key for key in through._meta.fields if isinstance(key, ForeignKey)]
    parent = next(key for key in keys if key.related_model is model)
    others = [key for key in keys if key is not parent]
    return Items(field, through, parent, _ends(others, reference))


def _ends(keys: "list[ForeignKey[Any, Any]]", reference: Reference) -> tuple[End, ...]:
    """The foreign keys by what they lead to, in the order in which the document sorts them."""
    by_model = {key.related_model: key for key in keys}
    kinds = reference.kinds or {"": reference.lists[0]}
    return tuple(End(kind, by_model[MODELS[name]]) for kind, name in sorted(kinds.items()))


TABLES = {spec.name: _table(spec) for spec in LISTS}
