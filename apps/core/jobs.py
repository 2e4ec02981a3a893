"""Starts background work by task name, so that a service need not import its own tasks."""

from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction


def enqueue(task: str, *, countdown: float = 0, **kwargs: Any) -> None:
    """Run ``task`` (dotted name) with ``kwargs`` once the current transaction has committed.

    The message may be lost or come twice: work that matters is a row first, and its task is written
    so that a second run changes nothing.
    """
    transaction.on_commit(partial(_send, task, countdown, kwargs))


def _send(task: str, countdown: float, kwargs: dict[str, Any]) -> None:
    # Looked up rather than send_task: Celery ignores eager mode for the latter.
    current_app.loader.import_default_modules()
    current_app.tasks[task].apply_async(kwargs=kwargs, countdown=countdown)
