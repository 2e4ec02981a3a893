"""The demo portfolio as documents: what it promises, on the day of loading and long after."""

import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from apps.access.demo.portfolio import document, documents, steps
from apps.engine.analysis import Answer, analyse
from apps.engine.catalogue import RULES
from apps.engine.document import graph_to_document, read_document
from apps.engine.document_table import BY_NAME, LISTS
from apps.engine.live import live_facts
from apps.engine.merge import merge, validate_alone
from apps.engine.reference import analyse_plainly
from apps.engine.values import Certainty, Finding, Graph, Severity, VendorStatus, VerdictKind, YesNo

NOW = datetime(2026, 3, 4, 15, 20, tzinfo=UTC)
HOURS = [datetime(2026, 3, 4, 0, 0, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, tzinfo=UTC)]
WITHOUT_A_FINDING = {"orvenne", "ilmarin", "penhallow", "rookwater", "stratomere", "quernstone"}
REAL_NAMES = re.compile(
    r"google|amazon|microsoft|apple|meta\b|oracle|ibm|openai|anthropic|mistral|deepmind|nvidia"
    r"|github|okta|slack|cisco|github|hugging|deloitte|accenture|stripe|zendesk|workday|datadog",
    re.IGNORECASE,
)


@cache
def portfolio(now: datetime = NOW) -> Graph:
    """What a reader makes of the document; a fault would raise."""
    text = json.dumps(document(now=now))
    return validate_alone(read_document(text), now=now)


@cache
def answer(**later: float) -> Answer:
    """The analysis of the portfolio some time after it was loaded."""
    return analyse(portfolio(), NOW + timedelta(**later))


@cache
def findings(**later: float) -> tuple[Finding, ...]:
    return tuple(answer(**later).findings())


def verdicts(found: Answer) -> dict[str, VerdictKind]:
    """The worst verdict of each environment."""
    order = list(VerdictKind)
    worst: dict[str, VerdictKind] = {}
    for verdict in found.verdicts():
        before = worst.get(verdict.environment, VerdictKind.SEGREGATED)
        worst[verdict.environment] = min(before, verdict.verdict, key=order.index)
    return worst


def told(found: Answer) -> tuple[int, int, int]:
    return found.counts.unsegregated, found.counts.undetermined, found.counts.segregated


def about(rule: str, **subject: str) -> Finding:
    """The one finding of a rule about a subject."""
    (found,) = [
        finding
        for finding in findings()
        if finding.rule == rule and subject.items() <= finding.subject.items()
    ]
    return found


# --- the document --------------------------------------------------------------------------------


def test_the_portfolio_has_the_promised_size() -> None:
    sizes = {spec.name: len(getattr(portfolio(), spec.name)) for spec in LISTS}
    assert sizes["vendors"] == 40
    assert sizes["environments"] == 120
    assert sizes["identities"] == 200
    assert sizes["credentials"] == 160
    assert sizes["models"] == 8
    assert sizes["deployments"] == 14
    assert all(sizes.values())


def test_every_tier_has_a_model_and_every_kind_of_vendor_occurs() -> None:
    assert Counter(model.sensitivity for model in portfolio().models) == dict.fromkeys(
        ["M1", "M2", "M3", "M4"], 2
    )
    kinds = Counter(vendor.kind for vendor in portfolio().vendors)
    assert kinds == {"partner": 14, "contractor": 9, "supplier": 12, "subprocessor": 5}


def test_every_fact_has_a_name_of_its_own() -> None:
    nameless = [
        (spec.name, spec.identify(fact))
        for spec in LISTS
        for fact in getattr(portfolio(), spec.name)
        if not fact.name or fact.name == spec.identify(fact)
    ]
    assert nameless == []


def test_no_two_facts_that_people_look_for_have_the_same_name() -> None:
    for name in ("vendors", "environments", "identities", "credentials", "deployments"):
        repeated = [
            each
            for each, times in Counter(row["name"] for row in document(now=NOW)[name]).items()
            if times > 1
        ]
        assert repeated == [], name


def test_nothing_in_it_is_called_like_somebody_who_exists() -> None:
    text = json.dumps(document(now=NOW), ensure_ascii=False)
    assert not REAL_NAMES.findall(text)
    domains = re.findall(r"[\w-]+\.(?:com|net|org|io|ai|dev|co|eu|gov|edu|example)\b", text)
    assert all(domain.endswith(".example") for domain in domains)


@pytest.mark.parametrize("now", HOURS)
def test_the_portfolio_is_the_same_whenever_it_is_loaded(now: datetime) -> None:
    assert told(analyse(portfolio(now), now)) == told(answer())


def test_a_later_document_is_about_the_same_facts_and_brings_them_up_to_date() -> None:
    later = NOW + timedelta(days=200)
    plan = merge(portfolio(), read_document(json.dumps(document(now=later))), now=later)
    assert plan.faults == ()
    assert not any(changes.added for changes in plan.changes.values())
    assert told(analyse(plan.graph, later)) == told(answer())


def test_the_two_engines_agree_on_it() -> None:
    plain = analyse_plainly(portfolio(), NOW)
    assert plain.counts == answer().counts
    assert [(f.rule, f.certainty, f.severity, dict(f.subject)) for f in plain.findings] == [
        (f.rule, f.certainty, f.severity, dict(f.subject)) for f in findings()
    ]


# --- who is engaged by whom ----------------------------------------------------------------------


def test_every_vendor_but_a_prospect_has_a_contract() -> None:
    with_contract = {contract.vendor for contract in portfolio().contracts}
    without = {v.key for v in portfolio().vendors if v.key not in with_contract}
    assert without == {v.key for v in portfolio().vendors if v.status is VendorStatus.PROSPECT}


def test_contracts_name_exactly_those_who_were_engaged_but_for_one() -> None:
    engaged = {(v.engaged_by, v.key) for v in portfolio().vendors if v.engaged_by}
    named = {(c.vendor, w) for c in portfolio().contracts for w in c.subcontractors}
    assert named <= engaged
    assert engaged - named == {("orvenne", "cinderfold")}


def test_only_the_contract_of_the_offboarded_partner_has_ended() -> None:
    live = {contract.key for contract in live_facts(portfolio(), NOW).contracts}
    ended = {c.vendor for c in portfolio().contracts if c.key not in live}
    offboarded = {v.key for v in portfolio().vendors if v.status is VendorStatus.OFFBOARDED}
    assert ended == offboarded == {"oldbarrow"}


def test_a_contractor_is_engaged_by_somebody_whose_contract_began_before_theirs() -> None:
    began: dict[str, date] = {c.vendor: c.starts_on for c in portfolio().contracts}
    late = {
        v.key for v in portfolio().vendors if v.engaged_by and began[v.key] < began[v.engaged_by]
    }
    assert late == set()


def test_the_custodian_approves_what_others_asked_for() -> None:
    custodians = {model.key: model.custodian for model in portfolio().models}
    people = {identity.key for identity in portfolio().identities if identity.vendor is None}
    for entry in portfolio().allowlist:
        assert entry.requested_by in people - {entry.approved_by}
        if not entry.key.startswith("al-nc-tester"):
            assert entry.approved_by == custodians[entry.model], entry.key


# --- what a viewer sees, when --------------------------------------------------------------------


def test_a_healthy_majority_is_segregated() -> None:
    assert told(answer()) == (8, 5, 24)


@pytest.mark.parametrize("later", [{"hours": 2}, {"days": 1}, {"days": 3}, {"days": 28}])
def test_verdicts_stay_as_they_are_when_the_short_lived_credentials_are_over(
    later: dict[str, float],
) -> None:
    assert verdicts(answer(**later)) == verdicts(answer())


def test_tokens_are_usable_when_loaded_and_over_two_hours_later() -> None:
    def usable(found: Answer) -> set[tuple[str, str]]:
        pairs = found.reach()
        return {(r.environment, r.deployment) for r in pairs if r.reach == "usable"}

    assert ("kr-attack-lab", "corrie-eval") in usable(answer())
    assert ("kr-attack-lab", "corrie-eval") not in usable(answer(hours=2))
    assert ("bm-laptops", "corrie-eval") in usable(answer(days=30))


def test_after_thirty_days_only_those_with_an_m4_permission_alone_are_gone() -> None:
    assert told(answer(days=30)) == (8, 5, 21)
    gone = verdicts(answer()).keys() - verdicts(answer(days=30)).keys()
    assert gone == {"tl-interp-lab", "pu-enclave-room", "pu-desks"}


@pytest.mark.parametrize("days", [0, 3, 30])
def test_whoever_is_healthy_has_no_finding_and_gets_none(days: int) -> None:
    vendors = {environment.key: environment.vendor for environment in portfolio().environments}
    bad = {vendors.get(f.subject.get("environment", "")) for f in findings(days=days)}
    bad |= {f.subject.get("vendor") for f in findings(days=days)}
    assert not bad & WITHOUT_A_FINDING


# --- what is wrong -------------------------------------------------------------------------------


def test_every_rule_that_a_document_can_carry_has_a_finding() -> None:
    assert {f.rule for f in findings()} == {r.id for r in RULES.values() if r.from_document}


def test_those_without_segregation_are_the_ones_whose_story_is_told() -> None:
    worst = verdicts(answer())
    assert {e for e, verdict in worst.items() if verdict is VerdictKind.UNSEGREGATED} == {
        *("bm-laptops", "cf-bench", "eg-harness", "kr-soc"),
        *("pm-console", "pm-laptops", "qi-harness", "vg-sandbox"),
    }
    assert {e for e, verdict in worst.items() if verdict is VerdictKind.UNDETERMINED} == {
        *("hm-desks", "hm-redteam-lab", "lb-sandbox", "mb-cluster", "yn-sandbox"),
    }


def test_the_back_door_leads_from_a_contractors_laptop_through_the_partners_lab() -> None:
    door = about("RT-01", environment="bm-laptops", deployment="corrie-eval")
    assert (door.certainty, door.severity) == (Certainty.PROVEN, Severity.CRITICAL)
    assert [hop.to for hop in (*door.witness.access, *door.witness.wire)][-5:] == [
        *("environment:hm-redteam-lab", "internet", "environment:tl-partner-gateway"),
        *("environment:tl-eval-gateway", "environment:tl-eval-serving"),
    ]
    last = door.witness.credential[-1]
    assert (last.relation, last.from_) == ("grants", "credential:hm-evaluation-key")
    assert verdicts(answer())["hm-redteam-lab"] is not VerdictKind.UNSEGREGATED


def test_the_leak_names_the_gateway_of_the_back_door() -> None:
    assert about("RT-15", exposure="labelspindle-leak", deployment="corrie-eval")


def test_the_weights_are_perhaps_open_to_the_internet_and_it_rests_on_one_unknown() -> None:
    found = about("RT-20")
    assert (found.certainty, found.subject["deployment"]) == (Certainty.POSSIBLE, "cairn-weights")
    (unknown,) = found.rests_on
    assert unknown == ("environment:tl-weights-mirror", "internet_exposed")
    possible = [f for f in findings() if f.certainty is Certainty.POSSIBLE]
    assert (len(possible), sum(unknown in f.rests_on for f in possible)) == (18, 14)


def test_stating_that_the_mirror_is_closed_settles_three_environments() -> None:
    stated = portfolio()._replace(
        environments=tuple(
            e._replace(internet_exposed=YesNo.NO) if e.key == "tl-weights-mirror" else e
            for e in portfolio().environments
        )
    )
    # Lumbrava's reaches nothing else, so that it is not even segregated.
    assert told(analyse(stated, NOW)) == (8, 2, 26)


def test_many_findings_have_one_cause() -> None:
    without = tuple(j for j in portfolio().jumps if j.from_ != "pm-console")
    left = {f.fingerprint for f in analyse(portfolio()._replace(jumps=without), NOW).findings()}
    closed = [f for f in findings() if f.fingerprint not in left]
    assert len(closed) == 19
    assert {f.rule for f in closed} == {"RT-01", "RT-03", "RT-05", "RT-12", "RT-13"}


@pytest.mark.parametrize(
    ("rule", "subject"),
    [
        ("RT-02", {"environment": "eg-harness", "deployment": "corrie-eval"}),
        ("RT-03", {"environment": "kr-soc"}),
        ("RT-04", {"environment": "qi-harness", "credential": "qi-harness-key"}),
        ("RT-06", {"environment": "tp-ci", "credential": "tp-deploy-key"}),
        ("RT-08", {"identity": "nc-provisioner", "deployment": "corrie-eval"}),
        ("RT-12", {"vendor": "corrigal", "model": "corrie"}),
        ("RT-14", {"environment": "ob-notebook"}),
        ("RT-14", {"environment": "vg-sandbox"}),
        ("RT-17", {"environment": "cf-bench"}),
        ("RT-18", {"environment": "ob-notebook"}),
    ],
)
def test_what_the_stories_promise_is_proven(rule: str, subject: dict[str, str]) -> None:
    assert about(rule, **subject).certainty is Certainty.PROVEN


def test_a_custodian_approved_where_he_is_a_guest() -> None:
    entries = {f.subject["entry"] for f in findings() if f.rule == "RT-07"}
    approvers = {e.key: e.approved_by for e in portfolio().allowlist}
    assert {approvers[entry] for entry in entries} == {"aurelio-ferrante", "tl-access-bot"}


# --- how it came about ---------------------------------------------------------------------------


def test_the_steps_end_today_and_each_has_a_day_of_its_own() -> None:
    days = [step.days_ago for step in steps()]
    assert days == sorted(set(days), reverse=True)
    assert days[-1] == 0
    assert len(days) > 10


def test_the_steps_add_up_to_the_portfolio() -> None:
    state = Graph()
    for _step, each in documents(now=NOW):
        plan = merge(state, read_document(json.dumps(each)), now=NOW)
        assert plan.faults == ()
        state = plan.graph
    assert graph_to_document(state) == graph_to_document(portfolio())


def test_a_step_holds_nothing_that_the_one_before_it_held() -> None:
    sizes = [sum(len(each[name]) for name in BY_NAME if name in each) for _, each in history()]
    assert sizes[0] > 900
    assert max(sizes[1:]) < 100


def history() -> list[tuple[Any, dict[str, Any]]]:
    return list(documents(now=NOW))


def test_things_went_wrong_one_after_the_other_and_some_were_put_right() -> None:
    then = []
    for step in steps():
        at = step.scan_time(NOW)
        text = json.dumps(document(now=NOW, days_ago=step.days_ago))
        then.append(analyse(validate_alone(read_document(text), now=at), at).counts.unsegregated)
    assert then == [2, 1, 1, 2, 3, 1, 2, 2, 4, 6, 7, 7, 8]


def test_the_last_step_opens_the_back_door_and_nothing_else() -> None:
    before = json.dumps(document(now=NOW, days_ago=1))
    at = NOW - timedelta(days=1)
    yesterday = analyse(validate_alone(read_document(before), now=at), at)
    pairs = {(r.environment, r.deployment) for r in yesterday.reach()}
    now = {(r.environment, r.deployment) for r in answer().reach()}
    assert now - pairs == {("bm-laptops", "corrie-eval")}
    assert not pairs - now
