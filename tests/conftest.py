"""The people that every test knows, rows that tests share, and how commits are taken back.

alice    administrator              mona     manager
bob      analyst, all vendors       cora     custodian
anna     analyst of Corvid alone    otto     auditor
rita     reviewer                   vera     respondent of Corvid
rosa     requester                  charlie  signed in, granted nothing: sees nothing
ida      integration

The inside people but anna, and ida, have all vendors.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker

from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.vendors.models import Vendor
from tests.people import make_corvid, make_known, make_person

ClientFor = Callable[[User], Client]


class Person(Protocol):
    """Makes a user with roles and a scope."""

    def __call__(
        self, name: str, *roles: Role, all_vendors: bool = False, vendors: Iterable[Vendor] = ()
    ) -> User: ...


KEPT = {"django_content_type", "auth_permission"}  # the migrations' and the same for every test
MAY_REFUSE = """
    SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger
    WHERE NOT tgisinternal AND tgconstraint = 0 AND tgtype & 8 > 0
"""  # the tables with a trigger of ours on DELETE


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:  # noqa: ARG001 - the one of pytest-django, around this
    """At the end nobody else holds the database.

    While Playwright's event loop runs, Django keeps a connection of its own for it, which outlives
    the loop; the one from before may have been ended by a test since.
    """
    yield
    connection.close()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def _commits_are_deleted() -> Iterator[None]:
    """After a test with real commits its rows are deleted, which append-only tables refuse.

    Django would truncate every table and migrate anew, which takes ten times as long. Triggers
    stay as they are in production for everything that a test does; only this steps around them,
    and puts back the head of the log that the migration wrote.
    """

    def empty_the_database(_case: TransactionTestCase) -> None:
        with connection.cursor() as cursor:
            tables = connection.introspection.django_table_names(only_existing=True)
            cursor.execute(MAY_REFUSE)
            refusing = [table for (table,) in cursor.fetchall()]
            deletions = [f"DELETE FROM {table}" for table in {*tables} - KEPT]  # noqa: S608 - of ours
            steps = [
                *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in refusing),
                *deletions,
                "INSERT INTO audit_audithead (id, number, hash) VALUES (1, 0, repeat('0', 64))",
                "SET CONSTRAINTS ALL IMMEDIATE",
                *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in refusing),
            ]
            cursor.execute("; ".join(steps))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_the_database)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logged may hold half a character, from hostile input; xdist cannot send that."""
    report = yield
    report.sections = [
        (title, text.encode("utf-8", "backslashreplace").decode())
        for title, text in report.sections
    ]
    return report


@pytest.fixture(scope="module")
def module_rows(
    django_db_setup: None,  # noqa: ARG001 - asked for so that there is a database
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """What a fixture of a module stores after this stays for all of the module's tests.

    Each test takes back what it does itself. Not for modules whose tests really commit.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


LONG = ("tests/browser/", "tests/deploy/", "tests/architecture/test_routes.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules come first, so that the workers end together, and each module comes whole.

    In a module, tests that share rows come last: the others find the database empty.
    """

    def place(item: pytest.Item) -> tuple[bool, Path, bool]:
        shares_rows = "module_rows" in getattr(item, "fixturenames", ())
        return not item.nodeid.startswith(LONG), item.path, shares_rows

    items.sort(key=place)


@pytest.fixture
def client_for() -> ClientFor:
    """A browser in which somebody is signed in: ``client_for(bob).get("/")``."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def person(db: None) -> Person:  # noqa: ARG001 - asked for so that there is a database
    """Makes somebody: ``person("Nora", Role.ANALYST, vendors=[corvid])``."""
    return make_person


@pytest.fixture
def corvid(db: None) -> Vendor:  # noqa: ARG001 - the same
    """The vendor that vera and anna are granted."""
    return make_corvid()


def _known(name: str) -> Any:
    """The fixture of somebody in KNOWN."""

    @pytest.fixture(name=name)
    def somebody(db: None) -> User:  # noqa: ARG001 - the same
        return make_known(name)

    return somebody


alice = _known("alice")
anna = _known("anna")
bob = _known("bob")
charlie = _known("charlie")
cora = _known("cora")
ida = _known("ida")
mona = _known("mona")
otto = _known("otto")
rita = _known("rita")
rosa = _known("rosa")
vera = _known("vera")
