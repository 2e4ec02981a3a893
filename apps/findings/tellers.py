"""Who tells a finding to a person: the app that found it, since only it knows the facts behind.

A finding stores keys of facts in other apps, which this app may not import. Each source registers
one teller when Django starts; the pages here ask it for sentences, strips and pictures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Q

from apps.accounts.models import User
from apps.findings.models import Finding, FindingSource


@dataclass(frozen=True)
class Told:
    """A finding as a row of a list shows it. ``strip`` is for components/route_strip.html."""

    finding: Finding
    title: str
    rule_name: str
    control: str
    strip: Any = None


@dataclass(frozen=True)
class Story:
    """A finding as its own page shows it.

    ``picture`` is for components/route_picture.html, ``hops`` for components/hops.html,
    ``questions`` for components/settle.html, ``details`` for components/details.html. ``fix`` is
    empty where it may not be told; ``keys`` are set as code in running text.
    """

    title: str
    rule_name: str
    control: str
    control_name: str
    verdict: str
    why: str
    fix: str
    picture: Any = None
    hops: Sequence[Any] = ()
    questions: Sequence[Any] = ()
    details: Sequence[Any] = ()
    keys: Sequence[str] = ()


@dataclass(frozen=True)
class ModelChoice:
    """A model that findings can be filtered by, with the keys under which they name it."""

    key: str
    name: str
    deployments: frozenset[str]


@dataclass(frozen=True)
class Cause:
    """What findings have in common: a fact of this kind (``noun``), as a sentence."""

    noun: str
    words: str


class Teller(Protocol):
    """What a source of findings says about its own."""

    def tell(self, user: User, findings: Iterable[Finding]) -> list[Told]:
        """The findings as rows, in their order, in a fixed number of queries."""

    def tell_whole(self, user: User, finding: Finding, others: Sequence[Finding]) -> Story:
        """One finding with its proof; ``others`` are found on the same route."""

    def tell_causes(self, user: User, findings: Iterable[Finding]) -> list[Cause]:
        """What each of the findings shares with others of its cause, in their order."""

    def models(self, user: User) -> list[ModelChoice]:
        """The models that its findings are about, as far as ``user`` may know them."""

    def matching(self, user: User, typed: str) -> Q:
        """Which findings are about a fact whose name or key holds the typed words."""

    def is_sensitive(self, finding: Finding) -> bool:
        """Whether a model of M3 or M4 is concerned."""


_TELLERS: dict[str, Teller] = {}


def register(source: FindingSource, teller: Teller) -> None:
    """Let ``teller`` tell the findings of ``source``. Called from an app's ``ready``."""
    _TELLERS[source] = teller


def teller_of(source: str) -> Teller:
    """The teller of a source. A source without one is a mistake in the code: KeyError."""
    return _TELLERS[source]


def tellers() -> list[Teller]:
    return list(_TELLERS.values())


def tell(user: User, findings: Iterable[Finding]) -> list[Told]:
    """Findings of any sources as rows, in their order."""
    listed = list(findings)
    told: dict[int, Told] = {}
    for source in {finding.source for finding in listed}:
        own = [finding for finding in listed if finding.source == source]
        told |= {row.finding.pk: row for row in teller_of(source).tell(user, own)}
    return [told[finding.pk] for finding in listed]


def tell_causes(user: User, findings: Iterable[Finding]) -> dict[int, Cause]:
    """What findings of any sources share with others, by their numbers."""
    listed = list(findings)
    told: dict[int, Cause] = {}
    for source in {finding.source for finding in listed}:
        own = [finding for finding in listed if finding.source == source]
        causes = teller_of(source).tell_causes(user, own)
        told |= {finding.pk: cause for finding, cause in zip(own, causes, strict=True)}
    return told
