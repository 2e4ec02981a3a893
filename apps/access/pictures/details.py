"""The facts of a finding that is no route: what the entry, the log or the leak says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from apps.access.models import AllowlistEntry, Deployment, Identity
from apps.access.selectors.routes import RouteFacts
from apps.findings.models import Finding


@dataclass(frozen=True)
class Detail:
    """One fact: what it is called, and its value. None is what nobody has stated."""

    label: str
    value: str | datetime | None
    key: str = ""

    @property
    def is_time(self) -> bool:
        return isinstance(self.value, datetime)


def details_of(finding: Finding, facts: RouteFacts) -> list[Detail]:
    """What to show where no picture can be drawn; nothing that may not be named."""
    if not facts.scope.everything:
        return []
    entry = facts.entries.get(finding.subject.get("entry", ""))
    if entry is not None:
        return list(_of_entry(entry))
    deployment = facts.deployments.get(finding.deployment)
    if finding.rule == "RT-09" and deployment is not None:
        return list(_of_log(deployment))
    return []


def _of_entry(entry: AllowlistEntry) -> Iterator[Detail]:
    yield Detail("Entry", entry.name, entry.key)
    yield Detail("Model", entry.model.name, entry.model.key)
    yield Detail("Admits", entry.vendor.name if entry.vendor else "our own organisation")
    if entry.environment:
        yield Detail("Environment", entry.environment.name, entry.environment.key)
    yield Detail("For", str(entry.purpose))
    yield _person("Asked for by", entry.requested_by)
    yield _person("Approved by", entry.approved_by)
    yield Detail("Approved", entry.approved_at)
    yield Detail("Ends", entry.expires_at or "no end")


def _person(label: str, identity: Identity | None) -> Detail:
    if identity is None:
        return Detail(label, None)
    kind = str(identity.kind).replace("_", " ")
    whose = identity.vendor.name if identity.vendor else "our own"
    return Detail(label, f"{identity.name} ({kind}, {whose})", identity.key)


def _of_log(deployment: Deployment) -> Iterator[Detail]:
    yield Detail("Deployment", deployment.name, deployment.key)
    yield Detail("Model", deployment.model.name, deployment.model.key)
    logging = str(deployment.logging).replace("_", " ")
    yield Detail("Log", None if logging == "unknown" else logging)
    names = str(deployment.log_names_identity)
    yield Detail("Names who called", None if names == "unknown" else names)
