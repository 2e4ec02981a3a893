"""``manage.py scan``: a document alone, without a database; or the database, with a run stored."""

import hashlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from subprocess import PIPE, Popen, run
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command, execute_from_command_line
from django.core.management.base import CommandError

from apps.access.models import ScanRun
from apps.access.models.runs import RunState
from apps.access.services import analysis
from apps.audit.models import AuditEntry
from apps.engine.analysis import analyse
from apps.engine.document import graph_to_document
from apps.engine.scan_document import scan_document
from apps.findings.models import Finding
from tests.access.interchange import at
from tests.access.scanning import (
    PATIENCE,
    Stop,
    meanwhile,
    put,
    scan_is_asked_for,
    somebody_waits,
    sound_graph,
    until,
)
from tests.engine.documents import ANN, DEPLOYMENT, HOST, LAB, MODEL, TOKEN, VENDOR, document, small
from tests.engine.graphs import NOW
from tests.engine.scenarios import Scenario, scenarios

THEN = "2026-06-01T12:00:00Z"
ROOT = Path(__file__).parents[2]
GRAPH = sound_graph(10, 16)
RESULT = "".join(scan_document(analyse(GRAPH, NOW)))


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def faults(self) -> list[str]:
        """The lines of the error output; each fault is one of them, and nothing else is said."""
        assert self.code == 2
        assert self.out == ""
        return self.err.splitlines()


Scan = Callable[..., Said]


@pytest.fixture
def scan(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Scan:
    """The command as from a terminal. Without a database: touching it fails the test."""

    def called(*arguments: object, stdin: bytes | None = None) -> Said:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = 0
        try:
            execute_from_command_line(["manage.py", "scan", *map(str, arguments)])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfdbinary.readouterr()
        return Said(code, out.decode(), err.decode())

    return called


@pytest.fixture
def file(tmp_path: Path) -> Callable[[Any], Path]:
    """A file with these bytes, or with this value as JSON."""

    def written(content: Any) -> Path:
        path = tmp_path / "graph.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return written


File = Callable[[Any], Path]


# --- a document alone -----------------------------------------------------------------------------


def test_a_document_is_analysed_without_a_database(scan: Scan, file: File) -> None:
    path = file(graph_to_document(GRAPH))
    assert scan(path, "--now", THEN, "--format", "json") == Said(0, RESULT, "")


def test_the_time_may_be_written_in_any_zone(scan: Scan, file: File) -> None:
    path = file(graph_to_document(GRAPH))
    assert scan(path, "--now", "2026-06-01T14:00:00+02:00", "--format", "json").out == RESULT


def test_without_a_time_it_is_the_time_of_the_call(
    scan: Scan, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, NOW)
    assert scan(file(graph_to_document(GRAPH)), "--format", "json").out == RESULT


def test_a_document_comes_by_standard_input_too(scan: Scan) -> None:
    text = json.dumps(graph_to_document(GRAPH)).encode()
    assert scan("-", "--now", THEN, "--format", "json", stdin=text) == Said(0, RESULT, "")


def shuffled(value: Any, random: Random) -> Any:
    """The same document with lists and keys in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, random)) for key, item in value.items()]
        random.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        return random.sample([shuffled(item, random) for item in value], len(value))
    return value


@pytest.mark.parametrize("seed", range(3))
def test_equal_graphs_give_equal_bytes(seed: int, scan: Scan, file: File) -> None:
    value = shuffled(graph_to_document(GRAPH), Random(seed))
    assert scan(file(value), "--now", THEN, "--format", "json").out == RESULT


CHOSEN = [s for s in scenarios() if not s.path.stem.startswith("tidy")]


@pytest.mark.parametrize("scenario", CHOSEN, ids=lambda s: s.path.stem)
def test_the_answer_to_a_scenario_has_what_is_expected(scenario: Scenario, scan: Scan) -> None:
    said = scan(scenario.path, "--now", scenario.expected["now"], "--format", "json")
    assert (said.code, said.err) == (0, "")
    answer = json.loads(said.out)
    for name in ("reach", "verdicts"):
        assert answer[name] == scenario.expected[name]
    told = ("rule", "certainty", "severity", "subject")
    assert [{key: f[key] for key in told} for f in answer["findings"]] == [
        {key: f[key] for key in told} for f in scenario.expected["findings"]
    ]


def test_without_a_format_it_is_a_table_for_people(scan: Scan, file: File) -> None:
    value = small(connects=[{"from": "lab", "to": "host", "enforces_allowlist": "no"}])
    said = scan(file(value), "--now", THEN)
    assert (said.code, said.err) == (0, "")
    text = " ".join(said.out.split())
    assert "1 environment reaches a restricted model without segregation" in text
    assert f"as of {THEN}" in text
    assert "RT-01" in text


def test_an_empty_document_reaches_nothing(scan: Scan, file: File) -> None:
    said = scan(file(document()), "--now", THEN)
    assert "0 environments reach a restricted model" in " ".join(said.out.split())
    assert "Findings: none." in said.out
    answer = json.loads(scan(file(document()), "--format", "json").out)
    assert set(answer["counts"].values()) == {0}


@pytest.mark.parametrize("fact", ["vendors", "environments", "identities", "models"])
def test_a_document_of_one_fact_alone_is_analysed(fact: str, scan: Scan, file: File) -> None:
    alone = {"vendors": VENDOR, "environments": HOST, "identities": {**ANN, "vendor": None}}
    said = scan(file(document(**{fact: [alone.get(fact, MODEL)]})), "--format", "json")
    assert said.code == 0
    assert json.loads(said.out)["findings"] == []


# --- bad input ------------------------------------------------------------------------------------

BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "The document is empty"),
    "only spaces": (b" \n\t" * 1000, "The document is empty"),
    "no JSON": (b"{'format': 1}", "not JSON"),
    "cut off": (json.dumps(small()).encode()[:-3], "not JSON"),
    "text": (b"lorem ipsum " * 10_000, "not JSON"),
    "zeros": (b"\0" * 10_000, "not JSON"),
    "noise": (Random(1).randbytes(100_000), "not UTF-8"),
    "too deep": (b"[" * 200_000, "nested too deeply"),
    "objects too deep": (b'{"a":' * 200_000, "nested too deeply"),
    "no number": (b'{"format": NaN}', "not JSON"),
    "a huge number": (b'{"format": ' + b"9" * 100_000 + b"}", "“format” is a number"),
    "null": (b"null", "The document is null"),
    "a list": (b"[]", "The document is a list"),
    "a byte order mark": (b"\xef\xbb\xbf" + json.dumps(small()).encode(), "byte order mark"),
    "UTF-16": (json.dumps(small()).encode("utf-16"), "not UTF-8"),
    "Latin-1": ('{"format": "ü"}'.encode("latin-1"), "not UTF-8"),
    "another format": (b'{"format": "vendorrisk.access-graph/2"}', "“vendorrisk.access-graph/2”"),
    "no format": (b"{}", "does not say its “format”"),
    "a repeated key": (b'{"format": "x", "format": "x"}', "twice"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_document_is_refused_with_one_fault(what: str, scan: Scan, file: File) -> None:
    content, words = BAD[what]
    [fault] = scan(file(content), "--format", "json").faults
    assert fault.startswith("document")
    assert words in fault
    [again] = scan("-", stdin=content).faults
    assert again == fault


def test_every_fault_of_a_document_stands_on_a_line_of_its_own(scan: Scan, file: File) -> None:
    value = document(
        vendors=[
            {"key": "a", "kind": "partner", "engaged_by": "b"},
            {"key": "b", "kind": "partner", "engaged_by": "a", "name": "two\nlines"},
            {"key": "bad\nkey", "kind": "friend"},
        ],
        environments=[{**LAB, "vendor": "ghost"}, HOST, HOST],
        identities=[{**ANN, "vendor": None}],
        credentials=[
            {**TOKEN, "issued_at": "2026-01-01T00:00:00", "expires_at": "yesterday"},
            {"key": "c", "kind": "api_key", "identity": "nobody"},
            {
                "key": "e",
                "kind": "api_key",
                "identity": "ann",
                "issued_at": "2026-01-02T00:00:00Z",
                "expires_at": "2026-01-01T00:00:00Z",
            },
        ],
        holds=[{"from": "lab", "to": "lost"}, {"from": "lab", "to": "token", "why": 1}, 7],
        deployments=[DEPLOYMENT],
    )
    faults = scan(file(value), "--now", THEN, "--format", "json").faults
    found = {tuple(fault.partition(": “")[0].partition(": ")[::2]) for fault in faults}
    reasons = {
        "vendors[0] a engaged_by": "cycle",
        "vendors[1] b engaged_by": "cycle",
        "environments[0] lab vendor": "unknown_reference",
        "credentials[0] token issued_at": "bad_value",
        "credentials[0] token expires_at": "bad_value",
        "credentials[1] c identity": "unknown_reference",
        "credentials[2] e expires_at": "end_before_start",
        "holds[0] to": "unknown_reference",
        "deployments[0] d model": "unknown_reference",
    }
    assert set(reasons.items()) <= found
    starts = ("vendors[", "environments[", "credentials[", "holds[", "deployments[")
    assert all(fault.startswith(starts) for fault in faults)
    assert any(fault.startswith("environments[2] host key: duplicate") for fault in faults)
    assert any(fault.startswith("holds[1] why: unknown_field") for fault in faults)
    assert any(fault.startswith("holds[2]: wrong_type") for fault in faults)


def test_a_file_that_is_not_there_is_named(scan: Scan, tmp_path: Path) -> None:
    [line] = scan(tmp_path / "none.json").faults
    assert line == f"CommandError: {tmp_path}/none.json cannot be read: No such file or directory."


def test_a_folder_is_no_file(scan: Scan, tmp_path: Path) -> None:
    [line] = scan(tmp_path).faults
    assert line == f"CommandError: {tmp_path} cannot be read: Is a directory."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(scan: Scan, file: File) -> None:
    path = file(document())
    path.chmod(0)
    [line] = scan(path).faults
    assert line == f"CommandError: {path} cannot be read: Permission denied."


def test_a_file_that_breaks_off_is_named(scan: Scan) -> None:
    path = Path("/proc/self/mem")  # it opens, and reading fails
    if not path.exists():
        pytest.skip("there is no such file here")
    [line] = scan(path).faults
    assert line == "CommandError: /proc/self/mem cannot be read: Input/output error."


def test_closed_standard_input_is_told(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert scan("-").faults == ["CommandError: Standard input is closed; name a file."]


@pytest.mark.parametrize(
    "now",
    [
        "",
        "now",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-13-01T00:00:00Z",
        "2026-01-01T00:00:00Z ",
        "0001-01-01T00:00:00+14:00",
        "1767225600",
    ],
)
def test_a_time_that_is_none_is_refused(now: str, scan: Scan, file: File) -> None:
    for arguments in ([file(document())], []):
        [line] = scan(*arguments, "--now", now).faults
        assert line.startswith(f"CommandError: --now is “{now}”")


def test_an_unknown_format_or_argument_is_refused(scan: Scan, file: File) -> None:
    path = file(document())
    for arguments in (["--format", "xml"], ["another"], ["--then", "x"]):
        said = scan(path, *arguments)
        assert (said.code, said.out) == (2, "")
        assert "Traceback" not in said.err


# --- as a process ---------------------------------------------------------------------------------

COMMAND = [sys.executable, str(ROOT / "manage.py"), "scan"]
NO_DATABASE = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere"}


def test_the_process_needs_no_database_and_writes_utf8_wherever_it_runs(file: File) -> None:
    path = file(graph_to_document(GRAPH))
    done = run(
        [*COMMAND, path, "--now", THEN, "--format", "json"],
        env={**NO_DATABASE, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == RESULT.encode()


def test_the_process_says_what_is_wrong_and_nothing_else(file: File) -> None:
    done = run(
        [*COMMAND, file(b"{"), "--format", "json"],
        env=NO_DATABASE,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"document: bad_value: The document is not JSON")


@pytest.mark.parametrize("format_", ["text", "json"])
def test_who_stops_reading_early_gets_no_traceback(format_: str, file: File) -> None:
    path = file(graph_to_document(GRAPH))
    with Popen(
        [*COMMAND, path, "--format", format_], env=NO_DATABASE, stdout=PIPE, stderr=PIPE
    ) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == b""


def test_a_full_disk_is_told_in_a_sentence(file: File) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no such device here")
    with full.open("wb") as out:
        done = run(
            [*COMMAND, file(document()), "--format", "json"],
            env=NO_DATABASE,
            stdout=out,
            stderr=PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"CommandError: The result cannot be written: No space left on device.\n"


# --- the database ---------------------------------------------------------------------------------


@pytest.fixture
def stored(db: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - a database
    """The graph in the database, on the first of June."""
    at(monkeypatch, NOW)
    put(GRAPH)
    ScanRun.objects.all().delete()


@pytest.mark.usefixtures("stored")
def test_without_a_file_the_database_is_scanned_and_the_run_stored(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("scan", "--now", THEN, "--format", "json")
    said = capsys.readouterr()
    run_ = ScanRun.objects.get()
    assert said.out == RESULT  # the same as for the document, byte by byte
    assert said.err == f"Scan {run_.pk} is stored.\n"
    assert (run_.state, run_.now) == (RunState.FINISHED, NOW)
    assert run_.requested_by
    assert run_.requested_by.is_system
    assert run_.result_digest == hashlib.sha256(RESULT.encode()).hexdigest()
    assert Finding.objects.count() == len(json.loads(RESULT)["findings"])
    assert AuditEntry.objects.filter(action="scan.finished").count() == 1


@pytest.mark.usefixtures("stored")
def test_the_scan_of_the_database_is_a_table_for_people_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("scan")
    text = " ".join(capsys.readouterr().out.split())
    counts = json.loads(RESULT)["counts"]
    assert f"{counts['unsegregated']} environments reach a restricted model" in text
    assert f"Findings: {counts['proven'] + counts['possible']}" in text
    assert "more; --format json has them all." in text


@pytest.mark.usefixtures("stored")
def test_a_scan_that_fails_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "load_tables", lambda: 1 // 0)
    with pytest.raises(CommandError, match=r"Scan \d+ failed: It stopped at “Reading the facts”"):
        call_command("scan")
    assert ScanRun.objects.get().state == RunState.FAILED


@pytest.mark.django_db(transaction=True)
def test_the_command_waits_for_a_worker_that_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.jobs._send", lambda *_call: None)
    stop = Stop(monkeypatch, analysis, "load_tables")
    first = scan_is_asked_for()
    out = io.StringIO()

    def command() -> None:
        call_command("scan", "--format", "json", stdout=out, stderr=io.StringIO())

    with meanwhile(analysis.take_up_scans):
        stop.reached()
        with meanwhile(command) as waiting:
            until(somebody_waits)
            assert ScanRun.objects.get() == first
            stop.go_on()
            waiting.result(PATIENCE)
    assert json.loads(out.getvalue())["format"] == "vendorrisk.scan/1"
    assert [r.state for r in ScanRun.objects.all()] == [RunState.FINISHED, RunState.FINISHED]
