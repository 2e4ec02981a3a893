"""Locks between processes: held by an open file, given up by the kernel when the process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.launcher.console import LauncherError, say


def try_lock(path: Path) -> int | None:
    """Lock the file without waiting: its descriptor, or none when somebody else holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise LauncherError(
            f"{path} belongs to another user of this machine: start as that one."
        ) from (error)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def locked(path: Path, *, waiting: str) -> Iterator[None]:
    """Hold the lock, after ``waiting`` for whoever has it."""
    descriptor = try_lock(path)
    if descriptor is None:
        say(waiting)
        descriptor = os.open(path, os.O_RDWR)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)
