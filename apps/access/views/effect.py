"""What a change does to reach: asked again and again until a scan has looked at it."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from apps.access.selectors.effect import effect_since
from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.core.errors import InvalidError
from apps.findings.tellers import tell


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def run_effect(request: SignedInRequest) -> HttpResponse:
    """What the facts that were stored at ``since`` changed: a part of a page, or a page."""
    policy.require(request.user, Perm.VIEW_RUN)
    since = _instant(request.GET.get("since", ""))
    effect = effect_since(request.user, since)
    is_part = bool(request.headers.get("HX-Request"))
    context = {
        "section": "scans",
        "since": request.GET["since"],
        "effect": effect,
        "opened": tell(request.user, effect.opened),
        "closed": tell(request.user, effect.closed),
    }
    name = "effect_part" if is_part else "effect"
    response = render(request, f"access/facts/{name}.html", context)
    if is_part and not effect.is_pending:
        response["HX-Trigger"] = "scanned"  # what else the page shows of reach is old now
    return response


def _instant(text: str) -> datetime:
    """A time with its zone; InvalidError for anything else."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or timezone.is_naive(moment):
        raise InvalidError("Say since when: a time with its zone, as in 2026-01-01T00:00:00Z.")
    return moment
