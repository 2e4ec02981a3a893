"""Scans: the list, one run, and asking for one."""

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from apps.access.models.runs import RunReason
from apps.access.selectors import runs as selectors
from apps.access.services.analysis import request_scan
from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm

PER_PAGE = 25


@require_safe
def run_list(request: SignedInRequest) -> HttpResponse:
    """Every scan, the latest first."""
    policy.require(request.user, Perm.VIEW_RUN)
    runs = Paginator(selectors.runs_visible_to(request.user), PER_PAGE)
    context = {
        "section": "scans",
        "page": runs.get_page(request.GET.get("page", 1)),
        "sees_figures": selectors.sees_figures(request.user),
        "may_scan": policy.may(request.user, Perm.START_SCAN),
    }
    return render(request, "access/run_list.html", context)


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def run_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """One scan: how far it is, what it found and changed, its digests."""
    run = selectors.run_for(request.user, pk)
    is_active = run.state in selectors.ACTIVE
    if request.headers.get("HX-Request"):
        response = render(request, "access/run_progress.html", {"run": run})
        if not is_active:
            response["HX-Refresh"] = "true"
        return response
    context = {
        "section": "scans",
        "run": run,
        "is_active": is_active,
        "before": selectors.finished_before(request.user, run),
        "changes": selectors.changes_of(request.user, run),
        "sees_figures": selectors.sees_figures(request.user),
        "may_scan": policy.may(request.user, Perm.START_SCAN),
    }
    return render(request, "access/run_detail.html", context)


@require_POST
def run_create(request: SignedInRequest) -> HttpResponseRedirect:
    """Ask for a scan, and show it."""
    run = request_scan(actor=request.user, reason=RunReason.REQUESTED)
    return redirect("access:run-detail", pk=run.pk)
