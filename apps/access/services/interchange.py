"""The interchange document in and out of the database."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from apps.access.models import ImportRun, ImportState
from apps.access.models.runs import RunReason
from apps.access.selectors.graph_rows import one_snapshot, stored_facts, stored_graph
from apps.access.services.analysis import request_scan
from apps.access.services.interchange_store import (
    Progress,
    lock_facts,
    refresh_last_seen,
    store_changes,
)
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.audit import services as audit
from apps.core.errors import ConflictError, NotAllowedError
from apps.engine.document import Document, DocumentError, Fault, read_document, write_document
from apps.engine.document_table import BY_NAME, LISTS, Mode
from apps.engine.merge import Change, ListChanges, Plan, lists_needed, merge
from apps.engine.merge_report import change_counts, changes_as_json, changes_digest

_LOCK: Final = 0x6772_6170_685F_696D  # "graph_im": imports stand in line here


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import did, or would do (``run`` none). With ``faults`` it did nothing.

    ``ended`` are those of the changes that replace makes of what the document leaves out.
    """

    digest: str
    mode: Mode = Mode.MERGE
    faults: tuple[Fault, ...] = ()
    changes: Mapping[str, ListChanges] = field(default_factory=dict)
    ended: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    now: datetime | None = None
    run: ImportRun | None = None

    @property
    def plan_digest(self) -> str:
        """What exactly is changed, as a digest; nothing of a document with faults."""
        return "" if self.now is None or self.faults else changes_digest(self.changes, now=self.now)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """What is added, changed and removed, list by list."""
        return change_counts(self.changes)

    def as_json(self, *, every_change: bool = False) -> dict[str, Any]:
        """The report as JSON, with every change or only how many there are."""
        return {
            "digest": self.digest,
            "mode": str(self.mode),
            "applied": self.run is not None,
            "faults": [fault.as_json() for fault in self.faults],
            "counts": self.counts,
        } | ({"changes": changes_as_json(self.changes)} if every_change else {})


def import_graph(
    *,
    actor: User,
    text: bytes | str,
    name: str = "",
    dry_run: bool = False,
    progress: Progress | None = None,
    run: ImportRun | None = None,
) -> ImportReport:
    """Merge a document into the stored facts, all of it or nothing, and log it.

    A document with faults changes nothing, and the report lists every one of them; a dry run
    reports what would change. Imports stand in line, and other writers of facts wait. When
    anything changed, a scan is asked for. ``name`` is what the document is called, a file's name.
    ``run`` is an import that has been checked and is to be applied: exactly what was shown then.

    Raises NotAllowedError for whoever may not import, or not about every vendor; ConflictError
    when somebody else's write came in between, or would make the result another than was shown.
    """
    _require(actor, Perm.IMPORT_GRAPH)
    tell = progress or _tell_nobody
    digest = hashlib.sha256(text.encode(errors="surrogatepass") if isinstance(text, str) else text)
    tell("Reading the document", 0, 0)
    try:
        document = read_document(text)
    except DocumentError as error:
        return ImportReport(digest=digest.hexdigest(), faults=error.faults)
    found = ImportReport(digest=digest.hexdigest(), mode=document.mode)
    if dry_run:
        with one_snapshot():
            return _found(found, document, timezone.now(), tell)
    with _in_line():
        found = _found(found, document, timezone.now(), tell)
        if not found.faults:
            run = _applied(run, found) if run else _new_run(actor, found, name)
            _carry_out(actor, document, found, run, tell)
            found = replace(found, run=run)
    return found


def require_import(*, actor: User) -> None:
    """Let ``actor`` pass who may import documents, or raise NotAllowedError."""
    _require(actor, Perm.IMPORT_GRAPH)


def export_graph(*, actor: User) -> Iterator[str]:
    """The whole graph as a document, dead facts included, piece by piece and as of one moment.

    Raises NotAllowedError, before anything is read, for whoever may not export, or not about
    every vendor.
    """
    _require(actor, Perm.EXPORT_GRAPH)
    return _exported()


def _exported() -> Iterator[str]:
    with one_snapshot():
        yield from write_document({spec.name: stored_facts(spec.name) for spec in LISTS})


def _require(actor: User, perm: Perm) -> None:
    policy.require(actor, perm)
    if not policy.may(actor, perm, vendor=None):
        raise NotAllowedError(
            "A document is about every vendor and our own organisation, and your scope is not. "
            "Ask somebody who has all vendors."
        )


@contextmanager
def _in_line() -> Iterator[None]:
    """One import at a time, in one transaction, while nobody else writes facts."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            lock_facts()
            yield
    except (IntegrityError, OperationalError) as error:
        raise ConflictError(
            "Nothing was imported: the database refused the facts, most likely because somebody "
            "else changed them at the same moment. Import the document again."
        ) from error


def _plan(document: Document, now: datetime, tell: Progress) -> Plan:
    tell("Reading the stored facts", 0, 0)
    state = stored_graph(lists_needed(document))
    tell("Checking the document", 0, 0)
    return merge(state, document, now=now)


def _found(found: ImportReport, document: Document, now: datetime, tell: Progress) -> ImportReport:
    plan = _plan(document, now, tell)
    ended = _ended(document, plan) if found.mode is Mode.REPLACE else {}
    return replace(found, faults=plan.faults, changes=plan.changes, ended=ended, now=now)


def _ended(document: Document, plan: Plan) -> dict[str, tuple[Change, ...]]:
    stated = _stated(document)
    found = {}
    for name, each in plan.changes.items():
        spec, known = BY_NAME[name], set(stated.get(name, ()))
        ended = tuple(
            change for change in each.changed if change.before[: len(spec.identity)] not in known
        )
        if ended:
            found[name] = ended
    return found


def _new_run(actor: User, found: ImportReport, name: str) -> ImportRun:
    return ImportRun(
        actor=actor, applied_by=actor, name=name[:255], digest=found.digest, mode=str(found.mode)
    )


def _applied(run: ImportRun, found: ImportReport) -> ImportRun:
    """The run, still to be applied and to the same effect as was shown; or ConflictError."""
    run.refresh_from_db()  # not locked: its progress is written by another connection meanwhile
    if run.state != ImportState.APPLYING:
        raise _not_to_be_applied(run)
    if run.plan_digest != found.plan_digest:
        raise ConflictError(
            "Nothing was imported: the facts have changed since the document was checked, and it "
            "would now change other things than those that were shown. Check it again."
        )
    return run


def _carry_out(
    actor: User, document: Document, found: ImportReport, run: ImportRun, tell: Progress
) -> None:
    now = found.now or timezone.now()
    store_changes(found.changes, now=now, progress=tell)
    refresh_last_seen(_stated(document), now=now, progress=tell)
    if found.changes:
        run.scan = request_scan(actor=actor, reason=RunReason.FACTS_CHANGED)
    waiting = ImportRun.objects.select_for_update().filter(state=ImportState.APPLYING)
    if run.pk and not waiting.filter(pk=run.pk).exists():
        raise _not_to_be_applied(run)
    run.state, run.changes, run.finished_at = ImportState.APPLIED, found.counts, now
    run.step, run.percent, run.error = "", 100, ""
    run.save()
    audit.record(
        actor=actor,
        action="access_graph.imported",
        target=run,
        data={
            "document": run.digest,
            "name": run.name,
            "mode": str(found.mode),
            "changes": {key: dict(counts) for key, counts in found.counts.items()},
        },
    )


def _not_to_be_applied(run: ImportRun) -> ConflictError:
    return ConflictError(f"Nothing was imported: import {run.pk} is not to be applied any more.")


def _stated(document: Document) -> dict[str, list[tuple[Any, ...]]]:
    """What the rows of a document without faults are about, list by list."""
    return {
        name: [tuple(row[each] for each in BY_NAME[name].identity) for row in rows if row]
        for name, rows in document.lists.items()
        if rows
    }


def _tell_nobody(what: str, done: int, of: int) -> None:
    """Progress that nobody watches."""
