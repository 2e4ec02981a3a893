"""scripts/run as a person meets it: started, signed in to, a finished scan seen, stopped."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlencode

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 240
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PERSON = re.compile(r"(?P<email>\S+@\S+)\s+(?P<password>\S+)")

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.skipif(
        not os.environ.get("VENDORRISK_SMOKE"), reason="VENDORRISK_SMOKE is not set"
    ),
]


class Started:
    """One `scripts/run` on a free port and a data folder of its own, called through a link."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            self.port = listener.getsockname()[1]
        self.var = folder / "var with spaces"
        self.output = folder / f"output-{secrets.token_hex(4)}"
        link = folder / "vendorrisk"
        if not link.exists():
            link.symlink_to(ROOT / "scripts" / "run")
        unset = {"DATABASE_URL", "CELERY_BROKER_URL", "VENDORRISK_DEMO", "DJANGO_SETTINGS_MODULE"}
        self.environment = {k: v for k, v in os.environ.items() if k not in unset} | {
            "VENDORRISK_VAR_DIR": str(self.var),
            "PORT": str(self.port),
        }
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [link], env=self.environment, cwd="/", stdout=output, stderr=output
            )

    def wait(self) -> None:
        deadline = time.monotonic() + SECONDS
        while "Vendorrisk runs at" not in self.said() and time.monotonic() < deadline:
            assert self.process.poll() is None, self.said()
            time.sleep(0.2)
        assert f"Vendorrisk runs at http://127.0.0.1:{self.port}/" in self.said()

    def said(self) -> str:
        return self.output.read_text()

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(SECONDS)


class Browser:
    """As much of one as it takes: cookies, forms."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str, form: dict[str, str] | None = None) -> str:
        data = urlencode(form).encode() if form else None
        with self.opener.open(self.base + path, data, timeout=60) as answer:
            page: str = answer.read().decode()
            return page

    def sign_in(self, email: str, password: str) -> str:
        token = TOKEN.search(page := self.get("/"))
        assert token, page
        form = {"csrfmiddlewaretoken": token[1], "username": email, "password": password}
        return self.get("/accounts/sign-in/?next=/", form)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = Path(mkdtemp(prefix="vendorrisk-smoke-"))
    yield folder
    shutil.rmtree(folder)


def test_a_start_from_nothing_shows_a_finished_scan_and_stops_cleanly(folder: Path) -> None:
    run = Started(folder)
    try:
        run.wait()
        users = run.var / "demo-users.txt"
        assert users.stat().st_mode & 0o077 == 0
        person = PERSON.search(users.read_text())
        assert person
        assert person["password"] not in run.said()
        browser = Browser(run.port)
        overview = browser.sign_in(person["email"], person["password"])
        assert "csrfmiddlewaretoken" in overview
        deadline = time.monotonic() + SECONDS
        while "/findings/" not in overview and time.monotonic() < deadline:
            time.sleep(1)
            overview = browser.get("/")
        assert re.search(r'href="/findings/\d+/?"', overview), overview
        assert (run.var / "log" / "worker.log").exists()
        assert run.stop(signal.SIGINT) == 0, run.said()
    finally:
        run.process.kill()
    assert not (run.var / "postgres" / "postmaster.pid").exists()
    assert "Traceback" not in run.said()


def test_a_second_start_keeps_the_data_refuses_a_third_and_says_when_a_part_dies(
    folder: Path,
) -> None:
    users = (folder / "var with spaces" / "demo-users.txt").read_text()
    run = Started(folder)
    try:
        run.wait()
        assert "Loading the demo" not in run.said()
        assert (run.var / "demo-users.txt").read_text() == users
        third = Started(folder)
        assert third.process.wait(SECONDS) == 1
        assert f"already runs from this folder, at http://127.0.0.1:{run.port}/" in third.said()
        beat = next(pid for pid in _children(run.process.pid) if "beat" in _command(pid))
        os.kill(beat, signal.SIGKILL)
        assert run.process.wait(SECONDS) == 1
        assert "The beat process ended by itself" in run.said()
    finally:
        run.process.kill()
    assert not (run.var / "postgres" / "postmaster.pid").exists()


def _children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in children.split()]


def _command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
