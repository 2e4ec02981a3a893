"""A finding in one sentence: who reaches what, through whom. "May" where nobody has stated it."""

from collections.abc import Callable
from dataclasses import dataclass

from apps.access.models import Environment
from apps.access.pictures import rules
from apps.access.pictures.walk import walks
from apps.access.selectors.routes import RouteFacts, witness_of
from apps.engine.values import Certainty, ReachKind
from apps.findings.models import Finding

PURPOSES = {"corporate": "corporate work"}


@dataclass(frozen=True)
class Names:
    """What a sentence may say: names where there are any, keys where not."""

    environment: str
    purpose: str
    deployment: str
    target: str
    target_purpose: str
    credential: str
    identity: str
    vendor: str
    model: str
    entry: str
    exposure: str
    through: str
    reach: str
    open: str
    use: str
    be: str
    cannot: str
    exposes: str


def sentence(finding: Finding, facts: RouteFacts) -> str:
    """What the finding says, as a sentence without a full stop."""
    told = _SENTENCES.get(finding.rule)
    return told(names_of(finding, facts)) if told else _plainly(finding)


def names_of(finding: Finding, facts: RouteFacts) -> Names:
    subject: dict[str, str] = finding.subject
    environment = facts.environments.get(finding.environment)
    deployment = facts.deployments.get(finding.deployment)
    possible = finding.certainty == Certainty.POSSIBLE
    pair = facts.pairs.get((finding.environment, finding.deployment))
    usable = pair is None or pair.reach == ReachKind.USABLE
    vendor = facts.vendors.get(subject.get("vendor", ""))
    model = facts.models.get(subject.get("model", ""))
    reach = "reach" if possible or not usable else "use"
    return Names(
        environment=environment.name if environment else finding.environment,
        purpose=PURPOSES.get(environment.purpose, environment.purpose) if environment else "",
        deployment=deployment.name if deployment else finding.deployment,
        target=deployment.model.name if deployment else finding.deployment,
        target_purpose=str(deployment.purpose) if deployment else "",
        credential=_credential(finding.credential, facts),
        identity=_identity(finding.identity, facts),
        vendor=vendor.name if vendor else subject.get("vendor", ""),
        model=model.name if model else subject.get("model", ""),
        entry=_entry(subject.get("entry", ""), facts),
        exposure=_exposure(subject.get("exposure", ""), facts),
        through=_through(finding, facts, environment),
        reach="may reach" if possible else f"can {reach}",
        open="may be able to open" if possible else "can open",
        use="may use" if possible else "can use",
        be="may be" if possible else "is",
        cannot="may not" if possible else "cannot",
        exposes="may expose" if possible else "exposes",
    )


def _credential(key: str, facts: RouteFacts) -> str:
    fact = facts.credentials.get(key)
    if fact and not facts.scope.shows(fact.identity.vendor_id):
        return "somebody else's credential"
    return fact.name if fact else key


def _identity(key: str, facts: RouteFacts) -> str:
    fact = facts.identities.get(key)
    if fact and not facts.scope.shows(fact.vendor_id):
        return "Somebody elsewhere"
    return fact.name if fact else key


def _entry(key: str, facts: RouteFacts) -> str:
    fact = facts.entries.get(key)
    if fact is None:
        return key
    return fact.name if facts.scope.shows(fact.vendor_id) else "of another vendor"


def _exposure(key: str, facts: RouteFacts) -> str:
    """The leak by its name, for those who may see everything that it could name."""
    fact = facts.exposures.get(key)
    return f": {fact.name if fact else key}" if facts.scope.everything else ""


def _through(finding: Finding, facts: RouteFacts, own: Environment | None) -> str:
    """The environment in which the subject comes to act, where that is another one."""
    walk = walks(witness_of(finding), finding.subject)
    if walk is None or own is None or not walk.network:
        return ""
    place = facts.environments.get(walk.wire_start.partition(":")[2])
    if place is None or place.key == own.key:
        return ""
    if not facts.scope.shows(place.vendor_id):
        return " through somebody else's environment"
    return f" through {place.name}"


def _unapproved(n: Names) -> str:
    return f"{n.environment} {n.reach} {n.target}{n.through or ' without being on its allowlist'}"


def _plainly(finding: Finding) -> str:
    about = ", ".join(finding.subject.values())
    return f"{rules.name(finding.rule)}: {about}"


_SENTENCES: dict[str, Callable[[Names], str]] = {
    "RT-01": _unapproved,
    "RT-02": lambda n: f"{n.environment} {n.reach} {n.target} past no allowlist at all",
    "RT-03": lambda n: (
        f"{n.environment} is meant for {n.purpose} and {n.reach} {n.target} for {n.target_purpose}"
    ),
    "RT-04": lambda n: (
        f"{n.environment} {n.open} {n.target} with a shared credential, {n.credential}"
    ),
    "RT-05": lambda n: (
        f"{n.environment} {n.open} {n.target} with {n.credential}, which lives too long"
    ),
    "RT-06": lambda n: f"{n.environment} holds a production secret, {n.credential}",
    "RT-07": lambda n: f"The approval of {n.entry} is not independent",
    "RT-08": lambda n: f"{n.identity} {n.open} paths to {n.target}".replace(
        "may be able to", "may"
    ),
    "RT-09": lambda n: f"The log of {n.deployment} {n.cannot} prove who used it",
    "RT-12": lambda n: f"Nobody has proven how fast {n.vendor} can lose its access to {n.model}",
    "RT-13": lambda n: f"{n.environment} {n.use} {n.target} from a weak endpoint",
    "RT-14": lambda n: (
        f"{n.environment} {n.reach} {n.target}, and no relationship in force stands behind it"
    ),
    "RT-15": lambda n: f"A leak {n.exposes} the way to {n.deployment}{n.exposure}",
    "RT-17": lambda n: (
        f"{n.environment} {n.reach} {n.target}, and no contract names who works there"
    ),
    "RT-18": lambda n: f"{n.environment} holds a key to {n.target} and has no path to it",
    "RT-19": lambda n: f"The permission {n.entry} runs on without a near end",
    "RT-20": lambda n: f"{n.deployment} {n.be} open to the internet",
}
