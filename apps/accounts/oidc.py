"""Signing in at the organisation's own service by OpenID Connect.

django-allauth does the talking (state, PKCE, tokens). Who comes back signs in to the existing
account with the e-mail address that the service has verified; nobody registers this way.
"""

from typing import Any

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.core.errors import DomainError

PROVIDER = "oidc"


class UnreachableError(DomainError):
    """The service does not answer, or not as it should."""

    status = 502


class Identity(Exception):  # noqa: N818 - not an error: it carries an answer past the library
    """Who the service says has come back. ``email`` is empty when it has not verified one."""

    def __init__(self, email: str, onward: str) -> None:
        super().__init__(email)
        self.email, self.onward = email, onward


class Refusal(Exception):  # noqa: N818 - the same
    """The service, or the library, says no."""


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc] # an untyped library
    """Takes over from the library as soon as it knows who has come back, or that nobody has."""

    def pre_social_login(self, _request: HttpRequest, login: Any) -> None:
        raise Identity(_verified_email(login), login.state.get("next") or "")

    def on_authentication_error(self, *_args: Any, **_kwargs: Any) -> None:
        raise Refusal


class _Flow(OpenIDConnectOAuth2Adapter):  # type: ignore[misc] # the same
    """The library's flow with our address to come back to."""

    def get_callback_url(self, request: HttpRequest, _app: Any) -> str:
        return request.build_absolute_uri(reverse("accounts:oidc-callback"))


def is_configured() -> bool:
    """Whether this installation knows such a service."""
    return bool(settings.SOCIALACCOUNT_PROVIDERS)


def leave(request: HttpRequest, *, onward: str) -> HttpResponse:
    """Send the browser to the service; ``onward`` is a page of ours for after that."""
    provider = get_adapter(request).get_provider(request, PROVIDER)
    provider.oauth2_adapter_class = _Flow
    try:
        answer: HttpResponse = provider.redirect(request, AuthProcess.LOGIN, next_url=onward)
    except (requests.RequestException, KeyError, ValueError, Refusal) as error:
        raise UnreachableError(
            f"The service for {settings.OIDC_NAME} does not answer as it should. Sign in with "
            "your password, or try again later."
        ) from error
    return answer


def come_back(request: HttpRequest) -> Identity | None:
    """Who the service says has come back; none when it says no, or the answer is not to trust."""
    view = OAuth2CallbackView()
    view.request, view.adapter = request, _Flow(request, PROVIDER)
    try:
        view.dispatch(request)
    except Identity as identity:
        return identity
    except (Refusal, ImmediateHttpResponse, requests.RequestException, KeyError, ValueError):
        pass
    return None


def _verified_email(login: Any) -> str:
    data = login.account.extra_data
    told, token = data.get("userinfo") or {}, data.get("id_token") or {}
    if told and token and told.get("sub") != token.get("sub"):
        return ""  # an answer about somebody else
    known = told or token
    return str(known.get("email") or "") if known.get("email_verified") is True else ""
