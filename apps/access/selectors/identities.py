"""Identities and credentials, as far as somebody may see them."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from apps.access.models import Credential, Identity
from apps.accounts.models import User
from apps.vendors.selectors import visible_facts


def identities_visible_to(user: User | AnonymousUser) -> QuerySet[Identity]:
    """The identities of the vendors in the user's scope, each with its vendor."""
    return visible_facts(Identity.objects.select_related("vendor"), user=user)


def credentials_visible_to(user: User | AnonymousUser) -> QuerySet[Credential]:
    """The credentials of those identities, each with its identity and vendor."""
    return visible_facts(Credential.objects.select_related("identity__vendor"), user=user)
