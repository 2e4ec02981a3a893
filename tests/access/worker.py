"""A worker for tests to kill: ``python -m tests.access.worker NAME_OF_THE_DATABASE``.

It starts up once and forks a child for every line that it reads, which takes up scans. A line names
a point of ``POINTS``; the child says when it has reached it and stays there until it is killed. An
empty line names none: that child says how many scans it finished. Every answer begins with the
number of the process.
"""

import importlib
import os
import signal
import sys
from typing import Any

POINTS = {
    "loading": ("apps.access.selectors.tables", "decode", 5),
    "analysing": ("apps.access.services.analysis", "Answer", 1),
    "proving": ("apps.engine.arrays.answer", "fix", 3),
    "opening": ("apps.findings.services.reconciling", "_open", 1),
    "replacing": ("apps.access.services.reach", "replace_reach", 1),
    "logging": ("apps.audit.services", "record", 1),
}
"""What is called on the way, by module and name, and how often before the child stops there."""


def main() -> None:
    import django
    from django.db import connection

    django.setup()
    connection.settings_dict["NAME"] = sys.argv[1]
    importlib.import_module("apps.access.services.analysis")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a child ended
    say("ready")
    for line in sys.stdin:
        if os.fork() == 0:
            signal.alarm(120)  # whatever becomes of the test
            work(line.strip())
            os._exit(0)


def work(point: str) -> None:
    from apps.access.services.analysis import take_up_scans

    if point:
        stop_at(*POINTS[point])
    say(f"finished {take_up_scans()}")


def stop_at(module: str, name: str, times: int) -> None:
    holder = importlib.import_module(module)
    done = getattr(holder, name)
    calls = 0

    def stopping(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        result = done(*args, **kwargs)
        calls += 1
        if calls == times:
            say("is there")
            signal.pause()
        return result

    setattr(holder, name, stopping)


def say(what: str) -> None:
    sys.stdout.write(f"{os.getpid()} {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
