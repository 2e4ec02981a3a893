"""Background work is started after the commit, and a broker that is down breaks nothing."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from celery import Celery, current_app
from celery.exceptions import NotRegistered
from django.db import transaction
from django.urls import reverse
from kombu import Connection

import vendorrisk.celery
from apps.access.models import ScanRun
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.jobs import enqueue
from tests.conftest import ClientFor

pytestmark = pytest.mark.django_db(transaction=True)

WORK = "apps.access.tasks.facts_changed"  # any task will do
Messages = Callable[[], list[Any]]


@pytest.fixture
def app() -> Iterator[Celery]:
    """An application that sends its messages, unlike that of the other tests."""
    vendorrisk.celery.app.loader.import_default_modules()  # it alone knows where tasks are
    app = Celery("test", set_as_current=True)
    app.conf.update(task_publish_retry_policy={"max_retries": 0})
    yield app
    app.close()
    vendorrisk.celery.app.set_current()


@pytest.fixture
def sent(app: Celery, tmp_path: Path) -> Messages:
    """What has been sent since it was asked last, by a broker of files."""
    options = {"folder": str(tmp_path / "broker"), "polling_interval": 0.01}
    app.conf.update(broker_url="files://localhost/", broker_transport_options=options)

    def taken() -> list[Any]:
        messages: list[Any] = []
        with (
            Connection("files://localhost/", transport_options=options) as link,
            link.SimpleQueue("celery") as queue,
        ):
            while True:
                try:
                    message = queue.get(block=False)
                except Empty:
                    return messages
                message.ack()
                messages.append((message.headers["task"], message.payload[1], message.headers))

    return taken


@pytest.fixture(params=["nobody listens", "no folder"])
def _broker_is_down(request: pytest.FixtureRequest, app: Celery, tmp_path: Path) -> None:
    if request.param == "nobody listens":
        app.conf.update(broker_url="redis://127.0.0.1:1/0")
        return
    blocked = tmp_path / "broker"
    blocked.write_text("a file where the folder should be")
    app.conf.update(
        broker_url="files://localhost/", broker_transport_options={"folder": str(blocked)}
    )


def test_work_is_started_once_the_transaction_has_committed(sent: Messages) -> None:
    with transaction.atomic():
        enqueue(WORK, entry_number=7)
        with transaction.atomic():
            enqueue(WORK, countdown=60, entry_number=8)
        assert sent() == []
    first, second = sent()
    assert first[:2] == (WORK, {"entry_number": 7})
    assert second[:2] == (WORK, {"entry_number": 8})
    assert (first[2]["eta"], bool(second[2]["eta"])) == (None, True)


def test_work_is_started_at_once_outside_of_a_transaction(sent: Messages) -> None:
    enqueue(WORK, entry_number=7)
    assert len(sent()) == 1


def enqueue_and_fail(number: int) -> None:
    with transaction.atomic():
        enqueue(WORK, entry_number=number)
        raise ZeroDivisionError


def test_nothing_is_started_when_the_transaction_is_rolled_back(sent: Messages) -> None:
    with pytest.raises(ZeroDivisionError):
        enqueue_and_fail(1)
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError):
            enqueue_and_fail(2)
        enqueue(WORK, entry_number=3)
    assert [kwargs for _task, kwargs, _headers in sent()] == [{"entry_number": 3}]


def test_a_task_that_nobody_knows_is_a_mistake_that_shows(sent: Messages) -> None:
    with pytest.raises(NotRegistered):
        enqueue("tests.core.nothing")
    assert sent() == []


@pytest.mark.usefixtures("_broker_is_down")
def test_a_broker_that_is_down_makes_no_error_page_of_what_is_stored(
    bob: User, client_for: ClientFor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = client_for(bob).post(reverse("access:run-create"))
    assert response.status_code == 302
    assert ScanRun.objects.get().requested_by == bob
    assert AuditEntry.objects.filter(action="scan.requested").count() == 1
    told = "The broker did not take apps.access.tasks.take_up_scans"
    assert told in [record.getMessage() for record in caplog.records]


@pytest.mark.usefixtures("_broker_is_down")
def test_each_of_several_messages_is_tried_though_the_broker_is_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR), transaction.atomic():
        enqueue(WORK, entry_number=1)
        enqueue(WORK, entry_number=2)
    told = [record.getMessage() for record in caplog.records if record.name == "apps.core.jobs"]
    assert told == [f"The broker did not take {WORK}"] * 2


def test_the_application_of_the_tests_is_put_back() -> None:
    assert current_app.main == "vendorrisk"
