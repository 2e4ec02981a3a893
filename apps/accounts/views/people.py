"""Who has an account: the list, one person, what an administrator does about them; invitations."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts import lockout, mfa, policy, selectors
from apps.accounts.choices import Role
from apps.accounts.forms import GrantForm, InvitationForm, PersonForm, ReasonForm, RolesForm
from apps.accounts.history import as_lines
from apps.accounts.http import SignedInRequest
from apps.accounts.models import User
from apps.accounts.role_words import ROLE_WORDS
from apps.accounts.roles import Perm
from apps.accounts.selectors import PeopleFilter
from apps.accounts.services import invitations, people, second_factor, sign_in
from apps.core.errors import NotFoundError
from apps.core.lists import Column, paged, sorted_rows

COLUMNS = (
    Column("name", "Name", ("name",)),
    Column("roles", "Roles"),
    Column("scope", "Vendors"),
    Column("factor", "Second factor", ("has_factor",)),
    Column("standing", "Account", ("is_active",)),
    Column("last", "Last sign-in", ("last_login",)),
)
STANDINGS = [("open", "Open"), ("invited", "Invited"), ("closed", "Closed")]
_INVITATION = "invitation"  # the hash of the token of the link that was opened
FACTORS = [("on", "On"), ("off", "Off")]


@require_safe
def people_list(request: SignedInRequest) -> HttpResponse:
    """Everybody who has an account, narrowed and in the order that the address asks for."""
    policy.require(request.user, Perm.MANAGE_USERS)
    asked = request.GET
    wanted = PeopleFilter(
        q=asked.get("q", ""),
        role=asked.get("role", ""),
        standing=asked.get("standing", ""),
        factor=asked.get("factor", ""),
    )
    found = selectors.people_found(request.user, wanted)
    rows, heads = sorted_rows(found, COLUMNS, asked, default="name")
    context = {
        "section": "people",
        "wanted": wanted,
        "heads": heads,
        "page": paged(rows, asked),
        "roles": [*Role.choices, ("none", "No role")],
        "standings": STANDINGS,
        "factors": FACTORS,
    }
    return render(request, "accounts/people_list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def person_invite(request: SignedInRequest) -> HttpResponse:
    """Open an account and show the link by which its person comes in, this one time."""
    policy.require(request.user, Perm.MANAGE_USERS)
    form = PersonForm(request.POST or None, actor=request.user)
    made: list[User | invitations.Invited] = []

    def make() -> None:
        is_machine = Role.INTEGRATION in form.cleaned_data["roles"]  # nobody signs in to it
        service = people.create_user if is_machine else invitations.invite_user
        made.append(service(actor=request.user, **form.cleaned_data))

    if form.is_valid() and form.saves(make):
        if isinstance(made[0], invitations.Invited):
            return _link_page(request, made[0])
        messages.success(request, f"{made[0]} has an account, without a password.")
        return redirect("accounts:person-detail", pk=made[0].pk)
    context = {"section": "people", "form": form, "words": _role_words()}
    return render(request, "accounts/person_form.html", context, status=form.http_status)


@require_safe
def person_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """One person: roles, scope, how they sign in, what the log says."""
    person = selectors.person_for(request.user, pk)
    return _detail_page(request, person, GrantForm(actor=request.user))


@require_http_methods(["GET", "HEAD", "POST"])
def person_roles(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say anew what somebody may do."""
    person = selectors.person_for(request.user, pk)
    stored = {"roles": person.roles, "all_vendors": person.all_vendors}
    form = RolesForm(request.POST or None, actor=request.user, initial=stored)
    if form.is_valid() and form.saves(
        lambda: people.set_roles(actor=request.user, user=person, **form.cleaned_data)
    ):
        messages.success(request, "Saved.")
        return redirect("accounts:person-detail", pk=pk)
    context = {"section": "people", "form": form, "person": person, "words": _role_words()}
    return render(request, "accounts/person_form.html", context, status=form.http_status)


@require_POST
def person_grant(request: SignedInRequest, pk: int) -> HttpResponse:
    """Put one vendor into somebody's scope."""
    person = selectors.person_for(request.user, pk)
    form = GrantForm(request.POST, actor=request.user)
    if form.is_valid() and form.saves(
        lambda: people.grant_vendor(
            actor=request.user, user=person, vendor=form.cleaned_data["vendor"]
        )
    ):
        messages.success(request, f"{person} sees {form.cleaned_data['vendor']} now.")
        return redirect("accounts:person-detail", pk=pk)
    return _detail_page(request, person, form)


@require_POST
def person_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take one vendor out of somebody's scope."""
    person = selectors.person_for(request.user, pk)
    asked = request.POST.get("vendor", "")
    key = int(asked) if asked.isdecimal() and len(asked) < 18 else 0
    vendor = selectors.vendors_to_grant(request.user).filter(pk=key).first()
    if vendor is None:
        raise NotFoundError("There is no such vendor, or it is not yours to see.")
    people.revoke_vendor(actor=request.user, user=person, vendor=vendor)
    messages.success(request, f"{person} was granted {vendor} no longer.")
    return redirect("accounts:person-detail", pk=pk)


def _act(
    request: SignedInRequest, pk: int, service: Callable[..., object], sentence: str
) -> HttpResponse:
    person = selectors.person_for(request.user, pk)
    service(actor=request.user, user=person)
    messages.success(request, sentence.format(person))
    return redirect("accounts:person-detail", pk=pk)


@require_POST
def person_deactivate(request: SignedInRequest, pk: int) -> HttpResponse:
    """Close an account."""
    return _act(request, pk, people.deactivate_user, "The account of {} is closed.")


@require_POST
def person_reactivate(request: SignedInRequest, pk: int) -> HttpResponse:
    """Open a closed account again."""
    return _act(request, pk, people.reactivate_user, "The account of {} is open again.")


@require_POST
def person_unlock(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let somebody who failed too often try again at once."""
    return _act(request, pk, sign_in.unlock_user, "{} can try to sign in again.")


@never_cache
@require_POST
def person_invite_again(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a new link; the old one stops working."""
    person = selectors.person_for(request.user, pk)
    return _link_page(request, invitations.renew_invitation(actor=request.user, user=person))


@require_http_methods(["GET", "HEAD", "POST"])
def person_reset_factor(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take away the second factor of somebody who has lost it."""
    person = selectors.person_for(request.user, pk)
    form = ReasonForm(request.POST or None, actor=request.user)
    if form.is_valid() and form.saves(
        lambda: second_factor.reset_second_factor(
            actor=request.user, user=person, reason=form.cleaned_data["reason"]
        )
    ):
        messages.success(
            request, f"{person} signs in by password alone now, and was signed out everywhere."
        )
        return redirect("accounts:person-detail", pk=pk)
    context = {"section": "people", "form": form, "person": person}
    return render(request, "accounts/person_reset_factor.html", context, status=form.http_status)


@login_not_required
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link of an invitation leads, if it works: on, so that no log has the address."""
    found = selectors.working_invitation(selectors.hash_of(token))
    return _remember(request, found.token_hash)


@require_safe
def _remember(request: HttpRequest, token_hash: str) -> HttpResponse:
    request.session[_INVITATION] = token_hash
    return redirect("accounts:welcome")


@login_not_required
@never_cache
@sensitive_post_parameters("password")
def welcome(request: HttpRequest) -> HttpResponse:
    """Where who was invited sets name and password, once."""
    token_hash = request.session.get(_INVITATION, "")
    return _accept(request, token_hash, selectors.working_invitation(token_hash).user)


@require_http_methods(["GET", "HEAD", "POST"])
def _accept(request: HttpRequest, token_hash: str, user: User) -> HttpResponse:
    form = InvitationForm(request.POST or None, actor=request.user, initial={"name": user.name})
    if form.is_valid() and form.saves(
        lambda: invitations.accept_invitation(
            actor=request.user, token_hash=token_hash, **form.cleaned_data
        )
    ):
        del request.session[_INVITATION]
        messages.success(request, "Your account is ready. Sign in with your new password.")
        return redirect("accounts:sign-in")
    context = {"form": form, "user_invited": user}
    return render(request, "accounts/invitation.html", context, status=form.http_status)


def _link_page(request: SignedInRequest, invited: invitations.Invited) -> HttpResponse:
    path = reverse("accounts:invitation", args=[invited.token])
    context = {
        "section": "people",
        "person": invited.user,
        "link": request.build_absolute_uri(path),
        "expires_at": invited.expires_at,
    }
    return render(request, "accounts/person_link.html", context)


def _detail_page(request: SignedInRequest, person: User, form: GrantForm) -> HttpResponse:
    context = {
        "section": "people",
        "person": person,
        "is_oneself": person == request.user,
        "roles": [(Role(role).label, ROLE_WORDS[Role(role)]) for role in person.roles],
        "vendors": policy.granted_vendors(person).order_by("name"),
        "form": form,
        "has_factor": mfa.is_set_up(person),
        "lock": lockout.lock_of_account(lockout.account_key(person.email)),
        "sessions": selectors.live_sessions(person).count(),
        "invitation": selectors.last_invitation(person),
        "history": as_lines(selectors.history_of(request.user, person), person),
    }
    return render(request, "accounts/person_detail.html", context, status=form.http_status)


def _role_words() -> list[Any]:
    return [(role.label, words) for role, words in ROLE_WORDS.items()]
