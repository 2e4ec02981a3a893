"""Documents and people at the same moment: real transactions on several connections."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction

from apps.access.models import ImportRun
from apps.access.selectors.graph_rows import stored_graph
from apps.access.services.interchange import ImportReport, export_graph, import_graph
from apps.accounts.models import User
from apps.engine.document import graph_to_document
from apps.vendors.models import Vendor
from tests.engine.documents import VENDOR, document, graph_of, meaning, places, small, text

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
PATIENCE = 20  # seconds, after which a test that hangs fails instead


@pytest.fixture(autouse=True)
def _no_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What wakes after a commit is not the matter here."""
    monkeypatch.setattr("apps.core.jobs._send", lambda *_call: None)


def on_own_connection(work: Callable[[], T]) -> Callable[[], T]:
    def job() -> T:
        try:
            return work()
        finally:
            connection.close()

    return job


def at_once(actor: User, *values: Any) -> list[ImportReport]:
    """Import these documents at the same moment."""
    start = Barrier(len(values), timeout=PATIENCE)

    def one(value: Any) -> Callable[[], ImportReport]:
        def work() -> ImportReport:
            start.wait()
            return import_graph(actor=actor, text=text(value))

        return on_own_connection(work)

    with ThreadPoolExecutor(len(values)) as pool:
        jobs = [pool.submit(one(value)) for value in values]
        return [job.result(PATIENCE) for job in jobs]


def until_somebody_waits() -> None:
    """Return when a session waits for a lock on a table."""
    deadline = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_of_two_imports_of_one_document_the_second_changes_nothing(bob: User) -> None:
    reports = at_once(bob, small(), small())
    assert [report.faults for report in reports] == [(), ()]
    assert sorted(len(report.changes) for report in reports) == [0, 6]
    assert meaning(graph_to_document(stored_graph())) == meaning(small())
    assert ImportRun.objects.count() == 2


def test_of_two_imports_that_do_not_go_together_the_second_is_refused(bob: User) -> None:
    rows = [VENDOR, {"key": "bolt", "kind": "partner"}]
    import_graph(actor=bob, text=text(document(vendors=rows)))
    reports = at_once(
        bob,
        document(vendors=[{"key": "acme", "engaged_by": "bolt"}]),
        document(vendors=[{"key": "bolt", "engaged_by": "acme"}]),
    )
    [refused] = [report for report in reports if report.faults]
    assert places(list(refused.faults)) == [("vendors", 0, "engaged_by", "cycle")]
    assert Vendor.objects.filter(engaged_by__isnull=False).count() == 1


def test_an_import_waits_for_who_writes_and_keeps_what_they_wrote(bob: User) -> None:
    import_graph(actor=bob, text=text(document(vendors=[VENDOR])))
    written = Event()

    def rename() -> None:
        with transaction.atomic():
            Vendor.objects.filter(key="acme").update(name="Acme Limited")
            written.set()
            until_somebody_waits()

    def suspend() -> ImportReport:
        assert written.wait(PATIENCE)
        rows = [{"key": "acme", "status": "suspended"}]
        return import_graph(actor=bob, text=text(document(vendors=rows)))

    with ThreadPoolExecutor(2) as pool:
        renaming = pool.submit(on_own_connection(rename))
        suspending = pool.submit(on_own_connection(suspend))
        renaming.result(PATIENCE)
        assert suspending.result(PATIENCE).faults == ()
    vendor = Vendor.objects.get()
    assert (vendor.name, vendor.status) == ("Acme Limited", "suspended")


def test_an_export_shows_one_moment_whatever_is_imported_meanwhile(bob: User) -> None:
    import_graph(actor=bob, text=text(small()))
    pieces = export_graph(actor=bob)
    head = next(pieces)  # the snapshot is taken when the first facts are read
    head += next(pieces) + next(pieces)
    added = small(
        identities=[{"key": "eve", "kind": "human"}], holds=[{"from": "lab", "to": "token"}]
    )

    def add() -> ImportReport:
        return import_graph(actor=bob, text=text(added))

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(on_own_connection(add)).result(PATIENCE).changes
    exported = json.loads(head + "".join(pieces))
    assert meaning(exported) == meaning(graph_to_document(graph_of(small())))
    assert meaning(json.loads("".join(export_graph(actor=bob)))) != meaning(exported)
