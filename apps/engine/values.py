"""The facts that the analysis reads and the answers that it gives: the file to read first.

A fact is a named tuple: frozen, cheap by the million, compared by value. References to other facts
are keys (strings), as in the interchange document; ``None`` as a vendor means our own organisation.
Times are aware datetimes in UTC, days are dates. A yes/no attribute that nobody has stated is
``YesNo.UNKNOWN``: blank is never safe.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

INTERNET = "internet"
"""The reserved key: a place that passes traffic on, as the source of a connection."""


class YesNo(StrEnum):
    """A stated yes, a stated no, or nobody has stated it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Where a fact comes from: a person, a document, an access log."""

    DECLARED = "declared"
    IMPORTED = "imported"
    OBSERVED = "observed"


class VendorKind(StrEnum):
    PARTNER = "partner"
    CONTRACTOR = "contractor"
    SUPPLIER = "supplier"
    SUBPROCESSOR = "subprocessor"


class VendorStatus(StrEnum):
    PROSPECT = "prospect"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    OFFBOARDED = "offboarded"


class EnvironmentKind(StrEnum):
    ENDPOINT_FLEET = "endpoint_fleet"
    SANDBOX = "sandbox"
    EVAL_HARNESS = "eval_harness"
    CI = "ci"
    RESEARCH = "research"
    STAGING = "staging"
    PRODUCTION = "production"
    GATEWAY = "gateway"
    SAAS = "saas"


class Purpose(StrEnum):
    """What an environment is for. Deployments and allowlist entries know all but ``corporate``."""

    EVALUATION = "evaluation"
    RESEARCH = "research"
    PRODUCTION = "production"
    CORPORATE = "corporate"


class Inventory(StrEnum):
    """Has somebody vouched that its secrets, logins and connections are all declared?"""

    COMPLETE = "complete"
    UNKNOWN = "unknown"


class EnvironmentStatus(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"


class IdentityKind(StrEnum):
    HUMAN = "human"
    SERVICE_ACCOUNT = "service_account"
    GROUP = "group"


class IdentityStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class CredentialKind(StrEnum):
    API_KEY = "api_key"
    OAUTH_TOKEN = "oauth_token"  # noqa: S105 - a kind of credential, not one
    SSH_KEY = "ssh_key"
    CERTIFICATE = "certificate"
    PASSWORD = "password"  # noqa: S105 - a kind of credential, not one
    SESSION = "session"


class Sensitivity(StrEnum):
    """M1 general, M2 limited, M3 restricted dual-use, M4 weights, internals or licensed access."""

    M1 = "M1"
    M2 = "M2"
    M3 = "M3"
    M4 = "M4"

    @property
    def is_sensitive(self) -> bool:
        """M3 and M4: the models whose routes are analysed."""
        return self in (Sensitivity.M3, Sensitivity.M4)


class Logging(StrEnum):
    TAMPER_EVIDENT = "tamper_evident"
    PLAIN = "plain"
    NONE = "none"
    UNKNOWN = "unknown"


class Depth(StrEnum):
    """How deep into the model a grant goes; the last two raise the severity of a finding."""

    INFERENCE = "inference"
    FINE_TUNE = "fine_tune"
    WHITE_BOX = "white_box"
    WEIGHTS = "weights"


class ExposureKind(StrEnum):
    ADDRESS = "address"
    NAME = "name"
    CREDENTIAL = "credential"
    DOCUMENT = "document"


# --- facts: the register -------------------------------------------------------------------------


class Vendor(NamedTuple):
    key: str
    kind: VendorKind
    engaged_by: str | None = None
    status: VendorStatus = VendorStatus.ACTIVE
    name: str = ""
    source: Source = Source.IMPORTED


class Environment(NamedTuple):
    key: str
    kind: EnvironmentKind
    purpose: Purpose
    vendor: str | None = None
    internet_egress: YesNo = YesNo.UNKNOWN
    internet_exposed: YesNo = YesNo.UNKNOWN
    managed_endpoints: YesNo = YesNo.UNKNOWN
    inventory: Inventory = Inventory.UNKNOWN
    status: EnvironmentStatus = EnvironmentStatus.ACTIVE
    name: str = ""
    source: Source = Source.IMPORTED


class Identity(NamedTuple):
    key: str
    kind: IdentityKind
    vendor: str | None = None
    mfa: YesNo = YesNo.UNKNOWN
    status: IdentityStatus = IdentityStatus.ACTIVE
    name: str = ""
    source: Source = Source.IMPORTED


class Credential(NamedTuple):
    """Facts about a secret, never the secret."""

    key: str
    identity: str
    kind: CredentialKind
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    engagements: tuple[str, ...] = ()
    production_grade: bool = False
    name: str = ""
    source: Source = Source.IMPORTED


class AIModel(NamedTuple):
    key: str
    sensitivity: Sensitivity
    custodian: str | None = None
    name: str = ""
    source: Source = Source.IMPORTED


class Deployment(NamedTuple):
    """One running instance or endpoint of a model, in the environment that hosts it."""

    key: str
    model: str
    environment: str
    purpose: Purpose
    logging: Logging = Logging.UNKNOWN
    log_names_identity: YesNo = YesNo.UNKNOWN
    name: str = ""
    source: Source = Source.IMPORTED


class AllowlistEntry(NamedTuple):
    """A dated permission: a vendor's environments (all, or one) may use a model for a purpose."""

    key: str
    model: str
    purpose: Purpose
    vendor: str | None = None
    environment: str | None = None
    requested_by: str | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    expires_at: datetime | None = None
    name: str = ""
    source: Source = Source.IMPORTED


# --- facts: relations, each identified by (list, from, to) ---------------------------------------


class Holds(NamedTuple):
    """The secret is stored or cached in the environment."""

    from_: str
    to: str
    name: str = ""
    source: Source = Source.IMPORTED


class Enters(NamedTuple):
    """The identity may log in to the environment."""

    from_: str
    to: str
    requires_approval: YesNo = YesNo.UNKNOWN
    name: str = ""
    source: Source = Source.IMPORTED


class MemberOf(NamedTuple):
    from_: str
    to: str
    name: str = ""
    source: Source = Source.IMPORTED


class Jumps(NamedTuple):
    """A session in one environment gives a session in the other."""

    from_: str
    to: str
    name: str = ""
    source: Source = Source.IMPORTED


class Connects(NamedTuple):
    """A network path; ``from_`` may be ``INTERNET``; ``deployments`` None admits all of them."""

    from_: str
    to: str
    deployments: tuple[str, ...] | None = None
    enforces_allowlist: YesNo = YesNo.UNKNOWN
    name: str = ""
    source: Source = Source.IMPORTED


class Grants(NamedTuple):
    """The deployment accepts it; ``from_`` is ``credential:KEY`` or ``identity:KEY``."""

    from_: str
    to: str
    depth: Depth = Depth.INFERENCE
    name: str = ""
    source: Source = Source.IMPORTED


class Administers(NamedTuple):
    """May create or change access paths; ``to`` is ``environment:KEY`` or ``deployment:KEY``."""

    from_: str
    to: str
    name: str = ""
    source: Source = Source.IMPORTED


# --- facts: what happened ------------------------------------------------------------------------


class Exposure(NamedTuple):
    """A leak that names ``environment:``, ``deployment:`` or ``credential:`` targets."""

    key: str
    kind: ExposureKind
    targets: tuple[str, ...]
    seen_at: datetime
    closed_at: datetime | None = None
    note: str | None = None
    name: str = ""
    source: Source = Source.IMPORTED


class Drill(NamedTuple):
    """A rehearsed revocation: ordered at ``started_at``, proven dead at ``confirmed_at``."""

    key: str
    vendor: str
    model: str
    started_at: datetime
    confirmed_at: datetime | None = None
    evidence: str | None = None
    name: str = ""
    source: Source = Source.IMPORTED


class Contract(NamedTuple):
    key: str
    vendor: str
    starts_on: date
    ends_on: date | None = None
    subcontractors: tuple[str, ...] = ()
    right_to_audit: YesNo = YesNo.UNKNOWN
    breach_notice_hours: int | None = None
    name: str = ""
    source: Source = Source.IMPORTED


class Graph(NamedTuple):
    """A whole access graph. Order carries no meaning; keys are unique and references resolve."""

    vendors: tuple[Vendor, ...] = ()
    environments: tuple[Environment, ...] = ()
    identities: tuple[Identity, ...] = ()
    credentials: tuple[Credential, ...] = ()
    models: tuple[AIModel, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    allowlist: tuple[AllowlistEntry, ...] = ()
    holds: tuple[Holds, ...] = ()
    enters: tuple[Enters, ...] = ()
    member_of: tuple[MemberOf, ...] = ()
    jumps: tuple[Jumps, ...] = ()
    connects: tuple[Connects, ...] = ()
    grants: tuple[Grants, ...] = ()
    administers: tuple[Administers, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    drills: tuple[Drill, ...] = ()
    contracts: tuple[Contract, ...] = ()


# --- answers -------------------------------------------------------------------------------------


class ReachKind(StrEnum):
    USABLE = "usable"
    NETWORK_ONLY = "network_only"
    CREDENTIAL_ONLY = "credential_only"
    NONE = "none"


class VerdictKind(StrEnum):
    UNSEGREGATED = "unsegregated"
    UNDETERMINED = "undetermined"
    SEGREGATED = "segregated"


class Certainty(StrEnum):
    """Proven holds even when every unknown is taken as safe; possible rests on an unknown."""

    PROVEN = "proven"
    POSSIBLE = "possible"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Reach(NamedTuple):
    """What an environment reaches of a deployment, in the worst world and in the best (proven)."""

    environment: str
    deployment: str
    reach: ReachKind
    proven: ReachKind


class Verdict(NamedTuple):
    environment: str
    deployment: str
    verdict: VerdictKind


class Hop(NamedTuple):
    """One fact on a route. Ends are ``kind:key``, or ``internet``; the direction is the fact's own.

    Relations are those of the document, and three that attributes stand for: ``authenticates``
    (credential to its identity), ``internet_egress`` and ``internet_exposed``.
    """

    relation: str
    from_: str
    to: str


class Witness(NamedTuple):
    """The shortest chain of facts that proves a finding, in the order in which it is read."""

    access: tuple[Hop, ...] = ()
    wire: tuple[Hop, ...] = ()
    credential: tuple[Hop, ...] = ()


class Unknown(NamedTuple):
    """Something that nobody has stated: ``fact`` is ``kind:key``, or ``connects:from:to``."""

    fact: str
    field: str


class Finding(NamedTuple):
    """One thing that is wrong: what control is missing, what to change, and what proves it.

    ``rests_on`` lists, for a possible finding, the unknowns that it was taken from.
    """

    rule: str
    certainty: Certainty
    severity: Severity
    subject: Mapping[str, str]
    fingerprint: str
    missing: str
    fix: str
    witness: Witness
    rests_on: tuple[Unknown, ...] = ()


class Counts(NamedTuple):
    """The headline figures. An environment counts once, under its worst verdict."""

    environments: int
    unvouched: int
    deployments: int
    unsegregated: int
    undetermined: int
    segregated: int
    proven: int
    possible: int


class ScanResult(NamedTuple):
    """Everything one analysis says, sorted, so that equal graphs give equal bytes."""

    now: datetime
    counts: Counts
    reach: tuple[Reach, ...]
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
