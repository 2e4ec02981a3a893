"""The relations: one fact leads to another."""

from apps.access.forms import relations
from apps.access.models import Administers, Connects, Enters, Grants, Holds, Jumps, MemberOf
from apps.access.selectors import relations as relation_rows
from apps.access.services import relations as relation_services
from apps.access.views.facts_shown import choice, reference, references
from apps.access.views.kinds.kind import SEEN, Attribute, Kind, either, end, equal
from apps.engine.values import Depth, YesNo

HOLDS = Kind(
    model=Holds,
    noun="“holds” relation",
    plural="“holds” relations",
    title="Holds",
    about="A secret is stored or cached in an environment.",
    rows=relation_rows.holds_visible_to,
    form=relations.HoldsForm,
    create=relation_services.create_holds,
    delete=relation_services.delete_holds,
    argument="holds",
    attributes=(end("environment", "Environment"), end("credential", "Credential"), SEEN),
    narrowed_by=("environment", "credential"),
)
ENTERS = Kind(
    model=Enters,
    noun="“enters” relation",
    plural="“enters” relations",
    title="Enters",
    about="Somebody may log in to an environment.",
    rows=relation_rows.enters_visible_to,
    form=relations.EntersForm,
    create=relation_services.create_enters,
    change=relation_services.change_enters,
    delete=relation_services.delete_enters,
    argument="enters",
    attributes=(
        end("identity", "Identity"),
        end("environment", "Environment"),
        Attribute("requires_approval", "Needs approval", choice("requires_approval")),
        SEEN,
    ),
    filters=(equal("requires_approval", "Needs approval", YesNo),),
    unknowns=("requires_approval",),
    narrowed_by=("identity", "environment"),
)
MEMBER_OF = Kind(
    model=MemberOf,
    noun="“member of” relation",
    plural="“member of” relations",
    title="Member of",
    about="An identity belongs to a group, and through it to the groups that hold the group.",
    rows=relation_rows.member_of_visible_to,
    form=relations.MemberOfForm,
    create=relation_services.create_member_of,
    delete=relation_services.delete_member_of,
    argument="member_of",
    attributes=(end("identity", "Identity"), end("group", "Group"), SEEN),
    narrowed_by=("identity", "group"),
)
JUMPS = Kind(
    model=Jumps,
    noun="“jumps” relation",
    plural="“jumps” relations",
    title="Jumps",
    about="A session in one environment gives a session in another: bastions, runners, desktops.",
    rows=relation_rows.jumps_visible_to,
    form=relations.JumpsForm,
    create=relation_services.create_jumps,
    delete=relation_services.delete_jumps,
    argument="jumps",
    attributes=(end("origin", "From"), end("target", "To"), SEEN),
    narrowed_by=("origin", "target"),
)
CONNECTS = Kind(
    model=Connects,
    noun="connection",
    plural="connections",
    title="Connects",
    about="Network paths. One that names no deployments admits every one of them.",
    rows=relation_rows.connects_visible_to,
    form=relations.ConnectsForm,
    create=relation_services.create_connects,
    change=relation_services.change_connects,
    delete=relation_services.delete_connects,
    argument="connects",
    attributes=(
        Attribute("origin", "From", reference("origin", "the internet"), css="vr-end"),
        end("target", "To"),
        Attribute(
            "deployments",
            "Admits",
            references(lambda fact: fact.deployments.all(), "every deployment"),
        ),
        Attribute("enforces_allowlist", "Enforces the allowlist", choice("enforces_allowlist")),
        SEEN,
    ),
    filters=(equal("enforces_allowlist", "Enforces", YesNo),),
    unknowns=("enforces_allowlist",),
    narrowed_by=("origin", "target", "deployments"),
)
GRANTS = Kind(
    model=Grants,
    noun="“grants” relation",
    plural="“grants” relations",
    title="Grants",
    about="A deployment accepts a credential or an identity, down to a depth.",
    rows=relation_rows.grants_visible_to,
    form=relations.GrantsForm,
    create=relation_services.create_grants,
    change=relation_services.change_grants,
    delete=relation_services.delete_grants,
    argument="grants",
    attributes=(
        either("credential", "identity", "Accepted"),
        end("deployment", "By the deployment"),
        Attribute("depth", "Down to", choice("depth")),
        SEEN,
    ),
    filters=(equal("depth", "Down to", Depth),),
    narrowed_by=("credential", "identity", "deployment"),
)
ADMINISTERS = Kind(
    model=Administers,
    noun="“administers” relation",
    plural="“administers” relations",
    title="Administers",
    about="Somebody may create or change access paths: allowlists, gateway rules, keys.",
    rows=relation_rows.administers_visible_to,
    form=relations.AdministersForm,
    create=relation_services.create_administers,
    delete=relation_services.delete_administers,
    argument="administers",
    attributes=(end("identity", "Identity"), either("environment", "deployment", "At"), SEEN),
    narrowed_by=("identity", "environment", "deployment"),
)
