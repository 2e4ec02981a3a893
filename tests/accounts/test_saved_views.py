"""The views of lists that people keep: saved, replaced, deleted, each their own."""

import pytest
from django.http import QueryDict
from django.urls import reverse

from apps.accounts.models import SavedView, User
from apps.accounts.selectors import kept_views, lasting
from apps.accounts.services.saved_views import MOST, delete_view, save_view
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, InvalidError, NotFoundError
from tests.conftest import ClientFor

pytestmark = pytest.mark.django_db

LIST = "vendors:vendor-list"


def test_a_view_keeps_the_filters_and_order_and_not_the_page(bob: User) -> None:
    view = save_view(
        actor=bob, page=LIST, name="  Open  ones ", query="?sort=-name&page=3&kind=&status=active"
    )
    assert (view.name, view.query) == ("Open ones", "sort=-name&status=active")
    assert view.address == f"{reverse(LIST)}?sort=-name&status=active"
    entry = AuditEntry.objects.get(action="saved_view.created")
    assert entry.actor_id == bob.pk
    assert entry.data["after"] == {"query": "sort=-name&status=active"}


def test_saving_under_the_same_name_replaces(bob: User) -> None:
    first = save_view(actor=bob, page=LIST, name="Mine", query="status=active")
    second = save_view(actor=bob, page=LIST, name="Mine", query="status=offboarded")
    assert first.pk == second.pk
    assert SavedView.objects.get().query == "status=offboarded"
    save_view(actor=bob, page=LIST, name="Mine", query="status=offboarded")
    assert AuditEntry.objects.filter(action="saved_view.changed").count() == 1


def test_two_people_may_use_the_same_name(bob: User, anna: User) -> None:
    save_view(actor=bob, page=LIST, name="Mine", query="status=active")
    save_view(actor=anna, page=LIST, name="Mine", query="status=active")
    assert [view.user for view in kept_views(anna, LIST, QueryDict("")).all] == [anna]


@pytest.mark.parametrize(
    ("page", "name", "field"),
    [
        ("accounts:sign-out", "Mine", "page"),
        ("nowhere:at-all-list", "Mine", "page"),
        ("https://evil.example/-list", "Mine", "page"),
        (LIST, "", "name"),
        (LIST, "x" * 61, "name"),
    ],
)
def test_what_is_no_list_or_has_no_name_is_refused(
    bob: User, page: str, name: str, field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        save_view(actor=bob, page=page, name=name, query="")
    assert set(refused.value.fields) == {field}


def test_there_is_an_end_to_them(bob: User) -> None:
    SavedView.objects.bulk_create(
        SavedView(user=bob, page=LIST, name=str(number)) for number in range(MOST)
    )
    with pytest.raises(ConflictError):
        save_view(actor=bob, page=LIST, name="one more", query="")
    save_view(actor=bob, page=LIST, name="0", query="status=active")  # replacing is no new one


def test_nobody_deletes_the_view_of_somebody_else(bob: User, anna: User) -> None:
    view = save_view(actor=bob, page=LIST, name="Mine", query="status=active")
    with pytest.raises(NotFoundError):
        delete_view(actor=anna, view=view)
    delete_view(actor=bob, view=view)
    assert not SavedView.objects.exists()
    assert AuditEntry.objects.filter(action="saved_view.deleted", target_name="Mine").exists()


def test_which_view_is_shown_does_not_hang_on_the_order_of_the_query(bob: User) -> None:
    view = save_view(actor=bob, page=LIST, name="Mine", query="b=2&a=1")
    kept = kept_views(bob, LIST, QueryDict("a=1&b=2&page=7&c="))
    assert kept.shown == view
    assert not kept.is_plain
    assert kept_views(bob, LIST, QueryDict("page=2")).is_plain
    assert lasting(QueryDict("a=2&a=1")) == "a=2&a=1"


def test_the_pages_lead_back_to_the_list(client_for: ClientFor, bob: User, anna: User) -> None:
    client = client_for(bob)
    made = client.post(
        reverse("accounts:view-create"),
        {"page": LIST, "name": "<script>", "query": "status=active"},
    )
    assert made.status_code == 302
    assert made["Location"] == f"{reverse(LIST)}?status=active"
    assert b"<script>\xe2\x80\x9d" not in client.get(made["Location"]).content
    view = SavedView.objects.get()
    theirs = client_for(anna).post(reverse("accounts:view-delete", args=[view.pk]))
    assert theirs.status_code == 404
    mine = client.post(reverse("accounts:view-delete", args=[view.pk]))
    assert mine["Location"] == reverse(LIST)
    assert not SavedView.objects.exists()
