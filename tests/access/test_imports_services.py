"""Imports that are uploaded: kept, checked, shown, applied as shown, given up."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.access.models import Credential, Environment, Holds, ImportFault, ImportRun, ImportState
from apps.access.services import imports as services
from apps.access.services.imports import (
    apply_import,
    check_again,
    choose_columns,
    discard_import,
    sweep_imports,
    take_up_imports,
    upload_document,
)
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, InvalidError, NotAllowedError
from apps.vendors.models import Vendor
from tests.access.interchange import imported
from tests.engine.documents import small

pytestmark = pytest.mark.django_db

VENDORS = b"key;name;kind\nnorthlight;Northlight;partner\nacme;Acme;supplier\n"


@pytest.fixture(autouse=True)
def _no_tasks(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """What wakes after a commit is not the matter here, and files are kept apart."""
    monkeypatch.setattr("apps.core.jobs._send", lambda *_call: None)
    settings.MEDIA_ROOT = tmp_path


def document(**lists: Any) -> bytes:
    return json.dumps({"format": "vendorrisk.access-graph/1", **lists}).encode()


def uploaded(actor: User, data: bytes, name: str = "graph.json") -> ImportRun:
    return upload_document(actor=actor, file=ContentFile(data), name=name)


def checked(actor: User, data: bytes) -> ImportRun:
    run = uploaded(actor, data)
    assert take_up_imports() == 1
    run.refresh_from_db()
    return run


def applied(actor: User, run: ImportRun, ends: int | None = None) -> ImportRun:
    apply_import(actor=actor, run=run, plan_digest=run.plan_digest, ends=ends)
    take_up_imports()
    run.refresh_from_db()
    return run


def actions() -> list[str]:
    return [entry.action for entry in AuditEntry.objects.order_by("number")]


def files(folder: Path) -> list[Path]:
    return list((folder / "imports").glob("*"))


def test_a_document_is_kept_checked_shown_and_then_applied(bob: User, tmp_path: Path) -> None:
    data = document(vendors=[{"key": "acme", "kind": "partner", "name": "Acme"}])
    run = uploaded(bob, data, "facts.json")
    assert (run.state, run.size, run.name) == (ImportState.UPLOADED, len(data), "facts.json")
    assert run.digest == hashlib.sha256(data).hexdigest()
    [file] = files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert take_up_imports() == 1
    run.refresh_from_db()
    assert (run.state, run.percent, run.faults_count) == (ImportState.READY, 100, 0)
    assert run.changes == {"vendors": {"added": 1, "changed": 0, "removed": 0}}
    assert run.shown is not None
    [listed] = run.shown["lists"]
    assert listed["new"] == [
        {
            "what": "acme",
            "fields": [
                {"field": "kind", "after": "partner"},
                {"field": "name", "after": "Acme"},
            ],
        }
    ] or {each["field"] for each in listed["new"][0]["fields"]} == {"kind", "name"}
    assert not Vendor.objects.exists()
    run = applied(bob, run)
    assert (run.state, run.applied_by) == (ImportState.APPLIED, bob)
    assert run.scan is not None
    assert run.scan.state == "queued"
    assert Vendor.objects.get().name == "Acme"
    assert ImportRun.objects.count() == 1
    assert [each for each in actions() if each.startswith(("import.", "access_graph."))] == [
        "import.uploaded",
        "import.checked",
        "import.apply_requested",
        "access_graph.imported",
    ]


def test_the_file_is_deleted_once_it_is_applied(
    bob: User, tmp_path: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    run = checked(bob, document(vendors=[{"key": "acme", "kind": "partner"}]))
    with django_capture_on_commit_callbacks(execute=True):
        run = applied(bob, run)
    assert not run.file
    assert files(tmp_path) == []


def test_a_refused_document_keeps_every_fault_and_changes_nothing(bob: User) -> None:
    rows = [{"key": f"v{n}", "kind": "nonsense"} for n in range(40)]
    run = checked(bob, document(vendors=rows))
    assert (run.state, run.faults_count) == (ImportState.REFUSED, 40)
    first = run.faults.get(number=1)
    assert (first.list, first.row, first.key, first.field) == ("vendors", 0, "v0", "kind")
    assert first.line is None
    with pytest.raises(ConflictError, match="“refused”"):
        applied(bob, run)
    assert not Vendor.objects.exists()


def test_a_check_again_replaces_what_was_found_before(bob: User) -> None:
    run = checked(bob, document(environments=[
        {"key": "lab", "kind": "sandbox", "purpose": "research", "vendor": "acme"}
    ]))  # fmt: skip
    assert run.faults.get().reason == "unknown_reference"
    Vendor.objects.create(key="acme", name="Acme", kind="partner")
    check_again(actor=bob, run=run)
    take_up_imports()
    run.refresh_from_db()
    assert (run.state, run.faults_count, run.faults.count()) == (ImportState.READY, 0, 0)


def test_what_changed_in_between_so_that_the_result_differs_is_refused(bob: User) -> None:
    run = checked(bob, document(vendors=[{"key": "acme", "kind": "partner", "name": "Acme"}]))
    Vendor.objects.create(key="acme", name="Old name", kind="partner")
    run = applied(bob, run)
    assert run.state == ImportState.FAILED
    assert "the facts have changed since" in run.error
    assert Vendor.objects.get().name == "Old name"
    check_again(actor=bob, run=run)
    take_up_imports()
    run.refresh_from_db()
    assert run.changes == {"vendors": {"added": 0, "changed": 1, "removed": 0}}
    assert run.shown is not None
    assert run.shown["lists"][0]["altered"] == [
        {"what": "acme", "fields": [{"field": "name", "before": "Old name", "after": "Acme"}]}
    ]
    assert applied(bob, run).state == ImportState.APPLIED
    assert Vendor.objects.get().name == "Acme"


def test_what_changed_in_between_and_makes_no_difference_is_no_obstacle(bob: User) -> None:
    run = checked(bob, document(vendors=[{"key": "acme", "kind": "partner"}]))
    Vendor.objects.create(key="bolt", name="Bolt", kind="partner")
    assert applied(bob, run).state == ImportState.APPLIED


def test_what_is_refused_by_now_is_shown_as_refused(bob: User) -> None:
    imported(bob, small())
    run = checked(bob, document(holds=[{"from": "lab", "to": "token"}]))
    Credential.objects.filter(key="token").delete()
    run = applied(bob, run)
    assert (run.state, run.faults_count) == (ImportState.REFUSED, 1)
    assert not Holds.objects.exists()


def test_replace_shows_what_ends_and_asks_for_the_count(bob: User) -> None:
    imported(bob, small(holds=[{"from": "lab", "to": "token"}]))
    run = checked(bob, document(mode="replace", environments=[], holds=[]))
    ends = Environment.objects.count() + 1
    assert run.mode == "replace"
    assert run.shown is not None
    assert run.shown["ends"] == ends
    gone = {each["name"]: [item["what"] for item in each["gone"]] for each in run.shown["lists"]}
    assert gone["holds"] == ["lab → token"]
    for typed in (None, ends - 1):
        with pytest.raises(InvalidError) as refused:
            apply_import(actor=bob, run=run, plan_digest=run.plan_digest, ends=typed)
        assert "ends" in refused.value.fields
    run.refresh_from_db()
    assert run.state == ImportState.READY
    assert applied(bob, run, ends).state == ImportState.APPLIED
    assert not Holds.objects.exists()
    assert not Environment.objects.filter(status="active").exists()


def test_what_ends_with_the_import_counts_as_the_same_when_it_is_applied_later(bob: User) -> None:
    imported(bob, small())
    run = checked(bob, document(mode="replace", credentials=[]))
    assert applied(bob, run, Credential.objects.count()).state == ImportState.APPLIED
    stored = Credential.objects.get(key="token")
    run.refresh_from_db()
    assert stored.revoked_at == run.finished_at


def test_what_was_shown_before_a_second_check_cannot_be_applied(bob: User) -> None:
    run = checked(bob, document(vendors=[{"key": "acme", "kind": "partner"}]))
    before = run.plan_digest
    Vendor.objects.create(key="acme", name="acme", kind="supplier")
    check_again(actor=bob, run=run)
    take_up_imports()
    with pytest.raises(ConflictError, match="checked again since you opened the page"):
        apply_import(actor=bob, run=run, plan_digest=before)


def test_applying_twice_applies_once(bob: User) -> None:
    run = checked(bob, document(vendors=[{"key": "acme", "kind": "partner"}]))
    other = ImportRun.objects.get(pk=run.pk)
    apply_import(actor=bob, run=run, plan_digest=run.plan_digest)
    with pytest.raises(ConflictError):
        apply_import(actor=bob, run=other, plan_digest=other.plan_digest)
    assert take_up_imports() == 1
    assert take_up_imports() == 0
    assert actions().count("access_graph.imported") == 1


def test_a_row_that_was_applied_is_not_applied_by_a_worker_that_is_late(bob: User) -> None:
    run = checked(bob, document(vendors=[{"key": "acme", "kind": "partner"}]))
    apply_import(actor=bob, run=run, plan_digest=run.plan_digest)
    late = ImportRun.objects.get(pk=run.pk)
    take_up_imports()
    Vendor.objects.all().delete()
    assert services._carry_out(late) is False
    assert not Vendor.objects.exists()


def test_nobody_imports_without_the_right_to_all_vendors(anna: User, rita: User) -> None:
    for person in (anna, rita):
        with pytest.raises(NotAllowedError):
            uploaded(person, VENDORS)
    assert not ImportRun.objects.exists()


def test_whoever_lost_the_right_meanwhile_does_not_import(bob: User) -> None:
    run = uploaded(bob, document(vendors=[{"key": "acme", "kind": "partner"}]))
    User.objects.filter(pk=bob.pk).update(all_vendors=False)
    assert take_up_imports() == 0
    run.refresh_from_db()
    assert run.state == ImportState.FAILED
    assert "every vendor" in run.error


def test_a_table_waits_for_its_columns_and_goes_the_same_way(bob: User) -> None:
    run = uploaded(bob, VENDORS, "vendors.csv")
    assert run.state == ImportState.DRAFT
    assert run.reading == {
        "list": "vendors", "delimiter": ";", "columns": ["key", "name", "kind"]
    }  # fmt: skip
    assert take_up_imports() == 0
    choose_columns(actor=bob, run=run, list_name="vendors", columns=["key", "", "kind"])
    take_up_imports()
    run.refresh_from_db()
    assert run.changes == {"vendors": {"added": 2, "changed": 0, "removed": 0}}
    applied(bob, run)
    assert sorted(Vendor.objects.values_list("key", "name")) == [
        ("acme", "acme"),
        ("northlight", "northlight"),
    ]


@pytest.mark.parametrize(
    ("list_name", "columns", "sentence"),
    [
        ("models", ["key", "name", "kind"], "Choose for each column"),
        ("vendors", ["key", "name"], "Choose for each column"),
        ("vendors", ["key", "name", "mfa"], "is no column of vendors"),
        ("vendors", ["key", "key", "kind"], "Two columns are “key”"),
        ("vendors", ["", "name", "kind"], "No column is the “key”"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    bob: User, list_name: str, columns: list[str], sentence: str
) -> None:
    run = uploaded(bob, VENDORS)
    with pytest.raises(InvalidError, match=sentence):
        choose_columns(actor=bob, run=run, list_name=list_name, columns=columns)
    run.refresh_from_db()
    assert run.state == ImportState.DRAFT


def test_ten_thousand_bad_rows_are_all_kept_with_their_lines(bob: User) -> None:
    rows = b"".join(b"v%d,nonsense,maybe\n" % n for n in range(10_000))
    run = uploaded(bob, b"key,kind,mfa\n" + rows)
    choose_columns(actor=bob, run=run, list_name="identities", columns=["key", "kind", "mfa"])
    take_up_imports()
    run.refresh_from_db()
    assert (run.state, run.faults_count) == (ImportState.REFUSED, 20_000)
    last = ImportFault.objects.get(run=run, number=20_000)
    assert (last.line, last.key, last.field) == (10_001, "v9999", "mfa")
    assert "“mfa” of line 10001 is “maybe”" in last.message


def test_a_row_that_repeats_another_names_both_lines(bob: User) -> None:
    run = uploaded(bob, b"key,kind\n\na,partner\n\na,partner\n")
    choose_columns(actor=bob, run=run, list_name="vendors", columns=["key", "kind"])
    take_up_imports()
    fault = run.faults.get()
    assert fault.line == 5
    assert "of line 5 is “a”, the key of line 3 already" in fault.message


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"[]", "a JSON list"),
        (b"PK\x03\x04" + b"\0" * 100, "ZIP archive"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "null byte"),
        (bytes(range(1, 256)) * 1000, "not UTF-8"),
        (b"just words " * 1000, "neither a JSON object nor a table"),
    ],
)
def test_what_is_neither_a_document_nor_a_table_is_refused_at_once(
    bob: User, tmp_path: Path, data: bytes, sentence: str
) -> None:
    with pytest.raises(InvalidError, match=sentence):
        uploaded(bob, data)
    assert not ImportRun.objects.exists()
    assert files(tmp_path) == []


def test_what_is_too_large_is_refused_unread(bob: User, settings: Settings) -> None:
    settings.MAX_IMPORT_MB = 1
    file = ContentFile(b"{" + b" " * 2**20)
    with pytest.raises(InvalidError, match="1 are the most"):
        upload_document(actor=bob, file=file, name="large.json")
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"{" * 1_000_000, "not JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"vendors": [' + b"[" * 200_000, "nested too deeply"),
        (b'{"format": "' + b"\xff" * 1000, "not UTF-8"),
        (b'{"format": "x\0y"}', "not JSON"),
        (b'{"format": "something/9"}', "only “vendorrisk.access-graph/1” is"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (document(vendors={"key": "acme"}), "write a list"),
        (document(vendors=[3, None, "x"]), "write an object"),
        (document(vendors=[{"key": ["a"], "kind": {"b": 1}}]), "write text"),
        (document(vendors=[{"key": "a", "kind": "partner", "name": "n\0"}]), "not a character"),
        (b'{"x": "' + b"z" * 50_000_000, "not JSON"),
    ],
)
def test_a_hostile_document_is_refused_in_a_sentence(bob: User, data: bytes, sentence: str) -> None:
    run = checked(bob, data)
    assert run.state == ImportState.REFUSED
    assert sentence in " ".join(fault.message for fault in run.faults.all())
    assert not Vendor.objects.exists()


def test_a_name_of_a_file_is_only_text(bob: User, tmp_path: Path) -> None:
    run = uploaded(bob, document(), "../../etc/\0passwd\n" + "x" * 400)
    assert "\0" not in run.name
    assert len(run.name) <= 255
    [file] = files(tmp_path)
    assert file.parent == tmp_path / "imports"


def test_an_import_is_given_up_with_its_file_and_its_faults(
    bob: User, tmp_path: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    run = checked(bob, document(vendors=[{"key": "a", "kind": "nonsense"}]))
    with django_capture_on_commit_callbacks(execute=True):
        discard_import(actor=bob, run=run)
    assert run.state == ImportState.DISCARDED
    assert files(tmp_path) == []
    assert not run.faults.exists()
    assert run.faults_count == 1
    with pytest.raises(ConflictError, match="its file is gone"):
        check_again(actor=bob, run=run)


def test_an_import_that_was_applied_cannot_be_given_up(bob: User) -> None:
    run = applied(bob, checked(bob, document()))
    with pytest.raises(ConflictError):
        discard_import(actor=bob, run=run)


def test_what_nobody_applied_for_a_week_is_given_up(
    bob: User, tmp_path: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    old = checked(bob, document(vendors=[{"key": "acme", "kind": "partner"}]))
    young = checked(bob, document())
    ImportRun.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=7, minutes=1))
    with django_capture_on_commit_callbacks(execute=True):
        assert sweep_imports() == 1
        assert sweep_imports() == 0
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.state, young.state) == (ImportState.DISCARDED, ImportState.READY)
    assert len(files(tmp_path)) == 1


def test_files_that_no_row_names_are_deleted_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imports").mkdir()
    (tmp_path / "imports" / "stray").write_bytes(b"x")
    sweep_imports()
    assert files(tmp_path)
    later = timezone.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr("apps.access.services.imports.timezone.now", lambda: later)
    sweep_imports()
    assert files(tmp_path) == []


def test_a_file_that_is_gone_is_said(bob: User, tmp_path: Path) -> None:
    run = uploaded(bob, document())
    for file in files(tmp_path):
        file.unlink()
    assert take_up_imports() == 0
    run.refresh_from_db()
    assert (run.state, run.error) == (ImportState.FAILED, "The file is gone. Upload it again.")


def test_an_error_of_ours_is_told_and_does_not_stop_the_next_import(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = uploaded(bob, document()), uploaded(bob, document())
    done = services._check

    def failing(run: ImportRun) -> None:
        if run.pk == first.pk:
            raise ValueError("a \0 mistake")
        done(run)

    monkeypatch.setattr(services, "_check", failing)
    assert take_up_imports() == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.state == ImportState.FAILED
    assert first.error == "It stopped with ValueError: a mistake"
    assert second.state == ImportState.READY


def test_a_document_that_kills_its_workers_is_given_up_after_three(bob: User) -> None:
    run = uploaded(bob, document())
    ImportRun.objects.filter(pk=run.pk).update(state=ImportState.CHECKING, attempts=3)
    assert take_up_imports() == 0
    run.refresh_from_db()
    assert run.state == ImportState.FAILED
    assert "started 3 times" in run.error


def test_every_write_leaves_one_entry_in_the_log(bob: User) -> None:
    run = uploaded(bob, VENDORS)
    columns = ["key", "name", "kind"]
    steps: list[Callable[[], object]] = [
        lambda: choose_columns(actor=bob, run=run, list_name="vendors", columns=columns),
        take_up_imports,
        lambda: check_again(actor=bob, run=run),
        take_up_imports,
        lambda: discard_import(actor=bob, run=run),
    ]
    for step in steps:
        before = AuditEntry.objects.count()
        step()
        assert AuditEntry.objects.count() == before + 1
