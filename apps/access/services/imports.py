"""Documents that are uploaded: kept, checked, shown, and applied as they were shown.

An import is a row first, and its state says what is to be done next. Whoever works on one holds a
lock of the database while it lasts; one that says "checking" or "applying" while nobody holds its
lock was left by a killed worker, and is taken up again. A check and the change of the facts are
each stored whole or not at all.
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from textwrap import shorten
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from apps.access.models import ImportRun, ImportState
from apps.access.models.imports import ACTIVE, IMPORTS_FOLDER, import_files
from apps.access.services.import_store import Progress, shown_changes, store_faults
from apps.access.services.interchange import ImportReport, import_graph, require_import
from apps.access.sheets.kinds import KIND_BY_NAME
from apps.access.sheets.reading import NoTableError, refuse_other_files
from apps.access.sheets.rows import (
    Reading,
    SheetDocument,
    SheetHead,
    document_of,
    guessed,
    heads_with_values,
)
from apps.accounts import policy
from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.errors import ConflictError, DomainError, InvalidError
from apps.core.jobs import enqueue
from apps.engine.document import in_order
from apps.engine.document_faults import Fault, Reason, of_document, shown

logger = logging.getLogger(__name__)

MOST_ATTEMPTS: Final = 3
KEPT_FOR: Final = timedelta(days=7)
_STRAY_AFTER: Final = timedelta(days=1)
_LOCK: Final = 0x696D7074  # "impt": with the number of the import, whoever works on it
_TASK = "apps.access.tasks.take_up_imports"
AT_REST: Final = (ImportState.READY, ImportState.REFUSED, ImportState.FAILED)
"""The states in which a person decides: check again, apply or discard."""


# --- asking ---------------------------------------------------------------------------------------


def upload_document(*, actor: User, file: "File[bytes]", name: str) -> ImportRun:
    """Keep a file and have it checked; of a table the columns are to be chosen first.

    Nothing happens to the facts. Raises NotAllowedError; InvalidError (``file``) for what is too
    large, and for what is neither a JSON object nor a table in UTF-8.
    """
    require_import(actor=actor)
    data = _read(file)
    reading = _reading_of(data)
    run = ImportRun(
        actor=actor,
        name=shown(name, 250),
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
        reading=reading and reading.as_json(),
        mode="merge" if reading else "",
        state=ImportState.DRAFT if reading else ImportState.UPLOADED,
    )
    run.file.save(uuid4().hex, ContentFile(data), save=False)
    with transaction.atomic():
        run.save()
        enqueue(_TASK)
        _log(actor, "import.uploaded", run, size=run.size)
    return run


def columns_of(*, actor: User, run: ImportRun) -> list[SheetHead]:
    """The columns of an uploaded table with their first values.

    Raises NotAllowedError, and ConflictError when the file is gone or is no table.
    """
    require_import(actor=actor)
    reading = Reading.of(run.reading or {})
    try:
        return heads_with_values(_data_of(run), reading.delimiter)
    except (NoTableError, FileNotFoundError) as error:
        raise ConflictError(f"The table cannot be read: {error}") from error


@transaction.atomic
def choose_columns(
    *, actor: User, run: ImportRun, list_name: str, columns: Sequence[str]
) -> ImportRun:
    """Say what a table holds, and for each of its columns which field it is ("" for none).

    Raises NotAllowedError, InvalidError (``columns``), and ConflictError when it is worked on.
    """
    require_import(actor=actor)
    reading = _chosen(run, list_name, columns)
    audit.take_turn()
    _move(run, (ImportState.DRAFT, *AT_REST), **_TO_CHECK, reading=reading.as_json())
    enqueue(_TASK)
    _log(actor, "import.columns_chosen", run, reading=reading.as_json())
    return run


@transaction.atomic
def check_again(*, actor: User, run: ImportRun) -> ImportRun:
    """Have a document checked once more, against the facts as they are now.

    Raises NotAllowedError, and ConflictError when it is worked on or its file is gone.
    """
    require_import(actor=actor)
    audit.take_turn()
    _move(run, AT_REST, **_TO_CHECK)
    enqueue(_TASK)
    _log(actor, "import.check_requested", run)
    return run


@transaction.atomic
def apply_import(
    *, actor: User, run: ImportRun, plan_digest: str, ends: int | None = None
) -> ImportRun:
    """Have exactly what was shown (``plan_digest``) done to the facts.

    What ends facts needs their number, typed: ``ends``. Raises NotAllowedError; InvalidError
    (``ends``) when it is another number; ConflictError when something else was shown meanwhile.
    """
    require_import(actor=actor)
    audit.take_turn()
    run.refresh_from_db()
    if run.state == ImportState.READY and run.plan_digest != plan_digest:
        raise ConflictError(
            "Nothing was imported: the document was checked again since you opened the page, and "
            "the result is another one. Look at it before you apply it."
        )
    expected = int((run.shown or {}).get("ends", 0))
    if run.state == ImportState.READY and expected and ends != expected:
        sentence = f"Type {expected} to say that you want so many facts to end."
        raise InvalidError(sentence, {"ends": [sentence]})
    _move(
        run,
        [ImportState.READY],
        state=ImportState.APPLYING,
        applied_by=actor,
        attempts=0,
        percent=0,
        step="",
        error="",
    )
    enqueue(_TASK)
    _log(actor, "import.apply_requested", run, plan=run.plan_digest)
    return run


@transaction.atomic
def discard_import(*, actor: User, run: ImportRun) -> ImportRun:
    """Give up an import that has not been applied, and delete its file.

    Raises NotAllowedError, and ConflictError when it is worked on or over.
    """
    require_import(actor=actor)
    audit.take_turn()
    _move(
        run, (ImportState.DRAFT, *AT_REST), state=ImportState.DISCARDED, finished_at=timezone.now()
    )
    _drop_file(run)
    run.faults.all().delete()
    _log(actor, "import.discarded", run)
    return run


_TO_CHECK: Final[Mapping[str, Any]] = {
    "state": ImportState.UPLOADED,
    "attempts": 0,
    "percent": 0,
    "step": "",
    "error": "",
    "plan_digest": "",
    "shown": None,
    "changes": {},
    "faults_count": 0,
}


def _move(run: ImportRun, states: Sequence[str], **values: Any) -> None:
    """Change the row while it is in one of the states, or raise ConflictError."""
    rows = ImportRun.objects.filter(pk=run.pk, state__in=states).exclude(file="")
    moved = rows.update(**values)
    run.refresh_from_db()
    if not moved:
        what = "its file is gone" if not run.file else f"it is “{run.get_state_display().lower()}”"
        raise ConflictError(f"That cannot be done with import {run.pk} now: {what}.")


def _read(file: "File[bytes]") -> bytes:
    most = settings.MAX_IMPORT_MB * 1024 * 1024
    if file.size > most:
        raise _invalid(
            f"The file has {file.size / 1024 / 1024:,.0f} MB, and {settings.MAX_IMPORT_MB} are the "
            "most. Split it, or have an operator import it by command."
        )
    data: bytes = file.read()
    if not data.strip():
        raise _invalid("The file is empty.")
    return data


def _reading_of(data: bytes) -> Reading | None:
    """How the file is read: none of a document, else the best guess of what its columns are."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        refuse_other_files(data[:8])
        if start.startswith(b"{"):
            return None
        if start.startswith(b"["):
            raise NoTableError(
                "The file is a JSON list, and a document is one JSON object with “format” and "
                "lists. See the description of the format."
            )
        return guessed(data)
    except NoTableError as error:
        raise _invalid(str(error)) from None


def _chosen(run: ImportRun, list_name: str, columns: Sequence[str]) -> Reading:
    if run.reading is None:
        raise _invalid("This is a document, which has no columns to choose.", "columns")
    before, kind = Reading.of(run.reading), KIND_BY_NAME.get(list_name)
    if kind is None or len(columns) != len(before.columns):
        raise _invalid("Choose for each column of the table what it is.", "columns")
    named = [name for name in columns if name]
    if unknown := next((name for name in named if name not in kind.by_name), None):
        raise _invalid(f"“{shown(unknown, 60)}” is no column of {kind.name}.", "columns")
    if twice := next((name for name in named if named.count(name) > 1), None):
        raise _invalid(f"Two columns are “{twice}”. Keep one of them.", "columns")
    if "key" not in named:
        raise _invalid("No column is the “key”, by which rows are found again.", "columns")
    return Reading(kind.name, before.delimiter, tuple(columns))


def _invalid(sentence: str, field: str = "file") -> InvalidError:
    return InvalidError(sentence, {field: [sentence]})


def _log(actor: User, action: str, run: ImportRun, **data: Any) -> None:
    about = {"document": run.digest, "name": run.name, **data}
    audit.record(actor=actor, action=action, target=run, data=about)


# --- taking up ------------------------------------------------------------------------------------


def take_up_imports() -> int:
    """Work off every import that is to be checked or applied; returns how many were finished.

    Those that another worker has in hand are left to it.
    """
    done = 0
    waiting = ImportRun.objects.filter(state__in=ACTIVE).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        with _in_hand(pk) as mine:
            run = waiting.filter(pk=pk).first() if mine else None
            done += run is not None and _carry_out(run)
    return done


@contextmanager
def _in_hand(pk: int) -> Iterator[bool]:
    """Hold the lock of whoever works on this import (it dies with us); false when another does."""
    key = [_LOCK, pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine and connection.is_usable():  # one that broke has lost the lock already
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _carry_out(run: ImportRun) -> bool:
    if run.attempts >= MOST_ATTEMPTS:
        _fail(run, f"It was started {run.attempts} times, and each time the worker was stopped.")
        return False
    state = ImportState.APPLYING if run.state == ImportState.APPLYING else ImportState.CHECKING
    rows = ImportRun.objects.filter(pk=run.pk, state=run.state)
    if not rows.update(state=state, attempts=F("attempts") + 1, step="", percent=0):
        return False
    run.refresh_from_db()
    try:
        _apply(run) if state == ImportState.APPLYING else _check(run)
    except DomainError as error:
        _fail(run, str(error))
        return False
    except FileNotFoundError:
        _fail(run, "The file is gone. Upload it again.")
        return False
    except Exception as error:
        if not connection.is_usable():
            raise
        logger.exception("Import %s failed", run.pk)
        _fail(run, f"It stopped with {type(error).__name__}: {_readable(error)}")
        return False
    return True


def _check(run: ImportRun) -> None:
    """See what the document would change, and store that."""
    sheet = _sheet_of(run)
    if isinstance(sheet, NoTableError):
        report = ImportReport(
            digest=run.digest, faults=(of_document(Reason.BAD_VALUE, str(sheet)),)
        )
        _store_check(run, report, ())
        return
    with Progress(run) as tell:
        report = import_graph(
            actor=_person(run.actor),
            text=sheet.text if sheet else _data_of(run),
            dry_run=True,
            progress=tell,
        )
    lines = sheet.lines if sheet else ()
    _store_check(run, _with_faults(report, sheet.faults if sheet else ()), lines)


def _apply(run: ImportRun) -> None:
    """Do what was shown; a document with faults by now is refused as by a check."""
    sheet = _sheet_of(run)
    if isinstance(sheet, NoTableError) or (sheet and sheet.faults):
        raise ConflictError("Nothing was imported: the table is not the one that was checked.")
    with Progress(run) as tell:
        report = import_graph(
            actor=_person(run.applied_by),
            text=sheet.text if sheet else _data_of(run),
            progress=tell,
            run=run,
        )
    if report.faults:
        _store_check(run, report, sheet.lines if sheet else ())
        return
    _drop_file(run)


@transaction.atomic
def _store_check(run: ImportRun, report: ImportReport, lines: Sequence[int]) -> None:
    count = store_faults(run, report.faults, lines)
    audit.take_turn()
    values: dict[str, Any] = {
        "state": ImportState.REFUSED if count else ImportState.READY,
        "mode": str(report.mode),
        "changes": report.counts,
        "shown": shown_changes(report),
        "plan_digest": report.plan_digest,
        "faults_count": count,
        "checked_at": timezone.now(),
        "step": "",
        "percent": 100,
        "attempts": 0,
    }
    _move(run, (ImportState.CHECKING, ImportState.APPLYING), **values)
    _log(
        policy.system_actor(),
        "import.checked",
        run,
        faults=count,
        plan=run.plan_digest,
        changes=run.changes,
    )


def _with_faults(report: ImportReport, faults: Sequence[Fault]) -> ImportReport:
    if not faults:
        return report
    return replace(report, faults=tuple(in_order([*faults, *report.faults])), changes={}, ended={})


def _data_of(run: ImportRun) -> bytes:
    with run.file.open("rb") as file:
        data: bytes = file.read()
    return data


def _sheet_of(run: ImportRun) -> SheetDocument | NoTableError | None:
    """The table as a document; none when the file is a document, the error when it is no table."""
    if run.reading is None:
        return None
    try:
        return document_of(_data_of(run), Reading.of(run.reading))
    except NoTableError as error:
        return error


def _person(user: User | None) -> User:
    if user is None:
        raise ConflictError("Nothing was imported: it is not known in whose name. Upload it again.")
    return user


@transaction.atomic
def _fail(run: ImportRun, error: str) -> None:
    audit.take_turn()
    rows = ImportRun.objects.filter(pk=run.pk, state__in=ACTIVE)
    if rows.update(state=ImportState.FAILED, error=error, finished_at=timezone.now()):
        _log(policy.system_actor(), "import.failed", run, error=error)


def _readable(error: Exception) -> str:
    text = str(error).replace("\0", "").encode(errors="replace").decode()
    return shorten(text, 1000, placeholder=" …")


# --- files ----------------------------------------------------------------------------------------


def sweep_imports() -> int:
    """Give up what has not been applied within a week, and delete files that are of no more use.

    Returns how many imports were given up.
    """
    for run in ImportRun.objects.filter(
        state__in=[ImportState.APPLIED, ImportState.DISCARDED]
    ).exclude(file=""):
        _drop_file(run)
    old = ImportRun.objects.filter(
        state__in=[ImportState.DRAFT, *AT_REST], at__lt=timezone.now() - KEPT_FOR
    ).exclude(file="")
    given_up = [discard_import(actor=policy.system_actor(), run=run) for run in old]
    _delete_strays()
    return len(given_up)


def _drop_file(run: ImportRun) -> None:
    """Forget the file, then delete it; one that a crash leaves in between is found as a stray."""
    name, run.file = run.file.name, None
    run.save(update_fields=["file"])
    if name:
        transaction.on_commit(lambda: import_files().delete(name))


def _delete_strays() -> None:
    """Delete files that no row names, but for those whose row is just being written."""
    storage = import_files()
    if not storage.exists(IMPORTS_FOLDER):
        return
    known = set(ImportRun.objects.exclude(file="").values_list("file", flat=True))
    for name in storage.listdir(IMPORTS_FOLDER)[1]:
        path = f"{IMPORTS_FOLDER}/{name}"
        if path not in known and timezone.now() - storage.get_modified_time(path) > _STRAY_AFTER:
            storage.delete(path)
