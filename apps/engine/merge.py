"""Merges an interchange document into a graph by identity, and says what that would change.

Nothing is written here: ``merge`` gives a plan, or every fault of the document. A fact whose row
says nothing new is the same object afterwards, so that a million rows cost what their changes cost.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from apps.engine.document import Document, DocumentError, Fault, in_order
from apps.engine.document_faults import Faults, TooManyFaultsError
from apps.engine.document_table import BY_NAME, LISTS, Fact, FactList, Mode
from apps.engine.merge_checks import check_merged
from apps.engine.merge_rows import Work, fold_rows
from apps.engine.values import (
    AllowlistEntry,
    Credential,
    Environment,
    EnvironmentStatus,
    Graph,
    Identity,
    IdentityStatus,
)

__all__ = [
    "Change",
    "FieldChange",
    "ListChanges",
    "Plan",
    "changed_fields",
    "lists_needed",
    "merge",
    "validate_alone",
]


class Change(NamedTuple):
    """A fact that differs afterwards."""

    before: Fact
    after: Fact


class ListChanges(NamedTuple):
    """What becomes of one list. Only relations are ever removed."""

    added: tuple[Fact, ...] = ()
    changed: tuple[Change, ...] = ()
    removed: tuple[Fact, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


class FieldChange(NamedTuple):
    """A field that differs, with the values as the document writes them."""

    field: str
    before: Any
    after: Any


class Plan(NamedTuple):
    """What an import would do. With faults it does nothing: the graph is the state as it was.

    ``changes`` has the lists in which anything changes, and no others.
    """

    graph: Graph
    faults: tuple[Fault, ...]
    changes: Mapping[str, ListChanges]


def merge(state: Graph, document: Document, *, now: datetime) -> Plan:
    """Merge the document into the state: by key, and relations by list and ends.

    An omitted field is left, null sets the default, a list replaces the list; in replace mode what
    the document's lists do not contain ends at ``now``. Checks are made on the merged state.
    """
    faults = Faults()
    work = Work(state, document, now, faults)
    try:
        for fault in document.faults:
            faults.add(fault)
        for spec in LISTS:
            if spec.name in document.lists:
                fold_rows(work, spec)
        check_merged(work)
    except TooManyFaultsError:
        pass
    if faults.items:
        return Plan(state, tuple(in_order(faults.items)), {})
    changes = {spec.name: _changes(work, spec) for spec in LISTS if spec.name in document.lists}
    changes = {name: each for name, each in changes.items() if each}
    return Plan(_merged(state, changes), (), changes)


def validate_alone(document: Document, *, now: datetime) -> Graph:
    """The graph of a document that is analysed alone: its references resolve within it.

    Raises ``DocumentError`` with every fault.
    """
    plan = merge(Graph(), document, now=now)
    if plan.faults:
        raise DocumentError(plan.faults)
    return plan.graph


def lists_needed(document: Document) -> set[str]:
    """The lists of the state that a merge looks at: a small document needs few of them."""
    present = set(document.lists)
    needed = set(present)
    for name in present:
        for field in BY_NAME[name].fields:
            if field.reference is not None:
                needed.update(field.reference.lists)
    # A row can break what holds of a fact that no row is about.
    if "environments" in present:
        needed.add("allowlist")
    if "identities" in present:
        needed.add("member_of")
    return needed


def changed_fields(list_name: str, change: Change) -> tuple[FieldChange, ...]:
    """The fields in which a changed fact differs."""
    return tuple(
        FieldChange(
            field.name,
            None if before is None else field.type.write(before),
            None if after is None else field.type.write(after),
        )
        for field, before, after in zip(
            BY_NAME[list_name].fields, change.before, change.after, strict=True
        )
        if before != after
    )


def _changes(work: Work, spec: FactList) -> ListChanges:
    stored = work.stored(spec.name)
    added: list[Fact] = []
    changed: list[Change] = []
    for identifier, fact in work.written[spec.name].items():
        before = stored.get(identifier)
        if before is None:
            added.append(fact)
        else:
            changed.append(Change(before, fact))
    if work.document.mode is Mode.MERGE:
        return ListChanges(tuple(added), tuple(changed))
    rows = work.rows[spec.name]
    absent = [fact for identifier, fact in stored.items() if identifier not in rows]
    if spec.is_relation:
        return ListChanges(tuple(added), tuple(changed), tuple(absent))
    ended = (Change(fact, _ended(fact, work.now)) for fact in absent)
    changed.extend(change for change in ended if change.before != change.after)
    return ListChanges(tuple(added), tuple(changed))


def _ended(fact: Fact, now: datetime) -> Fact:
    """What replace makes of a fact that the document's list does not contain."""
    match fact:
        case Environment():
            return fact._replace(status=EnvironmentStatus.RETIRED)
        case Identity():
            return fact._replace(status=IdentityStatus.DISABLED)
        case Credential():
            return fact._replace(revoked_at=_earliest(fact.revoked_at, now))
        case AllowlistEntry():
            # An approval that lies ahead ends when it would have begun: an end is never before.
            end = now if fact.approved_at is None else max(now, fact.approved_at)
            return fact._replace(expires_at=_earliest(fact.expires_at, end))
        case _:
            return fact


def _earliest(stated: datetime | None, end: datetime) -> datetime:
    return end if stated is None else min(stated, end)


def _merged(state: Graph, changes: Mapping[str, ListChanges]) -> Graph:
    lists: dict[str, Any] = {
        name: _merged_list(BY_NAME[name], getattr(state, name), each)
        for name, each in changes.items()
    }
    return state._replace(**lists)


def _merged_list(spec: FactList, before: Iterable[Fact], changes: ListChanges) -> tuple[Fact, ...]:
    if changes.removed or changes.changed:
        removed = {spec.identify(fact) for fact in changes.removed}
        after = {spec.identify(change.before): change.after for change in changes.changed}
        identified = ((spec.identify(fact), fact) for fact in before)
        before = [after.get(each, fact) for each, fact in identified if each not in removed]
    return (*before, *changes.added)
