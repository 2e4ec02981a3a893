"""What the access graph adds to the pages of vendors: what each reaches, and its facts as tabs."""

from collections.abc import Sequence

from django.db.models import (
    Case,
    Count,
    Exists,
    IntegerField,
    Min,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.urls import reverse

from apps.access.models import Credential, Environment, Identity
from apps.access.pictures.vendor_words import reach_of_vendor
from apps.access.selectors.reach import KEY_ONLY, RANK, VERDICTS, pairs_visible_to
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.lists import Column
from apps.vendors.figures import Cell, Filter, Part, Tab
from apps.vendors.models import Vendor
from apps.vendors.selectors import visible_facts

NOTHING = "nothing"
MOST_NAMED = 2  # models in a cell; beyond, their number


class AccessFigures:
    """Verdicts, environments, identities and credentials of vendors."""

    place = 1
    columns: Sequence[Column] = (
        Column("reaches", "Reaches", ("reach_rank",)),
        Column("environments", "Environments", ("environment_count",), "vr-right"),
    )
    filters: Sequence[Filter] = (
        Filter(
            "reaches",
            "Reaches",
            (
                ("unsegregated", "unsegregated"),
                ("undetermined", "undetermined"),
                ("segregated", "segregated"),
                (KEY_ONLY, "key only"),
                (NOTHING, "nothing"),
            ),
        ),
    )

    def shows_to(self, user: User) -> bool:
        return policy.may(user, Perm.VIEW_FACT)

    def ranked(self, user: User, vendors: QuerySet[Vendor], column: str) -> QuerySet[Vendor]:
        if column == "reaches":
            pairs = pairs_visible_to(user)
            whens = [
                When(pk__in=pairs.filter(verdict=verdict).values("environment__vendor"), then=rank)
                for rank, verdict in enumerate(VERDICTS)
                if verdict != KEY_ONLY
            ]
            key_only = When(
                pk__in=pairs.filter(verdict=None).values("environment__vendor"),
                then=VERDICTS.index(KEY_ONLY),
            )
            # Asked as "is it one of those", which the database hashes once.
            rank = Case(*whens, key_only, default=Value(99), output_field=IntegerField())
            return vendors.annotate(reach_rank=rank)
        own = Environment.objects.filter(vendor=OuterRef("pk")).order_by().values("vendor")
        count = Subquery(own.annotate(count=Count("pk")).values("count"))
        return vendors.annotate(environment_count=Coalesce(count, 0))

    def narrowed(
        self,
        user: User,
        vendors: QuerySet[Vendor],
        name: str,  # noqa: ARG002 - there is one filter
        value: str,
    ) -> QuerySet[Vendor]:
        pairs = pairs_visible_to(user).filter(environment__vendor=OuterRef("pk"))
        if value == NOTHING:
            return vendors.filter(~Exists(pairs))
        if value not in VERDICTS:
            return vendors
        worse = pairs.filter(verdict__in=VERDICTS[: VERDICTS.index(value)])
        own = pairs.filter(verdict=None if value == KEY_ONLY else value)
        return vendors.filter(Exists(own), ~Exists(worse))

    def cells(self, user: User, vendors: Sequence[Vendor]) -> dict[int, dict[str, Cell]]:
        counted = dict(
            Environment.objects.filter(vendor__in=vendors)
            .order_by()
            .values("vendor")
            .annotate(count=Count("pk"))
            .values_list("vendor", "count")
        )
        worst = self._worst(user, vendors)
        return {
            vendor.pk: {
                "reaches": _reaches(worst.get(vendor.pk, [])),
                "environments": Cell(
                    "vendors/cell_figure.html",
                    counted.get(vendor.pk, 0),
                    str(counted.get(vendor.pk, 0)),
                ),
            }
            for vendor in vendors
        }

    def _worst(self, user: User, vendors: Sequence[Vendor]) -> dict[int, list[tuple[str, str]]]:
        """For each vendor the models under its worst verdict, as verdict and name."""
        rows = (
            pairs_visible_to(user)
            .filter(environment__vendor__in=vendors)
            .values("environment__vendor", "deployment__model__name")
            .annotate(rank=Min(RANK))
            .order_by("environment__vendor", "rank", "deployment__model__name")
            .values_list("environment__vendor", "rank", "deployment__model__name")
        )
        found: dict[int, list[tuple[str, str]]] = {}
        for vendor, rank, model in rows:
            models = found.setdefault(vendor, [])
            if not models or models[0][0] == VERDICTS[rank]:
                models.append((VERDICTS[rank], model))
        return found

    def tabs(self, user: User, vendor: Vendor) -> list[Tab]:
        environments = visible_facts(Environment.objects.filter(vendor=vendor), user=user)
        identities = visible_facts(Identity.objects.filter(vendor=vendor), user=user)
        of_them = Credential.objects.filter(identity__vendor=vendor)
        credentials = visible_facts(of_them, user=user)
        return [
            Tab(
                "environments",
                "Environments",
                reverse("access:vendor-environments", args=[vendor.pk]),
                10,
                environments.count(),
            ),
            Tab(
                "identities",
                "Identities and credentials",
                reverse("access:vendor-identities", args=[vendor.pk]),
                20,
                identities.count() + credentials.count(),
            ),
        ]

    def parts(self, user: User, vendor: Vendor) -> list[Part]:
        return [Part("access/vendors/reach.html", reach_of_vendor(user, vendor), 10)]


def _reaches(models: Sequence[tuple[str, str]]) -> Cell:
    if not models:
        return Cell("vendors/cell_verdict.html", {"verdict": "", "label": "nothing"}, "")
    verdict = models[0][0]
    names = [name for _verdict, name in models]
    told = ", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} models"
    label = f"{told}, key only" if verdict == KEY_ONLY else told
    plain = f"{verdict.replace('_', ' ')}: {', '.join(names)}"
    return Cell("vendors/cell_verdict.html", {"verdict": verdict, "label": label}, plain)
