"""The back door, as rows: the smallest portfolio that has everything the pages show.

Brightpath's contractor works at Northgate's laboratory, which is on the allowlist; so the
contractor's laptops use Meridian though nobody admitted them. Evalworks' harness comes past no
allowlist at all, and shares its key with Labelhive, which has no path. Whether Corvid's cluster may
reach the internet, nobody has stated. Helix is held by the gate, rightly.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from apps.access.models import Deployment, Environment, ScanRun
from apps.access.services.analysis import scan_now
from apps.accounts import policy
from apps.engine.values import (
    CredentialKind,
    EnvironmentKind,
    IdentityKind,
    Purpose,
    Sensitivity,
    VendorKind,
)
from apps.findings.models import Finding
from apps.vendors.models import Vendor
from tests.factories.access import (
    AIModelFactory,
    AllowlistEntryFactory,
    ConnectsFactory,
    CredentialFactory,
    DeploymentFactory,
    EntersFactory,
    EnvironmentFactory,
    GrantsFactory,
    HoldsFactory,
    IdentityFactory,
)
from tests.factories.vendors import ContractFactory, VendorFactory

STATED = {"internet_egress": "no", "internet_exposed": "no", "managed_endpoints": "yes"}


@dataclass(frozen=True)
class Story:
    """The vendors and places that tests name, and the scan of it all."""

    brightpath: Vendor
    northgate: Vendor
    evalworks: Vendor
    laptops: Environment
    harness: Environment
    meridian: Deployment
    run: ScanRun

    def finding(self, rule: str, environment: Environment) -> Finding:
        return Finding.objects.get(
            rule=rule, environment=environment.key, deployment=self.meridian.key
        )


def place(
    key: str, name: str, vendor: Vendor | None, kind: EnvironmentKind, **facts: object
) -> Environment:
    """An environment about which everything is stated, unless the caller says otherwise."""
    stated = {**STATED, "inventory": "complete", "purpose": Purpose.EVALUATION, **facts}
    return EnvironmentFactory.create(key=key, name=name, vendor=vendor, kind=kind, **stated)


def key_of(key: str, name: str, vendor: Vendor | None, **facts: object) -> object:
    """A short-lived credential of a service account of the vendor."""
    now = timezone.now()
    identity = IdentityFactory.create(
        key=f"{key}-account",
        name=f"{name} account",
        vendor=vendor,
        kind=IdentityKind.SERVICE_ACCOUNT,
    )
    span = {"issued_at": now - timedelta(minutes=1), "expires_at": now + timedelta(minutes=5)}
    return CredentialFactory.create(
        key=key, name=name, identity=identity, kind=CredentialKind.OAUTH_TOKEN, **{**span, **facts}
    )


def tell_story() -> Story:
    """Store the portfolio and scan it twice: before the contractor entered, and after."""
    northgate = VendorFactory.create(key="northgate", name="Northgate Bank")
    brightpath = VendorFactory.create(
        key="brightpath",
        name="Brightpath Staffing",
        kind=VendorKind.CONTRACTOR,
        engaged_by=northgate,
    )
    evalworks = VendorFactory.create(key="evalworks", name="Evalworks")
    ContractFactory.create(key="msa-ng", vendor=northgate)
    host = place("eval-inference", "Evaluation inference", None, EnvironmentKind.PRODUCTION)
    gateway = place("partner-gateway", "Partner API gateway", None, EnvironmentKind.GATEWAY)
    inner = place("eval-gateway", "Evaluation gateway", None, EnvironmentKind.GATEWAY)
    model = AIModelFactory.create(key="meridian", name="Meridian", sensitivity=Sensitivity.M3)
    meridian = DeploymentFactory.create(
        key="meridian-eval",
        name="Meridian evaluation",
        model=model,
        environment=host,
        logging="tamper_evident",
        log_names_identity="yes",
    )
    ConnectsFactory.create(origin=None, target=gateway, enforces_allowlist="yes")
    ConnectsFactory.create(
        origin=gateway, target=inner, deployments=[meridian], enforces_allowlist="no"
    )
    ConnectsFactory.create(origin=inner, target=host, enforces_allowlist="no")
    lab = place(
        "ng-lab",
        "Northgate red-team lab",
        northgate,
        EnvironmentKind.SANDBOX,
        internet_egress="yes",
    )
    laptops = place(
        "bp-laptops",
        "Brightpath laptops",
        brightpath,
        EnvironmentKind.ENDPOINT_FLEET,
        purpose=Purpose.CORPORATE,
        managed_endpoints="unknown",
    )
    contractor = IdentityFactory.create(
        key="bp-contractor", name="Brightpath contractor", vendor=brightpath, mfa="yes"
    )
    EntersFactory.create(identity=contractor, environment=laptops, requires_approval="no")
    lab_key = key_of("ng-key", "Northgate key", northgate, expires_at=None)
    HoldsFactory.create(environment=lab, credential=lab_key)
    GrantsFactory.create(credential=lab_key, deployment=meridian)
    AllowlistEntryFactory.create(key="al-ng", model=model, vendor=northgate, environment=lab)
    harness = place("ew-harness", "Evalworks harness", evalworks, EnvironmentKind.EVAL_HARNESS)
    shared = key_of("ew-key", "Evalworks key", evalworks)
    HoldsFactory.create(environment=harness, credential=shared)
    GrantsFactory.create(credential=shared, deployment=meridian, depth="white_box")
    ConnectsFactory.create(origin=harness, target=inner, enforces_allowlist="no")
    labelhive = VendorFactory.create(
        key="labelhive", name="Labelhive", kind=VendorKind.SUBPROCESSOR
    )
    workbench = place("lh-workbench", "Labelhive workbench", labelhive, EnvironmentKind.SAAS)
    HoldsFactory.create(environment=workbench, credential=shared)
    helix = VendorFactory.create(key="helix", name="Helix Cloud")
    tester = place("hx-tester", "Helix tester", helix, EnvironmentKind.SANDBOX)
    ConnectsFactory.create(origin=tester, target=inner, enforces_allowlist="yes")
    helix_key = key_of("hx-key", "Helix key", helix)
    HoldsFactory.create(environment=tester, credential=helix_key)
    GrantsFactory.create(credential=helix_key, deployment=meridian)
    AllowlistEntryFactory.create(key="al-hx", model=model, vendor=helix, environment=tester)
    _lodestar()
    scan_now(actor=policy.system_actor())
    EntersFactory.create(identity=contractor, environment=lab, requires_approval="no")
    run, _answer = scan_now(actor=policy.system_actor())
    return Story(brightpath, northgate, evalworks, laptops, harness, meridian, run)


def _lodestar() -> None:
    """A second model, which a cluster may reach if it may reach the internet."""
    corvid = VendorFactory.create(key="corvid-compute", name="Corvid Compute")
    vault = place(
        "vault", "Weights vault", None, EnvironmentKind.PRODUCTION, purpose=Purpose.PRODUCTION
    )
    mirror = place("mirror", "Weights mirror", None, EnvironmentKind.GATEWAY)
    model = AIModelFactory.create(key="lodestar", name="Lodestar", sensitivity=Sensitivity.M4)
    weights = DeploymentFactory.create(
        key="lodestar-weights",
        name="Lodestar weights",
        model=model,
        environment=vault,
        purpose=Purpose.PRODUCTION,
        logging="tamper_evident",
        log_names_identity="yes",
    )
    ConnectsFactory.create(origin=None, target=mirror, enforces_allowlist="yes")
    ConnectsFactory.create(origin=mirror, target=vault, enforces_allowlist="no")
    AllowlistEntryFactory.create(
        key="al-cv", model=model, vendor=corvid, environment=None, purpose=Purpose.RESEARCH
    )
    cluster = place(
        "cv-cluster",
        "Corvid cluster",
        corvid,
        EnvironmentKind.CI,
        purpose=Purpose.PRODUCTION,
        internet_egress="unknown",
    )
    ConnectsFactory.create(origin=cluster, target=mirror, enforces_allowlist="unknown")
    token = key_of("cv-token", "Sync token", corvid)
    HoldsFactory.create(environment=cluster, credential=token)
    GrantsFactory.create(credential=token, deployment=weights, depth="weights")
