"""``load_demo``: once, into an empty database, with people whose passwords only a file knows."""

import io
import json
import logging
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from apps.access.demo.portfolio import document, steps
from apps.access.models import ImportRun, ReachChange, ScanRun
from apps.access.models.runs import RunReason, RunState
from apps.access.selectors.graph_rows import stored_graph
from apps.access.services import analysis
from apps.access.services.demo import PEOPLE, Person
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.engine.document import graph_to_document, read_document
from apps.engine.merge import validate_alone
from apps.vendors.selectors import vendors_visible_to


class Loaded(NamedTuple):
    """What loading printed, logged and wrote, and between which moments it ran."""

    out: str
    log: str
    file: Path
    began: datetime
    ended: datetime

    @property
    def passwords(self) -> dict[str, str]:
        """By address, from the file."""
        rows = [line.split() for line in self.file.read_text().splitlines()[1:]]
        return {row[0]: row[1] for row in rows}


@pytest.fixture(scope="module")
def loaded(
    django_db_setup: None,  # noqa: ARG001 - asked for so that there is a database
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Loaded]:
    """The demo, loaded once for the tests of this file and taken back after them."""
    folder = tmp_path_factory.mktemp("var") / "not-there-yet"
    out, log = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        transaction.atomic(),
    ):
        patch.setattr(settings, "VAR_DIR", folder)
        began = timezone.now()
        call_command("load_demo", stdout=out)
        logging.getLogger().removeHandler(handler)
        file = folder / "demo-users.txt"
        yield Loaded(out.getvalue(), log.getvalue(), file, began, timezone.now())
        transaction.set_rollback(True)


def again() -> str:
    out = io.StringIO()
    call_command("load_demo", stdout=out)
    return out.getvalue()


# --- what is loaded ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_database_holds_the_portfolio(loaded: Loaded) -> None:
    held = graph_to_document(stored_graph())
    moments = (loaded.began, loaded.ended)
    promised = [
        graph_to_document(
            validate_alone(read_document(json.dumps(document(now=now))), now=loaded.ended)
        )
        for now in moments
    ]
    for name in ("vendors", "environments", "identities", "models", "holds", "enters", "connects"):
        assert held[name] in [each[name] for each in promised], name
    assert len(held["credentials"]) == len(promised[0]["credentials"])


@pytest.mark.django_db
def test_past_steps_were_scanned_as_of_then_in_order(loaded: Loaded) -> None:
    runs = list(ScanRun.objects.filter(state=RunState.FINISHED).order_by("id"))
    ago = [round((loaded.began - run.now).total_seconds() / 86400) for run in runs if run.now]
    assert ago == [step.days_ago for step in steps()[:-1]]
    assert [(run.counts or {})["unsegregated"] for run in runs] == [
        *(2, 1, 1, 2, 3, 1, 2, 2, 4, 6, 7, 7)
    ]
    assert [(run.drift or {})["against"] for run in runs] == [None, *(run.pk for run in runs[:-1])]


@pytest.mark.django_db
def test_every_step_is_an_import_in_the_log(loaded: Loaded) -> None:  # noqa: ARG001 - loads it
    assert [run.name for run in ImportRun.objects.order_by("id")] == [
        f"Demo: {step.title}" for step in steps()
    ]
    imported = AuditEntry.objects.filter(action="access_graph.imported")
    assert imported.count() == len(steps())
    out = io.StringIO()
    call_command("verify_audit_log", stdout=out)
    assert "holds together" in out.getvalue()


@pytest.mark.django_db
def test_the_worker_makes_the_scan_of_today_and_it_shows_the_back_door(
    loaded: Loaded,  # noqa: ARG001 - loads it
) -> None:
    (queued,) = ScanRun.objects.filter(state=RunState.QUEUED)
    assert queued.reason == RunReason.FACTS_CHANGED
    assert queued.pk == ScanRun.objects.order_by("-id")[0].pk, "the latest scan is that of today"
    assert analysis.take_up_scans() == 1
    queued.refresh_from_db()
    counts = queued.counts or {}
    assert (counts["unsegregated"], counts["undetermined"], counts["segregated"]) == (8, 5, 24)
    (change,) = ReachChange.objects.filter(run=queued)
    assert (change.environment, change.deployment) == ("bm-laptops", "corrie-eval")
    assert (change.before, change.after) == ("none", "usable")


# --- who may look --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_there_is_somebody_for_every_role_that_has_pages(loaded: Loaded) -> None:
    people = User.objects.filter(is_system=False)
    assert {role for user in people for role in user.roles} == {
        *(Role.ANALYST, Role.REVIEWER, Role.MANAGER, Role.CUSTODIAN),
        *(Role.REQUESTER, Role.AUDITOR, Role.ADMINISTRATOR),
    }
    assert set(loaded.passwords) == {user.email for user in people}
    assert len(set(loaded.passwords.values())) == len(PEOPLE)


@pytest.mark.django_db
@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
def test_everybody_can_sign_in_with_the_password_in_the_file(
    loaded: Loaded, person: Person
) -> None:
    client = Client()
    assert client.login(username=person.email, password=loaded.passwords[person.email])
    assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_one_analyst_sees_two_vendors_alone(loaded: Loaded) -> None:  # noqa: ARG001 - loads it
    linh = User.objects.get(email="linh.tran@tarn-labs.example")
    assert {vendor.key for vendor in vendors_visible_to(linh)} == {"halden-mutual", "brackmere"}
    assert vendors_visible_to(User.objects.get(name="Maya Okafor")).count() == 40


@pytest.mark.django_db
def test_the_custodian_who_signs_in_is_the_one_in_the_facts(
    loaded: Loaded,  # noqa: ARG001 - loads it
) -> None:
    custodians = {model.custodian for model in stored_graph().models}
    names = {i.name for i in stored_graph().identities if i.key in custodians}
    assert User.objects.get(roles=[Role.CUSTODIAN]).name in names


@pytest.mark.django_db
def test_passwords_are_in_a_file_of_their_own_and_nowhere_else(loaded: Loaded) -> None:
    assert stat.S_IMODE(loaded.file.stat().st_mode) == 0o600
    assert [path.name for path in loaded.file.parent.iterdir()] == ["demo-users.txt"]
    assert str(loaded.file) in loaded.out
    entries = json.dumps(list(AuditEntry.objects.values_list("data", flat=True)))
    for password in loaded.passwords.values():
        assert password not in loaded.out + loaded.log + entries


# --- once ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_second_run_says_so_and_changes_nothing(loaded: Loaded) -> None:
    before = (loaded.file.read_text(), AuditEntry.objects.count(), ScanRun.objects.count())
    assert again() == "The demo portfolio is loaded already: nothing to do.\n"
    after = (loaded.file.read_text(), AuditEntry.objects.count(), ScanRun.objects.count())
    assert before == after
