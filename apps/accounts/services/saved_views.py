"""Writes of the views that somebody keeps of a list."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.urls import NoReverseMatch, reverse

from apps.accounts.models import SavedView, User
from apps.accounts.selectors import lasting
from apps.audit import services as audit
from apps.core.errors import ConflictError, InvalidError, NotFoundError

MOST = 30  # for one person and page: they stand side by side above the list


@transaction.atomic
def save_view(*, actor: User, page: str, name: str, query: str) -> SavedView:
    """Keep a list under a name; a view of that page with the same name is replaced.

    Raises InvalidError, by field, for a page that is no list, a name or query that cannot be kept,
    ConflictError when there are MOST views of the page already.
    """
    name = " ".join(name.split())
    User.objects.select_for_update().get(pk=actor.pk)  # one at a time, so that MOST holds
    mine = SavedView.objects.filter(user=actor, page=page)
    view = mine.filter(name=name).first() or SavedView(user=actor, page=page, name=name)
    before = view.query if view.pk else None
    view.query = lasting(QueryDict(query.replace("\0", "").removeprefix("?")))
    _check(view)
    if before == view.query:
        return view
    if before is None and mine.count() >= MOST:
        raise ConflictError(f"There are {MOST} views of this list already. Delete one first.")
    view.save()
    audit.record(
        actor=actor,
        action="saved_view.created" if before is None else "saved_view.changed",
        target=view,
        data={"page": page, "before": {"query": before}, "after": {"query": view.query}},
    )
    return view


@transaction.atomic
def delete_view(*, actor: User, view: SavedView) -> None:
    """Forget a view. Raises NotFoundError when it is somebody else's, or gone."""
    stored = SavedView.objects.select_for_update().filter(pk=view.pk, user=actor).first()
    if stored is None:
        raise NotFoundError("There is no such view, or it is not yours.")
    number = stored.pk
    stored.delete()
    stored.pk = number  # the log wants to name what was deleted
    audit.record(
        actor=actor,
        action="saved_view.deleted",
        target=stored,
        data={"page": stored.page, "before": {"query": stored.query}},
    )


def _check(view: SavedView) -> None:
    faults: dict[str, list[str]] = {}
    try:
        if not view.page.endswith("-list"):
            raise NoReverseMatch
        reverse(view.page)
    except NoReverseMatch:
        faults["page"] = ["There is no such list."]
    try:
        view.full_clean(exclude=["page"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        faults |= error.message_dict
    if faults:
        told = " ".join(sentence for found in faults.values() for sentence in found)
        raise InvalidError(f"The view was not saved. {told}", faults)
