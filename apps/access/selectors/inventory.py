"""Environments, models, deployments and allowlist entries, as far as somebody may see them."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from apps.access.models import AIModel, AllowlistEntry, Deployment, Environment
from apps.accounts.models import User
from apps.vendors.selectors import visible_facts


def environments_visible_to(user: User | AnonymousUser) -> QuerySet[Environment]:
    """The environments of the vendors in the user's scope, each with its vendor."""
    return visible_facts(Environment.objects.select_related("vendor"), user=user)


def models_visible_to(user: User | AnonymousUser) -> QuerySet[AIModel]:
    """Every model for those who see everything, and for others those that concern their vendors.

    A model concerns a vendor that is on its allowlist, has a drill for it, or hosts it.
    """
    return visible_facts(AIModel.objects.select_related("custodian"), user=user)


def deployments_visible_to(user: User | AnonymousUser) -> QuerySet[Deployment]:
    """The deployments in environments that the user may see, each with its model and host."""
    deployments = Deployment.objects.select_related("model", "environment__vendor")
    return visible_facts(deployments, user=user)


def allowlist_visible_to(user: User | AnonymousUser) -> QuerySet[AllowlistEntry]:
    """The permissions and requests of the vendors in the user's scope, with all they name."""
    entries = AllowlistEntry.objects.select_related(
        "model", "vendor", "environment", "requested_by", "approved_by"
    )
    return visible_facts(entries, user=user)
