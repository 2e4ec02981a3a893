"""Exposures and drills, as far as somebody may see them."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, QuerySet

from apps.access.models import Drill, Exposure, ExposureTarget
from apps.accounts.models import User
from apps.vendors.selectors import visible_facts


def exposures_visible_to(user: User | AnonymousUser) -> QuerySet[Exposure]:
    """The leaks of which the user may see everything that they name, each with what it names."""
    targets = ExposureTarget.objects.select_related(
        "environment__vendor", "deployment__environment__vendor", "credential__identity__vendor"
    )
    exposures = Exposure.objects.prefetch_related(Prefetch("targets", targets))
    return visible_facts(exposures, user=user)


def drills_visible_to(user: User | AnonymousUser) -> QuerySet[Drill]:
    """The revocation drills of the vendors in the user's scope, each with vendor and model."""
    return visible_facts(Drill.objects.select_related("vendor", "model"), user=user)
