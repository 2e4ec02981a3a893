"""Ends and starts: which is compared with which, and when."""

from typing import Any

import pytest

from tests.engine.documents import NOW, TOKEN, document, faults_in, found, graph_of, small

ENTRY = {"key": "entry", "model": "m", "purpose": "production"}

SPANS: list[tuple[str, dict[str, Any], str, str]] = [
    ("credentials", TOKEN | {"key": "new"}, "issued_at", "expires_at"),
    ("allowlist", ENTRY, "approved_at", "expires_at"),
    (
        "exposures",
        {"key": "x", "kind": "name", "targets": ["deployment:d"]},
        "seen_at",
        "closed_at",
    ),
    ("drills", {"key": "r", "vendor": "acme", "model": "m"}, "started_at", "confirmed_at"),
    ("contracts", {"key": "k", "vendor": "acme"}, "starts_on", "ends_on"),
]


@pytest.mark.parametrize(("name", "row", "start", "end"), SPANS)
def test_an_end_is_not_before_its_start(
    name: str, row: dict[str, Any], start: str, end: str
) -> None:
    early, late = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000001Z")
    if start.endswith("_on"):
        early, late = ("2026-01-01", "2026-01-02")
    state = graph_of(small())
    for first, last, is_right in [(early, late, True), (early, early, True), (late, early, False)]:
        value = document(**{name: [row | {start: first, end: last}]})
        assert found(value, state) == ([] if is_right else [(name, 0, end, "end_before_start")])


def test_an_end_is_compared_with_the_start_that_stands() -> None:
    state = graph_of(small(credentials=[TOKEN | {"issued_at": "2026-01-01T00:00:00Z"}]))
    value = document(credentials=[{"key": "token", "expires_at": "2025-01-01T00:00:00Z"}])
    assert found(value, state) == [("credentials", 0, "expires_at", "end_before_start")]


def test_instants_are_compared_not_their_texts() -> None:
    times = {"issued_at": "2026-01-01T00:30:00+02:00", "expires_at": "2025-12-31T23:00:00Z"}
    assert found(small(credentials=[TOKEN | times])) == []


def test_a_credential_may_be_revoked_before_it_is_issued() -> None:
    times = {"issued_at": "2026-01-01T00:00:00Z", "revoked_at": "2025-01-01T00:00:00Z"}
    assert found(small(credentials=[TOKEN | times])) == []


@pytest.mark.parametrize(
    ("approved_at", "is_right"),
    [("2026-06-01T12:00:00Z", False), ("2026-06-01T12:00:00.000001Z", True)],
)
def test_an_approval_that_lies_ahead_has_no_end_to_be_before(
    approved_at: str, is_right: bool
) -> None:
    entry = ENTRY | {"approved_at": approved_at, "expires_at": "2026-05-01T00:00:00Z"}
    faults = found(small(allowlist=[entry]))
    assert faults == ([] if is_right else [("allowlist", 0, "expires_at", "end_before_start")])


def test_what_stands_may_be_stated_again_when_its_approval_lies_ahead_no_more() -> None:
    times = {"approved_at": "2026-06-02T00:00:00Z", "expires_at": "2026-05-01T00:00:00Z"}
    value = small(allowlist=[ENTRY | times])
    state = graph_of(value)
    assert faults_in(value, state, now=NOW.replace(year=2027)) == []


def test_a_time_that_is_refused_is_not_compared() -> None:
    times = {"issued_at": "2026-01-01", "expires_at": "2025-01-01T00:00:00Z"}
    assert found(small(credentials=[TOKEN | times])) == [
        ("credentials", 0, "issued_at", "bad_value")
    ]
