"""``load_demo`` where it may not load, or cannot: it says why, and leaves nothing behind."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.access.models import ImportRun
from apps.access.selectors.graph_rows import stored_graph
from apps.accounts.models import User
from apps.engine.document import read_document
from apps.engine.merge import validate_alone
from tests.factories.vendors import VendorFactory

pytestmark = pytest.mark.django_db


def load(*arguments: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("load_demo", *arguments, stdout=out)
    return out.getvalue()


def test_it_is_refused_where_there_are_other_facts(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    VendorFactory.create(key="corvid")
    with pytest.raises(CommandError, match="has facts already"):
        load()
    assert not ImportRun.objects.exists()
    assert list(tmp_path.iterdir()) == []


def test_it_is_refused_in_production(settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production installation"):
        load()


def test_nothing_is_loaded_when_the_file_cannot_be_written(
    settings: Settings, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path / "file"
    settings.VAR_DIR.write_text("in the way")
    with pytest.raises(CommandError, match="nothing was loaded"):
        load()
    assert not User.objects.filter(is_system=False).exists()
    assert stored_graph().vendors == ()


def test_the_document_alone_can_be_printed_and_read_back() -> None:
    graph = validate_alone(read_document(load("--document")), now=timezone.now())
    assert len(graph.vendors) == 40
    assert not ImportRun.objects.exists()
