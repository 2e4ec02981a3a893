"""``scripts/stats``: the ten longest files and functions, to look at rather than to fail on."""

import ast
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.launcher.console import say
from scripts.launcher.places import ROOT


def run(arguments: Sequence[str]) -> int:
    """Prints both lists and the sums; migrations do not count. ``arguments``: how many to show."""
    shown = int(arguments[0]) if arguments else 10
    files = {path: (ROOT / path).read_text() for path in _tracked_python()}
    functions = [found for path, text in files.items() for found in _functions(path, text)]
    lengths = sorted(length for length, _ in functions)
    say(f"{len(files)} files, {sum(map(_lines, files.values()))} lines, {len(functions)} functions")
    if lengths:
        say(f"half of the functions have at most {lengths[len(lengths) // 2]} lines")
    say("\nlongest files")
    for length, path in sorted(((_lines(t), p) for p, t in files.items()), reverse=True)[:shown]:
        say(f"{length:6} {path}")
    say("\nlongest functions")
    for length, name in sorted(functions, reverse=True)[:shown]:
        say(f"{length:6} {name}")
    return 0


def _tracked_python() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [
        path
        for path in listed.stdout.splitlines()
        if "/migrations/" not in path and Path(ROOT, path).exists()
    ]


def _lines(text: str) -> int:
    return text.count("\n")


def _functions(path: str, text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{path} {node.name}"
