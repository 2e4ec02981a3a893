"""Findings are reconciled: opened, kept, closed, reopened, regraded, rerouted, and it is known."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.accounts import policy
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import NotAllowedError
from apps.engine.canonical import fingerprint
from apps.engine.values import Certainty, Hop, Severity, Unknown, Witness
from apps.engine.values import Finding as Found
from apps.findings.models import Finding, FindingEvent, FindingSource, FindingState
from apps.findings.services import Detected, Reconciled, reconcile
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROUTE = Witness(wire=(Hop("connects", "environment:lab", "environment:host"),))
DETOUR = Witness(
    access=(Hop("jumps", "environment:lab", "environment:bastion"),),
    wire=(Hop("connects", "environment:bastion", "environment:host"),),
)


def found(environment: str = "lab", rule: str = "RT-01", **changes: Any) -> Found:
    subject = changes.pop("subject", {"environment": environment, "deployment": "d"})
    finding = Found(
        rule,
        Certainty.PROVEN,
        Severity.HIGH,
        subject,
        fingerprint(rule, subject),
        "Nobody admitted it.",
        "Admit it.",
        ROUTE,
    )
    return finding._replace(**changes)


def everything_is_seen(_subject: Mapping[str, str]) -> bool:
    return True


def scan(
    *findings: Found,
    run: int = 1,
    vendor: str | None = None,
    rules: Iterable[str] = ("RT-01", "RT-02"),
    is_seen: Callable[[Mapping[str, str]], bool] = everything_is_seen,
    source: Any = FindingSource.SCAN,
) -> Reconciled:
    """Reconcile what a run found; runs are a day apart."""
    return reconcile(
        actor=policy.system_actor(),
        source=source,
        rules=list(rules),
        run=run,
        at=DAY + timedelta(days=run),
        detected=[Detected(finding, vendor) for finding in findings],
        is_seen=is_seen,
    )


def history(finding: Finding) -> list[tuple[str, int | None]]:
    return [(event.kind, event.run) for event in finding.events.all()]


def the_one() -> Finding:
    return Finding.objects.get()


# --- what happens to one finding ------------------------------------------------------------------


def test_what_is_found_first_is_opened_as_it_was_found() -> None:
    unknown = Unknown("environment:lab", "internet_egress")
    done = scan(found(certainty=Certainty.POSSIBLE, rests_on=(unknown,)))
    assert done == Reconciled(opened=1, reopened=0, kept=0, closed=0, not_seen=0, changed=0)
    stored = the_one()
    assert stored.fingerprint == fingerprint("RT-01", {"environment": "lab", "deployment": "d"})
    assert (stored.rule, stored.certainty, stored.severity) == ("RT-01", "possible", "high")
    assert (stored.source, stored.state, stored.times_opened) == ("scan", "open", 1)
    assert stored.subject == {"environment": "lab", "deployment": "d"}
    assert (stored.environment, stored.deployment) == ("lab", "d")
    assert (stored.credential, stored.identity, stored.vendor) == ("", "", None)
    assert (stored.missing, stored.fix) == ("Nobody admitted it.", "Admit it.")
    wire = {"relation": "connects", "from": "environment:lab", "to": "environment:host"}
    assert stored.witness == {"access": [], "wire": [wire], "credential": []}
    assert stored.rests_on == [{"fact": "environment:lab", "field": "internet_egress"}]
    assert stored.first_found_at == stored.opened_at == DAY + timedelta(days=1)
    assert stored.closed_at is None
    event = stored.events.get()
    assert (event.kind, event.run, event.at) == ("opened", 1, stored.opened_at)
    assert event.data == {"certainty": "possible", "severity": "high"}


def test_what_is_found_again_is_kept_and_nothing_is_written() -> None:
    scan(found(), found("ci"), run=1)
    before = list(Finding.objects.values())
    assert scan(found("ci"), found(), run=2) == Reconciled(0, 0, 2, 0, 0, 0)
    assert list(Finding.objects.values()) == before
    assert FindingEvent.objects.count() == 2


def test_what_is_gone_is_closed() -> None:
    scan(found(), found("ci"), run=1)
    assert scan(found("ci"), run=2) == Reconciled(0, 0, 1, closed=1, not_seen=0, changed=0)
    gone = Finding.objects.get(environment="lab")
    assert (gone.state, gone.closed_at) == ("closed", DAY + timedelta(days=2))
    assert history(gone) == [("opened", 1), ("closed", 2)]
    assert gone.events.last().data == {"seen": True}  # type: ignore[union-attr] # it is there
    assert Finding.objects.get(environment="ci").state == "open"


def test_what_was_not_looked_at_is_closed_as_not_seen() -> None:
    scan(found(), found("ci"), run=1)
    done = scan(run=2, is_seen=lambda subject: subject["environment"] == "ci")
    assert (done.closed, done.not_seen) == (2, 1)
    seen = {
        event.finding.environment: event.data["seen"]
        for event in FindingEvent.objects.filter(kind="closed")
    }
    assert seen == {"lab": False, "ci": True}


def test_what_returns_is_reopened_under_its_number() -> None:
    scan(found(), run=1)
    number = the_one().pk
    scan(run=2)
    graver = found(severity=Severity.CRITICAL, witness=DETOUR)
    assert scan(graver, run=3) == Reconciled(0, reopened=1, kept=0, closed=0, not_seen=0, changed=0)
    stored = the_one()
    assert stored.pk == number
    assert (stored.state, stored.closed_at, stored.times_opened) == ("open", None, 2)
    assert stored.first_found_at == DAY + timedelta(days=1)
    assert stored.opened_at == DAY + timedelta(days=3)
    assert stored.severity == "critical"
    assert stored.witness["access"][0]["to"] == "environment:bastion"
    assert history(stored) == [("opened", 1), ("closed", 2), ("reopened", 3)]
    assert stored.events.last().data == {  # type: ignore[union-attr] # it is there
        "certainty": "proven",
        "severity": "critical",
    }


def test_what_is_closed_and_still_gone_is_left_alone() -> None:
    scan(found(), run=1)
    scan(run=2)
    before = list(Finding.objects.values())
    assert scan(run=3) == Reconciled(0, 0, 0, 0, 0, 0)
    assert list(Finding.objects.values()) == before
    assert FindingEvent.objects.count() == 2


@pytest.mark.parametrize(
    "change", [{"severity": Severity.CRITICAL}, {"certainty": Certainty.POSSIBLE}]
)
def test_another_grade_is_taken_over_and_written_down(change: dict[str, Any]) -> None:
    scan(found(), run=1)
    assert scan(found(**change), run=2) == Reconciled(0, 0, kept=1, closed=0, not_seen=0, changed=1)
    stored = the_one()
    grade = {"certainty": stored.certainty, "severity": stored.severity}
    assert grade == {"certainty": "proven", "severity": "high"} | {
        name: str(value) for name, value in change.items()
    }
    assert history(stored) == [("opened", 1), ("regraded", 2)]
    assert stored.events.last().data == {  # type: ignore[union-attr] # it is there
        "before": {"certainty": "proven", "severity": "high"},
        "after": grade,
    }
    assert stored.times_opened == 1
    assert stored.opened_at == DAY + timedelta(days=1)


def test_another_route_is_taken_over_and_the_old_one_remembered() -> None:
    scan(found(), run=1)
    before = the_one().witness
    assert scan(found(witness=DETOUR), run=2).changed == 1
    stored = the_one()
    assert stored.witness != before
    assert history(stored) == [("opened", 1), ("rerouted", 2)]
    assert stored.events.last().data == {"before": before}  # type: ignore[union-attr] # it is there


def test_a_new_grade_and_a_new_route_are_two_events() -> None:
    scan(found(), run=1)
    assert scan(found(witness=DETOUR, severity=Severity.LOW), run=2).changed == 1
    assert history(the_one()) == [("opened", 1), ("regraded", 2), ("rerouted", 2)]


def test_other_words_are_taken_over_without_an_event() -> None:
    scan(found(), run=1)
    unknown = Unknown("environment:lab", "mfa")
    for change in ({"missing": "It."}, {"fix": "Do it."}, {"rests_on": (unknown,)}):
        assert scan(found(**change), run=2).changed == 1
        field, value = next(iter(change.items()))
        stored = getattr(the_one(), field)
        assert stored == ([unknown._asdict()] if field == "rests_on" else value)
    assert history(the_one()) == [("opened", 1)]


# --- whose affair it is ---------------------------------------------------------------------------


def test_a_finding_is_filed_under_its_vendor_and_follows_it() -> None:
    acme, bolt = VendorFactory.create(key="acme"), VendorFactory.create(key="bolt")
    scan(found(), vendor="acme", run=1)
    assert the_one().vendor == acme
    assert scan(found(), vendor="bolt", run=2).changed == 1
    assert the_one().vendor == bolt
    assert scan(found(), vendor=None, run=3).changed == 1
    assert the_one().vendor is None
    scan(run=4)
    scan(found(), vendor="acme", run=5)
    assert the_one().vendor == acme
    assert history(the_one()) == [("opened", 1), ("closed", 4), ("reopened", 5)]


def test_a_finding_of_a_vendor_that_has_just_been_deleted_becomes_ours() -> None:
    scan(found(), vendor="gone", run=1)
    assert the_one().vendor is None
    assert scan(found(), vendor="gone", run=2).changed == 0


# --- which findings it is about -------------------------------------------------------------------


def test_a_finding_of_another_source_is_left_alone() -> None:
    scan(found(), found("ci"), run=1)
    Finding.objects.filter(environment="lab").update(source="review")
    scan(found("desk"), run=2)
    theirs = Finding.objects.get(environment="lab")
    assert (theirs.state, theirs.source) == ("open", "review")
    assert history(theirs) == [("opened", 1)]
    assert Finding.objects.get(environment="ci").state == "closed"


def test_what_another_source_has_found_already_is_not_taken_from_it() -> None:
    scan(found(), run=1)
    Finding.objects.update(source="review")
    before = Finding.objects.values().get()
    scan(found(severity=Severity.LOW, witness=DETOUR), run=2)
    assert Finding.objects.values().get() == before
    Finding.objects.update(state=FindingState.CLOSED, stage="closed", closed_at=DAY)
    scan(found(), run=3)
    assert the_one().state == "closed"
    assert history(the_one()) == [("opened", 1)]


def test_a_rule_that_the_source_does_not_look_at_closes_nothing() -> None:
    scan(found(), found(rule="RT-02"), run=1)
    assert scan(rules=["RT-02"], run=2).closed == 1
    assert Finding.objects.get(rule="RT-01").state == "open"
    assert Finding.objects.get(rule="RT-02").state == "closed"


def test_nothing_found_where_nothing_stood_writes_nothing() -> None:
    assert scan() == Reconciled(0, 0, 0, 0, 0, 0)
    assert not Finding.objects.exists()
    assert not FindingEvent.objects.exists()


def test_one_thing_found_twice_at_once_is_refused_whole() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        scan(found("ci"), found(), found())
    assert not Finding.objects.exists()
    assert scan(found()).opened == 1  # nothing is left of the attempt


# --- numbers --------------------------------------------------------------------------------------


def test_the_gravest_get_the_lowest_numbers() -> None:
    findings = [
        found(f"{severity}-{n}", rule, severity=severity)
        for severity in Severity
        for n in range(3)
        for rule in ("RT-02", "RT-01")
    ]
    Random(1).shuffle(findings)
    scan(*findings)
    stored = list(Finding.objects.order_by("id"))
    order = ["critical", "high", "medium", "low"]
    assert [(f.severity, f.rule) for f in stored] == sorted(
        ((f.severity, f.rule) for f in stored), key=lambda pair: (order.index(pair[0]), pair[1])
    )
    assert [f.pk for f in stored] == list(range(stored[0].pk, stored[0].pk + len(stored)))
    assert [event.finding_id for event in FindingEvent.objects.all()] == [f.pk for f in stored]


def test_numbers_go_on_where_they_stopped() -> None:
    scan(found("b", severity=Severity.LOW), run=1)
    scan(found("b", severity=Severity.LOW), found("a", severity=Severity.CRITICAL), run=2)
    scan(run=3)
    scan(found("a", severity=Severity.CRITICAL), found("b"), found("c"), run=4)
    assert [f.environment for f in Finding.objects.order_by("id")] == ["b", "a", "c"]


# --- who and how ----------------------------------------------------------------------------------


def test_people_cannot_record_findings(bob: User, alice: User, charlie: User) -> None:
    for person in (bob, alice, charlie):
        with pytest.raises(NotAllowedError):
            reconcile(
                actor=person,
                source=FindingSource.SCAN,
                rules=["RT-01"],
                run=1,
                at=DAY,
                detected=[Detected(found(), None)],
                is_seen=everything_is_seen,
            )
    assert not Finding.objects.exists()


def test_the_caller_leaves_the_entry_in_the_log() -> None:
    scan(found())
    assert not AuditEntry.objects.exists()


def test_what_fails_while_it_is_handed_over_changes_nothing() -> None:
    scan(found(), run=1)

    def broken() -> Iterable[Detected]:
        yield Detected(found("ci"), None)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError), transaction.atomic():
        reconcile(
            actor=policy.system_actor(),
            source=FindingSource.SCAN,
            rules=["RT-01"],
            run=2,
            at=DAY,
            detected=broken(),
            is_seen=everything_is_seen,
        )
    assert the_one().state == "open"
    assert FindingEvent.objects.count() == 1


def test_many_findings_take_no_more_queries_than_a_few() -> None:
    policy.system_actor()
    VendorFactory.create(key="acme")
    counts: dict[int, list[int]] = {}
    for size in (2, 60):
        many = [found(f"{size}-{n}") for n in range(size)]
        for findings in (many, many, many[::2], many, []):
            with CaptureQueriesContext(connection) as queries:
                scan(*findings, vendor="acme", run=1)
            counts.setdefault(size, []).append(len(queries))
    assert counts[2] == counts[60]


def test_texts_with_tabs_quotes_and_every_alphabet_come_back() -> None:
    words = 'tab\there, \\N back\\slash, newline\n, "quotes", “ü” 東京 \U0001f512 %(id)s;\n'
    scan(found(missing=words, fix=words))
    stored = the_one()
    assert (stored.missing, stored.fix) == (words, words)
