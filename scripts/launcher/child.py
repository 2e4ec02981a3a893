"""Starts a program that ends when its starter is killed outright: ``child.py PROGRAM ARGUMENT...``.

Linux only; elsewhere the program is just started. The starter's number comes in an environment
variable, since a starter that is gone already would never be missed.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress

PR_SET_PDEATHSIG = 1


def main() -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(os.environ.pop("VENDORRISK_STARTER")):
        sys.exit(1)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - what the launcher names, by full path


if __name__ == "__main__":
    main()
