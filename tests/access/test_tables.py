"""The tables that come straight from the database are those of the same facts as values."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.access.models import Connects, Credential, Environment, Grants, Holds
from apps.access.selectors import tables as module
from apps.access.selectors.graph_rows import stored_graph
from apps.access.selectors.tables import load_tables
from apps.engine.analysis import Answer, Tables, tables_from_graph
from apps.engine.arrays.columns import KEYED, LAYOUT, Sent, decode, tables_from_columns
from apps.engine.document import graph_to_document
from apps.engine.document_types import Time
from apps.engine.scan_document import scan_document
from apps.engine.values import Graph
from apps.vendors.models import Contract
from tests.access.interchange import at
from tests.access.scanning import on_own_connection, put, sound_graph, varied
from tests.engine.documents import document, documents, small
from tests.engine.graphs import NOW
from tests.engine.scenarios import Scenario, scenarios
from tests.examples import examples
from tests.factories.access import EnvironmentFactory

pytestmark = pytest.mark.django_db

SCENARIOS = list(scenarios())
ALIKE = [s for s in SCENARIOS if s.path.stem.startswith("tidy")]
CHOSEN = [s for s in SCENARIOS if s not in ALIKE] + ALIKE[::8]


@pytest.fixture(autouse=True)
def _imports_happen_now_and_wake_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, NOW)
    monkeypatch.setattr("apps.core.jobs._send", lambda *_call: None)


def columns(table: Any, name: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Every column of the tables by its path, so that a difference can be read."""
    if isinstance(table, list | np.ndarray):
        yield name, list(table)
        return
    for field, part in vars(table).items():
        yield from columns(part, f"{name}.{field}")


def assert_same(found: Tables, expected: Tables) -> None:
    assert dict(columns(found)) == dict(columns(expected))
    assert found.digest() == expected.digest()


def assert_stored(graph: Graph) -> Tables:
    """What is loaded is the graph; gives it back."""
    tables = load_tables()
    assert_same(tables, tables_from_graph(graph))
    return tables


def shuffled_parts(graph: Graph, random: Random) -> Iterator[dict[str, Any]]:
    """The graph as two documents with shuffled lists, so that ids and keys sort differently."""
    whole = graph_to_document(graph)
    for rows in whole.values():
        if isinstance(rows, list):
            random.shuffle(rows)
    bare: dict[str, Any] = {
        name: [
            {
                field: value
                for field, value in row.items()
                if field not in ("engaged_by", "custodian")
            }
            for row in whole[name][::2]
        ]
        for name, reference in (("vendors", "engaged_by"), ("models", "custodian"))
        if name in whole
    }
    yield {"format": whole["format"], **bare}
    yield whole


# --- the same, whatever the facts -----------------------------------------------------------------


def test_an_empty_database_gives_empty_tables() -> None:
    assert_stored(Graph())


@pytest.mark.parametrize("scenario", CHOSEN, ids=lambda s: s.path.stem)
def test_a_scenario_from_the_database_has_the_same_tables_and_the_same_result(
    scenario: Scenario,
) -> None:
    put(json.loads(scenario.path.read_text()))
    tables = assert_stored(scenario.graph)
    answer, plain = (
        "".join(scan_document(Answer(found, scenario.now)))
        for found in (tables, tables_from_graph(scenario.graph))
    )
    assert answer == plain


@examples(2)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 24))
def test_a_random_graph_comes_back_as_it_went_in(seed: int, size: int) -> None:
    graph = sound_graph(seed, size)
    with transaction.atomic():
        put(graph)
        assert_stored(graph)
        transaction.set_rollback(True)


@examples(2)
@given(value=documents())
def test_whatever_a_document_can_say_comes_back_as_it_went_in(value: dict[str, Any]) -> None:
    with transaction.atomic():
        put(value)
        assert_stored(stored_graph())
        transaction.set_rollback(True)


@examples(2)
@given(seed=st.integers(0, 2**32))
def test_gaps_in_the_numbers_of_rows_and_their_order_make_no_difference(seed: int) -> None:
    graph = sound_graph(seed, 14)
    with transaction.atomic():
        for _ in range(3):
            EnvironmentFactory.create(vendor=None).delete()
        put_and_take_back(graph)
        for part in shuffled_parts(graph, Random(seed)):
            put(part)
        assert_stored(graph)
        transaction.set_rollback(True)


def put_and_take_back(graph: Graph) -> None:
    """An import that comes to nothing uses up numbers all the same."""
    with transaction.atomic():
        put(graph)
        transaction.set_rollback(True)


@examples(2)
@given(seed=st.integers(0, 2**32))
def test_after_changes_and_a_replacement_the_tables_are_those_of_what_is_stored(
    seed: int,
) -> None:
    graph = sound_graph(seed, 10)
    with transaction.atomic():
        put(graph)
        put(varied(graph, seed + 1), mode="replace")
        assert_stored(stored_graph())
        _delete_some(Random(seed))
        assert_stored(stored_graph())
        transaction.set_rollback(True)


def _delete_some(random: Random) -> None:
    """Past the services: rows vanish, others change, as anything can happen in between."""
    for model in (Holds, Grants, Contract):
        for row in model._base_manager.all():
            if random.random() < 0.4:
                row.delete()
    for connects in Connects.objects.all():
        if random.random() < 0.5:
            connects.deployments.clear()
    for credential in Credential.objects.all():
        credential.engagements = random.choice([[], ["a"], ["a", "b"], ["a", "b", "a"]])
        credential.save(update_fields=["engagements"])


# --- extremes -------------------------------------------------------------------------------------

EXTREMES = [
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:00:00Z",
    "1999-12-31T23:59:59.999999Z",
    "2000-01-01T00:00:00.000001Z",
    "2026-03-29T01:30:00.123456+14:00",
    "9999-12-31T23:59:59.999999Z",
]


def test_times_at_the_ends_of_the_calendar_come_back_to_the_microsecond() -> None:
    spans = [(time, end) for time in EXTREMES for end in (time, None)] + [(None, None)]
    keys = [
        {"key": f"k{n}", "identity": "ann", "kind": "session", "issued_at": time, "expires_at": end}
        for n, (time, end) in enumerate(spans)
    ]
    put(small(credentials=keys))
    tables = assert_stored(stored_graph())
    issued = dict(zip(tables.credentials.keys, tables.credentials.issued_at.tolist(), strict=True))
    assert issued["k0"] == -62_135_596_800_000_000
    assert issued["k12"] == 253_402_300_799_999_999
    assert issued["k14"] == np.iinfo(np.int64).min


def test_days_at_the_ends_of_the_calendar_come_back() -> None:
    days = [(date.min, date.min), (date.min, date.max), (date.max, date.max), (date.max, None)]
    contracts = [
        {
            "key": f"c{n}",
            "vendor": "acme",
            "starts_on": start.isoformat(),
            "ends_on": end and end.isoformat(),
        }
        for n, (start, end) in enumerate(days)
    ]
    put(small(contracts=contracts))
    tables = assert_stored(stored_graph()).contracts
    epoch = date(1970, 1, 1).toordinal()
    low, high = date.min.toordinal() - epoch, date.max.toordinal() - epoch
    assert tables.starts_on.tolist() == [low, low, high, high]
    assert tables.ends_on.tolist() == [low, high, high, np.iinfo(np.int32).max]


@pytest.mark.parametrize("now", [EXTREMES[0], EXTREMES[3], EXTREMES[-1]])
def test_an_analysis_at_the_ends_of_the_calendar_is_the_same_from_the_database(
    now: str,
) -> None:
    graph = sound_graph(77, 20)
    put(graph)
    at = Time().read(now)
    text = "".join(scan_document(Answer(load_tables(), at)))
    assert text == "".join(scan_document(Answer(tables_from_graph(graph), at)))


def test_engagements_are_counted_once_each() -> None:
    put(small(credentials=[{"key": "token", "identity": "ann", "kind": "api_key"}]))
    for engagements in ([], ["one"], ["one", "one"], ["one", "two", "one", "three"]):
        Credential.objects.update(engagements=engagements)
        assert load_tables().credentials.engagements.tolist() == [len(set(engagements))]


def test_keys_sort_by_code_point_whatever_the_language_of_the_database() -> None:
    keys = ["a", "B", "A", "b", "a-b", "a_b", "a.b", "a/b", "a@b", "a+b", "Z9", "9", "a" * 120]
    rows = [{"key": key, "kind": "partner"} for key in keys]
    put(document(vendors=rows))
    assert load_tables().vendors.keys == sorted(keys)


# --- how it is read -------------------------------------------------------------------------------


def test_every_column_of_the_layout_is_sent_at_a_fixed_width() -> None:
    assert all(len(decode(name, b"")) == 0 for name in LAYOUT)
    with pytest.raises(ValueError, match="buffer size"):
        decode("holds", b"\0" * 17)


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_while_the_facts_are_read_is_seen_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = sound_graph(5, 12)
    after = varied(before, 6)
    put(before)
    expected = tables_from_graph(before)
    lists: list[str] = []

    def decode_and_write(name: str, data: bytes) -> Any:
        lists.append(name)
        if len(lists) == 3:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(on_own_connection(lambda: put(after, mode="replace"))).result()
        return decode(name, data)

    monkeypatch.setattr(module, "decode", decode_and_write)
    assert_same(load_tables(), expected)
    assert len(lists) == len(LAYOUT)
    assert load_tables().digest() != expected.digest()


@pytest.mark.django_db(transaction=True)
def test_reading_the_facts_writes_nothing_and_leaves_the_connection_as_it_was() -> None:
    load_tables()
    assert not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("read committed",)
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)


def test_an_environment_that_is_written_past_the_services_is_read_too() -> None:
    EnvironmentFactory.create(key="lab", vendor=None)
    assert load_tables().environments.keys == ["lab"]
    Environment.objects.all().delete()
    assert load_tables().environments.keys == []


def test_the_digest_does_not_tell_the_time_of_reading_or_the_names_of_facts() -> None:
    put(sound_graph(9, 10))
    first = load_tables().digest()
    for model in (Environment, Credential):
        model._base_manager.update(name="something else", last_seen=NOW + timedelta(days=1))
    assert load_tables().digest() == first


@pytest.mark.parametrize("name", LAYOUT)
def test_no_column_that_is_sent_as_it_is_can_be_without_a_value(name: str) -> None:
    """A missing value would make the whole row go missing."""
    table = module.MODELS[name]._meta.db_table
    for column, sent in LAYOUT[name].items():
        if sent in (Sent.ID, Sent.TIME, Sent.DAY):
            continue
        assert refused_to_set(table, column, None), (name, column)
        if not isinstance(sent, Sent):
            assert refused_to_set(table, column, "something else"), (name, column)


def refused_to_set(table: str, column: str, value: str | None) -> bool:
    """Whether the database refuses the value, past all that Python checks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = %s::regclass "
            "AND contype = 'c' AND position(%s IN pg_get_constraintdef(oid)) > 0), "
            "(SELECT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s)",
            [table, f"({column})", table, column],
        )
        is_one_of, is_required = cursor.fetchone()
    return bool(is_required if value is None else is_one_of)


def test_a_row_without_a_key_or_a_key_without_a_row_stops_the_loading() -> None:
    put(small())
    lists = {name: decode(name, b"") for name in LAYOUT}
    with pytest.raises(ValueError, match="vendors"):
        tables_from_columns(lists, {name: ["one"] for name in KEYED})
