"""What is done to several vendors at once, after a page that names them."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.engine.values import VendorStatus
from apps.vendors import selectors, services

MOST = 200  # picked at once


@require_http_methods(["GET", "HEAD", "POST"])
def vendor_offboard_many(request: SignedInRequest) -> HttpResponse:
    """Name the picked vendors, and by POST mark their relationships as ended."""
    user = request.user
    policy.require(user, Perm.CHANGE_VENDOR)
    asked = request.POST if request.method == "POST" else request.GET
    picked = selectors.vendors_by_number(user, _numbers(asked))
    ended = [vendor for vendor in picked if vendor.status == VendorStatus.OFFBOARDED]
    vendors = [vendor for vendor in picked if vendor.status != VendorStatus.OFFBOARDED]
    if request.method == "POST" and vendors:
        services.offboard_vendors(actor=user, vendors=vendors)
        words = "1 vendor is" if len(vendors) == 1 else f"{len(vendors)} vendors are"
        messages.success(request, f"{words} offboarded.")
        return redirect("vendors:vendor-list")
    context = {"section": "vendors", "vendors": vendors, "ended": ended}
    return render(request, "vendors/offboard_many.html", context)


def _numbers(asked: QueryDict) -> list[int]:
    picked = asked.getlist("pick")[:MOST]
    return [int(value) for value in picked if value.isdecimal() and len(value) < 19]
