"""The virtual environment: made once, brought up to date when a lock file changes.

A note inside it says from which lock files it was made. While it is being changed a mark lies
beside it: an environment with a mark was left half made, and is made anew.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from scripts.launcher import libraries
from scripts.launcher.console import Counter, LauncherError, say
from scripts.launcher.locks import locked
from scripts.launcher.places import LOGS, ROOT, VENV, VENV_PYTHON, plain_environment, shown

NOTE = VENV / "vendorrisk.json"
MARK = ROOT / ".venv.unfinished"
LOCK_FILES = {"run": ROOT / "requirements.txt", "dev": ROOT / "requirements-dev.txt"}


def prepare(*, dev: bool) -> None:
    """Have an environment with what the lock files say; ``dev`` adds what tests and checks need.

    Raises LauncherError when it cannot be had.
    """
    wanted = {name: _digest(path) for name, path in LOCK_FILES.items() if dev or name == "run"}
    if _is_ready(wanted):
        return
    waiting = "Another set-up is under way in this folder; waiting for it."
    with locked(ROOT / ".venv.lock", waiting=waiting):
        if not _is_ready(wanted):
            _bring_up_to_date(wanted)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_ready(wanted: dict[str, str]) -> bool:
    note = _note()
    return (
        not MARK.exists()
        and all(note.get(name) == digest for name, digest in wanted.items())
        and note.get("python") == _version_of(VENV_PYTHON)
    )


def _note() -> dict[str, str]:
    try:
        note = json.loads(NOTE.read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _version_of(python: Path) -> str | None:
    """ "3.11" or so; none when it does not run."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        asked = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None


def _bring_up_to_date(wanted: dict[str, str]) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "setup.log").open("w") as log:
        if not _is_usable():
            _make(log)
        MARK.touch()
        keep = _note()
        _install([LOCK_FILES[name] for name in wanted], log)
        fresh = keep | wanted | {"python": str(_version_of(VENV_PYTHON))}
        if "dev" not in wanted and keep.get("run") != wanted["run"]:
            fresh.pop("dev", None)  # its pins follow those of run
        NOTE.write_text(json.dumps(fresh))
        MARK.unlink()


def _is_usable() -> bool:
    """Whether what is there can be built upon: finished once, and its Python fits and has pip."""
    if MARK.exists():
        return False
    pip = [
        str(VENV_PYTHON),
        "-c",
        "import pip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))",
    ]
    try:
        return subprocess.run(pip, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _make(log: TextIO) -> None:
    if VENV.is_symlink() or (VENV.exists() and not VENV.is_dir()):
        raise LauncherError(f"{VENV} is not a folder; move it away.")
    if VENV.exists():
        say("Making the half-made Python environment in .venv anew.")
        shutil.rmtree(VENV)
    else:
        say(f"Making a Python environment in .venv, with Python {sys.version.split()[0]}.")
    MARK.touch()
    base: str = getattr(sys, "_base_executable", "") or sys.executable
    if not (_made_by_venv(base, log) or _made_by_other_pip(base, log)):
        major_minor = "{}.{}".format(*sys.version_info)
        raise LauncherError(
            f"{base} cannot make a virtual environment: its venv or ensurepip module is missing.\n"
            f"Debian, Ubuntu: apt-get install python{major_minor}-venv. Then start again.\n"
            f"What was tried: {shown(LOGS / 'setup.log')}"
        )


def _made_by_venv(base: str, log: TextIO) -> bool:
    make = [base, "-m", "venv", "--clear", str(VENV)]
    return _runs(make, log) or (libraries.install_venv_module(base, log) and _runs(make, log))


def _made_by_other_pip(base: str, log: TextIO) -> bool:
    """For a Python without ensurepip that has a pip of its own: that one installs the new one."""
    return (
        _runs([base, "-m", "pip", "--version"], log)
        and _runs([base, "-m", "venv", "--clear", "--without-pip", str(VENV)], log)
        and _runs([base, "-m", "pip", "--python", str(VENV_PYTHON), "install", "pip"], log)
    )


def _runs(command: Sequence[str], log: TextIO) -> bool:
    log.write(f"\n$ {' '.join(command)}\n")
    log.flush()
    done = subprocess.run(
        command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=_pip_env(), check=False
    )
    return done.returncode == 0


def _pip_env() -> dict[str, str]:
    return plain_environment(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")


def _install(lock_files: Sequence[Path], log: TextIO) -> None:
    """Install exactly what the lock files name: hashes checked, wheels only, nothing built."""
    total = len(_packages(lock_files))
    say(f"Installing {total} packages, each checked against its hash; about a minute once.")
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps"]
    command += ["--only-binary", ":all:", "--no-compile", "--progress-bar", "off"]
    for path in lock_files:
        command += ["-r", str(path)]
    log.write(f"\n$ {' '.join(command)}\n")
    counter = Counter("Packages", total)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env=_pip_env(),
        cwd=ROOT,
    ) as pip:
        try:
            for line in pip.stdout or ():
                log.write(line)
                if line.startswith(("Collecting ", "Requirement already")):
                    counter.add()
        except BaseException:
            pip.kill()
            raise
        finally:
            counter.close()
    if pip.returncode:
        log.flush()
        end = (LOGS / "setup.log").read_text().strip().splitlines()[-8:]
        raise LauncherError(
            "The packages could not be installed. pip said:\n  "
            + "\n  ".join(end)
            + f"\nThe whole of it: {shown(LOGS / 'setup.log')}. Start again to try again."
        )


def _packages(lock_files: Sequence[Path]) -> set[str]:
    pin = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", re.MULTILINE)
    return {name for path in lock_files for name in pin.findall(path.read_text())}


def enter(*arguments: str) -> None:
    """Go on as the same process under the environment's own Python; does not return."""
    main = str(Path(__file__).with_name("__main__.py"))
    os.execve(  # noqa: S606 - our own Python, by full path
        VENV_PYTHON, [str(VENV_PYTHON), main, "--inside", *arguments], plain_environment()
    )
