"""Says whether a process of this installation is well: ``python -m vendorrisk.health worker``.

Worker and beat touch a file as long as their main loop turns; the web process is asked by HTTP.
"""

import http.client
import os
import sys
import time
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.beat import PersistentScheduler
from django.conf import settings

TOUCH_SECONDS = 10.0
STALE_SECONDS = 60.0


def touch(process: str) -> None:
    """Say that ``process`` is well at this moment."""
    folder: Path = settings.VAR_DIR / "health"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / process).touch()


class WorkerPulse(bootsteps.StartStopStep):
    """Touches the worker's file from its own timer."""

    requires = ("celery.worker.components:Timer",)

    def start(self, parent: Any) -> None:
        touch("worker")
        parent.timer.call_repeatedly(TOUCH_SECONDS, touch, ("worker",))


class Scheduler(PersistentScheduler):
    """Celery's scheduler; every turn of its loop touches beat's file."""

    def setup_schedule(self) -> None:
        Path(settings.CELERY_BEAT_SCHEDULE_FILENAME).parent.mkdir(parents=True, exist_ok=True)
        super().setup_schedule()

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        touch("beat")
        return super().tick(*args, **kwargs)


def pulse_is_fresh(process: str) -> bool:
    """Whether the process's file was touched within the last minute."""
    try:
        touched = (settings.VAR_DIR / "health" / process).stat().st_mtime
    except FileNotFoundError:
        return False
    return time.time() - touched < STALE_SECONDS


def web_answers() -> bool:
    """Whether the web process of this machine says that it and its database are well."""
    host = next((name for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), 10)
    try:
        connection.request("GET", "/healthz", headers={"Host": host.lstrip(".")})
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def main(process: str) -> int:
    """0 when well, 1 when not; the one line printed says which."""
    well = web_answers() if process == "web" else pulse_is_fresh(process)
    sys.stdout.write(f"{process}: {'well' if well else 'not well'}\n")
    return 0 if well else 1


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in {"web", "worker", "beat"}:
        sys.exit("Usage: python -m vendorrisk.health web|worker|beat")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorrisk.settings")
    sys.exit(main(sys.argv[1]))
