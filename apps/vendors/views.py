"""The register: the list of vendors, one vendor, its form."""

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.core.lists import Column, paged, sorted_rows
from apps.core.models import choices
from apps.core.suggestions import suggestions
from apps.engine.values import VendorKind, VendorStatus
from apps.vendors import selectors, services
from apps.vendors.forms import VendorForm
from apps.vendors.selectors import VendorFilter

COLUMNS = (
    Column("name", "Vendor", ("name",)),
    Column("kind", "Kind", ("kind",)),
    Column("engaged_by", "Engaged by", ("engaged_by__name",)),
    Column("status", "Status", ("status",)),
)


@require_safe
def vendor_list(request: SignedInRequest) -> HttpResponse:
    """Every vendor in scope, narrowed and in the order that the address asks for."""
    policy.require(request.user, Perm.VIEW_VENDOR)
    wanted = VendorFilter(
        q=request.GET.get("q", ""),
        kind=request.GET.get("kind", ""),
        status=request.GET.get("status", ""),
    )
    found = selectors.filtered(selectors.vendors_visible_to(request.user), wanted)
    rows, heads = sorted_rows(found, COLUMNS, request.GET, default="name")
    context = {
        "section": "vendors",
        "wanted": wanted,
        "heads": heads,
        "page": paged(rows, request.GET),
        "kinds": choices(VendorKind),
        "statuses": choices(VendorStatus),
        "may_add": policy.may(request.user, Perm.ADD_VENDOR),
    }
    return render(request, "vendors/vendor_list.html", context)


@require_safe
def vendor_choices(request: SignedInRequest) -> JsonResponse:
    """What a field that is chosen by typing offers."""
    policy.require(request.user, Perm.VIEW_VENDOR)
    rows = selectors.vendors_visible_to(request.user).order_by("name", "pk")
    return suggestions(request, rows, about=lambda vendor: vendor.get_kind_display())


@require_safe
def vendor_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """One vendor: what is stated about it, and who engaged whom around it."""
    vendor = selectors.vendor_for(request.user, pk)
    context = {
        "section": "vendors",
        "vendor": vendor,
        "tab": "summary",
        "may_edit": policy.may(request.user, Perm.CHANGE_VENDOR, vendor=vendor),
    }
    return render(request, "vendors/vendor_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def vendor_create(request: SignedInRequest) -> HttpResponse:
    """Enter a vendor into the register."""
    policy.require(request.user, Perm.ADD_VENDOR)
    form = VendorForm(request.POST or None, actor=request.user)
    if form.is_valid() and form.saves(
        lambda: services.create_vendor(actor=request.user, **form.stated)
    ):
        vendor = selectors.vendors_visible_to(request.user).get(key=form.stated["key"])
        messages.success(request, f"{vendor.name} is in the register.")
        return redirect("vendors:vendor-detail", pk=vendor.pk)
    context = {"section": "vendors", "form": form}
    return render(request, "vendors/vendor_form.html", context, status=form.http_status)


@require_http_methods(["GET", "HEAD", "POST"])
def vendor_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change what is stated about a vendor."""
    vendor = selectors.vendor_for(request.user, pk)
    policy.require(request.user, Perm.CHANGE_VENDOR, vendor=vendor)
    form = VendorForm(request.POST or None, actor=request.user, fact=vendor)
    if form.is_valid() and form.saves(
        lambda: services.change_vendor(actor=request.user, vendor=vendor, **form.stated)
    ):
        messages.success(request, "Saved.")
        return redirect("vendors:vendor-detail", pk=vendor.pk)
    context = {"section": "vendors", "form": form, "vendor": vendor}
    return render(request, "vendors/vendor_form.html", context, status=form.http_status)
