"""A run and the run before: what is stored is what the engine says, and so is the difference."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.access.models import (
    AIModel,
    AllowlistEntry,
    Connects,
    Environment,
    PairReach,
    ReachChange,
    ScanRun,
)
from apps.access.selectors.graph_rows import stored_graph
from apps.access.services.analysis import scan_now
from apps.accounts import policy
from apps.engine.analysis import Answer, analyse
from apps.engine.catalogue import RULES
from apps.engine.scan_document import WitnessWriter
from apps.engine.values import Finding as Found
from apps.engine.values import ReachKind
from apps.findings.models import Finding, FindingEvent
from tests.access.interchange import at
from tests.access.scanning import put, sound_graph, varied
from tests.engine.documents import HOST, LAB, document, small
from tests.engine.graphs import NOW
from tests.examples import examples

pytestmark = pytest.mark.django_db

LADDER = [ReachKind.NONE, ReachKind.CREDENTIAL_ONLY, ReachKind.NETWORK_ONLY, ReachKind.USABLE]


@pytest.fixture(autouse=True)
def _imports_happen_then(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, NOW)


def scan(now: datetime = NOW) -> ScanRun:
    """Scan what is stored, as the system does."""
    run, _answer = scan_now(actor=policy.system_actor(), now=now)
    return run


def nothing(*names: str) -> dict[str, int]:
    return dict.fromkeys(names, 0)


# --- what is stored is what the engine says -------------------------------------------------------


class Stored:
    """What stands after a run, in the words of the engine, to be compared in Python."""

    def __init__(self) -> None:
        findings = list(Finding.objects.select_related("vendor"))
        self.open = {f.fingerprint: as_stored(f) for f in findings if f.state == "open"}
        self.closed = {f.fingerprint for f in findings if f.state == "closed"}
        self.pairs = {
            (p.environment.key, p.deployment.key): (p.reach, p.proven, p.verdict)
            for p in PairReach.objects.select_related("environment", "deployment")
        }

    def is_what(self, answer: Answer) -> None:
        owners = vendors_by_key()
        assert self.open == {f.fingerprint: as_found(f, owners) for f in answer.findings()}
        assert not self.closed & self.open.keys()
        assert self.pairs == {
            (reach.environment, reach.deployment): (reach.reach, reach.proven, verdict)
            for reach, verdict in answer.pairs()
        }


def vendors_by_key() -> dict[str, dict[str, str | None]]:
    """Whose each environment, identity and entry is."""
    graph = stored_graph()
    return {
        "environment": {e.key: e.vendor for e in graph.environments},
        "identity": {i.key: i.vendor for i in graph.identities},
        "entry": {a.key: a.vendor for a in graph.allowlist},
    }


class Row(NamedTuple):
    rule: str
    certainty: str
    severity: str
    subject: dict[str, str]
    missing: str
    fix: str
    witness: Any
    rests_on: Any
    vendor: str | None


def as_stored(finding: Finding) -> Row:
    return Row(
        finding.rule,
        finding.certainty,
        finding.severity,
        finding.subject,
        finding.missing,
        finding.fix,
        finding.witness,
        finding.rests_on,
        finding.vendor.key if finding.vendor else None,
    )


def as_found(finding: Found, owners: dict[str, dict[str, str | None]]) -> Row:
    return Row(
        finding.rule,
        finding.certainty,
        finding.severity,
        dict(finding.subject),
        finding.missing,
        finding.fix,
        json.loads(WitnessWriter()(finding.witness)),
        [unknown._asdict() for unknown in finding.rests_on],
        filed_under(finding.subject, owners),
    )


def filed_under(subject: Any, owners: dict[str, dict[str, str | None]]) -> str | None:
    if "vendor" in subject:
        return str(subject["vendor"])
    for kind in ("environment", "identity", "entry"):
        if kind in subject:
            return owners[kind][subject[kind]]
    return None


def expected_drift(before: Stored, after: Stored, run: ScanRun) -> dict[str, Any]:
    """The drift as set differences."""
    opened = after.open.keys() - before.open.keys()
    gone = before.open.keys() - after.open.keys()
    kept = before.open.keys() & after.open.keys()
    seen = Liveness(run)
    steps = Counter[str]()
    for pair in before.pairs.keys() | after.pairs.keys():
        old, new = (stored.pairs.get(pair, ("none", "none", None)) for stored in (before, after))
        if (old[0], old[2]) == (new[0], new[2]):
            continue
        up = LADDER.index(ReachKind(new[0])) - LADDER.index(ReachKind(old[0]))
        if new[0] == "none" and not seen.pair(*pair):
            steps["not_seen"] += 1
        else:
            steps["gained" if up > 0 else "lost" if up < 0 else "regraded"] += 1
    return {
        "findings": {
            "opened": len(opened - before.closed),
            "reopened": len(opened & before.closed),
            "kept": len(kept),
            "closed": len(gone),
            "not_seen": sum(not seen.subject(before.open[f].subject) for f in gone),
            "changed": sum(before.open[f] != after.open[f] for f in kept),
        },
        "reach": nothing("gained", "lost", "regraded", "not_seen") | steps,
    }


class Liveness:
    """What of the facts a scan looked at, from the definition of live."""

    def __init__(self, run: ScanRun) -> None:
        graph, now = stored_graph(), run.now
        assert now
        environments = {e.key for e in graph.environments if e.status == "active"}
        sensitive = {m.key for m in graph.models if m.sensitivity.is_sensitive}
        identities = {i.key for i in graph.identities if i.status == "active"}
        self.live: dict[str, set[str]] = {
            "environment": environments,
            "identity": identities,
            "deployment": {
                d.key
                for d in graph.deployments
                if d.environment in environments and d.model in sensitive
            },
            "credential": {
                c.key
                for c in graph.credentials
                if c.identity in identities
                and (c.issued_at is None or c.issued_at <= now)
                and (c.expires_at is None or c.expires_at > now)
                and (c.revoked_at is None or c.revoked_at > now)
            },
            "entry": {
                a.key
                for a in graph.allowlist
                if a.approved_at is not None
                and a.approved_at <= now
                and (a.expires_at is None or a.expires_at > now)
                and (a.environment is None or a.environment in environments)
            },
            "exposure": {
                x.key
                for x in graph.exposures
                if x.seen_at <= now and (x.closed_at is None or x.closed_at > now)
            },
            "vendor": {v.key for v in graph.vendors},
            "model": {m.key for m in graph.models},
        }

    def subject(self, subject: dict[str, str]) -> bool:
        return all(key in self.live[kind] for kind, key in subject.items())

    def pair(self, environment: str, deployment: str) -> bool:
        return self.subject({"environment": environment, "deployment": deployment})


def assert_changes_are_kept(before: Stored, after: Stored, run: ScanRun) -> None:
    """The rows of the drift: each pair whose reach or verdict differs, once, in order."""
    kept = [
        (c.environment, c.deployment, c.before, c.after, c.verdict_before, c.verdict_after)
        for c in ReachChange.objects.filter(run=run).order_by("id")
    ]
    nowhere = ("none", "none", None)
    expected = []
    for pair in sorted(before.pairs.keys() | after.pairs.keys()):
        old, new = before.pairs.get(pair, nowhere), after.pairs.get(pair, nowhere)
        if (old[0], old[2]) != (new[0], new[2]):
            expected.append((*pair, old[0], new[0], old[2], new[2]))
    assert kept == expected


def assert_events_are_kept(before: Stored, after: Stored, run: ScanRun) -> None:
    kinds = {
        (event.finding.fingerprint, event.kind)
        for event in FindingEvent.objects.filter(run=run.pk).select_related("finding")
    }
    expected = set()
    for print_, finding in after.open.items():
        old = before.open.get(print_)
        if old is None:
            expected.add((print_, "reopened" if print_ in before.closed else "opened"))
            continue
        if (old.certainty, old.severity) != (finding.certainty, finding.severity):
            expected.add((print_, "regraded"))
        if old.witness != finding.witness:
            expected.add((print_, "rerouted"))
    expected |= {(print_, "closed") for print_ in before.open.keys() - after.open.keys()}
    assert kinds == expected


def scan_in_turn(seed: int, size: int, days: list[int]) -> Iterator[ScanRun]:
    """Scan changing facts some days apart, and hold each run to what the engine says."""
    graph, now = sound_graph(seed, size), NOW
    before, against = Stored(), None
    for step, later in enumerate(days):
        now += timedelta(days=later)
        put(varied(graph, seed + step) if step % 2 else graph, mode="replace")
        run = scan(now)
        after = Stored()
        after.is_what(analyse(stored_graph(), now))
        assert run.drift == {"against": against, **expected_drift(before, after, run)}
        assert_changes_are_kept(before, after, run)
        assert_events_are_kept(before, after, run)
        yield run
        before, against = after, run.pk


@examples(2)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(4, 16),
    days=st.lists(st.sampled_from([0, 0, 1, 30, 400]), min_size=2, max_size=3),
)
def test_after_each_of_several_scans_the_stored_result_is_what_the_engine_says(
    seed: int, size: int, days: list[int]
) -> None:
    with transaction.atomic():
        assert len(list(scan_in_turn(seed, size, days))) == len(days)
        transaction.set_rollback(True)


def test_in_turn_the_scans_meet_every_kind_of_change() -> None:
    findings, reach = Counter[str](), Counter[str]()
    for run in scan_in_turn(5, 12, [0, 1, 0, 0, 30]):
        findings.update((run.drift or {})["findings"])
        reach.update((run.drift or {})["reach"])
    kinds = set(FindingEvent.objects.values_list("kind", flat=True))
    assert all(findings.values()), findings
    assert all(reach.values()), reach
    assert kinds == {"opened", "closed", "reopened", "regraded", "rerouted"}


def test_every_rule_that_a_document_can_carry_closes_what_it_opened() -> None:
    met: set[str] = set()
    for seed, size in ((10, 16), (2, 8)):
        with transaction.atomic():
            put(sound_graph(seed, size))
            scan()
            met |= set(Finding.objects.values_list("rule", flat=True))
            Environment.objects.update(status="retired")
            AllowlistEntry.objects.update(approved_at=None)
            scan()
            assert not Finding.objects.filter(state="open").exists()
            assert not PairReach.objects.exists()
            transaction.set_rollback(True)
    assert met == {rule.id for rule in RULES.values() if rule.from_document}


# --- not seen and removed -------------------------------------------------------------------------


def lab(**changes: Any) -> dict[str, Any]:
    """A vendor's sandbox with nothing but an open path to a deployment of ours."""
    closed = {"internet_egress": "no", "internet_exposed": "no", "inventory": "complete"}
    places = [{**place, **closed} for place in (LAB, HOST)]
    way = {"from": "lab", "to": "host", "enforces_allowlist": "no"}
    return small(environments=places, connects=[way], **changes)


def pairs_of(run: ScanRun) -> list[tuple[Any, ...]]:
    return list(run.reach_changes.values_list("environment", "before", "after", "seen"))


def test_a_path_that_was_removed_is_lost() -> None:
    put(lab())
    scan()
    put({**lab(), "connects": []}, mode="replace")
    run = scan()
    assert run.drift
    assert run.drift["reach"] == {"gained": 0, "lost": 1, "regraded": 0, "not_seen": 0}
    assert pairs_of(run) == [("lab", "network_only", "none", True)]
    assert run.drift["findings"]["closed"] > 0
    assert run.drift["findings"]["not_seen"] == 0


@pytest.mark.parametrize("what", ["lab", "host", "model"])
def test_a_path_of_what_was_not_looked_at_is_not_seen(what: str) -> None:
    put(lab())
    scan()
    if what == "model":
        AIModel.objects.update(sensitivity="M2")
    else:
        Environment.objects.filter(key=what).update(status="retired")
    run = scan()
    assert run.drift
    assert run.drift["reach"] == {"gained": 0, "lost": 0, "regraded": 0, "not_seen": 1}
    assert pairs_of(run) == [("lab", "network_only", "none", False)]
    assert run.drift["findings"]["not_seen"] == run.drift["findings"]["closed"] > 0


def test_another_verdict_of_the_same_reach_is_regraded() -> None:
    put(lab())
    scan()
    put(
        document(
            connects=[{"from": "lab", "to": "host", "enforces_allowlist": "yes"}],
            environments=[{"key": "lab", "purpose": "production"}],
            allowlist=[PERMISSION],
            contracts=[{"key": "c", "vendor": "acme", "starts_on": "2026-01-01"}],
        )
    )
    run = scan()
    assert run.drift
    assert run.drift["reach"] == {"gained": 0, "lost": 0, "regraded": 1, "not_seen": 0}
    change = run.reach_changes.get()
    assert (change.before, change.after) == ("network_only", "network_only")
    assert (change.verdict_before, change.verdict_after) == ("unsegregated", "segregated")


def test_since_when_a_pair_is_as_it_is() -> None:
    put(lab())
    first = scan()
    scan()
    assert PairReach.objects.get().since == first
    put(document(grants=[{"from": "credential:token", "to": "d"}]))
    put(document(holds=[{"from": "lab", "to": "token"}]))
    third = scan()
    pair = PairReach.objects.get()
    assert (pair.reach, pair.since) == ("usable", third)


def test_what_was_deleted_is_not_seen_and_its_pairs_went_with_it() -> None:
    put(lab())
    scan()
    Connects.objects.all().delete()
    Environment.objects.get(key="lab").delete()
    assert not PairReach.objects.exists()
    run = scan()
    assert run.drift
    assert run.drift["reach"] == nothing("gained", "lost", "regraded", "not_seen")
    assert run.drift["findings"]["not_seen"] == run.drift["findings"]["closed"] > 0


PERMISSION = {
    "key": "a",
    "model": "m",
    "purpose": "production",
    "vendor": "acme",
    "approved_at": "2026-05-31T00:00:00Z",
    "expires_at": "2026-06-30T00:00:00Z",
}
