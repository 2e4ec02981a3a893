"""Keeping a view of a list, and forgetting one: both lead back to the list."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from apps.accounts.http import SignedInRequest
from apps.accounts.selectors import saved_view_for
from apps.accounts.services import saved_views


@require_POST
def view_create(request: SignedInRequest) -> HttpResponse:
    """Keep the list that ``page`` and ``query`` say under ``name``, and lead to it."""
    asked = {name: request.POST.get(name, "") for name in ("page", "name", "query")}
    view = saved_views.save_view(actor=request.user, **asked)
    messages.success(request, f"The view “{view.name}” is saved.")
    return redirect(view.address)


@require_POST
def view_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Forget a view, and lead to its list."""
    view = saved_view_for(request.user, pk)
    saved_views.delete_view(actor=request.user, view=view)
    messages.success(request, f"The view “{view.name}” is deleted.")
    return redirect(view.page)
