"""The embedded server: shared, stopped by its last user, not confused by what a crash leaves."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from vendorrisk.embedded_postgres import EmbeddedPostgresError
from vendorrisk.embedded_postgres.server import DATABASE, FOR_TESTS, SUPERUSER, Server

HOLD = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from vendorrisk.embedded_postgres.server import FOR_TESTS, Server
data = Path(sys.argv[1])
Server(data, log=data.with_name("postgres.log"), options=FOR_TESTS).acquire()
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not pytest's own: that one is closed to other accounts whenever a run begins, and for root
    PostgreSQL runs as another account."""
    with TemporaryDirectory(prefix="vendorrisk-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    """Made by the first test that starts the server: making it is the slow part."""
    return folder / "a folder with spaces" / "postgres"


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    server = Server(data, log=data.with_name("postgres.log"), options=FOR_TESTS)
    yield server
    server.release()


def ask(host: str, query: str) -> object:
    with psycopg.connect(host=host, user=SUPERUSER, dbname=DATABASE) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def is_running(data: Path) -> bool:
    return (data / "postmaster.pid").exists()


def other_user(data: Path) -> "subprocess.Popen[str]":
    """Another process that uses the server until it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_it_is_made_and_started_and_keeps_its_data(server: Server) -> None:
    with psycopg.connect(host=server.acquire(), user=SUPERUSER, dbname=DATABASE) as connection:
        connection.execute("CREATE TABLE kept AS VALUES (18)")
    server.release()
    assert not is_running(server.data)
    assert ask(server.acquire(), "SELECT column1 FROM kept") == 18


def test_a_test_server_does_not_wait_for_the_disk(server: Server) -> None:
    assert ask(server.acquire(), "SHOW fsync") == "off"


def test_it_listens_on_no_network_address_and_lets_nobody_else_in(server: Server) -> None:
    host = server.acquire()
    assert ask(host, "SHOW listen_addresses") == ""
    assert Path(host).stat().st_mode & 0o077 == 0
    assert server.data.stat().st_mode & 0o077 == 0


def test_it_runs_until_its_last_user_is_gone(server: Server) -> None:
    host = server.acquire()
    other = other_user(server.data)
    server.release()
    assert ask(host, "SELECT 1") == 1
    other.communicate("done\n", timeout=60)
    assert not is_running(server.data)


def test_a_user_that_was_killed_is_not_waited_for(server: Server) -> None:
    server.acquire()
    other = other_user(server.data)
    other.kill()
    other.communicate()
    server.release()
    assert not is_running(server.data)


def test_a_forked_child_does_not_stop_the_server_of_its_parent(server: Server) -> None:
    host = server.acquire()
    child = os.fork()
    if child == 0:
        server.release()
        os._exit(0)
    os.waitpid(child, 0)
    assert ask(host, "SELECT 1") == 1


def test_a_server_that_was_killed_is_started_again(server: Server) -> None:
    server.acquire()
    pid = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:  # its own children notice one after the other
            assert ask(server.acquire(), "SELECT 1") == 1
            return
        except (EmbeddedPostgresError, psycopg.OperationalError):
            time.sleep(0.2)
    pytest.fail("The server did not come back.")


def test_a_stale_number_of_another_program_does_not_keep_it_from_starting(server: Server) -> None:
    server.acquire()
    lines = (server.data / "postmaster.pid").read_text().splitlines()
    server.release()
    stale = [str(os.getpid()), *lines[1:4], str(server.data / "gone"), *lines[5:]]
    (server.data / "postmaster.pid").write_text("\n".join(stale) + "\n")
    assert ask(server.acquire(), "SELECT 1") == 1


def test_a_folder_of_another_version_is_refused_with_a_sentence(server: Server) -> None:
    server.acquire()
    server.release()
    (server.data / "PG_VERSION").write_text("15\n")
    try:
        with pytest.raises(EmbeddedPostgresError, match="was made by PostgreSQL 15, and this is"):
            server.acquire()
    finally:
        (server.data / "PG_VERSION").write_text("18\n")


def test_a_path_too_long_for_a_socket_and_a_half_made_folder_are_no_obstacle(folder: Path) -> None:
    data = folder / ("deep" * 25) / "postgres"
    half_made = data.with_name("postgres.new")
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    server = Server(data, log=data.with_name("postgres.log"), options=FOR_TESTS)
    try:
        host = server.acquire()
        assert ask(host, "SELECT 1") == 1
        assert not Path(host).is_relative_to(folder)
        assert Path(host).stat().st_mode & 0o077 == 0
    finally:
        server.release()
        Path(host).rmdir()
