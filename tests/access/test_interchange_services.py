"""An import as an act: all or nothing, by whom, what follows, what it costs."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.db import IntegrityError, connection

from apps.access.models import (
    Connects,
    Environment,
    Holds,
    ImportRun,
    ScanRun,
)
from apps.access.selectors.graph_rows import stored_graph
from apps.access.selectors.graph_tables import TABLES
from apps.access.services.interchange import export_graph, import_graph
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, NotAllowedError
from apps.engine.document import graph_to_document
from apps.engine.values import Graph
from tests.access.interchange import EVERYTHING, at, exported, imported
from tests.engine.documents import (
    TOKEN,
    VENDOR,
    document,
    places,
    small,
    text,
)

pytestmark = pytest.mark.django_db


# --- all or nothing -------------------------------------------------------------------------------


def test_a_document_with_one_bad_row_changes_nothing_and_leaves_no_trace(bob: User) -> None:
    imported(bob, small())
    before = exported(bob)
    runs, entries = ImportRun.objects.count(), AuditEntry.objects.count()
    value = small(
        vendors=[VENDOR | {"name": "Acme"}, {"key": "bolt", "kind": "partner"}],
        holds=[{"from": "lab", "to": "token"}, {"from": "lab", "to": "lost"}],
    )
    report = import_graph(actor=bob, text=text(value))
    assert places(list(report.faults)) == [("holds", 1, "to", "unknown_reference")]
    assert (report.run, report.changes) == (None, {})
    assert exported(bob) == before
    assert (ImportRun.objects.count(), AuditEntry.objects.count()) == (runs, entries)


def test_text_that_is_no_document_is_reported_and_changes_nothing(bob: User) -> None:
    for content in (b"\xff", "{", "[]", '{"format": "other"}', "\ud800"):
        report = import_graph(actor=bob, text=content)
        assert len(report.faults) == 1
    assert stored_graph() == Graph()


def test_a_dry_run_says_what_would_change_and_changes_nothing(bob: User) -> None:
    imported(bob, small())
    before = exported(bob)
    report = imported(bob, EVERYTHING, dry_run=True)
    assert report.run is None
    assert report.counts["vendors"] == {"added": 1, "changed": 0, "removed": 0}
    assert report.counts["holds"] == {"added": 1, "changed": 0, "removed": 0}
    assert exported(bob) == before
    assert ImportRun.objects.count() == 1


def test_a_refusal_of_the_database_undoes_the_whole_import(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise IntegrityError("a constraint")

    monkeypatch.setattr(connection, "check_constraints", refuse)
    with pytest.raises(ConflictError, match="Nothing was imported"):
        import_graph(actor=bob, text=text(EVERYTHING))
    assert stored_graph() == Graph()
    assert not ImportRun.objects.exists()


# --- first and last seen --------------------------------------------------------------------------


def test_last_seen_is_kept_to_the_day_and_first_seen_for_ever(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = datetime(2026, 6, 1, tzinfo=UTC)
    at(monkeypatch, start)
    imported(bob, EVERYTHING)

    def seen() -> set[tuple[datetime, datetime]]:
        return {
            times
            for table in TABLES.values()
            for times in table.model._base_manager.values_list("first_seen", "last_seen")
        }

    assert seen() == {(start, start)}
    at(monkeypatch, start + timedelta(hours=23))
    imported(bob, EVERYTHING)
    assert seen() == {(start, start)}
    later = start + timedelta(hours=25)
    at(monkeypatch, later)
    assert imported(bob, EVERYTHING).changes == {}
    assert seen() == {(start, later)}


def test_only_what_the_document_states_is_seen(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2026, 6, 1, tzinfo=UTC)
    at(monkeypatch, start)
    imported(bob, EVERYTHING)
    later = start + timedelta(days=30)
    at(monkeypatch, later)
    rows = [{"from": "lab", "to": "host", "enforces_allowlist": True}]
    imported(bob, document(mode="replace", environments=[{"key": "lab"}], connects=rows))
    assert Environment.objects.get(key="lab").last_seen == later
    assert Environment.objects.get(key="host").last_seen == start
    assert Connects.objects.get().last_seen == later
    assert Holds.objects.get().last_seen == start


# --- who, and what follows ------------------------------------------------------------------------


def test_an_import_is_logged_once_with_the_digest_of_the_document(bob: User) -> None:
    content = text(small())
    report = import_graph(actor=bob, text=content, name="graph.json")
    [entry] = AuditEntry.objects.filter(action="access_graph.imported")
    digest = sha256(content.encode()).hexdigest()
    assert entry.actor == bob
    assert entry.data["document"] == digest
    assert entry.data["changes"]["environments"] == {"added": 2, "changed": 0, "removed": 0}
    run = ImportRun.objects.get()
    assert report.run == run
    assert (run.actor, run.name, run.mode, run.digest) == (bob, "graph.json", "merge", digest)
    assert run.changes == report.counts


def test_bytes_and_text_of_a_document_have_one_digest(bob: User) -> None:
    content = json.dumps(small(vendors=[VENDOR | {"name": "Açmé"}]), ensure_ascii=False)
    one = import_graph(actor=bob, text=content, dry_run=True)
    assert one.digest == import_graph(actor=bob, text=content.encode(), dry_run=True).digest


def test_a_scan_is_asked_for_when_anything_changed_and_only_then(bob: User) -> None:
    imported(bob, small(), dry_run=True)
    assert not ScanRun.objects.exists()
    imported(bob, small())
    assert ScanRun.objects.get().reason == "facts_changed"
    ScanRun.objects.all().delete()
    imported(bob, small())
    assert not ScanRun.objects.exists()


def test_who_may_not_import_imports_nothing(rita: User, charlie: User) -> None:
    for actor in (rita, charlie):
        with pytest.raises(NotAllowedError):
            import_graph(actor=actor, text=text(small()))
        with pytest.raises(NotAllowedError):
            import_graph(actor=actor, text=text(small()), dry_run=True)
    assert stored_graph() == Graph()


def test_who_has_not_all_vendors_neither_imports_nor_exports(anna: User) -> None:
    for ask in (
        lambda: import_graph(actor=anna, text=text(small())),
        lambda: export_graph(actor=anna),
    ):
        with pytest.raises(NotAllowedError, match="every vendor"):
            ask()


def test_who_may_not_export_is_refused_before_anything_is_read(ida: User) -> None:
    with pytest.raises(NotAllowedError):
        export_graph(actor=ida)


def test_an_auditor_exports_and_does_not_import(otto: User) -> None:
    assert exported(otto) == graph_to_document(Graph())
    with pytest.raises(NotAllowedError):
        import_graph(actor=otto, text=text(small()))


# --- cost -----------------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_depend_on_the_number_of_facts(
    bob: User, django_assert_num_queries: Any
) -> None:
    imported(bob, EVERYTHING)
    with django_assert_num_queries(20):  # seventeen lists, and three lists within rows
        stored_graph()
    more = [TOKEN | {"key": f"t{number}"} for number in range(50)]
    imported(
        bob, small(credentials=more, holds=[{"from": "lab", "to": row["key"]} for row in more])
    )
    with django_assert_num_queries(20):
        stored_graph()
    with django_assert_num_queries(1):
        stored_graph(["credentials"])


def test_progress_is_told_from_reading_to_checking(bob: User) -> None:
    told: list[tuple[str, int, int]] = []
    imported(bob, EVERYTHING, progress=lambda what, done, of: told.append((what, done, of)))
    steps = list(dict.fromkeys(what for what, _, _ in told))
    assert steps[:3] == [
        "Reading the document",
        "Reading the stored facts",
        "Checking the document",
    ]
    assert steps[3:-1] == [f"Writing {name}" for name in Graph._fields]
    assert steps[-1] == "Checking references"
    assert ("Writing vendors", 2, 2) in told
