"""What writing a fact means, whichever kind it is: who may, one entry, one scan asked for."""

from typing import Any

import pytest
from django.db import models

from apps.access.models.runs import RunReason, RunState, ScanRun
from apps.access.services import inventory
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import DomainError, InvalidError, NotAllowedError, NotFoundError
from apps.engine.values import EnvironmentKind, Purpose
from apps.vendors.models import Vendor
from tests.access.conftest import Asked
from tests.access.facts import EVERY_KIND, KEYED, OF_A_VENDOR, OUR_OWN, Kind
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db

every_kind = pytest.mark.parametrize("kind", EVERY_KIND, ids=lambda kind: kind.noun)
of_a_vendor = pytest.mark.parametrize("kind", OF_A_VENDOR, ids=lambda kind: kind.noun)
our_own = pytest.mark.parametrize("kind", OUR_OWN, ids=lambda kind: kind.noun)


def entry() -> AuditEntry:
    """The one entry in the log."""
    return AuditEntry.objects.get()


def row(fact: models.Model) -> dict[str, Any] | None:
    """The stored row, or none."""
    rows: Any = type(fact)._default_manager.filter(pk=fact.pk).values()
    found: dict[str, Any] | None = rows.first()
    return found


def nothing_happened(asked: Asked) -> bool:
    return not asked and not AuditEntry.objects.exists()


@every_kind
def test_an_analyst_creates_it(kind: Kind, bob: User, corvid: Vendor, asked: Asked) -> None:
    fact = kind.create(bob, corvid)
    assert row(fact) is not None
    assert (entry().action, entry().target_id) == (f"{kind.noun}.created", str(fact.pk))
    assert entry().actor == bob
    assert entry().vendor_id == (None if kind in OUR_OWN else corvid.pk)
    assert entry().data["after"]["source"] == "declared"
    assert asked == [(bob, RunReason.FACTS_CHANGED)]


@every_kind
def test_a_change_saves_the_named_field_and_no_other(
    kind: Kind, bob: User, corvid: Vendor, asked: Asked
) -> None:
    fact = kind.made(corvid)
    stale = row(fact)
    type(fact)._default_manager.filter(pk=fact.pk).update(source="observed")  # somebody else did
    changed = kind.change(bob, fact)
    now = row(fact)
    assert stale is not None
    assert now is not None
    assert now["source"] == changed.source == "observed"
    assert {name for name in now if now[name] != stale[name]} == {"source", kind.changed}
    assert entry().action == f"{kind.noun}.changed"
    assert set(entry().data["before"]) == set(entry().data["after"]) == {kind.changed}
    assert asked == [(bob, RunReason.FACTS_CHANGED)]


@every_kind
def test_the_same_change_again_writes_nothing(
    kind: Kind, bob: User, corvid: Vendor, asked: Asked
) -> None:
    fact = kind.made(corvid)
    kind.change(bob, fact)
    kind.change(bob, fact)
    assert entry().action == f"{kind.noun}.changed"
    assert len(asked) == 1


@every_kind
def test_what_nothing_refers_to_is_deleted(
    kind: Kind, bob: User, corvid: Vendor, asked: Asked
) -> None:
    fact = kind.made(corvid)
    kind.delete(bob, fact)
    assert row(fact) is None
    assert (entry().action, entry().target_id) == (f"{kind.noun}.deleted", str(fact.pk))
    assert entry().target_name == str(fact)
    assert entry().vendor_id == (None if kind in OUR_OWN else corvid.pk)
    assert entry().data["before"]["source"] == "declared"
    assert asked == [(bob, RunReason.FACTS_CHANGED)]


@of_a_vendor
def test_a_scoped_analyst_writes_what_is_filed_under_their_vendor(
    kind: Kind, anna: User, corvid: Vendor, asked: Asked
) -> None:
    fact = kind.create(anna, corvid)
    kind.change(anna, fact)
    kind.delete(anna, fact)
    actions = AuditEntry.objects.order_by("number").values_list("action", flat=True)
    assert list(actions) == [f"{kind.noun}.{done}" for done in ("created", "changed", "deleted")]
    assert len(asked) == 3


@of_a_vendor
def test_a_scoped_analyst_finds_nothing_of_another_vendor(
    kind: Kind, anna: User, asked: Asked
) -> None:
    other = VendorFactory.create()
    fact = kind.made(other)
    before = row(fact)
    with pytest.raises(NotFoundError):
        kind.create(anna, other)
    with pytest.raises(NotFoundError):
        kind.change(anna, fact)
    with pytest.raises(NotFoundError):
        kind.delete(anna, fact)
    assert row(fact) == before
    assert nothing_happened(asked)


@our_own
def test_a_scoped_analyst_finds_nothing_of_our_own_organisation(
    kind: Kind, anna: User, corvid: Vendor, asked: Asked
) -> None:
    fact = kind.made(corvid)
    with pytest.raises(NotFoundError):
        kind.create(anna, corvid)
    with pytest.raises(NotFoundError):
        kind.change(anna, fact)
    with pytest.raises(NotFoundError):
        kind.delete(anna, fact)
    assert nothing_happened(asked)


@pytest.mark.parametrize("who", ["alice", "rita", "otto", "ida"])
@every_kind
def test_other_roles_may_not_write_it(
    kind: Kind, who: str, corvid: Vendor, asked: Asked, request: pytest.FixtureRequest
) -> None:
    actor = request.getfixturevalue(who)
    fact = kind.made(corvid)
    before = row(fact)
    with pytest.raises(NotAllowedError):
        kind.create(actor, corvid)
    with pytest.raises(NotAllowedError):
        kind.change(actor, fact)
    with pytest.raises(NotAllowedError):
        kind.delete(actor, fact)
    assert row(fact) == before
    assert nothing_happened(asked)


@every_kind
def test_charlie_finds_nothing_to_write(
    kind: Kind, charlie: User, corvid: Vendor, asked: Asked
) -> None:
    fact = kind.made(corvid)
    for write in (
        lambda: kind.create(charlie, corvid),
        lambda: kind.change(charlie, fact),
        lambda: kind.delete(charlie, fact),
    ):
        with pytest.raises(NotFoundError):
            write()
    assert row(fact) is not None
    assert nothing_happened(asked)


@every_kind
def test_what_was_deleted_meanwhile_is_not_found(
    kind: Kind, bob: User, corvid: Vendor, asked: Asked
) -> None:
    fact = kind.made(corvid)
    type(fact)._default_manager.get(pk=fact.pk).delete()
    with pytest.raises(NotFoundError):
        kind.change(bob, fact)
    with pytest.raises(NotFoundError):
        kind.delete(bob, fact)
    assert nothing_happened(asked)


@pytest.mark.parametrize("kind", [*KEYED, *OUR_OWN], ids=lambda kind: kind.noun)
def test_a_key_is_used_once(kind: Kind, bob: User, corvid: Vendor, asked: Asked) -> None:
    kind.create(bob, corvid)
    with pytest.raises(InvalidError, match="already exists") as caught:
        kind.create(bob, corvid)
    assert list(caught.value.fields) == ["key"]
    assert len(asked) == AuditEntry.objects.count() == 1


def test_a_write_that_fails_leaves_no_entry_and_asks_for_no_scan(
    bob: User, corvid: Vendor, asked: Asked
) -> None:
    with pytest.raises(DomainError):
        inventory.create_environment(
            actor=bob,
            key="internet",
            vendor=corvid,
            kind=EnvironmentKind.CI,
            purpose=Purpose.RESEARCH,
        )
    assert nothing_happened(asked)


def test_a_change_of_the_facts_leaves_one_scan_waiting(bob: User, corvid: Vendor) -> None:
    for key in ("one", "two"):
        inventory.create_environment(
            actor=bob, key=key, vendor=corvid, kind=EnvironmentKind.CI, purpose=Purpose.RESEARCH
        )
    run = ScanRun.objects.get(state=RunState.QUEUED)
    assert run.reason == RunReason.FACTS_CHANGED
