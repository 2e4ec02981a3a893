"""Figures are remembered for a person until anything is written."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from apps.accounts.models import User
from apps.accounts.remembered import remembered
from apps.vendors import services
from apps.vendors.models import Vendor

pytestmark = pytest.mark.django_db

IN_MEMORY = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.fixture(autouse=True)
def _real_cache() -> Iterator[None]:
    with override_settings(CACHES=IN_MEMORY):
        yield


def test_what_was_worked_out_holds_until_something_is_written(
    bob: User, alice: User, corvid: Vendor
) -> None:
    asked: list[tuple[object, ...]] = []

    @remembered
    def names(user: User, vendor: Vendor, most: int = 3) -> list[str]:
        asked.append((user.pk, vendor.pk, most))
        return [vendor.name][:most]

    services.change_vendor(actor=bob, vendor=corvid, name="Corvid One")
    corvid.refresh_from_db()
    assert names(bob, corvid) == names(bob, corvid) == ["Corvid One"]
    assert len(asked) == 1
    names(alice, corvid)
    names(bob, corvid, most=1)
    assert len(asked) == 3
    services.change_vendor(actor=bob, vendor=corvid, name="Corvid Two")
    corvid.refresh_from_db()
    assert names(bob, corvid) == ["Corvid Two"]
    assert len(asked) == 4
