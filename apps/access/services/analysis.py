"""Scans: asked for, taken up by a worker one at a time, finished whole or not at all.

A run is a row first. Whoever takes it up holds a lock of the database for as long as it works; a
run that says "running" while nobody holds the lock was left by a killed worker, and is taken up
again.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from textwrap import shorten

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.access.models import ScanRun
from apps.access.models.runs import RunReason, RunState
from apps.access.selectors.tables import load_tables
from apps.access.services import reach
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.audit import services as audit
from apps.core.errors import ConflictError
from apps.core.jobs import enqueue
from apps.engine.analysis import Answer, Tables
from apps.engine.arrays.subjects import LiveSubjects, places_of, vendor_of
from apps.engine.catalogue import RULES
from apps.engine.causes import cause_of
from apps.engine.scan_document import scan_document
from apps.engine.thresholds import RULESET
from apps.engine.values import Finding
from apps.findings import services as findings
from apps.findings.models import FindingSource

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
"""A run that was left so often is given up, so that it does not stop all others."""

_LOCK = 0x7363616E  # "scan"
_TASK = "apps.access.tasks.take_up_scans"


# --- asking --------------------------------------------------------------------------------------


@transaction.atomic
def request_scan(*, actor: User, reason: RunReason) -> ScanRun:
    """Queue a scan, or join the one that is queued already: a burst of changes makes one.

    Raises NotAllowedError when somebody who may not start scans asks for one; a change of the facts
    asks in the name of whoever made it.
    """
    if reason is RunReason.REQUESTED:
        policy.require(actor, Perm.START_SCAN)
    audit.take_turn()  # before the lock on the queue, as everybody who records an entry
    queued = ScanRun.objects.select_for_update().filter(state=RunState.QUEUED).first()
    if queued is None:
        queued = ScanRun.objects.create(reason=reason, requested_by=actor)
        audit.record(actor=actor, action="scan.requested", target=queued, data={"reason": reason})
    elif reason is RunReason.REQUESTED and queued.reason != reason:
        queued.reason, queued.requested_by = reason, actor
        queued.save(update_fields=["reason", "requested_by"])
        audit.record(actor=actor, action="scan.requested", target=queued, data={"reason": reason})
    enqueue(_TASK, countdown=_patience(reason).total_seconds())
    return queued


def _patience(reason: str) -> timedelta:
    """How long a queued scan waits for more changes to come."""
    changed = reason == RunReason.FACTS_CHANGED
    return timedelta(seconds=settings.SCAN_DEBOUNCE_SECONDS if changed else 0)


# --- taking up -----------------------------------------------------------------------------------


def take_up_scans() -> int:
    """Work off every run that is due, one after the other; returns how many were finished.

    Does nothing while another worker scans: that one looks for further runs when it is done, and
    once more when it has given back the lock, for whoever came in between was sent away.
    """
    done = 0
    while True:
        with _scanning(wait=False) as mine:
            while mine and (run := _next_run()) is not None:
                done += carry_out(run) is not None
        queued = ScanRun.objects.filter(state=RunState.QUEUED).first()
        if not mine or queued is None or _wait_of(queued):
            return done


def scan_now(*, actor: User, now: datetime | None = None) -> tuple[ScanRun, Answer]:
    """Scan in this process, after the one that may be running; what is queued stays queued.

    ``now`` is the instant to analyse for, by default the one at which the scan starts. Raises
    NotAllowedError, and ConflictError with the reason when the scan failed.
    """
    policy.require(actor, Perm.START_SCAN)
    with _scanning(wait=True):
        while (left := _left_run()) is not None:
            carry_out(left)
        run = _start(actor, now)
        answer = carry_out(run)
    run.refresh_from_db()
    if answer is None:
        raise ConflictError(f"Scan {run.pk} failed: {run.error}")
    return run, answer


@transaction.atomic
def _start(actor: User, now: datetime | None) -> ScanRun:
    """A run of its own: one that is queued is for the facts as of when it starts."""
    reason = RunReason.REQUESTED
    run = _begin(ScanRun(reason=reason, requested_by=actor, now=now))
    audit.record(actor=actor, action="scan.requested", target=run, data={"reason": reason})
    return run


@contextmanager
def _scanning(*, wait: bool) -> Iterator[bool]:
    """Hold the lock of the one who scans (it dies with the process); false when another does."""
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT true FROM pg_advisory_lock(%s)", [_LOCK])
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine and connection.is_usable():  # one that broke has lost the lock already
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _next_run() -> ScanRun | None:
    """The run to work on: one that a killed worker left, else the queued one if it is due."""
    left = _left_run()
    if left is not None:
        return left
    queued = ScanRun.objects.filter(state=RunState.QUEUED).first()
    if queued is None:
        return None
    if wait := _wait_of(queued):
        enqueue(_TASK, countdown=wait.total_seconds())
        return None
    return _begin(queued)


def _left_run() -> ScanRun | None:
    """The run that a killed worker left, begun again; one that was left too often is given up."""
    left = ScanRun.objects.filter(state=RunState.RUNNING).first()
    if left is None:
        return None
    if left.attempts < MOST_ATTEMPTS:
        return _begin(left)
    _fail(left, f"It was started {left.attempts} times, and each time the worker was stopped.")
    return None


def _wait_of(queued: ScanRun) -> timedelta:
    """How long a queued run has still to wait; zero when it is due."""
    patience = _patience(queued.reason)
    wait = queued.requested_at + patience - timezone.now()
    # Longer than that, and the clocks of the database and of this machine differ.
    return wait if timedelta() < wait <= patience else timedelta()


def _begin(run: ScanRun) -> ScanRun:
    run.state, run.started_at = RunState.RUNNING, timezone.now()
    run.attempts += 1
    run.save(update_fields=["state", "started_at", "attempts"] if run.pk else None)
    return run


def _progress(run: ScanRun, step: str, percent: int) -> None:
    """What the page of the run shows, kept outside of the transaction that stores the result."""
    run.step, run.percent = step, percent
    run.save(update_fields=["step", "percent"])


def _session() -> int | None:
    """The number of our session in the database: another one after Django connected anew."""
    if not connection.is_usable():
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (number,) = cursor.fetchone()
    return int(number)


def _readable(error: Exception) -> str:
    """What an error says, as text that the database and the log can keep."""
    text = str(error).replace("\0", "").encode(errors="replace").decode()
    return shorten(text, 1000, placeholder=" …")


# --- carrying out --------------------------------------------------------------------------------


def carry_out(run: ScanRun) -> Answer | None:
    """Analyse the facts and store the result in one transaction; none when it failed.

    Raises what the database raised when the connection broke, for with it the lock is gone: the
    run stays as it is and is taken up again.
    """
    now, session = run.now or timezone.now(), _session()
    try:
        _progress(run, "Reading the facts", 5)
        tables = load_tables()
        _progress(run, "Following every route", 30)
        answer = Answer(tables, now)
        _progress(run, f"Proving {answer.counts.proven + answer.counts.possible} findings", 45)
        found = list(answer.findings())
        _progress(run, f"Storing {len(found)} findings", 65)
        _store(run, answer, found)
    except Exception as error:
        if _session() != session:
            raise
        logger.exception("Scan %s failed", run.pk)
        run.refresh_from_db()  # what was about to be stored is not
        _fail(run, f"It stopped at “{run.step}” with {type(error).__name__}: {_readable(error)}")
        return None
    return answer


_RESULT = (
    *("state", "finished_at", "now", "step", "percent", "ruleset"),
    *("inputs_digest", "result_digest", "counts", "drift"),
)


@transaction.atomic
def _store(run: ScanRun, answer: Answer, found: list[Finding]) -> None:
    """Everything that a run leaves: findings, reach, drift, digests, one entry in the log."""
    actor = policy.system_actor()
    before = ScanRun.objects.filter(state=RunState.FINISHED).first()
    subjects = LiveSubjects(answer.analysis.live, answer.analysis.deployments)
    reconciled = findings.reconcile(
        actor=actor,
        source=FindingSource.SCAN,
        rules=[rule.id for rule in RULES.values() if rule.from_document],
        run=run.pk,
        at=answer.now,
        detected=_detected(answer.tables, found),
        is_seen=subjects.are_live,
    )
    changes = reach.replace_reach(run=run, answer=answer)
    run.state, run.finished_at, run.now = RunState.FINISHED, timezone.now(), answer.now
    run.step, run.percent, run.ruleset = "", 100, RULESET
    run.inputs_digest = answer.tables.digest()
    run.result_digest = _digest(answer, found)
    run.counts = answer.counts._asdict()
    run.drift = {
        "against": before.pk if before else None,
        "findings": reconciled._asdict(),
        "reach": changes._asdict(),
    }
    run.save(update_fields=_RESULT)
    # The database checks references now rather than at commit, when others wait for the log.
    connection.check_constraints()
    audit.record(
        actor=actor,
        action="scan.finished",
        target=run,
        data={
            "inputs_digest": run.inputs_digest,
            "result_digest": run.result_digest,
            "ruleset": run.ruleset,
            "counts": run.counts,
            "drift": run.drift,
        },
    )


def _detected(tables: Tables, found: list[Finding]) -> Iterator[findings.Detected]:
    owner, places = vendor_of(tables), places_of(tables)
    for finding in found:
        yield findings.Detected(finding, owner(finding.subject), cause_of(finding, places))


def _digest(answer: Answer, found: list[Finding]) -> str:
    """SHA-256 of the scan document."""
    total = hashlib.sha256()
    for piece in scan_document(answer, found):
        total.update(piece.encode())
    return total.hexdigest()


@transaction.atomic
def _fail(run: ScanRun, error: str) -> None:
    run.state, run.finished_at, run.error = RunState.FAILED, timezone.now(), error
    run.save(update_fields=["state", "finished_at", "error"])
    audit.record(
        actor=policy.system_actor(), action="scan.failed", target=run, data={"error": error}
    )
