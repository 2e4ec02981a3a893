"""``scripts/check`` and ``scripts/fix``: what a change must pass besides the tests."""

import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from scripts.launcher import leaks, pins
from scripts.launcher.console import say
from scripts.launcher.places import ROOT, plain_environment

PYTHON = sys.executable
TEST_SETTINGS = "vendorrisk.settings_test"


# Pages that a program writes; scripts/fix writes them anew.
GENERATED = {
    "docs/access-graph.schema.json": [PYTHON, "-m", "apps.engine.document_schema"],
    "docs/permissions.md": [PYTHON, "manage.py", "document_permissions"],
}


class Check(NamedTuple):
    """A program, or a function that lists what is wrong."""

    name: str
    run: Sequence[str] | Callable[[], list[str]]
    quick: bool = False
    production: bool = False


def _outdated_pages() -> list[str]:
    return [
        f"{page} is not what {' '.join(command[1:])} prints. Run scripts/fix."
        for page, command in GENERATED.items()
        if (ROOT / page).read_text() != _printed(command)
    ]


def _printed(command: Sequence[str]) -> str:
    environment = plain_environment(DJANGO_SETTINGS_MODULE=TEST_SETTINGS)
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


CHECKS = (
    Check("format", [PYTHON, "-m", "ruff", "format", "--check"], quick=True),
    Check("lint", [PYTHON, "-m", "ruff", "check"], quick=True),
    Check(
        "layers",
        [PYTHON, "-c", "from importlinter.cli import lint_imports_command as main; main()"],
        quick=True,
    ),
    Check("secrets in tracked files", leaks.find, quick=True),
    Check("lock files", pins.disagreements, quick=True),
    Check("types", [PYTHON, "-m", "mypy"]),
    Check("generated pages", _outdated_pages),
    Check("templates", [PYTHON, "-m", "djlint", "templates", "--lint", "--quiet"]),
    Check("migrations", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"]),
    Check(
        "production settings",
        [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        production=True,
    ),
)


def check(arguments: Sequence[str]) -> int:
    """Runs all, shows what the failing ones said; 1 when any failed."""
    quick = "--quick" in arguments
    failed = [c.name for c in CHECKS if (c.quick or not quick) and not _passes(c)]
    if failed:
        say(f"\nFailed: {', '.join(failed)}. scripts/fix repairs format and lint.")
        return 1
    say("\nAll checks passed.")
    return 0


def _passes(check: Check) -> bool:
    started = time.monotonic()
    if callable(check.run):
        output = "\n".join(check.run())
        passed = not output
    else:
        done = subprocess.run(
            check.run,
            cwd=ROOT,
            env=_environment(check),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        passed, output = done.returncode == 0, done.stdout
    say(f"{'ok    ' if passed else 'FAILED'} {check.name} ({time.monotonic() - started:.1f} s)")
    if not passed:
        say("\n".join(f"       {line}" for line in output.rstrip().splitlines()))
    return passed


def _environment(check: Check) -> dict[str, str]:
    if not check.production:
        return plain_environment(DJANGO_SETTINGS_MODULE=TEST_SETTINGS)
    plain = {k: v for k, v in plain_environment().items() if k not in {"DEBUG", "HTTPS_ONLY"}}
    return plain | {
        "DJANGO_SETTINGS_MODULE": "vendorrisk.settings",
        "VENDORRISK_PRODUCTION": "true",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": "postgresql://127.0.0.1/never-connected-to",
        "CELERY_BROKER_URL": "redis://127.0.0.1/0",
        "ALLOWED_HOSTS": "vendorrisk.example",
    }


def fix(arguments: Sequence[str]) -> int:
    """Sorts and formats the given paths, or all, and writes the generated pages anew.

    What is left over is shown by ruff.
    """
    left = subprocess.run(
        [PYTHON, "-m", "ruff", "check", "--fix", *arguments], cwd=ROOT, check=False
    )
    subprocess.run([PYTHON, "-m", "ruff", "format", *arguments], cwd=ROOT, check=False)
    for page, command in GENERATED.items():
        (ROOT / page).write_text(_printed(command))
    return left.returncode
