"""The list of findings, and one finding with its proof."""

from collections.abc import Iterable

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.engine.catalogue import RULES
from apps.engine.values import Certainty, Severity
from apps.findings import selectors
from apps.findings.models import FindingState
from apps.findings.selectors import FindingFilter
from apps.findings.tellers import ModelChoice, tell, teller_of, tellers

PER_PAGE = 30


@require_safe
def finding_list(request: SignedInRequest) -> HttpResponse:
    """Findings worst first, narrowed by what the address asks for."""
    policy.require(request.user, Perm.VIEW_FINDING)
    models = [model for teller in tellers() for model in teller.models(request.user)]
    wanted = _wanted(request.GET, models)
    findings = selectors.filtered(selectors.findings_visible_to(request.user), wanted)
    page = Paginator(findings, PER_PAGE).get_page(request.GET.get("page", 1))
    context = {
        "section": "findings",
        "page": page,
        "rows": tell(request.user, page.object_list),
        "wanted": wanted,
        "model": request.GET.get("model", ""),
        "states": selectors.counts_by_state(request.user),
        "models": [(choice.key, choice.name) for choice in models],
        "vendors": selectors.vendors_with_findings(request.user).values_list("key", "name"),
        "rules": [
            (rule, f"{rule} {RULES[rule].name}") for rule in selectors.rules_found(request.user)
        ],
        "severities": _words(reversed(Severity)),
        "certainties": _words(Certainty),
    }
    return render(request, "findings/finding_list.html", context)


def _words(values: Iterable[str]) -> list[tuple[str, str]]:
    return [(str(value), str(value).capitalize()) for value in values]


def _wanted(asked: QueryDict, models: list[ModelChoice]) -> FindingFilter:
    """The filter that an address asks for; what it does not know finds nothing."""
    state = asked.get("state", FindingState.OPEN)
    model = asked.get("model", "")
    named = [choice.deployments for choice in models if choice.key == model]
    return FindingFilter(
        rule=asked.get("rule", ""),
        severity=asked.get("severity", ""),
        certainty=asked.get("certainty", ""),
        vendor=asked.get("vendor", ""),
        state="" if state == "all" else state,
        deployments=frozenset().union(*named) if model else None,
    )


@require_safe
def finding_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """One finding: the sentence, the picture, the fix, the hops, what else is on the route."""
    finding = selectors.finding_for(request.user, pk)
    others = selectors.others_on_the_route(request.user, finding)
    context = {
        "section": "findings",
        "finding": finding,
        "story": teller_of(finding.source).tell_whole(request.user, finding, others),
        "others": tell(request.user, others),
        "events": selectors.events_of(finding),
        "sees_runs": policy.may(request.user, Perm.VIEW_RUN),
    }
    return render(request, "findings/finding_detail.html", context)
