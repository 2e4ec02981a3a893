"""The contracts with a vendor: a tab of it, and their forms."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.lists import paged
from apps.core.live_fields import checked_field
from apps.vendors import selectors, services
from apps.vendors.forms import ContractForm
from apps.vendors.frame import frame_of
from apps.vendors.models import Contract, Vendor


@dataclass(frozen=True)
class Row:
    """A contract, with the names that it may be shown with and how many more it names."""

    contract: Contract
    names: list[tuple[int, str]]
    others: int


@require_safe
def contract_list(request: SignedInRequest, pk: int) -> HttpResponse:
    """The contracts with a vendor, the latest first."""
    user = request.user
    vendor = selectors.vendor_for(user, pk)
    policy.require(user, Perm.VIEW_FACT, vendor=vendor)
    contracts = selectors.contracts_visible_to(user).filter(vendor=vendor)
    page = paged(contracts.order_by("-starts_on", "key"), request.GET)
    context = frame_of(user, vendor, "contracts") | {
        "page": page,
        "rows": _rows(user, list(page.object_list)),
        "may_change": policy.may(user, Perm.CHANGE_FACT),
        "may_delete_contract": policy.may(user, Perm.DELETE_FACT),
    }
    return render(request, "vendors/contract_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def contract_create(request: SignedInRequest, pk: int) -> HttpResponse:
    """File a contract with a vendor."""
    user = request.user
    vendor = selectors.vendor_for(user, pk)
    policy.require(user, Perm.CHANGE_FACT, vendor=vendor)
    form = ContractForm(request.POST or None, actor=user)
    if (checked := checked_field(request, form)) is not None:
        return checked
    if form.is_valid() and form.saves(
        lambda: services.create_contract(actor=user, vendor=vendor, **form.stated)
    ):
        messages.success(request, f"The contract {form.stated['name']} is filed.")
        return redirect("vendors:contract-list", pk=vendor.pk)
    return _form_page(request, vendor, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
def contract_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change a contract."""
    user = request.user
    contract = selectors.contract_for(user, pk)
    policy.require(user, Perm.CHANGE_FACT, vendor=contract.vendor)
    form = ContractForm(request.POST or None, actor=user, fact=contract)
    if (checked := checked_field(request, form)) is not None:
        return checked
    if form.is_valid() and form.saves(
        lambda: services.change_contract(actor=user, contract=contract, **form.stated)
    ):
        messages.success(request, "Saved.")
        return redirect("vendors:contract-list", pk=contract.vendor_id)
    return _form_page(request, contract.vendor, form, contract)


@require_http_methods(["GET", "HEAD", "POST"])
def contract_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask whether to delete a contract, and by POST do it."""
    user = request.user
    contract = selectors.contract_for(user, pk)
    policy.require(user, Perm.DELETE_FACT, vendor=contract.vendor)
    context = {"section": "vendors", "contract": contract, "vendor": contract.vendor}
    if request.method != "POST":
        return render(request, "vendors/contract_delete.html", context)
    services.delete_contract(actor=user, contract=contract)
    messages.success(request, f"The contract {contract.name} is deleted.")
    return redirect("vendors:contract-list", pk=contract.vendor_id)


def _form_page(
    request: SignedInRequest, vendor: Vendor, form: ContractForm, contract: Contract | None
) -> HttpResponse:
    context = {"section": "vendors", "vendor": vendor, "form": form, "contract": contract}
    return render(request, "vendors/contract_form.html", context, status=form.http_status)


def _rows(user: User, contracts: list[Contract]) -> list[Row]:
    named = {contract.pk: list(contract.subcontractors.all()) for contract in contracts}
    known = selectors.names_known(user, [one for listed in named.values() for one in listed])
    return [
        Row(
            contract,
            [(one.pk, one.name) for one in named[contract.pk] if one.pk in known],
            sum(one.pk not in known for one in named[contract.pk]),
        )
        for contract in contracts
    ]
