"""The relations of the access graph: one table each, each pair at most once, never to itself."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from apps.access.models.identities import Credential, Identity
from apps.access.models.inventory import Deployment, Environment
from apps.core.models import EnumField, Relation, one_of
from apps.engine.values import Depth, IdentityKind, YesNo

TO_ITSELF = "A relation leads from one fact to another, not to itself."


def once(*fields: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=fields, name="%(app_label)s_%(class)s_once", nulls_distinct=False
    )


def two_ends(origin: str, target: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name="%(app_label)s_%(class)s_has_two_ends",
        condition=~Q(**{origin: F(target)}),
        violation_error_message=TO_ITSELF,
    )


def exactly_one(*fields: str) -> models.CheckConstraint:
    chosen = Q()
    for field in fields:
        chosen |= Q(**{f"{other}__isnull": other != field for other in fields})
    return models.CheckConstraint(
        name="%(app_label)s_%(class)s_names_exactly_one",
        condition=chosen,
        violation_error_message=f"Exactly one of these is named: {', '.join(fields)}.",
    )


class Holds(Relation):
    """The secret is stored or cached in the environment."""

    filed_under = ("environment__vendor", "credential__identity__vendor")
    ends = (("environment",), ("credential",))

    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="holds")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="held_in")

    class Meta:
        verbose_name = "“holds” relation"
        constraints = [once("environment", "credential")]


class Enters(Relation):
    """The identity may log in to the environment. ``requires_approval`` is shown, not analysed."""

    filed_under = ("identity__vendor", "environment__vendor")
    ends = (("identity",), ("environment",))

    identity = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="enters")
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="entered_by"
    )
    requires_approval = EnumField(YesNo, default=str(YesNo.UNKNOWN))

    class Meta:
        verbose_name = "“enters” relation"
        constraints = [once("identity", "environment"), one_of("requires_approval", YesNo)]


class MemberOf(Relation):
    """The identity belongs to the group, and through it to the groups that hold the group."""

    filed_under = ("identity__vendor", "group__vendor")
    ends = (("identity",), ("group",))

    identity = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="member_of")
    group = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="members")

    class Meta:
        verbose_name = "“member of” relation"
        constraints = [once("identity", "group"), two_ends("identity", "group")]

    def clean(self) -> None:
        if self.group_id is not None and self.group.kind != IdentityKind.GROUP:
            raise ValidationError({"group": f"{self.group.key} is not a group."})


class Jumps(Relation):
    """A session in one environment gives a session in the other."""

    filed_under = ("origin__vendor", "target__vendor")
    ends = (("origin",), ("target",))

    origin = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="jumps_to")
    target = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="jumped_from")

    class Meta:
        verbose_name = "“jumps” relation"
        constraints = [once("origin", "target"), two_ends("origin", "target")]


class Connects(Relation):
    """A network path; an origin of none is the internet. No admitted deployment means every one."""

    filed_under = ("origin__vendor", "target__vendor")
    ends = (("origin",), ("target",))

    origin = models.ForeignKey(
        Environment, null=True, blank=True, on_delete=models.PROTECT, related_name="connects_to"
    )
    target = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="connected_from")
    deployments = models.ManyToManyField(
        Deployment, through="ConnectsDeployment", related_name="admitted_by", blank=True
    )
    enforces_allowlist = EnumField(YesNo, default=str(YesNo.UNKNOWN))

    class Meta:
        verbose_name = "“connects” relation"
        constraints = [
            once("origin", "target"),
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_has_two_ends",
                condition=Q(origin__isnull=True) | ~Q(origin=F("target")),
                violation_error_message=TO_ITSELF,
            ),
            one_of("enforces_allowlist", YesNo),
        ]


class ConnectsDeployment(models.Model):
    """One deployment that a connection admits."""

    connects = models.ForeignKey(Connects, on_delete=models.CASCADE, related_name="admits")
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [once("connects", "deployment")]

    def __str__(self) -> str:
        return f"connection {self.connects_id} admits {self.deployment_id}"


class Grants(Relation):
    """The deployment accepts the credential, or the identity, down to a depth."""

    filed_under = (
        "credential__identity__vendor",
        "identity__vendor",
        "deployment__environment__vendor",
    )
    ends = (("credential", "identity"), ("deployment",))

    credential = models.ForeignKey(
        Credential, null=True, blank=True, on_delete=models.PROTECT, related_name="grants"
    )
    identity = models.ForeignKey(
        Identity, null=True, blank=True, on_delete=models.PROTECT, related_name="grants"
    )
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="granted_to")
    depth = EnumField(Depth, default=str(Depth.INFERENCE))

    class Meta:
        verbose_name = "“grants” relation"
        constraints = [
            once("credential", "identity", "deployment"),
            exactly_one("credential", "identity"),
            one_of("depth", Depth),
        ]


class Administers(Relation):
    """The identity may create or change access paths at an environment or a deployment."""

    filed_under = (
        "identity__vendor",
        "environment__vendor",
        "deployment__environment__vendor",
    )
    ends = (("identity",), ("environment", "deployment"))

    identity = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="administers")
    environment = models.ForeignKey(
        Environment, null=True, blank=True, on_delete=models.PROTECT, related_name="administered_by"
    )
    deployment = models.ForeignKey(
        Deployment, null=True, blank=True, on_delete=models.PROTECT, related_name="administered_by"
    )

    class Meta:
        verbose_name = "“administers” relation"
        constraints = [
            once("identity", "environment", "deployment"),
            exactly_one("environment", "deployment"),
        ]
