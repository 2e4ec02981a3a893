"""What a field that is chosen by typing offers: a short list, as JSON for ``chooser.js``."""

from collections.abc import Callable
from typing import TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse

from apps.core.models import Keyed
from apps.core.search import matching, shown

K = TypeVar("K", bound=Keyed)

MOST = 12


def suggestions(
    request: HttpRequest, rows: QuerySet[K], *, about: Callable[[K], str]
) -> JsonResponse:
    """The first rows that ``q`` matches: value, name, key, and one word ``about`` each."""
    found = matching(rows, request.GET.get("q", ""))[:MOST]
    offered = [
        {"value": shown(row), "name": row.name, "key": row.key, "about": about(row)}
        for row in found
    ]
    return JsonResponse({"offered": offered})
