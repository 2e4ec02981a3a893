"""Reading the register: who sees what, in how many queries."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from apps.accounts.models import User
from apps.vendors.models import Vendor
from apps.vendors.selectors import chain_for, contracts_visible_to, vendors_visible_to
from tests.factories.vendors import ContractFactory, VendorFactory

pytestmark = pytest.mark.django_db


def test_whoever_has_all_vendors_sees_them_all(bob: User, corvid: Vendor) -> None:
    other = VendorFactory.create()
    assert set(vendors_visible_to(bob)) == {corvid, other}


def test_a_scoped_analyst_sees_the_vendors_granted_and_their_contracts(
    anna: User, corvid: Vendor
) -> None:
    hers, other = ContractFactory.create(vendor=corvid), ContractFactory.create()
    assert list(vendors_visible_to(anna)) == [corvid]
    assert list(contracts_visible_to(anna)) == [hers]
    assert other.vendor not in vendors_visible_to(anna)


def test_charlie_a_respondent_and_a_stranger_see_nothing(
    charlie: User, vera: User, corvid: Vendor
) -> None:
    ContractFactory.create(vendor=corvid)
    for user in (charlie, vera, AnonymousUser()):
        assert not vendors_visible_to(user).exists()
        assert not contracts_visible_to(user).exists()


def test_the_register_is_read_in_a_constant_number_of_queries(
    bob: User, django_assert_num_queries: Any
) -> None:
    def read() -> None:
        for vendor in vendors_visible_to(bob):
            assert vendor.engaged_by is None or vendor.engaged_by.name
        for contract in contracts_visible_to(bob):
            assert contract.vendor.name
            assert len(contract.subcontractors.all()) == 1

    for _ in range(2):
        for _ in range(5):
            ContractFactory.create(
                vendor=VendorFactory.create(engaged_by=VendorFactory.create()),
                subcontractors=[VendorFactory.create()],
            )
        with django_assert_num_queries(3):
            read()


def test_the_chain_leads_from_a_vendor_to_whoever_engaged_it_in_one_query(
    django_assert_num_queries: Any,
) -> None:
    ash = VendorFactory.create(key="ash")
    birch = VendorFactory.create(key="birch", engaged_by=ash)
    cedar = VendorFactory.create(key="cedar", engaged_by=birch)
    VendorFactory.create(key="dogwood", engaged_by=ash)
    with django_assert_num_queries(1):
        assert chain_for(cedar) == [cedar, birch, ash]
    assert chain_for(ash) == [ash]
