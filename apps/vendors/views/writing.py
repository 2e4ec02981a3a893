"""Writing a vendor: its form, ending and taking up the relationship, deleting it."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.core.live_fields import checked_field
from apps.vendors import selectors, services
from apps.vendors.forms import VendorForm
from apps.vendors.frame import frame_of
from apps.vendors.references import references_to


@require_http_methods(["GET", "HEAD", "POST"])
def vendor_create(request: SignedInRequest) -> HttpResponse:
    """Enter a vendor into the register."""
    policy.require(request.user, Perm.ADD_VENDOR)
    form = VendorForm(request.POST or None, actor=request.user)
    if (checked := checked_field(request, form)) is not None:
        return checked
    if form.is_valid() and form.saves(
        lambda: services.create_vendor(actor=request.user, **form.stated)
    ):
        told = f"{form.stated['name']} is in the register."
        made = selectors.vendors_visible_to(request.user).filter(key=form.stated["key"]).first()
        if made is None:  # somebody with single grants does not see it before it is granted
            messages.success(request, f"{told} Ask an administrator to put it into your scope.")
            return redirect("vendors:vendor-list")
        messages.success(request, told)
        return redirect("vendors:vendor-detail", pk=made.pk)
    context = {"section": "vendors", "form": form}
    return render(request, "vendors/vendor_form.html", context, status=form.http_status)


@require_http_methods(["GET", "HEAD", "POST"])
def vendor_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change what is stated about a vendor."""
    vendor = selectors.vendor_for(request.user, pk)
    policy.require(request.user, Perm.CHANGE_VENDOR, vendor=vendor)
    form = VendorForm(request.POST or None, actor=request.user, fact=vendor)
    if (checked := checked_field(request, form)) is not None:
        return checked
    if form.is_valid() and form.saves(
        lambda: services.change_vendor(actor=request.user, vendor=vendor, **form.stated)
    ):
        messages.success(request, "Saved.")
        return redirect("vendors:vendor-detail", pk=vendor.pk)
    context = {"section": "vendors", "form": form, "vendor": vendor}
    return render(request, "vendors/vendor_form.html", context, status=form.http_status)


@require_http_methods(["GET", "HEAD", "POST"])
def vendor_offboard(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask whether the relationship has ended, and by POST mark it so."""
    vendor = selectors.vendor_for(request.user, pk)
    policy.require(request.user, Perm.CHANGE_VENDOR, vendor=vendor)
    if request.method == "POST":
        services.offboard_vendor(actor=request.user, vendor=vendor)
        messages.success(request, f"{vendor.name} is offboarded.")
        return redirect("vendors:vendor-detail", pk=vendor.pk)
    return render(request, "vendors/vendor_offboard.html", frame_of(request.user, vendor, ""))


@require_POST
def vendor_reactivate(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take up an ended relationship again."""
    vendor = selectors.vendor_for(request.user, pk)
    services.reactivate_vendor(actor=request.user, vendor=vendor)
    messages.success(request, f"{vendor.name} is active again.")
    return redirect("vendors:vendor-detail", pk=vendor.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def vendor_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask whether to delete a vendor; say what keeps it from that, and offer to end it instead."""
    vendor = selectors.vendor_for(request.user, pk)
    policy.require(request.user, Perm.DELETE_VENDOR, vendor=vendor)
    reasons = references_to(vendor, user=request.user)
    if request.method != "POST" or reasons:
        context = frame_of(request.user, vendor, "") | {"reasons": reasons}
        status = HTTPStatus.CONFLICT if request.method == "POST" else HTTPStatus.OK
        return render(request, "vendors/vendor_delete.html", context, status=status)
    services.delete_vendor(actor=request.user, vendor=vendor)
    messages.success(request, f"{vendor.name} is deleted.")
    return redirect("vendors:vendor-list")
