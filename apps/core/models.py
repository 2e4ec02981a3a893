"""Base of every fact: a stable key, a name, where it comes from, when it was seen."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now

from apps.engine.values import INTERNET, Source

KEY_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._@/+-]{0,119}"


def choices(enum: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """An engine enum as Django choices: the value, and the value in words."""
    return [(str(item), str(item).replace("_", " ").capitalize()) for item in enum]


def one_of(field: str, enum: Iterable[StrEnum]) -> models.CheckConstraint:
    """A database constraint: ``field`` holds one of the enum's values."""
    return models.CheckConstraint(
        name=f"%(app_label)s_%(class)s_{field}_known",
        condition=models.Q(**{f"{field}__in": [str(item) for item in enum]}),
    )


def not_before(end: str, start: str) -> models.CheckConstraint:
    """A database constraint: ``end``, where both are stated, is not before ``start``."""
    return models.CheckConstraint(
        name=f"%(app_label)s_%(class)s_{end}_not_before_{start}",
        condition=models.Q(**{f"{end}__isnull": True})
        | models.Q(**{f"{start}__isnull": True})
        | models.Q(**{f"{end}__gte": models.F(start)}),
        violation_error_message="The end is before the start.",
    )


def key_has_shape() -> models.CheckConstraint:
    """A database constraint: the key has the shape that documents allow, and is not reserved."""
    return models.CheckConstraint(
        name="%(app_label)s_%(class)s_key_has_shape",
        condition=models.Q(key__regex=rf"^{KEY_PATTERN}$") & ~models.Q(key=INTERNET),
        violation_error_message="The key has a shape that is not allowed, or is reserved.",
    )


def no_duplicates(values: Iterable[str]) -> None:
    """A validator: a list names each thing once."""
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise ValidationError("Each may be named once only.")


class EnumField(models.CharField):  # type: ignore[type-arg] # not subscriptable at run time
    """A short text whose values are those of an engine enum."""

    def __init__(self, enum: type[StrEnum] | None = None, **kwargs: Any) -> None:
        if enum is not None:
            kwargs.setdefault("choices", choices(enum))
        kwargs.setdefault("max_length", 20)
        super().__init__(**kwargs)


class Filed(models.Model):
    """Filed under vendors, whose scopes decide who may see and write it.

    ``filed_under`` holds lookup paths: to a vendor (none there is our own organisation), past an
    end that may be absent, or to parts that are filed themselves. Every one of them must be in a
    person's scope. Without any, it is our own, seen as well by those who see a vendor that one of
    the paths of ``seen_through`` leads to.
    """

    filed_under: ClassVar[tuple[str, ...]] = ()
    seen_through: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True


class Seen(Filed):
    """Where a fact comes from and when: ``last_seen`` is kept to the day."""

    source = EnumField(Source, default=str(Source.DECLARED), db_default=str(Source.DECLARED))
    first_seen = models.DateTimeField(db_default=Now(), editable=False)
    last_seen = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


class Keyed(Seen):
    """A fact with a stable key, chosen by the user or the importing system; unique in its table."""

    key = models.CharField(
        max_length=120,
        unique=True,
        db_collation="C",  # keys sort by code point, everywhere the same
        validators=[
            RegexValidator(
                rf"^{KEY_PATTERN}\Z",
                "A key starts with a letter or digit and goes on with letters, digits and "
                ". _ @ / + - (at most 120 in all).",
            ),
            RegexValidator(
                rf"^{INTERNET}\Z", f"The key “{INTERNET}” is reserved.", inverse_match=True
            ),
        ],
    )
    name = models.CharField(max_length=1000)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name or self.key


class Relation(Seen):
    """A hop between two facts; subclasses add the two ends.

    ``ends`` names the fields of either end: one of several is stated, or none for the internet.
    """

    ends: ClassVar[tuple[tuple[str, ...], tuple[str, ...]]]

    name = models.CharField(max_length=1000, blank=True, default="", db_default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return " → ".join(self._key_of(fields) for fields in self.ends)

    def _key_of(self, fields: tuple[str, ...]) -> str:
        stated = [end.key for field in fields if (end := getattr(self, field)) is not None]
        return str(stated[0]) if stated else INTERNET
