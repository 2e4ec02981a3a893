"""The writer of the interchange document, and the published schema beside the reader."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from apps.engine.document import (
    DocumentError,
    graph_to_document,
    read_document,
    write_document,
)
from apps.engine.document_schema import document_schema, schema_text
from apps.engine.document_table import LISTS
from apps.engine.values import Graph
from tests.engine.documents import (
    TOKEN,
    document,
    documents,
    graph_of,
    meaning,
    small,
    text,
)
from tests.examples import examples

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT.parent / "shared" / "scenarios"
SCHEMA = Draft202012Validator(document_schema())


# --- writing --------------------------------------------------------------------------------------


@examples(8)
@given(documents())
def test_what_is_read_is_written_again(value: dict[str, Any]) -> None:
    assert meaning(graph_to_document(graph_of(value))) == meaning(value)


@examples(8)
@given(documents())
def test_what_is_written_reads_as_the_same_graph_and_is_written_the_same(
    value: dict[str, Any],
) -> None:
    written = graph_to_document(graph_of(value))
    assert graph_to_document(graph_of(written)) == written


@examples(8)
@given(documents())
def test_the_document_in_pieces_is_the_document(value: dict[str, Any]) -> None:
    graph = graph_of(value)
    facts = {spec.name: sorted(getattr(graph, spec.name), key=spec.identify) for spec in LISTS}
    assert json.loads("".join(write_document(facts))) == graph_to_document(graph)


def test_an_empty_graph_is_a_document_of_empty_lists() -> None:
    written = json.loads("".join(write_document({})))
    assert written == graph_to_document(Graph())
    assert all(written[spec.name] == [] for spec in LISTS)


def test_times_are_written_in_utc_with_z() -> None:
    zone = timezone(timedelta(hours=2))
    times = {
        datetime(2026, 1, 31, 1, 30, tzinfo=zone): "2026-01-30T23:30:00Z",
        datetime(2026, 1, 31, 1, 30, 0, 5, tzinfo=UTC): "2026-01-31T01:30:00.000005Z",
        datetime(33, 1, 31, tzinfo=UTC): "0033-01-31T00:00:00Z",
    }
    for time, expected in times.items():
        graph = graph_of(small())
        token = graph.credentials[0]._replace(issued_at=time)
        written = graph_to_document(graph._replace(credentials=(token,)))
        assert written["credentials"][0]["issued_at"] == expected


def test_rows_are_sorted_by_code_point() -> None:
    keys = ["b", "a", "B", "_".join("aa"), "a-b", "0"]
    rows = [{"key": key, "kind": "partner"} for key in keys]
    written = graph_to_document(graph_of(document(vendors=rows)))["vendors"]
    assert [row["key"] for row in written] == ["0", "B", "a", "a-b", "a_a", "b"]


def test_every_field_is_written_defaults_and_all() -> None:
    row = graph_to_document(graph_of(small()))["credentials"][0]
    assert row == TOKEN | {
        "issued_at": None,
        "expires_at": None,
        "revoked_at": None,
        "engagements": [],
        "production_grade": False,
        "name": "token",
        "source": "imported",
    }


@pytest.mark.skipif(not SCENARIOS.exists(), reason="no scenarios beside the project")
def test_every_scenario_is_read_and_written_again() -> None:
    paths = [path for path in SCENARIOS.glob("*.json") if ".expected" not in path.name]
    assert paths
    for path in paths:
        expected = json.loads(path.with_suffix(".expected.json").read_text())
        value = json.loads(path.read_text())
        graph = graph_of(value, now=datetime.fromisoformat(expected["now"]))
        assert meaning(graph_to_document(graph)) == meaning(value), path.name


# --- the schema -----------------------------------------------------------------------------------


def test_the_published_schema_is_that_of_the_table() -> None:
    published = (ROOT / "docs" / "access-graph.schema.json").read_text()
    assert published == schema_text(), (
        "Write it anew: python -m apps.engine.document_schema > docs/access-graph.schema.json"
    )


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(document_schema())


@examples(8)
@given(documents())
def test_what_is_read_and_what_is_written_fit_the_schema(value: dict[str, Any]) -> None:
    SCHEMA.validate(value)
    SCHEMA.validate(graph_to_document(graph_of(value)))


# What a schema cannot say the same way: days that no calendar has, and Python's “$”, which lets a
# line end follow.
_TEXTS = st.sampled_from(
    [
        *["", "x", "acme", "internet", "credential:x", "identity:x", "environment:internet"],
        *["yes", "unknown", "human", "group", "partner", "ci", "corporate", "evaluation", "M4"],
        *["imported", "weights", "api_key", "address", "complete", "active", "none"],
        *["2026-01-31", "2026-01-31T09:30:00Z", "2026-01-31t09:30:00.25+02:00", "2026-13-01"],
        *["2026-01-31T09:30:00", "2026-01-31T09:30:00.1234567Z", "x" * 121, "x" * 1001],
        *["nul\x00", "half\ud800", "a b", "-a", "é"],
    ]
)
_SCALARS = (
    _TEXTS
    | st.none()
    | st.booleans()
    | st.sampled_from([0, 1, -1, 24, 24.0, 1.5, -1.0, 2**63, 10**400, 1e300])
)
_VALUES: st.SearchStrategy[Any] = _SCALARS | st.lists(_SCALARS, max_size=3) | st.just({})


@st.composite
def rough_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents whose rows are right or wrong, by chance."""
    spec = draw(st.sampled_from(LISTS))
    rows = []
    for _ in range(draw(st.integers(0, 2))):
        names = draw(st.sets(st.sampled_from([*spec.by_name, "else"])))
        row: dict[str, Any] = {"key": "k1"}
        if spec.is_relation:
            row = {"from": "identity:x", "to": "x"}
        rows.append(row | {name: draw(_VALUES) for name in sorted(names)})
    return document(**{spec.name: draw(st.just(rows) | _VALUES)})


@examples(50)
@given(rough_documents())
def test_the_schema_and_the_reader_agree_on_what_a_row_may_look_like(value: dict[str, Any]) -> None:
    try:
        faults = read_document(text(value)).faults
    except DocumentError as error:
        faults = error.faults
    assert SCHEMA.is_valid(value) == (not faults), [fault.as_line() for fault in faults]
