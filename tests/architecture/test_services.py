"""Every service has the same shape: keyword-only arguments, the actor first and never left out."""

import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import apps

# Steps of the services beside them, in files of their own; nothing outside calls them.
STEPS = {
    "apps.accounts.services.saving",
    "apps.accounts.services.sessions",
    "apps.access.services.import_store",
    "apps.access.services.interchange_incoming",
    "apps.access.services.interchange_store",
    "apps.access.services.reach",
    "apps.access.services.writing",
    "apps.findings.services.steps",
}
# What has no actor, and why.
WITHOUT_ACTOR = {
    "apps.access.services.analysis.carry_out": "the run names who asked for it",
    "apps.access.services.analysis.take_up_scans": "works off runs, each of which names who asked",
    "apps.access.services.imports.sweep_imports": "gives up what is old, as the system itself",
    "apps.access.services.imports.take_up_imports": "works off rows that name who asked",
    "apps.audit.services.take_turn": "waits for a lock, writes nothing",
}


def modules() -> Iterator[str]:
    """Every module of every app."""
    for app in pkgutil.iter_modules(apps.__path__, "apps."):
        package = importlib.import_module(app.name)
        yield from (
            module.name for module in pkgutil.walk_packages(package.__path__, f"{app.name}.")
        )


def services() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions of ``apps.<app>.services``, or of its modules where it is a package."""
    for name in modules():
        if name.split(".")[2] != "services" or name in STEPS:
            continue
        for label, value in vars(importlib.import_module(name)).items():
            function = inspect.unwrap(value) if callable(value) else None
            if label.startswith("_") or not isinstance(function, FunctionType):
                continue
            if function.__module__ == name:
                yield f"{name}.{label}", function


SERVICES = dict(services())
BY_NAME = pytest.mark.parametrize("name", sorted(SERVICES))


def test_services_are_found() -> None:
    assert {
        "apps.accounts.services.people.create_user",
        "apps.audit.services.record",
        "apps.vendors.services.create_vendor",
        "apps.access.services.inventory.create_environment",
    } <= set(SERVICES)
    assert set(WITHOUT_ACTOR) <= set(SERVICES)


@pytest.mark.parametrize("name", sorted(set(SERVICES) - set(WITHOUT_ACTOR)))
def test_a_service_is_called_by_keywords_with_the_actor_first(name: str) -> None:
    parameters = list(inspect.signature(SERVICES[name]).parameters.values())
    assert parameters, "a service without an actor"
    assert parameters[0].name == "actor"
    assert parameters[0].default is inspect.Parameter.empty, "the actor is never optional"
    by_keyword = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
    assert {parameter.kind for parameter in parameters} <= by_keyword


@BY_NAME
def test_a_service_says_what_it_does(name: str) -> None:
    assert SERVICES[name].__doc__


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_step_is_not_called_from_outside_its_package(step: str) -> None:
    package, _dot, label = step.rpartition(".")
    assert importlib.util.find_spec(step), "a step that is gone"
    for name in modules():
        if name.startswith(f"{package}.") or name == package:
            continue
        spec = importlib.util.find_spec(name)
        text = Path(str(spec and spec.origin)).read_text(encoding="utf-8")
        assert step not in text, name
        assert not re.search(rf"from {re.escape(package)} import .*\b{label}\b", text), name
