"""Tells findings to a person: the sentence, the strip, the picture, the hops.

The one place of this package that asks the database, once for all the findings of a page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q

from apps.access.pictures import rules, strip, tall, wide
from apps.access.pictures.build import RouteBuilder
from apps.access.pictures.causes import causes
from apps.access.pictures.details import details_of
from apps.access.pictures.hops import hop_groups, keys_in
from apps.access.pictures.route import Call, Gate, Route
from apps.access.pictures.sentences import sentence
from apps.access.pictures.shapes import Drawing
from apps.access.selectors.routes import (
    RouteFacts,
    about_places,
    facts_for,
    is_about_sensitive_model,
    models_with_findings,
)
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.findings.models import Finding
from apps.findings.tellers import Cause, ModelChoice, Story, Told


@dataclass(frozen=True)
class Strip:
    drawing: Drawing
    label: str


@dataclass(frozen=True)
class Picture:
    """Both drawings of a route, and which marks the key explains."""

    wide: Drawing
    tall: Drawing
    title: str
    description: str
    keys: frozenset[str]
    sum: str


SETTLED = "If the answer does not settle it: "


class AccessTeller:
    """Tells the findings of scans. Who may not read the graph hears the sentence alone."""

    def tell(self, user: User, findings: Iterable[Finding]) -> list[Told]:
        listed = list(findings)
        facts = facts_for(user, listed)
        strips = policy.may(user, Perm.VIEW_FACT)
        return [_told(finding, facts, strips=strips) for finding in listed]

    def tell_whole(self, user: User, finding: Finding, others: Sequence[Finding]) -> Story:
        facts = facts_for(user, [finding, *others], whole=True)
        builder = RouteBuilder(finding, facts, others)
        control, control_name = rules.control(finding.rule)
        pair = facts.pairs.get((finding.environment, finding.deployment))
        story = Story(
            title=sentence(finding, facts),
            rule_name=rules.name(finding.rule),
            control=control,
            control_name=control_name,
            verdict=(pair.verdict or "key_only") if pair else "",
            why=rules.WHY.get(finding.rule, ""),
            fix="",
        )
        return _with_proof(story, builder) if policy.may(user, Perm.VIEW_FACT) else story

    def tell_causes(self, user: User, findings: Iterable[Finding]) -> list[Cause]:
        listed = list(findings)
        return causes(listed, facts_for(user, listed))

    def models(self, user: User) -> list[ModelChoice]:
        return models_with_findings(user)

    def matching(self, user: User, typed: str) -> Q:  # noqa: ARG002 - who sees a finding sees its names
        return about_places(typed)

    def is_sensitive(self, finding: Finding) -> bool:
        return is_about_sensitive_model(finding)


def _with_proof(story: Story, builder: RouteBuilder) -> Story:
    route = builder.build()
    groups = hop_groups(builder, route.call if route else None)
    everything = builder.facts.scope.everything
    subject = builder.finding.subject.values() if everything else ()
    return replace(
        story,
        why=builder.why(),
        fix=_change(builder.finding) if everything else "",
        picture=_picture(route) if route else None,
        hops=tuple(groups),
        questions=tuple(builder.questions()),
        details=details_of(builder.finding, builder.facts),
        keys=(*keys_in(groups), *subject),
    )


def _change(finding: Finding) -> str:
    """What to change, without the questions: those are shown by themselves."""
    change = finding.fix.rpartition(SETTLED)[2]
    return change[:1].upper() + change[1:]


def _told(finding: Finding, facts: RouteFacts, *, strips: bool) -> Told:
    route = RouteBuilder(finding, facts).build() if strips else None
    control, _ = rules.control(finding.rule)
    return Told(
        finding=finding,
        title=sentence(finding, facts),
        rule_name=rules.name(finding.rule),
        control=control,
        strip=Strip(strip.draw(route), _strip_label(route)) if route else None,
    )


def _strip_label(route: Route) -> str:
    steps = (*route.shared, *(route.network or route.credential))
    stops = [route.start.name, *(step.station.name for step in steps if step.station)]
    if route.terminal:
        stops.append(route.terminal.model)
    return f"{', '.join(stops)}{_missing(route.call)}"


def _missing(call: Call | None) -> str:
    return f"; {call.head.lower()}: {call.name}" if call else ""


def _picture(route: Route) -> Picture:
    hops = route.hops
    count = len(hops)
    unknown = sum(hop.possible for hop in hops)
    told = f"{count} hop{'' if count == 1 else 's'}"
    told += (
        f", {unknown} of them not stated"
        if unknown
        else "; their facts alone, replayed, give this finding"
    )
    return Picture(
        wide=wide.draw(route),
        tall=tall.draw(route),
        title=route.title,
        description=route.description,
        keys=frozenset(_marks(route)),
        sum=told,
    )


def _marks(route: Route) -> Iterable[str]:
    """The marks that a picture uses, for its key."""
    gates = {hop.gate for hop in route.hops if not (route.call and route.call.hop == hop.number)}
    used = {
        "network": route.has_network,
        "credential": route.has_credential,
        "possible": any(hop.possible for hop in route.hops),
        "missing": route.call is not None and not route.call.possible,
        "unknown_gate": Gate.UNKNOWN in gates or (route.call is not None and route.call.possible),
        "passed": Gate.PASSED in gates,
    }
    return (mark for mark, is_used in used.items() if is_used)
