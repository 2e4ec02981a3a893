"""One search over everything: a page of results, and suggestions while typing."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.access.selectors.search import LONGEST, search
from apps.accounts.http import SignedInRequest

ON_THE_PAGE, SUGGESTED = 20, 4


@require_safe
def search_page(request: SignedInRequest) -> HttpResponse:
    """What ``q`` finds, by kind."""
    typed = request.GET.get("q", "").strip()[:LONGEST]
    context = {
        "section": "search",
        "typed": typed,
        "groups": search(request.user, typed, ON_THE_PAGE),
        "most": ON_THE_PAGE,
    }
    return render(request, "access/search.html", context)


@require_safe
def search_choices(request: SignedInRequest) -> JsonResponse:
    """The same in short, as JSON for ``search.js``."""
    typed = request.GET.get("q", "")
    groups = [
        {
            "kind": group.kind,
            "hits": [
                {"title": hit.title, "key": hit.key, "about": hit.about, "url": hit.url}
                for hit in group.hits
            ],
        }
        for group in search(request.user, typed, SUGGESTED)
    ]
    return JsonResponse({"groups": groups, "all": reverse("access:search")})
