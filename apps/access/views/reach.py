"""The environments that reach a restricted model, by verdict."""

from collections.abc import Iterable, Iterator

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.access.selectors import reach as selectors
from apps.access.selectors.reach import OWN, VERDICTS, EnvironmentFilter, EnvironmentRow
from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.core.models import choices
from apps.core.search import named
from apps.engine.values import VendorKind
from apps.findings.tellers import Told, tell

TABS = tuple(zip(VERDICTS, ("Unsegregated", "Undetermined", "Segregated", "Key only"), strict=True))


@require_safe
def reach_list(request: SignedInRequest) -> HttpResponse:
    """Environments by verdict, worst first, each with the route of its worst finding."""
    policy.require(request.user, Perm.VIEW_FACT)
    typed = request.GET.get("vendor", "").replace("\0", "").strip()
    vendor, vendor_shown = named(selectors.vendors_that_reach(request.user), typed)
    wanted = EnvironmentFilter(
        verdict=request.GET.get("verdict", VERDICTS[0]),
        model=request.GET.get("model", ""),
        vendor=vendor,
        kind=request.GET.get("kind", ""),
    )
    page = selectors.environment_page(request.user, wanted, request.GET.get("page", 1))
    rows = selectors.rows_of(request.user, page.object_list)
    told = tell(request.user, [row.finding for row in rows if row.finding])
    counts = selectors.counts_for(request.user, wanted)
    context = {
        "section": "reach",
        "wanted": wanted,
        "page": page,
        "rows": list(_with_told(rows, told)),
        "counts": counts,
        "tabs": [
            (verdict, label, counts.of(verdict)) for verdict, label in (*TABS, ("all", "All"))
        ],
        "kinds": [*choices(VendorKind), (OWN, "Our own organisation")],
        "models": selectors.models_offered(request.user),
        "vendor": vendor_shown,
    }
    return render(request, "access/reach_list.html", context)


def _with_told(
    rows: Iterable[EnvironmentRow], told: Iterable[Told]
) -> Iterator[tuple[EnvironmentRow, Told | None]]:
    """Each row with its worst finding in words, where it has one."""
    by_finding = {item.finding.pk: item for item in told}
    for row in rows:
        yield row, by_finding.get(row.finding.pk) if row.finding else None
