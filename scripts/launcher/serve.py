"""``scripts/run``: web, worker and beat together, with an embedded database by default."""

import argparse
import errno
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from scripts.launcher import environment, libraries
from scripts.launcher.console import LauncherError, Stopped, say
from scripts.launcher.locks import try_lock
from scripts.launcher.places import LOGS, ROOT, VAR, VENV_PYTHON, plain_environment, shown
from scripts.launcher.processes import Process, stop_all

LOCK = VAR / "run.lock"
USERS = VAR / "demo-users.txt"
LOCK_VARIABLE = "VENDORRISK_RUN_LOCK"
ANSWER_SECONDS = 90.0
DESCRIPTION = """\
Starts Vendorrisk here: sets up what is missing, then runs web, worker and beat until Ctrl-C.

Variables: HOST and PORT (127.0.0.1, 8000), DATABASE_URL and CELERY_BROKER_URL (an embedded
PostgreSQL and files unless set), VENDORRISK_VAR_DIR (where everything is written), and
VENDORRISK_DEMO=false to start empty. All others: docs/operations.md."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/run",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show every log line, not the warnings alone"
    )
    return parser.parse_args(arguments)


def begin(arguments: Sequence[str]) -> None:
    """Refuse what cannot work before anything is touched, set up, go on inside the environment."""
    parse(arguments)
    host, port = address()
    lock = take_lock(host, port)
    refuse_taken_port(host, port)
    _stop_on_signals()
    environment.prepare(dev=False)
    libraries.ensure()
    os.set_inheritable(lock, True)
    os.environ[LOCK_VARIABLE] = str(lock)
    environment.enter("run", *arguments)


def address() -> tuple[str, int]:
    """HOST and PORT. Raises LauncherError when PORT is not a port."""
    host, text = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise LauncherError(f"PORT is “{text}”, which is not a port: a number from 1 to 65535.")
    return host, int(text)


def url(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared only
    return f"http://{f'[{reached}]' if ':' in reached and '[' not in reached else reached}:{port}/"


def take_lock(host: str, port: int) -> int:
    """One start per folder of data. Raises LauncherError that says where the other one runs."""
    lock = try_lock(LOCK)
    if lock is None:
        try:
            other = json.loads(LOCK.read_text())
        except ValueError:
            other = {}
        raise LauncherError(
            f"Vendorrisk already runs from this folder, at {other.get('url', 'an address unknown')}"
            f" (process {other.get('process', 'unknown')}). Stop that one first, or give this one "
            "its own data and port: VENDORRISK_VAR_DIR=... PORT=..."
        )
    os.ftruncate(lock, 0)
    os.write(lock, json.dumps({"url": url(host, port), "process": os.getpid()}).encode())
    return lock


def refuse_taken_port(host: str, port: int) -> None:
    """Raises LauncherError when nothing can listen there."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise LauncherError(f"HOST is “{host}”, which is no address of this machine.") from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where)
            probe.listen()
        except OSError as error:
            reason = {
                errno.EADDRINUSE: "is taken by another program",
                errno.EACCES: "may not be used by this user: those under 1024 are root's",
                errno.EADDRNOTAVAIL: "cannot be had: the host is not an address of this machine",
            }.get(error.errno or 0, f"cannot be had: {error}")
            raise LauncherError(
                f"Port {port} of {host} {reason}. Choose another: PORT={port + 1} scripts/run"
            ) from error


def _stop_on_signals() -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


# --- inside the environment ----------------------------------------------------------------------


def run(arguments: Sequence[str]) -> int:
    """Everything from the database to the last goodbye; the exit code."""
    options = parse(arguments)
    hurry = threading.Event()
    os.set_inheritable(int(os.environ.pop(LOCK_VARIABLE)), False)
    _stop_on_signals()
    with ExitStack() as at_the_end:
        processes: list[Process] = []
        try:
            _hold_database(at_the_end)
            _prepare_data()
            started = time.monotonic()
            processes += _start(verbose=options.verbose)
            _wait_for_web(processes, started)
            _greet()
            while not (dead := _dead(processes)):
                time.sleep(0.2)
            raise LauncherError(dead)
        except Stopped:
            return 0
        finally:
            _hurry_on_signals(hurry)
            if processes:
                say("Stopping: a request or task under way may finish. Ctrl-C again to hurry.")
            stop_all(processes, hurry=hurry)


def _hurry_on_signals(hurry: threading.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: hurry.set())


def _hold_database(at_the_end: ExitStack) -> None:
    """Keep the embedded server running until all else has stopped, unless DATABASE_URL is set."""
    if os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE"):
        return
    from vendorrisk.embedded_postgres import EmbeddedPostgresError
    from vendorrisk.embedded_postgres.server import Server

    server = Server(VAR / "postgres", log=LOGS / "postgres.log", options={})
    at_the_end.callback(server.release)
    try:
        server.acquire()
    except EmbeddedPostgresError as error:
        raise LauncherError(str(error)) from error


def _prepare_data() -> None:
    """Tables, static files, demo portfolio. What went wrong is printed by the program itself."""
    script = str(Path(__file__).with_name("prepare.py"))
    done = subprocess.run(
        [str(VENV_PYTHON), script],
        cwd=ROOT,
        env=plain_environment(),
        check=False,
        start_new_session=True,  # Ctrl-C comes to this process, which ends the other quietly
    )
    if done.returncode:
        raise LauncherError("Vendorrisk did not start, for the reason above.")


def _start(*, verbose: bool) -> list[Process]:
    host, port = address()
    python = str(VENV_PYTHON)
    celery = [python, "-m", "celery", "--app", "vendorrisk"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    commands = {
        "web": [python, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "vendorrisk.wsgi"],
        "worker": [*celery, "worker", "--loglevel", "INFO", "--concurrency", "2", *quiet],
        "beat": [*celery, "beat", "--loglevel", "INFO", "--pidfile="],
    }
    os.environ.update(HOST=host, PORT=str(port))
    if USERS.exists():
        os.environ.setdefault("ORGANISATION_NAME", "Tarn Labs")  # whose portfolio the demo is
    os.environ.setdefault("WEB_CONCURRENCY", "2")
    width = max(map(len, commands))
    return [
        Process(name, command, width=width, verbose=verbose) for name, command in commands.items()
    ]


def _wait_for_web(processes: Sequence[Process], started: float) -> None:
    while not _web_answers():
        if dead := _dead(processes):
            raise LauncherError(dead)
        if time.monotonic() - started > ANSWER_SECONDS:
            raise LauncherError(
                f"The web process did not answer within {ANSWER_SECONDS:.0f} seconds. "
                f"See {shown(LOGS / 'web.log')}."
            )
        time.sleep(0.1)


def _web_answers() -> bool:
    host, port = address()
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    connection = http.client.HTTPConnection(reached, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def _dead(processes: Sequence[Process]) -> str:
    """A sentence about the first process that ended by itself; empty when all run."""
    for process in processes:
        if process.exit_code is not None:
            end = "\n".join(f"  {line}" for line in process.tail)
            return (
                f"The {process.name} process ended by itself (exit code {process.exit_code}), so "
                f"all were stopped. Its last lines, from {shown(LOGS / process.name)}.log:\n{end}"
            )
    return ""


def _greet() -> None:
    host, port = address()
    say(f"\nVendorrisk runs at {url(host, port)}")
    if USERS.exists() and sys.stdout.isatty():
        say(f"Sign in as one of the people in {shown(USERS)}:")
        say("\n".join(f"  {line}" for line in USERS.read_text().splitlines()))
    elif USERS.exists():  # passwords are shown to people, not written to logs
        say(f"Sign in as one of the people in {shown(USERS)}.")
    else:
        say("Sign in with your account; scripts/manage create_owner EMAIL makes the first.")
    say(f"Logs: {shown(LOGS)}/   Stop: Ctrl-C\n")
