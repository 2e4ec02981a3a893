"""What the tests of scans share: graphs put into the database, and work on other connections."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from threading import Barrier, Event
from typing import Any, TypeVar

import pytest
from django.db import connection

from apps.access.models import Environment, ScanRun
from apps.access.models.runs import RunReason, RunState
from apps.access.selectors.tables import load_tables
from apps.access.services import analysis, inventory
from apps.access.services.analysis import request_scan
from apps.access.services.interchange import import_graph
from apps.accounts import policy
from apps.engine.document import graph_to_document
from apps.engine.values import EnvironmentKind, Grants, Graph, IdentityKind, Purpose
from tests.engine.graphs import random_graph

T = TypeVar("T")
F = TypeVar("F", bound=Any)
PATIENCE = 30  # seconds, after which a test that hangs fails instead


def sound_graph(seed: int, size: int = 12) -> Graph:
    """A random graph that a document can carry: no end lies before its start."""
    graph = random_graph(seed, size)
    entries = [
        entry._replace(expires_at=None)
        if entry.approved_at and entry.expires_at and entry.expires_at < entry.approved_at
        else entry
        for entry in graph.allowlist
    ]
    contracts = [
        contract._replace(ends_on=max(contract.starts_on, contract.ends_on))
        if contract.ends_on
        else contract
        for contract in graph.contracts
    ]
    return graph._replace(allowlist=tuple(entries), contracts=tuple(contracts))


def varied(graph: Graph, seed: int) -> Graph:
    """The same facts some time later: states and relations differ, nothing changes hands."""
    random = Random(seed)
    other = sound_graph(seed, len(graph.environments))

    def mixed(mine: Sequence[F], theirs: Sequence[F], *kept: str) -> tuple[F, ...]:
        """Every second of ours as it stands in the other graph, but for some fields."""
        by_key = {fact.key: fact for fact in theirs}
        return tuple(
            by_key[fact.key]._replace(**{name: getattr(fact, name) for name in kept})
            if fact.key in by_key and random.random() < 0.5
            else fact
            for fact in mine
        )

    def relations(mine: Sequence[F], theirs: Sequence[F]) -> tuple[F, ...]:
        kept = {(r.from_, r.to): r for r in mine if random.random() < 0.7}
        new = {(r.from_, r.to): r for r in theirs if random.random() < 0.3}
        return tuple((new | kept).values())

    groups = {i.key for i in graph.identities if i.kind is IdentityKind.GROUP}
    deployments = {d.key for d in graph.deployments}

    def fits(relation: Any) -> bool:
        admitted = getattr(relation, "deployments", None) or ()
        kind, _, key = relation.to.rpartition(":")
        ends_in_deployment = isinstance(relation, Grants) or kind == "deployment"
        return set(admitted) <= deployments and (not ends_in_deployment or key in deployments)

    changed: dict[str, Any] = {
        name: relations(getattr(graph, name), [r for r in getattr(other, name) if fits(r)])
        for name in ("holds", "enters", "jumps", "connects", "grants", "administers")
    }
    members = [m for m in other.member_of if m.to in groups]
    return graph._replace(
        **changed,
        member_of=relations(graph.member_of, members),
        environments=mixed(graph.environments, other.environments, "vendor"),
        identities=mixed(graph.identities, other.identities, "kind"),
        credentials=mixed(graph.credentials, other.credentials),
        models=mixed(graph.models, other.models),
        vendors=mixed(graph.vendors, other.vendors, "engaged_by"),
        allowlist=tuple(entry for entry in graph.allowlist if random.random() < 0.8),
    )


def put(document: Any, *, mode: str = "merge") -> None:
    """Import a document, or a graph as one, as the system does."""
    if isinstance(document, Graph):
        document = graph_to_document(document)
    text = json.dumps({**document, "mode": mode})
    report = import_graph(actor=policy.system_actor(), text=text)
    assert not report.faults, [fault.as_line() for fault in report.faults]


def on_own_connection(work: Callable[[], T]) -> Callable[[], T]:
    """``work`` as the job of a thread, whose connection is closed after it."""

    def job() -> T:
        try:
            return work()
        finally:
            connection.close()

    return job


def all_at_once(*works: Callable[[], T]) -> list[T]:
    """Do all of these at the same moment, each on a connection of its own."""
    start = Barrier(len(works), timeout=PATIENCE)

    def held(work: Callable[[], T]) -> Callable[[], T]:
        def job() -> T:
            connection.ensure_connection()
            start.wait()
            return work()

        return on_own_connection(job)

    with ThreadPoolExecutor(len(works)) as pool:
        jobs = [pool.submit(held(work)) for work in works]
        return [job.result(PATIENCE) for job in jobs]


def until(condition: Callable[[], T]) -> T:
    """Wait for something to hold, and give it back; fail after a while."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return found


def value(sql: str, *values: Any) -> Any:
    """The one value that a statement gives."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        (found,) = cursor.fetchone()
    return found


def somebody_waits() -> bool:
    """Whether a session of this database waits for a lock."""
    return bool(
        value(
            "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND pid IN "
            "(SELECT pid FROM pg_stat_get_activity(NULL) AS s "
            "JOIN pg_database d ON d.oid = s.datid WHERE d.datname = current_database())"
        )
    )


@contextmanager
def meanwhile(work: Callable[[], Any]) -> Iterator["Future[Any]"]:
    """Do this on another connection; it is waited for at the end."""
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(on_own_connection(work))
        yield job
        job.result(PATIENCE)


class Stop:
    """Holds up whoever calls a function first, before or after it is done."""

    def __init__(
        self, patch: pytest.MonkeyPatch, holder: Any, name: str, *, before: bool = False
    ) -> None:
        self.there, self.on = Event(), Event()
        done, first = getattr(holder, name), [True]

        def stopping(*args: Any, **kwargs: Any) -> Any:
            mine = first.pop() if first else False
            if mine and before:
                self.wait()
            result = done(*args, **kwargs)
            if mine and not before:
                self.wait()
            return result

        patch.setattr(holder, name, stopping)

    def wait(self) -> None:
        self.there.set()
        assert self.on.wait(PATIENCE)

    def reached(self) -> None:
        assert self.there.wait(PATIENCE)

    def go_on(self) -> None:
        self.on.set()


def scan_is_asked_for() -> ScanRun:
    return request_scan(actor=policy.system_actor(), reason=RunReason.FACTS_CHANGED)


def a_place(key: str, **fields: Any) -> Environment:
    """A change of the facts."""
    return inventory.create_environment(
        actor=policy.system_actor(),
        key=key,
        kind=EnvironmentKind.SANDBOX,
        purpose=Purpose.EVALUATION,
        **fields,
    )


def assert_up_to_date() -> None:
    """Every request is met, and the last run has seen the facts as they are."""
    assert not ScanRun.objects.exclude(state=RunState.FINISHED).exists()
    last = ScanRun.objects.first()
    assert last
    assert last.inputs_digest == load_tables().digest()


def sessions_that_scan() -> int:
    """How many hold the lock of the one who scans."""
    return int(
        value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND classid::bigint << 32 | objid::bigint = %s",
            analysis._LOCK,
        )
    )
