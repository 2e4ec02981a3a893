"""The tabs of a vendor about its findings: its open routes with their strips, and all of them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.core.lists import paged
from apps.findings.models import FindingState
from apps.findings.selectors import WORST_FIRST, findings_visible_to
from apps.findings.tellers import tell
from apps.findings.vendor_figures import routes_of
from apps.vendors.frame import frame_of
from apps.vendors.selectors import vendor_for

ROUTES_SHOWN = 25


@require_safe
def vendor_routes(request: SignedInRequest, pk: int) -> HttpResponse:
    """The open routes of the vendor, each by the finding that says the worst of it."""
    user = request.user
    vendor = vendor_for(user, pk)
    policy.require(user, Perm.VIEW_FINDING, vendor=vendor)
    page = paged(routes_of(user, vendor), request.GET, ROUTES_SHOWN)
    context = frame_of(user, vendor, "routes") | {"page": page, "told": tell(user, page)}
    return render(request, "findings/vendors/routes.html", context)


@require_safe
def vendor_findings(request: SignedInRequest, pk: int) -> HttpResponse:
    """The findings of the vendor, open or closed, the gravest first."""
    user = request.user
    vendor = vendor_for(user, pk)
    policy.require(user, Perm.VIEW_FINDING, vendor=vendor)
    state = FindingState.CLOSED if request.GET.get("state") == "closed" else FindingState.OPEN
    own = findings_visible_to(user).filter(vendor=vendor)
    page = paged(own.filter(state=state).order_by(*WORST_FIRST), request.GET)
    context = frame_of(user, vendor, "findings") | {
        "page": page,
        "told": tell(user, page),
        "state": state,
        "closed": own.filter(state=FindingState.CLOSED).count(),
    }
    return render(request, "findings/vendors/findings.html", context)
