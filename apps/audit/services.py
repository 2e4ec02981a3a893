"""Writes the log: one function, called as the last step of every write in every app."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from apps.audit import selectors
from apps.audit.canonical import JSON, UncanonicalError, canonical, parsed
from apps.audit.chain import Row, instant, link
from apps.audit.models import AuditEntry, AuditHead, Verification
from apps.audit.subscriptions import subscribers
from apps.core.errors import ConflictError, InvalidError
from apps.core.jobs import enqueue

NOBODY = "nobody signed in"
_LOCK = 0x61756469745F6C67  # "audit_lg": every writer of the log queues here until it commits
_LOST_AFTER = timedelta(hours=2)  # longer than a task may take
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


@transaction.atomic
def request_verification(*, actor: AbstractBaseUser) -> Verification:
    """Ask for a check of the whole chain; one that still waits or runs is given back.

    Who may ask is decided higher up, as with reading.
    """
    take_turn()
    waiting = selectors.verifications().filter(finished_at=None).first()
    if waiting is not None and timezone.now() - waiting.requested_at < _LOST_AFTER:
        if waiting.started_at is None:  # its message may have been lost
            enqueue("apps.audit.tasks.verify_log", number=waiting.pk)
        return waiting
    if waiting is not None:
        _finish(waiting, Verification.Result.FAILED, fault="The worker did not finish it.")
    asked = Verification.objects.create(requested_by_id=actor.pk)
    record(actor=actor, action="audit_log.verification_requested", target=asked)
    enqueue("apps.audit.tasks.verify_log", number=asked.pk)
    return asked


def verify_log(*, actor: AbstractBaseUser, number: int) -> Verification | None:
    """Carry out a check that was asked for, and store what it found; none when it is taken.

    The chain is read as it was at one moment; what is found is recorded in the log as well, as
    long as there is a head to follow.
    """
    taken = Verification.objects.filter(pk=number, started_at=None)
    if not taken.update(started_at=timezone.now()):
        return None
    verification = Verification.objects.get(pk=number)
    verified, fault = selectors.check()
    with transaction.atomic():
        _finish(
            verification,
            Verification.Result.BROKEN if fault else Verification.Result.HOLDS,
            entries=verified.entries,
            hash=verified.hash,
            fault=fault.sentence if fault else "",
            fault_entry=fault.entry if fault else None,
        )
        if selectors.head() is not None:
            record(
                actor=actor,
                action="audit_log.verified",
                target=verification,
                data={"result": verification.result, "entries": verified.entries},
            )
    return verification


def _finish(verification: Verification, result: str, **found: object) -> None:
    for name, value in {"result": result, "finished_at": timezone.now(), **found}.items():
        setattr(verification, name, value)
    verification.save()
