"""What is wrong between rows, and between the rows and what stands: where the blame is laid."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.document_table import LISTS
from apps.engine.values import Graph
from tests.engine.documents import (
    ANN,
    DEPLOYMENT,
    HOST,
    LAB,
    NOW,
    TEAM,
    TOKEN,
    VENDOR,
    document,
    documents,
    faults_in,
    found,
    graph_of,
    places,
    plan_of,
    small,
    the_fault,
)
from tests.examples import examples

BOLT = {"key": "bolt", "kind": "contractor"}
ENTRY = {"key": "entry", "model": "m", "purpose": "production"}


# --- missing, repeated ----------------------------------------------------------------------------

REQUIRED = {
    "vendors": ["kind"],
    "environments": ["kind", "purpose"],
    "identities": ["kind"],
    "credentials": ["identity", "kind"],
    "models": ["sensitivity"],
    "deployments": ["model", "environment", "purpose"],
    "allowlist": ["model", "purpose"],
    "exposures": ["kind", "targets", "seen_at"],
    "drills": ["vendor", "model", "started_at"],
    "contracts": ["vendor", "starts_on"],
}


@pytest.mark.parametrize("name", [spec.name for spec in LISTS])
def test_what_is_new_states_every_required_field(name: str) -> None:
    if name in REQUIRED:
        expected = [(name, 0, field, "missing_field") for field in REQUIRED[name]]
        assert sorted(found(document(**{name: [{"key": "new"}]}))) == sorted(expected)
    else:
        expected = [(name, 0, field, "missing_field") for field in ("from", "to")]
        assert found(document(**{name: [{}]})) == expected


def test_a_row_without_a_key_is_one_fault() -> None:
    assert found(document(vendors=[{}])) == [("vendors", 0, "key", "missing_field")]


def test_a_required_field_may_not_be_null_even_for_what_exists() -> None:
    value = document(vendors=[{"key": "acme", "kind": None}])
    assert found(value, graph_of(small())) == [("vendors", 0, "kind", "bad_value")]


def test_a_key_comes_once_in_a_list() -> None:
    value = document(vendors=[VENDOR, BOLT, VENDOR, {"key": "acme"}])
    assert found(value) == [
        ("vendors", 2, "key", "duplicate"),
        ("vendors", 3, "key", "duplicate"),
    ]


def test_a_relation_comes_once_in_a_list() -> None:
    rows = [{"from": "lab", "to": "host"}, {"from": "host", "to": "lab"}]
    value = small(jumps=[*rows, rows[0] | {"name": "again"}], connects=rows)
    assert found(value) == [("jumps", 2, "to", "duplicate")]


def test_a_repeated_row_is_read_for_its_other_faults_too() -> None:
    value = document(vendors=[VENDOR, VENDOR | {"engaged_by": "nobody", "status": "gone"}])
    assert sorted(found(value)) == [
        ("vendors", 1, "engaged_by", "unknown_reference"),
        ("vendors", 1, "key", "duplicate"),
        ("vendors", 1, "status", "bad_value"),
    ]


# --- references -----------------------------------------------------------------------------------

REFERENCES: list[tuple[str, dict[str, Any], str]] = [
    ("vendors", VENDOR | {"engaged_by": "nobody"}, "engaged_by"),
    ("environments", LAB | {"key": "new", "vendor": "nobody"}, "vendor"),
    ("identities", ANN | {"key": "new", "vendor": "nobody"}, "vendor"),
    ("credentials", TOKEN | {"identity": "nobody"}, "identity"),
    ("models", {"key": "m2", "sensitivity": "M1", "custodian": "nobody"}, "custodian"),
    ("deployments", DEPLOYMENT | {"model": "nothing"}, "model"),
    ("deployments", DEPLOYMENT | {"environment": "nowhere"}, "environment"),
    ("allowlist", ENTRY | {"model": "nothing"}, "model"),
    ("allowlist", ENTRY | {"vendor": "nobody"}, "vendor"),
    ("allowlist", ENTRY | {"environment": "nowhere"}, "environment"),
    ("allowlist", ENTRY | {"requested_by": "nobody"}, "requested_by"),
    ("allowlist", ENTRY | {"approved_by": "nobody"}, "approved_by"),
    ("holds", {"from": "nowhere", "to": "token"}, "from"),
    ("holds", {"from": "lab", "to": "nothing"}, "to"),
    ("enters", {"from": "nobody", "to": "lab"}, "from"),
    ("enters", {"from": "ann", "to": "nowhere"}, "to"),
    ("member_of", {"from": "nobody", "to": "team"}, "from"),
    ("member_of", {"from": "ann", "to": "nobody"}, "to"),
    ("jumps", {"from": "nowhere", "to": "lab"}, "from"),
    ("jumps", {"from": "lab", "to": "nowhere"}, "to"),
    ("connects", {"from": "nowhere", "to": "lab"}, "from"),
    ("connects", {"from": "lab", "to": "nowhere"}, "to"),
    ("connects", {"from": "lab", "to": "host", "deployments": ["d", "nothing"]}, "deployments"),
    ("grants", {"from": "credential:nothing", "to": "d"}, "from"),
    ("grants", {"from": "identity:token", "to": "d"}, "from"),
    ("grants", {"from": "credential:", "to": "d"}, "from"),
    ("grants", {"from": "identity:ann", "to": "nothing"}, "to"),
    ("administers", {"from": "nobody", "to": "deployment:d"}, "from"),
    ("administers", {"from": "ann", "to": "deployment:lab"}, "to"),
    (
        "exposures",
        {
            "key": "x",
            "kind": "name",
            "seen_at": "2026-01-01T00:00:00Z",
            "targets": ["credential:x"],
        },
        "targets",
    ),
    (
        "drills",
        {"key": "r", "vendor": "nobody", "model": "m", "started_at": str(NOW).replace(" ", "T")},
        "vendor",
    ),
    (
        "drills",
        {"key": "r", "vendor": "acme", "model": "x", "started_at": str(NOW).replace(" ", "T")},
        "model",
    ),
    ("contracts", {"key": "k", "vendor": "nobody", "starts_on": "2026-01-01"}, "vendor"),
    (
        "contracts",
        {"key": "k", "vendor": "acme", "starts_on": "2026-01-01", "subcontractors": ["nobody"]},
        "subcontractors",
    ),
]


@pytest.mark.parametrize(("name", "row", "field"), REFERENCES)
@pytest.mark.parametrize("stands", [True, False])
def test_a_reference_to_nothing_is_refused(
    name: str, row: dict[str, Any], field: str, stands: bool
) -> None:
    """Whether the others stand already or come with the document."""
    if stands:
        value, state, index = document(**{name: [row]}), graph_of(small()), 0
    else:
        others = [each for each in small().get(name, []) if each["key"] != row["key"]]
        value, state, index = small(**{name: [*others, row]}), Graph(), len(others)
    assert found(value, state) == [(name, index, field, "unknown_reference")]


def test_a_reference_says_what_to_add_and_where() -> None:
    fault = the_fault(small(holds=[{"from": "lab", "to": "key-7"}]))
    assert fault.message == (
        "“to” of holds[0] refers to “key-7”, and no credential has the key “key-7”; add it to "
        "“credentials” or correct the reference."
    )


def test_a_reference_to_a_row_that_is_itself_refused_is_no_second_fault() -> None:
    value = small(
        vendors=[VENDOR, {"key": "no good", "kind": "partner"}, BOLT | {"kind": "friend"}],
        environments=[LAB, HOST, LAB | {"key": "e2", "vendor": "no good"}],
        identities=[ANN, TEAM, ANN | {"key": "bob", "vendor": "bolt", "mfa": 1}],
        enters=[{"from": "bob", "to": "lab"}],
    )
    assert found(value) == [
        ("vendors", 1, "key", "bad_value"),
        ("vendors", 2, "kind", "bad_value"),
        ("identities", 2, "mfa", "wrong_type"),
    ]


# --- a thing and itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key"), [("jumps", "lab"), ("connects", "lab"), ("member_of", "team")]
)
def test_no_relation_joins_a_thing_to_itself(name: str, key: str) -> None:
    value = small(**{name: [{"from": key, "to": key}]})
    assert found(value) == [(name, 0, "to", "bad_value")]


def test_who_is_no_group_and_their_own_member_is_refused_once() -> None:
    value = small(member_of=[{"from": "ann", "to": "ann"}])
    assert found(value) == [("member_of", 0, "to", "bad_value")]


def engaged(*pairs: tuple[str, str | None]) -> list[dict[str, Any]]:
    return [{"key": key, "kind": "contractor", "engaged_by": by} for key, by in pairs]


@pytest.mark.parametrize(
    ("vendors", "rows"),
    [
        (engaged(("a", "a")), [0]),
        (engaged(("a", "b"), ("b", "a")), [0, 1]),
        (engaged(("x", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("y", None)), [1, 2, 3]),
        (engaged(("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), ("e", "c")), [0, 1, 2, 3]),
        (engaged(("a", "b"), ("b", "c"), ("c", None)), []),
    ],
)
def test_every_vendor_on_a_circle_of_engagements_is_refused(
    vendors: list[dict[str, Any]], rows: list[int]
) -> None:
    expected = [("vendors", row, "engaged_by", "cycle") for row in rows]
    assert found(document(vendors=vendors)) == expected


def test_a_circle_through_what_stands_is_laid_at_the_rows_of_the_document() -> None:
    state = graph_of(document(vendors=engaged(("a", None), ("b", "a"), ("c", "b"))))
    value = document(vendors=[{"key": "a", "engaged_by": "c"}, {"key": "b", "status": "active"}])
    assert found(value, state) == [
        ("vendors", 0, "engaged_by", "cycle"),
        ("vendors", 1, "engaged_by", "cycle"),
    ]


def test_a_circle_of_twenty_thousand_is_found_in_one_walk() -> None:
    many = 20_000
    vendors = engaged(*((f"v{at}", f"v{(at + 1) % many}") for at in range(many)))
    faults = faults_in(document(vendors=vendors))
    assert len(faults) == many
    assert len(faults[0].message) < 300


def test_groups_may_be_members_of_each_other() -> None:
    other = TEAM | {"key": "crew"}
    value = small(
        identities=[ANN, TEAM, other],
        member_of=[{"from": "team", "to": "crew"}, {"from": "crew", "to": "team"}],
    )
    assert found(value) == []


# --- groups ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stands", [True, False])
def test_only_a_group_has_members(stands: bool) -> None:
    bob = {"key": "bob", "kind": "service_account"}
    rows = [{"from": "ann", "to": "team"}, {"from": "ann", "to": "bob"}]
    identities = [ANN, TEAM, bob]
    state = graph_of(small(identities=identities)) if stands else Graph()
    value = document(member_of=rows) if stands else small(identities=identities, member_of=rows)
    assert found(value, state) == [("member_of", 1, "to", "bad_value")]


def test_who_has_members_stays_a_group() -> None:
    state = graph_of(
        small(
            identities=[ANN, TEAM, ANN | {"key": "bob"}],
            member_of=[{"from": "ann", "to": "team"}, {"from": "bob", "to": "team"}],
        )
    )
    value = document(identities=[{"key": "team", "kind": "human"}])
    assert found(value, state) == [("identities", 0, "kind", "bad_value")]


def test_who_loses_every_member_may_stop_to_be_a_group() -> None:
    state = graph_of(small(member_of=[{"from": "ann", "to": "team"}]))
    value = document(
        mode="replace", identities=[ANN, {"key": "team", "kind": "human"}], member_of=[]
    )
    assert found(value, state) == []


def test_a_kind_that_is_refused_is_not_held_against_the_members() -> None:
    value = small(
        identities=[ANN, TEAM | {"kind": "crowd"}], member_of=[{"from": "ann", "to": "team"}]
    )
    assert found(value) == [("identities", 1, "kind", "bad_value")]


# --- an entry's environment -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vendor", "environment", "is_right"),
    [
        ("acme", "lab", True),
        (None, "host", True),
        ("acme", None, True),
        (None, None, True),
        ("bolt", "lab", False),
        (None, "lab", False),
        ("acme", "host", False),
    ],
)
def test_the_environment_of_an_entry_belongs_to_its_vendor(
    vendor: str | None, environment: str | None, is_right: bool
) -> None:
    entry = ENTRY | {"vendor": vendor, "environment": environment}
    faults = found(small(vendors=[VENDOR, BOLT], allowlist=[entry]))
    assert faults == ([] if is_right else [("allowlist", 0, "environment", "bad_value")])


def test_an_environment_does_not_leave_the_vendor_that_an_entry_names() -> None:
    entries = [ENTRY | {"vendor": "acme", "environment": "lab", "key": key} for key in "ab"]
    state = graph_of(small(vendors=[VENDOR, BOLT], allowlist=entries))
    value = document(environments=[{"key": "host"}, {"key": "lab", "vendor": "bolt"}])
    assert found(value, state) == [("environments", 1, "vendor", "bad_value")]


def test_an_environment_may_leave_together_with_its_entry() -> None:
    entry = ENTRY | {"vendor": "acme", "environment": "lab"}
    state = graph_of(small(vendors=[VENDOR, BOLT], allowlist=[entry]))
    value = document(
        environments=[{"key": "lab", "vendor": "bolt"}],
        allowlist=[{"key": "entry", "vendor": "bolt"}],
    )
    assert found(value, state) == []


def test_an_entry_of_the_document_bears_the_blame_itself() -> None:
    entry = ENTRY | {"vendor": "acme", "environment": "lab"}
    state = graph_of(small(vendors=[VENDOR, BOLT], allowlist=[entry]))
    value = document(environments=[{"key": "lab", "vendor": "bolt"}], allowlist=[entry])
    assert found(value, state) == [("allowlist", 0, "environment", "bad_value")]


def test_an_owner_that_is_refused_is_not_held_against_the_entry() -> None:
    value = small(
        environments=[LAB | {"vendor": "nobody"}, HOST],
        allowlist=[ENTRY | {"vendor": "acme", "environment": "lab"}],
    )
    assert found(value) == [("environments", 0, "vendor", "unknown_reference")]


# --- all or nothing -------------------------------------------------------------------------------


@examples(8)
@given(documents(), st.data())
def test_one_bad_row_changes_nothing(value: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in Graph._fields if value[name]]))
    index = data.draw(st.integers(0, len(value[name]) - 1))
    rows = [dict(row) for row in value[name]]
    rows[index]["colour"] = "red"
    state = graph_of(value)
    plan = plan_of(state, value | {name: rows})
    assert places(list(plan.faults)) == [(name, index, "colour", "unknown_field")]
    assert plan.graph is state
    assert plan.changes == {}
