"""Workers that are killed while they scan: real processes, and the rows they leave behind."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from django.db import connection

from apps.access.models import PairReach, ScanRun
from apps.access.models.runs import RunReason, RunState
from apps.access.services.analysis import request_scan, take_up_scans
from apps.accounts import policy
from apps.audit.models import AuditEntry
from apps.findings.models import Finding, FindingEvent
from tests.access.interchange import at
from tests.access.scanning import put, sound_graph, until
from tests.access.worker import POINTS
from tests.engine.graphs import NOW

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]


class Workers:
    """Children of one process that has started up already."""

    def __init__(self, process: "Popen[str]") -> None:
        self.process = process
        assert self.answer()[1] == "ready"

    def answer(self) -> tuple[int, str]:
        assert self.process.stdout
        number, _, what = self.process.stdout.readline().strip().partition(" ")
        return int(number), what

    def start(self, point: str = "") -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{point}\n")
        self.process.stdin.flush()

    def die_at(self, point: str) -> None:
        """Have a child take up scans, and kill it where it stands."""
        self.start(point)
        number, what = self.answer()
        assert what == "is there"
        os.kill(number, signal.SIGKILL)


@pytest.fixture(scope="module")
def workers(django_db_setup: None) -> Iterator[Workers]:  # noqa: ARG001 - it names the database
    """Workers on the database of the tests."""
    command = [sys.executable, "-m", "tests.access.worker", connection.settings_dict["NAME"]]
    with Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        try:
            yield Workers(process)
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def _no_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What wakes after a commit is not the matter here."""
    monkeypatch.setattr("apps.core.jobs._send", lambda *_call: None)


@pytest.fixture(autouse=True)
def facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts with some findings, and nothing queued."""
    with monkeypatch.context() as patch:
        at(patch, NOW)
        put(sound_graph(5, 12))
    ScanRun.objects.all().delete()


def asked() -> ScanRun:
    return request_scan(actor=policy.system_actor(), reason=RunReason.SCHEDULE)


def nothing_is_stored() -> bool:
    return not any(model.objects.exists() for model in (Finding, FindingEvent, PairReach))


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_anywhere_leaves_nothing_and_its_run_is_finished_by_the_next(
    workers: Workers, point: str
) -> None:
    run = asked()
    entries = AuditEntry.objects.count()
    workers.die_at(point)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.RUNNING, 1)
    assert (run.result_digest, run.counts, run.drift) == ("", None, None)
    assert nothing_is_stored()
    assert AuditEntry.objects.count() == entries
    assert until(take_up_scans) == 1
    run.refresh_from_db()
    assert (run.state, run.attempts, run.error) == (RunState.FINISHED, 2, "")
    assert not nothing_is_stored()
    assert AuditEntry.objects.count() == entries + 1


def test_a_run_that_kills_its_workers_is_given_up_after_three_and_the_next_goes_on(
    workers: Workers,
) -> None:
    deadly = asked()
    for attempt in (1, 2, 3):
        workers.die_at("analysing")
        deadly.refresh_from_db()
        assert (deadly.state, deadly.attempts, deadly.percent) == (RunState.RUNNING, attempt, 30)
    queued = asked()
    assert queued != deadly
    assert until(take_up_scans) == 1
    deadly.refresh_from_db()
    queued.refresh_from_db()
    assert deadly.state == RunState.FAILED
    assert deadly.error == "It was started 3 times, and each time the worker was stopped."
    assert queued.state == RunState.FINISHED
    assert (queued.drift or {})["against"] is None


def test_of_several_processes_one_scans_at_a_time_and_every_request_is_met(
    workers: Workers,
) -> None:
    asked()
    for _ in range(4):
        workers.start()
    finished = [workers.answer()[1] for _ in range(4)]
    assert sorted(finished) == ["finished 0"] * 3 + ["finished 1"]
    run = ScanRun.objects.get()
    assert (run.state, run.attempts) == (RunState.FINISHED, 1)
