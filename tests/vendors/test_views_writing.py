"""Writing vendors and contracts in the browser: checked while typing, ended, deleted, refused."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.vendors.models import Contract, Vendor
from tests.conftest import ClientFor, Person
from tests.factories.access import EnvironmentFactory
from tests.factories.vendors import ContractFactory, VendorFactory

pytestmark = pytest.mark.django_db

CONTRACT = {
    "name": "Master agreement",
    "key": "msa",
    "starts_on": "2026-01-01",
    "ends_on": "2027-01-01",
    "subcontractors": "",
    "right_to_audit": "yes",
    "breach_notice_hours": "24",
}


def check(client: Client, url: str, field: str, **typed: str) -> str:
    """What comes back when a field has changed."""
    answer = client.post(f"{url}?check={field}", typed, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "HX-Request" in answer["Vary"]
    return answer.content.decode()


# --- checked while typing -------------------------------------------------------------------------


def test_a_field_that_changes_is_checked_alone_and_nothing_is_saved(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    client, url = client_for(bob), reverse("vendors:vendor-create")
    wrong = check(client, url, "key", key="no key", name="")
    assert "A key starts with a letter or digit" in wrong
    assert 'value="no key"' in wrong
    assert "<form" not in wrong
    assert "This field is required" not in wrong  # the name is not what was asked about
    taken = check(client, url, "key", key=corvid.key)
    assert "A vendor with this key is in the register already." in taken
    unknown = check(client, url, "engaged_by", engaged_by="Nobody Ltd")
    assert "There is no vendor “Nobody Ltd” that you can see." in unknown
    complete = {"key": "fine", "name": "Fine", "kind": "partner", "status": "active"}
    assert "vr-field-error" not in check(client, url, "key", **complete)
    assert not Vendor.objects.filter(key="fine").exists()


def test_an_unknown_field_or_a_plain_request_is_a_form_that_was_sent(
    client_for: ClientFor, bob: User
) -> None:
    client, url = client_for(bob), reverse("vendors:vendor-create")
    for asked, headers in (("nonsense", {"HX-Request": "true"}), ("key", {})):
        answer = client.post(f"{url}?check={asked}", {"key": "no key"}, headers=headers)
        assert answer.status_code == 422
        assert "<form" in answer.content.decode()


def test_a_contract_is_checked_while_it_is_written(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    url = reverse("vendors:contract-create", args=[corvid.pk])
    assert "Enter a valid date" in check(client_for(bob), url, "starts_on", starts_on="soon")


# --- ending, taking up, deleting ------------------------------------------------------------------


def test_a_vendor_is_offboarded_after_a_question_and_taken_up_again(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    client = client_for(bob)
    offboard = reverse("vendors:vendor-offboard", args=[corvid.pk])
    assert "Offboard Corvid Analytics?" in client.get(offboard).content.decode()
    corvid.refresh_from_db()
    assert corvid.status == "active"
    page = client.post(offboard, follow=True).content.decode()
    assert "Corvid Analytics is offboarded." in page
    assert "Reactivate" in page
    page = client.post(
        reverse("vendors:vendor-reactivate", args=[corvid.pk]), follow=True
    ).content.decode()
    assert "Corvid Analytics is active again." in page
    actions = AuditEntry.objects.order_by("number").values_list("action", flat=True)
    assert [action for action in actions if action.startswith("vendor.")] == [
        "vendor.offboarded",
        "vendor.reactivated",
    ]


def test_deleting_is_refused_with_the_reasons_and_offboarding_is_offered(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    EnvironmentFactory.create(key="corvid-lab", vendor=corvid)
    url = reverse("vendors:vendor-delete", args=[corvid.pk])
    for answer in (client_for(bob).get(url), client_for(bob).post(url)):
        page = answer.content.decode()
        assert "1 environment: corvid-lab" in page
        assert reverse("vendors:vendor-offboard", args=[corvid.pk]) in page
    assert answer.status_code == 409
    assert Vendor.objects.filter(pk=corvid.pk).exists()


def test_a_vendor_that_nothing_refers_to_is_deleted_after_a_question(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    url = reverse("vendors:vendor-delete", args=[corvid.pk])
    assert "Delete Corvid Analytics?" in client_for(bob).get(url).content.decode()
    page = client_for(bob).post(url, follow=True).content.decode()
    assert "Corvid Analytics is deleted." in page
    assert not Vendor.objects.filter(pk=corvid.pk).exists()


def test_who_may_only_read_is_offered_nothing_and_refused(
    client_for: ClientFor, rita: User, corvid: Vendor
) -> None:
    client = client_for(rita)
    page = client.get(reverse("vendors:vendor-detail", args=[corvid.pk])).content.decode()
    for name in ("edit", "offboard", "delete", "reactivate"):
        url = reverse(f"vendors:vendor-{name}", args=[corvid.pk])
        assert url not in page
        assert client.post(url).status_code == 403
    corvid.refresh_from_db()
    assert corvid.status == "active"


# --- what cannot be named stays -------------------------------------------------------------------


def test_editing_keeps_an_engager_that_the_person_may_not_know(
    client_for: ClientFor, anna: User, corvid: Vendor
) -> None:
    quill = VendorFactory.create(key="quill", name="Quill")
    Vendor.objects.filter(pk=corvid.pk).update(engaged_by=quill)
    url = reverse("vendors:vendor-edit", args=[corvid.pk])
    client = client_for(anna)
    shown = client.get(url)
    assert "quill" not in shown.content.decode().lower()
    typed = {"name": "Corvid Ltd", "kind": "contractor", "status": "active"}
    typed["version"] = shown.context["form"]["version"].value()
    assert client.post(url, typed).status_code == 302
    corvid.refresh_from_db()
    assert (corvid.name, corvid.engaged_by) == ("Corvid Ltd", quill)


def test_editing_a_contract_keeps_the_list_that_the_person_may_not_know(
    client_for: ClientFor, anna: User, corvid: Vendor
) -> None:
    quill = VendorFactory.create(key="quill", name="Quill")
    contract = ContractFactory.create(vendor=corvid, subcontractors=[quill, corvid])
    client = client_for(anna)
    url = reverse("vendors:contract-edit", args=[contract.pk])
    assert "quill" not in client.get(url).content.decode().lower()
    listed = client.get(reverse("vendors:contract-list", args=[corvid.pk])).content.decode()
    assert "another vendor" in listed
    assert "quill" not in listed.lower()
    assert client.post(url, CONTRACT | {"right_to_audit": "no"}).status_code == 302
    contract.refresh_from_db()
    assert contract.right_to_audit == "no"
    assert set(contract.subcontractors.all()) == {quill, corvid}


# --- contracts ------------------------------------------------------------------------------------


def test_a_contract_is_filed_changed_and_deleted(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    client = client_for(bob)
    brightpath = VendorFactory.create(key="brightpath", name="Brightpath")
    create = reverse("vendors:contract-create", args=[corvid.pk])
    page = client.post(create, CONTRACT | {"subcontractors": "brightpath"}, follow=True)
    assert "The contract Master agreement is filed." in page.content.decode()
    contract = Contract.objects.get(key="msa")
    assert list(contract.subcontractors.all()) == [brightpath]
    assert contract.breach_notice_hours == 24
    edit = reverse("vendors:contract-edit", args=[contract.pk])
    typed = CONTRACT | {"subcontractors": "", "breach_notice_hours": "", "ends_on": ""}
    typed["version"] = client.get(edit).context["form"]["version"].value()
    assert client.post(edit, typed).status_code == 302
    changed = Contract.objects.get(key="msa")
    assert not changed.subcontractors.exists()
    assert changed.ends_on is None
    assert changed.breach_notice_hours is None
    delete = reverse("vendors:contract-delete", args=[contract.pk])
    assert "Delete the contract Master agreement?" in client.get(delete).content.decode()
    client.post(delete)
    assert not Contract.objects.exists()


def test_nothing_typed_is_lost_when_a_contract_is_refused(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    ContractFactory.create(key="msa")
    url = reverse("vendors:contract-create", args=[corvid.pk])
    typed = CONTRACT | {"ends_on": "2025-01-01", "key": "other", "name": "<script>x</script>"}
    answer = client_for(bob).post(url, typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The end is before the start." in page
    assert "&lt;script&gt;x" in page
    assert "<script>x" not in page
    assert 'value="2025-01-01"' in page
    answer = client_for(bob).post(url, CONTRACT)
    assert "A contract with this key is in the register already." in answer.content.decode()
    assert Contract.objects.count() == 1


def test_the_later_of_two_editors_of_a_contract_is_shown_the_difference(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    contract = ContractFactory.create(key="msa", name="First", vendor=corvid)
    client = client_for(bob)
    url = reverse("vendors:contract-edit", args=[contract.pk])
    version = client.get(url).context["form"]["version"].value()
    client.post(url, CONTRACT | {"name": "Second", "version": version})
    answer = client.post(url, CONTRACT | {"name": "Third", "version": version})
    assert answer.status_code == 409
    assert "<td>Second</td><td>Third</td>" in answer.content.decode()


def test_a_contract_of_a_vendor_out_of_scope_does_not_exist(
    client_for: ClientFor, person: Person, corvid: Vendor
) -> None:
    contract = ContractFactory.create(vendor=VendorFactory.create(key="quill"))
    nora = person("Nora", Role.ANALYST, vendors=[corvid])
    for name in ("edit", "delete"):
        url = reverse(f"vendors:contract-{name}", args=[contract.pk])
        assert client_for(nora).post(url, CONTRACT).status_code == 404


def test_an_analyst_of_single_vendors_is_told_that_a_new_one_is_not_theirs_to_see(
    client_for: ClientFor, anna: User
) -> None:
    typed = {"name": "New", "key": "new", "kind": "partner", "status": "active"}
    answer = client_for(anna).post(reverse("vendors:vendor-create"), typed, follow=True)
    assert answer.redirect_chain == [(reverse("vendors:vendor-list"), 302)]
    assert "Ask an administrator to put it into your scope." in answer.content.decode()
    assert Vendor.objects.filter(key="new").exists()
