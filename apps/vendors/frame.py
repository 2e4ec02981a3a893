"""The frame of every page about one vendor, whichever app has the page."""

from typing import Any

from django.urls import reverse

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.engine.values import VendorStatus
from apps.vendors.figures import Tab, figures_for
from apps.vendors.models import Vendor
from apps.vendors.selectors import called, contracts_visible_to, names_known


def frame_of(user: User, vendor: Vendor, tab: str) -> dict[str, Any]:
    """What templates/vendors/vendor_layout.html shows; ``tab`` names the page that is open."""
    is_over = vendor.status == VendorStatus.OFFBOARDED
    may_change = policy.may(user, Perm.CHANGE_VENDOR)
    return {
        "section": "vendors",
        "vendor": vendor,
        "tab": tab,
        "tabs": tabs_of(user, vendor),
        "engaged_by": called(vendor.engaged_by, names_known(user, [vendor.engaged_by])),
        "may_edit": may_change,
        "may_offboard": may_change and not is_over,
        "may_reactivate": may_change and is_over,
        "may_delete": policy.may(user, Perm.DELETE_VENDOR),
    }


def tabs_of(user: User, vendor: Vendor) -> list[Tab]:
    """The pages about a vendor that the user may open, in their order."""
    tabs = [
        Tab("summary", "Summary", reverse("vendors:vendor-detail", args=[vendor.pk]), 0),
        Tab("reviews", "Reviews", reverse("vendors:vendor-reviews", args=[vendor.pk]), 60),
    ]
    if policy.may(user, Perm.VIEW_FACT):
        count = contracts_visible_to(user).filter(vendor=vendor).count()
        url = reverse("vendors:contract-list", args=[vendor.pk])
        tabs.append(Tab("contracts", "Contracts", url, 50, count))
    if policy.may(user, Perm.VIEW_AUDIT_LOG):
        url = reverse("vendors:vendor-history", args=[vendor.pk])
        tabs.append(Tab("history", "History", url, 70))
    for figures in figures_for(user):
        tabs += figures.tabs(user, vendor)
    return sorted(tabs, key=lambda tab: tab.place)
