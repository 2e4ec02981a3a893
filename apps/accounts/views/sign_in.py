"""Signing in, by password or at the organisation's own service, with a code after; signing out."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts import mfa, oidc, policy
from apps.accounts.forms import CodeForm, SignInForm
from apps.accounts.http import address_of, onward, seat_of
from apps.accounts.middleware import HAS_FACTOR
from apps.accounts.models import User
from apps.accounts.selectors import user_by_email
from apps.accounts.services import second_factor, sign_in
from apps.accounts.views.proof import counted

BACKEND = "django.contrib.auth.backends.ModelBackend"
_PENDING = "sign_in_pending"  # who gave the right password and has to show a code
_PENDING_SECONDS = 600


class SignInView(LoginView):
    """Asks for address and password; says the same whoever is or is not known."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        oidc_name = settings.OIDC_NAME if oidc.is_configured() else ""
        return super().get_context_data(**kwargs) | {"oidc_name": oidc_name}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        assert isinstance(user, User)  # noqa: S101 - the backend gives nothing else
        return _step_on(self.request, user, by="password", onward=self.get_redirect_url())

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        answer = super().form_invalid(form)
        assert isinstance(form, SignInForm)  # noqa: S101 - the class is stated above
        if form.locked:
            answer.status_code = form.locked.status
            answer["Retry-After"] = str(_seconds_until(form.locked))
        elif form.has_tried:
            email, actor = form.cleaned_data["username"], self.request.user
            sign_in.note_failed_sign_in(actor=actor, email=email)
            sign_in.note_lock(actor=actor, email=email, address=address_of(self.request))
        return answer


class SignOutView(LogoutView):
    """Ends the session; by POST only, so that a link elsewhere cannot."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        sign_in.note_sign_out(
            actor=request.user, session_key=str(request.session.session_key or "")
        )
        return super().post(request, *args, **kwargs)


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Asks who gave the right password for a code of their app, or a recovery code."""
    pending = request.session.get(_PENDING)
    user = _pending_user(pending)
    if pending is None or user is None:
        request.session.pop(_PENDING, None)
        return redirect("accounts:sign-in")
    form = CodeForm(request.POST or None, actor=user)
    shown: list[mfa.Factor] = []

    def show() -> None:
        with counted(request, user, step="code"):
            shown.append(second_factor.show_factor(actor=user, code=form.cleaned_data["code"]))

    if form.is_valid() and form.saves(show):
        del request.session[_PENDING]
        return _begin(request, user, by=pending["by"], factor=shown[0], onward=pending["onward"])
    return render(request, "accounts/sign_in_code.html", {"form": form}, status=form.http_status)


@login_not_required
@never_cache
def oidc_start(request: HttpRequest) -> HttpResponse:
    """Leads to the organisation's own service, where one is configured."""
    return _where_configured(request, _leave)


@login_not_required
@never_cache
def oidc_callback(request: HttpRequest) -> HttpResponse:
    """Where the service sends people back to: signs in who has an open account here."""
    return _where_configured(request, _come_back)


def _where_configured(
    request: HttpRequest, view: Callable[[HttpRequest], HttpResponse]
) -> HttpResponse:
    if not oidc.is_configured():
        raise Http404
    return require_safe(view)(request)


def _leave(request: HttpRequest) -> HttpResponse:
    return oidc.leave(request, onward=onward(request, request.GET.get("next", "")))


def _come_back(request: HttpRequest) -> HttpResponse:
    identity = oidc.come_back(request)
    user = user_by_email(identity.email) if identity else None
    if identity and user and _may_sign_in_here(user):
        return _step_on(request, user, by="oidc", onward=onward(request, identity.onward))
    if identity:
        sign_in.note_failed_sign_in(actor=request.user, email=identity.email, step="oidc")
    context = {"oidc_name": settings.OIDC_NAME, "identity": identity}
    return render(request, "accounts/oidc_refused.html", context, status=403)


def _may_sign_in_here(user: User) -> bool:
    return user.is_active and policy.is_person(user)


def _step_on(request: HttpRequest, user: User, *, by: str, onward: str) -> HttpResponse:
    """Signs in, or asks for a code first."""
    if not mfa.is_set_up(user):
        return _begin(request, user, by=by, factor="", onward=onward)
    request.session.flush()  # another session, with nothing of the one before
    request.session[_PENDING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "since": time.time(),
        "by": by,
        "onward": onward,
    }
    return redirect("accounts:sign-in-code")


def _pending_user(pending: Any) -> User | None:
    """Who is expected to show a code; nobody when that was too long ago or much has changed."""
    if not pending or time.time() - pending["since"] > _PENDING_SECONDS:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or not constant_time_compare(pending["password"], user.get_session_auth_hash()):
        return None
    return user


def _begin(request: HttpRequest, user: User, *, by: str, factor: str, onward: str) -> HttpResponse:
    login(request, user, backend=BACKEND)  # the session gets another key
    request.session[HAS_FACTOR] = bool(factor)
    sign_in.note_sign_in(actor=user, seat=seat_of(request), by=by, factor=factor)
    return redirect(onward or resolve_url(settings.LOGIN_REDIRECT_URL))


def _seconds_until(locked: sign_in.LockedOutError) -> int:
    return max(1, int((locked.until - timezone.now()).total_seconds()) + 1)
