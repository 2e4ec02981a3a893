"""Talking to the person at the terminal, and the ways a command ends early."""

import sys
from contextlib import suppress


class LauncherError(Exception):
    """It cannot go on; the message is one or more sentences that say why and what to do."""


class Stopped(BaseException):
    """Somebody asked the command to stop."""


def say(text: str = "") -> None:
    with suppress(OSError):  # a closed terminal is no reason to stop serving, or to stop stopping
        print(text, flush=True)


def warn(text: str) -> None:
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


class Counter:
    """A line that counts in place on a terminal, and stays silent elsewhere."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.done = label, total, 0
        self.live = sys.stdout.isatty()

    def add(self) -> None:
        self.done = min(self.done + 1, self.total)
        if self.live:
            print(f"\r{self.label}: {self.done} of {self.total} ", end="", flush=True)

    def close(self) -> None:
        if self.live:
            print("\r\033[K", end="", flush=True)
