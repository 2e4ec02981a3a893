"""The analysis of tables, given back as values: keys instead of rows, words, proofs."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

from apps.engine.arrays.analysis import NO_VERDICT, Analysis
from apps.engine.arrays.found import Found
from apps.engine.arrays.routes import Routes
from apps.engine.arrays.tables import Tables
from apps.engine.arrays.unknowns import Unknowns
from apps.engine.canonical import fingerprint
from apps.engine.thresholds import DEFAULT_THRESHOLDS, Thresholds
from apps.engine.values import (
    Certainty,
    Counts,
    Finding,
    Reach,
    ReachKind,
    ScanResult,
    Severity,
    Verdict,
    VerdictKind,
    Witness,
)
from apps.engine.words import fix, missing

_REACH, _VERDICTS, _SEVERITIES = list(ReachKind), list(VerdictKind), list(Severity)


class Answer:
    """What one analysis says. Reach and verdicts are worked out at once, proofs when asked for."""

    def __init__(
        self, tables: Tables, now: datetime, thresholds: Thresholds = DEFAULT_THRESHOLDS
    ) -> None:
        self.tables = tables
        self.now = now
        self.analysis = Analysis(tables, now, thresholds)
        self._keys = {
            "environment": tables.environments.keys,
            "deployment": tables.deployments.keys,
            "credential": tables.credentials.keys,
            "identity": tables.identities.keys,
            "entry": tables.allowlist.keys,
            "vendor": tables.vendors.keys,
            "model": tables.models.keys,
            "exposure": tables.exposures.keys,
        }

    @property
    def counts(self) -> Counts:
        return self.analysis.counts

    def _pairs(self) -> Iterator[tuple[str, str, int, int, int]]:
        """Every pair with any reach: environment, deployment, and the codes of its columns."""
        pairs = self.analysis.pairs
        environments, deployments = self._keys["environment"], self._keys["deployment"]
        columns = (pairs.environment, pairs.deployment, pairs.reach, pairs.proven, pairs.verdict)
        for e, d, reach, proven, verdict in zip(*(c.tolist() for c in columns), strict=True):
            yield environments[e], deployments[d], reach, proven, verdict

    def reach(self) -> Iterator[Reach]:
        """By environment, deployment; pairs that are none in the worst world are left out."""
        for environment, deployment, reach, proven, _ in self._pairs():
            yield Reach(environment, deployment, _REACH[reach], _REACH[proven])

    def verdicts(self) -> Iterator[Verdict]:
        """By environment, deployment; pairs without a network path are left out."""
        for environment, deployment, _, _, verdict in self._pairs():
            if verdict != NO_VERDICT:
                yield Verdict(environment, deployment, _VERDICTS[verdict])

    def pairs(self) -> Iterator[tuple[Reach, VerdictKind | None]]:
        """Reach and verdict side by side."""
        for environment, deployment, reach, proven, verdict in self._pairs():
            yield (
                Reach(environment, deployment, _REACH[reach], _REACH[proven]),
                None if verdict == NO_VERDICT else _VERDICTS[verdict],
            )

    @cached_property
    def _routes(self) -> Routes:
        return Routes(self.analysis)

    def findings(self) -> Iterator[Finding]:
        """By rule, then the subject's keys."""
        unknowns = Unknowns(self.tables)
        for rule, found in self.analysis.findings.items():
            for about, proven, severity, witness in self._rows(rule, found):
                certainty = Certainty.PROVEN if proven else Certainty.POSSIBLE
                rests_on = () if proven else unknowns.of(rule, about, witness)
                yield Finding(
                    rule,
                    certainty,
                    _SEVERITIES[severity],
                    about,
                    fingerprint(rule, about),
                    missing(rule, about, witness, rests_on),
                    fix(rule, about, witness, certainty, rests_on),
                    witness,
                    rests_on,
                )

    def _rows(self, rule: str, found: Found) -> Iterator[tuple[dict[str, str], bool, int, Witness]]:
        names = list(found.subject)
        columns = [
            [self._keys[name][row] for row in rows.tolist()] for name, rows in found.subject.items()
        ]
        for keys, proven, severity, witness in zip(
            zip(*columns, strict=True),
            found.proven.tolist(),
            found.severity.tolist(),
            self._routes.witnesses(rule),
            strict=True,
        ):
            yield dict(zip(names, keys, strict=True)), proven, severity, witness

    def result(self) -> ScanResult:
        """Everything at once."""
        return ScanResult(
            self.now,
            self.counts,
            tuple(self.reach()),
            tuple(self.verdicts()),
            tuple(self.findings()),
        )
