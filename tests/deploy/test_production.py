"""The very commands of docker-compose.yml, started by hand against a real PostgreSQL and Redis.

Where no container engine is at hand this is what shows that they work. Skipped, with the reason,
where either server cannot be reached on this machine; DATABASE_URL and CELERY_BROKER_URL name
others than those on the standard ports.
"""

import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
import redis
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.deploy.compose import ROOT, filled_in, service

pytestmark = pytest.mark.deploy

SECONDS = 120  # for anything to happen; the machine may be busy with other tests
HOST = "risk.example.org"
ASK_FOR_A_SCAN = """
from apps.access.models.runs import RunReason
from apps.access.services.analysis import request_scan
from apps.accounts.policy import system_actor
request_scan(actor=system_actor(), reason=RunReason.SCHEDULE)
"""


class Installation(NamedTuple):
    """An environment like that of the containers, and where its database is."""

    environment: dict[str, str]
    database: str
    port: int


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("production")
    with ExitStack() as at_the_end:
        database = _own_database(at_the_end)
        broker = _own_redis(at_the_end)
        port = _free_port()
        files = {
            "secret_key": secrets.token_urlsafe(60),
            "database_url": database,
            "broker_url": broker,
        }
        for name, content in files.items():
            (folder / name).write_text(f"{content}\n")
        described = service("web")["environment"]
        variables = {"SITE_HOST": HOST, "ORGANISATION_NAME": "Harbour Labs"}
        environment = {
            name: filled_in(value, variables).replace("/run/secrets", str(folder))
            for name, value in described.items()
        }
        environment |= {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "VENDORRISK_VAR_DIR": str(folder / "var"),
            "STATIC_ROOT": str(folder / "static"),
            "PORT": str(port),
            "SCAN_SWEEP_SECONDS": "2",
        }
        yield Installation(environment, database, port)


def _own_database(at_the_end: ExitStack) -> str:
    """A database made for this test on a real server, and dropped again; its URL."""
    server = os.environ.get("DATABASE_URL") or "postgresql://127.0.0.1:5432/postgres"
    try:
        link = psycopg.connect(make_conninfo(server, connect_timeout=3), autocommit=True)
    except psycopg.OperationalError as error:
        pytest.skip(f"No PostgreSQL can be reached: {error}")
    at_the_end.callback(link.close)
    name = f"vendorrisk_deploy_{secrets.token_hex(6)}"
    try:
        link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege as error:
        pytest.skip(f"PostgreSQL lets this user make no database: {error}")
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    at_the_end.callback(link.execute, drop)
    info = link.info
    return f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{name}"


def _own_redis(at_the_end: ExitStack) -> str:
    """A numbered database of a real Redis that nobody else uses, emptied again; its URL."""
    server = os.environ.get("CELERY_BROKER_URL") or "redis://127.0.0.1:6379"
    for number in range(15, 0, -1):
        url = f"{server.rpartition('/')[0] if server.count('/') > 2 else server}/{number}"
        link = redis.Redis.from_url(url, socket_connect_timeout=3)
        at_the_end.callback(link.close)
        try:
            claimed = link.set("vendorrisk-test", "claimed", nx=True, ex=1800)
        except redis.RedisError as error:
            pytest.skip(f"No Redis can be reached: {error}")
        if claimed and link.dbsize() == 1:
            at_the_end.callback(link.flushdb)
            return url
    pytest.skip("Redis has no database that nobody uses.")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def run(command: Sequence[str], installation: Installation) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        env=installation.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


class Service:
    """A service of docker-compose.yml as a process of this machine."""

    def __init__(self, name: str, installation: Installation, log: Path) -> None:
        self.name, self.installation, self.log = name, installation, log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                service(name)["command"],
                env=installation.environment,
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def is_up(self) -> bool:
        """Whether it is worth asking how it is, which takes a process of its own."""
        if self.name != "web":
            var = Path(self.installation.environment["VENDORRISK_VAR_DIR"])
            return (var / "health" / self.name).exists()
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.installation.port)) == 0

    def is_well(self) -> bool:
        """As its health check says."""
        if not self.is_up():
            return False
        kind, *command = service(self.name)["healthcheck"]["test"]
        assert kind == "CMD"
        return run(command, self.installation).returncode == 0

    def stop(self) -> int:
        """As a container is stopped: SIGTERM to the first process, SIGKILL when that is ignored."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(SECONDS)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


@pytest.fixture(scope="module")
def services(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Service]]:
    """The image's own step, then migrate, then web, worker and beat."""
    for command in (
        ["python", "manage.py", "collectstatic", "--no-input"],
        service("migrate")["command"],
    ):
        done = run(command, installation)
        assert done.returncode == 0, done.stderr
    logs = tmp_path_factory.mktemp("logs")
    running = {name: Service(name, installation, logs / name) for name in ("web", "worker", "beat")}
    yield running
    codes = {name: service.stop() for name, service in running.items()}
    assert codes == {"web": 0, "worker": 0, "beat": 0}


def until(happens: "object", what: str, services: dict[str, Service]) -> None:
    """Wait for ``happens()`` to be true; the logs are shown when it does not come to that."""
    assert callable(happens)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if happens():
            return
        time.sleep(0.3)
    logs = "\n\n".join(f"{name}:\n{one.log.read_text()[-3000:]}" for name, one in services.items())
    pytest.fail(f"{what} did not happen within {SECONDS} seconds.\n{logs}")


def get(installation: Installation, path: str, **headers: str) -> http.client.HTTPResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    link = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=30)
    with closing(link) as connection:
        connection.request("GET", path, headers={"Host": HOST, "Connection": "close"} | names)
        answer = connection.getresponse()
        answer.read()
    return answer


def test_web_is_well_and_serves_pages_and_static_files(
    installation: Installation, services: dict[str, Service]
) -> None:
    until(services["web"].is_well, "web being well", services)
    assert get(installation, "/healthz").status == 200
    page = get(installation, "/", X_Forwarded_Proto="https")
    assert page.status == 302
    assert "max-age=31536000" in (page.getheader("Strict-Transport-Security") or "")
    assert (
        get(installation, page.getheader("Location") or "", X_Forwarded_Proto="https").status == 200
    )
    manifest = Path(installation.environment["STATIC_ROOT"]) / "staticfiles.json"
    assert manifest.exists()


def test_web_sends_plain_http_to_https_and_refuses_other_hosts(
    installation: Installation, services: dict[str, Service]
) -> None:
    until(services["web"].is_well, "web being well", services)
    plain = get(installation, "/")
    assert plain.status == 301
    assert (plain.getheader("Location") or "").startswith(f"https://{HOST}/")
    assert get(installation, "/", Host="evil.example", X_Forwarded_Proto="https").status == 400


def test_the_worker_carries_out_what_another_process_asked_for(
    installation: Installation, services: dict[str, Service]
) -> None:
    until(services["worker"].is_well, "the worker being well", services)
    done = run(["python", "manage.py", "shell", "--command", ASK_FOR_A_SCAN], installation)
    assert done.returncode == 0, done.stderr

    def finished() -> bool:
        with psycopg.connect(installation.database) as link:
            states = link.execute("SELECT state FROM access_scanrun").fetchall()
        assert ("failed",) not in states
        return states == [("finished",)]

    until(finished, "the scan", services)


def test_beat_sends_what_is_due_and_the_worker_takes_it(services: dict[str, Service]) -> None:
    until(services["beat"].is_well, "beat being well", services)
    swept = "apps.access.tasks.take_up_scans"
    until(lambda: swept in services["beat"].log.read_text(), "a due task", services)
    until(
        lambda: (
            f"Task {swept}" in services["worker"].log.read_text()
            and "succeeded" in services["worker"].log.read_text()
        ),
        "the sweep",
        services,
    )


def test_nothing_secret_stands_in_a_log(
    installation: Installation, services: dict[str, Service]
) -> None:
    key = Path(installation.environment["SECRET_KEY_FILE"]).read_text().strip()
    assert all(key not in one.log.read_text() for one in services.values())
