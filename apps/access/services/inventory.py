"""What can be done to environments, models and deployments.

What each raises, and what all of them have in common, is said in ``vendors.facts.FactWriter``.
"""

from collections.abc import Collection
from typing import Unpack

from apps.access.models import AIModel, AllowlistEntry, Deployment, Environment, Identity
from apps.access.services.writing import GraphFactWriter
from apps.accounts.models import User
from apps.core.errors import InvalidError
from apps.engine.values import (
    EnvironmentKind,
    EnvironmentStatus,
    Inventory,
    Logging,
    Purpose,
    Sensitivity,
    YesNo,
)
from apps.vendors.facts import FactFields
from apps.vendors.models import Vendor


class EnvironmentFields(FactFields, total=False):
    vendor: Vendor | None
    internet_egress: YesNo
    internet_exposed: YesNo
    managed_endpoints: YesNo
    inventory: Inventory
    status: EnvironmentStatus


class EnvironmentChanges(EnvironmentFields, total=False):
    kind: EnvironmentKind
    purpose: Purpose


class ModelFields(FactFields, total=False):
    custodian: Identity | None


class ModelChanges(ModelFields, total=False):
    sensitivity: Sensitivity


class DeploymentFields(FactFields, total=False):
    logging: Logging
    log_names_identity: YesNo


class DeploymentChanges(DeploymentFields, total=False):
    model: AIModel
    environment: Environment
    purpose: Purpose


def create_environment(
    *,
    actor: User,
    key: str,
    kind: EnvironmentKind,
    purpose: Purpose,
    **fields: Unpack[EnvironmentFields],
) -> Environment:
    """State an environment of a vendor, or without one of our own organisation."""
    return _environments.create(actor, key=key, kind=kind, purpose=purpose, **fields)


def change_environment(
    *, actor: User, environment: Environment, **changes: Unpack[EnvironmentChanges]
) -> Environment:
    """Change an environment. Handing it to another vendor needs both vendors in scope."""
    return _environments.change(actor, environment, changes)


def retire_environment(*, actor: User, environment: Environment) -> Environment:
    """Take an environment out of use: it stays with its relations, which count no longer."""
    status = EnvironmentStatus.RETIRED
    return _environments.change(actor, environment, {"status": status}, done="retired")


def delete_environment(*, actor: User, environment: Environment) -> None:
    """Delete an environment that nothing refers to; else InUseError, and retiring is offered."""
    _environments.delete(actor, environment)


def create_model(
    *, actor: User, key: str, sensitivity: Sensitivity, **fields: Unpack[ModelFields]
) -> AIModel:
    """State a model of our own and how sensitive it is."""
    return _models.create(actor, key=key, sensitivity=sensitivity, **fields)


def change_model(*, actor: User, model: AIModel, **changes: Unpack[ModelChanges]) -> AIModel:
    """Change what is stated about a model."""
    return _models.change(actor, model, changes)


def delete_model(*, actor: User, model: AIModel) -> None:
    """Delete a model that nothing refers to; else InUseError."""
    _models.delete(actor, model)


def create_deployment(
    *,
    actor: User,
    key: str,
    model: AIModel,
    environment: Environment,
    purpose: Purpose,
    **fields: Unpack[DeploymentFields],
) -> Deployment:
    """State a running instance of a model, in the environment that hosts it."""
    return _deployments.create(
        actor, key=key, model=model, environment=environment, purpose=purpose, **fields
    )


def change_deployment(
    *, actor: User, deployment: Deployment, **changes: Unpack[DeploymentChanges]
) -> Deployment:
    """Change a deployment. Moving it to another vendor's host needs both vendors in scope."""
    return _deployments.change(actor, deployment, changes)


def delete_deployment(*, actor: User, deployment: Deployment) -> None:
    """Delete a deployment that nothing refers to; else InUseError."""
    _deployments.delete(actor, deployment)


def _entries_stay_with_their_vendor(environment: Environment, changed: Collection[str]) -> None:
    """An allowlist entry's environment belongs to the entry's vendor: do not take it away."""
    if "vendor" not in changed or environment.pk is None:
        return
    others = AllowlistEntry.objects.filter(environment=environment).exclude(
        vendor=environment.vendor_id
    )
    if environment.vendor_id is not None:
        others |= AllowlistEntry.objects.filter(environment=environment, vendor=None)
    if count := others.count():
        sentence = (
            f"{environment.key} is named by {count} allowlist "
            f"{'entry' if count == 1 else 'entries'} of its vendor. "
            "Delete those, or have them name no environment, before it changes hands."
        )
        raise InvalidError(sentence, {"vendor": [sentence]})


_environments = GraphFactWriter(
    model=Environment,
    noun="environment",
    changeable=EnvironmentChanges.__annotations__,
    check=_entries_stay_with_their_vendor,
    instead="Retire it instead: it keeps its history and no longer counts in the analysis.",
)
_models = GraphFactWriter(
    model=AIModel,
    noun="model",
    changeable=ModelChanges.__annotations__,
    instead="Retire the environments that host it instead: the model keeps its history.",
)
_deployments = GraphFactWriter(
    model=Deployment,
    noun="deployment",
    changeable=DeploymentChanges.__annotations__,
    instead="Retire the environment that hosts it instead: the deployment is dead with it.",
)
