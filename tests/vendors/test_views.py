"""The pages of the register: what is typed is stored, refused where it was typed, never lost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.vendors import services
from apps.vendors.models import Vendor
from tests.conftest import ClientFor
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db


def test_a_vendor_is_entered_with_who_engaged_it(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    typed = {
        "name": "Brightpath",
        "key": "brightpath",
        "kind": "contractor",
        "engaged_by": "Corvid Analytics (corvid)",
        "status": "active",
    }
    answer = client_for(bob).post(reverse("vendors:vendor-create"), typed, follow=True)
    assert "Brightpath is in the register." in answer.content.decode()
    assert Vendor.objects.get(key="brightpath").engaged_by == corvid


def test_what_is_wrong_is_said_at_the_field_and_nothing_typed_is_lost(
    client_for: ClientFor, bob: User
) -> None:
    typed = {"name": "<script>x</script>", "key": "no key", "kind": "", "engaged_by": "Nobody Ltd"}
    answer = client_for(bob).post(reverse("vendors:vendor-create"), typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "A key starts with a letter or digit" in page
    assert "There is no vendor “Nobody Ltd” that you can see." in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<script>x" not in page


def test_a_vendor_out_of_scope_cannot_be_chosen(
    client_for: ClientFor, anna: User, corvid: Vendor
) -> None:
    VendorFactory.create(key="quill", name="Quill")
    url = reverse("vendors:vendor-edit", args=[corvid.pk])
    typed = {"name": "C", "kind": "contractor", "engaged_by": "quill", "status": "active"}
    answer = client_for(anna).post(url, typed)
    assert "There is no vendor “quill” that you can see." in answer.content.decode()
    offered = client_for(anna).get(reverse("vendors:vendor-choices"), {"q": "qui"})
    assert offered.json() == {"offered": []}


def test_the_later_of_two_editors_is_shown_the_difference(
    client_for: ClientFor, bob: User, corvid: Vendor
) -> None:
    client = client_for(bob)
    url = reverse("vendors:vendor-edit", args=[corvid.pk])
    version = client.get(url).context["form"]["version"].value()
    services.change_vendor(actor=bob, vendor=corvid, name="Corvid Ltd")
    typed = {
        "version": version,
        "name": "Corvid plc",
        "kind": "contractor",
        "engaged_by": "",
        "status": "active",
    }
    answer = client.post(url, typed)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "<td>Corvid Ltd</td><td>Corvid plc</td>" in page
    assert "<b>Bob</b> saved this meanwhile." in page
    again = typed | {"version": answer.context["form"]["version"].value()}
    assert client.post(url, again).status_code == 302
    corvid.refresh_from_db()
    assert corvid.name == "Corvid plc"


@pytest.mark.parametrize("sort", ["name", "-name", "kind", "-engaged_by", "nonsense"])
def test_every_order_shows_every_vendor(
    client_for: ClientFor, bob: User, corvid: Vendor, sort: str
) -> None:
    VendorFactory.create(key="a", name="Aldermoor", engaged_by=corvid)
    page = client_for(bob).get(reverse("vendors:vendor-list"), {"sort": sort}).content.decode()
    assert "Aldermoor" in page
    assert "Corvid Analytics" in page


def test_the_list_asks_as_much_for_twenty_vendors_as_for_ten(
    client_for: ClientFor, bob: User
) -> None:

    client = client_for(bob)
    counts = []
    for start in (0, 10):
        for number in range(start, start + 10):
            parent = VendorFactory.create(key=f"p{number}", name=f"Parent {number}")
            VendorFactory.create(key=f"v{number}", name=f"Vendor {number}", engaged_by=parent)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("vendors:vendor-list"))
        counts.append(len(captured))
    assert counts[0] == counts[1]
