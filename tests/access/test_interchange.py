"""The interchange document in and out of the database: whole, exact, merged."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from jsonschema import Draft202012Validator

from apps.access.models import (
    Environment,
)
from apps.access.selectors.graph_rows import stored_graph
from apps.accounts.models import User
from apps.engine.document import graph_to_document
from apps.engine.document_schema import document_schema
from apps.engine.values import Graph
from apps.vendors.models import Vendor
from tests.access.interchange import EVERYTHING, at, exported, imported
from tests.engine.documents import (
    HOST,
    LAB,
    document,
    documents,
    meaning,
    small,
)
from tests.examples import examples

pytestmark = pytest.mark.django_db

SCENARIOS = Path(__file__).parents[3] / "shared" / "scenarios"


# --- round trips ----------------------------------------------------------------------------------


def test_every_kind_of_fact_comes_out_as_it_went_in(bob: User) -> None:
    imported(bob, EVERYTHING)
    assert all(getattr(stored_graph(), name) for name in Graph._fields)
    assert meaning(exported(bob)) == meaning(EVERYTHING)


@examples(4)
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
