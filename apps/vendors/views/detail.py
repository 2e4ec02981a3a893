"""One vendor: the summary, its reviews, its history. Other apps have the other tabs."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.vendors import history, selectors
from apps.vendors.figures import figures_for
from apps.vendors.frame import frame_of
from apps.vendors.subcontractors import tree_of

ENTRIES = 50  # of the log on a page


@require_safe
def vendor_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Who of the vendor reaches a restricted model and how; and whom it engages."""
    user = request.user
    vendor = selectors.vendor_for(user, pk)
    parts = [part for figures in figures_for(user) for part in figures.parts(user, vendor)]
    context = frame_of(user, vendor, "summary") | {
        "parts": sorted(parts, key=lambda part: part.place),
        "tree": tree_of(user, vendor),
    }
    return render(request, "vendors/vendor_detail.html", context)


@require_safe
def vendor_reviews(request: SignedInRequest, pk: int) -> HttpResponse:
    """The reviews of the vendor: there are none yet."""
    vendor = selectors.vendor_for(request.user, pk)
    context = frame_of(request.user, vendor, "reviews")
    return render(request, "vendors/vendor_reviews.html", context)


@require_safe
def vendor_history(request: SignedInRequest, pk: int) -> HttpResponse:
    """What the log says about the vendor and everything filed under it."""
    user = request.user
    vendor = selectors.vendor_for(user, pk)
    policy.require(user, Perm.VIEW_AUDIT_LOG, vendor=vendor)
    found = Paginator(history.entries_about(user, vendor), ENTRIES)
    page = found.get_page(request.GET.get("page", 1))
    context = frame_of(user, vendor, "history") | {
        "page": page,
        "history": history.told(user, page.object_list),
    }
    return render(request, "vendors/vendor_history.html", context)
