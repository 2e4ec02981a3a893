"""The facts that are filed under one vendor, as its own pages list them."""

from django.db.models import Case, Count, F, IntegerField, Min, Q, QuerySet, Value, When

from apps.access.models import Credential, Environment, Identity
from apps.access.selectors.reach import KEY_ONLY, VERDICTS
from apps.accounts.models import User
from apps.vendors.models import Vendor
from apps.vendors.selectors import visible_facts

_RANK = Case(
    When(pairs__isnull=True, then=Value(len(VERDICTS))),
    *(
        When(pairs__verdict=verdict, then=Value(rank))
        for rank, verdict in enumerate(VERDICTS)
        if verdict != KEY_ONLY
    ),
    default=Value(VERDICTS.index(KEY_ONLY)),
    output_field=IntegerField(),
)


def environments_of(user: User, vendor: Vendor) -> QuerySet[Environment]:
    """The environments of a vendor, the worst verdict first, those that reach nothing last."""
    own = visible_facts(Environment.objects.filter(vendor=vendor), user=user)
    return own.annotate(worst=Min(_RANK)).select_related("vendor").order_by("worst", "name", "key")


def identities_of(user: User, vendor: Vendor) -> QuerySet[Identity]:
    """The identities of a vendor by name, each with how many credentials it has."""
    own = visible_facts(Identity.objects.filter(vendor=vendor), user=user)
    live = Count("credentials", filter=Q(credentials__revoked_at=None))
    return own.annotate(credential_count=live).order_by("name", "key")


def credentials_of(user: User, vendor: Vendor) -> QuerySet[Credential]:
    """The credentials of a vendor, those without an end first, revoked ones last."""
    own = visible_facts(Credential.objects.filter(identity__vendor=vendor), user=user)
    return own.select_related("identity").order_by(
        F("revoked_at").asc(nulls_first=True), F("expires_at").asc(nulls_first=True), "name", "key"
    )
