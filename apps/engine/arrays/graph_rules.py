"""What the rules ask of the graph whatever the deployment: vendors, entries, keys, drills.

What each rule means is written in ``reference``, under the same names.
"""

from datetime import timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from apps.engine.arrays.acts import Acts, LiveFacts
from apps.engine.arrays.bits import Adjacency, Rows, pack, spread
from apps.engine.arrays.found import Found, graded
from apps.engine.arrays.tables import NEVER, Flags, Tables, code
from apps.engine.thresholds import Thresholds
from apps.engine.values import (
    CredentialKind,
    EnvironmentKind,
    IdentityKind,
    Purpose,
    Sensitivity,
    VendorStatus,
)

NO_LIMIT = np.iinfo(np.int64).max


def _microseconds(span: timedelta) -> int:
    return round(span / timedelta(microseconds=1))


class GraphRules:
    """What the rules ask of the graph whatever the deployment: vendors, entries, shared keys."""

    def __init__(self, live: LiveFacts, acts: Acts, thresholds: Thresholds) -> None:
        self.live = live
        self.acts = acts
        self.tables: Tables = live.tables
        self.thresholds = thresholds

    # --- vendors ---------------------------------------------------------------------------------

    def _along_the_chain(self, flags: Flags) -> Flags:
        """Which vendors are flagged, or have a flagged one further up their chain."""
        engaged_by = self.tables.vendors.engaged_by
        engaged = np.flatnonzero(engaged_by >= 0)
        upward = Adjacency.of(len(flags), engaged, engaged_by[engaged])
        return spread(upward, pack(flags[:, None]))[:, 0] != 0

    @cached_property
    def outside(self) -> Flags:
        """Vendors whose chain has one that is not active, or has contracts and none live."""
        contracts, vendors = self.tables.contracts, self.tables.vendors
        contracted = np.zeros(len(vendors.keys), dtype=np.bool_)
        lapsed = contracted.copy()
        lapsed[contracts.vendor] = True
        lapsed[contracts.vendor[self.live.contract]] = False
        return self._along_the_chain((vendors.status != code(VendorStatus.ACTIVE)) | lapsed)

    @cached_property
    def undisclosed(self) -> Flags:
        """Vendors whose chain has one that no live contract of its engager names."""
        contracts, vendors = self.tables.contracts, self.tables.vendors
        counted = self.live.contract[contracts.names.origin]
        engager = contracts.vendor[contracts.names.origin[counted]]
        named_one = contracts.names.target[counted]
        named = np.zeros(len(vendors.keys), dtype=np.bool_)
        named[named_one[vendors.engaged_by[named_one] == engager]] = True
        return self._along_the_chain((vendors.engaged_by >= 0) & ~named)

    # --- credentials -----------------------------------------------------------------------------

    @cached_property
    def shared(self) -> Flags:
        """``shared(c)``: by two vendors, purposes or engagements, by a group, or strayed."""
        environments, identities = self.tables.environments, self.tables.identities
        credentials, holds = self.tables.credentials, self.live.holds
        count = len(credentials.keys)
        holder, key = holds.origin, holds.target
        desk = environments.kind[holder] == code(EnvironmentKind.ENDPOINT_FLEET)
        owner = identities.vendor[credentials.identity]
        strayed = environments.vendor[holder] != owner[key]
        flags = (
            _differ(count, key, environments.vendor[holder])
            | _differ(count, key[~desk], environments.purpose[holder[~desk]])
            | (identities.kind[credentials.identity] == code(IdentityKind.GROUP))
            | (credentials.engagements > 1)
        )
        flags[key[strayed]] = True
        return flags

    @cached_property
    def lifetime(self) -> npt.NDArray[np.int64]:
        """Microseconds from issue to expiry; unbounded when either is not stated."""
        c = self.tables.credentials
        stated = (c.issued_at != NEVER) & (c.expires_at != NEVER)
        return np.where(stated, c.expires_at - c.issued_at, NO_LIMIT)

    def lives_too_long(self, sensitivity: Sensitivity) -> Flags:
        """Credentials over the limit for models of this sensitivity."""
        c, limits = self.tables.credentials, self.thresholds
        human = self.tables.identities.kind[c.identity] == code(IdentityKind.HUMAN)
        session = human & (c.kind == code(CredentialKind.SESSION))
        limit = np.where(
            session,
            _microseconds(limits.human_session[sensitivity]),
            _microseconds(limits.credential[sensitivity]),
        )
        over: Flags = self.lifetime > limit
        return over

    # --- allowlist entries -----------------------------------------------------------------------

    @cached_property
    def sensitive_entries(self) -> Rows:
        """Live entries for sensitive models."""
        sensitive = self.sensitivity_is_m4 | self._is(Sensitivity.M3)
        return np.flatnonzero(self.live.entry & sensitive[self.tables.allowlist.model])

    def _is(self, sensitivity: Sensitivity) -> Flags:
        is_it: Flags = self.tables.models.sensitivity == code(sensitivity)
        return is_it

    @cached_property
    def sensitivity_is_m4(self) -> Flags:
        return self._is(Sensitivity.M4)

    def _entry_findings(self, rule: str, entries: Rows) -> Found:
        m4 = self.sensitivity_is_m4[self.tables.allowlist.model[entries]].astype(np.int64)
        return graded(rule, {"entry": entries}, np.ones(len(entries), dtype=np.bool_), m4)

    def rt_07(self) -> Found:
        entries, identities = self.tables.allowlist, self.tables.identities
        rows = self.sensitive_entries
        bad = entries.approved_by[rows] < 0
        stated = rows[~bad]
        approver = entries.approved_by[stated]
        bad[~bad] = (
            (identities.kind[approver] != code(IdentityKind.HUMAN))
            | (identities.vendor[approver] >= 0)
            | (approver == entries.requested_by[stated])
        )
        asked = rows[~bad & (entries.vendor[rows] >= 0)]
        return self._entry_findings(
            "RT-07", np.union1d(rows[bad], asked[self._works_where_admitted(asked)])
        )

    def _works_where_admitted(self, rows: Rows) -> Flags:
        """Whether each entry's approver acts in an environment that the entry admits."""
        entries, environments = self.tables.allowlist, self.tables.environments
        approvers, number = np.unique(entries.approved_by[rows], return_inverse=True)
        works = np.zeros(len(rows), dtype=np.bool_)
        for n, approver in enumerate(approvers):
            if not self.live.identity[approver]:
                continue
            reached = self.acts.graph.reachable(self.acts.identities(np.array([approver])))
            places = np.flatnonzero(reached[: self.acts.first_identity])
            at = set(environments.vendor[places].tolist())
            for i in np.flatnonzero(number == n):
                place = entries.environment[rows[i]]
                vendor = entries.vendor[rows[i]]
                works[i] = (
                    vendor in at
                    if place < 0
                    else bool(reached[place]) and environments.vendor[place] == vendor
                )
        return works

    def rt_19(self) -> Found:
        entries, rows = self.tables.allowlist, self.sensitive_entries
        limit = np.where(
            self.sensitivity_is_m4[entries.model[rows]],
            _microseconds(self.thresholds.permission[Sensitivity.M4]),
            _microseconds(self.thresholds.permission[Sensitivity.M3]),
        )
        ends = entries.expires_at[rows]
        endless = (ends == NEVER) | (ends - entries.approved_at[rows] > limit)
        return self._entry_findings("RT-19", rows[endless])

    # --- drills ----------------------------------------------------------------------------------

    @cached_property
    def _drills(self) -> dict[tuple[int, int], tuple[tuple[int, int], int | None, int]]:
        """For each (vendor, model): the latest drill, its confirmation, the last confirmation."""
        latest: dict[tuple[int, int], tuple[tuple[int, int], int | None, int]] = {}
        d = self.tables.drills
        columns = (d.vendor, d.model, d.started_at, d.confirmed_at)
        for row, (vendor, model, started, confirmed) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            if started > self.live.now:
                continue
            counts = confirmed != NEVER and confirmed <= self.live.now
            found = ((started, row), confirmed if counts else None, confirmed if counts else NEVER)
            before = latest.get((vendor, model))
            if before is not None:
                last = max(before[2], found[2])
                newest = max(before, found, key=lambda drill: drill[0])
                found = (newest[0], newest[1], last)
            latest[vendor, model] = found
        return latest

    def revocation_is_proven(self, vendor: int, model: int) -> bool:
        """A drill was confirmed within the window, and the latest one within the limit."""
        m4 = bool(self.sensitivity_is_m4[model])
        sensitivity = Sensitivity.M4 if m4 else Sensitivity.M3
        drill = self._drills.get((vendor, model))
        if drill is None:
            return False
        (started, _), confirmed, last = drill
        window = _microseconds(self.thresholds.drill_window[sensitivity])
        limit = _microseconds(self.thresholds.revocation[sensitivity])
        return (
            last >= self.live.now - window
            and confirmed is not None
            and confirmed - started <= limit
        )

    def rt_12(self, worst: set[tuple[int, int]], best: set[tuple[int, int]]) -> Found:
        """``worst`` and ``best``: the (vendor, model) with a usable pair in each world."""
        unproven = [pair for pair in sorted(worst) if not self.revocation_is_proven(*pair)]
        vendor = np.array([v for v, _ in unproven], dtype=np.int64)
        model = np.array([m for _, m in unproven], dtype=np.int64)
        proven = np.array([pair in best for pair in unproven], dtype=np.bool_)
        m4 = self.sensitivity_is_m4[model].astype(np.int64)
        return graded("RT-12", {"model": model, "vendor": vendor}, proven, m4)

    # --- production secrets ----------------------------------------------------------------------

    def rt_06(self, opens_production: Flags) -> Found:
        """``opens_production``: credentials that open a sensitive production deployment."""
        environments, holds = self.tables.environments, self.live.holds
        strong = self.tables.credentials.production_grade | opens_production
        bad = (
            (environments.vendor[holds.origin] >= 0)
            & (environments.purpose[holds.origin] != code(Purpose.PRODUCTION))
            & strong[holds.target]
        )
        subject = {
            "environment": holds.origin[bad].astype(np.int64),
            "credential": holds.target[bad].astype(np.int64),
        }
        count = int(bad.sum())
        always = np.zeros(count, dtype=np.int64)  # its base is critical, and no step moves it
        return graded("RT-06", subject, np.ones(count, dtype=np.bool_), always)


def _differ(count: int, row: npt.NDArray[np.integer], value: npt.NDArray[np.integer]) -> Flags:
    """Which rows stand beside two different values."""
    flags = np.zeros(count, dtype=np.bool_)
    order = np.argsort(row, kind="stable")
    row, value = row[order], value[order]
    first = np.searchsorted(row, row, side="left")
    flags[row[value != value[first]]] = True
    return flags
