"""The rules: what each is called, what it is about, which control it checks, how grave it is.

The words for a reader (why, how to fix) are in ``words``; the tests themselves in ``reference``, as
defined, and in ``arrays``, fast. A rule marked ``from_document`` false needs facts that a document
cannot carry (access logs, answers, reviews); it has its place here and runs on the database alone.
"""

from dataclasses import dataclass

from apps.engine.values import Sensitivity, Severity

_LADDER = (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)


@dataclass(frozen=True)
class Rule:
    """One machine check of the access graph.

    ``subject``: the field names that make its findings distinct. ``boundary``: a finding of it
    makes a pair unsegregated. ``controls``: what a review asks for, the missing one first.
    """

    id: str
    name: str
    subject: tuple[str, ...]
    controls: tuple[str, ...]
    base: Severity
    boundary: bool = False
    from_document: bool = True

    @property
    def is_about_a_pair(self) -> bool:
        """An environment and a deployment are in its subject."""
        return "environment" in self.subject and "deployment" in self.subject


_PAIR = ("environment", "deployment")
_CRITICAL, _HIGH, _MEDIUM, _LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule("RT-01", "Unapproved reach", _PAIR, ("AR-01",), _CRITICAL, boundary=True),
        Rule("RT-02", "Ungated route", _PAIR, ("AR-01", "AR-12"), _HIGH, boundary=True),
        Rule("RT-03", "Purpose crossing", _PAIR, ("AR-06",), _HIGH, boundary=True),
        Rule(
            "RT-04", "Shared credential", (*_PAIR, "credential"), ("AR-04",), _HIGH, boundary=True
        ),
        Rule("RT-05", "Long-lived credential", (*_PAIR, "credential"), ("AR-03",), _HIGH),
        Rule(
            "RT-06",
            "Production secret outside",
            ("environment", "credential"),
            ("AR-07",),
            _CRITICAL,
        ),
        Rule("RT-07", "Approval not independent", ("entry",), ("AR-08",), _HIGH),
        Rule("RT-08", "Path creator outside", ("identity", "deployment"), ("AR-02",), _HIGH),
        Rule("RT-09", "Log cannot prove use", ("deployment",), ("AR-09", "AR-10"), _HIGH),
        Rule(
            "RT-10",
            "Unattributable use",
            ("deployment", "actor"),
            ("AR-09",),
            _MEDIUM,
            from_document=False,
        ),
        Rule(
            "RT-11",
            "Use off the allowlist",
            ("deployment", "origin"),
            ("AR-01",),
            _CRITICAL,
            from_document=False,
        ),
        Rule("RT-12", "Revocation unproven", ("vendor", "model"), ("AR-11",), _HIGH),
        Rule("RT-13", "Weak endpoint", _PAIR, ("AR-12",), _MEDIUM),
        Rule("RT-14", "Outside the relationship", _PAIR, ("AR-02",), _CRITICAL, boundary=True),
        Rule("RT-15", "Exposed by a leak", ("exposure", "deployment"), ("AR-15",), _HIGH),
        Rule(
            "RT-16", "Claim contradicted", ("answer", "predicate"), (), _HIGH, from_document=False
        ),
        Rule("RT-17", "Undisclosed sub-contractor", _PAIR, ("AR-16",), _HIGH, boundary=True),
        Rule("RT-18", "Stranded credential", _PAIR, ("AR-03",), _LOW),
        Rule("RT-19", "Open-ended permission", ("entry",), ("AR-02",), _MEDIUM),
        Rule("RT-20", "Open to the internet", ("deployment",), ("AR-12",), _HIGH),
    )
}
BOUNDARY_RULES = frozenset(rule.id for rule in RULES.values() if rule.boundary)

CONTROLS: dict[str, str] = {
    "AR-01": "Per-partner allowlist",
    "AR-02": "Path inventory and path creators",
    "AR-03": "Short-lived credentials",
    "AR-04": "Credentials isolated per user, test and partner",
    "AR-05": "Isolated environments for outside testers",
    "AR-06": "Separate evaluation, research and production paths",
    "AR-07": "No production-grade secrets in partner environments",
    "AR-08": "Human approvals apart from service accounts",
    "AR-09": "Proof of which identity touched which model",
    "AR-10": "Tamper-evident access logs",
    "AR-11": "Fast, rehearsed revocation",
    "AR-12": "Endpoint controls",
    "AR-13": "Incident detection and reporting",
    "AR-14": "Usage limits and marking",
    "AR-15": "Watch for leaked intelligence",
    "AR-16": "Contractor chain named and flowed down",
}


@dataclass(frozen=True)
class Grading:
    """What the steps of a severity depend on, for one finding in the world it is graded in.

    ``deep``: a grant that the environment acts with goes to white box or weights. ``usable``: the
    pair's reach is usable. ``own``: the environment (for RT-08, the identity) is our own.
    ``open_to_internet``: the internet has an open wire to the deployment.
    """

    sensitivity: Sensitivity
    deep: bool = False
    usable: bool = True
    own: bool = False
    service_account: bool = False
    open_to_internet: bool = False


def severity(rule: Rule, grading: Grading) -> Severity:
    """The severity of one finding: the rule's base, the steps added up, clamped once."""
    if rule.id == "RT-06":
        return Severity.CRITICAL
    steps = int(grading.sensitivity is Sensitivity.M4)
    if rule.id == "RT-18":
        pass
    elif rule.is_about_a_pair:
        steps = int(bool(steps) or grading.deep) - int(not grading.usable) - int(grading.own)
    elif rule.id == "RT-08":
        steps -= int(grading.own and grading.service_account)
    elif rule.id == "RT-15":
        steps += int(grading.open_to_internet)
    return _LADDER[min(max(_LADDER.index(rule.base) + steps, 0), len(_LADDER) - 1)]
