"""The pages of facts: a list, a page and a form for each kind, made from its description."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from apps.access.forms.ending import DeleteForm
from apps.access.selectors import facts as selectors
from apps.access.selectors.routes import Scope, scope_of
from apps.access.views import facts_detail, facts_lists
from apps.access.views.facts_shown import page_of_fact
from apps.access.views.kinds import KINDS, RELATIONS, TABS
from apps.access.views.kinds.kind import Kind
from apps.access.views.kinds.relations import CONNECTS
from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.core.errors import NotAllowedError, NotFoundError
from apps.core.lists import csv_file
from apps.core.models import Keyed, Seen
from apps.core.suggestions import suggestions
from apps.vendors.references import references_to


@require_safe
def fact_home(request: SignedInRequest) -> HttpResponseRedirect:
    """The first of the lists."""
    policy.require(request.user, Perm.VIEW_FACT)
    return redirect("access:fact-list", kind=TABS[0].slug)


@require_safe
def fact_list(request: SignedInRequest, kind: str) -> HttpResponseBase:
    """The facts of a kind, narrowed and in the order that the address asks for."""
    policy.require(request.user, Perm.VIEW_FACT)
    described = _kind(kind)
    scope = scope_of(request.user)
    found, is_cut = facts_lists.narrowed(described, request.user, request.GET)
    rows, heads = facts_lists.ordered(described, found, request.GET)
    if request.GET.get("format") == "csv":
        lines = facts_lists.lines_of_file(described, rows, scope)
        return csv_file(described.slug, facts_lists.head_of_file(described), lines)
    page = facts_lists.page_of(described, request.user, rows, request.GET)
    context = _frame(described) | {
        "heads": heads,
        "page": page,
        "rows": facts_lists.table(described, page.object_list, scope),
        "filters": [(one, request.GET.get(one.name, "")) for one in described.filters],
        "chips": facts_lists.chips(described, request.user, scope, request.GET),
        "q": request.GET.get("q", ""),
        "vendor": request.GET.get("vendor", ""),
        "is_cut": is_cut,
        "unknown": bool(request.GET.get("unknown")),
        "since": request.GET.get("since", ""),
        "may_add": policy.may(request.user, Perm.CHANGE_FACT),
    }
    return render(request, "access/facts/fact_list.html", context)


@require_safe
def fact_choices(request: SignedInRequest, kind: str) -> JsonResponse:
    """What a field that is chosen by typing offers."""
    policy.require(request.user, Perm.VIEW_FACT)
    described = _kind(kind)
    if not described.is_keyed:
        raise NotFoundError("These are not chosen by name.")
    rows = described.rows(request.user)
    for narrowing in described.filters:
        if value := request.GET.get(narrowing.name, ""):
            rows = narrowing.narrow(rows, value)
    rows = selectors.offered(rows, request.GET.get("q", ""))
    about, everything = described.attributes[0].show, Scope(everything=True)
    return suggestions(
        request, rows.order_by("name", "pk"), about=lambda f: about(f, everything).text
    )


@require_safe
def fact_detail(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """One fact: what is stated, what it leads to, what is wrong about it, its history."""
    described, fact = _found(request, kind, pk)
    page = facts_detail.page_of(request.user, described, fact)
    context = _frame(described) | {
        "page": page,
        "fact": fact,
        "since": request.GET.get("since", ""),
    }
    return render(request, "access/facts/fact_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def fact_create(request: SignedInRequest, kind: str) -> HttpResponse:
    """State a fact."""
    policy.require(request.user, Perm.CHANGE_FACT)
    described = _kind(kind)
    initial = {} if request.method == "POST" else _given(request, described)
    form = described.form(request.POST or None, actor=request.user, initial=initial)
    since = timezone.now()
    made: list[Any] = []

    def store() -> Any:
        made.append(described.create(actor=request.user, **form.stated))
        return made[-1]

    if form.is_valid() and form.saves(store):
        messages.success(request, f"{_named(made[-1])} is recorded.")
        return _landed(page_of_fact(made[-1]), since)
    context = _frame(described) | {"form": form}
    return render(request, "access/facts/fact_form.html", context, status=form.http_status)


@require_http_methods(["GET", "HEAD", "POST"])
def fact_edit(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """Change what is stated."""
    described, fact = _found(request, kind, pk, Perm.CHANGE_FACT)
    change = described.change
    if change is None:
        raise NotFoundError("Its two ends are all there is to it: delete it, and state another.")
    form = described.form(request.POST or None, actor=request.user, fact=fact)
    since = timezone.now()

    def store() -> Any:
        return change(actor=request.user, **{described.argument: fact}, **form.stated)

    if form.is_valid() and form.saves(store):
        messages.success(request, "Saved.")
        return _landed(page_of_fact(fact), since)
    context = _frame(described) | {"form": form, "fact": fact, "url": page_of_fact(fact)}
    return render(request, "access/facts/fact_form.html", context, status=form.http_status)


@require_http_methods(["GET", "HEAD", "POST"])
def fact_retire(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """End a fact without deleting it: retire, disable, revoke, end, close, confirm."""
    described, fact = _found(request, kind, pk, Perm.CHANGE_FACT)
    ending = described.ending
    if ending is None:
        raise NotFoundError(f"A {described.noun} cannot be retired.")
    posted = request.POST if request.method == "POST" else None
    form = ending.form(posted, actor=request.user)
    since = timezone.now()

    def store() -> Any:
        return ending.call(actor=request.user, **{described.argument: fact}, **form.stated)

    if form.is_valid() and form.saves(store):
        messages.success(request, f"{_named(fact)} {ending.done}.")
        return _landed(page_of_fact(fact), since)
    context = _frame(described) | {
        "form": form,
        "fact": fact,
        "url": page_of_fact(fact),
        "ending": ending,
    }
    return render(request, "access/facts/fact_retire.html", context, status=form.http_status)


@require_http_methods(["GET", "HEAD", "POST"])
def fact_delete(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """Delete what nothing refers to; else say what does, and offer to retire it."""
    described, fact = _found(request, kind, pk, Perm.DELETE_FACT)
    posted = request.POST if request.method == "POST" else None
    form = DeleteForm(posted, actor=request.user)
    since = timezone.now()

    def delete() -> None:
        described.delete(actor=request.user, **{described.argument: fact})

    if form.is_valid() and form.saves(delete):
        messages.success(request, f"{_named(fact)} was deleted.")
        return _landed(reverse("access:fact-list", kwargs={"kind": kind}), since)
    context = _frame(described) | {
        "form": form,
        "fact": fact,
        "url": page_of_fact(fact),
        "reasons": form.reasons or references_to(fact, user=request.user),
        "may_retire": described.ending is not None
        and selectors.may_write(request.user, Perm.CHANGE_FACT, fact),
    }
    return render(request, "access/facts/fact_delete.html", context, status=form.http_status)


def _kind(slug: str) -> Kind:
    if slug not in KINDS:
        raise NotFoundError(f"There is no kind of fact called “{slug}”.")
    return KINDS[slug]


def _found(
    request: SignedInRequest, slug: str, pk: int, perm: Perm | None = None
) -> tuple[Kind, Any]:
    """The fact, when it is theirs to see; and theirs to do ``perm`` with, when that is asked."""
    described = _kind(slug)
    fact = described.rows(request.user).filter(pk=pk).first()
    if fact is None:
        raise NotFoundError(f"There is no such {described.noun}, or it is not yours to see.")
    if perm and not selectors.may_write(request.user, perm, fact):
        raise NotAllowedError(
            f"Your roles do not allow this ({perm.words}). Ask an administrator who may do it."
        )
    return described, fact


def _given(request: SignedInRequest, kind: Kind) -> dict[str, Any]:
    """What the address says a new fact starts with: its ends by number."""
    found = {}
    for name in kind.narrowed_by:
        value = request.GET.get(name, "")
        if value.isdecimal() and len(value) < 19 and "__" not in name:
            found[name] = selectors.named_by(kind.model, name, request.user, int(value))
    return {name: fact for name, fact in found.items() if fact is not None}


def _frame(kind: Kind) -> dict[str, Any]:
    """What every page of a kind shows around itself."""
    return {
        "section": "facts",
        "kind": kind,
        "tabs": [
            (one.slug, "Relations" if one is CONNECTS else one.title, _is_current(one, kind))
            for one in TABS
        ],
        "relations": RELATIONS if kind in RELATIONS else (),
    }


def _is_current(tab: Kind, kind: Kind) -> bool:
    return tab is kind or (tab is CONNECTS and kind in RELATIONS)


def _named(fact: Seen) -> str:
    return fact.name if isinstance(fact, Keyed) else f"The relation {fact}"


def _landed(address: str, since: datetime) -> HttpResponseRedirect:
    """Where one lands after a change: the page shows what it does to reach."""
    return redirect(f"{address}?{urlencode({'since': since.isoformat()})}")
