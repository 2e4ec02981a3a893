"""Starts background work by task name, so that a service need not import its own tasks."""

import logging
from functools import cache, partial
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue(task: str, *, countdown: float = 0, **kwargs: Any) -> None:
    """Run ``task`` (dotted name) with ``kwargs`` once the current transaction has committed.

    The message may be lost or come twice: work that matters is a row first, and its task is written
    so that a second run changes nothing.
    """
    transaction.on_commit(partial(_send, task, countdown, kwargs))


@cache
def _know_all_tasks() -> None:
    """Once a process: Celery runs all of Django's checks with it."""
    current_app.loader.import_default_modules()


def _send(task: str, countdown: float, kwargs: dict[str, Any]) -> None:
    # Looked up rather than send_task: Celery ignores eager mode for the latter.
    _know_all_tasks()
    try:
        current_app.tasks[task].apply_async(kwargs=kwargs, countdown=countdown)
    except (OperationalError, OSError):  # the latter from the broker of files
        # What was asked for is committed; the periodic sweep finds it when the broker is back.
        logger.exception("The broker did not take %s", task)
