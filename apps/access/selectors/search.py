"""One search over everything that has a page: what is called so, within somebody's scope.

Each kind is asked by its own index for a few rows, in any order, so that a short word that fits
half the register costs no more than a long one; the best of those few come first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from apps.access.models import AIModel, Credential, Deployment, Environment, Identity
from apps.access.selectors.identities import credentials_visible_to, identities_visible_to
from apps.access.selectors.inventory import (
    deployments_visible_to,
    environments_visible_to,
    models_visible_to,
)
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.models import Keyed
from apps.core.search import matching
from apps.engine.catalogue import RULES
from apps.findings.models import Finding, FindingState
from apps.findings.selectors import WORST_FIRST, findings_visible_to
from apps.findings.tellers import tell
from apps.vendors.models import Vendor
from apps.vendors.selectors import vendors_visible_to

K = TypeVar("K", bound=Keyed)

LOOKED_AT = 60
LONGEST = 200


@dataclass(frozen=True)
class Hit:
    """One thing that was found. ``key`` is empty for what has none."""

    title: str
    key: str
    about: str
    url: str


@dataclass(frozen=True)
class Group:
    """The hits of one kind. ``more`` is the address of the list that has them all, or empty."""

    kind: str
    icon: str
    hits: Sequence[Hit]
    more: str = ""


def search(user: User, typed: str, most: int) -> list[Group]:
    """What ``typed`` finds, at most so many of each kind; the kinds with nothing are left out."""
    typed = typed.strip().replace("\0", "")[:LONGEST]
    if not typed:
        return []
    environments = _first(environments_visible_to(user), typed)
    groups = [
        _vendors(user, typed, most),
        _group("Environments", "box", environments[:most], _environment, typed, "environments"),
        _models(user, typed, most),
        *_others(user, typed, most),
        _findings(user, typed, environments, most),
        _rules(user, typed, most),
    ]
    return [group for group in groups if group.hits]


def _first(rows: QuerySet[K], typed: str) -> list[K]:
    """The first rows that match: what is called exactly so, what begins so, then by name."""
    found = list(matching(rows.order_by(), typed)[:LOOKED_AT])
    low = typed.lower()

    def place(row: K) -> tuple[bool, bool, str, str]:
        name = row.name.lower()
        return (low not in (name, row.key.lower()), not name.startswith(low), name, row.key)

    return sorted(found, key=place)


def _group(
    kind: str,
    icon: str,
    rows: Iterable[K],
    hit: Callable[[K], Hit],
    typed: str,
    slug: str,
) -> Group:
    return Group(kind, icon, [hit(row) for row in rows], _with_words(fact_list(slug), typed))


def _with_words(address: str, typed: str) -> str:
    return f"{address}?{urlencode({'q': typed})}"


def fact_list(slug: str) -> str:
    """The address of the list of one kind of facts."""
    return reverse("access:fact-list", kwargs={"kind": slug})


def fact_page(slug: str, number: int) -> str:
    """The address of the page of one fact."""
    return reverse("access:fact-detail", kwargs={"kind": slug, "pk": number})


def _owner(vendor: Vendor | None) -> str:
    return vendor.name if vendor else "our own"


def _environment(row: Environment) -> Hit:
    about = f"{row.get_kind_display().lower()}, {_owner(row.vendor)}"
    return Hit(row.name, row.key, about, fact_page("environments", row.pk))


def _identity(row: Identity) -> Hit:
    about = f"{row.get_kind_display().lower()}, {_owner(row.vendor)}"
    return Hit(row.name, row.key, about, fact_page("identities", row.pk))


def _credential(row: Credential) -> Hit:
    about = f"{row.get_kind_display().lower()}, {_owner(row.identity.vendor)}"
    return Hit(row.name, row.key, about, fact_page("credentials", row.pk))


def _deployment(row: Deployment) -> Hit:
    about = f"{row.get_purpose_display().lower()} of {row.model.name}"
    return Hit(row.name, row.key, about, fact_page("deployments", row.pk))


def _model(row: AIModel) -> Hit:
    page = reverse("access:model-detail", args=[row.pk])
    return Hit(row.name, row.key, str(row.sensitivity), page)


def _vendors(user: User, typed: str, most: int) -> Group:
    hits = [
        Hit(
            row.name,
            row.key,
            row.get_kind_display().lower(),
            reverse("vendors:vendor-detail", args=[row.pk]),
        )
        for row in _first(vendors_visible_to(user), typed)[:most]
    ]
    return Group("Vendors", "building", hits, _with_words(reverse("vendors:vendor-list"), typed))


def _models(user: User, typed: str, most: int) -> Group:
    hits = [_model(row) for row in _first(models_visible_to(user), typed)[:most]]
    return Group("Models", "cpu", hits, _with_words(reverse("access:model-list"), typed))


def _others(user: User, typed: str, most: int) -> list[Group]:
    deployments = _first(deployments_visible_to(user), typed)[:most]
    identities = _first(identities_visible_to(user), typed)[:most]
    credentials = _first(credentials_visible_to(user), typed)[:most]
    return [
        _group("Deployments", "server-2", deployments, _deployment, typed, "deployments"),
        _group("Identities", "user", identities, _identity, typed, "identities"),
        _group("Credentials", "key", credentials, _credential, typed, "credentials"),
    ]


def _findings(user: User, typed: str, places: Sequence[Environment], most: int) -> Group:
    """A finding by its number, or the worst open ones of the environments that were found."""
    findings = findings_visible_to(user)
    number = typed.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 19:
        found = list(findings.filter(pk=int(number)))
    elif places:
        keys = [place.key for place in places]
        own = findings.filter(state=FindingState.OPEN, environment__in=keys)
        found = list(own.order_by(*WORST_FIRST)[:most])
    else:
        found = []
    return Group(
        "Findings", "flag", [_finding(row.finding, row.title) for row in tell(user, found)]
    )


def _finding(finding: Finding, title: str) -> Hit:
    page = reverse("findings:finding-detail", args=[finding.pk])
    return Hit(title, "", f"{finding.rule}, {finding.severity}", page)


def _rules(user: User, typed: str, most: int) -> Group:
    """Rules by id or by words of their names; each leads to its open findings."""
    if not policy.may(user, Perm.VIEW_FINDING):
        return Group("Rules", "gavel", [])
    words = typed.lower().split()
    found = [
        Hit(
            f"{rule.id} {rule.name}",
            "",
            f"findings by this rule, {rule.base}",
            f"{reverse('findings:finding-list')}?rule={rule.id}",
        )
        for rule in RULES.values()
        if all(_begins(word, f"{rule.id} {rule.name}") for word in words)
    ]
    return Group("Rules", "gavel", found[:most])


def _begins(word: str, text: str) -> bool:
    return any(part.startswith(word) for part in text.lower().split())
