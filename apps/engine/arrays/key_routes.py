"""Witnesses about a single credential: shared, long-lived, a production secret outside."""

from collections.abc import Callable
from functools import cache, cached_property

import numpy as np

from apps.engine.arrays.analysis import Analysis
from apps.engine.arrays.found import Found, rows_of
from apps.engine.arrays.hops import Groups, HopBook, Hops
from apps.engine.arrays.legs import follow
from apps.engine.arrays.search import FAR, KeyOrder, KeySearch, Steps, at_places, search_acts
from apps.engine.arrays.tables import code
from apps.engine.values import EnvironmentKind, Hop, IdentityKind, Purpose, Witness


class KeyRoutes:
    """How environments come by single credentials, and what those open."""

    def __init__(self, analysis: Analysis, book: HopBook, groups: Groups, order: KeyOrder) -> None:
        self.analysis = analysis
        self.tables = analysis.tables
        self.acts = analysis.acts
        self.book = book
        self.groups = groups
        self.order = order
        self.opens = cache(self._opens)
        self.holders = self._holders()
        self.sharing = cache(self._sharing)
        self._accepts = {
            row: (sweep.granted, bit)
            for sweep in analysis.sweeps
            for bit, row in enumerate(sweep.scope.rows.tolist())
        }

    def _holders(self) -> dict[int, list[int]]:
        """The live environments that hold each credential, by key."""
        holds = self.acts.live.holds
        holders: dict[int, list[int]] = {}
        for environment, credential in zip(
            holds.origin.tolist(), holds.target.tolist(), strict=True
        ):
            holders.setdefault(credential, []).append(environment)
        return holders

    # --- what a credential opens -----------------------------------------------------------------

    def _is_accepted(self, node: int, deployment: int) -> bool:
        granted, bit = self._accepts[deployment]
        return bool((int(granted[node, bit // 64]) >> (bit % 64)) & 1)

    def _opens(self, credential: int, deployment: int) -> Hops | None:
        """The shortest proof that the credential opens the deployment; none where it does not."""
        name, target = self.book.credential(credential), self.book.deployment(deployment)
        if self._is_accepted(self.acts.first_credential + credential, deployment):
            return (Hop("grants", name, target),)
        identity = int(self.tables.credentials.identity[credential])
        proof = Hop("authenticates", name, self.book.identity(identity))
        for group, chain in self.groups.chains(identity).items():
            if self._is_accepted(self.acts.first_identity + group, deployment):
                return (proof, *chain, Hop("grants", self.book.identity(group), target))
        return None

    def proof(self, credential: int, deployment: int) -> Hops:
        """The same, for a pair of which a finding says that it opens."""
        hops = self.opens(credential, deployment)
        if hops is None:
            raise LookupError("a finding about a credential that opens nothing")
        return hops

    # --- how an environment comes by it ----------------------------------------------------------

    @cached_property
    def _chain_to(self) -> Callable[[int, int], Hops]:
        """(environment, credential) to the facts by which the one acts with the other."""
        number: dict[int, tuple[KeySearch, int]] = {}
        for sweep in self.analysis.sweeps:
            keys, ancestry = sweep.keys_in_hand
            search = KeySearch(self.acts, self.order, ancestry)
            for k, key in enumerate(keys.tolist()):
                number.setdefault(key, (search, k))

        def chain(environment: int, credential: int) -> Hops:
            search, k = number[credential]
            return self.book.chain(search.chain(k, environment))

        return cache(chain)

    def long_lived(self, found: Found) -> list[Witness]:
        """RT-05."""
        return [
            Witness(
                credential=self._chain_to(environment, credential)
                + self.proof(credential, deployment)
            )
            for environment, deployment, credential, _ in rows_of(
                found, "environment", "deployment", "credential"
            )
        ]

    def production_secrets(self, found: Found) -> list[Witness]:
        """RT-06."""
        purpose = self.tables.deployments.purpose
        production = [
            row
            for row in self.analysis.deployments.tolist()
            if purpose[row] == code(Purpose.PRODUCTION)
        ]
        witnesses = []
        for environment, credential, _ in rows_of(found, "environment", "credential"):
            held = self._held(environment, credential)
            proof: Hops = ()
            if not self.tables.credentials.production_grade[credential]:
                proofs = [self.opens(credential, row) for row in production]
                proof = min((p for p in proofs if p is not None), key=len)
            witnesses.append(Witness(credential=(held, *proof)))
        return witnesses

    def _held(self, environment: int, credential: int) -> Hop:
        return Hop("holds", self.book.environment(environment), self.book.credential(credential))

    # --- shared credentials ----------------------------------------------------------------------

    def shared(self, found: Found) -> list[Witness]:
        """RT-04: the chain to the key, what it opens, and who else holds it where that counts."""
        uneven = self._uneven_ways(found)
        witnesses = []
        for environment, deployment, credential, _ in rows_of(
            found, "environment", "deployment", "credential"
        ):
            if credential in uneven:
                chain = uneven[credential](environment)
            else:
                chain = self._chain_to(environment, credential)
            holder = self.book_row(chain[-1].from_)
            proof = self.proof(credential, deployment)
            witnesses.append(Witness(credential=chain + proof + self.sharing(credential)[holder]))
        return witnesses

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self.tables.environments.keys)}

    def book_row(self, name: str) -> int:
        """The row of an environment by its name in a hop."""
        return self._row_of[name.removeprefix("environment:")]

    def _sharing(self, credential: int) -> dict[int, Hops]:
        """For each holder, the fewest further facts that make the credential a shared one."""
        credentials, environments = self.tables.credentials, self.tables.environments
        holders = self.holders.get(credential, [])
        identity = credentials.identity[credential]
        if credentials.engagements[credential] > 1 or self.tables.identities.kind[identity] == code(
            IdentityKind.GROUP
        ):
            return dict.fromkeys(holders, ())
        owner = self.tables.identities.vendor[identity]
        strayed = [h for h in holders if environments.vendor[h] != owner]
        if strayed:
            stray = (self._held(strayed[0], credential),)
            return {h: () if h in strayed else stray for h in holders}
        fleet = code(EnvironmentKind.ENDPOINT_FLEET)
        counted = [h for h in holders if environments.kind[h] != fleet]
        purpose = environments.purpose

        def other(holder: int) -> int:
            return next(h for h in counted if purpose[h] != purpose[holder])

        first = (self._held(counted[0], credential), self._held(other(counted[0]), credential))
        return {h: (self._held(other(h), credential),) if h in counted else first for h in holders}

    def _uneven_ways(self, found: Found) -> dict[int, Callable[[int], Hops]]:
        """For credentials where some holders prove the sharing with fewer facts: the best ways."""
        subject = found.subject
        ways: dict[int, Callable[[int], Hops]] = {}
        for credential in np.unique(subject["credential"]).tolist():
            costs = {h: len(facts) for h, facts in self.sharing(credential).items()}
            if len(set(costs.values())) > 1:
                starts = np.unique(subject["environment"][subject["credential"] == credential])
                ways[credential] = self._way_past_holders(starts, credential, costs)
        return ways

    def _way_past_holders(
        self, starts: np.ndarray, credential: int, costs: dict[int, int]
    ) -> Callable[[int], Hops]:
        left: Steps = np.full(self.acts.first_identity, FAR, dtype=np.int32)
        for holder, cost in costs.items():
            left[holder] = 1 + cost
        steps = search_acts(self.acts, self.order, starts, at_places(left))
        way_to = follow(steps, self.book)

        def way(environment: int) -> Hops:
            hops, holder = way_to(environment)
            return (*hops, self._held(holder, credential))

        return way
