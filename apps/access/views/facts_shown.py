"""How what is stated about a fact is shown: as words, as a link to another fact, as not known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.urls import reverse

from apps.access.forms.fields import WORDS
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
from apps.access.selectors.routes import Scope
from apps.core.models import Keyed, Seen
from apps.vendors.models import Vendor

SLUGS: dict[type[Seen], str] = {
    Environment: "environments",
    Identity: "identities",
    Credential: "credentials",
    AIModel: "models",
    Deployment: "deployments",
    AllowlistEntry: "allowlist",
    Holds: "holds",
    Enters: "enters",
    MemberOf: "member-of",
    Jumps: "jumps",
    Connects: "connects",
    Grants: "grants",
    Administers: "administers",
    Exposure: "exposures",
    Drill: "drills",
}
NOT_KNOWN = "not known"
OUT_OF_SCOPE = "outside your scope"


@dataclass(frozen=True)
class Shown:
    """One value. ``is_unknown`` is drawn dashed; ``is_quiet`` says that there is none, in words."""

    text: str = ""
    url: str = ""
    key: str = ""
    moment: datetime | None = None
    is_unknown: bool = False
    is_quiet: bool = False
    several: tuple["Shown", ...] = ()

    @property
    def plain(self) -> str:
        """As a cell of a file: facts by key, times in UTC, nothing where there is none."""
        if self.several:
            return "; ".join(one.plain for one in self.several)
        if self.moment:
            return self.moment.isoformat()
        if self.is_quiet:
            return ""
        return "unknown" if self.is_unknown else self.key or self.text


Show: TypeAlias = Callable[[Any, Scope], Shown]


def address_of(fact: Seen) -> str:
    """The page of a fact."""
    if isinstance(fact, Vendor):
        return reverse("vendors:vendor-detail", args=[fact.pk])
    if isinstance(fact, AIModel):
        return reverse("access:model-detail", args=[fact.pk])
    return page_of_fact(fact)


def page_of_fact(fact: Seen) -> str:
    """The page on which a fact is written; a model has another one on which it is looked at."""
    return reverse("access:fact-detail", kwargs={"kind": SLUGS[type(fact)], "pk": fact.pk})


def linked(fact: Keyed, scope: Scope) -> Shown:
    """A fact by its name, with a link where the person may open it."""
    url = address_of(fact) if _opens(fact, scope) else ""
    return Shown(fact.name, url, fact.key if fact.key != fact.name else "")


def reference(name: str, none: str, *, names_all: bool = True) -> Show:
    """What a field refers to; ``names_all`` unless it may lie outside of the person's scope."""

    def show(fact: Any, scope: Scope) -> Shown:
        other = getattr(fact, name)
        if other is None:
            return Shown(none, is_quiet=True)
        if not names_all and not _opens(other, scope):
            return Shown(OUT_OF_SCOPE, is_quiet=True)
        return linked(other, scope)

    return show


def references(get: Callable[[Any], Iterable[Keyed]], none: str) -> Show:
    """A list of facts."""

    def show(fact: Any, scope: Scope) -> Shown:
        several = tuple(linked(other, scope) for other in get(fact))
        return Shown(several=several) if several else Shown(none, is_quiet=True)

    return show


def choice(name: str, words: dict[str, str] = WORDS) -> Show:
    """A value of a list; one that is not known is drawn as such."""

    def show(fact: Any, _scope: Scope) -> Shown:
        value = str(getattr(fact, name))
        if value == "unknown":
            return Shown(NOT_KNOWN, is_unknown=True)
        return Shown(words.get(value) or getattr(fact, f"get_{name}_display")())

    return show


def moment(name: str, none: str) -> Show:
    """A time."""

    def show(fact: Any, _scope: Scope) -> Shown:
        value = getattr(fact, name)
        return Shown(moment=value) if value else Shown(none, is_quiet=True)

    return show


def text(get: Callable[[Any], str | None], none: str) -> Show:
    """Running text."""

    def show(fact: Any, _scope: Scope) -> Shown:
        value = get(fact)
        return Shown(value) if value else Shown(none, is_quiet=True)

    return show


def _opens(fact: Keyed, scope: Scope) -> bool:
    """Whether the person may open the fact, as far as what was read of it tells."""
    if scope.everything or isinstance(fact, AIModel):
        return True  # a model is named by facts of the vendors that it concerns
    if isinstance(fact, Vendor):
        return scope.shows(fact.pk)
    if isinstance(fact, Deployment | Credential):
        path = "environment" if isinstance(fact, Deployment) else "identity"
        if path not in fact._state.fields_cache:
            return False
        return scope.shows(getattr(fact, path).vendor_id)
    return scope.shows(getattr(fact, "vendor_id", None))
