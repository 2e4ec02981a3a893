"""Test vendors and contracts. Saved past the services, so without an entry in the log."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from factory.declarations import LazyAttribute, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from apps.engine.values import VendorKind
from apps.vendors.models import Contract, ContractSubcontractor, Vendor

# factory-boy's declarations carry no types; these four do.


def numbered(prefix: str) -> Any:
    """``prefix-0``, ``prefix-1``, and so on."""
    return Sequence(lambda number: f"{prefix}-{number}")  # type: ignore[no-untyped-call] # untyped in factory-boy


def made_by(factory: type[DjangoModelFactory[Any]], **fields: Any) -> Any:
    """Another new fact, unless the caller names one."""
    return SubFactory(factory, **fields)  # type: ignore[no-untyped-call] # the same


def worked_out(function: Callable[[Any], Any]) -> Any:
    """What the other fields give, unless the caller says otherwise."""
    return LazyAttribute(function)  # type: ignore[no-untyped-call] # the same


def the_same(path: str) -> Any:
    """What stands elsewhere: a dot for every step up from the fact that ``made_by`` makes."""
    return SelfAttribute(path)  # type: ignore[no-untyped-call] # the same


class VendorFactory(DjangoModelFactory[Vendor]):
    """An active partner whom nobody else engaged."""

    class Meta:
        model = Vendor

    key = numbered("vendor")
    name = worked_out(lambda vendor: vendor.key.replace("-", " ").capitalize())
    kind = VendorKind.PARTNER


class ContractFactory(DjangoModelFactory[Contract]):
    """An open contract that has run for years; ``subcontractors=[...]`` are the ones it names."""

    class Meta:
        model = Contract

    key = numbered("contract")
    name = worked_out(lambda contract: contract.key)
    vendor = made_by(VendorFactory)
    starts_on = date(2020, 1, 1)

    @classmethod
    def _create(
        cls,
        model_class: type[Contract],
        *args: Any,
        subcontractors: Iterable[Vendor] = (),
        **fields: Any,
    ) -> Contract:
        contract = model_class._default_manager.create(*args, **fields)
        contract.subcontractors.set(subcontractors)
        return contract


class ContractSubcontractorFactory(DjangoModelFactory[ContractSubcontractor]):
    class Meta:
        model = ContractSubcontractor

    contract = made_by(ContractFactory)
    vendor = made_by(VendorFactory)
