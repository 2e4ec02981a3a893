"""Reach, and all rules about environments and deployments: a set of deployments in a machine word.

What each rule means is written in ``reference``, under the same names. The classes build on each
other: what the closure gives, the rules about a pair, about a key in hand, about a deployment.
"""

from functools import cached_property

import numpy as np

from apps.engine.arrays.acts import Ancestry
from apps.engine.arrays.bits import (
    ALL,
    Rows,
    Words,
    column,
    gather,
    has,
    listed,
    nonzero,
    pack,
    single,
)
from apps.engine.arrays.found import Found, Sides, graded
from apps.engine.arrays.graph_rules import GraphRules
from apps.engine.arrays.tables import NEVER, Flags, Tables, code, codes
from apps.engine.arrays.wires import Scope, find_wires, is_yes
from apps.engine.closure import World
from apps.engine.values import (
    Depth,
    EnvironmentKind,
    IdentityKind,
    Inventory,
    Logging,
    Purpose,
    Sensitivity,
    YesNo,
)


class Sweep:
    """All rules about environments and the deployments of one scope."""

    def __init__(self, graph: GraphRules, scope: Scope) -> None:
        self.graph = graph
        self.live = graph.live
        self.tables: Tables = graph.tables
        self.scope = scope
        self.wires = {world: find_wires(self.live, scope, world) for world in World}
        self._close()

    # --- what the closure is taken of ------------------------------------------------------------

    @cached_property
    def own(self) -> Flags:
        ours: Flags = self.tables.environments.vendor < 0
        return ours

    def deployments_with(self, flags: Flags) -> Words:
        """The deployments of the scope with a flag, as one row of words."""
        return pack(flags[self.scope.rows])[None, : self.scope.words]

    @cached_property
    def permitted(self) -> Words:
        """``permitted(f, d)`` for every environment."""
        entries, deployments = self.tables.allowlist, self.tables.deployments
        rows = np.flatnonzero(self.live.entry)
        at = self.scope.rows
        matches = (entries.model[rows][:, None] == deployments.model[at]) & (
            entries.purpose[rows][:, None] == deployments.purpose[at]
        )
        bits = pack(matches)[:, : self.scope.words]
        everywhere = entries.environment[rows] < 0
        by_vendor = np.zeros((len(self.tables.vendors.keys) + 1, self.scope.words), np.uint64)
        gather(by_vendor, entries.vendor[rows[everywhere]] + 1, bits[everywhere])
        found = by_vendor[self.tables.environments.vendor + 1]
        one, place = rows[~everywhere], entries.environment[rows[~everywhere]]
        same = self.tables.environments.vendor[place] == entries.vendor[one]
        gather(found, place[same], bits[~everywhere][same])
        return found

    @cached_property
    def eligible(self) -> Words:
        """The pairs that rules run for."""
        environments = self.tables.environments
        gateway = environments.kind == code(EnvironmentKind.GATEWAY)
        runs = self.live.environment & ~(self.own & gateway)
        everything = self.deployments_with(np.ones(len(self.tables.deployments.keys), np.bool_))
        bits = np.where(runs[:, None], everything, np.uint64(0))
        hosted = self._hosted
        bits[self.own] &= ~hosted[self.own]
        return bits

    @property
    def _hosted(self) -> Words:
        return self.wires[World.WORST].hosted[:-1]

    def passes(self, world: World) -> Words:
        """``pass(f, d)`` for every environment."""
        wires = self.wires[world]
        bits = wires.open[:-1] | (wires.gated[:-1] & self.permitted)
        return np.where(self.live.environment[:, None], bits, np.uint64(0))

    def _granted(self, deep: bool) -> Words:
        """The deployments that accept each node; ``deep``: only down to white box or weights."""
        acts, tables = self.graph.acts, self.tables
        bits = np.zeros((acts.nodes, self.scope.words), dtype=np.uint64)
        for grants, live, first in (
            (tables.credential_grants, self.live.credential, acts.first_credential),
            (tables.identity_grants, self.live.identity, acts.first_identity),
        ):
            counted = live[grants.origin]
            if deep:
                counted &= np.isin(grants.depth, [code(Depth.WHITE_BOX), code(Depth.WEIGHTS)])
            within, words = self.scope.bits_of(grants.target[counted])
            gather(bits, grants.origin[counted][within].astype(np.int64) + first, words)
        return bits

    def _close(self) -> None:
        """One closure for everything that "some f with acts(e, f)" or "some grant" asks for."""
        acts, words = self.graph.acts, self.scope.words
        passes = {world: self.passes(world) for world in World}
        self._passing = passes
        unvouched = self.tables.environments.inventory == code(Inventory.UNKNOWN)
        places = {
            "net worst": passes[World.WORST],
            "net best": passes[World.BEST],
            "open worst": self.wires[World.WORST].open[:-1] & ~self._hosted,
            "open best": self.wires[World.BEST].open[:-1] & ~self._hosted,
            "unpermitted worst": passes[World.WORST] & ~self.permitted,
            "unpermitted best": passes[World.BEST] & ~self.permitted,
            "at host": self._hosted,
            "unvouched": np.where(unvouched[:, None], ALL, np.uint64(0)),
        }
        names = [*places, "cred", "deep"]
        at_places = np.zeros((acts.first_identity, len(names) * words), dtype=np.uint64)
        for n, bits in enumerate(places.values()):
            at_places[:, n * words : (n + 1) * words] = bits
        at_places[~self.live.environment] = 0
        self.granted = self._granted(deep=False)
        accepted = np.flatnonzero(nonzero(self.granted))
        at_nodes = np.zeros((len(accepted), len(names) * words), dtype=np.uint64)
        at_nodes[:, -2 * words : -words] = self.granted[accepted]
        at_nodes[:, -words:] = self._granted(deep=True)[accepted]
        closed = acts.close(at_places, accepted, at_nodes)
        self._closed = {
            name: closed[:, n * words : (n + 1) * words] for n, name in enumerate(names)
        }

    def closed(self, name: str) -> Words:
        """The closure of one of the bases, for the pairs that rules run for."""
        return self._closed[name] & self.eligible

    # --- reach -----------------------------------------------------------------------------------

    @cached_property
    def net(self) -> Sides:
        return Sides(self.closed("net worst"), self.closed("net best"))

    @cached_property
    def cred(self) -> Words:
        return self.closed("cred")

    @cached_property
    def usable(self) -> Sides:
        return Sides(self.net.worst & self.cred, self.net.best & self.cred)

    # --- the rules about a pair ------------------------------------------------------------------

    def _for_vendor(self, by_vendor: Words) -> Words:
        """Spread a row a vendor over its environments; our own get none."""
        vendor = self.tables.environments.vendor
        theirs = vendor >= 0  # there may be no vendor at all
        spread = np.zeros((len(vendor), self.scope.words), dtype=np.uint64)
        spread[theirs] = by_vendor[vendor[theirs]]
        return spread

    @cached_property
    def rt_01(self) -> Sides:
        fleet = self.tables.environments.kind == code(EnvironmentKind.ENDPOINT_FLEET)
        net, strangers = self.net, self._strangers(fleet)

        def uncovered(reached: Words, unpermitted: Words, others: Words) -> Words:
            ways_in_are_fine = np.where(fleet[:, None], ~(unpermitted | others), np.uint64(0))
            return reached & ~(self.permitted | ways_in_are_fine)

        return Sides(
            uncovered(net.worst, self.closed("unpermitted worst"), strangers.worst),
            uncovered(net.best, self.closed("unpermitted best"), strangers.best),
        )

    def _strangers(self, fleet: Flags) -> Sides:
        """For fleets: the deployments that they reach through another vendor's permitted places.

        Whether some place in a set belongs to another vendor than v is asked bit by bit of the
        vendor's number: it does if, for some bit, a place differs from v in that bit.
        """
        environments, words = self.tables.environments, self.scope.words
        passes = {w: bits & self.permitted for w, bits in self._passing.items()}
        let_in = np.unique(environments.vendor[nonzero(passes[World.WORST])])
        if len(let_in) == 0 or not nonzero(self.net.worst)[fleet].any():
            nothing = np.zeros_like(self.net.worst)
            return Sides(nothing, nothing)
        number = np.searchsorted(let_in, environments.vendor)
        number[~np.isin(environments.vendor, let_in)] = len(let_in)  # a vendor that nobody is
        digits = [(number >> n) & 1 for n in range(len(let_in).bit_length())]
        base = np.zeros((len(number), 4 * len(digits) * words), dtype=np.uint64)
        block = 0
        for world in World:
            for digit in digits:
                for value in (0, 1):
                    same = (digit == value)[:, None]
                    base[:, block : block + words] = np.where(same, passes[world], np.uint64(0))
                    block += words
        closed = self.graph.acts.close(base)
        sides, block = [], 0
        for _ in World:
            other = np.zeros_like(self.net.worst)
            for digit in digits:
                zero, one = closed[:, block : block + words], closed[:, block + words :][:, :words]
                other |= np.where((digit == 0)[:, None], one, zero)
                block += 2 * words
            sides.append(other & self.eligible)
        return Sides(*sides)

    @cached_property
    def rt_02(self) -> Sides:
        environments, deployments = self.tables.environments, self.tables.deployments
        host_vendor = environments.vendor[deployments.environment[self.scope.rows]]
        own_host = np.zeros((len(self.tables.vendors.keys) + 1, self.scope.words), np.uint64)
        gather(own_host, host_vendor + 1, single(np.arange(len(host_vendor)), self.scope.words))
        foreign = self.closed("at host") & ~own_host[environments.vendor + 1]
        return Sides(self.closed("open worst") | foreign, self.closed("open best") | foreign)

    @cached_property
    def rt_03(self) -> Sides:
        environments, deployments = self.tables.environments, self.tables.deployments
        purposes = np.concatenate(
            [
                self.deployments_with(deployments.purpose == purpose)
                for purpose in codes(Purpose).values()
            ]
        )
        office = self.own & (environments.purpose == code(Purpose.CORPORATE))
        fleet = environments.kind == code(EnvironmentKind.ENDPOINT_FLEET)
        crossing = ~purposes[environments.purpose]
        crossing &= ~np.where(office[:, None], self.permitted, np.uint64(0))
        crossing[fleet] = 0
        return Sides(self.net.worst & crossing, self.net.best & crossing)

    @cached_property
    def rt_13(self) -> Sides:
        environments, identities = self.tables.environments, self.tables.identities
        fleet = environments.kind == code(EnvironmentKind.ENDPOINT_FLEET)
        human = self.live.identity & (identities.kind == code(IdentityKind.HUMAN))

        def weak(world: World) -> Words:
            managed = is_yes(environments.managed_endpoints, less_safe=YesNo.NO, world=world)
            mfa = is_yes(identities.mfa, less_safe=YesNo.NO, world=world)
            flags = (fleet & ~managed) | self.graph.acts.weak_entrants(human & ~mfa)
            return np.where(flags[:, None], ALL, np.uint64(0))

        return Sides(self.usable.worst & weak(World.WORST), self.usable.best & weak(World.BEST))

    @cached_property
    def rt_14(self) -> Sides:
        gone = np.where(self.graph.outside[:, None], ALL, self._lapsed)
        gone = self._for_vendor(gone)
        return Sides((self.net.worst | self.cred) & gone, (self.net.best | self.cred) & gone)

    @property
    def _lapsed(self) -> Words:
        """For each vendor, the deployments whose model it was once permitted, and is no more."""
        entries, deployments = self.tables.allowlist, self.tables.deployments
        ended = (
            self.live.approved_entry
            & (entries.expires_at != NEVER)
            & (entries.expires_at <= self.live.now)
        )

        def by_vendor(flags: Flags) -> Words:
            rows = np.flatnonzero(flags & (entries.vendor >= 0))
            matches = entries.model[rows][:, None] == deployments.model[self.scope.rows]
            found = np.zeros((len(self.tables.vendors.keys), self.scope.words), np.uint64)
            gather(found, entries.vendor[rows], pack(matches)[:, : self.scope.words])
            return found

        return by_vendor(ended) & ~by_vendor(self.live.entry)

    @cached_property
    def rt_17(self) -> Sides:
        hidden = self._for_vendor(np.where(self.graph.undisclosed[:, None], ALL, np.uint64(0)))
        return Sides(self.net.worst & hidden, self.net.best & hidden)

    def _pair_findings(self, rule: str, sides: Sides) -> Found:
        """A pair rule's findings: proven where the best world has them, graded in their world."""
        environment, bit = listed(sides.worst)
        proven = has(sides.best, environment, bit)
        return self._graded_pairs(rule, environment, bit, proven)

    def _graded_pairs(
        self, rule: str, environment: Rows, bit: Rows, proven: Flags, **subject: Rows
    ) -> Found:
        usable = np.where(
            proven,
            has(self.usable.best, environment, bit),
            has(self.usable.worst, environment, bit),
        )
        deeper = self.is_m4[bit] | has(self.closed("deep"), environment, bit)
        steps = deeper.astype(np.int64) - ~usable - self.own[environment]
        fields = {"environment": environment, "deployment": self.scope.rows[bit], **subject}
        return graded(rule, fields, proven, steps)

    @cached_property
    def is_m4(self) -> Flags:
        m4: Flags = self.graph.sensitivity_is_m4[self.tables.deployments.model[self.scope.rows]]
        return m4

    def rt_18(self) -> Found:
        environment, bit = listed(self.cred & ~self.net.worst)
        proven = np.ones(len(environment), dtype=np.bool_)
        fields = {"environment": environment, "deployment": self.scope.rows[bit]}
        return graded("RT-18", fields, proven, self.is_m4[bit].astype(np.int64))

    # --- the rules about a key in hand -----------------------------------------------------------

    @cached_property
    def group_grants(self) -> Words:
        """For each identity, the deployments that accept it or a group it belongs to."""
        acts = self.graph.acts
        return acts.close_groups(self.granted[acts.first_identity : acts.first_credential].copy())

    @cached_property
    def opens(self) -> Words:
        """``opens(c, d)`` for every credential; dead ones open nothing."""
        acts, credentials = self.graph.acts, self.tables.credentials
        own = self.granted[acts.first_credential : acts.first_people]
        bits = own | self.group_grants[credentials.identity]
        return np.where(self.live.credential[:, None], bits, np.uint64(0))

    @cached_property
    def too_long(self) -> Words:
        """The deployments that each credential opens and lives too long for."""
        long = {s: self.graph.lives_too_long(s) for s in (Sensitivity.M3, Sensitivity.M4)}
        m4 = pack(self.is_m4)[None, : self.scope.words]
        over = np.where(long[Sensitivity.M4][:, None], m4, np.uint64(0))
        over |= np.where(long[Sensitivity.M3][:, None], ~m4, np.uint64(0))
        return self.opens & over

    @cached_property
    def shared(self) -> Words:
        """The deployments that each shared credential opens."""
        return np.where(self.graph.shared[:, None], self.opens, np.uint64(0))

    @cached_property
    def keys_in_hand(self) -> tuple[Rows, Ancestry]:
        """The credentials that RT-04 or RT-05 may be about, and who acts with each."""
        keys = np.flatnonzero(nonzero(self.shared | self.too_long))
        return keys, self.graph.acts.ancestry(self.graph.acts.credentials(keys))

    def _key_findings(self, rule: str, by_key: Words) -> Found:
        keys, ancestry = self.keys_in_hand
        holder = ancestry.node < self.graph.acts.first_identity
        environment, key = ancestry.node[holder], keys[ancestry.number[holder]]
        pair, bit = listed(self.eligible[environment] & by_key[key])
        proven = np.ones(len(pair), dtype=np.bool_)
        return self._graded_pairs(rule, environment[pair], bit, proven, credential=key[pair])

    # --- the rules about a deployment ------------------------------------------------------------

    def gateways(self, world: World) -> Words:
        """For each environment, the deployments whose gateway it is."""
        environments, wires = self.tables.environments, self.wires[world]
        gateway = self.live.environment & (environments.kind == code(EnvironmentKind.GATEWAY))
        bits = wires.open[:-1] | np.where(self.own[:, None], wires.gated[:-1], np.uint64(0))
        return np.where(gateway[:, None], bits, np.uint64(0))

    def _targets(self, world: World) -> Words:
        """For each environment, the deployments that it hosts or is a gateway of."""
        return self._hosted | self.gateways(world)

    def rt_08(self) -> Found:
        identities, acts = self.tables.identities, self.graph.acts
        service = identities.kind == code(IdentityKind.SERVICE_ACCOUNT)
        person = identities.kind != code(IdentityKind.GROUP)
        outside = person & ((identities.vendor >= 0) | service)
        outside |= acts.at_vendors[acts.first_identity : acts.first_credential]
        outside &= self.live.identity
        sides = [
            np.where(outside[:, None], self._administered(world), np.uint64(0)) for world in World
        ]
        identity, bit = listed(sides[0])
        own_service = service & (identities.vendor < 0)
        steps = self.is_m4[bit].astype(np.int64) - own_service[identity]
        fields = {"identity": identity, "deployment": self.scope.rows[bit]}
        return graded("RT-08", fields, has(sides[1], identity, bit), steps)

    def _administered(self, world: World) -> Words:
        """For each identity, the deployments whose paths it, or a group of it, may change."""
        tables, live = self.tables, self.live
        bits = np.zeros((len(tables.identities.keys), self.scope.words), dtype=np.uint64)
        places = live.between(tables.administers_environments, live.identity, live.environment)
        gather(bits, places.origin, self._targets(world)[places.target])
        direct = live.between(tables.administers_deployments, live.identity, live.deployment)
        within, words = self.scope.bits_of(direct.target)
        gather(bits, direct.origin[within], words)
        return self.graph.acts.close_groups(bits)

    def _deployment_findings(self, rule: str, worst: Flags, best: Flags) -> Found:
        bit = np.flatnonzero(worst)
        steps = self.is_m4[bit].astype(np.int64)
        return graded(rule, {"deployment": self.scope.rows[bit]}, best[bit], steps)

    def rt_09(self) -> Found:
        deployments = self.tables.deployments
        logging = deployments.logging[self.scope.rows]
        names = deployments.log_names_identity[self.scope.rows]

        def cannot_prove(world: World) -> Flags:
            evident = logging == code(Logging.TAMPER_EVIDENT)
            if world is World.BEST:
                evident |= logging == code(Logging.UNKNOWN)
            return ~(evident & is_yes(names, less_safe=YesNo.NO, world=world))

        return self._deployment_findings(
            "RT-09", cannot_prove(World.WORST), cannot_prove(World.BEST)
        )

    def rt_15(self) -> Found:
        sides = [self._exposed(world) for world in World]
        exposure, bit = listed(sides[0])
        proven = has(sides[1], exposure, bit)
        internet = [self.on_the_internet(world) for world in World]
        steps = self.is_m4[bit].astype(np.int64) + np.where(
            proven, internet[1][bit], internet[0][bit]
        )
        fields = {"exposure": exposure, "deployment": self.scope.rows[bit]}
        return graded("RT-15", fields, proven, steps)

    def _exposed(self, world: World) -> Words:
        """For each live exposure, the deployments that what it names belongs to."""
        x = self.tables.exposures
        bits = np.zeros((len(x.keys), self.scope.words), dtype=np.uint64)
        gather(bits, x.environments.origin, self._targets(world)[x.environments.target])
        gather(bits, x.credentials.origin, self.opens[x.credentials.target])
        within, words = self.scope.bits_of(x.deployments.target)
        gather(bits, x.deployments.origin[within], words)
        return np.where(self.live.exposure[:, None], bits, np.uint64(0))

    def on_the_internet(self, world: World) -> Flags:
        """Which deployments have an open wire from the internet."""
        bits = self.wires[world].open[-1:]
        flags = [column(bits, bit)[0] for bit in range(len(self.scope.rows))]
        return np.array(flags, dtype=np.bool_)

    def rt_20(self) -> Found:
        worst, best = (self.on_the_internet(world) for world in World)
        return self._deployment_findings("RT-20", worst, best)

    # --- together --------------------------------------------------------------------------------

    def findings(self) -> list[Found]:
        """Every finding of the scope that is about a deployment of it."""
        pair_rules = {
            "RT-01": self.rt_01,
            "RT-02": self.rt_02,
            "RT-03": self.rt_03,
            "RT-13": self.rt_13,
            "RT-14": self.rt_14,
            "RT-17": self.rt_17,
        }
        return [
            *(self._pair_findings(rule, sides) for rule, sides in pair_rules.items()),
            self.rt_04,
            self._key_findings("RT-05", self.too_long),
            self.rt_08(),
            self.rt_09(),
            self.rt_15(),
            self.rt_18(),
            self.rt_20(),
        ]

    @cached_property
    def rt_04(self) -> Found:
        return self._key_findings("RT-04", self.shared)

    def boundary(self) -> Sides:
        """The pairs with a finding of a boundary rule: any, and proven."""
        shared = np.zeros_like(self.net.worst)
        found = self.rt_04
        within, words = self.scope.bits_of(found.subject["deployment"])
        gather(shared, found.subject["environment"][within], words)
        worst, best = shared.copy(), shared
        for sides in (self.rt_01, self.rt_02, self.rt_03, self.rt_14, self.rt_17):
            worst |= sides.worst
            best |= sides.best
        return Sides(worst, best)

    def unvouched(self) -> Words:
        """The pairs whose environment acts in one whose inventory nobody vouched for."""
        return self.closed("unvouched")

    def usable_vendors(self, bits: Words) -> set[tuple[int, int]]:
        """The (vendor, model) of the pairs given, our own environments apart."""
        environment, bit = listed(bits)
        vendor = self.tables.environments.vendor[environment]
        model = self.tables.deployments.model[self.scope.rows[bit]]
        foreign = vendor >= 0
        return set(zip(vendor[foreign].tolist(), model[foreign].tolist(), strict=True))

    def opens_production(self) -> Flags:
        """Which credentials open a production deployment of the scope."""
        production = self.tables.deployments.purpose == code(Purpose.PRODUCTION)
        opened = self.opens & self.deployments_with(production)
        return nonzero(opened)
