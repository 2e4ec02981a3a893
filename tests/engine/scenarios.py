"""The scenarios with exact expected answers, as far as they are at hand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from apps.engine.document import read_document
from apps.engine.document_types import Time
from apps.engine.merge import validate_alone
from apps.engine.values import Graph

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "fixtures" / "scenarios", ROOT.parent / "shared" / "scenarios")


class Scenario(NamedTuple):
    path: Path
    expected: dict[str, Any]

    @property
    def graph(self) -> Graph:
        return validate_alone(read_document(self.path.read_bytes()), now=self.now)

    @property
    def now(self) -> Any:
        return Time().read(self.expected["now"])


def scenarios() -> Iterator[Scenario]:
    """Every scenario: the project's own, and those laid beside the project."""
    for folder in FOLDERS:
        for expected in sorted(folder.glob("*.expected.json")):
            path = expected.with_name(expected.name.replace(".expected", ""))
            yield Scenario(path, json.loads(expected.read_text()))
