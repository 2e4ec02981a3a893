"""``import_access_graph`` and ``export_access_graph``: what they print and how they end."""

import io
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from apps.access.management.commands import import_access_graph
from apps.access.models import ImportRun
from apps.access.selectors.graph_rows import stored_graph
from apps.accounts.models import User
from apps.core.errors import ConflictError
from apps.engine.document import graph_to_document
from apps.engine.values import Graph
from tests.engine.documents import LAB, TOKEN, VENDOR, document, meaning, small, text

pytestmark = pytest.mark.django_db


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def run(*arguments: str) -> Ran:
    """The command import_access_graph, as from a shell."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_access_graph", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return Ran(int(end.code or 0), out.getvalue(), err.getvalue())
    return Ran(0, out.getvalue(), err.getvalue())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a document may be written."""
    return tmp_path / "graph.json"


def write(path: Path, value: Any) -> str:
    path.write_text(text(value))
    return str(path)


# --- importing ------------------------------------------------------------------------------------


def test_a_document_is_imported_as_the_system(path: Path) -> None:
    ran = run(write(path, small()))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "vendors: 1 added",
        "environments: 2 added",
        "identities: 2 added",
        "credentials: 1 added",
        "models: 1 added",
        "deployments: 1 added",
        "Imported.",
    ]
    assert meaning(graph_to_document(stored_graph())) == meaning(small())
    stored = ImportRun.objects.get()
    assert stored.actor is not None
    assert (stored.name, stored.actor.is_system) == ("graph.json", True)


def test_a_second_import_says_that_nothing_has_changed(path: Path) -> None:
    run(write(path, small()))
    assert run(str(path)).out == "Imported: nothing has changed.\n"


def test_a_document_comes_from_standard_input_in_the_name_of_a_person(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text(small()).encode())))
    assert run("-", "--as", bob.email.upper()).code == 0
    assert ImportRun.objects.get().actor == bob


def test_a_dry_run_lists_every_change_and_writes_nothing(path: Path) -> None:
    run(write(path, small(holds=[{"from": "lab", "to": "token"}])))
    change = document(
        mode="replace",
        vendors=[VENDOR | {"name": "Acme"}, {"key": "bolt", "kind": "partner"}],
        credentials=[{"key": "token", "engagements": ["spring"], "expires_at": None}],
        holds=[{"from": "host", "to": "token"}],
    )
    ran = run(write(path, change), "--dry-run")
    assert ran.out.splitlines() == [
        "+ vendors bolt",
        "~ vendors acme: name acme → Acme",
        '~ credentials token: engagements [] → ["spring"]',
        "+ holds host → token",
        "- holds lab → token",
        "vendors: 1 added, 1 changed",
        "credentials: 1 changed",
        "holds: 1 added, 1 removed",
        "A dry run: nothing was written.",
    ]
    assert ran.code == 0
    assert len(stored_graph().vendors) == 1


def test_a_dry_run_as_json_has_every_change(path: Path) -> None:
    run(write(path, small(holds=[{"from": "lab", "to": "token"}])))
    change = document(
        mode="replace",
        vendors=[{"key": "acme", "status": "suspended"}, {"key": "bolt", "kind": "partner"}],
        holds=[],
    )
    report = json.loads(run(write(path, change), "--dry-run", "--format", "json").out)
    assert (report["applied"], report["mode"], report["faults"]) == (False, "replace", [])
    assert report["changes"]["vendors"]["changed"] == [
        {"key": "acme", "fields": {"status": {"before": "active", "after": "suspended"}}}
    ]
    assert [row["key"] for row in report["changes"]["vendors"]["added"]] == ["bolt"]
    assert report["changes"]["holds"]["removed"] == [{"from": "lab", "to": "token"}]


def test_an_import_as_json_has_the_counts(path: Path) -> None:
    report = json.loads(run(write(path, small()), "--format", "json").out)
    assert report["applied"] is True
    assert report["counts"]["environments"] == {"added": 2, "changed": 0, "removed": 0}
    assert report["digest"] == ImportRun.objects.get().digest


# --- refusing -------------------------------------------------------------------------------------

BAD = small(
    vendors=[VENDOR, {"key": "bolt", "kind": "friend"}],
    environments=[LAB, 5],
    credentials=[TOKEN | {"issued_at": "2026-01-01T00:00:00"}],
    holds=[{"from": "lab", "to": "lost"}],
)


def test_each_fault_stands_on_a_line_and_the_exit_code_is_2(path: Path) -> None:
    ran = run(write(path, BAD))
    assert (ran.code, ran.out) == (2, "")
    starts = [line.split(": ")[:2] for line in ran.err.splitlines()]
    assert starts == [
        ["vendors[1] bolt kind", "bad_value"],
        ["environments[1]", "wrong_type"],
        ["credentials[0] token issued_at", "bad_value"],
        ["deployments[0] d environment", "unknown_reference"],
        ["holds[0] to", "unknown_reference"],
    ]
    assert stored_graph() == Graph()


def test_the_faults_as_json(path: Path) -> None:
    for flags in ([], ["--dry-run"]):
        ran = run(write(path, BAD), "--format", "json", *flags)
        report = json.loads(ran.out)
        assert (ran.code, ran.err, report["applied"]) == (2, "", False)
        assert [fault["list"] for fault in report["faults"]] == [
            "vendors",
            "environments",
            "credentials",
            "deployments",
            "holds",
        ]
        assert set(report["faults"][0]) == {"list", "index", "key", "field", "reason", "message"}


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 1000, b"{", b"[]", b'{"format": "x"}'])
def test_what_is_no_document_is_one_line(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    ran = run(str(path))
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    for name in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(CommandError, match="cannot be read") as caught:
            run(str(name))
        assert caught.value.returncode == 2


def test_nobody_of_that_address_is_a_sentence(path: Path) -> None:
    with pytest.raises(CommandError, match=r"Nobody has the address x@y\.example") as caught:
        run(write(path, small()), "--as", "x@y.example")
    assert caught.value.returncode == 2


def test_somebody_who_may_not_import_is_told_so(path: Path, rita: User) -> None:
    with pytest.raises(CommandError, match="roles do not allow"):
        run(write(path, small()), "--as", rita.email)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConflictError("The facts changed."), "The facts changed"),
        (DatabaseError("disk full"), "disk full"),
        (KeyboardInterrupt(), "Stopped"),
    ],
)
def test_whatever_happens_it_ends_with_a_sentence(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, words: str
) -> None:
    def fail(**_options: Any) -> None:
        raise error

    monkeypatch.setattr(import_access_graph, "import_graph", fail)
    with pytest.raises(CommandError, match=words):
        run(write(path, small()))


# --- progress -------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with import_access_graph._progress(stream) as tell:
        tell("Writing holds", 50, 200)
        tell("Checking references", 0, 0)
    assert "\x1b[" in stream.getvalue()
    assert "Checking references" in stream.getvalue()


def test_a_file_sees_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 6.0, 6.0, 7.0, 12.0, 12.0])
    monkeypatch.setattr(f"{import_access_graph.__name__}.monotonic", lambda: next(times))
    stream = io.StringIO()
    with import_access_graph._progress(stream) as tell:
        tell("Reading the document", 0, 0)
        tell("Writing holds", 10_000, 300_000)
        tell("Writing holds", 20_000, 300_000)
        tell("Checking references", 0, 0)
    assert stream.getvalue() == "Writing holds: 10,000 of 300,000\nChecking references\n"


# --- exporting ------------------------------------------------------------------------------------


def test_the_graph_is_exported_to_standard_output(path: Path) -> None:
    run(write(path, small()))
    out = io.StringIO()
    call_command("export_access_graph", stdout=out)
    assert meaning(json.loads(out.getvalue())) == meaning(small())


def test_the_graph_is_exported_to_a_file_and_imported_again(path: Path, tmp_path: Path) -> None:
    run(write(path, small(vendors=[VENDOR | {"name": "Açmé →"}])))
    target = tmp_path / "out.json"
    call_command("export_access_graph", str(target))
    assert run(str(target)).out == "Imported: nothing has changed.\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["graph.json", "out.json"]


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path, path: Path) -> None:
    path.touch()
    for name in (tmp_path / "missing" / "out.json", path / "out.json"):
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("export_access_graph", str(name))
