"""Writes the log: one function, called as the last step of every write in every app."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from apps.audit import selectors
from apps.audit.canonical import JSON, UncanonicalError, canonical, parsed
from apps.audit.chain import Row, instant, link
from apps.audit.models import AuditEntry, AuditHead
from apps.audit.subscriptions import subscribers
from apps.core.errors import ConflictError, InvalidError
from apps.core.jobs import enqueue

NOBODY = "nobody signed in"
_LOCK = 0x61756469745F6C67  # "audit_lg": every writer of the log queues here until it commits
_ACTION = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")


def record(
    *,
    actor: AbstractBaseUser | AnonymousUser | None,
    action: str,
    target: Model | None = None,
    vendor_id: int | None = None,
    data: Mapping[str, JSON] | None = None,
) -> AuditEntry:
    """Append one entry to the log and, after commit, wake the tasks subscribed to ``action``.

    Runs inside the caller's transaction, so that the write and its entry stand or fall together.
    Writers queue on a lock from here to their commit, which keeps the chain linear and its numbers
    without gaps: call it last. ``actor`` none, or anonymous, means that nobody was signed in.

    Raises InvalidError when ``data`` holds what cannot be kept exactly, ConflictError when the
    head of the log is gone, RuntimeError outside a transaction, ValueError for a nameless action
    or a target without a key.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("audit.record runs inside the transaction of the write that it records.")
    if not _ACTION.fullmatch(action):
        raise ValueError(f"{action!r} is no action: write it as noun.past_tense.")
    what = _What.of(target)
    text = _canonical_data(data or {})
    take_turn()
    head = selectors.head()
    if head is None:
        raise ConflictError(
            "Nothing was written: the head of the audit log is missing. "
            "Run manage.py verify_audit_log and restore the log from a backup."
        )
    at = timezone.now()
    row = Row(
        number=head.number + 1,
        at=instant(at),
        actor_id=actor.pk if actor else None,
        actor_name=(str(actor) if actor and actor.is_authenticated else NOBODY)[:300],
        action=action,
        target_type=what.type,
        target_id=what.id,
        target_name=what.name,
        vendor_id=vendor_id,
        data=parsed(text),
        previous=head.hash,
        hash="",
    )
    return _append(row._replace(hash=_hash(row)), at=at, text=text)


class _What(NamedTuple):
    """The target as the log keeps it: still readable when it is gone."""

    type: str = ""
    id: str = ""
    name: str = ""

    @classmethod
    def of(cls, target: Model | None) -> "_What":
        if target is None:
            return cls()
        if target.pk is None:
            raise ValueError(
                f"{target!r} has no key, so the log could not say what it was: record a new row "
                "after saving it, and give a deleted one its key back."
            )
        return cls(target._meta.label_lower, str(target.pk), str(target)[:1000])


def _canonical_data(data: Mapping[str, JSON]) -> str:
    try:
        return canonical(data)
    except UncanonicalError as error:
        raise InvalidError(f"The audit log cannot keep this: {error}") from error


def _hash(row: Row) -> str:
    try:
        return link(row)
    except UncanonicalError as error:
        raise InvalidError(f"The audit log cannot keep this: {error}") from error


def take_turn() -> None:
    """Wait for the log, and hold it until the transaction ends.

    ``record`` does so by itself. A service that waits for another lock before it records takes its
    turn here first, so that everybody queues in the same order and no two wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _append(row: Row, *, at: datetime, text: str) -> AuditEntry:
    stored = row._asdict() | {"at": at, "data": json.loads(text)}
    entry = AuditEntry.objects.create(**stored)
    AuditHead.objects.filter(id=1).update(number=row.number, hash=row.hash)
    for task in subscribers(row.action):
        enqueue(task, entry_number=row.number)
    return entry
