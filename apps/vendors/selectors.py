"""Reads of the register, and the one rule of who sees which fact."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import ForeignKey, ManyToOneRel, Q, QuerySet

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.errors import NotFoundError
from apps.core.models import Filed
from apps.core.search import exactly, matching
from apps.vendors.models import Contract, Vendor

M = TypeVar("M", bound=Filed)

ANOTHER = "another vendor"  # how one is called to those who may not know its name


@dataclass(frozen=True)
class VendorFilter:
    """What the list of vendors is narrowed to; empty means any."""

    q: str = ""
    kind: str = ""
    status: str = ""
    engaged_by: str = ""


def vendors_visible_to(user: User | AnonymousUser) -> QuerySet[Vendor]:
    """The vendors in the user's scope, each with who engaged it."""
    return visible_facts(Vendor.objects.select_related("engaged_by"), user=user)


def vendor_for(user: User, number: int) -> Vendor:
    """One vendor by its number; NotFoundError when there is none, or it is not theirs to see."""
    vendor = vendors_visible_to(user).filter(pk=number).first()
    if vendor is None:
        raise NotFoundError(f"There is no vendor {number}, or it is not yours to see.")
    return vendor


def filtered(user: User, vendors: QuerySet[Vendor], wanted: VendorFilter) -> QuerySet[Vendor]:
    """The vendors that a filter keeps; ``engaged_by`` is a name or key, as it was typed."""
    exact = {"kind": wanted.kind, "status": wanted.status}
    kept = vendors.filter(**{name: value for name, value in exact.items() if value})
    if wanted.engaged_by:
        kept = kept.filter(engaged_by__in=exactly(vendors_visible_to(user), wanted.engaged_by))
    return matching(kept, wanted.q)


def vendors_by_number(user: User, numbers: Collection[int]) -> list[Vendor]:
    """Those of the vendors that the user may see, by name."""
    return list(vendors_visible_to(user).filter(pk__in=numbers).order_by("name", "pk"))


def names_known(user: User, vendors: Iterable[Vendor | None]) -> dict[int, str]:
    """The names of those vendors that the user may see, by number."""
    numbers = {vendor.pk for vendor in vendors if vendor is not None}
    visible = vendors_visible_to(user).filter(pk__in=numbers)
    return dict(visible.order_by().values_list("pk", "name"))


def called(vendor: Vendor | None, known: Mapping[int, str]) -> str:
    """What a vendor is called to somebody who knows the names ``known``; nothing for none."""
    return "" if vendor is None else known.get(vendor.pk, ANOTHER)


def contracts_visible_to(user: User | AnonymousUser) -> QuerySet[Contract]:
    """The contracts with those vendors, each with the sub-contractors that it names."""
    contracts = Contract.objects.select_related("vendor").prefetch_related("subcontractors")
    return visible_facts(contracts, user=user)


def contract_for(user: User, number: int) -> Contract:
    """One contract by its number; NotFoundError when there is none, or it is not theirs to see."""
    contract = contracts_visible_to(user).filter(pk=number).first()
    if contract is None:
        raise NotFoundError(f"There is no contract {number}, or it is not yours to see.")
    return contract


def chain_for(vendor: Vendor) -> list[Vendor]:
    """The vendor, the one that engages it, the one that engages that, and so on: in one query.

    Whoever shows it to a person leaves out what ``vendors_visible_to`` does not hold.
    """
    return list(
        Vendor.objects.raw(
            """
            WITH RECURSIVE chain AS (
                SELECT id, engaged_by_id, 0 AS step FROM vendors_vendor WHERE id = %s
                UNION ALL
                SELECT v.id, v.engaged_by_id, chain.step + 1
                FROM vendors_vendor v JOIN chain ON v.id = chain.engaged_by_id
            ) CYCLE id SET is_cycle USING path
            SELECT v.* FROM vendors_vendor v JOIN chain ON chain.id = v.id AND NOT is_cycle
            ORDER BY chain.step
            """,
            [vendor.pk],
        )
    )


def visible_facts(queryset: QuerySet[M], *, user: User | AnonymousUser) -> QuerySet[M]:
    """The facts of ``queryset`` whose every vendor is in the user's scope: see ``Filed``."""
    if not queryset.model.filed_under:
        return _seen_through(queryset, user)
    for path in queryset.model.filed_under:
        queryset = _filed_in_scope(queryset, path, user)
    return queryset


def _filed_in_scope(queryset: QuerySet[M], path: str, user: User | AnonymousUser) -> QuerySet[M]:
    perm = Perm.VIEW_VENDOR if queryset.model is Vendor else Perm.VIEW_FACT
    if path == "pk":
        return policy.visible(queryset, user=user, perm=perm, vendor=path)
    end, _, further = path.partition("__")
    field = queryset.model._meta.get_field(end)
    if isinstance(field, ManyToOneRel):
        return _with_visible_parts(queryset, field, user)
    in_scope = policy.visible(queryset, user=user, perm=perm, vendor=path)
    if further and isinstance(field, ForeignKey) and field.null:
        return queryset.filter(**{end: None}) | in_scope
    return in_scope


def _with_visible_parts(
    queryset: QuerySet[M], parts: ManyToOneRel, user: User | AnonymousUser
) -> QuerySet[M]:
    """Facts that have parts, all of them visible."""
    model = parts.related_model
    if not issubclass(model, Filed):
        raise TypeError(f"{model} is not filed under vendors, so nobody may see it this way.")
    rows = model._base_manager.all()
    shown = visible_facts(rows, user=user)
    owner = parts.field.attname
    return queryset.filter(pk__in=shown.values(owner)).exclude(
        pk__in=rows.exclude(pk__in=shown.values("pk")).values(owner)
    )


def _seen_through(queryset: QuerySet[M], user: User | AnonymousUser) -> QuerySet[M]:
    """Our own facts, for those who see everything or a vendor that one of the paths leads to."""
    seen = Q()
    for path in queryset.model.seen_through:
        rows = queryset.model._base_manager.all()
        shown = policy.visible(rows, user=user, perm=Perm.VIEW_FACT, vendor=path)
        seen |= Q(pk__in=shown.values("pk"))
    return queryset.filter(seen)
