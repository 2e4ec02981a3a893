"""What scripts/run, scripts/test and scripts/check stand on, piece by piece."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.launcher import environment, leaks, libraries, pins, processes, serve
from scripts.launcher.console import LauncherError

ROOT = Path(__file__).parents[2]
SECONDS = 60


# --- where it listens -----------------------------------------------------------------------------


@pytest.mark.parametrize("port", ["abc", "0", "-1", "65536", "8 000", "٨٠٠٠"])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(LauncherError, match=f"PORT is “{port}”, which is not a port"):
        serve.address()


def test_a_taken_port_is_refused_and_another_proposed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(LauncherError, match=rf"Port {port} .* is taken .*PORT={port + 1} scr"):
            serve.refuse_taken_port("127.0.0.1", port)


def test_a_free_port_is_taken_right_after_it_was_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        with socket.create_connection((host, port)) as link:
            listener.accept()[0].close()
            link.recv(1)
    serve.refuse_taken_port("127.0.0.1", port)


def test_a_host_of_another_machine_is_refused() -> None:
    with pytest.raises(LauncherError, match="not an address of this machine"):
        serve.refuse_taken_port("192.0.2.1", 8000)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://127.0.0.1:8000/"),  # noqa: S104 - a value, nothing listens
        ("::1", "http://[::1]:8000/"),
        ("::", "http://[::1]:8000/"),
    ],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, shown: str) -> None:
    assert serve.url(host, 8000) == shown


def test_a_second_start_is_refused_and_told_where_the_first_one_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "LOCK", tmp_path / "var" / "run.lock")
    first = serve.take_lock("127.0.0.1", 8123)
    with pytest.raises(LauncherError, match=rf"at http://127.0.0.1:8123/ \(process {os.getpid()}"):
        serve.take_lock("127.0.0.1", 8124)
    os.close(first)
    os.close(serve.take_lock("127.0.0.1", 8124))
    assert json.loads((tmp_path / "var" / "run.lock").read_text())["url"].endswith(":8124/")


# --- processes ------------------------------------------------------------------------------------


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(processes, "LOGS", tmp_path / "log")
    monkeypatch.setattr(processes, "VENV_PYTHON", Path(sys.executable))
    return tmp_path / "log"


@pytest.fixture
def started(logs: Path) -> Iterator[list[processes.Process]]:
    assert not logs.exists()
    running: list[processes.Process] = []
    yield running
    for process in running:
        process.kill()


def python(code: str, started: list[processes.Process], name: str = "web") -> processes.Process:
    command = [sys.executable, "-c", code]
    started.append(processes.Process(name, command, width=6, verbose=False))
    return started[-1]


def ended(process: processes.Process) -> int:
    deadline = time.monotonic() + SECONDS
    while process.exit_code is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.exit_code is not None
    process.kill()  # its reader has read everything after this
    return process.exit_code


def test_warnings_and_their_traces_reach_the_terminal_and_all_else_the_log(
    logs: Path, started: list[processes.Process], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        "2026-01-01 10:00:00,000 INFO quiet",
        "2026-01-01 10:00:00,000 ERROR loud",
        "  a trace that belongs to it",
        "[2026-01-01 10:00:00 +0000] [7] [INFO] quiet again",
    ]
    assert ended(python(f"print({chr(10).join(lines)!r})", started)) == 0
    assert (logs / "web.log").read_text().splitlines() == lines
    assert capsys.readouterr().out.splitlines() == [f"web    | {line}" for line in lines[1:3]]
    assert (logs / "web.log").stat().st_mode & 0o077 == 0


def test_a_process_that_ends_by_itself_is_named_with_its_last_lines(
    started: list[processes.Process],
) -> None:
    python("import time; time.sleep(600)", started, "worker")
    ended(python("import sys; print('no more'); sys.exit(3)", started, "beat"))
    sentence = serve._dead(started)
    assert sentence.startswith("The beat process ended by itself (exit code 3), so all were")
    assert sentence.endswith("  no more")


def test_stopping_asks_the_process_alone_and_then_ends_what_it_left(
    started: list[processes.Process], tmp_path: Path
) -> None:
    child = "import time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    code = f"""
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {child!r}])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("ready", flush=True)
signal.pause()
"""
    parent = python(code, started)
    deadline = time.monotonic() + SECONDS
    while "ready" not in parent.tail and time.monotonic() < deadline:
        time.sleep(0.02)
    processes.stop_all(started, hurry=threading.Event())
    assert parent.exit_code == 0
    assert is_gone(int((tmp_path / "child").read_text()))


def test_who_hurries_need_not_wait_for_a_process_that_does_not_listen(
    started: list[processes.Process],
) -> None:
    deaf = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (15, 3)]; "
    process = python(deaf + "print('deaf', flush=True); time.sleep(600)", started)
    while "deaf" not in process.tail:
        time.sleep(0.02)
    hurry = threading.Event()
    hurry.set()
    processes.stop_all(started, hurry=hurry)
    assert process.exit_code == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child")
def test_a_child_ends_when_its_starter_is_killed_outright(tmp_path: Path) -> None:
    child = ROOT / "scripts" / "launcher" / "child.py"
    sleep = f"""
import os, time
open({str(tmp_path / "child")!r}, "w").write(str(os.getpid()))
time.sleep(600)
"""
    starter = f"""
import os, subprocess, sys
os.environ["VENDORRISK_STARTER"] = str(os.getpid())
subprocess.run([sys.executable, {str(child)!r}, sys.executable, "-c", {sleep!r}])
"""
    running = subprocess.Popen([sys.executable, "-c", starter])
    deadline = time.monotonic() + SECONDS
    number = tmp_path / "child"
    while not (number.exists() and number.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    running.kill()
    running.wait()
    assert is_gone(int(number.read_text()))


def is_gone(pid: int) -> bool:
    """Whether the process ends within the time; one that nobody has waited for counts as ended."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


# --- the environment ------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with empty lock files, whose environment is made in no time: one link."""

    def made(*_: object) -> bool:
        program = tmp_path / ".venv" / "bin" / "python"
        program.parent.mkdir(parents=True)
        program.symlink_to(sys.executable)
        return True

    monkeypatch.setattr(environment, "_made_by_venv", made)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "VENV_PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(environment, "NOTE", tmp_path / ".venv" / "note.json")
    monkeypatch.setattr(environment, "MARK", tmp_path / ".venv.unfinished")
    monkeypatch.setattr(environment, "LOGS", tmp_path / "var" / "log")
    locks = {"run": tmp_path / "requirements.txt", "dev": tmp_path / "requirements-dev.txt"}
    monkeypatch.setattr(environment, "LOCK_FILES", locks)
    for path in locks.values():
        path.write_text("")
    return tmp_path


@pytest.fixture
def installed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was asked to be installed, by the names of the lock files; nothing is."""
    assert not (checkout / ".venv").exists()
    calls: list[list[str]] = []

    def record(lock_files: list[Path], _log: object) -> None:
        calls.append([path.name for path in lock_files])

    monkeypatch.setattr(environment, "_install", record)
    return calls


def test_an_environment_is_made_once(checkout: Path, installed: list[list[str]]) -> None:
    environment.prepare(dev=False)
    environment.prepare(dev=False)
    assert installed == [["requirements.txt"]]
    assert (checkout / ".venv" / "bin" / "python").exists()


def test_tests_add_what_they_need_and_leave_it_for_a_start(installed: list[list[str]]) -> None:
    environment.prepare(dev=False)
    environment.prepare(dev=True)
    environment.prepare(dev=False)
    assert installed == [["requirements.txt"], ["requirements.txt", "requirements-dev.txt"]]


def test_a_changed_lock_file_is_installed_and_the_other_one_follows(
    checkout: Path, installed: list[list[str]]
) -> None:
    environment.prepare(dev=True)
    (checkout / "requirements.txt").write_text("# newer")
    environment.prepare(dev=False)
    environment.prepare(dev=True)
    both = ["requirements.txt", "requirements-dev.txt"]
    assert installed == [both, ["requirements.txt"], both]


def test_an_environment_left_half_made_is_made_anew(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        (checkout / ".venv" / "half").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "_install", killed)
    with pytest.raises(KeyboardInterrupt):
        environment.prepare(dev=False)
    monkeypatch.setattr(environment, "_install", lambda *_: None)
    environment.prepare(dev=False)
    assert not (checkout / ".venv" / "half").exists()
    assert not (checkout / ".venv.unfinished").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(
    checkout: Path, installed: list[list[str]]
) -> None:
    environment.prepare(dev=False)
    program = checkout / ".venv" / "bin" / "python"
    program.unlink()
    program.symlink_to("/nowhere/python3")
    environment.prepare(dev=False)
    assert len(installed) == 2
    assert environment._version_of(program)


def test_packages_that_cannot_be_installed_are_reported_in_pips_own_words(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (checkout / "requirements.txt").write_text(f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(LauncherError, match="No matching distribution found for no-such-package"):
        environment.prepare(dev=False)


def test_without_a_fitting_python_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    for tool in ("sh", "dirname", "readlink"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or "")
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # as one that is too old answers
    old.chmod(0o755)
    done = subprocess.run(
        [ROOT / "scripts" / "run"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Vendorrisk needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr


def test_missing_libraries_are_named_for_each_system_and_stop_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libraries, "LIBRARIES", {"pango": ("libno-such-thing.so.0",)})
    monkeypatch.setattr(libraries, "_is_debian_root", lambda: False)
    libraries.ensure()
    said = capsys.readouterr().err
    assert "(pango)" in said
    assert all(word in said for word in ("apt-get install libpango", "dnf install", "brew install"))


# --- checks ---------------------------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    pin = f"Django==5.2.1 \\\n    --hash=sha256:{'0' * 64}\n    # via -r requirements.in\n"
    (tmp_path / "requirements.in").write_text("django>=5.2,<5.3  # the framework\n")
    (tmp_path / "requirements.txt").write_text(pin)
    (tmp_path / "requirements-dev.in").write_text("-c requirements.txt\n")
    (tmp_path / "requirements-dev.txt").write_text("")
    return tmp_path


def test_lock_files_in_step_raise_no_question(locked: Path) -> None:
    assert pins.disagreements(locked) == []


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("django>=5.3", "asks for django>=5.3, and requirements.txt pins 5.2.1"),
        ("django\ncelery", "asks for celery, and requirements.txt pins no version"),
        ("", "pins django for requirements.in, which does not ask for it"),
    ],
)
def test_lock_files_out_of_step_are_named(locked: Path, asked: str, sentence: str) -> None:
    (locked / "requirements.in").write_text(asked)
    (found,) = pins.disagreements(locked)
    assert sentence in found
    assert found.endswith("Run scripts/lock.")


def test_our_own_lock_files_are_in_step() -> None:
    assert pins.disagreements() == []


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "key = AKIA" + "ABCDEFGHIJKLMNOP",
        "DATABASE_URL=postgresql://user:hunter" + "2hunter2@db/x",
        "CELERY_BROKER_URL=redis://:hunter" + "2hunter2@redis/0",
        'SECRET_KEY = "' + "a1" * 20 + '"',
    ],
)
def test_what_looks_like_a_secret_is_named_but_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(leaks, "ROOT", tmp_path)
    (tmp_path / "file").write_text(f"first\n{line}\n")
    found = leaks._in_file("file")
    assert found
    assert all(text.startswith("file:2: looks like ") and line not in text for text in found)


@pytest.mark.parametrize(
    "line",
    [
        "postgresql://user:${PASSWORD}@db/x",
        "redis://:PASSWORD@127.0.0.1:6379/0",
        "redis://127.0.0.1:6379/0",
        'password = "PASSWORD"',
    ],
)
def test_what_only_talks_of_secrets_is_let_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(leaks, "ROOT", tmp_path)
    (tmp_path / "file").write_text(line)
    assert leaks._in_file("file") == []
