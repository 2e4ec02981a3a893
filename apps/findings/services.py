"""Findings are reconciled, not appended: what is found again is the same finding.

``reconcile`` compares everything that one source found with what stands, in set-based SQL, so that
a hundred thousand findings take seconds; what changed is written down as events.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.engine.scan_document import WitnessWriter
from apps.engine.values import Finding as Found
from apps.engine.values import Severity
from apps.findings.models import FindingEvent, FindingSource, FindingState

INDEXED = ("environment", "deployment", "credential", "identity")
"""The subject's fields that have columns of their own."""


class Detected(NamedTuple):
    """A finding as a source has it, and the key of the vendor whose affair it is (none: ours)."""

    finding: Found
    vendor: str | None


class Reconciled(NamedTuple):
    """How many findings were opened, reopened, kept as they were, closed.

    ``not_seen`` of the closed ones are about facts that the source did not see this time, which is
    not the same as a fault removed. ``changed`` of the kept ones have another grade or route.
    """

    opened: int
    reopened: int
    kept: int
    closed: int
    not_seen: int
    changed: int


@transaction.atomic
def reconcile(
    *,
    actor: User,
    source: FindingSource,
    rules: Collection[str],
    run: int,
    at: datetime,
    detected: Iterable[Detected],
    is_seen: Callable[[Mapping[str, str]], bool],
) -> Reconciled:
    """Open what is new, reopen what returns, keep what is still there, close what is gone.

    Only findings of ``source`` by ``rules`` are closed. ``is_seen`` says of a subject whether the
    source looked at it at all. Runs as part of the caller's write, which leaves the audit entry.

    Raises NotAllowedError when the actor may not record findings.
    """
    policy.require(actor, Perm.RECORD_FINDINGS)
    with connection.cursor() as cursor:
        _stage(cursor, detected)
        scope = {"source": source, "rules": list(rules), "run": run, "at": at}
        closed, not_seen = _close(cursor, scope, is_seen)
        reopened = _reopen(cursor, scope)
        changed = _change(cursor, scope)
        opened = _open(cursor, scope)
        cursor.execute("SELECT count(*) FROM found")
        (total,) = cursor.fetchone()
        cursor.execute("DROP TABLE found")
    kept = total - opened - reopened
    return Reconciled(opened, reopened, kept, closed, not_seen, changed)


Scope = Mapping[str, Any]
"""What every statement is given: the source, its rules, the run and its time."""

_STAGE = """
CREATE TEMPORARY TABLE found (
    fingerprint text, rule text, certainty text, severity text, subject jsonb,
    environment text, deployment text, credential text, identity text, vendor text,
    missing text, fix text, witness jsonb, rests_on jsonb
) ON COMMIT DROP
"""
# Whoever is deleting one of these is waited for, before anything is held that they wait for.
_LOCK_VENDORS = """
SELECT 1 FROM vendors_vendor WHERE key IN (SELECT vendor FROM found) ORDER BY id FOR KEY SHARE
"""


def _stage(cursor: CursorWrapper, detected: Iterable[Detected]) -> None:
    """Put everything that was found beside the table of findings."""
    cursor.execute("DROP TABLE IF EXISTS found")
    cursor.execute(_STAGE)
    witness_text = WitnessWriter()
    with cursor.copy("COPY found FROM STDIN") as copy:
        for item in detected:
            copy.write_row(_staged(item, witness_text))
    cursor.execute("CREATE UNIQUE INDEX ON found (fingerprint)")
    cursor.execute("ANALYZE found (fingerprint, rule, severity, vendor)")  # not the long ones
    cursor.execute(_LOCK_VENDORS)


def _staged(item: Detected, witness_text: WitnessWriter) -> tuple[str | None, ...]:
    found = item.finding
    return (
        found.fingerprint,
        found.rule,
        found.certainty,
        found.severity,
        json.dumps(dict(found.subject)),
        *(found.subject.get(field, "") for field in INDEXED),
        item.vendor,
        found.missing,
        found.fix,
        witness_text(found.witness),
        json.dumps([unknown._asdict() for unknown in found.rests_on]),
    )


_GONE = """
SELECT f.id, f.subject FROM findings_finding f
LEFT JOIN found ON found.fingerprint = f.fingerprint
WHERE f.state = %(open)s AND f.source = %(source)s AND f.rule = ANY(%(rules)s)
  AND found.fingerprint IS NULL
ORDER BY f.id
"""
_CLOSE = """
UPDATE findings_finding SET state = %(closed)s, closed_at = %(at)s
WHERE id = ANY(%(ids)s)
"""


def _close(
    cursor: CursorWrapper, scope: Scope, is_seen: Callable[[Mapping[str, str]], bool]
) -> tuple[int, int]:
    """Close what is not found any more; say of each whether it was looked at."""
    cursor.execute(_GONE, {**scope, "open": FindingState.OPEN})
    gone = [(pk, is_seen(json.loads(subject))) for pk, subject in cursor.fetchall()]
    ids = [pk for pk, _ in gone]
    cursor.execute(_CLOSE, {**scope, "ids": ids, "closed": FindingState.CLOSED})
    FindingEvent.objects.bulk_create(
        (
            FindingEvent(
                finding_id=pk,
                kind=FindingEvent.Kind.CLOSED,
                run=scope["run"],
                at=scope["at"],
                data={"seen": seen},
            )
            for pk, seen in gone
        ),
        batch_size=5000,
    )
    return len(ids), sum(not seen for _, seen in gone)


_FACTS = """
    certainty = found.certainty, severity = found.severity, missing = found.missing,
    fix = found.fix, witness = found.witness, rests_on = found.rests_on,
    vendor_id = (SELECT id FROM vendors_vendor WHERE key = found.vendor)
"""
_EVENT = "INSERT INTO findings_findingevent (finding_id, kind, run, at, data)"

_REOPEN = f"""
WITH back AS (
    UPDATE findings_finding f
    SET state = %(open)s, closed_at = NULL, opened_at = %(at)s,
        times_opened = f.times_opened + 1, {_FACTS}
    FROM found
    WHERE f.fingerprint = found.fingerprint AND f.state = %(closed)s AND f.source = %(source)s
    RETURNING f.id, f.certainty, f.severity
)
{_EVENT}
SELECT id, %(kind)s, %(run)s, %(at)s,
       jsonb_build_object('certainty', certainty, 'severity', severity)
FROM back ORDER BY id
"""  # noqa: S608 - put together from the constants above


def _reopen(cursor: CursorWrapper, scope: Scope) -> int:
    kinds = {"open": FindingState.OPEN, "closed": FindingState.CLOSED}
    cursor.execute(_REOPEN, {**scope, **kinds, "kind": FindingEvent.Kind.REOPENED})
    return int(cursor.rowcount)


_DIFFERENT = """
SELECT f.id, f.certainty, f.severity, f.witness, found.certainty AS certainty_now,
       found.severity AS severity_now, found.witness AS witness_now
FROM findings_finding f JOIN found USING (fingerprint)
LEFT JOIN vendors_vendor v ON v.key = found.vendor
WHERE f.state = %(open)s AND f.source = %(source)s AND (
    f.certainty <> found.certainty OR f.severity <> found.severity OR f.missing <> found.missing
    OR f.fix <> found.fix OR f.witness <> found.witness OR f.rests_on <> found.rests_on
    OR f.vendor_id IS DISTINCT FROM v.id
)
"""
_CHANGE = f"""
CREATE TEMPORARY TABLE different ON COMMIT DROP AS {_DIFFERENT};
{_EVENT}
SELECT id, %(regraded)s, %(run)s, %(at)s, jsonb_build_object(
    'before', jsonb_build_object('certainty', certainty, 'severity', severity),
    'after', jsonb_build_object('certainty', certainty_now, 'severity', severity_now))
FROM different WHERE (certainty, severity) <> (certainty_now, severity_now) ORDER BY id;
{_EVENT}
SELECT id, %(rerouted)s, %(run)s, %(at)s, jsonb_build_object('before', witness)
FROM different WHERE witness <> witness_now ORDER BY id;
UPDATE findings_finding f SET {_FACTS}
FROM found, different
WHERE f.fingerprint = found.fingerprint AND f.id = different.id;
"""  # noqa: S608 - put together from the constants above


def _change(cursor: CursorWrapper, scope: Scope) -> int:
    """Take over what is different about open findings, and write down a new grade or route."""
    cursor.execute("DROP TABLE IF EXISTS different")
    kinds = {
        "open": FindingState.OPEN,
        "regraded": FindingEvent.Kind.REGRADED,
        "rerouted": FindingEvent.Kind.REROUTED,
    }
    for statement in _CHANGE.split(";\n"):
        if statement.strip():
            cursor.execute(statement, {**scope, **kinds})
    return int(cursor.rowcount)


_OPEN = f"""
WITH new AS (
    INSERT INTO findings_finding (
        fingerprint, source, rule, certainty, severity, state, subject, environment, deployment,
        credential, identity, vendor_id, missing, fix, witness, rests_on, first_found_at,
        opened_at, times_opened
    )
    SELECT found.fingerprint, %(source)s, found.rule, found.certainty, found.severity, %(open)s,
           found.subject, found.environment, found.deployment, found.credential,
           found.identity, v.id, found.missing, found.fix, found.witness, found.rests_on,
           %(at)s, %(at)s, 1
    FROM found
    LEFT JOIN findings_finding f USING (fingerprint)
    LEFT JOIN vendors_vendor v ON v.key = found.vendor
    WHERE f.id IS NULL
    ORDER BY array_position(%(severities)s, found.severity), found.rule, found.fingerprint
    RETURNING id, certainty, severity
)
{_EVENT}
SELECT id, %(kind)s, %(run)s, %(at)s,
       jsonb_build_object('certainty', certainty, 'severity', severity)
FROM new ORDER BY id
"""  # noqa: S608 - put together from the constants above


def _open(cursor: CursorWrapper, scope: Scope) -> int:
    """Open what is new, the gravest first, so that it gets the lowest numbers."""
    severities = [str(severity) for severity in reversed(Severity)]
    cursor.execute(
        _OPEN,
        {
            **scope,
            "open": FindingState.OPEN,
            "kind": FindingEvent.Kind.OPENED,
            "severities": severities,
        },
    )
    return int(cursor.rowcount)
