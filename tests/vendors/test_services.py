"""Writing the register: who may, what is logged, what is refused and why."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, InUseError, InvalidError, NotAllowedError, NotFoundError
from apps.engine.values import Source, VendorKind, VendorStatus, YesNo
from apps.findings.models import Finding, FindingSource
from apps.vendors import facts, references, services
from apps.vendors.models import Contract, Vendor
from tests.factories.access import EnvironmentFactory, IdentityFactory
from tests.factories.vendors import ContractFactory, VendorFactory

pytestmark = pytest.mark.django_db


def entries() -> list[tuple[str, str, int | None, Any]]:
    rows = AuditEntry.objects.order_by("number")
    return [(row.action, row.target_id, row.vendor_id, row.data) for row in rows]


# --- vendors -------------------------------------------------------------------------------------


def test_an_analyst_enters_a_vendor_and_the_log_says_so_once(bob: User) -> None:
    vendor = services.create_vendor(actor=bob, key="birch", kind=VendorKind.PARTNER)
    assert Vendor.objects.get() == vendor
    assert vendor.name == "birch"
    assert entries() == [
        (
            "vendor.created",
            str(vendor.pk),
            vendor.pk,
            {
                "after": {
                    "key": "birch",
                    "name": "birch",
                    "source": "declared",
                    "kind": "partner",
                    "engaged_by": None,
                    "status": "active",
                }
            },
        )
    ]


def test_a_change_saves_and_logs_the_fields_that_differ(bob: User, corvid: Vendor) -> None:
    Vendor.objects.filter(pk=corvid.pk).update(name="Renamed meanwhile")
    changed = services.change_vendor(
        actor=bob, vendor=corvid, kind=VendorKind.SUPPLIER, status=VendorStatus.ACTIVE
    )
    assert (changed.name, changed.kind) == ("Renamed meanwhile", "supplier")
    corvid.refresh_from_db()
    assert (corvid.name, corvid.kind) == ("Renamed meanwhile", "supplier")
    data = {"before": {"kind": "contractor"}, "after": {"kind": "supplier"}}
    assert entries() == [("vendor.changed", str(corvid.pk), corvid.pk, data)]


def test_a_change_writes_the_column_that_differs_and_no_other(bob: User, corvid: Vendor) -> None:
    with CaptureQueriesContext(connection) as queries:
        services.change_vendor(actor=bob, vendor=corvid, name="New", kind=VendorKind.CONTRACTOR)
    [update] = [q["sql"] for q in queries if q["sql"].startswith('UPDATE "vendors_vendor"')]
    assert update.partition(" WHERE ")[0] == """UPDATE "vendors_vendor" SET "name" = 'New'"""


def test_a_change_without_a_difference_writes_nothing(bob: User, corvid: Vendor) -> None:
    services.change_vendor(actor=bob, vendor=corvid, kind=VendorKind.CONTRACTOR)
    assert entries() == []


def test_offboarding_keeps_the_vendor_and_is_logged_by_its_own_name(
    bob: User, corvid: Vendor
) -> None:
    services.offboard_vendor(actor=bob, vendor=corvid)
    services.offboard_vendor(actor=bob, vendor=corvid)
    corvid.refresh_from_db()
    assert corvid.status == VendorStatus.OFFBOARDED
    assert [action for action, *_ in entries()] == ["vendor.offboarded"]


def test_a_scoped_analyst_changes_their_vendor_and_finds_no_other(
    anna: User, corvid: Vendor
) -> None:
    other = VendorFactory.create()
    services.change_vendor(actor=anna, vendor=corvid, name="Corvid")
    with pytest.raises(NotFoundError):
        services.change_vendor(actor=anna, vendor=other, name="Mine")
    with pytest.raises(NotFoundError):
        services.delete_vendor(actor=anna, vendor=other)
    other.refresh_from_db()
    assert other.name != "Mine"


def test_a_scoped_analyst_cannot_refer_to_a_vendor_that_is_not_theirs(
    anna: User, corvid: Vendor
) -> None:
    other = VendorFactory.create()
    with pytest.raises(NotFoundError):
        services.change_vendor(actor=anna, vendor=corvid, engaged_by=other)
    corvid.refresh_from_db()
    assert corvid.engaged_by is None


@pytest.mark.parametrize("who", ["alice", "rita", "mona", "cora", "otto", "ida"])
def test_other_roles_may_see_but_not_write_the_register(
    who: str, corvid: Vendor, request: pytest.FixtureRequest
) -> None:
    actor = request.getfixturevalue(who)
    with pytest.raises(NotAllowedError):
        services.create_vendor(actor=actor, key="birch", kind=VendorKind.PARTNER)
    with pytest.raises(NotAllowedError):
        services.change_vendor(actor=actor, vendor=corvid, name="Mine")
    with pytest.raises(NotAllowedError):
        services.offboard_vendor(actor=actor, vendor=corvid)
    with pytest.raises(NotAllowedError):
        services.delete_vendor(actor=actor, vendor=corvid)
    assert (Vendor.objects.count(), entries()) == (1, [])


def test_charlie_finds_no_vendor(charlie: User, corvid: Vendor) -> None:
    with pytest.raises(NotFoundError):
        services.change_vendor(actor=charlie, vendor=corvid, name="Mine")
    with pytest.raises(NotFoundError):
        services.delete_vendor(actor=charlie, vendor=corvid)
    with pytest.raises(NotAllowedError):
        services.create_vendor(actor=charlie, key="birch", kind=VendorKind.PARTNER)


def test_a_vendor_that_was_deleted_meanwhile_is_not_found(bob: User, corvid: Vendor) -> None:
    Vendor.objects.filter(pk=corvid.pk).delete()
    with pytest.raises(NotFoundError):
        services.change_vendor(actor=bob, vendor=corvid, name="Corvid")
    with pytest.raises(NotFoundError):
        services.delete_vendor(actor=bob, vendor=corvid)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"key": "internet"}, "key"),
        ({"key": "no spaces"}, "key"),
        ({"key": "-starts-badly"}, "key"),
        ({"key": "x" * 121}, "key"),
        ({"key": "corvid"}, "key"),
        ({"kind": "friend"}, "kind"),
        ({"status": "gone"}, "status"),
        ({"name": "x" * 1001}, "name"),
        ({"name": "nul \0 inside"}, "name"),
        ({"name": "half a pair \ud800"}, "name"),
        ({"source": "hearsay"}, "source"),
    ],
)
def test_a_wrong_value_is_refused_by_field_and_nothing_is_written(
    bob: User, fields: dict[str, Any], field: str
) -> None:
    VendorFactory.create(key="corvid")
    with pytest.raises(InvalidError) as caught:
        services.create_vendor(actor=bob, **{"key": "birch", "kind": "partner", **fields})
    assert field in caught.value.fields
    assert str(caught.value).startswith("The vendor was not saved. ")
    assert (Vendor.objects.count(), entries()) == (1, [])


def test_the_key_is_stable(bob: User, corvid: Vendor) -> None:
    with pytest.raises(TypeError, match="key"):
        services.change_vendor(actor=bob, vendor=corvid, key="raven")  # type: ignore[call-arg] # the point
    with pytest.raises(TypeError, match="first_seen"):
        services.create_vendor(
            actor=bob,
            key="birch",
            kind=VendorKind.PARTNER,
            first_seen=datetime(2020, 1, 1, tzinfo=UTC),  # type: ignore[call-arg] # the point
        )


def test_a_cycle_of_engagement_is_refused_and_named(bob: User) -> None:
    ash = VendorFactory.create(key="ash")
    birch = VendorFactory.create(key="birch", engaged_by=ash)
    cedar = VendorFactory.create(key="cedar", engaged_by=birch)
    with pytest.raises(InvalidError) as caught:
        services.change_vendor(actor=bob, vendor=ash, engaged_by=cedar)
    [sentence] = caught.value.fields["engaged_by"]
    assert sentence == (
        "This would close a cycle: ash is engaged by cedar, cedar is engaged by birch, "
        "birch is engaged by ash. Change one of these first."
    )
    ash.refresh_from_db()
    assert ash.engaged_by is None


def test_a_vendor_cannot_engage_itself(bob: User, corvid: Vendor) -> None:
    with pytest.raises(InvalidError, match="A vendor cannot engage itself"):
        services.change_vendor(actor=bob, vendor=corvid, engaged_by=corvid)


# --- deleting ------------------------------------------------------------------------------------


def test_a_vendor_that_nothing_refers_to_is_deleted_and_the_log_keeps_what_it_was(
    bob: User, corvid: Vendor
) -> None:
    number = corvid.pk
    services.delete_vendor(actor=bob, vendor=corvid)
    assert not Vendor.objects.exists()
    [(action, target, vendor_id, data)] = entries()
    assert (action, target, vendor_id) == ("vendor.deleted", str(number), number)
    assert data["before"]["key"] == "corvid"
    assert AuditEntry.objects.get().target_name == "Corvid Analytics"


def test_deleting_what_others_refer_to_is_refused_with_who_refers(
    bob: User, corvid: Vendor
) -> None:
    for number in range(17):
        EnvironmentFactory.create(key=f"bench-{number:02}", vendor=corvid)
    IdentityFactory.create(key="kay", vendor=corvid)
    VendorFactory.create(key="wren", engaged_by=corvid)
    ContractFactory.create(key="c-1", vendor=corvid)
    ContractFactory.create(key="c-2", subcontractors=[corvid])
    with pytest.raises(InUseError) as caught:
        services.delete_vendor(actor=bob, vendor=corvid)
    assert str(caught.value) == "The vendor corvid was not deleted: other facts refer to it."
    assert caught.value.reasons == [
        "1 contract that names it: c-2",
        "1 contract: c-1",
        "1 identity: kay",
        "1 vendor: wren",
        "17 environments: bench-00, bench-01, bench-02, bench-03, bench-04 and 12 more",
    ]
    assert caught.value.alternative.startswith("Offboard it instead")
    assert Vendor.objects.filter(pk=corvid.pk).exists()
    assert entries() == []


def test_the_reasons_count_but_do_not_name_what_the_actor_may_not_see(
    anna: User, corvid: Vendor
) -> None:
    VendorFactory.create(key="secret-guest", engaged_by=corvid)
    with pytest.raises(InUseError) as caught:
        services.delete_vendor(actor=anna, vendor=corvid)
    assert caught.value.reasons == ["1 vendor"]


def test_a_vendor_with_findings_stays_so_that_their_history_does(bob: User, corvid: Vendor) -> None:
    for number in range(2):
        Finding.objects.create(
            fingerprint=f"{number:032}",
            source=FindingSource.SCAN,
            rule="RT-01",
            certainty="proven",
            severity="high",
            subject={},
            vendor=corvid,
            witness={},
            first_found_at=timezone.now(),
            opened_at=timezone.now(),
        )
    with pytest.raises(InUseError) as caught:
        services.delete_vendor(actor=bob, vendor=corvid)
    assert caught.value.reasons == ["2 findings"]


def test_the_number_of_queries_does_not_depend_on_how_many_refer(bob: User, corvid: Vendor) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries, pytest.raises(InUseError):
            services.delete_vendor(actor=bob, vendor=corvid)
        return len(queries)

    EnvironmentFactory.create(vendor=corvid)
    few = count()
    EnvironmentFactory.create_batch(10, vendor=corvid)
    assert count() == few


def test_a_reference_that_slips_in_before_the_deletion_still_ends_in_words(
    bob: User, corvid: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = references.references_to
    looks: list[int] = []

    def too_early(fact: Vendor, *, user: User) -> list[str]:
        looks.append(1)
        if len(looks) == 1:
            EnvironmentFactory.create(key="late", vendor=fact)
            return []
        return real(fact, user=user)

    monkeypatch.setattr(facts, "references_to", too_early)
    with pytest.raises(InUseError) as caught:
        services.delete_vendor(actor=bob, vendor=corvid)
    assert caught.value.reasons == ["1 environment: late"]
    assert entries() == []


# --- contracts -----------------------------------------------------------------------------------


def test_a_contract_names_its_subcontractors_and_the_log_too(bob: User, corvid: Vendor) -> None:
    ash, birch = VendorFactory.create(key="ash"), VendorFactory.create(key="birch")
    contract = services.create_contract(
        actor=bob,
        key="c-1",
        vendor=corvid,
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 1, 1),
        subcontractors=[birch, ash],
        right_to_audit=YesNo.YES,
        breach_notice_hours=72,
        source=Source.OBSERVED,
    )
    assert set(contract.subcontractors.all()) == {ash, birch}
    [(action, _, vendor_id, data)] = entries()
    assert (action, vendor_id) == ("contract.created", corvid.pk)
    assert data["after"] == {
        "key": "c-1",
        "name": "c-1",
        "source": "observed",
        "vendor": "corvid",
        "starts_on": "2026-01-01",
        "ends_on": "2026-01-01",
        "subcontractors": ["ash", "birch"],
        "right_to_audit": "yes",
        "breach_notice_hours": 72,
    }


def test_a_list_of_subcontractors_replaces_the_one_before(bob: User) -> None:
    ash, birch = VendorFactory.create(key="ash"), VendorFactory.create(key="birch")
    contract = ContractFactory.create(subcontractors=[ash])
    services.change_contract(actor=bob, contract=contract, subcontractors=[birch])
    assert list(contract.subcontractors.all()) == [birch]
    [(action, *_, data)] = entries()
    assert action == "contract.changed"
    assert data == {"before": {"subcontractors": ["ash"]}, "after": {"subcontractors": ["birch"]}}


def test_a_contract_that_ends_before_it_starts_is_refused(bob: User) -> None:
    contract = ContractFactory.create(starts_on=date(2026, 5, 2))
    with pytest.raises(InvalidError, match="The end is before the start"):
        services.change_contract(actor=bob, contract=contract, ends_on=date(2026, 5, 1))


def test_a_subcontractor_is_named_once(bob: User, corvid: Vendor) -> None:
    contract = ContractFactory.create()
    with pytest.raises(InvalidError, match="named once only"):
        services.change_contract(actor=bob, contract=contract, subcontractors=[corvid, corvid])


def test_a_scoped_analyst_files_contracts_of_their_vendor_only(anna: User, corvid: Vendor) -> None:
    theirs = ContractFactory.create()
    start = date(2026, 1, 1)
    contract = services.create_contract(actor=anna, key="c-1", vendor=corvid, starts_on=start)
    with pytest.raises(NotFoundError):
        services.create_contract(actor=anna, key="c-2", vendor=theirs.vendor, starts_on=start)
    with pytest.raises(NotFoundError):
        services.change_contract(actor=anna, contract=theirs, breach_notice_hours=1)
    with pytest.raises(NotFoundError):  # moving it out of sight
        services.change_contract(actor=anna, contract=contract, vendor=theirs.vendor)
    with pytest.raises(NotFoundError):  # naming a vendor that is not hers
        services.change_contract(actor=anna, contract=contract, subcontractors=[theirs.vendor])
    with pytest.raises(NotFoundError):
        services.delete_contract(actor=anna, contract=theirs)
    assert [action for action, *_ in entries()] == ["contract.created"]


def test_deleting_a_contract_takes_its_list_along(bob: User, corvid: Vendor) -> None:
    contract = ContractFactory.create(subcontractors=[corvid])
    services.delete_contract(actor=bob, contract=contract)
    assert not Contract.objects.exists()
    [(action, *_, data)] = entries()
    assert action == "contract.deleted"
    assert data["before"]["subcontractors"] == ["corvid"]
    services.delete_vendor(actor=bob, vendor=corvid)
    assert not Vendor.objects.filter(pk=corvid.pk).exists()


def test_a_key_taken_at_the_same_moment_is_a_conflict_in_words(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    VendorFactory.create(key="corvid")
    monkeypatch.setattr(Vendor, "full_clean", lambda _vendor: None)  # checked before it was taken
    with pytest.raises(ConflictError, match="somebody else took its key"):
        services.create_vendor(actor=bob, key="corvid", kind=VendorKind.PARTNER)
    assert Vendor.objects.count() == 1
    assert entries() == []
