"""Who refers to a fact, in words: why it cannot be deleted."""

from typing import Any

from django.db import models
from django.db.models import ForeignKey, ManyToOneRel, Q, QuerySet

from apps.accounts.models import User
from apps.core.models import Keyed, Relation, Seen
from apps.vendors.selectors import visible_facts

NAMES_SHOWN = 5


def references_to(fact: models.Model, *, user: User) -> list[str]:
    """A line for each kind of fact that refers to this one: how many, and the first few by name.

    Only what the user may see is named, the rest counted. The number of queries depends on the
    kinds, not on how many there are. Parts that go with the fact do not count.
    """
    referring: dict[type[models.Model], Q] = {}
    for relation in fact._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToOneRel) and relation.on_delete is models.PROTECT:
            named = Q(**{relation.field.name: fact})
            model = relation.related_model
            referring[model] = referring.get(model, Q()) | named
    lines = (_line(model, named, user) for model, named in referring.items())
    return sorted(line for line in lines if line)


def _line(model: type[models.Model], named: Q, user: User) -> str:
    rows = model._base_manager.filter(named)
    whole = None if issubclass(model, Seen) else _owner(model)
    if whole is not None:
        rows = whole.related_model._base_manager.filter(pk__in=rows.values(whole.attname))
    count = rows.count()
    if not count:
        return ""
    names = _names(rows, user)
    rest = f" and {count - len(names)} more" if count > len(names) else ""
    told = f"{count} {_words(rows.model, count, naming=whole is not None)}"
    return f"{told}: {', '.join(names)}{rest}" if names else told


def _owner(model: type[models.Model]) -> ForeignKey[Any, Any] | None:
    """What a row of a list is a part of: the connection that lists it, the contract."""
    for field in model._meta.fields:
        if isinstance(field, ForeignKey) and field.remote_field.on_delete is models.CASCADE:
            return field
    return None


def _words(model: type[models.Model], count: int, *, naming: bool) -> str:
    words = str(model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural)
    if not naming:
        return words
    return f"{words} that {'names' if count == 1 else 'name'} it"


def _names(rows: QuerySet[models.Model], user: User) -> list[str]:
    model = rows.model
    if issubclass(model, Keyed):
        keyed = visible_facts(model._base_manager.filter(pk__in=rows.values("pk")), user=user)
        return list(keyed.order_by("key").values_list("key", flat=True)[:NAMES_SHOWN])
    if issubclass(model, Relation):
        hops = visible_facts(model._base_manager.filter(pk__in=rows.values("pk")), user=user)
        ends = [field for fields in model.ends for field in fields]
        return [str(hop) for hop in hops.select_related(*ends).order_by("pk")[:NAMES_SHOWN]]
    return []
