"""Models: the list, and one model with everybody who reaches it."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.access.pictures import spans, surroundings_tall, surroundings_wide
from apps.access.pictures.model_words import saying
from apps.access.pictures.surroundings import around
from apps.access.pictures.weakest import weak_points
from apps.access.selectors import models as selectors
from apps.access.selectors.models import EntryState, ModelFilter
from apps.access.selectors.routes import facts_for
from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.core.lists import Column, paged, sorted_rows
from apps.core.models import choices
from apps.engine.values import Sensitivity

COLUMNS = (
    Column("name", "Model", ("name",)),
    Column("tier", "Tier", ("sensitivity",)),
    Column("custodian", "Custodian", ("custodian__name",)),
    Column("deployments", "Deployments", css="vr-right"),
    Column("unsegregated", "Unsegregated", css="vr-right"),
    Column("undetermined", "Undetermined", css="vr-right"),
    Column("segregated", "Segregated", css="vr-right"),
)
MOST_COLUMNS = 4


@require_safe
def model_list(request: SignedInRequest) -> HttpResponse:
    """Every model in scope, the most sensitive first."""
    policy.require(request.user, Perm.VIEW_FACT)
    wanted = ModelFilter(q=request.GET.get("q", ""), tier=request.GET.get("tier", ""))
    found = selectors.models_listed(request.user, wanted)
    models, heads = sorted_rows(found, COLUMNS, request.GET, default="-tier")
    page = paged(models, request.GET)
    context = {
        "section": "models",
        "wanted": wanted,
        "heads": heads,
        "page": page,
        "rows": selectors.rows_of(request.user, page.object_list),
        "tiers": choices(Sensitivity),
    }
    return render(request, "access/models/model_list.html", context)


@require_safe
def model_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """One model: who reaches it, by which weak point, and what permits whom until when."""
    user = request.user
    model = selectors.model_for(user, pk)
    counts, groups = selectors.groups_of(user, model)
    routes = selectors.routes_of(user, model)
    entries = selectors.entries_of(user, model)
    worst = [v.finding for group in groups for v in group.visitors if v.finding]
    facts = facts_for(user, [*routes, *worst])
    reached = selectors.deployments_reached(user, model)
    gates = selectors.gates_before(reached)
    ways = selectors.ways_in(
        [v.environment for group in groups for v in group.visitors], list(gates.places.values())
    )
    scene = around(model.name, groups, reached, gates, ways, facts)
    now = timezone.now()
    drawn = [(row, spans.span(row.entry, now)) for row in entries]
    context = {
        "section": "models",
        "model": model,
        "shows_custodian": model.custodian and facts.scope.shows(model.custodian.vendor_id),
        "counts": counts,
        "groups": groups,
        "columns": reached if len(reached) <= MOST_COLUMNS else [],
        "deployments": selectors.deployments_of(user, model),
        "saying": saying(model.name, counts, routes, facts),
        "findings": selectors.findings_on(user, model),
        "scene": scene,
        "wide": surroundings_wide.draw(scene),
        "tall": surroundings_tall.draw(scene),
        "points": weak_points(routes, facts),
        "is_cut": len(routes) == selectors.MOST_ROUTES,
        "entries": [pair for pair in drawn if pair[0].state != EntryState.ENDED],
        "ended": [pair for pair in drawn if pair[0].state == EntryState.ENDED],
        "entries_cut": len(entries) == selectors.MOST_ENTRIES,
        "months": spans.months(now),
        "organisation": settings.ORGANISATION_NAME,
        "may_edit": policy.may(user, Perm.CHANGE_FACT, vendor=None),
        "sees_all": policy.may(user, Perm.VIEW_FACT, vendor=None),
    }
    return render(request, "access/models/model_detail.html", context)
