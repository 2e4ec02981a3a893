"""Workers that are killed while they import: real processes, and the rows they leave behind."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from pytest_django.fixtures import Settings

from apps.access.models import ImportFault, ImportRun, ImportState
from apps.access.services.imports import (
    apply_import,
    sweep_imports,
    take_up_imports,
    upload_document,
)
from apps.accounts import policy
from apps.audit.models import AuditEntry
from apps.vendors.models import Vendor
from tests.access.scanning import until

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]
GOOD = {"vendors": [{"key": "acme", "kind": "partner"}]}
BAD = {"vendors": [{"key": "acme", "kind": "nonsense"}]}
POINTS = {
    "read": ("apps.access.services.interchange", "read_document"),
    "faults": ("apps.access.services.imports", "store_faults"),
    "stored": ("apps.access.services.interchange", "store_changes"),
    "logged": ("apps.audit.services", "record"),
    "committed": ("apps.access.services.imports", "_drop_file"),
}
CHILD = """
import importlib, os, signal, sys
import django
django.setup()
from django.conf import settings
from django.db import connection
from pathlib import Path
connection.settings_dict["NAME"] = sys.argv[1]
settings.MEDIA_ROOT = Path(sys.argv[2])
from apps.access.services.imports import take_up_imports
holder = importlib.import_module(sys.argv[3])
done = getattr(holder, sys.argv[4])
def stopping(*args, **kwargs):
    result = done(*args, **kwargs) if sys.argv[4] != "_drop_file" else None
    print("is there", flush=True)
    signal.pause()
    return result
setattr(holder, sys.argv[4], stopping)
signal.alarm(120)
take_up_imports()
print("came to the end", flush=True)
"""


@pytest.fixture(autouse=True)
def _no_tasks(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """What wakes after a commit is not the matter here, and files are kept apart."""
    monkeypatch.setattr("apps.core.jobs._send", lambda *_call: None)
    settings.MEDIA_ROOT = tmp_path


def kill_at(point: str, folder: Path) -> None:
    """Have a worker take up imports, and kill it where it stands."""
    module, name = POINTS[point]
    command = [sys.executable, "-c", CHILD, connection.settings_dict["NAME"], str(folder)]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "vendorrisk.settings_test"}
    with Popen(
        [*command, module, name], cwd=ROOT, stdout=PIPE, text=True, env=environment
    ) as child:
        assert child.stdout
        assert child.stdout.readline().strip() == "is there", point
        os.kill(child.pid, signal.SIGKILL)


def uploaded(lists: Mapping[str, object]) -> ImportRun:
    data = json.dumps({"format": "vendorrisk.access-graph/1", **lists}).encode()
    actor = policy.system_actor()
    return upload_document(actor=actor, file=ContentFile(data), name="graph.json")


def finish() -> None:
    """What the next worker does, as soon as the lock of the killed one is gone."""
    until(take_up_imports)


@pytest.mark.parametrize("point", ["read", "faults"])
def test_a_check_that_was_killed_is_made_again(point: str, tmp_path: Path) -> None:
    run = uploaded(BAD)
    kill_at(point, tmp_path)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (ImportState.CHECKING, 1)
    assert run.percent > 0
    assert not ImportFault.objects.exists()
    finish()
    run.refresh_from_db()
    assert (run.state, run.faults_count) == (ImportState.REFUSED, 1)
    assert ImportFault.objects.count() == 1


@pytest.mark.parametrize("point", ["stored", "logged"])
def test_an_import_that_was_killed_changed_nothing_and_is_applied_by_the_next_worker(
    point: str, tmp_path: Path
) -> None:
    run = uploaded(GOOD)
    take_up_imports()
    run.refresh_from_db()
    apply_import(actor=policy.system_actor(), run=run, plan_digest=run.plan_digest)
    entries = AuditEntry.objects.count()
    kill_at(point, tmp_path)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (ImportState.APPLYING, 1)
    assert (run.step, run.percent) == ("Checking references", 96)  # told while nothing was stored
    assert not Vendor.objects.exists()
    assert AuditEntry.objects.count() == entries
    finish()
    run.refresh_from_db()
    assert run.state == ImportState.APPLIED
    assert Vendor.objects.get().key == "acme"
    assert AuditEntry.objects.filter(action="access_graph.imported").count() == 1


def test_a_worker_that_was_killed_right_after_the_import_leaves_a_file_for_the_sweep(
    tmp_path: Path,
) -> None:
    run = uploaded(GOOD)
    take_up_imports()
    run.refresh_from_db()
    apply_import(actor=policy.system_actor(), run=run, plan_digest=run.plan_digest)
    kill_at("committed", tmp_path)
    run.refresh_from_db()
    assert run.state == ImportState.APPLIED
    assert run.file
    assert take_up_imports() == 0
    sweep_imports()
    run.refresh_from_db()
    assert not run.file
    assert not list((tmp_path / "imports").iterdir())
