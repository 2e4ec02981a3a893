"""What can be done to exposures and revocation drills.

What each raises, and what all of them have in common, is said in ``vendors.facts.FactWriter``.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias, Unpack

from django.db import models
from django.utils import timezone

from apps.access.models import (
    AIModel,
    Credential,
    Deployment,
    Drill,
    Environment,
    Exposure,
    ExposureTarget,
)
from apps.access.services.writing import GraphFactWriter
from apps.accounts.models import User
from apps.audit.canonical import JSON
from apps.core.errors import ConflictError
from apps.core.models import Filed
from apps.engine.values import ExposureKind
from apps.vendors.facts import Changes, FactFields, vendors_of
from apps.vendors.models import Vendor

Target: TypeAlias = Environment | Deployment | Credential


class ExposureFields(FactFields, total=False):
    closed_at: datetime | None
    note: str | None


class ExposureChanges(ExposureFields, total=False):
    kind: ExposureKind
    targets: Sequence[Target]
    seen_at: datetime


class DrillFields(FactFields, total=False):
    confirmed_at: datetime | None
    evidence: str | None


class DrillChanges(DrillFields, total=False):
    vendor: Vendor
    model: AIModel
    started_at: datetime


def create_exposure(
    *,
    actor: User,
    key: str,
    kind: ExposureKind,
    targets: Sequence[Target],
    seen_at: datetime,
    **fields: Unpack[ExposureFields],
) -> Exposure:
    """File a leak with what it names, all of which is in the actor's scope."""
    return _exposures.create(actor, key=key, kind=kind, targets=targets, seen_at=seen_at, **fields)


def change_exposure(
    *, actor: User, exposure: Exposure, **changes: Unpack[ExposureChanges]
) -> Exposure:
    """Change an exposure; a list of targets replaces the one before."""
    return _exposures.change(actor, exposure, changes)


def close_exposure(*, actor: User, exposure: Exposure, at: datetime | None = None) -> Exposure:
    """Note that what leaked is of no use any more, now or at a time; an earlier time stands."""
    when = at or timezone.now()

    def earliest(stored: Exposure) -> Changes:
        return {"closed_at": min(when, stored.closed_at or when)}

    return _exposures.change(actor, exposure, earliest, done="closed")


def delete_exposure(*, actor: User, exposure: Exposure) -> None:
    """Delete an exposure with its list of targets; to keep its history, close it instead."""
    _exposures.delete(actor, exposure)


def create_drill(
    *,
    actor: User,
    key: str,
    vendor: Vendor,
    model: AIModel,
    started_at: datetime,
    **fields: Unpack[DrillFields],
) -> Drill:
    """File a rehearsed revocation: when it was ordered, and when the path was proven dead."""
    return _drills.create(
        actor, key=key, vendor=vendor, model=model, started_at=started_at, **fields
    )


def change_drill(*, actor: User, drill: Drill, **changes: Unpack[DrillChanges]) -> Drill:
    """Change what is stated about a drill."""
    return _drills.change(actor, drill, changes)


def confirm_drill(
    *, actor: User, drill: Drill, evidence: str | None = None, at: datetime | None = None
) -> Drill:
    """Note that the path was proven dead, now or at a given time, and what shows it.

    Raises ConflictError when that is noted already: a mistake is put right with ``change_drill``.
    """
    when = at or timezone.now()

    def confirmed(stored: Drill) -> Changes:
        if stored.confirmed_at is not None:
            raise ConflictError(
                f"Drill {stored.key} was confirmed at {stored.confirmed_at:%Y-%m-%d %H:%M} UTC. "
                "If that is wrong, change the drill."
            )
        stated = {} if evidence is None else {"evidence": evidence}
        return {"confirmed_at": when, **stated}

    return _drills.change(actor, drill, confirmed, done="confirmed")


def delete_drill(*, actor: User, drill: Drill) -> None:
    """Delete a drill."""
    _drills.delete(actor, drill)


class _ExposureWriter(GraphFactWriter[Exposure]):
    """An exposure is filed under the vendors of what it names, which are of several kinds."""

    def _vendors(self, fact: Exposure, items: list[Filed] | None) -> set[int | None]:
        if items is None:
            return vendors_of(fact)
        return {vendor for target in items for vendor in vendors_of(target)}

    def _items(self, value: object) -> list[Filed]:
        targets = super()._items(value)
        if not targets:
            raise self._invalid({self.listed: ["An exposure names at least one thing."]})
        return targets

    def _names(self, items: Iterable[models.Model]) -> JSON:
        return sorted(f"{item._meta.model_name}:{getattr(item, 'key', '')}" for item in items)

    def _stored_items(self, fact: Exposure) -> Iterable[models.Model]:
        rows = fact.targets.select_related("environment", "deployment", "credential")
        ends = [(row.environment, row.deployment, row.credential) for row in rows]
        return [end for row in ends for end in row if end is not None]

    def _save_items(self, fact: Exposure, items: list[Filed]) -> None:
        fact.targets.all().delete()
        rows = [
            ExposureTarget(exposure=fact, **{str(item._meta.model_name): item}) for item in items
        ]
        ExposureTarget.objects.bulk_create(rows)


_exposures = _ExposureWriter(
    model=Exposure,
    noun="exposure",
    changeable=ExposureChanges.__annotations__,
    listed="targets",
)
_drills = GraphFactWriter(
    model=Drill,
    noun="drill",
    changeable=DrillChanges.__annotations__,
)
