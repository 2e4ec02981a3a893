"""Gives each command in ``scripts/`` to the module that carries it out.

It starts under whatever Python was found, makes the environment, and goes on inside it.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from scripts.launcher import environment, libraries  # noqa: E402 - after the path is set
from scripts.launcher.console import LauncherError, Stopped, warn  # noqa: E402 - as above

NEEDS_LIBRARIES = {"test"}


def outside(command: str, arguments: Sequence[str]) -> int:
    """Set up, then go on inside the environment."""
    if command == "run":
        from scripts.launcher import serve

        serve.begin(arguments)
    environment.prepare(dev=command != "manage")
    if command in NEEDS_LIBRARIES:
        libraries.ensure()
    environment.enter(command, *arguments)
    return 1


def inside(command: str, arguments: Sequence[str]) -> int:
    return _function(command)(arguments)


def _function(command: str) -> Callable[[Sequence[str]], int]:
    # Imported one at a time: some need what only the environment has.
    if command == "run":
        from scripts.launcher.serve import run
    elif command == "test":
        from scripts.launcher.testing import run
    elif command == "check":
        from scripts.launcher.checks import check as run
    elif command == "fix":
        from scripts.launcher.checks import fix as run
    elif command == "lock":
        from scripts.launcher.pins import lock as run
    elif command == "stats":
        from scripts.launcher.stats import run
    elif command == "manage":
        from scripts.launcher.testing import manage as run
    else:
        raise LauncherError(f"There is no command “{command}”.")
    return run


def main(arguments: Sequence[str]) -> int:
    """0 when all is well, 1 with a sentence when not, 130 when stopped before it was done."""
    try:
        if arguments[:1] == ["--inside"]:
            return inside(arguments[1], arguments[2:])
        return outside(arguments[0], arguments[1:])
    except LauncherError as problem:
        warn(str(problem))
        return 1
    except (Stopped, KeyboardInterrupt):
        warn("\nStopped before it was done. Start again: it goes on from here.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
