"""The catalogue of rules: complete, and severities stepped as the rules say."""

import pytest

from apps.engine.catalogue import BOUNDARY_RULES, CONTROLS, RULES, Grading, severity
from apps.engine.reference import Rules
from apps.engine.values import Sensitivity, Severity

M3, M4 = Sensitivity.M3, Sensitivity.M4


def test_there_are_twenty_rules_in_order() -> None:
    assert list(RULES) == [f"RT-{n:02}" for n in range(1, 21)]


def test_every_rule_of_a_document_has_a_definition_and_no_other_has() -> None:
    for rule in RULES.values():
        assert hasattr(Rules, rule.id.lower().replace("-", "_")) == rule.from_document


def test_the_boundary_rules_are_the_six() -> None:
    assert {"RT-01", "RT-02", "RT-03", "RT-04", "RT-14", "RT-17"} == BOUNDARY_RULES


def test_every_control_of_a_rule_has_a_name() -> None:
    assert {control for rule in RULES.values() for control in rule.controls} <= set(CONTROLS)


@pytest.mark.parametrize(
    ("rule", "grading", "expected"),
    [
        ("RT-01", Grading(M3), Severity.CRITICAL),
        ("RT-01", Grading(M3, usable=False), Severity.HIGH),
        ("RT-01", Grading(M3, usable=False, own=True), Severity.MEDIUM),
        ("RT-01", Grading(M4, usable=False, own=True), Severity.HIGH),
        ("RT-02", Grading(M3, deep=True), Severity.CRITICAL),
        ("RT-02", Grading(M4, deep=True, usable=False), Severity.HIGH),  # one step, even when both
        ("RT-13", Grading(M3, own=True), Severity.LOW),
        ("RT-13", Grading(M3, usable=False, own=True), Severity.LOW),  # clamped once, at the end
        ("RT-06", Grading(M3, own=True, usable=False), Severity.CRITICAL),
        ("RT-08", Grading(M3, own=True, service_account=True), Severity.MEDIUM),
        ("RT-08", Grading(M3, own=True), Severity.HIGH),
        ("RT-08", Grading(M4, own=True, service_account=True), Severity.HIGH),
        ("RT-15", Grading(M3, open_to_internet=True), Severity.CRITICAL),
        ("RT-15", Grading(M3), Severity.HIGH),
        ("RT-18", Grading(M3, deep=True, usable=False, own=True), Severity.LOW),
        ("RT-18", Grading(M4, usable=False), Severity.MEDIUM),
        ("RT-19", Grading(M4), Severity.HIGH),
        ("RT-20", Grading(M4), Severity.CRITICAL),
    ],
)
def test_a_severity_is_stepped_from_its_base(
    rule: str, grading: Grading, expected: Severity
) -> None:
    assert severity(RULES[rule], grading) is expected
