"""Relations, as far as somebody may see them: those whose two ends are both in their scope."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from apps.access.models import Administers, Connects, Enters, Grants, Holds, Jumps, MemberOf
from apps.accounts.models import User
from apps.vendors.selectors import visible_facts


def holds_visible_to(user: User | AnonymousUser) -> QuerySet[Holds]:
    """Which environment holds which credential, each with its two ends."""
    return visible_facts(
        Holds.objects.select_related("environment__vendor", "credential__identity__vendor"),
        user=user,
    )


def enters_visible_to(user: User | AnonymousUser) -> QuerySet[Enters]:
    """Who may log in to which environment, each with its two ends."""
    return visible_facts(
        Enters.objects.select_related("identity__vendor", "environment__vendor"), user=user
    )


def member_of_visible_to(user: User | AnonymousUser) -> QuerySet[MemberOf]:
    """Who belongs to which group, each with its two ends."""
    return visible_facts(
        MemberOf.objects.select_related("identity__vendor", "group__vendor"), user=user
    )


def jumps_visible_to(user: User | AnonymousUser) -> QuerySet[Jumps]:
    """Sessions that lead from one environment to another, each with its two ends."""
    return visible_facts(
        Jumps.objects.select_related("origin__vendor", "target__vendor"), user=user
    )


def connects_visible_to(user: User | AnonymousUser) -> QuerySet[Connects]:
    """Network paths, each with its two ends (no origin is the internet) and what it admits.

    What a path admits is named whole, to everybody who may see the path: a list that left out a
    deployment would read as a narrower path, and an empty one as a path for every deployment.
    """
    connections = Connects.objects.select_related("origin__vendor", "target__vendor")
    return visible_facts(connections.prefetch_related("deployments"), user=user)


def grants_visible_to(user: User | AnonymousUser) -> QuerySet[Grants]:
    """Which deployment accepts which credential or identity, each with its two ends."""
    return visible_facts(
        Grants.objects.select_related(
            "credential__identity__vendor",
            "identity__vendor",
            "deployment__model",
            "deployment__environment__vendor",
        ),
        user=user,
    )


def administers_visible_to(user: User | AnonymousUser) -> QuerySet[Administers]:
    """Who may create or change access paths where, each with its two ends."""
    return visible_facts(
        Administers.objects.select_related(
            "identity__vendor", "environment__vendor", "deployment__environment__vendor"
        ),
        user=user,
    )
