"""What a kind of fact says of itself, and the parts that several kinds share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.access.forms import ending
from apps.access.forms.fields import WORDS, GraphFactForm
from apps.access.views.facts_shown import SLUGS, Show, choice, moment, reference
from apps.accounts.models import User
from apps.core.models import Keyed, Seen, choices
from apps.engine.values import YesNo

Rows = QuerySet[Any]
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Attribute:
    """One thing that is stated: a column of the list unless it is for the page alone."""

    name: str
    label: str
    show: Show
    order: tuple[str, ...] = ()
    listed: bool = True
    css: str = "vr-ink-2"


@dataclass(frozen=True)
class Filter:
    """One choice above a list."""

    name: str
    label: str
    options: Options
    narrow: Callable[[Rows, str], Rows]


@dataclass(frozen=True)
class Ending:
    """How a fact is ended without being deleted: the verb, what was done, what it means."""

    verb: str
    done: str
    meaning: str
    call: Callable[..., Any]
    form: type[ending.EndForm] = ending.DatedEndForm
    is_over: Callable[[Any], bool] = lambda _fact: False


@dataclass(frozen=True)
class Beside:
    """Other facts listed on the page of one: those whose field ``end`` names it."""

    heading: str
    slug: str
    end: str
    add: bool = True


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Everything that the pages of one kind of fact are made of."""

    model: type[Seen]
    noun: str
    plural: str
    title: str
    about: str
    rows: Callable[[User], Rows]
    form: type[GraphFactForm]
    create: Callable[..., Any]
    delete: Callable[..., None]
    argument: str
    attributes: tuple[Attribute, ...]
    change: Callable[..., Any] | None = None
    ending: Ending | None = None
    filters: tuple[Filter, ...] = ()
    unknowns: tuple[str, ...] = ()
    narrowed_by: tuple[str, ...] = ()
    beside: tuple[Beside, ...] = ()
    has_vendor: bool = True

    @property
    def slug(self) -> str:
        return SLUGS[self.model]

    @property
    def is_keyed(self) -> bool:
        return issubclass(self.model, Keyed)

    @property
    def columns(self) -> list[Attribute]:
        return [attribute for attribute in self.attributes if attribute.listed]


# --- what several kinds share --------------------------------------------------------------------


def equal(name: str, label: str, enum: Sequence[StrEnum] | type[StrEnum]) -> Filter:
    """Narrows by the value of a field."""
    options = [(value, WORDS.get(value, words)) for value, words in choices(enum)]
    if enum is YesNo:
        options = [("yes", "Yes"), ("no", "No"), ("unknown", "Not known")]
    return Filter(name, label, options, lambda rows, value: rows.filter(**{name: value}))


def state(label: str, states: dict[str, tuple[str, Callable[[], Q]]]) -> Filter:
    """Narrows by a state that depends on the time."""
    options = [(value, words) for value, (words, _condition) in states.items()]

    def narrow(rows: Rows, value: str) -> Rows:
        return rows.filter(states[value][1]()) if value in states else rows.none()

    return Filter("state", label, options, narrow)


def past(name: str) -> Callable[[], Q]:
    return lambda: Q(**{f"{name}__lte": timezone.now()})


def is_past(name: str) -> Callable[[Any], bool]:
    def is_past(fact: Any) -> bool:
        at = getattr(fact, name)
        return at is not None and at <= timezone.now()

    return is_past


def end(name: str, label: str) -> Attribute:
    return Attribute(name, label, reference(name, ""), css="vr-end")


def either(one: str, other: str, label: str) -> Attribute:
    """One of two ends."""

    def show(fact: Any, scope: Any) -> Any:
        name = one if getattr(fact, f"{one}_id") is not None else other
        return reference(name, "")(fact, scope)

    return Attribute(one, label, show, css="vr-end")


VENDOR = Attribute("vendor", "Vendor", reference("vendor", "our own"), ("vendor__name",))
STATUS = Attribute("status", "Status", choice("status"), ("status",))
SEEN = Attribute("seen", "Stated", moment("first_seen", ""), ("pk",), css="vr-right vr-num")
