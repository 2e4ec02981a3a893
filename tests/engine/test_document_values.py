"""The values of the interchange document, type by type: what is taken, what is refused."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from apps.engine.document import Reason
from apps.engine.values import Logging, YesNo
from tests.engine.documents import (
    ANN,
    DEPLOYMENT,
    HOST,
    LAB,
    MODEL,
    TOKEN,
    VENDOR,
    document,
    graph_of,
    small,
    text,
    the_fault,
)

# --- keys and references --------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["a", "A1", "a.b_c@d/e+f-g", "0", "x" * 120, "INTERNET"])
def test_keys_are_letters_digits_and_six_signs(key: str) -> None:
    assert graph_of(document(vendors=[{"key": key, "kind": "partner"}])).vendors[0].key == key


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "bad_value"),
        ("-a", "bad_value"),
        ("a b", "bad_value"),
        ("a:b", "bad_value"),
        ("é", "bad_value"),
        ("a\n", "bad_value"),
        ("a\x00", "bad_value"),
        ("x" * 121, "bad_value"),
        ("internet", "bad_value"),
        (None, "bad_value"),
        (5, "wrong_type"),
        (["a"], "wrong_type"),
    ],
)
def test_another_key_is_refused(key: Any, reason: str) -> None:
    fault = the_fault(document(vendors=[{"key": key, "kind": "partner"}]))
    assert (fault.field, fault.reason) == ("key", reason)


def test_the_key_of_a_fault_is_shown_as_it_is_written() -> None:
    assert the_fault(document(vendors=[{"key": "x" * 121, "kind": "partner"}])).key == "x" * 121


@pytest.mark.parametrize(
    ("lists", "field"),
    [
        ({"vendors": [VENDOR | {"engaged_by": "internet"}]}, "engaged_by"),
        ({"jumps": [{"from": "internet", "to": "lab"}]}, "from"),
        ({"connects": [{"from": "lab", "to": "internet"}]}, "to"),
        ({"grants": [{"from": "credential:internet", "to": "d"}]}, "from"),
        ({"grants": [{"from": "internet", "to": "d"}]}, "from"),
        ({"administers": [{"from": "ann", "to": "environment:internet"}]}, "to"),
    ],
)
def test_the_internet_may_only_be_where_a_connection_comes_from(
    lists: dict[str, Any], field: str
) -> None:
    fault = the_fault(small(**lists))
    assert (fault.field, fault.reason) == (field, Reason.BAD_VALUE)


def test_a_connection_may_come_from_the_internet() -> None:
    graph = graph_of(small(connects=[{"from": "internet", "to": "lab"}]))
    assert graph.connects[0].from_ == "internet"


@pytest.mark.parametrize(
    ("lists", "field"),
    [
        ({"grants": [{"from": "token", "to": "d"}]}, "from"),
        ({"grants": [{"from": "environment:lab", "to": "d"}]}, "from"),
        ({"grants": [{"from": "Credential:token", "to": "d"}]}, "from"),
        ({"administers": [{"from": "ann", "to": "lab"}]}, "to"),
        ({"administers": [{"from": "ann", "to": "credential:token"}]}, "to"),
    ],
)
def test_a_reference_into_several_lists_says_which(lists: dict[str, Any], field: str) -> None:
    fault = the_fault(small(**lists))
    assert (fault.field, fault.reason) == (field, Reason.BAD_VALUE)
    assert ":KEY”" in fault.message


@pytest.mark.parametrize("value", [5, True, {}, ["acme"]])
def test_a_reference_is_text(value: Any) -> None:
    fault = the_fault(small(environments=[HOST, LAB | {"vendor": value}]))
    assert (fault.field, fault.reason) == ("vendor", Reason.WRONG_TYPE)


# --- the other types ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("yes", YesNo.YES),
        ("no", YesNo.NO),
        ("unknown", YesNo.UNKNOWN),
        (True, YesNo.YES),
        (False, YesNo.NO),
        (None, YesNo.UNKNOWN),
    ],
)
def test_yes_no_and_unknown_may_be_true_and_false(value: Any, meant: YesNo) -> None:
    graph = graph_of(document(identities=[{"key": "ann", "kind": "human", "mfa": value}]))
    assert graph.identities[0].mfa is meant


@pytest.mark.parametrize(
    ("value", "reason"), [("true", "bad_value"), ("Yes", "bad_value"), ("", "bad_value")]
)
def test_other_words_are_no_answer(value: Any, reason: str) -> None:
    assert the_fault(small(identities=[ANN | {"mfa": value}])).reason == reason


@pytest.mark.parametrize(
    ("list_name", "row", "field", "value", "reason"),
    [
        ("identities", ANN, "mfa", 1, "wrong_type"),
        ("identities", ANN, "mfa", [], "wrong_type"),
        ("identities", ANN, "kind", True, "wrong_type"),
        ("identities", ANN, "kind", "Human", "bad_value"),
        ("identities", ANN, "kind", None, "bad_value"),
        ("identities", ANN, "source", "guessed", "bad_value"),
        ("environments", LAB, "inventory", True, "wrong_type"),
        ("deployments", DEPLOYMENT, "logging", False, "wrong_type"),
        ("deployments", DEPLOYMENT, "purpose", "corporate", "bad_value"),
        ("deployments", DEPLOYMENT, "model", None, "bad_value"),
        ("models", MODEL, "sensitivity", "M5", "bad_value"),
        ("models", MODEL, "sensitivity", "m3", "bad_value"),
        ("credentials", TOKEN, "production_grade", "yes", "wrong_type"),
        ("credentials", TOKEN, "production_grade", 1, "wrong_type"),
        ("credentials", TOKEN, "engagements", "red", "wrong_type"),
        ("credentials", TOKEN, "engagements", ["red", 5], "wrong_type"),
        ("credentials", TOKEN, "engagements", ["red", None], "wrong_type"),
        ("credentials", TOKEN, "engagements", ["red", "red"], "duplicate"),
        ("credentials", TOKEN, "engagements", ["x" * 201], "bad_value"),
        ("vendors", VENDOR, "name", "x" * 1001, "bad_value"),
        ("vendors", VENDOR, "name", "a\x00b", "bad_value"),
        ("vendors", VENDOR, "name", "a\udfffb", "bad_value"),
        ("vendors", VENDOR, "name", 5, "wrong_type"),
    ],
)
def test_a_value_of_another_kind_is_refused(
    list_name: str, row: dict[str, Any], field: str, value: Any, reason: str
) -> None:
    others = [each for each in small()[list_name] if each["key"] != row["key"]]
    fault = the_fault(small(**{list_name: [*others, row | {field: value}]}))
    assert (fault.list, fault.index, fault.field) == (list_name, len(others), field)
    assert fault.reason == reason


def test_null_sets_the_default() -> None:
    row = dict.fromkeys(("mfa", "vendor", "status", "name", "source")) | {
        "key": "ann",
        "kind": "human",
    }
    assert graph_of(document(identities=[row])) == graph_of(
        document(identities=[{"key": "ann", "kind": "human"}])
    )


def test_no_log_and_no_answer_are_different() -> None:
    none, left = (
        graph_of(small(deployments=[DEPLOYMENT | stated])).deployments[0].logging
        for stated in ({"logging": "none"}, {"logging": None})
    )
    assert (none, left) == (Logging.NONE, Logging.UNKNOWN)


def test_the_name_is_the_key_unless_it_is_stated() -> None:
    rows = [
        {"key": "a", "kind": "partner"},
        {"key": "b", "kind": "partner", "name": None},
        {"key": "c", "kind": "partner", "name": ""},
        {"key": "d", "kind": "partner", "name": "x" * 1000},
    ]
    names = [vendor.name for vendor in graph_of(document(vendors=rows)).vendors]
    assert names == ["a", "b", "", "x" * 1000]


def test_a_relation_may_carry_a_name_and_a_source() -> None:
    holds = [
        {"from": "lab", "to": "token", "name": "in a notebook", "source": "declared"},
        {"from": "host", "to": "token", "name": None},
    ]
    found = graph_of(small(holds=holds)).holds
    assert [(each.name, each.source) for each in found] == [
        ("in a notebook", "declared"),
        ("", "imported"),
    ]


def test_notes_and_evidence_may_be_long_and_may_be_empty() -> None:
    exposure = {"key": "x", "kind": "name", "targets": ["deployment:d"]}
    exposure["seen_at"] = "2026-01-01T00:00:00Z"
    for note in ("", "x" * 100_000, "line\nline\ttab"):
        assert graph_of(small(exposures=[exposure | {"note": note}])).exposures[0].note == note
    assert the_fault(small(exposures=[exposure | {"note": "x" * 100_001}])).field == "note"


# --- times, days, numbers -------------------------------------------------------------------------


def issued(value: Any) -> Any:
    return small(credentials=[TOKEN | {"issued_at": value}])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-01-31T09:30:00Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31t09:30:00z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00+05:45", datetime(2026, 1, 31, 3, 45, tzinfo=UTC)),
        ("2026-01-31T23:30:00-01:00", datetime(2026, 2, 1, 0, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00-00:00", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00.5Z", datetime(2026, 1, 31, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T09:30:00.123456Z", datetime(2026, 1, 31, 9, 30, 0, 123_456, tzinfo=UTC)),
        ("2026-01-31T09:30:00.123456000Z", datetime(2026, 1, 31, 9, 30, 0, 123_456, tzinfo=UTC)),
        ("2026-01-31T09:30:00.123456789Z", datetime(2026, 1, 31, 9, 30, 0, 123_456, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_an_instant_in_any_zone(written: str, meant: datetime) -> None:
    found = graph_of(issued(written)).credentials[0].issued_at
    assert found == meant
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31T09:30:00",
        "2026-01-31T09:30:00.123",
        "2026-01-31",
        "2026-01-31 09:30:00Z",
        "2026-01-31T09:30Z",
        "2026-01-31T09:30:00+0200",
        "2026-01-31T09:30:00+02",
        "2026-01-31T09:30:00+24:00",
        "2026-01-31T09:30:00+02:60",
        "2026-01-31T09:30:00.Z",
        "2026-01-31T09:30:00,5Z",
        "2026-01-31T24:00:00Z",
        "2026-12-31T23:59:61Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-W05-6T09:30:00Z",
        "20260131T093000Z",
        "\uff12\uff10\uff12\uff16-01-31T09:30:00Z",
        " 2026-01-31T09:30:00Z",
        "2026-01-31T09:30:00Z\n",
        "now",
        "",
    ],
)
def test_another_time_is_a_bad_value(written: str) -> None:
    fault = the_fault(issued(written))
    assert (fault.field, fault.reason) == ("issued_at", Reason.BAD_VALUE)


def test_a_time_without_a_zone_is_told_what_it_lacks() -> None:
    assert "without a zone" in the_fault(issued("2026-01-31T09:30:00")).message


@pytest.mark.parametrize("value", [0, 1767225600, 1.5, True, [], {}])
def test_a_time_is_text(value: Any) -> None:
    assert the_fault(issued(value)).reason is Reason.WRONG_TYPE


def contract(**fields: Any) -> Any:
    return small(contracts=[{"key": "k", "vendor": "acme", "starts_on": "2026-01-31"} | fields])


def test_a_day_is_a_calendar_day() -> None:
    found = graph_of(contract(ends_on="2028-02-29")).contracts[0]
    assert (found.starts_on, found.ends_on) == (date(2026, 1, 31), date(2028, 2, 29))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2026-01-31T00:00:00Z", "bad_value"),
        ("2026-02-29", "bad_value"),
        ("2026-1-31", "bad_value"),
        ("20260131", "bad_value"),
        ("2026-W05-6", "bad_value"),
        ("0000-01-01", "bad_value"),
        ("", "bad_value"),
        (20260131, "wrong_type"),
    ],
)
def test_another_day_is_refused(value: Any, reason: str) -> None:
    fault = the_fault(contract(starts_on=value))
    assert (fault.field, fault.reason) == ("starts_on", reason)


@pytest.mark.parametrize(("written", "meant"), [("24", 24), ("24.0", 24), ("-0", 0), ("1e2", 100)])
def test_hours_are_a_whole_number(written: str, meant: int) -> None:
    value = text(contract(breach_notice_hours=-77)).replace("-77", written)
    found = graph_of(json.loads(value)).contracts[0].breach_notice_hours
    assert (found, type(found)) == (meant, int)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("1.5", "wrong_type"),
        ("-0.5", "wrong_type"),
        ("true", "wrong_type"),
        ('"24"', "wrong_type"),
        ("[24]", "wrong_type"),
        ("-1", "bad_value"),
        ("-1.0", "bad_value"),
        ("9223372036854775808", "bad_value"),
        ("1e400", "bad_value"),
        ("-1e400", "bad_value"),
        ("9" * 5000, "bad_value"),
        ("0." + "1" * 5000, "bad_value"),
    ],
)
def test_other_hours_are_refused(written: str, reason: str) -> None:
    fault = the_fault(text(contract(breach_notice_hours=-77)).replace("-77", written))
    assert (fault.field, fault.reason) == ("breach_notice_hours", reason)


# --- lists within rows ----------------------------------------------------------------------------

CONNECTION = {"from": "lab", "to": "host"}


def test_a_connection_admits_every_deployment_unless_it_names_some() -> None:
    rows = [CONNECTION, CONNECTION | {"from": "internet", "deployments": ["d"]}]
    admitted = [each.deployments for each in graph_of(small(connects=rows)).connects]
    assert admitted == [None, ("d",)]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "bad_value"),
        ("d", "wrong_type"),
        ([5], "wrong_type"),
        ([None], "wrong_type"),
        (["d", "d"], "duplicate"),
        (["internet"], "bad_value"),
    ],
)
def test_another_list_of_deployments_is_refused(value: Any, reason: str) -> None:
    fault = the_fault(small(connects=[CONNECTION | {"deployments": value}]))
    assert (fault.field, fault.reason) == ("deployments", reason)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "bad_value"),
        (None, "bad_value"),
        (["d"], "bad_value"),
        (["vendor:acme"], "bad_value"),
        (["deployment:d", "deployment:d"], "duplicate"),
        ("deployment:d", "wrong_type"),
    ],
)
def test_another_list_of_targets_is_refused(value: Any, reason: str) -> None:
    exposure = {"key": "x", "kind": "name", "seen_at": "2026-01-01T00:00:00Z", "targets": value}
    fault = the_fault(small(exposures=[exposure]))
    assert (fault.field, fault.reason) == ("targets", reason)


def test_lists_of_engagements_and_subcontractors_may_be_empty() -> None:
    graph = graph_of(contract(subcontractors=[]) | {"credentials": [TOKEN | {"engagements": []}]})
    assert (graph.contracts[0].subcontractors, graph.credentials[0].engagements) == ((), ())


def test_the_order_of_a_list_says_nothing() -> None:
    one, other = (
        graph_of(small(credentials=[TOKEN | {"engagements": names}])).credentials[0]
        for names in (["b", "a"], ["a", "b"])
    )
    assert one == other
