"""Several processes as one: started together, their output gathered, stopped together."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import closing, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from scripts.launcher.console import say
from scripts.launcher.places import LOGS, ROOT, VENV_PYTHON, plain_environment

POLITE_SECONDS = 20.0  # a web request or a task may finish
FIRM_SECONDS = 5.0
LOG_BYTES = 5_000_000
# A line that begins an entry of Django, Celery or gunicorn, and one that deserves attention.
ENTRY = re.compile(r"^\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
LOUD = re.compile(r"\b(WARNING|ERROR|CRITICAL|FATAL)\b")


class Process:
    """One process in a group of its own, its output in ``var/log/NAME.log``."""

    def __init__(self, name: str, command: Sequence[str], *, width: int, verbose: bool) -> None:
        self.name = name
        self.tail: deque[str] = deque(maxlen=15)
        self._prefix = f"{name:<{width}} | "
        self._verbose = verbose
        self._log = _rotating_log(name)
        self._popen = subprocess.Popen(
            [str(VENV_PYTHON), "-S", "-E", str(Path(__file__).with_name("child.py")), *command],
            cwd=ROOT,
            env=plain_environment(VENDORRISK_STARTER=str(os.getpid())),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._popen.stdout,), daemon=True)
        self._reader.start()

    def _read(self, output: IO[str]) -> None:
        loud = False
        with output, closing(self._log.handlers[0]):
            for line in output:
                text = line.rstrip("\n")
                self.tail.append(text)
                self._log.info(text)
                if ENTRY.match(text):
                    loud = bool(LOUD.search(text))
                if loud or self._verbose:
                    say(self._prefix + text)

    @property
    def exit_code(self) -> int | None:
        """None as long as it runs."""
        return self._popen.poll()

    def ask_to_stop(self, how: signal.Signals) -> None:
        """Signal the process itself: its own children get to finish what they are doing."""
        if self.exit_code is None:
            self._popen.send_signal(how)

    def kill(self) -> None:
        """End the process and whatever it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        self._reader.join(timeout=2)


def stop_all(processes: Sequence[Process], *, hurry: threading.Event) -> None:
    """Ask politely, then firmly, then kill; ``hurry`` shortens the wait."""
    for how, seconds in ((signal.SIGTERM, POLITE_SECONDS), (signal.SIGQUIT, FIRM_SECONDS)):
        for process in processes:
            process.ask_to_stop(how)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(p.exit_code is None for p in processes):
            if hurry.wait(0.05):
                break
    for process in processes:
        process.kill()


def _rotating_log(name: str) -> logging.Logger:
    LOGS.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = LOGS / f"{name}.log"
    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    logger = logging.getLogger(f"launcher.{name}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [handler]
    logging.raiseExceptions = sys.stderr.isatty()  # a full disk must not end in a storm of traces
    return logger
