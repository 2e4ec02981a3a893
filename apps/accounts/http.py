"""The request as a view behind the sign-in sees it."""

from django.http import HttpRequest

from apps.accounts.models import User


class SignedInRequest(HttpRequest):
    """A request of somebody who is signed in; the middleware turns everybody else away."""

    user: User
