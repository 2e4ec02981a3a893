"""The first page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.access.pictures import charts
from apps.access.selectors.overview import overview_for, register_for
from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.audit.words import action_words, page_of
from apps.findings.tellers import tell


@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """Who reaches a restricted model without segregation, the worst routes, what changed."""
    page = overview_for(request.user)
    told = tell(request.user, [route.finding for route in page.worst])
    context = {
        "section": "overview",
        "page": page,
        "bars": [(bar, charts.shares(bar.counts)) for bar in page.models],
        "trend": charts.trend(page.trend),
        "routes": list(zip(page.worst, told, strict=True)),
        "may_scan": policy.may(request.user, Perm.START_SCAN),
        "lately": [(entry, action_words(entry.action), page_of(entry)) for entry in page.lately],
        "register": None if page.last or page.open_findings else register_for(request.user),
        "may_add": policy.may(request.user, Perm.ADD_VENDOR),
        "may_state": policy.may(request.user, Perm.CHANGE_FACT),
        "may_manage": policy.may(request.user, Perm.MANAGE_USERS),
        "sees_log": policy.may(request.user, Perm.VIEW_AUDIT_LOG),
        "may_import": policy.may(request.user, Perm.IMPORT_GRAPH),
    }
    return render(request, "access/overview.html", context)
