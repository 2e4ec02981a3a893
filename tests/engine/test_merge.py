"""Merging a document into a graph: by identity, field by field, and what replace ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.document import graph_to_document
from apps.engine.document_table import LISTS
from apps.engine.merge import changed_fields
from apps.engine.values import (
    EnvironmentStatus,
    Graph,
    IdentityStatus,
    Source,
    YesNo,
)
from tests.engine.documents import (
    ANN,
    HOST,
    LAB,
    NOW,
    TEAM,
    TOKEN,
    document,
    documents,
    faults_in,
    graph_of,
    meaning,
    plan_of,
    small,
)
from tests.examples import examples

BEFORE = "2026-05-01T00:00:00Z"
AFTER = "2026-07-01T00:00:00Z"


def merged(state: Graph, **lists: Any) -> Graph:
    plan = plan_of(state, document(**lists))
    assert plan.faults == ()
    return plan.graph


# --- by identity ----------------------------------------------------------------------------------


def test_a_row_with_a_new_key_is_added() -> None:
    graph = merged(graph_of(small()), vendors=[{"key": "bolt", "kind": "supplier"}])
    assert [vendor.key for vendor in graph.vendors] == ["acme", "bolt"]


def test_an_omitted_field_is_left_as_it_is() -> None:
    state = graph_of(
        small(identities=[ANN | {"mfa": "yes", "name": "Ann", "source": "declared"}, TEAM])
    )
    graph = merged(state, identities=[{"key": "ann", "status": "disabled"}])
    ann = graph.identities[0]
    assert (ann.mfa, ann.name, ann.source) == (YesNo.YES, "Ann", Source.DECLARED)
    assert ann.status is IdentityStatus.DISABLED


def test_required_fields_may_be_left_out_for_what_exists() -> None:
    state = graph_of(small(drills=[], exposures=[], contracts=[]))
    for spec in LISTS[:6]:
        key = getattr(state, spec.name)[0].key
        assert plan_of(state, document(**{spec.name: [{"key": key}]})).faults == ()


def test_null_sets_the_default_of_what_exists() -> None:
    state = graph_of(small(identities=[ANN | {"mfa": "yes", "name": "Ann"}, TEAM]))
    ann = merged(state, identities=[{"key": "ann", "mfa": None, "name": None, "vendor": None}])
    assert ann.identities[0][2:] == (None, YesNo.UNKNOWN, IdentityStatus.ACTIVE, "ann", "imported")


def test_a_list_replaces_the_list() -> None:
    state = graph_of(small(credentials=[TOKEN | {"engagements": ["spring", "summer"]}]))
    graph = merged(state, credentials=[{"key": "token", "engagements": ["autumn"]}])
    assert graph.credentials[0].engagements == ("autumn",)


def test_a_relation_is_the_same_when_its_list_and_ends_are() -> None:
    state = graph_of(
        small(
            connects=[
                {"from": "lab", "to": "host", "deployments": ["d"]},
                {"from": "host", "to": "lab"},
            ]
        )
    )
    graph = merged(state, connects=[{"from": "lab", "to": "host", "enforces_allowlist": True}])
    assert len(graph.connects) == 2
    assert graph.connects[0][2:4] == (("d",), YesNo.YES)


def test_null_deployments_admit_every_deployment_again() -> None:
    state = graph_of(small(connects=[{"from": "lab", "to": "host", "deployments": ["d"]}]))
    graph = merged(state, connects=[{"from": "lab", "to": "host", "deployments": None}])
    assert graph.connects[0].deployments is None


def test_equal_keys_in_two_lists_are_two_facts() -> None:
    rows = {
        "environments": [LAB, HOST, LAB | {"key": "ann"}],
        "enters": [{"from": "ann", "to": "ann"}],
    }
    assert faults_in(small(**rows)) == []


def test_references_resolve_to_what_stands() -> None:
    graph = merged(graph_of(small()), holds=[{"from": "lab", "to": "token"}])
    assert graph.holds[0][:2] == ("lab", "token")


# --- what changes ---------------------------------------------------------------------------------


def test_the_plan_says_what_is_added_and_what_changes_from_what_to_what() -> None:
    plan = plan_of(
        graph_of(small()),
        document(
            identities=[
                {"key": "ann", "mfa": False, "status": "active"},
                {"key": "bob", "kind": "human"},
            ],
            holds=[{"from": "lab", "to": "token"}],
        ),
    )
    assert list(plan.changes) == ["identities", "holds"]
    identities = plan.changes["identities"]
    assert [fact[0] for fact in identities.added] == ["bob"]
    assert [changed_fields("identities", each) for each in identities.changed] == [
        (("mfa", "unknown", "no"),)
    ]
    assert [fact[:2] for fact in plan.changes["holds"].added] == [("lab", "token")]


def test_a_change_is_told_in_the_words_of_the_document() -> None:
    plan = plan_of(
        graph_of(small()),
        document(
            credentials=[
                {
                    "key": "token",
                    "expires_at": "2026-07-01T02:00:00+02:00",
                    "engagements": ["b", "a"],
                }
            ]
        ),
    )
    (change,) = plan.changes["credentials"].changed
    assert changed_fields("credentials", change) == (
        ("expires_at", None, AFTER),
        ("engagements", [], ["a", "b"]),
    )


def test_equal_instants_in_other_zones_are_no_change() -> None:
    state = graph_of(small(credentials=[TOKEN | {"issued_at": "2026-01-01T00:00:00Z"}]))
    again = [{"key": "token", "issued_at": "2026-01-01T05:45:00.000+05:45"}]
    assert plan_of(state, document(credentials=again)).changes == {}


@examples(8)
@given(documents(), st.sampled_from(["merge", "replace"]))
def test_a_second_import_of_a_document_changes_nothing(value: dict[str, Any], mode: str) -> None:
    value = value | {"mode": mode}
    first = plan_of(Graph(), value)
    second = plan_of(first.graph, value, now=NOW + timedelta(days=1))
    assert (second.faults, second.changes) == ((), {})
    for name in Graph._fields:
        assert getattr(second.graph, name) is getattr(first.graph, name)


@examples(8)
@given(documents(), documents())
def test_a_second_import_of_a_document_changes_nothing_whatever_stood_before(
    stood: dict[str, Any], value: dict[str, Any]
) -> None:
    state = graph_of(stood)
    for mode in ("merge", "replace"):
        plan = plan_of(state, value | {"mode": mode})
        if plan.faults:  # the two do not go together, an environment's owner for one
            assert plan.graph is state
            assert plan.changes == {}
        else:
            assert plan_of(plan.graph, value | {"mode": mode}).changes == {}


@examples(8)
@given(documents())
def test_the_changes_lead_from_the_state_to_the_merged_graph(value: dict[str, Any]) -> None:
    plan = plan_of(Graph(), value)
    assert set(plan.changes) == {
        name for name, rows in value.items() if rows and name in Graph._fields
    }
    for name, changes in plan.changes.items():
        assert changes.added == getattr(plan.graph, name)
        assert not changes.changed
        assert not changes.removed


@examples(8)
@given(documents(), st.data())
def test_a_document_may_come_in_parts(value: dict[str, Any], data: st.DataObject) -> None:
    """The lists one after the other, in an order in which references resolve, make the same."""
    cut = data.draw(st.integers(0, len(LISTS)))
    names = [spec.name for spec in LISTS]
    part_one = document(**{name: value[name] for name in names[:cut]})
    part_two = document(**{name: value[name] for name in names[cut:]})
    state = graph_of(part_one)
    plan = plan_of(state, part_two)
    assert plan.faults == ()
    assert meaning(graph_to_document(plan.graph)) == meaning(value)


# --- replace --------------------------------------------------------------------------------------


def everything() -> Graph:
    return graph_of(
        small(
            allowlist=[{"key": "entry", "model": "m", "purpose": "production", "vendor": "acme"}],
            holds=[{"from": "lab", "to": "token"}],
            enters=[{"from": "ann", "to": "lab"}],
            member_of=[{"from": "ann", "to": "team"}],
            jumps=[{"from": "lab", "to": "host"}],
            connects=[{"from": "lab", "to": "host"}],
            grants=[{"from": "credential:token", "to": "d"}],
            administers=[{"from": "ann", "to": "environment:host"}],
            exposures=[
                {"key": "x", "kind": "name", "targets": ["deployment:d"], "seen_at": BEFORE}
            ],
            drills=[{"key": "r", "vendor": "acme", "model": "m", "started_at": BEFORE}],
            contracts=[{"key": "k", "vendor": "acme", "starts_on": "2026-01-01"}],
        )
    )


def replaced(state: Graph, **lists: Any) -> Graph:
    plan = plan_of(state, document(mode="replace", **lists))
    assert plan.faults == ()
    return plan.graph


def test_replace_with_every_list_empty_ends_what_can_end() -> None:
    state = everything()
    graph = replaced(state, **{name: [] for name in Graph._fields})
    for name in ("holds", "enters", "member_of", "jumps", "connects", "grants", "administers"):
        assert getattr(graph, name) == ()
    assert {each.status for each in graph.environments} == {EnvironmentStatus.RETIRED}
    assert {each.status for each in graph.identities} == {IdentityStatus.DISABLED}
    assert [each.revoked_at for each in graph.credentials] == [NOW]
    assert [each.expires_at for each in graph.allowlist] == [NOW]
    for name in ("vendors", "models", "deployments", "exposures", "drills", "contracts"):
        assert getattr(graph, name) is getattr(state, name)


@pytest.mark.parametrize("name", [name for name in Graph._fields if getattr(everything(), name)])
def test_replace_touches_only_the_lists_that_are_present(name: str) -> None:
    state = everything()
    graph = replaced(state, **{name: []})
    for other in Graph._fields:
        if other != name:
            assert getattr(graph, other) is getattr(state, other)


def test_replace_keeps_what_the_lists_contain() -> None:
    state = everything()
    plan = plan_of(state, graph_to_document(state) | {"mode": "replace"})
    assert (plan.faults, plan.changes) == ((), {})


def test_replace_lists_what_it_removes_and_what_it_ends() -> None:
    plan = plan_of(everything(), document(mode="replace", environments=[{"key": "lab"}], holds=[]))
    assert plan.changes["holds"].removed == everything().holds
    (retired,) = plan.changes["environments"].changed
    assert retired.before[0] == "host"
    assert changed_fields("environments", retired) == (("status", "active", "retired"),)


def test_what_has_ended_already_keeps_its_end() -> None:
    ended = [TOKEN | {"revoked_at": BEFORE}]
    entry = {"key": "entry", "model": "m", "purpose": "production", "expires_at": BEFORE}
    state = graph_of(small(credentials=ended, allowlist=[entry]))
    plan = plan_of(state, document(mode="replace", credentials=[], allowlist=[]))
    assert plan.changes == {}


def test_an_end_that_lies_ahead_is_brought_forward() -> None:
    later = [TOKEN | {"revoked_at": AFTER}]
    entry = {"key": "entry", "model": "m", "purpose": "production", "expires_at": AFTER}
    state = graph_of(small(credentials=later, allowlist=[entry]))
    graph = replaced(state, credentials=[], allowlist=[])
    assert graph.credentials[0].revoked_at == NOW
    assert graph.allowlist[0].expires_at == NOW


@pytest.mark.parametrize("expires_at", [None, "2026-08-01T00:00:00Z"])
def test_an_approval_that_lies_ahead_ends_when_it_would_begin(expires_at: str | None) -> None:
    entry = {"key": "entry", "model": "m", "purpose": "production", "approved_at": AFTER}
    state = graph_of(small(allowlist=[entry | {"expires_at": expires_at}]))
    graph = replaced(state, allowlist=[])
    assert graph.allowlist[0].expires_at == datetime(2026, 7, 1, tzinfo=UTC)
    again = plan_of(graph, document(mode="replace", allowlist=[]), now=NOW + timedelta(days=365))
    assert (again.faults, again.changes) == ((), {})
