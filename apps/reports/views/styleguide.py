"""Every component in its states, from the real templates, for those who look after the pages."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.access.selectors.reach import VerdictCounts
from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.core.models import choices
from apps.engine.values import VendorKind
from apps.reports import samples


@require_safe
def styleguide(request: SignedInRequest) -> HttpResponse:
    """The living page of components; only administrators have a use for it."""
    policy.require(request.user, Perm.MANAGE_USERS)
    context = {
        "section": "styleguide",
        "verdicts": ("unsegregated", "undetermined", "segregated", "key_only", ""),
        "severities": ("critical", "high", "medium", "low"),
        "certainties": ("proven", "possible"),
        "tiers": ("M1", "M2", "M3", "M4"),
        "runs": samples.RUNS,
        "bars": samples.bars(),
        "trend": samples.trend(),
        "counts": VerdictCounts(2, 1, 4),
        "told": [samples.told(possible=False), samples.told(possible=True)],
        "picture": samples.picture(possible=False),
        "changes": samples.changes(),
        "groups": samples.hop_groups(),
        "questions": samples.questions(),
        "details": samples.DETAILS,
        "forms": samples.sample_forms(request.user),
        "heads": samples.HEADS,
        "page": samples.page(),
        "kinds": choices(VendorKind),
        "notes": samples.MESSAGES,
        "noon": samples.NOON,
        "colours": (
            "canvas", "surface", "sunken", "line", "line-2", "ink", "ink-2", "ink-3", "accent",
            "accent-soft", "accent-line", "open", "open-fill", "open-soft", "unsure",
            "unsure-fill", "unsure-soft", "held", "held-fill", "held-soft",
        ),
    }  # fmt: skip
    return render(request, "reports/styleguide.html", context)
