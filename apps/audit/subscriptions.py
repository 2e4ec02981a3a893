"""Who is woken by which action: apps higher up subscribe a Celery task in their ``ready()``."""

_TASKS: dict[str, list[str]] = {}


def subscribe(action: str, *, task: str) -> None:
    """Run ``task`` (dotted name) with ``entry_number=`` after an ``action`` has been committed.

    The message may be lost or come twice: the task reads the log from where it stopped last.
    """
    tasks = _TASKS.setdefault(action, [])
    if task not in tasks:
        tasks.append(task)


def subscribers(action: str) -> tuple[str, ...]:
    """The tasks to wake after ``action``, in the order they subscribed."""
    return tuple(_TASKS.get(action, ()))


def all_subscriptions() -> list[tuple[str, str]]:
    """Every (action, task)."""
    return [(action, task) for action, tasks in _TASKS.items() for task in tasks]
