"""The page for whoever writes exporters: its example works, and it leaves nothing out."""

import json
import re
from pathlib import Path

import pytest

from apps.access.services.interchange import import_graph
from apps.accounts.models import User
from apps.engine.document import Reason
from apps.engine.document_table import LISTS, FactList
from apps.engine.document_types import KEY_PATTERN, Choice

PAGE = (Path(__file__).parents[2] / "docs" / "interchange.md").read_text()


def section(name: str) -> str:
    """What the page says about a list."""
    found = re.search(rf"^(#+) {name}\n(.*?)(?=^#{{2,4}} |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"The page does not describe {name}."
    return found.group(2)


@pytest.mark.django_db
def test_the_example_can_be_imported(bob: User) -> None:
    [example] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    report = import_graph(actor=bob, text=example)
    assert report.faults == ()
    expected = {name: len(rows) for name, rows in json.loads(example).items() if name != "format"}
    assert {name: each["added"] for name, each in report.counts.items()} == expected


@pytest.mark.parametrize("spec", LISTS, ids=lambda spec: spec.name)
def test_the_page_describes_every_field_and_its_values(spec: FactList) -> None:
    told = section(spec.name)
    common = {"name", "source"} if spec.is_relation else set()
    for field in spec.fields:
        if field.name not in common:
            assert f"`{field.name}`" in told, field.name
        values = field.type.members if isinstance(field.type, Choice) else {}
        if field.name != "source" and set(values) != {"yes", "no", "unknown"}:
            for value in values:
                assert f"`{value}`" in told, (field.name, value)


def test_the_page_explains_every_reason_and_how_keys_look() -> None:
    refused = section("What is refused")
    for reason in Reason:
        assert f"`{reason}`" in refused
    assert KEY_PATTERN in PAGE
