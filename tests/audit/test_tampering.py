"""Real tampering, by somebody who owns the database: every kind is found and the first named."""

import importlib
import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from apps.accounts.models import User
from apps.audit import selectors
from apps.audit.chain import GENESIS, Row, link, verify
from apps.audit.models import AuditEntry
from apps.audit.services import record
from apps.audit.tampering import Fault, Kind, explain
from tests.people import make_known

pytestmark = pytest.mark.django_db

ENTRIES = 25
HEX = "0123456789abcdef"


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def fault() -> Fault | None:
    rows, head = selectors.StoredRows(), selectors.head()
    broken = verify(rows, head).broken
    return explain(rows, head, broken) if broken else None


@pytest.fixture(scope="module")
def log(module_rows: None) -> None:  # noqa: ARG001 - what is stored stays for the module
    """A log of 25 entries in a database whose owner has switched the triggers off."""
    alice = make_known("alice")
    for number in range(1, ENTRIES + 1):
        record(
            actor=alice if number % 3 else None,
            action="vendor.changed" if number % 2 else "vendor.created",
            target=alice,
            vendor_id=number if number % 4 else None,
            data={"n": number, "share": number / 7, "note": "é😀", "list": [None, True]},
        )
    sql("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
    sql("ALTER TABLE audit_audithead DISABLE TRIGGER USER")


def rehash(number: int) -> None:
    """Make the hash of one entry fit its content again, as a careful attacker would."""
    row = next(row for row in selectors.StoredRows() if row.number == number)
    sql("UPDATE audit_auditentry SET hash = %s WHERE number = %s", link(row), number)


def shift(first: int, by: int) -> None:
    """Renumber the entries from ``first`` on."""
    sql("UPDATE audit_auditentry SET number = -(number + %s) WHERE number >= %s", by, first)
    sql("UPDATE audit_auditentry SET number = -number WHERE number < 0")


def copy(source: int, number: int) -> None:
    columns = (
        "at, actor_id, actor_name, action, target_type, target_id, target_name, vendor_id, "
        "data, previous, hash"
    )
    sql(
        f"INSERT INTO audit_auditentry (number, {columns}) "  # noqa: S608 - a constant
        f"SELECT %s, {columns} FROM audit_auditentry WHERE number = %s",
        number,
        source,
    )


ALTERATIONS = {
    "at": "at + interval '1 microsecond'",
    "actor_id": "coalesce(actor_id, 0) + 1",
    "actor_name": "actor_name || ' '",
    "action": "'vendor.deleted'",
    "target_type": "'vendors.vendor'",
    "target_id": "target_id || '0'",
    "target_name": "upper(target_name)",
    "vendor_id": "coalesce(vendor_id, 0) + 1",
    "data": """data || '{"n": 0}'""",
    "previous": "overlay(previous placing translate(left(previous, 1), %s, %s) from 1 for 1)",
    "hash": "overlay(hash placing translate(left(hash, 1), %s, %s) from 1 for 1)",
}


def alter(column: str, number: int) -> None:
    turned = (HEX, HEX[1:] + HEX[0]) if "%s" in ALTERATIONS[column] else ()
    sql(
        f"UPDATE audit_auditentry SET {column} = {ALTERATIONS[column]} "  # noqa: S608 - constants
        "WHERE number = %s",
        *turned,
        number,
    )


class Tampering(NamedTuple):
    """What somebody does to the log, and what must be said of it."""

    do: Callable[[], None]
    first: int | None
    kinds: set[Kind]


def alteration(random: random.Random) -> Tampering:
    number, column = random.randint(1, ENTRIES), random.choice(list(ALTERATIONS))
    return Tampering(lambda: alter(column, number), number, {Kind.ALTERED})


def alteration_with_its_hash_made_anew(random: random.Random) -> Tampering:
    number = random.randint(1, ENTRIES)
    column = random.choice([column for column in ALTERATIONS if column != "hash"])

    def do() -> None:
        alter(column, number)
        rehash(number)

    return Tampering(do, number, {Kind.ALTERED})


def removal(random: random.Random) -> Tampering:
    first = random.choice([1, random.randint(2, ENTRIES - 1), ENTRIES])
    last = min(ENTRIES, first + random.choice([0, 0, 0, 3]))
    return Tampering(
        lambda: sql("DELETE FROM audit_auditentry WHERE number BETWEEN %s AND %s", first, last),
        first,
        {Kind.REMOVED},
    )


def removal_with_the_rest_moved_up(random: random.Random) -> Tampering:
    number = random.randint(1, ENTRIES)

    def do() -> None:
        sql("DELETE FROM audit_auditentry WHERE number = %s", number)
        shift(number + 1, -1)

    return Tampering(do, number, {Kind.REMOVED})


def swap(random: random.Random) -> Tampering:
    first, second = sorted(random.sample(range(1, ENTRIES + 1), 2))
    if random.random() < 0.4:
        first, second = min(first, ENTRIES - 1), min(first, ENTRIES - 1) + 1

    def do() -> None:
        sql("UPDATE audit_auditentry SET number = 0 WHERE number = %s", first)
        sql("UPDATE audit_auditentry SET number = %s WHERE number = %s", first, second)
        sql("UPDATE audit_auditentry SET number = %s WHERE number = 0", second)

    return Tampering(do, first, {Kind.REORDERED})


def renumbering(random: random.Random) -> Tampering:
    number = random.randint(1, ENTRIES)
    return Tampering(
        lambda: sql(
            "UPDATE audit_auditentry SET number = %s WHERE number = %s", ENTRIES + 30, number
        ),
        number,
        {Kind.REORDERED},
    )


def insertion(random: random.Random) -> Tampering:
    number, source = random.sample(range(1, ENTRIES + 1), 2)

    def do() -> None:
        shift(number, 1)
        copy(source + (source >= number), number)

    return Tampering(do, number, {Kind.INSERTED})


def insertion_that_follows_the_entry_before(random: random.Random) -> Tampering:
    number = random.randint(1, ENTRIES)

    def do() -> None:
        shift(number, 1)
        copy(ENTRIES + 1, number)
        sql(
            "UPDATE audit_auditentry SET previous = coalesce("
            "(SELECT hash FROM audit_auditentry WHERE number = %s), %s) WHERE number = %s",
            number - 1,
            GENESIS,
            number,
        )
        rehash(number)

    return Tampering(do, number, {Kind.INSERTED})


def insertion_after_the_head(random: random.Random) -> Tampering:
    number = ENTRIES + random.choice([1, 1, 7])

    def do() -> None:
        copy(ENTRIES, number)
        if random.random() < 0.5:
            sql(
                "UPDATE audit_auditentry SET previous = (SELECT hash FROM audit_audithead) "
                "WHERE number = %s",
                number,
            )
            rehash(number)

    return Tampering(do, number, {Kind.INSERTED})


def insertion_before_the_first(random: random.Random) -> Tampering:
    number = -random.randint(0, 5)
    return Tampering(lambda: copy(1, number), number, {Kind.INSERTED})


def a_copy_over_another(random: random.Random) -> Tampering:
    source, number = random.sample(range(1, ENTRIES + 1), 2)

    def do() -> None:
        sql("DELETE FROM audit_auditentry WHERE number = %s", number)
        copy(source, number)

    # Overwritten or taken away and another put in its place: both are true.
    return Tampering(do, number, {Kind.ALTERED, Kind.REMOVED})


def head_hash(_random: random.Random) -> Tampering:
    # The head and the last entry disagree, and nothing tells which of them was written anew.
    return Tampering(
        lambda: sql("UPDATE audit_audithead SET hash = %s", "f" * 64), ENTRIES, {Kind.ALTERED}
    )


def head_number(random: random.Random) -> Tampering:
    number = random.choice([n for n in range(ENTRIES + 20) if n != ENTRIES])
    return Tampering(
        lambda: sql("UPDATE audit_audithead SET number = %s", number), None, {Kind.HEAD}
    )


def head_gone(_random: random.Random) -> Tampering:
    return Tampering(lambda: sql("DELETE FROM audit_audithead"), None, {Kind.HEAD})


def head_and_tail_moved_apart(random: random.Random) -> Tampering:
    number = random.randint(1, ENTRIES - 1)

    def do() -> None:
        sql(
            "UPDATE audit_audithead SET number = %s, "
            "hash = (SELECT hash FROM audit_auditentry WHERE number = %s)",
            number,
            number,
        )

    return Tampering(do, number + 1, {Kind.INSERTED})


def everything_gone(_random: random.Random) -> Tampering:
    return Tampering(lambda: sql("DELETE FROM audit_auditentry"), 1, {Kind.REMOVED})


WAYS = [
    alteration,
    alteration_with_its_hash_made_anew,
    removal,
    removal_with_the_rest_moved_up,
    swap,
    renumbering,
    insertion,
    insertion_that_follows_the_entry_before,
    insertion_after_the_head,
    insertion_before_the_first,
    a_copy_over_another,
    head_hash,
    head_number,
    head_gone,
    head_and_tail_moved_apart,
    everything_gone,
]


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_twenty_of_every_kind_are_found_and_the_first_is_named(
    way: Callable[[random.Random], Tampering],
) -> None:
    assert fault() is None
    for seed in range(20):
        tampering = way(random.Random(f"{way.__name__} {seed}"))
        with undone():
            tampering.do()
            found = fault()
        assert found is not None, f"seed {seed}: not found"
        assert found.entry == tampering.first, f"seed {seed}: {found}"
        assert found.kind in tampering.kinds, f"seed {seed}: {found}"
        assert tampering.first is None or f"Entry {tampering.first} was" in found.sentence
    assert fault() is None


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("number", [1, 12, ENTRIES])
@pytest.mark.parametrize("column", ALTERATIONS)
def test_every_column_at_the_start_the_middle_and_the_end(column: str, number: int) -> None:
    alter(column, number)
    found = fault()
    assert found is not None
    assert (found.entry, found.kind) == (number, Kind.ALTERED)


def test_every_column_but_the_number_is_altered_above() -> None:
    columns = {field.column for field in AuditEntry._meta.concrete_fields}
    assert set(ALTERATIONS) | {"number"} == columns == set(Row._fields)


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    "value",
    [
        "at = 'infinity'",
        "at = '-infinity'",
        "at = at - interval '4051 years'",
        "at = '20000-01-01'",
        "data = 'null'",
        "data = '[]'",
        "data = ('1' || repeat('0', 20000))::jsonb",
        "data = (repeat('[', 3000) || repeat(']', 3000))::jsonb",
        "vendor_id = -9223372036854775808",
        "hash = ''",
    ],
)
def test_values_that_no_entry_can_have_are_alterations_like_any_other(value: str) -> None:
    sql(f"UPDATE audit_auditentry SET {value} WHERE number = 7")  # noqa: S608 - a constant
    found = fault()
    assert found is not None
    assert (found.entry, found.kind) == (7, Kind.ALTERED)


@pytest.mark.usefixtures("log")
def test_of_several_the_first_is_named() -> None:
    alter("action", 20)
    sql("DELETE FROM audit_auditentry WHERE number = 22")
    alter("hash", 9)
    found = fault()
    assert found is not None
    assert found.entry == 9


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET action = 'x.y'",
        "UPDATE audit_auditentry SET action = action WHERE false",
        "DELETE FROM audit_auditentry",
        "TRUNCATE audit_auditentry",
        (
            "INSERT INTO audit_auditentry SELECT * FROM audit_auditentry "
            "ON CONFLICT (number) DO UPDATE SET action = 'x.y'"
        ),
        "UPDATE audit_audithead SET number = number + 1",
        "UPDATE audit_audithead SET number = number - 1",
        "UPDATE audit_audithead SET hash = repeat('1', 64)",
        "UPDATE audit_audithead SET id = 2",
        "DELETE FROM audit_audithead",
        "TRUNCATE audit_audithead",
        "INSERT INTO audit_audithead VALUES (2, 0, repeat('0', 64))",
    ],
)
def test_the_database_refuses(alice: User, statement: str) -> None:
    record(actor=alice, action="thing.done")
    with pytest.raises(DatabaseError, match="audit log"), transaction.atomic():
        sql(statement)
    assert fault() is None


@pytest.mark.parametrize("number", [0, 1, 3])
def test_the_database_refuses_an_entry_that_does_not_follow_the_head(
    alice: User, number: int
) -> None:
    entry = record(actor=alice, action="thing.done")
    with pytest.raises(DatabaseError, match="does not follow"), transaction.atomic():
        sql(
            "INSERT INTO audit_auditentry (number, at, actor_name, action, target_type, target_id,"
            " target_name, data, previous, hash) VALUES (%s, now(), '', '', '', '', '', '{}', %s,"
            " '')",
            number,
            entry.hash,
        )


def test_a_temporary_table_does_not_stand_in_for_the_head(alice: User) -> None:
    entry = record(actor=alice, action="thing.done")
    sql("CREATE TEMPORARY TABLE audit_audithead (id int, number bigint, hash text)")
    sql("INSERT INTO audit_audithead VALUES (1, 50, %s)", entry.hash)
    with pytest.raises(DatabaseError, match="does not follow"), transaction.atomic():
        sql(
            "INSERT INTO audit_auditentry (number, at, actor_name, action, target_type, target_id,"
            " target_name, data, previous, hash) VALUES (51, now(), '', '', '', '', '', '{}', %s,"
            " '')",
            entry.hash,
        )


def test_the_migration_can_be_taken_back_and_made_again() -> None:
    migration = importlib.import_module("apps.audit.migrations.0002_append_only")
    sql(migration.BACKWARD)
    sql(migration.FORWARD)
    record(actor=None, action="thing.done")
    assert fault() is None


def verified(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_audit_log", *arguments, stdout=out)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.usefixtures("log")
def test_the_command_says_that_the_log_holds_with_its_count_and_hash() -> None:
    head = selectors.head()
    assert head is not None
    code, text = verified()
    assert code == 0
    assert f"{ENTRIES} entries" in text
    assert head.hash in text
    code, text = verified("--format", "json")
    assert (code, json.loads(text)) == (
        0,
        {"intact": True, "entries": ENTRIES, "hash": head.hash},
    )


@pytest.mark.usefixtures("log")
def test_the_command_fails_and_names_the_first_wrong_entry() -> None:
    alter("actor_name", 8)
    code, text = verified()
    assert code == 1
    assert text.startswith("Entry 8 was altered: its content does not give its hash.")
    code, text = verified("--format", "json")
    answer = json.loads(text)
    assert code == 1
    assert (answer["intact"], answer["entries"]) == (False, 7)
    assert (answer["first_wrong"], answer["kind"]) == (8, "altered")


def test_the_command_says_that_an_empty_log_holds() -> None:
    assert verified("--format", "json") == (
        0,
        json.dumps({"intact": True, "entries": 0, "hash": GENESIS}) + "\n",
    )


@pytest.mark.django_db(transaction=True)
def test_the_command_reads_one_snapshot_and_writes_nothing() -> None:
    with transaction.atomic():
        record(actor=None, action="thing.done")
    with selectors.one_snapshot():
        before = selectors.head()
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            assert cursor.fetchone() == ("repeatable read",)
            cursor.execute("SHOW transaction_read_only")
            assert cursor.fetchone() == ("on",)
    assert before is not None
    assert verified()[0] == 0
