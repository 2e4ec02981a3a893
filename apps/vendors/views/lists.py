"""The list of vendors: on a page, as a file, and as what a field offers while one types."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.accounts.selectors import kept_views
from apps.core.lists import PER_PAGE, Column, csv_file, sorted_rows
from apps.core.models import choices
from apps.core.suggestions import suggestions
from apps.engine.values import VendorKind, VendorStatus
from apps.vendors import selectors
from apps.vendors.figures import Cell, Figures, cells_of, figures_for
from apps.vendors.models import Vendor
from apps.vendors.selectors import VendorFilter

LIST = "vendors:vendor-list"
FIRST = (Column("name", "Vendor", ("name",)),)
LAST = (
    Column("kind", "Kind", ("kind",)),
    Column("engaged_by", "Engaged by", ("engaged_by__name",)),
    Column("status", "Status", ("status",)),
    Column("seen", "Last seen", ("last_seen",), "vr-right"),
)
CHUNK = 500  # vendors that a file holds in memory at once


@dataclass(frozen=True)
class Row:
    """A vendor as a row of the list; ``engaged_by`` is empty where it works for us directly."""

    vendor: Vendor
    engaged_by: str
    cells: Sequence[tuple[Column, Cell]]


@require_safe
def vendor_list(request: SignedInRequest) -> HttpResponseBase:
    """Every vendor in scope, narrowed and in the order that the address asks for."""
    user, asked = request.user, request.GET
    policy.require(user, Perm.VIEW_VENDOR)
    shown = figures_for(user)
    found = _narrowed(user, shown, asked)
    columns = (*FIRST, *_columns(shown), *LAST)
    rows, heads = sorted_rows(_ranked(user, shown, found, asked), columns, asked, default="name")
    if asked.get("format") == "csv":
        return csv_file("vendors", _head_of_file(shown), _lines_of_file(user, shown, rows))
    paginator = Paginator(rows, PER_PAGE)
    vars(paginator)["count"] = found.count()  # of the rows without what they are sorted by
    page = paginator.get_page(asked.get("page", 1))
    context = {
        "section": "vendors",
        "wanted": _wanted(asked),
        "filters": [(one, asked.get(one.name, "")) for figures in shown for one in figures.filters],
        "heads": heads,
        "page": page,
        "rows": _rows(user, shown, list(page.object_list)),
        "kinds": choices(VendorKind),
        "statuses": choices(VendorStatus),
        "views": kept_views(user, LIST, asked),
        "may_add": policy.may(user, Perm.ADD_VENDOR),
        "may_change": policy.may(user, Perm.CHANGE_VENDOR),
    }
    return render(request, "vendors/vendor_list.html", context)


@require_safe
def vendor_choices(request: SignedInRequest) -> JsonResponse:
    """What a field that is chosen by typing offers."""
    policy.require(request.user, Perm.VIEW_VENDOR)
    rows = selectors.vendors_visible_to(request.user).order_by("name", "pk")
    return suggestions(request, rows, about=lambda vendor: vendor.get_kind_display())


def _wanted(asked: QueryDict) -> VendorFilter:
    return VendorFilter(
        q=asked.get("q", ""),
        kind=asked.get("kind", ""),
        status=asked.get("status", ""),
        engaged_by=asked.get("engaged_by", ""),
    )


def _narrowed(user: User, shown: Sequence[Figures], asked: QueryDict) -> QuerySet[Vendor]:
    found = selectors.filtered(user, selectors.vendors_visible_to(user), _wanted(asked))
    for figures in shown:
        for one in figures.filters:
            if value := asked.get(one.name, ""):
                found = figures.narrowed(user, found, one.name, value)
    return found


def _ranked(
    user: User, shown: Sequence[Figures], found: QuerySet[Vendor], asked: QueryDict
) -> QuerySet[Vendor]:
    """The vendors with what they are sorted by, where another app knows it."""
    wanted = asked.get("sort", "").removeprefix("-")
    for figures in shown:
        if wanted in {column.name for column in figures.columns}:
            return figures.ranked(user, found, wanted)
    return found


def _columns(shown: Sequence[Figures]) -> list[Column]:
    return [column for figures in shown for column in figures.columns]


def _rows(user: User, shown: Sequence[Figures], vendors: Sequence[Vendor]) -> list[Row]:
    cells = cells_of(user, shown, vendors)
    columns = _columns(shown)
    known = selectors.names_known(user, [vendor.engaged_by for vendor in vendors])
    return [
        Row(
            vendor,
            selectors.called(vendor.engaged_by, known),
            [(column, cells[vendor.pk][column.name]) for column in columns],
        )
        for vendor in vendors
    ]


def _head_of_file(shown: Sequence[Figures]) -> list[str]:
    figures = [column.name for column in _columns(shown)]
    return ["key", "name", "kind", "status", "engaged_by", *figures, "last_seen"]


def _lines_of_file(
    user: User, shown: Sequence[Figures], vendors: QuerySet[Vendor]
) -> Iterator[list[str]]:
    found = vendors.iterator(chunk_size=CHUNK)
    while part := list(islice(found, CHUNK)):
        for row in _rows(user, shown, part):
            vendor = row.vendor
            yield [
                vendor.key,
                vendor.name,
                vendor.kind,
                vendor.status,
                row.engaged_by,
                *(cell.plain for _column, cell in row.cells),
                vendor.last_seen.isoformat(),
            ]
