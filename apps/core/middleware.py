"""A DomainError that a view let through becomes a page; during maintenance every page is one."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from apps.core.errors import DomainError


class MaintenanceMiddleware:
    """Answers 503 to everything but the health check while MAINTENANCE is set or its file is there.

    It stands before the session and the database, which may both be away then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        closed = settings.MAINTENANCE or settings.MAINTENANCE_FILE.exists()
        if not closed or request.path == "/healthz":
            return self.get_response(request)
        seconds = settings.MAINTENANCE_RETRY_SECONDS
        page = render_to_string("errors/503.html", {"minutes": max(round(seconds / 60), 1)})
        headers = {"Retry-After": str(seconds), "Cache-Control": "no-store"}
        return HttpResponse(page, status=503, headers=headers)


class DomainErrorMiddleware:
    """The one place where pages meet domain errors: views do not catch them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        return render(request, "errors/domain_error.html", {"error": error}, status=error.status)
