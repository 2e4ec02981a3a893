"""``scripts/lock``: from requirements*.in to requirements*.txt, and whether the two still agree.

requirements.txt is what runs; requirements-dev.txt is what tests and checks need on top. Each pin
carries its hashes and holds for every supported Python and platform ("universal").
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.launcher.console import say
from scripts.launcher.places import ROOT, plain_environment

PAIRS = (("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt"))
OLDEST_PYTHON = "3.11"
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)([^\\]*)")


def lock(arguments: Sequence[str]) -> int:
    """Compile both files with uv; ``--upgrade`` or ``--upgrade-package NAME`` takes newer ones."""
    for source, target in PAIRS:
        command = [sys.executable, "-m", "uv", "pip", "compile", source, "--output-file", target]
        command += ["--universal", "--generate-hashes", "--python-version", OLDEST_PYTHON]
        command += ["--custom-compile-command", "scripts/lock", "--quiet", "--no-emit-index-url"]
        done = subprocess.run(
            [*command, *arguments], cwd=ROOT, env=plain_environment(), check=False
        )
        if done.returncode:
            return done.returncode
        say(f"{target} is up to date with {source}.")
    return 0


def disagreements(root: Path = ROOT) -> list[str]:
    """What a .in file asks for and its .txt does not give, as sentences; without any network."""
    return [line for source, target in PAIRS for line in _between(root / source, root / target)]


def _between(source: Path, target: Path) -> list[str]:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    wanted = {
        canonicalize_name(requirement.name): requirement
        for requirement in map(Requirement, _requirement_lines(source))
    }
    pins, direct = _pins(target, source.name)
    found = [
        f"{source.name} asks for {requirement}, and {target.name} pins {pin}. Run scripts/lock."
        for name, requirement in wanted.items()
        for pin in pins.get(name) or ["no version"]
        if pin == "no version" or not requirement.specifier.contains(pin)
    ]
    found += [
        f"{target.name} pins {name} for {source.name}, which does not ask for it. Run scripts/lock."
        for name in sorted(direct - wanted.keys())
    ]
    return found


def _requirement_lines(source: Path) -> list[str]:
    lines = (line.split("#")[0].strip() for line in source.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def _pins(target: Path, source_name: str) -> tuple[dict[str, list[str]], set[str]]:
    """Versions by package, and the packages that are there because the .in file names them."""
    from packaging.utils import canonicalize_name

    versions: dict[str, list[str]] = {}
    direct: set[str] = set()
    name = ""
    for line in target.read_text().splitlines():
        if pin := PIN.match(line):
            name = canonicalize_name(pin[1])
            versions.setdefault(name, []).append(pin[2])
        elif f"-r {source_name}" in line:
            direct.add(name)
    return versions, direct
