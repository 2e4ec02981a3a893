"""Findings as they are told: sentences, pictures, hops, and what a scoped person may not learn."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access.models import Environment, Identity
from apps.access.pictures.build import RouteBuilder
from apps.access.pictures.route import Gate
from apps.access.pictures.telling import AccessTeller, Picture
from apps.access.selectors.routes import facts_for
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.findings.models import Finding
from apps.findings.selectors import others_on_the_route
from apps.findings.tellers import Story as Told
from apps.findings.tellers import tell
from tests.access.story import Story

pytestmark = pytest.mark.django_db

Person = Callable[..., User]


def told(user: User, finding: Finding) -> Told:
    return AccessTeller().tell_whole(user, finding, others_on_the_route(user, finding))


def words(picture: Picture) -> str:
    """Every text of both drawings, with what listeners hear."""
    texts = [shape.text for shape in (*picture.wide.shapes, *picture.tall.shapes)]
    links = [link.label for link in (*picture.wide.links, *picture.tall.links)]
    return " | ".join([*texts, *links, picture.title, picture.description])


def hop_text(story: Told, number: int) -> str:
    rows = {row.number: row for group in story.hops for row in group.rows}
    return "".join(part.text for part in rows[number].parts)


def test_the_sentence_says_who_reaches_what_through_whom(bob: User, story: Story) -> None:
    finding = story.finding("RT-01", story.laptops)
    assert told(bob, finding).title == (
        "Brightpath laptops can use Meridian through Northgate red-team lab"
    )


@pytest.mark.usefixtures("story")
def test_what_nobody_has_stated_is_told_as_may(bob: User) -> None:
    finding = Finding.objects.get(rule="RT-01", environment="cv-cluster")
    telling = told(bob, finding)
    assert telling.title.startswith("Corvid cluster may reach Lodestar")
    assert [question.text for question in telling.questions] == [
        "Does Weights mirror check where calls from Corvid cluster come from?"
    ]
    assert telling.verdict == "undetermined"


@pytest.mark.usefixtures("story")
def test_every_finding_of_the_story_has_a_sentence_with_a_name_in_it(bob: User) -> None:
    rows = tell(bob, Finding.objects.order_by("id"))
    assert len(rows) > 15
    for row in rows:
        assert row.rule_name
        assert ":" not in row.title, f"{row.finding.rule} has no sentence of its own"


def test_the_picture_shows_both_legs_the_gate_and_the_missing_control(
    bob: User, story: Story
) -> None:
    picture = told(bob, story.finding("RT-01", story.laptops)).picture
    assert picture is not None
    assert picture.keys == {"network", "credential", "missing", "passed"}
    assert picture.sum.startswith("8 hops")
    shown = words(picture)
    for text in ("Brightpath Staffing", "Northgate key", "AR-01 Per-partner allowlist", "al-ng"):
        assert text in shown


def test_the_control_is_missing_where_the_owner_changes(bob: User, story: Story) -> None:
    groups = told(bob, story.finding("RT-01", story.laptops)).hops
    [missing] = [row for group in groups for row in group.rows if row.missing]
    assert missing.number == 2
    assert "ng-lab" in "".join(part.text for part in missing.parts)


def test_the_hops_name_their_facts_and_say_what_is_stated(bob: User, story: Story) -> None:
    telling = told(bob, story.finding("RT-01", story.laptops))
    assert [group.heading for group in telling.hops] == [
        "How it gets there",
        "How it comes by the credential",
    ]
    assert hop_text(telling, 1) == (
        "bp-contractor enters bp-laptops, so the device acts as the person"
    )
    assert hop_text(telling, 2) == "bp-contractor enters ng-lab, approval needed: no"
    assert hop_text(telling, 4) == (
        "the internet connects partner-gateway, enforcing the allowlist; al-ng admits ng-lab"
    )
    assert hop_text(telling, 7).startswith("ng-lab holds ng-key, issued ")
    assert hop_text(telling, 7).endswith("no end")


@pytest.mark.usefixtures("story")
def test_who_else_holds_a_shared_key_is_told_beside_the_route(bob: User) -> None:
    finding = Finding.objects.get(rule="RT-04", environment="ew-harness")
    telling = told(bob, finding)
    assert telling.picture is not None
    assert telling.hops[-1].heading == "What else proves it"
    assert "also in Labelhive workbench" in words(telling.picture)


@pytest.mark.usefixtures("story")
def test_a_finding_without_a_route_shows_its_facts_instead(bob: User) -> None:
    telling = told(bob, Finding.objects.get(rule="RT-07", subject__entry="al-ng"))
    assert telling.picture is None
    values = {detail.label: detail.value for detail in telling.details}
    assert values["Admits"] == "Northgate Bank"
    assert values["Approved by"] is None


def test_other_findings_hang_on_the_route_as_tags(bob: User, story: Story) -> None:
    picture = told(bob, story.finding("RT-01", story.laptops)).picture
    assert picture is not None
    shown = words(picture)
    assert "AR-03 never expires" in shown
    assert "AR-12 endpoint not stated" in shown


def test_the_title_and_the_picture_name_nothing_outside_a_persons_scope(
    person: Person, story: Story
) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.brightpath])
    for finding in Finding.objects.filter(vendor=story.brightpath):
        telling = told(scoped, finding)
        shown = [telling.title, telling.why, telling.fix, *telling.keys]
        shown += [p.text for g in telling.hops for r in g.rows for p in r.parts]
        shown += [question.text for question in telling.questions]
        shown += [row.strip.label for row in tell(scoped, [finding]) if row.strip]
        if telling.picture:
            shown.append(words(telling.picture))
        everything = " | ".join(shown)
        for secret in ("Northgate", "ng-lab", "ng-key", "al-ng", "gateway", "eval-inference"):
            assert secret.lower() not in everything.lower(), f"{finding.rule} tells {secret}"


def test_what_lies_outside_the_scope_is_another_vendor(person: Person, story: Story) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.brightpath])
    telling = told(scoped, story.finding("RT-01", story.laptops))
    assert telling.picture is not None
    assert "Another vendor" in words(telling.picture)
    assert (
        telling.title == "Brightpath laptops can use Meridian through somebody else's environment"
    )


def test_a_hop_outside_the_scope_has_no_source_and_no_age(person: Person, story: Story) -> None:
    scoped = person("Nora", Role.ANALYST, vendors=[story.brightpath])
    telling = told(scoped, story.finding("RT-01", story.laptops))
    rows = {row.number: row for group in telling.hops for row in group.rows}
    assert rows[1].source == "declared"
    assert rows[7].source == ""
    assert rows[7].last_seen is None


def test_whoever_may_not_read_facts_hears_the_sentence_alone(person: Person, story: Story) -> None:
    requester = person("Rosa", Role.REQUESTER, all_vendors=True)
    finding = story.finding("RT-01", story.laptops)
    telling = told(requester, finding)
    assert telling.title
    assert telling.picture is None
    assert telling.hops == ()
    assert telling.fix == ""
    assert [row.strip for row in tell(requester, [finding])] == [None]


def test_facts_that_are_gone_leave_a_picture_with_their_keys(bob: User, story: Story) -> None:
    finding = story.finding("RT-01", story.laptops)
    finding.witness["access"][0]["from"] = "identity:gone"
    finding.witness["access"][1]["from"] = "identity:gone"
    finding.witness["credential"][0]["from"] = "identity:gone"
    finding.witness["credential"][1]["from"] = "identity:gone"
    telling = told(bob, finding)
    assert telling.picture is not None
    assert "No longer known" in words(telling.picture)


@pytest.mark.usefixtures("story")
def test_a_gate_that_nobody_stated_is_drawn_as_unknown(bob: User) -> None:
    finding = Finding.objects.get(rule="RT-02", environment="cv-cluster")
    route = RouteBuilder(finding, facts_for(bob, [finding])).build()
    assert route is not None
    assert next(hop.gate for hop in route.hops) is Gate.UNKNOWN
    assert route.call is not None
    assert route.call.possible


def queries_for(user: User, findings: list[Finding]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        tell(user, findings)
    return len(caught)


@pytest.mark.usefixtures("story")
def test_telling_more_findings_takes_no_more_queries(bob: User) -> None:
    several = list(Finding.objects.filter(rule__in=["RT-01", "RT-04", "RT-05"]).order_by("id"))
    assert queries_for(bob, several) == queries_for(bob, several * 3)


def test_a_retired_name_is_told_as_it_is_now(bob: User, story: Story) -> None:
    Environment.objects.filter(key="bp-laptops").update(name="Brightpath tablets")
    Identity.objects.filter(key="bp-contractor").update(name="")
    telling = told(bob, story.finding("RT-01", story.laptops))
    assert telling.title.startswith("Brightpath tablets")


@pytest.mark.usefixtures("story")
def test_the_filter_offers_the_models_that_findings_are_about(bob: User) -> None:
    found: Any = AccessTeller().models(bob)
    assert [(choice.key, choice.name) for choice in found] == [
        ("lodestar", "Lodestar"),
        ("meridian", "Meridian"),
    ]
    assert found[1].deployments == {"meridian-eval"}
