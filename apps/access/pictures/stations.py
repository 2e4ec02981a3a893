"""Facts as stations: what each is called, whose it is, which icon stands for it.

A person sees the names of what is in their scope. Of everything else they see that it is there:
another vendor's station has no name, no key and no kind.
"""

from apps.access.models import Credential, Environment, Identity
from apps.access.pictures.route import Owner, OwnerKind, Station
from apps.access.selectors.routes import RouteFacts
from apps.engine.values import (
    INTERNET,
    CredentialKind,
    EnvironmentKind,
    IdentityKind,
    VendorStatus,
    YesNo,
)
from apps.vendors.models import Vendor

ICONS: dict[str, str] = {
    EnvironmentKind.ENDPOINT_FLEET: "device-laptop",
    EnvironmentKind.SANDBOX: "flask",
    EnvironmentKind.EVAL_HARNESS: "test-pipe",
    EnvironmentKind.CI: "git-branch",
    EnvironmentKind.RESEARCH: "microscope",
    EnvironmentKind.STAGING: "stack-2",
    EnvironmentKind.PRODUCTION: "server-2",
    EnvironmentKind.GATEWAY: "router",
    EnvironmentKind.SAAS: "browser",
    IdentityKind.HUMAN: "user",
    IdentityKind.SERVICE_ACCOUNT: "robot",
    IdentityKind.GROUP: "users",
    CredentialKind.API_KEY: "key",
    CredentialKind.OAUTH_TOKEN: "ticket",
    CredentialKind.SSH_KEY: "key",
    CredentialKind.CERTIFICATE: "certificate",
    CredentialKind.PASSWORD: "password",
    CredentialKind.SESSION: "id-badge-2",
}
THE_INTERNET = Owner("internet", "Internet", "nobody's", OwnerKind.INTERNET)
UNNAMED = {
    "environment": ("An environment", "box"),
    "identity": ("An identity", "user"),
    "credential": ("A credential", "key"),
}


class Stations:
    """Makes stations of nodes, named as far as somebody may know them."""

    def __init__(self, facts: RouteFacts) -> None:
        self.facts = facts

    def station(self, node: str, *, holder: Owner | None = None) -> Station:
        """The station of ``kind:key`` or of the internet. A held credential is its holder's."""
        if node == INTERNET:
            return Station(node, "The internet", "", "world", THE_INTERNET)
        kind, _, key = node.partition(":")
        fact = self._fact(kind, key)
        vendor = _vendor_of(fact)
        owner = holder or self.owner(vendor, known=fact is not None)
        is_gateway = isinstance(fact, Environment) and fact.kind == EnvironmentKind.GATEWAY
        is_credential = kind == "credential"
        if not self.facts.scope.shows(vendor.pk if vendor else None) or fact is None:
            name, icon = UNNAMED.get(kind, ("Something", "dots"))
            if fact is None and self.facts.scope.everything:
                name = key
            return Station(node, name, "", icon, owner, is_credential, is_gateway)
        shown_key = key if fact.name != key else ""
        return Station(
            node,
            fact.name or key,
            shown_key,
            ICONS[fact.kind],
            owner,
            is_credential,
            is_gateway,
            unknown=_has_unknown(fact),
        )

    def called(self, node: str) -> str:
        """The name as it stands within a sentence."""
        if node.startswith("deployment:"):
            deployment = self.facts.deployments.get(node.partition(":")[2])
            return deployment.name if deployment else node.partition(":")[2]
        station = self.station(node)
        unnamed = {name for name, _ in UNNAMED.values()} | {"The internet"}
        if station.name in unnamed:
            return station.name[0].lower() + station.name[1:]
        return station.name

    def name(self, node: str) -> tuple[str, bool]:
        """How a sentence calls a node, and whether that is a key to be set as one."""
        kind, _, key = node.partition(":")
        if node == INTERNET:
            return "the internet", False
        if kind == "deployment":
            return key, True
        station = self.station(node)
        known = station.name == key or bool(station.key)
        return (key, True) if known else (station.name[0].lower() + station.name[1:], False)

    def owner(self, vendor: Vendor | None, *, known: bool = True) -> Owner:
        """Whose something is: ours, a vendor's, or another vendor's."""
        if not known:
            return Owner("gone", "No longer known", "not in the register")
        if vendor is None:
            name = self.facts.organisation
            return Owner("own", name, "our own organisation", OwnerKind.OWN)
        if not self.facts.scope.shows(vendor.pk):
            return Owner(f"vendor:{vendor.pk}", "Another vendor", "outside your scope")
        return Owner(f"vendor:{vendor.pk}", vendor.name, self._role(vendor))

    def _role(self, vendor: Vendor) -> str:
        words = [str(vendor.kind)]
        if vendor.engaged_by:
            shown = self.facts.scope.shows(vendor.engaged_by.pk)
            by = vendor.engaged_by.name if shown else "another vendor"
            words.append(f"engaged by {by}")
        if vendor.status != VendorStatus.ACTIVE:
            words.append(str(vendor.status))
        return ", ".join(words)

    def _fact(self, kind: str, key: str) -> Environment | Identity | Credential | None:
        match kind:
            case "environment":
                return self.facts.environments.get(key)
            case "identity":
                return self.facts.identities.get(key)
            case "credential":
                return self.facts.credentials.get(key)
        return None


def _vendor_of(fact: Environment | Identity | Credential | None) -> Vendor | None:
    if isinstance(fact, Credential):
        return fact.identity.vendor
    return fact.vendor if fact else None


def _has_unknown(fact: Environment | Identity | Credential) -> bool:
    """Whether nobody has stated what makes this station safe or not."""
    if isinstance(fact, Identity):
        return bool(fact.kind == IdentityKind.HUMAN and fact.mfa == YesNo.UNKNOWN)
    if isinstance(fact, Environment) and fact.kind == EnvironmentKind.ENDPOINT_FLEET:
        return bool(fact.managed_endpoints == YesNo.UNKNOWN)
    return False
