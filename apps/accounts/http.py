"""The request as views see it: who is signed in, from where it comes, where it may lead on to."""

from typing import NamedTuple

from allauth.core.internal.httpkit import get_client_ip
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts.models import User

UNKNOWN_ADDRESS = "::"


class SignedInRequest(HttpRequest):
    """A request of somebody who is signed in; the middleware turns everybody else away."""

    user: User


def address_of(request: HttpRequest) -> str:
    """The address of the browser, as the proxies before us say it (settings: PROXY_COUNT)."""
    return get_client_ip(request) or UNKNOWN_ADDRESS


class Seat(NamedTuple):
    """A session: its key, the address it was begun from, what the browser calls itself."""

    key: str
    address: str
    browser: str


def seat_of(request: HttpRequest) -> Seat:
    """The session of this request."""
    if not request.session.session_key:
        request.session.create()
    browser = request.headers.get("User-Agent", "")
    return Seat(str(request.session.session_key), address_of(request), browser)


def onward(request: HttpRequest, address: str) -> str:
    """``address`` when it is one of this site's, and nothing otherwise."""
    ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if ours else ""
