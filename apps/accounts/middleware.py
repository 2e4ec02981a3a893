"""What each page of somebody who is signed in goes through: their time zone, second factor."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from apps.accounts import mfa
from apps.accounts.models import User

GetResponse = Callable[[HttpRequest], HttpResponse]

# What somebody may open who must set up a second factor first.
_WITHOUT_FACTOR = {"accounts:second-factor", "accounts:sign-out", "healthz"}
HAS_FACTOR = "has_second_factor"


class TimeZoneMiddleware:
    """Shows times in the zone that the person chose; UTC where nobody is signed in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(_zone_of(request)):
            return self.get_response(request)


def _zone_of(request: HttpRequest) -> ZoneInfo:
    user = request.user
    try:
        return ZoneInfo(user.time_zone if isinstance(user, User) else "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a zone that this machine does not know
        return ZoneInfo("UTC")


class SecondFactorMiddleware:
    """Leads those whose role must have a second factor to set it up, before any other page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        match = request.resolver_match
        if not _must_set_up(request) or (match and match.view_name in _WITHOUT_FACTOR):
            return None
        return redirect("accounts:second-factor")


def _must_set_up(request: HttpRequest) -> bool:
    required = settings.REQUIRE_MFA_ROLES
    user = request.user
    if not required or not isinstance(user, User) or not set(required) & set(user.roles):
        return False
    # Asked of the database once a session: whoever is reset by an administrator is signed out.
    if not request.session.get(HAS_FACTOR):
        request.session[HAS_FACTOR] = mfa.is_set_up(user)
    return not request.session[HAS_FACTOR]
