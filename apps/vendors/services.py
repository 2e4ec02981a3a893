"""What can be done to the register: vendors, who engaged them, and the contracts with them.

What each raises, and what all of them have in common, is said in ``facts.FactWriter``.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import Unpack

from django.db import connection, transaction

from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.errors import InvalidError
from apps.engine.values import VendorKind, VendorStatus, YesNo
from apps.vendors.facts import FactFields, FactWriter
from apps.vendors.models import Contract, Vendor
from apps.vendors.selectors import chain_for


class VendorFields(FactFields, total=False):
    engaged_by: Vendor | None
    status: VendorStatus


class VendorChanges(VendorFields, total=False):
    kind: VendorKind


class ContractFields(FactFields, total=False):
    ends_on: date | None
    subcontractors: Sequence[Vendor]
    right_to_audit: YesNo
    breach_notice_hours: int | None


class ContractChanges(ContractFields, total=False):
    vendor: Vendor
    starts_on: date


def create_vendor(
    *, actor: User, key: str, kind: VendorKind, **fields: Unpack[VendorFields]
) -> Vendor:
    """Enter a third party into the register; who engaged it, if anybody, is named."""
    return _vendors.create(actor, key=key, kind=kind, **fields)


def change_vendor(*, actor: User, vendor: Vendor, **changes: Unpack[VendorChanges]) -> Vendor:
    """Change what is stated about a vendor. A chain that would lead back to it is refused."""
    return _vendors.change(actor, vendor, changes)


def offboard_vendor(*, actor: User, vendor: Vendor) -> Vendor:
    """Mark the relationship as ended. The vendor's facts stay: a route may still work."""
    return _vendors.change(actor, vendor, {"status": VendorStatus.OFFBOARDED}, done="offboarded")


@transaction.atomic
def offboard_vendors(*, actor: User, vendors: Iterable[Vendor]) -> list[Vendor]:
    """Mark several relationships as ended, all or none of them; each leaves its own entry."""
    return [offboard_vendor(actor=actor, vendor=vendor) for vendor in vendors]


def reactivate_vendor(*, actor: User, vendor: Vendor) -> Vendor:
    """Take up an ended relationship again."""
    return _vendors.change(actor, vendor, {"status": VendorStatus.ACTIVE}, done="reactivated")


def delete_vendor(*, actor: User, vendor: Vendor) -> None:
    """Take a vendor out of the register that nothing is filed under; else InUseError."""
    _vendors.delete(actor, vendor)


def create_contract(
    *, actor: User, key: str, vendor: Vendor, starts_on: date, **fields: Unpack[ContractFields]
) -> Contract:
    """File a contract with a vendor, with the sub-contractors that it names."""
    return _contracts.create(actor, key=key, vendor=vendor, starts_on=starts_on, **fields)


def change_contract(
    *, actor: User, contract: Contract, **changes: Unpack[ContractChanges]
) -> Contract:
    """Change a contract; a list of sub-contractors replaces the one before."""
    return _contracts.change(actor, contract, changes)


def delete_contract(*, actor: User, contract: Contract) -> None:
    """Delete a contract, and with it its list of sub-contractors."""
    _contracts.delete(actor, contract)


def _refuse_cycle(vendor: Vendor, changed: Collection[str]) -> None:
    """Raise InvalidError, naming the cycle, when a vendor would engage itself through others."""
    if vendor.engaged_by is None or "engaged_by" not in changed:
        return
    with connection.cursor() as cursor:
        # The lock that the trigger takes too: of two changes that close a cycle, one waits here.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('vendors_vendor.engaged_by'))")
    chain = [vendor.key]
    for engaging in chain_for(vendor.engaged_by):
        chain.append(engaging.key)
        if engaging.pk == vendor.pk:
            steps = pairwise(chain)
            cycle = ", ".join(f"{one} is engaged by {other}" for one, other in steps)
            sentence = f"This would close a cycle: {cycle}. Change one of these first."
            raise InvalidError(sentence, {"engaged_by": [sentence]})


_vendors = FactWriter(
    model=Vendor,
    noun="vendor",
    changeable=VendorChanges.__annotations__,
    check=_refuse_cycle,
    instead="Offboard it instead: it stays in the register, marked as ended.",
    add=Perm.ADD_VENDOR,
    edit=Perm.CHANGE_VENDOR,
    remove=Perm.DELETE_VENDOR,
)
_contracts = FactWriter(
    model=Contract,
    noun="contract",
    changeable=ContractChanges.__annotations__,
    listed="subcontractors",
)
