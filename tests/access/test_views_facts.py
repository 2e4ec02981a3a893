"""The pages of facts: who sees what, lists that narrow, pages that link, nothing that runs."""

import csv
import re
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.access.models import Environment
from apps.access.services import identities, inventory
from apps.access.services.analysis import scan_now
from apps.access.views import facts_lists
from apps.access.views.kinds import KINDS
from apps.access.views.kinds.kind import Kind
from apps.accounts import policy
from apps.accounts.models import User
from apps.core.models import Keyed, Relation, Seen
from apps.engine.values import EnvironmentKind, Purpose, YesNo
from apps.vendors.models import Vendor
from tests.conftest import ClientFor
from tests.factories import access as make
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"
BY_KIND = pytest.mark.parametrize("slug", KINDS)
FACTORIES: dict[str, Any] = {
    "environments": make.EnvironmentFactory,
    "identities": make.IdentityFactory,
    "credentials": make.CredentialFactory,
    "models": make.AIModelFactory,
    "deployments": make.DeploymentFactory,
    "allowlist": make.AllowlistEntryFactory,
    "holds": make.HoldsFactory,
    "enters": make.EntersFactory,
    "member-of": make.MemberOfFactory,
    "jumps": make.JumpsFactory,
    "connects": make.ConnectsFactory,
    "grants": make.GrantsFactory,
    "administers": make.AdministersFactory,
    "exposures": make.ExposureFactory,
    "drills": make.DrillFactory,
}


def listed(slug: str) -> str:
    return reverse("access:fact-list", kwargs={"kind": slug})


def page(slug: str, pk: int, name: str = "access:fact-detail") -> str:
    return reverse(name, kwargs={"kind": slug, "pk": pk})


def pages_of(kind: Kind, pk: int) -> dict[str, str]:
    """The pages about one fact that its kind has, by name."""
    names = ["access:fact-detail", "access:fact-delete"]
    names += ["access:fact-edit"] if kind.change else []
    names += ["access:fact-retire"] if kind.ending else []
    return {name: page(kind.slug, pk, name) for name in names}


def test_every_kind_of_fact_has_pages() -> None:
    facts = {one for one in apps.get_app_config("access").get_models() if issubclass(one, Seen)}
    assert {kind.model for kind in KINDS.values()} == facts
    assert set(FACTORIES) == set(KINDS)


@BY_KIND
def test_who_reads_opens_every_page_and_who_writes_every_form(
    client_for: ClientFor, bob: User, rita: User, slug: str
) -> None:
    kind = KINDS[slug]
    pages = pages_of(kind, FACTORIES[slug].create().pk)
    for name, url in pages.items():
        assert client_for(bob).get(url).status_code == 200, name
        reads = name == "access:fact-detail"
        assert client_for(rita).get(url).status_code == (200 if reads else 403), name
    new = reverse("access:fact-create", kwargs={"kind": slug})
    assert client_for(bob).get(new).status_code == 200
    assert client_for(rita).get(new).status_code == 403
    assert client_for(rita).get(listed(slug)).status_code == 200


@BY_KIND
def test_what_is_not_in_scope_does_not_exist(client_for: ClientFor, anna: User, slug: str) -> None:
    fact = FACTORIES[slug].create()
    client = client_for(anna)
    for name, url in pages_of(KINDS[slug], fact.pk).items():
        assert client.get(url).status_code == 404, name
    assert f"/{slug}/{fact.pk}/" not in client.get(listed(slug)).content.decode()


@BY_KIND
def test_who_sees_no_facts_is_refused(client_for: ClientFor, rosa: User, slug: str) -> None:
    assert client_for(rosa).get(listed(slug)).status_code == 403


@BY_KIND
def test_lists_and_pages_ask_as_much_for_twelve_facts_as_for_six(
    client_for: ClientFor, bob: User, slug: str
) -> None:
    client, counts = client_for(bob), []
    for _round in range(2):
        made = [FACTORIES[slug].create() for _number in range(6)]
        with CaptureQueriesContext(connection) as of_list:
            client.get(listed(slug))
        with CaptureQueriesContext(connection) as of_file:
            b"".join(client.get(listed(slug), {"format": "csv"}))
        with CaptureQueriesContext(connection) as of_page:
            client.get(page(slug, made[0].pk))
        counts.append((len(of_list), len(of_file), len(of_page)))
    assert counts[0] == counts[1]


def test_a_page_asks_as_much_for_many_relations_as_for_few(
    client_for: ClientFor, bob: User
) -> None:
    lab, counts = make.EnvironmentFactory.create(), []
    for _round in range(2):
        for _number in range(4):
            connects = make.ConnectsFactory.create(origin=lab)
            connects.deployments.set([make.DeploymentFactory.create()])
            make.HoldsFactory.create(environment=lab)
            make.EntersFactory.create(environment=lab)
            make.AdministersFactory.create(environment=lab)
            make.PairReachFactory.create(environment=lab)
        with CaptureQueriesContext(connection) as captured:
            client_for(bob).get(page("environments", lab.pk))
        counts.append(len(captured))
    assert counts[0] == counts[1]


@BY_KIND
def test_stored_text_never_runs(client_for: ClientFor, bob: User, slug: str) -> None:
    fact = FACTORIES[slug].create()
    for end in [fact, *(getattr(fact, name, None) for name in KINDS[slug].narrowed_by)]:
        if isinstance(end, Keyed | Relation):
            end.name = SCRIPT
            end.save()
    for model in (Vendor, Environment):
        model.objects.update(name=SCRIPT)
    urls = [listed(slug), *pages_of(KINDS[slug], fact.pk).values()]
    for url in urls:
        shown = client_for(bob).get(url, {"q": SCRIPT, "vendor": SCRIPT, "sort": SCRIPT})
        assert "<script>alert" not in shown.content.decode(), url
    filtered = client_for(bob).get(listed(slug), {"q": SCRIPT}).content.decode()
    assert "<script>alert" not in filtered
    assert "&lt;script&gt;alert" in filtered


# --- lists ---------------------------------------------------------------------------------------


def test_a_list_is_narrowed_by_words_vendor_kind_and_what_is_not_known(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    known = dict.fromkeys(("internet_egress", "internet_exposed", "managed_endpoints"), "no")
    make.EnvironmentFactory.create(
        key="lab", name="Quiet lab", vendor=corvid, inventory="complete", **known
    )
    make.EnvironmentFactory.create(key="host", name="Our host", vendor=None, kind="gateway")

    def found(**asked: str) -> set[str]:
        shown = client_for(bob).get(listed("environments"), asked).content.decode()
        return {name for name in ("Quiet lab", "Our host") if name in shown}

    assert found() == {"Quiet lab", "Our host"}
    assert found(q="qui") == {"Quiet lab"}
    assert found(vendor="Corvid Analytics (corvid)") == {"Quiet lab"}
    assert found(vendor="our own") == {"Our host"}
    assert found(vendor="nobody of that name") == set()
    assert found(kind="gateway") == {"Our host"}
    assert found(status="retired") == set()
    assert found(unknown="1") == {"Our host"}


def test_relations_are_found_by_either_end_and_by_the_vendor_of_either(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    lab = make.EnvironmentFactory.create(key="lab", name="Quiet lab", vendor=corvid)
    gateway = make.EnvironmentFactory.create(key="gate", name="Front gateway", vendor=None)
    hop = make.ConnectsFactory.create(origin=lab, target=gateway)
    make.ConnectsFactory.create()

    def found(**asked: Any) -> list[int]:
        shown = client_for(bob).get(listed("connects"), asked).content.decode()
        return sorted({int(number) for number in re.findall(r"/connects/(\d+)/", shown)})

    assert len(found()) == 2
    assert found(q="quiet") == found(q="front gate") == found(vendor="corvid") == [hop.pk]
    assert found(origin=lab.pk) == found(target=gateway.pk) == [hop.pk]
    assert found(origin=gateway.pk) == []
    assert found(origin="x") == []
    assert (
        "Quiet lab"
        in client_for(bob)
        .get(listed("connects"), {"origin": str(lab.pk), "q": "nothing"})
        .content.decode()
    ), "what the list is narrowed to is named"


@pytest.mark.parametrize(
    ("slug", "state", "factory", "fields"),
    [
        ("credentials", "endless", make.CredentialFactory, {}),
        ("credentials", "live", make.CredentialFactory, {}),
        ("allowlist", "running", make.AllowlistEntryFactory, {}),
        ("allowlist", "request", make.AllowlistEntryFactory, {"approved_at": None}),
        ("exposures", "open", make.ExposureFactory, {}),
        ("drills", "open", make.DrillFactory, {}),
    ],
)
def test_a_list_is_narrowed_by_a_state_that_depends_on_the_time(
    client_for: ClientFor, bob: User, slug: str, state: str, factory: Any, fields: dict[str, None]
) -> None:
    made = factory.create(**fields)
    states = next(one for one in KINDS[slug].filters if one.name == "state").options
    shown = {
        value: made.key in client_for(bob).get(listed(slug), {"state": value}).content.decode()
        for value, _words in states
    }
    assert shown[state]
    assert not shown.get({"running": "request"}.get(state, "running"), False)
    assert not any(shown.get(other) for other in ("closed", "confirmed", "revoked"))


def test_every_order_of_every_list_shows_everything(client_for: ClientFor, bob: User) -> None:
    for slug, factory in FACTORIES.items():
        made = factory.create()
        orders = ["seen", "name", *(one.name for one in KINDS[slug].columns), "nonsense"]
        for order in orders:
            for sort in (order, f"-{order}"):
                shown = client_for(bob).get(listed(slug), {"sort": sort}).content.decode()
                link = f"/models/{made.pk}/" if slug == "models" else f"/{slug}/{made.pk}/"
                assert link in shown, (slug, sort)


def test_a_file_holds_every_fact_by_key_and_no_formula(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    make.EnvironmentFactory.create(key="lab", name="=1+1", vendor=corvid)
    answer = client_for(bob).get(listed("environments"), {"format": "csv"})
    text = b"".join(answer).decode("utf-8-sig")
    [row] = csv.DictReader(text.splitlines())
    assert row["key"] == "lab"
    assert row["name"] == "'=1+1"
    assert row["vendor"] == "corvid"
    assert row["internet_egress"] == "unknown"


def test_a_long_list_is_counted_no_further_than_its_pages(
    client_for: ClientFor, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_lists, "MOST_COUNTED", 3)
    for _number in range(5):
        make.EnvironmentFactory.create()
    shown = client_for(bob).get(listed("environments")).content.decode()
    assert "more than 3 found" in shown


def test_what_is_chosen_by_typing_is_in_scope_and_of_the_kind_that_is_asked_for(
    client_for: ClientFor, anna: User, corvid: Vendor
) -> None:
    make.IdentityFactory.create(key="team", name="Corvid team", vendor=corvid, kind="group")
    make.IdentityFactory.create(key="ada", name="Corvid Ada", vendor=corvid)
    make.IdentityFactory.create(key="other", name="Corvid impostor")
    url = reverse("access:fact-choices", kwargs={"kind": "identities"})

    def offered(**asked: str) -> set[str]:
        rows = client_for(anna).get(url, asked).json()["offered"]
        return {row["key"] for row in rows}

    assert offered(q="corvid") == {"team", "ada"}
    assert offered(q="corvid", kind="group") == {"team"}
    relations = reverse("access:fact-choices", kwargs={"kind": "holds"})
    assert client_for(anna).get(relations).status_code == 404


# --- one fact ------------------------------------------------------------------------------------


def test_the_page_of_an_environment_shows_what_leads_from_it_and_to_it_with_links(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    lab = make.EnvironmentFactory.create(key="lab", name="Quiet lab", vendor=corvid)
    endpoint = make.DeploymentFactory.create(name="Meridian endpoint")
    credential = make.CredentialFactory.create(name="Lab key", identity__vendor=corvid)
    ada = make.IdentityFactory.create(name="Ada", vendor=corvid)
    make.ConnectsFactory.create(origin=lab, target=endpoint.environment, enforces_allowlist="no")
    make.HoldsFactory.create(environment=lab, credential=credential)
    make.GrantsFactory.create(credential=credential, deployment=endpoint)
    make.EntersFactory.create(identity=ada, environment=lab)
    scan_now(actor=policy.system_actor())
    shown = client_for(bob).get(page("environments", lab.pk)).content.decode()
    for url in (
        page("environments", endpoint.environment.pk),
        page("credentials", credential.pk),
        page("identities", ada.pk),
        page("deployments", endpoint.pk),
        reverse("vendors:vendor-detail", args=[corvid.pk]),
        reverse("access:model-detail", args=[endpoint.model.pk]),
    ):
        assert f'href="{url}"' in shown, url
    assert "is-unsegregated" in shown
    assert "RT-01" in shown
    assert "4 not known" in shown
    other = client_for(bob).get(page("deployments", endpoint.pk)).content.decode()
    assert "Quiet lab" in other
    assert "RT-20" in other or "RT-09" in other


def test_the_page_of_a_fact_tells_its_history_before_and_after(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    lab = inventory.create_environment(
        actor=bob,
        key="lab",
        name="Lab",
        vendor=corvid,
        kind=EnvironmentKind.SANDBOX,
        purpose=Purpose.EVALUATION,
    )
    inventory.change_environment(actor=bob, environment=lab, internet_egress=YesNo.NO)
    shown = client_for(bob).get(page("environments", lab.pk)).content.decode()
    assert 'Changed by <b class="vr-strong">Bob</b>' in shown
    assert "Calls out: <s>not known</s>" in shown
    assert 'Created by <b class="vr-strong">Bob</b>' in shown


def test_history_that_concerns_another_vendor_is_not_told(
    client_for: ClientFor, anna: User, bob: User, corvid: Vendor
) -> None:
    quill = VendorFactory.create(key="quill", name="Quill")
    ada = make.IdentityFactory.create(key="ada", vendor=quill)
    identities.change_identity(actor=bob, identity=ada, vendor=corvid)
    identities.change_identity(actor=bob, identity=ada, mfa=YesNo.YES)
    shown = client_for(anna).get(page("identities", ada.pk)).content.decode()
    assert "Second factor: <s>not known</s>" in shown
    assert "quill" not in shown
    assert "quill" in client_for(bob).get(page("identities", ada.pk)).content.decode()


def test_who_approved_is_not_named_outside_of_the_scope(
    client_for: ClientFor, anna: User, bob: User, corvid: Vendor
) -> None:
    boss = make.IdentityFactory.create(name="Our approver", vendor=None)
    entry = make.AllowlistEntryFactory.create(vendor=corvid, approved_by=boss)
    shown = client_for(anna).get(page("allowlist", entry.pk)).content.decode()
    assert "Our approver" not in shown
    assert "outside your scope" in shown
    assert "Our approver" in client_for(bob).get(page("allowlist", entry.pk)).content.decode()
    text = b"".join(client_for(anna).get(listed("allowlist"), {"format": "csv"}))
    assert boss.key not in text.decode()
