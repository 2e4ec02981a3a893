"""Findings are reconciled, not appended: what is found again is the same finding.

``reconcile`` compares everything that one source found with what stands, in set-based SQL, so that
a hundred thousand findings take seconds; what changed is written down as events.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.engine.scan_document import WitnessWriter
from apps.engine.values import Certainty, Severity
from apps.engine.values import Finding as Found
from apps.findings.lifecycle import Stage, Standing
from apps.findings.models import FindingEvent, FindingSource, FindingState

INDEXED = ("environment", "deployment", "credential", "identity")
"""The subject's fields that have columns of their own."""


class Detected(NamedTuple):
    """A finding as a source has it, and the key of the vendor whose affair it is (none: ours).

    ``cause`` is equal for findings that one change would mend.
    """

    finding: Found
    vendor: str | None
    cause: str = ""


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
    source looked at it at all. A fix that was claimed is verified when its finding is gone and its
    subject was looked at; a finding that returns is treated from the beginning, by the same owner.
    Runs as part of the caller's write, which leaves the audit entry.

    Raises NotAllowedError when the actor may not record findings.
    """
    policy.require(actor, Perm.RECORD_FINDINGS)
    with connection.cursor() as cursor:
        _stage(cursor, detected)
        scope = {
            "source": source,
            "rules": list(rules),
            "run": run,
            "at": at,
            "days": json.dumps(settings.FINDING_DUE_DAYS),
            "untreated": Stage.OPEN,
            "severities": [str(severity) for severity in reversed(Severity)],
        }
        closed, not_seen = _close(cursor, scope, is_seen)
        _lapse(cursor, scope)
        reopened = _reopen(cursor, scope)
        changed = _change(cursor, scope)
        opened = _open(cursor, scope)
        cursor.execute("SELECT count(*) FROM found")
        (total,) = cursor.fetchone()
        cursor.execute("DROP TABLE found")
    kept = total - opened - reopened
    return Reconciled(opened, reopened, kept, closed, not_seen, changed)


Scope = Mapping[str, Any]
"""What every statement is given: the source, its rules, the run, its time, the days until due."""

_STAGE = """
CREATE TEMPORARY TABLE found (
    fingerprint text, rule text, certainty text, severity text, subject jsonb,
    environment text, deployment text, credential text, identity text, vendor text, cause text,
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
        item.cause,
        found.missing,
        found.fix,
        witness_text(found.witness),
        json.dumps([unknown._asdict() for unknown in found.rests_on]),
    )


_GONE = """
SELECT f.id, f.subject, f.stage FROM findings_finding f
LEFT JOIN found ON found.fingerprint = f.fingerprint
WHERE f.state = %(open)s AND f.source = %(source)s AND f.rule = ANY(%(rules)s)
  AND found.fingerprint IS NULL
ORDER BY f.id
"""
_CLOSE = """
UPDATE findings_finding SET state = %(closed)s, closed_at = greatest(%(at)s, opened_at),
    stage = CASE WHEN id = ANY(%(verified)s) THEN %(as_verified)s ELSE %(as_closed)s END
WHERE id = ANY(%(ids)s)
"""


def _close(
    cursor: CursorWrapper, scope: Scope, is_seen: Callable[[Mapping[str, str]], bool]
) -> tuple[int, int]:
    """Close what is not found any more; say of each whether it was looked at."""
    cursor.execute(_GONE, {**scope, "open": FindingState.OPEN})
    gone = [
        (pk, is_seen(json.loads(subject)), stage == Stage.FIX_CLAIMED)
        for pk, subject, stage in cursor.fetchall()
    ]
    ids = [pk for pk, _, _ in gone]
    verified = [pk for pk, seen, claimed in gone if seen and claimed]
    values = {
        **scope,
        "ids": ids,
        "verified": verified,
        "closed": FindingState.CLOSED,
        "as_verified": Stage.VERIFIED,
        "as_closed": Stage.CLOSED,
    }
    cursor.execute(_CLOSE, values)
    FindingEvent.objects.bulk_create(
        (
            FindingEvent(
                finding_id=pk,
                kind=FindingEvent.Kind.CLOSED,
                run=scope["run"],
                at=scope["at"],
                data={"seen": seen, "verified": True} if seen and claimed else {"seen": seen},
            )
            for pk, seen, claimed in gone
        ),
        batch_size=5000,
    )
    return len(ids), sum(not seen for _, seen, _ in gone)


_DUE = "({since} AT TIME ZONE 'UTC')::date + (%(days)s::jsonb ->> found.severity)::integer"
_FACTS = """
    certainty = found.certainty, severity = found.severity, missing = found.missing,
    fix = found.fix, witness = found.witness, rests_on = found.rests_on, cause = found.cause,
    vendor_id = (SELECT id FROM vendors_vendor WHERE key = found.vendor)
"""
_EVENT = "INSERT INTO findings_findingevent (finding_id, kind, run, at, data)"

# An acceptance covers the finding as it was witnessed and graded. Signatures are never taken back
# from a row: the one that they stand on ends, and the same proposal is reviewed anew, unless it was
# in force and the risk has become graver, for nobody has proposed to live with that.
_LAPSE = f"""
WITH other AS (
    SELECT f.id, f.witness <> found.witness AS rerouted,
        array_position(%(severities)s, found.severity)
            < array_position(%(severities)s, f.severity::text)
        OR (f.certainty = %(possible)s AND found.certainty = %(proven)s) AS graver
    FROM findings_finding f
    JOIN found USING (fingerprint)
    JOIN findings_acceptance a ON a.finding_id = f.id AND a.standing = ANY(%(signed)s)
    WHERE f.source = %(source)s
    ORDER BY f.id FOR UPDATE OF f
), lapsed AS (
    UPDATE findings_acceptance a SET ended_at = %(at)s,
        standing = CASE a.standing WHEN %(active)s THEN %(revoked)s ELSE %(withdrawn)s END
    FROM other
    WHERE a.finding_id = other.id AND (other.graver OR other.rerouted) AND (
        a.standing = %(active)s OR (
            a.standing = %(review)s
            AND (a.approved_by_id IS NOT NULL OR a.signed_by_id IS NOT NULL)
        )
    )
    RETURNING a.*, other.graver, other.rerouted
), again AS (
    INSERT INTO findings_acceptance (
        finding_id, standing, reason, ends_on, needs_custodian, proposed_by_id, proposed_at
    )
    SELECT finding_id, %(review)s, reason, ends_on, needs_custodian, proposed_by_id, proposed_at
    FROM lapsed
    WHERE (standing = %(withdrawn)s OR NOT graver) AND ends_on >= (%(at)s::timestamptz)::date
    ORDER BY finding_id
)
{_EVENT}
SELECT finding_id, standing, %(run)s, %(at)s,
       jsonb_build_object('graver', graver, 'rerouted', rerouted)
FROM lapsed ORDER BY finding_id
"""  # noqa: S608 - put together from the constants above


def _lapse(cursor: CursorWrapper, scope: Scope) -> None:
    """End the acceptances of what is proven another way, has become graver, or is proven by now."""
    values: dict[str, Any] = {
        "active": Standing.ACTIVE,
        "review": Standing.UNDER_REVIEW,
        "signed": [str(Standing.ACTIVE), str(Standing.UNDER_REVIEW)],
        "revoked": Standing.REVOKED,
        "withdrawn": Standing.WITHDRAWN,
        "possible": Certainty.POSSIBLE,
        "proven": Certainty.PROVEN,
    }
    cursor.execute(_LAPSE, {**scope, **values})


_REOPEN = f"""
WITH back AS (
    UPDATE findings_finding f
    SET state = %(open)s, closed_at = NULL, opened_at = greatest(%(at)s, f.closed_at),
        times_opened = f.times_opened + 1, stage = %(untreated)s,
        due_on = {_DUE.format(since="%(at)s::timestamptz")}, due_is_chosen = false, {_FACTS}
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
    OR f.cause <> found.cause OR f.vendor_id IS DISTINCT FROM v.id
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
UPDATE findings_finding f SET
    due_on = CASE WHEN f.due_is_chosen OR f.severity = found.severity THEN f.due_on
             ELSE {_DUE.format(since="f.opened_at")} END, {_FACTS}
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
        credential, identity, vendor_id, cause, missing, fix, witness, rests_on,
        first_found_at, opened_at, times_opened, stage, due_on, due_is_chosen
    )
    SELECT found.fingerprint, %(source)s, found.rule, found.certainty, found.severity, %(open)s,
           found.subject, found.environment, found.deployment, found.credential,
           found.identity, v.id, found.cause, found.missing, found.fix, found.witness,
           found.rests_on, %(at)s, %(at)s, 1, %(untreated)s,
           {_DUE.format(since="%(at)s::timestamptz")}, false
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
    kinds = {"open": FindingState.OPEN, "kind": FindingEvent.Kind.OPENED}
    cursor.execute(_OPEN, {**scope, **kinds})
    return int(cursor.rowcount)
