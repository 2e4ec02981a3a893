"""What the database itself holds of the register, tried past everything that Python checks."""

import pytest
from django.db import connection, transaction

from apps.vendors.models import Vendor
from tests.database import refused
from tests.factories.vendors import ContractFactory, ContractSubcontractorFactory, VendorFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("kind", "friend", "vendors_vendor_kind_known"),
        ("status", "gone", "vendors_vendor_status_known"),
        ("key", "internet", "vendors_vendor_key_has_shape"),
        ("key", "no spaces", "vendors_vendor_key_has_shape"),
        ("key", "", "vendors_vendor_key_has_shape"),
        ("key", "ends-with-a-newline\n", "vendors_vendor_key_has_shape"),
    ],
)
def test_the_database_refuses_a_vendor_with(column: str, value: str, constraint: str) -> None:
    vendor = VendorFactory.create()
    sql = f"UPDATE vendors_vendor SET {column} = %s WHERE id = %s"  # noqa: S608 - names from above
    assert refused(sql, value, vendor.pk, by=constraint)


def test_the_database_keeps_keys_unique(corvid: Vendor) -> None:
    other = VendorFactory.create()
    sql = "UPDATE vendors_vendor SET key = %s WHERE id = %s"
    assert refused(sql, corvid.key, other.pk, by="vendors_vendor_key")


def test_keys_sort_by_code_point() -> None:
    for key in ("b", "B", "a-1", "a.1", "a/1"):
        VendorFactory.create(key=key)
    assert list(Vendor.objects.order_by("key").values_list("key", flat=True)) == [
        "B",
        "a-1",
        "a.1",
        "a/1",
        "b",
    ]


def test_the_database_refuses_a_vendor_that_engages_itself() -> None:
    vendor = VendorFactory.create()
    sql = "UPDATE vendors_vendor SET engaged_by_id = id WHERE id = %s"
    assert refused(sql, vendor.pk, by="vendors_vendor_does_not_engage_itself")


def test_the_database_refuses_a_cycle_through_others() -> None:
    ash = VendorFactory.create(key="ash")
    birch = VendorFactory.create(key="birch", engaged_by=ash)
    cedar = VendorFactory.create(key="cedar", engaged_by=birch)
    sql = "UPDATE vendors_vendor SET engaged_by_id = %s WHERE id = %s"
    assert refused(sql, cedar.pk, ash.pk, by="engages itself, through others")


def test_a_chain_may_be_turned_around_within_one_transaction() -> None:
    ash = VendorFactory.create(key="ash")
    birch = VendorFactory.create(key="birch", engaged_by=ash)
    with transaction.atomic():
        Vendor.objects.filter(pk=ash.pk).update(engaged_by=birch)
        Vendor.objects.filter(pk=birch.pk).update(engaged_by=None)
        connection.check_constraints()
    ash.refresh_from_db()
    assert ash.engaged_by == birch


def test_the_database_refuses_a_contract_that_ends_before_it_starts() -> None:
    contract = ContractFactory.create()
    sql = "UPDATE vendors_contract SET ends_on = starts_on - 1 WHERE id = %s"
    assert refused(sql, contract.pk, by="ends_on_not_before_starts_on")


def test_the_database_refuses_a_contract_that_names_a_vendor_twice() -> None:
    named = ContractSubcontractorFactory.create()
    sql = "INSERT INTO vendors_contractsubcontractor (contract_id, vendor_id) VALUES (%s, %s)"
    values = (named.contract_id, named.vendor_id)
    assert refused(sql, *values, by="vendors_contract_names_vendor_once")


def test_the_database_refuses_to_delete_a_vendor_that_something_refers_to() -> None:
    contract = ContractFactory.create()
    sql = "DELETE FROM vendors_vendor WHERE id = %s"
    assert refused(sql, contract.vendor_id, by="vendors_contract")
