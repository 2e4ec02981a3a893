"""Every URL and who may open it. A new URL needs a line in ``ROUTES``, or a test fails.

People are those of ``tests/conftest.py``. Whoever may not open a page is refused with 403 or 404;
a page that opens for everybody and shows each what is theirs is ``opens_for=EVERYBODY``. Whatever
opens, the names of the scene (all "Quill") are shown to ``shows_to`` at most.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from apps.access.models import AIModel, Deployment, Environment, ScanRun
from apps.vendors.models import Vendor
from tests.factories.access import (
    AIModelFactory,
    DeploymentFactory,
    EnvironmentFactory,
    ScanRunFactory,
)
from tests.factories.vendors import VendorFactory

SECRET = "Quill"


class Scene(NamedTuple):
    """One of everything, of a vendor that only those with all vendors see."""

    vendor: Vendor
    environment: Environment
    model: AIModel
    deployment: Deployment
    run: ScanRun


def scene() -> Scene:
    """Save one of everything, each named after SECRET."""
    vendor = VendorFactory.create(key="quill", name="Quill Partners")
    environment = EnvironmentFactory.create(key="quill-lab", name="Quill laboratory", vendor=vendor)
    model = AIModelFactory.create(key="quill-model", name="Quill model")
    deployment = DeploymentFactory.create(
        key="quill-endpoint", name="Quill endpoint", model=model, environment=environment
    )
    return Scene(vendor, environment, model, deployment, ScanRunFactory.create())


ALL = frozenset(
    {"alice", "anna", "bob", "charlie", "cora", "ida", "mona", "otto", "rita", "rosa", "vera"}
)
STRANGER = frozenset({"stranger"})
EVERYBODY = ALL  # everybody who is signed in
READERS = frozenset({"alice", "bob", "cora", "mona", "otto", "rita"})
NOBODY: frozenset[str] = frozenset()


class Route(NamedTuple):
    """A URL by name, how it is asked for, and by whom it may be."""

    name: str
    opens_for: frozenset[str]
    shows_to: frozenset[str] = NOBODY
    method: str = "GET"
    about: Callable[[Scene], dict[str, Any]] = lambda _scene: {}


ROUTES = [
    Route("accounts:sign-in", STRANGER | EVERYBODY),
    Route("accounts:sign-out", EVERYBODY, method="POST"),
    Route("healthz", STRANGER | EVERYBODY),
]
