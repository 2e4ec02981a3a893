"""Finding facts by typing, and naming exactly one."""

import pytest

from apps.core.search import exactly, matching, named, shown
from apps.vendors.models import Vendor
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _vendors() -> None:
    VendorFactory.create(key="brackmere-staffing", name="Brackmere Staffing")
    VendorFactory.create(key="hm_lab.2@eu", name="Halden Mutual (Europe)")
    VendorFactory.create(key="hm-lab-3", name="halden mutual")


def found(typed: str) -> set[str]:
    return set(matching(Vendor.objects.all(), typed).values_list("key", flat=True))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("brack", {"brackmere-staffing"}),
        ("STAFF brack", {"brackmere-staffing"}),
        ("mere", set()),
        ("halden", {"hm_lab.2@eu", "hm-lab-3"}),
        ("lab 3", {"hm-lab-3"}),
        ("hm_lab.2@e", {"hm_lab.2@eu"}),
        ("euro", {"hm_lab.2@eu"}),
        ("", {"brackmere-staffing", "hm_lab.2@eu", "hm-lab-3"}),
        ("'!& | :*\0", set()),
        ("<>", set()),
    ],
)
def test_words_and_parts_of_keys_are_found_from_their_beginning(
    typed: str, expected: set[str]
) -> None:
    assert found(typed) == expected


def test_a_search_uses_the_index_of_words() -> None:
    plan = matching(Vendor.objects.order_by(), "brack").explain()
    assert "to_tsvector" in plan or "vendors_vendor_words" in plan


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("hm-lab-3", {"hm-lab-3"}),
        ("halden mutual (hm-lab-3)", {"hm-lab-3"}),
        ("HALDEN MUTUAL", {"hm-lab-3"}),
        ("Halden Mutual (Europe)", {"hm_lab.2@eu"}),
        ("halden", set()),
        ("", set()),
    ],
)
def test_a_fact_is_named_by_key_or_whole_name(typed: str, keys: set[str]) -> None:
    assert {vendor.key for vendor in exactly(Vendor.objects.all(), typed)} == keys


def test_what_is_shown_names_the_fact_again() -> None:
    for vendor in Vendor.objects.all():
        assert exactly(Vendor.objects.all(), shown(vendor)) == [vendor]


@pytest.mark.parametrize(
    ("typed", "key", "field"),
    [
        ("halden mutual", "hm-lab-3", "halden mutual (hm-lab-3)"),
        ("nobody", "nobody", "nobody"),
        ("", "", ""),
    ],
)
def test_a_typed_vendor_is_told_by_key_and_as_its_field_shows_it(
    typed: str, key: str, field: str
) -> None:
    assert named(Vendor.objects.all(), typed) == (key, field)
