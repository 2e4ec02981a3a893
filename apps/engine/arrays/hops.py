"""Rows and nodes as hops: one fact each, named as in the document, in the fact's own direction."""

from collections.abc import Iterable
from functools import cache

from apps.engine.arrays.acts import Acts
from apps.engine.arrays.bits import Adjacency
from apps.engine.values import INTERNET, Hop

Hops = tuple[Hop, ...]


class HopBook:
    """Names nodes and places, and the fact behind each step between two of them."""

    def __init__(self, acts: Acts) -> None:
        tables = acts.live.tables
        self.acts = acts
        self.environments = tables.environments.keys
        self.identities = tables.identities.keys
        self.credentials = tables.credentials.keys
        self.deployments = tables.deployments.keys
        connects = tables.connects
        self.from_internet = set(connects.target[connects.origin < 0].tolist())
        self.step = cache(self._step)
        self.wire_step = cache(self._wire_step)

    def environment(self, row: int) -> str:
        return f"environment:{self.environments[row]}"

    def identity(self, row: int) -> str:
        return f"identity:{self.identities[row]}"

    def credential(self, row: int) -> str:
        return f"credential:{self.credentials[row]}"

    def deployment(self, row: int) -> str:
        return f"deployment:{self.deployments[row]}"

    def named(self, node: int) -> tuple[str, str]:
        """A node's kind and its name; people of a group go by the group's name."""
        acts = self.acts
        if node < acts.first_identity:
            return "environment", self.environment(node)
        if node < acts.first_credential:
            return "identity", self.identity(node - acts.first_identity)
        if node < acts.first_people:
            return "credential", self.credential(node - acts.first_credential)
        return "people", self.identity(node - acts.first_people)

    def _step(self, node: int, following: int) -> Hop:
        """The fact by which ``node`` acts as ``following``."""
        (kind, name), (next_kind, next_name) = self.named(node), self.named(following)
        match kind, next_kind:
            case "environment", "credential":
                return Hop("holds", name, next_name)
            case "environment", "environment":
                return Hop("jumps", name, next_name)
            case "environment", _:  # a device acts as the people who enter it
                return Hop("enters", next_name, name)
            case "credential", _:
                return Hop("authenticates", name, next_name)
            case "identity", "identity":
                return Hop("member_of", name, next_name)
            case "identity", _:
                return Hop("enters", name, next_name)
        return Hop("member_of", next_name, name)  # from the people of a group to one of them

    def _wire_step(self, place: int, following: int) -> Hop:
        """The connection from one place to the next; the internet comes after the environments."""
        internet = len(self.environments)
        if following == internet:
            return Hop("internet_egress", self.environment(place), INTERNET)
        if place != internet:
            return Hop("connects", self.environment(place), self.environment(following))
        relation = "connects" if following in self.from_internet else "internet_exposed"
        return Hop(relation, INTERNET, self.environment(following))

    def chain(self, nodes: Iterable[int]) -> Hops:
        """The facts along a chain of nodes."""
        listed = list(nodes)
        return tuple(map(self.step, listed, listed[1:]))


class Groups:
    """Shortest membership chains, identity by identity."""

    def __init__(self, acts: Acts, book: HopBook) -> None:
        self.graph = acts.membership
        self.book = book
        self.chains = cache(self._chains)

    def _chains(self, identity: int) -> dict[int, Hops]:
        """The identity and every group that it belongs to, nearest first, each with its chain."""
        found: dict[int, Hops] = {identity: ()}
        frontier = [identity]
        while frontier:
            following = []
            for member in frontier:  # in order of their chains: rows are in key order
                for group in sorted(self._step(self.graph, member)):
                    if group not in found:
                        hop = Hop(
                            "member_of", self.book.identity(member), self.book.identity(group)
                        )
                        found[group] = (*found[member], hop)
                        following.append(group)
            frontier = following
        return found

    def depths(self, groups: Iterable[int]) -> dict[int, int]:
        """The identities given (0) and all that belong to them, by the fewest memberships."""
        found = dict.fromkeys(sorted(groups), 0)
        frontier = list(found)
        while frontier:
            following = []
            for group in frontier:
                for member in self._step(self.graph.backwards, group):
                    if member not in found:
                        found[member] = found[group] + 1
                        following.append(member)
            frontier = following
        return found

    @staticmethod
    def _step(graph: Adjacency, node: int) -> list[int]:
        targets: list[int] = graph.target[graph.start[node] : graph.start[node + 1]].tolist()
        return targets
