"""System libraries that no wheel brings: those that draw PDF reports, and Debian's venv module."""

import ctypes
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from scripts.launcher.console import say, warn
from scripts.launcher.places import LOGS, VAR, plain_environment, shown

# Each library by the names it goes by on Linux and macOS, as WeasyPrint looks for it.
LIBRARIES = {
    "gobject": ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib"),
    "pango": ("libpango-1.0.so.0", "libpango-1.0.dylib"),
    "pangoft2": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
    "harfbuzz": ("libharfbuzz.so.0", "libharfbuzz.0.dylib"),
    "harfbuzz-subset": ("libharfbuzz-subset.so.0", "libharfbuzz-subset.0.dylib"),
    "fontconfig": ("libfontconfig.so.1", "libfontconfig.1.dylib"),
}
APT = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core")
DNF = "pango harfbuzz-subset dejavu-sans-fonts"
BREW = "pango"
TRY_AGAIN_SECONDS = 24 * 3600
APT_SECONDS = 300


def ensure() -> None:
    """Install what PDF reports need on Debian as root; elsewhere say what to install. Never fails:
    only the PDF reports need it."""
    missing = _missing()
    if not missing:
        return
    if _is_debian_root() and _not_tried_lately():
        say(f"Installing system libraries for PDF reports: {' '.join(APT)}.")
        LOGS.mkdir(parents=True, exist_ok=True)
        with (LOGS / "libraries.log").open("w") as log:
            _apt_install(APT, log)
        missing = _missing()
    if missing:
        warn(
            f"PDF reports need system libraries that are not here ({', '.join(missing)}). "
            "All else works. To install them:\n"
            f"  Debian, Ubuntu: sudo apt-get install {' '.join(APT)}\n"
            f"  Fedora: sudo dnf install {DNF}\n"
            f"  macOS: brew install {BREW}"
        )


def install_venv_module(python: str, log: TextIO) -> bool:
    """Debian keeps venv's other half in a package of its own: install it there, as root."""
    if not _is_debian_root() or not str(Path(python).resolve()).startswith("/usr/bin/"):
        return False
    package = "python{}.{}-venv".format(*sys.version_info)
    say(f"Installing {package}, which Python needs to make an environment.")
    return _apt_install((package,), log)


def _missing() -> list[str]:
    return [name for name, files in LIBRARIES.items() if not any(map(_loads, files))]


def _loads(file: str) -> bool:
    folders = ("", "/opt/homebrew/lib/", "/usr/local/lib/") if sys.platform == "darwin" else ("",)
    for folder in folders:
        with suppress(OSError):
            ctypes.CDLL(folder + file)
            return True
    return False


def _is_debian_root() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _not_tried_lately() -> bool:
    """A machine that cannot have them, being offline for one, is not asked at every start."""
    tried = VAR / "libraries-tried"
    with suppress(FileNotFoundError):
        if time.time() - tried.stat().st_mtime < TRY_AGAIN_SECONDS:
            return False
    VAR.mkdir(parents=True, exist_ok=True)
    tried.touch()
    return True


def _apt_install(packages: tuple[str, ...], log: TextIO) -> bool:
    """Install by apt-get, refreshing its lists only when it does not know the packages."""
    patient = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=1"]
    install = ["apt-get", *patient, "install", "-y", "--no-install-recommends", *packages]
    update = ["apt-get", *patient, "update"]
    done = _runs(install, log) or (_runs(update, log) and _runs(install, log))
    if not done:
        warn(f"apt-get could not install {' '.join(packages)}: see {shown(Path(log.name))}.")
    return done


def _runs(command: list[str], log: TextIO) -> bool:
    log.write(f"\n$ {' '.join(command)}\n")
    log.flush()
    environment = plain_environment(DEBIAN_FRONTEND="noninteractive")
    try:
        done = subprocess.run(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=environment,
            check=False,
            timeout=APT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
