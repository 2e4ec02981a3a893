"""The page of one fact: what is stated, what is beside it, what it reaches, its history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from apps.access.models import PairReach
from apps.access.selectors import facts as selectors
from apps.access.selectors.reach import KEY_ONLY
from apps.access.selectors.routes import Scope, scope_of
from apps.access.views.facts_lists import Row, table
from apps.access.views.facts_shown import Shown, address_of, linked
from apps.access.views.kinds import KINDS
from apps.access.views.kinds.kind import Attribute, Beside, Kind
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.audit.models import AuditEntry
from apps.core.models import Keyed, Seen
from apps.findings.tellers import Told, tell

MOST = 10
"""Rows of each list beside a fact; there is a link to all of them."""

STATED_OF_ALL = {"key": "Key", "name": "Name", "source": "Source"}


@dataclass(frozen=True)
class Section:
    """Other facts beside this one; ``all_url`` where there are more than are shown."""

    heading: str
    anchor: str
    columns: Sequence[Attribute]
    has_lead: bool
    rows: Sequence[Row]
    all_url: str
    add_url: str


@dataclass(frozen=True)
class Reached:
    """A pair from the side of this fact: the other end, its model, the verdict."""

    other: Shown
    model: Shown
    tier: str
    verdict: str
    reach: str


@dataclass(frozen=True)
class Altered:
    """A field as it stood before and after a change."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Happened:
    """An entry of the log about the fact. ``is_first`` states everything, others what changed."""

    entry: AuditEntry
    words: str
    fields: Sequence[Altered]
    is_first: bool


@dataclass(frozen=True)
class FactPage:
    """Everything on the page of one fact."""

    title: str
    attributes: Sequence[tuple[Attribute, Shown]]
    unknown: Sequence[str]
    sections: Sequence[Section]
    empty: Sequence[Section]
    shows_reach: bool
    reached: Sequence[Reached]
    told: Sequence[Told]
    history: Sequence[Happened]
    is_over: bool
    may_edit: bool
    may_end: bool
    may_delete: bool


def page_of(user: User, kind: Kind, fact: Any) -> FactPage:
    """What the person may see of a fact, in a number of queries that its kind decides."""
    scope = scope_of(user)
    may_change = selectors.may_write(user, Perm.CHANGE_FACT, fact)
    attributes = [(one, one.show(fact, scope)) for one in kind.attributes]
    is_over = bool(kind.ending and kind.ending.is_over(fact))
    sections = [_section(user, scope, one, fact, may_change) for one in kind.beside]
    return FactPage(
        title=fact.name if isinstance(fact, Keyed) else str(fact),
        attributes=attributes,
        unknown=[one.label for one, shown in attributes if shown.is_unknown],
        sections=[section for section in sections if section.rows],
        empty=[section for section in sections if not section.rows],
        shows_reach=kind.slug in {"environments", "deployments"},
        reached=[_reached(pair, fact, scope) for pair in selectors.pairs_of(user, fact, MOST)],
        told=tell(user, selectors.findings_about(user, fact, MOST)),
        history=list(_history(kind, selectors.history_of(user, fact))),
        is_over=is_over,
        may_edit=may_change and kind.change is not None,
        may_end=may_change and kind.ending is not None and not is_over,
        may_delete=selectors.may_write(user, Perm.DELETE_FACT, fact),
    )


def _section(user: User, scope: Scope, beside: Beside, fact: Seen, may_add: bool) -> Section:
    kind = KINDS[beside.slug]
    found = list(kind.rows(user).filter(**{beside.end: fact}).order_by("-pk")[: MOST + 1])
    columns = [one for one in kind.columns if one.name not in {beside.end, "seen"}]
    address = reverse("access:fact-list", kwargs={"kind": kind.slug})
    query = urlencode({beside.end: fact.pk})
    new = reverse("access:fact-create", kwargs={"kind": kind.slug})
    return Section(
        heading=beside.heading,
        anchor=f"{beside.slug}-{beside.end}",
        columns=columns,
        has_lead=kind.is_keyed,
        rows=table(kind, found[:MOST], scope, columns=columns),
        all_url=f"{address}?{query}" if len(found) > MOST else "",
        add_url=f"{new}?{query}" if may_add and beside.add else "",
    )


def _reached(pair: PairReach, fact: Seen, scope: Scope) -> Reached:
    model = pair.deployment.model
    other: Keyed = pair.environment if fact == pair.deployment else pair.deployment
    return Reached(
        linked(other, scope),
        Shown(model.name, address_of(model)),
        str(model.sensitivity),
        pair.verdict or KEY_ONLY,
        str(pair.reach),
    )


# --- history -------------------------------------------------------------------------------------


def _history(kind: Kind, entries: Sequence[AuditEntry]) -> Iterator[Happened]:
    labels = STATED_OF_ALL | {one.name: one.label for one in kind.attributes}
    for entry in entries:
        before, after = entry.data.get("before") or {}, entry.data.get("after") or {}
        fields = [
            Altered(
                labels.get(name, name.replace("_", " ").capitalize()),
                _words(before.get(name)),
                _words(after.get(name)),
            )
            for name in sorted({*before, *after})
        ]
        done = entry.action.rpartition(".")[2].replace("_", " ")
        yield Happened(entry, done.capitalize(), fields, is_first=not before)


def _words(value: object) -> str:
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "not known" if value == "unknown" else str(value)
