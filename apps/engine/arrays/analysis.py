"""One analysis of the tables at an instant: reach, verdicts and findings as columns."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from apps.engine.arrays.acts import Acts, LiveFacts
from apps.engine.arrays.bits import Rows, Words, has, listed
from apps.engine.arrays.found import Found
from apps.engine.arrays.graph_rules import GraphRules
from apps.engine.arrays.sweep import Sweep
from apps.engine.arrays.tables import Codes, Flags, Tables, code, microseconds
from apps.engine.arrays.wires import Scope
from apps.engine.catalogue import RULES
from apps.engine.thresholds import Thresholds
from apps.engine.values import (
    Counts,
    Inventory,
    ReachKind,
    Sensitivity,
    VerdictKind,
)

WORDS_AT_ONCE = 4
"""Deployments are swept in blocks of this many words, so that memory stays bounded."""

NO_VERDICT = np.int8(-1)


@dataclass(frozen=True)
class PairColumns:
    """Reach and verdict of every pair with any reach, by environment row, then deployment row.

    ``verdict`` is a code of ``VerdictKind``, or ``NO_VERDICT`` where no network path exists.
    """

    environment: Rows
    deployment: Rows
    reach: Codes
    proven: Codes
    verdict: Codes


class Analysis:
    """The answers for one set of tables at ``now``; everything is worked out on construction."""

    def __init__(self, tables: Tables, now: datetime, thresholds: Thresholds) -> None:
        self.tables = tables
        self.now = now
        self.live = LiveFacts(tables, microseconds(now))
        self.acts = Acts(self.live)
        self.graph = GraphRules(self.live, self.acts, thresholds)
        self.deployments = self._sensitive_deployments()
        block = WORDS_AT_ONCE * 64
        self.sweeps = [
            Sweep(self.graph, _scope(self.deployments[first : first + block]))
            for first in range(0, max(1, len(self.deployments)), block)
        ]
        self.pairs = _joined([_pairs(sweep) for sweep in self.sweeps])
        self.findings = self._findings()

    def _sensitive_deployments(self) -> Rows:
        sensitivity = self.tables.models.sensitivity[self.tables.deployments.model]
        sensitive = np.isin(sensitivity, [code(s) for s in Sensitivity if s.is_sensitive])
        return np.flatnonzero(self.live.deployment & sensitive)

    def _findings(self) -> dict[str, Found]:
        """The findings of each rule, ordered by their subject's keys."""
        graph = self.graph
        opens_production = np.zeros(len(self.tables.credentials.keys), dtype=np.bool_)
        worst: set[tuple[int, int]] = set()
        best: set[tuple[int, int]] = set()
        parts: dict[str, list[Found]] = {}
        for sweep in self.sweeps:
            opens_production |= sweep.opens_production()
            worst |= sweep.usable_vendors(sweep.usable.worst)
            best |= sweep.usable_vendors(sweep.usable.best)
            for found in sweep.findings():
                parts.setdefault(found.rule, []).append(found)
        for found in (
            graph.rt_06(opens_production),
            graph.rt_07(),
            graph.rt_12(worst, best),
            graph.rt_19(),
        ):
            parts[found.rule] = [found]
        return {rule: _ordered(parts[rule]) for rule in RULES if rule in parts}

    @cached_property
    def counts(self) -> Counts:
        """The headline figures. An environment counts once, under its worst verdict."""
        environments = self.tables.environments
        worst = np.full(len(environments.keys), 127, dtype=np.int8)  # codes: worst verdict first
        some = self.pairs.verdict != NO_VERDICT
        np.minimum.at(worst, self.pairs.environment[some], self.pairs.verdict[some])
        proven = sum(int(found.proven.sum()) for found in self.findings.values())
        return Counts(
            environments=int(self.live.environment.sum()),
            unvouched=int(
                (self.live.environment & (environments.inventory == code(Inventory.UNKNOWN))).sum()
            ),
            deployments=len(self.deployments),
            unsegregated=int((worst == code(VerdictKind.UNSEGREGATED)).sum()),
            undetermined=int((worst == code(VerdictKind.UNDETERMINED)).sum()),
            segregated=int((worst == code(VerdictKind.SEGREGATED)).sum()),
            proven=proven,
            possible=sum(len(found) for found in self.findings.values()) - proven,
        )


def _scope(deployments: Rows) -> Scope:
    return Scope(deployments, max(1, -(-len(deployments) // 64)))


def _reach_codes(net: Flags, cred: Flags) -> Codes:
    return np.select(
        [net & cred, net, cred],
        [code(ReachKind.USABLE), code(ReachKind.NETWORK_ONLY), code(ReachKind.CREDENTIAL_ONLY)],
        code(ReachKind.NONE),
    ).astype(np.int8)


def _pairs(sweep: Sweep) -> PairColumns:
    environment, bit = listed(sweep.net.worst | sweep.cred)

    def of(bits: Words) -> Flags:
        return has(bits, environment, bit)

    net, cred = of(sweep.net.worst), of(sweep.cred)
    boundary = sweep.boundary()
    verdict = np.select(
        [~net, of(boundary.best), of(boundary.worst) | of(sweep.unvouched())],
        [NO_VERDICT, code(VerdictKind.UNSEGREGATED), code(VerdictKind.UNDETERMINED)],
        code(VerdictKind.SEGREGATED),
    ).astype(np.int8)
    return PairColumns(
        environment,
        sweep.scope.rows[bit],
        _reach_codes(net, cred),
        _reach_codes(of(sweep.net.best), cred),
        verdict,
    )


def _joined(parts: list[PairColumns]) -> PairColumns:
    columns = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("environment", "deployment", "reach", "proven", "verdict")
    ]
    order = np.lexsort((columns[1], columns[0]))
    return PairColumns(*(column[order] for column in columns))


def _ordered(parts: list[Found]) -> Found:
    """The findings of a rule in one order: rows of keyed lists are in key order already."""
    first = parts[0]
    subject = {
        field: np.concatenate([part.subject[field] for part in parts]) for field in first.subject
    }
    order = np.lexsort(tuple(reversed(list(subject.values()))))
    return Found(
        first.rule,
        {field: rows[order] for field, rows in subject.items()},
        np.concatenate([part.proven for part in parts])[order],
        np.concatenate([part.severity for part in parts])[order],
    )
