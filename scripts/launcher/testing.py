"""``scripts/test`` and ``scripts/manage``: programs of the environment, in the checkout."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack

from scripts.launcher.console import LauncherError
from scripts.launcher.places import ROOT, VAR, VENV_PYTHON, plain_environment


def run(arguments: Sequence[str]) -> int:
    """pytest on all cores; its own embedded PostgreSQL unless DATABASE_URL is set."""
    # A file stays on one core: what its tests share is made once.
    spread = any(a.startswith(("-n", "--numprocesses", "--pdb", "--dist")) for a in arguments)
    command = [
        str(VENV_PYTHON),
        "-m",
        "pytest",
        *([] if spread else ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]),
        *arguments,
    ]
    with ExitStack() as at_the_end:
        if not (os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE")):
            _hold_database(at_the_end)
        # pytest answers Ctrl-C itself, with its summary; this process only waits for it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with subprocess.Popen(command, cwd=ROOT, env=plain_environment()) as pytest:
            signal.signal(signal.SIGTERM, lambda *_: pytest.terminate())
            return pytest.wait()


def _hold_database(at_the_end: ExitStack) -> None:
    """One server for all the workers of pytest, up before they start."""
    from vendorrisk.embedded_postgres import EmbeddedPostgresError
    from vendorrisk.embedded_postgres.server import FOR_TESTS, Server

    data, log = VAR / "test" / "postgres", VAR / "test" / "log" / "postgres.log"
    server = Server(data, log=log, options=FOR_TESTS)
    at_the_end.callback(server.release)
    try:
        server.acquire()
    except EmbeddedPostgresError as error:
        raise LauncherError(str(error)) from error


def manage(arguments: Sequence[str]) -> int:
    """Django's command line; does not return."""
    command = [str(VENV_PYTHON), str(ROOT / "manage.py"), *arguments]
    os.execve(command[0], command, plain_environment())  # noqa: S606 - our own Python
