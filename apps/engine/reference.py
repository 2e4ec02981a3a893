"""The rules as they are defined, one function each, over the plain closure.

``analyse_plainly`` answers for any graph, slowly. The array engine (``analysis.analyse``) must give
the same reach, verdicts and findings; property tests hold the two equal.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import NamedTuple

from apps.engine.catalogue import BOUNDARY_RULES, RULES, Grading, severity
from apps.engine.closure import Closure, World, WorldClosure
from apps.engine.live import live_facts
from apps.engine.thresholds import DEFAULT_THRESHOLDS, Thresholds
from apps.engine.values import (
    INTERNET,
    AllowlistEntry,
    Certainty,
    Counts,
    Credential,
    CredentialKind,
    Deployment,
    Depth,
    Environment,
    EnvironmentKind,
    Graph,
    IdentityKind,
    Inventory,
    Logging,
    Purpose,
    Reach,
    ReachKind,
    Sensitivity,
    Severity,
    VendorStatus,
    Verdict,
    VerdictKind,
    YesNo,
)

Subject = tuple[tuple[str, str], ...]
"""A finding's subject as sorted (field, key) pairs: hashable, unlike a dict."""

DEEP = {Depth.WHITE_BOX, Depth.WEIGHTS}
ON_THE_NETWORK = (ReachKind.USABLE, ReachKind.NETWORK_ONLY)


class PlainFinding(NamedTuple):
    rule: str
    certainty: Certainty
    severity: Severity
    subject: Subject


class PlainResult(NamedTuple):
    """Everything but words and witnesses, sorted as the scan document sorts."""

    counts: Counts
    reach: list[Reach]
    verdicts: list[Verdict]
    findings: list[PlainFinding]


def subject(**fields: str) -> Subject:
    return tuple(sorted(fields.items()))


class Rules:
    """All rules in one world. Each method yields the subjects for which its rule holds."""

    def __init__(self, closure: Closure, world: World, thresholds: Thresholds) -> None:
        self.closure = closure
        self.live = closure.live
        self.world = WorldClosure(closure, world)
        self.thresholds = thresholds
        self.deployments = closure.sensitive_deployments()
        self.is_shared = cache(self._is_shared)

    def environments_for(self, d: Deployment) -> Iterator[Environment]:
        """The live environments that rules run for: not our own gateways, not our own host of d."""
        for e in self.live.environments.values():
            ours = e.vendor is None
            if not (ours and (e.kind is EnvironmentKind.GATEWAY or e.key == d.environment)):
                yield e

    def pairs(self, *kinds: ReachKind) -> Iterator[tuple[Environment, Deployment]]:
        for d in self.deployments:
            for e in self.environments_for(d):
                if self.world.reach(e, d) in kinds:
                    yield e, d

    def rt_01(self) -> Iterator[Subject]:
        for e, d in self.pairs(*ON_THE_NETWORK):
            if not self.world.is_covered(e, d):
                yield subject(environment=e.key, deployment=d.key)

    def rt_02(self) -> Iterator[Subject]:
        for d in self.deployments:
            host = self.live.environments[d.environment]
            starts = self.world.wires(d.key).open
            for e in self.environments_for(d):
                if any(
                    f.key in starts and (f is not host or e.vendor != host.vendor)
                    for f in self.closure.environments_of(f"environment:{e.key}")
                ):
                    yield subject(environment=e.key, deployment=d.key)

    def rt_03(self) -> Iterator[Subject]:
        for e, d in self.pairs(*ON_THE_NETWORK):
            own_office = (
                e.vendor is None
                and e.purpose is Purpose.CORPORATE
                and self.closure.is_permitted(e, d)
            )
            fleet = e.kind is EnvironmentKind.ENDPOINT_FLEET
            if e.purpose is not d.purpose and not fleet and not own_office:
                yield subject(environment=e.key, deployment=d.key)

    def _keys_in_hand(self) -> Iterator[tuple[Environment, Deployment, Credential]]:
        """(e, d, c) with ``acts(e, c)`` and ``opens(c, d)``."""
        for d in self.deployments:
            openers = [
                c for c in self.live.credentials.values() if self.closure.opens(c.key, d.key)
            ]
            for e in self.environments_for(d):
                acts = self.closure.acts(f"environment:{e.key}")
                for c in openers:
                    if f"credential:{c.key}" in acts:
                        yield e, d, c

    def _is_shared(self, c: Credential) -> bool:
        holders = [self.live.environments[key] for key in self.closure.held_in[c.key]]
        identity = self.live.identities[c.identity]
        purposes = {e.purpose for e in holders if e.kind is not EnvironmentKind.ENDPOINT_FLEET}
        return (
            len({e.vendor for e in holders}) > 1
            or len(purposes) > 1
            or any(e.vendor != identity.vendor for e in holders)
            or identity.kind is IdentityKind.GROUP
            or len(set(c.engagements)) > 1
        )

    def rt_04(self) -> Iterator[Subject]:
        for e, d, c in self._keys_in_hand():
            if self.is_shared(c):
                yield subject(environment=e.key, deployment=d.key, credential=c.key)

    def _lives_too_long(self, c: Credential, sensitivity: Sensitivity) -> bool:
        human = self.live.identities[c.identity].kind is IdentityKind.HUMAN
        limits = (
            self.thresholds.human_session
            if c.kind is CredentialKind.SESSION and human
            else self.thresholds.credential
        )
        if c.issued_at is None or c.expires_at is None:
            return True
        return c.expires_at - c.issued_at > limits[sensitivity]

    def rt_05(self) -> Iterator[Subject]:
        for e, d, c in self._keys_in_hand():
            if self._lives_too_long(c, self.closure.sensitivity(d)):
                yield subject(environment=e.key, deployment=d.key, credential=c.key)

    def rt_06(self) -> Iterator[Subject]:
        production = [d for d in self.deployments if d.purpose is Purpose.PRODUCTION]
        for held in self.live.holds:
            e = self.live.environments[held.from_]
            c = self.live.credentials[held.to]
            if (
                e.vendor is not None
                and e.purpose is not Purpose.PRODUCTION
                and (
                    c.production_grade or any(self.closure.opens(c.key, d.key) for d in production)
                )
            ):
                yield subject(environment=e.key, credential=c.key)

    def sensitive_entries(self) -> Iterator[AllowlistEntry]:
        for entry in self.live.allowlist.values():
            if self.closure.models[entry.model].sensitivity.is_sensitive:
                yield entry

    def rt_07(self) -> Iterator[Subject]:
        identities = {i.key: i for i in self.live.graph.identities}
        for entry in self.sensitive_entries():
            approver = identities.get(entry.approved_by or "")
            if (
                approver is None
                or approver.kind is not IdentityKind.HUMAN
                or approver.vendor is not None
                or entry.approved_by == entry.requested_by
                or self._works_where_admitted(approver.key, entry)
            ):
                yield subject(entry=entry.key)

    def _works_where_admitted(self, approver: str, entry: AllowlistEntry) -> bool:
        if entry.vendor is None or approver not in self.live.identities:
            return False
        return any(
            f.vendor == entry.vendor and entry.environment in (None, f.key)
            for f in self.closure.environments_of(f"identity:{approver}")
        )

    def rt_08(self) -> Iterator[Subject]:
        at_vendors: set[str] = set()
        for e in self.live.environments.values():
            if e.vendor is not None:
                at_vendors |= self.closure.acts(f"environment:{e.key}")
        for d in self.deployments:
            targets = {f"deployment:{d.key}", f"environment:{d.environment}"} | {
                f"environment:{g}" for g in self.world.gateways(d.key)
            }
            for i in self.live.identities.values():
                outside = i.kind is not IdentityKind.GROUP and (
                    i.vendor is not None or i.kind is IdentityKind.SERVICE_ACCOUNT
                )
                if (outside or f"identity:{i.key}" in at_vendors) and any(
                    a.from_ in self.closure.belongs(i.key) and a.to in targets
                    for a in self.live.administers
                ):
                    yield subject(identity=i.key, deployment=d.key)

    def rt_09(self) -> Iterator[Subject]:
        for d in self.deployments:
            best = self.world.world is World.BEST
            tamper_evident = d.logging is Logging.TAMPER_EVIDENT or (
                best and d.logging is Logging.UNKNOWN
            )
            names = self.world.world.is_yes(d.log_names_identity, less_safe=YesNo.NO)
            if not (tamper_evident and names):
                yield subject(deployment=d.key)

    def rt_12(self) -> Iterator[Subject]:
        reached = {(e.vendor, d.model) for e, d in self.pairs(ReachKind.USABLE) if e.vendor}
        for vendor, model in reached:
            if vendor and not self._revocation_is_proven(vendor, model):
                yield subject(vendor=vendor, model=model)

    def _revocation_is_proven(self, vendor: str, model: str) -> bool:
        now, sensitivity = self.live.now, self.closure.models[model].sensitivity
        drills = [
            (x.started_at, x.key, x.confirmed_at if (x.confirmed_at or now) <= now else None)
            for x in self.live.graph.drills
            if x.vendor == vendor and x.model == model and x.started_at <= now
        ]
        window = self.thresholds.drill_window[sensitivity]
        if not any(confirmed and now - window <= confirmed for _, _, confirmed in drills):
            return False
        started, _, confirmed = max(drills, key=lambda drill: drill[:2])
        return (
            confirmed is not None and confirmed - started <= self.thresholds.revocation[sensitivity]
        )

    def rt_13(self) -> Iterator[Subject]:
        weak = cache(self._is_weak)
        for e, d in self.pairs(ReachKind.USABLE):
            if weak(e):
                yield subject(environment=e.key, deployment=d.key)

    def _is_weak(self, e: Environment) -> bool:
        is_yes = self.world.world.is_yes
        unmanaged = e.kind is EnvironmentKind.ENDPOINT_FLEET and not is_yes(
            e.managed_endpoints, less_safe=YesNo.NO
        )
        return unmanaged or any(
            not is_yes(self.live.identities[i].mfa, less_safe=YesNo.NO)
            for i in self.closure.people_who_enter(e.key)
        )

    def rt_14(self) -> Iterator[Subject]:
        for e, d in self.pairs(*ON_THE_NETWORK, ReachKind.CREDENTIAL_ONLY):
            if e.vendor and (self._is_outside(e.vendor) or self._has_lapsed(e.vendor, d.model)):
                yield subject(environment=e.key, deployment=d.key)

    def _is_outside(self, vendor: str) -> bool:
        """Some vendor of the chain is not active, or has contracts of which none is live."""
        with_contracts = {c.vendor for c in self.live.graph.contracts}
        with_live = {c.vendor for c in self.live.contracts}
        return any(
            v.status is not VendorStatus.ACTIVE or v.key in with_contracts - with_live
            for v in self.closure.chain(vendor)
        )

    def _has_lapsed(self, vendor: str, model: str) -> bool:
        """A permission that was approved has expired, and no other is live."""
        now = self.live.now
        ended = any(
            a.vendor == vendor
            and a.model == model
            and a.approved_at is not None
            and a.approved_at <= now
            and a.expires_at is not None
            and a.expires_at <= now
            for a in self.live.graph.allowlist
        )
        running = any(a.vendor == vendor and a.model == model for a in self.live.allowlist.values())
        return ended and not running

    def rt_15(self) -> Iterator[Subject]:
        for d in self.deployments:
            places = {d.environment} | self.world.gateways(d.key)
            for x in self.live.exposures:
                for target in x.targets:
                    kind, _, key = target.partition(":")
                    if (
                        target == f"deployment:{d.key}"
                        or (kind == "environment" and key in places)
                        or (
                            kind == "credential"
                            and key in self.live.credentials
                            and self.closure.opens(key, d.key)
                        )
                    ):
                        yield subject(exposure=x.key, deployment=d.key)

    def rt_17(self) -> Iterator[Subject]:
        named = {(c.vendor, w) for c in self.live.contracts for w in c.subcontractors}
        for e, d in self.pairs(*ON_THE_NETWORK):
            if any(
                w.engaged_by is not None and (w.engaged_by, w.key) not in named
                for w in self.closure.chain(e.vendor)
            ):
                yield subject(environment=e.key, deployment=d.key)

    def rt_18(self) -> Iterator[Subject]:
        """Judged in the worst world alone."""
        for e, d in self.pairs(ReachKind.CREDENTIAL_ONLY):
            yield subject(environment=e.key, deployment=d.key)

    def rt_19(self) -> Iterator[Subject]:
        for entry in self.sensitive_entries():
            limit = self.thresholds.permission[self.closure.models[entry.model].sensitivity]
            begun, ends = entry.approved_at, entry.expires_at
            if begun is None or ends is None or ends - begun > limit:
                yield subject(entry=entry.key)

    def rt_20(self) -> Iterator[Subject]:
        for d in self.deployments:
            if INTERNET in self.world.wires(d.key).open:
                yield subject(deployment=d.key)

    def grade(self, rule: str, about: Subject) -> Severity:
        """The severity of a finding of this world."""
        keys = dict(about)
        sensitivity = self._sensitivity(keys)
        grading = Grading(sensitivity)
        if RULES[rule].is_about_a_pair:
            e = self.live.environments[keys["environment"]]
            d = self.live.deployments[keys["deployment"]]
            grading = Grading(
                sensitivity,
                deep=self._acts_with_deep_grant(e, d),
                usable=self.world.reach(e, d) is ReachKind.USABLE,
                own=e.vendor is None,
            )
        elif rule == "RT-08":
            i = self.live.identities[keys["identity"]]
            service_account = i.kind is IdentityKind.SERVICE_ACCOUNT
            grading = Grading(sensitivity, own=i.vendor is None, service_account=service_account)
        elif rule == "RT-15":
            on_the_internet = INTERNET in self.world.wires(keys["deployment"]).open
            grading = Grading(sensitivity, open_to_internet=on_the_internet)
        return severity(RULES[rule], grading)

    def _sensitivity(self, keys: dict[str, str]) -> Sensitivity:
        if "deployment" in keys:
            return self.closure.sensitivity(self.live.deployments[keys["deployment"]])
        if "entry" in keys:
            return self.closure.models[self.live.allowlist[keys["entry"]].model].sensitivity
        if "model" in keys:
            return self.closure.models[keys["model"]].sensitivity
        return Sensitivity.M3  # RT-06, which is always critical

    def _acts_with_deep_grant(self, e: Environment, d: Deployment) -> bool:
        acts = self.closure.acts(f"environment:{e.key}")
        return any(
            origin in acts and depth in DEEP
            for origin, depth in self.closure.granted[d.key].items()
        )

    def found(self) -> dict[tuple[str, Subject], Severity]:
        """Every finding of this world, RT-18 apart."""
        tests = {rule: getattr(self, rule.lower().replace("-", "_"), None) for rule in RULES}
        return {
            (rule, about): self.grade(rule, about)
            for rule, test in tests.items()
            if test is not None and rule != "RT-18"
            for about in set(test())
        }


def analyse_plainly(
    graph: Graph, now: datetime, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> PlainResult:
    """Reach, verdicts and findings of a graph at ``now``, by definition."""
    closure = Closure(live_facts(graph, now))
    worst = Rules(closure, World.WORST, thresholds)
    best = Rules(closure, World.BEST, thresholds)
    findings = _findings(worst, best)
    reach = sorted(
        Reach(e.key, d.key, worst.world.reach(e, d), best.world.reach(e, d))
        for d in worst.deployments
        for e in worst.environments_for(d)
        if worst.world.reach(e, d) is not ReachKind.NONE
    )
    verdicts = [
        Verdict(r.environment, r.deployment, verdict)
        for r, verdict in _verdicts(closure, reach, findings)
    ]
    return PlainResult(
        count(closure, verdicts, findings), reach, verdicts, sorted(findings, key=_order)
    )


def _order(finding: PlainFinding) -> tuple[str, list[str]]:
    return finding.rule, [key for _, key in finding.subject]


def _findings(worst: Rules, best: Rules) -> list[PlainFinding]:
    proven, possible = best.found(), worst.found()
    found = [
        PlainFinding(rule, Certainty.PROVEN, grade, about)
        for (rule, about), grade in proven.items()
    ]
    found += [
        PlainFinding(rule, Certainty.POSSIBLE, grade, about)
        for (rule, about), grade in possible.items()
        if (rule, about) not in proven
    ]
    found += [
        PlainFinding("RT-18", Certainty.PROVEN, worst.grade("RT-18", about), about)
        for about in worst.rt_18()
    ]
    return found


def _verdicts(
    closure: Closure, reach: Iterable[Reach], findings: Iterable[PlainFinding]
) -> Iterator[tuple[Reach, VerdictKind]]:
    boundary: dict[tuple[str, str], set[Certainty]] = {}
    for finding in findings:
        if finding.rule in BOUNDARY_RULES:
            keys = dict(finding.subject)
            pair = keys["environment"], keys["deployment"]
            boundary.setdefault(pair, set()).add(finding.certainty)
    for r in reach:
        if r.reach not in ON_THE_NETWORK:
            continue
        certainties = boundary.get((r.environment, r.deployment), set())
        if Certainty.PROVEN in certainties:
            yield r, VerdictKind.UNSEGREGATED
        elif certainties or any(
            f.inventory is Inventory.UNKNOWN
            for f in closure.environments_of(f"environment:{r.environment}")
        ):
            yield r, VerdictKind.UNDETERMINED
        else:
            yield r, VerdictKind.SEGREGATED


def count(
    closure: Closure, verdicts: Iterable[Verdict], findings: Iterable[PlainFinding]
) -> Counts:
    """The headline figures. An environment counts once, under its worst verdict."""
    by_verdict: dict[VerdictKind, set[str]] = {kind: set() for kind in VerdictKind}
    for verdict in verdicts:
        by_verdict[verdict.verdict].add(verdict.environment)
    unsegregated = by_verdict[VerdictKind.UNSEGREGATED]
    undetermined = by_verdict[VerdictKind.UNDETERMINED] - unsegregated
    segregated = by_verdict[VerdictKind.SEGREGATED] - unsegregated - undetermined
    certainties = Counter(finding.certainty for finding in findings)
    environments = closure.live.environments.values()
    return Counts(
        environments=len(environments),
        unvouched=sum(e.inventory is Inventory.UNKNOWN for e in environments),
        deployments=len(closure.sensitive_deployments()),
        unsegregated=len(unsegregated),
        undetermined=len(undetermined),
        segregated=len(segregated),
        proven=certainties[Certainty.PROVEN],
        possible=certainties[Certainty.POSSIBLE],
    )
