"""The interchange document as one table: its seventeen lists, their fields, types and references.

Everything about the document is made from this table: the reader, the writer, the merge and the
published JSON Schema. Which fields are required, and the defaults of the others, are those of the
facts in ``values``. Another field of a fact is one more word here.
"""

from enum import StrEnum
from functools import cached_property
from typing import Any, Final, NamedTuple

from apps.engine.document_faults import Reason
from apps.engine.document_types import (
    ENGAGEMENT_CHARACTERS,
    NAME_CHARACTERS,
    TEXT_CHARACTERS,
    Choice,
    Day,
    FieldType,
    Flag,
    Key,
    Names,
    Reference,
    References,
    RefusedError,
    Text,
    Time,
    Whole,
    YesNoUnknown,
)
from apps.engine.values import (
    Administers,
    AIModel,
    AllowlistEntry,
    Connects,
    Contract,
    Credential,
    CredentialKind,
    Deployment,
    Depth,
    Drill,
    Enters,
    Environment,
    EnvironmentKind,
    EnvironmentStatus,
    Exposure,
    ExposureKind,
    Grants,
    Holds,
    Identity,
    IdentityKind,
    IdentityStatus,
    Inventory,
    Jumps,
    Logging,
    MemberOf,
    Purpose,
    Sensitivity,
    Source,
    Vendor,
    VendorKind,
    VendorStatus,
)

FORMAT: Final = "vendorrisk.access-graph/1"

Identifier = str | tuple[str, str]
"""What a fact is merged by: its key, or the two ends of a relation."""

Fact = (
    Vendor
    | Environment
    | Identity
    | Credential
    | AIModel
    | Deployment
    | AllowlistEntry
    | Holds
    | Enters
    | MemberOf
    | Jumps
    | Connects
    | Grants
    | Administers
    | Exposure
    | Drill
    | Contract
)


class Mode(StrEnum):
    """Merge adds and changes; replace also ends what the document's lists do not contain."""

    MERGE = "merge"
    REPLACE = "replace"


class Field(NamedTuple):
    """One field of a list: its name in the document and in the fact, and what may stand there."""

    name: str
    attribute: str
    type: FieldType
    reference: Reference | None
    required: bool
    default: Any

    def default_of_null(self) -> Any:
        """What null stands for here; raises ``RefusedError`` where it stands for nothing."""
        if self.required:
            raise RefusedError(Reason.BAD_VALUE, "is null, and has no default; state it")
        return self.default


class FactList:
    """One list of the document: the fact it carries, its fields in the fact's order, its rules.

    ``noun`` is what one of them is called. ``span`` names two fields of which the second may not
    be before the first.
    """

    def __init__(
        self,
        name: str,
        noun: str,
        fact: type[Fact],
        types: dict[str, FieldType],
        span: tuple[str, str] | None = None,
    ) -> None:
        self.name = name
        self.noun = noun
        self.fact = fact
        self.span = span
        self.is_relation = "key" not in fact._fields
        common: dict[str, FieldType] = {
            "key": Key(),
            "name": Text(NAME_CHARACTERS),
            "source": Choice(Source),
        }
        self.fields = tuple(_field(fact, each, types | common) for each in fact._fields)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each field stands in the fact, by its name in the document."""
        return {field.name: at for at, field in enumerate(self.fields)}

    @property
    def identity(self) -> tuple[str, ...]:
        """The fields that say which fact a row is about."""
        return ("from", "to") if self.is_relation else ("key",)

    def identify(self, fact: Fact) -> Identifier:
        """The key of a fact, or the two ends of a relation: they stand first in every fact."""
        return (fact[0], fact[1]) if self.is_relation else fact[0]

    @cached_property
    def joins_equals(self) -> bool:
        """A relation between two facts of one list, which must then be two."""
        if not self.is_relation:
            return False
        ends = (self.by_name["from"].reference, self.by_name["to"].reference)
        return all(ends) and len({end.lists for end in ends if end}) == 1


def _field(fact: type[Fact], attribute: str, types: dict[str, FieldType]) -> Field:
    name = attribute.rstrip("_")
    kind = types[name]
    kind_of_one = kind.item if isinstance(kind, References) else kind
    return Field(
        name=name,
        attribute=attribute,
        type=kind,
        reference=kind_of_one if isinstance(kind_of_one, Reference) else None,
        required=attribute not in fact._field_defaults,
        default=None if name == "name" else fact._field_defaults.get(attribute),
    )


_VENDOR = Reference("vendors")
_ENVIRONMENT = Reference("environments")
_IDENTITY = Reference("identities")
_CREDENTIAL = Reference("credentials")
_MODEL = Reference("models")
_DEPLOYMENT = Reference("deployments")
_YES_NO = YesNoUnknown()
_TIME = Time()
_DAY = Day()
_TEXT = Text(TEXT_CHARACTERS)
_PATH_PURPOSE = Choice(Purpose, but=[Purpose.CORPORATE])


LISTS: Final = (
    FactList(
        "vendors",
        "vendor",
        Vendor,
        {
            "kind": Choice(VendorKind),
            "engaged_by": _VENDOR,
            "status": Choice(VendorStatus),
        },
    ),
    FactList(
        "environments",
        "environment",
        Environment,
        {
            "kind": Choice(EnvironmentKind),
            "purpose": Choice(Purpose),
            "vendor": _VENDOR,
            "internet_egress": _YES_NO,
            "internet_exposed": _YES_NO,
            "managed_endpoints": _YES_NO,
            "inventory": Choice(Inventory),
            "status": Choice(EnvironmentStatus),
        },
    ),
    FactList(
        "identities",
        "identity",
        Identity,
        {
            "kind": Choice(IdentityKind),
            "vendor": _VENDOR,
            "mfa": _YES_NO,
            "status": Choice(IdentityStatus),
        },
    ),
    FactList(
        "credentials",
        "credential",
        Credential,
        {
            "identity": _IDENTITY,
            "kind": Choice(CredentialKind),
            "issued_at": _TIME,
            "expires_at": _TIME,
            "revoked_at": _TIME,
            "engagements": Names(ENGAGEMENT_CHARACTERS),
            "production_grade": Flag(),
        },
        span=("issued_at", "expires_at"),
    ),
    FactList(
        "models",
        "model",
        AIModel,
        {"sensitivity": Choice(Sensitivity), "custodian": _IDENTITY},
    ),
    FactList(
        "deployments",
        "deployment",
        Deployment,
        {
            "model": _MODEL,
            "environment": _ENVIRONMENT,
            "purpose": _PATH_PURPOSE,
            "logging": Choice(Logging),
            "log_names_identity": _YES_NO,
        },
    ),
    FactList(
        "allowlist",
        "allowlist entry",
        AllowlistEntry,
        {
            "model": _MODEL,
            "purpose": _PATH_PURPOSE,
            "vendor": _VENDOR,
            "environment": _ENVIRONMENT,
            "requested_by": _IDENTITY,
            "approved_by": _IDENTITY,
            "approved_at": _TIME,
            "expires_at": _TIME,
        },
        span=("approved_at", "expires_at"),
    ),
    FactList("holds", "relation", Holds, {"from": _ENVIRONMENT, "to": _CREDENTIAL}),
    FactList(
        "enters",
        "relation",
        Enters,
        {"from": _IDENTITY, "to": _ENVIRONMENT, "requires_approval": _YES_NO},
    ),
    FactList("member_of", "relation", MemberOf, {"from": _IDENTITY, "to": _IDENTITY}),
    FactList("jumps", "relation", Jumps, {"from": _ENVIRONMENT, "to": _ENVIRONMENT}),
    FactList(
        "connects",
        "relation",
        Connects,
        {
            "from": Reference("environments", internet=True),
            "to": _ENVIRONMENT,
            "deployments": References(_DEPLOYMENT, may_be_empty=False),
            "enforces_allowlist": _YES_NO,
        },
    ),
    FactList(
        "grants",
        "relation",
        Grants,
        {
            "from": Reference("credentials", "identities", kinds=["credential", "identity"]),
            "to": _DEPLOYMENT,
            "depth": Choice(Depth),
        },
    ),
    FactList(
        "administers",
        "relation",
        Administers,
        {
            "from": _IDENTITY,
            "to": Reference("environments", "deployments", kinds=["environment", "deployment"]),
        },
    ),
    FactList(
        "exposures",
        "exposure",
        Exposure,
        {
            "kind": Choice(ExposureKind),
            "targets": References(
                Reference(
                    "environments",
                    "deployments",
                    "credentials",
                    kinds=["environment", "deployment", "credential"],
                ),
                may_be_empty=False,
            ),
            "seen_at": _TIME,
            "closed_at": _TIME,
            "note": _TEXT,
        },
        span=("seen_at", "closed_at"),
    ),
    FactList(
        "drills",
        "drill",
        Drill,
        {
            "vendor": _VENDOR,
            "model": _MODEL,
            "started_at": _TIME,
            "confirmed_at": _TIME,
            "evidence": _TEXT,
        },
        span=("started_at", "confirmed_at"),
    ),
    FactList(
        "contracts",
        "contract",
        Contract,
        {
            "vendor": _VENDOR,
            "starts_on": _DAY,
            "ends_on": _DAY,
            "subcontractors": References(_VENDOR, may_be_empty=True),
            "right_to_audit": _YES_NO,
            "breach_notice_hours": Whole(),
        },
        span=("starts_on", "ends_on"),
    ),
)

BY_NAME: Final = {each.name: each for each in LISTS}
ORDER: Final = {each.name: at for at, each in enumerate(LISTS)}
