"""Every URL and who may open it. A new URL needs a line in ``ROUTES``, or a test fails.

People are those of ``tests/conftest.py``. Whoever may not open a page is refused with 403 or 404;
a page that opens for everybody and shows each what is theirs is ``opens_for=EVERYBODY``. Of those
for whom it opens, ``shows_to`` and nobody else find the names of the scene in it, all "Quill".
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from apps.access.models import AIModel, Environment, ImportRun, ScanRun
from apps.access.services.analysis import scan_now
from apps.accounts import policy
from apps.accounts.models import User
from apps.findings.models import Acceptance, Evidence, Finding
from apps.vendors.models import Contract, Vendor
from tests.factories.access import (
    AIModelFactory,
    ConnectsFactory,
    CredentialFactory,
    DeploymentFactory,
    EnvironmentFactory,
    GrantsFactory,
    HoldsFactory,
    ImportRunFactory,
)
from tests.factories.accounts import UserFactory
from tests.factories.findings import AcceptanceFactory, EvidenceFactory
from tests.factories.vendors import ContractFactory, VendorFactory

SECRET = "quill"


class Scene(NamedTuple):
    """One of everything, of a vendor that only those with all vendors see."""

    vendor: Vendor
    finding: Finding
    run: ScanRun
    model: AIModel
    lab: Environment
    acceptance: Acceptance
    evidence: Evidence
    person: User
    contract: Contract


def scene() -> Scene:
    """A vendor's laboratory that reaches a restricted model by an open route, and the scan of it.

    Everything is named after SECRET.
    """
    scan_now(actor=policy.system_actor())  # a scan before, so that the next one shows a change
    vendor = VendorFactory.create(key="quill", name="Quill Partners")
    lab = EnvironmentFactory.create(key="quill-lab", name="Quill laboratory", vendor=vendor)
    model = AIModelFactory.create(key="quill-model", name="Quill model")
    endpoint = DeploymentFactory.create(key="quill-api", name="Quill endpoint", model=model)
    key = CredentialFactory.create(key="quill-key", name="Quill key", identity__vendor=vendor)
    ConnectsFactory.create(origin=lab, target=endpoint.environment)
    GrantsFactory.create(credential=key, deployment=endpoint)
    HoldsFactory.create(environment=lab, credential=key)
    ImportRunFactory.create(name="quill.json")
    run, _answer = scan_now(actor=policy.system_actor())
    finding = Finding.objects.get(rule="RT-01")
    person = UserFactory.create(name="Quill person")
    return Scene(
        vendor,
        finding,
        run,
        model,
        lab,
        AcceptanceFactory.create(finding=finding, reason="Quill needs it."),
        EvidenceFactory.create(finding=finding, content=b"Quill says so."),
        person,
        ContractFactory.create(key="quill-contract", name="Quill contract", vendor=vendor),
    )


ALL = frozenset(
    {"alice", "anna", "bob", "charlie", "cora", "ida", "mona", "otto", "rita", "rosa", "vera"}
)
STRANGER = frozenset({"stranger"})
EVERYBODY = ALL  # everybody who is signed in
NOBODY: frozenset[str] = frozenset()
# Who has all vendors and reads the picture; with anna, who reads it for her own vendor.
READERS = frozenset({"alice", "bob", "cora", "mona", "otto", "rita"})
OF_FACTS = READERS | {"anna"}
OF_FINDINGS = OF_FACTS | {"rosa"}
OF_RUNS = OF_FACTS | {"ida"}
OF_VENDORS = OF_FACTS | {"rosa"}
REGISTRARS = frozenset({"bob"})  # who edits any vendor's file; anna edits her own vendor's
OF_REGISTER = REGISTRARS | {"anna"}
OF_LOG = frozenset({"alice", "otto"})
COMMENTERS = frozenset({"bob", "cora", "mona", "rita"})
PROPOSERS = frozenset({"bob", "mona", "rita", "rosa"})
ADMINISTRATORS = frozenset({"alice"})
IMPORTERS = frozenset({"bob", "ida"})  # documents are about every vendor, so anna may not
SCANNERS = frozenset({"alice", "anna", "bob", "ida"})


class Route(NamedTuple):
    """A URL by name, how it is asked for, and by whom it may be."""

    name: str
    opens_for: frozenset[str]
    shows_to: frozenset[str] = NOBODY
    method: str = "GET"
    about: Callable[[Scene], dict[str, Any]] = lambda _scene: {}


def _finding(of: Scene) -> dict[str, Any]:
    return {"pk": of.finding.pk}


def _vendor(of: Scene) -> dict[str, Any]:
    return {"pk": of.vendor.pk}


def _contract(of: Scene) -> dict[str, Any]:
    return {"pk": of.contract.pk}


def _approval(of: Scene) -> dict[str, Any]:
    return {"pk": of.acceptance.pk, "step": "approve"}


def of_person(of: Scene) -> dict[str, Any]:
    return {"pk": of.person.pk}


def _import(_of: Scene) -> dict[str, Any]:
    return {"pk": ImportRun.objects.get(name="quill.json").pk}


ROUTES = [
    Route(
        "access:fact-choices",
        OF_FACTS,
        shows_to=READERS,
        about=lambda _of: {"kind": "environments"},
    ),
    Route("access:fact-create", OF_REGISTER, about=lambda _of: {"kind": "environments"}),
    Route(
        "access:fact-delete",
        REGISTRARS,
        shows_to=REGISTRARS,
        about=lambda of: {"kind": "models", "pk": of.model.pk},
    ),
    Route(
        "access:fact-detail",
        READERS,
        shows_to=READERS,
        about=lambda of: {"kind": "models", "pk": of.model.pk},
    ),
    Route(
        "access:fact-edit",
        REGISTRARS,
        shows_to=REGISTRARS,
        about=lambda of: {"kind": "models", "pk": of.model.pk},
    ),
    Route("access:fact-home", OF_FACTS),
    Route(
        "access:fact-list", OF_FACTS, shows_to=READERS, about=lambda _of: {"kind": "environments"}
    ),
    Route(
        "access:fact-retire",
        REGISTRARS,
        shows_to=REGISTRARS,
        about=lambda of: {"kind": "environments", "pk": of.lab.pk},
    ),
    Route("access:import-apply", IMPORTERS, IMPORTERS, "POST", _import),
    Route("access:import-check", IMPORTERS, method="POST", about=_import),
    Route("access:import-columns", IMPORTERS, about=_import),
    Route("access:import-create", IMPORTERS, IMPORTERS, "POST"),
    Route("access:import-detail", IMPORTERS, IMPORTERS, about=_import),
    Route("access:import-discard", IMPORTERS, method="POST", about=_import),
    Route("access:import-faults", IMPORTERS, about=_import),
    Route("access:import-guide", IMPORTERS, about=lambda _of: {"kind": "vendors"}),
    Route("access:import-list", IMPORTERS, IMPORTERS),
    Route("access:import-template", IMPORTERS, about=lambda _of: {"kind": "vendors"}),
    Route("access:model-detail", READERS, shows_to=READERS, about=lambda of: {"pk": of.model.pk}),
    Route("access:model-list", OF_FACTS, shows_to=READERS),
    Route("access:reach-list", OF_FACTS, shows_to=READERS),
    Route("access:run-create", SCANNERS, method="POST"),
    Route("access:run-detail", OF_RUNS, shows_to=READERS, about=lambda of: {"pk": of.run.pk}),
    Route("access:run-effect", OF_RUNS),
    Route("access:run-list", OF_RUNS),
    Route("accounts:invitation", NOBODY, about=lambda _of: {"token": "no-such-token"}),
    Route("accounts:oidc-callback", NOBODY),  # only where a service is configured
    Route("accounts:oidc-start", NOBODY),  # the same
    Route("accounts:password", EVERYBODY),
    Route("accounts:people-list", ADMINISTRATORS, shows_to=ADMINISTRATORS),
    Route("accounts:person-deactivate", ADMINISTRATORS, method="POST", about=of_person),
    Route("accounts:person-detail", ADMINISTRATORS, shows_to=ADMINISTRATORS, about=of_person),
    Route("accounts:person-grant", ADMINISTRATORS, ADMINISTRATORS, "POST", of_person),
    Route("accounts:person-invite", ADMINISTRATORS),
    Route("accounts:person-invite-again", ADMINISTRATORS, ADMINISTRATORS, "POST", of_person),
    Route("accounts:person-reactivate", ADMINISTRATORS, method="POST", about=of_person),
    Route("accounts:person-reset-factor", ADMINISTRATORS, ADMINISTRATORS, about=of_person),
    Route("accounts:person-revoke", NOBODY, method="POST", about=of_person),  # without a vendor
    Route("accounts:person-roles", ADMINISTRATORS, ADMINISTRATORS, about=of_person),
    Route("accounts:person-unlock", ADMINISTRATORS, method="POST", about=of_person),
    Route("accounts:profile", EVERYBODY),
    Route("accounts:second-factor", EVERYBODY),
    Route("accounts:sessions-end", EVERYBODY, method="POST"),
    Route("access:search", EVERYBODY),
    Route("access:search-choices", EVERYBODY),
    Route("accounts:sign-in", STRANGER | EVERYBODY),
    Route("accounts:sign-in-code", STRANGER | EVERYBODY),
    Route("accounts:welcome", NOBODY),  # only with the link of an invitation
    Route("accounts:sign-out", EVERYBODY, method="POST"),
    Route("accounts:view-create", EVERYBODY, method="POST"),
    Route("accounts:view-delete", NOBODY, method="POST", about=lambda _of: {"pk": 1}),
    Route(
        "findings:finding-detail",
        READERS | {"rosa"},
        shows_to=READERS | {"rosa"},
        about=lambda of: {"pk": of.finding.pk},
    ),
    Route(
        "findings:acceptance-decide", frozenset({"mona"}), frozenset({"mona"}), "POST", _approval
    ),
    Route("findings:acceptance-propose", PROPOSERS, PROPOSERS, "POST", _finding),
    Route("findings:evidence-add", COMMENTERS, COMMENTERS, "POST", _finding),
    Route(
        "findings:evidence-file",
        READERS | {"rosa"},
        READERS | {"rosa"},
        about=lambda of: {"pk": of.evidence.pk},
    ),
    Route("findings:finding-assign", REGISTRARS, REGISTRARS, "POST", _finding),
    Route("findings:finding-bulk", OF_REGISTER, method="POST"),
    Route("findings:finding-comment", COMMENTERS, COMMENTERS, "POST", _finding),
    Route("findings:finding-due", REGISTRARS, REGISTRARS, "POST", _finding),
    Route("findings:finding-file", OF_FINDINGS, shows_to=READERS | {"rosa"}),
    Route("findings:finding-list", OF_FINDINGS, shows_to=READERS | {"rosa"}),
    Route(
        "findings:finding-treat",
        REGISTRARS,
        REGISTRARS,
        "POST",
        lambda of: {"pk": of.finding.pk, "move": "plan"},
    ),
    Route("healthz", STRANGER | EVERYBODY),
    Route("overview", EVERYBODY, shows_to=READERS | {"rosa"}),
    Route("reports:styleguide", ADMINISTRATORS),
    Route("reports:log-chain", OF_LOG),
    Route("reports:log-entry", OF_LOG, about=lambda _of: {"number": 1}),
    Route("reports:log-file", OF_LOG),
    Route("reports:log-list", OF_LOG),
    Route("reports:log-verify", OF_LOG, method="POST"),
    Route("access:vendor-environments", READERS, READERS, about=_vendor),
    Route("access:vendor-identities", READERS, READERS, about=_vendor),
    Route("findings:vendor-findings", READERS | {"rosa"}, READERS | {"rosa"}, about=_vendor),
    Route("findings:vendor-routes", READERS | {"rosa"}, READERS | {"rosa"}, about=_vendor),
    Route("vendors:contract-create", REGISTRARS, REGISTRARS, about=_vendor),
    Route("vendors:contract-delete", REGISTRARS, REGISTRARS, about=_contract),
    Route("vendors:contract-edit", REGISTRARS, REGISTRARS, about=_contract),
    Route("vendors:contract-list", READERS, READERS, about=_vendor),
    Route("vendors:vendor-delete", REGISTRARS, REGISTRARS, about=_vendor),
    Route("vendors:vendor-history", OF_LOG, OF_LOG, about=_vendor),
    Route("vendors:vendor-offboard", REGISTRARS, REGISTRARS, about=_vendor),
    Route("vendors:vendor-offboard-many", OF_REGISTER),
    Route("vendors:vendor-reactivate", REGISTRARS, method="POST", about=_vendor),
    Route("vendors:vendor-reviews", READERS | {"rosa"}, READERS | {"rosa"}, about=_vendor),
    Route("vendors:vendor-choices", OF_VENDORS, shows_to=READERS | {"rosa"}),
    Route("vendors:vendor-create", OF_REGISTER),
    Route(
        "vendors:vendor-detail",
        READERS | {"rosa"},
        shows_to=READERS | {"rosa"},
        about=lambda of: {"pk": of.vendor.pk},
    ),
    Route(
        "vendors:vendor-edit",
        REGISTRARS,
        shows_to=REGISTRARS,
        about=lambda of: {"pk": of.vendor.pk},
    ),
    Route("vendors:vendor-list", OF_VENDORS, shows_to=READERS | {"rosa"}),
]
