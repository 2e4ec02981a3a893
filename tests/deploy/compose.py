"""docker-compose.yml and the Dockerfile, read for the tests."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
OURS = ("migrate", "web", "worker", "beat")
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\}")


def compose() -> dict[str, Any]:
    """The file as YAML: anchors resolved, variables not."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return document


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"][name]
    return found


def filled_in(text: str, variables: dict[str, str]) -> str:
    """The text with its variables, or their defaults; a needed one that is missing is an error."""

    def value(match: re.Match[str]) -> str:
        if match["name"] in variables:
            return variables[match["name"]]
        if match["kind"] == "-":
            return match["rest"]
        raise KeyError(f"{match['name']}: {match['rest']}")

    return VARIABLE.sub(value, text)


def dockerfile() -> list[str]:
    """The Dockerfile's instructions, continued lines joined, without comments."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
