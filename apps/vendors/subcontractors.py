"""Whom a vendor engages, whom those engage, and what its contracts say of them: a tree.

A sub-contractor is named where a contract with the one above it names it, and unnamed where the
register alone knows of it. Whoever engages nobody that is known has not stated whom.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from apps.accounts.models import User
from apps.vendors.figures import Cell, cells_of, figures_for
from apps.vendors.models import ContractSubcontractor, Vendor
from apps.vendors.selectors import chain_for, contracts_visible_to, names_known

DEEPEST = 8  # ranks below the vendor
MOST = 200  # vendors in a tree


@dataclass(frozen=True)
class Node:
    """A vendor of the tree. Of one whose name is not for this person, ``number`` is none.

    ``contract`` is the key of a contract with the one above that names it; empty where the person
    may not read that contract. ``elsewhere``: named by the one above, engaged by somebody else.
    ``reaches`` is none where it reaches nothing. ``rank`` is the place in the chain: 1 works for us
    directly, 2 for one of those, and so on.
    """

    number: int | None
    name: str
    kind: str
    rank: int
    is_root: bool
    is_named: bool
    contract: str
    elsewhere: bool
    reaches: Cell | None
    below: Sequence["Node"]


class Tree(NamedTuple):
    root: Node
    is_cut: bool


def tree_of(user: User, vendor: Vendor) -> Tree:
    """The tree below a vendor, as far as the user may know it; a fixed number of queries."""
    vendors = _engaged_below(vendor)
    named = _named_by(vendors)
    everybody = {one.pk: one for one in vendors} | {
        row.vendor_id: row.vendor for rows in named.values() for row in rows
    }
    known = names_known(user, everybody.values())
    readable = set(
        contracts_visible_to(user)
        .filter(vendor__in=vendors)
        .order_by()
        .prefetch_related(None)
        .values_list("pk", flat=True)
    )
    visible = [one for number, one in everybody.items() if number in known]
    builder = _Builder(
        engages=_by_engager(vendors),
        named=named,
        known=known,
        readable=readable,
        cells=cells_of(user, figures_for(user), visible),
    )
    root = builder.node(
        vendor, rank=len(chain_for(vendor)), naming=(), elsewhere=False, above=frozenset()
    )
    return Tree(root, is_cut=len(vendors) >= MOST)


@dataclass(frozen=True)
class _Builder:
    engages: Mapping[int, Sequence[Vendor]]
    named: Mapping[int, Sequence[ContractSubcontractor]]
    known: Mapping[int, str]
    readable: set[int]
    cells: Mapping[int, Mapping[str, Cell]]

    def node(
        self,
        vendor: Vendor,
        *,
        rank: int,
        naming: Sequence[ContractSubcontractor],
        elsewhere: bool,
        above: frozenset[int],
    ) -> Node:
        is_known = vendor.pk in self.known
        cell = self.cells.get(vendor.pk, {}).get("reaches")
        keys = [row.contract.key for row in naming if row.contract_id in self.readable]
        return Node(
            number=vendor.pk if is_known else None,
            name=vendor.name if is_known else "",
            kind=vendor.get_kind_display() if is_known else "",
            rank=rank,
            is_root=not above,
            is_named=bool(naming),
            contract=keys[0] if keys else "",
            elsewhere=elsewhere,
            reaches=cell if cell and cell.plain else None,
            below=() if elsewhere else self._below(vendor, rank, above | {vendor.pk}),
        )

    def _below(self, vendor: Vendor, rank: int, above: frozenset[int]) -> list[Node]:
        naming: dict[int, list[ContractSubcontractor]] = defaultdict(list)
        for row in self.named.get(vendor.pk, ()):
            naming[row.vendor_id].append(row)
        engaged = self.engages.get(vendor.pk, ())
        own = {one.pk for one in engaged}
        others = {rows[0].vendor_id: rows[0].vendor for rows in naming.values()}
        listed = [(one, False) for one in engaged]
        listed += [(one, True) for pk, one in others.items() if pk not in own | above]
        return [
            self.node(
                one, rank=rank + 1, naming=naming.get(one.pk, ()), elsewhere=is_other, above=above
            )
            for one, is_other in listed
            if one.pk not in above
        ]


def _engaged_below(vendor: Vendor) -> list[Vendor]:
    """The vendor and everybody engaged below it, rank by rank, at most MOST."""
    return list(
        Vendor.objects.raw(
            """
            WITH RECURSIVE below AS (
                SELECT id, 0 AS step FROM vendors_vendor WHERE id = %s
                UNION ALL
                SELECT v.id, below.step + 1
                FROM vendors_vendor v JOIN below ON v.engaged_by_id = below.id
                WHERE below.step < %s
            )
            SELECT v.* FROM vendors_vendor v JOIN below ON below.id = v.id
            ORDER BY below.step, v.name, v.id LIMIT %s
            """,
            [vendor.pk, DEEPEST, MOST],
        )
    )


def _by_engager(vendors: Sequence[Vendor]) -> dict[int, list[Vendor]]:
    found: dict[int, list[Vendor]] = defaultdict(list)
    for vendor in vendors:
        if vendor.engaged_by_id is not None:
            found[vendor.engaged_by_id].append(vendor)
    return found


def _named_by(vendors: Sequence[Vendor]) -> dict[int, list[ContractSubcontractor]]:
    """For each vendor, by number, what the contracts with it name."""
    rows = (
        ContractSubcontractor.objects.filter(contract__vendor__in=vendors)
        .select_related("contract", "vendor")
        .order_by("vendor__name", "contract__key")[:MOST]
    )
    found: dict[int, list[ContractSubcontractor]] = defaultdict(list)
    for row in rows:
        found[row.contract.vendor_id].append(row)
    return found
