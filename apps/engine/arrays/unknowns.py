"""What a possible finding rests on: the unknowns among the facts that prove it."""

from collections.abc import Iterator, Mapping
from functools import cache, cached_property

from apps.engine.arrays.tables import Codes, Tables, code
from apps.engine.values import INTERNET, EnvironmentKind, Hop, Logging, Unknown, Witness, YesNo

_UNKNOWN = code(YesNo.UNKNOWN)


class Unknowns:
    """Looks up which attributes of a witness nobody has stated."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.about_hop = cache(self._about_hop)

    def of(self, rule: str, subject: Mapping[str, str], witness: Witness) -> tuple[Unknown, ...]:
        """The unknowns behind one possible finding, in the order in which its facts are read."""
        found = [*self._about_subject(rule, subject, witness)]
        for hop in witness.wire:
            found += self.about_hop(hop)
        return tuple(found)

    def _about_subject(
        self, rule: str, subject: Mapping[str, str], witness: Witness
    ) -> Iterator[Unknown]:
        if rule == "RT-13":
            yield from self._about_weakness(subject["environment"], witness)
        if rule == "RT-09":
            row = self._rows["deployment"][subject["deployment"]]
            deployment = f"deployment:{subject['deployment']}"
            if self.tables.deployments.logging[row] == code(Logging.UNKNOWN):
                yield Unknown(deployment, "logging")
            if self.tables.deployments.log_names_identity[row] == _UNKNOWN:
                yield Unknown(deployment, "log_names_identity")

    def _about_weakness(self, environment: str, witness: Witness) -> Iterator[Unknown]:
        """The fleet's management, or the second factor of the person who enters."""
        row = self._rows["environment"][environment]
        environments = self.tables.environments
        fleet = environments.kind[row] == code(EnvironmentKind.ENDPOINT_FLEET)
        if fleet and environments.managed_endpoints[row] != code(YesNo.YES):
            if environments.managed_endpoints[row] == _UNKNOWN:
                yield Unknown(f"environment:{environment}", "managed_endpoints")
            return
        person = witness.access[0].from_
        identity = self._rows["identity"][person.partition(":")[2]]
        if self.tables.identities.mfa[identity] == _UNKNOWN:
            yield Unknown(person, "mfa")

    def _about_hop(self, hop: Hop) -> tuple[Unknown, ...]:
        """What nobody has stated about one step of a wire."""
        environments = self.tables.environments
        match hop.relation:
            case "internet_egress":
                return self._stated(hop.from_, "internet_egress", environments.internet_egress)
            case "internet_exposed":
                return self._stated(hop.to, "internet_exposed", environments.internet_exposed)
        if self._enforces[hop.from_, hop.to] != _UNKNOWN:
            return ()
        origin = hop.from_.partition(":")[2] or INTERNET
        connection = f"connects:{origin}:{hop.to.partition(':')[2]}"
        return (Unknown(connection, "enforces_allowlist"),)

    def _stated(self, name: str, field: str, values: Codes) -> tuple[Unknown, ...]:
        unknown = values[self._rows["environment"][name.partition(":")[2]]] == _UNKNOWN
        return (Unknown(name, field),) if unknown else ()

    @cached_property
    def _rows(self) -> Mapping[str, Mapping[str, int]]:
        lists = {
            "environment": self.tables.environments.keys,
            "identity": self.tables.identities.keys,
            "deployment": self.tables.deployments.keys,
        }
        return {kind: {key: row for row, key in enumerate(keys)} for kind, keys in lists.items()}

    @cached_property
    def _enforces(self) -> Mapping[tuple[str, str], int]:
        connects, keys = self.tables.connects, self.tables.environments.keys
        return {
            (INTERNET if a < 0 else f"environment:{keys[a]}", f"environment:{keys[b]}"): enforces
            for a, b, enforces in zip(
                connects.origin.tolist(),
                connects.target.tolist(),
                connects.enforces.tolist(),
                strict=True,
            )
        }
