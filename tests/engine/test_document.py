"""The reader of the interchange document: what it takes, what it refuses, and in which words."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.models import KEY_PATTERN as KEY_PATTERN_OF_THE_TABLES
from apps.engine import document_types
from apps.engine.document import DocumentError, Fault, Reason, read_document
from apps.engine.document_faults import Faults, TooManyFaultsError
from apps.engine.document_table import LISTS
from apps.engine.values import Graph
from tests.engine.documents import (
    ANN,
    DEFAULTS,
    HOST,
    LAB,
    VENDOR,
    document,
    faults_in,
    graph_of,
    places,
    small,
    the_fault,
)
from tests.examples import examples

FORMAT = '"format": "vendorrisk.access-graph/1"'


# --- the table ------------------------------------------------------------------------------------


def test_the_lists_are_those_of_the_graph_in_its_order() -> None:
    assert tuple(spec.name for spec in LISTS) == Graph._fields


def test_the_fields_of_a_list_are_those_of_its_fact() -> None:
    for spec in LISTS:
        assert tuple(field.attribute for field in spec.fields) == spec.fact._fields


def test_the_defaults_are_those_of_the_format() -> None:
    found = {
        spec.name: {
            field.name: None if field.default is None else field.type.write(field.default)
            for field in spec.fields
            if not field.required and field.name not in ("name", "source")
        }
        for spec in LISTS
    }
    assert found == DEFAULTS


def test_keys_follow_one_pattern_in_documents_and_in_tables() -> None:
    assert document_types.KEY_PATTERN == KEY_PATTERN_OF_THE_TABLES


# --- the document as a whole ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "reason", "field", "words"),
    [
        ("", "bad_value", None, "is empty"),
        (" \n", "bad_value", None, "is empty"),
        ('{"a": 1,\n "b" 2}', "bad_value", None, "line 2, column 6"),
        ("{} {}", "bad_value", None, "line 1, column 4"),
        (b'{"a": "\xff"}', "bad_value", None, "not UTF-8: byte 0xff on line 1, at offset 7"),
        ("{}".encode("utf-16"), "bad_value", None, "not UTF-8"),
        (b"\xef\xbb\xbf{}", "bad_value", None, "byte order mark"),
        ('{"a": "\ud800"}', "bad_value", None, "half of a character"),
        ('{"a": NaN}', "bad_value", None, "NaN"),
        ('{"a": -Infinity}', "bad_value", None, "-Infinity"),
        ('{"a": "\x07"}', "bad_value", None, "control character"),
        ("[]", "wrong_type", None, "is a list"),
        ("null", "wrong_type", None, "is null"),
        ("{}", "missing_field", "format", "vendorrisk.access-graph/1"),
        ('{"format": 1}', "wrong_type", "format", "is a number"),
        ('{"format": "vendorrisk.access-graph/2"}', "bad_value", "format", "only"),
        (f'{{{FORMAT}, "mode": "Merge"}}', "bad_value", "mode", "“merge” or “replace”"),
        (f'{{{FORMAT}, "mode": null}}', "wrong_type", "mode", "is null"),
        (f'{{{FORMAT}, "people": []}}', "unknown_field", "people", "no list of this format"),
        (f"{{{FORMAT}, {FORMAT}}}", "duplicate", "format", "twice"),
        (f'{{{FORMAT}, "vendors": [{{"key": "a", "key": "b"}}]}}', "duplicate", "key", "twice"),
        (f'{{{FORMAT}, "vendors": [{{"x": {{"y": 1, "y": 1}}}}]}}', "duplicate", "y", "twice"),
    ],
)
def test_a_document_that_is_none_is_one_fault_of_the_document(
    value: str | bytes, reason: str, field: str | None, words: str
) -> None:
    fault = the_fault(value)
    assert (fault.list, fault.index, fault.key) == (None, None, None)
    assert (fault.reason, fault.field) == (reason, field)
    assert words in fault.message


def test_a_list_that_is_none_is_one_fault_of_that_list() -> None:
    fault = the_fault(document(vendors={"key": "acme"}, environments=[{"key": "e"}]))
    assert (fault.list, fault.index, fault.field) == ("vendors", None, None)
    assert fault.reason is Reason.WRONG_TYPE


def test_an_unknown_list_hides_no_other_fault_of_the_document() -> None:
    faults = faults_in(document(mode="swap", people=[], roles=[]))
    assert [fault.field for fault in faults] == ["mode", "people", "roles"]


def test_of_very_many_unknown_lists_a_thousand_are_named() -> None:
    faults = faults_in(document(**{f"list{number}": [] for number in range(1500)}))
    assert len(faults) == 1001
    assert "more than 1,000 faults" in faults[-1].message


def test_a_misspelt_list_does_not_make_every_reference_to_it_a_fault() -> None:
    value = small()
    value["enviroments"] = value.pop("environments")
    assert the_fault(value).field == "enviroments"


@pytest.mark.parametrize("opening", ["[", '{"a":', f'{{{FORMAT}, "vendors": ['])
def test_deep_nesting_is_a_fault(opening: str) -> None:
    fault = the_fault(opening * 200_000)
    assert fault.reason is Reason.BAD_VALUE
    assert "nested too deeply" in fault.message


@pytest.mark.parametrize(
    "garbage", [b"x" * 50_000_000, b'"' + b"x" * 50_000_000, b"1" * 50_000_000]
)
def test_fifty_megabytes_of_garbage_are_one_short_fault(garbage: bytes) -> None:
    assert len(the_fault(garbage).as_line()) < 300


def test_a_repeated_key_of_a_thousand_characters_is_shown_in_short() -> None:
    key = "k" * 1000
    assert len(the_fault(f'{{"{key}": 1, "{key}": 2}}').as_line()) < 500


@examples(8)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_whatever_the_bytes_they_are_read_or_refused(value: bytes | str) -> None:
    with contextlib.suppress(DocumentError):
        read_document(value)


_ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@examples(8)
@given(st.data())
def test_whatever_stands_in_the_fields_it_is_read_or_refused(data: st.DataObject) -> None:
    spec = data.draw(st.sampled_from(LISTS))
    names = st.sampled_from([*spec.by_name, "else"])
    rows = st.lists(st.dictionaries(names, _ANY_JSON) | _ANY_JSON, max_size=3)
    value = document(**{spec.name: data.draw(rows)})
    for fault in faults_in(value):
        assert fault.list == spec.name
        assert fault.as_line().isprintable()


def test_an_empty_document_is_an_empty_graph() -> None:
    assert graph_of(document()) == Graph()


# --- rows -----------------------------------------------------------------------------------------


def test_every_bad_row_is_listed_in_the_order_of_the_lists() -> None:
    value = {
        "format": "vendorrisk.access-graph/1",
        "jumps": [{"from": "lab"}],
        "identities": [ANN, 5, {"key": "bob", "kind": "robot"}],
        "environments": [LAB, HOST, {"key": "x", "purpose": "leisure", "colour": "red"}],
        "vendors": [VENDOR, {}, {"key": "no good", "kind": "partner"}],
    }
    assert places(faults_in(value)) == [
        ("vendors", 1, "key", "missing_field"),
        ("vendors", 2, "key", "bad_value"),
        ("environments", 2, "kind", "missing_field"),
        ("environments", 2, "purpose", "bad_value"),
        ("environments", 2, "colour", "unknown_field"),
        ("identities", 1, None, "wrong_type"),
        ("identities", 2, "kind", "bad_value"),
        ("jumps", 0, "to", "missing_field"),
    ]


def test_a_fault_names_list_index_key_and_field_and_says_what_to_do() -> None:
    fault = the_fault(small(vendors=[VENDOR, {"key": "bolt", "kind": "friend"}]))
    assert fault.as_line() == (
        "vendors[1] bolt kind: bad_value: “kind” of vendors[1] is “friend”; write one of partner, "
        "contractor, supplier, subprocessor."
    )
    assert fault.as_json() == {
        "list": "vendors",
        "index": 1,
        "key": "bolt",
        "field": "kind",
        "reason": "bad_value",
        "message": fault.message,
    }


def test_a_fault_of_a_relation_has_no_key() -> None:
    fault = the_fault(small(holds=[{"from": "lab", "to": "token", "key": "x"}]))
    assert (fault.key, fault.field, fault.reason) == (None, "key", "unknown_field")


@pytest.mark.parametrize("name", ["first_seen", "last_seen", "id", "", "Key", "from_"])
def test_a_field_of_another_name_is_unknown(name: str) -> None:
    fault = the_fault(small(vendors=[VENDOR | {name: "2026-01-01T00:00:00Z"}]))
    assert fault.reason is Reason.UNKNOWN_FIELD


def test_an_unprintable_field_name_is_shown_escaped() -> None:
    fault = the_fault(small(vendors=[VENDOR | {"a\nb\ud800\u202e": 1}]))
    assert fault.field == "a\\nb\\ud800\\u202e"


def test_a_million_faults_are_enough() -> None:
    faults = Faults(most=2)
    same = Fault("vendors", 0, None, None, Reason.BAD_VALUE, "wrong")
    faults.add(same)
    faults.add(same)
    with pytest.raises(TooManyFaultsError):
        faults.add(same)
    assert faults.items[:2] == [same, same]
    assert "more than 2 faults" in faults.items[2].message


def test_every_message_is_one_printable_sentence() -> None:
    rows = [{"key": "\u202e", "kind": "\n" * 500, "name": "\x00", "x" * 5000: 1}, "row", {}]
    for spec in LISTS:
        for fault in faults_in(document(**{spec.name: rows})):
            assert fault.as_line().isprintable()
            assert re.fullmatch(r".+[.]", fault.message)
            assert len(fault.as_line()) < 700
