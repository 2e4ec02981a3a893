"""Every service has the same shape: keyword-only arguments, the actor first and never left out."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest

import apps


def service_modules() -> Iterator[str]:
    """``apps.<app>.services`` and everything inside, where it is a package."""
    for app in pkgutil.iter_modules(apps.__path__, "apps."):
        package = importlib.import_module(app.name)
        for module in pkgutil.walk_packages(package.__path__, f"{app.name}."):
            if module.name.split(".")[2].startswith("services"):
                yield module.name


def services() -> Iterator[Callable[..., Any]]:
    for name in service_modules():
        module = importlib.import_module(name)
        for label, value in vars(module).items():
            function = inspect.unwrap(value) if callable(value) else None
            if not isinstance(function, FunctionType) or label.startswith("_"):
                continue
            if function.__module__ == name:
                yield function


SERVICES = sorted(services(), key=lambda service: f"{service.__module__}.{service.__qualname__}")


def test_services_are_found() -> None:
    names = {f"{service.__module__}.{service.__qualname__}" for service in SERVICES}
    assert {
        "apps.accounts.services.create_user",
        "apps.audit.services.record",
        "apps.vendors.services.create_vendor",
        "apps.access.services.inventory.create_environment",
    } <= names


@pytest.mark.parametrize(
    "service", SERVICES, ids=lambda service: f"{service.__module__}.{service.__qualname__}"
)
def test_a_service_is_called_by_keywords_with_the_actor_first(
    service: Callable[..., Any],
) -> None:
    parameters = list(inspect.signature(service).parameters.values())
    assert parameters, "a service without an actor"
    assert parameters[0].name == "actor"
    assert parameters[0].default is inspect.Parameter.empty, "the actor is never optional"
    by_keyword = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
    assert {parameter.kind for parameter in parameters} <= by_keyword


@pytest.mark.parametrize(
    "service", SERVICES, ids=lambda service: f"{service.__module__}.{service.__qualname__}"
)
def test_a_service_says_what_it_does(service: Callable[..., Any]) -> None:
    assert service.__doc__
