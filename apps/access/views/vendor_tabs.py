"""The tabs of a vendor about the access graph: its environments, identities and credentials."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.access.selectors import vendors as selectors
from apps.access.selectors.reach import EnvironmentRow, rows_of
from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.core.lists import paged
from apps.vendors.frame import frame_of
from apps.vendors.models import Vendor
from apps.vendors.selectors import vendor_for

MOST_CREDENTIALS = 100  # beside the identities; the list of credentials has them all


@dataclass(frozen=True)
class Place:
    """An environment with its worst verdict; empty where it reaches nothing."""

    row: EnvironmentRow
    verdict: str


@require_safe
def vendor_environments(request: SignedInRequest, pk: int) -> HttpResponse:
    """The environments of the vendor, the worst verdict first."""
    vendor = _vendor(request, pk)
    page = paged(selectors.environments_of(request.user, vendor), request.GET)
    rows = rows_of(request.user, page.object_list)
    places = [Place(row, row.reached[0].verdict if row.reached else "") for row in rows]
    return _page(request, vendor, "environments", {"page": page, "places": places})


@require_safe
def vendor_identities(request: SignedInRequest, pk: int) -> HttpResponse:
    """Who and what acts for the vendor, and the credentials that they have."""
    vendor = _vendor(request, pk)
    page = paged(selectors.identities_of(request.user, vendor), request.GET)
    credentials = list(selectors.credentials_of(request.user, vendor)[: MOST_CREDENTIALS + 1])
    context = {
        "page": page,
        "credentials": credentials[:MOST_CREDENTIALS],
        "is_cut": len(credentials) > MOST_CREDENTIALS,
        "now": timezone.now(),
    }
    return _page(request, vendor, "identities", context)


def _vendor(request: SignedInRequest, number: int) -> Vendor:
    vendor = vendor_for(request.user, number)
    policy.require(request.user, Perm.VIEW_FACT, vendor=vendor)
    return vendor


def _page(
    request: SignedInRequest, vendor: Vendor, tab: str, context: dict[str, Any]
) -> HttpResponse:
    whole = frame_of(request.user, vendor, tab) | context
    whole["may_add"] = policy.may(request.user, Perm.CHANGE_FACT)
    return render(request, f"access/vendors/{tab}.html", whole)
