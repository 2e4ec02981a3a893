"""The forms of facts: what is typed is stored whole or not at all, and what it does to reach."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.access.models import (
    AllowlistEntry,
    Connects,
    Credential,
    Enters,
    Environment,
    Exposure,
    Grants,
    Holds,
    ScanRun,
)
from apps.access.models.runs import RunReason, RunState
from apps.access.services import inventory
from apps.access.services.analysis import scan_now
from apps.access.views.kinds import KINDS
from apps.accounts import policy
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.vendors.models import Vendor
from tests.conftest import ClientFor
from tests.factories import access as make

pytestmark = pytest.mark.django_db

KNOWN = ("internet_egress", "internet_exposed", "managed_endpoints")
LAB = {
    "name": "Corvid sandbox",
    "key": "corvid-sandbox",
    "vendor": "Corvid Analytics (corvid)",
    "kind": "sandbox",
    "purpose": "evaluation",
    **dict.fromkeys(KNOWN, "no"),
    "inventory": "unknown",
    "status": "active",
    "connects-rows": "0",
    "holds-rows": "0",
    "enters-rows": "0",
}


def new(slug: str) -> str:
    return reverse("access:fact-create", kwargs={"kind": slug})


def page(slug: str, pk: int, name: str = "detail") -> str:
    return reverse(f"access:fact-{name}", kwargs={"kind": slug, "pk": pk})


@pytest.fixture
def client(client_for: ClientFor, bob: User) -> Client:
    return client_for(bob)


# --- each kind -----------------------------------------------------------------------------------


def typed_facts(corvid: Vendor) -> dict[str, dict[str, Any]]:
    """What somebody types for one fact of each kind."""
    lab = make.EnvironmentFactory.create(key="lab", name="Lab", vendor=corvid)
    gate = make.EnvironmentFactory.create(key="gate", name="Gate", vendor=None)
    make.IdentityFactory.create(key="ada", name="Ada", vendor=corvid)
    make.IdentityFactory.create(key="team", name="Team", vendor=corvid, kind="group")
    make.CredentialFactory.create(key="pass", name="Pass", identity__vendor=corvid)
    model = make.AIModelFactory.create(key="m", name="Meridian")
    make.DeploymentFactory.create(key="api", name="Endpoint", model=model, environment=gate)
    named = {"name": "Made", "key": "made"}
    return {
        "environments": LAB,
        "identities": named
        | {"vendor": "corvid", "kind": "human", "mfa": "unknown"}
        | {"status": "active"},
        "credentials": named
        | {"identity": "Ada (ada)", "kind": "api_key"}
        | {"issued_at": "2026-01-02T10:00", "engagements": "spring\nautumn\n\nspring"},
        "models": named | {"sensitivity": "M3", "custodian": "Ada"},
        "deployments": named
        | {"model": "Meridian", "environment": "gate", "purpose": "research"}
        | {"logging": "unknown", "log_names_identity": "unknown"},
        "allowlist": named
        | {"model": "m", "vendor": "corvid", "purpose": "research"}
        | {"environment": lab.key, "approved_by": "ada", "approved_at": "2026-01-02T10:00"},
        "holds": {"environment": "lab", "credential": "pass"},
        "enters": {"identity": "ada", "environment": "lab", "requires_approval": "unknown"},
        "member-of": {"identity": "ada", "group": "team"},
        "jumps": {"origin": "lab", "target": "gate"},
        "connects": {"origin": "lab", "target": "gate", "deployments": "Endpoint (api)"}
        | {"enforces_allowlist": "unknown"},
        "grants": {"deployment": "api", "identity": "ada", "depth": "weights"},
        "administers": {"identity": "ada", "deployment": "api"},
        "exposures": named
        | {"kind": "name", "environments": "lab", "deployments": "api"}
        | {"seen_at": "2026-01-02T10:00"},
        "drills": named | {"vendor": "corvid", "model": "m", "started_at": "2026-01-02T10:00"},
    }


def test_a_fact_of_each_kind_is_stated_opened_and_deleted(client: Client, corvid: Vendor) -> None:
    typed = typed_facts(corvid)
    assert set(typed) == set(KINDS)
    for slug, values in typed.items():
        model = KINDS[slug].model
        before = model._default_manager.count()
        answer = client.post(new(slug), values)
        assert answer.status_code == 302, (slug, answer.context and answer.context["form"].errors)
        assert model._default_manager.count() == before + 1, slug
        fact = model._default_manager.latest("pk")
        assert answer["Location"].startswith(page(slug, fact.pk) + "?since="), slug
        assert "is recorded" in client.get(answer["Location"]).content.decode(), slug
        gone = client.post(page(slug, fact.pk, "delete"))
        assert gone.status_code == 302, slug
        assert not model._default_manager.filter(pk=fact.pk).exists(), slug
    assert Credential.objects.filter(key="made").exists() is False


def test_lists_and_ends_are_stored_as_they_were_typed(client: Client, corvid: Vendor) -> None:
    typed = typed_facts(corvid)
    for slug in ("credentials", "connects", "grants", "exposures"):
        client.post(new(slug), typed[slug])
    assert Credential.objects.get(key="made").engagements == ["spring", "autumn"]
    [connects] = Connects.objects.all()
    assert [deployment.key for deployment in connects.deployments.all()] == ["api"]
    [grants] = Grants.objects.all()
    assert (str(grants.identity), grants.credential) == ("Ada", None)
    exposure = Exposure.objects.get(key="made")
    assert {target.environment_id is None for target in exposure.targets.all()} == {True, False}


def test_a_connection_from_the_internet_that_names_nothing_admits_everything(
    client: Client, corvid: Vendor
) -> None:
    typed = {"from_internet": "on", "target": "gate", "enforces_allowlist": "no"}
    typed_facts(corvid)
    assert "None given: it admits every deployment" in client.get(new("connects")).content.decode()
    answer = client.post(new("connects"), typed, follow=True).content.decode()
    [connects] = Connects.objects.all()
    assert connects.origin is None
    assert not connects.deployments.exists()
    assert "the internet" in answer
    assert "every deployment" in answer


@pytest.mark.parametrize(
    ("slug", "typed", "sentence"),
    [
        ("connects", {"target": "gate", "enforces_allowlist": "no"}, "say that it is the internet"),
        (
            "connects",
            {"origin": "lab", "from_internet": "on", "target": "gate"},
            "not both",
        ),
        ("connects", {"origin": "gate", "target": "gate", "enforces_allowlist": "no"}, "to itself"),
        ("grants", {"deployment": "api", "depth": "weights"}, "Name one of the two"),
        (
            "grants",
            {"deployment": "api", "credential": "pass", "identity": "ada"},
            "one of the two",
        ),
        ("administers", {"identity": "ada"}, "Name one of the two"),
        ("member-of", {"identity": "ada", "group": "ada"}, "There is no group “ada”"),
        ("holds", {"environment": "nowhere", "credential": "pass"}, "no environment “nowhere”"),
        ("exposures", {"name": "n", "key": "k", "kind": "name"}, "Name at least one thing"),
        (
            "credentials",
            {"name": "n", "key": "k", "identity": "ada", "kind": "api_key"}
            | {"issued_at": "2026-02-01T00:00", "expires_at": "2026-01-01T00:00"},
            "The end is before the start.",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_was_typed(
    client: Client, corvid: Vendor, slug: str, typed: dict[str, str], sentence: str
) -> None:
    typed_facts(corvid)
    answer = client.post(new(slug), typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_yes_no_questions_start_as_not_known(client: Client) -> None:
    shown = client.get(new("environments")).content.decode()
    for name in KNOWN:
        assert f'name="{name}" value="unknown"' in shown
    unanswered = {name: value for name, value in LAB.items() if name not in KNOWN}
    answer = client.post(new("environments"), unanswered | {"vendor": ""})
    assert answer.status_code == 422, "no answer is not an answer"


@pytest.mark.usefixtures("corvid")
def test_who_sees_one_vendor_is_told_that_our_own_is_not_theirs_and_loses_nothing(
    client_for: ClientFor, anna: User
) -> None:
    answer = client_for(anna).post(new("environments"), LAB | {"vendor": ""})
    assert answer.status_code == 422
    assert "Corvid sandbox" in answer.content.decode()
    assert not Environment.objects.exists()
    assert client_for(anna).post(new("environments"), LAB).status_code == 302


# --- times ---------------------------------------------------------------------------------------


def test_times_are_typed_and_shown_in_the_zone_of_who_types(
    client: Client, bob: User, corvid: Vendor
) -> None:
    bob.time_zone = "Asia/Tokyo"
    bob.save()
    typed = typed_facts(corvid)["credentials"]
    assert "In Asia/Tokyo time." in client.get(new("credentials")).content.decode()
    client.post(new("credentials"), typed)
    stored = Credential.objects.get(key="made")
    assert stored.issued_at == datetime(2026, 1, 2, 1, 0, tzinfo=UTC)
    assert "2 Jan 2026, 10:00" in client.get(page("credentials", stored.pk)).content.decode()
    form = client.get(page("credentials", stored.pk, "edit")).content.decode()
    assert 'value="2026-01-02T10:00"' in form


def test_a_time_that_is_left_as_it_stood_keeps_its_seconds(client: Client) -> None:
    exact = datetime(2026, 1, 2, 10, 0, 33, 5, tzinfo=UTC)
    credential = make.CredentialFactory.create(issued_at=exact)
    url = page("credentials", credential.pk, "edit")
    form = client.get(url).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields}
    typed |= {"name": "Renamed", "issued_at": "2026-01-02T10:00"}
    assert client.post(url, typed).status_code == 302
    credential.refresh_from_db()
    assert (credential.name, credential.issued_at) == ("Renamed", exact)


# --- an environment with its relations -----------------------------------------------------------


def rows(**typed: str) -> dict[str, str]:
    """What is typed in the first row of each group: ``connects__target="gate"``."""
    named = {name.replace("__", "-0-"): value for name, value in typed.items()}
    groups = {name.partition("-")[0] for name in named}
    return LAB | {f"{group}-rows": "1" for group in groups} | named


def test_an_environment_is_stored_with_what_it_connects_to_holds_and_who_enters(
    client: Client, corvid: Vendor
) -> None:
    typed_facts(corvid)
    typed = rows(
        connects__target="gate",
        connects__deployments="api",
        connects__enforces_allowlist="yes",
        holds__credential="Pass (pass)",
        enters__identity="Ada",
        enters__requires_approval="no",
    )
    assert client.post(new("environments"), typed).status_code == 302
    lab = Environment.objects.get(key="corvid-sandbox")
    assert lab.connects_to.get().enforces_allowlist == "yes"
    assert lab.holds.get().credential.key == "pass"
    assert lab.entered_by.get().requires_approval == "no"
    logged = AuditEntry.objects.values_list("action", flat=True)
    assert {"environment.created", "connects.created", "holds.created", "enters.created"} <= set(
        logged
    )


def test_one_row_that_is_refused_keeps_everything_from_being_stored(
    client: Client, corvid: Vendor
) -> None:
    typed_facts(corvid)
    entries = AuditEntry.objects.count()
    typed = rows(
        connects__target="gate",
        connects__enforces_allowlist="unknown",
        holds__credential="no such key",
        enters__identity="ada",
        enters__requires_approval="unknown",
    )
    answer = client.post(new("environments"), typed)
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "There is no credential “no such key” that you can see." in shown
    assert "something further down is marked" in shown
    assert 'value="Corvid sandbox"' in shown
    assert 'value="no such key"' in shown
    assert not Environment.objects.filter(key="corvid-sandbox").exists()
    stored = [relation.objects.exists() for relation in (Connects, Enters, Holds)]
    assert not any(stored)
    assert AuditEntry.objects.count() == entries


def test_what_a_service_refuses_of_a_row_is_said_at_the_row(client: Client, corvid: Vendor) -> None:
    typed_facts(corvid)
    twice = rows(holds__credential="pass") | {"holds-rows": "2", "holds-1-credential": "Pass"}
    answer = client.post(new("environments"), twice)
    assert answer.status_code == 422
    assert answer.context["form"].groups[1].rows[1].errors
    assert not answer.context["form"].groups[1].rows[0].errors
    assert not Environment.objects.filter(key="corvid-sandbox").exists()


@pytest.mark.usefixtures("corvid")
def test_a_row_is_added_without_storing_or_losing_anything(client: Client) -> None:
    typed = rows(connects__target="half a na") | {"add": "connects", "name": ""}
    answer = client.post(new("environments"), typed)
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert 'name="connects-rows" value="2"' in shown
    assert 'value="half a na"' in shown
    assert 'name="connects-1-target"' in shown
    assert "vr-field-error" not in shown
    assert not Environment.objects.exists()


@pytest.mark.usefixtures("corvid")
def test_rows_that_are_left_empty_are_not_stored(client: Client) -> None:
    typed = rows(
        connects__target="",
        connects__enforces_allowlist="unknown",
        holds__credential="",
    )
    assert client.post(new("environments"), typed).status_code == 302
    assert Environment.objects.get().connects_to.count() == 0


@pytest.mark.usefixtures("corvid")
def test_a_row_with_an_answer_and_no_end_is_not_taken_for_empty(client: Client) -> None:
    typed = rows(connects__target="", connects__enforces_allowlist="no")
    answer = client.post(new("environments"), typed)
    assert answer.status_code == 422
    assert "Choose one, or leave the whole row empty." in answer.content.decode()


def test_an_environment_that_is_edited_gains_relations_in_the_same_place(
    client: Client, corvid: Vendor
) -> None:
    typed_facts(corvid)
    lab = Environment.objects.get(key="lab")
    url = page("environments", lab.pk, "edit")
    version = client.get(url).context["form"]["version"].value()
    typed = rows(holds__credential="pass") | {"version": version, "internet_egress": "yes"}
    assert client.post(url, typed).status_code == 302
    lab.refresh_from_db()
    assert (lab.key, lab.internet_egress) == ("lab", "yes")
    assert lab.holds.count() == 1


# --- two people, ending, deleting ----------------------------------------------------------------


def test_the_later_of_two_editors_is_shown_the_difference(
    client: Client, bob: User, corvid: Vendor
) -> None:
    typed_facts(corvid)
    lab = Environment.objects.get(key="lab")
    url = page("environments", lab.pk, "edit")
    version = client.get(url).context["form"]["version"].value()
    inventory.change_environment(actor=bob, environment=lab, name="Their name")
    typed = rows(holds__credential="pass") | {"version": version, "name": "My name"}
    answer = client.post(url, typed)
    assert answer.status_code == 409
    assert "<td>Their name</td><td>My name</td>" in answer.content.decode()
    assert not Holds.objects.exists()
    again = typed | {"version": answer.context["form"]["version"].value()}
    assert client.post(url, again).status_code == 302
    lab.refresh_from_db()
    assert lab.name == "My name"
    assert Holds.objects.count() == 1


def test_what_others_refer_to_is_not_deleted_and_retiring_is_offered(client: Client) -> None:
    lab = make.HoldsFactory.create(environment__key="lab").environment
    url = page("environments", lab.pk, "delete")
    retire = page("environments", lab.pk, "retire")
    shown = client.get(url).content.decode()
    assert "lab cannot be deleted" in shown
    assert "1 “holds” relation: lab" in shown
    assert f'href="{retire}"' in shown
    refused = client.post(url)
    assert refused.status_code == 409
    assert "1 “holds” relation: lab" in refused.content.decode()
    assert client.post(retire, follow=True).status_code == 200
    lab.refresh_from_db()
    assert lab.status == "retired"


@pytest.mark.parametrize(
    ("slug", "factory", "field"),
    [
        ("credentials", make.CredentialFactory, "revoked_at"),
        ("allowlist", make.AllowlistEntryFactory, "expires_at"),
        ("exposures", make.ExposureFactory, "closed_at"),
        ("drills", make.DrillFactory, "confirmed_at"),
    ],
)
def test_what_has_an_end_is_ended_now_or_at_a_time(
    client: Client, slug: str, factory: Any, field: str
) -> None:
    first, second = factory.create(), factory.create()
    start = timezone.now()
    assert client.post(page(slug, first.pk, "retire"), {"at": ""}).status_code == 302
    first.refresh_from_db()
    assert start <= getattr(first, field) <= timezone.now()
    at = (start - timedelta(hours=2)).replace(second=0, microsecond=0)
    client.post(page(slug, second.pk, "retire"), {"at": f"{at:%Y-%m-%dT%H:%M}"})
    second.refresh_from_db()
    assert getattr(second, field) == at
    assert page(slug, first.pk, "retire") not in client.get(page(slug, first.pk)).content.decode()


def test_an_identity_is_disabled(client: Client) -> None:
    ada = make.IdentityFactory.create()
    client.post(page("identities", ada.pk, "retire"))
    ada.refresh_from_db()
    assert ada.status == "disabled"


def test_a_model_that_is_shown_because_a_vendor_may_use_it_is_not_theirs_to_edit(
    client_for: ClientFor, anna: User, corvid: Vendor
) -> None:
    entry: AllowlistEntry = make.AllowlistEntryFactory.create(vendor=corvid)
    assert client_for(anna).get(page("models", entry.model.pk)).status_code == 200
    assert client_for(anna).get(page("models", entry.model.pk, "edit")).status_code == 403
    assert client_for(anna).get(page("models", entry.model.pk, "delete")).status_code == 403


# --- the effect ----------------------------------------------------------------------------------


def effect(client: Client, since: datetime | str, **headers: str) -> Any:
    return client.get(reverse("access:run-effect"), {"since": str(since)}, headers=headers)


def test_what_a_change_did_is_told_with_links_to_what_it_opened(
    client: Client, corvid: Vendor, django_capture_on_commit_callbacks: Any
) -> None:
    typed_facts(corvid)
    make.GrantsFactory.create(
        credential=Credential.objects.get(key="pass"),
        deployment__key="prod",
        deployment__environment=Environment.objects.get(key="gate"),
    )
    scan_now(actor=policy.system_actor())
    since = timezone.now()
    typed = rows(connects__target="gate", connects__enforces_allowlist="no") | {
        "holds-rows": "1",
        "holds-0-credential": "pass",
    }
    with django_capture_on_commit_callbacks(execute=True):
        client.post(new("environments"), typed)
    answer = effect(client, since)
    found = answer.context["effect"]
    assert found.opened_count >= 1
    assert found.gained_count >= 1
    shown = answer.content.decode()
    assert "What this changed" in shown
    for finding in found.opened:
        assert f"/findings/{finding.pk}/" in shown
    assert "Corvid sandbox" in shown
    part = effect(client, since, **{"HX-Request": "true"})
    assert part["HX-Trigger"] == "scanned"
    assert "<html" not in part.content.decode()
    assert "hx-get" not in part.content.decode()


def test_a_scan_that_is_still_to_come_is_waited_for(client: Client, bob: User) -> None:
    since = timezone.now()
    ScanRun.objects.create(reason=RunReason.FACTS_CHANGED, requested_by=bob)
    part = effect(client, since, **{"HX-Request": "true"})
    shown = part.content.decode()
    assert "A scan is looking at what this changes" in shown
    assert 'hx-trigger="every 2s"' in shown
    assert "HX-Trigger" not in part
    ScanRun.objects.update(state=RunState.FAILED, started_at=timezone.now(), error="broken")
    assert "The scan of this change failed" in effect(client, since).content.decode()


def test_the_scan_that_ran_while_the_change_was_stored_does_not_count_alone(
    client: Client, bob: User
) -> None:
    since = timezone.now()
    scan_now(actor=policy.system_actor())
    run = ScanRun.objects.latest("pk")
    ScanRun.objects.filter(pk=run.pk).update(finished_at=timezone.now() + timedelta(minutes=1))
    ScanRun.objects.create(reason=RunReason.FACTS_CHANGED, requested_by=bob)
    assert effect(client, since).context["effect"].is_pending
    ScanRun.objects.filter(pk=run.pk).update(finished_at=since)
    assert not effect(client, since).context["effect"].is_pending, "asked for by somebody later"


@pytest.mark.usefixtures("corvid")
def test_what_a_change_did_elsewhere_is_not_told(client_for: ClientFor, anna: User) -> None:
    scan_now(actor=policy.system_actor())
    since = timezone.now()
    grants = make.GrantsFactory.create()
    lab = make.EnvironmentFactory.create(name="Quill laboratory")
    make.HoldsFactory.create(environment=lab, credential=grants.credential)
    make.ConnectsFactory.create(
        origin=lab, target=grants.deployment.environment, enforces_allowlist="no"
    )
    scan_now(actor=policy.system_actor())
    answer = effect(client_for(anna), since)
    assert answer.context["effect"].nothing
    assert "Quill" not in answer.content.decode()


@pytest.mark.parametrize("since", ["", "yesterday", "2026-01-01", "2026-13-01T00:00:00Z"])
def test_an_instant_that_is_none_is_refused(client: Client, since: str) -> None:
    assert effect(client, since).status_code == 400


def test_a_change_that_asks_for_no_scan_is_said_to_need_none(client: Client) -> None:
    assert "nothing here for a scan" in effect(client, timezone.now()).content.decode()
