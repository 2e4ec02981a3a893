"""Test facts, scans and imports. Saved past the services, so without an entry in the log."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from factory.django import DjangoModelFactory

from apps.access.models import (
    Administers,
    AIModel,
    AllowlistEntry,
    Connects,
    ConnectsDeployment,
    Credential,
    Deployment,
    Drill,
    Enters,
    Environment,
    Exposure,
    ExposureTarget,
    Grants,
    Holds,
    Identity,
    ImportRun,
    Jumps,
    MemberOf,
    PairReach,
    ReachChange,
    ScanRun,
)
from apps.access.models.runs import RunReason
from apps.engine.values import (
    CredentialKind,
    EnvironmentKind,
    ExposureKind,
    IdentityKind,
    Purpose,
    ReachKind,
    Sensitivity,
    VerdictKind,
)
from tests.factories.vendors import VendorFactory, made_by, numbered, the_same, worked_out


def _own_key(fact: Any) -> Any:
    return fact.key


def _ago(**span: float) -> Any:
    return worked_out(lambda _fact: timezone.now() - timedelta(**span))


class EnvironmentFactory(DjangoModelFactory[Environment]):
    """A vendor's sandbox for evaluations, about which nothing else is known."""

    class Meta:
        model = Environment

    key = numbered("environment")
    name = worked_out(_own_key)
    vendor = made_by(VendorFactory)
    kind = EnvironmentKind.SANDBOX
    purpose = Purpose.EVALUATION


class IdentityFactory(DjangoModelFactory[Identity]):
    """A person of a vendor."""

    class Meta:
        model = Identity

    key = numbered("identity")
    name = worked_out(_own_key)
    vendor = made_by(VendorFactory)
    kind = IdentityKind.HUMAN


class CredentialFactory(DjangoModelFactory[Credential]):
    """An API key of a service account; when it was made and ends is not known."""

    class Meta:
        model = Credential

    key = numbered("credential")
    name = worked_out(_own_key)
    identity = made_by(IdentityFactory, kind=IdentityKind.SERVICE_ACCOUNT)
    kind = CredentialKind.API_KEY


class AIModelFactory(DjangoModelFactory[AIModel]):
    """A restricted model, M3."""

    class Meta:
        model = AIModel

    key = numbered("model")
    name = worked_out(_own_key)
    sensitivity = Sensitivity.M3


class DeploymentFactory(DjangoModelFactory[Deployment]):
    """A deployment for evaluations, in our own production."""

    class Meta:
        model = Deployment

    key = numbered("deployment")
    name = worked_out(_own_key)
    model = made_by(AIModelFactory)
    environment = made_by(
        EnvironmentFactory,
        vendor=None,
        kind=EnvironmentKind.PRODUCTION,
        purpose=Purpose.PRODUCTION,
    )
    purpose = Purpose.EVALUATION


class AllowlistEntryFactory(DjangoModelFactory[AllowlistEntry]):
    """A permission for all of a vendor's environments, approved a day ago, for a month."""

    class Meta:
        model = AllowlistEntry

    key = numbered("entry")
    name = worked_out(_own_key)
    model = made_by(AIModelFactory)
    vendor = made_by(VendorFactory)
    purpose = Purpose.EVALUATION
    approved_at = _ago(days=1)
    expires_at = _ago(days=-29)


class HoldsFactory(DjangoModelFactory[Holds]):
    """A vendor's environment holds a credential of the same vendor."""

    class Meta:
        model = Holds

    environment = made_by(EnvironmentFactory)
    credential = made_by(CredentialFactory, identity__vendor=the_same("...environment.vendor"))


class EntersFactory(DjangoModelFactory[Enters]):
    """A person of a vendor may log in to an environment of the same vendor."""

    class Meta:
        model = Enters

    environment = made_by(EnvironmentFactory)
    identity = made_by(IdentityFactory, vendor=the_same("..environment.vendor"))


class MemberOfFactory(DjangoModelFactory[MemberOf]):
    """A person belongs to a group of the same vendor."""

    class Meta:
        model = MemberOf

    identity = made_by(IdentityFactory)
    group = made_by(IdentityFactory, vendor=the_same("..identity.vendor"), kind=IdentityKind.GROUP)


class JumpsFactory(DjangoModelFactory[Jumps]):
    """From one environment of a vendor into another of the same vendor."""

    class Meta:
        model = Jumps

    origin = made_by(EnvironmentFactory)
    target = made_by(EnvironmentFactory, vendor=the_same("..origin.vendor"))


class ConnectsFactory(DjangoModelFactory[Connects]):
    """Between two environments of a vendor; admits all, or the ``deployments=[...]`` given."""

    class Meta:
        model = Connects

    target = made_by(EnvironmentFactory)
    origin = made_by(EnvironmentFactory, vendor=the_same("..target.vendor"))

    @classmethod
    def _create(
        cls,
        model_class: type[Connects],
        *args: Any,
        deployments: Iterable[Deployment] = (),
        **fields: Any,
    ) -> Connects:
        connects = model_class._default_manager.create(*args, **fields)
        connects.deployments.set(deployments)
        return connects


class ConnectsDeploymentFactory(DjangoModelFactory[ConnectsDeployment]):
    class Meta:
        model = ConnectsDeployment

    connects = made_by(ConnectsFactory)
    deployment = made_by(DeploymentFactory)


class GrantsFactory(DjangoModelFactory[Grants]):
    """A deployment accepts a credential (say ``credential=None, identity=...`` for the other)."""

    class Meta:
        model = Grants

    credential = made_by(CredentialFactory)
    deployment = made_by(DeploymentFactory)


class AdministersFactory(DjangoModelFactory[Administers]):
    """A person of a vendor creates access paths at an environment of the same vendor."""

    class Meta:
        model = Administers

    identity = made_by(IdentityFactory)
    environment = made_by(EnvironmentFactory, vendor=the_same("..identity.vendor"))


class ExposureFactory(DjangoModelFactory[Exposure]):
    """An address that leaked yesterday; ``targets=[...]`` are what it names, or an environment."""

    class Meta:
        model = Exposure

    key = numbered("exposure")
    name = worked_out(_own_key)
    kind = ExposureKind.ADDRESS
    seen_at = _ago(days=1)

    @classmethod
    def _create(
        cls,
        model_class: type[Exposure],
        *args: Any,
        targets: Sequence[Environment | Deployment | Credential] = (),
        **fields: Any,
    ) -> Exposure:
        with transaction.atomic():
            exposure = model_class._default_manager.create(*args, **fields)
            for target in targets or [EnvironmentFactory.create()]:
                end = {str(target._meta.model_name): target}
                ExposureTarget.objects.create(exposure=exposure, **end)
        return exposure


class ExposureTargetFactory(DjangoModelFactory[ExposureTarget]):
    """One more thing that an exposure names."""

    class Meta:
        model = ExposureTarget

    exposure = made_by(ExposureFactory)
    environment = made_by(EnvironmentFactory)


class DrillFactory(DjangoModelFactory[Drill]):
    """A drill of yesterday that nobody has confirmed."""

    class Meta:
        model = Drill

    key = numbered("drill")
    name = worked_out(_own_key)
    vendor = made_by(VendorFactory)
    model = made_by(AIModelFactory)
    started_at = _ago(days=1)


class ScanRunFactory(DjangoModelFactory[ScanRun]):
    """A run that waits for a worker."""

    class Meta:
        model = ScanRun

    reason = RunReason.REQUESTED


class PairReachFactory(DjangoModelFactory[PairReach]):
    """A pair that a finished run found unsegregated, in both worlds."""

    class Meta:
        model = PairReach

    environment = made_by(EnvironmentFactory)
    deployment = made_by(DeploymentFactory)
    reach = ReachKind.USABLE
    proven = ReachKind.USABLE
    verdict = VerdictKind.UNSEGREGATED
    since = made_by(ScanRunFactory, state="failed")


class ReachChangeFactory(DjangoModelFactory[ReachChange]):
    """A pair that a run found usable and the run before did not."""

    class Meta:
        model = ReachChange

    run = made_by(ScanRunFactory, state="failed")
    environment = numbered("environment")
    deployment = numbered("deployment")
    before = ReachKind.NONE
    after = ReachKind.USABLE


class ImportRunFactory(DjangoModelFactory[ImportRun]):
    """A document that was merged and changed nothing."""

    class Meta:
        model = ImportRun

    name = "graph.json"
    mode = "merge"
    digest = "0" * 64
    changes = worked_out(lambda _run: {})
