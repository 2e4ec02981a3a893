"""Names that are only text: permissions and tasks exist, and are used."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings

from apps.accounts.roles import Perm
from apps.audit.subscriptions import all_subscriptions

# The two that pass on a name they were given.
FORWARDING = {"apps/core/jobs.py", "apps/audit/services.py", "apps/audit/subscriptions.py"}


@cache
def sources() -> dict[str, ast.Module]:
    """Every file of the application by its name."""
    return {
        str(path.relative_to(settings.BASE_DIR)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((settings.BASE_DIR / "apps").rglob("*.py"))
    }


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def task_argument(call: ast.Call) -> ast.expr | None:
    """The task's name in ``enqueue("name", ...)`` or ``subscribe(action, task="name")``."""
    if called(call) == "enqueue":
        return call.args[0] if call.args else None
    return next((keyword.value for keyword in call.keywords if keyword.arg == "task"), None)


def text_of(node: ast.expr | None, tree: ast.Module) -> str | None:
    """The text that ``node`` is, or that the constant of this module holds."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == node.id
                for target in statement.targets
            ):
                return text_of(statement.value, tree)
    return None


def named_tasks() -> Iterator[tuple[str, str | None]]:
    """Every place that names a task, with the name; none where it cannot be read."""
    for name, tree in sources().items():
        for call in ast.walk(tree):
            if (
                isinstance(call, ast.Call)
                and called(call) in {"enqueue", "subscribe"}
                and name not in FORWARDING
            ):
                yield f"{name}:{call.lineno}", text_of(task_argument(call), tree)
    for action, task in all_subscriptions():
        yield f"subscribed to {action}", task
    for title, entry in settings.CELERY_BEAT_SCHEDULE.items():
        yield f"schedule: {title}", str(entry["task"])


def test_every_task_that_is_named_exists() -> None:
    current_app.loader.import_default_modules()
    missing = {place: task for place, task in named_tasks() if task not in current_app.tasks}
    assert not missing


def test_a_task_name_is_written_as_text() -> None:
    tree = ast.parse('TASK = "a.b"\nenqueue(TASK)\nsubscribe("x.y", task="c.d")\nenqueue(f())')
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [text_of(task_argument(call), tree) for call in calls if called(call) != "f"]
    assert found == ["a.b", "c.d", None]


def test_every_permission_is_asked_for_somewhere() -> None:
    used = {
        node.attr
        for name, tree in sources().items()
        if name != "apps/accounts/roles.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Perm"
    }
    assert {perm.name for perm in Perm} <= used


@pytest.mark.parametrize("perm", Perm)
def test_every_permission_belongs_to_an_app(perm: Perm) -> None:
    assert apps.is_installed(f"apps.{perm.value.partition('.')[0]}")


def test_every_app_has_its_migrations_named() -> None:
    folders = (settings.BASE_DIR / "apps").glob("*/migrations/0*.py")
    auto = [path.name for path in folders if "_auto_" in Path(path).name]
    assert not auto
