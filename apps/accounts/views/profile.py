"""One's own profile: name, time zone, password, second factor, sessions."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import mfa, selectors
from apps.accounts.browsers import browser_words
from apps.accounts.forms import CodeForm, PasswordForm, ProfileForm
from apps.accounts.http import SignedInRequest, seat_of
from apps.accounts.middleware import HAS_FACTOR
from apps.accounts.services import profile as services
from apps.accounts.services import second_factor as factors
from apps.accounts.views.proof import counted

_NEW_SECRET = "new_second_factor"  # noqa: S105 - the name under which a session keeps one


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """One's own name and time zone, how one signs in, where one is signed in."""
    stored = {"name": request.user.name, "time_zone": request.user.time_zone}
    form = ProfileForm(request.POST or None, actor=request.user, initial=stored)
    if form.is_valid() and form.saves(
        lambda: services.change_profile(actor=request.user, **form.cleaned_data)
    ):
        messages.success(request, "Saved.")
        return redirect("accounts:profile")
    own = request.session.session_key
    context = {
        "section": "profile",
        "form": form,
        "has_factor": mfa.is_set_up(request.user),
        "codes_left": mfa.recovery_codes_left(request.user),
        "sessions": [
            (session, browser_words(session.user_agent), session.session_key == own)
            for session in selectors.live_sessions(request.user)
        ],
    }
    return render(request, "accounts/profile.html", context, status=form.http_status)


@never_cache
@sensitive_post_parameters("old", "password")
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: SignedInRequest) -> HttpResponse:
    """Change one's own password; other sessions end."""
    form = PasswordForm(request.POST or None, actor=request.user)

    def change() -> None:
        old_key = str(request.session.session_key)
        with counted(request, request.user, step="password"):
            user = services.change_password(
                actor=request.user, session_key=old_key, **form.cleaned_data
            )
        update_session_auth_hash(request, user)  # the session gets another key
        services.move_session(actor=user, old_key=old_key, seat=seat_of(request))

    if form.is_valid() and form.saves(change):
        messages.success(request, "Your password is changed. You are signed in nowhere else now.")
        return redirect("accounts:profile")
    context = {"section": "profile", "form": form}
    return render(request, "accounts/password.html", context, status=form.http_status)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: SignedInRequest) -> HttpResponse:
    """Set up a second factor; with one, renew the recovery codes or turn it off."""
    if mfa.is_set_up(request.user):
        return _change_factor(request)
    return _set_up_factor(request)


def _set_up_factor(request: SignedInRequest) -> HttpResponse:
    box = mfa.Adapter()
    if _NEW_SECRET not in request.session:
        request.session[_NEW_SECRET] = box.encrypt(mfa.new_secret())
    secret = box.decrypt(request.session[_NEW_SECRET])
    form = CodeForm(request.POST or None, actor=request.user)
    codes: list[str] = []
    if form.is_valid() and form.saves(
        lambda: codes.extend(
            factors.set_up(actor=request.user, secret=secret, code=form.cleaned_data["code"])
        )
    ):
        del request.session[_NEW_SECRET]
        request.session[HAS_FACTOR] = True
        return _codes_page(request, codes)
    context = {
        "section": "profile",
        "form": form,
        "picture": mfa.picture(request.user, secret),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "is_required": _is_required(request),
    }
    return render(request, "accounts/second_factor_new.html", context, status=form.http_status)


def _change_factor(request: SignedInRequest) -> HttpResponse:
    form = CodeForm(request.POST or None, actor=request.user)
    renews = request.POST.get("act") != "turn_off"
    codes: list[str] = []

    def change() -> None:
        with counted(request, request.user, step="code"):
            factors.show_factor(actor=request.user, code=form.cleaned_data["code"])
        if renews:
            codes.extend(factors.renew_recovery_codes(actor=request.user))
        else:
            factors.turn_off(actor=request.user)

    if form.is_valid() and form.saves(change):
        if renews:
            return _codes_page(request, codes)
        request.session[HAS_FACTOR] = False
        messages.success(request, "You sign in by password alone now.")
        return redirect("accounts:profile")
    context: dict[str, Any] = {
        "section": "profile",
        "form": form,
        "codes_left": mfa.recovery_codes_left(request.user),
        "is_required": _is_required(request),
    }
    return render(request, "accounts/second_factor.html", context, status=form.http_status)


@require_POST
def sessions_end(request: SignedInRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    services.end_other_sessions(
        actor=request.user, session_key=str(request.session.session_key or "")
    )
    messages.success(request, "You are signed in nowhere else now.")
    return redirect("accounts:profile")


def _codes_page(request: SignedInRequest, codes: list[str]) -> HttpResponse:
    context = {"section": "profile", "codes": codes, "file": mfa.as_file(request.user, codes)}
    return render(request, "accounts/recovery_codes.html", context)


def _is_required(request: SignedInRequest) -> bool:
    return bool(set(settings.REQUIRE_MFA_ROLES) & set(request.user.roles))
