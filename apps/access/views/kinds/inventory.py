"""Environments, models, deployments, and the allowlist."""

from apps.access.forms import ending, environment, inventory
from apps.access.models import AIModel, AllowlistEntry, Deployment, Environment
from apps.access.models.inventory import PATH_PURPOSES
from apps.access.selectors import inventory as inventory_rows
from apps.access.services import allowlist as allowlist_services
from apps.access.services import inventory as inventory_services
from apps.access.views.facts_shown import choice, moment, reference
from apps.access.views.kinds.kind import (
    STATUS,
    VENDOR,
    Attribute,
    Beside,
    Ending,
    Kind,
    equal,
    is_past,
    past,
    state,
)
from apps.engine.values import EnvironmentKind, EnvironmentStatus, Sensitivity

ENVIRONMENTS = Kind(
    model=Environment,
    noun="environment",
    plural="environments",
    title="Environments",
    about="Places where work happens: sandboxes, fleets of devices, pipelines, gateways, hosts.",
    rows=inventory_rows.environments_visible_to,
    form=environment.EnvironmentForm,
    create=inventory_services.create_environment,
    change=inventory_services.change_environment,
    delete=inventory_services.delete_environment,
    argument="environment",
    attributes=(
        VENDOR,
        Attribute("kind", "Kind", choice("kind"), ("kind",)),
        Attribute("purpose", "Purpose", choice("purpose"), ("purpose",)),
        Attribute("internet_egress", "Calls out", choice("internet_egress"), ("internet_egress",)),
        Attribute("internet_exposed", "Exposed", choice("internet_exposed"), ("internet_exposed",)),
        Attribute(
            "managed_endpoints", "Devices managed", choice("managed_endpoints"), listed=False
        ),
        Attribute("inventory", "Inventory", choice("inventory"), ("inventory",)),
        STATUS,
    ),
    filters=(equal("kind", "Kind", EnvironmentKind), equal("status", "Status", EnvironmentStatus)),
    unknowns=("internet_egress", "internet_exposed", "managed_endpoints", "inventory"),
    ending=Ending(
        "Retire",
        "was retired",
        "It stays with its relations and its history, and counts in the analysis no longer.",
        inventory_services.retire_environment,
        ending.EndForm,
        lambda fact: str(fact.status) == EnvironmentStatus.RETIRED,
    ),
    beside=(
        Beside("Connects to", "connects", "origin"),
        Beside("Connected from", "connects", "target"),
        Beside("Holds", "holds", "environment"),
        Beside("Who enters", "enters", "environment"),
        Beside("Sessions lead on to", "jumps", "origin"),
        Beside("Sessions come from", "jumps", "target"),
        Beside("Who may change access paths", "administers", "environment"),
        Beside("Deployments that run here", "deployments", "environment"),
        Beside("Permissions for it alone", "allowlist", "environment"),
        Beside("Named by leaks", "exposures", "targets__environment", add=False),
    ),
)
MODELS = Kind(
    model=AIModel,
    noun="model",
    plural="models",
    title="Models",
    about="Models of our own and how sensitive each is. Routes to M3 and M4 are analysed.",
    rows=inventory_rows.models_visible_to,
    form=inventory.ModelForm,
    create=inventory_services.create_model,
    change=inventory_services.change_model,
    delete=inventory_services.delete_model,
    argument="model",
    has_vendor=False,
    attributes=(
        Attribute("sensitivity", "Sensitivity", choice("sensitivity"), ("sensitivity",)),
        Attribute("custodian", "Custodian", reference("custodian", "nobody", names_all=False)),
    ),
    filters=(equal("sensitivity", "Sensitivity", Sensitivity),),
    narrowed_by=("custodian",),
    beside=(
        Beside("Deployments", "deployments", "model"),
        Beside("Permissions", "allowlist", "model"),
        Beside("Revocation drills", "drills", "model"),
    ),
)
DEPLOYMENTS = Kind(
    model=Deployment,
    noun="deployment",
    plural="deployments",
    title="Deployments",
    about="Running instances and endpoints of models, each in the environment that hosts it.",
    rows=inventory_rows.deployments_visible_to,
    form=inventory.DeploymentForm,
    create=inventory_services.create_deployment,
    change=inventory_services.change_deployment,
    delete=inventory_services.delete_deployment,
    argument="deployment",
    attributes=(
        Attribute("model", "Model", reference("model", ""), ("model__name",)),
        Attribute("environment", "Runs in", reference("environment", ""), ("environment__name",)),
        Attribute("purpose", "Purpose", choice("purpose"), ("purpose",)),
        Attribute("logging", "Log of use", choice("logging"), ("logging",)),
        Attribute("log_names_identity", "Log names who called", choice("log_names_identity")),
    ),
    filters=(equal("purpose", "Purpose", PATH_PURPOSES),),
    unknowns=("logging", "log_names_identity"),
    narrowed_by=("model", "environment"),
    beside=(
        Beside("Accepts", "grants", "deployment"),
        Beside("Connections that admit it by name", "connects", "deployments", add=False),
        Beside("Who may change access paths", "administers", "deployment"),
        Beside("Named by leaks", "exposures", "targets__deployment", add=False),
    ),
)
ALLOWLIST = Kind(
    model=AllowlistEntry,
    noun="allowlist entry",
    plural="allowlist entries",
    title="Allowlist",
    about="Dated permissions to use a model. Without an approval an entry is a request.",
    rows=inventory_rows.allowlist_visible_to,
    form=inventory.EntryForm,
    create=allowlist_services.create_entry,
    change=allowlist_services.change_entry,
    delete=allowlist_services.delete_entry,
    argument="entry",
    attributes=(
        Attribute("model", "Model", reference("model", ""), ("model__name",)),
        VENDOR,
        Attribute("environment", "Environment", reference("environment", "every one")),
        Attribute("purpose", "Purpose", choice("purpose"), ("purpose",)),
        Attribute(
            "requested_by",
            "Requested by",
            reference("requested_by", "not stated", names_all=False),
            listed=False,
        ),
        Attribute(
            "approved_by",
            "Approved by",
            reference("approved_by", "not stated", names_all=False),
            listed=False,
        ),
        Attribute(
            "approved_at", "Approved", moment("approved_at", "a request so far"), ("approved_at",)
        ),
        Attribute("expires_at", "Ends", moment("expires_at", "no end stated"), ("expires_at",)),
    ),
    filters=(
        equal("purpose", "Purpose", PATH_PURPOSES),
        state(
            "State",
            {
                "running": ("Running", lambda: past("approved_at")() & ~past("expires_at")()),
                "request": ("A request", lambda: ~past("approved_at")()),
                "ended": ("Ended", past("expires_at")),
            },
        ),
    ),
    ending=Ending(
        "End",
        "was ended",
        "The permission holds no longer. It stays with its history.",
        allowlist_services.end_entry,
        is_over=is_past("expires_at"),
    ),
    narrowed_by=("model", "environment", "requested_by", "approved_by"),
)
