"""The pages of one vendor: summary, tree, tabs, history; and what is left out for whom."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.access.services import inventory
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.engine.values import EnvironmentKind, Purpose, Severity, VendorKind
from apps.vendors import services
from apps.vendors.models import Vendor
from apps.vendors.subcontractors import Node, tree_of
from tests.access.story import Story, tell_story
from tests.conftest import ClientFor, Person
from tests.factories.access import CredentialFactory, EnvironmentFactory, PairReachFactory
from tests.factories.findings import FindingFactory
from tests.factories.vendors import ContractFactory, VendorFactory

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>"
TABS = (
    "vendors:vendor-detail",
    "access:vendor-environments",
    "access:vendor-identities",
    "findings:vendor-routes",
    "findings:vendor-findings",
    "vendors:contract-list",
    "vendors:vendor-reviews",
)


def page(client_for: ClientFor, user: User, name: str, vendor: Vendor) -> str:
    return client_for(user).get(reverse(name, args=[vendor.pk])).content.decode()


@pytest.fixture
def story() -> Story:
    return tell_story()


def test_the_summary_says_who_reaches_what_and_shows_the_route(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    text = page(client_for, bob, "vendors:vendor-detail", story.brightpath)
    assert "<b>One environment</b> of Brightpath" in text
    assert "reaches Meridian without segregation" in text
    assert "Brightpath laptops can use Meridian" in text
    assert 'class="vr-strip"' in text


def test_a_vendor_that_reaches_nothing_says_so(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    text = page(client_for, bob, "vendors:vendor-detail", corvid)
    assert "Nothing of Corvid Analytics is known to reach a restricted model" in text


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ("undetermined", "may reach Meridian, which rests on facts nobody has stated"),
        ("segregated", "reaches Meridian through a control on every path"),
        (None, "holds a key to a restricted model and has no path to it"),
    ],
)
def test_every_verdict_has_its_sentence(
    client_for: ClientFor, bob: User, corvid: Vendor, verdict: str | None, told: str
) -> None:
    PairReachFactory.create(
        environment__vendor=corvid, deployment__model__name="Meridian", verdict=verdict
    )
    assert told in page(client_for, bob, "vendors:vendor-detail", corvid)


def test_the_tabs_show_what_is_filed_under_the_vendor_and_count_it(
    client_for: ClientFor, bob: User, story: Story
) -> None:
    answer = client_for(bob).get(reverse("vendors:vendor-detail", args=[story.evalworks.pk]))
    counts = {tab.name: tab.count for tab in answer.context["tabs"]}
    assert list(counts) == [
        "summary", "environments", "identities", "routes", "findings", "contracts", "reviews",
    ]  # fmt: skip
    assert counts["environments"] == story.evalworks.environments.count()
    assert counts["findings"] == story.evalworks.findings.filter(state="open").count() > 0
    environments = page(client_for, bob, "access:vendor-environments", story.evalworks)
    assert story.harness.name in environments
    assert "Unsegregated" in environments
    routes = page(client_for, bob, "findings:vendor-routes", story.evalworks)
    assert routes.count('class="vr-strip"') == counts["routes"]


def test_closed_findings_stand_apart(client_for: ClientFor, bob: User, story: Story) -> None:
    finding = story.finding("RT-01", story.laptops)
    url = reverse("findings:vendor-findings", args=[story.brightpath.pk])
    link = reverse("findings:finding-detail", args=[finding.pk])
    assert link in client_for(bob).get(url).content.decode()
    assert link not in client_for(bob).get(url, {"state": "closed"}).content.decode()


@pytest.mark.parametrize("name", TABS)
def test_no_tab_asks_more_for_twenty_of_everything_than_for_ten(
    client_for: ClientFor, bob: User, corvid: Vendor, name: str
) -> None:
    client = client_for(bob)
    counts = []
    for start in (0, 10):
        for number in range(start, start + 10):
            below = VendorFactory.create(key=f"below{number}", engaged_by=corvid)
            ContractFactory.create(key=f"c{number}", vendor=corvid, subcontractors=[below])
            lab = EnvironmentFactory.create(key=f"lab{number}", vendor=corvid)
            PairReachFactory.create(environment=lab)
            CredentialFactory.create(key=f"key{number}", identity__vendor=corvid)
            FindingFactory.create(vendor=corvid, severity=Severity.LOW)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(name, args=[corvid.pk])).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_every_stored_name_is_escaped_on_every_tab(
    client_for: ClientFor, bob: User, otto: User
) -> None:
    vendor = VendorFactory.create(key="evil", name=EVIL)
    below = VendorFactory.create(key="below", name=EVIL, engaged_by=vendor)
    ContractFactory.create(key="c", name=EVIL, vendor=vendor, subcontractors=[below])
    lab = EnvironmentFactory.create(name=EVIL, vendor=vendor)
    PairReachFactory.create(environment=lab, deployment__model__name=EVIL)
    CredentialFactory.create(name=EVIL, identity__name=EVIL, identity__vendor=vendor)
    FindingFactory.create(vendor=vendor, environment=lab.key)
    services.change_vendor(actor=bob, vendor=below, name=f"{EVIL} again")
    services.change_vendor(actor=bob, vendor=vendor, name=f"{EVIL} again")
    for name in TABS:
        text = page(client_for, bob, name, vendor)
        assert "&lt;script&gt;" in text
        assert EVIL not in text, name
    assert EVIL not in page(client_for, otto, "vendors:vendor-history", vendor)


# --- the tree -------------------------------------------------------------------------------------


def outline(node: Node) -> object:
    """A node as name, how it stands in contracts, and what is below."""
    standing = "elsewhere" if node.elsewhere else "named" if node.is_named else "unnamed"
    return (node.name, standing, node.contract, [outline(one) for one in node.below])


def test_the_tree_tells_named_and_unnamed_and_engaged_by_others(bob: User) -> None:
    ash = VendorFactory.create(key="ash", name="Ash")
    birch = VendorFactory.create(key="birch", name="Birch", engaged_by=ash)
    cedar = VendorFactory.create(key="cedar", name="Cedar", engaged_by=birch)
    dogwood = VendorFactory.create(key="dogwood", name="Dogwood")
    ContractFactory.create(key="msa", vendor=ash, subcontractors=[birch, dogwood])
    ContractFactory.create(key="back", vendor=cedar, subcontractors=[ash])
    assert outline(tree_of(bob, ash).root) == (
        "Ash", "unnamed", "", [
            ("Birch", "named", "msa", [("Cedar", "unnamed", "", [])]),
            ("Dogwood", "elsewhere", "msa", []),
        ],
    )  # fmt: skip


def test_the_tree_leaves_out_the_names_of_vendors_out_of_scope(
    client_for: ClientFor, person: Person
) -> None:
    ash = VendorFactory.create(key="ash", name="Ash")
    birch = VendorFactory.create(key="birch", name="Birch", engaged_by=ash)
    cedar = VendorFactory.create(key="cedar", name="Cedar", engaged_by=birch)
    ContractFactory.create(key="secret-msa", vendor=birch, subcontractors=[cedar])
    nora = person("Nora", Role.ANALYST, vendors=[ash, cedar])
    text = page(client_for, nora, "vendors:vendor-detail", ash)
    assert "another vendor" in text
    assert "Cedar" in text
    assert "named in a contract" in text
    for hidden in ("Birch", "birch", "secret-msa"):
        assert hidden not in text


def test_a_requester_reads_no_contract_in_the_tree(
    client_for: ClientFor, rosa: User, corvid: Vendor
) -> None:
    below = VendorFactory.create(engaged_by=corvid)
    ContractFactory.create(key="secret-msa", vendor=corvid, subcontractors=[below])
    text = page(client_for, rosa, "vendors:vendor-detail", corvid)
    assert "named in a contract" in text
    assert "secret-msa" not in text


# --- history --------------------------------------------------------------------------------------


def test_the_history_tells_what_was_done_to_the_vendor_and_what_is_filed_under_it(
    client_for: ClientFor, bob: User, otto: User, corvid: Vendor
) -> None:
    services.change_vendor(actor=bob, vendor=corvid, name="Corvid Ltd")
    inventory.create_environment(
        actor=bob,
        key="lab",
        name="The laboratory",
        vendor=corvid,
        kind=EnvironmentKind.SANDBOX,
        purpose=Purpose.EVALUATION,
    )
    services.create_vendor(actor=bob, key="other", name="Other", kind=VendorKind.PARTNER)
    text = page(client_for, otto, "vendors:vendor-history", corvid)
    assert "changed the vendor" in text
    assert "<s>Corvid Analytics</s>" in text
    assert "created the environment" in text
    assert "The laboratory" in text
    assert "Other" not in text


def test_the_history_names_no_vendor_out_of_the_readers_scope(
    client_for: ClientFor, bob: User, person: Person, corvid: Vendor
) -> None:
    quill = VendorFactory.create(key="quill", name="Quill")
    services.change_vendor(actor=bob, vendor=corvid, engaged_by=quill)
    auditor = person("Nora", Role.AUDITOR, vendors=[corvid])
    text = page(client_for, auditor, "vendors:vendor-history", corvid)
    assert "another vendor" in text
    assert "quill" not in text.lower()


def test_the_history_is_for_those_who_may_read_the_log(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    answer = client_for(bob).get(reverse("vendors:vendor-history", args=[corvid.pk]))
    assert answer.status_code == 403
    assert "History" not in page(client_for, bob, "vendors:vendor-detail", corvid)


def test_a_rank_is_the_place_in_the_chain_of_supply(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    hired = VendorFactory.create(key="hired", name="Hired Hands", engaged_by=corvid)
    VendorFactory.create(key="further", name="Further Hands", engaged_by=hired)
    page = client_for(bob).get(reverse("vendors:vendor-detail", args=[hired.pk])).content.decode()
    assert re.findall(r"rank \d", page) == ["rank 2", "rank 3"]
