"""The interchange document in and out of the database: whole, exact, all or nothing."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from apps.access.models import (
    Connects,
    Environment,
    Holds,
    ImportRun,
    ScanRun,
)
from apps.access.selectors.graph_rows import stored_graph
from apps.access.selectors.graph_tables import TABLES
from apps.access.services.interchange import ImportReport, export_graph, import_graph
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, NotAllowedError
from apps.engine.document import graph_to_document
from apps.engine.document_schema import document_schema
from apps.engine.values import Graph
from apps.vendors.models import Vendor
from tests.engine.documents import (
    HOST,
    LAB,
    TOKEN,
    VENDOR,
    document,
    documents,
    meaning,
    places,
    small,
    text,
)

pytestmark = pytest.mark.django_db

SCENARIOS = Path(__file__).parents[3] / "shared" / "scenarios"
PAST = "2026-01-01T00:00:00Z"

EVERYTHING = small(
    vendors=[VENDOR, {"key": "bolt", "kind": "contractor", "engaged_by": "acme"}],
    allowlist=[
        {
            "key": "entry",
            "model": "m",
            "purpose": "production",
            "vendor": "acme",
            "environment": "lab",
            "approved_by": "ann",
        }
    ],
    holds=[{"from": "lab", "to": "token"}],
    enters=[{"from": "ann", "to": "lab"}],
    member_of=[{"from": "ann", "to": "team"}],
    jumps=[{"from": "lab", "to": "host"}],
    connects=[
        {"from": "internet", "to": "host", "deployments": ["d"]},
        {"from": "lab", "to": "host"},
    ],
    grants=[{"from": "credential:token", "to": "d"}, {"from": "identity:team", "to": "d"}],
    administers=[{"from": "ann", "to": "environment:host"}, {"from": "ann", "to": "deployment:d"}],
    exposures=[
        {
            "key": "x",
            "kind": "name",
            "targets": ["deployment:d", "environment:lab", "credential:token"],
            "seen_at": PAST,
        }
    ],
    drills=[{"key": "r", "vendor": "acme", "model": "m", "started_at": PAST}],
    contracts=[
        {"key": "k", "vendor": "acme", "starts_on": "2026-01-01", "subcontractors": ["bolt"]}
    ],
)


def imported(actor: User, value: Any, **options: Any) -> ImportReport:
    report = import_graph(actor=actor, text=text(value), **options)
    assert report.faults == ()
    return report


def exported(actor: User) -> dict[str, Any]:
    value: dict[str, Any] = json.loads("".join(export_graph(actor=actor)))
    return value


def at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """From here on it is another time, for imports."""
    monkeypatch.setattr("apps.access.services.interchange.timezone.now", lambda: now)


# --- round trips ----------------------------------------------------------------------------------


def test_every_kind_of_fact_comes_out_as_it_went_in(bob: User) -> None:
    imported(bob, EVERYTHING)
    assert all(getattr(stored_graph(), name) for name in Graph._fields)
    assert meaning(exported(bob)) == meaning(EVERYTHING)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(value=documents())
def test_what_is_imported_is_exported_again(bob: User, value: dict[str, Any]) -> None:
    with transaction.atomic():
        imported(bob, value)
        out = exported(bob)
        assert meaning(out) == meaning(value)
        assert out == graph_to_document(stored_graph())
        Draft202012Validator(document_schema()).validate(out)
        again = imported(bob, out | {"mode": "replace"})
        assert again.changes == {}
        transaction.set_rollback(True)


@pytest.mark.skipif(not SCENARIOS.exists(), reason="no scenarios beside the project")
def test_scenarios_are_imported_and_exported(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted(path for path in SCENARIOS.glob("*.json") if ".expected" not in path.name)
    assert paths
    alike = [path for path in paths if path.name.startswith("tidy")]
    for path in [*(path for path in paths if path not in alike), *alike[::8]]:
        expected = json.loads(path.with_suffix(".expected.json").read_text())
        at(monkeypatch, datetime.fromisoformat(expected["now"]))
        value = json.loads(path.read_text())
        with transaction.atomic():
            imported(bob, value)
            assert meaning(exported(bob)) == meaning(value), path.name
            transaction.set_rollback(True)


def test_an_export_is_sorted_and_whole_and_fits_the_schema(bob: User) -> None:
    imported(bob, EVERYTHING)
    out = exported(bob)
    Draft202012Validator(document_schema()).validate(out)
    for name in Graph._fields:
        rows = out[name]
        assert rows == sorted(rows, key=lambda row: (row.get("key") or row["from"], row.get("to")))
    assert [row["from"] for row in out["grants"]] == ["credential:token", "identity:team"]
    assert [row["from"] for row in out["connects"]] == ["internet", "lab"]


def test_dead_facts_are_exported_too(bob: User) -> None:
    imported(bob, small(environments=[LAB | {"status": "retired"}, HOST]))
    assert [row["status"] for row in exported(bob)["environments"]] == ["active", "retired"]


def test_an_empty_database_exports_an_empty_document(bob: User) -> None:
    assert exported(bob) == graph_to_document(Graph())


# --- merging into what is stored ------------------------------------------------------------------


def test_a_second_import_of_the_same_document_changes_nothing(bob: User) -> None:
    imported(bob, EVERYTHING)
    before = exported(bob)
    second = imported(bob, EVERYTHING)
    assert second.changes == {}
    assert second.counts == {}
    assert exported(bob) == before


def test_every_kind_of_fact_can_be_changed(bob: User) -> None:
    imported(bob, EVERYTHING)
    out = exported(bob)
    for name in Graph._fields:
        for row in out[name]:
            row["name"] = f"renamed {name}"
            row["source"] = "declared"
    report = imported(bob, out)
    assert set(report.changes) == set(Graph._fields)
    assert exported(bob) == out


def test_references_and_lists_can_be_changed_and_emptied(bob: User) -> None:
    imported(bob, EVERYTHING)
    changes = document(
        vendors=[{"key": "cog", "kind": "supplier"}, {"key": "bolt", "engaged_by": "cog"}],
        environments=[{"key": "host", "vendor": "cog"}],
        credentials=[{"key": "token", "identity": "team", "engagements": ["spring"]}],
        models=[{"key": "m", "custodian": "ann"}],
        connects=[
            {"from": "internet", "to": "host", "deployments": None},
            {"from": "lab", "to": "host", "deployments": ["d"]},
        ],
        exposures=[{"key": "x", "targets": ["credential:token"]}],
        contracts=[{"key": "k", "subcontractors": ["acme", "cog"]}],
        allowlist=[{"key": "entry", "environment": None, "approved_by": None}],
    )
    imported(bob, changes)
    graph = stored_graph()
    assert [vendor.engaged_by for vendor in graph.vendors] == [None, "cog", None]
    assert [environment.vendor for environment in graph.environments] == ["cog", "acme"]
    assert graph.credentials[0][1] == "team"
    assert graph.credentials[0].engagements == ("spring",)
    assert graph.models[0].custodian == "ann"
    assert [connection.deployments for connection in graph.connects] == [None, ("d",)]
    assert graph.exposures[0].targets == ("credential:token",)
    assert graph.contracts[0].subcontractors == ("acme", "cog")
    assert (graph.allowlist[0].environment, graph.allowlist[0].approved_by) == (None, None)
    imported(bob, document(vendors=[{"key": "bolt", "engaged_by": None}]))
    assert Vendor.objects.get(key="bolt").engaged_by is None


def test_a_chain_of_vendors_comes_in_any_order(bob: User) -> None:
    rows = [
        {"key": f"v{number}", "kind": "contractor", "engaged_by": f"v{number + 1}"}
        for number in range(9)
    ]
    imported(bob, document(vendors=[*rows, {"key": "v9", "kind": "partner"}]))
    assert Vendor.objects.get(key="v0").engaged_by == Vendor.objects.get(key="v1")
    turned = [{"key": "v9", "engaged_by": "v0"}, {"key": "v8", "engaged_by": None}]
    imported(bob, document(vendors=turned))
    assert Vendor.objects.get(key="v9").engaged_by == Vendor.objects.get(key="v0")


def test_an_environment_and_its_entry_move_together(bob: User) -> None:
    imported(bob, EVERYTHING)
    imported(
        bob,
        document(
            environments=[{"key": "lab", "vendor": "bolt"}],
            allowlist=[{"key": "entry", "vendor": "bolt"}],
        ),
    )
    assert Environment.objects.get(key="lab").vendor == Vendor.objects.get(key="bolt")


def test_replace_ends_and_removes_what_the_lists_do_not_contain(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(bob, EVERYTHING)
    now = datetime(2027, 1, 1, tzinfo=UTC)
    at(monkeypatch, now)
    empty: dict[str, Any] = {
        name: [] for name in Graph._fields if name not in ("grants", "environments")
    }
    report = imported(bob, document(mode="replace", environments=[{"key": "lab"}], **empty))
    assert report.counts["connects"] == {"added": 0, "changed": 0, "removed": 2}
    graph = stored_graph()
    assert not any([graph.connects, graph.holds, graph.jumps, graph.administers])
    assert len(graph.grants) == 2
    assert [environment.status for environment in graph.environments] == ["retired", "active"]
    assert {identity.status for identity in graph.identities} == {"disabled"}
    assert graph.credentials[0].revoked_at == now
    assert graph.allowlist[0].expires_at == now
    assert len(graph.vendors) == 2
    at(monkeypatch, now + timedelta(days=1))
    again = imported(bob, document(mode="replace", environments=[{"key": "lab"}], **empty))
    assert again.changes == {}


def test_an_entry_that_ends_before_an_approval_that_lies_ahead_is_stored(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, datetime(2026, 6, 1, tzinfo=UTC))
    times = {"approved_at": "2026-06-03T00:00:00Z", "expires_at": "2026-05-29T00:00:00Z"}
    entry = {"key": "early", "model": "m", "purpose": "production", **times}
    imported(bob, small(allowlist=[entry]))
    at(monkeypatch, datetime(2026, 7, 1, tzinfo=UTC))
    assert imported(bob, small(allowlist=[entry])).changes == {}


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
