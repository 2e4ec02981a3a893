"""The list of findings: flat, grouped by cause, as a file; and the treatment of many at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.accounts.selectors import kept_views
from apps.core.lists import csv_file, paged, sorted_rows
from apps.core.models import choices
from apps.core.search import named
from apps.engine.catalogue import RULES
from apps.engine.values import Certainty, Severity
from apps.findings import selectors
from apps.findings.filters import (
    COLUMNS,
    OWN,
    TABS,
    FindingFilter,
    filtered,
    groups_of,
    like,
    told_groups,
)
from apps.findings.forms import BulkForm
from apps.findings.lifecycle import Stage
from apps.findings.models import Finding
from apps.findings.services import bulk
from apps.findings.tellers import ModelChoice, tell, tellers

LIST = "findings:finding-list"
PER_PAGE = 50
MOST_TOLD = 6
FILE_HEAD = (
    *("number", "rule", "rule name", "severity", "certainty", "state", "treatment", "owner"),
    *("due", "vendor", "environment", "deployment", "first found", "opened", "closed"),
)


@require_safe
def finding_list(request: SignedInRequest) -> HttpResponse:
    """Findings worst first, or by what they share, narrowed by what the address asks for."""
    policy.require(request.user, Perm.VIEW_FINDING)
    context = _listed(request)
    may_treat = policy.may(request.user, Perm.TREAT_FINDING)
    if may_treat and not context["is_grouped"]:
        context["bulk"] = BulkForm(actor=request.user, people=selectors.possible_owners())
    return render(request, "findings/finding_list.html", context)


@require_safe
def finding_file(request: SignedInRequest) -> StreamingHttpResponse:
    """The findings that the list shows, all pages of them, as CSV."""
    policy.require(request.user, Perm.VIEW_FINDING)
    wanted = _wanted(request, _models(request))
    rows, _heads = sorted_rows(
        filtered(request.user, wanted), COLUMNS, request.GET, default="severity"
    )
    slim = rows.defer("witness", "rests_on", "missing", "fix", "subject")
    return csv_file("findings", FILE_HEAD, _lines(slim.iterator(chunk_size=2000)))


def _lines(findings: Iterable[Finding]) -> Iterator[Sequence[Any]]:
    for finding in findings:
        rule = RULES.get(finding.rule)
        yield (
            finding.pk,
            finding.rule,
            rule.name if rule else "",
            finding.severity,
            finding.certainty,
            finding.state,
            finding.stage,
            finding.owner.name if finding.owner else "",
            finding.due_on,
            finding.vendor.name if finding.vendor else "",
            finding.environment,
            finding.deployment,
            finding.first_found_at,
            finding.opened_at,
            finding.closed_at,
        )


@require_POST
def finding_bulk(request: SignedInRequest) -> HttpResponse:
    """Assign, date or plan the ticked findings; back to the list that they were ticked in."""
    policy.require(request.user, Perm.TREAT_FINDING)
    form = BulkForm(request.POST, actor=request.user, people=selectors.possible_owners())
    numbers = {int(n) for n in request.POST.getlist("pick") if n.isascii() and n.isdigit()}
    outcome: list[bulk.Outcome] = []

    def treat() -> None:
        done = bulk.treat_findings(
            actor=request.user,
            numbers={number for number in numbers if number < 2**63},
            owner=form.chosen_owner,
            due_on=form.cleaned_data["due_on"],
            plan=form.cleaned_data["plan"],
            note=form.cleaned_data["note"],
        )
        outcome.append(done)

    if form.is_valid() and form.saves(treat):
        _tell_outcome(request, outcome[0])
    else:
        for sentences in form.errors.values():
            messages.error(request, " ".join(str(sentence) for sentence in sentences))
    query = QueryDict(request.POST.get("back", "")[:4000]).urlencode()
    return HttpResponseRedirect(f"{reverse(LIST)}?{query}")


def _tell_outcome(request: SignedInRequest, outcome: bulk.Outcome) -> None:
    if outcome.done:
        noun = "finding is" if outcome.done == 1 else "findings are"
        messages.success(request, f"{outcome.done} {noun} as you said.")
    for number, reason in outcome.refused[:MOST_TOLD]:
        messages.error(request, f"Finding {number} was left as it is. {reason}")
    if (more := len(outcome.refused) - MOST_TOLD) > 0:
        messages.error(request, f"{more} more were left as they are, for such reasons.")


# --- what the address asks for -------------------------------------------------------------------


def _listed(request: SignedInRequest) -> dict[str, Any]:
    user, models = request.user, _models(request)
    wanted = _wanted(request, models)
    found = filtered(user, wanted)
    context: dict[str, Any] = {
        "section": "findings",
        "views": kept_views(user, LIST, request.GET),
        "wanted": asdict(wanted),
        "model": request.GET.get("model", ""),
        "like": like(user, wanted.like),
        "vendor": _vendor(request)[1],
        "tabs": [(tab, tab.capitalize()) for tab in TABS],
        "counts": selectors.counts_by_tab(user),
        "models": [(choice.key, choice.name) for choice in models],
        "rules": [(rule, f"{rule} {RULES[rule].name}") for rule in selectors.rules_found(user)],
        "severities": _words(reversed(Severity)),
        "certainties": _words(Certainty),
        "stages": choices(Stage),
        "owners": [
            ("me", "Me"),
            ("nobody", "Nobody"),
            *((str(p.pk), p.name) for p in selectors.owners_of_findings(user) if p != user),
        ],
        "ages": [("7", "7 days and more"), ("30", "30 days and more"), ("90", "90 days and more")],
        "dues": [("overdue", "Overdue"), ("week", "Within 7 days")],
        "is_grouped": request.GET.get("by") == "cause",
    }
    if context["is_grouped"]:
        page = Paginator(groups_of(found), PER_PAGE).get_page(request.GET.get("page", 1))
        return context | {"page": page, "groups": told_groups(user, list(page.object_list))}
    rows, heads = sorted_rows(found, COLUMNS, request.GET, default="severity")
    flat = paged(rows, request.GET, PER_PAGE)
    context |= {"page": flat, "heads": heads, "rows": tell(user, flat.object_list)}
    return context | {"today": selectors.today()}


def _models(request: SignedInRequest) -> list[ModelChoice]:
    return [model for teller in tellers() for model in teller.models(request.user)]


def _words(values: Iterable[str]) -> list[tuple[str, str]]:
    return [(str(value), str(value).capitalize()) for value in values]


def _wanted(request: SignedInRequest, models: list[ModelChoice]) -> FindingFilter:
    """The filter that an address asks for; what it does not know finds nothing."""
    asked = request.GET
    model = asked.get("model", "")
    reached = [choice.deployments for choice in models if choice.key == model]
    plain = ("q", "rule", "severity", "certainty", "stage", "owner", "age", "due", "like")
    return FindingFilter(
        tab=asked.get("state", TABS[0]),
        vendor=_vendor(request)[0],
        deployments=frozenset().union(*reached) if model else None,
        **{name: asked.get(name, "").replace("\0", "") for name in plain},
    )


def _vendor(request: SignedInRequest) -> tuple[str, str]:
    """The vendor that was typed, by key, and as its field shows it."""
    typed = request.GET.get("vendor", "").replace("\0", "").strip()
    if typed == OWN:
        return typed, typed
    return named(selectors.vendors_with_findings(request.user), typed)
